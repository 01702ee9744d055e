"""The closed vocabulary of unit kinds and section types; the database seeds its table from the same list."""

from enum import StrEnum


class UnitKind(StrEnum):
    """Sort of document that a unit comes from."""

    DOCUMENT = "document_unit"
    LAW = "law_unit"


class SectionType(StrEnum):
    """Kind of a unit within its document."""

    SECTION = "section"
    ARTICLE = "article"
    PRINCIPLE = "principle"
    PREAMBLE = "preamble"
    BOOK = "book"
    PART = "part"
    CHAPTER = "chapter"
    SUBCHAPTER = "subchapter"
    DIVISION = "division"
    """German Abschnitt, Vietnamese Mục: a group of articles within a chapter or part."""
    SUBDIVISION = "subdivision"
    TITLE = "title"
    SUBTITLE = "subtitle"
    PARAGRAPH = "paragraph"
    """German Absatz, Vietnamese Khoản: the numbered paragraph of an article."""
    POINT = "point"
    ANNEX = "annex"
    CLOSING = "closing"


_LAW_TYPES = frozenset(SectionType) - {SectionType.PRINCIPLE}

VOCABULARY: frozenset[tuple[str, str]] = frozenset(
    {(UnitKind.DOCUMENT.value, t.value) for t in (SectionType.SECTION, SectionType.ARTICLE, SectionType.PRINCIPLE)}
    | {(UnitKind.LAW.value, t.value) for t in _LAW_TYPES}
)
"""Every legal (unit kind, section type); anything else is refused before it reaches a plan."""
