"""Acceptance of a run that was handed over: its bundle is verified whole, then its files get their places, then the
database takes this console as the holder.

What is verified: each file against the manifest, the manifest against the hand-over in the database, the journal against
every anchor that the database has of it, source and plan against the run's row. Nothing outside a hidden folder is
written before. Killed in between, the same command goes on from where it was.
"""

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from console.backend.host.cluster_directory import hidden_name
from console.backend.host.durable import sync_directory, write_new_file_by_parts
from console.backend.host.installation import Installation
from console.backend.host.regular_file import regular_parts, sha256_file
from console.backend.host.signals import at_work
from console.backend.journal.journal import verify_journal
from console.backend.journal.journal_key import KEY_NAME, JournalKey
from console.backend.journal.journal_record import Field
from console.backend.model.errors import Drifted, Refused, StopCode, Unmeasured
from console.backend.model.outcome import Outcome
from console.backend.model.purposes import Operation
from console.backend.postgres import custody as custody_rows
from console.backend.postgres.connections import connect
from console.backend.postgres.records import EventRow, RunRow, events, find_run
from console.backend.runs.anchoring import come_to_rest
from console.backend.runs.custody import change_of_hands, changing_hands, first_hash, is_held_here
from console.backend.runs.operations import committing, intended, open_former
from console.backend.runs.run_bundle import APPROVALS, MOST_MEMBER_BYTES, RUN, BundleManifest, unpack
from console.backend.runs.run_state import anchored_events, is_running
from console.backend.runs.workspace import ACCEPT_FILE, PROFILE_FILE, RunRequestFile, Workspace

_AGAIN = "Have the bundle copied again from the host that wrote it."


def accept_run(installation: Installation, bundle: Path) -> tuple[str, bool]:
    """Verify a bundle and hold its run; return the run's id, and False if this console holds it by this bundle already.

    Raises Refused or Drifted naming the member and the reason, and what an operation raises.
    """
    with _unpacked(installation, bundle) as (manifest, part):
        run_id = manifest.run_id
        row, recorded = _in_database(installation, run_id)
        workspace = Workspace.open(installation.root, run_id)
        if _is_accepted(workspace, row, recorded, manifest):
            return run_id, False
        _verify(bundle, manifest, part, row, recorded)
        request = Workspace(part / RUN).request()
        with at_work():
            _put_in_place(installation, bundle, part, workspace, recorded)
            _hold(installation, workspace, request, manifest)
    return run_id, True


@contextmanager
def _unpacked(installation: Installation, bundle: Path) -> Iterator[tuple[BundleManifest, Path]]:
    """Unpack into a hidden folder beside the runs, which is removed; a crash leaves it to the next start."""
    part = installation.root / "runs" / hidden_name("accept")
    try:
        for folder in (part, part / RUN, part / APPROVALS):
            folder.mkdir(mode=0o750)
    except OSError as error:
        message = f"{part}: {error.strerror}"
        raise Refused(StopCode.REFUSED_INPUT, message, "Make the runtime tree: cutter-console init") from error
    try:
        yield unpack(bundle, lambda name, parts: _kept(part / name, parts)), part
    except OSError as error:
        message = f"{bundle} could not be read, or {part} not written: {error.strerror}"
        raise Unmeasured(StopCode.INVARIANT_FAILED, message, "Look at the file, and make room on the disk.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _kept(path: Path, parts: Iterable[bytes]) -> str:
    return write_new_file_by_parts(path, parts)


def _in_database(installation: Installation, run_id: str) -> tuple[RunRow, tuple[EventRow, ...]]:
    with connect(installation.settings.database.monitor, read_only=True, purpose="accept") as connection:
        row = find_run(connection, run_id)
        if row is None:
            message = f"this database has no run {run_id}: the bundle is of another one"
            raise Refused(StopCode.IDENTITY_MISMATCH, message, "Connect to the database that the run is in.")
        return row, events(connection, run_id)


def _is_accepted(workspace: Workspace, row: RunRow, recorded: tuple[EventRow, ...], manifest: BundleManifest) -> bool:
    last = next((change for event in reversed(recorded) if (change := change_of_hands(event))), None)
    return (
        row.held_by_way_of == Operation.ACCEPT
        and last is not None
        and last.bundle == manifest.digest
        and is_held_here(workspace.directory, row)
    )


def _verify(bundle: Path, manifest: BundleManifest, part: Path, row: RunRow, recorded: tuple[EventRow, ...]) -> None:
    until = _until_hand_over(recorded)
    handed = change_of_hands(until[-1]) if until else None
    if handed is None or handed.bundle != manifest.digest:
        wanted = "it was never handed over" if handed is None else f"the last hand-over is of sha256 {handed.bundle}"
        message = f"{bundle}: manifest.json: run {row.run_id} does not wait for sha256 {manifest.digest}: {wanted}"
        action = f"See where the run is: cutter-console run show {row.run_id}"
        raise Refused(StopCode.REFUSED_INPUT, message, action)
    workspace = Workspace(part / RUN)
    anchors = anchored_events(until, workspace.directory, all_of_it=True)
    verdict = verify_journal(workspace.journal, anchors, row.run_id)
    if verdict.outcome in {Outcome.FAIL, Outcome.INCONCLUSIVE}:
        raise _damaged(bundle, "run/journal.jsonl", verdict.detail)
    ends = verdict.head is not None and verdict.head.hash == until[-1].journal_head
    if not ends or first_hash(workspace.journal) != handed.journal:
        raise _damaged(bundle, "run/journal.jsonl", "it does not end with the record of the hand-over")
    request = workspace.request()
    claimed = (request.run_id, request.operation, request.docprefix, request.operator, request.host)
    if claimed != (row.run_id, row.operation, row.docprefix, row.operator, row.host):
        raise _damaged(bundle, "run/request.json", "it is of another run than the database has")
    wanted_files = {
        "source.raw": row.source_sha256,
        "plan.json": row.plan_digest,
        ACCEPT_FILE: request.accept_sha256,
        PROFILE_FILE: request.profile_sha256,
    }
    for name, sha256 in wanted_files.items():
        if sha256 and not workspace.has_whole(name, sha256):
            raise _damaged(bundle, f"run/{name}", f"its sha256 is not {sha256}, which the run was recorded with")
    strangers = [path.name for path in (part / APPROVALS).iterdir() if not path.name.startswith(f"{row.run_id}.")]
    if strangers or any(path.name.startswith(KEY_NAME) for path in workspace.directory.iterdir()):
        name = f"{APPROVALS}/{strangers[0]}" if strangers else f"{RUN}/{KEY_NAME}"
        raise _damaged(bundle, name, "it does not belong to the run")


def _until_hand_over(recorded: tuple[EventRow, ...]) -> tuple[EventRow, ...]:
    """Return the events up to the last hand-over, whose record is the last one of the journal that was handed over."""
    last = max((number for number, event in enumerate(recorded) if event.phase == Operation.HAND_OVER), default=-1)
    return recorded[: last + 1]


def _damaged(bundle: Path, member: str, reason: str) -> Drifted:
    return Drifted(StopCode.INVARIANT_FAILED, f"{bundle}: {member}: {reason}", _AGAIN)


def _put_in_place(
    installation: Installation, bundle: Path, part: Path, workspace: Workspace, recorded: tuple[EventRow, ...]
) -> None:
    """Give the verified files their places; those that are there already stay. Raises Refused if one is another one."""
    approvals = installation.root / APPROVALS
    pairs = [(path, approvals / path.name) for path in sorted((part / APPROVALS).iterdir())]
    for source, target in pairs:
        if os.path.lexists(target) and not _is_same(source, target):
            message = f"{target} is there already, and is not {APPROVALS}/{source.name} of {bundle}"
            raise Refused(StopCode.REFUSED_INPUT, message, "Move it out of the folder, then do it again.")
    directory = workspace.directory
    if directory.is_dir():
        _require_of_run(bundle, part, workspace, recorded)
    for source, target in pairs:
        if not target.exists():
            _copy(source, target)
    if not directory.is_dir():
        (part / RUN).rename(directory)
        sync_directory(directory.parent)
        return
    for source in sorted((part / RUN).iterdir()):
        target = directory / source.name
        if source.name == workspace.journal.name:
            continue
        if target.exists() and not _is_same(source, target):
            target.rename(target.with_name(f"{target.name}.aside-{secrets.token_hex(4)}"))
        if not target.exists():
            _copy(source, target)
    # The journal last: without it the run is still the one that was taken over, or handed over before.
    if not _continues(workspace.journal, part / RUN / workspace.journal.name):
        if workspace.journal.exists():
            aside = f"{workspace.journal.name}.former-{secrets.token_hex(4)}"
            workspace.journal.rename(workspace.journal.with_name(aside))
        _copy(part / RUN / workspace.journal.name, workspace.journal)


def _require_of_run(bundle: Path, part: Path, workspace: Workspace, recorded: tuple[EventRow, ...]) -> None:
    """Raise Refused if the run's directory has a journal that was never the run's, or one that is being written."""
    journal, handed = workspace.journal, part / RUN / workspace.journal.name
    if not journal.exists() or _continues(journal, handed):
        return
    look = f"See where the run is: cutter-console run show {workspace.run_id}"
    if is_running(journal):
        raise Refused(StopCode.LOCKED, f"another process works on run {workspace.run_id}", look)
    # A former holder has the beginning of the journal, to which the run comes back with what was written since.
    begun = {change.journal for event in recorded if (change := change_of_hands(event)) and change.begins}
    if first_hash(journal) not in begun | {first_hash(handed)}:
        message = f"{journal} is there already, and is not that of {bundle}"
        raise Refused(StopCode.REFUSED_INPUT, message, look)


def _continues(journal: Path, handed: Path) -> bool:
    """Return whether the journal begins with the bytes that were handed over."""
    try:
        size = handed.stat().st_size
        with journal.open("rb") as ours:
            return all(ours.read(len(data)) == data for data in regular_parts(handed, size))
    except FileNotFoundError:
        return False


def _is_same(source: Path, target: Path) -> bool:
    return not target.is_symlink() and target.is_file() and sha256_file(source) == sha256_file(target)


def _copy(source: Path, target: Path) -> None:
    write_new_file_by_parts(target, regular_parts(source, MOST_MEMBER_BYTES))


def _hold(installation: Installation, workspace: Workspace, request: RunRequestFile, manifest: BundleManifest) -> None:
    if not JournalKey.is_usable(workspace.directory):
        workspace.set_key_aside()
    fields = (
        Field(key="operator", value=installation.operator),
        Field(key="host", value=installation.context.host),
        Field(key="former", value=f"{manifest.operator} on {manifest.host}"),
        Field(key="bundle", value=manifest.digest),
    )
    with closing(open_former(installation, workspace, request)) as journal:
        with (
            intended(installation, request, journal, Operation.ACCEPT, fields),
            committing(installation, journal, request.run_id, Operation.ACCEPT) as promise,
        ):
            change = changing_hands(installation, workspace, promise.head)
            custody_rows.accept(promise.connection, change, workspace.journal_key(), manifest.digest)
        come_to_rest(installation, workspace, request, journal)
