"""Suspects: every line that reads like the beginning of a unit and opens none, with the unit that swallowed it."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple, Protocol

from pydantic import TypeAdapter

from console.backend.documents.beginnings import (
    ALONE,
    BULLET,
    FIRST_WORD,
    LETTER,
    LONG_WORD,
    NUMBERS,
    SHORT,
    WORDS_AND_NUMBERS,
    beginning_of,
)
from console.backend.documents.folding import without_tags
from console.backend.documents.ignored_regions import Guards
from console.backend.documents.matching import Matcher
from console.backend.documents.nesting import Node
from console.backend.documents.numbering import roman_value, sign_in
from console.backend.documents.profiles import Role
from console.backend.model.plan import Suspect, SuspectReason

_SUSPECTS = TypeAdapter(tuple[Suspect, ...])
_SHOWN = 120
"""Number of characters of a suspect's line that are kept."""
_ENDS = frozenset('.;:!?…”“"»)]}|>—–')
"""Last characters of a line behind which something can begin."""
_QUOTATION_MARKS = tuple('„“”"«»‟')
_PUNCTUATION = "*_#-+>\"'([{„“ "
_BULLET = re.compile(BULLET)
_NUMBERS = tuple(map(re.compile, NUMBERS))
_WORDS_AND_NUMBERS = tuple(map(re.compile, WORDS_AND_NUMBERS))
_LETTER = re.compile(LETTER)
_BEHIND_AN_END = r"(?<=[.;:!?”“¹²³])[^\S\n]*"
_OF_UNITS = {
    SuspectReason.MISSING_NUMBER,
    SuspectReason.UNKNOWN_HEADING,
    SuspectReason.INSIDE_LINE,
    SuspectReason.GENERATED_NUMBER,
    SuspectReason.BETWEEN_UNITS,
    SuspectReason.CONTINUES,
    SuspectReason.OTHER_DEPTH,
    SuspectReason.SPELLING,
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

    start: int
    """Offset of the line in characters."""
    text: str
    """The line with its beginning folded; of a heading that no level knows, its title."""
    opens: bool
    """True for such a heading, which may open a section of its own."""


class Lines(Protocol):
    """Lines of the whole text, of which the text that is searched may be a part."""

    def line(self, number: int) -> int:
        """Return the number that a line has in the whole text."""

    def lines_between(self, start: int, end: int) -> int:
        """Return the number of lines of the whole text between two places of this one."""


class _Places:
    """The units in the order of their lines."""

    def __init__(self, nodes: list[Node], addresses: list[str]) -> None:
        self._nodes = nodes
        self._addresses = addresses
        self._lines = [node.mark.line for node in nodes]
        self._articles = [node for node in nodes if node.level.role is Role.ARTICLE]
        self._article_lines = [node.mark.line for node in self._articles]
        self._following: dict[int, tuple[set[int], set[str]]] = {}
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
        at = bisect_right(self._lines, line) - 1
        if at not in self._following:
            self._following[at] = self._numbers_behind(self._nodes[at] if at >= 0 else None, line)
        return self._following[at]

    def _numbers_behind(self, node: Node | None, line: int) -> tuple[set[int], set[str]]:
        numbers: set[int] = set()
        letters: set[str] = set()
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
    if start < 2 or text[start - 2] == "\n":
        return True
    if not (last := text[start - 2]).isspace():  # As nearly every line ends; the others are copied and stripped.
        return last in _ENDS
    above = text[text.rfind("\n", 0, start - 1) + 1 : start - 1].rstrip()
    return not above or above[-1] in _ENDS


def find_suspects(
    text: str,
    matcher: Matcher,
    guards: Guards,
    candidates: list[Candidate],
    sightings: list[Sighting],
    nodes: list[Node],
    addresses: list[str],
    lines: Lines,
) -> tuple[Suspect, ...]:
    """Return the suspects of a document in the order of their lines, at most one per line."""
    places = _Places(nodes, addresses)
    reasons: dict[int, Sighting] = {}
    for sighting in sightings:
        if sighting.reason in _OF_UNITS or not places.opens(sighting.line):
            reasons.setdefault(sighting.line, sighting)
    for sighting in _inside(text, matcher, nodes, lines):
        reasons.setdefault(sighting.line, sighting)
    number, counted = 1, 0
    for candidate, beginning in sorted(_worth_a_look(candidates, matcher), key=lambda pair: pair[0].start):
        number += text.count("\n", counted, candidate.start)
        counted, line = candidate.start, lines.line(number)
        if places.opens(line) and not candidate.opens:
            continue
        reason = _reason(text, candidate, beginning, line, matcher, guards, places)
        if reason is not None:
            reasons.setdefault(line, Sighting(line, candidate.start, reason))
    return _SUSPECTS.validate_python([_suspect(text, reasons[line], places) for line in sorted(reasons)])


def _worth_a_look(candidates: list[Candidate], matcher: Matcher) -> list[tuple[Candidate, str]]:
    """Return the candidates that can be suspects at all, with their beginnings: many lines are text, which one search tells."""
    beginnings = [beginning_of(candidate.text) for candidate in candidates]
    is_notable = matcher.notable.match
    return [
        (candidate, beginning)
        for candidate, beginning in zip(candidates, beginnings, strict=True)
        if candidate.opens or is_notable(beginning)
    ]


def _inside(text: str, matcher: Matcher, nodes: list[Node], lines: Lines) -> Iterator[Sighting]:
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
        possible = number and text.find(number, node.mark.start, end) >= 0
        match = (
            _behind_an_end(matcher.inside[node.level.name], number).search(text, node.mark.start, end)
            if possible
            else None
        )
        if match is not None:
            line = node.mark.line + lines.lines_between(node.mark.start, match.start())
            yield Sighting(line, match.start(), SuspectReason.INSIDE_LINE)


def _behind_an_end(form: str, number: str) -> re.Pattern[str]:
    return re.compile(_BEHIND_AN_END + form.replace("#", number))


def _reason(
    text: str, candidate: Candidate, beginning: str, line: int, matcher: Matcher, guards: Guards, places: _Places
) -> SuspectReason | None:
    if _reads_like(beginning, matcher):
        if _is_covered(candidate, guards):
            return SuspectReason.QUOTED
        return SuspectReason.SPELLING if _is_fresh(text, candidate, places) else SuspectReason.CONTINUES
    if _names_a_level(beginning, candidate, matcher.profile.words):
        return SuspectReason.SPELLING
    # What follows is a weak sign: it counts only where something can begin.
    if matcher.by_depth or not _is_fresh(text, candidate, places):
        return None
    if len(candidate.text) <= SHORT and _is_word_and_number(beginning, matcher.profile.words):
        return SuspectReason.SPELLING
    # A list that Markdown marks has numbers of its own.
    comes_next = not _BULLET.match(beginning) and _comes_next(beginning, line, matcher, places)
    return SuspectReason.NEXT_NUMBER if comes_next and not _is_covered(candidate, guards) else None


def _names_a_level(beginning: str, candidate: Candidate, words: tuple[str, ...]) -> bool:
    """Return whether a heading or a short line begins with the word of a level in which there is a slip."""
    first = FIRST_WORD.match(beginning)
    long = first is not None and len(candidate.text) <= SHORT and len(first["word"]) >= LONG_WORD
    if first is not None and (candidate.opens or long) and _is_near(first["word"], words):
        return True
    if (
        candidate.opens
        and (joined := FIRST_WORD.match(beginning.replace(" ", "", 1)))
        and _is_near(joined["word"], words)
    ):
        return True
    start = beginning.lstrip(_PUNCTUATION)
    return any(_is_near_phrase(start, known) for known in words if " " in known)


def _is_near_phrase(start: str, phrase: str) -> bool:
    """Return whether a line begins with a phrase of several words in which there is a slip."""
    first, _, rest = phrase.partition(" ")
    # A slip changes one letter or two neighbours, so it leaves whole what stands before the space or what stands behind.
    if not start.startswith(first) and rest not in start[: len(phrase) + 1]:
        return False
    # Without a slip it is a line that `reads_like` has judged.
    if start.startswith(phrase):
        return False
    return any(_one_slip(start[:end], phrase) for end in range(len(phrase) - 1, len(phrase) + 2))


def _is_word_and_number(beginning: str, words: tuple[str, ...]) -> bool:
    line = ALONE.match(beginning)
    return line is not None and line["word"] not in words and _is_near(line["word"], words)


def _is_covered(candidate: Candidate, guards: Guards) -> bool:
    # A line that begins with a quotation mark is quoted too, though the quotation begins within the line.
    return guards.at(candidate.start) is not None or candidate.text.lstrip().startswith(_QUOTATION_MARKS)


def _is_fresh(text: str, candidate: Candidate, places: _Places) -> bool:
    return candidate.opens or places.opens_above(text, candidate.start) or follows_an_end(text, candidate.start)


def _reads_like(beginning: str, matcher: Matcher) -> bool:
    pattern = matcher.reads_like
    if pattern is None:
        return False
    if pattern.match(beginning):
        return True
    # A heading in HTML is told by its tag, a cell of a table by what it holds.
    return "<" in beginning and pattern.match(without_tags(beginning).strip()) is not None


def _comes_next(beginning: str, line: int, matcher: Matcher, places: _Places) -> bool:
    """Return whether a line begins with the number or letter with which the units there would go on."""
    numbered = [number for pattern in _NUMBERS if (number := pattern.match(beginning))]
    worded = [number for pattern in _WORDS_AND_NUMBERS if (number := pattern.match(beginning))]
    letter = _LETTER.match(beginning) if matcher.lettered else None
    if not numbered and not worded and letter is None:
        return False
    numbers, letters = places.next_numbers(line - 1)
    if any(numbers & _meanings(number["number"]) for number in numbered):
        return True
    if any(
        numbers & _meanings(number["number"]) and _is_near(number["word"], matcher.profile.words) for number in worded
    ):
        return True
    if letter is None:
        return False
    # Without its bar đ is d here, so that d means both.
    names = {name for name in letter.groups() if name} | ({"đ"} if "d" in letter.groups() else set())
    return any(name in letters for name in names)


@lru_cache(maxsize=4096)
def _is_near(word: str, words: tuple[str, ...]) -> bool:
    return any(_one_slip(word, known) for known in words)


def _meanings(number: str) -> set[int]:
    """Return what digits, a Roman numeral or a letter that looks like 1 can mean.

    The last digit may be one too many, and so may the first letter of a numeral.
    """
    if not number.isdecimal():
        return {1 if number in {"l", "o"} else roman_value(number) or 1, roman_value(number[1:]) or 1}
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


def _suspect(text: str, sighting: Sighting, places: _Places) -> dict[str, object]:
    end = text.find("\n", sighting.start)
    line = text[sighting.start : min(end if end >= 0 else len(text), sighting.start + 2 * _SHOWN)].strip()
    swallowed_by = places.name(sighting.line - (sighting.reason is SuspectReason.MISSING_NUMBER))
    return {"line": sighting.line, "reason": sighting.reason, "text": line[:_SHOWN], "swallowed_by": swallowed_by}
