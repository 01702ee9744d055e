"""Comparison of existing tables of the product's names with those that the migrations would create."""

import re

import psycopg
from psycopg import sql

_TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+) \((.*?)\n\);", re.DOTALL)
_REFERENCES = re.compile(r" REFERENCES \w+")
_SHAPE = "cutter_shape"

_COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.atthasdef OR a.attidentity <> ''
      FROM pg_attribute a WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_KEYS = """
    SELECT i.indisprimary, array_agg(a.attname::text ORDER BY a.attname) FROM pg_index i
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
     WHERE i.indrelid = to_regclass(%s) AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL GROUP BY i.indexrelid, i.indisprimary
"""


def differences(connection: psycopg.Connection, scripts: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Return one line for each difference between an existing table and the one that `(schema, script)` describe.

    The wanted shape is what the scripts' own CREATE TABLE makes, in a schema that is rolled back.
    """
    lines: list[str] = []
    with connection.transaction(force_rollback=True):
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(_SHAPE)))
        connection.execute(sql.SQL("SET LOCAL search_path = {}").format(sql.Identifier(_SHAPE)))
        for schema, script in scripts:
            for table, columns in _TABLE.findall(script):
                # Without foreign keys, whose targets need not be there in the schema of the comparison.
                lines += _compare(connection, f"{schema}.{table}", table, _REFERENCES.sub("", columns))
    return tuple(lines)


def _compare(connection: psycopg.Connection, existing: str, table: str, columns: str) -> list[str]:
    if connection.execute("SELECT to_regclass(%s)", (existing,)).fetchone() == (None,):
        return []
    connection.execute(f"CREATE TABLE {table} ({columns}\n)".encode())
    wanted = f"{_SHAPE}.{table}"
    return [
        *_owner(connection, existing),
        *_columns(connection, existing, wanted),
        *_unique_keys(connection, existing, wanted),
    ]


def _owner(connection: psycopg.Connection, existing: str) -> list[str]:
    row = connection.execute(
        "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = to_regclass(%s)", (existing,)
    ).fetchone()
    owner = row[0] if row else None
    # No statement to paste: the table may be an organisation's, whose programs would lose it.
    return [] if owner == "cutter_owner" else [f"{existing}: owner is {owner}, wanted cutter_owner"]


def _columns(connection: psycopg.Connection, existing: str, wanted: str) -> list[str]:
    have = {row[0]: row for row in connection.execute(_COLUMNS, (existing,))}
    want = {row[0]: row for row in connection.execute(_COLUMNS, (wanted,))}
    lines = [f"{existing}.{name}: missing, wanted {row[1]}" for name, row in want.items() if name not in have]
    lines += [
        f"{existing}.{name}: is {have[name][1]}, wanted {row[1]}"
        for name, row in want.items()
        if name in have and have[name][1] != row[1]
    ]
    lines += [
        f"{existing}.{name}: may not be null and has no default; the console would not fill it"
        for name, row in have.items()
        if name not in want and row[2] and not row[3]
    ]
    return lines


def _unique_keys(connection: psycopg.Connection, existing: str, wanted: str) -> list[str]:
    have = {tuple(row[1]) for row in connection.execute(_KEYS, (existing,))}
    want = {tuple(row[1]) for row in connection.execute(_KEYS, (wanted,))}
    return [f"{existing}: no unique key on ({', '.join(key)})" for key in sorted(want - have)]
