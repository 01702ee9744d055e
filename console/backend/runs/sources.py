"""A run's source text: from a file of the intake folder, or live from the database; and its plan."""

from console.backend.documents import intake
from console.backend.documents.limits import Limits
from console.backend.documents.own_planning import plan_chosen
from console.backend.documents.own_profiles import ChosenProfile
from console.backend.host.installation import Installation
from console.backend.host.settings import Settings
from console.backend.model.errors import Refused, StopCode
from console.backend.model.plan import Acceptance, DocumentPlan, Problem
from console.backend.postgres.live_text import read_live_text
from console.backend.runs.workspace import RunRequestFile


def limits(settings: Settings) -> Limits:
    """Return the configured limits."""
    return Limits.model_validate(settings.limits.model_dump())


def read_source(installation: Installation, origin: str) -> bytes:
    """Return the raw bytes of `file:<name>` or `live:<docprefix>`. Raises Refused if the source is unusable."""
    kind, _, name = origin.partition(":")
    if kind == "live" and name:
        return read_live_text(installation.settings.database.monitor, name, installation.settings.limits.max_bytes)
    if kind == "file" and name:
        return intake.read_source(
            installation.intake / name, folder=installation.intake, limits=limits(installation.settings)
        ).raw
    raise Refused(
        StopCode.REFUSED_INPUT,
        f"{origin}: neither file:<name> nor live:<document>",
        "Name a document of the intake folder as file:<name>, or a document of the database as live:<docprefix>.",
    )


def planned(
    installation: Installation,
    request: RunRequestFile,
    raw: bytes,
    profile: ChosenProfile,
    acceptances: tuple[Acceptance, ...],
) -> DocumentPlan:
    """Plan the document. Raises Refused with every problem and its line."""
    result = plan_chosen(
        profile,
        raw,
        origin=request.origin,
        docprefix=request.docprefix,
        ordinals=request.ordinals,
        acceptances=acceptances,
        limits=limits(installation.settings),
    )
    if result.plan is None or result.problems:
        raise refused_document(request.origin, result.problems)
    return result.plan


def refused_document(origin: str, problems: tuple[Problem, ...]) -> Refused:
    """Return one refusal for all problems of a document, with their lines."""
    listed = "; ".join(f"line {problem.line}: {problem.message} ({problem.code})" for problem in problems[:10])
    more = f"; and {len(problems) - 10} more" if len(problems) > 10 else ""
    return Refused(
        StopCode.REFUSED_INPUT,
        f"{origin}: {listed}{more}",
        "Correct the document; for the list of every problem: cutter-console plan.",
    )
