"""A plan as the Documents screen shows it, and how it and its comparison with what is law are asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from console.backend.model.amendment import Moved
from console.backend.model.amendment_report import AmendmentReport
from console.backend.model.errors import CutterError
from console.backend.model.view_models import PlanView, RunRequest
from console.widgets.outline import Outline, outline

if TYPE_CHECKING:
    from console.backend.api import Backend


class Answer(Enum):
    """The comparison with what is law, as long as it is no report."""

    AWAITED = auto()
    """It is not known yet."""
    NO_LAW = auto()
    """Nothing of the document was ever law."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan as it is shown: the request, the answer, and the shape of its tree."""

    request: RunRequest
    view: PlanView
    outline: Outline


Compared = tuple[Planned, tuple[Moved, ...], AmendmentReport | CutterError | Answer]
"""A plan, the renumberings that were stated, and what the comparison with the law came to."""


def plan_of(request: RunRequest) -> "Callable[[Backend], Planned]":
    """Return the question for the plan of a document as it is requested."""

    def question(backend: "Backend") -> Planned:
        view = backend.plan(request.origin, request.docprefix, request.profile, request.ordinals)
        # What was shown is what is started, whatever becomes of the file.
        shown = request.model_copy(update={"accept": view.accept, "profile_sha256": view.profile_sha256})
        return Planned(shown, view, outline(view.document.units if view.document is not None else ()))

    return question


def compared(planned: Planned, moved: tuple[Moved, ...]) -> "Callable[[Backend], Compared]":
    """Return the question for what a plan changes in what is law, with these renumberings stated."""

    def question(backend: "Backend") -> Compared:
        try:
            return planned, moved, backend.compare(planned.view, moved) or Answer.NO_LAW
        except CutterError as error:
            # A plan needs no database: the failure is told when the comparison is asked for.
            return planned, moved, error

    return question
