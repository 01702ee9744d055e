"""G7: the policy can be satisfied, the statement of each waiting run is complete, and no file poses as an approval."""

import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import psycopg

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
from console.backend.host.installation import Installation
from console.backend.host.regular_file import open_regular
from console.backend.model.counting import counted
from console.backend.model.errors import Refused, StopCode, Unmeasured
from console.backend.model.outcome import Check, Outcome
from console.backend.model.purposes import KIND_AT, Kind, Purpose, RunOperation
from console.backend.model.readiness import Owner
from console.backend.model.safe_text import SafeText
from console.backend.model.states import Family
from console.backend.model.value import Value
from console.backend.model.view_models import ApprovalStatus, ApprovalView
from console.backend.postgres.asking import Asking
from console.backend.postgres.batches import batch_of_each_run
from console.backend.postgres.records import ApprovalRow, RunRow, all_runs, approvals
from console.backend.runs import approval_workflow, batch_rulings
from console.backend.runs.ruling_facts import RulingFacts
from console.backend.runs.run_views import elsewhere


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
    """None if no statement has been drafted."""
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


LEDGER = "runs and rulings"
"""Name of the question for them."""


class LedgerRows(NamedTuple):
    """Rows of the ledger, read together."""

    runs: tuple[RunRow, ...]
    rulings: tuple[ApprovalRow, ...]
    batches: Mapping[str, str]
    """The batch of each run that is a member of one."""


def ledger_rows(connection: psycopg.Connection) -> LedgerRows:
    """Return all runs, rulings and batches."""
    with Asking(connection) as asking:
        runs, rulings, batches = asking.ask(all_runs), asking.ask(approvals), asking.ask(batch_of_each_run)
    return LedgerRows(runs.value, rulings.value, batches.value)


def measure(probe: Probe) -> Facts:
    """Read policy and key ring, and look at every run that waits for a ruling."""
    # `ledger` fills the list. The packages are measured from the same rows, or not at all if it fails.
    rows: list[LedgerRows] = []

    def ledger() -> Ledger:
        rows.append(probe.of_monitor(LEDGER, ledger_rows))
        return _ledger(rows[0].rulings, probe.installation.context.now())

    ledger_fact = probe.ask("statements", "imported statements and their use", "the database", ledger, _ledger_in_words)
    policy, keys = policy_facts(probe)
    return Facts(
        policy=policy,
        keys=keys,
        pinned=pinned_fact(probe),
        ledger=ledger_fact,
        packages=probe.ask(
            "packages",
            "statement, signatures and import of every run that waits for a ruling",
            "approvals/, gpg and the database",
            lambda: _packages(probe, rows[0] if rows else None, ledger_fact),
            lambda packages: "; ".join(_in_words(package) for package in packages) or "no run waits for a ruling",
        ),
        placeholders=probe.ask(
            "placeholders",
            "files that name an approval id which is a placeholder, not an approval",
            str(probe.installation.root / "approvals"),
            lambda: _placeholders(probe.installation.root / "approvals"),
            lambda file_lines: ", ".join(file_lines) or "none",
        ),
    )


def package_fact(probe: Probe, row: RunRow, kind: Kind) -> Measurement[Package]:
    """Measure the package of one run; the fact says why if it cannot be measured."""
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
    facts: RulingFacts | None = probe.once(ruling_facts_name(row.run_id), lambda: None)

    def view_of(installation: Installation, statement: Path) -> ApprovalView:
        return approval_workflow.view(installation, statement, known=facts)

    return _measured(probe, path, row.run_id, kind, row.docprefix, row.n_units or 0, view_of)


def ruling_facts_name(run_id: str) -> str:
    """Return the name of the question for what a run's ruling is judged by: its answer is None unless somebody has just read it."""
    return f"facts of the ruling of {run_id}"


def _measured(
    probe: Probe,
    path: Path,
    run_id: str,
    kind: Kind,
    docprefix: str,
    n_units: int,
    view_of: Callable[[Installation, Path], ApprovalView],
) -> Package:
    bare = Package(
        run_id=run_id,
        kind=kind,
        docprefix=docprefix,
        n_units=n_units,
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
        view = view_of(probe.installation, path)
    except Refused as refused:
        # A finding of this run. Raised, it would leave the packages of all other runs unmeasured.
        finding = Finding(
            name="readable",
            outcome=Outcome.FAIL,
            detail=refused.message,
            next_action=_of_run(refused.next_action, run_id),
        )
        return bare.model_copy(update={"status": ApprovalStatus.INVALID, "findings": (finding,)})
    findings = tuple(
        Finding(
            name=judged.name,
            outcome=judged.outcome,
            detail=judged.detail,
            next_action=_of_run(judged.next_action, run_id),
        )
        for judged in open_checks(view.checks)
    )
    signers = next((judged.detail for judged in view.checks if judged.name == "quorum"), "")
    return bare.model_copy(
        update={"status": view.status, "signers": signers, "expires": view.expires_at, "findings": findings}
    )


def _of_run(action: str, run_id: str) -> str:
    """Return the command with this run's id in place of RUN."""
    return re.sub(r"\bRUN$", run_id, action)


def judge_package(package: Package) -> Verdict:
    """Pure: used, or imported and still valid, is PASS; what only waits for somebody is PARTIAL; all else stops."""
    subject_words = f"{package.kind} of run {package.run_id} ({package.docprefix}, {counted(package.n_units, 'unit')})"
    # Before the import, a quorum that is not reached is what the run waits for, and no fault.
    findings = [
        finding for finding in package.findings if finding.name != "quorum" or package.status is ApprovalStatus.IMPORTED
    ]
    failure_words = (
        f"{subject_words}: {package.status}: {'; '.join(f'{finding.name}: {finding.detail}' for finding in findings)}"
    )
    draft_command = f"cutter-console approval draft {package.run_id}"
    if package.status is None:
        return partial(f"{subject_words}: no statement has been drafted", draft_command)
    if package.status is ApprovalStatus.EXPIRED:
        return fails(f"{subject_words}: the statement has expired", draft_command)
    if package.status is ApprovalStatus.USED:
        return passes(f"{subject_words}: used for what it allowed")
    if findings or package.status is ApprovalStatus.INVALID:
        # One known fault outweighs any number of checks that could not be made.
        unsure = bool(findings) and all(finding.outcome is Outcome.INCONCLUSIVE for finding in findings)
        return (unclear if unsure else fails)(
            failure_words, (findings[0].next_action if findings else "") or draft_command
        )
    return _awaited(package, subject_words)


def _awaited(package: Package, subject_words: str) -> Verdict:
    if package.status is ApprovalStatus.IMPORTED:
        return passes(f"{subject_words}: imported, {package.signers}, {_until(package.expires)}")
    command = f"cutter-console approval import {package.statement} SIGNATURE…"
    return partial(
        f"{subject_words}: drafted, {package.signers}, {_until(package.expires)}",
        f"Have it signed elsewhere, then: {command}",
    )


def _until(expires: datetime | None) -> str:
    return f"until {expires:%Y-%m-%d %H:%M} UTC" if expires else "without expiry"


def _in_words(package: Package) -> str:
    return f"{package.kind} of {package.run_id}: {package.status or 'not drafted'}, {package.signers or 'no signature'}"


def _packages(probe: Probe, rows: LedgerRows | None, ledger: Measurement[Ledger]) -> tuple[Package, ...]:
    if ledger.value is None or rows is None:
        raise Unmeasured(StopCode.UNREACHABLE, ledger.unmeasured, ledger.next_action)
    # Of a run of another root nothing can be drafted or read here.
    here = [row for row in rows.runs if not elsewhere(probe.installation, row)]
    waiting = [(row, KIND_AT[row.stage]) for row in here if row.family is Family.ACTIVE and row.stage in KIND_AT]
    ruled = [(row, kind) for row, kind in waiting if row.operation is not RunOperation.EDIT]
    batches = rows.batches
    together: dict[tuple[str, Kind], list[RunRow]] = {}
    for row, kind in ruled:
        if (batch_id := batches.get(row.run_id)) is not None:
            together.setdefault((batch_id, kind), []).append(row)
    alone = tuple(measure_package(probe, row, kind) for row, kind in ruled if row.run_id not in batches)
    return (*(_package_of_batch(probe, *key, members) for key, members in together.items()), *alone)


def _package_of_batch(probe: Probe, batch_id: str, kind: Kind, members: list[RunRow]) -> Package:
    """Measure the one statement over the members of a batch that wait; those that were drafted alone do not count for it."""
    path = probe.installation.statement(batch_id, kind)
    units, documents = sum(row.n_units or 0 for row in members), counted(len(members), "document")
    return _measured(probe, path, batch_id, kind, documents, units, batch_rulings.view)


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


def _ledger_in_words(ledger: Ledger) -> str:
    parts = [("valid", ledger.valid), ("expired unused", ledger.expired), ("used", ledger.used)]
    if ledger.powerless:
        parts.append(("imported by version 0.2.0, which authorise nothing", ledger.powerless))
    return "; ".join(
        f"{len(names)} {state_name}" + (f": {', '.join(names)}" if names else "") for state_name, names in parts
    )


def _placeholders(folder: Path) -> tuple[str, ...]:
    """Return the files of approvals/ whose name, or whose first MAX_STATEMENT_BYTES, name a placeholder id."""
    file_lines = []
    for path in sorted(folder.iterdir()):
        # A FIFO or a device is an error at once: opening it any other way could wait for ever.
        with os.fdopen(open_regular(path), "rb") as stream:
            text = stream.read(MAX_STATEMENT_BYTES).decode("utf-8", "replace")
        if placeholder_ids := placeholders_in(f"{path.name}\n{text}"):
            file_lines.append(f"{path.name} names {', '.join(placeholder_ids)}")
    return tuple(file_lines)


def decide(facts: Facts) -> tuple[Check, ...]:
    """Pure: policy and its pin, the package of each waiting run, the imported statements, no placeholder."""
    return (
        policy_check(facts.policy, facts.keys),
        pin_check(facts.policy, facts.pinned),
        *_package_checks(facts.packages),
        check("statements", facts.ledger, lambda ledger: passes(_ledger_in_words(ledger))),
        check("no placeholder", facts.placeholders, _no_placeholder),
    )


def _package_checks(packages: Measurement[tuple[Package, ...]]) -> tuple[Check, ...]:
    """Return one check for each waiting run, or a PARTIAL one if none waits: so it is before the first run."""
    if not packages.value:
        return (check("package", packages, _no_package),)
    return tuple(
        check(f"package {package.run_id}", packages, _always(judge_package(package))) for package in packages.value
    )


def _always(verdict: Verdict) -> Callable[[object], Verdict]:
    return lambda _: verdict


def _no_package(_none: tuple[Package, ...]) -> Verdict:
    return partial("no run waits for a ruling", "cutter-console run start FILE --docprefix P --live")


def _no_placeholder(file_lines: tuple[str, ...]) -> Verdict:
    if file_lines:
        return fails("; ".join(file_lines), "Take it out of approvals/; have a real statement drafted and signed.")
    return passes("no file of approvals/ names a placeholder id")


GATE = Gate(
    "G7",
    "Approval package",
    "Can somebody rule, and is what they need complete?",
    Owner.SOVEREIGN,
    measure,
    decide,
)
