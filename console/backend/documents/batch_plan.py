"""The documents of a batch, out of a folder or a queue file, and their plans, made in as many processes as there are cores."""

import re
import shlex
import time
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ConfigDict, Field, ValidationError

from console.backend.documents.acceptances import SUFFIX_OF_FILE, acceptances_for
from console.backend.documents.addresses import docprefix_problem
from console.backend.documents.folder_plan import FolderEntry, list_documents, plan_entries, worker_count
from console.backend.documents.folder_report import FolderDocument, FolderRequest
from console.backend.documents.intake import read_accept, read_source, suffixes_of
from console.backend.documents.limits import Limits
from console.backend.documents.own_planning import require_fit
from console.backend.documents.own_profiles import ChosenProfile, choose_profile
from console.backend.documents.own_worker import plan_here
from console.backend.documents.planning import PlanResult, plan_document
from console.backend.model.batches import BatchDocument, BatchPlan, PlannedDocument
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.plan import Problem, bind
from console.backend.model.profile_names import AKN_PROFILE, DEFAULT_PROFILE
from console.backend.model.unreadable import why_unreadable
from console.backend.model.value import Value

_MOST_QUEUE_BYTES = 1 << 22
_MOST_DOCUMENTS = 5000
_OTHER_SOURCE = "Name a folder that can be read, or a queue file whose name ends in .toml"
_NOT_IN_PREFIX = re.compile(r"[^A-Z0-9]+")


class _QueueEntry(Value):
    model_config = ConfigDict(extra="forbid")

    file: str
    docprefix: str
    profile: str = ""
    ordinals: bool = False
    accept: str = ""


class _Queue(Value):
    model_config = ConfigDict(extra="forbid")

    profile: str = DEFAULT_PROFILE
    ordinals: bool = False
    document: tuple[_QueueEntry, ...] = Field(min_length=1)


class PlannedEntry(FolderDocument):
    """A planned document with the digest of its plan."""

    plan_digest: str = ""


@dataclass(frozen=True, slots=True)
class BatchPlanning(FolderRequest):
    """Request for the workers that plan a batch: its documents, by their number, and the profiles that they name."""

    documents: tuple[BatchDocument, ...] = ()
    profiles: tuple[ChosenProfile, ...] = ()

    def profile_of(self, document: BatchDocument) -> ChosenProfile:
        """Return the profile of a document."""
        return next(profile for profile in self.profiles if profile.name == document.profile)


def documents_of(source: Path, profile: str, *, ordinals: bool) -> tuple[BatchDocument, ...]:
    """Return the documents that a batch is made of: those below a folder, or those that a queue file lists, in its order.

    In a folder the prefix of a document is made of its file's name, and profile and numbering are the same for all. What
    cannot be in a batch is named with its reason. Raises Refused if the source itself cannot be read, or lists nothing.
    """
    documents = (
        _of_queue(source) if source.suffix == ".toml" and source.is_file() else _of_folder(source, profile, ordinals)
    )
    if not documents:
        raise _refused(
            f"no document was found below {source}", f"Name a folder with documents; see: ls {shlex.quote(str(source))}"
        )
    if len(documents) > _MOST_DOCUMENTS:
        raise _refused(f"{source} has {len(documents)} documents, a batch {_MOST_DOCUMENTS}", "Make several batches.")
    return _told_apart(documents)


def _of_folder(folder: Path, profile: str, ordinals: bool) -> tuple[BatchDocument, ...]:
    return tuple(
        BatchDocument(
            name=entry.name,
            path=folder / entry.name,
            docprefix=prefix_of(entry.name),
            profile=profile,
            ordinals=ordinals,
            accept=_accept_beside(folder / entry.name),
            refused=entry.refusal.refused[0].message if entry.refusal else "",
        )
        for entry in list_documents(folder, suffixes_of(profile), _OTHER_SOURCE)
    )


def _accept_beside(path: Path) -> Path | None:
    beside = path.with_name(path.name + SUFFIX_OF_FILE)
    return beside if beside.is_file() else None


def prefix_of(name: str) -> str:
    """Return a document prefix made of a file's name: its letters without marks and its digits, all else a hyphen."""
    letters = unicodedata.normalize("NFKD", Path(name).stem).encode("ascii", "ignore").decode().upper()
    return _NOT_IN_PREFIX.sub("-", letters).strip("-")


def _of_queue(path: Path) -> tuple[BatchDocument, ...]:
    try:
        raw = read_source(path).raw
        if len(raw) > _MOST_QUEUE_BYTES:
            raise _refused(f"{path} has more than {_MOST_QUEUE_BYTES} bytes", "Make several batches.")
        queue = _Queue.model_validate(tomllib.loads(raw.decode()))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        reason = "; ".join(why_unreadable(error).splitlines()[:3])
        raise _refused(
            f"{path} is no queue of documents: {reason}", "See its form: cutter-console help many documents: a batch"
        ) from error
    return tuple(
        BatchDocument(
            name=entry.file,
            path=path.parent / entry.file,
            docprefix=entry.docprefix,
            profile=entry.profile or queue.profile,
            ordinals=entry.ordinals or queue.ordinals,
            accept=path.parent / entry.accept if entry.accept else None,
        )
        for entry in queue.document
    )


def _told_apart(documents: tuple[BatchDocument, ...]) -> tuple[BatchDocument, ...]:
    """Refuse the documents whose prefix or file name in the intake folder is not theirs alone, or cannot be one."""
    prefixes = Counter(document.docprefix for document in documents)
    names = Counter(document.path.name for document in documents)

    def reason(document: BatchDocument) -> str:
        problem = docprefix_problem(document.docprefix)
        if problem is not None:
            return problem.message
        if prefixes[document.docprefix] > 1:
            return f"the document prefix {document.docprefix} is given to {prefixes[document.docprefix]} documents"
        if names[document.path.name] > 1:
            return f"{names[document.path.name]} documents have the file name {document.path.name}"
        return ""

    return tuple(
        document if document.refused else document.model_copy(update={"refused": reason(document)})
        for document in documents
    )


def _refused(message: str, action: str) -> Refused:
    return Refused(StopCode.REFUSED_INPUT, message, action)


def plan_member(request: FolderRequest, _name: str, number: int) -> PlannedEntry:
    """Plan the document of this number in a worker, with its own prefix and profile."""
    assert isinstance(request, BatchPlanning), "made by plan_batch alone"
    document = request.documents[number - 1]
    profile, size = request.profile_of(document), 0
    try:
        raw = read_source(document.path, folder=document.path.parent, limits=request.limits).raw
        size = len(raw)
        accepted = (
            acceptances_for(raw, read_accept(document.accept), str(document.accept), request.limits)
            if document.accept
            else ()
        )
    except Refused as refusal:
        return PlannedEntry.unread(document.name, refusal)
    origin = f"file:{document.path.name}"
    result: PlanResult | Problem
    if profile.is_own:
        result = plan_here(
            profile,
            raw,
            origin=origin,
            docprefix=document.docprefix,
            ordinals=document.ordinals,
            acceptances=accepted,
            limits=request.limits,
        )
    else:
        result = plan_document(
            raw,
            origin=origin,
            docprefix=document.docprefix,
            profile=profile.name,
            ordinals=document.ordinals,
            acceptances=accepted,
            limits=request.limits,
        )
    if isinstance(result, Problem):
        return PlannedEntry.unfit(document.name, size, result)
    entry = PlannedEntry.of(document.name, size, result)
    digest = bind(result.plan, None).plan_digest if result.plan and not result.problems else ""
    return entry.model_copy(update={"plan_digest": digest})


def plan_batch(
    documents: tuple[BatchDocument, ...],
    profiles_folder: Path,
    limits: Limits,
    now: Callable[[], datetime],
    finished: Callable[[FolderEntry], None] = lambda _: None,
) -> BatchPlan:
    """Plan every document of a batch. Raises Refused if a profile is unknown, or an operator's own one cannot be used."""
    profiles = tuple(choose_profile(name, profiles_folder) for name in sorted({d.profile for d in documents}))
    for profile in profiles:
        if profile.name != AKN_PROFILE:
            require_fit(profile, limits)
    request = BatchPlanning(Path(), profiles[0], limits=limits, documents=documents, profiles=profiles)
    entries = tuple(FolderEntry(document.name, _size(document), _refusal(document)) for document in documents)
    workers, began = worker_count(entries), time.monotonic()
    with closing(plan_entries(request, entries, workers, plan=plan_member, finished=finished)) as planned:
        results = tuple(
            _planned(number, document, result)
            for number, (document, result) in enumerate(zip(documents, planned, strict=True), 1)
        )
    good = [result for result in results if result.outcome is Outcome.PASS]
    lines = (f"{result.position}\t{result.docprefix}\t{result.plan_digest}" for result in good)
    unmeasured = any(result.outcome is Outcome.INCONCLUSIVE for result in results)
    refused = len(results) - len(good)
    return BatchPlan(
        outcome=Outcome.PASS if not refused else Outcome.INCONCLUSIVE if unmeasured else Outcome.FAIL,
        measured_at=now(),
        digest=sha256_hex("\n".join(lines).encode()),
        documents=results,
        n_planned=len(good),
        n_refused=refused,
        n_units=sum(result.n_units for result in good),
        workers=workers,
        seconds=round(time.monotonic() - began, 3),
    )


def _size(document: BatchDocument) -> int:
    try:
        return document.path.stat().st_size
    except OSError:
        return 0


def _refusal(document: BatchDocument) -> FolderDocument | None:
    if not document.refused:
        return None
    return PlannedEntry.unread(document.name, _refused(document.refused, "List it in a queue file with a prefix."))


def _planned(position: int, document: BatchDocument, result: FolderDocument) -> PlannedDocument:
    digest = result.plan_digest if isinstance(result, PlannedEntry) else ""
    first = result.refused[0] if result.refused else None
    place = f"line {first.line}: " if first is not None and first.line else ""
    return PlannedDocument(
        position=position,
        name=document.name,
        docprefix=document.docprefix,
        profile=document.profile,
        outcome=result.outcome,
        bytes=result.bytes,
        n_units=result.n_units,
        n_suspects=result.n_suspects,
        plan_digest=digest,
        detail=f"{first.code}: {place}{first.message}" if first is not None else "",
    )
