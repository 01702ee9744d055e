"""From marks to the tree of a document: which marks count, under what they hang, whether their numbers hold."""

import re
from bisect import bisect_right
from collections.abc import Callable

from console.backend.documents.acceptances import (
    DEPTH_JUMP,
    FOREIGN_LETTER,
    NUMBER_BACKWARDS,
    NUMBER_GAP,
    UNKNOWN_HEADING,
    Accepted,
)
from console.backend.documents.indentation import indentation
from console.backend.documents.lettering import Reading, is_both, read
from console.backend.documents.matching import Mark, Style
from console.backend.documents.nesting import HEADING, Enclosure, Node
from console.backend.documents.numbering import (
    Alphabet,
    Number,
    follows,
    foreign_letter,
    is_start,
    parse_in,
    path_of,
)
from console.backend.documents.paragraph_ends import ParagraphEnds
from console.backend.documents.profiles import Hierarchy, Level, Numbering, Profile, Role, Scope
from console.backend.documents.sequence import Sequence, Verdict
from console.backend.documents.suspects import Sighting
from console.backend.model.plan import Acceptance, Problem, SuspectReason

# An enum member is looked up again each time it is named; these are looked at once a line.
_CONTAINER, _ARTICLE = Role.CONTAINER, Role.ARTICLE
_ANNEX, _MATTER, _CONTENTS, _NAMED_PART = Role.ANNEX, Role.MATTER, Role.CONTENTS, Role.NAMED_PART
_OPENS_A_TITLE = "([„“\"»«‚'…-–—"
_FOREIGN_LETTER = re.compile(r"\W*(?:\w{2,}[ ]+)?([A-Za-z]{1,2}\d{0,2})[.)]")
"""A number that an alphabet does not have; in an address, another letter than these would be lost."""
_NESTED_BY = 2
"""Spaces by which an item is indented deeper than another one; fewer align numbers of one and two digits."""
_DOCUMENT, _PLAIN, _ATX, _FITS, _UNNUMBERED = Scope.DOCUMENT, Style.PLAIN, Style.ATX, Verdict.FITS, Numbering.NONE


class _Builder:
    def __init__(
        self,
        text: str,
        profile: Profile,
        accepted: Accepted,
        lines_between: Callable[[int, int], int],
        counted: list[Mark],
    ) -> None:
        self.text = text
        self.paragraph_ends = ParagraphEnds(text) if profile.short_lines_end else None
        self.lines_between = lines_between
        self.accepted = accepted
        self.profile = profile
        self.levels = {level.name: level for level in profile.level}
        self.numerals = next((level for level in profile.level if level.alphabet is Alphabet.ROMAN), None)
        self.following: list[Mark] = []
        """Marks that come behind the one that is added, the next one last."""
        self.enclosure = Enclosure(profile, counted)
        self.opaque: frozenset[int] = frozenset()
        """Lines of annexes whose inner numbering does not hold."""
        self.annex_article: tuple[int, Number] | None = None
        """Line of an opaque annex, and the last article of its own numbering."""
        self.nodes: list[Node] = []
        self.path: list[Node] = []
        self.problems: list[Problem] = []
        self.sightings: list[Sighting] = []
        """Marks that open no unit, and marks before which a number is missing."""
        self.sequences: dict[tuple[str, int | None], Sequence] = {}
        self.last_group = -1
        """Index of the last node that is not a mere paragraph or article."""
        self.weak: list[Mark] = []
        """Lines that read like a level which this document marks otherwise."""
        self.weak_lines: list[int] = []
        self.has_article = False
        self.groups: dict[int | None, Level] = {}
        """Level of the last group below each node."""
        self.repeatable: set[tuple[str, str]] = set()
        """Level and number of each unit so far whose number can stand more than once."""
        self.article_depth = 0
        """Depth of the article opened last; 0: it had no `#`, or there was none."""
        self.title_seen = False
        """True once a heading was taken as the document's title."""
        self.titled = False
        """True if exactly one heading has depth 1: the document's title."""

    def problem(self, code: str, mark: Mark, message: str) -> Acceptance | None:
        """Refuse the document for this mark, or return the acceptance of exactly this finding."""
        acceptance = self.accepted.meets(code, mark.line)
        if acceptance is None:
            self.problems.append(Problem(code=code, line=mark.line, message=message))
        return acceptance

    def sighted(self, mark: Mark, reason: SuspectReason) -> None:
        self.sightings.append(Sighting(mark.line, mark.start, reason))

    def add(self, mark: Mark) -> None:
        level = mark.level
        if level is None:
            level = self._unknown(mark)
        path = self.path
        if level is None:
            return
        if level.within and not any(node.level.name == level.within for node in path):
            mark = mark._replace(level=self.levels[level.otherwise])
            level = self.levels[level.otherwise]
        if self.numerals is not None and is_both(mark):
            mark = self._letter_or_numeral(mark, level, self.numerals)
            level = mark.level or level
        if path and path[0].level.role is _ANNEX and self._in_annex(path[0], mark, level):
            self.sighted(mark, SuspectReason.IN_ANNEX)
            return
        if level.small:
            self._add_small(mark, level)
        elif not self.nodes and self._taken_as_title(mark, level):
            return
        elif level.role is _NAMED_PART:
            self._add_named_part(mark, level)
        elif level.role is _CONTENTS:
            path.clear()
            self.nodes.append(Node(mark, level, len(self.nodes), None, other="contents"))
        else:
            self._add_heading(mark, level)

    def _letter_or_numeral(self, mark: Mark, letters: Level, numerals: Level) -> Mark:
        """Return the mark with the level it belongs to by what is open; refused where that cannot be decided."""
        raw = mark.number.raw if mark.number is not None else ""
        numeral = parse_in(Alphabet.ROMAN, raw)
        reading = read(
            mark,
            as_letter=self._comes_next(letters, mark.number),
            as_numeral=self._comes_next(numerals, numeral),
            following=reversed(self.following),
        )
        if reading is Reading.UNDECIDED:
            self.problem(
                "AMBIGUOUS_NUMBER",
                mark,
                f"({raw}) is the next {letters.name} or the next {numerals.name}, and what follows does not tell which: "
                "write the numeral in another way, or split the document here",
            )
        return mark._replace(level=numerals, number=numeral) if reading is Reading.NUMERAL else mark

    def _comes_next(self, level: Level, number: Number | None) -> bool:
        """Return whether a part of that level and number continues or begins a numbering in what is open."""
        above = next((node for node in reversed(self.path) if node.level.rank < level.rank), None)
        if above is None or number is None:
            return False
        return self.sequences.get((level.name, above.index), Sequence(above.index)).expects(number)

    def _add_named_part(self, mark: Mark, level: Level) -> None:
        """End the unit that is open. Before the first article, and in a sentence, the line is text of what is around it."""
        if not mark.fresh or not self.has_article or (self.path and self.path[-1].level.role is _CONTAINER):
            return
        if self.path and self.path[0].level.role is _ANNEX and not self._ends_regulation():
            return
        if self.nodes[-1].other == level.name:
            return
        self.path.clear()
        self.nodes.append(Node(mark, level, len(self.nodes), None, other=level.name))

    def _ends_regulation(self) -> bool:
        """Return whether an attached regulation with articles is open: it is signed like the act that attaches it."""
        return bool(self.path[0].level.confirmed_by) and any(node.level.role is _ARTICLE for node in self.path)

    def _taken_as_title(self, mark: Mark, level: Level) -> bool:
        """Return whether the heading is the document's own title, which may well read like an annex of another law."""
        if mark.depth == 1 and level.role is _ANNEX and self.titled:
            self.sighted(mark, SuspectReason.UNKNOWN_HEADING)
            return True
        return False

    def _unknown(self, mark: Mark) -> Level | None:
        """Return what a heading that no level knows is; None: text of the unit around it, or the document's title."""
        if not self.nodes and (self.profile.unknown_headings == "refused" or mark.depth == 1):
            if self.title_seen:
                self.sighted(mark, SuspectReason.UNKNOWN_HEADING)
            self.title_seen = True
            return None
        if self.profile.unknown_headings == "refused":
            inside = self.path[-1].mark.line if self.path else self.nodes[-1].mark.line
            acceptance = self.problem(
                UNKNOWN_HEADING,
                mark,
                f"heading {mark.title!r} is no level of {self.profile.name}; the text below it would become part of "
                f"the unit in line {inside}: split the document here, or quote the line",
            )
            if acceptance is not None:
                self.sighted(mark, SuspectReason.UNKNOWN_HEADING)
            return None
        article = next((o for o in self.path if o.level.role in {_ARTICLE, _ANNEX}), None)
        if article is not None and (article.level.role is _ANNEX or 0 < article.mark.depth < mark.depth):
            self.sighted(mark, SuspectReason.UNKNOWN_HEADING)
            return None
        if mark.depth == self.article_depth:
            self.sighted(mark, SuspectReason.UNKNOWN_HEADING)
        return HEADING

    def _in_annex(self, annex: Node, mark: Mark, level: Level) -> bool:
        """Return whether the mark is text of an opaque annex; an article that would end the annex is refused."""
        if not (annex.level.opaque or annex.mark.line in self.opaque) or level.role in {_ANNEX, _MATTER}:
            return False
        if level.role is not _ARTICLE or mark.number is None:
            return True
        if annex.mark.depth and mark.depth > annex.mark.depth:
            return False
        if self._goes_on_in_annex(annex, mark.number):
            return True
        sequence = self.sequences.get((level.name, None))
        ends = mark.depth if annex.mark.depth else sequence is not None and sequence.expects(mark.number)
        if ends:
            self.problem(
                "ANNEX_INTERRUPTED",
                mark,
                f"{level.name} {mark.number.raw} stands after the annex in line {annex.mark.line}: move the annex to the "
                "end, or mark the article deeper than the annex it belongs to",
            )
        return True

    def _goes_on_in_annex(self, annex: Node, number: Number) -> bool:
        """Return whether an article continues the annex's own numbering, and the act's own articles were signed before."""
        last = self.annex_article
        own = last is not None and last[0] == annex.mark.line and follows(last[1].last, number.first)
        if own or is_start(number.first):
            self.annex_article = (annex.mark.line, number)
        return own and any(node.level.role is _NAMED_PART for node in self.nodes[: annex.index])

    def _add_heading(self, mark: Mark, level: Level) -> None:
        role = level.role
        top = role is _ANNEX or role is _MATTER
        if not self._begins(mark, level):
            return
        if not mark.fresh and not mark.title and self.paragraph_ends is not None and role is _CONTAINER:
            mark = mark._replace(title=self.paragraph_ends.title_below(mark))
        self.enclosure.learn(self.path, level)
        while self.path and (top or not self.enclosure.contains(self.path[-1], level, mark.depth)):
            closed = self.path.pop()
            if role is _CONTAINER and closed.level.role is _CONTAINER:
                self._check_empty(closed, mark, level)
        self._check_jump(mark)
        self._check_depth(mark, level)
        base = next((o.index for o in self.path if o.level.role is _ANNEX or o.level.role is _ARTICLE), None)
        if role is _ARTICLE and mark.depth and mark.title and _goes_on(mark.title):
            self.sighted(mark, SuspectReason.SPELLING)
        if level.generated or self._repeats(mark, level):
            self.sighted(mark, SuspectReason.GENERATED_NUMBER)
        if self.nodes and self.nodes[-1].level.role is _NAMED_PART and role is not _ANNEX:
            self.sighted(self.nodes[-1].mark, SuspectReason.BETWEEN_UNITS)
        fits = not level.path or mark.number is None or self._fits_path(mark, level, mark.number)
        self._open(mark, level, self._scope(level, base), base, counted=fits)
        if role is _CONTAINER or role is _ANNEX:
            self.last_group = len(self.nodes) - 1
        elif role is _ARTICLE:
            self.article_depth = mark.depth
            self.has_article = True

    def _repeats(self, mark: Mark, level: Level) -> bool:
        """Return whether a form has the number of one before it."""
        if not level.repeats or mark.number is None:
            return False
        key = (level.name, mark.number.raw)
        repeats = key in self.repeatable
        self.repeatable.add(key)
        return repeats

    def _add_small(self, mark: Mark, level: Level) -> None:
        path, rank = self.path, level.rank
        at = len(path) - 1
        while at >= 0 and path[at].level.rank >= rank:
            at -= 1
        if at < 0 or (path[at].level.role is not _ARTICLE and not path[at].level.small):
            self.sighted(mark, SuspectReason.NO_PLACE)
            return
        parent = path[at].index
        if mark.number is None:
            number = self._accepted_letter(mark, level, parent)
            if number is None:
                self.sighted(mark, SuspectReason.SPELLING)
                return
            del path[at + 1 :]
            self._open(mark._replace(number=number), level, parent, None, counted=False)
            return
        if not mark.fresh and not self._is_directly_below_heading(mark, mark.number):
            begins = False
            if self.sequences.get((level.name, parent), Sequence(parent)).expects(mark.number):
                acceptance = self.problem(
                    "AMBIGUOUS_PARAGRAPH",
                    mark,
                    f"{level.name} {mark.number.raw}, or the rest of the sentence above? Leave a blank line above a "
                    "paragraph, or join the line to the sentence",
                )
                begins = acceptance is not None and acceptance.read_as == "unit"
            if not begins:
                self.sighted(mark, SuspectReason.CONTINUES)
                return
        if level.list_item:
            self._check_indentation(mark, level, path[at], path[at + 1 :])
        del path[at + 1 :]
        self._open(mark, level, parent, None)

    def _accepted_letter(self, mark: Mark, level: Level, parent: int) -> Number | None:
        """Refuse a letter that the numbering does not have, or return its number if exactly this has been accepted."""
        if (level.name, parent) not in self.sequences or not mark.fresh:
            return None
        match = _FOREIGN_LETTER.match(self.text, mark.start)
        message = f"{level.name} with a letter that its numbering does not have: correct it"
        if match is None:  # Nothing that an address could hold, so it cannot be accepted.
            self.problems.append(Problem(code=FOREIGN_LETTER, line=mark.line, message=message))
            return None
        accepted = self.problem(FOREIGN_LETTER, mark, f"{message}, or accept it")
        return foreign_letter(match[1]) if accepted is not None else None

    def _is_directly_below_heading(self, mark: Mark, number: Number) -> bool:
        """Return whether a first part follows an article whose heading only the layout told from a sentence."""
        above = self.nodes[-1].mark
        if above.fresh or not is_start(number.first) or self.nodes[-1].level.role is not _ARTICLE:
            return False
        return self.text.find("\n", above.start) + 1 == mark.start

    def _check_indentation(self, mark: Mark, level: Level, parent: Node, closed: list[Node]) -> None:
        """Refuse an item whose indentation says another place in the lists than its level does."""
        indent = indentation(self.text, mark.start)
        for node in (parent, *closed):
            if not node.level.list_item:
                continue
            deeper = indent - indentation(self.text, node.mark.start)
            is_child = node is parent
            if (
                deeper <= -_NESTED_BY
                if is_child
                else deeper >= _NESTED_BY or (node.level is level and deeper <= -_NESTED_BY)
            ):
                raw = node.mark.number.raw if node.mark.number else ""
                self.problem(
                    "AMBIGUOUS_LIST",
                    mark,
                    f"{level.name} {mark.number.raw if mark.number else ''} would be {'part of' if is_child else 'beside or behind'} "
                    f"{node.level.name} {raw} in line {node.mark.line}, and its indentation says otherwise: indent the items "
                    "of one list alike, and those within an item deeper",
                )
                return

    def _begins(self, mark: Mark, level: Level) -> bool:
        """Return whether an unmarked line stands where a heading may begin; refused where that cannot be decided."""
        if mark.style is not _PLAIN or mark.fresh:
            return True
        # A form's number says nothing of the one before: unmarked within a sentence it only refers.
        if mark.number is None or level.repeats:
            self.sighted(mark, SuspectReason.CONTINUES)
            return False
        scopes = {None, *(node.index for node in self.path)}
        known = [self.sequences[level.name, scope] for scope in scopes if (level.name, scope) in self.sequences]
        comes_next = any(sequence.expects(mark.number) for sequence in known)
        first = not known and not self.has_article and is_start(mark.number.first) and level.role is not _ANNEX
        if (comes_next or first) and self.paragraph_ends is not None and self.paragraph_ends.above(mark):
            if not self.paragraph_ends.is_title_above(mark):
                self.sighted(mark, SuspectReason.CONTINUES)
            return True
        if comes_next:
            acceptance = self.problem(
                "AMBIGUOUS_HEADING",
                mark,
                f"{level.name} {mark.number.raw}: heading, or the rest of the sentence above? Leave a blank line "
                "above a heading, or join the line to the sentence",
            )
            if acceptance is not None and acceptance.read_as == "unit":
                return True
        self.sighted(mark, SuspectReason.CONTINUES)
        return False

    def _check_empty(self, closed: Node, mark: Mark, level: Level) -> None:
        if closed.used or closed.mark.depth or self.profile.hierarchy is not Hierarchy.LEARNED or closed.level is level:
            return
        self.problem(
            "AMBIGUOUS_LEVEL",
            mark,
            f"{level.name} stands directly below {closed.level.name} in line {closed.mark.line}, but elsewhere in this "
            "document it stands beside it: mark the headings with #",
        )

    def _fits_path(self, mark: Mark, level: Level, number: Number) -> bool:
        """Return whether a decimal path stands in the unit that its number names; refused where it doesn't."""
        wanted = path_of(number)[:-1]
        above = self.path[-1] if self.path else None
        if not wanted or (above is not None and above.mark.number is not None and path_of(above.mark.number) == wanted):
            return True
        parent = ".".join(map(str, wanted))
        place = "no numbered unit"
        if above is not None and above.mark.number is not None:
            place = f"{above.level.name} {above.mark.number.raw} in line {above.mark.line}"
        self.problem(
            "NUMBER_OUTSIDE_PARENT",
            mark,
            f"{level.name} {number.raw} is part of {parent} by its number, but stands below {place}: correct the "
            f"number, or move the line below {parent}",
        )
        return False

    def _check_jump(self, mark: Mark) -> None:
        above = self.path[-1].mark.depth if self.path else mark.depth - 1
        if self.profile.depth_jumps_refused and mark.depth > above + 1:
            # Accepted, the unit opens all the same, below the heading that is there: nothing else can contain it.
            self.problem(
                DEPTH_JUMP, mark, f"heading of depth {mark.depth} directly below depth {above}: a level is missing"
            )

    def _check_depth(self, mark: Mark, level: Level) -> None:
        """Refuse an article within one of its own level; tell of a heading beside groups of another level.

        Where the depth of the headings decides, one sign too many or too few moves a unit below another or out of its group.
        """
        if (
            self.profile.hierarchy is not Hierarchy.LEARNED
            or not mark.depth
            or level.role not in {_CONTAINER, _ARTICLE}
        ):
            return
        above = self.path[-1] if self.path else None
        if level.role is _ARTICLE and above is not None and above.level is level:
            raw = mark.number.raw if mark.number is not None else mark.title
            self.problem(
                "ARTICLE_IN_ARTICLE",
                mark,
                f"{level.name} {raw} is marked deeper than {level.name} in line {above.mark.line} and would be a part of it: "
                f"mark every {level.name} that stands beside another with as many #",
            )
        parent = above.index if above is not None else None
        group = self.groups.get(parent)
        if group is not None and group is not level and level is not HEADING:
            self.sighted(mark, SuspectReason.OTHER_DEPTH)
        if level.role is _CONTAINER and level.token:
            self.groups[parent] = level

    def _open(self, mark: Mark, level: Level, scope: int | None, base: int | None, *, counted: bool = True) -> None:
        path, nodes = self.path, self.nodes
        index, parent = len(nodes), None
        if mark.number is not None and counted:
            self._check_number(mark, level, mark.number, scope, index)
        if path:
            path[-1].used = True
            parent = path[-1].index
        node = Node(mark, level, index, parent, base)
        nodes.append(node)
        path.append(node)

    def _check_number(self, mark: Mark, level: Level, number: Number, scope: int | None, index: int) -> None:
        key = (level.name, scope)
        sequence = self.sequences.get(key)
        if sequence is None:
            sequence = self.sequences[key] = Sequence(-1 if scope is None else scope)
        verdict = sequence.judge(level, number, self.last_group)
        if verdict is _FITS and level.numbering is not _UNNUMBERED and not sequence.expects(number):
            self.sighted(mark, SuspectReason.MISSING_NUMBER)
        refused = verdict is not _FITS and not self._accepts_number(sequence, verdict, mark, number)
        if self.weak and not refused:
            self._check_weak(sequence, mark, level, number)
        sequence.take(number, mark.line, index, verdict)

    def _accepts_number(self, sequence: Sequence, verdict: Verdict, mark: Mark, number: Number) -> bool:
        """Refuse a number that is missing or goes backwards; return whether exactly this has been accepted."""
        name = mark.level.name if mark.level else ""
        before = f" after {sequence.last_raw} in line {sequence.last_line}" if sequence.last else ""
        if verdict is Verdict.BACKWARDS:
            return self.problem(NUMBER_BACKWARDS, mark, f"{name} {number.raw} comes{before}") is not None
        if verdict is not Verdict.GAP:
            return False
        lost = self._lost(sequence, mark)
        if self.problem(NUMBER_GAP, mark, f"{name} {number.raw}{before}: a number is missing{lost}") is None:
            return False
        self.sighted(mark, SuspectReason.MISSING_NUMBER)
        return True

    def _scope(self, level: Level, base: int | None) -> int | None:
        """Within which node the numbering runs. Consecutive containers may run on through the document."""
        if level.scope is _DOCUMENT or (level.numbering is Numbering.CONSECUTIVE and not level.path):
            return base
        return self.path[-1].index if self.path else None

    def _lost(self, sequence: Sequence, mark: Mark) -> str:
        """Return where the missing number stands in the text of the unit before, if it does."""
        if mark.level is not None and mark.level.small and self.profile.furniture is not None:
            return self._glued(sequence, mark)
        if mark.level is None or mark.level.role is not _ARTICLE or not sequence.last:
            return ""
        start = self.nodes[sequence.last_index].mark.start
        wanted = re.compile(rf"{mark.level.name}[ ]+{sequence.last[0] + 1}[.:]", re.IGNORECASE)
        match = wanted.search(self.text, start, mark.start)
        if match is None:
            return ""
        line = mark.line - self.lines_between(match.start(), mark.start)
        return f"; {match[0]!r} stands within line {line}, where it opens no unit: put it on a separate line"

    def _glued(self, sequence: Sequence, mark: Mark) -> str:
        """Return where the missing number may stand with the mark of a footnote glued to it; empty if nowhere."""
        missing = sequence.last[0] + 1 if sequence.last else 1
        above = sequence.last_index if sequence.last else max(sequence.scope, 0)
        if above >= len(self.nodes):
            return ""
        wanted = re.compile(rf"^[ \t]*{missing}\.\d{{1,3}}(?=[ \t])", re.MULTILINE)
        match = wanted.search(self.text, self.nodes[above].mark.start, mark.start)
        if match is None:
            return ""
        line = mark.line - self.lines_between(match.start(), mark.start)
        return (
            f"; {match[0].strip()!r} in line {line} may be {missing} with the mark of a footnote: take the mark out, and the "
            "footnote"
        )

    def _check_weak(self, sequence: Sequence, mark: Mark, level: Level, number: Number) -> None:
        lines = self.weak_lines
        for weak in self.weak[bisect_right(lines, sequence.last_line) : bisect_right(lines, mark.line)]:
            between = weak.number is not None and sequence.last < weak.number.first < number.first
            if weak.level is level and between:
                self.problem(
                    "MIXED_MARKING",
                    weak,
                    f"reads like {level.name} {weak.number.raw if weak.number else ''}, but this document marks its "
                    f"{level.name} otherwise (line {mark.line}): mark it the same way, or quote it",
                )


def _goes_on(title: str) -> bool:
    """Return whether a title begins with a small letter or a sign, as what belongs to the number does: `u. 5`."""
    return title[0].islower() or not (title[0].isalnum() or title[0] in _OPENS_A_TITLE)


def build(
    text: str,
    profile: Profile,
    marks: tuple[Mark, ...],
    accepted: Accepted,
    lines_between: Callable[[int, int], int],
    opaque: frozenset[int] = frozenset(),
) -> tuple[list[Node], list[Problem], list[Sighting]]:
    """The nodes of a document in order, what is wrong with their order, and the marks that open no unit."""
    entries, body = _contents_apart(marks)
    counted, weaker = _counted(body, {level.name: level for level in profile.level})
    builder = _Builder(text, profile, accepted, lines_between, counted)
    builder.opaque = opaque
    for mark in entries:
        builder.sighted(mark, SuspectReason.IN_CONTENTS)
    for mark in weaker:
        builder.sighted(mark, SuspectReason.UNMARKED)
    builder.weak = [mark for mark in weaker if mark.fresh]
    builder.weak_lines = [mark.line for mark in builder.weak]
    builder.titled = sum(mark.depth == 1 for mark in counted) == 1 < len(counted)
    builder.following = counted[::-1]
    for mark in counted:
        builder.following.pop()
        builder.add(mark)
    return builder.nodes, builder.problems, builder.sightings


def _contents_apart(marks: tuple[Mark, ...]) -> tuple[tuple[Mark, ...], tuple[Mark, ...]]:
    """Return the unmarked entries of a table of contents, which end where its first entry comes again, and the other marks."""
    at = next((i for i, m in enumerate(marks) if m.level is not None and m.level.role is _CONTENTS), len(marks))
    if at + 1 >= len(marks):
        return (), marks
    first = marks[at + 1]
    again = next((i for i in range(at + 2, len(marks)) if _same(marks[i], first)), None)
    if again is None or any(mark.style is not _PLAIN for mark in marks[at + 1 : again]):
        return (), marks
    return marks[at + 1 : again], marks[: at + 1] + marks[again:]


def _same(first: Mark, other: Mark) -> bool:
    return first.level is other.level and first.number == other.number and first.number is not None


def _counted(marks: tuple[Mark, ...], levels: dict[str, Level]) -> tuple[list[Mark], list[Mark]]:
    """The marks that count, and the unmarked lines that do not because their level is marked in this document."""
    strongest: dict[str, Style] = {}
    articles_are_headings = False
    for mark in marks:
        if mark.style is not _PLAIN and mark.level is not None and not mark.level.small:
            name = mark.level.name
            strongest[name] = max(strongest.get(name, _PLAIN), mark.style)
            articles_are_headings = articles_are_headings or (mark.style is _ATX and mark.level.role is _ARTICLE)
    counted: list[Mark] = []
    weaker: list[Mark] = []
    for mark in marks:
        level = mark.level
        least = strongest.get(level.name, _PLAIN) if level is not None else _PLAIN
        # Where articles are headings, a plain `I. …` or `Kapitel 3 …` is a list or a reference within one of them.
        in_text = articles_are_headings and mark.style is _PLAIN and level is not None and level.role is _CONTAINER
        # A decimal path names its place, so it needs no marking.
        is_path = level is not None and level.path and mark.number is not None and "." in mark.number.raw
        if level is None or level.small or is_path or (mark.style >= least and not in_text):
            counted.append(mark)
        elif level.otherwise:
            counted.append(mark._replace(level=levels[level.otherwise], title=""))
        else:
            weaker.append(mark)
    return counted, weaker
