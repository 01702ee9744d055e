"""The board: gates measured side by side under one deadline; a slow one is INCONCLUSIVE, not a hang."""

import time
import traceback
from concurrent.futures import Future, wait
from functools import partial
from pathlib import Path

from console.backend.gates.board_questions import ask_for_all
from console.backend.gates.gate import AnyGate, reported
from console.backend.gates.probe import Asked, Probe
from console.backend.gates.registry import GATES
from console.backend.host.daemon import start
from console.backend.host.installation import Installation
from console.backend.model.errors import CutterError, StopCode, UsageError
from console.backend.model.outcome import Check, Evidence, Outcome, whole_ms, worst
from console.backend.model.readiness import Board, GateReport
from console.backend.postgres.kept_sessions import for_another_thread

DEADLINE_S = 10.0


def gates_named(names: tuple[str, ...]) -> tuple[AnyGate, ...]:
    """Return the gates of these ids, all of them if none is named. Raises UsageError for an id that no gate has."""
    known = {gate.id: gate for gate in GATES}
    for name in names:
        if name.upper() not in known:
            raise UsageError(StopCode.REFUSED_INPUT, f"there is no gate {name}", f"Name some of {', '.join(known)}.")
    return tuple(known[name.upper()] for name in names) or GATES


def measure_board(
    installation: Installation,
    gates: tuple[AnyGate, ...] = GATES,
    *,
    deadline_s: float = DEADLINE_S,
    read_only: bool = False,
) -> Board:
    """Measure these gates at the same time. A gate that has not answered in `deadline_s` seconds is INCONCLUSIVE."""
    began, started = installation.context.now(), time.monotonic()
    ends_at = started + deadline_s
    shared = Asked()
    if gates == GATES:
        ask_for_all(Probe(installation, "all", ends_at, read_only, shared))
    probes = [(gate, Probe(installation, gate.id, ends_at, read_only, shared)) for gate in gates]
    pending = [(gate, start(for_another_thread(partial(_measure, gate, probe)), gate.id)) for gate, probe in probes]
    # A gate that still hangs then is left to its daemon thread, which cannot keep the program alive.
    wait([answer for _, answer in pending], timeout=deadline_s)
    reports = tuple(_reported(installation, gate, answer, deadline_s) for gate, answer in pending)
    return Board(
        gates=reports,
        outcome=worst([report.outcome for report in reports]),
        measured_at=began,
        took_ms=whole_ms(time.monotonic() - started),
        deadline_s=deadline_s,
    )


def _measure(gate: AnyGate, probe: Probe) -> GateReport:
    """Measure one gate; one that is stopped in the middle is INCONCLUSIVE, with what stopped it."""
    try:
        return gate.report(probe)
    except CutterError as error:
        detail = f"{error.code}: {error.message}"
        return _unmeasured(probe.installation, gate, "measurable", detail, error.next_action)


def _reported(installation: Installation, gate: AnyGate, answer: Future[GateReport], deadline_s: float) -> GateReport:
    """Return the gate's report; INCONCLUSIVE if it is late or has a defect, so that the others keep their answers."""
    if not answer.done():
        return _late(installation, gate, deadline_s)
    error = answer.exception()
    if error is None:
        return answer.result()
    last_frame = traceback.extract_tb(error.__traceback__)[-1]
    detail = f"the gate broke: {type(error).__name__} in {Path(last_frame.filename).name}, line {last_frame.lineno}"
    action = (
        f"It is a defect: report it with this line, install a repaired release, then: cutter-console gates {gate.id}"
    )
    return _unmeasured(installation, gate, "measurable", detail, action)


def _late(installation: Installation, gate: AnyGate, deadline_s: float) -> GateReport:
    action = f"Find what is slow, then: cutter-console gates {gate.id}"
    return _unmeasured(installation, gate, "in time", f"no answer within {deadline_s:g} s", action)


def _unmeasured(installation: Installation, gate: AnyGate, name: str, detail: str, next_action: str) -> GateReport:
    now = installation.context.now()
    evidence = Evidence(
        id=f"{gate.id}.{name.replace(' ', '-')}",
        asked=gate.question,
        source="the board",
        answer=detail,
        measured_at=now,
    )
    only_check = Check(
        name=name,
        outcome=Outcome.INCONCLUSIVE,
        detail=detail,
        evidence=(evidence,),
        next_action=next_action,
    )
    return reported(gate, (only_check,), now, 0)
