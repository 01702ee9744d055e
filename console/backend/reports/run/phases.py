"""Pure: the titles of all documents of a report, and the chapters of phases, pauses and counted rows, from the record."""

import contextlib
import json
import re
from collections.abc import Iterator
from functools import cached_property
from itertools import count

from console.backend.journal.journal_record import Record, RecordKind
from console.backend.model import counting
from console.backend.model.canonical_json import indented_json, sha256_hex
from console.backend.model.outcome import Outcome
from console.backend.model.purposes import KIND_AT, Kind
from console.backend.model.redaction import redact
from console.backend.model.safe_text import safe_lines
from console.backend.model.shown_time import shown_time
from console.backend.model.states import PHASE_TABLE, Family, Mode, Phase, Stage
from console.backend.model.value import Value
from console.backend.reports.run.evidence_index import Register, plain
from console.backend.reports.run.load import Event, Ruling, RunRecord
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

    @cached_property
    def document(self) -> str:
        """Return its file name."""
        return f"{self.number:02d}-{self.name}.md"


_TICKS = re.compile("`+")
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
        f"{event.outcome} recorded at {shown_time(event.at)} by {event.actor} in transaction {event.xid}; the run was"
        f" then at {event.stage} ({event.family});"
        f" begun at {shown_time(event.found.started_at)}, {event.found.took_ms} ms"
    )
    record_id = register.put(f"{prefix}.record", f"the record of {event.phase}", source, answer, event.at)
    return _attempt(event.found, prefix, record_id, anchor_of(record, event, f"{prefix}.anchor", register), register)


def _from_file(record: RunRecord, phase_record: PhaseRecord, prefix: str, register: Register) -> Attempt:
    source = f"{phase_record.phase.number:02d}-{phase_record.phase.value}.json in the run's directory"
    only_in_file = "" if record.head.mode is Mode.DRYRUN else "; the database has no row of it"
    begun = f"begun at {shown_time(phase_record.started_at)}, {phase_record.took_ms} ms"
    answer = f"{phase_record.outcome}, {begun}{only_in_file}"
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
    longest = max((len(ticks) for line in lines for ticks in _TICKS.findall(line)), default=0)
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
        text = indented_json(json.loads(text), 2).decode()
    lines = tuple(safe_lines(redact(text)))
    return lines, "\n".join(lines) == text


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
            f"at {shown_time(use.used_at)}" + (f" by {use.used_by} in transaction {use.xid}" if use.xid else ""),
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
        put("imported", "imported", f"at {shown_time(ruling.imported_at)} by {ruling.imported_by}"),
        put("valid", "valid", f"from {shown_time(ruling.not_before)} to {shown_time(ruling.expires)}"),
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
