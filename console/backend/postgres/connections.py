"""One transaction a phase, by role, on a short connection; errors of PostgreSQL become the project's own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

import psycopg
from psycopg import errors as pg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import args_row

from console.backend.host.signals import deferred
from console.backend.model.errors import CutterError, Drifted, Held, Refused, StopCode, Unmeasured, Waiting
from console.backend.model.safe_text import safe_text
from console.backend.model.schema_names import LEDGER, OWN, UNITS, SchemaNames
from console.backend.postgres.kept_sessions import leave_session, take_session
from console.backend.postgres.lines import may_be_a_limit, refused_line, require_line_for_writing
from console.backend.postgres.refused_sessions import not_made_yet, refused_login, refused_startup
from console.backend.postgres.session import Session
from console.backend.postgres.sessions import COMMIT_LIMIT_S

R = TypeVar("R")
Parameters = Sequence[object] | Mapping[str, object]
"""The values of a statement, by position or by name."""
APPLICATION = "cutter-console"
_SETTLE = "Whether it was committed is not known. See: cutter-console status"

# The SQLSTATEs that the functions of the migrations raise.
_BY_CLASS: dict[str, type[CutterError]] = {"CU003": Waiting, "CU004": Refused, "CU005": Drifted, "CU006": Held}


_MISSING = (
    Unmeasured,
    StopCode.DRIFT,
    "not installed in this database, or gone: ",
    "Where nothing was installed yet, or an older version: cutter-console migrate; otherwise see what is gone: cutter-console drift",
)

_BY_CAUSE: dict[type[psycopg.Error], tuple[type[CutterError], StopCode, str, str]] = {
    pg.InsufficientPrivilege: (
        Unmeasured,
        StopCode.GRANT_DELTA,
        "not permitted (42501): ",
        "Compare the grants: cutter-console drift",
    ),
    pg.LockNotAvailable: (
        Refused,
        StopCode.LOCKED,
        "locked by another transaction: ",
        "Wait for it, or stop it: cutter-console panic",
    ),
    pg.InvalidSchemaName: _MISSING,
    pg.UndefinedTable: _MISSING,
    pg.UndefinedFunction: _MISSING,
    pg.QueryCanceled: (Unmeasured, StopCode.PANIC, "cancelled: ", "See: cutter-console status"),
    pg.ReadOnlySqlTransaction: (
        Drifted,
        StopCode.IDENTITY_MISMATCH,
        "the server, or the role, only reads (25006): ",
        "Connect to the primary.",
    ),
    pg.FeatureNotSupported: (
        Drifted,
        StopCode.IDENTITY_MISMATCH,
        "the server does not do this; a standby answers so, and any server to what it cannot do (0A000): ",
        "If it is a standby, as cutter-console status says, connect to the primary; else see what the message names.",
    ),
    pg.DiskFull: (
        Unmeasured,
        StopCode.UNREACHABLE,
        "the server has no room (53100): ",
        "Make room on the server's volume; then the same again.",
    ),
    pg.OutOfMemory: (
        Unmeasured,
        StopCode.UNREACHABLE,
        "the server has no memory (53200): ",
        "Free some on the server; then the same again.",
    ),
    pg.TooManyConnections: (
        Unmeasured,
        StopCode.UNREACHABLE,
        "the server takes no further connection (53300): ",
        "End others, or raise the limit that it names; then the same again.",
    ),
    pg.DeadlockDetected: (
        Refused,
        StopCode.LOCKED,
        "another transaction and this one waited for each other (40P01): ",
        "Do it again.",
    ),
    pg.InternalError_: (
        Unmeasured,
        StopCode.INVARIANT_FAILED,
        "the server failed in itself (XX000): ",
        "See the server's log; then the same again.",
    ),
    psycopg.OperationalError: (
        Unmeasured,
        StopCode.UNREACHABLE,
        "",
        "Check that the server runs, and that ~/.pg_service.conf, or the file named by PGSERVICEFILE, has the service; "
        "if a password was refused, that ~/.pgpass, or the file named by PGPASSFILE, has the present one.",
    ),
}
"""Class, code, opening and next action by error, looked up in this order: most named ones are OperationalErrors too."""


_REFUSED_LOGIN = (
    "The server runs, and has refused the login in these words. If they are about its number of sessions (CONNECTION LIMIT of the role"
    " or the database, max_connections): end others, or raise the limit; then the same again."
)
"""Next action of a login that was refused for what may be a number of sessions: a server may say so in its own language."""
_NUMBERED = frozenset(
    {
        f"{UNITS}.iu_lifecycle_log_pkey",
        *(
            f"{LEDGER}.{table}_pkey"
            for table in ("run_event", "run_effect", "hold_event", "baseline_pin", "policy_pin", "backup_proof")
        ),
    }
)
"""Keys of the console's own tables whose rows the server numbers, as statements write their schemas."""


@dataclass(frozen=True)
class Opened:
    """A request for a connection, successful or not."""

    conninfo: str
    purpose: str


_opened: ContextVar[list[Opened] | None] = ContextVar("opened", default=None)


@contextmanager
def counted() -> Iterator[list[Opened]]:
    """Yield the list of connections that this thread asks for in the block, in order; it grows while the block runs."""
    seen: list[Opened] = []
    token = _opened.set(seen)
    try:
        yield seen
    finally:
        _opened.reset(token)


class CommitUnknown(Unmeasured):
    """COMMIT was sent and not answered, or answered with a warning; it may have happened or not.

    `runs.settling` finds out which, by evidence.
    """


def translate(error: psycopg.Error, names: SchemaNames = OWN) -> CutterError:
    """Return the project's error for an error of the server, of libpq or of psycopg, in a database of these names.

    The write functions put the STOP code into DETAIL and the next action into HINT.
    """
    diag = error.diag
    # libpq lists each address that it tried on a line of its own; messages of the product are one line.
    message = safe_text(
        "; ".join(line.strip() for line in (diag.message_primary or str(error)).strip().split("\n"))
        or type(error).__name__
    )
    # What a function raises has a SQLSTATE, and may say the same words; a connection that is refused has none.
    is_of_a_connection = error.sqlstate is None
    if (
        refused := refused_startup(message)
        or (not_made_yet(message) if is_of_a_connection else None)
        or refused_line(error)
        or (refused_login(message) if is_of_a_connection else None)
    ) is not None:
        return refused
    kind = _BY_CLASS.get(error.sqlstate or "")
    # StopCode() raises ValueError for any other DETAIL, such as a code of a newer program's migrations.
    if kind is not None and diag.message_detail in set(StopCode):
        return kind(StopCode(diag.message_detail), message, safe_text(diag.message_hint or ""))
    # An organisation may have a table of the same name, with numbers that come from elsewhere.
    constraint = f"{diag.schema_name}.{diag.constraint_name}"
    if isinstance(error, pg.UniqueViolation) and constraint in map(names.in_database, _NUMBERED):
        # A sequence falls back when the server crashes after its database was copied; each attempt takes the next number.
        return Unmeasured(
            StopCode.INVARIANT_FAILED,
            f"the server has given a number twice, as after a crash or a restore (23505): {message}",
            "Nothing was written. The same again, until the number is one that is free.",
        )
    if is_of_a_connection and isinstance(error, psycopg.OperationalError) and may_be_a_limit(error):
        return Unmeasured(StopCode.UNREACHABLE, message, _REFUSED_LOGIN)
    for cause, (raised, code, prefix, next_action) in _BY_CAUSE.items():
        if isinstance(error, cause):
            return raised(code, f"{prefix}{message}", next_action)
    return Refused(
        StopCode.INVARIANT_FAILED,
        f"{error.sqlstate or type(error).__name__}: {message}",
        "Nothing was written; see the journal.",
    )


@contextmanager
def connect(
    conninfo: str,
    *,
    read_only: bool = False,
    timeout_s: float = 30.0,
    purpose: str = "",
    replicated: bool = True,
    commit_limit_s: float | None = None,
) -> Iterator[Session]:
    """Run one transaction: COMMIT at the end of the block, ROLLBACK if it raises.

    The session is its own, or one that the command has kept, see `kept_sessions`.
    `timeout_s` is the statement timeout in seconds, 0 for none. `replicated=False` is for what stops: it does not wait for a
    synchronous standby, and takes any line. `commit_limit_s` is the time to wait for the answer to COMMIT, in seconds, None for COMMIT_LIMIT_S.
    Raises CutterError for every error of PostgreSQL, CommitUnknown if it is not known whether it committed, Refused before
    anything is sent if a write would go over a network in plain text.
    """
    with _transaction(
        conninfo, read_only=read_only, timeout_s=timeout_s, purpose=purpose, replicated=replicated
    ) as connection:
        yield connection
        # Not reached if the block raises: closing the connection rolls its transaction back.
        if not read_only:
            finish(connection, commit_limit_s)


@contextmanager
def _transaction(
    conninfo: str,
    *,
    read_only: bool,
    timeout_s: float,
    purpose: str,
    replicated: bool = True,
    is_kept: bool = True,
    presumes: bool = False,
) -> Iterator[Session]:
    """Run one transaction that nothing here ends: with the session if that is not `is_kept` or the block raises."""
    if (seen := _opened.get()) is not None:
        seen.append(Opened(conninfo, purpose))
    try:
        connection = take_session(
            conninfo,
            application=f"{APPLICATION} {purpose}".strip(),
            statement_timeout_s=timeout_s,
            read_only=read_only,
            presumes=presumes,
        )
    except psycopg.Error as error:
        raise translate(error) from error
    failed = True
    try:
        if not replicated:
            connection.begins_without_standby()
        elif not read_only:
            require_line_for_writing(connection)
        yield connection
        failed = not is_kept
    except psycopg.Error as error:
        raise translate(error, connection.names) from error
    finally:
        leave_session(conninfo, connection, failed=failed)


def uncommitted(
    conninfo: str, *, timeout_s: float = 30.0, purpose: str = "", replicated: bool = True, presumes: bool = False
) -> AbstractContextManager[Session]:
    """Run one transaction that may write, and that nothing but the block itself commits: its session is closed at the end.

    With `presumes` its first statement goes out with what begins the session, for one that names no table: in a database
    whose tables have other names it is rolled back and sent again. Raises as `connect` does.
    """
    return _transaction(
        conninfo,
        read_only=False,
        timeout_s=timeout_s,
        purpose=purpose,
        replicated=replicated,
        is_kept=False,
        presumes=presumes,
    )


@contextmanager
def administrator(conninfo: str, *, timeout_s: float = 30.0, purpose: str) -> Iterator[psycopg.Connection]:
    """Open one transaction of the administrator, who may do anything: for constant statements of this product alone.

    Text of an operator or a document is passed as a value, never as a statement; a test reads every caller.
    """
    with connect(conninfo, timeout_s=timeout_s, purpose=purpose) as connection:
        yield connection


def finish(connection: Session, limit_s: float | None = None) -> None:
    """COMMIT. Raises as `committing` does, and Refused, with nothing written, if a statement has failed and its error went no further than the block."""
    if connection.info.transaction_status is TransactionStatus.INERROR:
        # The server answers its COMMIT with ROLLBACK, and calls that no error.
        raise Refused(
            StopCode.INVARIANT_FAILED,
            "a statement of the transaction had failed before its COMMIT",
            "Nothing was written; see the journal.",
        )
    with committing(connection, limit_s):
        connection.commit()


@contextmanager
def committing(connection: Session, limit_s: float | None = None) -> Iterator[None]:
    """Run a block that sends a COMMIT, and waits for the answer.

    Raises CommitUnknown if the answer does not come within the limit, in seconds, or is a warning. Signals are deferred
    until then, because a COMMIT that is cancelled may have happened.
    """
    before, connection.answer_limit_s = connection.answer_limit_s, COMMIT_LIMIT_S if limit_s is None else limit_s
    connection.was_warned = False
    try:
        with deferred():
            yield
    except psycopg.Error as error:
        # A server that panics at COMMIT says so with any code, and may have written the commit before.
        severe = error.diag.severity_nonlocalized in {"FATAL", "PANIC"}
        if connection.reads_only or not (connection.broken or severe):
            raise
        raise CommitUnknown(StopCode.UNREACHABLE, "the connection was lost at COMMIT", _SETTLE) from error
    finally:
        # A stop goes on with its session: what it asks next is not waited for as long as a COMMIT.
        connection.answer_limit_s = before
    if connection.was_warned:
        message = "the server answered COMMIT with a warning: it might not have reached the synchronous standby"
        raise CommitUnknown(StopCode.UNREACHABLE, message, _SETTLE)


def scalar(connection: psycopg.Connection, query: str, *parameters: object) -> object:
    """Return the first column of a query's one row. Raises Unmeasured if there is no row."""
    row = connection.execute(query.encode(), parameters).fetchone()
    if row is None:
        raise Unmeasured(StopCode.UNREACHABLE, f"no answer to: {query}", "See the server's log.")
    return row[0]


def read_rows(
    connection: psycopg.Connection,
    row: Callable[..., R],
    query: str | sql.Composed,
    parameters: Parameters | None = None,
) -> tuple[R, ...]:
    """Return every row of a query, each made by `row` out of its columns in order."""
    statement = query.encode() if isinstance(query, str) else query
    with connection.cursor(row_factory=args_row(row)) as cursor:
        return tuple(cursor.execute(statement, parameters).fetchall())


def read_row(
    connection: psycopg.Connection,
    row: Callable[..., R],
    query: str | sql.Composed,
    parameters: Parameters | None = None,
) -> R:
    """Return the one row of a query that always has one. Raises Unmeasured if there is none."""
    rows = read_rows(connection, row, query, parameters)
    if not rows:
        raise Unmeasured(StopCode.UNREACHABLE, f"no answer to: {query}", "See the server's log.")
    return rows[0]


def read_column(connection: psycopg.Connection, query: str, parameters: Parameters | None = None) -> tuple[str, ...]:
    """Return the one column of a query as texts."""
    return read_rows(connection, str, query, parameters)
