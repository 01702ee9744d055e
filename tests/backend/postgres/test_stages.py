"""A run's stages in the database: in order, effects by their own functions alone, and no way back onto the way."""

from itertools import pairwise

import psycopg
import pytest

from console.backend.model.states import PHASE_FROM, PHASE_TO, Family, Phase, Stage
from console.backend.postgres import ledger
from tests.backend.postgres.signed_cut import SignedCut, event, start_cut, stopped
from tests.backend.postgres.tampering import tamper
from tests.conftest import Database

STEPS = (Stage.MARKED, Stage.PRE_WRITE_BACKUP_TAKEN, Stage.AWAITING_CUT_AUTHORIZATION)
"""The stages that have no effect beside the step itself."""
EFFECTS = tuple(stage for stage in Stage if stage not in STEPS)


def _leave(run: SignedCut, family: Family, reason: str = "by_hand") -> None:
    with run.executor() as connection:
        ledger.leave(connection, run.run_id, family, reason, event("leave"))


def _return(run: SignedCut) -> None:
    with run.executor() as connection:
        ledger.return_to_way(connection, run.run_id, event("return"))


def test_the_database_and_the_program_know_the_same_fourteen_stages(database: Database) -> None:
    with database.connect("cutter_ro") as connection:
        for here, there in pairwise(Stage):
            row = connection.execute("SELECT cutter_console.fn_next_stage(%s)", (here.value,)).fetchone()
            assert row == (there.value,)
        last = connection.execute("SELECT cutter_console.fn_next_stage('closeout_reported')").fetchone()
    assert last == (None,)
    assert len(Stage) == 14


def test_the_phases_lead_through_every_stage_without_a_gap() -> None:
    walked = [Stage.CREATED, *(stage for phase in Phase for stage in PHASE_TO[phase])]
    assert walked == list(Stage)
    assert [PHASE_FROM[phase] for phase in Phase][1:] == [PHASE_TO[phase][-1] for phase in Phase][:-1]


@pytest.mark.parametrize("role", ["cutter_exec", "cutter_verify"])
@pytest.mark.parametrize("stage", EFFECTS)
def test_the_stage_of_an_effect_is_not_reached_without_the_effect(cut: SignedCut, stage: Stage, role: str) -> None:
    """A run would have walked through the simulator and reported success with nothing written."""
    with cut.database.connect(role) as connection, stopped("STOP_INVARIANT_FAILED", "42501"):
        ledger.advance(connection, cut.run_id, stage, event())


@pytest.mark.parametrize("here", Stage)
@pytest.mark.parametrize("stage", Stage)
def test_from_wherever_a_run_stands_no_stage_is_reached_but_the_next(law: SignedCut, here: Stage, stage: Stage) -> None:
    legal = {
        (Stage.SOURCE_PINNED, Stage.MARKED),
        (Stage.CUTPLAN_OK, Stage.PRE_WRITE_BACKUP_TAKEN),
        (Stage.PRE_WRITE_BACKUP_TAKEN, Stage.AWAITING_CUT_AUTHORIZATION),
        (Stage.GRANTS_PROBED, Stage.AWAITING_CUT_AUTHORIZATION),
    }
    if (here, stage) in legal:
        return
    with law.database.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute("ALTER TABLE cutter_governance.run DISABLE TRIGGER USER")
        connection.execute("UPDATE cutter_governance.run SET stage = %s", (here.value,))
        with stopped("STOP_INVARIANT_FAILED"):
            ledger.advance(connection, law.run_id, stage, event())


@pytest.mark.parametrize(
    "stage", [stage for stage in Stage if stage is not Stage.CUT_LEG_A_COMMITTED], ids=lambda stage: stage.value
)
def test_no_stage_is_skipped_or_gone_back_to(cut: SignedCut, stage: Stage) -> None:
    with cut.executor() as connection, stopped("STOP_INVARIANT_FAILED", "25P02"):
        ledger.advance(connection, cut.run_id, stage, event())


def test_a_run_gets_one_source_and_one_plan(cut: SignedCut) -> None:
    with cut.executor() as connection, stopped("STOP_INVARIANT_FAILED"):
        ledger.pin_source(connection, cut.run_id, cut.plan.document.source, event())
    with cut.executor() as connection, stopped("STOP_INVARIANT_FAILED"):
        ledger.record_plan(connection, cut.run_id, cut.plan, "0" * 64, event())


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
    cut.reverted()
    assert cut.lifecycles() == ["superseded"] * 3


def test_a_reverted_run_stays_reverted(cut: SignedCut) -> None:
    cut.cut()
    cut.reverted()
    for family in (Family.FAILED, Family.STOPPED, Family.VOIDED):
        with stopped("STOP_INVARIANT_FAILED"):
            _leave(cut, family)
    for purpose in ("cut", "revert", "enact"):
        with stopped("STOP_EXECUTION_DISABLED"):
            cut.arm(purpose)


def test_a_closed_run_is_never_called_failed_afterwards(cut: SignedCut) -> None:
    cut.enacted()
    with cut.executor() as connection:
        ledger.close_run(connection, cut.run_id, event("closeout"))
    for family in (Family.FAILED, Family.STOPPED, Family.VOIDED):
        with stopped("STOP_INVARIANT_FAILED"):
            _leave(cut, family)


def test_a_verification_that_is_not_pass_moves_nothing(cut: SignedCut) -> None:
    cut.cut()
    cut.record()
    for outcome in ("FAIL", "INCONCLUSIVE", "PARTIAL", "pass", ""):
        with stopped("STOP_INVARIANT_FAILED"), cut.verifier() as connection:
            ledger.record_verification(connection, cut.run_id, outcome, "{}", event())
    assert cut.stage() == "leg_b_recorded/active"


def test_a_run_is_voided_only_while_nothing_of_it_was_written(cut: SignedCut) -> None:
    """Rows that somebody has put under the run count as written: they must not be hidden behind an ended run."""
    tamper(
        cut.database,
        "INSERT INTO cutter_governance.manifest_unit_block (run_id, seq, address, unit_kind, section_type, section_code, title, body, body_sha256,"
        f" byte_start, byte_end, line_start, line_end) VALUES ('{cut.run_id}', 1, 'ACME-LAW/X', 'a', 'b', '', '', '', '', 0, 1, 1, 1)",
    )
    with stopped("STOP_INVARIANT_FAILED"):
        _leave(cut, Family.VOIDED)


def test_a_voided_run_gives_up_its_lease_and_no_other_does(database: Database) -> None:
    run, other = start_cut(database), start_cut(database, "ACME-OTHER", number=2)
    run.rule()
    run.arm()
    _leave(other, Family.VOIDED)
    _leave(run, Family.STOPPED)
    with run.verifier() as connection:
        open_leases = connection.execute("SELECT run_id FROM cutter_governance.v_lease").fetchall()
    assert open_leases == [(run.run_id,)]
    _leave(run, Family.VOIDED)
    with run.verifier() as connection:
        ended = connection.execute("SELECT end_reason FROM cutter_governance.execution_lease").fetchall()
    assert ended == [("the run was voided",)]


def test_the_reason_of_a_run_that_leaves_is_bounded(cut: SignedCut) -> None:
    with stopped("STOP_INVARIANT_FAILED"):
        _leave(cut, Family.STOPPED, "x" * 501)
    with stopped("STOP_INVARIANT_FAILED"), cut.executor() as connection:
        connection.execute("SELECT cutter_console.fn_run_leave(%s, 'stopped', NULL, %s)", (cut.run_id, event()))
    _leave(cut, Family.STOPPED, "x" * 500)


def test_only_a_run_that_was_enacted_is_closed_and_makes_the_counts_the_baseline(drafted: SignedCut) -> None:
    with stopped("STOP_INVARIANT_FAILED"), drafted.executor() as connection:
        ledger.close_run(connection, drafted.run_id, event())
    drafted.lawful()
    with drafted.executor() as connection:
        ledger.close_run(connection, drafted.run_id, event())
    with drafted.database.connect("cutter_ro") as connection:
        rows = connection.execute(
            "SELECT rows, run_id FROM cutter_governance.v_baseline WHERE table_name = 'public.information_unit'"
        ).fetchall()
    assert rows == [(3, drafted.run_id)]
    assert drafted.stage() == "closeout_reported/active"


@pytest.mark.parametrize("role", ["cutter_exec", "cutter_verify", "cutter_ro"])
def test_nobody_pins_the_baseline_by_itself(database: Database, role: str) -> None:
    """The counts of a moment become the baseline only where a run that changed them ends."""
    with database.connect(role) as connection:
        with stopped("42883"):
            connection.execute("SELECT cutter_console.fn_baseline_pin(NULL)")
        with stopped("42501"):
            connection.execute("SELECT cutter_console.fn_baseline_write(NULL)")


@pytest.mark.parametrize(
    "call",
    [
        "fn_source_pin(%s, 1, 'x', repeat('0', 64), 'r', %s)",
        "fn_source_pin(%s, 1, repeat('0', 64), NULL, 'r', %s)",
        "fn_run_plan(%s, 'x', repeat('0', 64), 3, repeat('0', 64), %s)",
        "fn_run_plan(%s, repeat('0', 64), repeat('0', 64), 0, repeat('0', 64), %s)",
        "fn_run_plan(%s, repeat('0', 64), repeat('0', 64), 3, NULL, %s)",
        "fn_run_plan(%s, repeat('0', 64), repeat('A', 64), 3, repeat('0', 64), %s)",
    ],
)
def test_source_and_plan_are_named_by_whole_digests(cut: SignedCut, call: str) -> None:
    with stopped("STOP_REFUSED_INPUT"), cut.executor() as connection:
        connection.execute(f"SELECT cutter_console.{call}".encode(), (cut.run_id, event()))


@pytest.mark.parametrize(
    "docprefix", ["ICX-CONST", "DIEU", "DIEU-7", "DIEUX", "lower", "AB", "-AB", "AB-", "A" * 33, "A B", ""]
)
def test_a_reserved_or_ill_formed_prefix_is_registered_by_nobody(database: Database, docprefix: str) -> None:
    with database.connect("cutter_exec") as connection, stopped("STOP_REFUSED_INPUT", "23514"):
        connection.execute("SELECT cutter_console.fn_document_register(%s, 'file:x', 'atx')", (docprefix,))


def test_the_executor_does_not_register_a_query_that_the_console_would_run(database: Database) -> None:
    with database.connect("cutter_exec") as connection, stopped("STOP_GRANT_DELTA"):
        connection.execute("SELECT cutter_console.fn_document_register('ACME-LAW', 'live:X', 'atx', 'SELECT 1')")


@pytest.mark.parametrize("texts", [("x" * 4097, "atx"), ("file:x", "x" * 4097)])
def test_a_name_that_every_list_shows_is_short(database: Database, texts: tuple[str, str]) -> None:
    """One of a hundred megabytes would stop every screen that lists the documents."""
    with database.connect("cutter_exec") as connection, stopped("STOP_REFUSED_INPUT"):
        connection.execute("SELECT cutter_console.fn_document_register('ACME-LAW', %s, %s)", texts)


def test_a_registered_document_keeps_its_query(database: Database) -> None:
    """Whoever registers it again is told so, and not that it was done."""
    register = "SELECT cutter_console.fn_document_register('ACME-LAW', 'live:ACME-LAW', 'atx', %s)"
    with database.connect() as connection:
        connection.execute(register, ("SELECT 'first'",))
    with database.connect() as connection, stopped("STOP_REPLAY_CONFLICT"):
        connection.execute(register, ("SELECT 'second'",))
    with database.connect() as connection:
        kept = connection.execute("SELECT live_query FROM cutter_governance.source_document_registry").fetchall()
    assert kept == [("SELECT 'first'",)]


@pytest.mark.parametrize("run_id", ["x", "ictr-20260101T000000Z-1", "ictr-20260101T000000Z-0000000g", "../ictr"])
def test_a_run_id_has_one_form(database: Database, run_id: str) -> None:
    start_cut(database)
    with database.connect("cutter_exec") as connection, stopped("23514"):
        connection.execute(
            "SELECT cutter_console.fn_run_create(%s, 'cut', 'ACME-LAW', 'file:x', 'atx', 'o', 'h', %s)",
            (run_id, event()),
        )
