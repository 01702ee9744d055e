"""Operations on a run that began and did not finish, and the database's answer about them."""

import os
import time
from datetime import datetime
from pathlib import Path

from console.backend.host.installation import Installation
from console.backend.journal.journal import read_journal
from console.backend.journal.journal_record import Record
from console.backend.model.errors import CutterError
from console.backend.model.states import Mode
from console.backend.model.view_models import Interruption
from console.backend.runs.operations import DRY_RUN_SAID, attempts_of, ended_within, unfinished
from console.backend.runs.run_state import is_running
from console.backend.runs.settling import Fate, Verdict, fate_of, look
from console.backend.runs.workspace import RunRequestFile, Workspace

_MOST_BYTES, _SETTLED_NS = 2 * 1024 * 1024, 2_000_000_000
"""Sizes together of the journals whose proved records are kept, and the time for which the file of one must have been as it is."""
_kept: dict[Path, tuple[tuple[int, ...], tuple[Record, ...]]] = {}
"""Records of a journal with the state of its file, the one that was read last at the end."""


def records_at_rest(workspace: Workspace) -> tuple[Record, ...]:
    """Return the journal's records unless a process is writing it; nothing if it is missing or damaged, which the run's own line shows."""
    if is_running(workspace.journal):
        return ()
    try:
        return _proved(workspace.journal)
    except CutterError:
        return ()


def _proved(path: Path) -> tuple[Record, ...]:
    """Return the journal's records; those that were proved before if the file is the same, and nobody has touched it since.

    A console asks for the journals of all open runs every few seconds. Whoever writes to a file moves the time of its last
    change, which nobody can set; one that was changed a moment ago can be changed again within a step of that clock.
    If it is changed while it is read, its state is another one than that which is kept.
    """
    state, looked_at_ns = _state_of(path), time.time_ns()
    kept = _kept.pop(path, None)
    if kept is None or kept[0] != state:
        records = read_journal(path)
        if not state or state[2] > _MOST_BYTES or looked_at_ns - state[4] < _SETTLED_NS:
            return records
        kept = state, records
    _kept[path] = kept
    size = 0
    for journal, (known, _) in reversed(tuple(_kept.items())):
        size += known[2]
        if size > _MOST_BYTES:
            _kept.pop(journal, None)
    return kept[1]


def _state_of(path: Path) -> tuple[int, ...]:
    """Return what is another if the file is another or was touched: device, inode, size, and both times; nothing if there is none."""
    try:
        status = os.lstat(path)
    except OSError:
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def interruption(
    installation: Installation, request: RunRequestFile, records: tuple[Record, ...], *, is_over: bool = False
) -> Interruption | None:
    """Return what was interrupted, without settling it; None if nothing was.

    A process that was killed leaves an intent without a result. One that was ended, by a signal or with its terminal,
    has settled it and said so: that is told until something else of the run begins, unless the run is over.
    """
    begun = unfinished(records)
    if begun is None:
        ended = None if is_over else ended_within(records)
        return _interruption(ended[0], ended[1]) if ended is not None else None
    if request.mode is Mode.DRYRUN:
        verdict = Verdict(fate=Fate.ROLLED_BACK, said=DRY_RUN_SAID)
    else:
        verdict = fate_of(attempts_of(records, begun), lambda attempt: look(installation, request.run_id, attempt))
        if any(record.value("settled") == Fate.UNKNOWN for record in records[begun.sequence :]):
            # The monitoring role cannot see if a standby has the COMMIT, so an unknown result stays unknown until it is settled.
            verdict = verdict.model_copy(update={"fate": Fate.UNKNOWN})
    return _interruption(begun, f"{verdict.fate}: {verdict.said}", is_settled=verdict.fate is not Fate.UNKNOWN)


def _interruption(begun: Record, answer: str, *, is_settled: bool = True) -> Interruption:
    return Interruption(
        what=begun.phase, since=datetime.fromisoformat(begun.time), is_settled=is_settled, database_says=answer
    )
