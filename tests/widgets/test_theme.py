"""Themes are read by people with little sight, and a terminal without line drawing shows every screen, in the same cells."""

import re
from html import unescape
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.color import Color
from textual.theme import Theme
from textual.widget import Widget
from textual.widgets import Input, TextArea

from console.app.application import ConsoleApp
from console.app.terminal import draws_in_ascii
from console.backend.model.theme_names import ThemeName
from console.widgets.line import TONE_STYLES
from console.widgets.sixteen_colours import colour_of
from console.widgets.theme import DARK, HIGH_CONTRAST, LIGHT, THEMES, InAscii, in_ascii, next_theme
from tests.screens.conftest import opened, press, settle
from tests.support.fakes import FakeBackend

_TEXT = re.compile(r"<text[^>]*>([^<]*)</text>")
_CONSOLE = Path(__file__).parents[2] / "console"
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


def _value(theme: Theme, name: str) -> Color:
    return Color.parse(theme.variables.get(name) or getattr(theme, name))


def _grounds_and_texts() -> tuple[set[str], set[str]]:
    """The names of all colours that the styles lay below text, and of all that text has; of those of Textual's own see below."""
    rules = "\n".join(path.read_text(encoding="utf-8") for path in sorted(_CONSOLE.rglob("*.tcss")))
    grounds = set(re.findall(r"(?<!-)background:\s*\$([a-z-]+)", rules))
    texts = set(re.findall(r"(?:(?<![a-z-])|(?<=border-title-)|(?<=border-subtitle-))color:\s*\$([a-z-]+)", rules))
    texts |= {word for style in TONE_STYLES.values() for word in re.findall(r"\$([a-z-]+)", style)}
    return grounds, texts


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_text_stands_out_from_every_ground(theme: Theme) -> None:
    """The ratio is that of WCAG 2. Red on the row under the cursor of the dark theme had 3.9, what is muted there 3.5."""
    grounds, texts = _grounds_and_texts()
    assert grounds == {"background", "surface", "panel", "cursor", "cursor-off"}
    assert texts == {*_TEXTS, "muted"}
    too_faint = {
        (text, ground): round(ratio, 2)
        for text in texts
        for ground in grounds
        if (ratio := _ratio(_value(theme, text), _value(theme, ground))) < 4.5
    }
    assert too_faint == {}


@pytest.mark.parametrize("name", ThemeName)
async def test_what_is_marked_or_typed_stands_out_too(name: ThemeName) -> None:
    """In a field, in the editor, and what is marked with the mouse: Textual's own colours, as they are mixed on the screen."""
    async with opened(FakeBackend()) as (app, pilot):
        app.theme = name.in_textual
        field, area = Input("typed"), TextArea("typed")
        await app.screen.mount(field, area)
        field.focus()
        await settle(pilot)
        parts: list[tuple[Widget, str]] = [(field, "input--cursor"), (field, "input--selection")]
        parts += [(area, f"text-area--{part}") for part in ("cursor", "selection")]
        shown = {part: widget.get_component_rich_style(part) for widget, part in parts}
        shown["field"] = field.rich_style
        marked = app.screen.get_component_styles("screen--selection")
        ratios = {
            part: _ratio(Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor))
            for part, style in shown.items()
        }
        assert (marked.background.a, marked.color.a) == (1, 1)
        ratios["marked"] = _ratio(marked.color, marked.background)
    assert {part: round(ratio, 2) for part, ratio in ratios.items() if ratio < 4.5} == {}
    # The row under the cursor is seen to be another one, also where the list has not the focus.
    assert _ratio(_value(app.current_theme, "cursor"), _value(app.current_theme, "background")) > 1.2


_FIELDS = (("8", "/"), ("4", "i"), ("2",), ("3", "A"), ("3", "I"), ("ctrl+x",))
_OF_EACH_THEME = [
    pytest.param(
        name,
        keys,
        id=f"{name}-{' '.join(keys)}",
        # The colours of a field are one rule for all: the other themes are seen in one place.
        marks=() if name is ThemeName.DARK or keys == ("2",) else pytest.mark.torture,
    )
    for name in ThemeName
    for keys in _FIELDS
]


@pytest.mark.parametrize(("name", "keys"), _OF_EACH_THEME)
async def test_the_hint_in_each_field_stands_out_with_and_without_the_focus(
    name: ThemeName, keys: tuple[str, ...]
) -> None:
    """What a field is for, in Textual's own colours, had 2.6 in the light theme, on a ground that is in no theme."""
    async with opened(FakeBackend(), *keys) as (app, pilot):
        app.theme = name.in_textual
        await settle(pilot)
        ratios, grounds = {}, set()
        for field in app.screen.query(Input):
            for has_focus in (True, False):
                app.screen.set_focus(field if has_focus else None)
                await settle(pilot)
                style = field.get_component_rich_style("input--placeholder")
                colour, ground = Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)
                ratios[field.id, has_focus] = round(_ratio(colour, ground), 2)
                grounds.add(ground.hex)
        assert ratios
        assert {place: ratio for place, ratio in ratios.items() if ratio < 4.5} == {}
        # A ground that is mixed on the screen is not among those that texts are measured on.
        assert grounds <= {colour_of(app.current_theme, ground).hex for ground in ("panel", "cursor")}


def test_in_high_contrast_the_rules_are_seen_too() -> None:
    assert _ratio(Color.parse(HIGH_CONTRAST.variables["rule"]), Color.parse("#000000")) > 4.5


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


@pytest.mark.parametrize("term", ["linux", "xterm"])
async def test_in_ascii_no_part_of_a_scrollbar_stands_beside_a_text(term: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A digest seemed to end in a percent sign, the id of a system in an underscore."""
    monkeypatch.setenv("TERM", term)
    async with opened(FakeBackend(), "3", size=(80, 24)) as (app, _pilot):
        bars = [widget.vertical_scrollbar for widget in app.screen.query(Widget) if widget.show_vertical_scrollbar]
        assert bars
        drawn = {sign for bar in bars for y in range(bar.size.height) for sign in bar.render_line(y).text}
    assert (drawn == {" "}) is (term == "linux")


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
