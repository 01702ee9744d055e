"""The themes, dark, light and of high contrast, and the filters for no colours and for a terminal without line drawing."""

from functools import lru_cache
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.scrollbar import ScrollBarRender
from textual.theme import Theme

from console.backend.model.theme_names import ThemeName


def _marked(ground: str, text: str) -> dict[str, str]:
    """Return the colours of text that is marked, in a field or with the mouse.

    Textual lays half a colour below the text, and leaves it the colours that were made for another ground.
    """
    colours = {"background": ground, "foreground": text}
    return {f"{place}-selection-{part}": colour for place in ("input", "screen") for part, colour in colours.items()}


DARK = Theme(
    name=ThemeName.DARK.in_textual,
    primary="#7aa2c7",
    secondary="#94a3b7",
    accent="#c8a86b",
    foreground="#d3d7de",
    background="#14171c",
    surface="#1a1e25",
    panel="#232832",
    success="#8fbf7f",
    warning="#e0b060",
    error="#e88484",
    dark=True,
    variables={
        "muted": "#98a2b0",
        "rule": "#343b47",
        "cursor": "#283548",
        "cursor-off": "#232a35",
        **_marked("#7aa2c7", "#14171c"),
    },
)

LIGHT = Theme(
    name=ThemeName.LIGHT.in_textual,
    primary="#2a5d8f",
    secondary="#566170",
    accent="#7d5a12",
    foreground="#1d2229",
    background="#f6f5f1",
    surface="#fdfcf9",
    panel="#e8e6df",
    success="#2f6b2a",
    warning="#845600",
    error="#a82626",
    dark=False,
    variables={
        "muted": "#58606c",
        "rule": "#c9c6bb",
        "cursor": "#cfe0f1",
        "cursor-off": "#e4e9ee",
        **_marked("#2a5d8f", "#f6f5f1"),
    },
)


HIGH_CONTRAST = Theme(
    name=ThemeName.HIGH_CONTRAST.in_textual,
    primary="#8ad4ff",
    secondary="#d8d8d8",
    accent="#ffd866",
    foreground="#ffffff",
    background="#000000",
    surface="#101010",
    panel="#202020",
    success="#8cff8c",
    warning="#ffb84d",
    error="#ff9c9c",
    dark=True,
    variables={
        "muted": "#d0d0d0",
        "rule": "#9a9a9a",
        "cursor": "#00357a",
        "cursor-off": "#303030",
        **_marked("#8ad4ff", "#000000"),
    },
)

THEMES = (DARK, LIGHT, HIGH_CONTRAST)
"""The themes in the order in which a key goes through them."""


def next_theme(name: str) -> str:
    """Return the theme behind this one; behind the last comes the first."""
    names = [theme.name for theme in THEMES]
    return names[(names.index(name) + 1) % len(names)]


_IN_ASCII = str.maketrans(
    {
        **dict.fromkeys("─━", "-"),
        **dict.fromkeys("│┃", "|"),
        **dict.fromkeys("╭╮╰╯┌┐└┘┏┓┗┛├┤", "+"),
        **dict(zip("▁▂▃▄▅▆▇█", "_.-=+*%#", strict=True)),
        **dict.fromkeys("“”„", '"'),
        **dict.fromkeys("‘’‚", "'"),
        **dict.fromkeys("–—", "-"),
        **{"▐": "[", "▌": "]", "┊": ":", "…": "~", "✓": "+", "✗": "x", "·": ".", "•": "*", "→": ">"},
    }
)
"""Stand-ins in ASCII for the characters that the console draws with: each has one cell, as before. Words say the same beside them."""


class InAscii(LineFilter):
    """A filter for a terminal without line drawing, which leaves no character that the encoding of the terminal lacks."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - Textual's signature
        """Return the segments, each as wide as before."""
        return [Segment(in_ascii(text, self._encoding), style, control) for text, style, control in segments]


class WholeCells(ScrollBarRender):
    """The thumb of a scrollbar in whole cells: the stand-in for a part of one read like the last digit of what it stood beside."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "]
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "]


@lru_cache(4096)
def in_ascii(text: str, encoding: str) -> str:
    """Return the text without what is drawn, and with a question mark for each cell of a letter that the encoding lacks."""
    if text.isascii():
        return text
    drawn = text.translate(_IN_ASCII)
    try:
        drawn.encode(encoding)
    except UnicodeEncodeError:
        return "".join(sign if _has(sign, encoding) else "?" * cell_len(sign) for sign in drawn)
    return drawn


def _has(sign: str, encoding: str) -> bool:
    try:
        sign.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


class WithoutColour(LineFilter):
    """A filter that removes every colour code, those of the default colours too, and keeps weight and inversion."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - Textual's signature
        """Return the segments in the terminal's own two colours."""
        return [Segment(text, _without_colour(style) if style else None, control) for text, style, control in segments]


@lru_cache(512)
def _without_colour(style: Style) -> Style:
    return Style(bold=style.bold, dim=style.dim, italic=style.italic, underline=style.underline, reverse=style.reverse)
