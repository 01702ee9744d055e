"""One writer at a time, who is not waited for; and no setting of a session makes a check look at something else."""

from collections.abc import Callable

import psycopg
import pytest

from console.backend.postgres import ledger
from tests.backend.postgres.signed_cut import SignedCut, event, start_cut, start_edit, stopped
from tests.conftest import Database


def test_of_two_cuts_at_once_one_wins_and_the_other_is_told_so(cut: SignedCut) -> None:
    """The lock is a row lock of the transaction, so it dies with its holder."""
    cut.rule()
    cut.arm()
    with cut.executor() as winner:
        cut.apply(winner)
        with stopped("STOP_LOCKED"), cut.executor() as loser:
            cut.apply(loser)
    assert cut.lifecycles() == ["draft"] * 3


def test_the_lock_of_a_killed_writer_is_free(cut: SignedCut) -> None:
    """A killed process left a row lock for ever."""
    cut.rule()
    cut.arm()
    with pytest.raises(psycopg.OperationalError), cut.executor() as killed:  # noqa: PT012
        cut.apply(killed)
        with cut.database.connect() as administrator:
            pid = killed.info.backend_pid
            administrator.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        killed.execute("SELECT 1")
    with cut.executor() as connection:
        cut.apply(connection)
    assert cut.lifecycles() == ["draft"] * 3


def test_no_other_role_can_take_the_lock_that_stops_a_cut(cut: SignedCut) -> None:
    for role in ("cutter_ro", "cutter_verify", "cutter_exec"):
        for how in ("FOR UPDATE NOWAIT", "FOR SHARE", "FOR KEY SHARE"):
            with cut.database.connect(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT 1 FROM cutter_governance.execution_lock {how}".encode())
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege),
            cut.database.connect(role, autocommit=False) as connection,
        ):
            connection.execute("LOCK TABLE cutter_governance.execution_lock IN EXCLUSIVE MODE")


Write = Callable[[SignedCut, psycopg.Connection], object]
WRITES: dict[str, tuple[str, Write]] = {
    "cut": ("cutter_exec", lambda run, connection: run.apply(connection)),
    "record": ("cutter_exec", lambda run, connection: ledger.record_cut(connection, run.run_id, 3, event())),
    "enact": ("cutter_exec", lambda run, connection: run.enact(connection)),
    "revert": ("cutter_exec", lambda run, connection: run.revert(connection)),
    "edit": ("cutter_exec", lambda run, connection: run.edit(connection)),
    "arm": ("cutter_exec", lambda run, connection: ledger.arm(connection, run.run_id, "cut", "o", "h", 5)),
    "verify": (
        "cutter_verify",
        lambda run, connection: ledger.record_verification(connection, run.run_id, "PASS", "{}", event()),
    ),
    "verify an edit": (
        "cutter_verify",
        lambda run, connection: ledger.record_edit_verification(connection, run.run_id, event()),
    ),
}
ISOLATIONS = ("REPEATABLE READ", "SERIALIZABLE")


@pytest.mark.parametrize("isolation", ISOLATIONS)
@pytest.mark.parametrize("write", WRITES)
def test_no_write_looks_at_an_old_snapshot(law: SignedCut, write: str, isolation: str) -> None:
    """A transaction that saw the rows of an hour ago would find no HOLD, no use of the ruling and no other unit."""
    role, call = WRITES[write]
    with stopped("STOP_INVARIANT_FAILED"), law.database.connect(role, autocommit=False) as connection:
        connection.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}".encode())
        call(law, connection)


@pytest.mark.parametrize("write", WRITES)
def test_no_write_is_made_where_foreign_keys_are_not_asked(law: SignedCut, write: str) -> None:
    _, call = WRITES[write]
    with stopped("STOP_INVARIANT_FAILED"), law.database.connect(autocommit=False) as connection:
        connection.execute("SET session_replication_role = replica")
        call(law, connection)


@pytest.mark.parametrize("write", ["cut", "record", "enact", "revert", "edit"])
def test_a_writer_is_told_of_another_one_before_anything_else(law: SignedCut, write: str) -> None:
    _, call = WRITES[write]
    with law.database.connect() as other, other.transaction():
        other.execute("SELECT 1 FROM cutter_governance.execution_lock FOR UPDATE")
        with stopped("STOP_LOCKED"), law.executor() as connection:
            call(law, connection)


@pytest.mark.parametrize("setting", ["lock_timeout = '1h'", "lock_timeout = 0", "deadlock_timeout = '1h'"])
def test_no_setting_of_the_session_makes_a_writer_wait(law: SignedCut, setting: str) -> None:
    """Whoever holds the lock here lets it go only after the answer: a writer who waited would wait for ever."""
    with law.database.connect() as other, other.transaction():
        other.execute("SELECT 1 FROM cutter_governance.execution_lock FOR UPDATE")
        with stopped("STOP_LOCKED", "42501"), law.executor() as connection:
            connection.execute(f"SET {setting}".encode())
            law.apply(connection)


def test_the_settings_of_the_caller_are_as_before(cut: SignedCut) -> None:
    cut.rule()
    cut.backup()
    with cut.executor() as connection:
        connection.execute("SET lock_timeout = '7s'")
        ledger.arm(connection, cut.run_id, "cut", "o", "h", 5)
        assert connection.execute("SHOW lock_timeout").fetchone() == ("7s",)


def test_a_cut_and_an_edit_of_two_documents_are_one_after_the_other(database: Database) -> None:
    one, other = start_cut(database), start_cut(database, "ACME-OTHER", number=2)
    one.to_second_pause()
    edit = start_edit(one)
    edit.rule("edit")
    other.rule()
    edit.arm("edit")
    with edit.executor() as connection:
        edit.edit(connection)
        with stopped("STOP_EXECUTION_DISABLED", "STOP_LOCKED"), other.executor() as waiting:
            other.apply(waiting)
