"""A session with the server: waits no longer than its limits, and begins a transaction together with its first statement."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from enum import Enum, auto
from select import POLLIN, poll
from typing import Self, TypeVar, cast

import psycopg
from psycopg.abc import Params, PQGen, Query, QueryNoTemplate
from psycopg.copy import Writer
from psycopg.generators import send
from psycopg.pq import TransactionStatus
from psycopg.rows import Row, TupleRow

from console.backend.model.errors import CutterError, Drifted, StopCode, Unmeasured
from console.backend.model.safe_text import safe_text
from console.backend.model.schema_names import OWN, SchemaNames
from console.backend.postgres.refused_sessions import ENCODING, wrong_encoding
from console.backend.postgres.rendering import marked_names, rendered, with_values
from console.backend.postgres.session_settings import SET, set_values

RV = TypeVar("RV")
_INTERVAL_S = 0.1
_WHERE_SET = """
    SELECT CASE WHEN s.setrole = 0 AND s.setdatabase = 0 THEN pg_catalog.format('ALTER ROLE ALL RESET %%s', %(name)s::text)
                WHEN s.setrole = 0 THEN pg_catalog.format('ALTER DATABASE %%I RESET %%s', d.datname, %(name)s::text)
                WHEN s.setdatabase = 0 THEN pg_catalog.format('ALTER ROLE %%I RESET %%s', r.rolname, %(name)s::text)
                ELSE pg_catalog.format('ALTER ROLE %%I IN DATABASE %%I RESET %%s', r.rolname, d.datname, %(name)s::text) END
      FROM pg_catalog.pg_db_role_setting s LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
      LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
     WHERE (s.setdatabase = 0 OR d.datname = pg_catalog.current_database()) AND (s.setrole = 0 OR r.rolname = session_user)
       AND EXISTS (SELECT FROM pg_catalog.unnest(s.setconfig) c WHERE pg_catalog.lower(pg_catalog.split_part(c, '=', 1)) = %(name)s::text)
     ORDER BY 1
"""


class SessionCursor(psycopg.Cursor[Row]):
    """A cursor whose first statement of a transaction is sent together with what begins the transaction."""

    def execute(
        self, query: Query, params: Params | None = None, *, prepare: bool | None = None, binary: bool | None = None
    ) -> Self:
        """Execute a statement; see `psycopg.Cursor.execute`."""
        session = self.connection
        statement = _named(session, query, params)
        if not isinstance(session, Session) or not session.is_to_begin:
            return super().execute(statement, params, prepare=prepare, binary=binary)
        try:
            with session.together(is_repeatable=True):
                super().execute(statement, params, prepare=prepare, binary=binary)
        except NamesDiffer:
            with session.together():
                super().execute(_named(session, query, params), params, prepare=prepare, binary=binary)
        return self

    @contextmanager
    def copy(
        self, statement: Query, params: Params | None = None, *, writer: Writer | None = None
    ) -> Iterator[psycopg.Copy]:
        """Initiate a COPY, which cannot be sent together with anything."""
        _begin_now(self.connection)
        with super().copy(_named(self.connection, statement, params), params, writer=writer) as copy:
            yield copy

    def stream(
        self, query: Query, params: Params | None = None, *, binary: bool | None = None, size: int = 1
    ) -> Iterator[Row]:
        """Iterate over the rows of a query as they arrive."""
        _begin_now(self.connection)
        if isinstance(self.connection, Session):
            self.connection.has_streamed = True
        return super().stream(_named(self.connection, query, params), params, binary=binary, size=size)

    def executemany(self, query: Query, params_seq: Iterable[Params], *, returning: bool = False) -> None:
        """Execute a statement with a sequence of values."""
        with sent_together(self.connection):
            super().executemany(_named(self.connection, query, ()), params_seq, returning=returning)


def _named(connection: psycopg.Connection, query: Query, params: object) -> QueryNoTemplate:
    """Return the statement with the names of the connection's database; `params` is None if no values are filled into it."""
    # No statement of this program is a template string.
    statement = cast("QueryNoTemplate", query)
    if params is not None:
        statement = with_values(statement)
    if not isinstance(connection, Session) or connection.names is OWN:
        return statement
    return rendered(connection.names, statement)


def _begin_now(connection: psycopg.Connection) -> None:
    if isinstance(connection, Session):
        connection.begin()


def leave(connection: psycopg.Connection) -> None:
    """Roll the transaction back; of a session the answer comes with that of what is asked next, and is not waited for before."""
    if isinstance(connection, Session):
        connection.leave()
    else:
        connection.rollback()


def sent_together(connection: psycopg.Connection) -> AbstractContextManager[None]:
    """Return a block whose statements go out in one exchange, in their order; the first error ends it.

    Their answers come with its end.
    """
    return connection.together() if isinstance(connection, Session) else nullcontext()


class Names(Enum):
    """Says by whom a session knows the schemas of the console's own tables."""

    TAKEN_OVER = auto()
    """From another session of this command, or by nobody: where the server says otherwise, the command stops."""
    PRESUMED = auto()
    """From an earlier command: where the server says otherwise, what was sent is sent again."""
    SAID = auto()
    """From the server, in this session, which is as it must be."""


class NamesDiffer(Exception):
    """Names that were presumed of a session are not its own: nothing of the exchange counts, and it can be sent again."""


class Session(psycopg.Connection):
    """A connection that waits for no answer beyond its limits, even if the line is dead without a sign of it.

    After `begins_with`, each transaction begins with its settings, in one exchange with its first statement.
    """

    answer_limit_s: float | None = None
    """For one answer, in seconds; None for as long as it takes."""
    was_warned = False
    """True if the server has warned, as it does when a COMMIT may not have reached its standby."""
    reads_only = False
    """True if its transactions are READ ONLY."""
    has_written = False
    """True if one of its transactions could write."""
    has_sent_much = False
    """True if libpq keeps room for a large message that was sent."""
    has_streamed = False
    """True if rows have arrived one by one since the last exchange."""
    names: SchemaNames = OWN
    """Schemas of the console's own tables; every statement is sent with these names."""
    names_are = Names.TAKEN_OVER
    _settings: Mapping[str, str] | None = None
    _isolation = psycopg.IsolationLevel.READ_COMMITTED
    _exchange: psycopg.Pipeline | None = None
    """Pipeline of psycopg that is open: during an exchange, or since the transaction before was left."""
    _is_in_exchange = False

    def begins_with(self, settings: Mapping[str, str] | None, *, read_only: bool = False) -> None:
        """Begin each transaction from now on with these settings, whatever the one before has left; None: as psycopg does."""
        self._settings = settings
        self._isolation, self.reads_only = psycopg.IsolationLevel.READ_COMMITTED, read_only

    def set_isolation_level(self, value: psycopg.IsolationLevel | None) -> None:
        """Set the isolation of the transaction that is to begin."""
        if self._settings is None:
            super().set_isolation_level(value)
            return
        self._require_to_begin()
        self._isolation = value or psycopg.IsolationLevel.READ_COMMITTED

    def set_read_only(self, value: bool | None) -> None:
        """Let the transactions that are to begin be READ ONLY, or not."""
        if self._settings is None:
            super().set_read_only(value)
            return
        self._require_to_begin()
        self.reads_only = bool(value)

    def _require_to_begin(self) -> None:
        if not self.is_to_begin:
            raise psycopg.ProgrammingError("the mode of a transaction is set before its first statement")

    @property
    def is_to_begin(self) -> bool:
        """Return whether the next statement begins a transaction, so that what begins it has to be sent before."""
        if self._settings is None or self._is_in_exchange:
            return False
        return self._exchange is not None or self.pgconn.transaction_status == TransactionStatus.IDLE

    def begins_without_standby(self) -> None:
        """Let its transactions not wait for a synchronous standby."""
        self._settings = {**(self._settings or {}), "synchronous_commit": "local"}

    def begin(self) -> None:
        """Begin a transaction now, if its first statement is one that nothing can be sent together with, or there is none."""
        self.settle()
        if self.is_to_begin:
            with self.together():
                pass

    def settle(self) -> None:
        """Have the server say what the session is, together with the beginning of a transaction, if it has not said it yet."""
        if self.names_are is Names.PRESUMED:
            with suppress(NamesDiffer), self.together(is_repeatable=True):
                return

    @property
    def known_names(self) -> SchemaNames:
        """Return the schemas of the console's own tables, as the server has said."""
        self.settle()
        return self.names

    @property
    def autocommit(self) -> bool:
        """Return whether a statement is committed by itself."""
        return self._settings is None and super().autocommit

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        self.set_autocommit(value)

    @contextmanager
    def transaction(
        self, savepoint_name: str | None = None, force_rollback: bool = False
    ) -> Iterator[psycopg.Transaction]:
        """Start a block that can be rolled back by itself; see `psycopg.Connection.transaction`."""
        self.begin()
        with super().transaction(savepoint_name, force_rollback) as block:
            yield block

    @contextmanager
    def together(self, *, is_repeatable: bool = False, names_nothing: bool = False) -> Iterator[None]:
        """Send the statements of the block in one exchange; their answers are there at its end, not before.

        The first error of the server ends the exchange, and is raised: nothing behind it was executed. A block that is
        `is_repeatable` may be the first of a session whose names are presumed. Raises NamesDiffer, with its transaction
        rolled back, if the server says other ones: the caller repeats the block then. One that `names_nothing` that could have
        another name may be the first, too: its answers count whatever the server says, its settings are its transaction's.
        """
        if self._is_in_exchange:
            yield
            return
        if not is_repeatable and not names_nothing:
            self.settle()
        begins = self.is_to_begin
        errors: list[psycopg.Error] = []
        answer: psycopg.Cursor[TupleRow] | None = None
        try:
            self._begin_exchange()
            if begins:
                answer = self._send_beginning(for_transaction=names_nothing)
            elif self.has_streamed:
                # libpq would give the rows of the first statement one by one, too: it is one without rows.
                self.execute(b"SELECT WHERE false")
            self.has_streamed = False
            yield
        except psycopg.Error as error:
            errors.append(error)
        except BaseException:
            with suppress(psycopg.Error):
                self._end_exchange()
            raise
        try:
            self._end_exchange()
        except psycopg.Error as error:
            errors.append(_first_error(error))
        # What the session is decides before what a statement in it met.
        if answer is not None and answer.pgresult is not None and not self.broken:
            self._accept(require_settled(self, answer), names_nothing=names_nothing)
        if errors:
            raise errors[0]

    def _accept(self, names: SchemaNames, *, names_nothing: bool) -> None:
        if self.names_are is Names.PRESUMED and names != self.names:
            self.names, self.names_are = names, Names.SAID
            if names_nothing:
                return
            self.leave()
            raise NamesDiffer
        # Other ones are not presumed any more, and were not said to be right either.
        self.names_are = Names.TAKEN_OVER
        _require_unmoved(self.names, names)
        self.names_are = Names.SAID

    def begin_next(self) -> None:
        """Begin the next transaction of an exchange in which a COMMIT was sent."""
        self._send_beginning()

    def _send_beginning(self, *, for_transaction: bool = False) -> psycopg.Cursor[TupleRow] | None:
        """Send BEGIN and the settings. Return where the answer to these will be; None if there are none.

        Of what is committed before the session is known, they are the transaction's alone: behind a pooler others get the session.
        """
        access = "READ ONLY" if self.reads_only else "READ WRITE"
        level = self._isolation.name.replace("_", " ")
        # In this order: a query before it would fix the snapshot of the transaction, and the mode with it.
        self.execute(f"BEGIN ISOLATION LEVEL {level} {access} NOT DEFERRABLE".encode())
        if not self._settings:
            return None
        return self.execute(SET, set_values(self._settings, for_transaction=for_transaction))

    def _begin_exchange(self) -> None:
        # Not by `pipeline()`: a session that is dropped would have it ended by the garbage collector, which asks the server.
        if self._exchange is None:
            exchange = _Exchange(self)
            exchange.__enter__()
            self._exchange = self._pipeline = exchange
        self._is_in_exchange = True

    def _end_exchange(self) -> None:
        exchange, self._exchange, self._is_in_exchange = self._exchange, None, False
        if exchange is not None:
            try:
                exchange.__exit__(None, None, None)
            finally:
                self._pipeline = None

    def leave(self) -> None:
        """Roll the transaction back without waiting for the answer, which comes with that of the next one."""
        if self.pgconn.transaction_status == TransactionStatus.IDLE:
            return
        self._begin_exchange()
        try:
            self.execute(b"ROLLBACK")
        finally:
            self._is_in_exchange = False

    def is_silent(self) -> bool:
        """Return whether the server has sent nothing unasked since: it says so when it ends the session."""
        if self.closed:
            return False
        # poll and not select, which refuses file descriptors from 1,024 on.
        line = poll()
        line.register(self.fileno(), POLLIN)
        return not line.poll(0)

    def close(self) -> None:
        """Close the session; what its transaction did is rolled back by the server."""
        super().close()
        with suppress(psycopg.Error):
            self._end_exchange()

    def wait(self, gen: PQGen[RV], interval: float = _INTERVAL_S, timeout: float | None = None) -> RV:
        """Wait for one answer. Raises OperationalError, with the connection broken, if none comes in time."""
        limit = self.answer_limit_s if timeout is None else timeout
        try:
            return super().wait(gen, interval, limit)
        except psycopg.errors._WaitTimeout as error:
            # This makes the connection `broken`, by which `finish` tells an unanswered COMMIT from a refused one.
            self.pgconn.finish()
            raise psycopg.OperationalError(
                f"no answer from the server within {limit:.0f} s: the line is dead"
            ) from error

    def warned(self, notice: psycopg.errors.Diagnostic) -> None:
        """Take note of a warning without a code of its own."""
        self.was_warned = self.was_warned or notice.sqlstate == "01000"


class _Exchange(psycopg.Pipeline):
    """A pipeline whose last message is the Sync that ends it.

    psycopg sends a Flush behind that Sync. The server takes it for the beginning of more, and stops the clock of
    `idle_in_transaction_session_timeout`: the transaction of a client that is never heard of again would stay open,
    with its locks.
    """

    def _exit_gen(self) -> PQGen[None]:
        self._enqueue_sync()
        try:
            yield from self._communicate_gen()
        except psycopg.Error:
            # Of one statement; what is sent behind it has answers too.
            yield from self._rest_gen()
            raise
        yield from self._rest_gen()

    def _rest_gen(self) -> PQGen[None]:
        # What the line does not take at once is kept by the client, and its answer would be waited for in vain.
        yield from send(self.pgconn)
        yield from self._fetch_gen(flush=False)


def _first_error(error: psycopg.Error) -> psycopg.Error:
    """Return the error behind those of the statements that were not executed because of it."""
    while isinstance(error, psycopg.errors.PipelineAborted) and isinstance(error.__context__, psycopg.Error):
        error = error.__context__
    return error


def require_settled(connection: Session, answer: psycopg.Cursor[TupleRow]) -> SchemaNames:
    """Return where the console's own tables stand, if the session is what it must be."""
    row = answer.fetchone()
    assert row is not None
    _, encoding, replication, pid, _, schemas = row
    if encoding != ENCODING:
        raise wrong_encoding(connection.info.dbname, str(encoding))
    if replication != "origin":
        raise _no_triggers(connection, str(replication))
    # Behind a pooler the process id of the login is not that of the backend which runs the statement.
    if connection.info.backend_pid not in {0, pid}:
        raise Unmeasured(
            StopCode.UNREACHABLE,
            "the connection goes through a pooler: settings and locks of a session would be shared or lost",
            "Name host and port of the server itself in the service.",
        )
    return marked_names(schemas)


def _require_unmoved(known: SchemaNames, names: SchemaNames) -> None:
    if names != known:
        message = "the schemas of the console's own tables were changed while this command ran, or this connection is to another database"
        raise Drifted(StopCode.DRIFT, message, "Find out which: cutter-console gates G1. Then the same again.")


def _no_triggers(connection: Session, role_value: str) -> CutterError:
    # The statement that came with the settings may have failed, and the transaction with it.
    connection.rollback()
    connection.begins_with(None)
    rows = connection.execute(_WHERE_SET, {"name": "session_replication_role"}).fetchall()
    resets = [f"{safe_text(command)};" for (command,) in rows] or [
        "ALTER SYSTEM RESET session_replication_role;",
        "SELECT pg_reload_conf();",
    ]
    return Drifted(
        StopCode.DRIFT,
        f"session_replication_role is {safe_text(role_value)} for {safe_text(connection.info.user)}: triggers and foreign keys do not fire",
        f"As a superuser, in psql: {' '.join(resets)}",
    )
