"""Compares what stands in no unit of two texts, piece by piece: each by the unit that it stands behind. Pure."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from console.backend.documents.word_diff import TextDiff, text_diff
from console.backend.model.diff_text import DiffKind, DiffPart

BEGINNING = ""
"""Place of the piece that stands in front of every unit; of any other it is the address of the unit in front of it."""


class PieceChange(NamedTuple):
    """A piece that is not in both texts as it is, or that stands elsewhere."""

    old_place: str | None
    """None if the old text has no such piece."""
    new_place: str | None
    """None if the new text has no such piece. Of another place than the old one, the piece has moved, and is the same."""
    diff: TextDiff


def changes_between(
    old: Mapping[str, str] | None, new: Mapping[str, str] | None, *, is_repealed: bool
) -> tuple[PieceChange, ...] | None:
    """Return how the text between the units differs; None if that of one side was not kept.

    Of a document that is repealed on one side this is not told by itself: there is no text, and each unit is told as gone.
    """
    if is_repealed:
        return ()
    return None if old is None or new is None else piece_changes(old, new)


def piece_changes(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[PieceChange, ...]:
    """Return how the pieces of two texts differ, in the order of the new one; what is only in the old one comes last.

    A piece that is gone from one place and stands at another has moved if no other piece that changes has its words.
    Without that, one would be shown as removed and added, and in a comparison of all pieces together not at all.
    """
    removed = {place: text for place, text in old.items() if new.get(place) != text}
    added = {place: text for place, text in new.items() if old.get(place) != text}
    moved = _moved(removed, added)
    for old_place in moved.values():
        del removed[old_place]
    changes = [_change(place, text, moved, removed) for place, text in added.items()]
    return (*changes, *(PieceChange(place, None, text_diff(text, "")) for place, text in removed.items()))


def _change(place: str, text: str, moved: Mapping[str, str], removed: dict[str, str]) -> PieceChange:
    if place in moved:
        return PieceChange(moved[place], place, TextDiff((DiffPart(DiffKind.KEPT, text),)))
    before = removed.pop(place, None)
    return PieceChange(place if before is not None else None, place, text_diff(before or "", text))


def _moved(removed: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """Return the old place by the new one of each piece that says something and is gone from one place and new at one."""
    gone, come = Counter(removed.values()), Counter(added.values())
    places = {text: place for place, text in removed.items()}
    return {place: places[text] for place, text in added.items() if text.strip() and (gone[text], come[text]) == (1, 1)}
