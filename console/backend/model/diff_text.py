"""A difference of two texts in plain text: `[-removed-]{+added+}`, on one line per place, long unchanged stretches shortened."""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from console.backend.model.value import Value

_CONTEXT = 60
"""Number of characters of unchanged text beside a change; what is longer is shortened at a space."""
_SPACE = re.compile(r"\s+")


class DiffKind(StrEnum):
    """Standing of a part of two compared texts."""

    KEPT = "kept"
    REMOVED = "removed"
    ADDED = "added"


class DiffPart(NamedTuple):
    """A stretch of text that both have, or only one of them. It can be any text: make it inert before it is shown."""

    kind: DiffKind
    text: str


class DiffedPart(Value):
    """The same in an answer, exact: a terminal must not get it as it is."""

    kind: DiffKind
    text: str


class _Place(NamedTuple):
    """A change and the unchanged text before it."""

    before: str
    removed: str
    added: str


def diff_lines(parts: Iterable[DiffPart]) -> list[str]:
    """Return the places that differ, each on one line with what stands around it.

    Space and line ends are shown as one space: where nothing else differs, there is no line.
    """
    places, rest = _in_words(parts)
    if not places:
        return []
    lines = [f"{_end_of(places[0].before)}{marked(places[0].removed, places[0].added)}"]
    for place in places[1:]:
        start, end = _start_of(place.before), _end_of(place.before)
        if len(start) + len(end) < len(place.before):
            lines[-1] += start
            lines.append(end)
        else:
            lines[-1] += place.before
        lines[-1] += marked(place.removed, place.added)
    lines[-1] += _start_of(rest)
    return [line.strip() for line in lines]


def marked(removed: str, added: str) -> str:
    """Return a change in its marks; an empty side has none."""
    return (f"[-{removed}-]" if removed else "") + (f"{{+{added}+}}" if added else "")


def shortened(text: str) -> str:
    """Return an unchanged text on one line; of a long one its beginning and its end."""
    words = _one_space(text).strip()
    return words if len(words) <= 2 * _CONTEXT else f"{_start_of(words).removesuffix(' …')} {_end_of(words)}"


def space_changes(parts: Iterable[DiffPart]) -> int:
    """Return the number of places that differ in space and line ends alone."""
    places, _ = _places(parts)
    return sum(not (place.removed + place.added).strip() for place in places)


def _places(parts: Iterable[DiffPart]) -> tuple[list[_Place], str]:
    """Return the changes in order, and the unchanged text behind the last one."""
    places: list[_Place] = []
    before, removed, added = "", "", ""
    for kind, text in parts:
        if kind is DiffKind.REMOVED:
            removed = text
        elif kind is DiffKind.ADDED:
            added = text
        else:
            places += [_Place(before, removed, added)] if removed or added else []
            before, removed, added = text, "", ""
    if removed or added:
        return [*places, _Place(before, removed, added)], ""
    return places, before


def _in_words(parts: Iterable[DiffPart]) -> tuple[list[_Place], str]:
    """Return the changes of words, with one space for each run of space; space around a change is no part of it."""
    places, rest = _places(parts)
    changes: list[_Place] = []
    before = ""
    for place in places:
        before += place.before
        removed, added = place.removed.split(), place.added.split()
        sides = [side for side in (place.removed, place.added) if side]
        if not removed and not added:
            before += " "
            continue
        before += " " if any(side[0].isspace() for side in sides) else ""
        changes.append(_Place(_one_space(before), " ".join(removed), " ".join(added)))
        before = " " if any(side[-1].isspace() for side in sides) else ""
    return changes, _one_space(before + rest)


def _one_space(text: str) -> str:
    return _SPACE.sub(" ", text)


def _start_of(text: str) -> str:
    """Return the beginning of an unchanged text, which follows a change."""
    end = text.find(" ", _CONTEXT)
    return text if end < 0 else f"{text[:end]} …"


def _end_of(text: str) -> str:
    """Return the end of an unchanged text, which a change follows."""
    start = text.rfind(" ", 0, max(len(text) - _CONTEXT, 0))
    return text if start < 0 else f"…{text[start:]}"
