"""Opens sessions that set what the product relies on, whatever server, role, database, environment or service file say.

The settings are made by one statement after the login, not by startup options, which poolers drop or refuse. `options` is
given as empty, so that neither PGOPTIONS nor a service file adds any; PGDATESTYLE, PGTZ and PGGEQO are taken out of the environment.
"""

import os
from collections.abc import Mapping

from console.backend.model.schema_names import SchemaNames
from console.backend.postgres.moments import read_iso_style
from console.backend.postgres.refused_sessions import ENCODING
from console.backend.postgres.session import Names, Session, SessionCursor, require_settled
from console.backend.postgres.session_settings import SET, session_settings, set_values

_AT_THE_START = ("PGDATESTYLE", "PGTZ", "PGGEQO")
"""Variables of which libpq makes settings that a session begins with: an organisation's functions run with what it begins with."""
CONNECT_TIMEOUT_S = 10
ANSWER_MARGIN_S = 10.0
"""Seconds beyond the server's own limit before a line without an answer counts as dead."""
COMMIT_LIMIT_S = 25.0
"""Seconds to wait for the answer to COMMIT. A server that waits for a standby answers when it comes, or not at all: what became of
it is asked behind that, for as long as `settling.LIMIT_S`, and both together take less than a minute."""


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
        _settle(connection, session_settings(None, statement_timeout_s, idle_in_transaction_s), statement_timeout_s)
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
        session.names, session.names_are = names, Names.TAKEN_OVER if known is not None else Names.PRESUMED
        begin_again(session, application=application, statement_timeout_s=statement_timeout_s, read_only=read_only)
        return session
    session = open_session(conninfo, application=application, statement_timeout_s=statement_timeout_s)
    # The session itself is in autocommit: BEGIN is sent by it, with the first statement.
    session.autocommit = True
    session.begins_with({}, read_only=read_only)
    return session


def _log_in(conninfo: str, application: str) -> Session:
    for name in _AT_THE_START:
        os.environ.pop(name, None)
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
        cursor_factory=SessionCursor,
    )
    connection.add_notice_handler(connection.warned)
    if not str(connection.info.parameter_status("DateStyle")).startswith("ISO"):
        read_iso_style(connection)
    return connection


def begin_again(session: Session, *, application: str, statement_timeout_s: float, read_only: bool) -> None:
    """Let the next transaction of a session that is between transactions begin as that of a new one, under its name."""
    session.begins_with(session_settings(application, statement_timeout_s, None), read_only=read_only)
    session.answer_limit_s = statement_timeout_s + ANSWER_MARGIN_S if statement_timeout_s else None


def _settle(connection: Session, settings: Mapping[str, str], statement_s: float) -> None:
    # The server's own limits are among the settings, and hold only after the statement that makes them.
    connection.answer_limit_s = ANSWER_MARGIN_S
    connection.names = require_settled(connection, connection.execute(SET, set_values(settings)))
    connection.names_are = Names.SAID
    connection.autocommit = False
    connection.answer_limit_s = statement_s + ANSWER_MARGIN_S if statement_s else None
