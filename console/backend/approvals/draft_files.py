"""The file of drafts beside a statement: what a signer reads where the units are too many to be listed in it."""

from datetime import datetime
from pathlib import Path

from console.backend.approvals.statement import Statement
from console.backend.host.regular_file import read_regular
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.counting import counted
from console.backend.model.draft_units import NO_DRAFTS, DraftUnits
from console.backend.model.kept_lines import KeptLines
from console.backend.model.merkle import merkle_root
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.purposes import Purpose
from console.backend.model.unreadable import why_unreadable

_MAX_DRAFTS_BYTES = 1 << 28


def read_drafts(
    statement: Path, signed: Statement, now: datetime, known: tuple[str, str] | None = None
) -> tuple[DraftUnits, tuple[Check, ...]]:
    """Read the drafts of a ruling from the file beside it, and check that it is the signed one.

    Without that file, the drafts are those that the statement itself lists. A ruling without drafts has no check. `known`
    is the sha256 and the Merkle root of lines for which both were computed: for the same bytes neither is again.
    """
    if signed.drafts is None:
        return NO_DRAFTS, ()
    path, listed = statement.with_name(signed.drafts.file), DraftUnits.of(signed.drafts.units or ())
    try:
        lines = KeptLines.of_file(read_regular(path, _MAX_DRAFTS_BYTES))
        units = DraftUnits(lines)
    except (OSError, ValueError) as error:
        return listed, (_compared(path, signed, now, f"{path.name}: {why_unreadable(error)}", is_signed=False),)
    sha256 = sha256_hex(lines.data)
    root = known[1] if known is not None and known[0] == sha256 else merkle_root(lines)
    is_signed = sha256 == signed.drafts.file_sha256 and root == signed.draft_digest
    answer = f"{path.name}: {counted(len(lines), 'line')}, root {root}"
    compared = _compared(path, signed, now, answer, is_signed=is_signed)
    return (units if is_signed else listed), (compared,)


def _compared(path: Path, signed: Statement, now: datetime, answer: str, *, is_signed: bool) -> Check:
    evidence = Evidence(
        id=f"drafts:{sha256_hex(answer.encode())[:12]}",
        asked="the file of drafts next to the statement, its sha256 and its Merkle root",
        source=str(path),
        answer=answer,
        measured_at=now,
    )
    revert = " --revert" if signed.purpose is Purpose.REVERT else ""
    return Check(
        name="drafts file",
        outcome=Outcome.PASS if is_signed else Outcome.FAIL,
        detail=answer if is_signed else f"not the file that is signed: {answer}",
        evidence=(evidence,),
        next_action=""
        if is_signed
        else f"Have the file written again: cutter-console approval draft {signed.run_id}{revert}",
    )
