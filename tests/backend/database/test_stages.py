"""A run's stages in the database: in order, effects by their own functions alone, and no way back onto the way."""

from itertools import pairwise

import psycopg
import pytest

from console.backend.database import ledger
from console.backend.runs.states import PHASE_FROM, PHASE_TO, Family, Phase, Stage
from tests.backend.database.signed_cut import SignedCut, start_cut, stopped
from tests.conftest import Database

EFFECTS = (Stage.CUT_LEG_A_COMMITTED, Stage.LEG_B_RECORDED, Stage.WRITE_VERIFIED, Stage.LIFECYCLE_ENACTED)


def _leave(run: SignedCut, family: Family, reason: str = "by_hand") -> None:
    with run.executor() as connection:
        ledger.leave(connection, run.run_id, family, reason)


def _return(run: SignedCut) -> None:
    with run.executor() as connection:
        ledger.return_to_way(connection, run.run_id)


def test_the_database_and_the_program_know_the_same_fourteen_stages(database: Database) -> None:
    with database.connect("cutter_ro") as connection:
        for here, there in pairwise(Stage):
            row = connection.execute("SELECT cutter_governance.fn_next_stage(%s)", (here.value,)).fetchone()
            assert row == (there.value,)
        last = connection.execute("SELECT cutter_governance.fn_next_stage('closeout_reported')").fetchone()
    assert last == (None,)
    assert len(Stage) == 14


def test_the_phases_lead_through_every_stage_without_a_gap() -> None:
    walked = [Stage.CREATED, *(stage for phase in Phase for stage in PHASE_TO[phase])]
    assert walked == list(Stage)
    assert [PHASE_FROM[phase] for phase in Phase][1:] == [PHASE_TO[phase][-1] for phase in Phase][:-1]


@pytest.mark.parametrize("role", ["cutter_exec", "cutter_verify"])
@pytest.mark.parametrize("stage", EFFECTS)
def test_incident_1_the_stage_of_an_effect_is_not_reached_without_the_effect(
    cut: SignedCut, stage: Stage, role: str
) -> None:
    """Incident 1: a run would have walked through the simulator and reported success with nothing written."""
    with cut.database.connect(role) as connection, stopped("STOP_INVARIANT_FAILED"):
        ledger.advance(connection, cut.run_id, stage)


@pytest.mark.parametrize(
    "stage", [stage for stage in Stage if stage is not Stage.CUT_LEG_A_COMMITTED], ids=lambda stage: stage.value
)
def test_no_stage_is_skipped_or_gone_back_to(cut: SignedCut, stage: Stage) -> None:
    with cut.executor() as connection, stopped("STOP_INVARIANT_FAILED"):
        ledger.advance(connection, cut.run_id, stage)


def test_a_run_gets_one_source_and_one_plan(cut: SignedCut) -> None:
    with cut.executor() as connection, stopped("STOP_INVARIANT_FAILED"):
        ledger.pin_source(connection, cut.run_id, cut.plan.document.source)
    with cut.executor() as connection, stopped("STOP_INVARIANT_FAILED"):
        ledger.record_plan(connection, cut.run_id, cut.plan, "another")


@pytest.mark.parametrize("to", [Family.STOPPED, Family.FAILED])
def test_a_failed_run_does_not_come_back_by_way_of_stopped(cut: SignedCut, to: Family) -> None:
    _leave(cut, Family.FAILED)
    with stopped("STOP_INVARIANT_FAILED"):
        _leave(cut, to)
    with stopped("STOP_INVARIANT_FAILED"):
        _return(cut)


@pytest.mark.parametrize("family", [Family.ACTIVE, Family.STOPPED, Family.FAILED, Family.VOIDED])
def test_a_voided_run_stays_voided(cut: SignedCut, family: Family) -> None:
    _leave(cut, Family.VOIDED)
    with pytest.raises(psycopg.Error):
        _leave(cut, family)
    with stopped("STOP_INVARIANT_FAILED"):
        _return(cut)
    assert cut.stage() == "awaiting_cut_authorization/voided"


def test_a_run_leaves_the_way_only_with_a_reason_and_to_a_known_family(cut: SignedCut) -> None:
    with stopped("STOP_INVARIANT_FAILED"):
        _leave(cut, Family.STOPPED, "")
    with stopped("STOP_INVARIANT_FAILED"):
        _leave(cut, Family.REVERTED)


def test_a_stopped_run_goes_on_and_a_running_one_has_nothing_to_return_from(cut: SignedCut) -> None:
    _leave(cut, Family.STOPPED)
    _return(cut)
    assert cut.stage() == "awaiting_cut_authorization/active"
    with stopped("STOP_INVARIANT_FAILED"):
        _return(cut)


def test_a_run_that_has_cut_is_reverted_and_not_voided(cut: SignedCut) -> None:
    cut.cut()
    with stopped("STOP_INVARIANT_FAILED"):
        _leave(cut, Family.VOIDED)
    _leave(cut, Family.FAILED)
    cut.disarm()
    cut.arm("revert")
    with cut.executor() as connection:
        ledger.revert(connection, cut.run_id)
    assert cut.lifecycles() == ["superseded"] * 3


def test_a_reverted_run_stays_reverted(cut: SignedCut) -> None:
    cut.cut()
    cut.disarm()
    cut.arm("revert")
    with cut.executor() as connection:
        ledger.revert(connection, cut.run_id)
    cut.disarm()
    for family in (Family.FAILED, Family.STOPPED, Family.VOIDED):
        with stopped("STOP_INVARIANT_FAILED"):
            _leave(cut, family)
    for purpose in ("cut", "revert", "enact"):
        with stopped("STOP_EXECUTION_DISABLED"):
            cut.arm(purpose)


def test_a_closed_run_is_never_called_failed_afterwards(cut: SignedCut) -> None:
    cut.enacted()
    with cut.executor() as connection:
        ledger.advance(connection, cut.run_id, Stage.CLOSEOUT_REPORTED)
    with stopped("STOP_INVARIANT_FAILED"):
        _leave(cut, Family.FAILED)


def test_a_verification_that_is_not_pass_moves_nothing(cut: SignedCut) -> None:
    cut.cut()
    with cut.executor() as connection:
        ledger.advance(connection, cut.run_id, Stage.STRUCTURAL_VERIFIED)
        ledger.record_cut(connection, cut.run_id)
    for outcome in ("FAIL", "INCONCLUSIVE", "PARTIAL", "pass"):
        with stopped("STOP_INVARIANT_FAILED"), cut.verifier() as connection:
            ledger.record_verification(connection, cut.run_id, outcome, "{}")
    assert cut.stage() == "leg_b_recorded/active"


@pytest.mark.parametrize(
    "docprefix", ["ICX-CONST", "DIEU", "DIEU-7", "DIEUX", "lower", "AB", "-AB", "AB-", "A" * 33, "A B", ""]
)
def test_a_reserved_or_ill_formed_prefix_is_registered_by_nobody(database: Database, docprefix: str) -> None:
    with database.connect("cutter_exec") as connection, stopped("STOP_REFUSED_INPUT", "23514"):
        connection.execute("SELECT cutter_governance.fn_document_register(%s, 'file:x', 'atx')", (docprefix,))


def test_the_executor_does_not_register_a_query_that_the_console_would_run(database: Database) -> None:
    with database.connect("cutter_exec") as connection, stopped("STOP_GRANT_DELTA"):
        connection.execute("SELECT cutter_governance.fn_document_register('ACME-LAW', 'live:X', 'atx', 'SELECT 1')")


@pytest.mark.parametrize("run_id", ["x", "ictr-20260101T000000Z-1", "ictr-20260101T000000Z-0000000g", "../ictr"])
def test_a_run_id_has_one_form(database: Database, run_id: str) -> None:
    start_cut(database)
    with database.connect("cutter_exec") as connection, stopped("23514"):
        connection.execute(
            "SELECT cutter_governance.fn_run_create(%s, 'cut', 'ACME-LAW', 'file:x', 'atx', 'o', 'h')", (run_id,)
        )
