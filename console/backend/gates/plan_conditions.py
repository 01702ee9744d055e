"""The conditions that a run's next phase asks for before it writes, asked before arming: is the database the one of its plan?"""

from contextlib import suppress
from functools import partial

from console.backend.gates.connections import EXECUTOR, LINE_OF_EXECUTOR, connected
from console.backend.gates.probe import UNMEASURED, Probe
from console.backend.model.outcome import Check
from console.backend.model.states import Phase, Stage
from console.backend.postgres.asking import Asking, Question
from console.backend.postgres.records import RunRow
from console.backend.postgres.server import session_of
from console.backend.runs.phase_context import PhaseContext, Role
from console.backend.runs.preflight import before_write
from console.backend.runs.workspace import Workspace

_OF_PAUSE = {
    Stage.AWAITING_CUT_AUTHORIZATION: Phase.CUT_LEG_A,
    Stage.AWAITING_LIFECYCLE_AUTHORIZATION: Phase.LIFECYCLE_ENACT,
}


def context_of(probe: Probe, row: RunRow) -> PhaseContext:
    """Return what a phase of this run would work with."""
    workspace = Workspace.open(probe.installation.root, row.run_id)
    return PhaseContext(probe.installation, workspace, workspace.request(), lambda *_: None)


def next_writing(row: RunRow) -> Phase:
    """Return the next phase of a run that writes under the switch."""
    return _OF_PAUSE.get(row.stage, Phase.LEG_B_RECORD)


def ask_conditions_ahead(probe: Probe, row: RunRow, schema: Question[str]) -> None:
    """Ask the conditions now, and what the session is in the same exchange; the check that asks for them is told the same."""
    with suppress(*UNMEASURED):
        conditions_of(probe, row, schema)


def conditions_of(probe: Probe, row: RunRow, schema: Question[str]) -> tuple[Check, ...]:
    """Return the conditions, asked as the executor, once for a board. `schema` answers with the schema's digest.

    Raises Drifted if the database is not the plan's, and what measuring raises.
    """
    name = f"conditions of {next_writing(row)} of {row.run_id}"
    return probe.once(name, lambda: _ask(probe, row, schema))


def _ask(probe: Probe, row: RunRow, schema: Question[str]) -> tuple[Check, ...]:
    ask: Question[tuple[Check, ...]] = partial(
        before_write, context_of(probe, row), phase=next_writing(row), schema=schema
    )
    with probe.reading(Role.EXECUTOR) as connection:
        with Asking(connection) as asking:
            session, conditions = asking.ask(session_of), asking.ask(ask)
        probe.asked.know(LINE_OF_EXECUTOR, connected(EXECUTOR, session.value, connection))
    return conditions.value
