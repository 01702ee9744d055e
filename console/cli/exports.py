"""document export: a document as Akoma Ntoso, text or JSON; lxml is loaded for the first alone, a driver for the database."""

import sys
from pathlib import Path

from console.backend.documents import intake
from console.backend.documents.akn.frbr import WorkFacts, stated_facts
from console.backend.documents.export_json import exported_json, exported_text
from console.backend.documents.limits import limits_of
from console.backend.documents.own_planning import plan_chosen
from console.backend.documents.own_profiles import choose_profile
from console.backend.documents.portions import ExportedDocument, of_plan
from console.backend.documents.profiles import akn_elements
from console.backend.documents.refusals import plan_command, refused_document
from console.backend.host.context import Context, default_root
from console.backend.model.as_of import moment_of
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.counting import counted
from console.backend.model.errors import ExitStatus, Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.plan import Omission, omissions_in_words
from console.backend.model.value import Value
from console.cli.arguments import Options
from console.cli.export_request import ExportDocument
from console.cli.output import narrate, report
from console.cli.plans import keep_new_file, read_acceptances
from console.cli.printing import emit_bytes
from console.cli.settings import root_of, settings_of


class Exported(Value):
    """Name, size and digest of what was written, and the document that it was made of."""

    docprefix: str
    profile: str
    format: str
    standing: str
    n_units: int
    n_dropped: int
    omissions: tuple[Omission, ...]
    content_digest: str
    source_sha256: str
    canonical_sha256: str
    path: str
    bytes: int
    sha256: str
    """Of the bytes that were written."""


def export(options: Options, request: ExportDocument) -> ExitStatus:
    """Write a document as it is planned, or as the database has it. Raises Refused for what cannot be written whole."""
    facts = _facts(request)
    document = _planned(options, request) if request.file else _stored(options, request)
    data = _written(request.format, document, facts, Context(root=options.root or default_root()))
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
        n_dropped=document.n_dropped,
        omissions=document.omissions,
        content_digest=document.content_digest,
        source_sha256=document.source.sha256,
        canonical_sha256=document.source.canonical_sha256,
        path=str(request.out),
        bytes=len(data),
        sha256=sha256_hex(data),
    )
    return report(options, "document export", Outcome.PASS, [_sentence(document, request, str(request.out))], exported)


def _sentence(document: ExportedDocument, request: ExportDocument, place: str) -> str:
    units = f"{counted(len(document.units), 'unit')} of {document.docprefix} ({document.standing})"
    dropped = [f"{counted(document.n_dropped, 'dropped span')}"] if document.n_dropped else []
    left_out = [*dropped, *([omissions_in_words(document.omissions)] if document.omissions else [])]
    return f"{units} as {request.format}: {place}{'; not in it: ' if left_out else ''}{', '.join(left_out)}"


def _planned(options: Options, request: ExportDocument) -> ExportedDocument:
    root = root_of(options)
    settings = settings_of(options, root)
    limits = limits_of(settings)
    path = Path(request.file)
    source = intake.read_source(path, folder=path.parent, limits=limits)
    result = plan_chosen(
        choose_profile(request.profile, settings.under(root, settings.profiles)),
        source.raw,
        origin=source.origin,
        docprefix=request.docprefix,
        ordinals=request.ordinals,
        acceptances=read_acceptances(request.accept, source.raw, limits),
        limits=limits,
    )
    if result.plan is None:
        plan = plan_command(path, request.docprefix, request.profile, ordinals=request.ordinals, accept=request.accept)
        raise refused_document(source.origin, result.problems, f"Correct the document; every problem: {plan}")
    return of_plan(result.plan, result.canonical)


def _stored(options: Options, request: ExportDocument) -> ExportedDocument:
    # Loaded for the database alone: a file is exported without a driver.
    from console.backend.runs.stored_document import read_state, read_stored
    from console.cli.installation import installation_of

    if request.as_of:
        return read_state(installation_of(options), request.docprefix, moment_of("--as-of", request.as_of))
    return read_stored(installation_of(options), request.docprefix, with_drafts=request.drafts)


def _facts(request: ExportDocument) -> WorkFacts | None:
    """Return the facts that an export as Akoma Ntoso states. Raises UsageError, before anything is read."""
    if request.format != "akn":
        return None
    return stated_facts(request.country, request.language, request.date, request.number, request.author)


def _written(form: str, document: ExportedDocument, facts: WorkFacts | None, context: Context) -> bytes:
    if form == "md":
        return exported_text(document)
    if facts is None:
        return exported_json(document)
    from console.backend.documents.akn.writing import not_xml, write_akn

    problems = not_xml(document)
    if problems:
        action = "Take these characters out of the text, or use --format md."
        raise refused_document(document.docprefix, problems, action)
    return write_akn(document, facts, akn_elements(document.profile), context.now().date())


def _refuse_terminal() -> None:
    """Raise Refused for a terminal, which would obey the escape sequences that a document can hold."""
    if sys.stdout is not None and sys.stdout.isatty():
        raise Refused(
            StopCode.REFUSED_INPUT,
            "standard output is a terminal, which would obey what the document holds",
            "Name a new file with --out, or redirect standard output.",
        )
