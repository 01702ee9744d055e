"""List of what can be planned: files of the intake folder and live documents, each with what the database has of it."""

from pathlib import Path

from console.backend.documents.intake import MARKUP_SUFFIXES, list_intake
from console.backend.documents.limits import limits_of
from console.backend.host.installation import Installation
from console.backend.model.errors import CutterError
from console.backend.model.profile_names import AKN_PROFILE
from console.backend.model.view_models import IntakeView
from console.backend.postgres.connections import connect
from console.backend.postgres.records import documents
from console.backend.runs.document_states import DocumentView, documents_now

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
        with connect(
            installation.settings.database.monitor, read_only=True, timeout_s=_TIMEOUT_S, purpose="documents"
        ) as connection:
            queried = tuple(row.docprefix for row in documents(connection) if row.live_query)
            known = documents_now(connection)
    except CutterError:
        return files
    by_origin = {document.origin: document for document in reversed(known)}
    by_prefix = {document.docprefix: document for document in known}
    return (
        *(_with_known(view, by_origin.get(view.origin)) for view in files),
        *(
            _with_known(
                IntakeView(name=f"live text of {docprefix}", origin=f"live:{docprefix}", bytes=None),
                by_prefix.get(docprefix),
            )
            for docprefix in queried
        ),
    )


def _with_known(view: IntakeView, known: DocumentView | None) -> IntakeView:
    """Return a document with the prefix and profile that it is registered under, and what became of it."""
    if known is None:
        return view.model_copy(update={"standing": ""})
    return view.model_copy(
        update={
            "docprefix": known.docprefix,
            "profile": known.profile,
            "standing": known.standing,
            "last_run": known.last_run,
            "last_run_state": known.last_run_state,
        }
    )
