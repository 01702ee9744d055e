"""What stands in no unit is compared by its places."""

import pytest

from console.backend.documents.between import PieceChange, changes_between, piece_changes
from console.backend.model.diff_text import DiffKind

CLOSING = "Signed by the chair.\n\n"
TITLE = {"": "The Law of Boats\n\n"}


def told(change: PieceChange) -> tuple[str | None, str | None, list[tuple[str, str]]]:
    """Places and parts of a change."""
    return change.old_place, change.new_place, [(part.kind.value, part.text) for part in change.diff.parts]


def test_a_piece_that_stands_behind_another_unit_has_moved() -> None:
    """Joined without their places the pieces of both texts are the same, and nothing would differ."""
    old, new = TITLE | {"L/1": CLOSING}, TITLE | {"L/2": CLOSING}
    assert "".join(old.values()) == "".join(new.values())
    assert [told(change) for change in piece_changes(old, new)] == [("L/1", "L/2", [("kept", CLOSING)])]


def test_a_piece_that_differs_is_told_where_it_stands() -> None:
    assert [told(change) for change in piece_changes(TITLE, {"": "The Law of Oars\n\n"})] == [
        ("", "", [("kept", "The Law of"), ("removed", " Boats"), ("added", " Oars"), ("kept", "\n\n")])
    ]


def test_what_is_new_and_what_is_gone_is_told_by_its_place() -> None:
    changes = piece_changes({"L/1": CLOSING, "L/3": "* * *\n"}, {"L/2": "Done.\n"})
    assert [told(change) for change in changes] == [
        (None, "L/2", [("added", "Done.\n")]),
        ("L/1", None, [("removed", CLOSING)]),
        ("L/3", None, [("removed", "* * *\n")]),
    ]


@pytest.mark.parametrize("text", ["* * *\n", "\n"])
def test_a_piece_of_which_there_are_several_or_that_says_nothing_has_not_moved(text: str) -> None:
    """Which of them went where, nothing tells."""
    changes = piece_changes({"L/1": text, "L/2": text}, {"L/3": text, "L/4": text})
    assert {(change.old_place is None, change.new_place is None) for change in changes} == {
        (True, False),
        (False, True),
    }


def test_two_pieces_can_change_places() -> None:
    changes = piece_changes({"L/1": "One.\n", "L/2": "Two.\n"}, {"L/1": "Two.\n", "L/2": "One.\n"})
    assert [told(change)[:2] for change in changes] == [("L/2", "L/1"), ("L/1", "L/2")]


def test_both_texts_come_back_from_the_changes_byte_for_byte() -> None:
    old = {"": "A law.\n", "L/1": "One.\n", "L/2": "Two of them.\n", "L/4": "\n"}
    new = {"": "A  law.\n", "L/2": "One.\n", "L/3": "Two of us.\n", "L/5": "Five.\n"}
    changes = piece_changes(old, new)
    same = {place: text for place, text in old.items() if new.get(place) == text}
    before, after = (
        {
            place: "".join(part.text for part in change.diff.parts if part.kind is not other)
            for change in changes
            if (place := change[side]) is not None
        }
        for side, other in ((0, DiffKind.ADDED), (1, DiffKind.REMOVED))
    )
    assert (before | same, after | same) == (old, new)


def test_of_a_repeal_and_of_what_was_not_kept_nothing_is_told() -> None:
    assert changes_between({"": "A law.\n"}, {}, is_repealed=True) == ()
    assert changes_between(None, {}, is_repealed=False) is None
    assert changes_between({}, None, is_repealed=False) is None
