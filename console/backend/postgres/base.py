"""The document as it is law: what an amendment or a repeal is planned against."""

from typing import NamedTuple

import psycopg

from console.backend.model.merkle import merkle_root
from console.backend.model.value import Value
from console.backend.postgres.base_units import newest_state
from console.backend.postgres.connections import read_column, read_row, read_rows, scalar

_LINES = "SELECT address, line FROM cutter_console.fn_base_lines(%s) ORDER BY seq"
_IS_LAW = """
    SELECT EXISTS (SELECT FROM cutter_governance.v_document_state WHERE docprefix = %(document)s)
           AND EXISTS (SELECT FROM public.information_unit WHERE doc_code = %(document)s AND lifecycle_status = 'enacted')
"""
_SPENT = """
    SELECT canonical_address FROM public.information_unit
     WHERE doc_code = %s AND lifecycle_status = 'superseded' AND canonical_address = ANY(%s)
"""
_REPEALED_BY = "SELECT coalesce(cutter_console.fn_repealed_by(%s), '')"
_REFUSAL = "SELECT cutter_console.fn_amend_refusal(%s, %s)"


class BaseLine(NamedTuple):
    """One unit that is law: its address, and the line by which it is compared and signed."""

    address: str
    line: str


class Base(Value):
    """A document as it is law."""

    run_id: str
    """The run whose enactment is the newest."""
    canonical_sha256: str
    """Of the text that it pinned."""
    lines: tuple[BaseLine, ...]
    """By address."""

    @property
    def digest(self) -> str:
        """Return the Merkle root over the lines; `fn_base_digest` computes the same."""
        return merkle_root(tuple(line for _, line in self.lines))


def read_base(connection: psycopg.Connection, docprefix: str) -> Base | None:
    """Return the document as it is law; None if nothing of it is. The caller connects as executor or verifier."""
    newest, lines = newest_state(connection, docprefix), read_rows(connection, BaseLine, _LINES, (docprefix,))
    if newest is None or not lines:
        return None
    return Base(run_id=newest.run_id, canonical_sha256=newest.canonical_sha256, lines=lines)


def is_law(connection: psycopg.Connection, docprefix: str) -> bool:
    """Return whether `read_base` would find anything."""
    return read_row(connection, bool, _IS_LAW, {"document": docprefix})


def base_digest(connection: psycopg.Connection, docprefix: str) -> str:
    """Return the database's own digest of the document as it is law."""
    return str(scalar(connection, "SELECT cutter_console.fn_base_digest(%s)", docprefix))


def spent_addresses(connection: psycopg.Connection, docprefix: str, addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the addresses that have a unit which is not law any more, or never was."""
    return read_column(connection, _SPENT, (docprefix, list(addresses)))


def amend_refusal(connection: psycopg.Connection, docprefix: str, base_digest: str | None) -> str:
    """Return why the document cannot be amended or repealed now, or not against this base; empty if it can."""
    refusal = scalar(connection, _REFUSAL, docprefix, base_digest)
    return str(refusal) if refusal is not None else ""


def repealed_by(connection: psycopg.Connection, docprefix: str) -> str:
    """Return the run that has repealed the document, also if that counts from a later moment; empty if none has."""
    return str(scalar(connection, _REPEALED_BY, docprefix))
