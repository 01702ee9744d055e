"""document export: a document as Akoma Ntoso, text or JSON; lxml is loaded for the first alone, a driver for the database."""

import shlex
import sys
from pathlib import Path

from console.backend.documents import intake
from console.backend.documents.acceptances import acceptances_for
from console.backend.documents.export_json import exported_json, exported_text
from console.backend.documents.limits import Limits
from console.backend.documents.own_planning import plan_chosen
from console.backend.documents.own_profiles import choose_profile
from console.backend.documents.portions import ExportedDocument, of_plan
from console.backend.documents.profiles import akn_elements
from console.backend.host.context import Context, default_root
from console.backend.host.settings import load_settings
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.counting import counted
from console.backend.model.errors import ExitStatus, Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.plan import Problem
from console.backend.model.value import Value
from console.backend.model.written_plan import as_written, kept_bytes
from console.cli.arguments import Options
from console.cli.export_request import ExportDocument
from console.cli.output import narrate, report
from console.cli.plans import keep_new_file
from console.cli.printing import emit_bytes


class Exported(Value):
    """Name, size and digest of what was written, and the document that it was made of."""

    docprefix: str
    profile: str
    format: str
    standing: str
    n_units: int
    content_digest: str
    source_sha256: str
    canonical_sha256: str
    path: str
    bytes: int
    sha256: str
    """Of the bytes that were written."""


def export(options: Options, request: ExportDocument) -> ExitStatus:
    """Write a document as it is planned, or as the database has it. Raises Refused for what cannot be written whole."""
    document = _planned(options, request) if request.file else _stored(options, request)
    data = _written(request, document, Context(root=options.root or default_root()))
    if request.out is None:
        _refuse_terminal()
        emit_bytes(data)
        narrate(_sentence(document, request, "standard output"))
        return ExitStatus.DONE
    keep_new_file(request.out, data)
    exported = Exported(
        docprefix=document.docprefix,
        profile=document.profile,
        format=request.format,
        standing=document.standing.value,
        n_units=len(document.units),
        content_digest=document.content_digest,
        source_sha256=document.source.sha256,
        canonical_sha256=document.source.canonical_sha256,
        path=str(request.out),
        bytes=len(data),
        sha256=sha256_hex(data),
    )
    return report(options, "document export", Outcome.PASS, [_sentence(document, request, str(request.out))], exported)


def _sentence(document: ExportedDocument, request: ExportDocument, place: str) -> str:
    return f"{counted(len(document.units), 'unit', ',')} of {document.docprefix} ({document.standing}) as {request.format}: {place}"


def _planned(options: Options, request: ExportDocument) -> ExportedDocument:
    root = (options.root or default_root()).absolute()
    settings = load_settings(root, options.config)
    limits = Limits.model_validate(settings.limits.model_dump())
    path = Path(request.file)
    source = intake.read_source(path, folder=path.parent, limits=limits)
    accept = intake.read_accept(request.accept) if request.accept else b""
    result = plan_chosen(
        choose_profile(request.profile, settings.under(root, settings.profiles)),
        source.raw,
        origin=source.origin,
        docprefix=request.docprefix,
        ordinals=request.ordinals,
        acceptances=acceptances_for(source.raw, accept, str(request.accept), limits) if accept else (),
        limits=limits,
    )
    if result.plan is None:
        plan = ["cutter-console", "plan", request.file, "--docprefix", request.docprefix, "--profile", request.profile]
        raise _refused(source.origin, result.problems, f"Correct the document; every problem: {shlex.join(plan)}")
    return of_plan(as_written(result.plan), kept_bytes(result.canonical, result.plan.dropped))


def _stored(options: Options, request: ExportDocument) -> ExportedDocument:
    # Loaded for the database alone: a file is exported without a driver.
    from console.backend.runs.stored_document import read_stored
    from console.cli.installation import installation_of

    return read_stored(installation_of(options), request.docprefix, with_drafts=request.drafts)


def _written(request: ExportDocument, document: ExportedDocument, context: Context) -> bytes:
    if request.format == "md":
        return exported_text(document)
    if request.format == "json":
        return exported_json(document)
    from console.backend.documents.akn.frbr import stated_facts
    from console.backend.documents.akn.writing import not_xml, write_akn

    facts = stated_facts(request.country, request.language, request.date, request.number, request.author)
    problems = not_xml(document)
    if problems:
        raise _refused(document.docprefix, problems, "Take these characters out of the text, or use --format md.")
    return write_akn(document, facts, akn_elements(document.profile), context.now().date())


def _refused(subject: str, problems: tuple[Problem, ...], next_action: str) -> Refused:
    listed = "; ".join(f"line {problem.line}: {problem.message} ({problem.code})" for problem in problems[:10])
    more = f"; and {len(problems) - 10:,} more" if len(problems) > 10 else ""
    return Refused(StopCode.REFUSED_INPUT, f"{subject}: {listed}{more}", next_action)


def _refuse_terminal() -> None:
    """Raise Refused for a terminal, which would obey the escape sequences that a document can hold."""
    if sys.stdout is not None and sys.stdout.isatty():
        raise Refused(
            StopCode.REFUSED_INPUT,
            "standard output is a terminal, which would obey what the document holds",
            "Name a new file with --out, or redirect standard output.",
        )
