"""The named checks of one statement: every binding, every signature, the quorum; a verdict each, never an exception."""

import time
from datetime import datetime
from pathlib import Path

from console.backend.approvals.bindings import Expectation, canonical_form, fact_checks, no_placeholder
from console.backend.approvals.keyring import Keyring, measure_keyring
from console.backend.approvals.policy import Policy, check_policy
from console.backend.approvals.signatures import (
    SignatureEvidence,
    SignatureVerdict,
    Timed,
    judge_signature,
    measure_signature,
)
from console.backend.approvals.statement import Statement
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import Refused, StopCode, Unmeasured, Waiting
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.purposes import Kind
from console.backend.model.value import Value

MAX_SIGNATURES = 64


class SignedBy(Value):
    """One signature that counts: who, with which primary key, when, and the file's bytes."""

    signer: str
    primary_fingerprint: str
    signed_at: datetime
    file_name: str
    data: bytes


class StatementCheck(Value):
    """A checked statement: the checks in the order a screen lists them, and the signatures that count."""

    data: bytes
    sha256: str
    statement: Statement | None
    """None if the bytes are not a canonical statement."""
    checks: tuple[Check, ...]
    signed_by: tuple[SignedBy, ...]
    """One per distinct primary key, in the order of the files."""
    solo: bool
    measured_at: datetime

    @property
    def failed(self) -> tuple[Check, ...]:
        """Every check that is not PASS."""
        return tuple(check for check in self.checks if check.outcome is not Outcome.PASS)

    @property
    def outcome(self) -> Outcome:
        """Return FAIL if any check failed, PASS if all passed, else INCONCLUSIVE."""
        outcomes = {check.outcome for check in self.failed}
        if not outcomes:
            return Outcome.PASS
        return Outcome.FAIL if Outcome.FAIL in outcomes else Outcome.INCONCLUSIVE


def check_statement(
    data: bytes,
    signatures: tuple[Path, ...],
    *,
    policy: Policy,
    gnupg_home: Path,
    now: datetime,
    expected: Expectation,
    name: str = "",
    import_with: str,
    signed: bytes | None = None,
) -> StatementCheck:
    """Measure the signature files and the keyring, then judge. `name` is the statement's file name.

    `signed` are the bytes of a statement over a batch that names this one: then the signatures are over those. Bad content
    gives FAIL with evidence and a next action, a missing gpg INCONCLUSIVE; nothing is raised. `import_with` is the command
    that imports it once it is signed.
    """
    measured = measure_signatures(data if signed is None else signed, signatures, gnupg_home, now)
    keys = measure_keyring(gnupg_home, now)
    return judge_statement(
        data, measured, keys, policy=policy, now=now, expected=expected, name=name, import_with=import_with
    )


def measure_signatures(
    data: bytes, signatures: tuple[Path, ...], gnupg_home: Path, now: datetime
) -> tuple[SignatureEvidence, ...]:
    """Ask gpg about each signature file over these bytes; one more than are judged, so that the quorum sees too many."""
    return tuple(
        measure_signature(data, path, gnupg_home, now, time.monotonic) for path in signatures[: MAX_SIGNATURES + 1]
    )


def judge_signatures(
    measured: tuple[SignatureEvidence, ...],
    statement: Timed | None,
    policy: Policy,
    kind: Kind,
    now: datetime,
    import_with: str,
) -> tuple[tuple[Check, ...], tuple[SignedBy, ...]]:
    """Pure: a check for each signature and one for the quorum, and the signatures that count."""
    verdicts = [judge_signature(signature, statement, now, policy) for signature in measured[:MAX_SIGNATURES]]
    counted = _counted(measured, verdicts, policy)
    quorum = _quorum(counted, verdicts, len(measured), policy, kind, now, import_with)
    return (*(verdict.check for verdict in verdicts), quorum), counted


def judge_statement(
    data: bytes,
    measured: tuple[SignatureEvidence, ...],
    keys: Keyring,
    *,
    policy: Policy,
    now: datetime,
    expected: Expectation,
    name: str = "",
    import_with: str,
) -> StatementCheck:
    """Pure: the verdict on a statement, from the measured signatures and keys."""
    statement, canonical = canonical_form(data, now)
    judged, counted = judge_signatures(measured, statement, policy, expected.kind, now, import_with)
    checks = (
        canonical,
        no_placeholder(data, (name, *(signature.name for signature in measured)), expected, now),
        *fact_checks(statement, policy, expected, now),
        *judged,
        *check_policy(policy, keys, now),
    )
    return StatementCheck(
        data=data,
        sha256=sha256_hex(data),
        statement=statement,
        checks=checks,
        signed_by=counted,
        solo=policy.solo,
        measured_at=now,
    )


def open_checks(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """Return the checks that stop a ruling: those that ran and are not PASS, except unusable keys of single signers.

    If the quorum is reached, a bad signature does not stop it either: otherwise anyone who can add a file could stop
    any ruling.
    """
    failed = tuple(check for check in checks if check.outcome not in {Outcome.PASS, Outcome.NOT_RUN})
    enough = all(check.name != "quorum" for check in failed)
    harmless = ("policy.key.", "signature.") if enough else ("policy.key.",)
    return tuple(check for check in failed if not check.name.startswith(harmless))


def raise_if_invalid(check: StatementCheck) -> None:
    """Raise if any check of `open_checks` is left, naming all of them.

    Waiting (APPROVAL_REQUIRED) if only signatures are missing; Refused (POLICY_UNSATISFIABLE) if
    the policy itself is red; Unmeasured if something could not be measured and nothing failed;
    Refused (APPROVAL_INVALID) otherwise.
    """
    stopping_checks = open_checks(check.checks)
    if not stopping_checks:
        return
    message = "; ".join(f"{entry.name}: {entry.detail}" for entry in stopping_checks)
    advice = stopping_checks[0].next_action
    names = {entry.name for entry in stopping_checks}
    of_policy = any(entry.name.startswith("policy.") for entry in stopping_checks)
    code = StopCode.POLICY_UNSATISFIABLE if of_policy else StopCode.APPROVAL_INVALID
    if not any(entry.outcome is Outcome.FAIL for entry in stopping_checks):
        raise Unmeasured(code, message, advice)
    if names == {"quorum"}:
        raise Waiting(StopCode.APPROVAL_REQUIRED, message, advice)
    raise Refused(code, message, advice)


def _counted(
    measured: tuple[SignatureEvidence, ...], verdicts: list[SignatureVerdict], policy: Policy
) -> tuple[SignedBy, ...]:
    counted: dict[str, SignedBy] = {}
    # Not strict: of too many files only the first MAX_SIGNATURES have a verdict.
    for signature, verdict in zip(measured, verdicts, strict=False):
        signer = policy.signer(verdict.primary_fingerprint)
        if signer is not None and verdict.signed_at is not None:
            # By primary key: signatures by two subkeys of one key are those of one signer.
            counted.setdefault(
                signer.fingerprint,
                SignedBy(
                    signer=signer.name,
                    primary_fingerprint=signer.fingerprint,
                    signed_at=verdict.signed_at,
                    file_name=signature.name,
                    data=signature.data,
                ),
            )
    return tuple(counted.values())


def _quorum(
    counted: tuple[SignedBy, ...],
    verdicts: list[SignatureVerdict],
    files: int,
    policy: Policy,
    kind: Kind,
    now: datetime,
    import_with: str,
) -> Check:
    needed = policy.thresholds.of(kind)
    detail = f"{len(counted)} of {needed} distinct signers" + (" (SOLO)" if policy.solo else "")
    evidence = Evidence(
        id=f"quorum:{kind}",
        asked="signatures that count, one a primary key",
        source="signature files",
        answer=f"{files} files; {', '.join(signer.primary_fingerprint for signer in counted) or 'none counts'}",
        measured_at=now,
    )
    if files > MAX_SIGNATURES:
        detail = f"{files} signature files, more than {MAX_SIGNATURES}"
    elif needed >= 1 and len(counted) >= needed:
        return Check(name="quorum", outcome=Outcome.PASS, detail=detail, evidence=(evidence,))
    unsure = any(verdict.check.outcome is Outcome.INCONCLUSIVE for verdict in verdicts)
    return Check(
        name="quorum",
        outcome=Outcome.INCONCLUSIVE if unsure else Outcome.FAIL,
        detail=detail,
        evidence=(evidence,),
        next_action=f"Have the missing signers sign, then: {import_with}",
    )
