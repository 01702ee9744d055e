"""fleet status: a row for each named installation, all of them read at once."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache

from console.backend.fleet import FleetReader
from console.backend.host.named_installations import NamedInstallation, file_path, named, read_named
from console.backend.model.errors import ExitStatus, StopCode, UsageError
from console.backend.model.fleet import Fleet, FleetRow
from console.backend.model.fleet_words import NOT_KNOWN, counts_words, measured_words, switch_words, waits_words
from console.backend.model.outcome import Outcome
from console.cli.arguments import Options
from console.cli.fleet_requests import FleetStatus
from console.cli.installation import operator
from console.cli.output import as_typed, report

_HEAD = ("NAME", "BANNER", "DATABASE", "SWITCH", "COUNTS", "WAITS", "JOURNAL", "MEASURED")
_WIDEST = 44
"""Longest text in a column but the last one; the reason of a row without an answer stands whole."""


def status(options: Options, request: FleetStatus) -> ExitStatus:
    """Print a row for each installation. A HOLD in any of them has an exit status of its own, as in `status`."""
    fleet = _reader().read(_entries(options), request.timeout)
    exit_status = report(options, "fleet status", fleet.outcome, _lines(options, fleet), fleet)
    return ExitStatus.HOLD if any(row.is_held for row in fleet.rows) else exit_status


@cache
def _reader() -> FleetReader:
    """Return the one reader of this process: with --watch it knows what it has asked already."""
    return FleetReader(operator())


def _entries(options: Options) -> Mapping[str, NamedInstallation]:
    """Return the installations that are meant. Raises UsageError for an unknown name, and for a file without any."""
    if options.installation:
        return {name: named(name) for name in options.installation}
    entries = read_named().installation
    if not entries:
        message = f"no installation is named in {file_path()}"
        action = 'Name some there: [installation.NAME] and, below it, root = "/the/runtime/tree"'
        raise UsageError(StopCode.REFUSED_INPUT, message, action)
    return entries


def _lines(options: Options, fleet: Fleet) -> list[str]:
    table = [_HEAD, *(_cells(row, fleet.measured_at) for row in fleet.rows)]
    widths = [max(len(cells[column]) for cells in table) for column in range(len(_HEAD))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() for cells in table
    ]
    for row in fleet.rows:
        lines += _notes(options, row)
    return [*lines, "gates      not measured here; of one: cutter-console -P NAME gates"]


def _cells(row: FleetRow, now: datetime) -> tuple[str, ...]:
    status = row.status
    target = status.target if status is not None else None
    place = f"{target.database} at {target.host}, timeline {target.timeline}" if target is not None else "NOT MEASURED"
    cells = (
        row.name,
        row.banner or "-",
        place,
        switch_words(status.switch) if status is not None else NOT_KNOWN,
        counts_words(row),
        waits_words(row),
        row.journal.outcome.value if row.journal is not None else "-",
    )
    return (*(_short(cell) for cell in cells), measured_words(row, now))


def _short(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _notes(options: Options, row: FleetRow) -> list[str]:
    """Return what does not fit into the row: the reason, what waits, what is wrong with the journal."""
    lines = []
    if row.reason:
        lines.append(f"reason     {row.name}: {row.reason}; next: {as_typed(options, row.next_action)}")
    if row.same_database_as:
        lines.append(f"same       {row.name} leads to the same database as {', '.join(row.same_database_as)}")
    if row.status is not None and row.status.target is not None:
        if row.is_held:
            switch = row.status.switch
            lines.append(f"hold       {row.name}: {switch.reason} ({switch.by})")
        lines += [f"waits      {row.name}: {wait.what} ({wait.run_id or '-'})" for wait in row.status.waiting]
    if row.journal is not None and row.journal.outcome not in {Outcome.PASS, Outcome.PARTIAL}:
        lines.append(f"journal    {row.name}: {row.journal.run_id}: {row.journal.detail}")
    elif row.journal is None and row.outcome is Outcome.INCONCLUSIVE and not row.reason:
        lines.append(f"journal    {row.name}: {row.journal_note}")
    return lines
