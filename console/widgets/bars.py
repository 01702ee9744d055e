"""The two bars of every screen: screens, switch and target at the top, keys at the bottom."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from console.actions.actions import Action, key_name
from console.widgets.formatting import clock
from console.widgets.line import Line, Span, Tone, line, plain
from console.widgets.panel import Lines

if TYPE_CHECKING:
    from console.backend.model.view_models import Status

_TABS = (
    ("1", "Overview"),
    ("2", "Documents"),
    ("3", "Run"),
    ("4", "Approvals"),
    ("5", "Gates"),
    ("6", "Drift"),
)
_ROOMY = 100
"""Number of columns from which on the names of the screens stand further apart."""


def tabs(title: str, width: int) -> Line:
    """Return the screens with their keys; on a narrow screen with the name of the shown one alone."""
    compact = _tabs(title, all_names=True)
    if width >= _ROOMY and len(plain(_tabs(title, all_names=True, gap=" "))) <= width:
        return _tabs(title, all_names=True, gap=" ")
    return compact if len(plain(compact)) <= width else _tabs(title, all_names=False)


def _tabs(title: str, *, all_names: bool, gap: str = "") -> Line:
    spans: list[Span] = []
    for key, name in _TABS:
        is_current = name == title
        spans.append(Span(f" {key}{gap}", "muted"))
        if is_current or all_names:
            spans.append(Span(f"[{name}]" if is_current else f" {name}{gap}", "strong" if is_current else "plain"))
    return tuple(spans)


def badges(status: "Status | None", old: str, *, read_only: bool, demo: bool) -> Line:
    """Return demo, read-only and the switch in words; `old` is the age of a measurement that could not be repeated."""
    spans: list[Span] = []
    if demo:
        spans.append(Span(" DEMO ", "accent"))
    if read_only:
        spans.append(Span(" READ-ONLY ", "accent"))
    if status is None:
        return (*spans, Span(" switch not measured", "muted"))
    word, expires = status.switch.state.value, status.switch.expires_at
    until = f" until {clock(expires)}" if expires is not None and word == "ARMED" else ""
    text = f" switch {word}{until}{f' {old}, NOT CURRENT' if old else ''}"
    return (*spans, Span(text, "warn" if old else switch_tone(word)))


def switch_tone(word: str) -> Tone:
    """Return the tone of the switch's state; off is the good one."""
    return "good" if word == "OFF" else "warn" if word == "ARMED" else "bad"


def where(status: "Status | None", reason: str) -> Line:
    """Return the database that this console works on, in full."""
    if status is None:
        return line(Span(f" {reason}", "muted"))
    if status.target is None:
        return line(Span(" DATABASE NOT REACHED  ", "bad"), Span(str(status.unreachable)))
    target = status.target
    return line(
        Span(" database ", "muted"),
        f"{target.database} at {target.host}",
        Span("  system ", "muted"),
        target.system_identifier,
        Span("  timeline ", "muted"),
        str(target.timeline),
        Span("  role ", "muted"),
        status.role or "not known",
    )


class TopBar(Lines):
    """Two lines: the screens with the badges, and the target."""

    def draw(self, title: str, status: "Status | None", reason: str, old: str, *, read_only: bool, demo: bool) -> None:
        """Draw for the screen of this title."""
        right = badges(status, old, read_only=read_only, demo=demo)
        left = tabs(title, self.size.width - len(plain(right)))
        gap = max(self.size.width - len(plain(left)) - len(plain(right)), 0)
        self.show([(*left, Span(" " * gap), *right), where(status, reason)])


def key_line(actions: Sequence[Action], width: int) -> Line:
    """Return the footer: the stop key and the help key, then as many actions as fit."""
    spans: list[Span] = []
    rest = width
    # A narrow screen drops the last actions: stopping and help are never dropped.
    shown = sorted((a for a in actions if a.short), key=lambda a: a.name not in {"panic", "help"})
    for action in shown:
        key, word = key_name(action.keys[0]), action.short
        needed = len(key) + len(word) + 3
        if needed > rest:
            continue
        rest -= needed
        spans.extend(
            (Span(f" {key}", "bad" if action.name == "panic" else "accent"), Span(f" {word}", "plain"), Span(" "))
        )
    return tuple(spans)


class KeyBar(Lines):
    """The keys of this screen, made from the registry."""

    def draw(self, actions: Sequence[Action]) -> None:
        """Draw these actions' keys."""
        self.show([key_line(actions, self.size.width)])
