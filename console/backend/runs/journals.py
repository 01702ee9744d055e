"""The journals of runs as they are read: which there are below the root, a page, a record, and the verdict on one."""

import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from console.backend.host.installation import Installation
from console.backend.journal.journal import JournalVerdict, OnBytes, verify_journal
from console.backend.journal.journal_pages import JournalEntry, JournalPage, JournalQuery, read_entry, read_page
from console.backend.journal.journal_record import AnchoredEvent
from console.backend.model.errors import CutterError, Drifted, Refused, StopCode, Unmeasured
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.model.view_models import OnProgress, Progress
from console.backend.postgres.kept_sessions import with_kept_sessions
from console.backend.runs.answers import Answers
from console.backend.runs.known_run import known_run
from console.backend.runs.run_state import anchors_of, is_running
from console.backend.runs.run_views import require_here
from console.backend.runs.workspace import Workspace

_RUN = re.compile(r"ictr-\d{8}T\d{6}Z-[0-9a-f]{8}", re.ASCII)
"""Names of the directories of runs; whatever else lies there is none."""


class JournalFile(Value):
    """A journal below the root, as its directory has it."""

    run_id: SafeText
    bytes: int
    written_at: datetime
    """Time of the file's last change."""


class JournalAnswers(Answers):
    """The answers of a backend about journals. Only the anchors of a verification need the database."""

    def journals(self) -> tuple[JournalFile, ...]:
        """Return the journals below the root, the one that was written last first."""
        return list_journals(self.installation)

    def journal_page(self, query: JournalQuery) -> JournalPage:
        """Return a page of a run's journal; see `journal_page`."""
        return journal_page(self.installation, query)

    def journal_entry(self, run_id: str, offset: int) -> JournalEntry:
        """Return the record that begins at this byte, with its values whole; see `journal_entry`."""
        return journal_entry(self.installation, run_id, offset)

    @with_kept_sessions
    def verify_journal(self, run_id: str, on_progress: OnProgress) -> JournalVerdict:
        """Verify a run's journal; see `verify_journal_of`."""

        def on_bytes(done: int, total: int) -> None:
            on_progress(Progress(run_id=run_id, step="bytes verified", done=done, total=total))

        return verify_journal_of(self.installation, run_id, on_bytes)


def list_journals(installation: Installation) -> tuple[JournalFile, ...]:
    """Return the journals below the root by their directories alone, the one that was written last first.

    Raises Unmeasured if the directory of the runs cannot be read; without one there is no journal.
    """
    folder = installation.root / "runs"
    try:
        names = [path.name for path in folder.iterdir() if _RUN.fullmatch(path.name)]
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise _unreadable(folder, error) from error
    files = []
    for name in names:
        with suppress(OSError):
            status = (folder / name / "journal.jsonl").lstat()
            written_at = datetime.fromtimestamp(status.st_mtime, UTC)
            files.append(JournalFile(run_id=name, bytes=status.st_size, written_at=written_at))
    return tuple(sorted(files, key=lambda file: (file.written_at, file.run_id), reverse=True))


def journal_page(installation: Installation, query: JournalQuery) -> JournalPage:
    """Return a page of a run's journal, sound or not.

    Raises Refused if the run's files are not here, Drifted if the journal is missing or no regular file, Unmeasured if it
    cannot be read, UsageError for a place that is none.
    """
    path = _journal_of(installation, query.run_id)
    try:
        page = read_page(path, query)
    except OSError as error:
        raise _unreadable(path, error) from error
    return page.model_copy(update={"is_written": is_running(path)})


def journal_entry(installation: Installation, run_id: str, offset: int) -> JournalEntry:
    """Return the record that begins at this byte, with its values whole. Raises as `journal_page`."""
    path = _journal_of(installation, run_id)
    try:
        entry = read_entry(path, offset)
    except OSError as error:
        raise _unreadable(path, error) from error
    if entry is None:
        raise Drifted(
            StopCode.INVARIANT_FAILED,
            f"the journal {path} is shorter than it was: nothing is left at byte {offset}",
            f"Compare it with the anchors: cutter-console journal verify {run_id}",
        )
    return entry


def verify_journal_of(
    installation: Installation, run_id: str, on_bytes: OnBytes = lambda _done, _total: None
) -> JournalVerdict:
    """Compare a run's journal with its chain and its anchors; the one verdict of the command and the screen.

    Without the database an intact chain is INCONCLUSIVE and a broken one FAIL. A dry run has no anchor: an intact chain is
    PARTIAL there. Raises Refused if there is no such run, or if another host has its files.
    """
    workspace = Workspace.open(installation.root, run_id)
    events: tuple[AnchoredEvent, ...] = ()
    unread = ""
    try:
        require_here(installation, run_id, by_host=True)
        events = anchors_of(installation, known_run(installation, run_id).request)
    except Unmeasured as error:
        # Without its directory there is nothing to verify: then the database's silence is the answer.
        if not workspace.directory.is_dir():
            raise
        unread = error.message
    return verify_journal(workspace.journal, events, run_id, on_bytes, unread=unread)


def _journal_of(installation: Installation, run_id: str) -> Path:
    workspace = Workspace.open(installation.root, run_id)
    if not workspace.directory.is_dir():
        raise _not_here(installation, run_id)
    if not os.path.lexists(workspace.journal):
        message = f"the journal {workspace.journal} is missing; the run's other files are there"
        action = f"See what the database has of the run: cutter-console run show {run_id}"
        raise Drifted(StopCode.INVARIANT_FAILED, message, action)
    return workspace.journal


def _not_here(installation: Installation, run_id: str) -> Refused:
    """Return the refusal of a run without a directory: by who has started it, or as far as it is known."""
    there = f"no journal of {run_id} below {installation.root / 'runs'}"
    action = "See the runs there are: cutter-console run list"
    try:
        require_here(installation, run_id, by_host=True)
        request = known_run(installation, run_id).request
    except Refused as error:
        return Refused(StopCode.REFUSED_INPUT, f"{there}: {error.message}", error.next_action)
    except CutterError as error:
        reason = f"another host has it, or its files were removed; the database could not be asked: {error.message}"
        return Refused(StopCode.REFUSED_INPUT, f"{there}: {reason}", action)
    reason = f"{request.operator} started the run on {request.host}, and its directory is gone"
    return Refused(StopCode.REFUSED_INPUT, f"{there}: {reason}", f"Look at it: cutter-console run show {run_id}")


def _unreadable(path: Path, error: OSError) -> Unmeasured:
    message = f"{path} cannot be read: {error.strerror}"
    return Unmeasured(
        StopCode.INVARIANT_FAILED, message, "Look at its owner and mode, or open the console as its owner."
    )
