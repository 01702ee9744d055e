"""Pure: the record of a run becomes documents, report.json and SHA256SUMS; the same record, the same bytes."""

import json
from typing import Literal

from pydantic import Field

from console.backend.model.canonical_json import sha256_hex
from console.backend.model.outcome import Evidence, Outcome, worst
from console.backend.model.purposes import Operation, Purpose
from console.backend.model.redaction import redact
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.states import Family, Mode, Move, Phase, Stage, legal_moves
from console.backend.model.value import Value
from console.backend.publication.rendering import Evidences, Trusted, render
from console.backend.publication.sums import SUMS, sums_of
from console.backend.reports.run.attestation import Attested, attest
from console.backend.reports.run.deltas import Deltas, cut_deltas, step_deltas
from console.backend.reports.run.evidence_index import Register, utc
from console.backend.reports.run.phases import TITLES, Chapter, chapters
from console.backend.reports.run.record import Head, RunRecord
from console.backend.reports.run.rulings import Pause, RulingTold, pauses

REGISTER = "report.json"
_NEXT = {
    Move.CONTINUE: ("The run can go on", "cutter-console run resume {run}"),
    Move.IMPORT_SG_1: ("SG_1 can be drafted, signed elsewhere and imported", "cutter-console approval draft {run}"),
    Move.ARM: ("With SG_1 imported the switch can be armed", "cutter-console arm {run} --confirm {run}"),
    Move.IMPORT_SG_2: ("SG_2 can be drafted, signed elsewhere and imported", "cutter-console approval draft {run}"),
    Move.ENACT: ("With SG_2 imported it can be enacted, for good", "cutter-console enact {run} --confirm {run}"),
    Move.REVERT: ("Its draft cut can be taken back", "cutter-console revert {run} --confirm {run}"),
    Move.VOID: ("It can be ended, having cut nothing", "cutter-console run void {run} --reason TEXT"),
    Move.REPORT: ("Nothing more is to be done with this run", ""),
}


class NextStep(Value):
    """One legal move; `command` is empty where there is nothing to do."""

    said: str
    command: str


class Facts(Value):
    """Evidence ids of what every document says of the run."""

    run: str
    state: str
    plan: str
    journal: str
    source: str


class RollUp(Value):
    """One line a document."""

    document: str
    title: str
    outcome: Outcome
    detail: SafeText
    took_ms: int | None
    evidence: str


class Step(Value):
    """A recorded step that is no phase: revert, void, edit."""

    name: SafeText
    outcome: SafeText
    evidence: str


class Summary(Value):
    """report.json: the report as data, with the register that its documents cite."""

    schema_id: Literal["cutter-console/run-report/1"] = Field(
        default="cutter-console/run-report/1", serialization_alias="schema"
    )
    run_id: str
    mode: Mode
    state: SafeText
    outcome: Outcome
    documents: tuple[str, ...]
    roll_up: tuple[RollUp, ...]
    deltas: tuple[Deltas, ...]
    attestation: tuple[Attested, ...]
    journal_head: str
    evidence: tuple[Evidence, ...]


class Composition(Value):
    """Everything that the documents are rendered from."""

    record: RunRecord
    outcome: Outcome
    facts: Facts
    chapters: tuple[Chapter, ...]
    pauses: tuple[Pause, ...]
    cut: Deltas | None
    steps_after: tuple[Deltas, ...]
    steps: tuple[Step, ...]
    attested: tuple[Attested, ...]
    roll_up: tuple[RollUp, ...]
    holds: tuple[str, ...]
    evidence: tuple[Evidence, ...]


class Document(Value):
    """One file of the report."""

    name: str
    data: bytes


def compose(record: RunRecord) -> Composition:
    """Decide what the report says."""
    register = Register()
    facts = _facts(record, register)
    told, rested = chapters(record, register), pauses(record, register)
    cut = cut_deltas(record, register)
    after = tuple(
        one
        for purpose in (Purpose.ENACT, Purpose.REVERT)
        if (one := step_deltas(record, purpose, register)) is not None
    )
    steps = tuple(_steps(record, register))
    attested = attest(record, told, cut, register)
    return Composition(
        record=record,
        outcome=_final(record, told, attested, cut, after),
        facts=facts,
        chapters=told,
        pauses=rested,
        cut=cut,
        steps_after=after,
        steps=steps,
        attested=attested,
        roll_up=_roll_up(told, rested, steps, facts),
        holds=tuple(_holds(record, register)),
        evidence=register.all,
    )


def documents(made: Composition) -> tuple[Document, ...]:
    """The documents, report.json and SHA256SUMS, in this order."""
    cited = Evidences(made.evidence)
    texts = tuple(Document(name=title.document, data=_rendered(made, title.number, cited)) for title in TITLES)
    found = (*texts, Document(name=REGISTER, data=_json(made)))
    return (*found, Document(name=SUMS, data=sums_of({one.name: sha256_hex(one.data) for one in found})))


def is_sound(record: RunRecord) -> bool:
    """Return whether the journal is what was written: against its anchor, or, where there is none, by its chain alone."""
    return record.journal.outcome in {Outcome.PASS, Outcome.PARTIAL} and not record.journal.torn_bytes


def _rendered(made: Composition, number: int, cited: Evidences) -> bytes:
    chapter = next((one for one in made.chapters if one.title.number == number), None)
    pause = next((one for one in made.pauses if one.title.number == number), None)
    template = "pause" if pause else "closeout" if number == len(TITLES) else "phase"
    head = made.record.head
    values = {
        "made": made,
        "head": head,
        "chapter": chapter,
        "pause": pause,
        "title": TITLES[number - 1],
        "sound": is_sound(made.record),
        "live": head.mode is Mode.LIVE,
        "ending": _ending(made.record),
        "borne_out": made.outcome in {Outcome.PASS, Outcome.PARTIAL},
        "sources": {piece.id: piece.source for piece in made.evidence},
        "cite": lambda name: Trusted(f"[{cited.get(name).id}]"),
        "signed": lambda number: Trusted(f"{number:+d}"),
        "labels": {piece.id: piece.asked for piece in made.evidence},
        "next": tuple(_next(move, head.run_id) for move in _moves(head)),
        "fenced": tuple(map(_fenced, pause.rulings)) if pause else (),
    }
    return render(f"run/{template}.md.j2", cited, values)


def _moves(head: Head) -> tuple[Move, ...]:
    """The legal moves; that there is nothing to do but to report is told where there is nothing else."""
    legal = legal_moves(head.state, head.mode)
    return tuple(move for move in legal if move is not Move.REPORT) or tuple(legal)


def _next(move: Move, run_id: str) -> NextStep:
    said, command = _NEXT[move]
    return NextStep(said=said, command=command.format(run=run_id))


def _fenced(ruling: RulingTold) -> Trusted:
    """The statement in a fence longer than any run of backticks in it, so that nothing in it ends the fence."""
    return Trusted("\n".join((f"{ruling.fence}json", *ruling.lines, ruling.fence)))


def _ending(record: RunRecord) -> str:
    """The word that the closing document tells the end by."""
    state = record.head.state
    if state.family is not Family.ACTIVE:
        return state.family.value
    if state.stage is not Stage.CLOSEOUT_REPORTED:
        return "resting"
    return "edited" if record.head.is_edit else "closed"


def _json(made: Composition) -> bytes:
    head = made.record.head
    summary = Summary(
        run_id=head.run_id,
        mode=head.mode,
        state=head.state.name,
        outcome=made.outcome,
        documents=tuple(title.document for title in TITLES),
        roll_up=made.roll_up,
        deltas=tuple(one for one in (made.cut, *made.steps_after) if one is not None),
        attestation=made.attested,
        journal_head=made.record.journal.head.hash if made.record.journal.head else "",
        evidence=made.evidence,
    )
    data = _inert(summary.model_dump(mode="json", by_alias=True))
    return json.dumps(data, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"


def _inert(value: object) -> object:
    """Return the value without secrets and control characters in any text of it."""
    match value:
        case str():
            return safe_text(redact(value))
        case dict():
            return {key: _inert(inner) for key, inner in value.items()}
        case list():
            return [_inert(inner) for inner in value]
        case _:
            return value


def _facts(record: RunRecord, register: Register) -> Facts:
    head, at = record.head, record.ended_at
    state = f"{head.state.name}, reached at {utc(head.changed_at)}; stage {head.state.stage}, {head.state.family}"
    asked = f"{head.mode} run of {head.docprefix} from {head.origin}, profile {head.profile}, started at {utc(head.started_at)} by {head.operator} on {head.host}"
    plan = f"{head.n_units} unit{'s' if head.n_units != 1 else ''}, plan digest {head.plan_digest}, content digest {head.content_digest}"
    verdict = record.journal
    torn = f"; {verdict.torn_bytes} bytes of a torn record at its end" if verdict.torn_bytes else ""
    headed = f"; head {verdict.head.hash}" if verdict.head else ""
    return Facts(
        run=register.put("R.run", "what was asked for", head.kept_in, asked, head.started_at),
        state=register.put("R.state", "where the run is", head.kept_in, state, head.changed_at),
        plan=register.put("R.plan", "its plan", head.kept_in, plan if head.plan_digest else "none", at, head.plan_digest),
        journal=register.put("R.journal", "its journal", "journal.jsonl", f"{verdict.outcome}: {verdict.detail}{torn}{headed}", at),
        source=register.put("R.source", "its source", head.kept_in, f"sha256 {head.source_sha256}" if head.source_sha256 else "see the check of the phase", at, head.source_sha256),
    )  # fmt: skip


def _steps(record: RunRecord, register: Register) -> list[Step]:
    """Recorded steps that are no phases, in their order."""
    found = []
    for event in record.events:
        if event.found is None:
            said = f"at {utc(event.at)} by {event.actor} in transaction {event.xid}: {event.text}"
            where = f"cutter_governance.run_event, row {event.id}"
            name = register.put(f"13.step-{event.id}", f"the step {event.phase}", where, said, event.at)
            if event.is_ours:
                found.append(Step(name=event.phase, outcome=event.outcome, evidence=name))
            else:
                stranger = f"{event.phase}, written by {event.actor} without the journal's key"
                found.append(Step(name=stranger, outcome=Outcome.PARTIAL, evidence=name))
    return found


def _holds(record: RunRecord, register: Register) -> list[str]:
    holds = record.ledger.holds if record.ledger else ()
    return [
        register.put(f"13.hold-{number}", f"HOLD {one.action}", "cutter_governance.hold_event", f"{one.action} at {utc(one.at)} by {one.by}: {one.reason}", one.at)
        for number, one in enumerate(holds, 1)
    ]  # fmt: skip


def _roll_up(
    told: tuple[Chapter, ...], rested: tuple[Pause, ...], steps: tuple[Step, ...], facts: Facts
) -> tuple[RollUp, ...]:
    lines = [_line(one, one.last.took_ms if one.last else None, one.last.kept if one.last else facts.state) for one in told]  # fmt: skip
    lines += [
        _line(one, None, one.used or (one.rulings[-1].statement if one.rulings else facts.state)) for one in rested
    ]
    edited = next((step for step in steps if step.name == Operation.EDIT), None)
    if edited is not None:
        lines = [_edited(line, edited) if line.document == _CUT.document else line for line in lines]
    return tuple(sorted(lines, key=lambda line: line.document))


_CUT = next(title for title in TITLES if title.phase is Phase.CUT_LEG_A)


def _edited(line: RollUp, edit: Step) -> RollUp:
    """An edit's one transaction stands in the document of the cut that it does not have."""
    known = edit.outcome in Outcome.__members__
    outcome = Outcome(edit.outcome) if known else Outcome.INCONCLUSIVE
    told = {"outcome": outcome, "detail": "the edits, in one transaction", "evidence": edit.evidence}
    return line.model_copy(update=told)


def _line(one: Chapter | Pause, took_ms: int | None, evidence: str) -> RollUp:
    return RollUp(
        document=one.title.document,
        title=one.title.title,
        outcome=one.outcome,
        detail=one.detail,
        took_ms=took_ms,
        evidence=evidence,
    )


def _final(
    record: RunRecord,
    told: tuple[Chapter, ...],
    attested: tuple[Attested, ...],
    cut: Deltas | None,
    after: tuple[Deltas, ...],
) -> Outcome:
    """PASS for a LIVE run that is closed, and of which nothing that was measured is worse; else never PASS.

    A closed run without the record of a phase, and a journal that is not what was written, are FAIL; and what is known to
    be wrong is not made unclear by something else that was not measured.
    """
    found = [one.outcome for one in told] + [one.outcome for one in attested] + [one.outcome for one in after]
    measured: list[Outcome] = [one for one in found if one is not Outcome.NOT_RUN]
    measured += [cut.outcome] if cut is not None and cut.counted else []
    measured.append(record.journal.outcome if is_sound(record) else Outcome.FAIL)
    closed = _ending(record) == "closed"
    if closed and any(one.unreached for one in told):
        measured.append(Outcome.FAIL)
    if Outcome.FAIL in measured:
        return Outcome.FAIL
    return worst([*measured, *([] if closed and record.head.mode is Mode.LIVE else [Outcome.PARTIAL])])
