"""verify: what it finds is recorded at the second pause, and nowhere else."""

from collections.abc import Callable

import pytest

from console.backend.model.errors import Refused
from console.backend.model.outcome import Outcome
from console.backend.service import BackendService
from console.cli.runs import verification
from tests.cli.conftest import Run, stop_of
from tests.support.passage import Passage

At = Callable[[str], Passage]
RESULTS = "SELECT outcome FROM cutter_governance.verify_result WHERE run_id = %s ORDER BY verified_at"
EVENTS = (
    "SELECT outcome, vouched FROM cutter_governance.run_event WHERE run_id = %s AND phase = 'verify again' ORDER BY id"
)


def _tamper(passage: Passage) -> None:
    """As a superuser, past every guard."""
    with passage.connect() as connection:
        connection.execute("ALTER TABLE public.unit_version DISABLE TRIGGER USER")
        connection.execute("UPDATE public.unit_version SET title = 'Changed' WHERE title = 'Alpha'")
        connection.execute("ALTER TABLE public.unit_version ENABLE ALWAYS TRIGGER guard_immutable")


def test_at_the_second_pause_the_verdict_is_recorded_with_its_event(at: At, command: Run) -> None:
    passage = at("waits for SG_2")

    status, answer = command(passage, "verify", passage.run_id)

    assert (status, answer["outcome"]) == (0, "PASS")
    assert passage.rows(RESULTS, passage.run_id) == [("PASS",), ("PASS",)]
    assert passage.rows(EVENTS, passage.run_id) == [("PASS", True)]
    assert command(passage, "journal", "verify", passage.run_id)[0] == 0


def test_a_draft_that_was_changed_is_recorded_as_a_fail_and_stops_the_second_ruling(at: At, command: Run) -> None:
    passage = at("waits for SG_2")
    _tamper(passage)

    status, answer = command(passage, "verify", passage.run_id)

    assert (status, answer["outcome"]) == (1, "FAIL")
    assert "another title than signed" in str(answer["checks"])
    assert passage.rows(RESULTS, passage.run_id) == [("PASS",), ("FAIL",)]
    assert passage.rows(EVENTS, passage.run_id) == [("FAIL", True)]
    status, answer = command(passage, "approval", "draft", passage.run_id)
    assert (status, stop_of(answer)) == (5, "STOP_DRIFT")
    assert not passage.installation.statement(passage.run_id, "SG_2").exists()


def test_a_monitoring_console_verifies_and_records_nothing(at: At) -> None:
    passage = at("waits for SG_2")

    checks = verification(BackendService(passage.installation, read_only=True), passage.run_id)

    assert {check.outcome for check in checks} == {Outcome.PASS}
    assert passage.rows(RESULTS, passage.run_id) == [("PASS",)]
    assert passage.rows(EVENTS, passage.run_id) == []


@pytest.mark.parametrize("stage", ["waits for SG_1", "enacted"])
def test_a_run_without_a_draft_is_refused_and_nothing_is_recorded(at: At, stage: str) -> None:
    passage = at(stage)
    before = passage.rows(RESULTS, passage.run_id)

    with pytest.raises(Refused, match="no draft cut"):
        verification(passage.backend, passage.run_id)

    assert passage.rows(RESULTS, passage.run_id) == before
    assert passage.rows(EVENTS, passage.run_id) == []
