"""List of what can be planned: files of the intake folder and live documents, each with what the database has of it."""

from pathlib import Path

from console.backend.documents.intake import MARKUP_SUFFIXES, list_intake
from console.backend.documents.limits import limits_of
from console.backend.host.installation import Installation
from console.backend.model.errors import CutterError
from console.backend.model.profile_names import AKN_PROFILE
from console.backend.model.view_models import IntakeView
from console.backend.postgres.records import DocumentRow, documents, last_of_origins
from console.backend.runs.document_states import DocumentView, documents_now, reading

_TIMEOUT_S = 5


def intake_views(installation: Installation) -> tuple[IntakeView, ...]:
    """Return the files of the intake folder, and the live documents of the database if it can be reached."""
    files = tuple(
        IntakeView(
            name=entry.name,
            origin=f"file:{entry.name}",
            bytes=entry.bytes,
            refused=entry.refused,
            profile=AKN_PROFILE if Path(entry.name).suffix.lower() in MARKUP_SUFFIXES else "",
        )
        for entry in list_intake(installation.intake, limits_of(installation.settings))
    )
    try:
        with reading(installation, timeout_s=_TIMEOUT_S, purpose="documents") as connection:
            registered, prefixes = documents(connection), last_of_origins(connection)
    except CutterError:
        return files
    known = _known(installation)
    rows = {row.docprefix: row for row in registered}
    last = {row.origin: row.docprefix for row in reversed(registered)} | prefixes
    live = (
        IntakeView(name=f"live text of {row.docprefix}", origin=f"live:{row.docprefix}", bytes=None)
        for row in registered
        if row.live_query
    )
    return (
        *(_with_known(view, rows.get(last.get(view.origin, "")), known) for view in files),
        *(_with_known(view, rows[view.origin.removeprefix("live:")], known) for view in live),
    )


def _known(installation: Installation) -> dict[str, DocumentView] | None:
    """Return the registered documents by prefix with what became of each; None if that could not be read in time."""
    try:
        with reading(installation, timeout_s=_TIMEOUT_S, purpose="documents") as connection:
            return {document.docprefix: document for document in documents_now(connection)}
    except CutterError:
        return None


def _with_known(view: IntakeView, row: DocumentRow | None, known: dict[str, DocumentView] | None) -> IntakeView:
    """Return a document with the prefix and profile that it is registered under, and what became of it."""
    named = {"docprefix": row.docprefix, "profile": row.profile} if row is not None else {}
    document = known.get(row.docprefix) if known is not None and row is not None else None
    # The registry was read: a document that it does not have is new, whatever could not be read of the others.
    became = {"standing": ""} if known is not None or row is None else {}
    if document is not None:
        became = {
            "standing": document.standing,
            "last_run": document.last_run,
            "last_run_state": document.last_run_state,
            "last_run_became": document.last_run_became,
        }
    return view.model_copy(update={**named, **became})
