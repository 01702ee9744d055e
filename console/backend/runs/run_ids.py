"""The ids of the runs that there are, by which one that was typed in part, or wrongly, can be told."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

import psycopg

from console.backend.host.installation import Installation
from console.backend.model.errors import CutterError, Refused, StopCode
from console.backend.model.states import Mode
from console.backend.postgres.connections import connect
from console.backend.postgres.records import recorded_run_ids
from console.backend.runs.workspace import REQUEST_FILE, Workspace

_NEAR, _FEWEST, _MOST_NEAR = 0.88, 9, 3
"""Likeness from which on an id is near: two letters in thirty. All ids are alike in more than half of theirs, so that a short text is near none."""


@dataclass(frozen=True)
class KnownIds:
    """Ids of runs, the newest first: those in the database, and those of this root, which dry runs are known to alone."""

    ids: tuple[str, ...]
    unread: str = ""
    """The reason why the database could not be asked, whose other runs are then missing; empty if it was."""


def run_directories(installation: Installation) -> tuple[str, ...]:
    """Return the names of the directories of runs below this root."""
    return tuple(path.name for path in (installation.root / "runs").glob("ictr-*"))


def known_ids(installation: Installation) -> KnownIds:
    """Return the ids of all runs. The database may be out of reach, or have no run: what was kept here is still there."""
    root = installation.root / "runs"
    here = {name for name in run_directories(installation) if os.path.exists(root / name / REQUEST_FILE)}  # noqa: PTH110 - Path.exists raises for a directory that is closed to this user
    recorded, unread = frozenset[str](), ""
    try:
        with connect(installation.settings.database.monitor, read_only=True, purpose="ids of runs") as connection:
            recorded = recorded_run_ids(connection)
    except CutterError as error:
        unread = error.message
    except psycopg.Error as error:
        # Of a database without this product's views, among others.
        unread = f"{error.sqlstate or 'no answer'}: the runs of the database could not be read"
    return KnownIds(tuple(sorted(here | recorded, reverse=True)), unread)


def unknown_run(installation: Installation, run_id: str, refused: Refused) -> Refused:
    """Return the refusal of a run that is not there, with the nearest ids of those that are."""
    # Of a short text none is near, and nothing is asked.
    question = did_you_mean(run_id, known_ids(installation).ids) if len(run_id) >= _FEWEST else ""
    return Refused(StopCode.REFUSED_INPUT, f"{refused.message}{question}", refused.next_action) if question else refused


def require_live(installation: Installation, run_id: str) -> None:
    """Raise Refused for a dry run of this root. The list of runs has it and the database does not, which would read as a riddle."""
    try:
        request = Workspace.open(installation.root, run_id).request()
    except Refused:
        return
    if request.mode is Mode.DRYRUN:
        message = f"run {run_id} is a dry run: the database does not know it, and nothing is written or ruled on for it"
        raise Refused(StopCode.REFUSED_INPUT, message, f"Look at it: cutter-console run show {run_id}")


def did_you_mean(typed: str, ids: Iterable[str]) -> str:
    """Return a question that names the ids whose beginning is nearest to what was typed, or an empty text if none is near."""
    if len(typed) < _FEWEST:
        return ""
    likeness = {known: max(_likeness(typed, known), _likeness(typed, known.partition("-")[2])) for known in ids}
    near = sorted((known for known in likeness if likeness[known] >= _NEAR), key=lambda known: -likeness[known])
    return f"; did you mean {' or '.join(near[:_MOST_NEAR])}?" if near else ""


def _likeness(typed: str, known: str) -> float:
    return SequenceMatcher(None, typed, known[: len(typed)], autojunk=False).ratio()
