"""Locks that are held against the console: its next step is refused as locked or goes on; stopping always goes on."""

from collections.abc import Callable
from contextlib import ExitStack

import psycopg
import pytest

from console.backend.model.errors import Refused, StopCode
from console.backend.postgres import ledger, migrations, session_settings
from tests.attacks.edits import start_edit
from tests.attacks.world import EXECUTOR, MONITOR, ROLES, STOPPER, STRANGER, VERIFIER, attack, bring, call, session
from tests.backend.postgres.signed_cut import SignedCut, event, stopped
from tests.conftest import Database
from tests.support.sovereign import sovereign

LOCKED = {"STOP_LOCKED", "55P03"}
Act = Callable[[SignedCut, psycopg.Connection], object]


def _import(run: SignedCut, connection: psycopg.Connection) -> object:
    statement = run.statement()
    return ledger.import_approval(connection, statement, (sovereign().sign(statement),))


HELD: dict[str, tuple[str, str, Act]] = {
    "an import": ("SG_1 imported", VERIFIER, _import),
    "an arming": ("SG_1 imported", EXECUTOR, lambda r, c: ledger.arm(c, r.run_id, "cut", "o", "h", 5)),
    "the end of a lease": ("armed", VERIFIER, lambda _, c: ledger.disarm(c, "x")),
    "a stop of the run": ("armed", EXECUTOR, lambda r, c: call(c, "fn_run_leave", r.run_id, "stopped", "x", event())),
    "a cut": ("armed", EXECUTOR, lambda r, c: r.apply(c)),
    "a structure": ("cut", VERIFIER, lambda r, c: ledger.record_structure(c, r.run_id, event())),
    "a verification": (
        "recorded",
        VERIFIER,
        lambda r, c: ledger.record_verification(c, r.run_id, "PASS", "{}", event()),
    ),
    "a bad verification": (
        "waits for SG_2",
        VERIFIER,
        lambda r, c: ledger.record_verification(c, r.run_id, "FAIL", "{}", event()),
    ),
    "an enactment": ("armed to enact", EXECUTOR, lambda r, c: r.enact(c)),
    "a HOLD": ("armed", VERIFIER, lambda _, c: call(c, "fn_hold_set", "x", "b", None)),
    "a HOLD of the role that stops": ("armed", STOPPER, lambda _, c: call(c, "fn_hold_ensure", "x", "b")),
    "a close": ("enacted", EXECUTOR, lambda r, c: ledger.close_run(c, r.run_id, event())),
    "a document": (
        "SG_1 imported",
        EXECUTOR,
        lambda _, c: c.execute("SELECT cutter_console.fn_document_register('ACME-NEW', 'o', 'p')"),
    ),
    "a read of everything": ("armed", MONITOR, lambda _, c: c.execute("SELECT * FROM cutter_governance.v_reader")),
    "a lock to read": (
        "armed",
        VERIFIER,
        lambda _, c: c.execute("LOCK TABLE public.information_unit, cutter_governance.hold_event IN ACCESS SHARE MODE"),
    ),
}
STEPS: dict[str, tuple[str, Act]] = {
    "import": (VERIFIER, _import),
    "arm": (EXECUTOR, lambda r, c: ledger.arm(c, r.run_id, "cut", "o", "h", 5)),
    "cut": (EXECUTOR, lambda r, c: r.apply(c)),
    "structure": (VERIFIER, lambda r, c: ledger.record_structure(c, r.run_id, event())),
    "record": (EXECUTOR, lambda r, c: ledger.record_cut(c, r.run_id, 3, event())),
    "verify": (VERIFIER, lambda r, c: ledger.record_verification(c, r.run_id, "PASS", "{}", event())),
    "enact": (EXECUTOR, lambda r, c: r.enact(c)),
    "leave": (EXECUTOR, lambda r, c: call(c, "fn_run_leave", r.run_id, "stopped", "x", event())),
    "read the switch": (
        MONITOR,
        lambda _, c: c.execute("SELECT * FROM cutter_governance.v_lease, cutter_governance.v_hold"),
    ),
    "read the runs": (MONITOR, lambda _, c: c.execute("SELECT * FROM cutter_governance.v_run")),
    "drift": (MONITOR, lambda _, c: c.execute("SELECT cutter_console.fn_schema_digest()")),
}
ALWAYS = {"read the switch", "read the runs", "drift"}


@pytest.mark.parametrize("held", HELD)
def test_an_open_transaction_of_another_session_keeps_nobody_waiting(cut: SignedCut, held: str) -> None:
    """Each step of the console ends: done, refused for its own reason, or refused as locked. None waits for the other."""
    stage, role, act = HELD[held]
    bring(cut, stage)
    with session(cut.database, role, autocommit=False) as holder:
        act(cut, holder)
        for step, (who, do) in STEPS.items():
            with session(cut.database, who, autocommit=False) as connection:
                try:
                    do(cut, connection)
                except psycopg.Error as refusal:
                    known = refusal.diag.message_detail or ""
                    assert step not in ALWAYS
                    assert {known, refusal.sqlstate} & LOCKED or known.startswith("STOP_"), refusal  # noqa: PT017
                connection.rollback()
        with session(cut.database, EXECUTOR) as stopper:
            call(stopper, "fn_hold_set", "stop", "somebody", None)
            assert stopper.execute("SELECT count(*) FROM cutter_governance.v_hold").fetchone() == (1,)
        holder.rollback()


@pytest.mark.parametrize("role", ROLES)
def test_no_advisory_lock_stops_a_run(database: Database, cut: SignedCut, role: str) -> None:
    """Any role may take any advisory lock, the one of `migrate` too; no step of a run asks for one."""
    with ExitStack() as stack:
        holder = stack.enter_context(session(cut.database, role))
        holder.execute("SELECT pg_advisory_lock(%s)", (migrations._LOCK,))
        holder.execute("SELECT count(pg_advisory_lock(i)) FROM generate_series(1, 100) i")
        holder.execute(
            "SELECT count(pg_advisory_lock(hashtext(n))) FROM unnest(ARRAY['cutter', 'cutter_governance', 'run']) n"
        )
        bring(cut, "enacted")
    assert cut.lifecycles() == ["enacted"] * 3


def test_no_commit_of_the_product_waits_for_the_lock_of_notify(database: Database) -> None:
    """It is one for the whole server, and any role of any database can hold it: by one transaction with many notifications."""
    with database.connect() as connection:
        bodies = connection.execute(
            "SELECT p.proname, p.prosrc FROM pg_proc p WHERE p.pronamespace = 'cutter_console'::regnamespace"
        ).fetchall()
    assert len(bodies) > 150
    assert [name for name, body in bodies if "notify" in body.lower()] == []


@pytest.mark.parametrize("role", ROLES)
def test_a_migration_that_meets_an_advisory_lock_is_told_so(
    cut: SignedCut, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one advisory lock of the product; the console's own lock_timeout, here a short one, ends the wait."""
    monkeypatch.setattr(session_settings, "_LONG_LOCK_TIMEOUT_S", 0.2)
    with attack(cut.database), session(cut.database, role) as holder:
        holder.execute("SELECT pg_advisory_lock(%s)", (migrations._LOCK,))
        with pytest.raises(Refused, match="locked by another transaction") as caught:
            migrations.migrate(cut.database.conninfo("postgres"))
    assert caught.value.code is StopCode.LOCKED


@pytest.mark.parametrize("role", [EXECUTOR, VERIFIER, MONITOR, STRANGER])
def test_an_old_snapshot_that_is_held_for_ever_stops_nothing(cut: SignedCut, role: str) -> None:
    with session(cut.database, role, autocommit=False) as holder:
        holder.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        holder.execute("SELECT 1")
        bring(cut, "enacted")
        holder.rollback()
    assert cut.lifecycles() == ["enacted"] * 3


def test_serializable_readers_of_everything_make_no_writer_fail(cut: SignedCut) -> None:
    with session(cut.database, VERIFIER, autocommit=False) as holder:
        holder.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        for table in ("public.information_unit", "cutter_governance.run", "cutter_governance.hold_event"):
            holder.execute(f"SELECT * FROM {table}".encode())
        bring(cut, "enacted")
        holder.rollback()
    assert cut.lifecycles() == ["enacted"] * 3


def test_an_edit_that_is_left_open_locks_the_writers_and_not_the_stop(cut: SignedCut) -> None:
    bring(cut, "waits for SG_2")
    edit = start_edit(cut, 2).ready()
    with session(cut.database, EXECUTOR, autocommit=False) as holder:
        edit.apply(holder)
        with session(cut.database, EXECUTOR) as other:
            with stopped(*LOCKED):
                cut.revert(other)
            call(other, "fn_hold_set", "stop", "somebody", None)
        holder.rollback()
