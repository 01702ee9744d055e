"""The export of a document as the database has it reads one snapshot, of what is in force."""

from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
import pytest

from console.backend.model.errors import Refused
from console.backend.postgres.registry import CutRun, cut_runs
from console.backend.postgres.units import reader_units
from console.backend.runs import stored_document
from console.backend.runs.stored_document import read_state, read_stored
from tests.support.passage import DOCPREFIX, UNITS, Passage

At = Callable[[str], Passage]


def test_all_rows_are_of_one_moment(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    """The document is taken back between two reads: what was read goes on to be what is read."""
    passage = at("waits for SG_2")
    before = read_stored(passage.installation, DOCPREFIX, with_drafts=True)
    again = []

    def reverted_first(connection: psycopg.Connection, docprefix: str) -> tuple[CutRun, ...]:
        passage.backend.revert(passage.run_id, passage.run_id)
        again.append(reader_units(connection, docprefix))
        return cut_runs(connection, docprefix)

    monkeypatch.setattr(stored_document, "cut_runs", reverted_first)
    assert read_stored(passage.installation, DOCPREFIX, with_drafts=True) == before
    assert [len(units) for units in again] == [len(before.units)]
    assert passage.lifecycles() == ["superseded"] * len(before.units)


@pytest.mark.parametrize("with_drafts", [False, True])
def test_a_text_that_begins_later_is_exported_as_of_then_and_not_as_what_is_law(at: At, with_drafts: bool) -> None:
    passage = at("waits for SG_2")
    begins = datetime(2100, 1, 1, tzinfo=UTC)
    passage.sign(in_force_from=begins)
    passage.enact()
    with pytest.raises(Refused, match="its first state begins 2100-01-01 00:00:00 UTC") as refused:
        read_stored(passage.installation, DOCPREFIX, with_drafts=with_drafts)
    assert refused.value.next_action.endswith(f"cutter-console document history {DOCPREFIX}")
    assert len(read_state(passage.installation, DOCPREFIX, begins).units) == UNITS
