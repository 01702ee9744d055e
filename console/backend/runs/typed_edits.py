"""Texts of drafts that were typed and are no edit yet: kept beside the run, so that a lost line loses nothing."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from console.backend.host.installation import Installation
from console.backend.host.regular_file import read_regular
from console.backend.model.canonical_json import canonical_json, sha256_hex
from console.backend.model.errors import CutterError, RunHasEnded, StopCode
from console.backend.model.states import is_ended
from console.backend.model.value import Value
from console.backend.postgres.connections import connect
from console.backend.postgres.records import find_run
from console.backend.runs.answers import Answers
from console.backend.runs.workspace import Workspace

_ENDED = ".typed-no-more"
"""Mark in the directory of a run that has ended. Hidden, as the texts are, and no part of the run's record."""


class TypedEdit(Value):
    """Title and body as they were typed. They can be any text: what is planned of them is checked then."""

    address: str
    title: str
    body: str
    seen: str
    """Digest of the draft that they were typed over."""

    @property
    def text(self) -> tuple[str, str]:
        """Title and body."""
        return self.title, self.body


class TypedAnswers(Answers):
    """The answers of a backend about what was typed for drafts."""

    def typed_edits(self, run_id: str, address: str) -> tuple[TypedEdit, ...]:
        """Return what was typed for this draft and not planned since, the last first."""
        return typed_before(self.installation, run_id, address)

    def keep_typed(
        self, run_id: str, typed: TypedEdit, writer: str, instead: TypedEdit | None = None, *, looks: bool = True
    ) -> None:
        """Keep what was typed for a draft."""
        self._require_writable()
        keep_typed(self.installation, run_id, typed, writer, instead, looks=looks)

    def drop_typed(self, run_id: str, typed: TypedEdit) -> None:
        """Keep this text of a draft no longer."""
        self._require_writable()
        drop_typed(self.installation, run_id, typed.address, typed.title, typed.body)


def keep_typed(
    installation: Installation,
    run_id: str,
    typed: TypedEdit,
    writer: str,
    instead: TypedEdit | None = None,
    *,
    looks: bool = True,
) -> None:
    """Keep what this writer typed, in place of what it typed before, and of the text that it went on with.

    Each writer has a file of its own: two consoles that write at one draft do not lose each other's text. Without `looks`
    the database is not asked if the run has ended: whoever calls has measured since the last time that nothing has moved.
    Raises Unmeasured if it cannot be written, RunHasEnded if the run has: then there is no draft, and no such file comes back.
    """
    workspace = Workspace.open(installation.root, run_id)
    _refuse_ended(workspace)
    own = f"{_begins(typed.address)}-{sha256_hex(writer.encode())[:8]}.json"
    workspace.write(own, canonical_json(typed))
    for path, kept in _kept(workspace, typed.address):
        if instead is not None and kept.text == instead.text and path.name != own:
            _unlink(path)
    # It can have ended since, here or on another host; who ends it removes only what is there by then.
    if looks and not (workspace.directory / _ENDED).exists() and _is_ended_in_database(installation, run_id):
        drop_all_typed(workspace)
    _refuse_ended(workspace)


def _refuse_ended(workspace: Workspace) -> None:
    if (workspace.directory / _ENDED).exists():
        drop_all_typed(workspace)
        message = f"run {workspace.run_id} has ended: it has no drafts any more"
        raise RunHasEnded(StopCode.EXECUTION_DISABLED, message, f"See: cutter-console run show {workspace.run_id}")


def _is_ended_in_database(installation: Installation, run_id: str) -> bool:
    """Return whether the run has ended; False if the database cannot be asked, so that nothing typed is lost by that."""
    try:
        with connect(installation.settings.database.monitor, read_only=True, purpose="edit") as connection:
            run = find_run(connection, run_id)
    except CutterError:
        return False
    return run is not None and is_ended(run.stage, run.family)


def typed_before(installation: Installation, run_id: str, address: str) -> tuple[TypedEdit, ...]:
    """Return the texts that were typed for this draft and not planned since, the last one first."""
    texts: list[TypedEdit] = []
    for _, kept in _kept(Workspace.open(installation.root, run_id), address):
        if kept.text not in {other.text for other in texts}:
            texts.append(kept)
    return tuple(texts)


def drop_typed(installation: Installation, run_id: str, address: str, title: str, body: str) -> None:
    """Remove this text of this draft; what else was typed for it stays."""
    for path, kept in _kept(Workspace.open(installation.root, run_id), address):
        if kept.text == (title, body):
            _unlink(path)


def drop_all_typed(workspace: Workspace) -> None:
    """Remove what was typed for the drafts of a run that has ended: it has none any more, and none is kept from now on."""
    # First the mark: whoever is about to keep a text looks for it afterwards.
    with suppress(CutterError):
        workspace.write(_ENDED, b"")
    for path in workspace.directory.glob(".typed-*.json"):
        _unlink(path)


def _kept(workspace: Workspace, address: str) -> Iterator[tuple[Path, TypedEdit]]:
    """Yield the files of this draft, the one that was written last first."""
    for path in sorted(workspace.directory.glob(f"{_begins(address)}-*.json"), key=_written_at, reverse=True):
        with suppress(OSError, ValidationError):
            kept = TypedEdit.model_validate_json(read_regular(path))
            if kept.address == address:
                yield path, kept


def _written_at(path: Path) -> int:
    try:
        return path.lstat().st_mtime_ns
    except OSError:
        return 0


def _unlink(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


def _begins(address: str) -> str:
    # Hidden: what is handed over of a run, and what belongs to its record, is not.
    return f".typed-{sha256_hex(address.encode())[:32]}"
