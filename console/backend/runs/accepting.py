"""Acceptance of a run that was handed over: its bundle is verified whole, then its files get their places, then the
database takes this console as the holder.

What is verified: each file against the manifest, the manifest against the hand-over in the database, the journal against
every anchor that the database has of it, source and plan against the run's row. Nothing outside a hidden folder is
written before. Killed in between, the same command goes on from where it was.
"""

import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from console.backend.host.cluster_directory import hidden_name
from console.backend.host.durable import sync_directory, write_new_file_by_parts
from console.backend.host.installation import Installation
from console.backend.host.regular_file import regular_parts, sha256_file
from console.backend.host.runtime_tree import to_write_below
from console.backend.host.signals import at_work
from console.backend.journal.journal import verify_journal
from console.backend.journal.journal_key import KEY_NAME, JournalKey
from console.backend.journal.journal_record import Field
from console.backend.model.counting import counted
from console.backend.model.errors import CutterError, Drifted, Refused, StopCode, Unmeasured
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.profile_names import EDIT_PROFILE
from console.backend.model.purposes import Operation, RunOperation
from console.backend.model.safe_text import SafeText
from console.backend.model.states import Stage
from console.backend.model.value import Value
from console.backend.postgres import custody as custody_rows
from console.backend.postgres.connections import connect
from console.backend.postgres.records import EventRow, RunRow, events, find_run
from console.backend.runs.anchoring import come_to_rest
from console.backend.runs.custody import change_of_hands, changing_hands, first_hash, is_held_here
from console.backend.runs.operations import committing, intended, open_former
from console.backend.runs.run_bundle import APPROVALS, MOST_MEMBER_BYTES, RUN, BundleManifest, Member, unpack
from console.backend.runs.run_state import anchored_events, is_running
from console.backend.runs.workspace import ACCEPT_FILE, PROFILE_FILE, SOURCE, RunRequestFile, Workspace

_AGAIN = "Have the bundle copied again from the host that wrote it."


@dataclass(frozen=True)
class _Arrival:
    """A bundle, unpacked, beside the run as the database has it."""

    bundle: Path
    manifest: BundleManifest
    part: Path
    """The hidden folder with its files."""
    row: RunRow
    recorded: tuple[EventRow, ...]
    workspace: Workspace
    """The run's place below this root."""

    @property
    def handed(self) -> Workspace:
        """Return the run's directory as it was handed over."""
        return Workspace(self.part / RUN)


class Inspection(Value):
    """A bundle that was looked at: the run, who handed it over, what it holds, and the verdict of each check."""

    run_id: str
    docprefix: str
    n_units: int | None
    stage: Stage
    operator: SafeText
    host: SafeText
    digest: str
    members: tuple[Member, ...]
    checks: tuple[Check, ...]


def accept_run(installation: Installation, bundle: Path, seen: str = "") -> tuple[str, bool]:
    """Verify a bundle and hold its run; return the run's id, and False if this console holds it by this bundle already.

    `seen` is the digest of the bundle that was inspected, if one was. Raises Refused or Drifted naming the member and the
    reason, and what an operation raises.
    """
    with _arrived(installation, bundle) as arrival:
        if seen and arrival.manifest.digest != seen:
            message = f"{bundle} is another bundle than was shown: sha256 {arrival.manifest.digest}, not {seen}"
            raise Refused(StopCode.REPLAY_CONFLICT, message, "Look at it again, then accept it.")
        run_id = arrival.manifest.run_id
        if _is_accepted(arrival):
            return run_id, False
        for _name, verify in _STEPS:
            verify(arrival)
        request = arrival.handed.request()
        with at_work():
            _put_in_place(installation, arrival)
            _hold(installation, arrival.workspace, request, arrival.manifest)
    return run_id, True


def inspect_bundle(installation: Installation, bundle: Path) -> Inspection:
    """Verify a bundle as `accept_run` does, step by step, and keep nothing. Raises as it does for what is no whole bundle."""
    with _arrived(installation, bundle) as arrival:
        manifest, row = arrival.manifest, arrival.row
        return Inspection(
            run_id=row.run_id,
            docprefix=row.docprefix,
            n_units=row.n_units,
            stage=row.stage,
            operator=manifest.operator,
            host=manifest.host,
            digest=manifest.digest,
            members=manifest.members,
            checks=tuple(_checks(installation, arrival)),
        )


def _checks(installation: Installation, arrival: _Arrival) -> Iterator[Check]:
    number = counted(len(arrival.manifest.members), "file")
    yield _check(
        installation, "files", Outcome.PASS, f"{number}, each as the manifest says; manifest {arrival.manifest.digest}"
    )
    steps = ((_NEW, _require_new), *_STEPS, (_PLACES, lambda arrived: _require_places(installation, arrived)))
    refused = ""
    for name, verify in steps:
        if refused:
            yield _check(
                installation, name, Outcome.NOT_RUN, f"not asked: {refused} did not pass", "See the check before it."
            )
            continue
        try:
            answer = verify(arrival)
        except CutterError as error:
            refused = name
            outcome = Outcome.INCONCLUSIVE if isinstance(error, Unmeasured) else Outcome.FAIL
            yield _check(installation, name, outcome, error.message, error.next_action)
        else:
            yield _check(installation, name, Outcome.PASS, answer)


def _check(installation: Installation, name: str, outcome: Outcome, answer: str, advice: str = "") -> Check:
    now = installation.context.now()
    evidence = Evidence(id=f"E-{name.replace(' ', '-')}", asked=name, source="bundle", answer=answer, measured_at=now)
    return Check(name=name, outcome=outcome, detail=answer, evidence=(evidence,), next_action=advice)


def _require_new(arrival: _Arrival) -> str:
    """Raise Refused if this console holds the run by this bundle already: there is nothing to accept."""
    run_id = arrival.row.run_id
    if _is_accepted(arrival):
        message = f"this console holds run {run_id} by this bundle already"
        raise Refused(StopCode.REFUSED_INPUT, message, f"Look at it: cutter-console run show {run_id}")
    return "it was not accepted here before"


@contextmanager
def _arrived(installation: Installation, bundle: Path) -> Iterator[_Arrival]:
    """Unpack a bundle, and read what the database has of its run."""
    with _unpacked(installation, bundle) as (manifest, part):
        row, recorded = _in_database(installation, manifest.run_id)
        workspace = Workspace.open(installation.root, manifest.run_id)
        yield _Arrival(bundle, manifest, part, row, recorded, workspace)


@contextmanager
def _unpacked(installation: Installation, bundle: Path) -> Iterator[tuple[BundleManifest, Path]]:
    """Unpack into a hidden folder beside the runs, which is removed; a crash leaves it to the next start."""
    part = installation.root / "runs" / hidden_name("accept")
    try:
        for folder in (part, part / RUN, part / APPROVALS):
            folder.mkdir(mode=0o750)
    except OSError as error:
        message = f"{part}: {error.strerror}"
        raise Refused(StopCode.REFUSED_INPUT, message, to_write_below(part.parent)) from error
    try:
        yield unpack(bundle, lambda name, parts: _kept(part / name, parts)), part
    except OSError as error:
        if error.filename is not None and os.fspath(error.filename) == str(bundle):
            message, action = f"{bundle} could not be read: {error.strerror}", "Name the file of the bundle."
            raise Refused(StopCode.REFUSED_INPUT, message, action) from error
        message = f"{bundle} could not be read whole, or {part} not written: {error.strerror}"
        action = "Look at the file, and make room on the disk."
        raise Unmeasured(StopCode.INVARIANT_FAILED, message, action) from error
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


def _is_accepted(arrival: _Arrival) -> bool:
    last = next((change for event in reversed(arrival.recorded) if (change := change_of_hands(event))), None)
    return (
        arrival.row.held_by_way_of == Operation.ACCEPT
        and last is not None
        and last.bundle == arrival.manifest.digest
        and is_held_here(arrival.workspace.directory, arrival.row)
    )


def _verify_hand_over(arrival: _Arrival) -> str:
    row, digest = arrival.row, arrival.manifest.digest
    last = _until_hand_over(arrival.recorded)[-1:]
    handed = change_of_hands(last[0]) if last else None
    if handed is None or handed.bundle != digest:
        wanted = "it was never handed over" if handed is None else f"the last hand-over is of sha256 {handed.bundle}"
        message = f"{arrival.bundle}: manifest.json: run {row.run_id} does not wait for sha256 {digest}: {wanted}"
        raise Refused(StopCode.REFUSED_INPUT, message, f"See where the run is: cutter-console run show {row.run_id}")
    return f"the database has it: by {handed.operator} on {handed.host}"


def _verify_journal(arrival: _Arrival) -> str:
    until, workspace = _until_hand_over(arrival.recorded), arrival.handed
    anchors = anchored_events(until, workspace.directory, all_of_it=True)
    verdict = verify_journal(workspace.journal, anchors, arrival.row.run_id)
    if verdict.outcome in {Outcome.FAIL, Outcome.INCONCLUSIVE}:
        raise _damaged(arrival.bundle, "run/journal.jsonl", verdict.detail)
    handed = change_of_hands(until[-1])
    ends = verdict.head is not None and verdict.head.hash == until[-1].journal_head
    if not ends or handed is None or first_hash(workspace.journal) != handed.journal:
        raise _damaged(arrival.bundle, "run/journal.jsonl", "it does not end with the record of the hand-over")
    return f"whole, to the record of the hand-over; {counted(len(anchors), 'event')} in the database"


def _verify_request(arrival: _Arrival) -> str:
    request, row = arrival.handed.request(), arrival.row
    # The request of an edit names no operation of its own: its profile does.
    operation = RunOperation.EDIT if request.profile == EDIT_PROFILE else request.operation
    claimed = (request.run_id, operation, request.docprefix, request.operator, request.host)
    if claimed != (row.run_id, row.operation, row.docprefix, row.operator, row.host):
        raise _damaged(arrival.bundle, "run/request.json", "it is of another run than the database has")
    return f"{row.operation} of {row.docprefix}, started by {row.operator} on {row.host}"


def _verify_plan(arrival: _Arrival) -> str:
    row, workspace, request = arrival.row, arrival.handed, arrival.handed.request()
    wanted_files = {
        SOURCE: row.source_sha256,
        "plan.json": row.plan_digest,
        ACCEPT_FILE: request.accept_sha256,
        PROFILE_FILE: request.profile_sha256,
    }
    pinned = {name: sha256 for name, sha256 in wanted_files.items() if sha256}
    for name, sha256 in pinned.items():
        if not workspace.has_whole(name, sha256):
            raise _damaged(
                arrival.bundle, f"run/{name}", f"its sha256 is not {sha256}, which the run was recorded with"
            )
    return ", ".join(f"{name} {sha256[:16]}" for name, sha256 in pinned.items()) or "none is due yet"


def _verify_members(arrival: _Arrival) -> str:
    approvals = sorted(path.name for path in (arrival.part / APPROVALS).iterdir())
    strangers = [name for name in approvals if not name.startswith(f"{arrival.row.run_id}.")]
    if strangers or any(path.name.startswith(KEY_NAME) for path in arrival.handed.directory.iterdir()):
        name = f"{APPROVALS}/{strangers[0]}" if strangers else f"{RUN}/{KEY_NAME}"
        raise _damaged(arrival.bundle, name, "it does not belong to the run")
    return f"{counted(len(approvals), 'file')} of statements and signatures, all of this run; no key"


_NEW, _PLACES = "not held yet", "places"
_STEPS: tuple[tuple[str, Callable[[_Arrival], str]], ...] = (
    ("hand-over", _verify_hand_over),
    ("journal", _verify_journal),
    ("request", _verify_request),
    ("source and plan", _verify_plan),
    ("statements", _verify_members),
)
"""Steps of the verification before anything is kept, by name: each raises, or returns its finding in words."""


def _until_hand_over(recorded: tuple[EventRow, ...]) -> tuple[EventRow, ...]:
    """Return the events up to the last hand-over, whose record is the last one of the journal that was handed over."""
    last = max((number for number, event in enumerate(recorded) if event.phase == Operation.HAND_OVER), default=-1)
    return recorded[: last + 1]


def _damaged(bundle: Path, member: str, reason: str) -> Drifted:
    return Drifted(StopCode.INVARIANT_FAILED, f"{bundle}: {member}: {reason}", _AGAIN)


def _require_places(installation: Installation, arrival: _Arrival) -> str:
    """Raise Refused if what stands at the places of the files is something else than the run's."""
    for source, target in _statements(installation, arrival.part):
        if os.path.lexists(target) and not _is_same(source, target):
            message = f"{target} is there already, and is not {APPROVALS}/{source.name} of {arrival.bundle}"
            raise Refused(StopCode.REFUSED_INPUT, message, "Move it out of the folder, then do it again.")
    if not arrival.workspace.directory.is_dir():
        return "free"
    _require_of_run(arrival)
    return "what is there is the run's, from before"


def _statements(installation: Installation, part: Path) -> list[tuple[Path, Path]]:
    approvals = installation.root / APPROVALS
    return [(path, approvals / path.name) for path in sorted((part / APPROVALS).iterdir())]


def _put_in_place(installation: Installation, arrival: _Arrival) -> None:
    """Give the verified files their places; those that are there already stay. Raises Refused if one is another one."""
    _require_places(installation, arrival)
    part, workspace, pairs = arrival.part, arrival.workspace, _statements(installation, arrival.part)
    directory = workspace.directory
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


def _require_of_run(arrival: _Arrival) -> None:
    """Raise Refused if the run's directory has a journal that was never the run's, or one that is being written."""
    workspace = arrival.workspace
    journal, handed = workspace.journal, arrival.handed.journal
    if not journal.exists() or _continues(journal, handed):
        return
    look = f"See where the run is: cutter-console run show {workspace.run_id}"
    if is_running(journal):
        raise Refused(StopCode.LOCKED, f"another process works on run {workspace.run_id}", look)
    # A former holder has the beginning of the journal, to which the run comes back with what was written since.
    begun = {change.journal for event in arrival.recorded if (change := change_of_hands(event)) and change.begins}
    if first_hash(journal) not in begun | {first_hash(handed)}:
        message = f"{journal} is there already, and is not that of {arrival.bundle}"
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
