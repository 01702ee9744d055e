"""A cut is all of the signed plan or none of it, and adds exactly the rows that were announced."""

import psycopg
import pytest

from console.backend.database import ledger
from console.backend.runs.states import Stage
from tests.backend.database.signed_cut import UNITS, SignedCut, counts, create_units, grown, start_cut, stopped
from tests.conftest import Database

N = UNITS
LEG_A = {
    "public.information_unit": N,
    "public.unit_version": N,
    "cutter_governance.manifest_envelope": 1,
    "cutter_governance.manifest_unit_block": N,
}
LEG_B = {
    **LEG_A,
    "cutter_governance.review_decision": 1,
    "cutter_governance.cut_change_set": 1,
    "cutter_governance.cut_change_set_affected_row": N,
    "cutter_governance.dot_pair_signature": 1,
    "cutter_governance.decision_backlog_entry": 1,
    "cutter_governance.decision_backlog_history": 1,
}
ONE_STEP = {
    "public.iu_lifecycle_log": N,
    "cutter_governance.review_decision": 1,
    "cutter_governance.decision_backlog_history": 1,
}
_ROWS = """
    SELECT canonical_address, unit_kind, section_type, section_code, doc_code, owner_ref, publication_type, parent_or_container_ref,
           content_anchor_ref, u.lifecycle_status, u.created_by, v.unit_id = u.id, version_seq, title, body, content_hash, v.lifecycle_status,
           review_state, v.created_by
      FROM public.information_unit u JOIN public.unit_version v ON v.id = u.version_anchor_ref ORDER BY 1
"""


def test_leg_a_adds_the_units_and_the_manifest_and_nothing_else(cut: SignedCut) -> None:
    before = counts(cut.database)
    cut.cut()
    assert grown(before, counts(cut.database)) == LEG_A


def test_leg_b_brings_the_ledger_to_6_and_2n_rows_over_8_tables(cut: SignedCut) -> None:
    before = counts(cut.database)
    cut.cut()
    with cut.executor() as connection:
        ledger.advance(connection, cut.run_id, Stage.STRUCTURAL_VERIFIED)
        ledger.record_cut(connection, cut.run_id)
    delta = grown(before, counts(cut.database))
    assert delta == LEG_B == {row.table: row.rows for row in cut.plan.expected_deltas if row.rows}
    ledger_rows = {table: rows for table, rows in delta.items() if not table.startswith("public.")}
    assert (len(ledger_rows), sum(ledger_rows.values())) == (8, 6 + 2 * N)


def test_an_enactment_adds_n_log_rows_and_a_decision_of_its_own(cut: SignedCut) -> None:
    cut.to_second_pause()
    cut.rule("SG_2")
    cut.arm("enact")
    before = counts(cut.database)
    with cut.executor() as connection:
        ledger.enact(connection, cut.run_id, dry_run=False)
    assert grown(before, counts(cut.database)) == ONE_STEP
    assert cut.lifecycles() == ["enacted"] * N
    with cut.verifier() as connection:
        log = connection.execute(
            "SELECT from_status, to_status, run_id, review_decision_id = (SELECT review_decision_id FROM cutter_governance.approval"
            " WHERE kind = 'SG_2') FROM public.iu_lifecycle_log"
        ).fetchall()
    assert log == [("draft", "enacted", cut.run_id, True)] * N


def test_a_soft_revert_adds_n_log_rows_deletes_nothing_and_readers_see_the_baseline(cut: SignedCut) -> None:
    assert cut.plan.world is not None
    cut.to_second_pause()
    before = counts(cut.database)
    cut.arm("revert")
    with cut.executor() as connection:
        ledger.revert(connection, cut.run_id)
        digest = connection.execute("SELECT cutter_governance.fn_readers_digest()").fetchone()
    assert grown(before, counts(cut.database)) == ONE_STEP
    assert cut.lifecycles() == ["superseded"] * N
    assert digest == (cut.plan.world.baseline_digest,)
    assert cut.stage() == "awaiting_lifecycle_authorization/reverted"


def test_enacted_units_are_never_reverted(cut: SignedCut) -> None:
    cut.enacted()
    with stopped("STOP_EXECUTION_DISABLED"):
        cut.arm("revert")
    with stopped("STOP_EXECUTION_DISABLED"), cut.executor() as connection:
        ledger.revert(connection, cut.run_id)


def test_unit_by_unit_gives_the_same_rows_as_the_whole(database: Database) -> None:
    whole = start_cut(database)
    whole.cut()
    by_one = start_cut(database, "ACME-TWIN", number=2)
    by_one.disarm()
    by_one.rule()
    by_one.arm()
    before = counts(database)
    with by_one.executor() as connection:
        by_one.send_manifest(connection)
        assert create_units(connection, by_one, by_one.units) == ["created"] * N
    assert grown(before, counts(database)) == LEG_A
    assert by_one.stage() == "cut_leg_a_committed/active"
    with database.connect() as connection:
        rows = connection.execute(_ROWS.encode()).fetchall()
    twins = [[str(value).replace("ACME-TWIN", "ACME-LAW") for value in row] for row in rows if row[4] == "ACME-TWIN"]
    assert twins == [[str(value) for value in row] for row in rows if row[4] == "ACME-LAW"]


@pytest.mark.parametrize("how_many", [1, 2])
def test_a_part_of_the_plan_cannot_be_committed(cut: SignedCut, how_many: int) -> None:
    cut.rule()
    cut.arm()
    before = counts(cut.database)
    with stopped("STOP_COUNT_MISMATCH"), cut.executor() as connection:
        cut.send_manifest(connection)
        create_units(connection, cut, cut.units[:how_many])
    assert grown(before, counts(cut.database)) == {}
    assert cut.stage() == "awaiting_cut_authorization/active"


def test_making_the_constraint_immediate_does_not_let_a_part_through(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    with stopped("STOP_COUNT_MISMATCH"), cut.executor() as connection:
        cut.send_manifest(connection)
        create_units(connection, cut, cut.units[:1])
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_document_is_cut_once(database: Database) -> None:
    first, second = start_cut(database), start_cut(database, text="# Two\n\nText.\n", number=2)
    first.cut()
    first.disarm()
    second.rule()
    second.arm()
    with stopped("STOP_REPLAY_CONFLICT"), second.executor() as connection:
        second.apply(connection)
    with stopped("STOP_REPLAY_CONFLICT"), second.executor() as connection:
        second.send_manifest(connection)
        create_units(connection, second, second.units)


def test_incident_22_of_two_cuts_at_once_one_wins_and_the_other_is_told_so(cut: SignedCut) -> None:
    """Incident 22: the lock is a row lock of the transaction, so it dies with its holder."""
    cut.rule()
    cut.arm()
    with cut.executor() as winner:
        cut.send_manifest(winner)
        ledger.apply_cut(winner, cut.run_id)
        with stopped("STOP_LOCKED"), cut.executor() as loser:
            ledger.apply_cut(loser, cut.run_id)
    assert cut.lifecycles() == ["draft"] * N


def test_incident_22_the_lock_of_a_killed_writer_is_free(cut: SignedCut) -> None:
    """Incident 22: a killed process left a row lock for ever."""
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
    assert cut.lifecycles() == ["draft"] * N


def test_no_other_role_can_take_the_lock_that_stops_a_cut(cut: SignedCut) -> None:
    for role in ("cutter_ro", "cutter_verify", "cutter_exec"):
        with cut.database.connect(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT 1 FROM cutter_governance.execution_lock FOR UPDATE NOWAIT")


def test_drafts_that_changed_after_sg_2_are_not_enacted(cut: SignedCut) -> None:
    cut.to_second_pause()
    cut.rule("SG_2", {"draft_digest": "0" * 64})
    cut.arm("enact")
    with stopped("STOP_DRIFT"), cut.executor() as connection:
        ledger.enact(connection, cut.run_id, dry_run=False)
    with stopped("STOP_DRIFT"), cut.executor() as connection:
        row = connection.execute(
            "SELECT review_decision_id FROM cutter_governance.approval WHERE kind = 'SG_2'"
        ).fetchone()
        assert row is not None
        connection.execute("SELECT public.fn_iu_enact('ACME-LAW/ONE', %s, 'me', false)", row)
    assert cut.lifecycles() == ["draft"] * N


def test_incident_3_a_refusal_inside_cannot_be_dropped_by_the_caller(cut: SignedCut) -> None:
    """Incident 3: apply ignored the inner function's refusal and recorded `cut_done` with zero units."""
    cut.rule(changes={"manifest_digest": "0" * 64})
    cut.arm()
    with cut.executor() as connection:
        cut.send_manifest(connection)
        with stopped("STOP_INVARIANT_FAILED"):
            ledger.apply_cut(connection, cut.run_id)
        with stopped("25P02"):
            ledger.advance(connection, cut.run_id, Stage.CUT_LEG_A_COMMITTED)
    assert (cut.stage(), cut.lifecycles()) == ("awaiting_cut_authorization/active", [])
    assert counts(cut.database)["cutter_governance.manifest_envelope"] == 0


def test_a_part_of_the_law_cannot_be_enacted(cut: SignedCut) -> None:
    cut.to_second_pause()
    decision = "11111111-2222-3333-4444-555555555555"
    cut.rule("SG_2", {"review_decision_id": decision})
    cut.arm("enact")
    enact = "SELECT public.fn_iu_enact(%s, %s, 'me', false)"
    with stopped("STOP_COUNT_MISMATCH"), cut.executor() as connection:
        connection.execute(enact, (cut.units[0].address, decision))
    with cut.executor() as connection:
        for unit in cut.units:
            connection.execute(enact, (unit.address, decision))
    assert cut.lifecycles() == ["enacted"] * N
    assert cut.stage() == "lifecycle_enacted/active"


def test_temporary_objects_shadow_nothing(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    with cut.executor() as connection:
        connection.execute("SET search_path = pg_temp, cutter_governance, public")
        for table in (
            "information_unit",
            "unit_version",
            "execution_lease",
            "approval",
            "approval_use",
            "run",
            "hold_event",
        ):
            connection.execute(f"CREATE TEMP TABLE {table} (run_id text)".encode())
        connection.execute("CREATE FUNCTION pg_temp.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT ''''::bytea'")
        connection.execute(
            "CREATE FUNCTION pg_temp.current_database() RETURNS name LANGUAGE sql AS 'SELECT ''x''::name'"
        )
        cut.apply(connection)
    assert cut.lifecycles() == ["draft"] * N
    assert cut.stage() == "cut_leg_a_committed/active"
