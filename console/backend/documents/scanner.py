"""One pass over the lines that can open a unit: which are marked, which are covered, which bring a title."""

import re
from dataclasses import dataclass

from console.backend.documents.ignored_regions import find_guards, in_list
from console.backend.documents.matching import Mark, Matcher, Style, clean_title
from console.backend.documents.profiles import Role
from console.backend.model.plan import Problem

_SETEXT = re.compile(r"\n {0,3}(?:=+|-+)[ \t]*(?=\n|\Z)")
_ENDS = tuple('.;:!?…”“"»)]}|>—–')
_FRONT = re.compile(r"---[ \t]*\n(?=[A-Za-z_][\w -]*:|---)(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_LONGEST_TITLE = 200
_ENOUGH = 200
"""Problems of one sort after which nobody reads on."""
_TITLED = (Role.CONTAINER, Role.ARTICLE, Role.ANNEX)
_CONTAINER, _ATX = Role.CONTAINER, Style.ATX


@dataclass(frozen=True, slots=True)
class Scan:
    """The marks of a document in order, where its text begins, and what the lines themselves make impossible."""

    marks: tuple[Mark, ...]
    front_end: int
    """Characters of YAML front matter."""
    front_lines: int
    problems: tuple[Problem, ...]


class _Scanner:
    def __init__(self, text: str, matcher: Matcher, start: int, line: int) -> None:
        self.text = text
        self.matcher = matcher
        self.guards = find_guards(text, start)
        self.marks: list[Mark] = []
        self.start = start
        self.counted, self.line = start, line
        self.heading_end = -1
        """Offset at which the last mark, or the title below it, ends: what follows may begin something."""

    def run(self, most: int) -> None:
        """Collect marks; stops at the first too many."""
        text = self.text
        if self.start == 0:
            first = self.matcher.first_line.match(text)
            if first:
                self._consider(first[0], 0)
        for match in self.matcher.lines.finditer(text, max(self.start - 1, 0)):
            self._consider(match[1], match.start(1))
            if len(self.marks) > most:
                return

    def _consider(self, line: str, start: int) -> None:
        text = self.text
        self.line += text.count("\n", self.counted, start)
        self.counted = start
        mark = self.matcher.match(line, self.line, start, start < 2 or text[start - 2] == "\n" or self._fresh(start))
        if mark is None:
            return
        cover = self.guards.at(start) if self.guards.covers else None
        if cover is not None:
            cover.hidden = cover.hidden or self.line
            return
        if line[0] == " " and in_list(text, start, len(line) - len(line.lstrip(" "))):
            return
        self.heading_end = start + len(line)
        if not mark.title and mark.style is not _ATX and mark.level is not None and not mark.level.small:
            mark = self._titled(mark)
        self.marks.append(mark)

    def _fresh(self, start: int) -> bool:
        text = self.text
        if start - 1 == self.heading_end:
            return True
        above = text[text.rfind("\n", 0, start - 1) + 1 : start - 1].rstrip()
        return not above or above.endswith(_ENDS)

    def _titled(self, mark: Mark) -> Mark:
        """The mark with the title that the next line brings; of a group, also after a blank line."""
        role = mark.level.role if mark.level is not None else None
        if role not in _TITLED:
            return mark
        text, begin = self.text, self.heading_end + 1
        end = text.find("\n", begin)
        if role is _CONTAINER and end >= 0 and not text[begin:end].strip():
            begin, end = end + 1, text.find("\n", end + 1)
        line = text[begin : end if end >= 0 else len(text)]
        title = line.strip()
        if not title or len(title) > _LONGEST_TITLE or title.endswith((".", ";", ":", ",")):
            return mark
        if title[0] in '#>|-*(„“"' or (self.matcher.first_line.match(line) and self._opens(line)):
            return mark
        self.heading_end = begin + len(line)
        return mark._replace(title=clean_title(title))

    def _opens(self, line: str) -> bool:
        return self.matcher.match(line, 0, 0, fresh=True) is not None

    def setext(self) -> list[Problem]:
        """Underlined headings, where the profile knows only `#`: heading or rule, nobody can tell."""
        if not self.matcher.profile.setext_refused:
            return []
        starts = {mark.start for mark in self.marks}
        found: list[Problem] = []
        counted, line = 0, 1
        for match in _SETEXT.finditer(self.text, self.start):
            at = match.start() + 1
            above = self.text.rfind("\n", 0, match.start()) + 1
            blank = not self.text[above : match.start()].strip()
            if blank or above < self.start or above in starts or self.guards.at(at) is not None:
                continue
            message = "this line makes a heading of the one above, or is a rule: mark headings with #, or leave a "
            line += self.text.count("\n", counted, at)
            counted = at
            found.append(Problem(code="SETEXT_HEADING", line=line, message=f"{message}blank line above a rule"))
            if len(found) > _ENOUGH:
                break
        return found


def scan(text: str, matcher: Matcher, most: int) -> Scan:
    """The marks of a canonical text, at most one more than `most`. Never raises for what the text says."""
    front = _FRONT.match(text)
    front_end = front.end() if front else 0
    front_lines = text.count("\n", 0, front_end)
    scanner = _Scanner(text, matcher, front_end, front_lines + 1)
    scanner.run(most)
    problems = (*scanner.setext(), *scanner.guards.problems(text))
    return Scan(tuple(scanner.marks), front_end, front_lines, problems)
