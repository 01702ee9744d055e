"""Tables and functions of a database that could be units and what writes them, by their shape alone: a hint for whoever writes a site mapping.

Nothing is read or written by it. A tree of pages or of categories has the same shape, so it is no mapping, and no command takes one from it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import psycopg

from console.backend.model.console_schema import CONSOLE_SCHEMA, CONSOLE_SCHEMA_OWNER
from console.backend.postgres.connections import read_rows
from console.backend.postgres.site_functions import names_of

_MOST = 5
"""Pairs of tables, and functions of each kind, that are named."""
# Versions refer to units by one column and have a text; units have a unique text, and refer to themselves or to a version.
_PAIRS = """
    SELECT un.nspname || '.' || u.relname AS units, a.attname::text AS address, vn.nspname || '.' || v.relname AS versions, k.attname::text AS unit
      FROM pg_constraint f
      JOIN pg_class v ON v.oid = f.conrelid
      JOIN pg_namespace vn ON vn.oid = v.relnamespace
      JOIN pg_class u ON u.oid = f.confrelid
      JOIN pg_namespace un ON un.oid = u.relnamespace
      JOIN pg_attribute k ON k.attrelid = v.oid AND k.attnum = f.conkey[1]
      JOIN LATERAL (SELECT c.attname
                      FROM pg_index i
                      JOIN pg_attribute c ON c.attrelid = u.oid AND c.attnum = i.indkey[0]
                      JOIN pg_type t ON t.oid = c.atttypid
                     WHERE i.indrelid = u.oid AND i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL AND t.typcategory = 'S'
                     ORDER BY i.indisprimary, c.attnum LIMIT 1) a ON true
     WHERE f.contype = 'f' AND f.conparentid = 0 AND cardinality(f.conkey) = 1 AND u.oid <> v.oid
       AND u.relkind IN ('r', 'p') AND v.relkind IN ('r', 'p')
       AND NOT starts_with(un.nspname, 'pg_') AND pg_get_userbyid(u.relowner) <> %(owner)s
       AND EXISTS (SELECT FROM pg_constraint g WHERE g.contype = 'f' AND g.conrelid = u.oid AND g.confrelid IN (u.oid, v.oid))
       AND EXISTS (SELECT FROM pg_attribute c JOIN pg_type t ON t.oid = c.atttypid
                    WHERE c.attrelid = v.oid AND c.attnum > 0 AND NOT c.attisdropped AND t.typcategory = 'S' AND c.atttypmod = -1)
     ORDER BY 1, 3 LIMIT %(most)s
"""
# Results have names among those of the arguments. The console's own functions that call an organisation's belong to another owner than its schema does.
_FUNCTIONS = """
    SELECT format('%%I.%%I(%%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     CROSS JOIN LATERAL (SELECT array_agg(g.name) AS names
                           FROM unnest(p.proargnames) WITH ORDINALITY AS g (name, place)
                          WHERE coalesce(p.proargmodes[g.place], 'i') IN ('i', 'b', 'v')) a
     WHERE p.prokind = 'f' AND p.prosecdef AND p.provariadic = 0 AND p.prorettype <> 'void'::regtype
       AND pg_get_userbyid(p.proowner) <> %(owner)s AND n.nspname <> %(console)s AND NOT starts_with(n.nspname, 'pg_')
       AND a.names && %(address)s::text[] AND a.names && %(other)s::text[]
     ORDER BY 1 LIMIT %(most)s
"""


class Pair(NamedTuple):
    """Two tables that could be units and versions, with the columns that make them so."""

    units: str
    address: str
    versions: str
    unit: str


def shapes_in_words(connection: psycopg.Connection) -> str:
    """Return which tables and functions could be meant, in words; empty if none could."""
    pairs = read_rows(connection, Pair, _PAIRS, {"owner": CONSOLE_SCHEMA_OWNER, "most": _MOST + 1})
    tables = [
        f"{pair.units} (units, by {pair.address}) with {pair.versions} (versions, by {pair.unit})" for pair in pairs
    ]
    makes = [f"{signature} (creates)" for signature in _functions(connection, "body")]
    moves = [f"{signature} (enacts)" for signature in _functions(connection, "target")]
    parts = (
        *_shown(tables, "and more tables"),
        *_shown(makes, "and more that create"),
        *_shown(moves, "and more that enact"),
    )
    return "; ".join(parts)


def _functions(connection: psycopg.Connection, other: str) -> tuple[str, ...]:
    """Return the signatures of functions that take an address and this too, one more than are named."""
    values = {
        "owner": CONSOLE_SCHEMA_OWNER,
        "console": CONSOLE_SCHEMA,
        "address": names_of("address"),
        "other": names_of(other),
        "most": _MOST + 1,
    }
    return read_rows(connection, str, _FUNCTIONS, values)


def _shown(parts: Sequence[str], more: str) -> list[str]:
    """Pure: as many as are named, and words for the rest."""
    return [*parts[:_MOST], *((more,) if len(parts) > _MOST else ())]
