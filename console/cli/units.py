"""unit retire, unit supersede: an amendment whose text is made from the law, for exactly one unit."""

import contextlib
from pathlib import Path

from console.backend.documents import intake
from console.backend.documents.canonical import canonical_text
from console.backend.documents.limits import limits_of
from console.backend.documents.own_planning import plan_chosen
from console.backend.documents.refusals import plan_command, refused_document
from console.backend.host.durable import sync_directory
from console.backend.host.installation import Installation
from console.backend.model.amendment_report import amendment_lines
from console.backend.model.errors import ExitStatus, Refused, StopCode
from console.backend.model.states import Mode
from console.backend.model.view_models import RunRequest
from console.backend.runs.derived_texts import DerivedText, derive, profile_of, require_alone
from console.backend.runs.revision import compare_with_law
from console.cli.arguments import Options
from console.cli.installation import backend_of
from console.cli.output import narrate
from console.cli.plans import keep_new_file, read_acceptances
from console.cli.runs import accept_text, start_run
from console.cli.unit_requests import AmendUnit, RetireUnit, SupersedeUnit


def retire(options: Options, request: RetireUnit) -> ExitStatus:
    """Start an amendment whose text is the law without this unit: DRYRUN unless --live."""
    return _amend(options, request, "unit retire", None)


def supersede(options: Options, request: SupersedeUnit) -> ExitStatus:
    """Start an amendment whose text is the law with another text for this unit: DRYRUN unless --live."""
    return _amend(options, request, "unit supersede", request.text)


def _amend(options: Options, request: AmendUnit, command: str, file: Path | None) -> ExitStatus:
    backend = backend_of(options)
    installation, most = backend.installation, limits_of(backend.installation.settings)
    replacement = None
    if file is not None:
        raw = intake.read_source(file, folder=file.parent, limits=most).raw
        replacement = canonical_text(raw, most).data
    derived = derive(installation, request.address, replacement)
    profile = _planned_alone(installation, request, derived)
    _keep(installation, derived)
    return start_run(
        options,
        command,
        backend,
        RunRequest(
            origin=derived.origin,
            docprefix=derived.docprefix,
            profile=profile,
            ordinals=request.ordinals,
            accept=accept_text(request.accept),
            mode=Mode.LIVE if request.live else Mode.DRYRUN,
            amend=True,
        ),
    )


def _planned_alone(installation: Installation, request: AmendUnit, derived: DerivedText) -> str:
    """Return the profile's name once the text, read again, differs in this unit alone. Raises Refused."""
    most, profile = limits_of(installation.settings), profile_of(installation, derived, request.profile)
    result = plan_chosen(
        profile,
        derived.text,
        origin=derived.origin,
        docprefix=derived.docprefix,
        ordinals=request.ordinals,
        acceptances=read_acceptances(request.accept, derived.text, most),
        limits=most,
    )
    if result.plan is None or result.problems:
        again = plan_command("NEW", derived.docprefix, profile.name, ordinals=request.ordinals, accept=request.accept)
        show = f"cutter-console document show {derived.docprefix} --out NEW"
        raise refused_document(
            derived.file_name, result.problems, f"Take the text, change it, and plan it: {show}; {again}"
        )
    revision = compare_with_law(installation, result.plan, result.canonical)
    require_alone(derived, revision, result.plan, result.canonical)
    for line in amendment_lines(revision.report()):
        narrate(line)
    return profile.name


def _keep(installation: Installation, derived: DerivedText) -> None:
    """Write the file of the intake folder that holds the text; an equal one that is there is kept, another never replaced."""
    path = installation.intake / derived.file_name
    if not path.exists():
        if path.parent.is_symlink():
            raise Refused(StopCode.REFUSED_INPUT, f"{path.parent} is a link", "Move it away, then do it again.")
        with contextlib.suppress(OSError):  # What keeps the folder from being made keeps the file: its refusal says it.
            path.parent.mkdir(mode=0o750, exist_ok=True)
            sync_directory(path.parent.parent)
        keep_new_file(path, derived.text)
        narrate(f"wrote {path}")
    elif path.read_bytes() != derived.text:
        message = f"{path} is there with other content"
        raise Refused(StopCode.REFUSED_INPUT, message, "Move it away, then do it again.")
