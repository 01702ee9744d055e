"""The policy and its signers' public keys, pinned in the database by an administrator: what PostgreSQL verifies signatures with."""

import re
from datetime import datetime
from pathlib import Path

import psycopg

from console.backend.approvals.keyring import measure_keyring
from console.backend.approvals.policy import Policy, check_policy, load_policy, require_satisfiable
from console.backend.host.gpg import GpgUnanswered, run_gpg
from console.backend.host.installation import Installation
from console.backend.model.canonical_json import canonical_json
from console.backend.model.errors import Refused, StopCode, Unmeasured, UsageError
from console.backend.model.reasons import require_short_reason
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.shell_word import shell_word
from console.backend.model.value import Value
from console.backend.postgres import policy_pins
from console.backend.postgres.connections import administrator, connect

_FINGERPRINT = re.compile("[0-9A-F]{40}")
_MOST_SHOWN = 80
"""Characters of a text that is no fingerprint."""


class PolicyPin(Value):
    """The policy that the database believes."""

    policy_sha256: str
    pinned_by: SafeText
    pinned_at: datetime


class PinnedKey(Value):
    """A key that the database verifies signatures with."""

    fingerprint: str
    primary_fingerprint: str


class PinnedPolicy(Value):
    """The policy file of this host beside the policy and the keys that the database has pinned."""

    policy_sha256: str
    """Of the policy file on this host."""
    pinned: PolicyPin | None
    keys: tuple[PinnedKey, ...]
    """Keys that are pinned and not withdrawn, primary and subkeys."""
    withdrawn: tuple[SafeText, ...] = ()
    """Fingerprints that were withdrawn for good, also of keys that were never pinned."""

    @property
    def agrees(self) -> bool:
        """Return whether the database believes the policy of this host, and no other."""
        return self.pinned is not None and self.pinned.policy_sha256 == self.policy_sha256


def pinned_policy(connection: psycopg.Connection) -> PolicyPin | None:
    """Return the policy that was pinned last; None if none has been pinned."""
    row = policy_pins.read_pin(connection)
    return PolicyPin.model_validate(row._asdict()) if row else None


def measure_pinned_policy(monitor: str, policy_file: Path) -> PinnedPolicy:
    """Compare host and database, as the monitoring role. Raises Refused for a bad policy file, Unmeasured without the database."""
    policy = load_policy(policy_file)
    with connect(monitor, read_only=True, purpose="policy") as connection:
        keys = policy_pins.read_keys(connection)
        withdrawn, pinned = policy_pins.read_withdrawn(connection), pinned_policy(connection)
    return PinnedPolicy(
        policy_sha256=policy.sha256,
        pinned=pinned,
        keys=tuple(PinnedKey(fingerprint=own, primary_fingerprint=primary) for own, primary in keys),
        withdrawn=withdrawn,
    )


def pin_policy(installation: Installation, confirm: str) -> str:
    """Pin an installation's policy and the exported keys of its signers, as the administrator. Returns its sha256.

    `confirm` is the policy's sha256, typed by the person who has read it. Raises UsageError for another one, Refused
    (POLICY_UNSATISFIABLE) for a policy that cannot be satisfied, or whose keys the database cannot verify with.
    """
    policy, home, now = load_policy(installation.policy), installation.gnupg_home, installation.context.now()
    if confirm != policy.sha256:
        raise UsageError(
            StopCode.POLICY_UNSATISFIABLE,
            f"what was typed is not the digest of {installation.policy}, which is {policy.sha256}",
            f"Read the policy, then: cutter-console policy pin --confirm {policy.sha256}",
        )
    # A policy that nobody can satisfy would stop every ruling from the moment that it is pinned.
    require_satisfiable(check_policy(policy, measure_keyring(home, now), now))
    exports = [_exported(home, signer.fingerprint) for signer in policy.signers]
    with administrator(installation.settings.database.administrator, purpose="policy pin") as connection:
        return policy_pins.pin(connection, canonical_json(policy), exports)


def withdraw_key(conninfo: str, fingerprint: str, reason: str, confirm: str) -> None:
    """Withdraw a signer's key for good, as the administrator: it rules no more, for what was imported before too.

    The key need not be pinned: one that is stolen before must not be pinned any more. `confirm` repeats the fingerprint.
    Raises UsageError if it does not, or is none, Refused if the key is withdrawn already or the reason is too long.
    """
    plain = fingerprint.replace(" ", "").upper()
    if not _FINGERPRINT.fullmatch(plain):
        raise UsageError(
            StopCode.POLICY_UNSATISFIABLE,
            f"{shell_word(plain[:_MOST_SHOWN])} is no fingerprint: that is 40 hexadecimal digits",
            "See those of the signers: cutter-console policy show",
        )
    command = f"cutter-console policy withdraw {plain} --confirm {plain}"
    if confirm.replace(" ", "").upper() != plain:
        raise UsageError(
            StopCode.POLICY_UNSATISFIABLE,
            f"what was typed is not the fingerprint {plain}",
            f"A withdrawn key never comes back. To withdraw it: {command} --reason TEXT",
        )
    kept_reason = require_short_reason(reason, command)
    with administrator(conninfo, purpose="policy withdraw") as connection:
        policy_pins.withdraw(connection, plain, kept_reason)


def unpinned(policy: Policy, pinned: PolicyPin | None) -> str:
    """Return why the database would not believe a ruling under this policy; empty if it would."""
    if pinned is None:
        return "no policy is pinned in the database: it believes no signature"
    if pinned.policy_sha256 != policy.sha256:
        return f"the database believes policy {pinned.policy_sha256}, the policy of this host is {policy.sha256}"
    return ""


def _exported(home: Path, fingerprint: str) -> bytes:
    try:
        exported = run_gpg(home, "--export-options", "export-minimal", "--export", fingerprint, check=True).stdout
    except GpgUnanswered as error:
        next_action = f"See what gpg says: gpg --homedir {home} --list-keys {fingerprint}"
        raise Unmeasured(StopCode.POLICY_UNSATISFIABLE, f"gpg: {safe_text(error.reason)}", next_action) from error
    if not exported:
        raise Refused(
            StopCode.POLICY_UNSATISFIABLE,
            f"no public key {fingerprint} in {home}",
            f"Import it: gpg --homedir {home} --import FILE",
        )
    return exported
