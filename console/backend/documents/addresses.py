"""Addresses: `<DOCPREFIX>/<TOKEN>[/<TOKEN>...]`, upper-case ASCII, unique, as a lawyer would cite.

The rule: a unit hangs under its parent's address, but a unit whose numbering runs through the document (§, Art, Điều)
hangs directly under the docprefix, or under the annex or article that has a numbering of its own; in a document that
restarts those numbers in every container, under the container. A token is the level's word and the number as written;
without a number, the word alone or the slug of the title.
"""

import re
import unicodedata

from console.backend.documents.acceptances import ADDRESS_REPEATED, Accepted
from console.backend.documents.nesting import Node
from console.backend.documents.profiles import Scope
from console.backend.model.plan import Problem

_PREFIX = re.compile(r"[A-Z0-9](?:[A-Z0-9-]{1,30})[A-Z0-9]")
_NUMBERED = re.compile(
    r"(?P<word>[A-Za-z]{3,12}[ ]+)?(?P<number>\d{1,4}(?:\.\d{1,4})*[a-z]?|[IVXLC]{1,7})(?P<sep>[.:)]|[ ]+[-–—])?"
    r"(?:[ ]+\S.*)?"
)
_FOLD = str.maketrans({"ß": "ss", "đ": "d", "Đ": "D", "æ": "ae", "ø": "o", "ł": "l", "œ": "oe"})
_SLUG_LIMIT = 60
_QUOTED = 40


def is_reserved(docprefix: str) -> bool:
    """Return whether the prefix belongs to a document that is not cut here."""
    return docprefix == "ICX-CONST" or docprefix.startswith("DIEU")


def _shortened(docprefix: str) -> str:
    """Return a prefix as it is quoted: one that is far too long by its beginning."""
    return docprefix if len(docprefix) <= _QUOTED else f"{docprefix[:_QUOTED]}…"


def docprefix_problem(docprefix: str) -> Problem | None:
    """Return why a docprefix cannot be used, or None."""
    if not _PREFIX.fullmatch(docprefix):
        return Problem(
            code="DOCPREFIX_INVALID",
            line=0,
            message=f"docprefix {_shortened(docprefix)!r}: 3 to 32 of A-Z, 0-9 and '-', neither first nor last '-'",
        )
    if is_reserved(docprefix):
        return Problem(code="DOCPREFIX_RESERVED", line=0, message=f"docprefix {docprefix!r} is reserved")
    return None


def slug(title: str) -> str:
    """The ASCII letters and digits of a title, upper case, joined by '-'; at most 60 characters, whole words."""
    folded = unicodedata.normalize("NFKD", title.translate(_FOLD)).encode("ascii", "ignore").decode()
    words = re.findall(r"[A-Z0-9]+", folded.upper())
    text = "-".join(words)
    if len(text) <= _SLUG_LIMIT:
        return text
    return text[: _SLUG_LIMIT + 1].rpartition("-")[0] or text[:_SLUG_LIMIT]


def number_of(node: Node) -> str:
    """The number of a unit as written; of a Markdown heading, the one its title begins with."""
    number = node.mark.number
    if number is not None:
        return number.raw
    match = _NUMBERED.fullmatch(node.mark.title) if not node.level.token else None
    return match["number"] if match and _is_numbered(match) else ""


def _is_numbered(match: re.Match[str]) -> bool:
    # "Article 5", "6. Fees" and "3.1 Classes" are numbered; "3 classes" and "I think" may be titles as they stand.
    return bool(match["word"] or match["sep"] or "." in match["number"])


def _token(node: Node) -> str:
    if node.level.token:
        return f"{node.level.token}-{node.mark.number.token}" if node.mark.number else _unnumbered(node)
    if node.mark.number is not None:
        return node.mark.number.token
    match = _NUMBERED.fullmatch(node.mark.title)
    if match and match["word"]:
        return f"{match['word'].strip()}-{match['number']}".upper()
    if match and _is_numbered(match):
        return f"{node.level.section_type.value}-{match['number']}".upper()
    return slug(node.mark.title)


def _unnumbered(node: Node) -> str:
    tail = slug(node.mark.title) if node.level.role.value == "annex" and node.mark.title.isupper() else ""
    return f"{node.level.token}-{tail}" if tail else node.level.token


def addresses(nodes: list[Node], docprefix: str, ordinals: bool, accepted: Accepted) -> tuple[list[str], list[Problem]]:
    """One address a node, in order; a repeated one is a problem, gets the suffix of its acceptance, or ordinals."""
    again = _restarted(nodes)
    result: list[str] = []
    problems: list[Problem] = []
    taken: dict[str, int] = {}
    ordinals_given: dict[str, int] = {}
    generated = 0
    for node in nodes:
        if node.other:
            result.append("")
            continue
        through = node.level.scope is Scope.DOCUMENT and (node.level.name, node.base) not in again
        above = node.base if through else node.parent
        token = _token(node)
        if not token:
            problems.append(_no_token(node))
            token = f"LINE-{node.mark.line}"
        address = f"{docprefix if above is None else result[above]}/{token}"
        if node.level.generated:
            generated += 1
            address = f"{address}-{generated}"
        if address in taken and (ordinals or node.level.repeats):
            address = _with_ordinal(address, taken, ordinals_given)
        elif address in taken:
            acceptance = accepted.meets(ADDRESS_REPEATED, node.mark.line)
            if acceptance is None:
                problems.append(_repeated(node, address, taken[address]))
                # What stands below it is no fault of its own: it repeats no address once this one has another.
                address = f"{address}-LINE-{node.mark.line}"
            else:
                address = f"{address}-{acceptance.suffix}"
                problems.extend([_suffix_taken(node, address, taken[address])] if address in taken else [])
        taken.setdefault(address, node.mark.line)
        result.append(address)
    return result, problems


def _restarted(nodes: list[Node]) -> frozenset[tuple[str, int | None]]:
    """The (level, base) whose numbering restarts in its containers."""
    again: set[tuple[str, int | None]] = set()
    last: dict[tuple[str, int | None], tuple[tuple[int, ...], int | None]] = {}
    for node in nodes:
        if node.level.scope is not Scope.DOCUMENT or node.mark.number is None:
            continue
        key, first = (node.level.name, node.base), node.mark.number.first
        before = last.get(key)
        if before is not None and first <= before[0] and node.parent != before[1] and first[0] <= 1:
            again.add(key)
        last[key] = (node.mark.number.last, node.parent)
    return frozenset(again)


def _with_ordinal(address: str, taken: dict[str, int], given: dict[str, int]) -> str:
    # Counting goes on from the last one: from 2 each time, ten thousand equal headings would take minutes.
    ordinal = given.get(address, 1) + 1
    while f"{address}-{ordinal}" in taken:
        ordinal += 1
    given[address] = ordinal
    return f"{address}-{ordinal}"


def _no_token(node: Node) -> Problem:
    return Problem(
        code="ADDRESS_EMPTY",
        line=node.mark.line,
        message=f"heading {node.mark.title!r} has no letter or digit that an address could be made of",
    )


def _suffix_taken(node: Node, address: str, first: int) -> Problem:
    return Problem(
        code="ACCEPTANCE_SUFFIX",
        line=node.mark.line,
        message=f"with the suffix that was stated the address is {address}, as in line {first}: state another suffix",
    )


def _repeated(node: Node, address: str, first: int) -> Problem:
    return Problem(
        code="ADDRESS_REPEATED",
        line=node.mark.line,
        message=f"{address} is already the address of line {first}: correct the document, or plan it with ordinals",
    )
