"""The numbering of siblings: what follows, what restarts, what is missing. Breaches are refused with their lines."""

from dataclasses import dataclass, field
from enum import Enum, auto

from console.backend.documents.numbering import Key, Number, follows, is_start
from console.backend.documents.profiles import Level, Numbering


class Verdict(Enum):
    """Relation of a number to the one before it."""

    FITS = auto()
    RESTARTS = auto()
    """Begins again in a new container: then every address of the level hangs under its container."""
    REPEATS = auto()
    """The same number again; the addresses will show it."""
    BACKWARDS = auto()
    GAP = auto()


_FITS, _RESTARTS = Verdict.FITS, Verdict.RESTARTS
_NONE, _CONSECUTIVE, _FROM_START = Numbering.NONE, Numbering.CONSECUTIVE, Numbering.FROM_START
_UNBROKEN = Numbering.UNBROKEN


@dataclass(slots=True)
class Sequence:
    """The numbers of one level within one scope, so far."""

    scope: int
    """Index of the unit within which the numbers run; -1: the document."""
    last: Key = ()
    last_raw: str = ""
    last_line: int = 0
    last_index: int = -1
    seen: set[Key] = field(default_factory=set)

    def judge(self, level: Level, number: Number, last_group: int) -> Verdict:
        """Return what the number is; `last_group`: index of the container opened last."""
        first, last, numbering = number.first, self.last, level.numbering
        if numbering is _NONE:
            return _FITS
        if last and first <= last:
            if is_start(first) and last_group > max(self.last_index, self.scope):
                return _RESTARTS
            return Verdict.REPEATS if first in self.seen else Verdict.BACKWARDS
        if numbering is _CONSECUTIVE or (numbering is _FROM_START and not last) or (numbering is _UNBROKEN and last):
            return _FITS if self.expects(number) else Verdict.GAP
        return _FITS

    def expects(self, number: Number) -> bool:
        """Return whether the number is exactly the one that comes next."""
        first, last = number.first, self.last
        if len(first) == len(last) == 1:  # 4 after 3: nearly all of them, so no call for these.
            return first[0] == last[0] + 1
        return follows(last, first) if last else is_start(first)

    def take(self, number: Number, line: int, index: int, verdict: Verdict) -> None:
        """Go on to this number."""
        if verdict is _RESTARTS:
            self.seen.clear()
        self.seen.add(number.first)
        self.last, self.last_raw, self.last_line, self.last_index = number.last, number.raw, line, index
