"""The two bars of every screen: screens, switch and target at the top, keys at the bottom."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from console.actions.actions import STOPPING, Action, key_name
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
    ("7", "Batch"),
    ("8", "Units"),
    ("0", "Journal"),
)
ALL_TABS = frozenset(name.lower() for _, name in _TABS)
"""Names of the actions that go to the screens; a recording has fewer."""
SHORTER = {"Documents": "Docs", "Approvals": "Approve"}
"""Names for a narrow line."""
SHORTEST = {**SHORTER, "Overview": "Over", "Approvals": "Appr", "Journal": "Jrnl"}
"""Names for the narrowest line that still has all of them."""
_ROOMY = 100
"""Number of columns from which on the names of the screens stand further apart."""


def top_line(title: str, width: int, full: Line, short: Line, tabs: frozenset[str] = ALL_TABS) -> Line:
    """Return the screens with their keys, and at the right end the badges, which are given in full and in short.

    On a narrow screen they stand closer, then some names are shorter, then the badges, then more names; if all of it does not fit, the name of the shown
    screen stands alone.
    """
    layouts = (
        *(((_tabs(title, tabs, gap=" "), full),) if width >= _ROOMY else ()),
        (_tabs(title, tabs), full),
        (_tabs(title, tabs, before="")[1:], full),
        (_tabs(title, tabs, before="", names=SHORTER)[1:], full),
        *((_tabs(title, tabs, before="", names=names)[1:], short) for names in ({}, SHORTER, SHORTEST)),
        (_tabs(title, tabs, all_names=False), full),
    )
    fitting = (pair for pair in layouts if sum(len(plain(side)) for side in pair) <= width)
    left, right = next(fitting, layouts[-1])
    return (*left, Span(" " * max(width - len(plain(left)) - len(plain(right)), 0)), *right)


def _tabs(
    title: str,
    tabs: frozenset[str],
    *,
    all_names: bool = True,
    gap: str = "",
    before: str = " ",
    names: Mapping[str, str] = MappingProxyType({}),
) -> Line:
    spans: list[Span] = []
    for key, name in _TABS:
        if name.lower() not in tabs:
            continue
        is_current = name == title
        spans += [Span(" "), Span(f"{key}{gap}", "muted")]
        if is_current or all_names:
            shown = names.get(name, name)
            words = f"[{shown}]" if is_current else f"{before}{shown}{gap}"
            spans.append(Span(words, "strong" if is_current else "plain"))
    return tuple(spans)


def badges(status: "Status | None", old: str, *, read_only: bool, demo: bool, short: bool = False) -> Line:
    """Return demo, read-only and the switch in words; `old` is the age of a measurement that could not be repeated."""
    gap = "" if short else " "
    spans: list[Span] = []
    if demo:
        spans.append(Span(f" DEMO{gap}", "accent"))
    if read_only:
        spans.append(Span(f" READ-ONLY{gap}", "accent"))
    if status is None:
        return (*spans, Span(" switch not measured", "muted"))
    word, expires = status.switch.state.value, status.switch.expires_at
    is_armed = expires is not None and word == "ARMED"
    until = f" until {clock(expires)}" if expires is not None and is_armed else ""
    text = f" switch {word}{until}{f' {old}, NOT CURRENT' if old else ''}"
    if short and word != "OFF" and not old:
        text = f" {word} to {expires:%H:%M}" if is_armed else f" {word}"
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

    def draw(
        self,
        title: str,
        status: "Status | None",
        reason: str,
        old: str,
        *,
        read_only: bool,
        demo: bool,
        tabs: frozenset[str],
        banner: Line = (),
    ) -> None:
        """Draw for the screen of this title. `tabs` are the screens that there are; the banner stands before the target."""
        full = badges(status, old, read_only=read_only, demo=demo)
        short = badges(status, old, read_only=read_only, demo=demo, short=True)
        first = top_line(title, self.size.width, full, short, tabs)
        self.show([first, (*banner, *where(status, reason))])


def key_line(actions: Sequence[Action], width: int) -> Line:
    """Return the footer: the stop key and the help key, then as many actions as fit."""
    spans: list[Span] = []
    rest = width
    # A narrow screen drops the last actions: stopping and help are never dropped.
    shown = sorted((a for a in actions if a.short), key=lambda a: a.name not in {*STOPPING, "help"})
    for action in shown:
        key, word = key_name(action.keys[0]), action.short
        needed = len(key) + len(word) + 3
        if needed > rest:
            continue
        rest -= needed
        spans.extend(
            (Span(f" {key}", "bad" if action.name in STOPPING else "accent"), Span(f" {word}", "plain"), Span(" "))
        )
    return tuple(spans)


class KeyBar(Lines):
    """The keys of this screen, made from the registry."""

    def draw(self, actions: Sequence[Action]) -> None:
        """Draw these actions' keys."""
        self.show([key_line(actions, self.size.width)])
