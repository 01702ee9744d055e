"""Text of Akoma Ntoso by line: each block is a line, white space is one space, and what is left out is counted."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

from lxml import etree

from console.backend.documents.akn.parsing import line_of, local
from console.backend.documents.akn_elements import HIERARCHY
from console.backend.model.plan import Omission, Problem

_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_XML_SPACES = re.compile(r"[ \t\r\n]+")
_BREAK = "\x00"
"""Stands for the end of a line until white space is settled; XML cannot hold it."""
_BLOCKS = HIERARCHY | frozenset(
    (  # noqa: SIM905 - a list of names
        "block blockContainer blockList body caption citation citations collectionBody component conclusions container content "
        "coverPage crossHeading embeddedStructure foreign formula heading intro item li listIntroduction listWrapUp longTitle "
        "mainBody num ol p preamble preface quotedStructure recital recitals subFlow subheading table tblock td th toc "
        "tocItem tr ul wrapUp"
    ).split()
)
_QUOTATIONS = frozenset({"quotedStructure", "embeddedStructure"})
NOTES = {"authorialNote": "note", "remark": "remark", "img": "image"}
"""No text of the law wherever it stands: the element, and the name by which it is counted."""
_ELSEWHERE = frozenset({"componentRef", "documentRef"})
_CHANGES = frozenset({"del", "ins"})
_HEADS = frozenset({"num", "heading", "subheading"})
_FIRST_LINE = frozenset({"item", "li", "recital", "tblock", "blockContainer"}) | HIERARCHY


class Blocks:
    """Reads the lines of one document, and notes what is not in them and what cannot be decided."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._counts: Counter[str] = Counter()
        self._characters: Counter[str] = Counter()
        self._quoted = 0
        """Quotations that are open: units in them are text."""

    def omissions(self) -> tuple[Omission, ...]:
        """Return what is in the XML and not in the text, by name."""
        return tuple(
            Omission(name=name, count=count, characters=self._characters[name])
            for name, count in sorted(self._counts.items())
        )

    def problem(self, code: str, element: etree._Element, message: str) -> None:
        """Refuse the document for this element."""
        self.problems.append(Problem(code=code, line=line_of(element), message=message))

    def omit(self, name: str, text: str = "", count: int = 1) -> None:
        """Count what is left out, with the characters of its text."""
        self._counts[name] += count
        self._characters[name] += len(text.strip())

    def lines(self, element: etree._Element) -> list[str]:
        """Return the lines of a block, or of what contains blocks."""
        tag = local(element)
        if self._is_left_out(element, tag) or not self._is_sound(element, tag):
            return []
        self._quoted += tag in _QUOTATIONS
        lines = self._table(element) if tag == "table" else self._inside(element)
        self._quoted -= tag in _QUOTATIONS
        return lines

    def _inside(self, element: etree._Element) -> list[str]:
        if has_text(element) or not any(local(child) in _BLOCKS for child in element):
            return self._flowing(element)
        return self._contained(element)

    def _is_left_out(self, element: etree._Element, tag: str) -> bool:
        """Count what is no text, as a block and within one; what is not certain, or not here, is refused."""
        if not tag:
            self.omit_comment(element)
        elif tag in NOTES:
            self.omit(NOTES[tag], "".join(element.itertext()))
        elif tag in _CHANGES:
            self.problem("AKN_CHANGE", element, f"{tag}: it is not certain if text of a tracked change is law")
        elif tag in _ELSEWHERE:
            self.problem("AKN_ELSEWHERE", element, f"{tag}: the text is in another file, which is not loaded")
        else:
            return False
        return True

    def _is_sound(self, element: etree._Element, tag: str) -> bool:
        """Return whether the text of a block is certain; refused where it is not."""
        if tag == "foreign":
            self.problem("AKN_FOREIGN", element, "foreign: markup that is not Akoma Ntoso has no text that is certain")
            return False
        if tag in HIERARCHY and not self._quoted:
            # Its text would become that of the unit around it, and nobody would see that a unit is missing.
            self.problem("AKN_MISPLACED", element, f"{tag} within text, where no unit can be")
            return False
        return True

    def omit_comment(self, node: etree._Element) -> None:
        """Count a comment or a processing instruction, which is never obeyed."""
        if isinstance(node, etree._Entity):  # A second belt: what could declare one is refused when the file is parsed.
            self.problem("AKN_ENTITY", node, "an entity that is not one of XML's own")
        else:
            self.omit("comment" if isinstance(node, etree._Comment) else "processing instruction", node.text or "")

    def _contained(self, element: etree._Element) -> list[str]:
        """Return the lines of the blocks in an element; a number stands on the line of what it numbers."""
        head, lines = self.head_line(element), []
        for child in element:
            if local(child) not in _HEADS:
                lines += self.lines(child)
        if not head:
            return lines
        joins = lines and local(element) in _FIRST_LINE and element.find("{*}heading") is None
        return [f"{head} {lines[0]}", *lines[1:]] if joins else [head, *lines]

    def head_line(self, element: etree._Element) -> str:
        """Return number, heading and subheading of an element on one line."""
        parts = [" ".join(self._flowing(child)) for child in element if local(child) in _HEADS]
        return " ".join(part for part in parts if part)

    def _table(self, table: etree._Element) -> list[str]:
        """Return a line for each row, its cells apart by a bar."""
        lines: list[str] = []
        for row in table:
            if local(row) == "tr":
                cells = (" ".join(self.lines(cell)) for cell in row)
                lines.append(" | ".join(cells).strip())
            else:
                lines += self.lines(row)
        return [line for line in lines if line]

    def _flowing(self, element: etree._Element) -> list[str]:
        raw = "".join(self._pieces(element))
        if _keeps_spaces(element):
            rows = re.split(r"[\x00\n]", raw.replace("\r\n", "\n").replace("\r", "\n"))
        else:
            rows = [_XML_SPACES.sub(" ", row).strip(" ") for row in raw.split(_BREAK)]
        return [unicodedata.normalize("NFC", row) for row in rows if row.strip()]

    def _pieces(self, element: etree._Element) -> Iterator[str]:
        yield element.text or ""
        for child in element:
            yield from self._inline(child)
            yield child.tail or ""

    def _inline(self, child: etree._Element) -> Iterator[str]:
        tag = local(child)
        if self._is_left_out(child, tag):
            return
        if tag == "br":
            yield _BREAK
        elif tag in {"eol", "eop"}:
            yield " "
        elif tag in _BLOCKS:
            yield _BREAK + _BREAK.join(self.lines(child)) + _BREAK
        else:
            yield from self._pieces(child)


def _keeps_spaces(element: etree._Element) -> bool:
    stated = (node.get(_SPACE) for node in (element, *element.iterancestors()))
    return next((value for value in stated if value), "") == "preserve"


def has_text(element: etree._Element) -> bool:
    """Return whether an element has text of its own, outside of the elements in it."""
    return bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)
