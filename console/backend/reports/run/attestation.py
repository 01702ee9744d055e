"""Pure: what did not happen in a run, each sentence from measurements that the record holds."""

from console.backend.model.outcome import Outcome
from console.backend.model.purposes import Kind, Operation, Purpose
from console.backend.model.states import Mode, Phase
from console.backend.model.value import Value
from console.backend.reports.run.deltas import Deltas
from console.backend.reports.run.evidence_index import Register, utc
from console.backend.reports.run.phases import TITLES, Chapter, CheckLine, anchor_of, anchored
from console.backend.reports.run.record import Ledger, RunRecord

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

    def __init__(self, record: RunRecord, told: tuple[Chapter, ...], deltas: Deltas | None, register: Register) -> None:
        self.record, self.told, self.deltas, self.register = record, told, deltas, register
        self.uses = [(ruling, use) for ruling in record.rulings for use in ruling.uses]
        self.is_dry = record.head.mode is Mode.DRYRUN

    def put(self, name: str, asked: str, source: str, answer: str) -> str:
        """Register a fact of the record as a whole."""
        return self.register.put(f"13.{name}", asked, source, answer, self.record.ended_at)

    def unread(self, sentence: str) -> Attested:
        """Return the sentence as INCONCLUSIVE: it rests on rows that could not be read."""
        unread = self.put("unread", "rows of the ledger", "the database", f"not read: {self.record.ledger_unread}")
        return Attested(
            sentence=sentence, outcome=Outcome.INCONCLUSIVE, detail=self.record.ledger_unread, evidence=(unread,)
        )

    def recorded(self, phase: Phase, name: str) -> CheckLine | None:
        """Return a check of the attempt that counts, or None."""
        last = next(one.last for one in self.told if one.title.phase is phase)
        return next((line for line in (last.checks if last else ()) if line.name == name), None)


def attest(
    record: RunRecord, told: tuple[Chapter, ...], deltas: Deltas | None, register: Register
) -> tuple[Attested, ...]:
    """Every sentence, in the order of the document."""
    one = _Attesting(record, told, deltas, register)
    if one.is_dry:
        return (_dry_run(one), _unanchored(one))
    return (
        _enacted_under_sg2(one),
        _used_in_the_effect(one),
        _untouched(one),
        _nothing_deleted(one),
        _switch_closed(one),
        _anchors(one),
        _plan_file(one),
    )


def _dry_run(one: _Attesting) -> Attested:
    """Check that no phase with a transaction was assigned a transaction id."""
    sentence = "This dry run has written nothing into the database."
    ids: list[str] = []
    missing: list[str] = []
    for chapter in one.told:
        if chapter.last is None or chapter.last.outcome is Outcome.NOT_RUN:
            continue
        found = next((line for line in chapter.last.checks if line.name == "nothing written"), None)
        if found is None or found.outcome is not Outcome.PASS:
            missing.append(chapter.title.title)
        else:
            ids += found.evidence
    if missing:
        detail = f"not measured at the end of: {', '.join(missing)}"
        return Attested(sentence=sentence, outcome=Outcome.INCONCLUSIVE, detail=detail, evidence=tuple(ids))
    detail = f"{_many(len(ids), 'phase')} ended with no transaction id assigned"
    return Attested(
        sentence=sentence, outcome=Outcome.PASS if ids else Outcome.NOT_RUN, detail=detail, evidence=tuple(ids)
    )


def _unanchored(one: _Attesting) -> Attested:
    """Say that the end cannot be proven: only an anchor outside the journal shows that it is there."""
    said = "a dry run leaves no row in the database, so its journal has no anchor there: a lost end of it could not be seen"
    rows = one.put("no-rows", "an anchor of the journal", "the database", said)
    return Attested(
        sentence="The end of the journal is intact.", outcome=Outcome.PARTIAL, detail=said, evidence=(rows,)
    )


def _enacted_under_sg2(one: _Attesting) -> Attested:
    sentence = "Nothing of this run was enacted without an SG_2 that was used for it."
    if one.record.ledger is None:
        return one.unread(sentence)
    rows = sum(step.rows for step in one.record.ledger.transitions if step.to_status == "enacted")
    log = one.put("enacted", "units of this run that became enacted", "public.iu_lifecycle_log", f"{rows} rows")
    used = [ruling for ruling, use in one.uses if use.purpose == Purpose.ENACT and ruling.kind == Kind.SG_2]
    use = one.put("sg2-used", "uses of an SG_2 to enact", "cutter_governance.approval_use", f"{len(used)}")
    good = (rows == 0 and not used) or (len(used) == 1 and rows == one.record.head.n_units)
    detail = "none was enacted" if rows == 0 else f"{rows} enacted, {_many(len(used), 'use')} of an SG_2"
    return Attested(sentence=sentence, outcome=_verdict(good), detail=detail, evidence=(log, use))


def _used_in_the_effect(one: _Attesting) -> Attested:
    """The use is written in the transaction of the effect."""
    sentence = "Each statement was used only in the transaction of the effect that it authorised."
    if one.record.ledger is None:
        return one.unread(sentence)
    ids: list[str] = []
    wrong: list[str] = []
    for _, use in one.uses:
        event = one.record.last(_EFFECT.get(use.purpose, use.purpose))
        same = event is not None and event.xid == use.xid
        where = f"the effect's transaction is {event.xid}" if event else "the record has no such effect"
        said = f"used in transaction {use.xid}; {where}"
        ids.append(one.put(f"effect-{use.purpose}", f"transaction of the {use.purpose}", "approval_use and run_event", said))  # fmt: skip
        wrong += [] if same else [use.purpose]
    if not ids:
        none = one.put("no-use", "uses of statements of this run", "cutter_governance.approval_use", "none")
        return Attested(sentence=sentence, outcome=Outcome.PASS, detail="none was used", evidence=(none,))
    detail = (
        f"another transaction, or none: {', '.join(wrong)}"
        if wrong
        else f"{_many(len(ids), 'use')}, each in its effect"
    )
    return Attested(sentence=sentence, outcome=_verdict(not wrong), detail=detail, evidence=tuple(ids))


def _untouched(one: _Attesting) -> Attested:
    sentence = "No unit of another document was touched."
    measured = one.recorded(Phase.WRITE_VERIFY, "untouched rows")
    if measured is not None:
        detail = f"all other rows: {measured.detail}"
        return Attested(sentence=sentence, outcome=measured.outcome, detail=detail, evidence=measured.evidence)
    if one.record.last(Phase.WRITE_VERIFY) is not None:
        said = "it was not measured: the recorded verification did not look at rows of other documents"
        none = one.put("untouched-unmeasured", "rows of other documents", "cutter_governance.run_event", said)
        return Attested(sentence=sentence, outcome=Outcome.INCONCLUSIVE, detail=said, evidence=(none,))
    return _by_no_write(one, sentence, "untouched")


def _nothing_deleted(one: _Attesting) -> Attested:
    sentence = "Nothing was deleted."
    if one.deltas is not None and one.deltas.counted:
        lost = [row.table for row in one.deltas.rows if row.actual is not None and row.actual < 0]
        detail = f"fewer rows than before: {', '.join(lost)}" if lost else "no table had fewer rows after the write than before"  # fmt: skip
        guards = one.recorded(Phase.GRANT_PROBE, "guards")
        ids = (one.deltas.counted, *(guards.evidence if guards else ()))
        return Attested(sentence=sentence, outcome=_verdict(not lost), detail=detail, evidence=ids)
    return _by_no_write(one, sentence, "deleted")


def _by_no_write(one: _Attesting, sentence: str, name: str) -> Attested:
    """Conclude from unused statements that there was no write: units are written only under a used one."""
    if one.uses:
        said = "it was not measured: the record has no verification of the write"
        none = one.put(f"{name}-unmeasured", "verification of the write", "cutter_governance.run_event", said)
        return Attested(sentence=sentence, outcome=Outcome.INCONCLUSIVE, detail=said, evidence=(none,))
    none = one.put("no-write", "statements used by this run", "cutter_governance.approval_use", "none, and no unit is written without one")  # fmt: skip
    return Attested(sentence=sentence, outcome=Outcome.PASS, detail="the run wrote no unit", evidence=(none,))


def _switch_closed(one: _Attesting) -> Attested:
    sentence = "The switch was not left armed by this run."
    if one.record.ledger is None:
        return one.unread(sentence)
    leases = one.record.ledger.leases
    if not leases:
        none = one.put("no-lease", "leases of this run", "cutter_governance.execution_lease", "none")
        return Attested(sentence=sentence, outcome=Outcome.PASS, detail="it was never armed", evidence=(none,))
    ids = tuple(_lease(one, one.record.ledger, number) for number in range(len(leases)))
    still = sum(lease.ended_at is None for lease in leases)
    detail = (
        f"{_many(len(leases), 'lease')}, {still} without a recorded end"
        if still
        else f"{_many(len(leases), 'lease')}, none without a recorded end"
    )
    return Attested(
        sentence=sentence, outcome=Outcome.INCONCLUSIVE if still else Outcome.PASS, detail=detail, evidence=ids
    )


def _lease(one: _Attesting, ledger: Ledger, number: int) -> str:
    lease = ledger.leases[number]
    ended = f"ended at {utc(lease.ended_at)}: {lease.end_reason}" if lease.ended_at else f"no end is recorded; it expires by itself at {utc(lease.expires_at)}"  # fmt: skip
    said = f"armed to {lease.purpose} at {utc(lease.armed_at)} by {lease.operator} on {lease.host}; {ended}"
    return one.put(f"lease-{number + 1}", "a lease of this run", "cutter_governance.execution_lease", said)


def _anchors(one: _Attesting) -> Attested:
    sentence = "No recorded step is without its record in the journal."
    if not one.record.events:
        none = one.put("no-steps", "recorded steps", "cutter_governance.run_event", "none")
        return Attested(
            sentence=sentence, outcome=Outcome.NOT_RUN, detail="there is no recorded step", evidence=(none,)
        )
    phases = {title.phase.value for title in TITLES if title.phase}
    for event in one.record.events:
        if event.phase not in phases or event.found is None:
            anchor_of(one.record, event, f"13.anchor-{event.id}", one.register)
    wrong = [event for event in one.record.events if not anchored(one.record, event)]
    strangers = [event for event in wrong if not event.is_ours]
    said = f"{len(one.record.events) - len(wrong)} of {len(one.record.events)} rows name a record of the journal with its hash"
    said += "".join(
        f"; row {event.id} ({event.phase}) was written by {event.actor} without the journal's key"
        for event in strangers
    )
    compared = one.put("anchors", "anchors of the steps", "run_event and journal.jsonl", said)
    outcome = Outcome.PARTIAL if strangers and len(wrong) == len(strangers) else _verdict(not wrong)
    return Attested(sentence=sentence, outcome=outcome, detail=said, evidence=(compared,))


def _plan_file(one: _Attesting) -> Attested:
    sentence = "The plan in the run's directory is the recorded one."
    if not one.record.head.plan_digest:
        none = one.put("no-plan", "plan of this run", "cutter_governance.run", "there is none")
        return Attested(sentence=sentence, outcome=Outcome.NOT_RUN, detail="the run has no plan", evidence=(none,))
    same = one.record.plan_file == one.record.head.plan_digest
    said = f"plan.json: {one.record.plan_file}; recorded: {one.record.head.plan_digest}"
    compared = one.put("plan-file", "digest of the plan's file", "plan.json and cutter_governance.run", said)
    detail = "equal digests" if same else "the file differs from it, or is gone"
    return Attested(sentence=sentence, outcome=_verdict(same), detail=detail, evidence=(compared,))


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number != 1 else ''}"


def _verdict(good: bool) -> Outcome:
    return Outcome.PASS if good else Outcome.FAIL
