"""One session for each role and database, for tests that ask of many transactions and not of their sessions.

A new session compiles every function that it calls and reads the catalogue again, which costs more than what it is asked.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg

_KEPT: dict[tuple[str, str], psycopg.Connection] = {}
"""By the connection string of a database, and the role."""


_AS_NEW = "RESET SESSION AUTHORIZATION; RESET ALL; DISCARD TEMP"


@contextmanager
def kept_login(database: str, role: str, connect: Callable[[], psycopg.Connection]) -> Iterator[psycopg.Connection]:
    """A transaction in the session that the role has kept; in a new one if there is none, or if it is in use or was ended."""
    connection = _KEPT.pop((database, role), None)
    if connection is None or not _is_as_new(connection):
        connection = connect()
    try:
        yield connection
        connection.commit()
    except psycopg.Error:
        _give_back(database, role, connection)
        raise
    except BaseException:
        connection.close()
        raise
    _give_back(database, role, connection)


def end_kept_logins(database: str) -> None:
    """End the sessions of a database, which is copied or dropped next."""
    for place in [place for place in _KEPT if place[0] == database]:
        _KEPT.pop(place).close()


def _is_as_new(connection: psycopg.Connection) -> bool:
    """Set back what its user has set; false if it cannot, as behind a server that was stopped."""
    try:
        connection.execute(_AS_NEW)
        connection.commit()
    except psycopg.Error:
        connection.close()
        return False
    return True


def _give_back(database: str, role: str, connection: psycopg.Connection) -> None:
    with suppress(psycopg.Error):
        connection.rollback()
    if connection.broken or (database, role) in _KEPT:
        connection.close()
    elif not connection.closed:
        _KEPT[database, role] = connection
