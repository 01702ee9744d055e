"""Choice of the open unit that may contain a new one: by depth, by declared rank, or as the document itself nests its levels."""

from collections.abc import Iterable
from dataclasses import dataclass

from console.backend.documents.matching import Mark
from console.backend.documents.numbering import Number, is_start
from console.backend.documents.profiles import Hierarchy, Level, Profile, Role
from console.backend.model.vocabulary import SectionType

HEADING = Level(name="heading", role=Role.CONTAINER, rank=38, section_type=SectionType.SECTION)
"""A Markdown heading that no level knows, where the profile lets it group."""
_DEEPEST = 6
"""Markdown has no seventh depth: headings of depth 6 may still enclose each other."""


_CONTAINER, _ARTICLE, _ANNEX, _MATTER = Role.CONTAINER, Role.ARTICLE, Role.ANNEX, Role.MATTER
_LEARNED, _RANK, _RANK_AND_DEPTH = Hierarchy.LEARNED, Hierarchy.RANK, Hierarchy.RANK_AND_DEPTH


@dataclass(slots=True)
class Node:
    """A unit in the tree, or (`other`) the beginning of a named span that is no unit."""

    mark: Mark
    level: Level
    index: int
    parent: int | None
    base: int | None = None
    """The annex, or the article, within which a numbering through the document runs."""
    other: str = ""
    used: bool = False
    """True if something has been opened beneath it."""


class Enclosure:
    """Decides the parent of each unit of one document."""

    def __init__(self, profile: Profile, marks: Iterable[Mark]) -> None:
        self._hierarchy = profile.hierarchy
        self._second = _second_numberings(marks)
        self._order: list[Level] = []
        """LEARNED: container levels from the outside in, as this document nests them."""

    def contains(self, outer: Node, level: Level, depth: int) -> bool:
        """Return whether `outer` may contain a unit of that level and depth."""
        if self._hierarchy is _LEARNED:
            return self._learned(outer, level, depth)
        if self._hierarchy is _RANK:
            return outer.level.rank < level.rank
        if self._hierarchy is _RANK_AND_DEPTH:
            known = outer.level is not HEADING and level is not HEADING and outer.level.role is not _MATTER
            return outer.level.rank < level.rank if known else self._learned(outer, level, depth)
        return outer.mark.depth < depth

    def learn(self, path: list[Node], level: Level) -> None:
        """Note a container level at its first appearance: below what is open, and by rank among its equals there."""
        if level.role is not _CONTAINER or self._is_known(level):
            return
        containers = [o for o in path if self._is_known(o.level)]
        if containers and containers[-1].used:
            containers = [o for o in containers if o.level.rank < level.rank]
        at = self._place(containers[-1].level) + 1 if containers else 0
        while at < len(self._order) and self._order[at].rank < level.rank:
            at += 1
        self._order.insert(at, level)

    def _learned(self, outer: Node, level: Level, depth: int) -> bool:
        if outer.level.small or outer.level.role is _MATTER:
            return False
        above = outer.mark.depth
        if above == depth and (outer.level.name, level.name) in self._second:
            return True
        if above and depth and (above != depth or depth < _DEEPEST):
            return above < depth
        return self._unmarked(outer.level, level)

    def _unmarked(self, outer: Level, level: Level) -> bool:
        if outer.role is _ANNEX:
            return False
        if outer.role is _ARTICLE:
            return level.role is _ARTICLE and outer.rank < level.rank
        return level.role is _ARTICLE or self._place(outer) < self._place(level)

    def _is_known(self, level: Level) -> bool:
        return self._place(level) < len(self._order)

    def _place(self, level: Level) -> int:
        """Return the place of a level in the order; behind the last one if it has none."""
        # There is one object of each level, and to compare two by their content takes longer than all the rest here.
        return next((at for at, known in enumerate(self._order) if known is level), len(self._order))


def _second_numberings(marks: Iterable[Mark]) -> frozenset[tuple[str, str]]:
    """Return (outer, inner) of the article levels whose inner numbers begin again only directly below outer articles.

    A law in articles with sections of their own (Art I with §§ 1 to 13, Art II with §§ 1 and 2) is often published with
    headings of one depth. The numbers alone tell that a section belongs to the article above it, and it is cited so. If a
    number begins again without an article directly above it, the headings are read as siblings.
    """
    last: dict[str, Number] = {}
    restarts: dict[str, set[str | None]] = {}
    """Each level that begins again, with the levels directly above its beginnings; None: something else stands there."""
    before: Mark | None = None
    for mark in marks:
        level = mark.level
        if level is not None and level.small:
            continue
        if level is not None and level.role is _ANNEX:
            break
        if level is not None and level.role is _ARTICLE and mark.number is not None:
            previous = last.get(level.name)
            if previous is not None and previous.last >= mark.number.first and is_start(mark.number.first):
                restarts.setdefault(level.name, set()).add(_outer(before, mark))
            last[level.name] = mark.number
        before = mark
    return frozenset(
        (outer, inner) for inner, outers in restarts.items() if len(outers) == 1 for outer in outers if outer
    )


def _outer(before: Mark | None, mark: Mark) -> str | None:
    """Return the level of an article that stands directly above and may contain this one, or None."""
    if before is None or before.level is None or mark.level is None or before.level.role is not _ARTICLE:
        return None
    return before.level.name if before.level.rank < mark.level.rank else None
