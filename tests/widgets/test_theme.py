"""Themes are read by people with little sight, and a terminal without line drawing shows every screen, in the same cells."""

import re
from html import unescape

import pytest
from rich.cells import cell_len
from textual.color import Color
from textual.theme import Theme

from console.app.application import ConsoleApp
from console.app.terminal import draws_in_ascii
from console.widgets.theme import DARK, HIGH_CONTRAST, LIGHT, THEMES, InAscii, in_ascii, next_theme
from tests.screens.conftest import opened, press
from tests.support.fakes import FakeBackend

_TEXT = re.compile(r"<text[^>]*>([^<]*)</text>")
_TEXTS = ("foreground", "primary", "secondary", "accent", "success", "warning", "error")


def _luminance(colour: Color) -> float:
    parts = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in colour.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def _ratio(one: Color, other: Color) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _colours(theme: Theme) -> list[str]:
    return [*(getattr(theme, name) for name in _TEXTS), theme.variables["muted"]]


@pytest.mark.parametrize(
    ("theme", "least"), [(DARK, 4.5), (LIGHT, 4.5), (HIGH_CONTRAST, 10.0)], ids=lambda value: str(value)[:24]
)
def test_every_text_stands_out_from_its_ground(theme: Theme, least: float) -> None:
    """The ratios are those of WCAG 2: 4.5 for text, 7 for people with little sight."""
    assert theme.background is not None
    ground = Color.parse(theme.background)
    assert {name: ratio for name in _colours(theme) if (ratio := _ratio(Color.parse(name), ground)) < least} == {}


def test_in_high_contrast_the_row_under_the_cursor_and_the_rules_are_seen_too() -> None:
    variables = HIGH_CONTRAST.variables
    cursors = [Color.parse(variables[name]) for name in ("cursor", "cursor-off")]
    for colour in map(Color.parse, _colours(HIGH_CONTRAST)):
        assert min(_ratio(colour, cursor) for cursor in cursors) > 4.5
    assert _ratio(Color.parse(variables["rule"]), Color.parse("#000000")) > 4.5


async def test_a_key_goes_through_the_themes_and_back_to_the_first() -> None:
    async with opened(FakeBackend()) as (app, pilot):
        seen = [app.theme]
        for _ in THEMES:
            await press(pilot, "ctrl+t")
            seen.append(app.theme)
    assert seen == [theme.name for theme in (*THEMES, THEMES[0])]
    assert next_theme(THEMES[-1].name) == THEMES[0].name


@pytest.mark.parametrize(
    ("environ", "encoding", "is_so"),
    [
        ({"TERM": "xterm-256color", "LANG": "C.UTF-8"}, "utf-8", False),
        ({"TERM": "xterm"}, "UTF-8", False),
        ({"TERM": "screen", "LANG": "C"}, "utf-8", False),
        ({"TERM": "xterm", "LANG": "vi_VN.UTF-8", "LC_CTYPE": "de_DE.utf8"}, "utf-8", False),
        ({"TERM": "linux", "LANG": "C.UTF-8"}, "utf-8", True),
        ({"TERM": "xterm", "LANG": "de_DE.ISO-8859-1"}, "utf-8", True),
        ({"TERM": "xterm", "LANG": "C.UTF-8", "LC_ALL": "C"}, "utf-8", True),
        ({"TERM": "xterm", "LANG": "C.UTF-8"}, "ascii", True),
        ({"TERM": "xterm", "LANG": "de_DE@euro"}, "iso8859-15", True),
    ],
)
def test_a_terminal_is_drawn_in_ascii_by_its_name_its_encoding_or_the_locale(
    environ: dict[str, str], encoding: str, *, is_so: bool
) -> None:
    assert draws_in_ascii(environ, encoding) is is_so


@pytest.mark.parametrize(
    ("driver", "draws"), [("", True), ("textual.drivers.web_driver:WebDriver", False)], ids=["terminal", "browser"]
)
def test_a_page_of_a_browser_is_never_drawn_in_ascii(
    driver: str, *, draws: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The locale is the server's; the browser is somewhere else, and has every sign."""
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("TEXTUAL_DRIVER", driver)
    app = ConsoleApp(FakeBackend(), read_only=True, demo=False)
    assert any(isinstance(each, InAscii) for each in app._filters) is draws


_SIGNS = "╭─┤ Điều 1 … ✓ ✗ ┊ ▁▂▃▄▅▆▇█ “§” 適 e\u0301 → · ▐ ▌"


@pytest.mark.parametrize("encoding", ["utf-8", "iso8859-1", "ascii"])
def test_what_is_drawn_in_ascii_takes_the_same_cells_and_can_be_written(encoding: str) -> None:
    """It was written as \\u2500, six cells for each, and no line of a screen stood where it belongs."""
    drawn = in_ascii(_SIGNS, encoding)
    assert cell_len(drawn) == cell_len(_SIGNS)
    drawn.encode(encoding)
    assert not set(drawn) & set("╭─┤…✓✗┊▁█“→▐")
    assert ("Điều" in drawn) is (encoding == "utf-8")
    assert ("§" in drawn) is (encoding != "ascii")


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
async def test_no_screen_leaves_anything_that_such_a_terminal_lacks(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the Vietnamese and Japanese titles of Units too. In UTF-8 nothing is replaced but what has a stand-in."""
    monkeypatch.setenv("TERM", "linux")
    monkeypatch.setattr("console.app.application.terminal_encoding", lambda: encoding)
    async with opened(FakeBackend(), size=(120, 40)) as (app, pilot):
        for key in ("1", "2", "3", "5", "8", "ctrl+x"):
            await press(pilot, key)
            shown = "".join(map(unescape, _TEXT.findall(app.export_screenshot()))).replace("\xa0", " ")
            assert "cutter-console" in shown
            drawn = {
                sign for sign in shown if not sign.isascii() and (encoding == "ascii" or "\u2010" <= sign <= "\u27bf")
            }
            assert sorted(drawn) == []
