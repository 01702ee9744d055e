"""Numbers of legal units: arabic, roman, letters, ordinal words, suffixes (12a), ranges (3 bis 6), and their order."""

import re
from enum import StrEnum
from functools import lru_cache
from string import ascii_lowercase
from typing import Final, NamedTuple

Key = tuple[int, ...]
"""A place in an order: (12,) < (12, 1) for 12a < (13,); (1, 25) for 1.25."""

VI_LETTERS: Final = "abcdđeghiklmnopqrstuvxy"
"""The letters of Vietnamese points; f, j, w and z are none of them."""

_ROMAN: Final = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_ROMAN_SIGNS: Final = [
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
]
_DE_ORDINALS: Final = [
    "erst",
    "zweit",
    "dritt",
    "viert",
    "fünft",
    "sechst",
    "siebent",
    "acht",
    "neunt",
    "zehnt",
    "elft",
    "zwölft",
    "dreizehnt",
    "vierzehnt",
    "fünfzehnt",
    "sechzehnt",
    "siebzehnt",
    "achtzehnt",
    "neunzehnt",
    "zwanzigst",
]
_VI_ORDINALS: Final = ["nhất", "hai", "ba", "tư", "năm", "sáu", "bảy", "tám", "chín", "mười"]
_WORDS: Final[dict[str, int]] = (
    {w: n for n, w in enumerate(_DE_ORDINALS, 1)}
    | {"siebt": 7}
    | {w: n for n, w in enumerate(_VI_ORDINALS, 1)}
    | {"nhì": 2, "bốn": 4, "bẩy": 7}
)
_ROMAN_SHAPE = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})", re.IGNORECASE)
_LONGEST_NUMBER: Final = 60
"""Number of characters of a number, a range or a list of numbers as written."""
_LATIN: Final = ("bis", "ter", "quater", "quinquies", "sexies", "septies", "octies", "novies", "decies")
_INSERTED = re.compile(rf"(\d+)[ ]?({'|'.join(_LATIN)})", re.IGNORECASE)
"""A number that was inserted behind its base number: 6bis, 6ter."""
_PIECE = re.compile(r"(\d+)(?:\.(\d+))?[ ]?([a-zđ]{0,2})(\d{0,2})", re.IGNORECASE)
_LINK = re.compile(r"\.?[ ]*(?:,|\bbis\b|\bund\b|\bđến\b|[-–])[ ]*")


class Alphabet(StrEnum):
    """Letters that number the units of a level."""

    VIETNAMESE = "vietnamese"
    LATIN = "latin"
    """a to z."""
    ROMAN = "roman"
    """i, ii, iii, iv: numerals, not letters."""
    DOUBLED = "latin-doubled"
    """aa to zz."""


_VIETNAMESE, _ROMAN_ALPHABET, _DOUBLED = Alphabet.VIETNAMESE, Alphabet.ROMAN, Alphabet.DOUBLED


class Number(NamedTuple):
    """A number as written, its first and last place in the order, and what stands for it in an address."""

    raw: str
    first: Key
    last: Key
    token: str


def ascii_letter(letter: str) -> str:
    """A point letter in an address: đ is DD, so that it never meets d."""
    return "DD" if letter in "đĐ" else letter.upper()


@lru_cache(maxsize=8192)
def parse_number(raw: str) -> Number | None:
    """Read a number; None where it is none. Ranges and lists (`114 und 115`) span first to last."""
    if len(raw) > _LONGEST_NUMBER:
        return None  # No text is numbered so far, and Python refuses to read thousands of digits.
    if raw.isdecimal() and raw.isascii():
        key: Key = (int(raw),)
        return Number(raw, key, key, raw)
    text = " ".join(raw.split())
    pieces = [_piece(part) for part in _LINK.split(text)]
    keys = [p for p in pieces if p is not None]
    if not pieces or len(keys) != len(pieces):
        return None
    return Number(raw=text, first=keys[0][0], last=keys[-1][0], token="-".join(token for _, token in keys))


def parse_letter(raw: str) -> Number | None:
    """Read the letter of a Vietnamese point, with its inserted number (`a1`); None for a letter it doesn't have."""
    place = VI_LETTERS.find(raw[0].lower())
    if place < 0:
        return None
    rest = raw[1:]
    key: Key = (place + 1, int(rest)) if rest else (place + 1,)
    return Number(raw=raw, first=key, last=key, token=ascii_letter(raw[0]) + rest)


def foreign_letter(raw: str) -> Number:
    """Return the number of a letter that its alphabet does not have: before all others, as it stands in no order."""
    return Number(raw=raw, first=(0,), last=(0,), token=raw.upper())


@lru_cache(maxsize=8192)
def parse_in(alphabet: Alphabet, raw: str) -> Number | None:
    """Read a number that is written in an alphabet; None where it is none."""
    if alphabet is _VIETNAMESE:
        return parse_letter(raw)
    if alphabet is _DOUBLED:
        value = _place_of(raw[:1]) if raw == raw[:1] * 2 else None
    else:
        value = roman_value(raw) if alphabet is _ROMAN_ALPHABET else _place_of(raw)
    return Number(raw, (value,), (value,), raw.upper()) if value else None


def _place_of(raw: str) -> int | None:
    return ascii_lowercase.index(raw.lower()) + 1 if len(raw) == 1 and raw.isascii() and raw.isalpha() else None


def sign_in(alphabet: Alphabet, place: int) -> str:
    """Return the letter or the numeral at a place of an alphabet; empty behind its last one."""
    if alphabet is Alphabet.ROMAN:
        return _roman_numeral(place)
    letters = VI_LETTERS if alphabet is Alphabet.VIETNAMESE else ascii_lowercase
    return letters[place - 1 : place] * (2 if alphabet is Alphabet.DOUBLED else 1)


def _roman_numeral(value: int) -> str:
    numeral = ""
    for worth, sign in _ROMAN_SIGNS:
        numeral += sign * (value // worth)
        value %= worth
    return numeral


def parse_path(raw: str) -> Number:
    """Read a decimal path (`3.1.2`): its place among its siblings is the last part, its address the whole."""
    key: Key = (int(raw.rpartition(".")[2]),)
    return Number(raw, key, key, raw)


def path_of(number: Number) -> tuple[int, ...]:
    """Return the parts of a decimal path; of any other number, its first place alone."""
    parts = number.raw.split(".")
    return tuple(map(int, parts)) if all(map(str.isdecimal, parts)) else number.first


def follows(before: Key, after: Key) -> bool:
    """Return whether `after` is the very next number: 5 → 6, 5 → 5a, 5a → 5b, 5b → 6."""
    if after == (*before, 1):
        return True
    if len(after) == len(before) and after[:-1] == before[:-1] and after[-1] == before[-1] + 1:
        return True
    return len(after) < len(before) and after == (*before[: len(after) - 1], before[len(after) - 1] + 1)


def is_start(key: Key) -> bool:
    """Return whether a numbering may begin here: 0, 1, 1a, 1.01."""
    return key[0] <= 1 and (len(key) == 1 or key[1] <= 1)


def _piece(part: str) -> tuple[Key, str] | None:
    if "§" in part:
        return _article_with_paragraph(part)
    match = _PIECE.fullmatch(part)
    if match:
        return _arabic(match)
    inserted = _INSERTED.fullmatch(part)
    if inserted:
        number, word = int(inserted[1]), inserted[2].lower()
        return (number, _LATIN.index(word) + 1), f"{number}{word.upper()}"
    lower = part.lower().removeprefix("thứ ")
    stem = re.sub(r"e[rsnm]?$", "", lower)
    word = _WORDS.get(lower) or _WORDS.get(stem)
    if word:
        return (word,), str(word)
    return _roman_or_letter(part)


def _arabic(match: re.Match[str]) -> tuple[Key, str]:
    whole, part, suffix, inserted = match.groups()
    if not whole.isascii():
        whole = str(int(whole))  # Digits of full width, or of another script.
    key: Key = (int(whole),) if part is None else (int(whole), int(part))
    token = whole if part is None else f"{whole}.{part}"
    for letter in suffix:
        key = (*key, _letter_place(letter))
    if inserted:
        key = (*key, int(inserted))
    return key, token + "".join(map(ascii_letter, suffix)) + inserted


def _roman_or_letter(part: str) -> tuple[Key, str] | None:
    head, _, tail = part.partition(" ")
    if not tail and len(head) > 1 and head[-1].islower() and head[:-1].isupper():
        head, tail = head[:-1], head[-1]
    if len(tail) > 1 or not head.isalpha():
        return None
    value = roman_value(head)
    if value is None:
        if len(head) != 1 or tail:
            return None
        return (_letter_place(head),), ascii_letter(head)
    suffix: Key = (_letter_place(tail),) if tail else ()
    return (value, *suffix), head.upper() + ascii_letter(tail) if tail else head.upper()


def _letter_place(letter: str) -> int:
    return ord(letter.lower()) - ord("a") + 1 if letter.isascii() else VI_LETTERS.index(letter.lower()) + 1


def _article_with_paragraph(part: str) -> tuple[Key, str] | None:
    article, _, paragraph = (p.strip() for p in part.partition("§"))
    outer, inner = _piece(article), _piece(paragraph)
    if outer is None or inner is None:
        return None
    return (*outer[0], 0, *inner[0]), f"{outer[1]}-PAR-{inner[1]}"


def roman_value(text: str) -> int | None:
    """The value of a roman numeral; None where it is none."""
    if not text or not _ROMAN_SHAPE.fullmatch(text):
        return None
    values = [_ROMAN[c] for c in text.upper()]
    return sum(-v if v < after else v for v, after in zip(values, [*values[1:], 0], strict=True))
