"""What the gates of a whole board ask together: the same answers, and a question that fails hides none."""

import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import psycopg
import pytest

from console.backend.gates import board, board_questions
from console.backend.gates.board import measure_board
from console.backend.gates.board_questions import ask_for_all
from console.backend.gates.probe import Asked, NotAsked, Probe
from console.backend.gates.registry import GATES
from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.outcome import Check
from console.backend.postgres.kept_sessions import with_kept_sessions
from tests.support.passage import Passage
from tests.support.waiting import until

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_DRAWN = re.compile(
    # Of a synthetic draft the digest is drawn, too; the free space and the clocks are as they are.
    r"[0-9a-f]{64}|ictr-\d{8}T\d{6}Z-[0-9a-f]{8}|PROBE-[0-9A-F]{8}|(?<=transaction )\d+|[+-]?\d+\.\d+ s(?: ahead of| behind)?|\d+ MiB|(?<=pid )\d+"
)
At = Callable[[str], Passage]
Told = list[tuple[str, Check]]
measure = with_kept_sessions(measure_board)


def _told(passage: Passage) -> Told:
    measured = measure(passage.installation, deadline_s=60.0)
    return [(gate.gate, _without_moments(check)) for gate in measured.gates for check in gate.checks]


def _without_moments(check: Check) -> Check:
    """Everything that a check says but for when it was measured, and for what is drawn or counted anew each time."""
    evidence = tuple(one.model_copy(update={"measured_at": _AT, "took_ms": 0, "digest": ""}) for one in check.evidence)
    told = check.model_copy(update={"evidence": evidence}).model_dump_json()
    return Check.model_validate_json(_DRAWN.sub("…", told))


def _each_by_itself(passage: Passage, monkeypatch: pytest.MonkeyPatch) -> Told:
    with monkeypatch.context() as patch:
        patch.setattr(board, "ask_for_all", lambda _: None)
        return _told(passage)


def _answers(probe: Probe) -> dict[str, object]:
    """Wait until each question is answered or left to its gate; return the answers."""
    answers = {name: promised.answer for name, promised in probe.asked._promised.items()}
    until(lambda: all(answer.done() for answer in answers.values()), "every question is answered or left")
    return {name: answer.result() for name, answer in answers.items() if answer.exception() is None}


@pytest.mark.parametrize("state", ["fresh", "waits for SG_2"])
def test_what_is_asked_together_is_what_each_gate_would_have_measured(
    at: At, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = at(state)
    told = _told(passage)
    assert {gate for gate, _ in told} == {gate.id for gate in GATES}
    assert told == _each_by_itself(passage, monkeypatch)


def test_every_question_is_answered_ahead(at: At) -> None:
    probe = Probe(at("waits for SG_2").installation, "all", time.monotonic() + 60.0)
    ask_for_all(probe)
    names = {*board_questions._OF_THE_SERVER, *board_questions._OF_THE_CONSOLE}
    assert _answers(probe).keys() == names


@pytest.mark.parametrize("view", ["v_policy_pin", "v_baseline"])
def test_where_a_question_fails_each_gate_asks_for_itself(at: At, view: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the server said of itself stands; what cannot be read is said by the gates that need it, and by no other."""
    passage = at("waits for SG_1")
    with passage.connect() as connection:
        connection.execute(f"REVOKE SELECT ON cutter_governance.{view} FROM cutter_ro".encode())
    probe = Probe(passage.installation, "all", time.monotonic() + 60.0)
    ask_for_all(probe)
    assert _answers(probe).keys() == set(board_questions._OF_THE_SERVER)
    assert _told(passage) == _each_by_itself(passage, monkeypatch)


def test_a_database_that_does_not_answer_leaves_every_question_to_its_gate(at: At) -> None:
    passage = at("fresh")
    database = passage.installation.settings.database.model_copy(update={"monitor": "host=/nonexistent dbname=none"})
    settings = passage.installation.settings.model_copy(update={"database": database})
    probe = Probe(replace(passage.installation, settings=settings), "all", time.monotonic() + 60.0)
    ask_for_all(probe)
    assert _answers(probe) == {}


def test_a_question_that_waits_leaves_half_of_the_time_to_the_gates(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []

    def waits(probe: Probe) -> AbstractContextManager[psycopg.Connection]:
        given.append(probe.ends_at)
        raise Unmeasured(StopCode.UNREACHABLE, "no answer in time", "")

    monkeypatch.setattr(Probe, "monitor", waits)
    for module in ("board_questions", "probe"):
        monkeypatch.setattr(f"console.backend.gates.{module}.time", SimpleNamespace(monotonic=lambda: 1000.0))
    probe = Probe(at("fresh").installation, "all", 1010.0)
    ask_for_all(probe)
    assert _answers(probe) == {}
    assert given == [1005.0]


def test_one_gate_alone_asks_only_its_own(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "ask_for_all", lambda _: pytest.fail("what no other gate needs was asked"))
    (gate,) = (gate for gate in GATES if gate.id == "G6")
    assert measure(at("fresh").installation, (gate,)).gates[0].gate == "G6"


def test_who_was_promised_an_answer_waits_for_it_or_asks_for_itself() -> None:
    asked, begun, times = Asked(), threading.Barrier(3), []
    promised = asked.promise(["told", "not told"], time.monotonic() + 30.0)

    def needs(name: str) -> str:
        begun.wait(30.0)
        return asked.once(name, lambda: times.append(name) or f"{name}, measured", 30.0)  # type: ignore[func-returns-value]

    with ThreadPoolExecutor(2) as pool:
        told, not_told = pool.submit(needs, "told"), pool.submit(needs, "not told")
        begun.wait(30.0)
        promised["told"].set_result("told ahead")
        promised["not told"].set_exception(NotAsked())
        assert (told.result(30.0), not_told.result(30.0)) == ("told ahead", "not told, measured")
    assert asked.once("not told", lambda: "measured again", 30.0) == "not told, measured"
    assert times == ["not told"]


def test_what_comes_later_than_it_was_promised_is_asked_by_whoever_needs_it() -> None:
    """A line that hangs would leave the gates no time of their own; and an answer has one value for all of a board."""
    asked = Asked()
    promised = asked.promise(["late"], time.monotonic())
    assert asked.once("late", lambda: "measured", 30.0) == "measured"
    promised["late"].set_result("told too late")
    assert asked.once("late", lambda: "measured again", 30.0) == "measured"
