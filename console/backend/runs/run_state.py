"""State of a run: of a dry run by its records, of a live one by the database's events; and whether a process works on it."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from console.backend.host.installation import Installation
from console.backend.journal.journal_record import Anchor, AnchoredEvent, RecordKind, last_of_ours, parse_line
from console.backend.model.errors import Refused
from console.backend.model.outcome import Outcome
from console.backend.model.purposes import Operation
from console.backend.model.safe_text import safe_text
from console.backend.model.states import PHASE_TO, Family, Mode, Phase, RunState, Stage
from console.backend.postgres.connections import connect
from console.backend.postgres.records import EventRow, events
from console.backend.runs.custody import in_this_journal
from console.backend.runs.workspace import RunRequestFile, Workspace, record_name

VOIDED = "voided.txt"
_MOST_REASON = 200
"""Bytes that are read of a reason; `run void` writes a word of 60 characters."""


def dry_run_state(workspace: Workspace) -> RunState:
    """Return the state by the records: at the stage after the last phase that ended well, failed at the first FAIL, or voided."""
    stage = Stage.CREATED
    if (workspace.directory / VOIDED).exists():
        return RunState(stage=stage, family=Family.VOIDED, reason=_void_reason(workspace))
    for phase in Phase:
        record = workspace.record(phase)
        if record is None:
            break
        if record.outcome is Outcome.INCONCLUSIVE:
            return RunState(stage=stage)
        if record.outcome is Outcome.FAIL:
            return RunState(stage=stage, family=Family.FAILED, reason=phase.value)
        stage = PHASE_TO[phase][-1]
    return RunState(stage=stage)


def _void_reason(workspace: Workspace) -> str:
    """Return the reason of the void, or `unreadable`: the run is over by the file's name alone, its content may be damaged."""
    try:
        text = workspace.read(VOIDED)[:_MOST_REASON].decode("utf-8", "replace")
    except Refused:
        text = ""
    return safe_text(text) or "unreadable"


def dry_run_end(workspace: Workspace) -> RunState:
    """Return the state as `dry_run_state` does, faster, for a list: phases are passed in order, so the last record alone decides."""
    names = {path.name for path in workspace.directory.iterdir()}
    if VOIDED in names:
        return dry_run_state(workspace)
    ended = [phase for phase in Phase if record_name(phase) in names]
    if not ended or ended != list(Phase)[: len(ended)]:
        return dry_run_state(workspace)
    record = workspace.record(ended[-1])
    if record is None or record.outcome in {Outcome.INCONCLUSIVE, Outcome.FAIL}:
        return dry_run_state(workspace)
    return RunState(stage=PHASE_TO[ended[-1]][-1])


def anchor_of(installation: Installation, request: RunRequestFile) -> Anchor | None:
    """Return the last journal head that the database vouches for; None for a dry run, which leaves nothing there."""
    return last_of_ours(anchors_of(installation, request))


def anchors_of(installation: Installation, request: RunRequestFile) -> tuple[AnchoredEvent, ...]:
    """Return every event of the run with the journal record that it names; none for a dry run."""
    workspace = Workspace.open(installation.root, request.run_id)
    return anchored_events(events_of_run(installation, request), workspace.directory)


def events_of_run(installation: Installation, request: RunRequestFile) -> tuple[EventRow, ...]:
    """Return every event of the run; none for a dry run."""
    if request.mode is Mode.DRYRUN:
        return ()
    with connect(installation.settings.database.monitor, read_only=True, purpose="anchors") as connection:
        return events(connection, request.run_id)


def anchored_events(
    rows: tuple[EventRow, ...], directory: Path, *, all_of_it: bool = False
) -> tuple[AnchoredEvent, ...]:
    """Return whose each event is, for the journal in this directory. The writer named the journal's key, or not.

    Version 0.2.0 knew no key and let any role insert events: of its rows, those that moved the run are the console's.
    """
    anchored, previous = [], ("", "")
    for row, is_here in zip(rows, in_this_journal(rows, directory, all_of_it=all_of_it), strict=True):
        current = (row.stage, row.family)
        is_vouched = row.vouched if row.vouched is not None else current != previous
        anchored.append(
            AnchoredEvent(
                id=row.id,
                phase=row.phase,
                sequence=row.journal_seq,
                hash=row.journal_head,
                is_ours=is_here and (is_vouched or row.phase in {Operation.ACCEPT, Operation.TAKE_OVER}),
                actor=row.actor,
                at=f"{row.at:%Y-%m-%d %H:%M:%S %Z}",
                is_elsewhere=not is_here,
            )
        )
        previous = current
    return tuple(anchored)


def is_running(journal: Path) -> bool:
    """Return whether a process holds the journal's lock; it dies with its holder."""
    try:
        descriptor = os.open(journal, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        # A shared lock, so that two consoles that look at once do not take each other for a writer.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


_TAIL = 256 * 1024
"""Bytes at the end of a journal in which the intent of who is at work is looked for; a phase notes some hundred bytes."""


def at_work(journal: Path) -> str:
    """Return the phase or operation that a process is at now by its journal; empty if none is, or none has begun yet.

    Its last lines alone are read, and nothing is proved: a line that is being written is left out.
    """
    if not is_running(journal):
        return ""
    begun = ""
    with suppress(OSError), journal.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
        for line in file.read().splitlines(keepends=True):
            record, _ = parse_line(line)
            if record is not None and record.kind is RecordKind.INTENT:
                begun = record.phase
            elif record is not None and record.kind is RecordKind.RESULT:
                begun = ""
    return begun
