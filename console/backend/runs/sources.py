"""A run's source text: from a file of the intake folder, or live from the database; and its plan."""

from pathlib import Path

from console.backend.documents import intake
from console.backend.documents.canonical import Handover
from console.backend.documents.limits import limits_of
from console.backend.documents.own_planning import pinned_by, plan_chosen
from console.backend.documents.own_profiles import ChosenProfile
from console.backend.documents.own_worker import PROFILE_CODES
from console.backend.documents.refusals import plan_command, refused_document
from console.backend.documents.source_text import canonical_of
from console.backend.host.installation import Installation
from console.backend.model.errors import Refused, StopCode
from console.backend.model.plan import Acceptance, DocumentPlan, Problem, SourceVersion
from console.backend.model.purposes import RunOperation
from console.backend.model.repeal import NO_TEXT, no_document, no_source
from console.backend.postgres.live_text import read_live_text
from console.backend.runs.workspace import RunRequestFile

_ACCEPT = Path("ACCEPT")
"""Stands for the accept file, which the operator named: a run keeps its bytes alone."""


def read_source(installation: Installation, origin: str) -> bytes:
    """Return the raw bytes of `file:<name>` or `live:<docprefix>`. Raises Refused if the source is unusable."""
    kind, _, name = origin.partition(":")
    if kind == "live" and name:
        return read_live_text(installation.settings.database.monitor, name, installation.settings.limits.max_bytes)
    if kind == "file" and name:
        return intake.read_source(
            installation.intake / name, folder=installation.intake, limits=limits_of(installation.settings)
        ).raw
    raise Refused(
        StopCode.REFUSED_INPUT,
        f"{origin}: neither file:<name> nor live:<document>",
        "Name a document of the intake folder as file:<name>, or a document of the database as live:<docprefix>.",
    )


def source_of(installation: Installation, request: RunRequestFile) -> bytes:
    """Return the raw bytes of a run's source; a repeal has none. Raises Refused if the source is unusable."""
    return NO_TEXT if request.operation is RunOperation.REPEAL else read_source(installation, request.origin)


def pinned(installation: Installation, request: RunRequestFile, raw: bytes, profile: ChosenProfile) -> SourceVersion:
    """Return the snapshot that a run is pinned to. Raises RefusedText."""
    if request.operation is RunOperation.REPEAL:
        return no_source(request.docprefix)
    return pinned_by(profile, raw, origin=request.origin, limits=limits_of(installation.settings))


def canonical_bytes(installation: Installation, request: RunRequestFile, raw: bytes) -> bytes:
    """Return the canonical text of a run's pinned source. Raises RefusedText."""
    if request.operation is RunOperation.REPEAL:
        return NO_TEXT
    return canonical_of(raw, request.profile, limits_of(installation.settings)).of(raw)


def planned(
    installation: Installation,
    request: RunRequestFile,
    raw: Handover,
    profile: ChosenProfile,
    acceptances: tuple[Acceptance, ...],
) -> DocumentPlan:
    """Plan the document; one that is repealed has no text. Raises Refused with every problem and its line."""
    if request.operation is RunOperation.REPEAL:
        return no_document(request.docprefix)
    result = plan_chosen(
        profile,
        raw,
        origin=request.origin,
        docprefix=request.docprefix,
        ordinals=request.ordinals,
        acceptances=acceptances,
        limits=limits_of(installation.settings),
    )
    if result.plan is None or result.problems:
        raise refused_document(request.origin, result.problems, _what_to_do(installation, request, result.problems))
    return result.plan


def _what_to_do(installation: Installation, request: RunRequestFile, problems: tuple[Problem, ...]) -> str:
    if any(problem.code in PROFILE_CODES for problem in problems):
        return f"Correct the profile, then: cutter-console profile check {request.profile} --on FILE"
    kind, _, name = request.origin.partition(":")
    if kind != "file":
        return "Correct the text that the query gives; the Documents screen lists every problem."
    path, accept = installation.intake / name, _ACCEPT if request.accept_sha256 else None
    plan = plan_command(path, request.docprefix, request.profile, ordinals=request.ordinals, accept=accept)
    return f"Correct the document{' or the accept file' if accept else ''}; every problem: {plan}"
