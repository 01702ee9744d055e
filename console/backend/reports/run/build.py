"""Pure: the record of a run becomes documents, report.json and SHA256SUMS; the same record gives the same bytes."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from console.backend.model.canonical_json import indented_json, sha256_hex
from console.backend.model.counting import counted
from console.backend.model.outcome import Evidence, Outcome, worst_known
from console.backend.model.purposes import Operation, Purpose
from console.backend.model.safe_text import SafeText
from console.backend.model.shown_time import shown_time
from console.backend.model.states import Family, Mode, Move, Phase, Stage, legal_moves
from console.backend.model.value import Value
from console.backend.publication.rendering import Evidences, Inert, Trusted, render
from console.backend.publication.sums import SUMS, sums_of
from console.backend.reports.run.attestation import Attested, attest
from console.backend.reports.run.evidence_index import Register
from console.backend.reports.run.load import Head, RunRecord
from console.backend.reports.run.phases import (
    PREFIX,
    TITLES,
    Chapter,
    Pause,
    RulingTold,
    Title,
    chapters,
    pauses,
)
from console.backend.reports.run.rows import Deltas, cut_deltas, site_rows, step_deltas
from console.backend.runs.moves import command_of

REGISTER = "report.json"
_NEXT = {
    Move.CONTINUE: "The run can go on",
    Move.IMPORT_SG_1: "SG_1 can be drafted, signed elsewhere and imported",
    Move.ARM: "With SG_1 imported the switch can be armed",
    Move.IMPORT_SG_2: "SG_2 can be drafted, signed elsewhere and imported",
    Move.ENACT: "With SG_2 imported it can be enacted, for good",
    Move.REVERT: "Its draft cut can be taken back",
    Move.VOID: "It can be ended, having cut nothing",
    Move.REPORT: "Nothing more is to be done with this run",
}


class NextStep(Value):
    """One legal move; `command` is empty if there is nothing to do."""

    said: str
    command: str


class Facts(Value):
    """Evidence ids of the facts about the run that every document states."""

    run: str
    state: str
    plan: str
    journal: str
    source: str


class RollUp(Value):
    """One line for each document."""

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
    site: tuple[str, ...]
    """Evidence ids of what was written into an organisation's tables."""
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
    """Judge the record, and collect everything that the documents say with its evidence."""
    register = Register(record.names)
    facts = _facts(record, register)
    phase_chapters, run_pauses = chapters(record, register), pauses(record, register)
    cut = cut_deltas(record, register)
    after = tuple(
        step
        for purpose in (Purpose.ENACT, Purpose.REVERT)
        if (step := step_deltas(record, purpose, register)) is not None
    )
    steps = tuple(_steps(record, register))
    attested = attest(record, phase_chapters, cut, register)
    return Composition(
        record=record,
        outcome=_final(record, phase_chapters, attested, cut, after),
        facts=facts,
        chapters=phase_chapters,
        pauses=run_pauses,
        cut=cut,
        steps_after=after,
        site=site_rows(record, register),
        steps=steps,
        attested=attested,
        roll_up=_roll_up(phase_chapters, run_pauses, steps, facts),
        holds=tuple(_hold_evidence(record, register)),
        evidence=register.all,
    )


def documents(composition: Composition) -> tuple[Document, ...]:
    """Render the documents, report.json and SHA256SUMS, in this order."""
    cited = Evidences(composition.evidence)
    data = _data(composition)
    # In one pass: redacting each value wherever it is printed took thousands of calls for a small report.
    cited.inert.add((*_texts(data), *(text for title in TITLES for text in (title.title, title.question))))
    shared = _shared(composition, cited)
    rendered = tuple(
        Document(name=title.document, data=_rendered(composition, title, cited, shared)) for title in TITLES
    )
    files = (*rendered, Document(name=REGISTER, data=_json(data, cited.inert)))
    return (*files, Document(name=SUMS, data=sums_of({file.name: sha256_hex(file.data) for file in files})))


def is_sound(record: RunRecord) -> bool:
    """Return whether the journal is what was written: by its anchor or, if there is none, by its chain alone."""
    return record.journal.outcome in {Outcome.PASS, Outcome.PARTIAL} and not record.journal.torn_bytes


def _shared(composition: Composition, cited: Evidences) -> dict[str, object]:
    """Return what the templates of all documents can reach."""
    head = composition.record.head
    values: dict[str, object] = {
        "made": composition,
        "head": head,
        "sound": is_sound(composition.record),
        "live": head.mode is Mode.LIVE,
        "ending": _ending(composition.record),
        "borne_out": composition.outcome in {Outcome.PASS, Outcome.PARTIAL},
        "sources": {piece.id: piece.source for piece in composition.evidence},
        "labels": {piece.id: piece.asked for piece in composition.evidence},
        "answer": cited.answers(),
        "cite": cited.citations(),
        "next": tuple(_next(move, head.run_id) for move in _moves(head)),
    }
    steps = (*(() if composition.cut is None else (composition.cut,)), *composition.steps_after)
    tables = {step.what: _table(step, cited, values) for step in steps}
    return {**values, "tables": tables}


def _table(step: Deltas, cited: Evidences, shared: dict[str, object]) -> Trusted:
    """Render the rows of one step, which stand in several documents."""
    signed = {number: Trusted(f"{number:+d}") for row in step.rows for number in (row.expected, row.actual or 0)}
    text = render("run/_deltas.md.j2", cited, {**shared, "deltas": step, "signed": signed})
    return Trusted(text.decode().removesuffix("\n"))


def _rendered(composition: Composition, title: Title, cited: Evidences, shared: dict[str, object]) -> bytes:
    chapter = next((section for section in composition.chapters if section.title is title), None)
    pause = next((section for section in composition.pauses if section.title is title), None)
    template = "pause" if pause else "closeout" if title is TITLES[-1] else "phase"
    fenced = tuple(map(_fenced, pause.rulings)) if pause else ()
    of_document = {
        "chapter": chapter,
        "last": chapter.last if chapter else None,
        "pause": pause,
        "title": title,
        "fenced": fenced,
    }
    return render(f"run/{template}.md.j2", cited, {**shared, **of_document})


def _moves(head: Head) -> tuple[Move, ...]:
    """Return the legal moves; the one to report only if there is no other."""
    legal = legal_moves(head.state, head.mode)
    return tuple(move for move in legal if move is not Move.REPORT) or tuple(legal)


def _next(move: Move, run_id: str) -> NextStep:
    # Nothing is to be done where only the report is left, which is being written.
    return NextStep(said=_NEXT[move], command="" if move is Move.REPORT else command_of(move, run_id))


def _fenced(ruling: RulingTold) -> Trusted:
    """Return the statement in its fence, which is longer than any run of backticks in it, so that it is not ended."""
    return Trusted("\n".join((f"{ruling.fence}json", *ruling.lines, ruling.fence)))


def _ending(record: RunRecord) -> str:
    """Return the word by which the template of the closing document chooses its text."""
    state = record.head.state
    if state.family is not Family.ACTIVE:
        return state.family.value
    if state.stage is not Stage.CLOSEOUT_REPORTED:
        return "resting"
    return "edited" if record.head.is_edit else "closed"


def _data(composition: Composition) -> object:
    """Return report.json as data, before its texts are made inert."""
    head = composition.record.head
    summary = Summary(
        run_id=head.run_id,
        mode=head.mode,
        state=head.state.name,
        outcome=composition.outcome,
        documents=tuple(title.document for title in TITLES),
        roll_up=composition.roll_up,
        deltas=tuple(step for step in (composition.cut, *composition.steps_after) if step is not None),
        attestation=composition.attested,
        journal_head=composition.record.journal.head.hash if composition.record.journal.head else "",
        evidence=composition.evidence,
    )
    data: object = summary.model_dump(mode="json", by_alias=True)
    return data


def _json(data: object, inert: Inert) -> bytes:
    return indented_json(_inert(data, inert), 1) + b"\n"


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
    """Return the value without secrets and control characters in any text of it, in the order of its keys."""
    match value:
        case str():
            return inert[value]
        case dict():
            return {key: _inert(inner, inert) for key, inner in sorted(value.items())}
        case list():
            return [_inert(inner, inert) for inner in value]
        case _:
            return value


def _profile_in_words(head: Head) -> str:
    own = head.profile_sha256
    return f"{head.profile} (the operator's own, profile.toml, sha256 {own})" if own else head.profile


def _facts(record: RunRecord, register: Register) -> Facts:
    head, at = record.head, record.ended_at
    state = (
        f"{head.state.name}, reached at {shown_time(head.changed_at)}; stage {head.state.stage}, {head.state.family}"
    )
    request = f"{head.mode} run of {head.docprefix} from {head.origin}, profile {_profile_in_words(head)}, started at {shown_time(head.started_at)} by {head.operator} on {head.host}"
    plan = "none"
    if head.plan_digest and head.n_units is not None:
        plan = f"{counted(head.n_units, 'unit')}, plan digest {head.plan_digest}, content digest {head.content_digest}"
    verdict = record.journal
    torn_words = f"; {verdict.torn_bytes} bytes of a torn record at its end" if verdict.torn_bytes else ""
    head_words = f"; head {verdict.head.hash}" if verdict.head else ""
    return Facts(
        run=register.put("R.run", "what was asked for", head.kept_in, request, head.started_at),
        state=register.put("R.state", "where the run is", head.kept_in, state, head.changed_at),
        plan=register.put("R.plan", "its plan", head.kept_in, plan, at, head.plan_digest),
        journal=register.put("R.journal", "its journal", "journal.jsonl", f"{verdict.outcome}: {verdict.detail}{torn_words}{head_words}", at),
        source=register.put("R.source", "its source", head.kept_in, f"sha256 {head.source_sha256}" if head.source_sha256 else "see the check of the phase", at, head.source_sha256),
    )  # fmt: skip


def _steps(record: RunRecord, register: Register) -> list[Step]:
    """Return the recorded steps that are no phases, in their order; those without the journal's key are PARTIAL."""
    steps = []
    for event in record.events:
        if event.found is None:
            record_words = f"at {shown_time(event.at)} by {event.actor} in transaction {event.xid}: {event.text}"
            source = f"{register.tables['cutter_governance.run_event']}, row {event.id}"
            name = register.put(
                f"{PREFIX[Phase.CLOSEOUT]}.step-{event.id}", f"the step {event.phase}", source, record_words, event.at
            )
            if event.is_ours:
                steps.append(Step(name=event.phase, outcome=event.outcome, evidence=name))
            else:
                foreign_step = f"{event.phase}, written by {event.actor} without the journal's key"
                steps.append(Step(name=foreign_step, outcome=Outcome.PARTIAL, evidence=name))
    return steps


def _hold_evidence(record: RunRecord, register: Register) -> list[str]:
    holds = record.ledger.holds if record.ledger else ()
    return [
        register.put(f"{PREFIX[Phase.CLOSEOUT]}.hold-{number}", f"HOLD {hold.action}", register.tables["cutter_governance.hold_event"], f"{hold.action} at {shown_time(hold.at)} by {hold.by}: {hold.reason}", hold.at)
        for number, hold in enumerate(holds, 1)
    ]  # fmt: skip


def _roll_up(
    phase_chapters: tuple[Chapter, ...], run_pauses: tuple[Pause, ...], steps: tuple[Step, ...], facts: Facts
) -> tuple[RollUp, ...]:
    attempts = [chapter.last for chapter in phase_chapters]
    lines = [
        _line(chapter, attempt.took_ms if attempt else None, attempt.kept if attempt else facts.state)
        for chapter, attempt in zip(phase_chapters, attempts, strict=True)
    ]
    lines += [
        _line(pause, None, pause.used or (pause.rulings[-1].statement if pause.rulings else facts.state))
        for pause in run_pauses
    ]
    edited = next((step for step in steps if step.name == Operation.EDIT), None)
    if edited is not None:
        lines = [_edited(line, edited) if line.document == _CUT.document else line for line in lines]
    return tuple(sorted(lines, key=lambda line: line.document))


_CUT = next(title for title in TITLES if title.phase is Phase.CUT_LEG_A)


def _edited(line: RollUp, edit: Step) -> RollUp:
    """Put an edit's one transaction into the line of the cut, which an edit does not have."""
    is_known_outcome = edit.outcome in Outcome.__members__
    outcome = Outcome(edit.outcome) if is_known_outcome else Outcome.INCONCLUSIVE
    update = {"outcome": outcome, "detail": "the edits, in one transaction", "evidence": edit.evidence}
    return line.model_copy(update=update)


def _line(section: Chapter | Pause, took_ms: int | None, evidence: str) -> RollUp:
    return RollUp(
        document=section.title.document,
        title=section.title.title,
        outcome=section.outcome,
        detail=section.detail,
        took_ms=took_ms,
        evidence=evidence,
    )


def _final(
    record: RunRecord,
    phase_chapters: tuple[Chapter, ...],
    attested: tuple[Attested, ...],
    cut: Deltas | None,
    after: tuple[Deltas, ...],
) -> Outcome:
    """Judge the whole report: PASS only for a LIVE run that is closed, and nothing measured of it may be worse.

    A closed run without the record of a phase is FAIL, and so is a journal that is not what was written. A known
    failure takes precedence over missing measurements.
    """
    outcomes = (
        [judged.outcome for judged in phase_chapters]
        + [judged.outcome for judged in attested]
        + [judged.outcome for judged in after]
    )
    measured: list[Outcome] = [outcome for outcome in outcomes if outcome is not Outcome.NOT_RUN]
    measured += [cut.outcome] if cut is not None and cut.counted else []
    measured.append(record.journal.outcome if is_sound(record) else Outcome.FAIL)
    closed = _ending(record) == "closed"
    if closed and any(chapter.unreached for chapter in phase_chapters):
        measured.append(Outcome.FAIL)
    return worst_known([*measured, *([] if closed and record.head.mode is Mode.LIVE else [Outcome.PARTIAL])])
