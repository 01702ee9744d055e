"""What a report expects of a table is decided by the run, and not by what was found there."""

from collections.abc import Callable

import pytest

from console.backend.model.outcome import Outcome
from console.backend.model.plan_binding import TableDelta
from console.backend.model.purposes import Purpose
from console.backend.model.run_tables import RunTables
from console.backend.model.states import Phase
from console.backend.model.tables import BACKLOG_HISTORY
from console.backend.reports.run.evidence_index import Register
from console.backend.reports.run.load import SiteMove, read_record
from console.backend.reports.run.rows import cut_deltas, step_deltas
from tests.support.passage import Passage


def test_a_backlog_that_has_lost_its_entry_is_a_fail(at: Callable[[str], Passage]) -> None:
    passage = at("enacted")
    record = read_record(passage.installation, passage.run_id)
    assert record.ledger is not None
    lost = record.model_copy(update={"ledger": record.ledger.model_copy(update={"backlog": ()})})

    outcomes = []
    for each in (record, lost):
        step = step_deltas(each, Purpose.ENACT, Register(each.names))
        assert step is not None
        outcomes += [row.outcome for row in step.rows if row.table == BACKLOG_HISTORY]

    assert outcomes == [Outcome.PASS, Outcome.FAIL]


@pytest.mark.parametrize("unreadable", [b"{", b"[]", b'{"purpose":"enact","expected_deltas":[7]}', b"\xff"])
def test_where_the_statement_cannot_be_read_no_row_of_the_organisation_counts_as_compared(
    at: Callable[[str], Passage], unreadable: bytes
) -> None:
    """It was taken for one under which nothing was to be written there: rows that were missing were not missed."""
    passage = at("enacted")
    record = read_record(passage.installation, passage.run_id)
    assert record.ledger is not None
    ledger = record.ledger.model_copy(
        update={"site_moves": (SiteMove(step="enact", table_name="library.passage_log", rows_added=3),)}
    )
    rulings = tuple(ruling.model_copy(update={"statement": unreadable}) for ruling in record.rulings)
    mapped = (TableDelta(table="library.passage_log", rows=3), TableDelta(table="library.ledger", rows=1))
    damaged = record.model_copy(update={"ledger": ledger, "rulings": rulings, "unsigned": mapped})

    step = step_deltas(damaged, Purpose.ENACT, Register(record.names))

    assert step is not None
    there = {row.table: row.outcome for row in step.rows if row.table.startswith("library.")}
    assert there == {"library.passage_log": Outcome.INCONCLUSIVE, "library.ledger": Outcome.INCONCLUSIVE}
    assert {row.outcome for row in step.rows if not row.table.startswith("library.")} == {Outcome.PASS}
    assert step.outcome is Outcome.INCONCLUSIVE


def test_a_revert_before_leg_b_moves_no_entry_of_the_backlog() -> None:
    """None was made; the dialog and the statement said one."""
    moved = TableDelta(table=BACKLOG_HISTORY, rows=1)

    assert moved in RunTables().revert(3)
    assert moved.model_copy(update={"rows": 0}) in RunTables().revert(3, recorded=False)


def test_rows_are_read_of_a_table_whose_name_has_spaces_and_numbers(at: Callable[[str], Passage]) -> None:
    """The report of a cut beside such tables could not be written."""
    passage = at("enacted")
    record = read_record(passage.installation, passage.run_id)
    event = record.last(Phase.WRITE_VERIFY)
    assert event is not None
    assert event.found is not None
    odd = "Library Rules, 2.unit_version"
    found = event.found.model_validate_json(event.found.model_dump_json().replace("public.unit_version", odd))
    named = event.model_copy(update={"found": found})
    record = record.model_copy(
        update={
            "events": tuple(named if each == event else each for each in record.events),
            "planned": tuple(
                delta.model_copy(update={"table": odd}) if delta.table == "public.unit_version" else delta
                for delta in record.planned
            ),
        }
    )

    cut = cut_deltas(record, Register(record.names))

    assert cut is not None
    assert {row.outcome for row in cut.rows} == {Outcome.PASS}
    assert odd in {row.table for row in cut.rows}
