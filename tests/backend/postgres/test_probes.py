"""A probe does everything and keeps nothing: no row, no ruling, no lock, whatever its caller does with the transaction."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import errors as pg

from console.backend.model.errors import CutterError, Held, Refused, StopCode, Unmeasured
from console.backend.postgres.probes import SIZES, probe_generality, probe_revert
from tests.backend.postgres.signed_cut import SignedCut, start_cut
from tests.conftest import Database
from tests.support.waiting import LONGEST_S

_TABLES = """
    SELECT c.oid::regclass::text, CASE c.relkind WHEN 'r' THEN $$md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))$$
           ELSE 'concat(last_value, is_called)' END
      FROM pg_class c WHERE c.relkind IN ('r', 'S') AND c.relnamespace::regnamespace::text IN ('public', 'cutter_governance') ORDER BY 1
"""
CUT = "SELECT cutter_console.fn_probe_cut('{1,3,60}')"
CUT_AND_REVERT = "SELECT cutter_console.fn_probe_cut('{3,60}', true)"
REVERT = "SELECT cutter_console.fn_probe_revert()"


def _digests(database: Database) -> dict[str, object]:
    """Every row of every table, and the state of every sequence."""
    with database.connect() as connection:
        tables = connection.execute(_TABLES).fetchall()
        return {
            table: connection.execute(f"SELECT {state} FROM {table} t".encode()).fetchone() for table, state in tables
        }


@contextmanager
def _as(database: Database, role: str) -> Iterator[psycopg.Connection]:
    connection = database.connect(role, autocommit=False)
    try:
        yield connection
    finally:
        connection.close()


def _answer(connection: psycopg.Connection, query: str) -> dict[str, object]:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    assert isinstance(row[0], dict)
    return row[0]


@pytest.mark.parametrize("query", [CUT, CUT_AND_REVERT, REVERT])
def test_nothing_is_left_though_the_caller_commits(drafted: SignedCut, query: str) -> None:
    before = _digests(drafted.database)
    with _as(drafted.database, "cutter_verify") as connection:
        answer = _answer(connection, query)
        connection.commit()

    probes = answer["probes"]
    assert isinstance(probes, list)
    assert all(one["done"] and "failed" not in one for one in probes)
    assert _digests(drafted.database) == before
    assert drafted.stage() == "awaiting_lifecycle_authorization/active"


def test_probes_work_on_every_major_version(each_database: Database) -> None:
    before = _digests(each_database)
    with _as(each_database, "cutter_verify") as connection:
        generality = probe_generality(connection, "G5")
        reverted = probe_revert(connection, "G4")

    assert [(one.n, one.done, one.failed, one.sound) for one in generality.probes] == [(n, True, "", n) for n in SIZES]
    assert (generality.kept_nothing, reverted.kept_nothing, reverted.probe.done) == (True, True, True)
    assert _digests(each_database) == before


@pytest.mark.parametrize("query", [CUT, CUT_AND_REVERT])
def test_the_rulings_of_a_probe_authorise_nothing_afterwards(database: Database, query: str) -> None:
    """As the owner himself, in the probe's own transaction: the guards find no ruling that is used in it."""
    with _as(database, "postgres") as connection:
        connection.execute("SET ROLE cutter_owner")
        _answer(connection, query)
        with pytest.raises(psycopg.Error, match="no approval is used in this transaction") as caught:
            connection.execute(
                "INSERT INTO public.information_unit (canonical_address, unit_kind, section_type) VALUES ('X/1', 'law_unit', 'article')"
            )
    assert caught.value.diag.message_detail == "STOP_APPROVAL_REQUIRED"


@pytest.mark.parametrize("query", [CUT, REVERT])
def test_a_transaction_that_has_written_is_refused(database: Database, query: str) -> None:
    """A probe cannot stand between a caller's own effects, nor a second one behind the first."""
    with _as(database, "cutter_verify") as connection:
        connection.execute("SELECT pg_current_xact_id()")
        assert _answer(connection, query)["refused"] == "WRITTEN"


def test_a_second_probe_of_one_transaction_is_refused(database: Database) -> None:
    with _as(database, "cutter_verify") as connection:
        _answer(connection, CUT)
        assert _answer(connection, CUT)["refused"] == "WRITTEN"


@pytest.mark.parametrize("role", ["cutter_exec", "cutter_ro"])
@pytest.mark.parametrize("query", [CUT, REVERT])
def test_neither_the_executor_nor_the_monitor_may_probe(database: Database, role: str, query: str) -> None:
    with _as(database, role) as connection, pytest.raises(pg.InsufficientPrivilege):
        connection.execute(query.encode())


PARTS = (
    "fn_probe_plan('a', 1)",
    "fn_probe_rows()",
    "fn_probe_refusal()",
    "fn_cut_write(NULL, NULL, '', '')",
    "fn_manifest_seal(NULL, NULL, '', '')",
    "fn_record_write(NULL, NULL)",
    "fn_revert_write('a', NULL)",
    "fn_approval_spend(NULL, 'cut')",
    "fn_write_lock()",
    "fn_lock(false)",
)


@pytest.mark.parametrize("call", PARTS)
@pytest.mark.parametrize("role", ["cutter_exec", "cutter_ro", "cutter_verify"])
def test_the_parts_of_a_probe_are_nobodys(database: Database, role: str, call: str) -> None:
    """They go past the authorisation, so nobody may call them but a function of the owner."""
    with _as(database, role) as connection, pytest.raises(pg.InsufficientPrivilege):
        connection.execute(f"SELECT cutter_console.{call}".encode())


def test_the_verifier_still_cannot_arm_cut_or_revert(drafted: SignedCut) -> None:
    for call in (
        "fn_lease_arm(%s, 'revert', 'x', 'x', 1)",
        "fn_cut_revert(%s, '{}')",
        "fn_cut_apply(%s, '', '', '{}')",
    ):
        with _as(drafted.database, "cutter_verify") as connection, pytest.raises(pg.InsufficientPrivilege):
            connection.execute(f"SELECT cutter_console.{call}".encode(), (drafted.run_id,))


@pytest.mark.parametrize("query", ["SELECT cutter_console.fn_probe_cut('{1000,1000,1000,1000}')", CUT_AND_REVERT])
def test_a_cancelled_probe_leaves_nothing(database: Database, query: str) -> None:
    """Cancellation is not caught by the block; it aborts the whole transaction."""
    before = _digests(database)
    with _as(database, "cutter_verify") as connection:
        connection.execute("SET statement_timeout = 5")
        with pytest.raises(pg.QueryCanceled):
            connection.execute(query.encode())
        connection.commit()

    assert _digests(database) == before


@pytest.mark.parametrize("sizes", ["{0}", "{1001}", "{}", "{1,NULL}", "{1,1,1,1,1,1,1,1,1}", "{-3}"])
def test_sizes_beyond_the_cap_are_refused(database: Database, sizes: str) -> None:
    with _as(database, "cutter_verify") as connection, pytest.raises(psycopg.Error) as caught:
        connection.execute("SELECT cutter_console.fn_probe_cut(%s)", (sizes,))
    assert caught.value.diag.message_detail == "STOP_CAP_EXCEEDED"


def test_the_callers_settings_are_as_before(database: Database) -> None:
    with _as(database, "cutter_verify") as connection:
        connection.execute("SET lock_timeout = '7s'")
        connection.commit()
        _answer(connection, CUT)
        assert connection.execute("SHOW lock_timeout").fetchone() == ("7s",)


def test_no_lock_is_held_behind_a_probe(database: Database) -> None:
    """The caller's transaction stays open, and nobody waits for it; on a sequence PostgreSQL keeps what nextval takes."""
    held = """
        SELECT DISTINCT l.mode, c.relkind::text FROM pg_locks l JOIN pg_class c ON c.oid = l.relation AND l.database <> 0
         WHERE l.pid = %s AND l.mode <> 'AccessShareLock'
    """
    with _as(database, "cutter_verify") as connection, database.connect() as other:
        _answer(connection, CUT_AND_REVERT)
        assert other.execute(held, (connection.info.backend_pid,)).fetchall() == [("RowExclusiveLock", "S")]
        run = start_cut(database)
        run.enacted()
        assert run.lifecycles() == ["enacted"] * 3


def _refused(database: Database) -> CutterError:
    with _as(database, "cutter_verify") as connection, pytest.raises(CutterError) as caught:
        probe_generality(connection, "G5", (3,))
    return caught.value


def test_while_the_switch_is_armed_it_is_refused_with_the_way_out(database: Database) -> None:
    run = start_cut(database)
    run.rule()
    run.arm()

    error = _refused(database)

    assert (type(error), error.code, run.run_id in error.message) == (Refused, StopCode.LOCKED, True)
    assert "cutter-console disarm" in error.next_action


def test_under_a_hold_it_is_refused_with_the_way_out(database: Database) -> None:
    with database.connect("cutter_exec") as connection:
        connection.execute("SELECT cutter_console.fn_hold_set('wait', 'tester', NULL)")

    error = _refused(database)

    assert (type(error), error.code) == (Held, StopCode.HOLD)
    assert "cutter-console hold show" in error.next_action


def test_an_expired_lease_does_not_stop_it_and_stays_as_it_was(database: Database) -> None:
    run = start_cut(database)
    run.rule()
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO cutter_governance.execution_lease (run_id, purpose, operator, host, armed_at, expires_at)"
            " VALUES (%s, 'cut', 'x', 'x', now() - interval '20 minutes', now() - interval '10 minutes')",
            (run.run_id,),
        )
    before = _digests(database)

    with _as(database, "cutter_verify") as connection:
        assert probe_generality(connection, "G5", (3,)).probes[0].done

    assert _digests(database) == before


_OVER = {
    "the session that held it is gone": "UPDATE cutter_governance.execution_lease SET taken_at = now(), holder_pid = 0, holder_role = 'cutter_exec'::regrole::oid",
    "it was taken up before the server's last start": "UPDATE cutter_governance.execution_lease SET server_started = server_started - interval '1 day'",
    "its run was voided": "UPDATE cutter_governance.run SET family = 'voided'",
    "a HOLD was set since, and released": "INSERT INTO cutter_governance.hold_event (action, reason, by) VALUES ('set', 'x', 'x'), ('release', 'x', 'x')",
}
"""By why a lease stands no longer whose row nobody has ended: what makes it so in the rows."""


@pytest.mark.parametrize("why", _OVER)
def test_a_lease_that_does_not_stand_keeps_no_probe_away(database: Database, why: str) -> None:
    """As the switch does, which says OFF of each of them; and the row stays as it was, for whoever ends it with a word."""
    run = start_cut(database)
    run.rule()
    run.arm()
    with database.connect() as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("ALTER TABLE cutter_governance.execution_lease DISABLE TRIGGER USER")
        connection.execute("ALTER TABLE cutter_governance.run DISABLE TRIGGER USER")
        connection.execute("ALTER TABLE cutter_governance.hold_event DISABLE TRIGGER USER")
        connection.execute(_OVER[why].encode())
        assert connection.execute("SELECT count(*) FROM cutter_governance.v_lease").fetchone() == (0,)
    before = _digests(database)

    with _as(database, "cutter_verify") as connection:
        assert probe_generality(connection, "G5", (3,)).probes[0].done
        connection.rollback()
        assert probe_revert(connection, "G4").probe.done
        connection.commit()

    assert _digests(database) == before


def test_the_words_of_a_lease_for_a_batch_name_the_batch(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "INSERT INTO cutter_governance.execution_lease (batch_id, purpose, operator, host, armed_at, expires_at)"
            " VALUES ('ictb-1', 'cut', 'x', 'x', now(), now() + interval '10 minutes')"
        )

    assert "batch ictb-1 to cut" in _refused(database).message


def test_a_writer_that_holds_the_execution_lock_is_not_waited_for(database: Database) -> None:
    """A cut whose lease ran out while it works: the probe yields at once, and the lock stays the writer's."""
    with database.connect() as writer, writer.transaction():
        writer.execute("SET LOCAL ROLE cutter_owner")
        writer.execute("SELECT 1 FROM cutter_governance.execution_lock FOR UPDATE")
        error = _refused(database)

    assert (error.code, "another transaction is writing" in error.message) == (StopCode.LOCKED, True)


def test_somebody_who_is_arming_is_waited_for_no_longer_than_half_a_second_and_arms(database: Database) -> None:
    run = start_cut(database)
    run.rule()
    with run.executor() as arming:
        arming.execute("SELECT cutter_console.fn_lease_arm(%s, 'cut', 'tester', 'host', 5)", (run.run_id,))
        with _as(database, "cutter_verify") as connection:
            assert _answer(connection, CUT)["refused"] == "BUSY"

    with database.connect("cutter_ro") as connection:
        assert connection.execute("SELECT run_id FROM cutter_governance.v_lease").fetchall() == [(run.run_id,)]


def test_a_whole_run_passes_while_probes_are_tried_all_the_time(database: Database) -> None:
    """The probe gives way to the run and never the other way round: no phase meets STOP_LOCKED."""
    stop, said = threading.Event(), []

    def probing() -> None:
        while not stop.is_set():
            with _as(database, "cutter_verify") as connection:
                for query in (CUT, CUT_AND_REVERT, REVERT):
                    said.append(_answer(connection, query).get("refused", "done"))
                    connection.rollback()

    thread = threading.Thread(target=probing)
    thread.start()
    try:
        run = start_cut(database)
        run.enacted()
    finally:
        stop.set()
        thread.join(LONGEST_S)

    assert run.lifecycles() == ["enacted"] * 3
    assert set(said) <= {"done", "ARMED", "BUSY"}


def test_a_run_that_arms_or_records_waits_for_a_probe_that_is_at_work(drafted: SignedCut) -> None:
    """The probe holds the execution lock for moments; whoever asks for it meanwhile is told nothing of that."""
    probing = threading.Event()

    def hold_the_lock() -> None:
        with drafted.database.connect() as prober, prober.transaction():
            prober.execute("SELECT 1 FROM cutter_governance.execution_lock FOR UPDATE")
            probing.set()
            prober.execute("SELECT pg_sleep(0.2)")

    thread = threading.Thread(target=hold_the_lock)
    thread.start()
    try:
        assert probing.wait(LONGEST_S)
        drafted.verify()
    finally:
        thread.join(LONGEST_S)

    assert drafted.stage() == "awaiting_lifecycle_authorization/active"


def test_without_row_counters_it_is_not_measurable(database: Database) -> None:
    with database.connect() as connection:
        connection.execute(f"ALTER DATABASE {database.name} SET track_counts = off".encode())

    error = _refused(database)

    assert isinstance(error, Unmeasured)
    assert "track_counts" in error.next_action


def test_in_a_transaction_that_only_reads_it_is_refused(database: Database) -> None:
    with _as(database, "cutter_verify") as connection:
        connection.read_only = True
        assert _answer(connection, CUT)["refused"] == "READ_ONLY"


def test_a_draft_too_large_to_be_tried_is_left_alone(drafted: SignedCut) -> None:
    with _as(drafted.database, "cutter_verify") as connection:
        assert probe_revert(connection, "G4").probe.run_id == drafted.run_id
    with drafted.database.connect() as connection:
        connection.execute("ALTER TABLE cutter_governance.run DISABLE TRIGGER USER")
        connection.execute("UPDATE cutter_governance.run SET n_units = 1001")
    with _as(drafted.database, "cutter_verify") as connection:
        found = probe_revert(connection, "G4").probe

    assert (found.run_id, found.n, found.done) == ("", 3, True)
