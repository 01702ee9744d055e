"""document diff: what differs between the texts of a document that are in force at two moments."""

from collections.abc import Iterator

from console.backend.model.as_of import moment_of
from console.backend.model.counting import counted
from console.backend.model.diff_text import DiffedPart, DiffKind, marked
from console.backend.model.errors import ExitStatus
from console.backend.model.outcome import Outcome
from console.backend.model.safe_text import safe_lines
from console.backend.model.shown_time import shown_time
from console.backend.runs.state_comparison import DocumentDiff, UnitChange, compare_states
from console.cli.arguments import Options
from console.cli.installation import installation_of
from console.cli.output import emit_law, report
from console.cli.state_requests import DiffDocument

_CONTEXT = 60
"""Characters of an unchanged stretch that are shown on each side of a change."""


def diff(options: Options, request: DiffDocument) -> ExitStatus:
    """Compare the states in force at two moments, unit by unit. That they differ is an answer, not a failure."""
    old = moment_of("--from", request.from_)
    new = moment_of("--to", request.to) if request.to else None
    answer = compare_states(installation_of(options), request.docprefix, old, new)
    if options.json:
        return report(options, "document diff", Outcome.PASS, (), answer)
    emit_law(_lines(answer))
    return ExitStatus.DONE


def _lines(answer: DocumentDiff) -> Iterator[str]:
    for name, side in (("from", answer.old), ("to", answer.new)):
        yield f"{name:<5} state {side.state} of {answer.docprefix}, run {side.run_id}, as of {shown_time(side.as_of)}: {counted(side.n_units, 'unit')}"
    yield (
        f"{answer.unchanged:,} unchanged, {len(answer.changed):,} changed, {len(answer.added):,} new, {len(answer.gone):,} gone"
        f"{f', {answer.reordered:,} in another place' if answer.reordered else ''}"
    )
    if answer.between is None:
        yield "the text between the units is not compared: version 0.2.0 did not keep it"
    elif answer.between:
        lines = [line for piece in answer.between for line in piece.lines]
        yield f"changed  the text between the units{'' if lines else ', in space and line ends alone'}"
        yield from lines
    for unit in answer.changed:
        yield from _change_lines(unit)
    yield from (f"new      {unit.address}  {unit.title}" for unit in answer.added)
    yield from (f"gone     {unit.address}  {unit.title}" for unit in answer.gone)
    yield from (f"perhaps  {move.old} is now {move.new}: the words are the same" for move in answer.renumbered)


def _change_lines(unit: UnitChange) -> Iterator[str]:
    yield f"changed  {unit.address}"
    for change in unit.fields:
        yield f"  {change.field.value}: {change.old or '-'} is now {change.new or '-'}"
    yield from _body_lines(unit.body)


def _body_lines(parts: tuple[DiffedPart, ...]) -> Iterator[str]:
    body = "".join(_marked(number, len(parts), part) for number, part in enumerate(parts))
    yield from (f"  {line}" for line in safe_lines(body.removesuffix("\n")) if body)


def _marked(number: int, parts: int, part: DiffedPart) -> str:
    match part.kind:
        case DiffKind.KEPT:
            return _shortened(number, parts, part.text)
        case DiffKind.REMOVED:
            return marked(part.text, "")
        case DiffKind.ADDED:
            return marked("", part.text)


def _shortened(number: int, parts: int, text: str) -> str:
    """Return a stretch that both have, without what is far from any change."""
    if len(text) <= 2 * _CONTEXT:
        return text
    head = text[:_CONTEXT] if number else ""
    tail = text[-_CONTEXT:] if number < parts - 1 else ""
    return f"{head}[...]{tail}"
