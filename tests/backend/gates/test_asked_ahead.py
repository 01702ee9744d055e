"""The questions of the checks before arming, asked in one exchange: the same answers, and one that fails hides no other."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from console.backend.gates import arming_checks
from console.backend.gates.arming_checks import readiness
from console.backend.gates.asked_ahead import ask_ahead
from console.backend.gates.probe import Asked
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
    assert len(known) == 7
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
