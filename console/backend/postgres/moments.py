"""Dates and times as sessions have them, in ISO style, whatever the server has said so far of its style.

Of a setting that changes, the server tells its client at the end of an exchange (since PostgreSQL 14), and the first
answers of a session come before that: where a role or an environment has another DateStyle, psycopg would refuse them.
"""

from collections.abc import Callable
from datetime import date, datetime

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader


def _loader(read: Callable[[str], date]) -> type[Loader]:
    class Iso(Loader):
        def load(self, data: Buffer) -> date:
            text = bytes(data).decode("ascii", "replace")
            try:
                return read(text)
            except ValueError as error:
                raise psycopg.DataError(f"no date or time that can be read: {text!r}") from error

    return Iso


_READ = {"timestamptz": datetime.fromisoformat, "timestamp": datetime.fromisoformat, "date": date.fromisoformat}
_LOADERS = {name: _loader(read) for name, read in _READ.items()}


def read_iso_style(connection: psycopg.Connection) -> None:
    """Read what the connection answers of dates and times in ISO style, which its session sets."""
    for name, loader in _LOADERS.items():
        connection.adapters.register_loader(name, loader)
