"""Texts of the Fleet screen: pure functions of the rows and the time."""

import shlex
from datetime import datetime
from functools import partial

from rich.cells import cell_len

from console.actions.keys_in_force import told
from console.backend.model.fleet import Fleet, FleetRow
from console.backend.model.fleet_words import NOT_KNOWN, counts_words, measured_words, switch_words, waits_words
from console.backend.model.full_command import command_for
from console.backend.model.outcome import Outcome
from console.backend.model.view_models import Status, SwitchState
from console.screens.gates_text import mark
from console.widgets.bars import switch_tone
from console.widgets.formatting import clock, plural, shortened
from console.widgets.line import Line, Span, Tone, line
from console.widgets.narrowing import Row
from console.widgets.wrap import labelled, wrapped

NOTHING = "No installation is named. Their file: cutter-console config path"
_OUTCOME, _NAME, _BANNER, _SWITCH, _WAITS = 14, 12, 12, 19, 8
_COUNTS, _WIDER_COUNTS, _WIDE = 16, 26, 108
_ROOMY = 90
"""Columns of a row from which on counts stand in it."""
_labelled = partial(labelled, column=10)
_HOW_TO_NAME = (
    "Name those that you look after once, in a file of your own; `cutter-console config path` says where it is looked for:",
    "",
    "[installation.prod]",
    'root = "/var/lib/cutter"',
    'banner = "PRODUCTION"',
    "",
    "More: <guide>, Several installations, by name",
)
_COPY = "Enter opens it here; <copy_focus> copies this command, for another terminal, where it only reads"


def list_title(fleet: Fleet | None, now: datetime, *, is_old: bool) -> str:
    """Return the number of installations, and how many were not measured; the age if they could not be read again."""
    if fleet is None:
        return "Fleet"
    silent = sum(1 for row in fleet.rows if not _is_measured(row))
    old = f", read {round((now - fleet.measured_at).total_seconds())} s ago, NOT CURRENT" if is_old else ""
    return f"Fleet: {plural(len(fleet.rows), 'installation')}{f', {silent} NOT MEASURED' if silent else ''}{old}"


def _is_measured(row: FleetRow) -> bool:
    return row.status is not None and row.status.target is not None


def _switch(row: FleetRow) -> Span:
    """Return the switch in the words that matter at a distance; a silent database is never `off`."""
    if row.status is None:
        return Span(NOT_KNOWN, "warn")
    switch = row.status.switch
    if switch.state is SwitchState.UNREADABLE:
        return Span(NOT_KNOWN, "warn")
    word = switch.state.value if switch.state is not SwitchState.OFF else "off"
    if switch.state is SwitchState.ARMED and switch.expires_at is not None:
        word = f"ARMED to {clock(switch.expires_at)}"
    elif switch.state is SwitchState.HOLD and switch.since is not None:
        word = f"HOLD {switch.since:%m-%d %H:%M}"
    return Span(word, switch_tone(switch.state.value))


def _mark(row: FleetRow) -> Span:
    """Return symbol and word. `PASS` would be taken for that of the gates, which are not measured here."""
    outcome = mark(row.outcome)
    return Span("✓ measured", outcome.tone) if row.outcome is Outcome.PASS else outcome


def row(row: FleetRow, now: datetime, width: int) -> Row:
    """Return outcome, name, banner, switch, what waits, age and, where there is room, counts."""
    switch = _switch(row)
    tone: Tone = "muted" if _is_measured(row) else "warn"
    spans = [
        Span(f"{_mark(row).text:<{_OUTCOME + 1}}", _mark(row).tone),
        Span(_cell(row.name, _NAME), "strong"),
        Span(_cell(row.banner, _BANNER), "accent"),
        Span(_cell(switch.text, _SWITCH), switch.tone),
    ]
    is_roomy = width >= _ROOMY
    # On a narrow screen the age of a last answer has the place of what is not known.
    if is_roomy or _is_measured(row):
        waits = f"{waits_words(row)} wait" if _is_measured(row) else ""
        spans.append(Span(_cell(waits, _WAITS), "strong" if row.waits else "muted"))
    if is_roomy:
        spans.append(
            Span(_cell(counts_words(row) if _is_measured(row) else "", _WIDER_COUNTS if width >= _WIDE else _COUNTS))
        )
    spans.append(Span(measured_words(row, now), tone))
    alarm = "" if row.outcome is Outcome.PASS else row.outcome.value
    columns = (
        ("name", str(row.name)),
        ("banner", str(row.banner)),
        ("switch", switch.text),
        ("outcome", row.outcome.value),
    )
    return Row(tuple(spans), str(row.name), alarm, f"{row.reason} {row.root}", columns)


def _cell(text: str, width: int) -> str:
    shown = shortened(str(text), width - 1)
    return shown + " " * (width - cell_len(shown))


def opens(row: FleetRow) -> str:
    """Return the command that opens the console on the installation."""
    return f"cutter-console -P {shlex.quote(str(row.name))}"


def looks_at(row: FleetRow) -> str:
    """Return the command that opens the console on the installation for reading only, whatever its entry allows."""
    return f"{opens(row)} --read-only"


def detail(row: FleetRow, now: datetime, width: int) -> list[Line]:
    """Return all that is known of an installation, or why nothing is."""
    measured = measured_words(row, now)
    answer = f"its last answer: {measured.removeprefix('last ')}"
    if _is_measured(row):
        answer = measured if row.outcome is Outcome.PASS else f"measured {measured}"
    lines = [line(_mark(row), f"  {answer}")]
    if row.reason:
        lines += _labelled("reason", str(row.reason), width, "bad")
        lines += _labelled("next", command_for(str(row.next_action), str(row.name)), width, "strong")
    if row.same_database_as:
        lines += _labelled("same as", f"leads to the same database as {', '.join(row.same_database_as)}", width, "warn")
    if row.status is not None:
        lines += _status(row.status, width)
    lines += _journal(row, width)
    lines += _labelled("gates", "not measured here", width, "muted")
    lines += _labelled("root", str(row.root), width)
    lines += _labelled("mode", "for reading only" if row.read_only else "may write", width)
    if not row.read_only:
        lines += _labelled("opens by", opens(row), width)
    return [*lines, *_labelled("looks by", looks_at(row), width, "strong"), *_labelled("", told(_COPY), width, "muted")]


def _status(status: Status, width: int) -> list[Line]:
    lines: list[Line] = []
    if (target := status.target) is not None:
        lines += _labelled("database", f"{target.database} at {target.host}", width, "strong")
        lines += _labelled("system", f"{target.system_identifier}, timeline {target.timeline}", width)
        lines += _labelled("server", f"PostgreSQL {status.server_version}, role {status.role}", width)
    switch = status.switch
    unreadable = switch.state is SwitchState.UNREADABLE
    lines += _labelled("switch", switch_words(switch), width, "warn" if unreadable else switch_tone(switch.state.value))
    if switch.by or switch.reason:
        lines += _labelled("", f"{switch.by}{': ' if switch.by and switch.reason else ''}{switch.reason}", width)
    if target is None:
        return lines
    for wait in status.waiting:
        since = f", since {clock(wait.since)}" if wait.since is not None else ""
        lines += _labelled("waits", f"{wait.what}{since}", width, "strong")
    if not status.waiting:
        lines += _labelled("waits", "nothing", width)
    for count in status.counts:
        lines += _labelled("rows", f"{count.table} {'INCONCLUSIVE' if count.rows is None else count.rows}", width)
    return lines


def _journal(row: FleetRow, width: int) -> list[Line]:
    if row.journal is None:
        return _labelled("journal", str(row.journal_note) or NOT_KNOWN, width, "muted")
    journal = row.journal
    text = f"{journal.outcome.value} of {journal.run_id}: {journal.detail}"
    return _labelled("journal", text, width, "bad" if journal.outcome is Outcome.FAIL else "plain")


def how_to_name(width: int) -> list[Line]:
    """Return how installations are named, where none is."""
    return [line(row) for words in _HOW_TO_NAME for row in wrapped(told(words), width)]
