"""The board: all gates at the same time, one deadline, nothing better than its worst, nothing swallowed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from console.backend.gates.board import gates_named, measure_board
from console.backend.gates.gate import reported
from console.backend.gates.measurement import Measurement, check, passes
from console.backend.gates.probe import Probe
from console.backend.gates.registry import GATES
from console.backend.host.context import Context
from console.backend.host.installation import Installation
from console.backend.host.settings import Settings
from console.backend.model.errors import StopCode, Unmeasured, UsageError
from console.backend.model.outcome import Outcome
from console.backend.model.readiness import GateReport, Owner
from console.backend.postgres.kept_sessions import with_kept_sessions
from tests.support.passage import Passage


@dataclass(frozen=True)
class Meeting:
    """A gate that answers only while all the others are asked too, or waits for ever where it is told to."""

    id: str
    barrier: threading.Barrier
    title: str = "Meeting"
    question: str = "Are all of us here?"
    owner: Owner = Owner.OPERATOR

    def report(self, probe: Probe) -> GateReport:
        """Wait for the others, at most as long as the board does."""
        self.barrier.wait(timeout=30)
        fact: Measurement[int] = probe.ask("met", self.question, "the others", lambda: 1)
        return reported(
            self, (check("met", fact, lambda _: passes("all are here")),), probe.installation.context.now(), 1
        )


class Stopped(Meeting):
    """A gate whose measurement stops with a typed error."""

    def report(self, probe: Probe) -> GateReport:
        """Never gets that far."""
        raise Unmeasured(StopCode.UNREACHABLE, "the line is dead", "Repair the line.")


class Broken(Meeting):
    """A gate with a defect."""

    def report(self, probe: Probe) -> GateReport:
        """Raises what nobody expects."""
        raise ZeroDivisionError


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(Context(root=tmp_path), Settings(), "tester")


def test_gates_are_measured_at_the_same_time(installation: Installation) -> None:
    barrier = threading.Barrier(5)

    board = measure_board(installation, tuple(Meeting(f"G{number}", barrier) for number in range(5)))

    assert [gate.outcome for gate in board.gates] == [Outcome.PASS] * 5
    assert board.outcome is Outcome.PASS


def test_a_gate_that_does_not_answer_in_time_is_inconclusive_and_the_others_stand(installation: Installation) -> None:
    never, quick = threading.Barrier(2), threading.Barrier(1)

    board = measure_board(installation, (Meeting("G0", never), Meeting("G1", quick)), deadline_s=0.3)

    gate_gave_up = never.broken
    never.abort()
    assert not gate_gave_up, "the board waited until the gate itself gave up"
    assert [gate.outcome for gate in board.gates] == [Outcome.INCONCLUSIVE, Outcome.PASS]
    assert board.outcome is Outcome.INCONCLUSIVE
    assert "no answer within 0.3 s" in board.gates[0].detail
    assert "cutter-console gates G0" in board.gates[0].next_action


def test_a_gate_that_is_stopped_says_what_stopped_it_and_what_to_do(installation: Installation) -> None:
    board = measure_board(installation, (Stopped("G3", threading.Barrier(1)),))

    assert board.outcome is Outcome.INCONCLUSIVE
    assert "STOP_UNREACHABLE: the line is dead" in board.gates[0].detail
    assert board.gates[0].next_action == "Repair the line."


def test_a_defect_in_one_gate_is_told_with_its_place_and_leaves_the_others_their_answers(
    installation: Installation,
) -> None:
    board = measure_board(installation, (Broken("G3", threading.Barrier(1)), Meeting("G4", threading.Barrier(1))))

    assert [gate.outcome for gate in board.gates] == [Outcome.INCONCLUSIVE, Outcome.PASS]
    assert "the gate broke: ZeroDivisionError in test_board.py" in board.gates[0].detail
    assert "report it" in board.gates[0].next_action


def test_gates_are_named_as_they_are_written_and_others_are_refused() -> None:
    assert [gate.id for gate in gates_named(("g2",))] == ["G2"]
    assert gates_named(()) == GATES
    with pytest.raises(UsageError, match="there is no gate G77"):
        gates_named(("G77",))


def test_two_sessions_for_each_role_are_enough_for_all_gates(at: Callable[[str], Passage]) -> None:
    """Each gate asked on connections of its own; with a limit most were told that there are too many."""
    passage, limit = at("waits for SG_2"), "ALTER ROLE {} CONNECTION LIMIT {}"
    roles = ("cutter_exec", "cutter_verify", "cutter_ro")

    @with_kept_sessions
    def outcomes() -> dict[str, dict[str, Outcome]]:
        board = measure_board(passage.installation, deadline_s=120)
        return {gate.gate: {check.name: check.outcome for check in gate.checks} for gate in board.gates}

    without = outcomes()
    for role in roles:
        passage.execute(limit.format(role, 2))
    try:
        assert outcomes() == without
    finally:
        for role in roles:
            passage.execute(limit.format(role, -1))
