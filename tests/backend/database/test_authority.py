"""Every write function asks for lease, approval and HOLD in the database: psql can do no more than the console."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from console.backend.database import ledger
from console.backend.runs.states import Family, Stage
from tests.backend.database.signed_cut import SignedCut, counts, start_cut, stopped
from tests.conftest import Database

RUN = "ictr-20260101T000000Z-00000001"
WRITERS = {
    "fn_cut_apply": "SELECT cutter_governance.fn_cut_apply(%(run)s)",
    "fn_cut_record": "SELECT cutter_governance.fn_cut_record(%(run)s)",
    "fn_cut_enact": "SELECT cutter_governance.fn_cut_enact(%(run)s, false)",
    "fn_cut_revert": "SELECT cutter_governance.fn_cut_revert(%(run)s)",
    "fn_iu_create": "SELECT public.fn_iu_create('ACME-LAW/ONE', 'One', 'x', 'me', 'document_unit', 'section', 'sovereign', 'cut', NULL)",
    "fn_iu_apply_edit_draft": "SELECT public.fn_iu_apply_edit_draft('ACME-LAW/ONE', 'One', 'x', 'me')",
    "fn_iu_enact": "SELECT public.fn_iu_enact('ACME-LAW/ONE', gen_random_uuid(), 'me', false)",
    "fn_iu_supersede": "SELECT public.fn_iu_supersede('ACME-LAW/ONE', gen_random_uuid(), 'me', false)",
    "fn_iu_retire": "SELECT public.fn_iu_retire('ACME-LAW/ONE', gen_random_uuid(), 'me', false)",
}
SET_BASED = ("fn_cut_apply", "fn_cut_enact", "fn_cut_revert")


def _call(run: SignedCut, writer: str) -> None:
    with run.executor() as connection:
        connection.execute(WRITERS[writer].encode(), {"run": run.run_id})


@pytest.mark.parametrize("writer", WRITERS)
def test_no_function_writes_without_a_lease(cut: SignedCut, writer: str) -> None:
    cut.rule()
    with stopped("STOP_EXECUTION_DISABLED"):
        _call(cut, writer)


@pytest.mark.parametrize("writer", SET_BASED)
def test_incident_16_no_function_writes_without_an_approval(cut: SignedCut, writer: str) -> None:
    """Incident 16: approval was checked only if an issue existed. A lease that was left behind changes nothing."""
    with cut.database.connect() as connection:
        purpose = {"fn_cut_apply": "cut", "fn_cut_enact": "enact", "fn_cut_revert": "revert"}[writer]
        connection.execute(
            "INSERT INTO cutter_governance.execution_lease (run_id, purpose, operator, host, expires_at)"
            " VALUES (%s, %s, 'o', 'h', clock_timestamp() + interval '5 minutes')",
            (cut.run_id, purpose),
        )
    with stopped("STOP_APPROVAL_REQUIRED"):
        _call(cut, writer)


@pytest.mark.parametrize("purpose", ["cut", "revert", "enact"])
def test_incident_16_the_switch_cannot_be_armed_without_an_approval(cut: SignedCut, purpose: str) -> None:
    """Incident 16: the lease itself asks for the ruling, or the stage of the run refuses it."""
    with stopped("STOP_APPROVAL_REQUIRED" if purpose == "cut" else "STOP_EXECUTION_DISABLED"):
        cut.arm(purpose)


@pytest.mark.parametrize("writer", ["fn_cut_apply", "fn_cut_record", "fn_cut_enact", "fn_cut_revert", "fn_iu_create"])
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


def test_a_verification_is_not_recorded_under_a_hold(cut: SignedCut) -> None:
    cut.cut()
    with cut.executor() as connection:
        connection.execute("SELECT cutter_governance.fn_run_advance(%s, 'structural_verified')", (cut.run_id,))
        ledger.record_cut(connection, cut.run_id)
        ledger.set_hold(connection, "stop", "somebody", None)
    with stopped("STOP_HOLD"), cut.verifier() as connection:
        ledger.record_verification(connection, cut.run_id, "PASS", "{}")


FORGED: dict[str, Callable[[], tuple[str, dict[str, object]]]] = {
    "expired": lambda: ("STOP_APPROVAL_INVALID", {"expires": datetime.now(UTC) - timedelta(seconds=1)}),
    "not yet valid": lambda: ("STOP_APPROVAL_INVALID", {"not_before": datetime.now(UTC) + timedelta(minutes=5)}),
    "another database": lambda: ("STOP_IDENTITY_MISMATCH", {"database": "elsewhere"}),
    "another cluster": lambda: ("STOP_IDENTITY_MISMATCH", {"system_identifier": "1"}),
    "another timeline": lambda: ("STOP_IDENTITY_MISMATCH", {"timeline": 99}),
}


@pytest.mark.parametrize("how", FORGED)
def test_incident_27_an_approval_that_is_not_for_here_and_now_does_not_arm(cut: SignedCut, how: str) -> None:
    """Incident 27: the sandbox stood beside production; database, system identifier and timeline are part of the ruling."""
    code, changes = FORGED[how]()
    cut.rule(changes=changes)
    with stopped(code):
        cut.arm()


@pytest.mark.parametrize("field", ["plan_digest", "baseline_digest", "n_units"])
def test_an_approval_of_another_plan_does_not_cut(cut: SignedCut, field: str) -> None:
    cut.rule(changes={field: 99 if field == "n_units" else "f" * 64})
    cut.arm()
    with stopped("STOP_APPROVAL_INVALID"), cut.executor() as connection:
        cut.apply(connection)


def test_an_approval_that_expires_after_arming_does_not_cut(cut: SignedCut) -> None:
    cut.rule(changes={"expires": datetime.now(UTC) + timedelta(milliseconds=300)})
    cut.arm()
    with cut.executor() as connection:
        connection.execute("SELECT pg_sleep(0.3)")
    with stopped("STOP_APPROVAL_INVALID"), cut.executor() as connection:
        cut.apply(connection)


def test_the_approval_of_one_run_does_not_serve_another(database: Database) -> None:
    one, other = start_cut(database), start_cut(database, "ACME-OTHER", number=2)
    one.rule()
    with stopped("STOP_APPROVAL_REQUIRED"):
        other.arm()
    one.arm()
    with stopped("STOP_EXECUTION_DISABLED"), other.executor() as connection:
        other.apply(connection)


def test_the_executor_alone_cannot_bring_an_approval_into_being(cut: SignedCut) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), cut.executor() as connection:
        ledger.import_approval(connection, cut.ruling(connection))
    with pytest.raises(psycopg.errors.InsufficientPrivilege), cut.executor() as connection:
        connection.execute("INSERT INTO cutter_governance.approval SELECT * FROM cutter_governance.approval")


@pytest.mark.parametrize("writer", WRITERS)
def test_the_verifying_role_may_never_execute(cut: SignedCut, writer: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), cut.verifier() as connection:
        connection.execute(WRITERS[writer].encode(), {"run": cut.run_id})


@pytest.mark.parametrize("writer", WRITERS)
def test_the_monitoring_role_may_never_execute(cut: SignedCut, writer: str) -> None:
    with cut.database.connect("cutter_ro") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(WRITERS[writer].encode(), {"run": cut.run_id})


@pytest.mark.parametrize("name", ["kb:approval-sovereign-prod-write-1", "kb:approval-u-w4b-grant-1"])
def test_incident_14_a_placeholder_approval_is_refused_by_name(cut: SignedCut, name: str) -> None:
    """Incident 14: placeholder ids lay about in packages; the database refuses them too."""
    with stopped("STOP_APPROVAL_INVALID"):
        cut.rule(changes={"statement": f'{{"approval":"{name}"}}'.encode()})


def test_incident_15_an_approval_is_used_once(cut: SignedCut) -> None:
    """Incident 15: a saved plan could be applied many times."""
    cut.cut()
    with stopped("STOP_APPROVAL_USED"):
        _call(cut, "fn_cut_apply")
    with cut.verifier() as connection:
        uses = connection.execute("SELECT purpose, run_id FROM cutter_governance.approval_use").fetchall()
    assert uses == [("cut", cut.run_id)]


def test_incident_15_a_rolled_back_cut_has_not_used_its_approval(cut: SignedCut) -> None:
    """Incident 15: the use is part of the cut's own transaction, both or neither."""
    cut.rule()
    cut.arm()
    with cut.executor() as connection:
        cut.apply(connection)
        connection.rollback()
    with cut.executor() as connection:
        cut.apply(connection)
    assert cut.lifecycles() == ["draft"] * 3


def test_incident_13_the_ruling_to_cut_does_not_enact(cut: SignedCut) -> None:
    """Incident 13: the decision that allowed the cut was reused for the enactment."""
    cut.to_second_pause()
    with stopped("STOP_APPROVAL_REQUIRED"):
        cut.arm("enact")


def test_incident_13_the_decision_of_the_cut_is_refused_as_that_of_the_enactment(cut: SignedCut) -> None:
    """Incident 13: SG_2 has a review decision of its own."""
    cut.to_second_pause()
    with cut.verifier() as connection:
        row = connection.execute("SELECT id::text FROM cutter_governance.review_decision").fetchone()
    assert row is not None
    with stopped("STOP_APPROVAL_USED"):
        cut.rule("SG_2", {"review_decision_id": row[0]})


def test_the_ruling_to_enact_does_not_supersede_or_retire(cut: SignedCut) -> None:
    cut.enacted()
    with cut.executor() as connection:
        ledger.advance(connection, cut.run_id, Stage.CLOSEOUT_REPORTED)
    with stopped("STOP_APPROVAL_USED"):
        cut.arm("supersede")
    assert cut.lifecycles() == ["enacted"] * 3


@pytest.mark.parametrize("minutes", [0, -5, 61, 100_000])
def test_incident_24_a_lease_is_at_most_an_hour(cut: SignedCut, minutes: int) -> None:
    """Incident 24: a gate that was opened for one operation stayed open."""
    cut.rule()
    with pytest.raises(psycopg.errors.CheckViolation):
        cut.arm(minutes=minutes)


def test_incident_24_an_expired_lease_arms_nothing_and_makes_room(cut: SignedCut) -> None:
    """Incident 24: the lease ends by itself, in the database, without anybody's help."""
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
        ledger.leave(connection, cut.run_id, Family.FAILED, "by_hand")
    with stopped("STOP_EXECUTION_DISABLED"), cut.executor() as connection:
        cut.apply(connection)
    with stopped("STOP_EXECUTION_DISABLED"), cut.executor() as connection:
        cut.send_manifest(connection)
        for unit in cut.units:
            _create(connection, cut, unit.address)
    assert counts(cut.database)["public.information_unit"] == 0


def _create(connection: psycopg.Connection, run: SignedCut, address: str) -> None:
    unit = next(unit for unit in run.units if unit.address == address)
    connection.execute(
        "SELECT public.fn_iu_create(%s, %s, %s, 'me', %s, %s, 'sovereign', 'cut', %s)",
        (unit.address, unit.title, run.body(unit), unit.unit_kind, unit.section_type, unit.parent),
    )


def test_a_lease_of_a_whole_hour_can_be_had(cut: SignedCut) -> None:
    cut.rule()
    cut.arm(minutes=60)
