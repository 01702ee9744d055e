"""From the elements of a document to pieces of text in order: units, and spans that belong to none."""

import re
from dataclasses import dataclass, field

from lxml import etree

from console.backend.documents.akn.blocks import NOTES, Blocks, has_text
from console.backend.documents.akn.numbers import contradicts, number_in
from console.backend.documents.akn.parsing import line_of, local
from console.backend.documents.akn.writing import ADDRESS, JOINS, PART, SOURCE
from console.backend.documents.akn_elements import HCONTAINER, HIERARCHY
from console.backend.documents.matching import clean_title
from console.backend.model.plan import SuspectReason
from console.backend.model.vocabulary import SectionType

_TYPES: dict[str, str] = {
    **{kind.value: kind.value for kind in SectionType if kind.value in HIERARCHY},
    "tome": "book",
    "subpart": "subdivision",
    "transitional": "division",
    "clause": "article",
    "rule": "article",
    "subrule": "paragraph",
    "subclause": "paragraph",
    "alinea": "paragraph",
    "proviso": "paragraph",
    "subparagraph": "point",
    "sublist": "point",
    "indent": "point",
}
"""Section type by element, where it does not depend on what the element contains."""
_HCONTAINERS: dict[str, str] = {
    **{kind.value: kind.value for kind in SectionType},
    "regulation": "article",
    "schedule": "annex",
    "appendix": "annex",
    "recital": "paragraph",
    "crossheading": "division",
}
"""Section type by the name of an hcontainer."""
_ARTICLES = frozenset({"article"})
_SMALL = frozenset({"paragraph", "point"})
_HEADS = frozenset({"num", "heading", "subheading"})
_TEXTS = frozenset({"intro", "content", "wrapUp"})
_IDS = frozenset({"eId", "wId", "GUID", "name"})
"""Attributes that are read here, or that only name an element."""
_NOT_IN_FORCE = frozenset({"removed", "ignored", "temporary", "editorial"})
_NAME = re.compile(r"[a-z][a-z -]{0,39}")
_WORD = re.compile(r"[\W_]+")


@dataclass(slots=True)
class Piece:
    """A unit, or (`name`) text that belongs to none, with its own lines."""

    element: etree._Element
    lines: list[str] = field(default_factory=list)
    name: str = ""
    parent: int | None = None
    tag: str = ""
    section_type: str = ""
    label: str = ""
    """Its `num` as it stands."""
    number: str = ""
    title: str = ""
    component: int | None = None
    """Index of the annex that the unit is in."""
    waits: str = ""
    """A number whose text goes on the same line."""

    @property
    def series(self) -> str:
        """Return the name under which it is numbered: its element, and of an hcontainer also its name."""
        return f"{self.tag} {self.element.get('name', '')}" if self.tag == HCONTAINER else self.tag

    @property
    def line(self) -> int:
        """Return the line of the XML on which it begins."""
        return line_of(self.element)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about a line that a person must see."""

    piece: int
    offset: int
    """Line of the piece, from 0."""
    reason: SuspectReason


class Structure:
    """Reads one document. `pieces` are in the order of the text; `problems` say what is not certain."""

    def __init__(self, document: etree._Element) -> None:
        self.document = document
        self.blocks = Blocks()
        self.pieces: list[Piece] = []
        self.notices: list[Notice] = []
        self._numbered: dict[etree._Element, frozenset[str]] = {}
        """Names of the children that have a number, by element."""
        self._count_attributes(document)
        self._count_around(document)
        self._read(document, None)

    def _count_attributes(self, document: etree._Element) -> None:
        """Count what stands in attributes, and refuse markup of other namespaces outside of the metadata."""
        walk = etree.iterwalk(document, events=("start",))
        namespace = etree.QName(document).namespace
        for _, element in walk:
            if local(element) in {"meta", "foreign"}:
                walk.skip_subtree()
            elif local(element):
                if etree.QName(element).namespace != namespace:
                    message = f"{local(element)}: markup that is not Akoma Ntoso has no text that is certain"
                    self.blocks.problem("AKN_FOREIGN", element, message)
                names = {str(name) for name in element.attrib} - _IDS
                if count := sum(not name.startswith("{") for name in names):
                    self.blocks.omit("attribute", count=count)
                self._refuse_versions(element)
                if names & {"href", "src"}:
                    self.blocks.omit("reference that is not loaded")

    def _count_around(self, document: etree._Element) -> None:
        """Count comments and processing instructions outside of the document and of the root."""
        for element in (document, *document.iterancestors()):
            for preceding in (True, False):
                for node in element.itersiblings(preceding=preceding):
                    if not local(node):
                        self.blocks.omit_comment(node)

    def _refuse_versions(self, element: etree._Element) -> None:
        """Refuse what the markup itself says is another version, or no longer there."""
        status, contains = element.get("status", ""), element.get("contains", "")
        is_text = local(element) not in NOTES
        if (is_text and status in _NOT_IN_FORCE) or "alternativeTo" in element.attrib:
            reason = f"the status {status!r}" if status in _NOT_IN_FORCE else "another version of itself"
            self.blocks.problem(
                "AKN_VERSION", element, f"{local(element)} has {reason}: it is not certain if it is law"
            )
        if contains == "multipleVersions":
            self.blocks.problem("AKN_VERSION", element, "the file holds more than one version of the document")

    def _read(self, document: etree._Element, annex: int | None) -> None:
        """Read a document, or the one in an attachment, whose text before its body is that of the annex."""
        for child in document:
            tag = local(child)
            if tag in {"body", "mainBody"}:
                self._body(child, annex)
            elif tag in {"attachments", "components"}:
                self._attachments(child)
            elif tag == "meta":
                self.blocks.omit("metadata", count=sum(1 for _ in child.iterdescendants(etree.Element)))
            elif tag and annex is not None and self._last_is(annex):
                self._own_text(annex, child)
            elif tag:
                self._named(child, tag)
            else:
                self.blocks.omit_comment(child)

    def _named(self, outer: etree._Element, tag: str) -> None:
        """Read text before or behind the body: one piece, or one for each part that has a name."""
        for child in outer:
            if not local(child):
                self.blocks.omit_comment(child)
        parts = [child for child in outer if local(child)]
        names = [part.get("name", "") if local(part) == "container" else "" for part in parts]
        named = all(_NAME.fullmatch(name) for name in names) and len(set(names)) == len(names) and not has_text(outer)
        if not (parts and named):
            self._other(outer, tag.lower())
            return
        for part, name in zip(parts, names, strict=True):
            self._other(part, name)

    def _other(self, element: etree._Element, name: str) -> None:
        if element.get(PART) is not None:
            lines = [line for child in element for line in self.blocks.lines(child)]
        else:
            lines = self.blocks.lines(element)
        if lines:
            self.pieces.append(Piece(element, lines, name))

    def _attachments(self, outer: etree._Element) -> None:
        for child in outer:
            tag = local(child)
            if tag in {"attachment", "component"}:
                self._attachment(child)
            elif tag:
                self.blocks.problem("AKN_ELEMENT", child, f"{tag}: no attachment")
            else:
                self.blocks.omit_comment(child)

    def _attachment(self, attachment: etree._Element) -> None:
        inner = next((child for child in attachment if local(child) and local(child) not in _HEADS), None)
        if inner is None or local(inner) not in {"act", "bill", "doc", "statement"}:
            self.blocks.problem("AKN_ELEMENT", attachment, "the attachment holds no document: its text is elsewhere")
            return
        index = self._unit(attachment, None, "annex")
        self.pieces[index].component = index
        self._read(inner, index)
        if not self.pieces[index].lines:
            self.blocks.problem(
                "AKN_NO_HEAD", attachment, "the attachment has neither a number, nor a heading, nor a preface"
            )

    def _body(self, body: etree._Element, parent: int | None) -> None:
        self._refuse_stray(body)
        for child in body:
            tag = local(child)
            if tag in HIERARCHY:
                self._hierarchical(child, parent)
            elif tag == "crossHeading":
                self._other(child, "cross-heading")
            elif parent is not None and self._last_is(parent):
                self._own_text(parent, child)
            elif self.blocks.lines(child):
                self.blocks.problem("AKN_OUTSIDE", child, f"{tag}: text in the body that is in no unit")

    def _refuse_stray(self, element: etree._Element) -> None:
        if has_text(element):
            message = f"text directly in {local(element)}, outside of its blocks"
            self.blocks.problem("AKN_STRAY_TEXT", element, message)

    def _last_is(self, index: int) -> bool:
        return index == len(self.pieces) - 1

    def _hierarchical(self, element: etree._Element, parent: int | None) -> None:
        self._refuse_stray(element)
        if element.get(PART) is not None:
            name = element.get(PART, "")
            self._other(element, name if _NAME.fullmatch(name) else "named part")
        elif is_unit(element):
            self._refuse_missing_number(element)
            index = self._unit(element, parent, self._type_of(element, parent))
            if text_follows(element):
                self._uncut(element, index)
            else:
                self._inside(element, index)
        elif parent is None and not _own_texts(element):
            # It only groups units, as UK schedules do.
            self._body(element, None)
        elif parent is None:
            self.blocks.problem("AKN_NO_HEAD", element, f"{local(element)} with neither number nor heading, in no unit")
        else:
            self._refuse_wrapper(element)
            self._inside(element, parent)

    def _inside(self, element: etree._Element, unit: int) -> None:
        """Read the text and the parts of a unit, or of a wrapper in it that has neither number nor heading."""
        for child in element:
            tag = local(child)
            if tag in _HEADS:
                continue
            if tag in HIERARCHY:
                self._hierarchical(child, unit)
            elif tag == "crossHeading":
                self._other(child, "cross-heading")
            else:
                self._own_text(unit, child)

    def _own_text(self, unit: int, block: etree._Element) -> None:
        lines = self.blocks.lines(block)
        if not lines:
            return
        if not self._last_is(unit):
            # Decided before for units; left are an annex's own blocks and text of cross-headings.
            self.blocks.problem(
                "AKN_TEXT_AFTER", block, "text of a unit behind its parts: it would become part of the last"
            )
            return
        piece = self.pieces[unit]
        if piece.waits:
            lines[0] = f"{piece.waits}{lines[0]}"
            piece.waits = ""
            piece.lines.pop()
        piece.lines += lines

    def _uncut(self, element: etree._Element, index: int) -> None:
        """Keep the parts of a unit in its text, because text of the unit follows them; each is told."""
        if self.pieces[index].section_type not in _SMALL | {"article", "principle"} or has_articles(element):
            message = f"text of the {local(element)} behind its parts: it would become part of the last"
            self.blocks.problem("AKN_TEXT_AFTER", element, message)
            return
        for child in element:
            if local(child) in HIERARCHY:
                self.pieces[index].waits = ""
                self._as_text(index, child)
            elif local(child) not in _HEADS:
                self._own_text(index, child)

    def _as_text(self, index: int, element: etree._Element) -> None:
        """Add an element of the hierarchy to the text of a unit, as it would stand in its own."""
        lines = self.pieces[index].lines
        self._refuse_missing_number(element)
        if is_unit(element):
            self.notices.append(Notice(index, len(lines), SuspectReason.TEXT_FOLLOWS))
        waits = self.blocks.head_line(element)
        joins = not _shown(element, "heading")
        for child in element:
            if local(child) in _HEADS:
                continue
            is_text = local(child) not in HIERARCHY
            text = self.blocks.lines(child) if is_text else []
            if waits and (text or not is_text):
                text = [f"{waits} {text[0]}", *text[1:]] if joins and text else [waits, *text]
                waits = ""
            lines += text
            if not is_text:
                self._as_text(index, child)
        lines += [waits] if waits else []

    def _unit(self, element: etree._Element, parent: int | None, section_type: str) -> int:
        heading = " ".join(self._head(element, "heading"))
        label = " ".join(self._head(element, "num"))
        piece = Piece(element, parent=parent, tag=local(element), section_type=section_type)
        piece.label, piece.number, piece.title = label, number_in(label), clean_title(heading)
        piece.component = self.pieces[parent].component if parent is not None else None
        piece.lines = self._head_lines(element, label, heading)
        self._refuse_contradictions(element, label)
        if label and not heading and SOURCE not in element.attrib and len(piece.lines) == 1:
            number = element.find("{*}num")
            source = number.get(SOURCE) if number is not None else None
            piece.waits = f"{label} " if source is None else source
            self._refuse_other_source(element, piece.waits, label)
        elif element.get(JOINS) == "true" and len(piece.lines) == 1:
            piece.waits = element.get(SOURCE, "")
        self.pieces.append(piece)
        return len(self.pieces) - 1

    def _head(self, element: etree._Element, tag: str) -> list[str]:
        return [line for child in element if local(child) == tag for line in self.blocks.lines(child)]

    def _head_lines(self, element: etree._Element, label: str, heading: str) -> list[str]:
        """Return the lines that a unit begins with: those of its source, if it states them, else number and heading."""
        source = element.get(SOURCE)
        below = self._head(element, "subheading")
        if source is None:
            return [line for line in (f"{label} {heading}".strip(), *below) if line]
        self._refuse_other_source(element, source, f"{label} {heading}")
        return [line for line in source.split("\n") if line.strip()]

    def _refuse_other_source(self, element: etree._Element, source: str, head: str) -> None:
        """Refuse a stated line whose letters and digits are not those that the markup shows."""
        if _WORD.sub("", source) != _WORD.sub("", head):
            self.blocks.problem("AKN_CONTRADICTION", element, f"the stated line {source!r} is not {head!r}")

    def _refuse_contradictions(self, element: etree._Element, label: str) -> None:
        for tag in ("num", "heading"):
            if sum(local(child) == tag for child in element) > 1:
                self.blocks.problem("AKN_CONTRADICTION", element, f"{local(element)} has {tag} more than once")
        eid = element.get("eId", "")
        if label and contradicts(label, local(element), eid):
            self.blocks.problem("AKN_CONTRADICTION", element, f"{local(element)} {label!r} has the eId {eid!r}")

    def _refuse_wrapper(self, element: etree._Element) -> None:
        """Refuse what only wraps, if it has a number or a heading after all, or lacks the number that others have."""
        self._refuse_missing_number(element)
        if self.blocks.head_line(element):
            self.blocks.problem(
                "AKN_ELEMENT", element, f"{local(element)} with a head: it is not certain if it is a unit"
            )

    def _refuse_missing_number(self, element: etree._Element) -> None:
        """Refuse an article, or what has no heading either, without a number beside others of its name that have one."""
        above = element.getparent()
        wants = local(element) in _ARTICLES or not _shown(element, "heading")
        if _label(element) or above is None or not wants or ADDRESS in element.attrib:
            return
        if above not in self._numbered:
            # Once for all children: each asks, and there can be thousands.
            self._numbered[above] = frozenset(local(child) for child in above if _label(child))
        if local(element) in self._numbered[above]:
            message = f"{local(element)} without a number beside others that have one"
            self.blocks.problem("AKN_NUMBER_MISSING", element, message)

    def _type_of(self, element: etree._Element, parent: int | None) -> str:
        tag, above = local(element), self.pieces[parent].section_type if parent is not None else ""
        if tag == "subsection":
            return "subdivision" if has_articles(element) else "paragraph"
        if tag == HCONTAINER:
            name = element.get("name", "").lower()
            known = _HCONTAINERS.get(name, "division" if has_articles(element) else "")
            if not known:
                message = f"hcontainer {name!r}: its place is not certain; the names that are known are {', '.join(sorted(_HCONTAINERS))}"
                self.blocks.problem("AKN_ELEMENT", element, message)
            return known or "article"
        if tag not in _TYPES:
            self.blocks.problem("AKN_ELEMENT", element, f"{tag}: its place is not certain")
        kind = _TYPES.get(tag, "article")
        within = above in _SMALL or (above == "article" and tag in {"clause", "rule"})
        return "point" if within and kind in {"paragraph", "article"} and tag not in _ARTICLES else kind


def is_unit(element: etree._Element) -> bool:
    """Return whether an element of the hierarchy has a number or a heading; others only wrap."""
    return local(element) != "list" and bool(_label(element) or _shown(element, "heading"))


def _label(element: etree._Element) -> str:
    return _shown(element, "num")


def _shown(element: etree._Element, tag: str) -> str:
    return "".join("".join(child.itertext()) for child in element if local(child) == tag).strip()


def _own_texts(element: etree._Element) -> bool:
    return any(local(child) in _TEXTS and "".join(child.itertext()).strip() for child in element)


def has_articles(element: etree._Element) -> bool:
    """Return whether articles are among the parts of an element; quoted ones are text."""
    parts = [child for child in element if local(child) in HIERARCHY]
    return any(local(part) in _ARTICLES or has_articles(part) for part in parts)


def text_follows(element: etree._Element) -> bool:
    """Return whether a unit has text of its own behind a part of it, also in wrappers."""
    has_part = False
    for child in _flattened(element):
        if local(child) in _TEXTS:
            if has_part and "".join(child.itertext()).strip():
                return True
        else:
            has_part = True
    return False


def _flattened(element: etree._Element) -> list[etree._Element]:
    """Return the texts and the parts of a unit in order, those of wrappers in it too."""
    result: list[etree._Element] = []
    for child in element:
        tag = local(child)
        if tag in _TEXTS or (tag in HIERARCHY and is_unit(child)):
            result.append(child)
        elif tag in HIERARCHY and child.get(PART) is None:
            result += _flattened(child)
    return result
