"""Opens sessions that set what the product relies on, whatever server, role, database, environment or service file say.

The settings are made by one statement after the login, not by startup options: PGDATESTYLE and PGTZ are sent behind
those and win over them, and poolers drop or refuse them. `options` is given as empty, so that neither PGOPTIONS nor
a service file adds any.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from select import POLLIN, poll
from typing import Self, TypeVar, cast

import psycopg
from psycopg.abc import Params, PQGen, Query, QueryNoTemplate
from psycopg.copy import Writer
from psycopg.generators import send
from psycopg.pq import TransactionStatus
from psycopg.rows import Row, TupleRow

from console.backend.model.console_schema import CONSOLE_SCHEMA_OWNER
from console.backend.model.errors import CutterError, Drifted, StopCode, Unmeasured
from console.backend.model.safe_text import safe_text
from console.backend.model.schema_names import OWN, SchemaNames
from console.backend.postgres.moments import read_iso_style
from console.backend.postgres.refused_sessions import ENCODING, wrong_encoding
from console.backend.postgres.rendering import marked_names, rendered, with_values

RV = TypeVar("RV")
_INTERVAL_S = 0.1
SETTINGS: Mapping[str, str] = {
    "role": "none",
    "search_path": "pg_catalog, pg_temp",
    "standard_conforming_strings": "on",
    "backslash_quote": "safe_encoding",
    "transform_null_equals": "off",
    "array_nulls": "on",
    "quote_all_identifiers": "off",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    # What a policy would hide is an error, never a smaller number.
    "row_security": "off",
    "check_function_bodies": "on",
    "default_tablespace": "",
    "default_table_access_method": "heap",
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    # Each transaction says itself if it only reads. The session of the lease has none: its statements are committed one by one.
    "default_transaction_read_only": "off",
    # The queries are many and each is short; compiling one first, as a server with LLVM does, takes seconds.
    "jit": "off",
    # From the sixth call of a session on, a function could be executed by a plan that does not know its values, and was
    # made when there were few rows: a batch makes hundreds of such calls while the tables grow.
    "plan_cache_mode": "force_custom_plan",
    "client_min_messages": "warning",
    "idle_session_timeout": "0",
    # What was acknowledged is on the disk, and, where the server has synchronous standbys, on theirs.
    "synchronous_commit": "on",
}
"""Settings of every session; the timeouts come from the caller, the encoding from the connection itself."""
_LINE: Mapping[str, str] = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "25000",
}
"""So that the server notices within half a minute that its client is gone; over a Unix socket, where these are 0, at once."""
LOCK_TIMEOUT_S = 10.0
_LONG_LOCK_TIMEOUT_S = 30.0
"""Report of a wait for a lock, where statements may take long: who holds it, and then that the wait failed."""
_LONG_S = 60.0
_IDLE_IN_TRANSACTION_S, _LONG_IDLE_IN_TRANSACTION_S = 60.0, 600.0
"""Time that a silent session's transaction stays open at the server; long work may compute between statements."""
CONNECT_TIMEOUT_S = 10
ANSWER_MARGIN_S = 10.0
"""Seconds beyond the server's own limit before a line without an answer counts as dead."""
COMMIT_LIMIT_S = 25.0
"""Seconds to wait for the answer to COMMIT. A server that waits for a standby answers when it comes, or not at all: what became of
it is asked behind that, for as long as `settling.LIMIT_S`, and both together take less than a minute."""
# Everything is qualified: this is parsed under the search_path that role and database have.
_SET = """
    SELECT pg_catalog.count(pg_catalog.set_config(s.name, s.value, false)),
           pg_catalog.current_setting('server_encoding'), pg_catalog.current_setting('session_replication_role'),
           pg_catalog.pg_backend_pid(),
           -- A statement whose client has died is ended while it runs, where the server's system can tell.
           -- The function behind LIKE: an operator is looked for along the search_path, too.
           CASE WHEN pg_catalog.textlike(pg_catalog.version(), '%%linux%%') THEN pg_catalog.set_config('client_connection_check_interval', '2s', false) END,
           -- Where the console's own tables stand: in schemas of its owner's that its own remark marks, if there are any.
           -- By the index, and not by obj_description: that is planned again for each schema, at every beginning.
           ARRAY(SELECT ARRAY[n.nspname::pg_catalog.text,
                              (SELECT d.description FROM pg_catalog.pg_description d
                                WHERE d.objoid OPERATOR(pg_catalog.=) n.oid AND d.objsubid OPERATOR(pg_catalog.=) 0
                                  AND d.classoid OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass)]
                   FROM pg_catalog.pg_namespace n
                  WHERE pg_catalog.pg_get_userbyid(n.nspowner) OPERATOR(pg_catalog.=) %s::pg_catalog.name)
      FROM ROWS FROM (pg_catalog.unnest(%s::pg_catalog.text[]), pg_catalog.unnest(%s::pg_catalog.text[])) AS s (name, value)
"""
_SET_HERE = _SET.replace(", false)", ", true)")
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


class _Cursor(psycopg.Cursor[Row]):
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
    is_presumed = False
    """True while `names` are presumed: if the server says other ones, what was sent is sent again."""
    is_settled = False
    """True once it has said so, and that is as it must be."""
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
        if self.is_presumed:
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
                answer = self._send_beginning(for_session=not names_nothing)
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
            self._accept(_require_settled(self, answer), names_nothing=names_nothing)
        if errors:
            raise errors[0]

    def _accept(self, names: SchemaNames, *, names_nothing: bool) -> None:
        if self.is_presumed and names != self.names:
            self.names, self.is_presumed, self.is_settled = names, False, True
            if names_nothing:
                return
            self.leave()
            raise NamesDiffer
        self.is_presumed = False
        _require_unmoved(self.names, names)
        self.is_settled = True

    def begin_next(self) -> None:
        """Begin the next transaction of an exchange in which a COMMIT was sent."""
        self._send_beginning()

    def _send_beginning(self, *, for_session: bool = True) -> psycopg.Cursor[TupleRow] | None:
        """Send BEGIN and the settings. Return where the answer to these will be; None if there are none.

        Of what is committed before the session is known, they are the transaction's alone: behind a pooler others get the session.
        """
        access = "READ ONLY" if self.reads_only else "READ WRITE"
        level = self._isolation.name.replace("_", " ")
        # In this order: a query before it would fix the snapshot of the transaction, and the mode with it.
        self.execute(f"BEGIN ISOLATION LEVEL {level} {access} NOT DEFERRABLE".encode())
        settings = _SET if for_session else _SET_HERE
        return self.execute(settings, _set_values(self._settings)) if self._settings else None

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


def open_session(
    conninfo: str,
    *,
    application: str,
    statement_timeout_s: float,
    idle_in_transaction_s: float | None = None,
) -> Session:
    """Open a connection with SETTINGS, outside any transaction and not in autocommit; the caller closes it.

    0 means no timeout. An answer is waited for a little longer than the server's own limit. Raises psycopg.Error if
    there is no connection, Refused if the database is not encoded in UTF8, Drifted if triggers would not fire in
    the session, Unmeasured if a pooler stands in front.
    """
    connection = _log_in(conninfo, application)
    try:
        _settle(connection, _timeouts(statement_timeout_s, idle_in_transaction_s), statement_timeout_s)
    except BaseException:
        # The caller has no connection to close yet, whatever ended this: a refusal, or a signal.
        connection.close()
        raise
    return connection


def log_in(
    conninfo: str,
    *,
    application: str,
    statement_timeout_s: float,
    read_only: bool,
    known: SchemaNames | None = None,
    presumed: SchemaNames | None = None,
) -> Session:
    """Open a session as `open_session` does, whose transactions begin in one exchange with their first statement.

    The server is asked at once what the session is, before anything else is sent to it. If it is `known`, because
    another session of this command has asked, it is asked together with the first statement, whose answer counts only
    then. So it is if it is `presumed`, for what can be sent again: where the server says otherwise, it is.
    """
    if (names := known or presumed) is not None:
        session = _log_in(conninfo, application)
        session.names, session.is_presumed = names, known is None
        begin_again(session, application=application, statement_timeout_s=statement_timeout_s, read_only=read_only)
        return session
    session = open_session(conninfo, application=application, statement_timeout_s=statement_timeout_s)
    # The session itself is in autocommit: BEGIN is sent by it, with the first statement.
    session.autocommit = True
    session.begins_with({}, read_only=read_only)
    return session


def _log_in(conninfo: str, application: str) -> Session:
    connection = Session.connect(
        conninfo,
        autocommit=True,
        application_name=application,
        client_encoding=ENCODING,
        options="",
        # A statement that is prepared by name outlives its transaction, and a pooler hands it to somebody else.
        prepare_threshold=None,
        connect_timeout=CONNECT_TIMEOUT_S,
        # A line that has gone dead is noticed within half a minute, also while nothing is sent.
        keepalives=1,
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
        tcp_user_timeout=25_000,
        cursor_factory=_Cursor,
    )
    connection.add_notice_handler(connection.warned)
    if not str(connection.info.parameter_status("DateStyle")).startswith("ISO"):
        read_iso_style(connection)
    return connection


def begin_again(session: Session, *, application: str, statement_timeout_s: float, read_only: bool) -> None:
    """Let the next transaction of a session that is between transactions begin as that of a new one, under its name."""
    limits = _timeouts(statement_timeout_s, None)
    session.begins_with({**SETTINGS, **_LINE, **limits, "application_name": application}, read_only=read_only)
    session.answer_limit_s = statement_timeout_s + ANSWER_MARGIN_S if statement_timeout_s else None


def _timeouts(statement_s: float, idle_s: float | None) -> dict[str, str]:
    is_long = statement_s == 0 or statement_s > _LONG_S
    lock_s = _LONG_LOCK_TIMEOUT_S if is_long else min(LOCK_TIMEOUT_S, statement_s)
    if idle_s is None:
        idle_s = _LONG_IDLE_IN_TRANSACTION_S if is_long else _IDLE_IN_TRANSACTION_S
    limits = {
        "statement_timeout": statement_s,
        "lock_timeout": lock_s,
        "idle_in_transaction_session_timeout": idle_s,
    }
    return {name: str(int(seconds * 1000)) for name, seconds in limits.items()}


def _settle(connection: Session, limits: Mapping[str, str], statement_s: float) -> None:
    # The server's own limits are among the settings, and hold only after the statement that makes them.
    connection.answer_limit_s = ANSWER_MARGIN_S
    wanted = {**SETTINGS, **_LINE, **limits}
    connection.names = _require_settled(connection, connection.execute(_SET, _set_values(wanted)))
    connection.is_settled = True
    connection.autocommit = False
    connection.answer_limit_s = statement_s + ANSWER_MARGIN_S if statement_s else None


def _set_values(settings: Mapping[str, str]) -> tuple[object, ...]:
    return (CONSOLE_SCHEMA_OWNER, list(settings), list(settings.values()))


def _require_settled(connection: Session, answer: psycopg.Cursor[TupleRow]) -> SchemaNames:
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
