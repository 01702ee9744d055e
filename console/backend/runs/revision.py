"""A revised text beside the document as it is law, read as the monitoring role; nothing is written."""

from dataclasses import dataclass

import psycopg

from console.backend.documents.amendment_report import amendment_report
from console.backend.documents.between import PieceChange, changes_between
from console.backend.documents.comparison import Comparison, compare, units_of_plan
from console.backend.host.installation import Installation
from console.backend.model.amendment import Amendment, Moved
from console.backend.model.amendment_report import AmendmentReport
from console.backend.model.errors import Refused, StopCode
from console.backend.model.plan import DocumentPlan
from console.backend.model.purposes import RunOperation
from console.backend.model.repeal import NO_TEXT, no_document
from console.backend.model.written_plan import pieces_between
from console.backend.postgres.base_units import EnactedState, known_addresses, newest_state, units_of_state
from console.backend.postgres.connections import connect
from console.backend.postgres.document_states import state_pieces
from console.backend.runs.amendments import after_repeal


@dataclass(frozen=True, slots=True)
class Revision:
    """A planned text, compared with the newest enacted state of its document."""

    state: EnactedState
    comparison: Comparison
    amendment: Amendment
    between: tuple[PieceChange, ...] | None
    """Difference of the text that stands in no unit; None if version 0.2.0 did not keep that of the law."""

    def report(self) -> AmendmentReport:
        """Return the comparison as it is shown."""
        state = self.state
        return amendment_report(self.comparison, self.amendment, state.number, state.in_force_from, self.between)


def compare_with_law(
    installation: Installation, plan: DocumentPlan, canonical: bytes, moved: tuple[Moved, ...] = ()
) -> Revision:
    """Compare a planned document with its newest enacted state.

    Raises Refused if nothing of it was ever enacted, and for a stated renumbering that is none.
    """
    revision = compare_if_law(installation, plan, canonical, moved)
    if revision is None:
        raise Refused(
            StopCode.DOCUMENT_UNKNOWN,
            f"nothing of {plan.docprefix} is law, so there is nothing to compare it with",
            "Plan it without --against, as a first cut; the documents there are, and which are law: cutter-console document list",
        )
    return revision


def compare_with_nothing(installation: Installation, docprefix: str) -> Revision:
    """Compare no text with the newest enacted state of a document, as its repeal does.

    Raises Refused if nothing of it was ever enacted, or it was repealed.
    """
    revision = compare_if_law(installation, no_document(docprefix), NO_TEXT)
    if revision is None:
        message = f"nothing of {docprefix} is law, so there is nothing to repeal"
        raise Refused(StopCode.DOCUMENT_UNKNOWN, message, "See what is law: cutter-console document list")
    return revision


def compare_if_law(
    installation: Installation, plan: DocumentPlan, canonical: bytes, moved: tuple[Moved, ...] = ()
) -> Revision | None:
    """Compare a planned document with its newest enacted state, or return None if nothing of it was ever enacted.

    Raises Refused if the document was repealed.
    """
    with connect(installation.settings.database.monitor, read_only=True, purpose="compare") as connection:
        # One snapshot for all rows: a state must not be mixed of two moments.
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        state = newest_state(connection, plan.docprefix)
        if state is None:
            return None
        if state.operation == RunOperation.REPEAL:
            raise after_repeal(plan.docprefix, state.run_id)
        comparison = compare(units_of_state(connection, state), units_of_plan(plan, canonical), moved)
        added = tuple(unit.address for unit in comparison.added)
        returning = known_addresses(connection, plan.docprefix, added)
        law = state_pieces(connection, state.run_id)
    new = {address: piece.decode() for address, piece in pieces_between(plan, canonical).items()}
    between = changes_between(law, new, is_repealed=not plan.units)
    return Revision(state, comparison, comparison.amendment(state.run_id, returning), between)
