"""Savepoints, swallowed errors, cursors, prepared statements, old snapshots, and two sessions that take turns."""

from collections.abc import Callable

import psycopg
import pytest

from console.backend.postgres import ledger
from tests.attacks.edits import start_edit
from tests.attacks.world import EXECUTOR, VERIFIER, attack, bring, call, changed, look, refused, session
from tests.backend.postgres.signed_cut import SignedCut, event, start_cut, stopped
from tests.conftest import Database
from tests.support.sovereign import sovereign

OLD = (psycopg.IsolationLevel.REPEATABLE_READ, psycopg.IsolationLevel.SERIALIZABLE)
ACTIONS = {
    "cut": "armed",
    "enact": "armed to enact",
    "record": "cut",
    "revert": "waits for SG_2",
    "edit": "waits for SG_2",
}
"""What can be done, and the stage from which."""
BEHIND = {
    "cut": ("cut_leg_a_committed/active", "STOP_APPROVAL_USED"),
    "enact": ("lifecycle_enacted/active", "STOP_APPROVAL_USED"),
    "record": ("leg_b_recorded/active", "STOP_INVARIANT_FAILED"),
    "revert": ("awaiting_lifecycle_authorization/reverted", "STOP_APPROVAL_USED"),
    "edit": ("closeout_reported/active", "STOP_APPROVAL_USED"),
}
"""Where a run is that has had the effect, and how a second one is refused."""


def ready(cut: SignedCut, action: str) -> tuple[SignedCut, Callable[[psycopg.Connection], object]]:
    """A run that stands before an action with everything that it needs, and the action."""
    bring(cut, ACTIONS[action])
    if action == "edit":
        edit = start_edit(cut, 2).ready()
        return edit, edit.apply
    if action == "revert":
        cut.arm("revert")
    if action == "record":
        with cut.verifier() as connection:
            ledger.record_structure(connection, cut.run_id, event())
        return cut, lambda connection: ledger.record_cut(connection, cut.run_id, 3, event())
    return cut, {"cut": cut.apply, "enact": cut.enact, "revert": cut.revert}[action]


@pytest.mark.parametrize("action", ACTIONS)
def test_an_effect_that_is_rolled_back_to_a_savepoint_is_gone_whole_and_can_be_had_once(
    cut: SignedCut, action: str
) -> None:
    run, act = ready(cut, action)
    before = look(cut.database)
    with session(cut.database, EXECUTOR, autocommit=False) as connection:
        connection.execute("SAVEPOINT one")
        act(connection)
        connection.execute("ROLLBACK TO one")
        act(connection)
        connection.execute("ROLLBACK TO one")
        connection.commit()
    assert changed(before, look(cut.database)) == set()
    with session(cut.database, EXECUTOR, autocommit=False) as connection:
        connection.execute("SAVEPOINT one")
        act(connection)
        connection.execute("RELEASE one")
        with stopped("STOP_INVARIANT_FAILED"), connection.transaction():
            act(connection)
        connection.commit()
    stage, code = BEHIND[action]
    with refused(cut.database, code), session(cut.database, EXECUTOR) as connection:
        act(connection)
    assert run.stage() == stage


@pytest.mark.parametrize("action", ["cut", "enact", "revert", "edit"])
def test_an_effect_whose_error_is_swallowed_leaves_no_part_of_itself(cut: SignedCut, action: str) -> None:
    """The last check of each effect fails here: a division by zero behind it, caught in a block of the attacker's."""
    _, act = ready(cut, action)
    with attack(cut.database), session(cut.database, EXECUTOR, autocommit=False) as connection:
        connection.execute("SAVEPOINT s")
        act(connection)
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("SELECT 1 / 0")
        connection.execute("ROLLBACK TO s")
        connection.commit()


def test_a_do_block_that_swallows_refusals_and_goes_on_gets_nothing(cut: SignedCut) -> None:
    cut.rule()
    block = """
        DO $$ DECLARE f text; BEGIN
            FOR f IN SELECT unnest(ARRAY['fn_cut_apply(%1$L, ''x'', ''x'', ''{}'')', 'fn_cut_record(%1$L, ''{}'')', 'fn_cut_enact(%1$L, ''{}'')',
                     'fn_cut_revert(%1$L, ''{}'')', 'fn_edit_apply(%1$L, ''x'', ''x'', ''{}'')', 'fn_run_close(%1$L, ''{}'')']) LOOP
                BEGIN EXECUTE 'SELECT cutter_console.' || format(f, 'RUN'); EXCEPTION WHEN OTHERS THEN NULL; END;
            END LOOP; END $$
    """
    with attack(cut.database), session(cut.database, EXECUTOR) as connection:
        connection.execute(block.replace("RUN", cut.run_id).encode())


def test_a_thousand_subtransactions_make_one_cut(cut: SignedCut) -> None:
    bring(cut, "armed")
    with session(cut.database, EXECUTOR, autocommit=False) as connection:
        for _ in range(40):
            connection.execute("SAVEPOINT s")
            cut.apply(connection)
            connection.execute("ROLLBACK TO s")
        cut.apply(connection)
        connection.commit()
    with cut.database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM public.information_unit").fetchone() == (3,)
        assert call(connection, "fn_draft_differences", cut.run_id) is None


def _cut_call(run: SignedCut) -> str:
    manifest, text = ledger.manifest_bytes(run.units).hex(), run.canonical.hex()
    said = '{"phase":"x","outcome":"PASS","record":{},"seq":1,"head":"' + "0" * 64 + '"}'
    return f"cutter_console.fn_cut_apply('{run.run_id}', '\\x{manifest}', '\\x{text}', '{said}')"


@pytest.mark.parametrize("ends", ["by hand", "by a HOLD"])
@pytest.mark.parametrize("kind", ["a prepared statement", "a cursor with hold", "a function"])
def test_what_was_prepared_under_a_lease_has_no_effect_behind_it(cut: SignedCut, kind: str, ends: str) -> None:
    bring(cut, "armed")
    with session(cut.database, EXECUTOR, autocommit=False) as connection:
        if kind == "a prepared statement":
            connection.execute(f"PREPARE later AS SELECT {_cut_call(cut)}".encode())
        elif kind == "a function":
            body = (
                f"CREATE FUNCTION pg_temp.later() RETURNS jsonb LANGUAGE sql AS $body$ SELECT {_cut_call(cut)} $body$"
            )
            connection.execute(body.encode())
        connection.commit()
        if kind == "a cursor with hold":
            connection.execute(f"DECLARE later CURSOR WITH HOLD FOR SELECT {_cut_call(cut)}".encode())
        with session(cut.database, EXECUTOR) as other:
            if ends == "by hand":
                ledger.disarm(other, "over")
            else:
                call(other, "fn_hold_set", "stop", "somebody", None)
        with refused(cut.database, "STOP_EXECUTION_DISABLED", "STOP_HOLD"):
            if kind == "a prepared statement":
                connection.execute("EXECUTE later")
            elif kind == "a function":
                connection.execute("SELECT pg_temp.later()")
            else:
                connection.commit()


def test_a_cursor_that_was_opened_under_a_lease_and_read_behind_its_end_has_no_effect(cut: SignedCut) -> None:
    bring(cut, "armed")
    with session(cut.database, EXECUTOR, autocommit=False) as connection:
        connection.execute(f"DECLARE later CURSOR FOR SELECT {_cut_call(cut)}".encode())
        with session(cut.database, EXECUTOR) as other:
            ledger.disarm(other, "over")
        with refused(cut.database, "STOP_EXECUTION_DISABLED"):
            connection.execute("FETCH ALL FROM later")


def test_a_trigger_of_the_attackers_own_at_commit_gets_no_more_than_the_attacker(cut: SignedCut) -> None:
    """A deferred constraint trigger of a temporary table runs behind every check at COMMIT: a second effect there is refused too."""
    bring(cut, "armed")
    with (
        refused(cut.database, "STOP_INVARIANT_FAILED"),
        session(cut.database, EXECUTOR, autocommit=False) as connection,
    ):
        connection.execute(
            "CREATE TEMP TABLE late (i int); CREATE FUNCTION pg_temp.late() RETURNS trigger LANGUAGE plpgsql AS"
            f" $body$ BEGIN PERFORM {_cut_call(cut)}; RETURN NULL; END $body$;".encode()
        )
        connection.execute(
            "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pg_temp.late()"
        )
        cut.apply(connection)
        connection.execute("INSERT INTO late VALUES (1)")
        connection.commit()


@pytest.mark.parametrize("isolation", OLD)
@pytest.mark.parametrize("action", ACTIONS)
def test_an_old_snapshot_writes_nothing(cut: SignedCut, action: str, isolation: psycopg.IsolationLevel) -> None:
    """A snapshot from before a HOLD, a withdrawn key or a lease's end would not see them."""
    _, act = ready(cut, action)
    with (
        refused(cut.database, "STOP_INVARIANT_FAILED"),
        session(cut.database, EXECUTOR, autocommit=False) as connection,
    ):
        connection.isolation_level = isolation
        connection.execute("SELECT count(*) FROM cutter_governance.hold_event")
        act(connection)


@pytest.mark.parametrize("isolation", OLD)
def test_an_old_snapshot_arms_nothing(cut: SignedCut, isolation: psycopg.IsolationLevel) -> None:
    cut.rule()
    with session(cut.database, EXECUTOR, autocommit=False) as connection:
        connection.isolation_level = isolation
        connection.execute("SELECT 1")
        with session(cut.database, EXECUTOR) as other:
            call(other, "fn_hold_set", "stop", "somebody", None)
        with refused(cut.database, "STOP_INVARIANT_FAILED"):
            ledger.arm(connection, cut.run_id, "cut", "o", "h", 5)


@pytest.mark.parametrize("isolation", OLD)
def test_an_old_snapshot_verifies_nothing(cut: SignedCut, isolation: psycopg.IsolationLevel) -> None:
    bring(cut, "recorded")
    with (
        refused(cut.database, "STOP_INVARIANT_FAILED"),
        session(cut.database, VERIFIER, autocommit=False) as connection,
    ):
        connection.isolation_level = isolation
        ledger.record_verification(connection, cut.run_id, "PASS", "{}", event())


@pytest.mark.parametrize("action", ACTIONS)
def test_a_transaction_that_only_reads_writes_nothing(cut: SignedCut, action: str) -> None:
    _, act = ready(cut, action)
    with refused(cut.database, "25006"), session(cut.database, EXECUTOR, autocommit=False) as connection:
        connection.read_only = True
        act(connection)


# --- two sessions -----------------------------------------------------------------------------------------------------


def test_a_hold_between_arming_and_cutting_wins(cut: SignedCut) -> None:
    cut.rule()
    with session(cut.database, EXECUTOR, autocommit=False) as one, session(cut.database, EXECUTOR) as two:
        ledger.arm(one, cut.run_id, "cut", "o", "h", 5)
        call(two, "fn_hold_set", "stop", "somebody", None)
        with stopped("STOP_HOLD"):
            cut.apply(one)


def test_two_sessions_that_arm_at_once_open_one_lease(database: Database) -> None:
    one, other = start_cut(database), start_cut(database, "ACME-OTHER", number=2)
    one.rule()
    other.rule()
    with session(database, EXECUTOR, autocommit=False) as a, session(database, EXECUTOR) as b:
        ledger.arm(a, one.run_id, "cut", "o", "h", 5)
        with stopped("STOP_LOCKED"):
            ledger.arm(b, other.run_id, "cut", "o", "h", 5)
        a.commit()
        with stopped("STOP_LOCKED"):
            ledger.arm(b, other.run_id, "cut", "o", "h", 5)


def test_two_sessions_that_cut_at_once_cut_once(cut: SignedCut) -> None:
    bring(cut, "armed")
    with session(cut.database, EXECUTOR, autocommit=False) as a, session(cut.database, EXECUTOR) as b:
        cut.apply(a)
        with stopped("STOP_LOCKED"):
            cut.apply(b)
        a.commit()
        with stopped("STOP_APPROVAL_USED"):
            cut.apply(b)


def test_an_import_and_an_arming_at_once_are_one_after_the_other(cut: SignedCut) -> None:
    cut.rule()
    statement = cut.statement()
    with session(cut.database, VERIFIER, autocommit=False) as a, session(cut.database, EXECUTOR) as b:
        ledger.import_approval(a, statement, (sovereign().sign(statement),))
        ledger.arm(b, cut.run_id, "cut", "o", "h", 5)
        a.commit()
    with cut.executor() as connection:
        cut.apply(connection)


def test_an_enactment_and_an_edit_at_once_are_one_or_the_other(cut: SignedCut) -> None:
    bring(cut, "waits for SG_2")
    edit = start_edit(cut, 2)
    edit.rule("edit")
    cut.rule("enact")
    edit.backup()
    cut.arm("enact")
    with session(cut.database, EXECUTOR, autocommit=False) as a, session(cut.database, EXECUTOR) as b:
        cut.enact(a)
        with stopped("STOP_LOCKED"):
            edit.apply(b)
        with stopped("STOP_LOCKED"):
            ledger.arm(b, edit.run_id, "edit", "o", "h", 5)
        a.commit()
    cut.disarm()
    edit.backup()
    with session(cut.database, EXECUTOR) as b:
        ledger.arm(b, edit.run_id, "edit", "o", "h", 5)
        with refused(cut.database, "STOP_INVARIANT_FAILED"):
            edit.apply(b)


def test_an_edit_that_is_committed_before_the_enactment_stops_it(cut: SignedCut) -> None:
    bring(cut, "waits for SG_2")
    cut.rule("enact")
    edit = start_edit(cut, 2).ready()
    with session(cut.database, EXECUTOR, autocommit=False) as a, session(cut.database, EXECUTOR) as b:
        edit.apply(a)
        with stopped("STOP_LOCKED", "STOP_EXECUTION_DISABLED"):
            cut.enact(b)
        a.commit()
    edit.disarm()
    cut.arm("enact")
    with refused(cut.database, "STOP_DRIFT"), session(cut.database, EXECUTOR) as b:
        cut.enact(b)


def test_the_end_of_a_lease_in_another_session_wins_over_a_cut_that_comes_later(cut: SignedCut) -> None:
    bring(cut, "armed")
    with session(cut.database, EXECUTOR, autocommit=False) as a, session(cut.database, VERIFIER) as b:
        a.execute("SELECT 1")
        ledger.disarm(b, "over")
        with stopped("STOP_EXECUTION_DISABLED"):
            cut.apply(a)


def test_a_verification_and_an_enactment_at_once_are_one_after_the_other(cut: SignedCut) -> None:
    bring(cut, "armed to enact")
    with session(cut.database, VERIFIER, autocommit=False) as a, session(cut.database, EXECUTOR) as b:
        ledger.record_verification(a, cut.run_id, "FAIL", "{}", event("write_verify", "FAIL"))
        with stopped("STOP_LOCKED"):
            cut.enact(b)
        a.commit()
        with refused(cut.database, "STOP_DRIFT"):
            cut.enact(b)


def test_a_bad_verification_stops_the_enactment_until_a_good_one(cut: SignedCut) -> None:
    bring(cut, "armed to enact")
    cut.verify("FAIL")
    with refused(cut.database, "STOP_DRIFT"), cut.executor() as connection:
        cut.enact(connection)
    cut.verify("PASS")
    with cut.executor() as connection:
        cut.enact(connection)
    assert cut.lifecycles() == ["enacted"] * 3


def test_a_session_that_dies_in_the_middle_leaves_nothing(cut: SignedCut) -> None:
    bring(cut, "armed")
    with attack(cut.database):
        connection = session(cut.database, EXECUTOR, autocommit=False)
        cut.apply(connection)
        with session(cut.database, EXECUTOR) as killer:
            killer.execute("SELECT pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))
        with pytest.raises(psycopg.OperationalError):
            connection.commit()
        connection.close()
