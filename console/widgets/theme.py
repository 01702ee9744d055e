"""The two themes, dark and light, and the filter for no colours."""

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import Theme

DARK = Theme(
    name="cutter-dark",
    primary="#7aa2c7",
    secondary="#8f9fb3",
    accent="#c8a86b",
    foreground="#d3d7de",
    background="#14171c",
    surface="#1a1e25",
    panel="#232832",
    success="#8fbf7f",
    warning="#e0b060",
    error="#e57373",
    dark=True,
    variables={"muted": "#858f9f", "rule": "#343b47", "cursor": "#2d3a4d", "cursor-off": "#232a35"},
)

LIGHT = Theme(
    name="cutter-light",
    primary="#2a5d8f",
    secondary="#5b6675",
    accent="#7d5a12",
    foreground="#1d2229",
    background="#f6f5f1",
    surface="#fdfcf9",
    panel="#e8e6df",
    success="#2f6b2a",
    warning="#8a5a00",
    error="#a82626",
    dark=False,
    variables={"muted": "#626b78", "rule": "#c9c6bb", "cursor": "#cfe0f1", "cursor-off": "#e4e9ee"},
)


class WithoutColour(LineFilter):
    """A filter that removes every colour code, those of the default colours too, and keeps weight and inversion."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - Textual's signature
        """Return the segments in the terminal's own two colours."""
        return [Segment(text, _without_colour(style) if style else None, control) for text, style, control in segments]


@lru_cache(512)
def _without_colour(style: Style) -> Style:
    return Style(bold=style.bold, dim=style.dim, italic=style.italic, underline=style.underline, reverse=style.reverse)
