"""Ruling policy: the policy on this host, the keys of its signers, and the policy that the database holds."""

from pathlib import Path

from console.backend.approvals.keyring import Keyring, measure_keyring
from console.backend.approvals.pinning import PolicyPin, pinned_policy, unpinned
from console.backend.approvals.policy import Policy, check_policy, load_policy
from console.backend.gates.measurement import Measurement, Verdict, check, fails, partial, passes
from console.backend.gates.probe import Probe
from console.backend.host.regular_file import read_regular
from console.backend.model.counting import counted
from console.backend.model.errors import Refused, StopCode, Unmeasured
from console.backend.model.outcome import Check, Outcome
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value


class PolicyFile(Value):
    """The approval policy, or what is wrong with its file."""

    policy: Policy | None
    problem: SafeText = ""


class Pinned(Value):
    """The policy that the database verifies signatures by; None if none has been pinned."""

    pin: PolicyPin | None


def policy_facts(probe: Probe) -> tuple[Measurement[PolicyFile], Measurement[Keyring]]:
    """Measure the policy as it is on disk, and the keys of its signers."""
    installation = probe.installation
    policy = probe.ask(
        "policy",
        "who may rule, and how many of them it takes",
        str(installation.policy),
        lambda: _policy(installation.policy),
        lambda file: f"{counted(len(file.policy.signers), 'signer')}" if file.policy else file.problem,
        digest=lambda file: file.policy.sha256 if file.policy else "",
        otherwise=f"Make {installation.policy} readable to the console.",
    )
    keys = probe.ask(
        "keys",
        "primary keys, and until when each can sign",
        str(installation.gnupg_home),
        lambda: probe.once("signers' keys", lambda: _keys(probe)),
        lambda ring: f"{counted(len(ring.keys), 'key')}",
    )
    return policy, keys


PINNED_POLICY = "pinned policy"
"""Name of the question for the policy in the database."""


def pinned_fact(probe: Probe) -> Measurement[Pinned]:
    """Measure the policy that the database verifies signatures by."""
    return probe.ask(
        "pinned policy",
        "the policy and keys that the database verifies signatures by",
        "v_policy_pin",
        lambda: probe.once(PINNED_POLICY, lambda: _pinned(probe)),
        lambda database_policy: database_policy.pin.policy_sha256 if database_policy.pin else "none is pinned",
    )


def policy_check(policy: Measurement[PolicyFile], keys: Measurement[Keyring], name: str = "policy") -> Check:
    """Pure: PASS if the policy can be satisfied with these keys, at the time when the keys were read."""
    return check(name, policy, lambda file: _satisfiable(file, keys), keys)


def pin_check(
    policy: Measurement[PolicyFile], pinned: Measurement[Pinned], name: str = "policy in the database"
) -> Check:
    """Pure: PASS if the database believes the signers of this host's policy, and no others."""

    def judged(database_policy: Pinned) -> Verdict:
        assert policy.value is not None, "asked only if both were measured"
        return _believed(policy.value, database_policy)

    return check(name, pinned, judged, policy)


def _satisfiable(file: PolicyFile, keys: Measurement[Keyring]) -> Verdict:
    if file.policy is None or keys.value is None:
        return fails(file.problem, "Write the policy file again, and have it agreed by the sovereign.")
    checks = check_policy(file.policy, keys.value, keys.evidence.measured_at)
    open_checks = [judged for judged in checks if judged.outcome is not Outcome.PASS]
    detail = "; ".join(judged.detail for judged in open_checks)
    if any(not judged.name.startswith("policy.key.") for judged in open_checks):
        return fails(detail, open_checks[0].next_action)
    signers_text = "; ".join(
        judged.detail for judged in checks if judged.name.startswith("policy.key.") or judged.name == "policy.solo"
    )
    if open_checks:
        return partial(f"can be satisfied, but: {detail}", open_checks[0].next_action)
    return passes(signers_text)


def _policy(path: Path) -> PolicyFile:
    """Read the policy: a missing or invalid one is an answer, an unreadable one is not measured."""
    try:
        # `load_policy` refuses a missing and an unreadable file alike; here the first is a fault, the second unknown.
        read_regular(path)
    except FileNotFoundError:
        return PolicyFile(policy=None, problem=f"there is no policy {path}")
    try:
        return PolicyFile(policy=load_policy(path))
    except Refused as refused:
        return PolicyFile(policy=None, problem=refused.message)


def _pinned(probe: Probe) -> Pinned:
    with probe.of_the_console() as connection:
        return Pinned(pin=pinned_policy(connection))


def _believed(file: PolicyFile, pinned: Pinned) -> Verdict:
    if file.policy is None:
        return fails(file.problem, "Write the policy file, and have it agreed by the sovereign.")
    difference = unpinned(file.policy, pinned.pin)
    if difference:
        return fails(difference, f"As an administrator: cutter-console policy pin --confirm {file.policy.sha256}")
    return passes(f"the database verifies signatures by this policy, {file.policy.sha256}")


def _keys(probe: Probe) -> Keyring:
    ring = measure_keyring(probe.installation.gnupg_home, probe.installation.context.now())
    if ring.unreadable:
        raise Unmeasured(
            StopCode.POLICY_UNSATISFIABLE,
            ring.unreadable,
            "Install gpg, or set the GNUPGHOME that holds the signers' public keys.",
        )
    return ring
