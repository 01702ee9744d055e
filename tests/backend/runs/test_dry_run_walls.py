"""A dry run whose code tried to write is stopped: by the server, and by the transaction id that it would have taken."""

from collections.abc import Callable

import psycopg
import pytest

from console.backend.model.errors import Drifted, Refused
from console.backend.model.outcome import Check
from console.backend.model.states import Mode
from console.backend.runs.phase_context import PhaseContext
from console.backend.runs.phases import Mark
from tests.support.passage import REQUEST, Passage, silent

At = Callable[[str], Passage]
DRY = REQUEST.model_copy(update={"mode": Mode.DRYRUN})


def _instead_of_looking(statement: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(_work: Mark, _step: PhaseContext, connection: psycopg.Connection) -> tuple[Check, ...]:
        connection.execute(statement.encode())
        return ()

    monkeypatch.setattr(Mark, "measure", measure)


def test_a_phase_that_writes_in_a_dry_run_is_refused_by_the_server(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    passage = at("fresh")
    _instead_of_looking("SELECT cutter_console.fn_hold_set('a dry run wrote', 'somebody', NULL)", monkeypatch)
    with pytest.raises(Drifted, match="only reads"):
        passage.backend.start(DRY, silent)
    assert passage.rows("SELECT count(*) FROM cutter_governance.hold_event") == [(0,)]


def test_a_phase_that_takes_a_transaction_id_in_a_dry_run_is_refused(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    """What no READ ONLY transaction refuses, and what still writes."""
    passage = at("fresh")
    _instead_of_looking("SELECT pg_current_xact_id()", monkeypatch)
    with pytest.raises(Refused, match="nothing written"):
        passage.backend.start(DRY, silent)
