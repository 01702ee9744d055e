"""Each effect is recorded with the rows that it began with and added; what others have recorded is told apart from all else."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from console.backend.model.plan_binding import TableDelta, expected_enactment_deltas, expected_revert_deltas
from console.backend.model.tables import LEG_A
from console.backend.postgres import ledger
from console.backend.postgres.connections import scalar
from console.backend.postgres.measure import (
    measure_world_since,
    readers_digest_without_run_since,
    world_differences,
)
from tests.backend.postgres.signed_cut import (
    TEXT,
    SignedCut,
    counts,
    event,
    start_amendment,
    start_cut,
    start_edit,
    start_repeal,
)
from tests.backend.postgres.tampering import tamper
from tests.conftest import Database

_EFFECTS = (
    "SELECT step, rows_before, rows_added, units_before FROM cutter_governance.run_effect WHERE run_id = %s ORDER BY id"
)
REVISED = TEXT.replace("First.", "First, revised.") + "\n## Delta\n\nFourth.\n"
STRAY_ROW = """
    CREATE FUNCTION public.stray() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        INSERT INTO cutter_governance.canonical_address_alias (alias, canonical_address) VALUES ('STRAY', 'STRAY'); RETURN NULL;
    END $$;
    CREATE TRIGGER stray AFTER INSERT ON public.unit_version FOR EACH STATEMENT EXECUTE FUNCTION public.stray();
    ALTER TABLE public.unit_version ENABLE ALWAYS TRIGGER stray
"""
STRAY_CHANGE = """
    CREATE FUNCTION public.stray() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        UPDATE public.information_unit SET section_code = 'changed' WHERE doc_code = 'ACME-LAW'; RETURN NULL;
    END $$;
    ALTER FUNCTION public.stray() OWNER TO cutter_owner;
    CREATE TRIGGER stray AFTER INSERT ON public.unit_version FOR EACH STATEMENT EXECUTE FUNCTION public.stray();
    ALTER TABLE public.unit_version ENABLE ALWAYS TRIGGER stray
"""


@contextmanager
def refused(code: str, told: str) -> Iterator[None]:
    """The block must end in a refusal of the database with this STOP code, and these words."""
    with pytest.raises(psycopg.Error, match=re.escape(told)) as caught:
        yield
    assert caught.value.diag.message_detail == code


def effects(run: SignedCut) -> list[tuple[Any, ...]]:
    """Step, rows before and added, units before, of each effect of a run."""
    with run.verifier() as connection:
        return connection.execute(_EFFECTS, (run.run_id,)).fetchall()


def rows_of(deltas: tuple[TableDelta, ...]) -> dict[str, int]:
    """The rows of these deltas by table, without tables that get none."""
    return {delta.table: delta.rows for delta in deltas if delta.rows}


def differences(run: SignedCut) -> tuple[str, ...]:
    """What a run that waits for its cut finds different from its plan."""
    planned = run.plan.world
    assert planned is not None
    with run.executor() as connection:
        since = measure_world_since(connection, "host", planned, run.run_id, run.docprefix, with_rows=True)
    now = since.now.model_copy(update={"schema_digest": planned.schema_digest})
    return world_differences(planned, now, with_rows=True, added=since.added)


def age(run: SignedCut) -> float | None:
    """Seconds since the backup that counts for the run; None without one."""
    with run.verifier() as connection:
        return ledger.backup_age(connection, run.run_id)


def test_each_effect_of_a_run_is_recorded_with_the_rows_before_and_those_that_were_planned(cut: SignedCut) -> None:
    before = counts(cut.database)
    cut.to_second_pause()
    edit = start_edit(cut)
    edit.edited()
    cut.verify()
    cut.lawful()
    planned, n = rows_of(cut.plan.expected_deltas), cut.plan.n_units
    recorded = effects(cut)
    assert [(step, added) for step, _, added, _ in recorded] == [
        ("cut", {table: rows for table, rows in planned.items() if table in LEG_A}),
        ("record", {table: rows for table, rows in planned.items() if table not in LEG_A}),
        ("verify", {"cutter_governance.verify_result": 1, "cutter_governance.dot_pair_signature": 1}),
        ("verify", {"cutter_governance.verify_result": 1, "cutter_governance.dot_pair_signature": 1}),
        ("enact", rows_of(expected_enactment_deltas(n, None))),
    ]
    assert [units for _, _, _, units in recorded] == [0, None, None, None, n]
    assert [step for step, *_ in effects(edit)] == ["edit"]
    first, now = recorded[0][1], counts(cut.database)
    assert first == {table: before[table] for table in first}
    added: dict[str, int] = {}
    for _, _, rows, _ in (*recorded, *effects(edit)):
        for table, number in rows.items():
            added[table] = added.get(table, 0) + number
    assert {table: now[table] - first[table] for table in first if now[table] != first[table]} == added


def test_the_effects_of_an_amendment_a_revert_and_a_repeal_are_as_planned(database: Database) -> None:
    law = start_cut(database)
    law.enacted()
    taken_back = start_amendment(law, REVISED, 201)
    taken_back.to_second_pause()
    taken_back.reverted()
    amendment = start_amendment(law, REVISED, 202)
    amendment.enacted()
    repeal = start_repeal(law)
    repeal.enacted()
    for run in (taken_back, amendment, repeal):
        assert run.plan.amendment is not None
        made = run.plan.amendment.counts
        last = expected_revert_deltas if run is taken_back else expected_enactment_deltas
        expected = rows_of(run.plan.expected_deltas)
        assert [added for step, _, added, _ in effects(run) if step != "verify"] == [
            {table: rows for table, rows in expected.items() if table in LEG_A},
            {table: rows for table, rows in expected.items() if table not in LEG_A},
            rows_of(last(run.plan.n_units, made)),
        ]


@pytest.mark.parametrize(
    ("stray", "told"),
    [
        (STRAY_ROW, "canonical_address_alias: 0 rows, then 1, 0 expected"),
        (STRAY_CHANGE, "another document has changed"),
    ],
    ids=["a row too many", "a unit of another document"],
)
def test_an_effect_that_does_more_than_was_signed_is_not_committed(cut: SignedCut, stray: str, told: str) -> None:
    """Counted by the database, in the transaction, under the lock; the functions themselves noticed nothing."""
    cut.to_second_pause()
    other = start_cut(cut.database, "OTHER-LAW", TEXT, 9)
    other.rule()
    other.arm()
    with cut.database.connect() as connection:
        connection.execute("ALTER TABLE public.information_unit DISABLE TRIGGER guard_immutable")
        connection.execute(stray.encode())
    before = counts(cut.database)
    with refused("STOP_COUNT_MISMATCH", told), other.executor() as connection:
        other.apply(connection)
    assert counts(cut.database) == before
    assert effects(other) == []


def test_a_document_that_is_not_kept_yet_is_looked_at_too(cut: SignedCut) -> None:
    """Its digest is computed at both ends, because nobody has kept it since it changed."""
    cut.cut()
    cut.disarm()
    other = start_cut(cut.database, "OTHER-LAW", TEXT, 9)
    other.rule()
    other.arm()
    with cut.database.connect() as connection:
        connection.execute("ALTER TABLE public.information_unit DISABLE TRIGGER guard_immutable")
        connection.execute(STRAY_CHANGE.encode())
    with refused("STOP_COUNT_MISMATCH", "another document has changed"), other.executor() as connection:
        other.apply(connection)


def test_a_run_whose_own_document_was_cut_finds_it_so(cut: SignedCut) -> None:
    """Effects on its own document explain nothing."""
    rival = start_cut(cut.database, cut.docprefix, TEXT, 9)
    rival.cut()
    assert any("readers' view" in difference for difference in differences(cut))


def test_a_plan_fits_beside_everything_that_other_runs_record(cut: SignedCut) -> None:
    """Cut, edit, enactment, amendment, revert and repeal of other documents are no difference, and counted exactly."""
    with cut.database.connect() as connection:
        baseline = scalar(connection, "SELECT cutter_console.fn_readers_digest()")
    other, taken_back = start_cut(cut.database, "OTHER-LAW", TEXT, 9), start_cut(cut.database, "THIRD-LAW", TEXT, 10)
    other.to_second_pause()
    start_edit(other).edited()
    other.verify()
    assert differences(cut) == ()
    other.lawful()
    taken_back.to_second_pause()
    assert differences(cut) == ()
    taken_back.reverted()
    start_amendment(other, REVISED).enacted()
    assert differences(cut) == ()
    start_repeal(other).enacted()
    assert differences(cut) == ()
    cut.cut()
    assert cut.plan.world is not None
    with cut.verifier() as connection:
        since = readers_digest_without_run_since(connection, cut.plan.world.effects, cut.docprefix, cut.run_id)
    assert since == baseline


TAMPERED = {
    "a row that nobody recorded": (
        "INSERT INTO cutter_governance.canonical_address_alias (alias, canonical_address) VALUES ('A/1', 'A/2')",
        "canonical_address_alias: planned 0 rows, now 1",
    ),
    "a unit of a third document": (
        "UPDATE public.information_unit SET section_code = 'changed' WHERE doc_code = 'THIRD-LAW'",
        "readers' view",
    ),
    "a row of another run's effect is gone": (
        "DELETE FROM cutter_governance.manifest_unit_block WHERE run_id LIKE '%00000009' AND seq = 1",
        "manifest_unit_block: planned 3 rows and 3 recorded by other runs since, now 5",
    ),
    "a unit of its own document": (
        "INSERT INTO public.information_unit (canonical_address, doc_code, unit_kind, section_type)"
        " VALUES ('ACME-LAW/X', 'ACME-LAW', 'document_unit', 'section')",
        "information_unit: planned 3 rows and 3 recorded by other runs since, now 7",
    ),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_what_no_effect_explains_is_a_difference_beside_what_effects_do(database: Database, how: str) -> None:
    third = start_cut(database, "THIRD-LAW", TEXT, 10)
    third.enacted()
    cut = start_cut(database)
    start_cut(database, "OTHER-LAW", TEXT, 9).to_second_pause()
    assert differences(cut) == ()
    statement, told = TAMPERED[how]
    tamper(database, statement)
    assert any(told in difference for difference in differences(cut)), differences(cut)


def test_a_backup_from_before_the_effect_of_another_run_counts_no_more(cut: SignedCut) -> None:
    """It does not hold what would be lost; a verification changes nothing that a backup is for."""
    other = start_cut(cut.database, "OTHER-LAW", TEXT, 9)
    cut.backup()
    assert age(cut) is not None
    other.cut()
    assert age(cut) is None
    cut.rule()
    with refused("STOP_BACKUP_NOT_PROVEN", "does not hold what was written since"), cut.executor() as connection:
        ledger.arm(connection, cut.run_id, "cut", "tester", "host", 15)
    other.record()
    other.disarm()
    cut.backup()
    other.verify()
    assert age(cut) is not None
    other.lawful()
    assert age(cut) is None
    other_age = age(other)
    assert other_age is not None


def test_a_run_s_own_effects_leave_its_backup_as_it_is(cut: SignedCut) -> None:
    cut.to_second_pause()
    assert age(cut) is not None


@pytest.mark.parametrize("role", ["cutter_exec", "cutter_verify", "cutter_ro"])
def test_nobody_records_an_effect(cut: SignedCut, role: str) -> None:
    insert = (
        "INSERT INTO cutter_governance.run_effect (run_id, docprefix, step, rows_before, rows_added)"
        f" VALUES ('{cut.run_id}', 'ACME-LAW', 'verify', '{{}}', '{{}}')"
    )
    call = "SELECT cutter_console.fn_effect_end(%s, 'verify', '{}', '{}')"
    with cut.database.connect(role) as connection:
        for statement, values in ((insert, ()), (call, (cut.run_id,))):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode(), values)


def test_an_amendment_without_its_numbers_in_the_signed_statement_is_not_written(database: Database) -> None:
    """The versions are counted against what was signed, and not against what the plan's file says."""
    law = start_cut(database)
    law.enacted()
    amendment = start_amendment(law, REVISED)
    stated = amendment.plan.amendment
    assert stated is not None
    said = {"base_run_id": stated.base_run_id, "base_digest": stated.base_digest, "unchanged": 3, "changed": 0}
    amendment.rule(changes={"amendment": said | {"new": 1, "gone": 0, "moved": []}})
    amendment.arm()
    with refused("STOP_COUNT_MISMATCH", "unit_version: 3 rows, then 6, 4 expected"), amendment.executor() as connection:
        connection.execute(
            "SELECT cutter_console.fn_cut_apply(%b, %b, %b, %s)",
            (amendment.run_id, ledger.manifest_bytes(amendment.units), amendment.canonical, event("cut_leg_a")),
        )


def test_the_numbers_of_an_effect_are_numbers(cut: SignedCut) -> None:
    with cut.database.connect() as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(
            "INSERT INTO cutter_governance.run_effect (run_id, docprefix, step, rows_before, rows_added)"
            " VALUES (%s, 'ACME-LAW', 'cut', %s, '{}')",
            (cut.run_id, Jsonb({})),
        )
