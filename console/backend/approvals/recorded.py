"""Recorded rulings asked again: does each signature that the database keeps still verify over the statement beside it?"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from console.backend.host.gpg import GpgAnswer, verify_detached
from console.backend.model.outcome import Outcome
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value

_ASKED_AT_ONCE = 2
_LONGEST_S = 10.0
_ENDED_SINCE = {"expired", "key expired", "key withdrawn"}
"""What the database says of a signature whose time is over; it does not unmake what was done under it."""


class RecordedSignature(Value):
    """A signature as the database has it, and the primary key that it was recorded under."""

    run_id: SafeText
    kind: SafeText
    signer: str
    statement: bytes
    signature: bytes
    in_database: SafeText = ""
    """PostgreSQL's answer: `good`, or why it is not; empty if it was not asked."""


class SignatureAnswer(Value):
    """Answer of gpg today. A key that expired or was revoked later does not invalidate an earlier signature."""

    run_id: SafeText
    kind: SafeText
    outcome: Outcome
    detail: SafeText
    unpinned: bool = False
    """gpg takes it, and the database has no such key to ask."""


def verify_again(recorded: tuple[RecordedSignature, ...], gnupg_home: Path) -> tuple[SignatureAnswer, ...]:
    """Every one, a few at a time. Raises GpgUnanswered or OSError where gpg cannot be asked."""
    with ThreadPoolExecutor(_ASKED_AT_ONCE, "signatures") as pool:
        return tuple(pool.map(lambda one: _judged(one, _asked(one, gnupg_home)), recorded))


def _asked(one: RecordedSignature, gnupg_home: Path) -> GpgAnswer:
    return verify_detached(gnupg_home, one.statement, one.signature, timeout_s=_LONGEST_S)


def _judged(one: RecordedSignature, answer: GpgAnswer) -> SignatureAnswer:
    """Pure; the status lines decide, never the exit status."""
    valid = [fields[-1] for fields in answer.fields_of("VALIDSIG")]
    if valid == [one.signer]:
        return _agreed(one)
    if len(valid) == 1:
        return _answer(one, Outcome.FAIL, f"made with key {valid[0]}, recorded under {one.signer}")
    if "NO_PUBKEY" in answer.keywords:
        return _answer(one, Outcome.INCONCLUSIVE, f"the public key of {one.signer} is not in the key ring")
    return _answer(one, Outcome.FAIL, "it is no good signature of the recorded statement")


def _agreed(one: RecordedSignature) -> SignatureAnswer:
    """gpg takes it; the database must too, unless it does not have the key."""
    if one.in_database in {"", "good"}:
        return _answer(one, Outcome.PASS, f"good, key {one.signer}")
    if one.in_database in _ENDED_SINCE:
        return _answer(one, Outcome.PASS, f"good when it was used, key {one.signer}; since then: {one.in_database}")
    if one.in_database == "no such key":
        answer = _answer(one, Outcome.INCONCLUSIVE, f"the database has not pinned the key {one.signer}")
        return answer.model_copy(update={"unpinned": True})
    return _answer(one, Outcome.FAIL, f"gpg takes it, the database does not: {one.in_database}")


def _answer(one: RecordedSignature, outcome: Outcome, detail: str) -> SignatureAnswer:
    return SignatureAnswer(run_id=one.run_id, kind=one.kind, outcome=outcome, detail=detail)
