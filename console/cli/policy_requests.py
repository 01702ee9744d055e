"""The arguments of the `policy` commands; imports no library. Part of the table of commands."""

from dataclasses import dataclass, field

from console.cli.arguments import option, positional


@dataclass(frozen=True, slots=True)
class PinPolicy:
    """Pin policy and keys in the database."""

    confirm: str = field(default="", metadata=option("DIGEST", "the policy's sha256, typed"))


@dataclass(frozen=True, slots=True)
class WithdrawKey:
    """Withdraw a signer's key."""

    fingerprint: str = field(metadata=positional("FINGERPRINT", "fingerprint of the key, as policy show prints it"))
    reason: str = field(metadata=option("TEXT", "why, for the record"))
    confirm: str = field(default="", metadata=option("FINGERPRINT", "the fingerprint again, typed"))
