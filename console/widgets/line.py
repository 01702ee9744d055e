"""Lines of words with tones: the only way text reaches a widget, never through markup."""

from typing import Literal, NamedTuple

from textual.content import Content

Tone = Literal["plain", "muted", "strong", "good", "warn", "bad", "accent", "match"]


class Span(NamedTuple):
    """A piece of text with a tone, which only repeats in colour what the words say."""

    text: str
    tone: Tone = "plain"


Line = tuple[Span, ...]

TONE_STYLES: dict[Tone, str] = {
    "plain": "",
    "muted": "$muted",
    "strong": "bold",
    "good": "$success",
    "warn": "bold $warning",
    "bad": "bold $error",
    "accent": "$accent",
    "match": "reverse",
}

_OUTCOME_TONES: dict[str, Tone] = {
    "PASS": "good",
    "PARTIAL": "warn",
    "FAIL": "bad",
    "INCONCLUSIVE": "warn",
    "NOT_RUN": "muted",
}


def line(*parts: Span | str) -> Line:
    """Make a line of spans and plain strings."""
    return tuple(part if isinstance(part, Span) else Span(part) for part in parts)


def outcome_tone(outcome: str) -> Tone:
    """Return the tone of an outcome."""
    return _OUTCOME_TONES.get(outcome, "plain")


def content(lines: list[Line]) -> Content:
    """Return the lines as inert content for a Static."""
    parts: list[str | tuple[str, str]] = []
    for number, spans in enumerate(lines):
        if number:
            parts.append("\n")
        parts.extend((span.text, TONE_STYLES[span.tone]) for span in spans)
    return Content.assemble(*parts)


def plain(spans: Line) -> str:
    """Return the words of a line."""
    return "".join(span.text for span in spans)
