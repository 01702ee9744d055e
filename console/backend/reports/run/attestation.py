"""Pure: sentences about what did not happen in a run, each judged by measurements that the record holds."""

from console.backend.model.counting import counted
from console.backend.model.outcome import Outcome
from console.backend.model.purposes import Kind, Operation, Purpose
from console.backend.model.shown_time import shown_time
from console.backend.model.states import Mode, Phase
from console.backend.model.value import Value
from console.backend.reports.run.evidence_index import Register
from console.backend.reports.run.load import Ledger, RunRecord
from console.backend.reports.run.phases import PREFIX, TITLES, Chapter, CheckLine, anchor_of, anchored
from console.backend.reports.run.rows import Deltas

_EFFECT: dict[str, Phase | Operation] = {
    Purpose.CUT: Phase.CUT_LEG_A,
    Purpose.ENACT: Phase.LIFECYCLE_ENACT,
    Purpose.REVERT: Operation.REVERT,
    Purpose.EDIT: Operation.EDIT,
}
"""Recorded step that a statement's use belongs to."""


class Attested(Value):
    """One sentence with its verdict; NOT_RUN if it does not apply to this run."""

    sentence: str
    outcome: Outcome
    detail: str
    evidence: tuple[str, ...] = ()


class _Attesting:
    """The record, its chapters and the register, while the sentences are made."""

    def __init__(
        self, record: RunRecord, phase_chapters: tuple[Chapter, ...], deltas: Deltas | None, register: Register
    ) -> None:
        self.record, self.chapters, self.deltas, self.register = record, phase_chapters, deltas, register
        self.tables = register.tables
        self.uses = [(ruling, use) for ruling in record.rulings for use in ruling.uses]
        self.is_dry = record.head.mode is Mode.DRYRUN

    def put(self, name: str, question: str, source: str, answer: str) -> str:
        """Register a fact of the record as a whole."""
        return self.register.put(f"{PREFIX[Phase.CLOSEOUT]}.{name}", question, source, answer, self.record.ended_at)

    def unread(self, sentence: str) -> Attested:
        """Return the sentence as INCONCLUSIVE: it rests on rows that could not be read."""
        unread = self.put("unread", "rows of the ledger", "the database", f"not read: {self.record.ledger_unread}")
        return Attested(
            sentence=sentence, outcome=Outcome.INCONCLUSIVE, detail=self.record.ledger_unread, evidence=(unread,)
        )

    def recorded(self, phase: Phase, name: str) -> CheckLine | None:
        """Return a check of the attempt that counts, or None."""
        last = next(chapter.last for chapter in self.chapters if chapter.title.phase is phase)
        return next((line for line in (last.checks if last else ()) if line.name == name), None)


def attest(
    record: RunRecord, phase_chapters: tuple[Chapter, ...], deltas: Deltas | None, register: Register
) -> tuple[Attested, ...]:
    """Return every sentence with its verdict, in the order of the document; a dry run has two of its own."""
    basis = _Attesting(record, phase_chapters, deltas, register)
    if basis.is_dry:
        return (_dry_run(basis), _unanchored(basis))
    return (
        _enacted_under_sg2(basis),
        _used_in_the_effect(basis),
        _untouched(basis),
        _nothing_deleted(basis),
        _switch_closed(basis),
        _anchors(basis),
        _plan_file(basis),
    )


def _dry_run(basis: _Attesting) -> Attested:
    """Check that no phase with a transaction was assigned a transaction id."""
    sentence = "This dry run has written nothing into the database."
    ids: list[str] = []
    missing: list[str] = []
    for chapter in basis.chapters:
        if chapter.last is None or chapter.last.outcome is Outcome.NOT_RUN:
            continue
        nothing_written = next((line for line in chapter.last.checks if line.name == "nothing written"), None)
        if nothing_written is None or nothing_written.outcome is not Outcome.PASS:
            missing.append(chapter.title.title)
        else:
            ids += nothing_written.evidence
    if missing:
        detail = f"not measured at the end of: {', '.join(missing)}"
        return Attested(sentence=sentence, outcome=Outcome.INCONCLUSIVE, detail=detail, evidence=tuple(ids))
    detail = f"{counted(len(ids), 'phase')} ended with no transaction id assigned"
    return Attested(
        sentence=sentence, outcome=Outcome.PASS if ids else Outcome.NOT_RUN, detail=detail, evidence=tuple(ids)
    )


def _unanchored(basis: _Attesting) -> Attested:
    """Say that the end cannot be proven: only an anchor outside the journal shows that it is there."""
    detail = "a dry run leaves no row in the database, so its journal has no anchor there: a lost end of it could not be seen"
    rows = basis.put("no-rows", "an anchor of the journal", "the database", detail)
    return Attested(
        sentence="The end of the journal is intact.", outcome=Outcome.PARTIAL, detail=detail, evidence=(rows,)
    )


def _enacted_under_sg2(basis: _Attesting) -> Attested:
    sentence = "Nothing of this run was enacted without an SG_2 that was used for it."
    if basis.record.ledger is None:
        return basis.unread(sentence)
    rows = sum(step.rows for step in basis.record.ledger.transitions if step.to_status == "enacted")
    log = basis.put(
        "enacted", "units of this run that became enacted", basis.tables["public.iu_lifecycle_log"], f"{rows} rows"
    )
    used = [ruling for ruling, use in basis.uses if use.purpose == Purpose.ENACT and ruling.kind == Kind.SG_2]
    use = basis.put(
        "sg2-used", "uses of an SG_2 to enact", basis.tables["cutter_governance.approval_use"], f"{len(used)}"
    )
    planned = basis.record.head.n_drafts
    if used and planned is None:
        detail = f"{rows} enacted; how many it was to be is not known: the plan's file is gone"
        return Attested(sentence=sentence, outcome=Outcome.INCONCLUSIVE, detail=detail, evidence=(log, use))
    is_covered = (rows == 0 and not used) or (len(used) == 1 and rows == planned)
    detail = "none was enacted" if rows == 0 else f"{rows} enacted, {counted(len(used), 'use')} of an SG_2"
    return Attested(sentence=sentence, outcome=_verdict(is_covered), detail=detail, evidence=(log, use))


def _used_in_the_effect(basis: _Attesting) -> Attested:
    """Compare transaction ids: the use of a statement is written in the transaction of its effect."""
    sentence = "Each statement was used only in the transaction of the effect that it authorised."
    if basis.record.ledger is None:
        return basis.unread(sentence)
    ids: list[str] = []
    elsewhere: list[str] = []
    for _, use in basis.uses:
        event = basis.record.last(_EFFECT.get(use.purpose, use.purpose))
        in_effect = event is not None and event.xid == use.xid
        effect_words = f"the effect's transaction is {event.xid}" if event else "the record has no such effect"
        answer = f"used in transaction {use.xid}; {effect_words}"
        ids.append(basis.put(f"effect-{use.purpose}", f"transaction of the {use.purpose}", "approval_use and run_event", answer))  # fmt: skip
        elsewhere += [] if in_effect else [use.purpose]
    if not ids:
        none = basis.put(
            "no-use", "uses of statements of this run", basis.tables["cutter_governance.approval_use"], "none"
        )
        return Attested(sentence=sentence, outcome=Outcome.PASS, detail="none was used", evidence=(none,))
    detail = (
        f"another transaction, or none: {', '.join(elsewhere)}"
        if elsewhere
        else f"{counted(len(ids), 'use')}, each in its effect"
    )
    return Attested(sentence=sentence, outcome=_verdict(not elsewhere), detail=detail, evidence=tuple(ids))


def _untouched(basis: _Attesting) -> Attested:
    sentence = "No unit of another document was touched."
    measured = basis.recorded(Phase.WRITE_VERIFY, "untouched rows")
    if measured is not None:
        detail = f"all other rows: {measured.detail}"
        return Attested(sentence=sentence, outcome=measured.outcome, detail=detail, evidence=measured.evidence)
    if basis.record.last(Phase.WRITE_VERIFY) is not None:
        detail = "it was not measured: the recorded verification did not look at rows of other documents"
        none = basis.put(
            "untouched-unmeasured", "rows of other documents", basis.tables["cutter_governance.run_event"], detail
        )
        return Attested(sentence=sentence, outcome=Outcome.INCONCLUSIVE, detail=detail, evidence=(none,))
    return _by_no_write(basis, sentence, "untouched")


def _nothing_deleted(basis: _Attesting) -> Attested:
    sentence = "Nothing was deleted."
    if basis.deltas is not None and basis.deltas.counted:
        shrunken = [row.table for row in basis.deltas.rows if row.actual is not None and row.actual < 0]
        detail = f"fewer rows than before: {', '.join(shrunken)}" if shrunken else "no table had fewer rows after the write than before"  # fmt: skip
        guards = basis.recorded(Phase.GRANT_PROBE, "guards")
        ids = (basis.deltas.counted, *(guards.evidence if guards else ()))
        return Attested(sentence=sentence, outcome=_verdict(not shrunken), detail=detail, evidence=ids)
    return _by_no_write(basis, sentence, "deleted")


def _by_no_write(basis: _Attesting, sentence: str, name: str) -> Attested:
    """Conclude from unused statements that there was no write: units are written only under a used one."""
    if basis.uses:
        detail = "it was not measured: the record has no verification of the write"
        none = basis.put(
            f"{name}-unmeasured", "verification of the write", basis.tables["cutter_governance.run_event"], detail
        )
        return Attested(sentence=sentence, outcome=Outcome.INCONCLUSIVE, detail=detail, evidence=(none,))
    none = basis.put("no-write", "statements used by this run", basis.tables["cutter_governance.approval_use"], "none, and no unit is written without one")  # fmt: skip
    return Attested(sentence=sentence, outcome=Outcome.PASS, detail="the run wrote no unit", evidence=(none,))


def _switch_closed(basis: _Attesting) -> Attested:
    sentence = "The switch was not left armed by this run."
    if basis.record.ledger is None:
        return basis.unread(sentence)
    leases = basis.record.ledger.leases
    if not leases:
        none = basis.put("no-lease", "leases of this run", basis.tables["cutter_governance.execution_lease"], "none")
        return Attested(sentence=sentence, outcome=Outcome.PASS, detail="it was never armed", evidence=(none,))
    ids = tuple(_lease(basis, basis.record.ledger, number) for number in range(len(leases)))
    open_leases = sum(lease.ended_at is None for lease in leases)
    detail = (
        f"{counted(len(leases), 'lease')}, {open_leases} without a recorded end"
        if open_leases
        else f"{counted(len(leases), 'lease')}, none without a recorded end"
    )
    return Attested(
        sentence=sentence, outcome=Outcome.INCONCLUSIVE if open_leases else Outcome.PASS, detail=detail, evidence=ids
    )


def _lease(basis: _Attesting, ledger: Ledger, number: int) -> str:
    lease = ledger.leases[number]
    ended = f"ended at {shown_time(lease.ended_at)}: {lease.end_reason}" if lease.ended_at else f"no end is recorded; it expires by itself at {shown_time(lease.expires_at)}"  # fmt: skip
    lease_words = (
        f"armed to {lease.purpose} at {shown_time(lease.armed_at)} by {lease.operator} on {lease.host}; {ended}"
    )
    return basis.put(
        f"lease-{number + 1}", "a lease of this run", basis.tables["cutter_governance.execution_lease"], lease_words
    )


def _anchors(basis: _Attesting) -> Attested:
    sentence = "No recorded step is without its record in the journal."
    if not basis.record.events:
        none = basis.put("no-steps", "recorded steps", basis.tables["cutter_governance.run_event"], "none")
        return Attested(
            sentence=sentence, outcome=Outcome.NOT_RUN, detail="there is no recorded step", evidence=(none,)
        )
    phases = {title.phase.value for title in TITLES if title.phase}
    for event in basis.record.events:
        # The anchors of phases are in their own documents already.
        if event.phase not in phases or event.found is None:
            anchor_of(basis.record, event, f"{PREFIX[Phase.CLOSEOUT]}.anchor-{event.id}", basis.register)
    unanchored = [event for event in basis.record.events if not anchored(basis.record, event)]
    foreign = [event for event in unanchored if not event.is_ours]
    detail = f"{len(basis.record.events) - len(unanchored)} of {len(basis.record.events)} rows name a record of the journal with its hash"
    detail += "".join(
        f"; row {event.id} ({event.phase}) was written by {event.actor} without the journal's key" for event in foreign
    )
    compared = basis.put("anchors", "anchors of the steps", "run_event and journal.jsonl", detail)
    # A row without the journal's key is not vouched for: it cannot condemn the journal, nor is it attested.
    outcome = Outcome.PARTIAL if foreign and len(unanchored) == len(foreign) else _verdict(not unanchored)
    return Attested(sentence=sentence, outcome=outcome, detail=detail, evidence=(compared,))


def _plan_file(basis: _Attesting) -> Attested:
    sentence = "The plan in the run's directory is the recorded one."
    if not basis.record.head.plan_digest:
        none = basis.put("no-plan", "plan of this run", basis.tables["cutter_governance.run"], "there is none")
        return Attested(sentence=sentence, outcome=Outcome.NOT_RUN, detail="the run has no plan", evidence=(none,))
    is_same_plan = basis.record.plan_file == basis.record.head.plan_digest
    digests = f"plan.json: {basis.record.plan_file}; recorded: {basis.record.head.plan_digest}"
    compared = basis.put(
        "plan-file", "digest of the plan's file", f"plan.json and {basis.tables['cutter_governance.run']}", digests
    )
    detail = "equal digests" if is_same_plan else "the file differs from it, or is gone"
    return Attested(sentence=sentence, outcome=_verdict(is_same_plan), detail=detail, evidence=(compared,))


def _verdict(good: bool) -> Outcome:
    return Outcome.PASS if good else Outcome.FAIL
