"""The texts of the history on Overview: pure functions of its points and the width."""

from collections.abc import Callable, Sequence
from datetime import datetime

from console.backend.model.outcome import Outcome
from console.backend.model.readiness import urgency
from console.screens.history import Point
from console.widgets.bars import switch_tone
from console.widgets.formatting import UNKNOWN, count, in_column, signed
from console.widgets.line import Line, Span, Tone, line, outcome_tone

_BARS = "▁▂▃▄▅▆▇"
_NOTHING = " "
_LABEL, _LABEL_WIDE, _WIDE = 20, 31, 100
"""Cells of the names, and the width from which on they have more."""
_FEWEST_BARS, _MOST_BARS = 4, 60
_LONGEST_WORD = " not reached"
"""The longest word behind the signs of the switch and the gates."""
_SWITCH = {"OFF": "·", "ARMED": "A", "HOLD": "H", "UNREADABLE": "?"}
_GATES = {
    Outcome.PASS: "·",
    Outcome.PARTIAL: "~",
    Outcome.NOT_RUN: "n",
    Outcome.INCONCLUSIVE: "?",
    Outcome.FAIL: "F",
}
_BY_URGENCY = ("HOLD", "UNREADABLE", "ARMED", "OFF", "")


def history_title(points: Sequence[Point]) -> str:
    """Return `History, 13:04 to 14:03 UTC`, with the days where they differ."""
    if not points:
        return "History"
    first, last = points[0].at, points[-1].at
    day = "" if first.date() == last.date() else f"{first:%Y-%m-%d} "
    to_day = f"{last:%Y-%m-%d} " if day else ""
    return f"History, {day}{first:%H:%M} to {to_day}{last:%H:%M} UTC"


def history_lines(points: Sequence[Point], width: int, rows: int) -> list[Line]:
    """Return a line for the switch, one for the gates, and one for each table, those that changed first.

    Each line has a character for each part of the time: what was worst in it, and of a table what was there at its end.
    A part in which nothing was measured is empty. The last word is what is so now.
    """
    if len({point.at for point in points}) < 2:
        return [line(Span("It begins with the second measurement.", "muted"))]
    # No more parts than points: between two measurements nothing is missing.
    label = _LABEL_WIDE if width >= _WIDE else _LABEL
    tables = [table for table, _ in points[-1].counts]
    now = {table: _rows_now(points, table) for table in tables}
    room = width - label - 1 - max(len(words) for words in (*now.values(), _LONGEST_WORD))
    parts = _parts(points, min(max(room, _FEWEST_BARS), _MOST_BARS, len(points)))
    series = {table: [_rows_at_end(part, table) for part in parts] for table in tables}
    by_change = sorted(tables, key=lambda table: len({rows for rows in series[table] if rows is not None}) < 2)
    shown = by_change[: max(rows - 2, 0)]
    return [
        _switch(parts, label),
        _gates(parts, label),
        *(_table(table, series[table], now[table], label) for table in shown),
    ]


def _parts(points: Sequence[Point], number: int) -> list[list[Point]]:
    """Return the points of each of so many equal parts of the time from the first to the last."""
    first, last = points[0].at, points[-1].at
    parts: list[list[Point]] = [[] for _ in range(number)]
    for point in points:
        parts[_part_of(point.at, first, last, number)].append(point)
    return parts


def _part_of(at: datetime, first: datetime, last: datetime, number: int) -> int:
    return min(max(int((at - first) / (last - first) * number), 0), number - 1)


def _switch(parts: list[list[Point]], label: int) -> Line:
    def sign(part: list[Point]) -> Span:
        if not part:
            return Span(_NOTHING)
        if not all(point.reached for point in part):
            return Span("x", "bad")
        word = min((point.switch for point in part), key=_BY_URGENCY.index)
        return Span(_SWITCH.get(word, "?"), "muted" if word == "OFF" else switch_tone(word))

    return _line_of(
        f"{'switch':<{label}}", parts, sign, parts[-1][-1].switch if parts[-1][-1].reached else "not reached"
    )


def _gates(parts: list[list[Point]], label: int) -> Line:
    def sign(part: list[Point]) -> Span:
        outcomes = [point.gates for point in part if point.gates is not None]
        if not outcomes:
            return Span(_NOTHING)
        outcome = min(outcomes, key=urgency)
        tone: Tone = "muted" if outcome is Outcome.PASS else outcome_tone(outcome.value)
        return Span(_GATES[outcome], tone)

    last = parts[-1][-1].gates
    return _line_of(f"{'gates':<{label}}", parts, sign, "not measured" if last is None else last.value)


def _line_of(label: str, parts: list[list[Point]], sign: Callable[[list[Point]], Span], now: str) -> Line:
    signs: list[Span] = []
    for span in map(sign, parts):
        if signs and signs[-1].tone == span.tone:
            signs[-1] = Span(signs[-1].text + span.text, span.tone)
        else:
            signs.append(span)
    return line(Span(f"{label} ", "muted"), *signs, f" {now}")


def _rows_at_end(part: list[Point], table: str) -> int | None:
    return next((rows for point in reversed(part) for name, rows in point.counts if name == table), None)


def _rows_now(points: Sequence[Point], table: str) -> str:
    """Return the rows at the end, and how many they are more than at the beginning."""
    known = [rows for point in points for name, rows in point.counts if name == table and rows is not None]
    if not known:
        return ""
    last = UNKNOWN if dict(points[-1].counts)[table] is None else count(known[-1])
    return f" {last}" + (f"  {signed(known[-1] - known[0])}" if known[-1] != known[0] else "")


def _table(table: str, series: list[int | None], now: str, label: int) -> Line:
    known = [rows for rows in series if rows is not None]
    name = Span(f"{in_column(table.rpartition('.')[2], label)} ", "muted")
    if not known:
        return line(name, Span("INCONCLUSIVE", "warn"))
    bars = "".join(_NOTHING if rows is None else _bar(rows, min(known), max(known)) for rows in series)
    return line(name, Span(bars, "muted" if known[-1] == known[0] else "accent"), now)


def _bar(rows: int, least: int, most: int) -> str:
    return _BARS[0] if most == least else _BARS[(rows - least) * (len(_BARS) - 1) // (most - least)]
