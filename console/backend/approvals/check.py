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
    """None where the bytes are not a canonical statement."""
    checks: tuple[Check, ...]
    signed_by: tuple[SignedBy, ...]
    """One a distinct primary key, in the order of the files."""
    solo: bool
    measured_at: datetime

    @property
    def failed(self) -> tuple[Check, ...]:
        """Every check that is not PASS."""
        return tuple(check for check in self.checks if check.outcome is not Outcome.PASS)

    @property
    def outcome(self) -> Outcome:
        """FAIL where anything failed, INCONCLUSIVE where something could not be measured, else PASS."""
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
) -> StatementCheck:
    """Measure the signature files and the keyring, then judge. `name` is the statement's file name.

    Bad content gives FAIL with evidence and a next action, a missing gpg INCONCLUSIVE; nothing is
    raised.
    """
    seen = tuple(
        measure_signature(data, path, gnupg_home, now, time.monotonic) for path in signatures[: MAX_SIGNATURES + 1]
    )
    keys = measure_keyring(gnupg_home, now)
    return judge_statement(data, seen, keys, policy=policy, now=now, expected=expected, name=name)


def judge_statement(
    data: bytes,
    seen: tuple[SignatureEvidence, ...],
    keys: Keyring,
    *,
    policy: Policy,
    now: datetime,
    expected: Expectation,
    name: str = "",
) -> StatementCheck:
    """The verdicts on what was measured; pure."""
    statement, form = canonical_form(data, now)
    verdicts = [judge_signature(one, statement, now, policy) for one in seen[:MAX_SIGNATURES]]
    counted = _counted(seen, verdicts, policy)
    checks = (
        form,
        no_placeholder(data, (name, *(one.name for one in seen)), expected, now),
        *fact_checks(statement, policy, expected, now),
        *(verdict.check for verdict in verdicts),
        _quorum(counted, verdicts, len(seen), policy, expected.kind, now),
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
    """The checks that stop a ruling: all that are asked and not PASS, but for the unusable key of a signer who is not needed.

    A bad signature beside enough good ones stops nothing either: whoever can add a file could stop any ruling by it.
    """
    failed = tuple(one for one in checks if one.outcome not in {Outcome.PASS, Outcome.NOT_RUN})
    enough = all(one.name != "quorum" for one in failed)
    harmless = ("policy.key.", "signature.") if enough else ("policy.key.",)
    return tuple(one for one in failed if not one.name.startswith(harmless))


def raise_if_invalid(check: StatementCheck) -> None:
    """Raises where any check that matters is open, naming all of them.

    Waiting (APPROVAL_REQUIRED) where only signatures are missing; Refused (POLICY_UNSATISFIABLE) where
    the policy itself is red; Unmeasured where something could not be measured and nothing failed;
    Refused (APPROVAL_INVALID) otherwise.
    """
    stopping = open_checks(check.checks)
    if not stopping:
        return
    message = "; ".join(f"{one.name}: {one.detail}" for one in stopping)
    advice = stopping[0].next_action
    names = {one.name for one in stopping}
    of_policy = any(one.name.startswith("policy.") for one in stopping)
    code = StopCode.POLICY_UNSATISFIABLE if of_policy else StopCode.APPROVAL_INVALID
    if not any(one.outcome is Outcome.FAIL for one in stopping):
        raise Unmeasured(code, message, advice)
    if names == {"quorum"}:
        raise Waiting(StopCode.APPROVAL_REQUIRED, message, advice)
    raise Refused(code, message, advice)


def _counted(
    seen: tuple[SignatureEvidence, ...], verdicts: list[SignatureVerdict], policy: Policy
) -> tuple[SignedBy, ...]:
    counted: dict[str, SignedBy] = {}
    for one, verdict in zip(seen, verdicts, strict=False):
        signer = policy.signer(verdict.primary_fingerprint)
        if signer is not None and verdict.signed_at is not None:
            counted.setdefault(
                signer.fingerprint,
                SignedBy(
                    signer=signer.name,
                    primary_fingerprint=signer.fingerprint,
                    signed_at=verdict.signed_at,
                    file_name=one.name,
                    data=one.data,
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
) -> Check:
    needed = policy.thresholds.of(kind)
    detail = f"{len(counted)} of {needed} distinct signers" + (" (SOLO)" if policy.solo else "")
    seen = Evidence(
        id=f"quorum:{kind}",
        asked="signatures that count, one a primary key",
        source="signature files",
        answer=f"{files} files; {', '.join(one.primary_fingerprint for one in counted) or 'none counts'}",
        measured_at=now,
    )
    if files > MAX_SIGNATURES:
        detail = f"{files} signature files, more than {MAX_SIGNATURES}"
    elif needed >= 1 and len(counted) >= needed:
        return Check(name="quorum", outcome=Outcome.PASS, detail=detail, evidence=(seen,))
    unsure = any(verdict.check.outcome is Outcome.INCONCLUSIVE for verdict in verdicts)
    return Check(
        name="quorum",
        outcome=Outcome.INCONCLUSIVE if unsure else Outcome.FAIL,
        detail=detail,
        evidence=(seen,),
        next_action="Have the missing signers sign, then: cutter-console approval import STATEMENT SIGNATURE…",
    )
