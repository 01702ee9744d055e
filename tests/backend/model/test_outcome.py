"""Outcomes rest on evidence: a PASS without any cannot be made."""

from datetime import UTC, datetime
from itertools import permutations

import pytest
from pydantic import TypeAdapter, ValidationError

from console.backend.model.outcome import Check, Evidence, Milliseconds, Outcome, whole_ms, worst
from console.backend.model.states import Phase
from console.backend.runs.workspace import PhaseRecord

EVIDENCE = Evidence(id="E", asked="a", source="s", answer="x", measured_at=datetime(2026, 1, 1, tzinfo=UTC))


def test_a_pass_without_evidence_cannot_be_made() -> None:
    with pytest.raises(ValidationError, match="PASS without evidence"):
        Check(name="n", outcome=Outcome.PASS, detail="d")
    assert Check(name="n", outcome=Outcome.PASS, detail="d", evidence=(EVIDENCE,)).outcome is Outcome.PASS


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.PASS])
def test_anything_else_can_be_said_without(outcome: Outcome) -> None:
    assert Check(name="n", outcome=outcome, detail="d").evidence == ()


def test_of_several_the_worst_counts_in_whatever_order() -> None:
    for two in permutations(Outcome, 2):
        assert worst(list(two)) is max(two, key=lambda outcome: outcome.rank)
    assert worst([Outcome.PASS, Outcome.PASS]) is Outcome.PASS


def test_of_nothing_the_outcome_is_never_pass() -> None:
    assert worst([]) is Outcome.NOT_RUN


def test_a_check_cannot_be_turned_into_a_pass() -> None:
    check = Check(name="n", outcome=Outcome.FAIL, detail="d")
    with pytest.raises(ValidationError):
        check.outcome = Outcome.PASS  # type: ignore[misc]


def test_details_and_answers_are_inert() -> None:
    """Escape sequences in what was measured redraw no screen."""
    check = Check(name="n", outcome=Outcome.FAIL, detail="\x1b[2J", next_action="\u202e")
    assert (check.detail, check.next_action) == ("␛[2J", "<U+202E>")


def test_a_phase_cannot_be_recorded_as_pass_without_evidence() -> None:
    """The promise of the outcomes holds for the record of a phase too; NOT_RUN needs none."""

    def record(outcome: Outcome) -> PhaseRecord:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        return PhaseRecord(phase=Phase.MARK, outcome=outcome, detail="done", started_at=now, took_ms=1.0, checks=())

    assert record(Outcome.NOT_RUN).outcome is Outcome.NOT_RUN
    with pytest.raises(ValidationError, match="PASS without evidence"):
        record(Outcome.PASS)


@pytest.mark.parametrize(("kept", "read"), [(12, 12), (11.001, 12), (0.0, 0), (3.0, 3)])
def test_a_duration_of_an_earlier_record_is_read_in_whole_milliseconds(kept: float, read: int) -> None:
    evidence = Evidence.model_validate(
        {"id": "E", "asked": "?", "source": "s", "answer": "a", "measured_at": datetime.now(UTC), "took_ms": kept}
    )
    assert evidence.took_ms == read


def test_what_was_measured_took_some_time() -> None:
    assert [whole_ms(seconds) for seconds in (0.0, 0.0000004, 0.001, 1.5)] == [0, 1, 1, 1500]


@pytest.mark.parametrize("kept", [-1, -0.5, float("nan"), float("inf")])
def test_what_is_no_duration_is_refused(kept: float) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Milliseconds).validate_python(kept - 1)
