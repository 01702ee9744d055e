"""Which open unit may contain a new one: by depth, by declared rank, or as the document itself nests its levels."""

from dataclasses import dataclass

from console.backend.documents.profiles import Hierarchy, Level, Profile, Role

_DEEPEST = 6
"""Markdown has no seventh depth: headings of depth 6 may still enclose each other."""


@dataclass(slots=True)
class Open:
    """A unit on the path from the top to the line being read."""

    index: int
    level: Level
    depth: int
    line: int
    used: bool = False
    """Whether something has been opened beneath it."""


class Enclosure:
    """Decides the parent of each unit of one document."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._order: list[Level] = []
        """LEARNED: container levels from the outside in, as this document nests them."""

    def contains(self, outer: Open, level: Level, depth: int) -> bool:
        """Whether `outer` may contain a unit of that level and depth."""
        match self._profile.hierarchy:
            case Hierarchy.DEPTH:
                return outer.depth < depth
            case Hierarchy.RANK:
                return outer.level.rank < level.rank
            case Hierarchy.LEARNED:
                return self._learned(outer, level, depth)

    def learn(self, path: list[Open], level: Level) -> None:
        """Note a container level at its first appearance: below what is open, and by rank among its equals there."""
        if level.role is not Role.CONTAINER or level in self._order:
            return
        containers = [o for o in path if o.level in self._order]
        if containers and containers[-1].used:
            containers = [o for o in containers if o.level.rank < level.rank]
        at = self._order.index(containers[-1].level) + 1 if containers else 0
        while at < len(self._order) and self._order[at].rank < level.rank:
            at += 1
        self._order.insert(at, level)

    def _learned(self, outer: Open, level: Level, depth: int) -> bool:
        role = outer.level.role
        if role is Role.PARAGRAPH or role is Role.POINT or role is Role.MATTER or role is Role.CONTENTS:
            return False
        if level.role is Role.PARAGRAPH:
            return True
        if outer.depth and depth and (outer.depth != depth or depth < _DEEPEST):
            return outer.depth < depth
        return self._unmarked(outer.level, level)

    def _unmarked(self, outer: Level, level: Level) -> bool:
        if outer.role is Role.ANNEX:
            return False
        if outer.role is Role.ARTICLE:
            return level.role is Role.ARTICLE and outer.rank < level.rank
        return level.role is Role.ARTICLE or self._place(outer) < self._place(level)

    def _place(self, level: Level) -> int:
        return self._order.index(level) if level in self._order else len(self._order)
