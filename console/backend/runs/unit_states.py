"""Single units as they are, were or will be in force, read as the monitoring role."""

from collections.abc import Sequence
from datetime import UTC, datetime

import psycopg

from console.backend.host.installation import Installation
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import CutterError, Refused, StopCode
from console.backend.model.safe_text import SafeText
from console.backend.model.shown_time import shown_time
from console.backend.model.value import Value
from console.backend.postgres.document_states import (
    AliasRow,
    StateRow,
    UnitStateRow,
    UnitVersionRow,
    aliases_of,
    former_addresses,
    is_sealed,
    near_addresses,
    states_of,
    unit_states,
    unit_versions,
)
from console.backend.postgres.server import server_clock
from console.backend.runs.document_states import (
    did_you_mean,
    ever_in_force,
    in_force_at,
    not_sealed,
    reading,
    require_registered,
)

_MOST_ALIASES = 16
"""Aliases that are followed one after the other; more would be a circle."""
_MOST_ADDRESSES = 2000
"""Addresses that a misspelt one is compared with; more would take seconds."""


class ShownUnit(Value):
    """A unit as it is in force at a moment."""

    asked: SafeText
    """Address as it was typed."""
    address: SafeText
    followed: tuple[SafeText, ...]
    """Former addresses that led to it, the one that was typed first; empty if it is the address itself."""
    as_of: datetime
    docprefix: str
    state: int
    parent: SafeText | None
    unit_kind: str
    section_type: str
    number: SafeText
    title: SafeText
    body: str
    """Exact; a terminal must not get it as it is."""
    body_sha256: str
    version_seq: int
    in_force_from: datetime
    """Moment since which this version counts without a break."""
    in_force_until: datetime | None
    is_later: bool
    """True if it has not begun yet."""
    run_id: str
    """Run that made this version law."""
    statement_sha256: str
    """Its ruling to enact."""
    edited_by: str
    """Run of the signed edit that wrote the text; empty if the cut did."""


class Period(Value):
    """A time without a break in which a version counts, and what made it law."""

    in_force_from: datetime
    in_force_until: datetime | None
    state: int
    """Number of the state that it began with."""
    run_id: str
    statement_sha256: str


class VersionView(Value):
    """One version of a unit; its title and digest only if readers may see its text."""

    version_seq: int
    run_id: str
    """Run that wrote it; empty if none is recorded."""
    operation: str
    statement_sha256: str
    """Ruling under which it was written."""
    standing: str
    """Of its times in force at the present moment, or `draft`, or why it never was law."""
    periods: tuple[Period, ...]
    title: SafeText | None
    body_sha256: str
    created_at: datetime


class UnitHistory(Value):
    """Every version of a unit, and the addresses that it had before."""

    asked: SafeText
    address: SafeText
    followed: tuple[SafeText, ...]
    former: tuple[SafeText, ...]
    docprefix: str
    versions: tuple[VersionView, ...]


def unit_as_of(installation: Installation, address: str, as_of: datetime | None) -> ShownUnit:
    """Return the unit of this address, or of the one that it has since, as it is in force at a moment, or now.

    Raises Refused if there is no such unit then, with the addresses that are near or what is known of it; Unmeasured if
    the units of the state are not known.
    """
    with reading(installation) as connection:
        now = server_clock(connection)
        moment = as_of or now
        followed: list[str] = []
        current: str | None = address
        while current is not None and current not in followed and len(followed) < _MOST_ALIASES:
            states, rows = states_of(connection, _document_of(current)), unit_states(connection, current)
            row = in_force_at(states, moment)
            unit = next((unit for unit in rows if row is not None and unit.state == row.state), None)
            if unit is not None:
                return _shown(address, current, tuple(followed), moment, states, rows, unit, now)
            followed.append(current)
            current = target_of(aliases_of(connection, current), moment)
        raise _not_in_force(connection, address, followed, moment)


def history_of_unit(installation: Installation, address: str) -> UnitHistory:
    """Return every version of the unit of this address, or of the one that it has since. Raises Refused if there is none."""
    with reading(installation) as connection:
        followed: list[str] = []
        current: str | None = address
        while current is not None and current not in followed and len(followed) < _MOST_ALIASES:
            versions = unit_versions(connection, current)
            if versions:
                return UnitHistory(
                    asked=address,
                    address=current,
                    followed=tuple(followed),
                    former=former_addresses(connection, current),
                    docprefix=_document_of(current),
                    versions=_version_views(connection, current, versions),
                )
            followed.append(current)
            current = target_of(aliases_of(connection, current), None)
        raise _unknown(connection, address)


def target_of(aliases: Sequence[AliasRow], moment: datetime | None) -> str | None:
    """Pure: the address that the unit of a former one has at a moment; None for the newest, or where it never had another.

    Before the first renumbering it is the one that this gave.
    """
    begun = [alias for alias in aliases if moment is None or alias.since is None or alias.since <= moment]
    return begun[-1].target if begun else aliases[0].target if aliases else None


def _document_of(address: str) -> str:
    return address.partition("/")[0]


def _shown(
    typed: str,
    address: str,
    followed: tuple[str, ...],
    moment: datetime,
    states: Sequence[StateRow],
    rows: Sequence[UnitStateRow],
    unit: UnitStateRow,
    now: datetime,
) -> ShownUnit:
    first, last = _unbroken(states, rows, unit)
    edited_by = next(row.edited_by for row in rows if row.state == first.state)
    return ShownUnit(
        asked=typed,
        address=address,
        followed=followed,
        as_of=moment.astimezone(UTC),
        docprefix=_document_of(address),
        state=unit.state,
        parent=unit.parent,
        unit_kind=unit.unit_kind,
        section_type=unit.section_type,
        number=unit.number,
        title=unit.title,
        body=unit.body,
        body_sha256=sha256_hex(unit.body.encode()),
        version_seq=unit.version_seq,
        in_force_from=first.in_force_from,
        in_force_until=last.in_force_until,
        is_later=first.in_force_from > now,
        run_id=first.run_id,
        statement_sha256=first.statement_sha256,
        edited_by=edited_by or "",
    )


def _unbroken(
    states: Sequence[StateRow], rows: Sequence[UnitStateRow], unit: UnitStateRow
) -> tuple[StateRow, StateRow]:
    """Pure: the first and the last state of the time in which this version of the unit counts without a break."""
    times = next(times for times in _times_in_force(states, rows, unit.version_seq) if unit.state in _numbers(times))
    return times[0], times[-1]


def _numbers(states: Sequence[StateRow]) -> set[int]:
    return {state.state for state in states}


def _times_in_force(
    states: Sequence[StateRow], rows: Sequence[UnitStateRow], version_seq: int
) -> tuple[tuple[StateRow, ...], ...]:
    """Pure: the states with this version of a unit, those that follow each other together."""
    with_version = {row.state for row in rows if row.version_seq == version_seq}
    times: list[tuple[StateRow, ...]] = []
    is_running = False
    for state in ever_in_force(states):
        if state.state in with_version:
            times = [*times[:-1], (*times[-1], state)] if is_running else [*times, (state,)]
        is_running = state.state in with_version
    return tuple(times)


def _version_views(
    connection: psycopg.Connection, address: str, versions: Sequence[UnitVersionRow]
) -> tuple[VersionView, ...]:
    states, rows = states_of(connection, _document_of(address)), unit_states(connection, address)
    now = server_clock(connection)
    return tuple(_version_view(version, states, rows, now) for version in versions)


def _version_view(
    version: UnitVersionRow,
    states: Sequence[StateRow],
    rows: Sequence[UnitStateRow],
    now: datetime,
) -> VersionView:
    periods = tuple(
        Period(
            in_force_from=times[0].in_force_from,
            in_force_until=times[-1].in_force_until,
            state=times[0].state,
            run_id=times[0].run_id,
            statement_sha256=times[0].statement_sha256,
        )
        for times in _times_in_force(states, rows, version.version_seq)
    )
    # A text that was never law and is no draft for readers is nobody's to read: neither it nor its digest is shown.
    law = next(((row.title, row.body) for row in rows if row.version_seq == version.version_seq), None)
    title, body = law or (version.draft_title, version.draft_body)
    return VersionView(
        version_seq=version.version_seq,
        run_id=version.run_id or "",
        operation=version.operation or "",
        statement_sha256=version.statement_sha256 or "",
        standing=_standing(version, periods, now, is_law=law is not None),
        periods=periods,
        title=title,
        body_sha256="" if body is None else sha256_hex(body.encode()),
        created_at=version.created_at,
    )


def _standing(version: UnitVersionRow, periods: Sequence[Period], now: datetime, *, is_law: bool) -> str:
    if any(
        period.in_force_from <= now and (period.in_force_until is None or period.in_force_until > now)
        for period in periods
    ):
        return "in force"
    if any(period.in_force_from > now for period in periods):
        return "begins later"
    if periods:
        return "ended"
    if is_law:
        return "enacted, never in force"
    return "draft" if version.lifecycle == "draft" else f"{version.lifecycle}, never law"


def _not_in_force(
    connection: psycopg.Connection, address: str, followed: Sequence[str], moment: datetime
) -> CutterError:
    """Return the refusal of an address that has no unit in force at a moment: what is known of it, or what is near."""
    versions = unit_versions(connection, address)
    if not versions and len(followed) == 1:
        return _unknown(connection, address)
    former = former_addresses(connection, address)
    led = f", nor is {followed[-1]}, its address since" if len(followed) > 1 else ""
    had = f"; before, its address was {' or '.join(former)}" if former else ""
    row = in_force_at(states_of(connection, _document_of(address)), moment)
    if row is not None and row.is_repeal:
        had += f"; run {row.run_id} has repealed the document, from {shown_time(row.in_force_from)}"
    if row is not None and not is_sealed(connection, row.run_id):
        return not_sealed(row)
    return Refused(
        StopCode.DOCUMENT_UNKNOWN,
        f"{address} is not in force at {shown_time(moment)}{led}{had}",
        f"See when it is: cutter-console unit history {followed[-1] if not versions else address}",
    )


def _unknown(connection: psycopg.Connection, address: str) -> Refused:
    """Return the refusal of an address without a unit; raises the one of its document if that is not registered."""
    docprefix = _document_of(address)
    require_registered(connection, docprefix)
    near = did_you_mean(address, near_addresses(connection, docprefix, address, _MOST_ADDRESSES))
    message = f"{docprefix} has no unit {address}{near}"
    return Refused(StopCode.DOCUMENT_UNKNOWN, message, f"See its units: cutter-console unit list {docprefix}")
