"""A session for each cluster that makes and drops the databases of tests: a login costs as much as what it is made for."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from psycopg.sql import Composed

from console.backend.scratch.cluster import TransientCluster

_SESSIONS: dict[str, psycopg.Connection] = {}
"""By the address of the cluster."""


def administer(cluster: TransientCluster, *statements: Composed) -> None:
    """Execute each statement as the superuser, outside of any transaction; all of them again if the session was gone.

    A refusal is that of the statement, and is raised: a database that is still in use must not be asked for twice.
    """
    address = cluster.conninfo()
    kept = _SESSIONS.pop(address, None)
    if kept is not None:
        try:
            _execute(kept, statements)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            if not (kept.closed or kept.broken):
                _SESSIONS[address] = kept
                raise
            kept.close()
        else:
            _SESSIONS[address] = kept
            return
    connection = psycopg.connect(address, autocommit=True)
    _SESSIONS[address] = connection
    _execute(connection, statements)


def answer(cluster: TransientCluster, query: sql.SQL | Composed) -> tuple[object, ...]:
    """Ask the superuser's session of the cluster; the first row, or none."""
    administer(cluster)
    row = _SESSIONS[cluster.conninfo()].execute(query).fetchone()
    return row or ()


def _execute(connection: psycopg.Connection, statements: tuple[Composed, ...]) -> None:
    for statement in statements:
        connection.execute(statement)


@contextmanager
def administered() -> Iterator[None]:
    """Close what is open when the block ends."""
    try:
        yield
    finally:
        while _SESSIONS:
            _SESSIONS.popitem()[1].close()
