"""Errors for sessions that are refused before they begin: a database of another encoding, one that is not there, a pooler."""

import re

from console.backend.model.errors import CutterError, Refused, StopCode, Unmeasured
from console.backend.model.safe_text import safe_text
from console.backend.model.shell_word import shell_word

ENCODING = "UTF8"
_NOT_THERE = re.compile(r'FATAL:\s+(role|database) "(.+?)" does not exist')
_REFUSED_LOGINS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r'FATAL:\s+role "(?P<name>.+?)" is not permitted to log in'),
        "Name a role in the service that may log in; to read, one that is a member of {name} and of no other. Or as a superuser, if it is to"
        " log in itself: ALTER ROLE {quoted} LOGIN",
    ),
    (
        re.compile(r"FATAL:\s+(?:no pg_hba\.conf entry for|pg_hba\.conf rejects)"),
        "Have the server's administrator let this host, role and database in (pg_hba.conf), then, as a superuser: SELECT pg_reload_conf(). Or"
        " correct host, user and dbname in the service.",
    ),
    (
        re.compile(r"FATAL:\s+(?:Peer|Ident) authentication failed for user"),
        "Have the server's administrator map the system's user to the role (pg_ident.conf, and map= in pg_hba.conf), then, as a superuser:"
        " SELECT pg_reload_conf(). Or run as the system's user that is mapped.",
    ),
    (
        re.compile(r'FATAL:\s+permission denied for database "(?P<name>.+?)"'),
        "As the owner of the database, for the role of the service: GRANT CONNECT ON DATABASE {quoted} TO ROLE",
    ),
    (
        re.compile(r'FATAL:\s+database "(?P<name>.+?)" is not currently accepting connections'),
        "Find out why it is closed; then, as a superuser in another database: ALTER DATABASE {quoted} ALLOW_CONNECTIONS true",
    ),
)
"""Words of a server that refuses a login, and the next action."""
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


def refused_login(message: str) -> CutterError | None:
    """Return the error for a login that the server refuses for a right or a rule, or None if it is about something else.

    In another language than English nothing is known, as in `not_made_yet`.
    """
    for words, action in _REFUSED_LOGINS:
        if (refused := words.search(message)) is not None:
            name = refused.groupdict().get("name", "")
            quoted = '"' + name.replace('"', '""') + '"'
            return Unmeasured(StopCode.UNREACHABLE, message, action.format(name=name, quoted=quoted))
    return None


def refused_startup(message: str) -> CutterError | None:
    """Return the error for a pooler that refuses a startup parameter, or None if `message` is about something else."""
    if "startup parameter" not in message:
        return None
    return Unmeasured(
        StopCode.UNREACHABLE,
        f"a connection pooler in front of the server refuses a startup parameter: {message}",
        "Name host and port of the server itself in the service.",
    )
