"""Standing of a drafted statement, over a run or over a batch: used, expired, imported, invalid, or no longer to be approved."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from pathlib import Path

from console.backend.approvals.batch_statement import parse_batch_statement
from console.backend.approvals.check import StatementCheck, open_checks
from console.backend.approvals.policy import load_policy
from console.backend.approvals.signatures import signatures_beside
from console.backend.approvals.statement import parse_statement, read_statement
from console.backend.host.installation import Installation
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import CutterError, Refused
from console.backend.model.full_command import command_to_import
from console.backend.model.ids import is_batch
from console.backend.model.outcome import Check, Outcome
from console.backend.model.purposes import Kind
from console.backend.model.view_models import ApprovalStatus
from console.backend.postgres.records import ApprovalRow

_OF_SIGNERS = ("quorum", "policy.", "signature.")
"""Beginnings of the checks that do not outdate a draft: signers may still sign, or a key be replaced."""


def obsolete_word(expires: Callable[[], datetime], check: Callable[[], StatementCheck], now: datetime) -> str:
    """Return why a draft can no longer be approved, in one word, or an empty text if it still can.

    The word is damaged, expired, or outdated: by a run, members, a policy or a tree that is not the drafted one.
    """
    try:
        has_expired = expires() <= now
    except Refused:
        return "damaged"
    if has_expired:
        return "expired"
    failed = [entry for entry in check().checks if entry.outcome is Outcome.FAIL]
    return "outdated" if any(not entry.name.startswith(_OF_SIGNERS) for entry in failed) else ""


def status_of(
    own_rows: Iterable[ApprovalRow], expires: datetime, checked: StatementCheck, now: datetime
) -> ApprovalStatus:
    """Return the status of a statement; `own_rows` are the approvals that were recorded under it."""
    own = tuple(own_rows)
    # Before the expiry: a used ruling stays used after its time.
    if any(row.used_for for row in own):
        return ApprovalStatus.USED
    if expires <= now:
        return ApprovalStatus.EXPIRED
    if own:
        return ApprovalStatus.IMPORTED
    failed = [entry for entry in open_checks(checked.checks) if entry.outcome is Outcome.FAIL]
    # Without any signature the missing quorum is no fault: the statement waits to be signed.
    invalidating = [entry for entry in failed if entry.name != "quorum" or checked.signed_by]
    return ApprovalStatus.INVALID if invalidating else ApprovalStatus.DRAFTED


def usable_kinds(
    rulings: Iterable[ApprovalRow], run_id: str, plan_digest: str | None, timeline: int, now: datetime
) -> dict[str, datetime]:
    """Return the kinds of the run's rulings that can still be used, on this timeline, with the last expiry of each.

    Rulings of version 0.2.0 have no purpose and do not count.
    """
    usable = (
        ruling for ruling in rulings if ruling.run_id == run_id and ruling.purpose and ruling.plan_digest == plan_digest
    )
    return {
        ruling.kind: ruling.expires
        for ruling in sorted(usable, key=lambda ruling: ruling.expires)
        if not ruling.used_for and ruling.expires > now and ruling.timeline == timeline
    }


def statement_to_import(
    installation: Installation, recorded: Collection[str | None], now: datetime, named: str, kind: Kind
) -> Path | None:
    """Return the drafted statement over a run or a batch if it waits for its import only; asked at each refresh, without gpg.

    As many signature files as the policy asks for lie beside it, and it has neither expired nor been imported before: its
    sha256 is not `recorded`. Whether the signatures count is for the check of an import to say. None also where there is
    no such file, or it may not be read: then it is to be drafted, which keeps one that is still valid.
    """
    statement = installation.statement(named, kind.value)
    try:
        beside = len(signatures_beside(statement))
        if not 0 < beside >= load_policy(installation.policy).thresholds.of(kind):
            return None
        data = read_statement(statement)
        expires = parse_batch_statement(data).expires if is_batch(named) else parse_statement(data).expires
    except (CutterError, OSError):
        return None
    return statement if now < expires and sha256_hex(data) not in recorded else None


def leads_to_ruling(named: str, statement: Path | None) -> str:
    """Return the command that leads to the ruling over a run or a batch; `statement` is that of `statement_to_import`."""
    # Drafting keeps a statement that is still valid.
    return f"cutter-console approval draft {named}" if statement is None else command_to_import(statement)


def as_of_use(checks: tuple[Check, ...], changed_by_use: Collection[str]) -> tuple[Check, ...]:
    """Exempt a used ruling from the checks of what its own use has changed, and of its expiry."""
    detail = "the ruling has been used; this was PASS when it was imported"
    return tuple(
        Check(name=check.name, outcome=Outcome.NOT_RUN, detail=detail)
        if check.outcome is Outcome.FAIL and (check.name == "expires" or check.name in changed_by_use)
        else check
        for check in checks
    )
