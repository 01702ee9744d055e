"""Decision between a letter and a Roman numeral: `(i)` is the ninth letter or the first numeral."""

from collections.abc import Iterable
from enum import Enum, auto

from console.backend.documents.matching import Mark
from console.backend.documents.numbering import Alphabet, parse_in, sign_in


class Reading(Enum):
    """Answers to the question how a letter that is a Roman numeral too is read."""

    LETTER = auto()
    NUMERAL = auto()
    UNDECIDED = auto()


def is_both(mark: Mark) -> bool:
    """Return whether a mark has a letter of the Latin alphabet that is a Roman numeral too."""
    if mark.level is None or mark.level.alphabet is not Alphabet.LATIN or mark.number is None:
        return False
    return parse_in(Alphabet.ROMAN, mark.number.raw) is not None


def read(mark: Mark, *, as_letter: bool, as_numeral: bool, following: Iterable[Mark]) -> Reading:
    """Return how such a mark is read.

    `as_letter` and `as_numeral` say which of the two comes next where it stands. Where both do, the mark that follows
    decides: behind `(i)` comes `(j)`, or `(ii)`.
    """
    if as_letter != as_numeral:
        return Reading.LETTER if as_letter else Reading.NUMERAL
    if not as_letter:
        return Reading.LETTER  # It fits nowhere, and its number is refused.
    after = next(
        (other for other in following if other.level is None or other.level.alphabet or not _is_small(other)), None
    )
    sign = after.number.raw.lower() if after is not None and after.number is not None else ""
    if sign == _sign_behind(mark, Alphabet.ROMAN):
        return Reading.NUMERAL
    return Reading.LETTER if sign == _sign_behind(mark, Alphabet.LATIN) else Reading.UNDECIDED


def _is_small(mark: Mark) -> bool:
    return mark.level is not None and mark.level.small


def _sign_behind(mark: Mark, alphabet: Alphabet) -> str:
    number = parse_in(alphabet, mark.number.raw) if mark.number is not None else None
    return sign_in(alphabet, number.first[0] + 1) if number is not None else ""
