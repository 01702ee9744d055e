"""The themes on a terminal with 16 colours: what each colour means becomes one of the 16, and the row under the cursor is seen.

Without it each colour became the nearest of the 16: good, bad and muted were one grey. And the console of Linux has eight colours
below text: the row under the cursor was as black as all others.
"""

from functools import lru_cache

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import Theme

from console.widgets.theme import DARK, HIGH_CONTRAST, LIGHT, THEMES

_ON_BLACK = {
    **dict.fromkeys(("foreground", "primary"), 15),
    **dict.fromkeys(("secondary", "muted"), 7),
    **{"rule": 8, "accent": 14, "success": 10, "warning": 11, "error": 9},
}
_ON_WHITE = {
    **dict.fromkeys(("foreground", "secondary", "muted"), 0),
    **{"rule": 7, "primary": 4, "accent": 4, "success": 12, "warning": 5, "error": 1},
}
"""Green on white is too faint in each palette: what is good is the one colour that is left, a bright blue."""
GROUNDS = ("background", "surface", "panel")

BLACK, WHITE = 0, 15
TEXTS = {DARK.name: _ON_BLACK, HIGH_CONTRAST.name: _ON_BLACK, LIGHT.name: _ON_WHITE}
"""Number among the 16 of each colour that text, or a frame, has."""
CURSORS = {
    DARK.name: {"cursor": (0, 7), "cursor-off": (15, 4), "foreground": (15, 4)},
    HIGH_CONTRAST.name: {"cursor": (0, 7), "cursor-off": (15, 4), "foreground": (15, 4)},
    LIGHT.name: {"cursor": (15, 4), "cursor-off": (0, 6), "foreground": (15, 0)},
}
"""Text and ground of the row under the cursor, and of a field with the focus, whatever its text has elsewhere: no ground of the 16
suits all of them. On the colour of plain text stands the letter under the cursor in a field."""
ON_CURSORS = {4: {"success": 10, "warning": 11}, 6: {"success": 4}}
"""Texts that stand out from such a ground in colour, by its number: good differs from bad on that row too."""


@lru_cache(maxsize=len(THEMES))
def _drawn(theme_name: str) -> dict[str, str]:
    """Return the colours of a theme as they are drawn: some differ by one from what the theme says."""
    theme = next(theme for theme in THEMES if theme.name == theme_name)
    return {**theme.to_color_system().generate(), **theme.variables}


def colour_of(theme: Theme, name: str) -> Color:
    """Return a colour of a theme by its name, as it is drawn."""
    return Color.parse(_drawn(theme.name)[name])


def _rgb(theme: Theme, name: str) -> tuple[int, int, int]:
    return colour_of(theme, name).rgb


def _number_of(theme: Theme) -> int:
    return BLACK if theme.dark else WHITE


def _maps() -> tuple[dict[tuple[int, int, int], int], dict[tuple[int, int, int], int]]:
    texts: dict[tuple[int, int, int], int] = {}
    grounds: dict[tuple[int, int, int], int] = {}
    for theme in THEMES:
        texts |= {_rgb(theme, name): number for name, number in TEXTS[theme.name].items()}
        grounds |= {_rgb(theme, name): _number_of(theme) for name in GROUNDS}
        # What is marked is drawn on the colour of the frames, with the ground as its text.
        texts[_rgb(theme, "background")] = _number_of(theme)
        grounds[_rgb(theme, "primary")] = TEXTS[theme.name]["primary"]
        # The sides of a box that says yes or no.
        texts[_rgb(theme, "panel")] = TEXTS[theme.name]["rule"]
    return texts, grounds


_TEXTS, _BELOW = _maps()
_CURSORS = {_rgb(theme, name): pair for theme in THEMES for name, pair in CURSORS[theme.name].items()}
_ON_CURSORS = {
    (ground, _rgb(theme, name)): text
    for theme in THEMES
    for ground, by in ON_CURSORS.items()
    for name, text in by.items()
}


class InSixteenColours(LineFilter):
    """A filter for a terminal with 16 colours; a colour of no theme is left to be matched."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - Textual's signature
        """Return the segments in the 16 colours."""
        return [Segment(text, _in_sixteen(style) if style else None, control) for text, style, control in segments]


@lru_cache(512)
def _in_sixteen(style: Style) -> Style:
    ground, colour = _triplet(style.bgcolor), _triplet(style.color)
    text, below = _TEXTS.get(colour), _BELOW.get(ground)
    if (pair := _CURSORS.get(ground)) is not None:
        text, below = _ON_CURSORS.get((pair[1], colour), pair[0]), pair[1]
    return style + Style(color=_numbered(text), bgcolor=_numbered(below))


def _numbered(number: int | None) -> RichColor | None:
    return RichColor.from_ansi(number) if number is not None else None


def _triplet(colour: RichColor | None) -> tuple[int, int, int]:
    if colour is None or colour.triplet is None:
        return (-1, -1, -1)
    red, green, blue = colour.triplet
    return red, green, blue
