"""The export of a document as the database has it reads one snapshot."""

from collections.abc import Callable

import psycopg
import pytest

from console.backend.postgres.registry import CutRun, cut_runs
from console.backend.postgres.units import reader_units
from console.backend.runs import stored_document
from console.backend.runs.stored_document import read_stored
from tests.support.passage import DOCPREFIX, Passage

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
