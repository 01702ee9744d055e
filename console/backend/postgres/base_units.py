"""The newest enacted state of a document with its units, as the monitoring role reads it: what a new text is compared with."""

from datetime import datetime
from typing import NamedTuple

import psycopg

from console.backend.model.compared_unit import ComparedUnit
from console.backend.postgres.connections import read_column, read_rows


class EnactedState(NamedTuple):
    """The newest enactment of a document."""

    run_id: str
    number: int
    """1 for the first one."""
    in_force_from: datetime
    """It can be later than now: then the state before it counts until that moment."""
    operation: str
    canonical_sha256: str
    """Of the text that was pinned."""


_STATE = """
    SELECT run_id, state, in_force_from, operation, coalesce(canonical_sha256, '') FROM cutter_governance.v_document_state
     WHERE docprefix = %s ORDER BY state DESC LIMIT 1
"""
# By its run: what is in force of all documents would be read for the one.
_UNITS = """
    SELECT address, parent, unit_kind, section_type, coalesce(section_code, ''), title, body
      FROM cutter_console.fn_state_versions(%s) ORDER BY seq
"""
# An address of a sealed manifest has a unit, in whatever state: that of the document's own runs is never taken away.
_KNOWN = """
    SELECT DISTINCT u.address FROM cutter_governance.v_run r CROSS JOIN LATERAL cutter_console.fn_state_units(r.run_id) u
     WHERE r.docprefix = %s AND u.address = ANY(%s)
"""


def newest_state(connection: psycopg.Connection, docprefix: str) -> EnactedState | None:
    """Return the newest enactment of a document, or None if nothing of it was ever enacted."""
    return next(iter(read_rows(connection, EnactedState, _STATE, (docprefix,))), None)


def units_of_state(connection: psycopg.Connection, state: EnactedState) -> tuple[ComparedUnit, ...]:
    """Return the units of the newest state in the order of its text; their lines are not known."""
    return read_rows(connection, ComparedUnit, _UNITS, (state.run_id,))


def known_addresses(connection: psycopg.Connection, docprefix: str, addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the addresses that a run of the document wrote a unit for, in the order that they are given."""
    known = set(read_column(connection, _KNOWN, (docprefix, list(addresses))))
    return tuple(address for address in addresses if address in known)
