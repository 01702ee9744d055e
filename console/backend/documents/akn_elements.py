"""The elements of Akoma Ntoso 3 for the units of a document: names, defaults and abbreviations; imports no library."""

from collections.abc import Mapping

from console.backend.model.vocabulary import SectionType

AKN_NAMESPACE = "http://docs.oasis-open.org/legaldocml/ns/akn/3.0"
HCONTAINER = "hcontainer"
HIERARCHY = frozenset(
    {
        "alinea",
        "article",
        "book",
        "chapter",
        "clause",
        "division",
        "hcontainer",
        "indent",
        "level",
        "list",
        "paragraph",
        "part",
        "point",
        "proviso",
        "rule",
        "section",
        "subchapter",
        "subclause",
        "subdivision",
        "sublist",
        "subparagraph",
        "subpart",
        "subrule",
        "subsection",
        "subtitle",
        "title",
        "tome",
        "transitional",
    }
)
"""The elements that contain each other in a body."""
_NAMED_ALIKE = (
    SectionType.SECTION,
    SectionType.ARTICLE,
    SectionType.BOOK,
    SectionType.PART,
    SectionType.CHAPTER,
    SectionType.SUBCHAPTER,
    SectionType.DIVISION,
    SectionType.SUBDIVISION,
    SectionType.TITLE,
    SectionType.SUBTITLE,
    SectionType.PARAGRAPH,
    SectionType.POINT,
)
DEFAULT_ELEMENTS: Mapping[str, str] = {
    kind.value: kind.value if kind in _NAMED_ALIKE else HCONTAINER for kind in SectionType
}
"""Element by section type; hcontainer, whose name is the section type, where Akoma Ntoso has no such element."""
REFERENCES: Mapping[str, str] = {
    "alinea": "al",
    "article": "art",
    "chapter": "chp",
    "clause": "cl",
    "division": "dvs",
    "paragraph": "para",
    "section": "sec",
    "subchapter": "subchp",
    "subclause": "subcl",
    "subdivision": "subdvs",
    "subparagraph": "subpara",
    "subsection": "subsec",
}
"""Abbreviations of elements in an eId, by the Akoma Ntoso Naming Convention 1.0, 5.4.2; others stand as they are."""


def elements_of(choices: Mapping[SectionType, str]) -> dict[str, str]:
    """Return the element of each section type: the profile's choice, or the default."""
    return {**DEFAULT_ELEMENTS, **{kind.value: element for kind, element in choices.items()}}


def unknown_element(choices: Mapping[SectionType, str]) -> str:
    """Return what is wrong with a profile's choices; empty if each is an element of the hierarchy."""
    wrong = next(((kind, name) for kind, name in choices.items() if name not in HIERARCHY), None)
    if wrong is None:
        return ""
    return f"{wrong[1]!r} for {wrong[0]} is no element of the hierarchy: choose one of {', '.join(sorted(HIERARCHY))}"
