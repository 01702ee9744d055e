"""The history on Overview: bounded, true to each change, and drawn for any width."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from console.backend.model.outcome import Outcome
from console.screens.history import MOST_POINTS, History, Point
from console.screens.history_text import history_lines, history_title
from console.widgets.line import plain
from tests.support.fakes import NOW

TABLE = "public.information_unit"


def point(second: int, switch: str = "OFF", rows: int | None = 5, gates: Outcome | None = Outcome.PASS) -> Point:
    """A point so many seconds later."""
    return Point(NOW + timedelta(seconds=second), switch, reached=bool(switch), counts=((TABLE, rows),), gates=gates)


def test_a_history_is_bounded_and_keeps_first_and_last() -> None:
    history = History()
    for number in range(20_000):
        history.add(point(number))
        assert len(history.points) <= MOST_POINTS

    assert (history.points[0].at, history.points[-1].at) == (NOW, NOW + timedelta(seconds=19_999))
    times = [kept.at for kept in history.points]
    assert times == sorted(times)


def test_a_short_hold_is_seen_a_day_later() -> None:
    """What repeats it is left out, a change is not."""
    history = History()
    for number in range(8640):
        history.add(point(number * 10, "HOLD" if number in {3, 4} else "OFF"))

    switch = plain(history_lines(history.points, 80, 16)[0])
    assert "H" in switch.removesuffix("OFF")


def test_a_history_in_which_everything_changes_is_bounded_too() -> None:
    history = History()
    for number in range(5000):
        history.add(point(number, "OFF" if number % 2 else "ARMED"))

    assert len(history.points) <= MOST_POINTS


def test_the_worst_of_each_part_shows() -> None:
    points = [
        point(number, "ARMED" if number == 7 else "OFF", gates=Outcome.FAIL if number == 8 else Outcome.PASS)
        for number in range(10)
    ]
    points[3] = point(3, "")

    lines = [plain(part) for part in history_lines(points, 60, 16)]

    assert lines[0] == f"{'switch':<20} ···x···A·· OFF"
    assert lines[1] == f"{'gates':<20} ········F· PASS"


def test_a_table_shows_its_rows_its_change_and_what_was_not_read() -> None:
    rows = [10, 10, 12, None, 17, 17]
    points = [point(number, rows=count) for number, count in enumerate(rows)]

    assert plain(history_lines(points, 60, 16)[2]) == f"{'information_unit':<20} ▁▁▂ ▇▇ 17  +7"
    unread = [point(number, rows=None) for number in range(3)]
    assert plain(history_lines(unread, 60, 16)[2]) == f"{'information_unit':<20} INCONCLUSIVE"
    gone = [*points, point(6, rows=None)]
    assert plain(history_lines(gone, 60, 16)[2]).endswith(" not known  +7")


def test_a_pause_in_the_measurements_is_empty() -> None:
    points = [point(0), point(1), point(2), point(9)]

    assert plain(history_lines(points, 60, 16)[0]) == f"{'switch':<20} ·  · OFF"


def test_without_two_measurements_there_is_no_history() -> None:
    for points in ((), (point(0),), (point(0), point(0))):
        assert plain(history_lines(points, 60, 16)[0]) == "It begins with the second measurement."
    assert history_title(()) == "History"
    assert history_title((point(0), point(60))) == "History, 14:03 to 14:04 UTC"
    assert history_title((point(0), point(86_400))) == "History, 2026-03-01 14:03 to 2026-03-02 14:03 UTC"


@given(
    st.lists(
        st.tuples(st.integers(0, 10**6), st.sampled_from(["OFF", "ARMED", "HOLD", ""]), st.integers(0, 10**12)),
        max_size=60,
    ),
    st.integers(1, 200),
    st.integers(1, 20),
)
def test_it_can_be_drawn_for_any_width_and_has_no_more_lines_than_there_is_room_for(
    measured: list[tuple[int, str, int]], width: int, rows: int
) -> None:
    points = [point(second, switch, count) for second, switch, count in sorted(measured)]

    lines = history_lines(points, width, rows)

    assert 1 <= len(lines) <= max(rows, 2)
    assert all(len(plain(part)) <= max(width, 60) for part in lines)
