"""One gate at a time on a real site, and what its checks came to."""

import time
from collections.abc import Callable

import pytest

from console.backend.gates.gate import AnyGate
from console.backend.gates.probe import Probe
from console.backend.host.installation import Installation
from console.backend.model.outcome import Check, Outcome
from console.backend.model.readiness import GateReport
from tests.support.passage import Passage

SECONDS = 30.0


def measured(gate: AnyGate, installation: Installation, *, read_only: bool = False) -> GateReport:
    """The gate, measured now."""
    return gate.report(Probe(installation, gate.id, time.monotonic() + SECONDS, read_only))


def named(report: GateReport, name: str) -> Check:
    """One check of the report by its name."""
    found = [check for check in report.checks if check.name == name]
    assert found, f"{name} is none of {[check.name for check in report.checks]}"
    return found[0]


def is_red(report: GateReport, name: str, outcome: Outcome = Outcome.FAIL, *, action: str = "") -> bool:
    """Whether this check is of that outcome, says what to do (`action` is part of it), and the gate is no better."""
    check = named(report, name)
    assert check.evidence, name
    return check.outcome is outcome and report.outcome.rank >= outcome.rank and action in check.next_action != ""


def unpin(passage: Passage) -> None:
    """The database as it is before anybody has pinned a policy; only a superuser can come back to that."""
    with passage.connect() as connection:
        for table in ("policy_pin", "signing_key_term", "signing_key"):
            connection.execute(f"ALTER TABLE cutter_governance.{table} DISABLE TRIGGER guard_append_only".encode())
            connection.execute(f"DELETE FROM cutter_governance.{table}".encode())
            connection.execute(
                f"ALTER TABLE cutter_governance.{table} ENABLE ALWAYS TRIGGER guard_append_only".encode()
            )


@pytest.fixture
def fresh(at: Callable[[str], Passage]) -> Passage:
    """A site whose database and tree are installed and untouched."""
    return at("fresh")
