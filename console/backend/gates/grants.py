"""Grants and definitions as a fact with its check, shared by several gates and the checks before arming."""

from console.backend.gates.measurement import Measurement, Verdict, check, fails, passes
from console.backend.gates.probe import Probe
from console.backend.model.counting import counted
from console.backend.model.outcome import Check, Outcome
from console.backend.model.readiness import DriftReport
from console.backend.postgres.drift import against_host, drift_on
from console.backend.runs.site import drift_of_site

GRANTS = "grants"
"""Name of the question for the drift."""


def grants(probe: Probe) -> Measurement[DriftReport]:
    """Measure the drift as the monitoring role, once for all gates of a board."""

    def measure() -> DriftReport:
        if probe.is_of_another_layout():
            return drift_of_site(probe.installation)
        with probe.monitor() as connection:
            return against_host(drift_on(connection), probe.installation.settings.pins.schema_digest)

    return probe.ask(
        "grants",
        "are grants, owners, functions, triggers, columns and roles those of the last migration",
        "v_schema_line and v_schema_pin, as the monitoring role",
        lambda: probe.once(GRANTS, measure),
        lambda drift: f"{counted(len(drift.differences), 'difference')}" if drift.differences else "as installed",
        digest=lambda drift: drift.schema_digest,
    )


def grants_check(fact: Measurement[DriftReport]) -> Check:
    """Pure: `grants and definitions`; FAIL with every difference, and if nothing is pinned to compare with."""
    return check("grants and definitions", fact, _as_installed)


def _as_installed(drift: DriftReport) -> Verdict:
    if drift.outcome is Outcome.PASS and not drift.differences and drift.pinned_digest:
        as_known = "as pinned on this host" if drift.of_another_layout else "as installed"
        return passes(f"{as_known}, digest {drift.schema_digest}")
    return fails(
        drift.summary or "no inventory is pinned",
        "See what would repair each, and who changed it: cutter-console drift",
    )
