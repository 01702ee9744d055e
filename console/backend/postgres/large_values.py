"""Bytes that are too many to be copied on their way to the server."""

from dataclasses import dataclass

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format


@dataclass(frozen=True, slots=True)
class Large:
    """A value of type bytea that is sent from where it is."""

    data: bytes


class _LargeDumper(Dumper):
    format = Format.BINARY
    oid = psycopg.adapters.types["bytea"].oid

    def dump(self, obj: Large) -> bytes:
        return obj.data


def take_large(connection: psycopg.Connection) -> None:
    """Let the connection take `Large` values. The driver's own way copies all bytes once more, and keeps them meanwhile."""
    connection.adapters.register_dumper(Large, _LargeDumper)
