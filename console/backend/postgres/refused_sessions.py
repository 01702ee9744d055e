"""Errors for sessions that are refused before they begin: a database of another encoding, one that is not there, a pooler."""

import re

from console.backend.model.errors import CutterError, Refused, StopCode, Unmeasured
from console.backend.model.safe_text import safe_text
from console.backend.model.shell_word import shell_word

ENCODING = "UTF8"
_NOT_THERE = re.compile(r'FATAL:\s+(role|database) "(.+?)" does not exist')
_MADE_BY_MIGRATE = re.compile("cutter_(?:exec|verify|ro|stop)")


def wrong_encoding(database: str, encoding: str) -> Refused:
    """Return the refusal of a database that is not encoded in UTF8: digests are of bytes, and would differ there."""
    name = safe_text(database)
    return Refused(
        StopCode.REFUSED_INPUT,
        f"the database {name} is encoded in {safe_text(encoding)}, not {ENCODING}",
        f"Make another one: createdb --template=template0 --encoding={ENCODING} --locale=C {shell_word(f'{database}_utf8')}",
    )


def not_made_yet(message: str) -> CutterError | None:
    """Return the error for a database, or one of the product's roles, that is not there, or None if it is about something else.

    libpq gives no SQLSTATE for a connection that was refused, and the words of the server are in its own language: in
    another one than English nothing is known.
    """
    if (missing := _NOT_THERE.search(message)) is None:
        return None
    kind, name = missing.groups()
    if kind == "database":
        make = f"createdb --template=template0 --encoding={ENCODING} --locale=C {shell_word(name)}"
        action = f"If it is to be made, as a superuser: {make}; then: cutter-console migrate. Else correct dbname in the service."
    elif _MADE_BY_MIGRATE.fullmatch(name):
        action = "Make the roles and tables of this database: cutter-console migrate"
    else:
        return None
    return Unmeasured(StopCode.UNREACHABLE, message, action)


def refused_startup(message: str) -> CutterError | None:
    """Return the error for a pooler that refuses a startup parameter, or None if `message` is about something else."""
    if "startup parameter" not in message:
        return None
    return Unmeasured(
        StopCode.UNREACHABLE,
        f"a connection pooler in front of the server refuses a startup parameter: {message}",
        "Name host and port of the server itself in the service; unset PGGEQO, PGTZ and PGDATESTYLE.",
    )
