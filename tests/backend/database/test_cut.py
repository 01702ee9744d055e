"""A cut is all of the signed plan or none of it, and adds exactly the rows that were announced."""

from collections.abc import Callable

import psycopg
import pytest

from console.backend.database import ledger
from console.backend.plan import PlannedUnit
from console.backend.runs.states import Stage
from tests.backend.database.signed_cut import UNITS, SignedCut, counts, grown, start_cut, stopped
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
_CREATE = "SELECT public.fn_iu_create(%s, %s, %s, 'cutter_exec', %s, %s, %s, %s, %s)->>'status'"
_ROWS = """
    SELECT canonical_address, unit_kind, section_type, section_code, doc_code, owner_ref, publication_type, parent_or_container_ref,
           content_anchor_ref, u.lifecycle_status, u.created_by, v.unit_id = u.id, version_seq, title, body, content_hash, v.lifecycle_status,
           review_state, v.created_by
      FROM public.information_unit u JOIN public.unit_version v ON v.id = u.version_anchor_ref ORDER BY 1
"""


def create_units(
    connection: psycopg.Connection, run: SignedCut, units: tuple[PlannedUnit, ...], owner: str = "sovereign"
) -> list[str]:
    """The units one by one, through fn_iu_create; the statuses."""
    said = []
    for unit in units:
        values = (unit.unit_kind, unit.section_type, owner, "cut", unit.parent)
        row = connection.execute(_CREATE, (unit.address, unit.title, run.body(unit), *values)).fetchone()
        said.append(row[0] if row else "")
    return said


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


def test_a_manifest_without_its_cut_cannot_be_committed(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    before = counts(cut.database)
    with pytest.raises(psycopg.Error), cut.executor() as connection:
        cut.send_manifest(connection)
    assert grown(before, counts(cut.database)) == {}


def test_blocks_cannot_be_added_to_a_manifest_that_was_committed(cut: SignedCut) -> None:
    cut.cut()
    with pytest.raises(psycopg.Error), cut.executor() as connection:
        _add_block(connection, cut)
    assert counts(cut.database)["cutter_governance.manifest_unit_block"] == N


def test_a_manifest_needs_a_lease(cut: SignedCut) -> None:
    cut.rule()
    with stopped("STOP_EXECUTION_DISABLED"), cut.executor() as connection:
        cut.send_manifest(connection)


def _add_block(connection: psycopg.Connection, run: SignedCut) -> None:
    connection.execute(
        "INSERT INTO cutter_governance.manifest_unit_block (run_id, seq, address, unit_kind, section_type, section_code, title, body,"
        " body_sha256, byte_start, byte_end, line_start, line_end) VALUES (%s, 99, %s, 'document_unit', 'article', '', 'x', 'x',"
        " encode(sha256('x'), 'hex'), 0, 1, 1, 1)",
        (run.run_id, f"{run.docprefix}/EXTRA"),
    )


Tamper = Callable[[SignedCut], SignedCut]


def _with_units(run: SignedCut, units: tuple[PlannedUnit, ...]) -> SignedCut:
    document = run.plan.document.model_copy(update={"units": units})
    plan = run.plan.model_copy(update={"document": document})
    plan.__dict__["plan_digest"] = run.plan.plan_digest
    document.__dict__["content_digest"] = run.plan.document.content_digest
    return SignedCut(run.database, run.run_id, plan, run.canonical)


def _first(run: SignedCut, **changes: object) -> SignedCut:
    first, *rest = run.units
    return _with_units(run, (first.model_copy(update=changes), *rest))


TAMPERED: dict[str, Tamper] = {
    "another title": lambda run: _first(run, title="Another"),
    "another parent": lambda run: _first(run, parent="ACME-LAW/ONE/BETA"),
    "another kind": lambda run: _first(run, section_type="principle"),
    "another number": lambda run: _first(run, number="7"),
    "another span": lambda run: _first(run, line_end=99),
    "another order": lambda run: _with_units(run, tuple(reversed(run.units))),
    "a block missing": lambda run: _with_units(run, run.units[:-1]),
    "an address outside": lambda run: _first(run, address="OTHER/ONE"),
    "another body": lambda run: SignedCut(
        run.database, run.run_id, run.plan, run.canonical.replace(b"First", b"Worst")
    ),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_incident_39_a_manifest_that_is_not_the_signed_plan_is_refused(cut: SignedCut, how: str) -> None:
    """Incident 39: a body patched in place broke the manifest digest at the write. Here nothing is written by it."""
    cut.rule()
    cut.arm()
    forged = TAMPERED[how](cut)
    with pytest.raises(psycopg.Error) as caught, cut.executor() as connection:
        forged.apply(connection)
    assert caught.value.diag.message_detail in {"STOP_INVARIANT_FAILED", "STOP_APPROVAL_INVALID"}
    assert counts(cut.database)["cutter_governance.manifest_unit_block"] == 0


@pytest.mark.parametrize("how", TAMPERED)
def test_incident_39_the_unit_by_unit_path_refuses_it_too(cut: SignedCut, how: str) -> None:
    """Incident 39: both ways into the tables compare with what was signed."""
    cut.rule()
    cut.arm()
    forged = TAMPERED[how](cut)
    with pytest.raises(psycopg.Error), cut.executor() as connection:
        forged.send_manifest(connection)
        create_units(connection, forged, forged.units)
    assert counts(cut.database)["public.information_unit"] == 0


def test_a_block_more_than_was_signed_is_refused(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    with stopped("STOP_INVARIANT_FAILED"), cut.executor() as connection:
        cut.send_manifest(connection)
        _add_block(connection, cut)
        ledger.apply_cut(connection, cut.run_id)


def test_the_executor_cannot_sign_a_manifest_as_somebody_else_or_backdate_it(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    for column, value in (("created_by", "'the sovereign'"), ("created_at", "now()"), ("xid", "pg_current_xact_id()")):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), cut.executor() as connection:
            statement = f"INSERT INTO cutter_governance.manifest_envelope ({column}) VALUES ({value})"
            connection.execute(statement.encode())


def test_the_unit_by_unit_path_gives_units_to_nobody_but_the_sovereign(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    with pytest.raises(psycopg.Error), cut.executor() as connection:
        cut.send_manifest(connection)
        create_units(connection, cut, cut.units, owner="mallory")
    assert counts(cut.database)["public.information_unit"] == 0


def test_an_envelope_of_another_document_does_not_pass_as_this_one(database: Database) -> None:
    first = start_cut(database)
    text = "# Two\n\nText.\n\n## Gamma\n\nThird.\n\n## Delta\n\nFourth.\n"
    second = start_cut(database, text=text, number=2)
    first.cut()
    first.disarm()
    second.rule()
    second.arm()
    with pytest.raises(psycopg.Error), second.executor() as connection:
        connection.execute(
            "INSERT INTO cutter_governance.manifest_envelope (run_id, operation, docprefix, source_version_id, plan_digest, content_digest,"
            " n_units) SELECT r.run_id, operation, '%%', s.id, plan_digest, content_digest, n_units FROM cutter_governance.run r"
            " JOIN cutter_governance.source_document_version_registry s ON s.sha256 = r.source_sha256 WHERE r.run_id = %s",
            (second.run_id,),
        )
        _blocks_alone(connection, second)
        ledger.apply_cut(connection, second.run_id)
    assert second.stage() == "awaiting_cut_authorization/active"
    assert counts(database)["public.information_unit"] == N


def _blocks_alone(connection: psycopg.Connection, run: SignedCut) -> None:
    for seq, unit in enumerate(run.units, 1):
        values = unit.model_dump(exclude={"body_sha256", "number", "parent"})
        connection.execute(
            "INSERT INTO cutter_governance.manifest_unit_block (run_id, seq, address, parent_address, unit_kind, section_type, section_code,"
            " title, body, body_sha256, byte_start, byte_end, line_start, line_end) VALUES (%(run)s, %(seq)s, %(address)s, %(parent)s,"
            " %(unit_kind)s, %(section_type)s, %(number)s, %(title)s, %(body)s, %(sha)s, %(byte_start)s, %(byte_end)s, %(line_start)s, %(line_end)s)",
            {
                **values,
                "run": run.run_id,
                "seq": seq,
                "parent": unit.parent,
                "number": unit.number,
                "body": run.body(unit),
                "sha": unit.body_sha256,
            },
        )


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
    with pytest.raises(psycopg.OperationalError), cut.executor() as killed:
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
    cut.rule("SG_2", draft_digest="0" * 64)
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


def test_a_part_of_the_law_cannot_be_enacted(cut: SignedCut) -> None:
    cut.to_second_pause()
    decision = "11111111-2222-3333-4444-555555555555"
    cut.rule("SG_2", review_decision_id=decision)
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
