"""One session for each role and database in a test that asks of many transactions and not of their sessions.

A new session compiles every function that it calls and reads the catalogue again, which costs more than what it is asked.
It is set back behind each transaction, and ended with the test.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

_KEPT: dict[tuple[str, str], psycopg.Connection] = {}
"""By the connection string of a database, and the role."""
_AS_NEW = """
    RESET SESSION AUTHORIZATION; RESET ALL; DISCARD TEMP; DISCARD SEQUENCES; UNLISTEN *; CLOSE ALL;
    SELECT pg_catalog.pg_advisory_unlock_all()
"""


@contextmanager
def kept_login(database: str, role: str, connect: Callable[[], psycopg.Connection]) -> Iterator[psycopg.Connection]:
    """A transaction in the session that the role has kept; in a new one if there is none, or if it is in use or was ended."""
    place = database, role
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


def end_kept_logins() -> None:
    """End all of them: a database in which there is a session is not copied or renamed, and a role may have few sessions."""
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


def _give_back(place: tuple[str, str], connection: psycopg.Connection, as_it_was: tuple[object, ...]) -> None:
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
