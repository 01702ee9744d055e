"""A statement that could not be checked, as it is shown: what its file says, and no verdict that nobody measured."""

import json
from pathlib import Path

from console.backend.approvals.batch_statement import parse_batch_statement
from console.backend.approvals.statement import parse_statement, read_statement
from console.backend.model.canonical_json import indented_json, sha256_hex
from console.backend.model.counting import counted
from console.backend.model.errors import CutterError, Unmeasured
from console.backend.model.ids import is_batch
from console.backend.model.outcome import Check, Outcome
from console.backend.model.safe_text import safe_text
from console.backend.model.view_models import ApprovalStatus, ApprovalView


def unread_view(path: Path, error: CutterError) -> ApprovalView:
    """Return the view of a statement that could not be checked, with the reason, and with what its file says.

    It is invalid only if a rule was measured that refuses it. Of one that could not be measured, because the database or
    gpg did not answer, neither a verdict nor a fault is known: it may be signed, used, or expired.
    """
    is_measured = not isinstance(error, Unmeasured)
    reason = Check(
        name="readable" if is_measured else "measured",
        outcome=Outcome.FAIL if is_measured else Outcome.INCONCLUSIVE,
        detail=error.message,
        next_action=error.next_action,
    )
    run_id, _, rest = path.name.partition(".")
    bare = ApprovalView(
        kind=rest.removesuffix(".json"),
        run_id=run_id,
        docprefix="",
        status=ApprovalStatus.INVALID if is_measured else ApprovalStatus.NOT_KNOWN,
        statement_path=path,
        statement_sha256="",
        statement_lines=(),
        expires_at=None,
        checks=(reason,),
        sign_with="",
    )
    try:
        data = read_statement(path)
        view = _of_batch(bare, data) if is_batch(run_id) else _of_run(bare, data)
    except CutterError:
        # The same refusal is the reason that is shown, or the file is gone since.
        return bare
    lines = tuple(safe_text(text) for text in indented_json(json.loads(data), 2).decode().split("\n"))
    return view.model_copy(update={"statement_sha256": sha256_hex(data), "statement_lines": lines})


def _of_run(bare: ApprovalView, data: bytes) -> ApprovalView:
    signed = parse_statement(data)
    facts = {"docprefix": signed.document.docprefix, "expires_at": signed.expires, "purpose": signed.purpose}
    return bare.model_copy(update=facts)


def _of_batch(bare: ApprovalView, data: bytes) -> ApprovalView:
    signed = parse_batch_statement(data)
    documents = counted(signed.members.count, "document")
    return bare.model_copy(update={"docprefix": documents, "expires_at": signed.expires, "purpose": signed.purpose})
