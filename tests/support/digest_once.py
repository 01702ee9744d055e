"""The digest of the inventory computed once a worker for the same rows of the catalogues: every run asks for it, of copies of few databases.

A copy has the rows of what it was copied from at the same places, written by the same transactions; that is what the
program itself goes by within a run (`catalogue_rows.py`). The rows of the cluster that say something of one database are
compared by what they say. It is one statement, as the program's own is, and computes what was not computed before.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import psycopg
import pytest
from psycopg import sql

from console.backend.postgres import inventory
from console.backend.postgres.catalogue_rows import _PLACES, rows_query
from console.backend.postgres.connections import read_row, scalar
from console.backend.runs import phase_context

_HERE = "(SELECT d.oid FROM pg_database d WHERE d.datname = current_database())"
_OF_THIS_DATABASE = {
    _PLACES.format("pg_database"): f"""
        SELECT hash_record_extended(ROW (d.datdba, d.datacl::text, d.datconnlimit, d.datistemplate), 0)
          FROM pg_database d WHERE d.oid = {_HERE}
    """,
    _PLACES.format("pg_db_role_setting"): f"""
        SELECT hash_record_extended(ROW (s.setdatabase = 0, s.setrole, s.setconfig::text), 0)
          FROM pg_db_role_setting s WHERE s.setdatabase IN (0, {_HERE})
    """,
    " FROM pg_subscription s": f" FROM pg_subscription s WHERE s.subdbid = {_HERE}",
}
"""In the place of what the program asks of them: rows of the cluster, of which another database has others."""
_COMPUTED = inventory._NOW_DIGEST


class _Answer(NamedTuple):
    key: str
    rows: str
    digest: str | None
    """None where it was computed before."""


class _Digests:
    """What was computed so far, by the rows that it was computed of and the server that has them."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def digest(self, connection: psycopg.Connection) -> str:
        """The digest as it is now."""
        return self._asked(connection, "''")[1]

    def placed(self, connection: psycopg.Connection) -> inventory.PlacedDigest:
        """The digest, and that of the rows as the program computes it."""
        rows, digest = self._asked(connection, rows_query(connection))
        return inventory.PlacedDigest(digest, rows)

    def _asked(self, connection: psycopg.Connection, rows: str) -> tuple[str, str]:
        known = sql.SQL(", ").join(map(sql.Literal, ("", *self._kept))).as_string(None)
        answer = read_row(
            connection,
            _Answer,
            f"""
                WITH asked AS MATERIALIZED (SELECT concat_ws(' ', pg_postmaster_start_time(), {_key_query(connection)}) AS key)
                SELECT a.key, {rows}, CASE WHEN a.key IN ({known}) THEN NULL ELSE ({_COMPUTED}) END FROM asked a
            """,
        )
        if answer.digest is not None:
            self._kept[answer.key] = answer.digest
        return answer.rows, self._kept[answer.key]


def _key_query(connection: psycopg.Connection) -> str:
    """What is equal for two databases whose catalogues have the same rows."""
    query = rows_query(connection)
    for asked, own in _OF_THIS_DATABASE.items():
        assert query.count(asked) == 1
        query = query.replace(asked, own)
    return query


def in_full(patch: pytest.MonkeyPatch) -> None:
    """Have each digest computed whenever it is asked for, for a test of the computing itself."""
    patch.setattr(inventory, "scalar", scalar)
    patch.setattr(phase_context, "placed_digest", inventory.placed_digest)


@contextmanager
def digest_once() -> Iterator[None]:
    """Have each digest computed once in this process, for as long as the block runs."""
    kept = _Digests()

    def answered(connection: psycopg.Connection, query: str, *parameters: object) -> object:
        return kept.digest(connection) if query == _COMPUTED else scalar(connection, query, *parameters)

    with pytest.MonkeyPatch.context() as patch:
        # `schema_digest` is a default of functions all over the program; it asks by this.
        patch.setattr(inventory, "scalar", answered)
        patch.setattr(phase_context, "placed_digest", kept.placed)
        yield
