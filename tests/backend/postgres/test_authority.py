"""Every write function asks for lease, approval and HOLD in the database: psql can do no more than the console."""

import psycopg
import pytest

from console.backend.model.states import Family, Stage
from console.backend.postgres import ledger
from tests.backend.postgres.signed_cut import SignedCut, counts, event, start_cut, start_edit, stopped
from tests.backend.postgres.tampering import tamper
from tests.conftest import Database

RUN = "ictr-20260101T000000Z-00000001"
WRITERS = {
    "fn_cut_apply": "SELECT cutter_console.fn_cut_apply(%(run)s, %(manifest)s, %(text)s, %(event)s)",
    "fn_edit_apply": "SELECT cutter_console.fn_edit_apply(%(run)s, %(manifest)s, %(text)s, %(event)s)",
    "fn_cut_record": "SELECT cutter_console.fn_cut_record(%(run)s, %(event)s)",
    "fn_cut_enact": "SELECT cutter_console.fn_cut_enact(%(run)s, %(event)s)",
    "fn_cut_revert": "SELECT cutter_console.fn_cut_revert(%(run)s, %(event)s)",
}
PURPOSES = {"fn_cut_apply": "cut", "fn_edit_apply": "edit", "fn_cut_enact": "enact", "fn_cut_revert": "revert"}
GONE = ("fn_iu_create", "fn_iu_apply_edit_draft", "fn_iu_enact", "fn_iu_supersede", "fn_iu_retire", "fn_iu_step")


def _call(run: SignedCut, writer: str) -> None:
    with run.executor() as connection:
        _write(connection, run, writer)


def _write(connection: psycopg.Connection, run: SignedCut, writer: str) -> None:
    parameters = {
        "run": run.run_id,
        "manifest": ledger.manifest_bytes(run.units),
        "text": run.canonical,
        "event": event(),
    }
    connection.execute(WRITERS[writer].encode(), parameters)


@pytest.mark.parametrize("writer", WRITERS)
def test_no_function_writes_without_a_lease(cut: SignedCut, writer: str) -> None:
    cut.rule()
    with stopped("STOP_EXECUTION_DISABLED"):
        _call(cut, writer)


@pytest.mark.parametrize("writer", PURPOSES)
def test_a_lease_for_one_purpose_serves_no_other(cut: SignedCut, writer: str) -> None:
    cut.rule()
    cut.arm()
    if PURPOSES[writer] != "cut":
        with stopped("STOP_EXECUTION_DISABLED"):
            _call(cut, writer)
    else:
        _call(cut, writer)


@pytest.mark.parametrize("writer", PURPOSES)
def test_no_function_writes_without_an_approval(cut: SignedCut, writer: str) -> None:
    """Approval was checked only if an issue existed. A lease that was left behind changes nothing."""
    with cut.database.connect() as connection:
        connection.execute(
            "INSERT INTO cutter_governance.execution_lease (run_id, purpose, operator, host, expires_at)"
            " VALUES (%s, %s, 'o', 'h', clock_timestamp() + interval '5 minutes')",
            (cut.run_id, PURPOSES[writer]),
        )
    with stopped("STOP_APPROVAL_REQUIRED"):
        _call(cut, writer)


def test_leg_b_is_not_recorded_under_a_lease_that_no_cut_was_made_with(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    with stopped("STOP_INVARIANT_FAILED"):
        _call(cut, "fn_cut_record")


@pytest.mark.parametrize("purpose", ["cut", "revert", "enact", "edit"])
def test_the_switch_cannot_be_armed_without_an_approval(cut: SignedCut, purpose: str) -> None:
    """The lease itself asks for the ruling, or the stage of the run refuses it."""
    with stopped("STOP_APPROVAL_REQUIRED" if purpose == "cut" else "STOP_EXECUTION_DISABLED"):
        cut.arm(purpose)


def test_the_switch_cannot_be_armed_to_edit_without_an_approval(drafted: SignedCut) -> None:
    edit = start_edit(drafted)
    with stopped("STOP_APPROVAL_REQUIRED"):
        edit.arm("edit")


@pytest.mark.parametrize("purpose", ["supersede", "retire", "", "CUT", "everything"])
def test_the_switch_is_armed_for_no_purpose_that_nothing_serves(cut: SignedCut, purpose: str) -> None:
    cut.rule()
    with stopped("STOP_EXECUTION_DISABLED"):
        cut.arm(purpose)


@pytest.mark.parametrize("writer", WRITERS)
def test_no_function_writes_under_a_hold(cut: SignedCut, writer: str) -> None:
    cut.rule()
    cut.arm()
    with cut.executor() as connection:
        ledger.set_hold(connection, "stop", "somebody", None)
    with stopped("STOP_HOLD"):
        _call(cut, writer)


def test_the_switch_is_not_armed_under_a_hold_and_is_after_its_release(cut: SignedCut) -> None:
    cut.rule()
    with cut.executor() as connection:
        ledger.set_hold(connection, "stop", "somebody", None)
    with stopped("STOP_HOLD"):
        cut.arm()
    with cut.executor() as connection:
        ledger.release_hold(connection, "found out", "somebody")
    cut.arm()


def test_structure_is_not_recorded_under_a_hold(cut: SignedCut) -> None:
    cut.cut()
    with cut.executor() as connection:
        ledger.set_hold(connection, "stop", "somebody", None)
    with stopped("STOP_HOLD"), cut.verifier() as connection:
        ledger.record_structure(connection, cut.run_id, event("structural_verify"))


def test_a_verification_is_not_recorded_under_a_hold(cut: SignedCut) -> None:
    cut.cut()
    cut.record()
    with cut.executor() as connection:
        ledger.set_hold(connection, "stop", "somebody", None)
    with stopped("STOP_HOLD"):
        cut.verify()


def test_a_hold_ends_the_lease_that_is_open_and_its_release_does_not_bring_it_back(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    with cut.executor() as connection:
        ledger.set_hold(connection, "stop", "somebody", None)
        ledger.release_hold(connection, "found out", "somebody")
    with cut.verifier() as connection:
        ended = connection.execute("SELECT end_reason FROM cutter_governance.execution_lease").fetchall()
    assert ended == [("a HOLD was set",)]
    with stopped("STOP_EXECUTION_DISABLED"):
        _call(cut, "fn_cut_apply")


def test_where_no_hold_is_set_none_is_released(database: Database) -> None:
    """The newest row tells which HOLD stands: a release of nothing could come behind one that another session sets."""
    for _ in range(2):
        with database.connect("cutter_exec") as connection, stopped("STOP_HOLD"):
            ledger.release_hold(connection, "found out", "somebody")
        with database.connect("cutter_exec") as connection:
            ledger.set_hold(connection, "stop", "somebody", None)
            ledger.release_hold(connection, "found out", "somebody")
    with database.connect() as connection:
        rows = connection.execute("SELECT action FROM cutter_governance.hold_event ORDER BY id").fetchall()
    assert [action for (action,) in rows] == ["set", "release"] * 2


def test_the_reason_of_a_hold_and_who_sets_it_are_named_and_bounded(database: Database) -> None:
    wrong = (("", "me"), ("x" * 501, "me"), ("stop", ""), ("stop", "x" * 201), (None, "me"), ("stop", None))
    for reason, by in wrong:
        for call in ("fn_hold_set(%s, %s, NULL)", "fn_hold_release(%s, %s)"):
            with database.connect("cutter_exec") as connection, stopped("STOP_REFUSED_INPUT", "STOP_HOLD"):
                connection.execute(f"SELECT cutter_console.{call}".encode(), (reason, by))
    with database.connect("cutter_exec") as connection:
        ledger.set_hold(connection, "x" * 500, "y" * 200, None)
        for reason, by in wrong:
            with stopped("STOP_REFUSED_INPUT"):
                connection.execute("SELECT cutter_console.fn_hold_release(%s, %s)", (reason, by))
        row = connection.execute("SELECT length(reason) FROM cutter_governance.v_hold").fetchone()
    assert row == (500,)


def test_an_approval_that_expires_after_arming_does_not_cut(cut: SignedCut) -> None:
    """The clock of the database decides at the write, and not only when the switch was armed."""
    digest = cut.rule()
    cut.arm()
    tamper(
        cut.database,
        f"UPDATE cutter_governance.approval SET expires = clock_timestamp() WHERE statement_sha256 = '{digest}'",
    )
    with stopped("STOP_APPROVAL_INVALID"):
        _call(cut, "fn_cut_apply")


def test_the_approval_of_one_run_does_not_serve_another(database: Database) -> None:
    one, other = start_cut(database), start_cut(database, "ACME-OTHER", number=2)
    one.rule()
    with stopped("STOP_APPROVAL_REQUIRED"):
        other.arm()
    one.arm()
    with stopped("STOP_EXECUTION_DISABLED"), other.executor() as connection:
        other.apply(connection)


def test_the_executor_alone_cannot_bring_an_approval_into_being(cut: SignedCut) -> None:
    statement = cut.statement()
    with pytest.raises(psycopg.errors.InsufficientPrivilege), cut.executor() as connection:
        ledger.import_approval(connection, statement, (b"",))
    with pytest.raises(psycopg.errors.InsufficientPrivilege), cut.executor() as connection:
        connection.execute("INSERT INTO cutter_governance.approval SELECT * FROM cutter_governance.approval")


@pytest.mark.parametrize("role", ["cutter_verify", "cutter_ro"])
@pytest.mark.parametrize("writer", WRITERS)
def test_neither_the_verifying_nor_the_monitoring_role_may_ever_execute(law: SignedCut, writer: str, role: str) -> None:
    with law.database.connect(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        _write(connection, law, writer)


@pytest.mark.parametrize("name", GONE)
def test_there_is_no_function_that_writes_a_single_unit(each_database: Database, name: str) -> None:
    """A plan is signed whole and written whole: what wrote one unit was the way in for units that nobody signed."""
    with each_database.connect() as connection:
        assert connection.execute("SELECT oid::regprocedure FROM pg_proc WHERE proname = %s", (name,)).fetchall() == []


def test_an_approval_is_used_once(cut: SignedCut) -> None:
    """A saved plan could be applied many times."""
    cut.cut()
    with stopped("STOP_APPROVAL_USED"):
        _call(cut, "fn_cut_apply")
    with cut.verifier() as connection:
        uses = connection.execute("SELECT purpose, run_id FROM cutter_governance.approval_use").fetchall()
    assert uses == [("cut", cut.run_id)]


def test_a_purpose_that_was_served_takes_no_other_ruling(cut: SignedCut) -> None:
    cut.cut()
    with stopped("STOP_APPROVAL_USED"):
        cut.rule()


def test_a_rolled_back_cut_has_not_used_its_approval(cut: SignedCut) -> None:
    """The use is part of the cut's own transaction, both or neither."""
    cut.rule()
    cut.arm()
    with cut.executor() as connection:
        cut.apply(connection)
        connection.rollback()
    with cut.executor() as connection:
        cut.apply(connection)
    assert cut.lifecycles() == ["draft"] * 3


def test_the_ruling_to_cut_does_not_enact(drafted: SignedCut) -> None:
    """The decision that allowed the cut was reused for the enactment."""
    with stopped("STOP_APPROVAL_REQUIRED"):
        drafted.arm("enact")


def test_the_decision_of_the_cut_is_refused_as_that_of_the_enactment(drafted: SignedCut) -> None:
    """SG_2 has a review decision of its own."""
    with drafted.verifier() as connection:
        row = connection.execute("SELECT id::text FROM cutter_governance.review_decision").fetchone()
    assert row is not None
    with stopped("STOP_APPROVAL_USED"):
        drafted.rule("enact", {"review_decision_id": row[0]})


@pytest.mark.parametrize("purpose", ["supersede", "retire", "revert", "enact", "cut"])
def test_nothing_can_be_armed_for_a_run_that_is_closed(cut: SignedCut, purpose: str) -> None:
    """The ruling to enact does not supersede or retire; nor does any other, behind the end of a run."""
    cut.enacted()
    with cut.executor() as connection:
        ledger.close_run(connection, cut.run_id, event("closeout"))
    with stopped("STOP_EXECUTION_DISABLED"):
        cut.arm(purpose)
    assert (cut.lifecycles(), cut.stage()) == (["enacted"] * 3, f"{Stage.CLOSEOUT_REPORTED}/active")


@pytest.mark.parametrize("minutes", [0, -5, 61, 100_000])
def test_a_lease_is_at_most_an_hour(cut: SignedCut, minutes: int) -> None:
    """A gate that was opened for one operation stayed open."""
    cut.rule()
    with stopped("STOP_REFUSED_INPUT"):
        cut.arm(minutes=minutes)


def test_a_lease_of_a_whole_hour_can_be_had_and_no_row_holds_a_longer_one(cut: SignedCut) -> None:
    cut.rule()
    cut.arm(minutes=60)
    with cut.database.connect() as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(
            "INSERT INTO cutter_governance.execution_lease (run_id, purpose, operator, host, expires_at)"
            " VALUES (%s, 'cut', 'o', 'h', clock_timestamp() + interval '61 minutes')",
            (cut.run_id,),
        )


@pytest.mark.parametrize(("operator", "host"), [("", "h"), ("o", ""), (None, "h"), ("o", None), ("o" * 201, "h")])
def test_a_lease_names_operator_and_host(cut: SignedCut, operator: str | None, host: str | None) -> None:
    cut.rule()
    cut.backup()
    with stopped("STOP_REFUSED_INPUT"), cut.executor() as connection:
        connection.execute("SELECT cutter_console.fn_lease_arm(%s, 'cut', %s, %s, 5)", (cut.run_id, operator, host))


def test_an_expired_lease_arms_nothing_and_makes_room(cut: SignedCut) -> None:
    """The lease ends by itself, in the database, without anybody's help."""
    cut.rule()
    with cut.database.connect() as connection:
        connection.execute(
            "INSERT INTO cutter_governance.execution_lease (run_id, purpose, operator, host, armed_at, expires_at)"
            " VALUES (%s, 'cut', 'o', 'h', now() - interval '16 minutes', now() - interval '1 minute')",
            (cut.run_id,),
        )
    with stopped("STOP_EXECUTION_DISABLED"):
        _call(cut, "fn_cut_apply")
    cut.arm()


def test_the_switch_is_armed_for_one_run_at_a_time(database: Database) -> None:
    one, other = start_cut(database), start_cut(database, "ACME-OTHER", number=2)
    one.rule()
    other.rule()
    one.arm()
    with stopped("STOP_LOCKED"):
        other.arm()
    with stopped("STOP_LOCKED"):
        one.arm()


def test_a_run_that_left_the_way_writes_nothing_though_it_is_armed(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    with cut.executor() as connection:
        ledger.leave(connection, cut.run_id, Family.FAILED, "by_hand", event())
    with stopped("STOP_EXECUTION_DISABLED"), cut.executor() as connection:
        cut.apply(connection)
    assert counts(cut.database)["public.information_unit"] == 0
