"""The two bars of every screen: screens, switch and target at the top, keys at the bottom."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from rich.cells import cell_len

from console.actions.actions import STOPPING, Action, key_name
from console.actions.keys_in_force import key_of
from console.widgets.formatting import clock, day_and_clock, shortened
from console.widgets.line import Line, Span, Tone, line, plain
from console.widgets.panel import Lines

if TYPE_CHECKING:
    from console.backend.model.view_models import Status

_TABS = ("Overview", "Documents", "Run", "Approvals", "Gates", "Drift", "Batch", "Units", "Backups", "Journal")
ALL_TABS = frozenset(name.lower() for name in _TABS)
"""Names of the actions that go to the screens; a recording has fewer."""
_NAMES = frozenset(_TABS)
SHORTER = {"Documents": "Docs", "Approvals": "Approve"}
"""Names for a narrow line."""
SHORTEST = {**SHORTER, "Overview": "Over", "Approvals": "Appr", "Backups": "Bkup", "Journal": "Jrnl"}
"""Names for the narrowest line that still has all of them."""
_ROOMY = 100
"""Number of columns from which on the names of the screens stand further apart."""


def top_lines(title: str, width: int, full: Line, short: Line, tabs: frozenset[str] = ALL_TABS) -> list[Line]:
    """Return the screens with their keys, and at the right end the badges, which are given in full and in short.

    On a narrow screen they stand closer, then some names are shorter, then the badges, then more names; then the badges
    have a line of their own. Where not even the names fit, that of the shown screen stands alone.
    """
    layouts = (
        *(((_tabs(title, tabs, gap=" "), full),) if width >= _ROOMY else ()),
        (_tabs(title, tabs), full),
        (_tabs(title, tabs, before="")[1:], full),
        (_tabs(title, tabs, before="", names=SHORTER)[1:], full),
        *((_tabs(title, tabs, before="", names=names)[1:], short) for names in ({}, SHORTER, SHORTEST)),
    )
    fitting = (pair for pair in layouts if sum(cell_len(plain(side)) for side in pair) <= width)
    pair = next(fitting, None)
    if pair is not None:
        return [_apart(pair[0], pair[1], width)]
    alone = (_tabs(title, tabs, before="", names=names)[1:] for names in ({}, SHORTER, SHORTEST))
    names = next((line for line in alone if cell_len(plain(line)) <= width), None)
    if names is None:
        return [_apart(_tabs(title, tabs, all_names=False), full, width)]
    return [names, _apart((), full if cell_len(plain(full)) <= width else short, width)]


def _apart(left: Line, right: Line, width: int) -> Line:
    return (*left, Span(" " * max(width - cell_len(plain(left)) - cell_len(plain(right)), 0)), *right)


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
    for name in _TABS:
        if name.lower() not in tabs:
            continue
        is_current = name == title
        spans += [Span(" "), Span(f"{key_of(name.lower())}{gap}", "muted")]
        if is_current or all_names:
            shown = names.get(name, name)
            words = f"[{shown}]" if is_current else f"{before}{shown}{gap}"
            spans.append(Span(words, "strong" if is_current else "plain"))
    if title not in _NAMES:
        # A screen without a digit, which another one leads to.
        spans += [Span(" "), Span(f"[{title}]", "strong")]
    return tuple(spans)


def badges(status: "Status | None", old: str, *, read_only: bool, demo: bool, short: bool = False) -> Line:
    """Return demo, read-only and the switch in words; `old` says of when that is, if it may not be so now."""
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
    text = f" switch {word}{until}{f' {old}' if old else ''}"
    if short and word != "OFF" and not old:
        text = f" {word} to {expires:%H:%M}" if is_armed else f" {word}"
    return (*spans, Span(text, "warn" if old else switch_tone(word)))


def switch_detail(status: "Status | None", old: str, width: int) -> Line:
    """Return by whom, since when and why there is a HOLD, or for which run the switch is armed; nothing while it is off.

    `old` says of when that is, if it may not be so now; the badge has it in full.
    """
    if status is None or status.switch.state.value not in {"HOLD", "ARMED"}:
        return ()
    view = status.switch
    tone: Tone = "warn" if old else switch_tone(view.state.value)
    then = " last measured:" if old else ""
    if view.state.value == "ARMED":
        purpose = f" to {view.purpose}" if view.purpose else ""
        return line(Span(shortened(f"{then} armed for {view.run_id}{purpose}", width), tone))
    by = f" by {view.by}" if view.by else ""
    since = f" since {day_and_clock(view.since)}" if view.since is not None else ""
    reason = f": {view.reason}" if view.reason else ""
    return line(Span(shortened(f"{then} HOLD{by}{since}{reason}", width), tone))


def switch_tone(word: str) -> Tone:
    """Return the tone of the switch's state; off is the good one."""
    return "good" if word == "OFF" else "warn" if word == "ARMED" else "bad"


def where(status: "Status | None", reason: str, width: int) -> Line:
    """Return the database that this console works on. A part for which there is no room is left out whole: Overview has all of them."""
    if status is None:
        return line(Span(shortened(f" {reason}", width), "muted"))
    if status.target is None:
        words = " DATABASE NOT REACHED  "
        return line(Span(words, "bad"), Span(shortened(str(status.unreachable), max(width - len(words), 1))))
    target = status.target
    parts = (
        ("  system ", str(target.system_identifier)),
        ("  timeline ", str(target.timeline)),
        ("  role ", str(status.role or "not known")),
    )
    label = " database "
    spans = [Span(label, "muted"), Span(shortened(f"{target.database} at {target.host}", max(width - len(label), 1)))]
    for part, value in parts:
        if cell_len(plain(tuple(spans))) + cell_len(part + value) > width:
            break
        spans += [Span(part, "muted"), Span(value)]
    return tuple(spans)


class TopBar(Lines):
    """The screens with the badges, which have a line of their own where there is no room beside the names; the target."""

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
        width = self.size.width
        lines = top_lines(title, width, full, short, tabs)
        detail = switch_detail(status, old, width)
        room = width - cell_len(plain(detail))
        beside = next((badge for badge in (full, short) if cell_len(plain(badge)) <= room), None)
        if detail and len(lines) > 1 and beside is not None:
            # Where the badges have a line of their own, there is room beside them.
            lines[1], detail = _apart(detail, beside, width), ()
        lines.append((*banner, *where(status, reason, width - cell_len(plain(banner)))))
        if detail:
            lines.append(detail)
        # By their number: an automatic height would count the rows of a line that is wider than the screen.
        self.styles.height = len(lines)
        self.show(lines)


def key_line(actions: Sequence[Action], width: int) -> Line:
    """Return the footer: the stop key and the help key, then as many actions as fit."""
    spans: list[Span] = []
    rest = width
    # A narrow screen drops the last actions: stopping and help are never dropped, nor the way back where Fleet has a word here.
    shown = sorted((a for a in actions if a.short), key=lambda a: a.name not in {*STOPPING, "help", "fleet"})
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


def field_line(actions: Sequence[Action], keys: Sequence[tuple[str, str]]) -> Line:
    """Return the footer while a field has the focus: the stop key, which acts there too, and these keys with their words."""
    stops = [(Span(f" {key_name(a.keys[0])}", "bad"), a.short) for a in actions if a.name in STOPPING and a.short]
    pairs = (*stops, *((Span(f" {key}", "accent"), word) for key, word in keys))
    return tuple(span for key, word in pairs for span in (key, Span(f" {word}", "plain"), Span(" ")))


class KeyBar(Lines):
    """The keys of this screen, made from the registry."""

    def draw(self, actions: Sequence[Action]) -> None:
        """Draw these actions' keys."""
        # Without a width of its own while a filter is typed in its place; it must be there when that has ended.
        self.show([key_line(actions, self.size.width or self.screen.size.width)])

    def draw_in_field(self, actions: Sequence[Action], keys: Sequence[tuple[str, str]]) -> None:
        """Draw the keys that act while a field has the focus."""
        self.show([field_line(actions, keys)])
