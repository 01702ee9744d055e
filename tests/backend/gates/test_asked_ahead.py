"""The questions of the checks before arming, asked in one exchange: the same answers, and one that fails hides no other."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from types import SimpleNamespace

import psycopg
import pytest

from console.backend.gates import arming_checks
from console.backend.gates.arming_checks import readiness
from console.backend.gates.asked_ahead import ask_ahead
from console.backend.gates.probe import Asked, Probe
from console.backend.model.errors import Refused, StopCode, Unmeasured
from console.backend.model.outcome import Outcome
from tests.backend.gates.conftest import named
from tests.support.passage import Passage

At = Callable[[str], Passage]
Told = list[tuple[str, Outcome, str, str]]


def _told(passage: Passage) -> Told:
    report = readiness(passage.installation, passage.run_id)
    return [(check.name, check.outcome, check.detail, check.next_action) for check in report.checks]


def _each_by_itself(passage: Passage, monkeypatch: pytest.MonkeyPatch) -> Told:
    with monkeypatch.context() as patch:
        patch.setattr(arming_checks, "ask_ahead", lambda *_: None)
        patch.setattr(arming_checks, "ask_conditions_ahead", lambda *_: None)
        return _told(passage)


@pytest.mark.parametrize("state", ["SG_1 imported", "armed", "waits for SG_2", "enacted"])
def test_what_is_asked_ahead_is_what_each_check_would_have_measured(
    at: At, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = at(state)
    known: list[str] = []
    know = Asked.know

    def noted(self: Asked, name: str, value: object) -> None:
        known.append(name)
        know(self, name, value)

    monkeypatch.setattr(Asked, "know", noted)
    told = _told(passage)
    assert len(known) == (7 if state == "enacted" else 8)
    assert told == _each_by_itself(passage, monkeypatch)


@pytest.mark.parametrize("view", ["v_policy_pin", "v_lease", "v_schema_pin", "v_run"])
def test_where_one_question_fails_each_check_asks_for_itself(
    at: At, view: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be read is said by the checks that need it, and by no other."""
    passage = at("SG_1 imported")
    with passage.connect() as connection:
        connection.execute(f"REVOKE SELECT ON cutter_governance.{view} FROM cutter_ro".encode())

    told = _told(passage)
    assert told == _each_by_itself(passage, monkeypatch)
    report = readiness(passage.installation, passage.run_id)
    assert named(report, "PRE-10 standbys").outcome is Outcome.PASS
    assert report.outcome is not Outcome.PASS


def test_what_the_executor_cannot_ask_is_said_by_the_check_of_the_plan_alone(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = at("SG_1 imported")
    with passage.connect() as connection:
        connection.execute(b"REVOKE SELECT ON cutter_governance.unit_vocabulary FROM cutter_exec")

    told = _told(passage)
    assert told == _each_by_itself(passage, monkeypatch)
    report = readiness(passage.installation, passage.run_id)
    assert [check.name for check in report.checks if check.outcome is Outcome.INCONCLUSIVE] == [
        "PRE-9 plan fits the database"
    ]


def test_what_cannot_be_made_out_is_told_by_its_check(at: At) -> None:
    """A line of a newer program, or a damaged one: no defect of the program, and no reason to say nothing of the rest."""
    passage = at("SG_1 imported")
    damaged = "SELECT max(batch), '[\"x\", broken' FROM cutter_governance.schema_pin"
    with passage.connect() as connection:
        connection.execute(f"INSERT INTO cutter_governance.schema_pin (batch, line) {damaged}".encode())

    report = readiness(passage.installation, passage.run_id)
    assert named(report, "PRE-5 grants").outcome is Outcome.INCONCLUSIVE
    assert named(report, "PRE-8 switch off").outcome is Outcome.PASS
    with pytest.raises(Refused, match="PRE-5 grants: what is there cannot be read"):
        passage.arm()


def test_a_question_that_waits_leaves_half_of_the_time_to_the_others(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    passage = at("SG_1 imported")
    given: list[float] = []

    def waits(probe: Probe) -> AbstractContextManager[psycopg.Connection]:
        given.append(probe.ends_at)
        raise Unmeasured(StopCode.UNREACHABLE, "no answer in time", "")

    monkeypatch.setattr(Probe, "monitor", waits)
    for module in ("asked_ahead", "probe"):
        monkeypatch.setattr(f"console.backend.gates.{module}.time", SimpleNamespace(monotonic=lambda: 1000.0))
    ask_ahead(Probe(passage.installation, "PRE", 1010.0), passage.run_id)
    assert given == [1005.0]


def test_nothing_is_told_of_a_database_that_does_not_answer(at: At) -> None:
    passage = at("SG_1 imported")
    database = passage.installation.settings.database.model_copy(update={"monitor": "host=/nonexistent dbname=none"})
    settings = passage.installation.settings.model_copy(update={"database": database})
    probe = arming_checks._probe(replace(passage.installation, settings=settings), read_only=False)

    ask_ahead(probe, passage.run_id)
    assert probe.asked._answers == {}


def test_an_answer_that_is_there_is_kept() -> None:
    asked = Asked()
    assert asked.once("switch", lambda: "measured", 5.0) == "measured"
    asked.know("switch", "measured before")
    assert asked.once("switch", lambda: "measured again", 5.0) == "measured"
    asked.know("run", "read")
    assert asked.once("run", lambda: "read again", 5.0) == "read"
