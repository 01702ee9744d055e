"""Events that belong to no phase: notes of what was done to a run, and the end of its journal when the console lets go."""

import json

import psycopg
from psycopg.types.json import Jsonb

from console.backend.host.installation import Installation
from console.backend.journal.journal import Journal
from console.backend.journal.journal_record import Anchor
from console.backend.model.errors import CutterError
from console.backend.model.outcome import Outcome
from console.backend.model.purposes import Operation
from console.backend.model.states import Mode
from console.backend.postgres import ledger
from console.backend.postgres.connections import connect
from console.backend.postgres.ledger import Event
from console.backend.runs.run_state import anchor_of
from console.backend.runs.workspace import RunRequestFile, Workspace


def change_event(
    connection: psycopg.Connection,
    workspace: Workspace,
    phase: str,
    record: dict[str, object],
    head: Anchor,
    turn: ledger.Turn | None = None,
) -> Jsonb:
    """Return the event of a change that is not a phase, anchored at this head of the journal."""
    event = Event(phase=phase, outcome=Outcome.NOT_RUN, record=json.dumps(record), anchor=head)
    return ledger.event_json(connection, workspace.run_id, event, workspace.journal_key(), turn)


def come_to_rest(installation: Installation, workspace: Workspace, request: RunRequestFile, journal: Journal) -> None:
    """Anchor the journal's last record, so that a lost or changed end is seen; write nothing if it is the anchor already.

    If the database cannot be reached, or has no lock for this run, the end stays unanchored, and
    `journal verify` says so.
    """
    if request.mode is Mode.DRYRUN:
        return
    try:
        if (journal.anchored or anchor_of(installation, request)) == journal.head:
            return
        with connect(
            installation.settings.database.executor, timeout_s=10, purpose="rest", replicated=False
        ) as connection:
            ledger.rest(
                connection, workspace.run_id, change_event(connection, workspace, Operation.REST, {}, journal.head)
            )
    except CutterError:
        return
