"""Which of several notices is shown: what a stop came to goes before what a screen could not read."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from console.backend.model.errors import StopCode, Unmeasured
from console.widgets.notice import Notice, Notices, refused

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STOPPED = Notice("done", "Stopped in part: the database did not take the HOLD", stays=True)
UNREAD = replace(
    refused("Reading the runs", Unmeasured(StopCode.UNREACHABLE, "no answer", "See the server's log.")),
    until_reached=True,
)


@pytest.mark.parametrize("order", [(STOPPED, UNREAD), (UNREAD, STOPPED)], ids=["before it", "behind it"])
def test_what_could_not_be_read_does_not_hide_what_a_stop_came_to(order: tuple[Notice, ...]) -> None:
    """With the database down each screen reads in vain once more just when the stop answers."""
    notices = Notices()
    for notice in order:
        notices.give(notice, NOW, working=False)
    assert notices.shown.what == STOPPED.what
    notices.dismiss(working=False)
    assert notices.shown.what == UNREAD.what


def test_a_refusal_of_what_was_asked_goes_before_a_stop_s_result_until_it_is_dismissed() -> None:
    notices = Notices()
    notices.give(STOPPED, NOW, working=False)
    notices.give(Notice("refused", "Not while a HOLD is set"), NOW, working=False)
    assert notices.shown.what == "Not while a HOLD is set"
    notices.dismiss(working=False)
    assert notices.shown.what == STOPPED.what


def test_what_could_not_be_read_is_over_when_the_database_answers() -> None:
    notices = Notices()
    notices.give(UNREAD, NOW, working=False)
    notices.measured("OFF", NOW, reached=True)
    assert notices.shown.kind == "none"
