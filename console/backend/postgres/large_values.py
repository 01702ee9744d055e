"""Bytes that are too many to be copied on their way to the server, or to be kept after it."""

from dataclasses import dataclass

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

from console.backend.postgres.session import Session

MUCH = 1 << 20
"""Bytes. libpq keeps room for the largest message that a session has sent, until the session ends."""


@dataclass(frozen=True, slots=True)
class Large:
    """A value of type bytea that is sent from where it is."""

    data: bytes


class _LargeDumper(Dumper):
    format = Format.BINARY
    oid = psycopg.adapters.types["bytea"].oid

    def dump(self, obj: Large) -> bytes:
        return obj.data


def large_values(connection: psycopg.Connection, *values: bytes) -> tuple[Large, ...]:
    """Return values for one statement of this connection. The driver's own way copies all bytes once more, and keeps them meanwhile.

    A session that has sent many bytes is not kept after its transaction: a login costs less than their room for the rest
    of a command.
    """
    connection.adapters.register_dumper(Large, _LargeDumper)
    if isinstance(connection, Session) and sum(map(len, values)) >= MUCH:
        connection.has_sent_much = True
    return tuple(map(Large, values))
