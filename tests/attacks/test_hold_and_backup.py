"""Stopping cannot be prevented, and nothing is written under a HOLD or without a proven backup."""

import psycopg
import pytest
from psycopg.types.json import Jsonb

from console.backend.postgres import ledger
from tests.attacks.edits import start_edit
from tests.attacks.world import (
    EXECUTOR,
    MONITOR,
    PURPOSES,
    STRANGER,
    VERIFIER,
    Prey,
    bring,
    call,
    look,
    refused,
    session,
)
from tests.backend.postgres.signed_cut import SignedCut, event, start_cut, stopped
from tests.conftest import Database

HELD = ("STOP_HOLD",)


def hold(run: SignedCut, role: str = EXECUTOR, reason: str = "stop") -> None:
    """Set a HOLD as a role, waiting for no lock."""
    with session(run.database, role) as connection:
        call(connection, "fn_hold_set", reason, "somebody", None)


def release(run: SignedCut) -> None:
    """Release it."""
    with session(run.database, EXECUTOR) as connection:
        call(connection, "fn_hold_release", "found out", "somebody")


# --- a HOLD ----------------------------------------------------------------------------------------------------------


def test_under_a_hold_in_the_database_nothing_is_armed_for_an_hour(cut: SignedCut) -> None:
    """Psql armed and cut under a HOLD that the database did not know."""
    cut.rule()
    hold(cut)
    with refused(cut.database, *HELD), session(cut.database, EXECUTOR) as connection:
        ledger.arm(connection, cut.run_id, "cut", "o", "h", 60)


def test_under_a_hold_an_armed_run_is_not_cut(cut: SignedCut) -> None:
    cut.rule()
    cut.arm(minutes=60)
    hold(cut)
    with refused(cut.database, *HELD), cut.executor() as connection:
        cut.apply(connection)


def test_under_a_hold_a_cut_is_not_recorded(cut: SignedCut) -> None:
    cut.cut()
    with cut.verifier() as connection:
        ledger.record_structure(connection, cut.run_id, event())
    hold(cut)
    with refused(cut.database, *HELD), cut.executor() as connection:
        ledger.record_cut(connection, cut.run_id, 3, event())


def test_under_a_hold_nothing_is_verified(cut: SignedCut) -> None:
    bring(cut, "recorded")
    hold(cut)
    with refused(cut.database, *HELD):
        cut.verify()


def test_under_a_hold_nothing_is_enacted(cut: SignedCut) -> None:
    bring(cut, "armed to enact")
    hold(cut)
    with refused(cut.database, *HELD), cut.executor() as connection:
        cut.enact(connection)


def test_under_a_hold_nothing_is_reverted(cut: SignedCut) -> None:
    bring(cut, "waits for SG_2")
    cut.arm("revert")
    hold(cut)
    with refused(cut.database, *HELD), cut.executor() as connection:
        cut.revert(connection)


def test_under_a_hold_nothing_is_edited(cut: SignedCut) -> None:
    bring(cut, "waits for SG_2")
    edit = start_edit(cut, 2).ready()
    hold(cut)
    with refused(cut.database, *HELD), edit.executor() as connection:
        edit.apply(connection)


@pytest.mark.parametrize("role", [EXECUTOR, VERIFIER])
def test_a_lease_whose_row_is_locked_does_not_keep_a_hold_waiting(each_cut: SignedCut, role: str) -> None:
    """Found here: any of two roles could end the lease in a transaction that it left open, and `panic` waited for it while the cut went on."""
    cut = each_cut
    cut.rule()
    cut.arm(minutes=60)
    with session(cut.database, role, autocommit=False) as locker:
        call(locker, "fn_lease_end", "for ever")
        hold(cut)
        with stopped(*HELD), session(cut.database, EXECUTOR) as connection:
            cut.apply(connection)
        locker.rollback()
    with stopped(*HELD), session(cut.database, EXECUTOR) as connection:
        cut.apply(connection)


def test_a_lease_from_before_a_hold_does_not_come_back_with_its_release(cut: SignedCut) -> None:
    """The locker lets the lease's row go again; the lease was open when the HOLD was set, and is over all the same."""
    cut.rule()
    cut.arm(minutes=60)
    with session(cut.database, EXECUTOR, autocommit=False) as locker:
        call(locker, "fn_lease_end", "for ever")
        hold(cut)
        locker.rollback()
    release(cut)
    with refused(cut.database, "STOP_EXECUTION_DISABLED"), cut.executor() as connection:
        cut.apply(connection)
    with cut.database.connect(MONITOR) as connection:
        assert connection.execute("SELECT count(*) FROM cutter_governance.v_lease").fetchone() == (0,)
    cut.arm()
    with cut.executor() as connection:
        cut.apply(connection)


def test_a_locked_lease_keeps_nobody_waiting_who_arms_or_disarms(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    with session(cut.database, VERIFIER, autocommit=False) as locker:
        call(locker, "fn_lease_end", "for ever")
        with refused(cut.database, "STOP_LOCKED"), session(cut.database, EXECUTOR) as connection:
            ledger.arm(connection, cut.run_id, "cut", "o", "h", 5)
        with session(cut.database, EXECUTOR) as connection:
            assert call(connection, "fn_lease_end", "now") == 0
        locker.rollback()


def test_a_locked_lease_keeps_nobody_waiting_who_voids_the_run(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    with session(cut.database, VERIFIER, autocommit=False) as locker:
        call(locker, "fn_lease_end", "for ever")
        with session(cut.database, EXECUTOR) as connection:
            call(connection, "fn_run_leave", cut.run_id, "voided", "x", event())
        locker.rollback()
    with refused(cut.database, "STOP_EXECUTION_DISABLED"), cut.executor() as connection:
        cut.apply(connection)


@pytest.mark.parametrize("action", ["cut", "enact", "revert", "edit"])
def test_a_transaction_that_is_writing_does_not_keep_a_hold_waiting_and_does_not_commit_under_it(
    cut: SignedCut, action: str
) -> None:
    """The HOLD comes between the effect and its COMMIT; the deferred check is a second belt, which whoever writes may fire early."""
    run: SignedCut = cut
    if action == "cut":
        bring(cut, "armed")
    elif action == "enact":
        bring(cut, "armed to enact")
    else:
        bring(cut, "waits for SG_2")
        if action == "edit":
            run = start_edit(cut, 2).ready()
        else:
            cut.arm("revert")
    before = look(cut.database)
    with session(cut.database, EXECUTOR, autocommit=False) as writer:
        {"cut": run.apply, "edit": run.apply, "enact": run.enact, "revert": run.revert}[action](writer)
        hold(cut)
        with stopped(*HELD):
            writer.commit()
    after = look(cut.database)
    assert after["readers"] == before["readers"]
    assert after["public.information_unit"] == before["public.information_unit"]


def test_whoever_stops_with_the_executors_password_ends_the_transaction_that_is_writing(cut: SignedCut) -> None:
    """What a fired check does not hold back, the end of the session does: the executor may end the executor's sessions."""
    bring(cut, "armed")
    with session(cut.database, EXECUTOR, autocommit=False) as writer:
        cut.apply(writer)
        writer.execute("SET CONSTRAINTS ALL IMMEDIATE")
        hold(cut)
        with session(cut.database, EXECUTOR) as stopper:
            stopper.execute("SELECT pg_terminate_backend(%s, 5000)", (writer.info.backend_pid,))
        with pytest.raises(psycopg.OperationalError):
            writer.commit()
    with cut.database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM public.information_unit").fetchone() == (0,)


@pytest.mark.parametrize("role", [EXECUTOR, VERIFIER])
@pytest.mark.parametrize(
    "reason",
    ["", "x" * 501, "x" * 100_000_000],
    ids=["nothing", "501 characters", "100 MB"],
)
def test_the_reason_of_a_hold_is_short(prey: Prey, role: str, reason: str) -> None:
    """A reason of 100 MB stopped `status`."""
    with refused(prey.database, "STOP_REFUSED_INPUT"), prey.session(role) as connection:
        call(connection, "fn_hold_set", reason, "b", None)


@pytest.mark.parametrize("place", ["by", "run_id"])
def test_every_word_of_a_hold_is_short(prey: Prey, place: str) -> None:
    """Found here: the run that a HOLD names was of any length, and every screen shows it."""
    long = "x" * 10_000_000
    with refused(prey.database, "STOP_REFUSED_INPUT"), prey.session(EXECUTOR) as connection:
        call(connection, "fn_hold_set", "r", long if place == "by" else "b", long if place == "run_id" else None)


@pytest.mark.parametrize("place", range(4))
def test_every_word_of_a_run_is_short(prey: Prey, place: int) -> None:
    """Found here: origin, profile, operator and host of a run were of any length, and every list of runs shows them."""
    words = ["o", "p", "o", "h"]
    words[place] = "x" * 10_000_000
    with refused(prey.database, "STOP_REFUSED_INPUT"), prey.session(EXECUTOR) as connection:
        call(connection, "fn_run_create", "ictr-20260101T000000Z-0000ffff", "cut", "ACME-LAW", *words, event())


@pytest.mark.parametrize("place", range(2))
def test_every_word_of_a_document_is_short(prey: Prey, place: int) -> None:
    words = ["o", "p"]
    words[place] = "x" * 10_000_000
    with refused(prey.database, "STOP_REFUSED_INPUT"), prey.session(EXECUTOR) as connection:
        connection.execute("SELECT cutter_console.fn_document_register('ACME-LONG', %s, %s)", words)


@pytest.mark.parametrize("word", ["operator", "host"])
def test_every_word_of_a_lease_is_short(prey: Prey, word: str) -> None:
    prey_words = {"operator": ("x" * 1_000_000, "h"), "host": ("o", "x" * 1_000_000)}[word]
    with refused(prey.database, "STOP_REFUSED_INPUT"), prey.session(EXECUTOR) as connection:
        ledger.arm(connection, prey.armed.run_id, "cut", *prey_words, 5)


def test_a_lease_is_ended_with_few_words(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    with session(cut.database, EXECUTOR) as connection:
        assert call(connection, "fn_lease_end", "x" * 10_000_000) == 1
    with cut.database.connect() as connection:
        row = connection.execute("SELECT length(end_reason) FROM cutter_governance.execution_lease").fetchone()
    assert row == (500,)


@pytest.mark.parametrize("reason", ["x" * 501, "x" * 10_000_000], ids=["501", "10 MB"])
def test_the_reason_why_a_run_is_left_is_short(prey: Prey, reason: str) -> None:
    with refused(prey.database, "STOP_INVARIANT_FAILED"), prey.session(EXECUTOR) as connection:
        call(connection, "fn_run_leave", prey.armed.run_id, "stopped", reason, event())


def test_a_hold_is_not_released_by_another_role_than_the_executor(cut: SignedCut) -> None:
    hold(cut)
    for role in (MONITOR, STRANGER, VERIFIER):
        with refused(cut.database, "42501"), session(cut.database, role) as connection:
            call(connection, "fn_hold_release", "x", "b")


def test_a_hold_is_not_released_by_sql(cut: SignedCut) -> None:
    hold(cut)
    for statement in (
        "DELETE FROM cutter_governance.hold_event",
        "UPDATE cutter_governance.hold_event SET action = 'release'",
        "TRUNCATE cutter_governance.hold_event",
        "INSERT INTO cutter_governance.hold_event (action, reason, by) VALUES ('release', 'x', 'b')",
        "SELECT setval('cutter_governance.hold_event_id_seq', 1)",
    ):
        with refused(cut.database, "42501"), session(cut.database, EXECUTOR) as connection:
            connection.execute(statement.encode())


def test_a_release_that_was_not_committed_releases_nothing(cut: SignedCut) -> None:
    cut.rule()
    hold(cut)
    with session(cut.database, EXECUTOR, autocommit=False) as connection:
        call(connection, "fn_hold_release", "x", "b")
        with refused(cut.database, *HELD), session(cut.database, EXECUTOR) as other:
            ledger.arm(other, cut.run_id, "cut", "o", "h", 5)
        connection.rollback()
    with refused(cut.database, *HELD), session(cut.database, EXECUTOR) as other:
        ledger.arm(other, cut.run_id, "cut", "o", "h", 5)


# --- a lease ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [None, 0, -1, 61, 2**31 - 1, -(2**31)])
def test_a_lease_is_for_a_minute_to_an_hour(waiting: SignedCut, minutes: int | None) -> None:
    waiting.rule()
    with refused(waiting.database, "STOP_REFUSED_INPUT"), session(waiting.database, EXECUTOR) as connection:
        call(connection, "fn_lease_arm", waiting.run_id, "cut", "o", "h", minutes)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cutter_governance.execution_lease SET expires_at = expires_at + interval '1 year'",
        "UPDATE cutter_governance.execution_lease SET ended_at = NULL, end_reason = NULL",
        "INSERT INTO cutter_governance.execution_lease (run_id, purpose, operator, host, expires_at)"
        " SELECT run_id, 'cut', 'o', 'h', clock_timestamp() + interval '5 minutes' FROM cutter_governance.run",
        "DELETE FROM cutter_governance.execution_lease",
        "UPDATE cutter_governance.execution_lock SET is_single = is_single",
        "SELECT * FROM cutter_governance.execution_lock FOR UPDATE",
        "SELECT * FROM cutter_governance.execution_lock FOR KEY SHARE",
    ],
)
@pytest.mark.parametrize("role", [EXECUTOR, VERIFIER, MONITOR, STRANGER])
def test_nobody_makes_or_prolongs_a_lease_by_sql(prey: Prey, role: str, statement: str) -> None:
    with refused(prey.database, "42501"), prey.session(role) as connection:
        connection.execute(statement.encode())


def test_not_even_the_owner_prolongs_or_reopens_a_lease(prey: Prey) -> None:
    for statement in (
        "UPDATE cutter_governance.execution_lease SET expires_at = expires_at + interval '1 minute'",
        "UPDATE cutter_governance.execution_lease SET ended_at = NULL, end_reason = NULL",
    ):
        with refused(prey.database, "STOP_INVARIANT_FAILED", "CU004"), prey.database.connect() as connection:
            connection.execute(statement.encode())


@pytest.mark.parametrize("role", [VERIFIER, MONITOR, STRANGER])
@pytest.mark.parametrize("purpose", PURPOSES)
def test_only_the_executor_arms(prey: Prey, role: str, purpose: str) -> None:
    with refused(prey.database, "42501"), prey.session(role) as connection:
        ledger.arm(connection, prey.drafts.run_id, purpose, "o", "h", 5)


# --- a backup --------------------------------------------------------------------------------------------------------

_AGED = "UPDATE cutter_governance.backup_proof SET recorded_at = recorded_at - interval '61 minutes'"


def without_proof(run: SignedCut) -> None:
    """Make every proof of a backup too old, as time would; the superuser does it here past the guard."""
    with run.database.connect() as connection:
        connection.execute("ALTER TABLE cutter_governance.backup_proof DISABLE TRIGGER guard_append_only")
        connection.execute(_AGED)
        connection.execute("ALTER TABLE cutter_governance.backup_proof ENABLE ALWAYS TRIGGER guard_append_only")


def test_without_a_fresh_proof_nothing_is_armed(cut: SignedCut) -> None:
    """Every backup was deleted, and psql armed, cut and recorded."""
    cut.rule()
    without_proof(cut)
    with refused(cut.database, "STOP_BACKUP_NOT_PROVEN"), session(cut.database, EXECUTOR) as connection:
        ledger.arm(connection, cut.run_id, "cut", "o", "h", 60)


def test_without_a_fresh_proof_an_armed_run_is_not_cut(cut: SignedCut) -> None:
    bring(cut, "armed")
    without_proof(cut)
    with refused(cut.database, "STOP_BACKUP_NOT_PROVEN"), cut.executor() as connection:
        cut.apply(connection)


def test_without_a_fresh_proof_a_cut_is_not_recorded(cut: SignedCut) -> None:
    bring(cut, "cut")
    with cut.verifier() as connection:
        ledger.record_structure(connection, cut.run_id, event())
    without_proof(cut)
    with refused(cut.database, "STOP_BACKUP_NOT_PROVEN"), cut.executor() as connection:
        ledger.record_cut(connection, cut.run_id, 3, event())


@pytest.mark.parametrize("action", ["enact", "revert"])
def test_without_a_fresh_proof_nothing_becomes_law_and_nothing_is_reverted(cut: SignedCut, action: str) -> None:
    bring(cut, "waits for SG_2")
    if action == "enact":
        cut.rule("enact")
    cut.arm(action)
    without_proof(cut)
    with refused(cut.database, "STOP_BACKUP_NOT_PROVEN"), cut.executor() as connection:
        (cut.enact if action == "enact" else cut.revert)(connection)


def test_the_proof_of_one_run_serves_no_other(database: Database) -> None:
    one, other = start_cut(database), start_cut(database, "ACME-OTHER", number=2)
    other.rule()
    without_proof(other)
    one.backup()
    with refused(database, "STOP_BACKUP_NOT_PROVEN"), session(database, EXECUTOR) as connection:
        ledger.arm(connection, other.run_id, "cut", "o", "h", 5)


PROOFS = {
    "no tables": "'[]'::jsonb",
    "no list": "'{}'::jsonb",
    "NULL": "NULL::jsonb",
    "false digests": "(SELECT jsonb_agg(jsonb_build_object('table', c.n, 'rows', 0, 'digest', repeat('a', 64))) FROM (VALUES ('public.information_unit')) c (n))",
    "a table named twice": '\'[{"table":"public.information_unit","rows":0,"digest":"a"},{"table":"public.information_unit","rows":0,"digest":"b"}]\'::jsonb',
}


@pytest.mark.parametrize("how", PROOFS)
def test_a_proof_that_is_not_of_the_tables_as_they_are_is_refused(prey: Prey, how: str) -> None:
    query = (
        "SELECT cutter_console.fn_backup_record(%s, jsonb_build_object('file_name', 'x', 'sha256', repeat('0', 64), 'bytes', 1,"
        f" 'recipient', repeat('A', 40), 'tables', {PROOFS[how]}))"
    )
    with refused(prey.database, "STOP_BACKUP_NOT_PROVEN"), prey.session(VERIFIER) as connection:
        connection.execute(query.encode(), (prey.armed.run_id,))


def test_the_proof_of_before_a_write_is_not_recorded_after_it(cut: SignedCut) -> None:
    with cut.database.connect() as connection:
        row = connection.execute(
            "SELECT tables FROM cutter_governance.backup_proof ORDER BY id DESC LIMIT 1"
        ).fetchone()
    assert row is not None
    cut.cut()
    with refused(cut.database, "STOP_BACKUP_NOT_PROVEN"), session(cut.database, VERIFIER) as connection:
        call(
            connection,
            "fn_backup_record",
            cut.run_id,
            Jsonb({"file_name": "x", "sha256": "0" * 64, "bytes": 1, "recipient": "A" * 40, "tables": row[0]}),
        )


@pytest.mark.parametrize("role", [EXECUTOR, MONITOR, STRANGER])
def test_only_the_verifying_role_records_a_proof(prey: Prey, role: str) -> None:
    with refused(prey.database, "42501"), prey.session(role) as connection:
        connection.execute("SELECT cutter_console.fn_backup_record('x', '{}')")
    with refused(prey.database, "42501"), prey.session(role) as connection:
        connection.execute(
            "INSERT INTO cutter_governance.backup_proof OVERRIDING SYSTEM VALUE SELECT * FROM cutter_governance.backup_proof"
        )
