"""On a terminal with 16 colours each meaning keeps a colour of its own, and the row under the cursor is seen."""

import re

import pytest
from rich.color import ColorType
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from console.app.application import ConsoleApp
from console.widgets.line import TONE_STYLES
from console.widgets.sixteen_colours import CURSORS, GROUNDS, TEXTS, InSixteenColours, colour_of
from console.widgets.theme import LIGHT, THEMES
from tests.screens.conftest import opened, settle
from tests.support.fakes import FakeBackend
from tests.widgets.test_theme import _ratio

VGA = (
    *("#000000", "#aa0000", "#00aa00", "#aa5500", "#0000aa", "#aa00aa", "#00aaaa", "#aaaaaa"),
    *("#555555", "#ff5555", "#55ff55", "#ffff55", "#5555ff", "#ff55ff", "#55ffff", "#ffffff"),
)
XTERM = (
    *("#000000", "#cd0000", "#00cd00", "#cdcd00", "#0000ee", "#cd00cd", "#00cdcd", "#e5e5e5"),
    *("#7f7f7f", "#ff0000", "#00ff00", "#ffff00", "#5c5cff", "#ff00ff", "#00ffff", "#ffffff"),
)
TEXT = {
    *(word for style in TONE_STYLES.values() for word in re.findall(r"\$([a-z-]+)", style)),
    "foreground",
    "secondary",
}


def drawn(theme: Theme, text: str, ground: str) -> tuple[int, int]:
    """The numbers of text and ground among the 16."""
    style = Style(color=colour_of(theme, text).rich_color, bgcolor=colour_of(theme, ground).rich_color)
    ((_, shown, _),) = InSixteenColours().apply([Segment("words", style)], Color.parse("black"))
    assert shown is not None
    assert shown.color is not None
    assert shown.bgcolor is not None
    assert {shown.color.type, shown.bgcolor.type} == {ColorType.STANDARD}
    return shown.color.number or 0, shown.bgcolor.number or 0


@pytest.mark.parametrize("palette", [VGA, XTERM], ids=["vga", "xterm"])
@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_text_stands_out_from_every_ground_in_each_palette(theme: Theme, palette: tuple[str, ...]) -> None:
    too_faint = {}
    for text in TEXT | {"primary"}:
        for ground in (*GROUNDS, "cursor", "cursor-off"):
            shown, below = drawn(theme, text, ground)
            ratio = _ratio(Color.parse(palette[shown]), Color.parse(palette[below]))
            if ratio < 4.5:
                too_faint[text, ground] = (shown, below, round(ratio, 2))
    assert too_faint == {}


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_what_is_good_in_part_or_bad_differ_from_each_other_and_from_plain_text(theme: Theme) -> None:
    """All of them were one grey, which is the nearest of the 16 to each."""
    names = ("success", "warning", "error", "accent", "foreground")
    numbers = [drawn(theme, name, "background")[0] for name in names]
    assert len(set(numbers)) == len(numbers)


def test_in_the_light_theme_good_differs_from_bad_and_plain_on_the_row_under_the_cursor_too() -> None:
    for ground in ("cursor", "cursor-off"):
        good, bad, plain = (drawn(LIGHT, name, ground)[0] for name in ("success", "error", "foreground"))
        assert good not in {bad, plain}


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_the_row_under_the_cursor_differs_on_the_console_of_linux_too(theme: Theme) -> None:
    """It draws the bright colours as the others where they are below text."""
    grounds = {drawn(theme, "foreground", ground)[1] % 8 for ground in ("background", "cursor", "cursor-off")}
    assert len(grounds) == 3


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_the_cursor_in_a_field_differs_from_the_field_on_the_console_of_linux_too(theme: Theme) -> None:
    """It was bright white on the white of the field, which are one there."""
    shown, below = drawn(theme, "background", "foreground")
    field = {drawn(theme, "foreground", ground)[1] % 8 for ground in ("cursor", "panel")}
    assert below % 8 not in field
    assert all(_ratio(Color.parse(palette[shown]), Color.parse(palette[below])) >= 4.5 for palette in (VGA, XTERM))


def test_no_colour_of_one_theme_is_another_s_with_another_meaning() -> None:
    """One filter does for all: a key changes the theme of a console that runs."""
    seen: dict[str, set[object]] = {}
    for theme in THEMES:
        for name, number in TEXTS[theme.name].items():
            seen.setdefault(f"text {colour_of(theme, name).hex}", set()).add(number)
        for name in GROUNDS:
            seen.setdefault(f"ground {colour_of(theme, name).hex}", set()).add(theme.dark)
        for name, pair in CURSORS[theme.name].items():
            seen.setdefault(f"ground {colour_of(theme, name).hex}", set()).add(pair)
    assert {colour for colour, meanings in seen.items() if len(meanings) > 1} == set()


def test_a_colour_of_no_theme_is_left_to_be_matched() -> None:
    style = Style.parse("bold #123456 on #654321")
    assert InSixteenColours().apply([Segment("x", style), Segment("y")], Color.parse("black")) == [
        Segment("x", style),
        Segment("y"),
    ]


@pytest.mark.parametrize(
    ("environ", "has_filter"),
    [
        ({"TERM": "screen"}, True),
        ({"TERM": "linux"}, True),
        ({"TERM": "vt100"}, True),
        ({"TERM": "screen-256color"}, False),
        ({"TERM": "linux", "COLORTERM": "truecolor"}, False),
        ({"TERM": "screen", "NO_COLOR": "1"}, False),
    ],
    ids=str,
)
def test_it_is_the_terminal_that_says_how_many_colours_it_has(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, *, has_filter: bool
) -> None:
    for name in ("TERM", "COLORTERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    app = ConsoleApp(FakeBackend(), read_only=False, demo=False)
    assert any(isinstance(drawing, InSixteenColours) for drawing in app.get_line_filters()) is has_filter


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
async def test_on_a_screen_every_text_has_one_of_the_sixteen(theme: Theme, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is drawn, in fields and behind them too: a colour that was mixed again is not what the theme says, and was left to be matched."""
    monkeypatch.setenv("TERM", "screen")
    monkeypatch.delenv("COLORTERM", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    for keys in (("1",), ("3",), ("5",), ("2", "/"), ("8", "/")):
        async with opened(FakeBackend(), *keys, size=(120, 40)) as (app, pilot):
            app.theme = theme.name
            await settle(pilot)
            (drawing,) = (each for each in app.get_line_filters() if isinstance(each, InSixteenColours))
            shown = [
                (segment.text.strip(), segment.style)
                for strip in app.screen._compositor.render_strips()
                for segment in drawing.apply(list(strip), Color.parse("black"))
                if segment.style is not None
            ]
        # The colour of a text that is blank is not seen; what it stands on is.
        colours = [style.color for text, style in shown if text] + [style.bgcolor for _, style in shown]
        kinds = {colour.type for colour in colours if colour is not None}
        assert kinds == {ColorType.STANDARD}, keys
