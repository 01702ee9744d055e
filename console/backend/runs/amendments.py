"""Plans an amendment, or a repeal: the effects of a revised text, or of none, on the document as it is law."""

import psycopg

from console.backend.model.amendment import Amendment, Effect, Moved, effects, require_moved
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.counting import counted
from console.backend.model.errors import Drifted, Refused, StopCode
from console.backend.model.plan import DocumentPlan
from console.backend.model.purposes import RunOperation
from console.backend.postgres.base import Base, amend_refusal, is_law, read_base, repealed_by, spent_addresses
from console.backend.postgres.document_runs import runs_of_documents
from console.backend.postgres.document_states import state_text
from console.backend.runs.bars import bar_by_drafts

_INSTEAD = {
    RunOperation.AMEND: "See where its first text stands: cutter-console document list; without one, cut it: run start without --amend",
    RunOperation.REPEAL: "See what is law: cutter-console document list",
}


def plan_amendment(
    connection: psycopg.Connection,
    document: DocumentPlan,
    moved: tuple[Moved, ...] = (),
    operation: RunOperation = RunOperation.AMEND,
) -> Amendment:
    """Compare a planned document with its law of today; one without units repeals it. The caller connects as executor.

    Raises Refused if nothing of the document is law, if the text is the one that is law, and for a renumbering that
    does not fit. A text that differs in the order of the units, or between them, is another text, and has no effect on
    any unit.
    """
    base = require_base(connection, document.docprefix, operation)
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
    if amendment.counts.touched == 0 and _is_the_law(connection, base, document):
        raise Refused(
            StopCode.REFUSED_INPUT,
            f"the text changes nothing of {document.docprefix}: it is the one that is law, with all its"
            f" {counted(amendment.unchanged, 'unit')}",
            f"There is nothing to amend. See what is law: cutter-console document history {document.docprefix}",
        )
    return amendment


def _is_the_law(connection: psycopg.Connection, base: Base, document: DocumentPlan) -> bool:
    """Return whether the text is the law's byte for byte; where a draft was edited before it became law, that is not the one that was pinned."""
    sha256 = document.source.canonical_sha256
    return sha256 in {base.canonical_sha256, sha256_hex(state_text(connection, base.run_id) or b"")}


def require_base(connection: psycopg.Connection, docprefix: str, operation: RunOperation = RunOperation.AMEND) -> Base:
    """Return the document as it is law, to amend or to repeal it.

    Raises Refused if nothing of it is law, or it was repealed; Drifted if another run holds it.
    """
    require_not_repealed(connection, docprefix)
    base = read_base(connection, docprefix)
    if base is None:
        raise _no_law(docprefix, operation)
    # Its digest is not asked for here: whoever records the plan, and each phase that writes, has the database compare it.
    _require_free(connection, docprefix, operation)
    return base


def require_law(connection: psycopg.Connection, docprefix: str, operation: RunOperation) -> None:
    """Raise as `require_base` does, without reading what is law: before a run begins, that there is any is enough."""
    require_not_repealed(connection, docprefix)
    if not is_law(connection, docprefix):
        raise _no_law(docprefix, operation)
    _require_free(connection, docprefix, operation)


def _no_law(docprefix: str, operation: RunOperation) -> Refused:
    message = f"nothing of {docprefix} is law, so there is nothing to {operation}"
    return Refused(StopCode.DOCUMENT_UNKNOWN, message, _INSTEAD[operation])


def _require_free(connection: psycopg.Connection, docprefix: str, operation: RunOperation) -> None:
    refusal = amend_refusal(connection, docprefix, None)
    if refusal:
        word = "amended" if operation is RunOperation.AMEND else "repealed"
        bar = bar_by_drafts(runs_of_documents(connection, (docprefix,)))
        reason, next_action = (bar.said, bar.next_action) if bar else (refusal, "See its runs: cutter-console run list")
        raise Drifted(StopCode.DRIFT, f"{docprefix} cannot be {word}: {reason}", next_action)


def require_not_repealed(connection: psycopg.Connection, docprefix: str) -> None:
    """Raise Refused if the document was repealed: no text comes after that under its prefix. The caller connects as executor."""
    run_id = repealed_by(connection, docprefix)
    if run_id:
        raise after_repeal(docprefix, run_id)


def after_repeal(docprefix: str, run_id: str) -> Refused:
    """Return the one answer to a new text of a document that was repealed."""
    return Refused(
        StopCode.REPLAY_CONFLICT,
        f"{docprefix} was repealed by run {run_id}, for good: its addresses stay what they meant",
        "Give a new text a document prefix of its own: cutter-console run start FILE --docprefix P",
    )


def planned_lines(document: DocumentPlan) -> dict[str, str]:
    """Return each planned unit's line, by address, in the order of the text."""
    return dict(document.units.compared_lines())


def _of(outcome: dict[str, Effect], effect: Effect) -> tuple[str, ...]:
    return tuple(address for address, each in outcome.items() if each is effect)
