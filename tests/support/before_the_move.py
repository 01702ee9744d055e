"""A database whose functions stand in the ledger's schema, as before migration 0022, and a program that calls them there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import psycopg
from psycopg import sql

from console.backend.model.console_schema import CONSOLE_SCHEMA
from tests.support.older_schemas import BEFORE_THE_MOVE, install
from tests.support.passage import Passage


def into_database_before_the_move(passage: Passage) -> None:
    """Put such a database in the place of the passage's own."""
    name = sql.Identifier(passage.database)
    with psycopg.connect(passage.cluster.conninfo(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
    install(passage.installation.settings.database.administrator, BEFORE_THE_MOVE)


@contextmanager
def program_before_the_move() -> Iterator[None]:
    """Statements name the functions where they stood: the program of then differed in nothing else."""
    execute, many, copy = psycopg.Cursor.execute, psycopg.Cursor.executemany, psycopg.Cursor.copy
    with (
        patch.object(
            psycopg.Cursor, "execute", lambda self, query, *a, **k: execute(self, _then(self, query), *a, **k)
        ),
        patch.object(
            psycopg.Cursor, "executemany", lambda self, query, *a, **k: many(self, _then(self, query), *a, **k)
        ),
        patch.object(psycopg.Cursor, "copy", lambda self, query, *a, **k: copy(self, _then(self, query), *a, **k)),
        # The texts of then are not in this program: what measures is compared with none.
        patch("console.backend.postgres.drift.definition_of", lambda *_: None),
    ):
        yield


def _then(cursor: "psycopg.Cursor[Any]", query: "str | bytes | sql.Composable") -> bytes:
    """The statement with the ledger's schema in the place of the console's."""
    text = query.as_bytes(cursor) if isinstance(query, sql.Composable) else query
    written = text.encode() if isinstance(text, str) else text
    return written.replace(CONSOLE_SCHEMA.encode(), b"cutter_governance")
