"""Plans an amendment: the effects of a revised text on the document as it is law."""

import psycopg

from console.backend.model.amendment import Amendment, Effect, Moved, effects, line_of, require_moved
from console.backend.model.errors import Drifted, Refused, StopCode
from console.backend.model.plan import DocumentPlan
from console.backend.postgres.base import Base, amend_refusal, read_base, spent_addresses


def plan_amendment(connection: psycopg.Connection, document: DocumentPlan, moved: tuple[Moved, ...] = ()) -> Amendment:
    """Compare a planned document with its law of today. The caller connects as executor.

    Raises Refused if nothing of the document is law, if nothing would change, and for a renumbering that does not fit.
    """
    base = require_base(connection, document.docprefix)
    outcome = effects(dict(base.lines), planned_lines(document))
    new = _of(outcome, Effect.NEW)
    amendment = Amendment(
        base_run_id=base.run_id,
        base_digest=base.digest,
        unchanged=len(_of(outcome, Effect.UNCHANGED)),
        changed=_of(outcome, Effect.CHANGED),
        new=new,
        gone=_of(outcome, Effect.GONE),
        returning=spent_addresses(connection, document.docprefix, new),
        moved=require_moved(moved, outcome),
    )
    if amendment.counts.touched == 0:
        raise Refused(
            StopCode.REFUSED_INPUT,
            f"the text changes nothing of {document.docprefix}: all {amendment.unchanged} units are law as they stand in it",
            "There is nothing to amend.",
        )
    return amendment


def require_base(connection: psycopg.Connection, docprefix: str) -> Base:
    """Return the document as it is law. Raises Refused if nothing of it is, Drifted if it has drafts of another run."""
    base = read_base(connection, docprefix)
    if base is None:
        raise Refused(
            StopCode.DOCUMENT_UNKNOWN,
            f"nothing of {docprefix} is law, so there is nothing to amend",
            "Cut the document first: run start without --amend",
        )
    refusal = amend_refusal(connection, docprefix, base.digest)
    if refusal:
        raise Drifted(StopCode.DRIFT, f"{docprefix} cannot be amended: {refusal}", "Enact or revert that run first.")
    return base


def planned_lines(document: DocumentPlan) -> dict[str, str]:
    """Return each planned unit's line, by address, in the order of the text."""
    return {
        unit.address: line_of(
            unit.address, unit.parent, unit.unit_kind, unit.section_type, unit.number, unit.title, unit.body_sha256
        )
        for unit in document.units
    }


def _of(outcome: dict[str, Effect], effect: Effect) -> tuple[str, ...]:
    return tuple(address for address, each in outcome.items() if each is effect)
