"""Texts of the Help screen."""

from console.backend.model.guide import Guide, Heading, Hit, Place
from console.backend.model.safe_text import safe_text
from console.widgets.formatting import count, plural
from console.widgets.line import Span, Tone, line
from console.widgets.narrowing import Needle, Row
from console.widgets.wrap import wrapped

_BEFORE = 24
"""Characters before the first match that a hit shows."""


def key(place: Place) -> str:
    """Return the key of a row that leads to this place."""
    return f"{place.chapter}:{place.line}"


def contents_rows(guide: Guide) -> tuple[Row, ...]:
    """Return a row for each heading of each page, as deep as it is."""
    return tuple(_heading_row(heading, place) for heading, place in guide.contents)


def _heading_row(heading: Heading, place: Place) -> Row:
    tone: Tone = "strong" if heading.level == 1 else "plain" if heading.level == 2 else "muted"
    return Row(line(Span(f"{'  ' * (heading.level - 1)}{heading.title}", tone)), key=key(place))


def hit_rows(guide: Guide, hits: tuple[Hit, ...], needle: Needle, width: int) -> tuple[Row, ...]:
    """Return a row for each hit: the chapter, and the words around the first match, which are marked when they are drawn."""
    return tuple(_hit_row(guide, hit, needle, width) for hit in hits)


def _hit_row(guide: Guide, hit: Hit, needle: Needle, width: int) -> Row:
    _, heading = guide.at(hit.place)
    title = heading.title if len(heading.title) <= width // 3 else f"{heading.title[: width // 3 - 1]}…"
    room = max(width - len(title) - 2, 12)
    words = _around(" ".join(hit.text.split()), needle, room)
    return Row(line(Span(f"{title}: ", "muted"), words), key=key(hit.place))


def _around(text: str, needle: Needle, room: int) -> str:
    """Return the part of a text that has the first match, with some words before it, and no more than there is room for."""
    if len(text) <= room:
        return text
    first, before = _first_match(text, needle), min(_BEFORE, room // 3)
    start = text.rfind(" ", 0, first - before) + 1 if first > before else 0
    # Some letters more than there is room for: the list marks what it cuts off.
    return f"{'… ' if start else ''}{text[start : start + room + 8]}"


def _first_match(text: str, needle: Needle) -> int:
    if text.isascii():
        # A letter of such a text is one letter of what is searched; to look at each would take a second for all pages.
        small = text.lower()
        return min((at for term in needle.terms if term.is_wanted and (at := small.find(term.word)) >= 0), default=0)
    return next((begin for begin, _ in needle.places(text)), 0)


def told(guide: Guide, hits: tuple[Hit, ...], index: int) -> str:
    """Return which hit of how many is shown, and how many pages have one."""
    if not hits:
        return "no hit"
    pages = len({guide.chapters[hit.place.chapter].page for hit in hits})
    return f"hit {count(index + 1)} of {count(len(hits))} in {plural(pages, 'page')}"


def nothing(guide: Guide, needle: Needle, width: int) -> tuple[Row, ...]:
    """Return what stands in the place of hits if there is none: that, and the nearest words."""
    sentences = [f"No page has {safe_text(needle.text)}."]
    near = guide.near(needle.text)
    if near:
        sentences.append(f"Did you mean {' or '.join(near)}?")
    return tuple(Row(line(Span(row, "muted"))) for sentence in sentences for row in wrapped(sentence, max(width, 12)))


def text_title(guide: Guide, place: Place) -> str:
    """Return page and chapter of what is read."""
    chapter, _ = guide.at(place)
    page = guide.title_of(chapter.page)
    return page if chapter.title == page else f"{page}: {chapter.title}"
