"""document list|show|history, unit history: what is, was or will be in force, read as the monitoring role."""

import sys
from datetime import datetime

from console.backend.model.as_of import moment_of
from console.backend.model.counting import counted
from console.backend.model.errors import ExitStatus
from console.backend.model.outcome import Outcome
from console.backend.model.safe_text import SafeText, safe_lines
from console.backend.model.shown_time import in_force, shown_time, until
from console.backend.model.value import Value
from console.backend.runs.document_states import (
    DocumentView,
    ShownDocument,
    StateText,
    StateView,
    history_of,
    list_documents,
    text_as_of,
)
from console.backend.runs.unit_states import UnitHistory, VersionView, history_of_unit
from console.cli.arguments import Options
from console.cli.installation import installation_of
from console.cli.output import narrate, report
from console.cli.plans import keep_new_file
from console.cli.printing import emit, emit_bytes
from console.cli.state_requests import OneDocument, OneUnit, ShowDocument
from console.cli.watching import Watching

_MOST_EDITED = 5
"""Edited units that a sentence names; the object of --json has all of them."""


class Documents(Value):
    """The registered documents."""

    documents: tuple[DocumentView, ...]


class DocumentHistory(Value):
    """Every state of a document."""

    docprefix: str
    states: tuple[StateView, ...]


class WrittenDocument(ShownDocument):
    """The text of a state, where it was written."""

    path: SafeText
    bytes: int


def list_all(options: Options, _request: Watching) -> ExitStatus:
    """List the registered documents with what is in force of each."""
    documents = list_documents(installation_of(options))
    lines = [
        f"{document.docprefix:<32}  {_units(document.n_units):<14}  {counted(document.n_states, 'state'):<9}  {document.standing}"
        f"  last run {document.last_run or '-'}{f' ({document.last_run_in_words})' if document.last_run else ''}"
        for document in documents
    ]
    return report(options, "document list", Outcome.PASS, lines or ["no documents"], Documents(documents=documents))


def show(options: Options, request: ShowDocument) -> ExitStatus:
    """Write the exact text that is in force at a moment. A terminal gets it with control characters made visible."""
    moment = _moment("--as-of", request.as_of)
    state = text_as_of(installation_of(options), request.docprefix, moment)
    if request.out is not None:
        keep_new_file(request.out, state.text)
        written = WrittenDocument(**dict(state.shown), path=str(request.out), bytes=len(state.text))
        lines = _sentences(state.shown, str(request.out))
        return report(options, "document show", Outcome.PASS, lines, written)
    _emit(state)
    for line in _sentences(state.shown, "standard output"):
        narrate(line)
    return ExitStatus.DONE


def history(options: Options, request: OneDocument) -> ExitStatus:
    """List every state of a document: from when to when it counts, by which run and ruling."""
    states = history_of(installation_of(options), request.docprefix)
    lines = [line for state in states for line in _state_lines(state)]
    answer = DocumentHistory(docprefix=request.docprefix, states=states)
    return report(options, "document history", Outcome.PASS, lines, answer)


def unit_history(options: Options, request: OneUnit) -> ExitStatus:
    """List every version of a unit: who wrote it, and from when to when it counts."""
    unit = history_of_unit(installation_of(options), request.address)
    return report(options, "unit history", Outcome.PASS, _history_lines(unit), unit)


def _moment(option: str, text: str) -> datetime | None:
    """Return the moment that was typed; None for now, which is the database's. Raises UsageError."""
    return moment_of(option, text) if text else None


def _emit(state: StateText) -> None:
    if sys.stdout is not None and sys.stdout.isatty():
        narrate("on a terminal control characters are made visible; for the exact bytes give --out NEW or redirect")
        emit("".join(f"{line}\n" for line in safe_lines(state.text.decode().removesuffix("\n"))))
    else:
        emit_bytes(state.text)


def _sentences(shown: ShownDocument, place: str) -> list[str]:
    lines = [
        f"{counted(shown.n_units, 'unit')} of {shown.docprefix}, state {shown.state},"
        f" {in_force(shown.in_force_from, shown.in_force_until, is_later=shown.is_later)}, by run {shown.run_id}: {place}",
        f"sha256 {shown.sha256}",
    ]
    if shown.equal:
        return [*lines, "equal to the canonical text that was pinned"]
    named = [f"{unit.address} by run {unit.run_id}" for unit in shown.edited[:_MOST_EDITED]]
    more = f" and {len(shown.edited) - _MOST_EDITED:,} more" if len(shown.edited) > _MOST_EDITED else ""
    return [
        *lines,
        f"pinned {shown.canonical_sha256}: it differs by signed edits between cut and enactment alone: {', '.join(named)}{more}",
    ]


def _units(number: int | None) -> str:
    return "- units" if number is None else counted(number, "unit")


def _state_lines(state: StateView) -> list[str]:
    return [
        f"state {state.state}  {state.standing}  {state.operation}  {_units(state.n_units)}  from {shown_time(state.in_force_from)}"
        f"{until(state.in_force_until)}",
        f"  run        {state.run_id}",
        f"  enacted    {shown_time(state.enacted_at)}  by {', '.join(state.decided_by)}",
        f"  ruling     {state.statement_sha256}",
        f"  decision   {state.review_decision_id}",
        f"  source     {state.source_sha256 or '-'}",
        f"  text       {state.canonical_sha256 or '-'}",
        *(f"  report     {path}" for path in state.reports),
    ]


def followed_line(address: str, followed: tuple[str, ...]) -> list[str]:
    """Return the line with the former addresses that led to a unit; none if it is the address itself."""
    return [f"alias      {' is now '.join((*followed, address))}"] if followed else []


def _history_lines(unit: UnitHistory) -> list[str]:
    return [
        *followed_line(unit.address, unit.followed),
        f"address    {unit.address}",
        *([f"before     {', '.join(unit.former)}"] if unit.former else []),
        *(line for version in unit.versions for line in _version_lines(version)),
    ]


def _version_lines(version: VersionView) -> list[str]:
    return [
        f"version {version.version_seq}  {version.standing}  written by {version.operation or '-'} run {version.run_id or '-'}",
        *(
            f"  in force   from {shown_time(period.in_force_from)}{until(period.in_force_until)}, by run {period.run_id}, ruling {period.statement_sha256}"
            for period in version.periods
        ),
        *([f"  title      {version.title or '-'}"] if version.title is not None else []),
        *([f"  body       sha256 {version.body_sha256}"] if version.body_sha256 else []),
    ]
