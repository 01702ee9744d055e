"""The policy and the signers' keys that the database verifies signatures with: pinned, withdrawn, read."""

from datetime import datetime
from typing import NamedTuple

import psycopg

from console.backend.postgres.connections import read_rows, scalar


class PinRow(NamedTuple):
    """The policy that was pinned last."""

    policy_sha256: str
    pinned_by: str
    pinned_at: datetime


class KeyRow(NamedTuple):
    """A key that is pinned and not withdrawn, and its primary key."""

    fingerprint: str
    primary_fingerprint: str


_PIN = "SELECT cutter_console.fn_policy_pin(%b, %b)"
_WITHDRAW = "SELECT cutter_console.fn_signing_key_end(%s, %s)"
_PINNED = "SELECT policy_sha256, pinned_by, pinned_at FROM cutter_governance.v_policy_pin"
_KEYS = """
    SELECT k.fingerprint, k.primary_fingerprint FROM cutter_governance.signing_key k
     WHERE NOT EXISTS (SELECT 1 FROM cutter_governance.signing_key_end e WHERE e.fingerprint IN (k.fingerprint, k.primary_fingerprint))
     ORDER BY k.primary_fingerprint, k.fingerprint
"""
_WITHDRAWN = "SELECT fingerprint FROM cutter_governance.signing_key_end ORDER BY ended_at, fingerprint"


def read_pin(connection: psycopg.Connection) -> PinRow | None:
    """Return the policy that was pinned last, or None."""
    return next(iter(read_rows(connection, PinRow, _PINNED)), None)


def read_keys(connection: psycopg.Connection) -> tuple[KeyRow, ...]:
    """Return the keys that are pinned and not withdrawn, primary and subkeys."""
    return read_rows(connection, KeyRow, _KEYS)


def read_withdrawn(connection: psycopg.Connection) -> tuple[str, ...]:
    """Return the fingerprints of the keys that were withdrawn, in the order of that; they need not have been pinned."""
    return tuple(str(fingerprint) for (fingerprint,) in connection.execute(_WITHDRAWN).fetchall())


def pin(connection: psycopg.Connection, policy: bytes, keys: list[bytes]) -> str:
    """Pin a policy in canonical form and its signers' exported keys, as cutter_owner. Return the policy's sha256."""
    connection.execute("SET LOCAL ROLE cutter_owner")
    return str(scalar(connection, _PIN, policy, keys))


def withdraw(connection: psycopg.Connection, fingerprint: str, reason: str) -> None:
    """Withdraw a key for ever, as cutter_owner. `reason` is recorded."""
    connection.execute("SET LOCAL ROLE cutter_owner")
    connection.execute(_WITHDRAW, (fingerprint, reason))
