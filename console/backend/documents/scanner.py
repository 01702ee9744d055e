"""One pass over the lines that can open a unit: which are marked, which are covered, which bring a title."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import merge
from operator import itemgetter

from console.backend.documents.acceptances import UNCLOSED_QUOTATION, Accepted
from console.backend.documents.canonical import CanonicalText
from console.backend.documents.folding import BREAKS, BROKEN, HIDING, folded_beginning, holds_invisible, needs_folding
from console.backend.documents.ignored_regions import Guards, find_guards, in_list
from console.backend.documents.matching import Mark, Matcher, Style, clean_title
from console.backend.documents.numbering import is_start
from console.backend.documents.paragraph_ends import LINES_OF_TITLE
from console.backend.documents.profiles import Role, TitleBelow
from console.backend.documents.suspects import Candidate, Sighting, follows_an_end
from console.backend.model.plan import Problem, SuspectReason

_SETEXT = re.compile(r"\n {0,3}(?:=+|-+)[ \t]*(?=\n|\Z)")
_LEAST_UNDERLINE = 3
_NO_PARAGRAPH = re.compile(r"(?:[ ]{4}|[ ]*(?:\t|[>|#<:~`]|\[[^\]\n]*\]:|[-*+•–—=_]|\d{1,9}[.)]))|.*(?:\||  )")
"""A line that can be something else than a paragraph: code, list item, quotation, row of a table, tag, definition."""
_FRONT = re.compile(r"---[ \t]*\n(?=[A-Za-z_][\w -]*:|---)(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_LONGEST_TITLE = 200
_CONFIRMED_WITHIN = 600
"""Number of characters in which what confirms a mark must stand."""
_LINES_OF_WRAPPED_TITLE = 12
_LAYOUT_SHOWS_IN = 200_000
"""Number of characters, from the beginning, out of which the layout of the lines is seen."""
_LONG_LINE = 160
_LONG_SHARE = 20
"""Lines are paragraphs if at least one of so many is a long one."""
_ENDS_A_SENTENCE = (".", ";", ":", "!", "?")
_ENOUGH = 200
"""Problems of one sort after which nobody reads on."""
_MOST_PLAIN_MARKS = 200
"""Quotation marks of one document that can be accepted as text; the text is scanned again for each."""
_CONTAINER, _PLAIN, _ATX, _NO_TITLE = Role.CONTAINER, Style.PLAIN, Style.ATX, TitleBelow.NONE


@dataclass(frozen=True, slots=True)
class Scan:
    """The marks of a document in order, where its text begins, and what the lines themselves make impossible."""

    marks: tuple[Mark, ...]
    front_end: int
    """Characters of YAML front matter."""
    front_lines: int
    problems: tuple[Problem, ...]
    guards: Guards
    candidates: list[Candidate]
    """Lines that no level matches and that may only seem to be beginnings."""
    sightings: list[Sighting]
    """Lines that a level matches and that open nothing because of where they stand."""


def _is_unwrapped(text: str) -> bool:
    """Return whether each line is a paragraph: then something can begin in every one of them."""
    # Wrapped lines are about equally long. Of paragraphs, many are longer than any line that is wrapped for reading.
    lines = text[:_LAYOUT_SHOWS_IN].split("\n")
    long_lines = sum(map(_LONG_LINE.__le__, map(len, lines)))
    return long_lines * _LONG_SHARE > len(lines) - lines.count("")


class _Scanner:
    def __init__(
        self, document: CanonicalText, matcher: Matcher, start: int, line: int, plain_marks: frozenset[int]
    ) -> None:
        text = document.text
        self.text = text
        self.hides = holds_invisible(document)
        self.matcher = matcher
        self.guards = find_guards(text, start, plain_marks)
        self.listed = (-1, 0)
        """Line and indentation of the last line that continued a list item."""
        self.unwrapped = _is_unwrapped(text)
        self.marks: list[Mark] = []
        self.candidates: list[Candidate] = []
        self.sightings: list[Sighting] = []
        self.start = start
        self.counted, self.line = start, line
        self.heading_end = -1
        """Offset at which the last mark, or the title below it, ends: what follows may begin something."""

    def run(self, most: int, most_candidates: int) -> None:
        """Collect marks and candidates; stops at the first too many of either."""
        for line, start, begins in self._lines_with_hidden() if self.hides else self._lines():
            if begins or needs_folding(line):
                self._consider(line, start, begins=begins)
            elif start >= self.heading_end:
                self.candidates.append(Candidate(start, line, opens=False))
            if len(self.marks) > most or len(self.candidates) + len(self.sightings) > most_candidates:
                return
        if any(sign in self.text for sign in BREAKS):
            self._look_behind_breaks(most_candidates)

    def _look_behind_breaks(self, most_candidates: int) -> None:
        """Note what stands behind a line break that is no LF: text of its line, though it may look like a line."""
        for match in BROKEN.finditer(self.text, self.start):
            self.candidates.append(Candidate(match.start(1), match[1], opens=True))
            if len(self.candidates) > most_candidates:
                return

    def _lines(self) -> Iterator[tuple[str, int, bool]]:
        """Yield the lines that can be or seem beginnings, their offsets, and whether they can be."""
        text = self.text
        first = self.matcher.first_line.match(text) if self.start == 0 else None
        if first:
            yield first[0], 0, first.lastindex == 1
        for match in self.matcher.lines.finditer(text, max(self.start - 1, 0)):
            group = match.lastindex or 0
            yield match[group], match.start(group), group == 1

    def _lines_with_hidden(self) -> Iterator[tuple[str, int, bool]]:
        """Yield those lines, and those in whose beginning an invisible character stands: it could hide any sign."""
        hidden = ((match[1], match.start(1), False) for match in HIDING.finditer(self.text, max(self.start - 1, 0)))
        last = -1
        for line, start, begins in merge(self._lines(), hidden, key=itemgetter(1)):
            if start > last:
                yield line, start, begins
            last = start

    def _consider(self, line: str, start: int, *, begins: bool) -> None:
        text = self.text
        self.line += text.count("\n", self.counted, start)
        self.counted = start
        if start < self.heading_end:
            return  # It is the title of the heading above.
        mark = self._mark(line, start) if begins else None
        if mark is None or mark.level is None:
            folded = folded_beginning(line)
            if folded is not line and self.matcher.beginning.match(folded):
                mark = self._mark(folded, start) or mark
            if mark is None or mark.level is None:
                seen = line if self.matcher.by_depth else folded  # A heading in HTML is told by its tag.
                words = seen if mark is None else mark.title
                self.candidates.append(Candidate(start, words, opens=mark is not None))
            if mark is None:
                return
        cover = self.guards.at(start) if self.guards.covers else None
        if cover is not None:
            cover.hidden = cover.hidden or self.line
            self.sightings.append(Sighting(self.line, start, SuspectReason.QUOTED))
            return
        is_item = mark.level is not None and mark.level.list_item
        if line[0] == " " and not is_item and self._in_list(start, len(line) - len(line.lstrip(" "))):
            self.sightings.append(Sighting(self.line, start, SuspectReason.IN_LIST))
            return
        # A list does not follow a title: behind "am" the line "1. Oktober" is a date.
        if (
            not mark.fresh
            and not is_item
            and mark.level is not None
            and mark.level.small
            and self._ends_title(mark, start)
        ):
            mark = mark._replace(fresh=True)
        if mark.fresh and self.unwrapped and not self._fresh(start):
            self.sightings.append(Sighting(self.line, start, SuspectReason.CONTINUES))
        # Behind the first line of a paragraph, and behind a reference, the sentence can go on in the next line.
        if mark.level is None or (not mark.level.small and (mark.fresh or mark.style is not _PLAIN)):
            self.heading_end = start + len(line)
            if not mark.title and mark.style is not _ATX and mark.level is not None:
                mark = self._titled(mark)
        self.marks.append(mark)

    def _in_list(self, start: int, indent: int) -> bool:
        line, least = self.listed
        # What holds for the line above holds for this one: a long list is not looked through for each of its lines.
        listed = (line == self.line - 1 and indent >= least) or in_list(self.text, start, indent)
        if listed:
            self.listed = (self.line, indent)
        return listed

    def _mark(self, line: str, start: int) -> Mark | None:
        fresh = self.unwrapped or start < 2 or self.text[start - 2] == "\n" or self._fresh(start)
        mark = self.matcher.match(line, self.line, start, fresh)
        if mark is not None and mark.level is not None and mark.level.confirmed_by:
            confirming = self.matcher.confirming[mark.level.name]
            if not confirming.match(self.text, start, start + _CONFIRMED_WITHIN):
                return None
        return mark

    def _fresh(self, start: int) -> bool:
        return start - 1 == self.heading_end or follows_an_end(self.text, start)

    def _titled(self, mark: Mark) -> Mark:
        """The mark with the title that the next line brings; also after a blank line where the level says so."""
        role = mark.level.role if mark.level is not None else None
        place = mark.level.titled_below if mark.level is not None else _NO_TITLE
        if place is _NO_TITLE:
            return mark
        text, begin = self.text, self.heading_end + 1
        end = text.find("\n", begin)
        if place is TitleBelow.AFTER_BLANK and end >= 0 and not text[begin:end].strip():
            begin, end = end + 1, text.find("\n", end + 1)
        line = text[begin : end if end >= 0 else len(text)]
        title = line.strip()
        goes_on = role is _CONTAINER and title.isupper()  # A title in capitals may go on behind a comma.
        if (
            not title
            or len(title) > _LONGEST_TITLE
            or title.endswith((".", ";", ":") if goes_on else (".", ";", ":", ","))
        ):
            return mark
        if title[0] in '#>|-*(„“"' or self._opens(line, begin, of_annex=role is Role.ANNEX):
            return mark
        self.heading_end = begin + len(line)
        if goes_on:
            title = self._with_capitals_below(title)
        return mark._replace(title=clean_title(title))

    def _with_capitals_below(self, title: str) -> str:
        """Return a title in capitals with the lines in capitals below it, which are its rest."""
        for _ in range(LINES_OF_TITLE):
            begin = self.heading_end + 1
            end = self.text.find("\n", begin)
            line = self.text[begin : end if end >= 0 else len(self.text)]
            if not line.isupper() or len(title) > _LONGEST_TITLE or self._opens(line, begin):
                break
            title, self.heading_end = f"{title} {line.strip()}", begin + len(line)
        return title

    def _ends_title(self, mark: Mark, start: int) -> bool:
        """Return whether the first part of an article follows its wrapped title, which the heading is then given whole.

        Between the two stand at most a few lines, none of them blank, none with the end of a sentence.
        """
        above = self.marks[-1] if self.marks else None
        if above is None or above.level is None or mark.level is above.level or mark.number is None:
            return False
        titled = above.level.role is Role.ARTICLE
        if (titled and not above.title) or above.level.role not in {Role.ARTICLE, Role.PARAGRAPH}:
            return False
        lines = self.text[above.start : start].split("\n")[1:-1]
        between = any(not line.strip() or line.rstrip().endswith(_ENDS_A_SENTENCE) for line in lines)
        far = mark.line - above.line > _LINES_OF_WRAPPED_TITLE
        if not is_start(mark.number.first) or far or between or (titled and not lines):
            return False
        if not titled:
            return True
        self.marks[-1] = above._replace(title=clean_title(" ".join([above.title, *(line.strip() for line in lines)])))
        return True

    def _opens(self, line: str, start: int, *, of_annex: bool = False) -> bool:
        mark = self._mark(line, start) if self.matcher.beginning.match(line) else None
        if mark is None or mark.level is None:
            return mark is not None
        return mark.level.role is not Role.NAMED_PART and not (of_annex and mark.level.titles_annex)

    def setext(self) -> list[Problem]:
        """Mark the underlined headings that are certain; return the others, where nobody can tell heading from rule."""
        if not self.matcher.profile.setext:
            return []
        starts = {mark.start for mark in self.marks}
        problems: list[Problem] = []
        marked: list[Mark] = []
        counted, line = 0, 1
        for match in _SETEXT.finditer(self.text, self.start):
            at = match.start() + 1
            above = self.text.rfind("\n", 0, match.start()) + 1
            blank = not self.text[above : match.start()].strip()
            if blank or above < self.start or above in starts:
                continue
            line += self.text.count("\n", counted, at)
            counted = at
            cover = self.guards.at(at)
            if cover is not None:
                cover.hidden = cover.hidden or line - 1
                self.sightings.append(Sighting(line - 1, above, SuspectReason.QUOTED))
                continue
            heading = self._underlined(above, match, line - 1)
            if heading is not None:
                marked.append(heading)
                continue
            message = "this line makes a heading of the one above, or is a rule: mark headings with #, or leave a "
            problems.append(Problem(code="SETEXT_HEADING", line=line, message=f"{message}blank line above a rule"))
            if len(problems) > _ENOUGH:
                break
        self.marks = list(merge(self.marks, marked, key=lambda mark: mark.start))
        return problems

    def _underlined(self, above: int, underline: re.Match[str], line: int) -> Mark | None:
        """Return the heading that a line underlined with three or more signs is, if it stands alone as a paragraph."""
        sign = underline[0].strip()
        title = self.text[above : underline.start()]
        alone = above == self.start or not self.text[self.text.rfind("\n", 0, above - 1) + 1 : above - 1].strip()
        if len(sign) < _LEAST_UNDERLINE or not alone or _NO_PARAGRAPH.match(title):
            return None
        depth, levels = 1 if sign[0] == "=" else 2, self.matcher.profile.level
        level = levels[min(depth, len(levels)) - 1]
        return Mark(level, _ATX, depth, None, clean_title(title), line, above, fresh=True)


def _holds_units(text: str, end: int, matcher: Matcher) -> bool:
    """Return whether something in what looks like front matter begins a unit; a `#` alone is a comment there."""
    for match in matcher.lines.finditer(text, 0, end):
        mark = matcher.match(match[1], 0, match.start(1), fresh=True) if match.lastindex == 1 else None
        if mark is not None and mark.level is not None and (mark.depth > 1 or not matcher.by_depth):
            return True
    return False


def scan(
    document: CanonicalText,
    matcher: Matcher,
    most: int,
    most_candidates: int,
    accepted: Accepted,
    line_of: Callable[[int], int] = int,
) -> Scan:
    """Return what the lines of a canonical text can begin. Never raises for what the text says.

    There is at most one mark more than `most`, and one candidate more than `most_candidates`. `line_of` gives the number
    by which an operator knows a line.
    """
    text = document.text
    front = _FRONT.match(text)
    front_end = front.end() if front and not _holds_units(text, front.end(), matcher) else 0
    front_lines = text.count("\n", 0, front_end)
    scanner = _Scanner(document, matcher, front_end, front_lines + 1, frozenset())
    scanner.run(most, most_candidates)
    plain_marks: set[int] = set()
    while (unclosed := scanner.guards.unclosed_quotation()) is not None and len(plain_marks) < _MOST_PLAIN_MARKS:
        if accepted.meets(UNCLOSED_QUOTATION, line_of(text.count("\n", 0, unclosed.start) + 1)) is None:
            break
        # What the mark hid can hold another quotation, closed or not.
        plain_marks.add(unclosed.start)
        scanner = _Scanner(document, matcher, front_end, front_lines + 1, frozenset(plain_marks))
        scanner.run(most, most_candidates)
    underlined = scanner.setext()
    problems = (*underlined, *scanner.guards.problems(text, line_of))
    return Scan(
        tuple(scanner.marks), front_end, front_lines, problems, scanner.guards, scanner.candidates, scanner.sightings
    )
