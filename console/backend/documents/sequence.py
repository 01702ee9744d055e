"""The numbering of siblings: what follows, what restarts, what is missing. Breaches are refused with their lines."""

from dataclasses import dataclass, field
from enum import Enum, auto

from console.backend.documents.numbering import Key, Number, follows, is_start
from console.backend.documents.profiles import Level, Numbering


class Verdict(Enum):
    """What a number is to the one before it."""

    FITS = auto()
    RESTARTS = auto()
    """Begins again in a new container: then every address of the level hangs under its container."""
    REPEATS = auto()
    """The same number again: the addresses will say so."""
    BACKWARDS = auto()
    GAP = auto()


@dataclass(slots=True)
class Sequence:
    """The numbers of one level within one scope, so far."""

    last: Key = ()
    last_raw: str = ""
    last_line: int = 0
    last_index: int = -1
    restarted: bool = False
    seen: set[Key] = field(default_factory=set)

    def judge(self, level: Level, number: Number, new_container: bool) -> Verdict:
        """What the number is; `new_container`: one was opened since the number before."""
        if level.numbering is Numbering.NONE:
            return Verdict.FITS
        if self.last and number.first <= self.last:
            if new_container and is_start(number.first):
                return Verdict.RESTARTS
            return Verdict.REPEATS if number.first in self.seen else Verdict.BACKWARDS
        if level.numbering is Numbering.CONSECUTIVE and not self._next(number):
            return Verdict.GAP
        if level.numbering is Numbering.FROM_START and not self.last and not is_start(number.first):
            return Verdict.GAP
        return Verdict.FITS

    def expects(self, number: Number) -> bool:
        """Whether the number is exactly the one that comes next."""
        return self._next(number)

    def take(self, number: Number, line: int, index: int, verdict: Verdict) -> None:
        """Go on to this number."""
        if verdict is Verdict.RESTARTS:
            self.seen.clear()
            self.restarted = True
        self.seen.add(number.first)
        self.last, self.last_raw, self.last_line, self.last_index = number.last, number.raw, line, index

    def _next(self, number: Number) -> bool:
        return follows(self.last, number.first) if self.last else is_start(number.first)
