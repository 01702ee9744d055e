"""policy show|pin|withdraw: the people who can rule, and the keys with which the database verifies signatures."""

from console.backend.approvals.pinning import PinnedPolicy, measure_pinned_policy, pin_policy, withdraw_key
from console.backend.approvals.policy import load_policy
from console.backend.host.installation import Installation
from console.backend.model.counting import counted
from console.backend.model.errors import ExitStatus
from console.backend.model.outcome import Outcome
from console.backend.model.shown_time import shown_time
from console.cli.arguments import Options
from console.cli.installation import installation_of
from console.cli.operations import Nothing
from console.cli.output import as_typed, report
from console.cli.policy_requests import PinPolicy, WithdrawKey


def show(options: Options, _request: Nothing) -> ExitStatus:
    """Print this host's policy and compare it with the pinned one; FAIL if they differ or none is pinned."""
    installation = installation_of(options)
    seen = measure_pinned_policy(installation.settings.database.monitor, installation.policy)
    return report(
        options, "policy show", Outcome.PASS if seen.agrees else Outcome.FAIL, _lines(options, installation, seen), seen
    )


def pin(options: Options, request: PinPolicy) -> ExitStatus:
    """Pin policy and keys as the administrator; the policy's digest is typed."""
    installation = installation_of(options)
    pin_policy(installation, request.confirm)
    seen = measure_pinned_policy(installation.settings.database.monitor, installation.policy)
    return report(
        options, "policy pin", Outcome.PASS if seen.agrees else Outcome.FAIL, _lines(options, installation, seen), seen
    )


def withdraw(options: Options, request: WithdrawKey) -> ExitStatus:
    """Withdraw a signer's key for ever, as the administrator; its fingerprint is typed twice."""
    installation = installation_of(options)
    database = installation.settings.database
    withdraw_key(database.administrator, request.fingerprint, request.reason, request.confirm)
    seen = measure_pinned_policy(database.monitor, installation.policy)
    return report(options, "policy withdraw", Outcome.PASS, _lines(options, installation, seen), seen)


def _lines(options: Options, installation: Installation, seen: PinnedPolicy) -> list[str]:
    policy = load_policy(installation.policy)
    lines = [
        f"policy     {installation.policy}",
        f"sha256     {seen.policy_sha256}",
        f"takes      SG_1: {policy.thresholds.SG_1}, SG_2: {policy.thresholds.SG_2} of {counted(len(policy.signers), 'signer')}"
        + (", SOLO: the operator may sign" if policy.solo else ""),
    ]
    for signer in policy.signers:
        keys = [key.fingerprint for key in seen.keys if key.primary_fingerprint == signer.fingerprint]
        known = f"database verifies with {', '.join(keys)}" if keys else "the database has no key of this signer"
        lines.append(f"signer     {signer.name}  {signer.fingerprint}  {known}")
    lines += [f"withdrawn  {fingerprint}" for fingerprint in seen.withdrawn]
    if seen.pinned is None:
        lines.append("pinned     nothing: the database believes no signature")
    else:
        lines.append(
            f"pinned     {seen.pinned.policy_sha256} by {seen.pinned.pinned_by} at {shown_time(seen.pinned.pinned_at)}"
        )
    if not seen.agrees:
        lines.append(f"next       {as_typed(options, f'cutter-console policy pin --confirm {seen.policy_sha256}')}")
    return lines
