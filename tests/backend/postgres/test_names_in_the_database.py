"""Names that stand in a table of the program and in SQL: the installed constraints, functions and tables have the same."""

import re

import psycopg
import pytest

from console.backend.model.purposes import PURPOSE_AT, Kind, Purpose, RunOperation
from console.backend.model.states import DRAFT_STAGES, PHASE_FROM, PHASE_TO, Family, Phase, Stage
from console.backend.model.tables import LEDGER, READERS_TABLES, Rows
from console.backend.postgres.guards import REVERTING

_RESERVED = frozenset({"supersede", "retire"})
"""Purposes that the tables take and no ruling can be imported for: no function has their effect."""
_EFFECTS = {
    "fn_source_pin": Phase.SOURCE_PIN,
    "fn_run_plan": Phase.CUTPLAN,
    "fn_cut_apply": Phase.CUT_LEG_A,
    "fn_structure_record": Phase.STRUCTURAL_VERIFY,
    "fn_cut_record": Phase.LEG_B_RECORD,
    "fn_cut_enact": Phase.LIFECYCLE_ENACT,
    "fn_run_close": Phase.CLOSEOUT,
}
"""The function that has a phase's effect, and moves the run in the same transaction."""


def one_of(connection: psycopg.Connection, constraint: str) -> frozenset[str]:
    """The values that a CHECK of the ledger takes."""
    row = connection.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conname = %s AND connamespace = 'cutter_governance'::regnamespace AND contype = 'c'",
        (constraint,),
    ).fetchone()
    assert row is not None, f"no constraint {constraint}"
    return frozenset(re.findall(r"'(\w+)'::text", row[0]))


def source(connection: psycopg.Connection, name: str) -> str:
    """The body of a function of the ledger."""
    row = connection.execute(
        "SELECT prosrc FROM pg_proc WHERE proname = %s AND pronamespace = 'cutter_console'::regnamespace", (name,)
    ).fetchone()
    assert row is not None, f"no function {name}"
    return str(row[0])


def stages_in(text: str) -> frozenset[Stage]:
    """The stages that a text of SQL names."""
    return frozenset(stage for stage in Stage if f"'{stage.value}'" in text)


@pytest.mark.parametrize(
    ("constraint", "names"),
    [
        ("run_operation_check", frozenset(RunOperation)),
        ("manifest_envelope_operation_check", frozenset(RunOperation)),
        ("run_family_check", frozenset(Family)),
        ("approval_kind_check", frozenset(Kind)),
        ("approval_purpose_check", frozenset(Purpose)),
        ("approval_use_purpose_check", frozenset(Purpose) | _RESERVED),
        ("execution_lease_purpose_check", frozenset(Purpose) | _RESERVED),
        ("review_decision_verdict_check", frozenset(Purpose) | _RESERVED),
    ],
)
def test_a_constraint_takes_the_names_of_the_program(
    connection: psycopg.Connection, constraint: str, names: frozenset[str]
) -> None:
    assert one_of(connection, constraint) == names


def test_the_switch_is_armed_to_each_purpose_at_its_stages(connection: psycopg.Connection) -> None:
    cases = source(connection, "fn_lease_arm").partition("CASE p_purpose")[2].partition("ELSE false END")[0]
    at = {purpose: stages_in(rest) for purpose, rest in re.findall(r"WHEN '(\w+)'\s+THEN (.*?)(?=WHEN|$)", cases, re.S)}
    goes_on = {PHASE_FROM[phase] for phase in (Phase.STRUCTURAL_VERIFY, Phase.LEG_B_RECORD, Phase.WRITE_VERIFY)}

    assert at == {
        Purpose.CUT: {Stage.AWAITING_CUT_AUTHORIZATION, *goes_on},
        Purpose.EDIT: {Stage.AWAITING_CUT_AUTHORIZATION},
        Purpose.ENACT: {Stage.AWAITING_LIFECYCLE_AUTHORIZATION},
        Purpose.REVERT: set(DRAFT_STAGES),
    }
    assert all(stage in at[purpose] for (stage, _), purpose in PURPOSE_AT.items())


@pytest.mark.parametrize("function", ["fn_cut_revert", "fn_probe_revert"])
def test_a_draft_is_taken_back_from_the_stages_of_a_draft(connection: psycopg.Connection, function: str) -> None:
    assert stages_in(source(connection, function)) == set(DRAFT_STAGES)


@pytest.mark.parametrize(("function", "phase"), _EFFECTS.items())
def test_an_effect_moves_a_run_as_its_phase_does(connection: psycopg.Connection, function: str, phase: Phase) -> None:
    assert stages_in(source(connection, function)) == {PHASE_FROM[phase], *PHASE_TO[phase]}


def test_a_verification_leads_to_the_pause_for_the_second_ruling(connection: psycopg.Connection) -> None:
    """It passes through `write_verified` without stopping there, as its phase does."""
    assert stages_in(source(connection, "fn_verify_record")) == {
        PHASE_FROM[Phase.WRITE_VERIFY],
        PHASE_TO[Phase.WRITE_VERIFY][-1],
    }


def test_what_is_advanced_by_hand_are_the_phases_without_an_effect(connection: psycopg.Connection) -> None:
    without = set(Phase) - set(_EFFECTS.values()) - {Phase.WRITE_VERIFY}
    steps = {stage for phase in without for stage in (PHASE_FROM[phase], *PHASE_TO[phase])}

    assert stages_in(source(connection, "fn_run_advance")) == steps


@pytest.mark.parametrize("purpose", Purpose)
def test_a_purpose_takes_the_ruling_that_the_database_asks_for(
    connection: psycopg.Connection, purpose: Purpose
) -> None:
    with pytest.raises(psycopg.Error, match=rf"has no {purpose.kind} to {purpose}\b"):
        connection.execute("SELECT cutter_console.fn_ruling('ictr-20260101T000000Z-00000000', %s)", (purpose.value,))


def test_the_ledger_has_the_tables_of_the_program(connection: psycopg.Connection) -> None:
    rows = connection.execute("SELECT tablename::text FROM pg_tables WHERE schemaname = 'cutter_governance'").fetchall()

    assert sorted(name for (name,) in rows) == sorted(table.name for table in LEDGER)


def test_readers_tables_are_there(connection: psycopg.Connection) -> None:
    rows = connection.execute("SELECT 'public.' || tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()

    assert set(READERS_TABLES) <= {name for (name,) in rows}


@pytest.mark.parametrize(("rows", "trigger"), [(Rows.FIXED, "guard_append_only"), (Rows.CHANGING, "guard_no_delete")])
def test_a_row_changes_only_where_the_program_says_so(connection: psycopg.Connection, rows: Rows, trigger: str) -> None:
    found = connection.execute(
        "SELECT c.relname::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE t.tgname = %s AND c.relnamespace = 'cutter_governance'::regnamespace",
        (trigger,),
    ).fetchall()

    assert sorted(name for (name,) in found) == sorted(table.name for table in LEDGER if table.rows is rows)


def test_each_function_that_a_revert_runs_through_is_installed(connection: psycopg.Connection) -> None:
    rows = connection.execute(
        "SELECT pronamespace::regnamespace::text || '.' || proname FROM pg_proc"
        " WHERE pronamespace = 'cutter_console'::regnamespace"
    ).fetchall()

    assert {name for (name,) in rows} >= REVERTING
