"""A copy of a database that a test has used is used again only if nothing of that test lives on in it."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from console.backend.scratch.cluster import TransientCluster
from tests.conftest import Database, fresh_database
from tests.support import passage
from tests.support.passage import ARMED, Stages, Untouched


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


def test_a_number_that_was_taken_of_a_sequence_is_written_though_it_came_to_nothing(database: Database) -> None:
    copy = Untouched(database.cluster, database.name)
    with database.connect() as session:
        session.execute("SELECT count(*) FROM cutter_governance.run_event")
    assert copy.is_unwritten()

    with database.connect() as session, session.transaction(force_rollback=True):
        session.execute("SELECT nextval(c.oid) FROM pg_class c WHERE c.relkind = 'S' LIMIT 1")
    assert (copy.is_still(0), copy.is_unwritten()) == (True, False)


def test_a_database_in_which_nothing_was_written_is_the_next_tests_and_any_other_is_gone(
    cluster: TransientCluster, template_of: Callable[[int], str]
) -> None:
    taken = []
    for statement in ("SELECT 1", "CREATE TABLE public.mine ()", "SELECT 1"):
        for database in fresh_database(cluster, template_of(cluster.major)):
            with database.connect() as session:
                assert session.execute("SELECT to_regclass('public.mine')").fetchone() == (None,)
                session.execute(statement.encode())
            taken.append(database.name)

    assert (taken[0] == taken[1], taken[1] == taken[2]) == (True, False)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(cluster.conninfo(taken[0]))


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
    stages_of_a_run: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leases() -> list[tuple[object, ...]]:
        return stages_of_a_run.at(ARMED).rows("SELECT armed_at FROM cutter_governance.v_lease")

    # Another test of this worker may have had it armed just now.
    monkeypatch.setattr(stages_of_a_run, "_armed_until", 0.0)
    monkeypatch.setattr(passage, "_ARMED_ANEW_S", -1.0)
    (old,) = leases()
    monkeypatch.setattr(passage, "_ARMED_ANEW_S", 60.0)
    (first,), (again,) = leases(), leases()
    assert old != first == again
