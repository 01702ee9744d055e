"""A cut is all of the signed plan or none of it, and adds exactly the rows that were announced."""

import psycopg
import pytest

from console.backend.model.states import Stage
from console.backend.postgres import ledger
from tests.backend.postgres.signed_cut import UNITS, SignedCut, counts, event, grown, start_cut, stopped
from tests.backend.postgres.tampering import tamper
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
PURPOSES = ("cut", "enact", "revert")
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
    cut.record()
    delta = grown(before, counts(cut.database))
    assert delta == LEG_B == {row.table: row.rows for row in cut.plan.expected_deltas if row.rows}
    ledger_rows = {table: rows for table, rows in delta.items() if not table.startswith("public.")}
    assert (len(ledger_rows), sum(ledger_rows.values())) == (8, 6 + 2 * N)


def test_every_row_is_the_plan_s_own_and_every_unit_the_sovereign_s(cut: SignedCut) -> None:
    cut.cut()
    with cut.database.connect() as connection:
        rows = connection.execute(_ROWS.encode()).fetchall()
    assert rows == [
        (
            *(unit.address, unit.unit_kind, unit.section_type, unit.number, cut.docprefix, "sovereign", "cut"),
            *(unit.parent, unit.body_sha256, "draft", "cutter_exec", True, 1, unit.title, cut.body(unit)),
            *(unit.body_sha256, "draft", "cut", "cutter_exec"),
        )
        for unit in sorted(cut.units, key=lambda unit: unit.address)
    ]


def test_an_enactment_adds_n_log_rows_and_a_decision_of_its_own(drafted: SignedCut) -> None:
    drafted.rule("enact")
    drafted.arm("enact")
    before = counts(drafted.database)
    with drafted.executor() as connection:
        drafted.enact(connection)
    assert grown(before, counts(drafted.database)) == ONE_STEP
    assert drafted.lifecycles() == ["enacted"] * N
    with drafted.verifier() as connection:
        log = connection.execute(
            "SELECT from_status, to_status, run_id, review_decision_id = (SELECT review_decision_id FROM cutter_governance.approval"
            " WHERE kind = 'SG_2') FROM public.iu_lifecycle_log"
        ).fetchall()
    assert log == [("draft", "enacted", drafted.run_id, True)] * N


def test_a_soft_revert_adds_n_log_rows_deletes_nothing_and_readers_see_the_baseline(cut: SignedCut) -> None:
    assert cut.plan.world is not None
    cut.to_second_pause()
    before = counts(cut.database)
    cut.reverted()
    assert grown(before, counts(cut.database)) == ONE_STEP
    assert cut.lifecycles() == ["superseded"] * N
    with cut.executor() as connection:
        digest = connection.execute("SELECT cutter_console.fn_readers_digest()").fetchone()
    assert digest == (cut.plan.world.baseline_digest,)
    assert cut.stage() == "awaiting_lifecycle_authorization/reverted"


def test_a_document_is_cut_once(database: Database) -> None:
    first, second = start_cut(database), start_cut(database, text="# Two\n\nText.\n", number=2)
    first.cut()
    first.disarm()
    second.rule()
    second.arm()
    with stopped("STOP_REPLAY_CONFLICT"), second.executor() as connection:
        second.apply(connection)
    assert counts(database)["public.information_unit"] == N


def test_a_document_is_not_cut_again_after_its_revert(database: Database) -> None:
    first, second = start_cut(database), start_cut(database, text="# Two\n\nText.\n", number=2)
    first.cut()
    first.reverted()
    second.rule()
    second.arm()
    with stopped("STOP_REPLAY_CONFLICT"), second.executor() as connection:
        second.apply(connection)


def _spend(connection: psycopg.Connection, run: SignedCut, purpose: str) -> None:
    """As the owner: the ruling is used, and its effect is left out."""
    connection.execute("SET ROLE cutter_owner")
    connection.execute(
        "INSERT INTO cutter_governance.approval_use (statement_sha256, purpose, run_id)"
        " SELECT statement_sha256, %s, run_id FROM cutter_governance.approval WHERE run_id = %s"
        " ORDER BY imported_at LIMIT 1",
        (purpose, run.run_id),
    )


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("constraints", ["", "SET CONSTRAINTS ALL IMMEDIATE"])
def test_a_spent_ruling_without_the_whole_of_its_effect_cannot_be_committed(
    cut: SignedCut, purpose: str, constraints: str
) -> None:
    """Whoever writes, by whatever function: all units of the manifest, or none; and no setting changes that."""
    if purpose == "cut":
        cut.rule()
    else:
        cut.to_second_pause()
    with (
        stopped("STOP_COUNT_MISMATCH"),
        cut.database.connect(autocommit=False) as connection,
    ):
        _spend(connection, cut, purpose)
        if constraints:
            connection.execute(constraints.encode())
        connection.commit()
    with cut.verifier() as connection:
        uses = connection.execute("SELECT purpose FROM cutter_governance.approval_use").fetchall()
    assert uses == ([] if purpose == "cut" else [("cut",)])


@pytest.mark.parametrize("how_many", [1, 2])
def test_a_part_of_the_law_cannot_be_enacted(drafted: SignedCut, how_many: int) -> None:
    addresses = [unit.address for unit in drafted.units[:how_many]]
    with stopped("STOP_COUNT_MISMATCH"), drafted.database.connect(autocommit=False) as connection:
        _spend(connection, drafted, "enact")
        connection.execute(
            "UPDATE public.information_unit SET lifecycle_status = 'enacted' WHERE canonical_address = ANY (%s)",
            (addresses,),
        )
        connection.commit()
    assert drafted.lifecycles() == ["draft"] * N
    drafted.lawful()
    assert (drafted.lifecycles(), drafted.stage()) == (["enacted"] * N, "lifecycle_enacted/active")


_MORE = (
    "INSERT INTO public.information_unit (id, canonical_address, unit_kind, section_type, doc_code, version_anchor_ref)"
    " VALUES (gen_random_uuid(), 'ACME-LAW/MORE', 'document_unit', 'article', 'ACME-LAW', gen_random_uuid())"
)


def test_a_unit_is_written_only_from_a_sealed_row_of_its_run(cut: SignedCut) -> None:
    """In the transaction of the cut, where the guards find a ruling: the executor has no INSERT, the owner is found out."""
    cut.rule()
    cut.arm()
    with cut.executor() as connection:
        cut.apply(connection)
        with stopped("42501"):
            connection.execute(_MORE.encode())
        connection.rollback()
    with cut.database.connect(autocommit=False) as connection:
        cut.apply(connection)
        connection.execute("SET ROLE cutter_owner")
        connection.execute(_MORE.encode())
        connection.commit()
    with stopped("STOP_COUNT_MISMATCH"):
        cut.record()
    assert cut.stage() == "cut_leg_a_committed/active"


def test_making_the_constraints_immediate_changes_nothing_of_a_whole_cut(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    with cut.executor() as connection:
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with stopped("STOP_COUNT_MISMATCH", "STOP_INVARIANT_FAILED"):
            cut.apply(connection)
    assert cut.lifecycles() == []
    with cut.executor() as connection:
        cut.apply(connection)
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert cut.lifecycles() == ["draft"] * N


def test_drafts_that_changed_after_sg_2_are_not_enacted(drafted: SignedCut) -> None:
    drafted.rule("enact")
    drafted.arm("enact")
    tamper(drafted.database, "UPDATE public.unit_version SET body = body || 'more'")
    with stopped("STOP_DRIFT"), drafted.executor() as connection:
        drafted.enact(connection)
    assert drafted.lifecycles() == ["draft"] * N


def test_a_refusal_inside_cannot_be_dropped_by_the_caller(cut: SignedCut) -> None:
    """Apply ignored the inner function's refusal and recorded `cut_done` with zero units."""
    cut.rule(changes={"manifest_digest": "0" * 64})
    cut.arm()
    with cut.executor() as connection:
        with stopped("STOP_APPROVAL_INVALID"):
            cut.apply(connection)
        with stopped("25P02"):
            ledger.advance(connection, cut.run_id, Stage.CUT_LEG_A_COMMITTED, event())
    assert (cut.stage(), cut.lifecycles()) == ("awaiting_cut_authorization/active", [])
    assert counts(cut.database)["cutter_governance.manifest_envelope"] == 0


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
            "manifest_seal",
            "policy_pin",
            "signing_key",
            "backup_proof",
        ):
            connection.execute(f"CREATE TEMP TABLE {table} (run_id text)".encode())
        connection.execute("CREATE FUNCTION pg_temp.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT ''''::bytea'")
        connection.execute(
            "CREATE FUNCTION pg_temp.current_database() RETURNS name LANGUAGE sql AS 'SELECT ''x''::name'"
        )
        cut.apply(connection)
    assert cut.lifecycles() == ["draft"] * N
    assert cut.stage() == "cut_leg_a_committed/active"
