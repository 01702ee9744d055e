"""Detached signature files, one a signer: measured with gpg, judged by its status lines and by nothing else."""

import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from console.backend.approvals.policy import Policy, Signer
from console.backend.approvals.statement import Statement
from console.backend.host.gpg import GpgUnanswered, verify_detached
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value

MAX_SIGNATURE_BYTES = 64 * 1024
CLOCK_SKEW = timedelta(minutes=2)
"""Most that the clock of the signer's machine may differ from the console's."""
STRONG_DIGESTS = {"8": "SHA256", "9": "SHA384", "10": "SHA512", "12": "SHA3-256", "14": "SHA3-512"}
_DIGEST_NAMES = STRONG_DIGESTS | {"1": "MD5", "2": "SHA1", "3": "RIPEMD160", "11": "SHA224"}
_BINARY_DOCUMENT = "00"
_BAD = {
    "BADSIG": "it is not a signature of this statement",
    "EXPSIG": "the signature has expired",
    "EXPKEYSIG": "it was made with a key that has expired",
    "REVKEYSIG": "it was made with a key that has been revoked",
    "NO_PUBKEY": "the signer's public key is not in the keyring",
    "ERRSIG": "gpg could not check it",
    "NODATA": "it holds no signature",
    "UNEXPECTED": "it holds something else than a signature",
    "FAILURE": "gpg failed on it",
}
_RESIGN = "Have the signer sign the statement's file again: gpg --digest-algo SHA256 --detach-sign --armor STATEMENT"


class SignatureEvidence(Value):
    """One signature file and what gpg said about it over the statement's bytes."""

    name: SafeText
    """The file's name, without its directory."""
    data: bytes
    """The bytes that were checked: what an import records."""
    sha256: str
    status: tuple[SafeText, ...]
    """Every status line in order, without the prefix."""
    measured_at: datetime
    took_ms: float = 0.0
    unusable: SafeText = ""
    """The file itself cannot be taken (missing, too large, not a file)."""
    unmeasured: SafeText = ""
    """gpg could not be asked."""


class SignatureVerdict(Value):
    """The check of one file and, where it passed, the primary key that it counts for."""

    check: Check
    primary_fingerprint: str = ""
    signed_at: datetime | None = None


def signatures_beside(statement: Path) -> tuple[Path, ...]:
    """The signature files that lie beside a statement: `<statement>.<anything>.asc` or `.sig`, by name."""
    stem = statement.name + "."
    found = statement.parent.iterdir() if statement.parent.is_dir() else iter(())
    return tuple(sorted(p for p in found if p.name.startswith(stem) and p.suffix in {".asc", ".sig"}))


def signing_command(statement: Path, signer: Signer) -> str:
    """The command that a signer runs, elsewhere, on a copy of the statement."""
    label = "".join(c if c.isascii() and c.isalnum() else "-" for c in signer.name).strip("-") or "signer"
    return (
        f"gpg --local-user {signer.fingerprint} --digest-algo SHA256 --detach-sign --armor "
        f"--output {statement.name}.{label}.asc {statement.name}"
    )


def measure_signature(
    data: bytes, path: Path, gnupg_home: Path, now: datetime, clock: Callable[[], float]
) -> SignatureEvidence:
    """Ask gpg about one signature file over these bytes, as of `now`; never raises on a bad file.

    `clock` gives seconds and is only used for how long it took.
    """
    began = clock()
    signature, unusable = _read_signature(path)
    status: tuple[str, ...] = ()
    unmeasured = ""
    if not unusable:
        try:
            status = _ask_gpg(data, signature, gnupg_home, now)
        except GpgUnanswered as unanswered:
            unmeasured = unanswered.message
        except OSError as error:
            unmeasured = str(error)
    return SignatureEvidence(
        name=path.name,
        data=signature,
        sha256=sha256_hex(signature),
        status=status,
        measured_at=now,
        took_ms=(clock() - began) * 1000,
        unusable=unusable,
        unmeasured=unmeasured,
    )


def _read_signature(path: Path) -> tuple[bytes, str]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        return b"", f"{path.name}: {error.strerror}"
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return b"", f"{path.name} is not a regular file"
    with os.fdopen(descriptor, "rb") as stream:
        signature = stream.read(MAX_SIGNATURE_BYTES + 1)
    if len(signature) > MAX_SIGNATURE_BYTES:
        return b"", f"{path.name} is larger than {MAX_SIGNATURE_BYTES} bytes"
    return signature, "" if signature else f"{path.name} is empty"


def _ask_gpg(data: bytes, signature: bytes, home: Path, now: datetime) -> tuple[str, ...]:
    """The status lines. Raises GpgUnanswered, OSError."""
    if not home.is_dir():
        raise FileNotFoundError(f"there is no GNUPGHOME {home}")
    return tuple(line.text for line in verify_detached(home, data, signature, now).status)


def judge_signature(
    seen: SignatureEvidence, statement: Statement | None, now: datetime, policy: Policy
) -> SignatureVerdict:
    """Judge whether this file is one good signature, of its time, by a signer of the policy.

    Pure; the statement is None where it could not be read, and its times then cannot be compared.
    """
    name = f"signature.{seen.name}"
    if seen.unmeasured:
        advice = "Install gpg, or set the GNUPGHOME that holds the signers' public keys."
        return _no(name, Outcome.INCONCLUSIVE, seen, seen.unmeasured, advice)
    fields, wrong = _valid_fields(seen)
    signed_at = None if wrong else datetime.fromtimestamp(int(fields[2]), UTC)
    if signed_at is not None:
        wrong = _made_weakly(fields) or _made_at_a_wrong_time(signed_at, statement, now)
    primary = fields[-1] if not wrong else ""
    wrong = wrong or _without_authority(primary, policy)
    if wrong:
        return _no(name, Outcome.FAIL, seen, wrong, _RESIGN)
    who = policy.signer(primary)
    assert who is not None
    detail = f"{who.name}, key {primary}, {signed_at:%Y-%m-%d %H:%M:%S} UTC"
    check = Check(name=name, outcome=Outcome.PASS, detail=detail, evidence=(_evidence(seen),))
    return SignatureVerdict(check=check, primary_fingerprint=primary, signed_at=signed_at)


def _valid_fields(seen: SignatureEvidence) -> tuple[list[str], str]:
    """The fields of the one VALIDSIG, or why there is no such thing."""
    if seen.unusable:
        return [], seen.unusable
    words = [line.split(" ") for line in seen.status]
    said = [line[0] for line in words]
    if said.count("NEWSIG") > 1 or said.count("VALIDSIG") > 1 or seen.data.count(b"-----BEGIN PGP") > 1:
        return [], "more than one signature in one file; one file a signer"
    if bad := [said_so for word, said_so in _BAD.items() if word in said]:
        return [], "; ".join(bad)
    valid = [line[1:] for line in words if line[0] == "VALIDSIG"]
    complete = len(valid) == 1 and len(valid[0]) == 10 and valid[0][2].isdecimal()
    if not complete or said.count("GOODSIG") != 1 or said.count("NEWSIG") != 1:
        return [], "gpg did not report one good and valid signature"
    return valid[0], ""


def _made_weakly(fields: list[str]) -> str:
    hash_algorithm, signature_class = fields[7], fields[8]
    if hash_algorithm not in STRONG_DIGESTS:
        return f"made over {_DIGEST_NAMES.get(hash_algorithm, f'digest {hash_algorithm}')}, which is too weak"
    return "" if signature_class == _BINARY_DOCUMENT else "not a signature of the bytes (made with --textmode?)"


def _made_at_a_wrong_time(signed_at: datetime, statement: Statement | None, now: datetime) -> str:
    at = f"made at {signed_at:%Y-%m-%d %H:%M:%S} UTC"
    if signed_at > now + CLOCK_SKEW:
        return f"{at}, which is in the future"
    if statement is not None and signed_at < statement.not_before - CLOCK_SKEW:
        return f"{at}, before the statement was drafted"
    if statement is not None and signed_at > statement.expires:
        return f"{at}, after the statement had expired"
    return ""


def _without_authority(primary: str, policy: Policy) -> str:
    if policy.signer(primary) is None:
        return f"key {primary} is not in the policy"
    if primary in policy.operators and not policy.solo:
        return f"key {primary} is the operator's, and the policy does not declare solo"
    return ""


def _no(name: str, outcome: Outcome, seen: SignatureEvidence, why: str, advice: str) -> SignatureVerdict:
    evidence = () if outcome is Outcome.INCONCLUSIVE else (_evidence(seen),)
    return SignatureVerdict(check=Check(name=name, outcome=outcome, detail=why, evidence=evidence, next_action=advice))


def _evidence(seen: SignatureEvidence) -> Evidence:
    return Evidence(
        id=f"signature:{seen.sha256[:12]}",
        asked=f"gpg --verify {seen.name}",
        source="gpg status lines",
        answer="; ".join(seen.status) or seen.unusable,
        measured_at=seen.measured_at,
        took_ms=seen.took_ms,
    )
