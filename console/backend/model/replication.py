"""Standbys of a server: which of them confirm a COMMIT before it is acknowledged, and what could be lost at a fail-over."""

import re
from typing import NamedTuple

from console.backend.model.outcome import Outcome
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value

_NUMBERED = re.compile(r"\s*(?:(first|any)\s+)?(\d+)\s*\((.*)\)\s*", re.IGNORECASE | re.DOTALL)
_NAME = re.compile(r'"((?:[^"]|"")*)"|([^\s,"]+)')
_LOOK = (
    "See for yourself, as an administrator in psql: "
    "SELECT application_name, state, sync_state FROM pg_stat_replication;"
)
_ON_STANDBY = Outcome.PASS, "this server is a standby: nothing is committed on it", ""
_WAIT_FOR_NONE = "ALTER SYSTEM SET synchronous_standby_names = ''; SELECT pg_reload_conf();"


class Standby(Value):
    """A server that is connected to receive the WAL, as the one that sends it sees it."""

    name: SafeText
    """Its `application_name`, by which `synchronous_standby_names` means it."""
    state: SafeText | None
    """None if the role that asked may not see it; so for `sync_state`."""
    sync_state: SafeText | None
    """sync, quorum, potential or async: the server's own word."""
    is_subscriber: bool = False
    """True for a subscriber of logical replication: it can be waited for, and nothing fails over to it."""

    @property
    def confirms(self) -> bool:
        """Return whether the server counts its confirmations."""
        return self.sync_state in {"sync", "quorum"}


class Demand(NamedTuple):
    """Content of `synchronous_standby_names`: how many of which standbys confirm a COMMIT."""

    number: int
    is_any: bool
    names: tuple[str, ...]

    def means(self, standby: Standby) -> bool:
        """Return whether a standby is one of those that are named."""
        return any(name == "*" or name.casefold() == standby.name.casefold() for name in self.names)

    def in_words(self) -> str:
        """Return the demand as it is spoken: `1 of a, b`."""
        named = "any standby" if self.names == ("*",) else ", ".join(self.names)
        return f"{self.number} of {named}" if self.number != 1 or len(self.names) > 1 else named


class Replication(Value):
    """The standbys of a server, and what they mean for a COMMIT that was acknowledged."""

    synchronous_commit: str
    """As the sessions of this product set it."""
    synchronous_standby_names: SafeText
    standbys: tuple[Standby, ...]
    outcome: Outcome
    sentence: SafeText
    next_action: SafeText = ""


def demand_of(setting: str) -> Demand | None:
    """Return what `synchronous_standby_names` demands; None if it is empty."""
    if not setting.strip():
        return None
    numbered = _NUMBERED.fullmatch(setting)
    names = numbered[3] if numbered else setting
    return Demand(
        number=int(numbered[2]) if numbered else 1,
        is_any=bool(numbered and (numbered[1] or "").lower() == "any"),
        names=tuple(plain or quoted.replace('""', '"') for quoted, plain in _NAME.findall(names)),
    )


def replication(
    synchronous_commit: str,
    setting: str,
    standbys: tuple[Standby, ...],
    *,
    in_recovery: bool = False,
    takes_standbys: bool = True,
) -> Replication:
    """Pure: judge what was measured. FAIL if a COMMIT would wait without an end, PARTIAL if what it acknowledges could be lost.

    A server that takes no standbys (`max_wal_senders` is 0) waits for none, whatever is demanded.
    """
    demand = demand_of(setting) if takes_standbys else None
    standbys = tuple(
        standby for standby in standbys if not standby.is_subscriber or (demand is not None and demand.means(standby))
    )
    outcome, sentence, next_action = _ON_STANDBY if in_recovery else _judged(demand, standbys)
    return Replication(
        synchronous_commit=synchronous_commit,
        synchronous_standby_names=setting,
        standbys=standbys,
        outcome=outcome,
        sentence=sentence,
        next_action=next_action,
    )


def in_evidence(measured: Replication) -> str:
    """Return settings and standbys as an evidence keeps them."""
    connected = ", ".join(f"{standby.name} {standby.sync_state or 'not visible'}" for standby in measured.standbys)
    return (
        f"synchronous_commit {measured.synchronous_commit}, synchronous_standby_names '{measured.synchronous_standby_names}',"
        f" connected: {connected or 'none'}"
    )


def _judged(demand: Demand | None, standbys: tuple[Standby, ...]) -> tuple[Outcome, str, str]:
    if demand is None:
        return _without_demand(standbys)
    meant = [standby for standby in standbys if demand.means(standby)]
    standbys = tuple(standby for standby in standbys if not standby.is_subscriber)
    hidden = [standby for standby in meant if standby.sync_state is None]
    confirming = [standby for standby in meant if standby.confirms]
    waits = f"a COMMIT waits until it is confirmed by {demand.in_words()}"
    if len(confirming) + len(hidden) < demand.number:
        behind = [standby for standby in meant if standby not in confirming and standby not in hidden]
        if confirming or hidden:
            there = f"connected is {_names(confirming + hidden)} only"
        else:
            there = "none of them confirms yet" if behind else "connected is none of them"
        catching_up = f", {_names(behind)} must catch up first" if behind else ""
        return (
            Outcome.FAIL,
            f"{waits}; {there}{catching_up}: it would wait without an end, and nobody would know whether it was made",
            f"Start the standby that is missing, or wait until it has caught up. Or, as an administrator, wait for none: {_WAIT_FOR_NONE}",
        )
    if hidden:
        sentence = (
            f"{waits}; connected {_are(hidden)} {_names(hidden)}; whether they confirm is not visible to this role"
        )
        return Outcome.PARTIAL, sentence, _LOOK
    return _with_confirmation(waits, demand, confirming, standbys)


def _without_demand(standbys: tuple[Standby, ...]) -> tuple[Outcome, str, str]:
    if not standbys:
        return Outcome.PASS, "no standby is connected: what a COMMIT acknowledges is on this server's disk alone", ""
    name = standbys[0].name.replace('"', '""').replace("'", "''")
    return (
        Outcome.PARTIAL,
        f"a COMMIT waits for no standby: an acknowledged cut can be lost at a fail-over to {_names(standbys)}",
        "To let each COMMIT wait for one, as an administrator: "
        f"ALTER SYSTEM SET synchronous_standby_names = '\"{name}\"'; SELECT pg_reload_conf();",
    )


def _with_confirmation(
    waits: str, demand: Demand, confirming: list[Standby], standbys: tuple[Standby, ...]
) -> tuple[Outcome, str, str]:
    # Of a quorum each COMMIT may have been confirmed by others: any of them may lack the last one.
    if demand.is_any and len(confirming) > demand.number:
        sentence = f"{waits}, whichever come first: an acknowledged cut can be lost at a fail-over to one of {_names(standbys)} that lags"
        action = "At a fail-over promote the one that has received most: SELECT pg_last_wal_receive_lsn(); on each."
        return Outcome.PARTIAL, sentence, action
    sentence = f"{waits}; {_names(confirming)} {'confirms' if len(confirming) == 1 else 'confirm'}"
    may_lack = tuple(standby for standby in standbys if standby not in confirming)
    if not may_lack:
        return Outcome.PASS, sentence, ""
    sentence += f": an acknowledged cut can be lost at a fail-over to {_names(may_lack)}"
    return Outcome.PARTIAL, sentence, f"At a fail-over promote {_names(confirming)}."


def _names(standbys: list[Standby] | tuple[Standby, ...]) -> str:
    return ", ".join(standby.name + (f" ({standby.sync_state})" if standby.sync_state else "") for standby in standbys)


def _are(standbys: list[Standby]) -> str:
    return "is" if len(standbys) == 1 else "are"
