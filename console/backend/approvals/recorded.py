"""Verification of recorded rulings: each signature in the database, again over the statement beside it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from console.backend.host.gpg import GpgAnswer, verify_detached
from console.backend.model.outcome import Outcome
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value

_ASKED_AT_ONCE = 2
_LONGEST_S = 10.0
_ENDED_SINCE = {"expired", "key expired", "key withdrawn"}
"""The database's verdict on a signature whose time is over; what was done under it stays valid."""


class RecordedSignature(Value):
    """A signature as the database has it, and the primary key that it was recorded under."""

    run_id: SafeText
    kind: SafeText
    signer: str
    statement: bytes
    signature: bytes
    in_database: SafeText = ""
    """PostgreSQL's verdict: `good`, or the reason why it is not; empty if it was not asked."""


class SignatureAnswer(Value):
    """gpg's verdict on a signature today. A key that expired or was revoked later does not invalidate what was signed before."""

    run_id: SafeText
    kind: SafeText
    outcome: Outcome
    detail: SafeText
    unpinned: bool = False
    """True if gpg accepts the signature and the database has not pinned its key."""


def verify_again(recorded: tuple[RecordedSignature, ...], gnupg_home: Path) -> tuple[SignatureAnswer, ...]:
    """Verify every signature, two at a time, in the order given. Raises GpgUnanswered or OSError if gpg cannot be asked."""
    with ThreadPoolExecutor(_ASKED_AT_ONCE, "signatures") as pool:
        return tuple(pool.map(lambda signature: _judge(signature, _ask_gpg(signature, gnupg_home)), recorded))


def _ask_gpg(signature: RecordedSignature, gnupg_home: Path) -> GpgAnswer:
    return verify_detached(gnupg_home, signature.statement, signature.signature, timeout_s=_LONGEST_S)


def _judge(signature: RecordedSignature, answer: GpgAnswer) -> SignatureAnswer:
    """Pure: the verdict by gpg's status lines, not its exit status, which is 0 for an expired or revoked key too."""
    valid = [fields[-1] for fields in answer.fields_of("VALIDSIG")]
    if valid == [signature.signer]:
        return _judge_good(signature)
    if len(valid) == 1:
        return _answer(signature, Outcome.FAIL, f"made with key {valid[0]}, recorded under {signature.signer}")
    if "NO_PUBKEY" in answer.keywords:
        return _answer(signature, Outcome.INCONCLUSIVE, f"the public key of {signature.signer} is not in the key ring")
    return _answer(signature, Outcome.FAIL, "it is no good signature of the recorded statement")


def _judge_good(signature: RecordedSignature) -> SignatureAnswer:
    """Judge a signature that gpg accepts: the database must accept it too, unless it does not have the key."""
    if signature.in_database in {"", "good"}:
        return _answer(signature, Outcome.PASS, f"good, key {signature.signer}")
    if signature.in_database in _ENDED_SINCE:
        return _answer(
            signature,
            Outcome.PASS,
            f"good when it was used, key {signature.signer}; since then: {signature.in_database}",
        )
    if signature.in_database == "no such key":
        answer = _answer(signature, Outcome.INCONCLUSIVE, f"the database has not pinned the key {signature.signer}")
        return answer.model_copy(update={"unpinned": True})
    return _answer(signature, Outcome.FAIL, f"gpg takes it, the database does not: {signature.in_database}")


def _answer(signature: RecordedSignature, outcome: Outcome, detail: str) -> SignatureAnswer:
    return SignatureAnswer(run_id=signature.run_id, kind=signature.kind, outcome=outcome, detail=detail)
