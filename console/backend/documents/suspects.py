"""Suspects: every line that reads like the beginning of a unit and opens none, with the unit that swallowed it."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple

from console.backend.documents.folding import bare, without_tags
from console.backend.documents.ignored_regions import Guards
from console.backend.documents.matching import Matcher
from console.backend.documents.nesting import Node
from console.backend.documents.numbering import roman_value, sign_in
from console.backend.documents.profiles import Role
from console.backend.model.plan import Suspect, SuspectReason

_SHOWN = 120
"""Number of characters of a suspect's line that are kept."""
_SHORT = 40
"""Number of characters up to which a line can be a heading without a number."""
_LONG_WORD = 8
"""Number of letters from which on a word of a level, with a slip in it, is told where it stands without a number."""
_LOOKED_AT = 64
"""Number of characters in which a beginning is looked for."""
_ENDS = tuple('.;:!?…”“"»)]}|>—–')
"""Last characters of a line behind which something can begin."""
_QUOTATION_MARKS = tuple('„“”"«»‟')
_BULLET = re.compile(r"[^\w\n]*[-*+•–—][ \t]")
# All of these look at a line in lower case and without diacritics. Signs before the number are taken for decoration.
_EMPHASIS = re.compile(r"[*_]{1,3}(?! )|[*_]{2,3}")
_DECORATION = re.compile(r"[^\w([{§#<.)\]]+")
_ANY_SIGN = re.compile(r"[^\w§#]+")
_NUMBER = (
    re.compile(r"[^\w]{0,3}(?P<number>\d{1,4}|[lio](?=[)\]]))(?!\d)"),
    re.compile(r"[^\w]{0,3}[a-z0-9][^\w]{0,2}(?P<number>\d{1,4})(?!\d)"),  # one character in the place of the sign
)
_WORD_AND_NUMBER = (
    re.compile(r"[^\w]{0,3}(?P<word>\w\S{1,13}?)[^\w]{1,3}[a-z]?(?P<number>\d{1,4}(?!\d)|[ivxlc]+(?!\w))"),
    re.compile(r"[^\w]{0,3}(?P<word>\w\S{1,13}?)[a-z]?(?P<number>\d{1,4})(?!\d)"),  # without the space between
)
_LETTER = re.compile(r"[^\w]{0,3}(?:(?P<letter>[a-z])\w?|\w(?P<second>[a-z]))(?!\w)")
_BEHIND_AN_END = r"(?<=[.;:!?”“¹²³])[^\S\n]*"
_FIRST_WORD = re.compile(r"[^\w]{0,3}(?P<word>\S{3,16})")
_OF_UNITS = {
    SuspectReason.MISSING_NUMBER,
    SuspectReason.UNKNOWN_HEADING,
    SuspectReason.INSIDE_LINE,
    SuspectReason.GENERATED_NUMBER,
    SuspectReason.BETWEEN_UNITS,
    SuspectReason.CONTINUES,
}
"""Reasons that can concern a line which opens a unit."""


class Sighting(NamedTuple):
    """A line that was seen and opened no unit."""

    line: int
    start: int
    """Offset of the line in characters."""
    reason: SuspectReason


class Candidate(NamedTuple):
    """A line that no level matches and that may only seem to be a beginning."""

    line: int
    start: int
    text: str
    """The line with its beginning folded; of a heading that no level knows, its title."""
    opens: bool
    """True for such a heading, which may open a section of its own."""


class _Places:
    """The units in the order of their lines."""

    def __init__(self, nodes: list[Node], addresses: list[str]) -> None:
        self._nodes = nodes
        self._addresses = addresses
        self._lines = [node.mark.line for node in nodes]
        self._articles = [node for node in nodes if node.level.role is Role.ARTICLE]
        self._article_lines = [node.mark.line for node in self._articles]
        self._starts = [node.mark.start for node in nodes]

    def around(self, line: int) -> Node | None:
        """Return the node that the line is text of."""
        at = bisect_right(self._lines, line) - 1
        return self._nodes[at] if at >= 0 else None

    def opens(self, line: int) -> bool:
        """Return whether the line opens a unit, or a named span."""
        at = bisect_left(self._lines, line)
        return at < len(self._lines) and self._lines[at] == line

    def opens_above(self, text: str, start: int) -> bool:
        """Return whether the line above the one that begins there opens a unit, or a named span."""
        above = text.rfind("\n", 0, max(start - 1, 0)) + 1
        at = bisect_left(self._starts, above)
        return above < start and at < len(self._starts) and self._starts[at] == above

    def name(self, line: int) -> str:
        """Return the address of the unit that the line is text of, or the name of the span in parentheses."""
        node = self.around(line)
        if node is None:
            return "(title)"
        return f"({node.other})" if node.other else self._addresses[node.index]

    def next_numbers(self, line: int) -> tuple[set[int], set[str]]:
        """Return the numbers, and the letters, with which a unit could go on behind this line."""
        numbers: set[int] = set()
        letters: set[str] = set()
        node = self.around(line)
        # Below a unit that has just been opened its parts begin with 1, or with a.
        if node is None or not node.level.small:
            numbers.add(1)
        if node is not None and node.level.alphabet is None:
            letters.add("a")
        # A numbering that runs through the document goes on behind the headings of groups.
        at = bisect_right(self._article_lines, line) - 1
        if at >= 0 and (number := self._articles[at].mark.number) is not None:
            numbers.add(number.last[0] + 1)
        while node is not None:
            if node.mark.number is not None:
                following = node.mark.number.last[0] + 1
                if node.level.alphabet is None:
                    numbers.add(following)
                else:
                    letters.add(sign_in(node.level.alphabet, following))
            node = self._nodes[node.parent] if node.parent is not None else None
        return numbers, letters


def follows_an_end(text: str, start: int) -> bool:
    """Return whether the line above is blank, or ends as a sentence does: only then can something begin in this line."""
    above = text[text.rfind("\n", 0, start - 1) + 1 : start - 1].rstrip() if start > 1 else ""
    return not above or above.endswith(_ENDS)


def find_suspects(
    text: str,
    matcher: Matcher,
    guards: Guards,
    candidates: list[Candidate],
    sightings: list[Sighting],
    nodes: list[Node],
    addresses: list[str],
    lines_between: Callable[[int, int], int],
) -> tuple[Suspect, ...]:
    """Return the suspects of a document in the order of their lines, at most one per line."""
    places = _Places(nodes, addresses)
    reasons: dict[int, Sighting] = {}
    for sighting in sightings:
        if sighting.reason in _OF_UNITS or not places.opens(sighting.line):
            reasons.setdefault(sighting.line, sighting)
    for sighting in _inside(text, nodes, lines_between):
        reasons.setdefault(sighting.line, sighting)
    for candidate in candidates:
        if places.opens(candidate.line) and not candidate.opens:
            continue
        reason = _reason(text, candidate, matcher, guards, places)
        if reason is not None:
            reasons.setdefault(candidate.line, Sighting(candidate.line, candidate.start, reason))
    return tuple(_suspect(text, reasons[line], places) for line in sorted(reasons))


def _inside(text: str, nodes: list[Node], lines_between: Callable[[int, int], int]) -> Iterator[Sighting]:
    """Yield where the number that comes next, and opens no unit, stands behind the end of a sentence within a line."""
    taken = {
        (node.parent, node.level.name, node.mark.number.first[0]) for node in nodes if node.mark.number is not None
    }
    for index, node in enumerate(nodes):
        if not node.level.inside or node.mark.number is None:
            continue
        following = node.mark.number.last[0] + 1
        if (node.parent, node.level.name, following) in taken:
            continue
        end = nodes[index + 1].mark.start if index + 1 < len(nodes) else len(text)
        alphabet = node.level.alphabet
        number = str(following) if alphabet is None else sign_in(alphabet, following)
        sign = re.compile(_BEHIND_AN_END + node.level.inside.replace("#", number))
        match = sign.search(text, node.mark.start, end) if number and number in text[node.mark.start : end] else None
        if match is not None:
            line = node.mark.line + lines_between(node.mark.start, match.start())
            yield Sighting(line, match.start(), SuspectReason.INSIDE_LINE)


def _reason(text: str, candidate: Candidate, matcher: Matcher, guards: Guards, places: _Places) -> SuspectReason | None:
    beginning = bare(_EMPHASIS.sub("", candidate.text.strip().rstrip("# ")[:_LOOKED_AT]))
    untagged = without_tags(beginning)  # A heading in HTML is told by its tag, a cell of a table by what it holds.
    if _reads_like(beginning, matcher) or (untagged is not beginning and _reads_like(untagged.strip(), matcher)):
        if _is_covered(candidate, guards):
            return SuspectReason.QUOTED
        return SuspectReason.SPELLING if _is_fresh(text, candidate, places) else SuspectReason.CONTINUES
    word = _FIRST_WORD.match(beginning)
    alone = len(candidate.text) <= _SHORT and word is not None and len(word["word"]) >= _LONG_WORD
    if word is not None and (candidate.opens or alone) and _is_mistyped(word["word"], matcher):
        return SuspectReason.SPELLING
    # The number alone is a weak sign: it counts only where something can begin, and not in lists that Markdown marks.
    if matcher.by_depth or not _is_fresh(text, candidate, places) or _BULLET.match(beginning):
        return None
    comes_next = _comes_next(beginning, candidate.line, matcher, places)
    return SuspectReason.NEXT_NUMBER if comes_next and not _is_covered(candidate, guards) else None


def _is_covered(candidate: Candidate, guards: Guards) -> bool:
    # A line that begins with a quotation mark is quoted too, though the quotation begins within the line.
    return guards.at(candidate.start) is not None or candidate.text.lstrip().startswith(_QUOTATION_MARKS)


def _is_fresh(text: str, candidate: Candidate, places: _Places) -> bool:
    return candidate.opens or places.opens_above(text, candidate.start) or follows_an_end(text, candidate.start)


def _reads_like(beginning: str, matcher: Matcher) -> bool:
    pattern = matcher.reads_like
    if pattern is None:
        return False
    # A bracket may be the sign of the number itself, or a slip before it: both readings are tried.
    return any(
        pattern.match(beginning, decoration.end() if decoration else 0) is not None
        for decoration in (None, _DECORATION.match(beginning), _ANY_SIGN.match(beginning))
    )


def _comes_next(beginning: str, line: int, matcher: Matcher, places: _Places) -> bool:
    """Return whether a line begins with the number or letter with which the units there would go on."""
    numbers, letters = places.next_numbers(line - 1)
    for pattern in _NUMBER:
        number = pattern.match(beginning)
        if number is not None and numbers & _meanings(number["number"]):
            return True
    for pattern in _WORD_AND_NUMBER:
        number = pattern.match(beginning)
        if number is not None and numbers & _meanings(number["number"]) and _is_mistyped(number["word"], matcher):
            return True
    letter = _LETTER.match(beginning) if matcher.lettered else None
    if letter is None:
        return False
    # Without its bar đ is d here, so that d means both.
    names = {name for name in letter.groups() if name} | ({"đ"} if "d" in letter.groups() else set())
    return any(name in letters for name in names)


def _is_mistyped(word: str, matcher: Matcher) -> bool:
    return any(_one_slip(word, known) for known in matcher.profile.words)


def _meanings(number: str) -> set[int]:
    """Return what digits, a Roman numeral or a letter that looks like 1 can mean; the last digit may be one too many."""
    if not number.isdecimal():
        return {1 if number in {"l", "o"} else roman_value(number) or 1}
    return {int(number), int(number) // 10}


def _one_slip(word: str, known: str) -> bool:
    """Return whether one letter more, less or other, or two letters swapped, lie between two words."""
    if abs(len(word) - len(known)) > 1:
        return False
    at = next((i for i, (have, want) in enumerate(zip(word, known, strict=False)) if have != want), None)
    if at is None:
        return True
    rest, wanted = word[at:], known[at:]
    swapped = rest[1::-1] + rest[2:] == wanted
    return swapped or rest[1:] == wanted[1:] or rest[1:] == wanted or rest == wanted[1:]


def _suspect(text: str, sighting: Sighting, places: _Places) -> Suspect:
    end = text.find("\n", sighting.start)
    line = text[sighting.start : min(end if end >= 0 else len(text), sighting.start + 2 * _SHOWN)].strip()
    swallowed_by = places.name(sighting.line - (sighting.reason is SuspectReason.MISSING_NUMBER))
    return Suspect(line=sighting.line, reason=sighting.reason, text=line[:_SHOWN], swallowed_by=swallowed_by)
