"""A batch from a folder or a queue file: its plans, and the requests of the runs that are started from them."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from console.backend.documents import intake
from console.backend.documents.acceptances import parse_acceptances
from console.backend.documents.batch_plan import documents_of, plan_batch
from console.backend.documents.limits import limits_of
from console.backend.host.installation import Installation
from console.backend.host.settings import Settings
from console.backend.model.batches import BatchDocument, BatchPlan, BatchSource, OnFailure
from console.backend.model.counting import counted
from console.backend.model.errors import Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.states import Mode
from console.backend.model.view_models import RunRequest
from console.backend.runs.taking_in import TakenIn, take_in

_MOST_NAMED = 5
"""Documents that have changed and that a refusal names."""
OnTakenIn = Callable[[Path, TakenIn], None]
"""Called with each document's path as soon as it lies in the intake folder."""


class PlannedSource:
    """The documents of a folder or queue, and their plans. Nothing is written for it."""

    def __init__(self, source: BatchSource, documents: tuple[BatchDocument, ...], plan: BatchPlan) -> None:
        self.source, self.documents, self.plan = source, documents, plan

    @classmethod
    def of(cls, root: Path, settings: Settings, source: BatchSource, now: Callable[[], datetime]) -> "PlannedSource":
        """Plan all documents of the source. Needs no database. Raises Refused if there are none, or none can be read."""
        documents = documents_of(source.path, source.profile, ordinals=source.ordinals)
        profiles = settings.under(root, settings.profiles)
        return cls(source, documents, plan_batch(documents, profiles, limits_of(settings), now))

    @property
    def refused(self) -> tuple[str, ...]:
        """Return the documents that cannot be planned, each with its reason."""
        return tuple(f"{d.name}: {d.detail}" for d in self.plan.documents if d.outcome is not Outcome.PASS)

    def require_as_seen(self, seen: BatchPlan) -> None:
        """Raise Refused, naming what is another by now, unless the plans are those that were shown."""
        if self.plan.digest == seen.digest:
            return
        differences = changed_documents(seen, self.plan)
        more = f" and {len(differences) - _MOST_NAMED:,} more" if len(differences) > _MOST_NAMED else ""
        message = f"the documents of {self.source.path} are others than were planned: {', '.join(differences[:_MOST_NAMED])}{more}"
        raise Refused(StopCode.REPLAY_CONFLICT, message, "Plan them again, and look at what has changed.")

    def require_startable(self, on_failure: OnFailure) -> None:
        """Raise Refused if no document can be planned, or one cannot and the batch would stop for it."""
        if not self.refused or (on_failure is OnFailure.SET_ASIDE and self.plan.n_planned):
            return
        message = f"{counted(len(self.refused), 'document')} cannot be planned, first {self.refused[0]}"
        action = f"See all of them: cutter-console batch plan {self.source.path}; or go on without them: --on-failure set-aside"
        raise Refused(StopCode.REFUSED_INPUT, message, action)

    def requests(
        self, installation: Installation, mode: Mode, on_taken_in: OnTakenIn = lambda *_: None
    ) -> tuple[tuple[str, RunRequest], ...]:
        """Take what was planned into the intake folder, and return the request of each run with its document's name."""
        pairs = zip(self.documents, self.plan.documents, strict=True)
        good = [document for document, planned in pairs if planned.outcome is Outcome.PASS]
        return tuple((document.name, _request(installation, document, mode, on_taken_in)) for document in good)


def changed_documents(seen: BatchPlan, plan: BatchPlan) -> tuple[str, ...]:
    """Pure: return each document with what has become of it since; that their order is another one if all are as they were."""
    before, now = _by_name(seen), _by_name(plan)
    names = dict.fromkeys((*now, *before))
    changes = tuple(
        f"{name} {'is new' if name not in before else 'is gone' if name not in now else 'has changed'}"
        for name in names
        if before.get(name) != now.get(name)
    )
    return changes or ("they stand in another order",)


def _by_name(plan: BatchPlan) -> dict[str, tuple[str, str]]:
    return {document.name: (document.docprefix, document.plan_digest) for document in plan.documents}


def _request(installation: Installation, document: BatchDocument, mode: Mode, on_taken_in: OnTakenIn) -> RunRequest:
    accept = b""
    if document.accept is not None:
        accept = intake.read_accept(document.accept)
        parse_acceptances(accept, str(document.accept))
    taken = take_in(installation, document.path)
    on_taken_in(document.path, taken)
    return RunRequest(
        origin=taken.origin,
        docprefix=document.docprefix,
        profile=document.profile,
        ordinals=document.ordinals,
        accept=accept.decode(),
        mode=mode,
    )
