"""A difference by words loses no byte of either text, and takes a bounded amount of work."""

from hypothesis import example, given
from hypothesis import strategies as st

from console.backend.documents.word_diff import DiffKind, DiffPart, least_moved, text_diff, word_diff

_WORDS = st.sampled_from(
    ["der", "die", "Halter", "§", "5", ",", ".", " ", "  ", "\n", "\n\n", "\t", "\u0301", "ü", "(", ")"]
)
TEXTS = st.one_of(st.lists(_WORDS).map("".join), st.text())


def sides(parts: tuple[DiffPart, ...]) -> tuple[str, str]:
    """The two texts that the parts are made of."""
    old = "".join(part.text for part in parts if part.kind is not DiffKind.ADDED)
    new = "".join(part.text for part in parts if part.kind is not DiffKind.REMOVED)
    return old, new


def shown(old: str, new: str) -> str:
    """The difference in one line."""
    frames = {DiffKind.KEPT: "{}", DiffKind.REMOVED: "[-{}-]", DiffKind.ADDED: "{{+{}+}}"}
    return "".join(frames[part.kind].format(part.text) for part in word_diff(old, new))


@given(TEXTS, TEXTS)
@example("", "")
@example(" ", "\n")
@example("a\n", "a")
def test_both_texts_come_back_byte_for_byte(old: str, new: str) -> None:
    assert sides(word_diff(old, new)) == (old, new)


@given(TEXTS, TEXTS, st.integers(0, 60))
def test_a_small_budget_loses_nothing_either(old: str, new: str, budget: int) -> None:
    assert sides(text_diff(old, new, budget).parts) == (old, new)


@given(TEXTS, TEXTS)
def test_parts_alternate_and_none_is_empty(old: str, new: str) -> None:
    kinds = [part.kind for part in word_diff(old, new)]
    assert all(part.text for part in word_diff(old, new))
    # Between two kept parts stand a removed one, an added one, or both in this order.
    in_letters = "".join(kind.value[0] for kind in kinds)
    assert not any(pair in in_letters for pair in ("kk", "rr", "aa", "ar"))


@given(TEXTS)
def test_equal_texts_are_kept_whole(text: str) -> None:
    assert word_diff(text, text) == ((DiffPart(DiffKind.KEPT, text),) if text else ())


def test_words_are_told_apart_not_letters() -> None:
    assert shown("Der Halter zahlt 30 Euro.", "Der Halter zahlt 300 Euro.") == "Der Halter zahlt[- 30-]{+ 300+} Euro."


def test_a_line_that_is_broken_elsewhere_keeps_its_words() -> None:
    difference = text_diff("Der Halter\nzahlt den Betrag.\n", "Der Halter zahlt\nden Betrag.\n")
    assert difference.only_space
    assert shown("Der Halter\nzahlt.", "Der Halter zahlt.") == "Der Halter[-\n-]{+ +}zahlt."


def test_a_lone_word_between_two_changes_is_part_of_them() -> None:
    assert shown("a b c der d e f end", "g h i der j k l end") == "[-a b c der d e f-]{+g h i der j k l+} end"


def test_a_long_text_is_compared_by_lines_first_and_says_so() -> None:
    lines = [f"line {number} of the text, which says the same again and again\n" for number in range(2_000)]
    changed = [*lines[:1_000], "another line\n", *lines[1_001:]]
    difference = text_diff("".join(lines), "".join(changed), budget=10_000)
    assert difference.is_coarse
    changes = [part for part in difference.parts if part.kind is not DiffKind.KEPT]
    assert [part.text.strip() for part in changes] == ["another", lines[1_000].removeprefix("line").strip()]


def test_a_hundred_thousand_words_end_within_the_budget() -> None:
    old = " ".join(f"a x{number}" for number in range(50_000))
    new = " ".join(f"a y{number}" for number in range(50_000))
    difference = text_diff(old, new)
    assert difference.is_coarse
    assert sides(difference.parts) == (old, new)


def test_work_that_cannot_be_told_beforehand_is_cut_off() -> None:
    # Each pair of equal words is found alone, and the rest is looked through again.
    old = " ".join(f"a x{number}" for number in range(400))
    new = " ".join(f"a y{number}" for number in range(400))
    assert text_diff(old, new, budget=200_000).is_coarse
    assert not text_diff("\n".join(old.split()[:200]), "\n".join(new.split()[:200])).is_coarse


def test_the_least_number_of_places_moves() -> None:
    assert [least_moved(places) for places in ([], [0], [0, 1, 2], [2, 0, 1], [2, 1, 0], [1, 0, 3, 2])] == [
        0,
        0,
        0,
        1,
        2,
        2,
    ]
