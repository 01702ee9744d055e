"""Exported documents as Akoma Ntoso 3: a pure function from portions and stated facts to bytes."""

import re
from datetime import date
from itertools import takewhile

from lxml import etree

from console.backend.documents.akn.eids import EIds
from console.backend.documents.akn.frbr import WorkFacts, document_type, iris_of
from console.backend.documents.akn.numbers import number_in
from console.backend.documents.akn_elements import AKN_NAMESPACE, HCONTAINER
from console.backend.documents.heads import head_of
from console.backend.documents.portions import ExportedDocument, Portion, Standing
from console.backend.model.plan import Problem

OWN_NAMESPACE = "urn:cutter-console:akn:1"
"""Of the attributes and of the metadata that Akoma Ntoso does not have."""
ADDRESS, SOURCE, JOINS, STANDING, PART = (
    f"{{{OWN_NAMESPACE}}}{name}" for name in ("address", "source", "joins", "standing", "part")
)
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPACES = re.compile(r"^\s|\s$|\s\s|[^\S ]")
_TOOL = "cutter-console"


def not_xml(document: ExportedDocument) -> tuple[Problem, ...]:
    """Return the characters that XML 1.0 cannot hold, each once per line; such a document cannot be exported."""
    problems: dict[tuple[int, str], Problem] = {}
    for portion in document.portions:
        for match in _NOT_XML.finditer(portion.text):
            character, place = match.group(), portion.address or f"the {portion.name}"
            # Lines that were dropped from a portion are counted in its source only.
            below = 0 if document.n_dropped else portion.text.count("\n", 0, match.start())
            line = portion.line + below
            message = f"U+{ord(character):04X} in {place}: XML 1.0 cannot hold it"
            problems.setdefault((line, character), Problem(code="NOT_XML", line=line, message=message))
    return tuple(problems.values())


def write_akn(document: ExportedDocument, facts: WorkFacts, elements: dict[str, str], exported_on: date) -> bytes:
    """Return the document as XML. `elements` is the element of each section type.

    Text that XML cannot hold must have been refused before, by `not_xml`.
    """
    root = etree.Element(_name("akomaNtoso"), nsmap={None: AKN_NAMESPACE, "cc": OWN_NAMESPACE})
    kind = document_type(document)
    act = _below(root, kind, name="act" if kind == "act" else "document")
    before, body, behind = _parts(document.portions)
    _Meta(document, facts, exported_on).write(act, _title_of(before))
    ids = EIds()
    _write_parts(act, "preface", before, ids)
    _Body(_below(act, "body" if kind == "act" else "mainBody"), elements, ids).write(body)
    _write_parts(act, "conclusions", behind, ids)
    etree.indent(root, space="  ")
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, doctype=None) + b"\n"


def _name(tag: str) -> str:
    return f"{{{AKN_NAMESPACE}}}{tag}"


def _below(parent: etree._Element, tag: str, text: str = "", **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, _name(tag), attributes)
    if text:
        element.text = text
        if _SPACES.search(text):
            element.set(_SPACE, "preserve")
    return element


def _parts(
    portions: tuple[Portion, ...],
) -> tuple[tuple[Portion, ...], tuple[Portion, ...], tuple[Portion, ...]]:
    """Return what stands before the first unit, the units with what stands between them, and what stands behind."""
    before = tuple(takewhile(lambda portion: not portion.address, portions))
    rest = portions[len(before) :]
    behind = tuple(takewhile(lambda portion: not portion.address, reversed(rest)))[::-1]
    return before, rest[: len(rest) - len(behind)], behind


def _title_of(before: tuple[Portion, ...]) -> str:
    """Return the document's own title, if its text marks it as a heading: another first line can be a motto or an issuer."""
    text = next((portion.text for portion in before if portion.name == "title"), "").lstrip()
    return text.partition("\n")[0].lstrip("#").strip("* \t") if text.startswith("#") else ""


def _lines_below(parent: etree._Element, lines: tuple[str, ...]) -> None:
    for line in lines:
        _below(parent, "p", line)


def _lines_of(text: str) -> tuple[str, ...]:
    return tuple(line for line in text.split("\n") if line.strip())


def _write_parts(act: etree._Element, tag: str, parts: tuple[Portion, ...], ids: EIds) -> None:
    """Write the text before or behind the units, each part as a container with its name."""
    written = [part for part in parts if part.text.strip()]
    if not written:
        return
    outer = _below(act, tag)
    for part in written:
        container = _below(outer, "container", name=part.name, eId=ids.give(tag, "container"))
        _lines_below(container, _lines_of(part.text))


class _Body:
    """The units of a document, each below its parent."""

    def __init__(self, body: etree._Element, elements: dict[str, str], ids: EIds) -> None:
        self._body = body
        self._elements = elements
        self._ids = ids
        self._places: dict[str, etree._Element] = {}
        self._eids: dict[str, str] = {}

    def write(self, portions: tuple[Portion, ...]) -> None:
        parents = {portion.parent for portion in portions if portion.parent}
        # The unit that follows says where a named part stands: beside it, so that the order is that of the text.
        following = [portion.parent for portion in portions if portion.address][::-1]
        for portion in portions:
            if portion.address:
                following.pop()
                self._unit(portion, has_parts=portion.address in parents)
            elif portion.text.strip():
                self._named_part(portion, following[-1])

    def _unit(self, unit: Portion, *, has_parts: bool) -> None:
        tag = self._elements[unit.section_type]
        head = head_of(unit.text, unit.number, unit.title)
        # What an address hangs under is what makes its number unique: the context that an eId wants too.
        context = self._eids.get(unit.address.rpartition("/")[0], "")
        number = unit.number if unit.number in head.number else number_in(head.number)
        eid = self._eids[unit.address] = self._ids.give(context, tag, number if head.number else "")
        element = _below(self._places[unit.parent] if unit.parent else self._body, tag, eId=eid)
        self._places[unit.address] = element
        if tag == HCONTAINER:
            element.set("name", unit.section_type)
        element.set(ADDRESS, unit.address)
        if unit.standing is Standing.DRAFT:
            element.set(STANDING, Standing.DRAFT.value)
        if head.source:
            element.set(SOURCE, head.source)
        if head.joins:
            element.set(JOINS, "true")
        if head.number:
            label = _below(element, "num", head.number)
            if head.before:
                label.set(SOURCE, head.before)
        if head.heading:
            _below(element, "heading", head.heading, eId=self._ids.give(eid, "heading", is_counted=False))
        if head.lines:
            inner = "intro" if has_parts else "content"
            block = _below(element, inner, eId=self._ids.give(eid, inner, is_counted=False))
            _lines_below(block, head.lines)

    def _named_part(self, part: Portion, parent: str | None) -> None:
        """Write text between units that belongs to none, below the parent of the unit that follows."""
        eid = self._ids.give(self._eids[parent] if parent else "", HCONTAINER)
        element = _below(self._places[parent] if parent else self._body, HCONTAINER, name=part.name, eId=eid)
        element.set(PART, part.name)
        content = _below(element, "content", eId=self._ids.give(eid, "content", is_counted=False))
        _lines_below(content, _lines_of(part.text))


class _Meta:
    """The metadata: what was stated, what is not known and says so, and where the text comes from."""

    def __init__(self, document: ExportedDocument, facts: WorkFacts, exported_on: date) -> None:
        self._document = document
        self._facts = facts
        self._day = exported_on
        self._iris = iris_of(document, facts)

    def write(self, act: etree._Element, title: str) -> None:
        meta = _below(act, "meta")
        identification = _below(meta, "identification", source=f"#{_TOOL}")
        self._work(_below(identification, "FRBRWork"), title)
        self._expression(_below(identification, "FRBRExpression"))
        self._manifestation(_below(identification, "FRBRManifestation"))
        self._references(_below(meta, "references", source=f"#{_TOOL}"))
        self._origin(_below(meta, "proprietary", source=f"#{_TOOL}"))

    def _common(self, level: etree._Element, iri: str, day: date, kind: str, author: str, title: str = "") -> None:
        component = f"{iri.removesuffix('.xml')}/!main{'.xml' if iri.endswith('.xml') else ''}"
        _below(level, "FRBRthis", value=component)
        _below(level, "FRBRuri", value=iri)
        if title:
            _below(level, "FRBRalias", name="title", value=title)
        _below(level, "FRBRdate", date=day.isoformat(), name=kind)
        _below(level, "FRBRauthor", href=f"#{author}")

    def _work(self, work: etree._Element, title: str) -> None:
        self._common(work, self._iris.work, self._facts.date, "stated", "author", title)
        _below(work, "FRBRcountry", value=self._facts.country)
        if self._facts.number:
            _below(work, "FRBRnumber", value=self._facts.number)
        else:
            _below(work, "FRBRname", value=self._document.docprefix.lower())

    def _expression(self, expression: etree._Element) -> None:
        self._common(expression, self._iris.expression, self._facts.date, "stated", "author")
        if self._document.standing is not Standing.ENACTED:
            _below(expression, "FRBRauthoritative", value="false")
        _below(expression, "FRBRlanguage", language=self._facts.language)

    def _manifestation(self, manifestation: etree._Element) -> None:
        self._common(manifestation, self._iris.manifestation, self._day, "export", _TOOL)
        _below(manifestation, "FRBRformat", value="application/akn+xml")

    def _references(self, references: etree._Element) -> None:
        _below(references, "TLCOrganization", eId=_TOOL, href=f"/ontology/organization/{_TOOL}", showAs=_TOOL)
        stated = self._facts.author or "not stated"
        _below(references, "TLCOrganization", eId="author", href="/ontology/organization/author", showAs=stated)

    def _origin(self, proprietary: etree._Element) -> None:
        document, source = self._document, self._document.source
        etree.SubElement(
            proprietary,
            f"{{{OWN_NAMESPACE}}}export",
            {
                "docprefix": document.docprefix,
                "profile": document.profile,
                "standing": document.standing.value,
                "units": str(len(document.units)),
                "content-digest": document.content_digest,
                "source": source.origin,
                "source-sha256": source.sha256,
                "canonical-sha256": source.canonical_sha256,
                "canon-rule": source.canon_rule,
            },
        )
