"""A session that is kept shows a transaction nothing of the one before, and is nobody's behind its test."""

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.conftest import Database
from tests.support.kept_logins import end_kept_logins

_ROLE = "cutter_ro"
_SEEN = """
    SELECT current_setting('work_mem'), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
           (SELECT count(*) FROM pg_cursors WHERE name = 'mine'), (SELECT count(*) FROM pg_listening_channels())
"""


def test_a_transaction_sees_nothing_of_the_one_before_in_its_session(database: Database) -> None:
    with database.transaction(_ROLE) as first:
        before = first.execute(_SEEN).fetchone()
        pid = first.info.backend_pid
        for statement in ("SET work_mem = '1MB'", "SELECT pg_advisory_lock(1)", "LISTEN mine"):
            first.execute(statement.encode())
        first.execute("DECLARE mine CURSOR WITH HOLD FOR SELECT 1")

    with database.transaction(_ROLE) as again:
        assert again.info.backend_pid == pid
        assert again.execute(_SEEN).fetchone() == before


def test_a_transaction_that_was_refused_leaves_its_session_as_it_was(database: Database) -> None:
    with database.transaction(_ROLE) as first:
        pid = first.info.backend_pid
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction(_ROLE) as refused:
        refused.execute("CREATE TABLE public.mine ()")
    with database.transaction(_ROLE) as again:
        assert again.info.backend_pid == pid
        assert again.execute("SELECT 1").fetchone() == (1,)


def test_a_connection_that_was_changed_is_kept_for_nobody(database: Database) -> None:
    with database.transaction(_ROLE) as changed:
        pid = changed.info.backend_pid
        changed.row_factory = dict_row  # type: ignore[assignment]
    with database.transaction(_ROLE) as another:
        assert another.info.backend_pid != pid
        assert another.execute("SELECT 1").fetchone() == (1,)


def test_of_two_at_once_one_is_kept_and_it_ends_with_its_test(database: Database) -> None:
    with database.transaction(_ROLE) as outer, database.transaction(_ROLE) as inner:
        assert outer.info.backend_pid != inner.info.backend_pid
        kept = inner.info.backend_pid
    with database.transaction(_ROLE) as again:
        assert again.info.backend_pid == kept

    end_kept_logins()
    with database.transaction(_ROLE) as another:
        assert another.info.backend_pid != kept
