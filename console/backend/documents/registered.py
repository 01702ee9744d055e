"""Documents that may be planned, with what the registry knows of them."""

from console.backend.model.view_models import IntakeView
from console.backend.postgres.records import DocumentRow


def with_registered(entry: IntakeView, registered: tuple[DocumentRow, ...]) -> IntakeView:
    """Return a file of the intake with the prefix and profile that it is registered under."""
    known = next((row for row in registered if row.origin == entry.origin), None)
    return entry if known is None else entry.model_copy(update={"docprefix": known.docprefix, "profile": known.profile})


def live_documents(registered: tuple[DocumentRow, ...]) -> tuple[IntakeView, ...]:
    """Return the registered documents whose text is read by a query."""
    return tuple(
        IntakeView(
            name=f"live text of {row.docprefix}",
            origin=f"live:{row.docprefix}",
            bytes=None,
            docprefix=row.docprefix,
            profile=row.profile,
        )
        for row in registered
        if row.live_query
    )
