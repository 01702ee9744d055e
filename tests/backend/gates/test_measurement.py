"""A fact is measured or says why not; a check is never better than what it rests on."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from pydantic import ValidationError

from console.backend.gates.measurement import Measurement, Verdict, check, fails, passes
from console.backend.gates.probe import Probe
from console.backend.host.context import Context
from console.backend.host.installation import Installation
from console.backend.host.processes import ProgramTimeout
from console.backend.host.settings import DatabaseSettings, Settings
from console.backend.model.outcome import Evidence, Outcome

WHEN = datetime(2026, 3, 1, tzinfo=UTC)


def fact(name: str, value: int | None, why: str = "") -> Measurement[int]:
    """A fact with or without a value."""
    evidence = Evidence(id=name, asked="how many", source="here", answer=str(value), measured_at=WHEN)
    return Measurement[int](evidence=evidence, value=value, unmeasured=why, next_action="ask again" if why else "")


def test_a_fact_without_a_value_and_without_a_reason_cannot_be_made() -> None:
    with pytest.raises(ValidationError, match="a value or a reason"):
        fact("E", None)
    with pytest.raises(ValidationError, match="a value or a reason"):
        fact("E", 1, "and a reason")


def test_zero_is_a_measured_value() -> None:
    assert check("rows", fact("E", 0), lambda rows: passes(f"{rows} rows")).detail == "0 rows"


def test_what_could_not_be_measured_is_inconclusive_and_says_why() -> None:
    """A permission error was shown as "no rows"."""
    found = check("rows", fact("E", None, "42501: cutter_ro lacks SELECT"), lambda _: passes("never asked"))

    assert (found.outcome, found.detail) == (Outcome.INCONCLUSIVE, "42501: cutter_ro lacks SELECT")
    assert found.next_action == "ask again"
    assert [piece.id for piece in found.evidence] == ["E"]


def test_a_check_that_rests_on_two_facts_needs_both_and_cites_both() -> None:
    missing = fact("F", None, "timeout")

    found = check("equal", fact("E", 1), lambda _: passes("equal"), missing)

    assert found.outcome is Outcome.INCONCLUSIVE
    assert [piece.id for piece in found.evidence] == ["E", "F"]


def test_a_verdict_that_is_not_pass_names_what_to_do() -> None:
    assert check("rows", fact("E", 1), lambda _: fails("too many", "look")).next_action == "look"
    with pytest.raises(ValueError, match="FAIL without a next action"):
        check("rows", fact("E", 1), lambda _: Verdict(Outcome.FAIL, "too many"))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (psycopg.OperationalError("no such host"), "STOP_UNREACHABLE: no such host"),
        (PermissionError(13, "Permission denied", "/etc/x"), "/etc/x: Permission denied"),
        (OSError("odd"), "OSError: odd"),
        (ProgramTimeout("gpg", 5), "it did not end within 5 s, and was ended"),
        (json.JSONDecodeError("secret text", "", 0), "what is there cannot be read: JSONDecodeError"),
        (RecursionError(), "what is there cannot be read: RecursionError"),
    ],
)
def test_whatever_stops_a_measurement_is_a_reason_and_not_an_end(tmp_path: Path, error: Exception, reason: str) -> None:
    """The text of an error that repeats what was read stays out of it."""

    def measure() -> str:
        raise error

    installation = Installation(Context(root=tmp_path), Settings(), "olga")
    fact = Probe(installation, "G1", time.monotonic() + 30).ask("x", "?", "!", measure)
    assert (fact.value, fact.unmeasured) == (None, reason)
    assert fact.next_action


def test_an_error_of_a_server_whose_layout_cannot_be_asked_stays_the_error(tmp_path: Path) -> None:
    """Nothing is said of the layout then: a role of that name may be somebody else's."""
    settings = Settings(database=DatabaseSettings(monitor="host=127.0.0.1 port=1 dbname=x connect_timeout=1"))
    probe = Probe(Installation(Context(root=tmp_path), settings, "olga"), "G1", time.monotonic() + 30)

    def measure() -> str:
        raise psycopg.errors.UndefinedTable("relation x does not exist")

    fact = probe.ask("x", "?", "!", measure)
    assert "relation x does not exist" in fact.unmeasured
