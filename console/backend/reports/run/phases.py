"""Pure: the titles of all documents of a report, and the chapters of phases, pauses and counted rows, from the record."""

import contextlib
import json
import re
from collections.abc import Iterator
from itertools import count

from console.backend.journal.journal_record import Record, RecordKind
from console.backend.model import counting
from console.backend.model.amendment import amendment_in_words
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.outcome import Outcome
from console.backend.model.plan_binding import TableDelta, expected_step_deltas
from console.backend.model.purposes import KIND_AT, Kind, Purpose, RunOperation
from console.backend.model.redaction import redact
from console.backend.model.run_tables import SITE_ROWS
from console.backend.model.safe_text import safe_lines
from console.backend.model.states import PHASE_TABLE, Family, Mode, Phase, Stage
from console.backend.model.value import Value
from console.backend.reports.run.evidence_index import Register, plain, utc
from console.backend.reports.run.load import Event, Head, Ruling, RunRecord
from console.backend.runs.workspace import PhaseRecord


class Title(Value):
    """One document of the report. `phase` is None for a pause."""

    number: int
    name: str
    title: str
    question: str
    phase: Phase | None = None
    kind: str = ""
    """The ruling that a pause waits for."""

    @property
    def document(self) -> str:
        """Return its file name."""
        return f"{self.number:02d}-{self.name}.md"


_PAUSES = {
    Kind.SG_1: ("Pause: the ruling to cut (SG_1)", "Who authorised the cut, and of what?"),
    Kind.SG_2: ("Pause: the ruling to enact (SG_2)", "Who authorised the enactment, and of what?"),
}
"""Title and question of a pause, by the ruling that it waits for."""


def _titles() -> Iterator[Title]:
    """Yield one document per phase and, behind a phase that ends in a pause, one for the pause."""
    number = count(1)
    for phase, entry in PHASE_TABLE.items():
        name = phase.replace("_", "-")
        yield Title(number=next(number), name=name, title=entry.title, question=entry.question, phase=phase)
        kind = KIND_AT.get(entry.stages[-1])
        if kind is not None:
            title, question = _PAUSES[kind]
            name = f"pause-{kind.lower().replace('_', '')}"
            yield Title(number=next(number), name=name, title=title, question=question, kind=kind)


TITLES = tuple(_titles())
"""All of them, in the order of the run."""
PREFIX = {title.phase: f"{title.number:02d}" for title in TITLES if title.phase is not None}
"""Beginning of the evidence ids of each phase's document."""


class CheckLine(Value):
    """One recorded check; `evidence` are ids of the register."""

    name: str
    outcome: Outcome
    detail: str
    next_action: str
    evidence: tuple[str, ...]


class Attempt(Value):
    """One attempt of a phase, from its beginning to its end or its stop."""

    outcome: Outcome
    detail: str
    took_ms: int
    checks: tuple[CheckLine, ...]
    kept: str
    """Evidence id of the row, or the file, that has it."""
    anchor: str
    """Evidence id of the comparison with the journal; empty if the database has no row of it."""


class Chapter(Value):
    """One phase as its document tells it."""

    title: Title
    outcome: Outcome
    attempts: tuple[Attempt, ...]
    unreached: str
    """Reason why there is no attempt; empty if there is one."""
    unfinished: str
    """Evidence id of a beginning that has no end in the record; empty if there is none."""
    journal: tuple[str, ...]
    """Evidence ids of the journal's records of this phase."""

    @property
    def detail(self) -> str:
        """Return one line for the roll-up."""
        return self.attempts[-1].detail if self.attempts else self.unreached

    @property
    def last(self) -> Attempt | None:
        """Return the attempt that counts, or None."""
        return self.attempts[-1] if self.attempts else None


def chapters(record: RunRecord, register: Register) -> tuple[Chapter, ...]:
    """Return the phases' chapters; the pauses are in `rulings`."""
    return tuple(_chapter(record, title, title.phase, register) for title in TITLES if title.phase is not None)


def _chapter(record: RunRecord, title: Title, phase: Phase, register: Register) -> Chapter:
    head, prefix = record.head, f"{title.number:02d}"
    events = [event for event in record.events if event.phase == phase.value and event.found is not None]
    began = {event.found.started_at for event in events if event.found is not None}
    attempts = [_from_event(record, event, f"{prefix}.{n}", register) for n, event in enumerate(events, 1)]
    # An attempt stands in its row and in its file. One that the database does not know stands in its file alone.
    for file_record in record.files:
        if file_record.phase is phase and file_record.started_at not in began:
            attempts.append(_from_file(record, file_record, f"{prefix}.{len(attempts) + 1}", register))
    journal = tuple(
        register.put(f"{prefix}.j{entry.sequence}", f"record {entry.sequence} of the journal", "journal.jsonl", _record_in_words(entry), record.ended_at)
        for entry in record.journal_records
        if entry.phase == phase.value
    )  # fmt: skip
    unfinished = _unfinished(record, phase)
    reason = "" if attempts else _unreached(record)
    return Chapter(
        title=title,
        outcome=Outcome.INCONCLUSIVE if unfinished else attempts[-1].outcome if attempts else Outcome.NOT_RUN,
        attempts=tuple(attempts),
        unreached=reason,
        unfinished=register.put(
            f"{prefix}.unfinished",
            "a phase begun and not ended",
            "journal.jsonl",
            f"record {unfinished.sequence} of the journal begins the phase, and no record ends it; the run's recorded state is {head.state.name}",
            record.ended_at,
        )
        if unfinished
        else "",
        journal=journal,
    )


def _from_event(record: RunRecord, event: Event, prefix: str, register: Register) -> Attempt:
    assert event.found is not None
    source = f"{register.tables['cutter_governance.run_event']}, row {event.id}"
    answer = (
        f"{event.outcome} recorded at {utc(event.at)} by {event.actor} in transaction {event.xid}; the run was then at"
        f" {event.stage} ({event.family}); begun at {utc(event.found.started_at)}, {event.found.took_ms} ms"
    )
    record_id = register.put(f"{prefix}.record", f"the record of {event.phase}", source, answer, event.at)
    return _attempt(event.found, prefix, record_id, anchor_of(record, event, f"{prefix}.anchor", register), register)


def _from_file(record: RunRecord, phase_record: PhaseRecord, prefix: str, register: Register) -> Attempt:
    source = f"{phase_record.phase.number:02d}-{phase_record.phase.value}.json in the run's directory"
    only_in_file = "" if record.head.mode is Mode.DRYRUN else "; the database has no row of it"
    answer = f"{phase_record.outcome}, begun at {utc(phase_record.started_at)}, {phase_record.took_ms} ms{only_in_file}"
    name = register.put(
        f"{prefix}.record", f"the record of {phase_record.phase}", source, answer, phase_record.started_at
    )
    return _attempt(phase_record, prefix, name, "", register)


def _attempt(phase_record: PhaseRecord, prefix: str, record_id: str, anchor: str, register: Register) -> Attempt:
    checks = tuple(
        CheckLine(
            name=check.name,
            outcome=check.outcome,
            detail=check.detail,
            next_action=check.next_action,
            evidence=tuple(register.keep(f"{prefix}.{piece.id}", piece) for piece in check.evidence),
        )
        for check in phase_record.checks
    )
    return Attempt(
        outcome=phase_record.outcome,
        detail=phase_record.detail,
        took_ms=phase_record.took_ms,
        checks=checks,
        kept=record_id,
        anchor=anchor,
    )


def anchor_of(record: RunRecord, event: Event, name: str, register: Register) -> str:
    """Compare a row with the journal's record that it names, and return the id of the evidence."""
    journal_hash = record.journal_hashes.get(event.journal_seq)
    if journal_hash is None:
        answer = f"The journal has no sound record {event.journal_seq}, which row {event.id} names"
    elif journal_hash != event.journal_head:
        answer = f"Record {event.journal_seq} of the journal is not the one that row {event.id} names"
    else:
        answer = f"Row {event.id} names record {event.journal_seq} of the journal, and its hash is that record's"
    return register.put(name, "the row's anchor in the journal", "run_event and journal.jsonl", answer, event.at, event.journal_head)  # fmt: skip


def anchored(record: RunRecord, event: Event) -> bool:
    """Return whether the row and the journal name the same record."""
    return record.journal_hashes.get(event.journal_seq) == event.journal_head


def _record_in_words(entry: Record) -> str:
    fields = ", ".join(f"{field.key} {field.value}" for field in entry.fields)
    return f"{entry.time} {entry.kind}{': ' if fields else ''}{fields}"


def _unfinished(record: RunRecord, phase: Phase) -> Record | None:
    begun = None
    for entry in record.journal_records:
        if entry.kind is RecordKind.INTENT:
            begun = entry
        elif entry.kind is RecordKind.RESULT:
            begun = None
    return begun if begun is not None and begun.phase == phase.value else None


_LEFT = {
    Family.VOIDED: "the run was voided at {stage} ({reason}), before this phase",
    Family.REVERTED: "the cut was taken back at {stage}, before this phase",
    Family.FAILED: "the run failed ({reason}) at {stage}, before this phase",
    Family.STOPPED: "the run was stopped ({reason}) at {stage}, before this phase",
    Family.ACTIVE: "the run is at {stage}, before this phase",
}


def _unreached(record: RunRecord) -> str:
    """Return why the record has nothing of this phase."""
    state = record.head.state
    if record.head.is_edit:
        return "edits of drafts are one transaction, not phases"
    if state.family is Family.ACTIVE and state.stage is Stage.CLOSEOUT_REPORTED:
        return "the record has nothing of it, although the run is closed"
    return _LEFT[state.family].format(stage=state.stage, reason=state.reason)


class RulingTold(Value):
    """One imported statement as a document shows it; all names but `lines` and `fence` are evidence ids."""

    statement: str
    lines: tuple[str, ...]
    """The statement indented for reading; inert, and without what looks like a secret."""
    whole: bool
    """True if the lines are the signed content; false if something in them had to be hidden."""
    fence: str
    facts: tuple[str, ...]


class Pause(Value):
    """Outcome of one of the two pauses."""

    title: Title
    outcome: Outcome
    rulings: tuple[RulingTold, ...]
    unreached: str
    used: str
    """Evidence id of the use that let the run go on; empty if there was none."""

    @property
    def detail(self) -> str:
        """One line for the roll-up."""
        if self.unreached:
            return self.unreached
        return f"{len(self.rulings)} imported, " + ("one used" if self.used else "none used")


def pauses(record: RunRecord, register: Register) -> tuple[Pause, ...]:
    """Return both pauses."""
    return tuple(_pause(record, title, register) for title in TITLES if title.kind)


def _pause(record: RunRecord, title: Title, register: Register) -> Pause:
    own_rulings = [ruling for ruling in record.rulings if ruling.kind == title.kind]
    prefix = f"{title.number:02d}"
    told_rulings = tuple(
        _ruling_told(ruling, f"{prefix}.{number}", register) for number, ruling in enumerate(own_rulings, 1)
    )
    used = next((fact for ruling in told_rulings for fact in ruling.facts if ".use-" in fact), "")
    return Pause(
        title=title,
        outcome=Outcome.PASS if used else Outcome.NOT_RUN,
        rulings=told_rulings,
        unreached="" if told_rulings else _why_no_ruling(record, title),
        used=used,
    )


def _why_no_ruling(record: RunRecord, title: Title) -> str:
    if record.head.mode is Mode.DRYRUN:
        return f"a dry run needs no ruling: it passes the pause for {title.kind} and can write nothing"
    if record.head.is_edit and title.kind == Kind.SG_2:
        return "an edit of drafts enacts nothing and needs no SG_2"
    before = Stage.AWAITING_CUT_AUTHORIZATION if title.kind == Kind.SG_1 else Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    pause_reached = tuple(Stage).index(record.head.state.stage) >= tuple(Stage).index(before)
    progress = "the run waits, or waited, for it" if pause_reached else "the run did not reach its pause"
    return f"no {title.kind} was imported; {progress} (state {record.head.state.name})"


def _ruling_told(ruling: Ruling, prefix: str, register: Register) -> RulingTold:
    lines, whole = _pretty(ruling.statement)
    longest = max((len(run) for line in lines for run in _runs(line)), default=0)
    actual = sha256_hex(ruling.statement)
    digest_words = (
        "which is the sha256 of the bytes" if actual == ruling.statement_sha256 else f"but the bytes have {actual}"
    )
    statement = register.put(
        f"{prefix}.statement",
        f"{ruling.kind} as it was signed",
        register.tables["cutter_governance.approval"],
        f"sha256 {ruling.statement_sha256}, {digest_words}; {counting.counted(len(ruling.statement), 'byte')}",
        ruling.imported_at,
        actual,
    )
    return RulingTold(
        statement=statement,
        lines=lines,
        whole=whole,
        fence="`" * max(3, longest + 1),
        facts=_facts(ruling, prefix, register),
    )


def _pretty(statement: bytes) -> tuple[tuple[str, ...], bool]:
    text = statement.decode("utf-8", "replace")
    # Bytes that are no JSON are shown as they are.
    with contextlib.suppress(ValueError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    lines = tuple(safe_lines(redact(text)))
    return lines, "\n".join(lines) == text


def _runs(line: str) -> list[str]:
    return [run for run in "".join(c if c == "`" else " " for c in line).split() if run]


def _facts(ruling: Ruling, prefix: str, register: Register) -> tuple[str, ...]:
    names = {signer.fingerprint: signer.name for signer in ruling.policy.signers} if ruling.policy else {}
    source = register.tables["cutter_governance.approval"]

    def put(name: str, question: str, answer: str, digest: str = "", table: str = source) -> str:
        return register.put(f"{prefix}.{name}", question, table, answer, ruling.imported_at, digest)

    signers = tuple(
        put(
            f"signer-{number}",
            "signed by",
            f"primary key {key}" + (f", {names[key]} in the policy" if key in names else ""),
            sha256_hex(ruling.signatures[number - 1]) if number <= len(ruling.signatures) else "",
        )
        for number, key in enumerate(ruling.signers, 1)
    )
    uses = tuple(
        put(
            f"use-{plain(use.purpose)}",
            f"used to {use.purpose}",
            f"at {utc(use.used_at)}" + (f" by {use.used_by} in transaction {use.xid}" if use.xid else ""),
            table=register.tables["cutter_governance.approval_use"],
        )
        for use in ruling.uses
    )
    of_batch = (
        (put("batch", "signed through", "the statement over its batch, which names this one", ruling.batch_ruling),)
        if ruling.batch_ruling
        else ()
    )
    return (
        *signers,
        *of_batch,
        put("imported", "imported", f"at {utc(ruling.imported_at)} by {ruling.imported_by}"),
        put("valid", "valid", f"from {utc(ruling.not_before)} to {utc(ruling.expires)}"),
        put("policy", "policy", _policy(ruling), ruling.policy_sha256, "approval and the run's copy of the policy"),
        put("manifest", "deploy manifest that it binds", _bound(ruling, "deploy_manifest_sha256")),
        *(uses or (put("unused", "use", "it was not used", table=register.tables["cutter_governance.approval_use"]),)),
    )


def _policy(ruling: Ruling) -> str:
    if ruling.policy is None:
        return f"sha256 {ruling.policy_sha256}; its text is not in the record, so whether it is solo is not proven here"
    policy = ruling.policy
    solo = "SOLO: the operator may be one of the signers" if policy.solo else "not solo: no operator may be a signer"
    threshold = policy.thresholds.SG_1 if ruling.kind == Kind.SG_1 else policy.thresholds.SG_2
    return f"sha256 {ruling.policy_sha256}; {threshold} of {len(policy.signers)} signers needed; {solo}"


def _bound(ruling: Ruling, key: str) -> str:
    """Return one value of the statement as it was signed, in words."""
    try:
        content = json.loads(ruling.statement)
    except ValueError:
        return "the statement is not JSON"
    value = content.get(key, "not named") if isinstance(content, dict) else "not named"
    return "none: the deployment had no manifest" if value == "none" else str(value)


_COUNTED = re.compile(r"(\S+) ([+-]\d+)")
ROWS_ADDED = "V-rows-added"
"""Id of the evidence of a verification that has the counted rows."""
_NAMED = {Purpose.ENACT: "enactment", Purpose.REVERT: "revert"}
_DONE = {Purpose.ENACT: ("enacted", "done"), Purpose.REVERT: ("superseded", "withdrawn")}


class Delta(Value):
    """One table; `actual` is None if it was not measured."""

    table: str
    expected: int
    actual: int | None
    outcome: Outcome


class Deltas(Value):
    """One step's rows. The last three are evidence ids; `uncounted` is that of the reason why nothing was counted."""

    what: str
    rows: tuple[Delta, ...]
    planned: str
    counted: str
    uncounted: str = ""

    @property
    def outcome(self) -> Outcome:
        """Return the worst outcome of its tables."""
        return max((row.outcome for row in self.rows), key=lambda outcome: outcome.rank, default=Outcome.NOT_RUN)


def cut_deltas(record: RunRecord, register: Register) -> Deltas | None:
    """Compare the rows of the cut, or of the edit; None before there is a plan."""
    if not record.planned:
        return None
    head = record.head
    rule = "the plan"
    if head.amendment is not None:
        rule = f"the plan: {amendment_in_words(head.amendment)}"
    elif not head.is_edit and head.n_units is not None:
        rule = f"{counting.counted(head.n_units, 'unit')}: the rule for a cut of N units"
    planned = register.put(
        "03.expected", "rows that the plan adds", rule, _in_words(record.planned), head.started_at, head.plan_digest
    )
    counted_rows, counted = _counted(record, register)
    expected = {delta.table: delta.rows for delta in record.planned}
    tables = [*expected, *(table for table in counted_rows if table not in expected)]
    purpose = Purpose.EDIT if head.is_edit else Purpose.CUT
    has_written = record.ruling(purpose) is not None
    absent = Outcome.INCONCLUSIVE if has_written else Outcome.NOT_RUN
    rows = tuple(
        _delta(table, expected.get(table, 0), counted_rows.get(table) if counted else None, absent) for table in tables
    )
    uncounted = "" if counted else _uncounted(record, register, has_written=has_written)
    return Deltas(what=purpose, rows=rows, planned=planned, counted=counted, uncounted=uncounted)


def _uncounted(record: RunRecord, register: Register, *, has_written: bool) -> str:
    """Return why no row was counted: nothing was written, or the write was not verified."""
    if record.head.mode is Mode.DRYRUN:
        reason, source = "never: a dry run adds no row", "the run's directory"
    elif has_written:
        reason, source = (
            "never: the record has no verification of the write",
            register.tables["cutter_governance.run_event"],
        )
    else:
        reason, source = "never: no statement of this run was used, and no unit is written without one", register.tables["cutter_governance.approval_use"]  # fmt: skip
    return register.put(
        f"{PREFIX[Phase.WRITE_VERIFY]}.uncounted", "rows that were added", source, reason, record.ended_at
    )


def _touched(head: Head, purpose: Purpose) -> int | None:
    """Return the number of units that get a log row; None if the plan of an amendment, which says it, is gone."""
    amendment = head.amendment
    if head.operation is RunOperation.REPEAL:
        return head.n_units if purpose is Purpose.ENACT else 0
    if amendment is None:
        return None if head.operation is RunOperation.AMEND else head.n_units
    return amendment.touched if purpose is Purpose.ENACT else amendment.made


def step_deltas(record: RunRecord, purpose: Purpose, register: Register) -> Deltas | None:
    """Compare the rows of the enactment or the revert; None if the record has none.

    Without the ledger every table is INCONCLUSIVE.
    """
    head, ledger = record.head, record.ledger
    if head.n_units is None or record.ruling(purpose) is None:
        return None
    touched = _touched(head, purpose)
    if touched is None:
        return None
    expected = tuple(
        TableDelta(table=register.tables[delta.table], rows=delta.rows) for delta in expected_step_deltas(touched)
    )
    planned = register.put(
        f"{PREFIX[Phase.CLOSEOUT]}.{purpose}.expected", f"rows that the {purpose} adds", counting.counted(touched, "unit"), _in_words(expected), head.started_at
    )  # fmt: skip
    if ledger is None:
        rows = tuple(_delta(delta.table, delta.rows, None) for delta in expected)
        unread = register.put(f"{PREFIX[Phase.CLOSEOUT]}.{purpose}.uncounted", f"rows of the {purpose} in the ledger", "the database", f"never: not read, {record.ledger_unread}", record.ended_at)  # fmt: skip
        return Deltas(what=_NAMED[purpose], rows=rows, planned=planned, counted="", uncounted=unread)
    status, backlog = _DONE[purpose]
    # An amendment supersedes what is gone in the same transaction.
    logged = {status, "superseded"} if head.operation.of_law else {status}
    actual = (
        sum(transition.rows for transition in ledger.transitions if transition.to_status in logged),
        sum(decision.verdict == purpose for decision in ledger.decisions),
        sum(entry == backlog for entry in ledger.backlog),
    )
    counted_deltas = tuple(
        TableDelta(table=delta.table, rows=rows) for delta, rows in zip(expected, actual, strict=True)
    )
    counted = register.put(
        f"{PREFIX[Phase.CLOSEOUT]}.{purpose}.counted", f"rows of the {purpose} in the ledger", "lifecycle log, decisions, backlog", _in_words(counted_deltas), record.ended_at
    )  # fmt: skip
    rows = tuple(
        _delta(expected_delta.table, expected_delta.rows, counted_delta.rows)
        for expected_delta, counted_delta in zip(expected, counted_deltas, strict=True)
    )
    return Deltas(what=_NAMED[purpose], rows=rows, planned=planned, counted=counted)


_OF_SITE = {
    "record": "rows that leg B has added to the organisation's tables",
    "verify": "rows that a verification has added to the organisation's tables",
    "enact": "rows that the enactment has added to the organisation's tables",
    "revert": "rows that the revert has added to the organisation's tables",
}


def site_rows(record: RunRecord, register: Register) -> tuple[str, ...]:
    """Return what was written into the organisation's tables and how it was compared, as evidence ids; none without a mapping."""
    ids: list[str] = []
    own = set(register.tables.values())
    effects = record.ledger.site_effects if record.ledger is not None else ()
    if not effects and all(delta.table in own for delta in record.planned):
        return ()
    for number, effect in enumerate(effects, 1):
        rows = ", ".join(f"{table} {rows:+d}" for table, rows in sorted(effect.rows_added.items()) if rows) or "none"
        answer = (
            f"none, because what stood there was not what this run had written: {effect.left_out}"
            if effect.left_out
            else f"{rows}; in the transaction of the step, counted before and after it, compared with the ruling where one is over them, and each row read back"
        )
        ids.append(
            register.put(
                f"{PREFIX[Phase.CLOSEOUT]}.site-{number}", _OF_SITE.get(effect.step, str(effect.step)), "cutter_console.site_effect", f"{answer}; by the site mapping {effect.mapping_sha256}", effect.recorded_at
            )
        )  # fmt: skip
    event = record.last(Phase.WRITE_VERIFY)
    for check in event.found.checks if event is not None and event.found is not None else ():
        if check.name == SITE_ROWS:
            piece = check.evidence[0]
            ids.append(
                register.put(
                    f"{PREFIX[Phase.WRITE_VERIFY]}.site", "rows of this run that stand in the organisation's tables, by the columns that they are known by", piece.source, f"{check.outcome}: {check.detail}", piece.measured_at
                )
            )  # fmt: skip
    return tuple(ids)


def _counted(record: RunRecord, register: Register) -> tuple[dict[str, int], str]:
    """Return what the last verification counted, with its evidence id."""
    event = record.last(Phase.WRITE_VERIFY)
    if event is None or event.found is None:
        return {}, ""
    for check in event.found.checks:
        for piece in check.evidence:
            if piece.id == ROWS_ADDED:
                counted = register.put(
                    f"{PREFIX[Phase.WRITE_VERIFY]}.counted", piece.asked, piece.source, piece.answer, piece.measured_at
                )
                return {table: int(rows) for table, rows in _COUNTED.findall(piece.answer)}, counted
    return {}, ""


def _delta(table: str, expected: int, actual: int | None, absent: Outcome = Outcome.INCONCLUSIVE) -> Delta:
    """Compare one table; `absent` is the outcome if its rows were not counted."""
    if actual is None:
        return Delta(table=table, expected=expected, actual=None, outcome=absent)
    return Delta(
        table=table, expected=expected, actual=actual, outcome=Outcome.PASS if actual == expected else Outcome.FAIL
    )


def _in_words(deltas: tuple[TableDelta, ...]) -> str:
    return ", ".join(f"{delta.table} {delta.rows:+d}" for delta in deltas)
