"""Numbers of units as Akoma Ntoso has them: in `num`, in the address, and in the eId, which must not contradict."""

import re

from console.backend.documents.addresses import slug
from console.backend.documents.akn.eids import number_part
from console.backend.documents.akn_elements import REFERENCES
from console.backend.documents.numbering import ascii_letter, parse_number

_ENDS = "()[]{}.,;:§*\"'„“”‚‘’«»–—- \u00a0"
_SUFFIXES = frozenset(
    [
        "bis",
        "ter",
        "quater",
        "quinquies",
        "sexies",
        "septies",
        "octies",
        "novies",
        "decies",
        "to",
        "und",
        "and",
        "à",
        "đến",
    ]
)
_ROMAN = re.compile(r"[IVXLCDM]+|[ivxlcdm]+")
_CONVENTION = re.compile(r"(?P<ref>[A-Za-z]+)[_-](?:z(?=\d))?(?P<number>[^_]+)")
_TIMES = re.compile(r"[-_]\d+$")


def number_in(label: str) -> str:
    """Return the number of a `num` without the words and the signs around it; the whole label if it is words alone."""
    words = [word for word in (piece.strip(_ENDS) for piece in label.split()) if word]
    starts = str.isdecimal if any(word[0].isdecimal() for word in words) else str.isalpha
    kept: list[str] = []
    for word in words:
        is_sign = starts(word[0]) and (word[0].isdecimal() or len(word) == 1 or _is_roman(word))
        if is_sign or (kept and (len(word) == 1 or word.lower() in _SUFFIXES)):
            kept.append(word)
    return " ".join(kept or words)


def _is_roman(word: str) -> bool:
    return bool(_ROMAN.fullmatch(word)) and parse_number(word) is not None


def number_token(number: str) -> str:
    """Return what stands for a number in an address; empty if it has no letter or digit."""
    return ascii_letter(number) if len(number) == 1 and number in "đĐ" else slug(number)


def contradicts(label: str, tag: str, eid: str) -> bool:
    """Return whether an eId states another number than the label, where both state one that can be compared."""
    last = _CONVENTION.fullmatch(eid.rpartition("__")[2])
    number = number_in(label)
    if last is None or last["ref"] not in {tag, REFERENCES.get(tag, tag)} or not number:
        return False
    stated = last["number"]
    if not (stated[0].isdigit() or _ROMAN.fullmatch(stated)):
        return False
    return not any(_same(number, form) for form in (stated, _TIMES.sub("", stated)))


def _same(number: str, stated: str) -> bool:
    first, other = _plain(number), _plain(stated)
    if first == other or not first:
        return True
    if first.isalpha() and not _ROMAN.fullmatch(number):
        # A word or a letter beside a digit: `First` and 1 cannot be compared by sign.
        return not other.isalpha()
    values = parse_number(number), parse_number(stated)
    return values[0] is not None and values[1] is not None and values[0].first == values[1].first


def _plain(number: str) -> str:
    return number_part(number).replace("-", "").casefold()
