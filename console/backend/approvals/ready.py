"""Drafted statements that wait for their import only: found by their files at each refresh, without gpg."""

from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path

from console.backend.approvals.policy import load_policy
from console.backend.approvals.signatures import signatures_beside
from console.backend.approvals.statement import read_statement
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import CutterError
from console.backend.model.purposes import Kind


def is_ready_to_import(
    statement: Path,
    kind: Kind,
    policy: Path,
    expires: Callable[[bytes], datetime],
    now: datetime,
    recorded: Collection[str],
) -> bool:
    """Return whether as many signature files as the policy asks for lie beside a statement that has not expired.

    Whether they count is for the check of an import to say. `expires` reads the end of the statement out of its bytes,
    and raises Refused if it is none; `recorded` are the sha256 of those that were imported before. False also where there is no such file, or it may not be read: then the statement
    is to be drafted, which keeps one that is still valid.
    """
    try:
        beside = len(signatures_beside(statement))
        if not 0 < beside >= load_policy(policy).thresholds.of(kind):
            return False
        data = read_statement(statement)
        return now < expires(data) and sha256_hex(data) not in recorded
    except (CutterError, OSError):
        return False
