"""Hand-over of a run: its files go into one bundle, and from the COMMIT on nobody holds it until the bundle is accepted.

The key of the journal stays: who accepts makes a key of their own, which the database takes with the acceptance. Backups
stay too: the next holder takes one where it is needed.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from console.backend.host.durable import write_new_file_by_parts
from console.backend.host.installation import Installation
from console.backend.host.signals import at_work
from console.backend.journal.journal import Journal
from console.backend.journal.journal_key import KEY_NAME
from console.backend.journal.journal_record import Field
from console.backend.model.errors import CutterError, Refused, StopCode, Unmeasured
from console.backend.model.purposes import Operation
from console.backend.postgres import custody as custody_rows
from console.backend.postgres.connections import CommitUnknown
from console.backend.runs.custody import change_of_hands, changing_hands, first_hash
from console.backend.runs.hands import refusal_of_hand_over
from console.backend.runs.known_run import Known, known_run
from console.backend.runs.operations import committing, intended, open_journal
from console.backend.runs.run_bundle import (
    APPROVALS,
    RUN,
    BundleManifest,
    Member,
    end_parts,
    file_parts,
    is_member_name,
    unpack,
)
from console.backend.runs.run_views import has_its_files
from console.backend.runs.workspace import RunRequestFile, Workspace

_MODE = 0o600


def hand_over(installation: Installation, run_id: str, to: Path) -> BundleManifest | None:
    """Write the bundle of a run and let go of the run; return None if this console has handed it over already.

    Raises Refused if the run is over, a member of a batch, or not held here, or if the file is there; and what an
    operation raises. Where nothing was committed no bundle is left.
    """
    known = known_run(installation, run_id)
    if _is_handed_over_here(installation, known):
        return None
    require_handed(known)
    require_place(installation, run_id, to)
    workspace, request = known.workspace, known.request
    fields = (Field(key="to", value=str(to)),)
    with (
        at_work(),
        open_journal(installation, workspace, request) as journal,
        intended(installation, request, journal, Operation.HAND_OVER, fields),
    ):
        # Only now, with nothing unsettled: of an attempt that was never committed.
        to.unlink(missing_ok=True)
        return _commit(installation, workspace, request, journal, to)


def _is_leftover(to: Path, run_id: str) -> bool:
    """Return whether the file is a whole bundle of this run: this console holds the run, so it was not handed over in it."""
    try:
        return unpack(to, _sha256).run_id == run_id
    except (OSError, Refused):
        return False


def _sha256(_name: str, parts: Iterable[bytes]) -> str:
    sha256 = hashlib.sha256()
    for part in parts:
        sha256.update(part)
    return sha256.hexdigest()


def _is_handed_over_here(installation: Installation, known: Known) -> bool:
    """Return whether the run's last change of hands is a hand-over of this console."""
    last = next((change for event in reversed(known.recorded) if (change := change_of_hands(event))), None)
    if known.row is None or last is None or known.row.held_by_way_of != Operation.HAND_OVER:
        return False
    mine = (last.operator, last.host) == (installation.operator, installation.context.host)
    return mine and known.workspace.journal.exists() and first_hash(known.workspace.journal) == last.journal


def require_handed(known: Known) -> None:
    """Raise Refused if this run is not handed over from here, whatever the file."""
    has_files = known.row is not None and has_its_files(known, known.row)
    if refusal := refusal_of_hand_over(known.workspace, known.request, known.row, has_files=has_files):
        raise refusal


def require_place(installation: Installation, run_id: str, to: Path) -> None:
    """Raise Refused if no bundle can be written there: it is a new file, in a folder that is there, and is no file of a run."""
    folder = os.path.realpath(to.parent)  # Path.resolve raises for a name that is too long, and for links in a circle
    if any(Path(folder).is_relative_to((installation.root / own).resolve()) for own in ("runs", APPROVALS)):
        message = f"{to} would be one of the files of runs below {installation.root}, and part of the next bundle"
    elif os.path.lexists(to) and not _is_leftover(to, run_id):
        message = f"{to} is there already; a bundle replaces no file"
    elif not os.path.isdir(to.parent):  # noqa: PTH112 - Path.is_dir raises for a name that is too long
        message = f"{to.parent} is no folder"
    elif not os.access(to.parent, os.W_OK | os.X_OK):
        message = f"{to.parent} cannot be written by this account"
    else:
        return
    raise Refused(StopCode.REFUSED_INPUT, message, f"Name another: cutter-console run hand-over {run_id} --to FILE")


def _commit(
    installation: Installation, workspace: Workspace, request: RunRequestFile, journal: Journal, to: Path
) -> BundleManifest:
    written: list[BundleManifest] = []
    is_sent = False
    try:
        with committing(installation, journal, request.run_id, Operation.HAND_OVER) as promise:
            manifest = _written(installation, workspace, request, to, written)
            change = changing_hands(installation, workspace, promise.head)
            custody_rows.hand_over(promise.connection, change, workspace.journal_key(), manifest.digest)
            is_sent = True
    except CommitUnknown:
        # It may be committed: then this file is the run.
        raise
    except BaseException as error:
        # So it may be after a signal, which is heard once COMMIT is answered.
        if written and (isinstance(error, CutterError) or not is_sent):
            with suppress(OSError):
                to.unlink()
        raise
    return manifest


def _written(
    installation: Installation,
    workspace: Workspace,
    request: RunRequestFile,
    to: Path,
    written: list[BundleManifest],
) -> BundleManifest:
    """Write the bundle, whole and durable, with the journal up to the note of this transaction."""
    manifests: list[BundleManifest] = []
    try:
        write_new_file_by_parts(to, _parts(installation, workspace, request, manifests), _MODE)
    except OSError as error:
        message = f"the bundle {to} could not be written: {error.strerror}"
        raise Unmeasured(StopCode.INVARIANT_FAILED, message, "Name a folder with room for it.") from error
    written += manifests
    return manifests[0]


def _parts(
    installation: Installation, workspace: Workspace, request: RunRequestFile, manifests: list[BundleManifest]
) -> Iterator[bytes]:
    members: list[Member] = []
    for name, path in _files(installation, workspace):
        yield from file_parts(name, path, members.append)
    manifest = BundleManifest(
        run_id=request.run_id,
        docprefix=request.docprefix,
        operator=installation.operator,
        host=installation.context.host,
        members=tuple(members),
    )
    yield from end_parts(manifest)
    manifests.append(manifest)


def _files(installation: Installation, workspace: Workspace) -> Iterator[tuple[str, Path]]:
    """Yield the run's files by their names in the bundle: its own without the key, then its statements and signatures."""
    own = sorted(path for path in workspace.directory.iterdir() if not path.name.startswith((".", KEY_NAME)))
    of_run = sorted((installation.root / APPROVALS).glob(f"{workspace.run_id}.*"))
    for folder, paths in ((RUN, own), (APPROVALS, of_run)):
        for path in paths:
            name = f"{folder}/{path.name}"
            if path.is_symlink() or not path.is_file() or not is_member_name(name):
                message = f"{path} is no file that a bundle can hold: a plain file with a plain name"
                raise Refused(StopCode.REFUSED_INPUT, message, "Move it out of the folder, then do it again.")
            yield name, path
