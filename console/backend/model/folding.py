"""A text as it is searched: without accents, ligatures and punctuation, the same of NFC and NFD; and where in it words stand.

The database folds in the same way (`fn_folded`); a test compares the two.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

_MARKS = re.compile("[\u0300-\u036f]+")
_SIGNS = re.compile("[\x01-\x1f!-/:-@\\[-`{-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u2000-\u206f\u3000-\u303f]+")
_LETTERS = str.maketrans(
    {"đ": "d", "Đ": "D", "ß": "ss", "æ": "ae", "Æ": "Ae", "ø": "o", "Ø": "O", "ł": "l"},
)
_SPACE = re.compile(r"\s+")
_PART = re.compile(r'"([^"]*)"|(\S+)')
_BLOCK, _OVERLAP = 2000, 200
"""Characters of a long text that are looked at in one go, and those that two neighbours share."""
_BEFORE, _LONGEST = 40, 160
"""Characters of a snippet before the first hit, and in all."""


class Piece(NamedTuple):
    """A piece of a snippet; `is_hit` if it is what was searched for."""

    text: str
    is_hit: bool


def unmarked(text: str) -> str:
    """Return a text without accents and ligatures; its punctuation stays."""
    if text.isascii():
        return text
    return _MARKS.sub("", unicodedata.normalize("NFKD", text)).translate(_LETTERS)


def searched(text: str) -> str:
    """Return a text as it is compared with what somebody types: small letters, without accents and ligatures."""
    return unmarked(text).lower()


def folded(text: str) -> str:
    """Return a text as it is searched."""
    return _SIGNS.sub(" ", unmarked(text))


def parts_of(text: str) -> tuple[str, ...]:
    """Return the parts of a search: words, phrases in double quotes, and beginnings of words with * at their end."""
    parts = (match[1] if match[1] is not None else match[2] for match in _PART.finditer(text))
    return tuple(part for part in parts if folded(part).strip())


def snippet(text: str, parts: Sequence[str]) -> tuple[Piece, ...]:
    """Return the surroundings of the first hit on one line, or the beginning of the text if there is none."""
    pattern = _pattern(parts)
    for start in range(0, max(len(text), 1), _BLOCK):
        block = text[start : start + _BLOCK + _OVERLAP]
        hits = [(start + begin, start + end) for begin, end in _hits(block, pattern)]
        if hits:
            return _cut(text, hits)
    return _cut(text, [])


@lru_cache(maxsize=4096)
def _folded_letter(char: str) -> str:
    return folded(char).lower()


def _pattern(parts: Sequence[str]) -> re.Pattern[str]:
    patterns = []
    for part in parts:
        words = folded(part).lower().split()
        if words:
            end = r"\S*" if part.endswith("*") else r"(?!\S)"
            patterns.append(r"(?<!\S)" + r"\s+".join(map(re.escape, words)) + end)
    return re.compile("|".join(patterns) or r"(?!)")


def _hits(block: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    searched, places = [], []
    for index, char in enumerate(block):
        for letter in _folded_letter(char):
            searched.append(letter)
            places.append(index)
    for match in pattern.finditer("".join(searched)):
        end = places[match.end() - 1] + 1
        # Marks of NFD stand behind their letter, and are no letters of what is searched.
        while end < len(block) and _MARKS.match(block[end]):
            end += 1
        yield places[match.start()], end


def _cut(text: str, hits: list[tuple[int, int]]) -> tuple[Piece, ...]:
    first = hits[0][0] if hits else 0
    start = text.rfind(" ", 0, max(first - _BEFORE, 0)) + 1 if first > _BEFORE else 0
    end = min(start + _LONGEST, len(text))
    pieces, at = [Piece("… ", is_hit=False)] if start else [], start
    for begin, behind in hits:
        if begin >= end or begin < at:
            continue
        pieces += [Piece(text[at:begin], is_hit=False), Piece(text[begin:behind], is_hit=True)]
        at = behind
    pieces.append(Piece(text[at:end] + (" …" if end < len(text.rstrip()) else ""), is_hit=False))
    lines = (Piece(_SPACE.sub(" ", piece.text), piece.is_hit) for piece in pieces)
    return tuple(piece for piece in lines if piece.text)
