"""A copy of a database that a test has used is used again only if nothing of that test lives on in it."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.conftest import Database
from tests.support import passage
from tests.support.passage import ARMED, Passage, Untouched


@contextmanager
def a_session_that_does_not_end(database: Database) -> Iterator[None]:
    """A session whose process is stopped, and so answers no signal until the block ends."""
    session = database.connect()
    pid = session.info.backend_pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
        session.close()


def test_a_copy_in_which_nothing_was_committed_is_used_again(database: Database) -> None:
    copy = Untouched(database.cluster, database.name, 3)
    with database.connect() as session, session.transaction(force_rollback=True):
        session.execute("CREATE TABLE public.mine ()")
    assert (copy.is_still(3), copy.is_still(4)) == (True, False)

    with database.connect() as session:
        session.execute("CREATE TABLE public.mine ()")
    assert not copy.is_still(3)


def test_a_session_that_is_left_open_is_ended(database: Database) -> None:
    copy = Untouched(database.cluster, database.name, 3)
    with database.connect() as session:
        assert copy.is_still(3)
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")


def test_a_copy_in_which_a_session_does_not_end_is_not_used_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Untouched(database.cluster, database.name, 3)
    with a_session_that_does_not_end(database), monkeypatch.context() as patch:
        patch.setattr(passage, "_ENDED_MS", 50)
        assert not copy.is_still(3)

    assert copy.is_still(3)


def test_a_switch_is_armed_anew_when_it_was_kept_for_long(
    at: Callable[[str], Passage], monkeypatch: pytest.MonkeyPatch
) -> None:
    def leases() -> list[tuple[object, ...]]:
        return at(ARMED).rows("SELECT armed_at FROM cutter_governance.v_lease")

    monkeypatch.setattr(passage, "_ARMED_ANEW_S", -1.0)
    (old,) = leases()
    monkeypatch.setattr(passage, "_ARMED_ANEW_S", 60.0)
    (first,), (again,) = leases(), leases()
    assert old != first == again
