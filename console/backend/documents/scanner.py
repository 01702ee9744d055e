"""One pass over the lines: which of them are marked as the beginning of a unit, and which are covered."""

import re
from dataclasses import dataclass, replace

from console.backend.documents.guards import Guard
from console.backend.documents.matching import Mark, Matcher, Style, clean_title
from console.backend.documents.profiles import Role
from console.backend.plan import Problem

_SETEXT = re.compile(r" {0,3}(?:=+|-+)[ \t]*")
_ENDS = tuple('.;:!?…”“"»)]}|>—–')
_FRONT = re.compile(r"---[ \t]*\n(?=[A-Za-z_][\w -]*:|---)(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")


@dataclass(frozen=True, slots=True)
class Scan:
    """The marks of a document in order, where its text begins, and what the lines themselves make impossible."""

    marks: tuple[Mark, ...]
    front_end: int
    """Characters of YAML front matter."""
    front_lines: int
    problems: tuple[Problem, ...]


class _Scanner:
    def __init__(self, text: str, matcher: Matcher) -> None:
        self.text = text
        self.matcher = matcher
        self.guard = Guard()
        self.marks: list[Mark] = []
        self.problems: list[Problem] = []
        self.untitled = False
        """The last mark has no title yet and the next line may bring it."""

    def run(self, position: int, number: int) -> None:
        text, guard, interesting = self.text, self.guard, self.matcher.interesting
        before, fresh, size = "", True, len(text)
        while position < size:
            end = text.find("\n", position)
            if end < 0:
                end = size
            line = text[position:end]
            if not line or line.isspace():
                fresh = True
                self.untitled = self.untitled and self.marks[-1].level is not None and _is_group(self.marks[-1])
            else:
                covered = guard.covers(line, number)
                listed = guard.continues_list(line)
                marked = False
                if interesting.match(line):
                    marked = self._consider(line, number, position, fresh, covered or listed)
                titled = not marked and self._plain_line(line, before, number, covered)
                fresh = marked or titled or line.rstrip().endswith(_ENDS)
            before = line
            position, number = end + 1, number + 1

    def _consider(self, line: str, number: int, start: int, fresh: bool, covered: bool) -> bool:
        mark = self.matcher.match(line, number, start, fresh)
        if mark is None:
            return False
        if covered:
            self.guard.hide(number)
            return False
        self.marks.append(mark)
        self.untitled = mark.level is not None and not mark.title and mark.level.role is not Role.MATTER
        return True

    def _plain_line(self, line: str, before: str, number: int, covered: bool) -> bool:
        titled = self.untitled and not covered and self._take_title(line)
        self.untitled = False
        if not self.matcher.profile.setext_refused or covered or not before or before.isspace():
            return titled
        if _SETEXT.fullmatch(line) and not (self.marks and self.marks[-1].line == number - 1):
            self.problems.append(
                Problem(
                    code="SETEXT_HEADING",
                    line=number,
                    message="this line makes a heading of the one above, or is a rule: mark headings with #, or "
                    "leave a blank line above a rule",
                )
            )
        return titled

    def _take_title(self, line: str) -> bool:
        mark = self.marks[-1]
        title = line.strip()
        headed = mark.level is not None and mark.level.role in {Role.CONTAINER, Role.ARTICLE, Role.ANNEX}
        if headed and mark.style is not Style.ATX and len(title) <= 200 and not title.endswith((".", ";", ":", ",")):
            self.marks[-1] = replace(mark, title=clean_title(title))
            return True
        return False


def _is_group(mark: Mark) -> bool:
    return mark.level is not None and mark.level.role is Role.CONTAINER


def scan(text: str, matcher: Matcher) -> Scan:
    """The marks of a canonical text. Never raises for what the text says."""
    front = _FRONT.match(text)
    front_end = front.end() if front else 0
    front_lines = text.count("\n", 0, front_end)
    scanner = _Scanner(text, matcher)
    scanner.run(front_end, front_lines + 1)
    problems = (*scanner.problems, *scanner.guard.problems())
    return Scan(tuple(scanner.marks), front_end, front_lines, problems)
