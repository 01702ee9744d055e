"""The filter of lists: what it takes, and that nothing that fails is hidden without being counted."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from console.backend.model.folding import searched
from console.widgets.line import line, plain
from console.widgets.list_panel import Block, _row
from console.widgets.narrowing import Needle, Row, narrowed, told_of

ALARMS = ("", "FAIL", "INCONCLUSIVE", "INTERRUPTED", "ARMED")
COLUMNS = frozenset({"state", "document"})
_ROWS = st.lists(
    st.builds(
        lambda text, alarm, state, shows: Row(line(text), text, alarm, columns=(("state", state),), shows=shows),
        st.text(st.characters(codec="utf-8"), max_size=12),
        st.sampled_from(ALARMS),
        st.text("abđ:! ", max_size=6),
        st.booleans(),
    ),
    max_size=12,
)
_TYPED = st.one_of(
    st.text(max_size=12), st.text('ab!:" đ', max_size=8), st.text("ab", max_size=2).map("state:{}".format)
)


@given(_ROWS, _TYPED)
@example([Row(line("G3"), "G3", "FAIL")], "G4")
@example([Row(line("G3"), "G3", "INCONCLUSIVE", shows=False)], "")
def test_whatever_is_typed_no_row_that_fails_is_hidden_without_being_counted(rows: list[Row], typed: str) -> None:
    narrowing = narrowed(rows, Needle.of(typed, COLUMNS))
    shown = set(narrowing.visible)
    hidden = [row.alarm for index, row in enumerate(rows) if index not in shown and row.alarm]

    assert dict(narrowing.hidden) == {alarm: hidden.count(alarm) for alarm in hidden}
    words = told_of(narrowing, Needle.of(typed, COLUMNS), 10)
    for alarm in set(hidden):
        assert f"{hidden.count(alarm)} {alarm}" in words
    assert f"{len(shown)} of {len(rows)}" in words or len(shown) == len(rows)


@given(st.text(max_size=20), _TYPED)
def test_marking_matches_changes_no_letter(text: str, typed: str) -> None:
    spans = line(text[: len(text) // 2], text[len(text) // 2 :])

    assert plain(Needle.of(typed).marked(spans)) == text


@given(_TYPED)
def test_what_a_needle_is_in_has_its_places(typed: str) -> None:
    needle = Needle.of(typed)
    text = "der aba điều Straße: state"

    if needle.is_in(searched(text)) and any(term.is_wanted for term in needle.terms):
        assert needle.places(text)


@pytest.mark.parametrize(
    ("typed", "is_taken"),
    [
        ("", True),
        ("dieu", True),
        ("ĐIỀU strasse", True),
        ("dieu nothing", False),
        ("!nothing", True),
        ("!dieu", False),
        ('"điều 5"', True),
        ('"5 điều"', False),
        ("state:fail", True),
        ("state:dieu", False),
        ("!state:fail", False),
        ("12:30", True),
        ("place:12", False),
        ("!", True),
        ("state:", True),
        ("other", True),
        ('"', True),
    ],
)
def test_every_term_must_hold(typed: str, is_taken: bool) -> None:
    row = Row(line("Điều 5 of Straße at 12:30"), more="other", columns=(("state", "failed_G3"),))

    assert Needle.of(typed, COLUMNS).takes(row) is is_taken


def test_the_gravest_is_told_first_and_numbers_are_never_shortened() -> None:
    rows = [Row(line(alarm or "good"), alarm=alarm) for alarm in ("ARMED", "INCONCLUSIVE", "FAIL", "")]
    needle = Needle.of("good, and a long word that has no room")

    assert narrowed(rows, needle).told == "0 of 4, hidden: 1 FAIL, 1 INCONCLUSIVE, 1 ARMED"
    assert told_of(narrowed(rows, needle), needle, 20).startswith(narrowed(rows, needle).told)


def test_a_block_is_searched_in_all_its_lines() -> None:
    assert Needle.of("fail 42501").takes(_row(Block((line("unit FAIL"), line("42501")), alarm="FAIL")))
