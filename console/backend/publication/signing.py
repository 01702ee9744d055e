"""Signs SHA256SUMS with a key of this host's own, and checks such a signature by gpg's status lines."""

import re
from pathlib import Path

from console.backend.host.gpg import GpgAnswer, GpgUnanswered, agent_runs, end_agent, run_gpg
from console.backend.model.errors import Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.value import Value

_FINGERPRINT = re.compile(r"[0-9A-F]{40}|[0-9A-F]{64}")
_BAD = {
    "BADSIG": "it is not a signature of these sums",
    "EXPSIG": "the signature has expired",
    "EXPKEYSIG": "the key has expired",
    "REVKEYSIG": "the key has been revoked",
    "NO_PUBKEY": "the signer's public key is not in the key ring",
    "ERRSIG": "gpg could not check it",
    "NODATA": "it holds no signature",
}
_TIMEOUT_S = 60


class SumsSignature(Value):
    """gpg's verdict on a signature over the sums; `primary` is the signer's primary fingerprint if it is PASS."""

    outcome: Outcome
    detail: SafeText
    primary: str = ""


class Unsigned(Refused):
    """gpg did not sign; nothing is published."""


def require_fingerprint(fingerprint: str) -> None:
    """Raise Unsigned if this is no full fingerprint; called before a bundle is measured, which takes long."""
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise _unsigned(
            f"{safe_text(fingerprint)!r} is no full fingerprint", "Name the 40 hex digits that gpg --fingerprint shows."
        )


def sign_sums(sums: Path, signature: Path, fingerprint: str, home: Path) -> SumsSignature:
    """Write a detached, armoured signature by this primary key to `signature`, and verify it at once.

    gpg asks for no passphrase: the key has none, or the agent knows it. An agent that had to be started is ended.
    Raises Unsigned with what gpg said.
    """
    require_fingerprint(fingerprint)
    try:
        return _signed(sums, signature, fingerprint, home)
    except GpgUnanswered as error:
        raise _unsigned(f"gpg cannot be run: {safe_text(error.reason)}", "See: gpg --version") from error


def _signed(sums: Path, signature: Path, fingerprint: str, home: Path) -> SumsSignature:
    agent_was_running = agent_runs(home)
    signing_options = (
        "--pinentry-mode",
        "error",
        "--local-user",
        fingerprint,
        "--digest-algo",
        "SHA256",
        "--detach-sign",
    )
    try:
        answer = _gpg(home, *signing_options, "--armor", "--output", str(signature), "--", str(sums))
        if answer.exit_status != 0:
            complaint = safe_text("; ".join(answer.complaint.splitlines()))
            raise _unsigned(
                f"gpg does not sign with {fingerprint}: {complaint}",
                f"See whether its private half is here and has not expired: gpg --homedir {home} --list-secret-keys {fingerprint}",
            )
        verdict = check_signature(sums, signature, home)
    finally:
        if not agent_was_running:
            end_agent(home)
    if verdict.outcome is not Outcome.PASS or verdict.primary != fingerprint:
        raise _unsigned(f"the signature does not verify as {fingerprint}: {verdict.detail}", "See: gpg --list-keys")
    return verdict


def check_signature(sums: Path, signature: Path, home: Path) -> SumsSignature:
    """Check whether this is one good signature of the sums by a key of the ring. Raises GpgUnanswered.

    Any key of the ring will do: the caller compares `primary` with the signer that it expects.
    """
    # Trust is judged by that comparison, not by gpg's web of trust, and a check must not write the trust database.
    answer = _gpg(home, "--trust-model", "always", "--no-auto-check-trustdb", "--verify", str(signature), str(sums))
    keywords = answer.keywords
    problem = next((meaning for word, meaning in _BAD.items() if word in keywords), "")
    valid = [fields for fields in answer.fields_of("VALIDSIG") if len(fields) >= 10]
    if not problem and (len(valid) != 1 or keywords.count("NEWSIG") > 1):
        problem = "it is not exactly one good signature"
    if problem:
        outcome = Outcome.INCONCLUSIVE if "NO_PUBKEY" in keywords else Outcome.FAIL
        return SumsSignature(outcome=outcome, detail=problem)
    return SumsSignature(outcome=Outcome.PASS, detail=f"signed by {valid[0][-1]}", primary=valid[0][-1])


def _gpg(home: Path, *arguments: str) -> GpgAnswer:
    return run_gpg(home, *arguments, timeout_s=_TIMEOUT_S)


def _unsigned(message: str, action: str) -> Unsigned:
    return Unsigned(StopCode.APPROVAL_INVALID, message, action)
