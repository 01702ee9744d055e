"""Forms in which the beginning of a unit can be hidden in a line that no level matches."""

import re
from typing import Final

from console.backend.documents.folding import bare

# All of these look at a line in lower case and without diacritics. Signs before the number are taken for decoration.
SHORT: Final = 40
"""Number of characters up to which a line can be a heading without a number."""
LOOKED_AT: Final = 64
"""Number of characters in which a beginning is looked for."""
WORD: Final = 5
"""Number of letters from which on a word of a level, with a slip in it, is told where it and a number are the line."""
LONG_WORD: Final = 8
"""Number of letters from which on a word of a level, with a slip in it, is told where it stands without a number."""
EMPHASIS: Final = re.compile(r"[*_]{1,3}(?! )|[*_]{2,3}")
BULLET: Final = r"[^\w\n]*[-*+•–—][ \t]"
NUMBERS: Final = (
    r"[^\w]{0,3}(?P<number>\d{1,4}|[lio](?=[)\]]))(?!\d)",
    r"[^\w]{0,3}[a-z0-9][^\w]{0,2}(?P<number>\d{1,4})(?!\d)",  # one character in the place of the sign
)
WORDS_AND_NUMBERS: Final = (
    r"[^\w]{0,3}(?P<word>\w\S{1,13}?)[^\w]{1,3}[a-z]??(?P<number>\d{1,4}(?!\d)|[ivxlc]+(?!\w))",
    r"[^\w]{0,3}(?P<word>\w\S{1,13}?)[a-z]?(?P<number>\d{1,4})(?!\d)",  # without the space between
)
LETTER: Final = r"[^\w]{0,3}(?:(?P<letter>[a-z])\w?|\w(?P<second>[a-z]))(?!\w)"
FIRST_WORD: Final = re.compile(r"[^\w]{0,3}(?P<word>\S{3,24})")
ALONE: Final = re.compile(
    rf"[^\w]{{0,3}}(?P<word>\w\S{{{WORD - 1},23}}?)(?:[^\w]{{0,3}}\d{{1,4}}[a-z]?[^\w]*|[^\w]{{1,3}}(?:[ivxlc]{{1,8}}|[a-z])[^\w]*|:[^\w]*)$"
)
"""A word with a number or a colon, and nothing else."""
# A bracket may be the sign of the number itself, or a slip before it: both readings are tried, and none.
DECORATION: Final = r"(?:[^\w§#]++|[^\w([{§#<.)\]]++|)"
_A_WORD = rf"(?=\S{{{WORD - 1}}})"
_GROUP_NAME = re.compile(r"\?P<\w+>")
_SAME_START = 3
"""Number of letters that two words share at their beginnings, or one more at which they begin to share the rest."""


def beginning_of(line: str) -> str:
    """Return the beginning of a line without emphasis, in lower case and without diacritics."""
    start = line.strip().rstrip("# ")[:LOOKED_AT]
    return bare(EMPHASIS.sub("", start) if "*" in start or "_" in start else start)


def notable(reads_like: re.Pattern[str] | None, words: tuple[str, ...], *, lettered: bool) -> re.Pattern[str]:
    """Return the pattern of beginnings that are worth a closer look; all others are text."""
    forms = [*NUMBERS, *WORDS_AND_NUMBERS, *([LETTER] if lettered else [])]
    unnamed = "|".join(_GROUP_NAME.sub("?:", form) for form in forms)
    near = "|".join(
        rf"{'' if ' ' in word else _A_WORD}(?:{re.escape(word[:_SAME_START])}|"
        rf"\S{{{_SAME_START - 1},{_SAME_START + 2}}}{re.escape(word[_SAME_START + 1 :])})"
        for word in words
    )
    mistyped = rf"|[^\w]{{0,3}}(?:{near})" if near else ""
    known = f"{reads_like.pattern}|" if reads_like is not None else ""
    return re.compile(rf"{known}[^<]*<|(?!{BULLET})(?:{unnamed}){mistyped}")
