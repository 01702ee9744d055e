"""A statement is imported while it is valid: not because its signature was made in time, and not before its time."""

import time
from datetime import UTC, datetime, timedelta

from console.backend.postgres import ledger
from tests.backend.postgres.signed_cut import SignedCut, stopped
from tests.support.sovereign import sovereign


def _at(**from_now: float) -> datetime:
    return datetime.now(UTC) + timedelta(**from_now)


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def test_a_statement_that_was_signed_in_time_and_comes_too_late_is_not_imported(cut: SignedCut) -> None:
    ends = _at(seconds=2)
    statement = cut.statement(changes={"expires": _written(ends)})
    signature = sovereign().sign(statement)
    time.sleep(max(0.0, (ends - datetime.now(UTC)).total_seconds()))
    with stopped("STOP_APPROVAL_INVALID"), cut.verifier() as connection:
        ledger.import_approval(connection, statement, (signature,))


def test_a_statement_that_begins_later_is_not_imported_though_its_signature_would_count(cut: SignedCut) -> None:
    """The signer's clock is ahead, by no more than is allowed."""
    statement = cut.statement(changes={"not_before": _written(_at(minutes=3))})
    ahead = f"{_at(seconds=90):%Y%m%dT%H%M%S}!"
    signature = sovereign().sign(statement, "--faked-system-time", ahead)
    with stopped("STOP_APPROVAL_INVALID"), cut.verifier() as connection:
        ledger.import_approval(connection, statement, (signature,))
