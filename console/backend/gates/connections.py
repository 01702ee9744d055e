"""The connections: each as the role that it is for, and all of them to one server and database."""

import psycopg

from console.backend.gates.measurement import Measurement, Verdict, check, fails, partial, passes, unclear
from console.backend.gates.probe import Probe
from console.backend.model.errors import Unmeasured
from console.backend.model.line import Line
from console.backend.model.outcome import Check, Outcome
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.session_limits import more_sessions, too_few_sessions
from console.backend.model.value import Value
from console.backend.postgres.connections import connect
from console.backend.postgres.lines import line_of
from console.backend.postgres.server import SessionRow, session_of
from console.backend.runs.other_layout import NOT_INSTALLED
from console.backend.runs.phase_context import Role

MONITOR, EXECUTOR, VERIFIER, _STOPPER = "monitor", "executor", "verifier", "stopper"
LINE_OF_MONITOR = "line of the monitor"
LINE_OF_EXECUTOR, LINE_OF_VERIFIER = "line of the executor", "line of the verifier"
"""Names of the questions what the connections of these roles are."""
ROLES = {MONITOR: "cutter_ro", EXECUTOR: "cutter_exec", VERIFIER: "cutter_verify", _STOPPER: "cutter_stop"}
"""The role that each connection of the settings is for: whoever verifies may not be who executed. The last one may be missing."""


class Connected(Value):
    """One connection, as the server sees it."""

    which: str
    """Its name in the settings."""
    role: SafeText
    server: SafeText
    """Database, system identifier, and when this very server was started: a copy of a cluster keeps the identifier."""
    line: Line
    """The way it reaches the server."""
    limit: int = -1
    """Sessions that the role may have at a time; -1 for any number."""
    stands_for_reader: bool = False
    """True if cutter_ro may not log in on this server, and the role has its rights and no other's."""
    other_layout: bool = False
    """True in a database of another layout: then any role that only reads may monitor, and no other one is used."""
    stopper_fault: SafeText = ""
    """With the first connection: why the one of the role that only stops could not be asked, and what repairs that."""
    stopper_action: SafeText = ""


def connections(probe: Probe) -> Measurement[tuple[Connected, ...]]:
    """Ask on each connection which role and which server it is; a monitoring console has only one connection."""
    return probe.ask(
        "connections",
        "role, database and server of each connection",
        "session_user, pg_control_system() and pg_postmaster_start_time()",
        lambda: probe.once("connections", lambda: _lines(probe)),
        lambda lines: "; ".join(
            f"{line.which}: {line.role} at {line.server}, by {line.line.sentence}" for line in lines
        ),
    )


def connections_check(fact: Measurement[tuple[Connected, ...]], name: str = "connections") -> Check:
    """Pure: each is as the role it is for, and none is to another server."""
    return check(name, fact, lines_verdict)


def lines_verdict(lines: tuple[Connected, ...]) -> Verdict:
    """Pure: the verdict of `connections_check`, for a check that looks at more facts."""
    if lines[0].other_layout:
        detail = f"monitor as {lines[0].role} at {lines[0].server}; executor and verifier are not used: {NOT_INSTALLED}"
        return unclear(detail, "cutter-console adopt inspect")
    wrong = _wrong(lines)
    if wrong is not None:
        return wrong
    connected = ", ".join(f"{line.which} as {line.role}" for line in lines)
    connected_as = {line.which for line in lines}
    if unasked := [name for name in ROLES if name not in connected_as and name != _STOPPER]:
        action = "Measure it from a console without --read-only: cutter-console gates G1"
        return unclear(f"{connected}; a monitoring console does not connect as {' and '.join(unasked)}", action)
    stopper = (
        "" if _STOPPER in connected_as else "; `database.stopper` is not configured: a read-only console sets no HOLD"
    )
    # A stop that one of several roles cannot make is said each time, and is no reason to keep the others from working.
    reason = lines[0].stopper_fault
    fault = f"; the connection of `database.{_STOPPER}` cannot be asked: {reason}" if reason else ""
    worst = max(lines, key=lambda line: line.line.outcome.rank)
    if worst.line.outcome is not Outcome.PASS:
        verdict = fails if worst.line.outcome is Outcome.FAIL else partial
        return verdict(f"{connected}; the line of {worst.which}: {worst.line.sentence}{fault}", worst.line.next_action)
    if fault:
        return partial(f"{connected}{fault}", lines[0].stopper_action)
    return passes(f"{connected}; one server: {lines[0].server}{stopper}")


def _wrong(lines: tuple[Connected, ...]) -> Verdict | None:
    """Return the verdict on a connection as another role, to another server, or of a role with too few sessions; None without one."""
    faults = [
        (line, f"{line.which} is {line.role}, not {ROLES[line.which]}")
        for line in lines
        if line.role != ROLES[line.which] and not (line.which == MONITOR and line.stands_for_reader)
    ]
    faults += [
        (line, f"{line.which} is at {line.server}, {lines[0].which} at {lines[0].server}")
        for line in lines
        if line.server != lines[0].server
    ]
    if faults:
        faulty_name = faults[0][0].which
        action = f"In orchestrator.config.json give `database.{faulty_name}` the service of {ROLES[faulty_name]} on the pinned server"
        return fails("; ".join(detail for _, detail in faults), f"{action}; then: cutter-console gates G1")
    for line in lines:
        if refusal := too_few_sessions(line.which, line.role, line.limit):
            return fails(refusal, f"{more_sessions(line.which, line.role)}; then: cutter-console gates G1")
    return None


def _line(name: str, connection: psycopg.Connection) -> Connected:
    return connected(name, session_of(connection), connection)


def connected(name: str, session: SessionRow, connection: psycopg.Connection) -> Connected:
    """Return the connection of this name, of which the server has said what its session is."""
    return Connected(
        which=name,
        role=session.role,
        server=session.server,
        line=line_of(connection),
        limit=session.limit,
        stands_for_reader=session.stands_for_reader,
    )


def _line_of(probe: Probe, name: str, role: Role) -> Connected:
    with probe.reading(role) as connection:
        return _line(name, connection)


def _lines(probe: Probe) -> tuple[Connected, ...]:
    lines = [probe.of_monitor(LINE_OF_MONITOR, lambda connection: _line(MONITOR, connection), is_own=False)]
    if probe.is_of_another_layout():
        return (lines[0].model_copy(update={"other_layout": True}),)
    # A monitoring console opens no session that could write; the verdict names the connections that it leaves out.
    if not probe.read_only:
        lines.append(probe.once(LINE_OF_EXECUTOR, lambda: _line_of(probe, EXECUTOR, Role.EXECUTOR)))
        lines.append(probe.once(LINE_OF_VERIFIER, lambda: _line_of(probe, VERIFIER, Role.VERIFIER)))
    stopper = probe.installation.settings.database.stopper
    if stopper and not probe.read_only:
        purpose = f"gate {probe.gate}"
        try:
            with connect(stopper, read_only=True, timeout_s=probe.seconds_left, purpose=purpose) as connection:
                lines.append(_line(_STOPPER, connection))
        except Unmeasured as error:
            fault = {"stopper_fault": safe_text(error.message), "stopper_action": safe_text(error.next_action)}
            lines[0] = lines[0].model_copy(update=fault)
    return tuple(lines)
