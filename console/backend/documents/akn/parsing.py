"""Bytes to an XML tree that nothing outside of them has a part in: no DTD, no entity, no network, bounded."""

import re

from lxml import etree

from console.backend.documents.canonical import RefusedText, decoded_text
from console.backend.documents.limits import Limits
from console.backend.model.errors import StopCode

MAX_DEPTH = 100
"""Elements within each other; the text of a law has about twenty."""
_TAGS_PER_UNIT = 40
"""Limit of the tags, as a multiple of the limit of units."""
_DECLARATION = re.compile(r"""<\?xml\s[^>]*?\bencoding\s*=\s*["']([^"']*)["'][^>]*\?>""")
# Nothing is tried twice, so that a hostile prologue takes as long as its length.
_PROLOGUE = re.compile(r"(?:<\?xml\s[^>]*\?>)?(?:\s++|<!--(?s:.*?)-->|<\?(?s:.*?)\?>)*+")
_NAMESPACE = re.compile(
    r"http://docs\.oasis-open\.org/legaldocml/ns/akn/3\.0(?:/[A-Z0-9]+)?|http://Inhaltsdaten\.LegalDocML\.de/[0-9.]+/"
)
_TYPES = ("act", "bill", "doc", "statement")


def parse_akn(raw: bytes, limits: Limits) -> etree._Element:
    """Return the element of the one document in these bytes: act, bill, doc or statement.

    Raises RefusedText, with the line of the XML, for what is not well-formed UTF-8 XML of that kind, for a document type
    declaration, which could bring entities and files, and for what is beyond the limits. Nothing is loaded.
    """
    text = decoded_text(raw, limits)
    _refuse_encoding(text)
    _refuse_declarations(text)
    _refuse_many(text, limits)
    root = _parsed(text)
    _refuse_depth(root)
    return _document_of(root)


def local(element: etree._Element) -> str:
    """Return the name of an element without its namespace; empty for a comment or a processing instruction."""
    # Asked for each element many times: a QName would take five times as long.
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def line_of(element: etree._Element) -> int:
    """Return the 1-based line of the XML on which the element begins."""
    return element.sourceline or 0


def _refuse_encoding(text: str) -> None:
    declared = _DECLARATION.match(text)
    if declared is not None and declared[1].lower() not in {"utf-8", "utf8", "us-ascii"}:
        raise RefusedText(
            StopCode.REFUSED_INPUT,
            f"the XML declares the encoding {declared[1]!r}, and its bytes are UTF-8",
            "convert the file to UTF-8, and its declaration too",
            1,
        )


def _refuse_declarations(text: str) -> None:
    prologue = _PROLOGUE.match(text)
    end = prologue.end() if prologue is not None else 0
    if text.startswith("<!", end):
        raise RefusedText(
            StopCode.REFUSED_INPUT,
            "the XML has a document type declaration, which can define entities and name files",
            "take the declaration out; Akoma Ntoso needs none",
            text.count("\n", 0, end) + 1,
        )


def _refuse_many(text: str, limits: Limits) -> None:
    """Refuse more tags than a document of rules can have, before each becomes a hundred bytes of memory."""
    if text.count("<") > limits.max_units * _TAGS_PER_UNIT:
        raise RefusedText(
            StopCode.CAP_EXCEEDED,
            f"more than {limits.max_units * _TAGS_PER_UNIT:,} tags: this is no document of rules, or it is too long",
            "split the document, or raise the limit max_units in the settings",
        )


def inert_parser() -> etree.XMLParser:
    """Return a parser that loads and resolves nothing; the encoding is stated, so that it guesses none."""
    return etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )


def _parsed(text: str) -> etree._Element:
    try:
        root = etree.fromstring(text.encode(), inert_parser())
    except etree.XMLSyntaxError as error:
        line = min(max(error.lineno or 1, 1), text.count("\n") + 1)
        raise RefusedText(
            StopCode.REFUSED_INPUT, f"no well-formed XML: {error.msg}", "correct the file", line
        ) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise RefusedText(StopCode.REFUSED_INPUT, "the XML has a document type declaration", "take it out", 1)
    return root


def _refuse_depth(root: etree._Element) -> None:
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            raise RefusedText(
                StopCode.CAP_EXCEEDED,
                f"more than {MAX_DEPTH} elements within each other",
                "correct the file: no law is that deep",
                line_of(element),
            )


def _document_of(root: etree._Element) -> etree._Element:
    name = etree.QName(root)
    if name.localname != "akomaNtoso" or not _NAMESPACE.fullmatch(name.namespace or ""):
        raise RefusedText(
            StopCode.REFUSED_INPUT,
            f"the root is {name.localname!r} of the namespace {name.namespace or 'none'!r}, and no Akoma Ntoso 3 or LegalDocML.de",
            "convert the file to Akoma Ntoso 3.0, or plan it as text with another profile",
            line_of(root),
        )
    documents = [child for child in root if local(child)]
    if len(documents) != 1 or local(documents[0]) not in _TYPES:
        named = ", ".join(local(child) for child in documents[:5]) or "nothing"
        raise RefusedText(
            StopCode.REFUSED_INPUT,
            f"the file holds {named}, and no single {', '.join(_TYPES)}",
            "take each document of a collection into a file of its own",
            line_of(documents[0]) if documents else line_of(root),
        )
    return documents[0]
