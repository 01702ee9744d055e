"""Detached signature files, one per signer: measured with gpg, judged by its status lines and by nothing else."""

import os
import stat
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from console.backend.approvals.policy import Policy, Signer
from console.backend.host.gpg import GpgUnanswered, verify_detached
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import Refused, StopCode
from console.backend.model.outcome import Check, Evidence, Milliseconds, Outcome, whole_ms
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.unreadable import why_unreadable
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
    took_ms: Milliseconds = 0
    unusable: SafeText = ""
    """Reason why the file itself is refused: missing, too large, not a regular file; empty if it is not."""
    unmeasured: SafeText = ""
    """Reason why gpg could not be asked; empty if it was."""


class SignatureVerdict(Value):
    """The check of one file and, if it passed, the primary key that it counts for."""

    check: Check
    primary_fingerprint: str = ""
    signed_at: datetime | None = None


def signatures_beside(statement: Path) -> tuple[Path, ...]:
    """Return the signature files beside a statement: `<statement>.<anything>.asc` or `.sig`, by name."""
    stem = statement.name + "."
    files = statement.parent.iterdir() if statement.parent.is_dir() else iter(())
    return tuple(sorted(path for path in files if path.name.startswith(stem) and path.suffix in {".asc", ".sig"}))


def require_named(signatures: Iterable[Path]) -> None:
    """Raise Refused if a file that was named as a signature is not there: whoever named it believes that it counts."""
    missing = [str(path) for path in signatures if not os.path.lexists(path)]
    if missing:
        raise Refused(
            StopCode.REFUSED_INPUT,
            f"{safe_text(', '.join(missing))}: no such signature file; nothing was imported",
            "Name the files that are there, or none: then every signature beside the statement counts.",
        )


def signing_command(statement: Path, signer: Signer) -> str:
    """Return the command that a signer runs, on another machine, on a copy of the statement."""
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
            unmeasured = f"gpg was not asked: {why_unreadable(error)}"
    return SignatureEvidence(
        name=path.name,
        data=signature,
        sha256=sha256_hex(signature),
        status=status,
        measured_at=now,
        took_ms=whole_ms(clock() - began),
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
        # One byte more than is accepted, so that a larger file is seen as such.
        signature = stream.read(MAX_SIGNATURE_BYTES + 1)
    if len(signature) > MAX_SIGNATURE_BYTES:
        return b"", f"{path.name} is larger than {MAX_SIGNATURE_BYTES} bytes"
    return signature, "" if signature else f"{path.name} is empty"


def _ask_gpg(data: bytes, signature: bytes, home: Path, now: datetime) -> tuple[str, ...]:
    """Return gpg's status lines. Raises GpgUnanswered, OSError."""
    if not home.is_dir():
        raise FileNotFoundError(f"there is no GNUPGHOME {home}")
    return tuple(line.text for line in verify_detached(home, data, signature, now).status)


class Timed(Protocol):
    """A statement, of a run or over a batch, as far as a signature's time is judged by it."""

    @property
    def not_before(self) -> datetime:
        """Return the moment from which it is valid."""

    @property
    def expires(self) -> datetime:
        """Return the moment at which it expires."""


def judge_signature(
    measured: SignatureEvidence, statement: Timed | None, now: datetime, policy: Policy
) -> SignatureVerdict:
    """Judge whether this file is one good signature, of its time, by a signer of the policy.

    Pure. If the statement could not be read it is None, and its times are not compared.
    """
    name = f"signature.{measured.name}"
    if measured.unmeasured:
        advice = "Install gpg, or set the GNUPGHOME that holds the signers' public keys."
        return _refusal(name, Outcome.INCONCLUSIVE, measured, measured.unmeasured, advice)
    fields, problem = _valid_fields(measured)
    signed_at = None if problem else datetime.fromtimestamp(int(fields[2]), UTC)
    if signed_at is not None:
        problem = _made_weakly(fields) or _made_at_a_wrong_time(signed_at, statement, now)
    primary = fields[-1] if not problem else ""
    problem = problem or _without_authority(primary, policy)
    if problem:
        return _refusal(name, Outcome.FAIL, measured, problem, _RESIGN)
    signer = policy.signer(primary)
    assert signer is not None
    detail = f"{signer.name}, key {primary}, {signed_at:%Y-%m-%d %H:%M:%S} UTC"
    check = Check(name=name, outcome=Outcome.PASS, detail=detail, evidence=(_evidence(measured),))
    return SignatureVerdict(check=check, primary_fingerprint=primary, signed_at=signed_at)


def _valid_fields(measured: SignatureEvidence) -> tuple[list[str], str]:
    """Return the ten fields of the one VALIDSIG line and "", or no fields and the problem.

    They are, as gpg's doc/DETAILS has them: 2 time of the signature, 7 hash algorithm, 8 class, 9 primary fingerprint.
    """
    if measured.unusable:
        return [], measured.unusable
    words = [line.split(" ") for line in measured.status]
    keywords = [line[0] for line in words]
    # Of two signatures in one file, a good one could cover up the verdict on the other.
    if keywords.count("NEWSIG") > 1 or keywords.count("VALIDSIG") > 1 or measured.data.count(b"-----BEGIN PGP") > 1:
        return [], "more than one signature in one file; one file a signer"
    # Before VALIDSIG is looked at: gpg reports that too for a key that has expired or was revoked.
    if problems := [problem for word, problem in _BAD.items() if word in keywords]:
        return [], "; ".join(problems)
    valid = [line[1:] for line in words if line[0] == "VALIDSIG"]
    complete = len(valid) == 1 and len(valid[0]) == 10 and valid[0][2].isdecimal()
    if not complete or keywords.count("GOODSIG") != 1 or keywords.count("NEWSIG") != 1:
        return [], "gpg did not report one good and valid signature"
    return valid[0], ""


def _made_weakly(fields: list[str]) -> str:
    hash_algorithm, signature_class = fields[7], fields[8]
    if hash_algorithm not in STRONG_DIGESTS:
        return f"made over {_DIGEST_NAMES.get(hash_algorithm, f'digest {hash_algorithm}')}, which is too weak"
    return "" if signature_class == _BINARY_DOCUMENT else "not a signature of the bytes (made with --textmode?)"


def _made_at_a_wrong_time(signed_at: datetime, statement: Timed | None, now: datetime) -> str:
    made_at = f"made at {signed_at:%Y-%m-%d %H:%M:%S} UTC"
    if signed_at > now + CLOCK_SKEW:
        return f"{made_at}, which is in the future"
    if statement is not None and signed_at < statement.not_before - CLOCK_SKEW:
        return f"{made_at}, before the statement was drafted"
    if statement is not None and signed_at > statement.expires:
        return f"{made_at}, after the statement had expired"
    return ""


def _without_authority(primary: str, policy: Policy) -> str:
    if policy.signer(primary) is None:
        return f"key {primary} is not in the policy"
    if primary in policy.operators and not policy.solo:
        return f"key {primary} is the operator's, and the policy does not declare solo"
    return ""


def _refusal(name: str, outcome: Outcome, measured: SignatureEvidence, detail: str, advice: str) -> SignatureVerdict:
    evidence = () if outcome is Outcome.INCONCLUSIVE else (_evidence(measured),)
    return SignatureVerdict(
        check=Check(name=name, outcome=outcome, detail=detail, evidence=evidence, next_action=advice)
    )


def _evidence(measured: SignatureEvidence) -> Evidence:
    return Evidence(
        id=f"signature:{measured.sha256[:12]}",
        asked=f"gpg --verify {measured.name}",
        source="gpg status lines",
        answer="; ".join(measured.status) or measured.unusable,
        measured_at=measured.measured_at,
        took_ms=measured.took_ms,
    )
