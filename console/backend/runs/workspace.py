"""The files of one run: what was asked, the pinned source, the plan, and each phase's record."""

import errno
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache, lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Self, TypeVar

from pydantic import ValidationError, model_validator

from console.backend.documents.acceptances import acceptances_for
from console.backend.documents.limits import Limits
from console.backend.documents.own_profiles import ChosenProfile
from console.backend.host.cluster_directory import hidden_name
from console.backend.host.durable import replace_file_by_parts, sync_directory
from console.backend.host.regular_file import read_regular, regular_parts, sha256_file
from console.backend.host.runtime_tree import to_write_below, within
from console.backend.journal.journal_key import KEY_NAME, JournalKey
from console.backend.model.amendment import AmendmentCounts, Moved
from console.backend.model.canonical_json import canonical_json, sha256_hex
from console.backend.model.errors import Refused, StopCode, Unmeasured
from console.backend.model.ids import RUN_PREFIX, last_started_first
from console.backend.model.outcome import Check, Milliseconds, Outcome
from console.backend.model.plan import Acceptance, CutPlan, DocumentPlan
from console.backend.model.plan_binding import TableDelta, Target
from console.backend.model.purposes import RunOperation
from console.backend.model.safe_text import SafeText
from console.backend.model.states import Mode, Phase
from console.backend.model.value import Value

REQUEST_FILE = "request.json"
SOURCE = "source.raw"
MARKED = "marked.json"
ACCEPT_FILE = "accept.toml"
"""The accept file of a run that was started with one, byte for byte."""
PROFILE_FILE = "profile.toml"
"""The operator's own profile that a run was started with, byte for byte; there is none for a shipped one."""
MOST_BYTES = 1 << 30
"""A plan of the most units that are taken is far shorter, in bytes."""
LARGE_PLAN = 1 << 20
"""A plan of fewer bytes is read at once."""
_V = TypeVar("_V", bound=Value)


class RunRequestFile(Value):
    """Request that the run was started with."""

    run_id: str
    mode: Mode
    origin: SafeText
    docprefix: str
    profile: str
    ordinals: bool
    accept_sha256: str = ""
    """Digest of the run's accept file; empty without one."""
    profile_sha256: str = ""
    """Digest of the operator's own profile; empty for a profile that is shipped."""
    operation: RunOperation = RunOperation.CUT
    moved: tuple[Moved, ...] = ()
    """Renumberings that the operator stated; of an amendment only."""
    batch_id: str = ""
    """The batch that the run is a member of; empty if it stands by itself."""
    planner: str = ""
    """Digest of the program that plans, with its limits (`runs/known_plans.py`); empty in the files of older runs."""
    operator: SafeText
    host: SafeText
    started_at: datetime


class PlanFacts(Value):
    """A plan without its units."""

    n_units: int
    n_suspects: int = 0
    """Number of lines that read like the beginning of a unit and open none."""
    n_acceptances: int = 0
    n_dropped: int = 0
    plan_digest: str
    content_digest: str
    target: Target
    deltas: tuple[TableDelta, ...]
    source_sha256: str = ""
    """Digest of the pinned snapshot's bytes; empty in the files of older runs."""
    profile_sha256: str = ""
    """Digest of the operator's own profile; empty for a profile that is shipped."""
    amendment: AmendmentCounts | None = None
    base_run_id: str = ""
    """The run whose law the plan amends or repeals; empty for a first cut."""


class PhaseRecord(Value):
    """Result of a phase: its checks with their evidence."""

    phase: Phase
    outcome: Outcome
    detail: SafeText
    started_at: datetime
    took_ms: Milliseconds
    checks: tuple[Check, ...]

    @model_validator(mode="after")
    def _pass_needs_evidence(self) -> Self:
        if self.outcome is Outcome.PASS and not any(check.evidence for check in self.checks):
            raise ValueError(f"{self.phase}: PASS without evidence")
        return self


def newest_first(root: Path) -> Iterator[Path]:
    """Yield the directories of runs, the run that was asked for last first. Raises OSError if runs/ cannot be read.

    By their requests and not by the times of files: a bundle that was accepted has brought files of an older run.
    """
    runs = [directory for directory in (root / "runs").iterdir() if directory.name.startswith(RUN_PREFIX)]
    return last_started_first(runs, attrgetter("name"), _requested_at)


def _requested_at(directory: Path) -> datetime:
    try:
        return Workspace(directory).request().started_at
    except Refused:
        return datetime.min.replace(tzinfo=UTC)


class Workspace:
    """`runs/<run id>/` below the root, 0750; files are written whole, fsynced and renamed into place."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._marked: DocumentPlan | None = None
        self._let_go: tuple[str, tuple[str, str]] | None = None
        """Content digest of the document that was let go of, and those of its parts."""
        self._plan: CutPlan | None = None

    @classmethod
    def create(cls, root: Path, request: RunRequestFile, accept: bytes = b"", profile: bytes = b"") -> Self:
        """Make the directory of a new run, with its request, accept file and own profile in it, or not at all.

        Raises Refused if the id is taken.
        """
        workspace = cls(root / "runs" / request.run_id)
        draft = cls(root / "runs" / hidden_name(request.run_id))
        try:
            # A rename would replace an empty directory of that name.
            if workspace.directory.exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            draft.directory.mkdir(mode=0o750)
            draft.write(REQUEST_FILE, canonical_json(request))
            if request.accept_sha256:
                draft.write(ACCEPT_FILE, accept)
            if request.profile_sha256:
                draft.write(PROFILE_FILE, profile)
            draft.directory.rename(workspace.directory)
            sync_directory(workspace.directory.parent)
        except OSError as error:
            message = f"{workspace.directory}: {error.strerror}"
            raise Refused(StopCode.REFUSED_INPUT, message, to_write_below(workspace.directory.parent)) from error
        return workspace

    @classmethod
    def open(cls, root: Path, run_id: str) -> Self:
        """Return the workspace of a run that may not exist. Raises Refused if the id is no plain name below the root."""
        return cls(within(root, "runs", run_id))

    @property
    def run_id(self) -> str:
        """The run's id, which names its directory."""
        return self.directory.name

    @property
    def journal(self) -> Path:
        """The run's journal."""
        return self.directory / "journal.jsonl"

    def journal_key(self) -> JournalKey:
        """Return what vouches for this journal's events in the database."""
        return JournalKey.load_or_create(self.directory)

    def set_key_aside(self) -> None:
        """Keep the journal's key under another name: what is written from now on does not pass for the old journal."""
        with suppress(FileNotFoundError):
            key = self.directory / KEY_NAME
            key.rename(key.with_name(f"{key.name}.aside-{secrets.token_hex(4)}"))

    def write(self, name: str, data: bytes) -> None:
        """Write one file, whole or not at all. Raises Unmeasured if it cannot be written."""
        self.write_parts(name, (data,))

    def write_parts(self, name: str, parts: Iterable[bytes]) -> str:
        """Write one file part after part, whole or not at all; return its sha256. Raises Unmeasured as `write` does."""
        try:
            return replace_file_by_parts(self.directory / name, parts)
        except OSError as error:
            raise Unmeasured(
                StopCode.INVARIANT_FAILED,
                f"{self.directory / name} could not be written: {error.strerror}",
                "Make room on the disk.",
            ) from error

    def read(self, name: str) -> bytes:
        """Return one file's bytes. Raises Refused if it cannot be read."""
        path = self.directory / name
        try:
            return read_regular(path, MOST_BYTES)
        except OSError as error:
            raise _unreadable(path, error) from error

    def sha256(self, name: str) -> str:
        """Return the sha256 of one file. Raises Refused if it cannot be read."""
        path = self.directory / name
        try:
            return sha256_file(path)
        except OSError as error:
            raise _unreadable(path, error) from error

    def request(self) -> RunRequestFile:
        """Return what the run was started with. Raises Refused if there is no such run below this root, or the file is damaged."""
        if not (self.directory / REQUEST_FILE).exists():
            message = f"no run {self.directory.name} below {self.directory.parent}"
            raise Refused(StopCode.REFUSED_INPUT, message, "See the runs there are: cutter-console run list")
        return self._parsed(RunRequestFile, REQUEST_FILE)

    def restore_request(self, request: RunRequestFile) -> None:
        """Write the request again, and make the directory, if either is gone or damaged."""
        self.directory.mkdir(mode=0o750, exist_ok=True)
        try:
            self.request()
        except Refused:
            self.write(REQUEST_FILE, canonical_json(request))

    def has_whole(self, name: str, sha256: str) -> bool:
        """Return whether a file is there with exactly the bytes of this digest; read again only if it has changed."""
        path = self.directory / name
        try:
            status = path.lstat()
        except OSError:
            return False
        try:
            return _digest(path, status.st_ino, status.st_size, status.st_mtime_ns) == sha256
        except OSError:
            return False

    def source(self) -> bytes:
        """Return the pinned raw bytes."""
        return self.read(SOURCE)

    def acceptances(self, request: RunRequestFile, limits: Limits) -> tuple[Acceptance, ...]:
        """Return the acceptances that the run was started with.

        Raises Refused if their file is not the one it was given, or names another text than the pinned one.
        """
        if not request.accept_sha256:
            return ()
        data = self._as_started(ACCEPT_FILE, request.accept_sha256)
        return acceptances_for(self.source(), data, ACCEPT_FILE, limits)

    def profile(self, request: RunRequestFile) -> ChosenProfile:
        """Return the profile that the run was started with, whatever the folder of own profiles holds by now.

        Raises Refused if its file is not the one it was given.
        """
        if not request.profile_sha256:
            return ChosenProfile(request.profile)
        return ChosenProfile(request.profile, self._as_started(PROFILE_FILE, request.profile_sha256))

    def _as_started(self, name: str, sha256: str) -> bytes:
        data = self.read(name)
        if sha256_hex(data) != sha256:
            message = f"{self.directory / name} is not the file that the run was started with"
            raise _cannot_go_on(self.directory, message)
        return data

    def marked(self) -> DocumentPlan:
        """Return the document as the first pass planned it."""
        if self._marked is None:
            self._marked = self._read_parts(MARKED, DocumentPlan.read_parts)
        return self._marked

    def write_marked(self, document: DocumentPlan) -> None:
        """Keep the document as the first pass planned it; the file's sha256 is its content digest."""
        self._marked = document.of_digest(self.write_parts(MARKED, document.json_parts()))

    def let_go_of_marked(self) -> None:
        """Take the document out of memory; it is read again if it is asked for."""
        if self._marked is not None:
            self._let_go = self._marked.content_digest, self._marked.digests_of_parts
        self._marked = None

    def content_digest(self, document: DocumentPlan) -> str:
        """Return the content digest of a document; that of one which equals the document let go of is not computed again."""
        if self._let_go is not None and self._let_go[1] == document.digests_of_parts:
            return document.of_digest(self._let_go[0]).content_digest
        return document.content_digest

    def take_as_marked(self, document: DocumentPlan) -> None:
        """Take a document whose digest is that of the file as the one that the file holds, without reading it."""
        self._marked = document

    def plan(self) -> CutPlan:
        """Return the plan; read once, because a plan never changes. The caller compares its digest."""
        if self._plan is None:
            self._plan = self._last_plan() or self._read_parts("plan.json", self._plan_in)
            self._remember(self._plan)
        return self._plan

    def _plan_in(self, parts: Callable[[], Iterable[bytes]]) -> CutPlan:
        """Return the plan in these parts. The units of a large one that is as it was written are read if they are asked for."""
        try:
            is_large = (self.directory / "plan.json").stat().st_size >= LARGE_PLAN
            digest = self._parsed(PlanFacts, "plan-facts.json").plan_digest if is_large else ""
        except (OSError, Refused):
            digest = ""
        return CutPlan.read_known(parts, digest) if digest else CutPlan.read_parts(parts)

    def _last_plan(self) -> CutPlan | None:
        """Return the plan that this process read last, if it is this file's as it is now."""
        known = _LAST_PLAN.get(self.directory / "plan.json")
        return known[1] if known is not None and known[0] == self._plan_status() else None

    def _remember(self, plan: CutPlan) -> None:
        """Keep the plan for the next workspace of this run: a command opens several, and a large plan is long to read."""
        if status := self._plan_status():
            _LAST_PLAN.clear()
            _LAST_PLAN[self.directory / "plan.json"] = (status, plan)

    def _plan_status(self) -> tuple[int, int, int] | None:
        try:
            status = (self.directory / "plan.json").lstat()
        except OSError:
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns

    def write_plan(self, plan: CutPlan) -> None:
        """Keep the plan, whose file's sha256 is the plan digest, and the few facts of it that lists show."""
        # The plan first: its facts can be made from it again, not the other way round.
        plan = plan.of_digest(self.write_parts("plan.json", plan.json_parts()))
        self.write("plan-facts.json", canonical_json(_facts_of(plan)))
        self._plan = plan

    def plan_facts(self) -> PlanFacts | None:
        """Return the plan without its units; made from the plan itself if the file of these facts is gone. None without either."""
        try:
            facts = self._parsed(PlanFacts, "plan-facts.json")
            # Written before the base was among them, it is read from the plan.
            if facts.amendment is None or facts.base_run_id:
                return facts
        except Refused:
            if not (self.directory / "plan.json").exists():
                return None
        try:
            return _facts_of(self.plan())
        except Refused:
            return None

    def set_plan_aside(self) -> None:
        """Rename a plan that is made again, with its phases' records, so that an auditor finds what was signed before."""
        if not (self.directory / "plan.json").exists():
            return
        word = self.sha256("plan.json")[:8]
        (self.directory / "plan-facts.json").unlink(missing_ok=True)
        # The plan last: after a crash in between, the next call finds it and goes on.
        kept = [
            record_name(phase) for phase in Phase if Phase.SOURCE_PIN.number < phase.number < Phase.CUT_LEG_A.number
        ]
        for name in (*kept, "plan.json"):
            path = self.directory / name
            if path.exists():
                path.rename(path.with_name(f"{path.stem}-{word}.json"))
        self._plan = None

    def write_record(self, record: PhaseRecord) -> None:
        """Keep a phase's record; the last one of a phase counts."""
        self.write(record_name(record.phase), canonical_json(record))

    def record(self, phase: Phase) -> PhaseRecord | None:
        """Return a phase's record, or None if the phase has not ended here."""
        if not (self.directory / record_name(phase)).exists():
            return None
        return self._parsed(PhaseRecord, record_name(phase))

    def _parsed(self, kind: type[_V], name: str) -> _V:
        return self._read(name, kind.model_validate_json)

    def _read(self, name: str, parse: Callable[[bytes], _V]) -> _V:
        try:
            return parse(self.read(name))
        except ValidationError as error:
            raise self._damaged(name) from error

    def _read_parts(self, name: str, parse: Callable[[Callable[[], Iterable[bytes]]], _V]) -> _V:
        """Return what a large file holds. Raises Refused as `read` does, and if the file is damaged."""
        path = self.directory / name
        try:
            return parse(lambda: regular_parts(path, MOST_BYTES))
        except OSError as error:
            raise _unreadable(path, error) from error
        except ValueError as error:
            raise self._damaged(name) from error

    def _damaged(self, name: str) -> Refused:
        return _cannot_go_on(self.directory, f"{self.directory / name} is damaged")


def _unreadable(path: Path, error: OSError) -> Refused:
    return _cannot_go_on(path.parent, f"{path}: {error.strerror}")


def _cannot_go_on(directory: Path, message: str) -> Refused:
    """Return the refusal of what needs a file of the run: what it wrote may stand, and can be taken back without that file."""
    action = f"This run cannot go on. Take back or end what there is of it: cutter-console run show {directory.name}"
    return Refused(StopCode.INVARIANT_FAILED, message, action)


_LAST_PLAN: dict[Path, tuple[tuple[int, int, int], CutPlan]] = {}
"""The plan that was read last, with inode, size and time of its file."""


@lru_cache(maxsize=64)
def _digest(path: Path, _inode: int, _size: int, _changed_ns: int) -> str:
    """Return the file's sha256, cached by inode, size and time: a screen asks every second, and a large plan is long."""
    return sha256_file(path)


def _facts_of(plan: CutPlan) -> PlanFacts:
    if plan.world is None:
        raise Refused(StopCode.INVARIANT_FAILED, "the plan is bound to no database", "Start another run.")
    return PlanFacts(
        n_units=plan.n_units,
        n_suspects=len(plan.document.suspects),
        n_acceptances=len(plan.document.acceptances),
        n_dropped=len(plan.document.dropped),
        plan_digest=plan.plan_digest,
        content_digest=plan.document.content_digest,
        target=plan.world.target,
        deltas=plan.expected_deltas,
        source_sha256=plan.document.source.sha256,
        profile_sha256=plan.document.profile_sha256,
        amendment=plan.amendment.counts if plan.amendment else None,
        base_run_id=plan.amendment.base_run_id if plan.amendment else "",
    )


@cache
def record_name(phase: Phase) -> str:
    """Return the name of a phase's record in the run's directory."""
    return f"{phase.number:02d}-{phase.value}.json"
