"""Breaks rows behind the back of every protection, for the tests of the checker."""

import psycopg

from tests.torture.arena import Arena

_TABLES = """
    SELECT c.oid::regclass::text FROM pg_class c
     WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text IN ('public', 'cutter_governance')
"""


def break_rows(arena: Arena, statement: str) -> None:
    """Give a statement as a superuser who has switched every guard and every foreign key off."""
    with psycopg.connect(arena.dsn, autocommit=True) as connection:
        for (table,) in connection.execute(_TABLES.encode()).fetchall():
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())
        done = connection.execute(statement.encode())
        assert done.rowcount > 0, "nothing was broken"
