"""Live text: the one SELECT that is registered for a document, read on the monitoring role, bounded in time and size.

The walls are the server's: the monitoring role's privileges, a READ ONLY transaction that is always rolled back,
`DECLARE … CURSOR FOR`, which takes one query and nothing else, and the extended protocol, which takes one statement.
What is looked for in the text beforehand gives a refusal its name. One thing rests on it: built-in functions whose effects no
READ ONLY transaction stops (locks, signals, settings, dblink) are refused by name; what they take, the end of the session gives back.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import LiteralString

import psycopg
from psycopg import sql

from console.backend.model.errors import CutterError, Refused, StopCode, Unmeasured
from console.backend.model.safe_text import safe_text
from console.backend.postgres.connections import connect, translate
from console.backend.postgres.records import documents
from console.backend.postgres.rendering import AsItIs

TIME_LIMIT_S = 10.0
"""Limit for one reading of a live text on the server."""
_GRACE_S = 1.0
"""Time after which the console cancels by itself: a function may have lifted the server's own limit."""
_MOST_QUERY_BYTES = 65_536
_PURPOSE = "live text"
_TEXT_TYPES = frozenset({25, 1042, 1043})
"""Object ids of text, character(n) and character varying(n)."""
_BEGINNINGS = frozenset({"SELECT", "WITH", "VALUES", "TABLE"})
_LINE_COMMENT = re.compile(r"--[^\n]*")
_COMMENT = re.compile(r"/\*(?:(?!/\*|\*/).)*\*/", re.DOTALL)
"""A comment that holds no other: taken out again and again, for comments nest."""
_WORD = re.compile(r"\w+")
_ESCAPED_NAME = re.compile(r'[Uu]&"')
_WRITES = re.compile(
    r"(?i)\b(?:(?:INSERT|MERGE)\s+INTO|DELETE\s+FROM|UPDATE(?!\s+OF\b))\s+(?:ONLY\s+)?[\w.\"]+|\bINTO\s+[\w.\"]+"
    r"|\bFOR\s+(?:NO\s+KEY\s+UPDATE|UPDATE|KEY\s+SHARE|SHARE)\b"
)

# pg_sleep is among them: what is wrong with it is the time that it takes, which the time limit names.
_HARMLESS = [
    *("array_sample", "array_shuffle", "bernoulli", "clock_timestamp", "current_query", "currval", "gen_random_uuid"),
    *("lastval", "pg_sleep", "pg_sleep_for", "pg_sleep_until", "random", "random_normal", "system", "timeofday"),
    *("txid_status", "uuidv4", "uuidv7"),
]
_HARMFUL = """
    SELECT DISTINCT p.proname FROM pg_catalog.pg_proc p
     WHERE p.proname = ANY (%s) AND p.proname <> ALL (%s) AND p.provolatile = 'v'
       AND (p.pronamespace = 'pg_catalog'::regnamespace
            OR EXISTS (SELECT FROM pg_catalog.pg_depend d
                        WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'))
     ORDER BY 1
"""
"""The volatile functions of the server and its extensions that the words of a query name."""

_BEYOND = [
    "cutter_owner",
    "cutter_exec",
    "cutter_verify",
    "cutter_stop",
    "pg_execute_server_program",
    "pg_write_server_files",
]
_CAN_BECOME = """
    SELECT r.rolname FROM pg_catalog.pg_roles r
     WHERE (r.rolname = ANY (%s) OR r.rolsuper) AND pg_catalog.pg_has_role(r.oid, 'MEMBER') ORDER BY 1
"""

_READ = """
    SELECT count(*), max(octet_length(live.text)),
           (array_agg(live.text::text) FILTER (WHERE octet_length(live.text) <= %s))[1],
           pg_catalog.pg_current_xact_id_if_assigned() IS NOT NULL
      FROM (SELECT * FROM (
{query}
) AS live LIMIT 2) AS live(text)
"""
"""Rows (2 stands for more), bytes, the text if it is within the limit, and whether anything was written."""
_DECLARE = "DECLARE live_text NO SCROLL CURSOR FOR {query}"
_COUNT = "SELECT count(*) FROM (\n{query}\n) AS live"

_MISSING = """
    SELECT format('GRANT USAGE ON SCHEMA %%I TO %%I', n.nspname, current_user) FROM pg_catalog.pg_namespace n
     WHERE n.nspname = %(name)s AND NOT has_schema_privilege(n.oid, 'USAGE')
    UNION ALL
    SELECT format('GRANT SELECT ON %%I.%%I TO %%I', n.nspname, c.relname, current_user)
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND NOT has_table_privilege(c.oid, 'SELECT')
       AND (c.relname = %(name)s AND n.nspname = ANY (%(schemas)s) OR n.nspname = %(name)s AND c.relname = ANY (%(words)s))
    UNION ALL
    SELECT format('GRANT EXECUTE ON FUNCTION %%s TO %%I', p.oid::regprocedure, current_user) FROM pg_catalog.pg_proc p
     WHERE p.proname = %(name)s AND NOT has_function_privilege(p.oid, 'EXECUTE')
"""


@dataclass(frozen=True)
class _Live:
    """One query, and how refusals call it."""

    name: str
    query: str

    def refused(self, message: str, next_action: str, code: StopCode = StopCode.REFUSED_INPUT) -> Refused:
        """Return the refusal of this query; raising it is left to the caller."""
        return Refused(code, f"{self.name}: {message}", next_action)


def read_live_text(conninfo: str, docprefix: str, most_bytes: int) -> bytes:
    """Return the text of a registered live document as UTF-8.

    Raises Refused (DOCUMENT_UNKNOWN) if no query is registered, and as `read_query` does.
    """
    with connect(conninfo, read_only=True, purpose=_PURPOSE) as connection:
        registered = {row.docprefix: row.live_query for row in documents(connection)}
    query = registered.get(docprefix)
    if not query:
        raise Refused(
            StopCode.DOCUMENT_UNKNOWN,
            f"live:{docprefix}: no query is registered",
            f'Register it: cutter-console document register --docprefix {docprefix} --query "SELECT …"',
        )
    return read_query(conninfo, docprefix, query, most_bytes)


def read_query(conninfo: str, docprefix: str, query: str, most_bytes: int) -> bytes:
    """Return the one text that a query gives on the monitoring role, as UTF-8.

    Nothing that the query did stays: the transaction is READ ONLY and rolled back. Raises Refused for what is no
    query, writes, takes longer than TIME_LIMIT_S, gives not exactly one text or more than `most_bytes` (which are
    not fetched then), Unmeasured if a privilege is missing.
    """
    live = _Live(f"live:{docprefix}", query)
    _require_query(live)
    with connect(conninfo, read_only=True, timeout_s=TIME_LIMIT_S, purpose=_PURPOSE) as connection:
        _require_monitoring_role(connection)
        _refuse_harmful_names(connection, live)
        began = time.monotonic()
        try:
            with _cancelled_after(connection, TIME_LIMIT_S + _GRACE_S):
                return _read(connection, live, most_bytes)
        except psycopg.Error as error:
            raise _refusal(connection, live, error, time.monotonic() - began) from error
        finally:
            # `connect` would COMMIT at the end of the block; nothing that the query did is to stay.
            if not connection.broken:
                connection.rollback()


@contextmanager
def _cancelled_after(connection: psycopg.Connection, seconds: float) -> Iterator[None]:
    """Cancel what runs on the connection when the block takes longer, and again until the block ends."""
    done = Event()

    def cancel() -> None:
        wait_s = seconds
        while not done.wait(wait_s):
            with suppress(psycopg.Error):
                connection.cancel_safe(timeout=_GRACE_S)
            # Again: a cancel that comes between two statements has no effect.
            wait_s = _GRACE_S

    thread = Thread(target=cancel, daemon=True, name="live text limit")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _require_query(live: _Live) -> None:
    if len(live.query.encode("utf-8", "surrogatepass")) > _MOST_QUERY_BYTES or "\x00" in live.query:
        message = f"the query is longer than {_MOST_QUERY_BYTES} bytes, or holds a NUL"
        raise live.refused(message, "Put it into a view, and register: SELECT … FROM the view.")
    first = _WORD.match(_without_comments(live.query).lstrip("( \t\r\n\f\v"))
    word = first.group().upper() if first else "nothing"
    if word not in _BEGINNINGS:
        written = _writing(live.query)
        message = (
            f"begins with {safe_text(word[:40])}, which is no query{f'; it would write: {written}' if written else ''}"
        )
        raise live.refused(message, _ONE_SELECT)
    if _ESCAPED_NAME.search(live.query):
        raise live.refused('names something as U&"…", which hides what it is', "Write the name itself.")


_TOO_MUCH = ("53", "54")
"""Classes of SQLSTATE: insufficient resources, program limit exceeded."""
_NO_MEMORY_FOR = "invalid memory alloc request size"
"""The server's words, in no other language, for a value over 1 GB where it has no code for that: XX000, its internal error."""
_ONE_SELECT = "Register one SELECT that gives one row with one text."


def _without_comments(query: str) -> str:
    """Return the query without its comments; exact enough to find its first word, and used for nothing else."""
    removed = 1
    while removed:
        query, removed = _COMMENT.subn(" ", query)
    return _LINE_COMMENT.sub(" ", query)


def _writing(query: str) -> str:
    match = _WRITES.search(query)
    return safe_text(" ".join(match.group().split())[:100]) if match else ""


def _require_monitoring_role(connection: psycopg.Connection) -> None:
    """Refuse a connection that has, or can get, more rights than the monitoring role: a query is an operator's text."""
    more = [name for (name,) in connection.execute(_CAN_BECOME, (_BEYOND,)).fetchall()]
    if more:
        raise Refused(
            StopCode.GRANT_DELTA,
            f"the monitoring connection is {safe_text(connection.info.user)}, which is or can become {safe_text(', '.join(more))}",
            "Name the service of cutter_ro as database.monitor; see its memberships: cutter-console drift",
        )


def _refuse_harmful_names(connection: psycopg.Connection, live: _Live) -> None:
    """Refuse built-in functions with effects that no READ ONLY transaction stops: locks, signals, settings, dblink."""
    words = list({word.lower() for word in _WORD.findall(live.query)})
    functions = [name for (name,) in connection.execute(_HARMFUL, (words, _HARMLESS)).fetchall()]
    if functions:
        message = f"uses {safe_text(', '.join(functions))}, which can do more than read"
        raise live.refused(message, _ONE_SELECT)


def _read(connection: psycopg.Connection, live: _Live, most_bytes: int) -> bytes:
    # Names without a schema are looked for in public, whatever role and database are set to, and wherever this console's own are.
    connection.execute(sql.Composed([AsItIs("SET LOCAL search_path = pg_catalog, public, pg_temp")]))
    # What a policy lets the monitoring role see is the text for it, as for any reader.
    connection.execute("SET LOCAL row_security = on")
    _require_one_text_column(connection, live)
    _limit_time(connection)
    row = connection.execute(_around(live, _READ), (most_bytes,)).fetchone()
    assert row is not None
    rows, size, text, wrote = row
    if rows != 1:
        raise live.refused(f"gives {_how_many(connection, live) if rows else 'no row'}, not one", _ONE_SELECT)
    if wrote:
        raise live.refused("writes: it took a transaction id", _ONE_SELECT)
    if size is None:
        raise live.refused("gives NULL, not a text", _ONE_SELECT)
    if size > most_bytes:
        raise live.refused(
            f"gives {size} bytes; the limit is {most_bytes} (limits.max_bytes)",
            "Cut the document in parts, or raise limits.max_bytes in orchestrator.config.json.",
            StopCode.CAP_EXCEEDED,
        )
    return str(text).encode()


def _around(live: _Live, statement: LiteralString) -> sql.Composed:
    """Return a statement with the query in it as it was registered."""
    return sql.SQL(statement).format(query=AsItIs(live.query))


def _require_one_text_column(connection: psycopg.Connection, live: _Live) -> None:
    """Let the server parse the text as one query, by itself, without running it."""
    # binary=True asks for the extended protocol, which refuses a second statement.
    connection.execute(_around(live, _DECLARE), binary=True)
    columns = connection.execute("FETCH 0 FROM live_text").description or []
    connection.execute("CLOSE live_text")
    if len(columns) != 1:
        raise live.refused(f"gives {len(columns)} columns, not one", _ONE_SELECT)
    if columns[0].type_code not in _TEXT_TYPES:
        name = safe_text(columns[0].name)
        raise live.refused(f"the column {name} is {columns[0].type_display}, not text", f"Cast it: {name}::text")


def _limit_time(connection: psycopg.Connection) -> None:
    """Set the limits again: planning the query may have called functions that changed them."""
    limit = f"{int(TIME_LIMIT_S * 1000)}"
    connection.execute(
        "SELECT set_config('statement_timeout', %s, true), set_config('lock_timeout', '0', true)", (limit,)
    )


def _how_many(connection: psycopg.Connection, live: _Live) -> str:
    _limit_time(connection)
    try:
        row = connection.execute(_around(live, _COUNT), binary=True).fetchone()
    except psycopg.Error:
        return "more than one row"
    return f"{row[0]} rows" if row else "more than one row"


def _refusal(connection: psycopg.Connection, live: _Live, error: psycopg.Error, took_s: float) -> CutterError:
    """Return the error with its cause: a missing privilege, the time, a write, or the server's message."""
    server_message = safe_text(error.diag.message_primary or str(error).strip())
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return _unreadable(connection, live, server_message)
    if isinstance(error, psycopg.errors.QueryCanceled) and took_s >= TIME_LIMIT_S:
        message = f"took longer than {TIME_LIMIT_S:g} s, the limit for one reading, and was cancelled"
        return live.refused(message, "Register a query that answers sooner.", StopCode.CAP_EXCEEDED)
    if (error.sqlstate or "").startswith(_TOO_MUCH) or _NO_MEMORY_FOR in server_message:
        message = f"is more than the server can hold: {server_message}"
        return live.refused(message, "Register a query that gives a smaller text.", StopCode.CAP_EXCEEDED)
    if connection.broken or isinstance(error, psycopg.OperationalError):
        return translate(error)
    return _refused_statement(live, error, server_message)


def _refused_statement(live: _Live, error: psycopg.Error, server_message: str) -> Refused:
    match error:
        case psycopg.errors.ReadOnlySqlTransaction() | psycopg.errors.FeatureNotSupported():
            written = _writing(live.query)
            return live.refused(f"it would write{f': {written}' if written else ''} ({server_message})", _ONE_SELECT)
        case psycopg.errors.ActiveSqlTransaction():
            return live.refused(f"it would write: it changes the transaction's mode ({server_message})", _ONE_SELECT)
    if "multiple commands" in server_message or ";" in live.query:
        return live.refused(f"is more than one statement ({server_message})", _ONE_SELECT)
    return live.refused(f"{error.sqlstate}: {server_message}", "Correct the query; name tables as schema.table.")


def _unreadable(connection: psycopg.Connection, live: _Live, server_message: str) -> Unmeasured:
    # The refused statement has aborted the transaction; in it nothing more could be read.
    connection.rollback()
    words = list({form for word in _WORD.findall(live.query) for form in (word, word.lower())})
    # Servers translate the message, and put the name last in every language.
    name = server_message.rsplit(maxsplit=1)[-1].strip('"“”„«»')
    schemas = [*words, "public"]
    rows = connection.execute(_MISSING, {"name": name, "words": words, "schemas": schemas}).fetchall()
    grants = "; ".join(safe_text(grant) for (grant,) in rows)
    return Unmeasured(
        StopCode.GRANT_DELTA,
        f"{live.name}: {safe_text(connection.info.user)} may not read it (42501): {server_message}",
        f"As the administrator, in psql: {grants};"
        if grants
        else f"Let {safe_text(connection.info.user)} read it, or register a query that it may run.",
    )
