"""The three connections: each as the role that it is for, and all of them to one server and database."""

import psycopg

from console.backend.gates.measurement import Measurement, Verdict, check, fails, passes, unclear
from console.backend.gates.probe import Probe
from console.backend.model.outcome import Check
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.postgres.server import session_of
from console.backend.runs.phase_context import Role

ROLES = {"monitor": "cutter_ro", "executor": "cutter_exec", "verifier": "cutter_verify"}
"""The role that each connection of the settings is for: whoever verifies may not be who executed."""


class Line(Value):
    """One connection, as the server sees it."""

    which: str
    """Its name in the settings."""
    role: SafeText
    server: SafeText
    """Database, system identifier, and when this very server was started."""


def connections(probe: Probe) -> Measurement[tuple[Line, ...]]:
    """Ask on each connection who and where it is; a monitoring console has one alone."""
    return probe.ask(
        "connections",
        "role, database and server of each connection",
        "session_user, pg_control_system() and pg_postmaster_start_time()",
        lambda: probe.once("connections", lambda: _lines(probe)),
        lambda found: "; ".join(f"{one.which}: {one.role} at {one.server}" for one in found),
    )


def connections_check(fact: Measurement[tuple[Line, ...]], name: str = "connections") -> Check:
    """Pure: each is as the role it is for, and none is to another server."""
    return check(name, fact, lines_verdict)


def lines_verdict(found: tuple[Line, ...]) -> Verdict:
    """Pure: the same, for a check that looks at more."""
    wrong = [
        (one, f"{one.which} is {one.role}, not {ROLES[one.which]}") for one in found if one.role != ROLES[one.which]
    ]
    wrong += [
        (one, f"{one.which} is at {one.server}, {found[0].which} at {found[0].server}")
        for one in found
        if one.server != found[0].server
    ]
    if wrong:
        which = wrong[0][0].which
        action = (
            f"In orchestrator.config.json give `database.{which}` the service of {ROLES[which]} on the pinned server"
        )
        return fails("; ".join(said for _, said in wrong), f"{action}; then: cutter-console gates G1")
    seen = ", ".join(f"{one.which} as {one.role}" for one in found)
    if unasked := [which for which in ROLES if which not in {one.which for one in found}]:
        action = "Measure it from a console without --read-only: cutter-console gates G1"
        return unclear(f"{seen}; a monitoring console does not connect as {' and '.join(unasked)}", action)
    return passes(f"{seen}; one server: {found[0].server}")


def _line(which: str, connection: psycopg.Connection) -> Line:
    session = session_of(connection)
    return Line(which=which, role=session.role, server=session.server)


def _lines(probe: Probe) -> tuple[Line, ...]:
    with probe.monitor() as connection:
        found = [_line("monitor", connection)]
    for which, role in (("executor", Role.EXECUTOR), ("verifier", Role.VERIFIER)):
        if not probe.read_only:
            with probe.writing(role) as connection:
                found.append(_line(which, connection))
    return tuple(found)
