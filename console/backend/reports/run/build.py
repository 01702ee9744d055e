"""Pure: the record of a run becomes documents, report.json and SHA256SUMS; the same record, the same bytes."""

import json
from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from console.backend.model.canonical_json import sha256_hex
from console.backend.model.outcome import Evidence, Outcome, worst
from console.backend.model.purposes import Operation, Purpose
from console.backend.model.safe_text import SafeText
from console.backend.model.states import Family, Mode, Move, Phase, Stage, legal_moves
from console.backend.model.value import Value
from console.backend.publication.rendering import Evidences, Inert, Trusted, render
from console.backend.publication.sums import SUMS, sums_of
from console.backend.reports.run.attestation import Attested, attest
from console.backend.reports.run.deltas import Deltas, cut_deltas, step_deltas
from console.backend.reports.run.evidence_index import Register, utc
from console.backend.reports.run.phases import TITLES, Chapter, Title, chapters
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
    """One legal move; `command` is empty if there is nothing to do."""

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
    detail: str
    took_ms: int | None
    evidence: str


class Step(Value):
    """A recorded step that is no phase: revert, void, edit."""

    name: str
    outcome: str
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
    data = _data(made)
    cited.inert.add((*_texts(data), *(text for title in TITLES for text in (title.title, title.question))))
    shared = _shared(made, cited)
    rendered = tuple(Document(name=title.document, data=_rendered(made, title, cited, shared)) for title in TITLES)
    found = (*rendered, Document(name=REGISTER, data=_json(data, cited.inert)))
    return (*found, Document(name=SUMS, data=sums_of({one.name: sha256_hex(one.data) for one in found})))


def is_sound(record: RunRecord) -> bool:
    """Return whether the journal is what was written: against its anchor, or, where there is none, by its chain alone."""
    return record.journal.outcome in {Outcome.PASS, Outcome.PARTIAL} and not record.journal.torn_bytes


def _shared(made: Composition, cited: Evidences) -> dict[str, object]:
    """Return what the templates of all documents can reach."""
    head = made.record.head
    values: dict[str, object] = {
        "made": made,
        "head": head,
        "sound": is_sound(made.record),
        "live": head.mode is Mode.LIVE,
        "ending": _ending(made.record),
        "borne_out": made.outcome in {Outcome.PASS, Outcome.PARTIAL},
        "sources": {piece.id: piece.source for piece in made.evidence},
        "labels": {piece.id: piece.asked for piece in made.evidence},
        "answer": cited.answers(),
        "cite": cited.citations(),
        "next": tuple(_next(move, head.run_id) for move in _moves(head)),
    }
    steps = (*(() if made.cut is None else (made.cut,)), *made.steps_after)
    tables = {step.what: _table(step, cited, values) for step in steps}
    return {**values, "tables": tables}


def _table(step: Deltas, cited: Evidences, shared: dict[str, object]) -> Trusted:
    """Render the rows of one step, which stand in several documents."""
    signed = {number: Trusted(f"{number:+d}") for row in step.rows for number in (row.expected, row.actual or 0)}
    text = render("run/_deltas.md.j2", cited, {**shared, "deltas": step, "signed": signed})
    return Trusted(text.decode().removesuffix("\n"))


def _rendered(made: Composition, title: Title, cited: Evidences, shared: dict[str, object]) -> bytes:
    chapter = next((one for one in made.chapters if one.title is title), None)
    pause = next((one for one in made.pauses if one.title is title), None)
    template = "pause" if pause else "closeout" if title is TITLES[-1] else "phase"
    fenced = tuple(map(_fenced, pause.rulings)) if pause else ()
    own = {
        "chapter": chapter,
        "last": chapter.last if chapter else None,
        "pause": pause,
        "title": title,
        "fenced": fenced,
    }
    return render(f"run/{template}.md.j2", cited, {**shared, **own})


def _moves(head: Head) -> tuple[Move, ...]:
    """Return the legal moves; the one to report only if there is no other."""
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


def _data(made: Composition) -> object:
    """Return report.json as data, before its texts are made inert."""
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
    data: object = summary.model_dump(mode="json", by_alias=True)
    return data


def _json(data: object, inert: Inert) -> bytes:
    return json.dumps(_inert(data, inert), ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"


def _texts(value: object) -> Iterator[str]:
    """Yield every text in nested dictionaries and lists, the keys left out."""
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)


def _inert(value: object, inert: Inert) -> object:
    """Return the value without secrets and control characters in any text of it."""
    match value:
        case str():
            return inert[value]
        case dict():
            return {key: _inert(inner, inert) for key, inner in value.items()}
        case list():
            return [_inert(inner, inert) for inner in value]
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
    last = [one.last for one in told]
    lines = [
        _line(one, attempt.took_ms if attempt else None, attempt.kept if attempt else facts.state)
        for one, attempt in zip(told, last, strict=True)
    ]
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
