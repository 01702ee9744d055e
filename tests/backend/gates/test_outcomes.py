"""Whatever was measured or not: check, gate, board and letter are never better than the worst of what they rest on."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from console.backend.gates.gate import Gate, reported
from console.backend.gates.measurement import Measurement, Verdict, check
from console.backend.model.outcome import Check, Evidence, Outcome, worst
from console.backend.model.readiness import Board, GateReport, Letter, Owner, letter_of
from console.backend.model.value import Value

WHEN = datetime(2026, 3, 1, tzinfo=UTC)
LETTERS = {Outcome.PASS: Letter.A, Outcome.PARTIAL: Letter.B}


class Facts(Value):
    """Any facts: each holds the verdict that it will get, or was not measured."""

    facts: tuple[Measurement[Outcome], ...]


def _fact(number: int, value: Outcome | None) -> Measurement[Outcome]:
    evidence = Evidence(id=f"G.{number}", asked="?", source="!", answer=str(value), measured_at=WHEN)
    return Measurement[Outcome](
        evidence=evidence,
        value=value,
        unmeasured="" if value else "timeout",
        next_action="" if value else "ask again",
    )


def _others(facts: Facts, number: int) -> tuple[Measurement[Outcome], ...]:
    """Every third check rests on all facts before its own, too."""
    return facts.facts[:number] if number % 3 == 2 else ()


def _decide(facts: Facts) -> tuple[Check, ...]:
    return tuple(check(f"check {n}", fact, _said, *_others(facts, n)) for n, fact in enumerate(facts.facts))


def _said(value: Outcome) -> Verdict:
    return Verdict(value, "said", "" if value is Outcome.PASS else "repair it")


GATE = Gate("G", "Any", "Any?", Owner.OPERATOR, lambda _: Facts(facts=()), _decide)
values = st.lists(st.none() | st.sampled_from(list(Outcome)), max_size=8)


def _report(values: list[Outcome | None]) -> tuple[Facts, GateReport]:
    facts = Facts(facts=tuple(_fact(number, value) for number, value in enumerate(values)))
    return facts, reported(GATE, _decide(facts), WHEN, 0)


@given(values)
def test_a_gate_is_never_better_than_its_worst_evidence(values: list[Outcome | None]) -> None:
    facts, report = _report(values)
    expected = [
        fact.value if fact.value and all(other.value for other in _others(facts, n)) else Outcome.INCONCLUSIVE
        for n, fact in enumerate(facts.facts)
    ]

    assert [one.outcome for one in report.checks] == expected
    assert report.outcome is worst(expected)
    assert None not in values or report.outcome.rank >= Outcome.INCONCLUSIVE.rank
    for one in report.checks:
        assert report.outcome.rank >= one.outcome.rank
        assert one.outcome is Outcome.PASS or one.next_action
        assert one.outcome is not Outcome.PASS or one.evidence


@given(st.lists(values, max_size=5))
def test_a_board_and_its_letter_are_never_better_than_the_worst_gate(boards: list[list[Outcome | None]]) -> None:
    gates = tuple(_report(values)[1] for values in boards)
    outcomes = [gate.outcome for gate in gates]
    board = Board(gates=gates, outcome=worst(outcomes), measured_at=WHEN, took_ms=0.0, deadline_s=1.0)

    assert all(board.outcome.rank >= outcome.rank for outcome in outcomes)
    assert letter_of(outcomes) is LETTERS.get(board.outcome, Letter.C)
    if any(None in values or Outcome.FAIL in values for values in boards):
        assert letter_of(outcomes) is Letter.C
    if not boards or [] in boards:
        assert letter_of(outcomes) is Letter.C


@given(st.lists(st.sampled_from(list(Outcome)), min_size=1))
def test_one_more_gate_never_makes_the_letter_better(outcomes: list[Outcome]) -> None:
    ranks = [list(Letter).index(letter_of(outcomes[:count])) for count in range(1, len(outcomes) + 1)]
    assert ranks == sorted(ranks)
