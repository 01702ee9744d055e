"""Akoma Ntoso as a source: the canonical text that its markup gives, and the plan of it, by one declared rule.

The text is written piece by piece, so that every byte of it is in exactly one unit or named span: of a unit, number and
heading on one line, then a line for each block; without a heading, the first block on the number's line; an empty line
behind each piece.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from console.backend.documents.addresses import slug
from console.backend.documents.akn.numbers import number_token
from console.backend.documents.akn.parsing import local, parse_akn
from console.backend.documents.akn.structure import Piece, Structure
from console.backend.documents.akn.writing import ADDRESS
from console.backend.documents.akn_elements import REFERENCES
from console.backend.documents.canonical import CanonicalText, RefusedText, bounded, source_version
from console.backend.documents.coverage import check_algebra
from console.backend.documents.limits import DEFAULT_LIMITS, Limits
from console.backend.documents.numbering import parse_number
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import StopCode
from console.backend.model.plan import Coverage, DocumentPlan, OtherSpan, Problem, SourceVersion, Suspect, SuspectReason
from console.backend.model.planned_units import PlannedUnit
from console.backend.model.profile_names import AKN_PROFILE
from console.backend.model.vocabulary import VOCABULARY, UnitKind

AKN_RULE = "canon-akn-v0.1.0"
_ADDRESS = re.compile(r"[A-Z0-9-]+(?:/[A-Z0-9](?:[A-Z0-9.-]*[A-Z0-9])?)+")
_NUMBERS = re.compile(r"\d+")
_DIGITS = re.compile(r"(\D*)(\d{1,6})(\D?)")
_TEXT_SHOWN = 80


@dataclass(frozen=True, slots=True)
class AknDocument:
    """The text that a file's markup gives, and where its pieces stand in it."""

    text: CanonicalText
    structure: Structure
    starts: tuple[int, ...]
    """Byte offset of each piece, and of the end."""
    lines: tuple[int, ...]
    """1-based line of each piece, and of the end."""


@dataclass(frozen=True, slots=True)
class AknUnits:
    """Units, spans and suspects of a document, or the problems that refuse it."""

    units: tuple[PlannedUnit, ...]
    others: tuple[OtherSpan, ...]
    suspects: tuple[Suspect, ...]
    problems: tuple[Problem, ...]


def read_akn(raw: bytes, limits: Limits = DEFAULT_LIMITS) -> AknDocument:
    """Return the text of an Akoma Ntoso file. Raises RefusedText; what is ambiguous is in the structure's problems."""
    structure = Structure(parse_akn(raw, limits))
    starts, lines, texts = [0], [1], []
    for piece in structure.pieces:
        text = "".join(f"{line}\n" for line in piece.lines) + "\n"
        texts.append(text)
        starts.append(starts[-1] + len(text.encode()))
        lines.append(lines[-1] + len(piece.lines) + 1)
    text = "".join(texts)
    if not text and not structure.blocks.problems:
        raise RefusedText(StopCode.REFUSED_INPUT, "the document has no text", "give a document that has text")
    return AknDocument(bounded(text, AKN_RULE, limits), structure, tuple(starts), tuple(lines))


def akn_text(raw: bytes, limits: Limits = DEFAULT_LIMITS) -> CanonicalText:
    """Return the canonical text of an Akoma Ntoso file. Raises RefusedText if anything of it is ambiguous."""
    document = read_akn(raw, limits)
    if document.structure.blocks.problems:
        problem = min(document.structure.blocks.problems, key=lambda known: known.line)
        raise RefusedText(
            StopCode.REFUSED_INPUT, f"{problem.code}: {problem.message}", "correct the file", problem.line
        )
    return document.text


@dataclass(frozen=True, slots=True)
class AknPlan:
    """The plan of an Akoma Ntoso file, or None and its problems with their lines of the XML."""

    plan: DocumentPlan | None
    problems: tuple[Problem, ...]
    source: SourceVersion
    canonical: bytes


def plan_akn(raw: bytes, origin: str, docprefix: str, *, ordinals: bool, limits: Limits = DEFAULT_LIMITS) -> AknPlan:
    """Plan an Akoma Ntoso file. Raises RefusedText for what is no such file."""
    document = read_akn(raw, limits)
    canonical = document.text.data
    source = source_version(raw, canonical, origin, AKN_RULE)
    units = units_of(document, docprefix, ordinals=ordinals, max_units=limits.max_units)
    if units.problems:
        return AknPlan(None, units.problems, source, canonical)
    inside = sum(unit.byte_end - unit.byte_start for unit in units.units)
    outside = sum(other.byte_end - other.byte_start for other in units.others)
    plan = DocumentPlan(
        docprefix=docprefix,
        profile=AKN_PROFILE,
        ordinals=ordinals,
        source=source,
        units=units.units,
        others=units.others,
        coverage=Coverage(unit_bytes=inside, other_bytes=outside, lossless=inside + outside == len(canonical)),
        suspects=units.suspects,
        omissions=document.structure.blocks.omissions(),
    )
    faults = tuple(_in_file(fault, document) for fault in check_algebra(plan, canonical, limits))
    return AknPlan(None if faults else plan, faults, source, canonical)


def _in_file(problem: Problem, document: AknDocument) -> Problem:
    """Return a problem of the plan with its line of the XML instead of that of the text."""
    lines = document.lines[:-1]
    piece = bisect_right(lines, problem.line) - 1
    if piece < 0 or not problem.line:
        return problem
    return problem.model_copy(update={"line": document.structure.pieces[piece].line})


def units_of(document: AknDocument, docprefix: str, *, ordinals: bool, max_units: int) -> AknUnits:
    """Return the units of a document with their addresses, or every problem with its line of the XML."""
    pieces = document.structure.pieces
    problems = list(document.structure.blocks.problems)
    units = [index for index, piece in enumerate(pieces) if not piece.name]
    if len(units) > max_units:
        message = f"more than {max_units:,} units: split the document, or raise the limit max_units"
        return AknUnits(
            (), (), (), (Problem(code=StopCode.CAP_EXCEEDED, line=pieces[units[max_units]].line, message=message),)
        )
    naming = _Addresses(pieces, docprefix, ordinals=ordinals)
    problems += naming.problems
    if problems:
        return AknUnits((), (), (), tuple(problems))
    kind = _unit_kind(document)
    planned = tuple(_unit(document, index, kind, naming.addresses) for index in units)
    others = tuple(_other(document, index) for index, piece in enumerate(pieces) if piece.name)
    return AknUnits(planned, others, _suspects(document, naming), ())


def _unit_kind(document: AknDocument) -> UnitKind:
    """Return the kind of a `doc` whose types a document of its own kind can have; of all others, that of a law."""
    types = {piece.section_type for piece in document.structure.pieces if not piece.name}
    is_doc = local(document.structure.document) in {"doc", "statement"}
    fits = all((UnitKind.DOCUMENT.value, section_type) in VOCABULARY for section_type in types)
    return UnitKind.DOCUMENT if is_doc and fits else UnitKind.LAW


def _unit(document: AknDocument, index: int, kind: UnitKind, addresses: list[str]) -> PlannedUnit:
    piece = document.structure.pieces[index]
    start, end = document.starts[index], document.starts[index + 1]
    return PlannedUnit(
        address=addresses[index],
        parent=addresses[piece.parent] if piece.parent is not None else None,
        unit_kind=kind.value,
        section_type=piece.section_type,
        number=piece.number,
        title=piece.title,
        line_start=document.lines[index],
        line_end=document.lines[index + 1] - 1,
        byte_start=start,
        byte_end=end,
        body_sha256=sha256_hex(document.text.body(start, end)),
    )


def _other(document: AknDocument, index: int) -> OtherSpan:
    return OtherSpan(
        name=document.structure.pieces[index].name,
        line_start=document.lines[index],
        line_end=document.lines[index + 1] - 1,
        byte_start=document.starts[index],
        byte_end=document.starts[index + 1],
    )


def _suspects(document: AknDocument, naming: "_Addresses") -> tuple[Suspect, ...]:
    pieces = document.structure.pieces
    notices = [(notice.piece, notice.offset, notice.reason, notice.piece) for notice in document.structure.notices]
    notices += [(index, 0, reason, before) for index, reason, before in naming.notices]
    notices += _next_numbers(pieces)
    return tuple(
        Suspect(
            line=document.lines[index] + offset,
            reason=reason,
            text=pieces[index].lines[offset][:_TEXT_SHOWN],
            swallowed_by=naming.addresses[before] if not pieces[before].name else f"({pieces[before].name})",
        )
        for index, offset, reason, before in sorted(notices)
    )


def _next_numbers(pieces: list[Piece]) -> Iterator[tuple[int, int, SuspectReason, int]]:
    """Give each line that begins with the number that comes next, written as the unit's own, if no unit beside it has it."""
    labels = {(piece.parent, piece.series, piece.label) for piece in pieces}
    for index, piece in enumerate(pieces):
        digits = _DIGITS.fullmatch(piece.label)
        if digits is None or piece.name:
            continue
        following = f"{digits[1]}{int(digits[2]) + 1}{digits[3]}"
        if (piece.parent, piece.series, following) in labels:
            continue
        for offset, line in enumerate(piece.lines[1:], 1):
            if line.startswith(following) and not line[len(following) : len(following) + 1].isalnum():
                yield index, offset, SuspectReason.NEXT_NUMBER, index


class _Addresses:
    """The addresses of a document's units: those that the markup states, or made of elements and numbers."""

    def __init__(self, pieces: list[Piece], docprefix: str, *, ordinals: bool) -> None:
        self.pieces = pieces
        self.addresses: list[str] = []
        self.problems: list[Problem] = []
        self.notices: list[tuple[int, SuspectReason, int]] = []
        """Index of a unit, reason, and index of the piece before it."""
        self._prefix = docprefix
        self._ordinals = ordinals
        self._taken: dict[str, int] = {}
        self._given: Counter[str] = Counter()
        self._annexes = 0
        """Annexes without a number so far."""
        stated = [piece.element.get(ADDRESS) for piece in pieces if not piece.name]
        if any(stated) and not all(stated):
            line = next(piece.line for piece in pieces if not piece.name and not piece.element.get(ADDRESS))
            self._problem("AKN_CONTRADICTION", line, "some units state their address, and this one does not")
        self._are_stated = any(stated)
        self._through = self._numbered_through()
        for index, piece in enumerate(pieces):
            self.addresses.append("" if piece.name else self._address(index, piece))
        self._check_numbers()

    def _problem(self, code: str, line: int, message: str) -> None:
        self.problems.append(Problem(code=code, line=line, message=message))

    def _numbered_through(self) -> frozenset[tuple[str, int | None]]:
        """Return series and annex of the units whose numbers run through the document, so that no other unit need be named.

        They are the articles; in a document that has none, the sections that are in no section.
        """
        numbers: Counter[tuple[str, int | None, str]] = Counter()
        has_articles = any(piece.section_type == "article" for piece in self.pieces)
        for piece in self.pieces:
            above = self.pieces[piece.parent] if piece.parent is not None else None
            nested = above is not None and above.series == piece.series
            basic = piece.section_type == "article" if has_articles else piece.tag == "section"
            if piece.number and basic and not nested:
                numbers[piece.series, piece.component, number_token(piece.number)] += 1
        restarting = {key[:2] for key, count in numbers.items() if count > 1}
        return frozenset(key[:2] for key in numbers) - restarting

    def _address(self, index: int, piece: Piece) -> str:
        address = self._stated(piece) if self._are_stated else self._made(index, piece)
        if address in self._taken and self._ordinals:
            address = self._with_ordinal(address)
        elif address in self._taken:
            message = f"{address} is already the address of line {self._taken[address]}: correct the document, or plan it with ordinals"
            self._problem("ADDRESS_REPEATED", piece.line, message)
        self._taken.setdefault(address, piece.line)
        return address

    def _with_ordinal(self, address: str) -> str:
        ordinal = max(self._given[address], 1) + 1
        while f"{address}-{ordinal}" in self._taken:
            ordinal += 1
        self._given[address] = ordinal
        return f"{address}-{ordinal}"

    def _stated(self, piece: Piece) -> str:
        """Return the address that the markup states, below the prefix that was asked for.

        It hangs under a unit around it or under the prefix, and has every number that the unit shows.
        """
        stated = piece.element.get(ADDRESS, "")
        address = f"{self._prefix}/{stated.partition('/')[2]}"
        above, _, token = address.rpartition("/")
        shown = set(map(int, _NUMBERS.findall(piece.number))) - set(map(int, _NUMBERS.findall(token)))
        if not _ADDRESS.fullmatch(stated):
            self._problem("AKN_ADDRESS", piece.line, f"{stated!r} is no address")
        elif above not in {self._prefix, *self._around(piece)}:
            self._problem("AKN_ADDRESS", piece.line, f"{stated!r} is no address below a unit around it")
        elif shown:
            self._problem("AKN_ADDRESS", piece.line, f"{stated!r} has not the number {piece.label!r}")
        return address

    def _around(self, piece: Piece) -> Iterator[str]:
        while piece.parent is not None:
            yield self.addresses[piece.parent]
            piece = self.pieces[piece.parent]

    def _made(self, index: int, piece: Piece) -> str:
        above = self.pieces[piece.parent] if piece.parent is not None else None
        nested = above is not None and above.series == piece.series
        through = (piece.series, piece.component) in self._through and not nested
        context = piece.component if through and piece.component != index else None if through else piece.parent
        word = "annex" if piece.section_type == "annex" else REFERENCES.get(piece.tag, piece.tag)
        if piece.tag == "hcontainer":
            word = piece.element.get("name", "") if piece.section_type != "annex" else word
        token = self._token(index, piece, slug(word))
        return f"{self._prefix if context is None else self.addresses[context]}/{token}"

    def _token(self, index: int, piece: Piece, word: str) -> str:
        number = number_token(piece.number)
        if number:
            return f"{word}-{number}"
        title = slug(piece.title)
        if piece.section_type == "annex":
            self._annexes += 1
            if title:
                return f"{word}-{title}"
            self.notices.append((index, SuspectReason.GENERATED_NUMBER, index))
            return f"{word}-{self._annexes}"
        if not title:
            self._problem(
                "ADDRESS_EMPTY", piece.line, f"{piece.tag} has no letter or digit that an address could be made of"
            )
        return title or f"LINE-{piece.line}"

    def _check_numbers(self) -> None:
        """Refuse a number that goes backwards among siblings, and note each before which one is missing.

        Where the markup states the addresses, the order is that of the plan which was exported.
        """
        last: dict[tuple[int | None, str], int] = {}
        for index, piece in enumerate(self.pieces):
            value = parse_number(piece.number) if piece.number[:1].isdigit() else None
            if piece.name or value is None:
                continue
            through = (piece.series, piece.component) in self._through
            key = (piece.component if through else piece.parent, piece.series)
            number, before = value.first[0], last.get(key, 0)
            if number < before and not self._are_stated:
                self._problem("NUMBER_BACKWARDS", piece.line, f"{piece.tag} {piece.number} comes after {before}")
            elif number > before + 1:
                self.notices.append((index, SuspectReason.MISSING_NUMBER, max(index - 1, 0)))
            last[key] = max(value.last[0], before)
