"""G7: somebody can rule, what waits for a ruling is complete, and nothing is taken for an approval that is none."""

import os
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from console.backend.approvals.bindings import placeholders_in
from console.backend.approvals.check import open_checks
from console.backend.approvals.keyring import Keyring
from console.backend.approvals.statement import MAX_STATEMENT_BYTES
from console.backend.gates.gate import Gate
from console.backend.gates.measurement import Measurement, Verdict, check, fails, partial, passes, unclear
from console.backend.gates.probe import Probe
from console.backend.gates.ruling_policy import (
    Pinned,
    PolicyFile,
    pin_check,
    pinned_fact,
    policy_check,
    policy_facts,
)
from console.backend.host.regular_file import open_regular
from console.backend.model.errors import Refused, StopCode, Unmeasured
from console.backend.model.outcome import Check, Outcome
from console.backend.model.purposes import KIND_AT, Kind, Purpose, RunOperation
from console.backend.model.readiness import Owner
from console.backend.model.safe_text import SafeText
from console.backend.model.states import Family
from console.backend.model.value import Value
from console.backend.model.view_models import ApprovalStatus
from console.backend.postgres.records import ApprovalRow, RunRow, all_runs, approvals
from console.backend.runs import approval_workflow


class Finding(Value):
    """A check of a statement that is not PASS."""

    name: SafeText
    outcome: Outcome
    detail: SafeText
    next_action: SafeText


class Package(Value):
    """The sovereign's package for one run, as it stands: the statement, its signatures, its import."""

    run_id: SafeText
    kind: Kind
    docprefix: str
    n_units: int
    statement: SafeText
    """The statement's file."""
    status: ApprovalStatus | None
    """None where no statement has been drafted."""
    signers: SafeText = ""
    """Number of distinct signers that count, and the number needed."""
    expires: datetime | None = None
    findings: tuple[Finding, ...] = ()


class Ledger(Value):
    """Every statement that the database has, by what became of it; `SG_1 of RUN` each."""

    valid: tuple[SafeText, ...]
    expired: tuple[SafeText, ...]
    used: tuple[SafeText, ...]
    powerless: tuple[SafeText, ...] = ()
    """Neither used nor expired, and imported by version 0.2.0: the database has never verified them."""


class Facts(Value):
    """The facts that G7 measures."""

    policy: Measurement[PolicyFile]
    keys: Measurement[Keyring]
    pinned: Measurement[Pinned]
    packages: Measurement[tuple[Package, ...]]
    ledger: Measurement[Ledger]
    placeholders: Measurement[tuple[SafeText, ...]]


def measure(probe: Probe) -> Facts:
    """Read policy and key ring, and look at every run that waits for a ruling."""
    rows: list[RunRow] = []
    recorded: list[ApprovalRow] = []

    def ledger() -> Ledger:
        with probe.monitor() as connection:
            rows.extend(all_runs(connection))
            recorded.extend(approvals(connection))
        return _ledger(tuple(recorded), probe.installation.context.now())

    seen = probe.ask("statements", "imported statements and their use", "the database", ledger, _ledger_in_words)
    policy, keys = policy_facts(probe)
    return Facts(
        policy=policy,
        keys=keys,
        pinned=pinned_fact(probe),
        ledger=seen,
        packages=probe.ask(
            "packages",
            "statement, signatures and import of every run that waits for a ruling",
            "approvals/, gpg and the database",
            lambda: _packages(probe, tuple(rows), seen),
            lambda found: "; ".join(_in_words(one) for one in found) or "no run waits for a ruling",
        ),
        placeholders=probe.ask(
            "placeholders",
            "files that name an approval id which is a placeholder, not an approval",
            str(probe.installation.root / "approvals"),
            lambda: _placeholders(probe.installation.root / "approvals"),
            lambda found: ", ".join(found) or "none",
        ),
    )


def package_fact(probe: Probe, row: RunRow, kind: Kind) -> Measurement[Package]:
    """The package of one run."""
    return probe.ask(
        "package",
        f"statement, signatures and import of {kind} of run {row.run_id}",
        "approvals/, gpg and the database",
        lambda: measure_package(probe, row, kind),
        _in_words,
    )


def measure_package(probe: Probe, row: RunRow, kind: Kind) -> Package:
    """Measure one run's package. Raises Unmeasured if it cannot be read."""
    path = probe.installation.statement(row.run_id, kind)
    bare = Package(
        run_id=row.run_id,
        kind=kind,
        docprefix=row.docprefix,
        n_units=row.n_units or 0,
        statement=str(path),
        status=None,
    )
    if not path.exists():
        return bare
    if probe.read_only and kind is Kind.SG_2:
        raise Unmeasured(
            StopCode.EXECUTION_DISABLED,
            "a monitoring console does not read the draft rows that SG_2 is bound to",
            f"Measure it from a console without --read-only: cutter-console gates {probe.gate}",
        )
    try:
        view = approval_workflow.view(probe.installation, path)
    except Refused as refused:
        finding = Finding(
            name="readable",
            outcome=Outcome.FAIL,
            detail=refused.message,
            next_action=_of_run(refused.next_action, row.run_id),
        )
        return bare.model_copy(update={"status": ApprovalStatus.INVALID, "findings": (finding,)})
    findings = tuple(
        Finding(
            name=one.name,
            outcome=one.outcome,
            detail=one.detail,
            next_action=_of_run(one.next_action, row.run_id),
        )
        for one in open_checks(view.checks)
    )
    signers = next((one.detail for one in view.checks if one.name == "quorum"), "")
    return bare.model_copy(
        update={"status": view.status, "signers": signers, "expires": view.expires_at, "findings": findings}
    )


def _of_run(action: str, run_id: str) -> str:
    """Return the command with this run's id in place of RUN."""
    return re.sub(r"\bRUN$", run_id, action)


def judge_package(found: Package) -> Verdict:
    """Pure: imported and still valid is PASS; what only waits for somebody is PARTIAL; everything else stops."""
    who = f"{found.kind} of run {found.run_id} ({found.docprefix}, {found.n_units} units)"
    wrong = [one for one in found.findings if one.name != "quorum" or found.status is ApprovalStatus.IMPORTED]
    said = f"{who}: {found.status}: {'; '.join(f'{one.name}: {one.detail}' for one in wrong)}"
    again = f"cutter-console approval draft {found.run_id}"
    if found.status is None:
        return partial(f"{who}: no statement has been drafted", again)
    if found.status is ApprovalStatus.EXPIRED:
        return fails(f"{who}: the statement has expired", again)
    if found.status is ApprovalStatus.USED:
        return passes(f"{who}: used for what it allowed")
    if wrong or found.status is ApprovalStatus.INVALID:
        unsure = bool(wrong) and all(one.outcome is Outcome.INCONCLUSIVE for one in wrong)
        return (unclear if unsure else fails)(said, (wrong[0].next_action if wrong else "") or again)
    return _awaited(found, who)


def _awaited(found: Package, who: str) -> Verdict:
    if found.status is ApprovalStatus.IMPORTED:
        return passes(f"{who}: imported, {found.signers}, {_until(found.expires)}")
    command = f"cutter-console approval import {found.statement} SIGNATURE…"
    return partial(
        f"{who}: drafted, {found.signers}, {_until(found.expires)}", f"Have it signed elsewhere, then: {command}"
    )


def _until(expires: datetime | None) -> str:
    return f"until {expires:%Y-%m-%d %H:%M} UTC" if expires else "without expiry"


def _in_words(found: Package) -> str:
    return f"{found.kind} of {found.run_id}: {found.status or 'not drafted'}, {found.signers or 'no signature'}"


def _packages(probe: Probe, rows: tuple[RunRow, ...], ledger: Measurement[Ledger]) -> tuple[Package, ...]:
    if ledger.value is None:
        raise Unmeasured(StopCode.UNREACHABLE, ledger.unmeasured, ledger.next_action)
    waiting = [(row, KIND_AT[row.stage]) for row in rows if row.family is Family.ACTIVE and row.stage in KIND_AT]
    return tuple(measure_package(probe, row, kind) for row, kind in waiting if row.operation is RunOperation.CUT)


def _ledger(recorded: tuple[ApprovalRow, ...], now: datetime) -> Ledger:
    used = {row.statement_sha256 for row in recorded if row.used_for}
    idle = [row for row in recorded if row.statement_sha256 not in used]
    return Ledger(
        valid=tuple(_idle(row) for row in idle if row.expires > now and row.purpose is not None),
        expired=tuple(_idle(row) for row in idle if row.expires <= now),
        used=tuple(f"{_name(row)} to {row.used_for}" for row in recorded if row.used_for),
        powerless=tuple(_name(row) for row in idle if row.expires > now and row.purpose is None),
    )


def _name(row: ApprovalRow) -> str:
    return f"{row.kind} of {row.run_id}"


def _idle(row: ApprovalRow) -> str:
    return f"{_name(row)} to revert" if row.purpose == Purpose.REVERT else _name(row)


def _ledger_in_words(found: Ledger) -> str:
    parts = [("valid", found.valid), ("expired unused", found.expired), ("used", found.used)]
    if found.powerless:
        parts.append(("imported by version 0.2.0, which authorise nothing", found.powerless))
    return "; ".join(f"{len(names)} {what}" + (f": {', '.join(names)}" if names else "") for what, names in parts)


def _placeholders(folder: Path) -> tuple[str, ...]:
    """Files of approvals/ whose name or head of content names a placeholder id."""
    found = []
    for place in sorted(folder.iterdir()):
        with os.fdopen(open_regular(place), "rb") as stream:
            text = stream.read(MAX_STATEMENT_BYTES).decode("utf-8", "replace")
        if named := placeholders_in(f"{place.name}\n{text}"):
            found.append(f"{place.name} names {', '.join(named)}")
    return tuple(found)


def decide(facts: Facts) -> tuple[Check, ...]:
    """Pure: policy, the package of every waiting run, the statements that there are, no placeholder."""
    return (
        policy_check(facts.policy, facts.keys),
        pin_check(facts.policy, facts.pinned),
        *_package_checks(facts.packages),
        check("statements", facts.ledger, lambda found: passes(_ledger_in_words(found))),
        check("no placeholder", facts.placeholders, _no_placeholder),
    )


def _package_checks(packages: Measurement[tuple[Package, ...]]) -> tuple[Check, ...]:
    """Nothing to approve is how it is before the first run: a step is missing, and it is named; nothing is wrong."""
    if not packages.value:
        return (check("package", packages, _no_package),)
    return tuple(check(f"package {one.run_id}", packages, _always(judge_package(one))) for one in packages.value)


def _always(verdict: Verdict) -> Callable[[object], Verdict]:
    return lambda _: verdict


def _no_package(_none: tuple[Package, ...]) -> Verdict:
    return partial("no run waits for a ruling", "cutter-console run start FILE --docprefix P --live")


def _no_placeholder(found: tuple[str, ...]) -> Verdict:
    if found:
        return fails("; ".join(found), "Take it out of approvals/; have a real statement drafted and signed.")
    return passes("no file of approvals/ names a placeholder id")


GATE = Gate(
    "G7",
    "Approval package",
    "Can somebody rule, and is what they need complete?",
    Owner.SOVEREIGN,
    measure,
    decide,
)
