"""Settings of every session, and the statement that makes them, whatever server, role, database or environment say."""

from collections.abc import Mapping

from console.backend.model.console_schema import CONSOLE_SCHEMA_OWNER

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
OF_CALLERS = (
    "standard_conforming_strings",
    "backslash_quote",
    "transform_null_equals",
    "array_nulls",
    "quote_all_identifiers",
    "bytea_output",
    "extra_float_digits",
    "DateStyle",
    "IntervalStyle",
    "TimeZone",
    "row_security",
    "check_function_bodies",
    "default_tablespace",
    "default_table_access_method",
)
"""Settings that decide what a statement means, shows or makes: code of an organisation runs with those of its database.

Of the rest, one decides where names are looked for, which a site mapping says; others how the next transaction begins, how a
statement is planned, how long it may take, and what is on the disk behind a COMMIT: these are the console's everywhere.
"""
AS_CALLED = f"DO $do$ BEGIN {' '.join(f'SET LOCAL {name} TO DEFAULT;' for name in OF_CALLERS)} END $do$"
"""Lets the settings of callers be as the session began with them, until the end of the transaction."""
AS_SET = "SELECT pg_catalog.count(pg_catalog.set_config(s.name, s.value, true)) FROM ROWS FROM (pg_catalog.unnest(%s::pg_catalog.text[]), pg_catalog.unnest(%s::pg_catalog.text[])) AS s (name, value)"
"""Makes settings again, until the end of the transaction."""
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
# Everything is qualified: this is parsed under the search_path that role and database have.
SET = """
    SELECT pg_catalog.count(pg_catalog.set_config(s.name, s.value, %s)),
           pg_catalog.current_setting('server_encoding'), pg_catalog.current_setting('session_replication_role'),
           pg_catalog.pg_backend_pid(),
           -- A statement whose client has died is ended while it runs, where the server's system can tell.
           -- The function behind LIKE: an operator is looked for along the search_path, too.
           CASE WHEN pg_catalog.textlike(pg_catalog.version(), '%%linux%%') THEN pg_catalog.set_config('client_connection_check_interval', '2s', %s) END,
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
"""Makes settings, and says of the session: how many were made, the encoding, whether triggers fire, the process, and schemas."""


def session_settings(application: str | None, statement_s: float, idle_s: float | None) -> Mapping[str, str]:
    """Return all settings of a session, with its limits in seconds (0 is none), and its name if that is to be set, too."""
    name = {} if application is None else {"application_name": application}
    return {**SETTINGS, **_LINE, **_limits(statement_s, idle_s), **name}


def set_values(settings: Mapping[str, str], *, for_transaction: bool = False) -> tuple[object, ...]:
    """Return the values of SET for these settings, which last as long as the session, or as its transaction."""
    return (for_transaction, for_transaction, CONSOLE_SCHEMA_OWNER, list(settings), list(settings.values()))


def _limits(statement_s: float, idle_s: float | None) -> dict[str, str]:
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
