"""Everything that an attack could change, looked at before and after it; and the most tempting database to attack."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql

from console.backend.postgres import ledger
from console.backend.postgres.inventory import schema_digest
from tests.backend.postgres.signed_cut import SignedCut, event, start_cut, stopped
from tests.conftest import Database

EXECUTOR, VERIFIER, MONITOR, STOPPER, STRANGER = "cutter_exec", "cutter_verify", "cutter_ro", "cutter_stop", "passer_by"
ROLES = (EXECUTOR, VERIFIER, MONITOR, STOPPER, STRANGER)
"""The four passwords of the host, and somebody who may only connect."""
PURPOSES = ("cut", "edit", "enact", "revert")
LOCK_TIMEOUT = "200ms"
_CLASSES_OF_VALUES = ("22", "23")
"""The SQLSTATEs of values that cannot be, and of constraints that they break."""

_TABLES = """
    SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname IN ('public', 'cutter_governance', 'cutter_console') ORDER BY 1
"""
_SETTINGS = """
    SELECT coalesce(string_agg(format('%s %s %s', setdatabase, setrole, setconfig), '; ' ORDER BY setrole, setdatabase), '')
      FROM pg_db_role_setting WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
"""
_ROLES = """
    SELECT md5(string_agg(r::text, '|' ORDER BY r.rolname)) FROM pg_authid r
     WHERE r.rolname IN ('cutter_owner', 'cutter_exec', 'cutter_verify', 'cutter_ro', 'cutter_stop', 'passer_by')
"""
_OBJECTS = """
    SELECT string_agg(kind || ' ' || n, ', ' ORDER BY kind) FROM (
        SELECT 'relation' AS kind, count(*) AS n FROM pg_class c WHERE c.relpersistence <> 't' AND c.relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg\\_t%')
        UNION ALL SELECT 'function', count(*) FROM pg_proc p WHERE p.pronamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg\\_t%')
        UNION ALL SELECT 'schema', count(*) FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_t%'
        UNION ALL SELECT 'trigger', count(*) FROM pg_trigger t WHERE t.tgrelid NOT IN (SELECT oid FROM pg_class WHERE relpersistence = 't')
        UNION ALL SELECT 'event trigger', count(*) FROM pg_event_trigger
        UNION ALL SELECT 'extension', count(*) FROM pg_extension
        UNION ALL SELECT 'cast', count(*) FROM pg_cast
        UNION ALL SELECT 'policy', count(*) FROM pg_policy
        UNION ALL SELECT 'publication', count(*) FROM pg_publication
        UNION ALL SELECT 'membership', count(*) FROM pg_auth_members
        UNION ALL SELECT 'statistics', count(*) FROM pg_statistic_ext) o
"""
_SWITCH = "SELECT coalesce(string_agg(l::text, '|' ORDER BY l.id), 'off') FROM cutter_governance.execution_lease l WHERE l.ended_at IS NULL"
_ASKED = {
    "readers": "SELECT cutter_console.fn_readers_digest()",
    "switch": _SWITCH,
    "hold": "SELECT coalesce(cutter_console.fn_hold_reason(), 'none')",
    "settings": _SETTINGS,
    "roles": _ROLES,
    "objects": _OBJECTS,
}

Look = dict[str, str]


class Lookout:
    """The superuser's session that looks, kept open from one look to the next: a new one would first read the catalogue for longer than it looks."""

    database = ""
    connection: psycopg.Connection | None = None
    seen: Look | None = None
    since = ""

    @classmethod
    def over(cls, database: Database) -> psycopg.Connection:
        """The session that looks at this database; one at another is ended."""
        if cls.connection is None or cls.connection.broken or cls.database != database.conninfo():
            cls.end()
            cls.database, cls.connection = database.conninfo(), database.connect()
            cls.connection.execute("SET search_path = pg_catalog")
        return cls.connection

    @classmethod
    def is_as_it_was(cls, connection: psycopg.Connection) -> bool:
        """Whether every transaction that could have changed what the last look saw has come to nothing.

        Whatever a look reads is a row, of a table or of the catalogue, and a row is seen once its transaction is
        committed. Who writes has an id; those that were under way at the last look, or began later, are asked for.
        """
        answer = connection.execute(_COME_TO_NOTHING, (cls.since,)).fetchone()
        return answer == (True,)

    @classmethod
    def end(cls) -> None:
        """End the session."""
        cls.seen = None
        if cls.connection is not None:
            cls.connection.close()
            cls.connection = None


_OLDEST_UNDER_WAY = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text"
_COME_TO_NOTHING = """
    SELECT coalesce(bool_and(pg_xact_status(id::text::xid8) IS NOT DISTINCT FROM 'aborted'), true)
      FROM generate_series(%s::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1) id
"""


def look(database: Database) -> Look:
    """Every row of every table, what readers see, the switch, grants and definitions, roles and their settings; as the superuser.

    It is the last look again where nothing was committed since then.
    """
    connection = Lookout.over(database)
    if Lookout.seen is None or not Lookout.is_as_it_was(connection):
        # The mark first: what is committed while this look is taken is asked for by the next one.
        (since,) = connection.execute(_OLDEST_UNDER_WAY).fetchone() or ("",)
        Lookout.seen, Lookout.since = _look(connection), str(since)
    return dict(Lookout.seen)


def _look(connection: psycopg.Connection) -> Look:
    tables = [str(name) for (name,) in connection.execute(_TABLES)]
    rows = " UNION ALL ".join(
        f"SELECT '{table}', count(*) || ' rows ' || md5(coalesce(string_agg(t::text, '|' ORDER BY t::text COLLATE \"C\"), '')) FROM {table} t"
        for table in tables
    )
    seen = {str(name): str(digest) for name, digest in connection.execute(rows.encode())}
    for name, query in _ASKED.items():
        answer = connection.execute(query.encode()).fetchone()
        seen[name] = str(answer[0]) if answer is not None else ""
    return {**seen, "schema": schema_digest(connection)}


def changed(before: Look, after: Look) -> set[str]:
    """The names of what is not as it was."""
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


@contextmanager
def attack(database: Database, *may_change: str) -> Iterator[None]:
    """Whatever happens in the block, the world is the same behind it, but for what is named."""
    before = look(database)
    yield
    assert changed(before, look(database)) <= set(may_change)


@contextmanager
def refused(database: Database, *codes: str, may_change: tuple[str, ...] = ()) -> Iterator[None]:
    """The block ends in a refusal with one of these STOP codes or SQLSTATEs, and the world is the same behind it.

    Without a code any refusal that is meant as one will do.
    """
    with attack(database, *may_change), stopped(*codes) if codes else denied():
        yield


@contextmanager
def denied() -> Iterator[None]:
    """The block ends in a refusal that is meant as one, whichever."""
    with pytest.raises(psycopg.Error) as caught:
        yield
    assert is_meant(caught.value), caught.value


def is_meant(error: psycopg.Error) -> bool:
    """Whether it is a STOP of the product, a missing privilege or a value that is not taken; no slip of the test, no accident."""
    state = error.sqlstate or ""
    return (
        (error.diag.message_detail or "").startswith("STOP_")
        or state == "42501"
        or state.startswith(_CLASSES_OF_VALUES)
    )


@dataclass(frozen=True)
class Prey:
    """A database in its most tempting state: law, drafts that wait for SG_2, and a signed cut under an open lease."""

    database: Database
    law: SignedCut
    drafts: SignedCut
    armed: SignedCut

    def session(self, role: str, *, autocommit: bool = True) -> psycopg.Connection:
        """A new session of a role, which waits for no lock for long."""
        return session(self.database, role, autocommit=autocommit)


def session(database: Database, role: str, *, autocommit: bool = True) -> psycopg.Connection:
    """A new session of a role, which waits for no lock for long."""
    connection = psycopg.connect(
        database.conninfo(role), autocommit=autocommit, options=f"-c lock_timeout={LOCK_TIMEOUT}"
    )
    connection.add_notice_handler(lambda _: None)
    return connection


def impatient(database: Database) -> Database:
    """Shorten how long the product's own lock waits for another transaction; nothing else of it is changed."""
    with database.connect() as connection:
        connection.execute(
            f"ALTER FUNCTION cutter_console.fn_lock(boolean) SET lock_timeout = '{LOCK_TIMEOUT}'".encode()
        )
    return database


def make_stranger(database: Database) -> None:
    """Create the role that may only connect, once a cluster."""
    with database.connect() as connection:
        connection.execute("DO $$ BEGIN CREATE ROLE passer_by LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")


def make_prey(database: Database) -> Prey:
    """One enacted document, one at its second pause, one armed to be cut."""
    make_stranger(database)
    law = start_cut(database, "ACME-LAW", number=1)
    law.enacted()
    drafts = start_cut(database, "ACME-DRAFT", number=2)
    drafts.to_second_pause()
    armed = start_cut(database, "ACME-ARMED", number=3)
    armed.rule()
    armed.arm(minutes=60)
    return Prey(database, law, drafts, armed)


def call(connection: psycopg.Connection, function: str, *values: object) -> object:
    """Call a function of the product and return its answer."""
    places = sql.SQL(", ").join(sql.Placeholder() * len(values))
    query = sql.SQL("SELECT {}({})").format(sql.Identifier("cutter_console", function), places)
    row = connection.execute(query, values).fetchone()
    return row[0] if row is not None else None


def close(run: SignedCut) -> None:
    """The closeout of an enacted run."""
    with run.executor() as connection:
        ledger.close_run(connection, run.run_id, event("closeout"))


def _to(*steps: Callable[[SignedCut], None]) -> tuple[Callable[[SignedCut], None], ...]:
    return steps


def _ruled(run: SignedCut) -> None:
    run.rule()


def _armed_to_enact(run: SignedCut) -> None:
    run.rule("enact")
    run.arm("enact")


STAGES = {
    "waits for SG_1": _to(),
    "SG_1 imported": _to(_ruled),
    "armed": _to(_ruled, SignedCut.arm),
    "cut": _to(SignedCut.cut),
    "recorded": _to(SignedCut.cut, SignedCut.record),
    "waits for SG_2": _to(SignedCut.to_second_pause),
    "armed to enact": _to(SignedCut.to_second_pause, _armed_to_enact),
    "enacted": _to(SignedCut.enacted),
    "closed": _to(SignedCut.enacted, close),
}
"""The honest steps from the first pause to each stage."""


def bring(run: SignedCut, stage: str) -> SignedCut:
    """Bring a run from its first pause to a stage, by the honest steps."""
    for step in STAGES[stage]:
        step(run)
    return run
