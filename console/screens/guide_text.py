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
    """Return a row for each hit: the chapter, and the words around the first match."""
    return tuple(_hit_row(guide, hit, needle, width) for hit in hits)


def _hit_row(guide: Guide, hit: Hit, needle: Needle, width: int) -> Row:
    _, heading = guide.at(hit.place)
    title = heading.title if len(heading.title) <= width // 3 else f"{heading.title[: width // 3 - 1]}…"
    room = max(width - len(title) - 2, 12)
    words = needle.marked((Span(_around(" ".join(hit.text.split()), needle, room)),))
    return Row((Span(f"{title}: ", "muted"), *words), key=key(hit.place))


def _around(text: str, needle: Needle, room: int) -> str:
    """Return the part of a text that has the first match, with some words before it."""
    places = needle.places(text)
    first = places[0][0] if places else 0
    before = min(_BEFORE, room // 3)
    if first <= before or len(text) <= room:
        return text
    start = text.rfind(" ", 0, first - before) + 1
    return f"… {text[start:]}"


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
