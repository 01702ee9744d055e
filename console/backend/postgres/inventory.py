"""The inventory of what may be done in the database: the lines that were pinned, the lines as they are, and their changes."""

import json
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

import psycopg

from console.backend.model.canonical_json import sha256_hex
from console.backend.model.console_schema import CONSOLE_SCHEMA
from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.schema_names import OWN, UNITS, SchemaNames
from console.backend.postgres.asking import Asking, Question
from console.backend.postgres.catalogue_rows import rows_query
from console.backend.postgres.connections import read_column, read_row, scalar
from console.backend.postgres.rendering import schema_names

_PINNED = "SELECT line FROM cutter_governance.v_schema_pin"
_NOW = "SELECT line FROM cutter_governance.v_schema_line"
_DIGEST = """
    SELECT encode(sha256(convert_to(string_agg(line, chr(10) ORDER BY line COLLATE "C"), 'UTF8')), 'hex')
      FROM cutter_governance.v_schema_{}
"""
# From the view and not from fn_schema_digest, which stands elsewhere in the database of an older program.
_NOW_DIGEST, _PINNED_DIGEST = _DIGEST.format("line"), _DIGEST.format("pin")
_ANY_PINNED = "SELECT min(line) FROM cutter_governance.v_schema_pin"
_SELF = """
    WITH viewed AS MATERIALIZED (
        SELECT c.oid::regclass, coalesce(encode(sha256(convert_to(pg_get_viewdef(c.oid), 'UTF8')), 'hex'), 'no view') AS sha256
          FROM pg_class c
         WHERE c.oid = 'cutter_governance.v_schema_line'::regclass
    ), expected AS MATERIALIZED (
        SELECT v.sha256, jsonb_build_array('view', format('VIEW %s', v.oid), '', '', v.sha256)::text AS line FROM viewed v
    )
    SELECT current_database()::text, quote_ident(current_database()),
           (SELECT array_agg(ARRAY[p.proname::text, encode(sha256(convert_to(
                       p.prosrc || CASE WHEN p.proconfig = ARRAY['search_path=pg_catalog, pg_temp'] THEN ''
                                        ELSE coalesce(p.proconfig::text, 'no search_path') END, 'UTF8')), 'hex')] ORDER BY p.proname)
              FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
             WHERE n.nspname = 'cutter_console' AND p.proname IN ('fn_schema_line', 'fn_schema_way', 'fn_schema_digest')),
           (SELECT e.sha256 FROM expected e
             WHERE NOT EXISTS (SELECT FROM cutter_governance.v_schema_pin p WHERE p.line = e.line))
"""
# Materialized, so that the view is written out once and not for each pinned line.
# A function that measures is the program's own if it has its text and looks its names up where the program does. A view
# has no text, only what the server prints of it: it is compared with what was pinned of it, without asking it.


class Key(NamedTuple):
    """Subject of a line. Objects and roles are quoted as SQL needs them."""

    what: str
    object: str
    part: str
    """The column, trigger, constraint, aspect of a function, grantor of a membership."""
    role: str
    """The grantee or member."""


class Change(NamedTuple):
    """One key whose value is not the pinned one; None stands for a line that is not there."""

    key: Key
    expected: str | None
    actual: str | None


@dataclass(frozen=True)
class Inventory:
    """Both sets of lines, read in one transaction."""

    pinned_lines: tuple[str, ...]
    lines: tuple[str, ...]
    database: str
    quoted_database: str
    measured_by: tuple[tuple[str, str], ...]
    """The functions that measure, with the sha256 of their sources: a changed one could hide every change."""
    other_view: str | None = None
    """The sha256 of the view that gives the lines, if it is not the pinned one: it could hide every change as well."""
    names: SchemaNames = OWN
    """Schemas of the console's own tables."""

    @property
    def own_schemas(self) -> tuple[str, ...]:
        """Return the schemas that are this product's."""
        schemas = (self.names.units, self.names.ledger, CONSOLE_SCHEMA)
        return tuple(name for name in schemas if not (self.is_shared and name == UNITS))

    @cached_property
    def is_shared(self) -> bool:
        """Return whether the database is an organisation's, which has tables of its own beside those of this product."""
        tied = "FUNCTION cutter_console.fn_site_mapping()"
        return not self.names.are_as_written or any(key.object == tied for key in (*self.pinned, *self.now))

    @property
    def digest(self) -> str:
        """Return the digest of the lines as they are; equals `fn_schema_digest`."""
        return digest_of(self.lines)

    @property
    def pinned_digest(self) -> str:
        """Return the digest of the pinned lines; empty if none are pinned."""
        return digest_of(self.pinned_lines) if self.pinned_lines else ""

    @cached_property
    def pinned(self) -> dict[Key, str]:
        """Return the pinned values by their keys."""
        return _by_key(self.pinned_lines)

    @cached_property
    def now(self) -> dict[Key, str]:
        """Return the present values by their keys."""
        return _by_key(self.lines)

    def changes(self) -> tuple[Change, ...]:
        """Return every key whose value differs, in the order of the keys."""
        # Nearly always there is no change; comparing the texts spares the parsing of every line.
        if set(self.pinned_lines) == set(self.lines):
            return ()
        keys = sorted(self.pinned.keys() | self.now.keys())
        pairs = ((key, self.pinned.get(key), self.now.get(key)) for key in keys)
        return tuple(Change(*pair) for pair in pairs if pair[1] != pair[2])


class Digests(NamedTuple):
    """Both sets of lines by their digests, and what measures them."""

    now: str
    pinned: str
    """Empty if none are pinned."""
    is_structured: bool
    """True if the pinned lines can be compared line by line."""
    itself: "_Itself"


class _Itself(NamedTuple):
    database: str
    quoted_database: str
    measured_by: tuple[tuple[str, str], ...]
    other_view: str | None


def measure_inventory(connection: psycopg.Connection) -> Inventory:
    """Read the pinned and the present lines. Raises psycopg.Error, which `connect` translates."""
    with Asking(connection) as asking:
        pinned = asking.ask(partial(read_column, query=_PINNED))
        lines = asking.ask(partial(read_column, query=_NOW))
        itself = asking.ask(_itself)
    return Inventory(pinned.value, lines.value, *itself.value, schema_names(connection))


def measure_digests(connection: psycopg.Connection, schema: Question[str]) -> Digests:
    """Ask for the digests of the pinned and of the present lines; `schema` answers with that of the present ones.

    Raises psycopg.Error, which `connect` translates.
    """
    with Asking(connection) as asking:
        now, pinned = asking.ask(schema), asking.ask(partial(scalar, query=_PINNED_DIGEST))
        any_pinned, itself = asking.ask(partial(scalar, query=_ANY_PINNED)), asking.ask(_itself)
    return Digests(
        now=now.value,
        pinned=str(pinned.value or ""),
        is_structured=is_structured(str(any_pinned.value)),
        itself=itself.value,
    )


def schema_digest(connection: psycopg.Connection) -> str:
    """Return the schema digest of the database as it is, whichever of this program's migrations it has."""
    return str(scalar(connection, _NOW_DIGEST))


class PlacedDigest(NamedTuple):
    """The schema digest, and that of the catalogues' rows which it was computed of."""

    digest: str
    rows: str


def placed_digest(connection: psycopg.Connection) -> PlacedDigest:
    """Compute the schema digest as `schema_digest` does, and note the rows of the catalogues before it."""
    # One statement: its snapshot is older than whatever the functions of the inventory see.
    return read_row(connection, PlacedDigest, f"SELECT ({_NOW_DIGEST}), {rows_query(connection)}")


def _itself(connection: psycopg.Connection) -> _Itself:
    row = connection.execute(_SELF).fetchone()
    if row is None:
        raise Unmeasured(StopCode.UNREACHABLE, "the catalogue does not answer", "See the server's log.")
    return _Itself(row[0], row[1], tuple((name, sha256) for name, sha256 in row[2] or ()), row[3])


def digest_of(lines: tuple[str, ...]) -> str:
    """Return the sha256 over the lines as `fn_schema_digest` computes it."""
    # Sorted by bytes: that is the order of the C collation, by which the database's function sorts.
    return sha256_hex("\n".join(sorted(lines, key=str.encode)).encode())


def is_structured(line: str) -> bool:
    """Return whether the line is one of this program's; migrations before the ninth pinned plain text."""
    return line.startswith('["')


def _by_key(lines: tuple[str, ...]) -> dict[Key, str]:
    values = {}
    for line in lines:
        kind, object_, part, role, value = json.loads(line)
        values[Key(kind, object_, part, role)] = str(value)
    return values
