"""Whoever follows an installation is told of everything that moves, once a second at most, and of the loss of the database."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from console.backend.host.installation import Installation
from console.backend.model.view_models import SwitchState
from console.backend.postgres.pulse import Pulse
from console.backend.runs import following
from console.backend.runs.following import follow
from tests.support.passage import REQUEST, Passage, silent
from tests.support.standby import follower_of
from tests.support.waiting import LONGEST_S, until

At = Callable[[str], Passage]
_SESSIONS = (
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'cutter-console follow' AND datname = current_database()"
)

_IDLE = "SELECT state FROM pg_stat_activity WHERE application_name = 'cutter-console follow' AND datname = current_database()"


def _mark(passage: Passage) -> str:
    with Pulse(passage.installation.settings.database.monitor) as pulse:
        return pulse.mark()


def _started(passage: Passage) -> None:
    passage.backend.start(REQUEST, silent)


def _armed(passage: Passage) -> None:
    passage.arm()


def _disarmed(passage: Passage) -> None:
    passage.arm()
    passage.backend.disarm()


def _cut(passage: Passage) -> None:
    passage.arm()
    passage.resume()


def _held(passage: Passage) -> None:
    passage.backend.panic("stop")


def _released(passage: Passage) -> None:
    passage.backend.panic("stop")
    passage.backend.release_hold("RELEASE")


MOVES: dict[str, tuple[str, Callable[[Passage], object]]] = {
    "a run that starts and comes to its pause": ("fresh", _started),
    "a ruling": ("waits for SG_1", lambda p: p.sign()),
    "a lease": ("SG_1 imported", _armed),
    "the end of a lease": ("SG_1 imported", _disarmed),
    "a cut": ("SG_1 imported", _cut),
    "an enactment": ("SG_2 imported", lambda p: p.enact()),
    "a run that is voided": ("waits for SG_1", lambda p: p.backend.void(p.run_id, "a test")),
    "a HOLD": ("SG_1 imported", _held),
    "the release of a HOLD": ("SG_1 imported", _released),
}


@pytest.mark.parametrize("what", MOVES)
def test_whatever_moves_gives_another_mark_and_nothing_else_does(at: At, what: str) -> None:
    stage, move = MOVES[what]
    passage = at(stage)
    before = _mark(passage)
    passage.backend.status()
    assert _mark(passage) == before
    move(passage)
    assert _mark(passage) != before


class Follower:
    """Somebody who follows: how often it has looked, and how often something was said."""

    def __init__(self, passage: Passage) -> None:
        self.told = 0
        self.looks = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=follow, args=(passage.installation, self._tell, self.ended), daemon=True)

    def _tell(self) -> None:
        self.told += 1

    def has_told_more_than(self, number: int) -> bool:
        """Whether something was said since it had been said so often."""
        return self.told > number


@contextmanager
def _following(passage: Passage) -> Iterator[Follower]:
    """Somebody who follows, and has looked already."""
    follower, look = Follower(passage), following._look

    def counted(installation: Installation, pulse: Pulse) -> str:
        answer = look(installation, pulse)
        follower.looks += 1
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(following, "_look", counted)
        patch.setattr(following, "PAUSE_S", 0.05)
        patch.setattr(following, "LONGEST_PAUSE_S", 0.2)
        follower.thread.start()
        try:
            until(lambda: follower.looks > 1, "it follows")
            yield follower
        finally:
            follower.ended.set()
            follower.thread.join(LONGEST_S)
            assert not follower.thread.is_alive()


def test_each_move_is_told_and_one_session_serves_for_all_questions(at: At) -> None:
    passage = at("SG_1 imported")
    with _following(passage) as follower:
        sessions = passage.rows(_SESSIONS)
        for move in (_armed, _held, _released):
            before = follower.told
            move(passage)
            until(partial(follower.has_told_more_than, before), "the move is told")
        assert passage.rows(_SESSIONS) == sessions
        until(lambda: passage.rows(_IDLE) == [("idle",)], "between two questions it is idle, and in no transaction")
    until(lambda: not passage.rows(_SESSIONS), "its session is gone")


def test_a_hold_file_that_somebody_makes_by_hand_is_told_too(at: At) -> None:
    passage = at("SG_1 imported")
    with _following(passage) as follower:
        passage.installation.hold_file.touch()
        until(lambda: follower.told, "the file is told")
        assert passage.backend.status().switch.state is SwitchState.HOLD


def test_the_loss_of_the_database_is_told_once_and_its_return_once(at: At) -> None:
    passage = at("SG_1 imported")
    with _following(passage) as follower:
        passage.execute("ALTER ROLE cutter_ro NOLOGIN")
        try:
            passage.execute(f"SELECT count(pg_terminate_backend(pid)) FROM ({_SESSIONS}) s")
            until(lambda: follower.told == 1, "the loss is told")
        finally:
            passage.execute("ALTER ROLE cutter_ro LOGIN")
        until(lambda: follower.told == 2, "the return is told")
        until(lambda: passage.rows(_SESSIONS), "it follows again")
        assert follower.told == 2


def test_a_role_of_few_sessions_has_all_of_them_between_two_questions(at: At) -> None:
    """A monitoring role may be allowed one: the console's own measurements must not wait for whoever follows."""
    passage = at("SG_1 imported")
    passage.execute("ALTER ROLE cutter_ro CONNECTION LIMIT 1")
    try:
        with _following(passage) as follower:
            passage.backend.panic("stop")
            until(lambda: follower.told, "the HOLD is told")
            until(lambda: not passage.rows(_SESSIONS), "the session is given back")
    finally:
        passage.execute("ALTER ROLE cutter_ro CONNECTION LIMIT -1")


def test_it_follows_on_a_standby_as_well(at: At) -> None:
    """Where no session can listen."""
    passage = at("SG_1 imported")
    with follower_of(passage.cluster) as standby:
        monitor = standby.conninfo(passage.database, "cutter_ro")
        database = passage.installation.settings.database.model_copy(update={"monitor": monitor})
        marks = passage.settings(database=database)
        before = _mark(marks)
        with _following(marks) as follower:
            passage.arm()
            until(lambda: follower.told, "what moved on the primary is told")
        assert _mark(marks) != before


def test_a_database_without_these_tables_is_asked_on_and_nothing_is_told(at: At) -> None:
    passage = at("SG_1 imported")
    passage.execute("REVOKE SELECT ON cutter_governance.v_run_event FROM cutter_ro")
    with _following(passage) as follower:
        until(lambda: follower.looks > 3, "it asks again")
        assert follower.told == 0
