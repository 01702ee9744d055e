"""Tables and functions of a database that could be units and what writes them, by their shape alone: a hint for whoever writes a site mapping.

Nothing is read or written by it. A tree of pages or of categories has the same shape, so it is no mapping, and no command takes one from it.
"""

from typing import NamedTuple

import psycopg

from console.backend.model.console_schema import CONSOLE_SCHEMA_OWNER
from console.backend.postgres.connections import read_rows
from console.backend.postgres.site_functions import arguments_of, meaning_of

_MOST = 5
"""Pairs of tables, and functions of each kind, that are named."""
_LOOKED_AT = 40
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
_FUNCTIONS = """
    SELECT format('%%I.%%I(%%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE p.prokind = 'f' AND p.prosecdef AND p.provariadic = 0 AND p.prorettype <> 'void'::regtype
       AND pg_get_userbyid(p.proowner) <> %(owner)s AND NOT starts_with(n.nspname, 'pg_')
       AND EXISTS (SELECT FROM unnest(p.proargnames) g WHERE g LIKE '%%address')
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
    pairs = read_rows(connection, Pair, _PAIRS, {"owner": CONSOLE_SCHEMA_OWNER, "most": _MOST})
    signatures = read_rows(connection, str, _FUNCTIONS, {"owner": CONSOLE_SCHEMA_OWNER, "most": _LOOKED_AT})
    meanings = {
        signature: {meaning_of(argument) for argument in arguments_of(connection, signature)}
        for signature in signatures
    }
    makes = [signature for signature, known in meanings.items() if {"address", "body"} <= known]
    moves = [signature for signature, known in meanings.items() if {"address", "target"} <= known]
    parts = [
        f"{pair.units} (units, by {pair.address}) with {pair.versions} (versions, by {pair.unit})" for pair in pairs
    ]
    parts += [f"{signature} (creates)" for signature in makes[:_MOST]]
    parts += [f"{signature} (enacts)" for signature in moves[:_MOST]]
    return "; ".join(parts)
