"""The database that is backed up: one snapshot, from which the dump and the digests both read."""

from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from console.backend.backup.record import BackupNotProven
from console.backend.host.child_environment import libpq_environment
from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.safe_text import safe_text
from console.backend.model.tables import RUN_TABLES
from console.backend.postgres.connections import translate
from console.backend.postgres.exported_snapshot import TableLocked, export_snapshot, table_bytes
from console.backend.postgres.lines import require_line_for_backup
from console.backend.postgres.session import Session
from console.backend.postgres.sessions import open_session
from console.backend.postgres.site_kept import require_kept_mapping

_R = TypeVar("_R")
LOCK_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Snapshot:
    """READ ONLY transaction that holds a snapshot open, and the name by which pg_dump uses the same one."""

    connection: psycopg.Connection
    name: str
    conninfo: str = field(repr=False)
    """Connection string of a dump beside it, over a line that is no worse."""
    content_bytes: int
    """Bytes of the tables on disk, without their indexes."""

    @property
    def server_version(self) -> int:
        """`server_version_num`."""
        return self.connection.info.server_version


@contextmanager
def exported_snapshot(conninfo: str, tables: tuple[str, ...], lock_timeout_s: float) -> Iterator[Snapshot]:
    """Hold a snapshot while the block runs.

    Raises Unmeasured if the database cannot be reached, Refused if it is reached over a network in plain text, and
    BackupNotProven naming tables that do not exist or that another session has locked for longer than `lock_timeout_s`.
    """
    try:
        # No limits of time: the dump may read for an hour, and meanwhile this transaction stands idle.
        connection = open_session(
            conninfo, application="cutter-console backup", statement_timeout_s=0, idle_in_transaction_s=0
        )
    except psycopg.Error as error:
        raise _unreachable("no connection for the backup", error) from error
    with closing(connection):
        try:
            of_dump = require_line_for_backup(connection, conninfo)
            snapshot = _exported(connection, of_dump, tables, lock_timeout_s)
        except psycopg.Error as error:
            raise _unreachable("no snapshot for the backup", error) from error
        yield snapshot


def _unreachable(failure: str, error: psycopg.Error) -> Unmeasured:
    translated = translate(error)
    return Unmeasured(StopCode.UNREACHABLE, f"{failure}: {translated.message}", translated.next_action)


def _exported(connection: Session, conninfo: str, tables: tuple[str, ...], lock_timeout_s: float) -> Snapshot:
    name = export_snapshot(connection, lock_timeout_s)
    return Snapshot(connection, name, conninfo, _content_bytes(connection, tables))


def settle(snapshot: Snapshot, reading: Future[_R]) -> None:
    """End what a thread still reads through the snapshot's connection, so that it can be closed."""
    # Repeated: a cancel that arrives between two statements has no effect on the next one.
    while not reading.done():
        with suppress(psycopg.Error):
            snapshot.connection.cancel_safe(timeout=5)
        wait([reading], timeout=0.1)


def _content_bytes(session: Session, tables: tuple[str, ...]) -> int:
    try:
        sizes = dict(zip(tables, table_bytes(session, tables), strict=True))
    except TableLocked as locked:
        raise BackupNotProven(
            f"{safe_text(locked.table)} is locked by another session", "wait until it is free"
        ) from locked
    if missing := [safe_text(table) for table, size in sizes.items() if size is None]:
        require_kept_mapping(session, is_kept=tables != RUN_TABLES)
        raise BackupNotProven(f"no such table: {', '.join(missing)}", "run cutter-console migrate, or correct the list")
    return sum(size or 0 for size in sizes.values())


def dump_command(program: str, conninfo: str, snapshot: str, tables: tuple[str, ...], compression: int) -> list[str]:
    """Return the pg_dump command of exactly these tables, with indexes, triggers and privileges; in the snapshot, if one is named."""
    return [
        program,
        "--format=custom",
        f"--compress={compression}",
        "--no-password",
        "--strict-names",
        f"--lock-wait-timeout={LOCK_TIMEOUT_S:.0f}s",
        *([f"--snapshot={snapshot}"] if snapshot else []),
        *(f"--table={pattern}" for pattern in _patterns(tables)),
        f"--dbname={without_password(conninfo)}",
    ]


def _patterns(tables: tuple[str, ...]) -> list[str]:
    """Return the patterns that match exactly these tables: one for each schema, because pg_dump asks the server three times for each.

    What is quoted is taken as it is; the parentheses and bars outside are of a regular expression.
    """
    names: dict[str, list[str]] = {}
    for table in tables:
        schema, name = (sql.Identifier(part).as_string(None) for part in table.split("."))
        names.setdefault(schema, []).append(name)
    return [f"{schema}.({'|'.join(of_schema)})" for schema, of_schema in names.items()]


def without_password(conninfo: str) -> str:
    """Return the connection string without its password: every user of the host can read a command line."""
    return make_conninfo("", **{key: value for key, value in conninfo_to_dict(conninfo).items() if key != "password"})


def dump_environment(conninfo: str) -> dict[str, str]:
    """Return the environment of pg_dump: libpq's variables, with the password if the connection string holds one."""
    password = conninfo_to_dict(conninfo).get("password")
    return libpq_environment({"PGPASSWORD": str(password)} if password else {})
