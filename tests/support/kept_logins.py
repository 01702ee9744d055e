"""One session a test for each role and database, where it asks of many transactions and not of their sessions.

A new session compiles every function that it calls and reads the catalogue again, which costs more than what it is asked.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

_KEPT: dict[tuple[str, str, bool], psycopg.Connection] = {}
"""By the connection string of a database, the role, and whether each statement is a transaction."""
_AS_NEW = """
    RESET SESSION AUTHORIZATION; RESET ALL; DISCARD TEMP; DISCARD SEQUENCES; UNLISTEN *; CLOSE ALL;
    SELECT pg_catalog.pg_advisory_unlock_all()
"""


@contextmanager
def kept_login(
    database: str, role: str, connect: Callable[[], psycopg.Connection], *, autocommit: bool = False
) -> Iterator[psycopg.Connection]:
    """A transaction in the session that the role has kept; in a new one if there is none, or if it is in use or was ended.

    `autocommit` is that of what `connect` opens: each statement is committed by itself then.
    """
    place = database, role, autocommit
    connection = _KEPT.pop(place, None)
    if connection is None or not _answers(connection):
        connection = connect()
    as_it_is = _client_state(connection)
    try:
        yield connection
        connection.commit()
    except psycopg.Error:
        _give_back(place, connection, as_it_is)
        raise
    except BaseException:
        connection.close()
        raise
    _give_back(place, connection, as_it_is)


def end_kept_logins(database: str) -> None:
    """End the sessions of a database, which is copied or dropped next."""
    for place in [place for place in _KEPT if place[0] == database]:
        _KEPT.pop(place).close()


def end_every_kept_login() -> None:
    """End all of them, behind each test: a role may have few sessions at a time, in whichever databases of a server."""
    while _KEPT:
        _KEPT.popitem()[1].close()


def _client_state(connection: psycopg.Connection) -> tuple[object, ...]:
    return connection.autocommit, connection.isolation_level, connection.read_only, connection.row_factory


def _answers(connection: psycopg.Connection) -> bool:
    """Whether it is still there: its database may have been dropped, or its server stopped."""
    try:
        connection.execute("SELECT")
        connection.commit()
    except psycopg.Error:
        connection.close()
        return False
    return True


def _give_back(place: tuple[str, str, bool], connection: psycopg.Connection, as_it_was: tuple[object, ...]) -> None:
    """Keep a session that is as a new one again; close any other."""
    try:
        connection.rollback()
        if _client_state(connection) == as_it_was:
            connection.execute(_AS_NEW)
            connection.commit()
            # Another thread may have given one back meanwhile.
            if _KEPT.setdefault(place, connection) is connection:
                return
    except psycopg.Error:
        pass
    connection.close()
