"""Writes that are tried to see that they are refused: each is rolled back, and the direct ones match no row."""

import json
from functools import partial

import psycopg
from psycopg import sql

from console.backend.model.site_mapping import Column, SiteMapping
from console.backend.postgres.asking import Asking
from console.backend.postgres.connections import scalar
from console.backend.postgres.rendering import schema_names
from console.backend.postgres.session import sent_together
from console.backend.postgres.site_proposal import identifier
from console.backend.postgres.transactions import ASSIGNED_ID

DIRECT_WRITES = (
    "INSERT INTO public.information_unit (canonical_address) SELECT '' WHERE false",
    "UPDATE public.information_unit SET owner_ref = owner_ref WHERE false",
    "DELETE FROM public.information_unit WHERE false",
    "INSERT INTO public.unit_version (title) SELECT '' WHERE false",
    "UPDATE public.unit_version SET title = title WHERE false",
    "DELETE FROM public.unit_version WHERE false",
    "INSERT INTO cutter_governance.manifest_envelope (run_id) SELECT '' WHERE false",
    "INSERT INTO cutter_governance.manifest_unit_block (run_id) SELECT '' WHERE false",
    "INSERT INTO cutter_governance.manifest_seal (run_id) SELECT '' WHERE false",
    "INSERT INTO cutter_governance.approval (run_id) SELECT '' WHERE false",
    "INSERT INTO cutter_governance.backup_proof (run_id) SELECT '' WHERE false",
    "INSERT INTO cutter_governance.run_event (run_id) SELECT '' WHERE false",
)
"""None matches a row: if a protection is missing, the attempt changes nothing."""
# Each in a block of its own, as between savepoints. What says nothing of the attempt is an error as elsewhere: a lost
# line, a lock, a server that is full or shuts down. Unlike in a trial (`site_trials.SAYS_NOTHING`) a limit, or the
# state of an object, is one too (54, 55): it is no answer about a privilege. That sessions only read (25006) is an
# answer, and fails: no privilege is missing. A plan meets 42501 for a function in a default too: whoever has the
# privilege to write is not refused by it, because a statement that gives the column a value does not call the function.
_TRY_EACH = """
    DO $$
    DECLARE
        attempt jsonb;
        refusal text;
        refusals text[] := '{}';
        may_write boolean;
    BEGIN
        FOR attempt IN SELECT jsonb_array_elements(current_setting('cutter.attempts')::jsonb) LOOP
            BEGIN
                EXECUTE attempt ->> 'statement';
                RAISE EXCEPTION USING ERRCODE = 'CU000', MESSAGE = 'not refused, and undone';
            EXCEPTION WHEN OTHERS THEN
                IF left(SQLSTATE, 2) IN ('08', '40', '53', '54', '55', '57', '58') THEN
                    RAISE;
                END IF;
                refusal := CASE SQLSTATE WHEN 'CU000' THEN '' ELSE SQLSTATE END;
            END;
            IF refusal = '42501' AND attempt ? 'verb' THEN
                SELECT bool_or(has_schema_privilege(n.oid, 'USAGE') AND
                               CASE attempt ->> 'verb' WHEN 'DELETE' THEN has_table_privilege(c.oid, 'DELETE')
                                                       ELSE has_any_column_privilege(c.oid, attempt ->> 'verb') END)
                  INTO may_write
                  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE (n.nspname, c.relname) = (attempt ->> 'schema', attempt ->> 'table');
                refusal := CASE WHEN may_write THEN '' ELSE refusal END;
            END IF;
            refusals := refusals || refusal;
        END LOOP;
        PERFORM set_config('cutter.refusals', array_to_json(refusals)::text, true);
    END $$
"""
_REGISTER = "SELECT cutter_console.fn_document_register(%s, 'file:probe', 'atx')"
_CREATE = """
    SELECT cutter_console.fn_run_create(%s, 'cut', %s, 'file:probe', 'atx', 'probe', 'probe', jsonb_build_object(
        'phase', 'probe', 'outcome', 'NOT_RUN', 'record', '{}'::jsonb, 'seq', 0, 'head', repeat('0', 64), 'key', repeat('0', 64), 'lock', repeat('0', 64)))
"""
_SEEN = "SELECT count(*) FROM cutter_governance.v_document WHERE docprefix = %s"


def try_direct_writes(connection: psycopg.Connection) -> tuple[tuple[str, str], ...]:
    """Try each of DIRECT_WRITES. Return its first three words and the SQLSTATE that refused it, or empty."""
    # A value, in which no name is changed on the way, and yet statements of this program.
    writes = tuple(map(schema_names(connection).rendered, DIRECT_WRITES))
    words = (" ".join(statement.split()[:3]) for statement in writes)
    return tuple(zip(words, _tried(connection, [{"statement": write} for write in writes]), strict=True))


def try_writes_of_site(connection: psycopg.Connection, mapping: SiteMapping) -> tuple[tuple[str, str], ...]:
    """Try INSERT, UPDATE and DELETE on every table of a mapping. Return the words and the SQLSTATE of each, or empty.

    Only planned, which checks the same privileges: a trigger of the organisation would fire for a statement that is
    executed, even if that matches no row. A refusal is one only if the role lacks the privilege on the table and all
    its columns: a function in a default that it may not execute is refused with the same SQLSTATE.
    """
    words, planned = [], []
    for table in mapping.tables:
        column = _column_of(mapping, table)
        for verb, statement in (
            ("INSERT INTO", sql.SQL("INSERT INTO {table} DEFAULT VALUES")),
            # An identity or a generated column takes nothing else, and would be refused for that before any privilege is looked at.
            ("UPDATE", sql.SQL("UPDATE {table} SET {column} = DEFAULT WHERE false") if column else None),
            ("DELETE FROM", sql.SQL("DELETE FROM {table} WHERE false")),
        ):
            if statement is not None:
                words.append(f"{verb} {table}")
                composed = statement.format(table=identifier(table), column=sql.Identifier(column))
                schema, _, name = table.partition(".")
                planned.append(
                    {
                        "statement": (sql.SQL("EXPLAIN ") + composed).as_string(connection),
                        "verb": verb.split()[0],
                        "schema": schema,
                        "table": name,
                    }
                )
    return tuple(zip(words, _tried(connection, planned), strict=True))


def _tried(connection: psycopg.Connection, attempts: list[dict[str, str]]) -> list[str]:
    """Return the SQLSTATE that refused each attempt, or empty; all are sent together, and what one did is undone.

    An attempt is a statement, and where the privilege counts its verb, schema and table.
    """
    with Asking(connection) as asking:
        asking.ask(
            lambda connection: connection.execute(
                "SELECT set_config('cutter.attempts', %s, true)", (json.dumps(attempts),)
            )
        )
        asking.ask(lambda connection: connection.execute(_TRY_EACH))
        states = asking.ask(partial(scalar, query="SELECT current_setting('cutter.refusals')"))
    tried: list[str] = json.loads(str(states.value))
    return tried


def _column_of(mapping: SiteMapping, table: str) -> str:
    """Return a column of a table that the mapping names, or empty."""
    for part in (mapping.units, mapping.versions, mapping.vocabulary, mapping.config):
        if part is not None and part.table == table:
            return next(value.column for _, value in part if isinstance(value, Column))
    return ""


def try_to_create_run(connection: psycopg.Connection, run_id: str, docprefix: str) -> tuple[str, str | None]:
    """Try to create a run. Return the SQLSTATE that refused it, or empty, and the id that the transaction has got, if it has one."""
    sqlstate = ""
    try:
        with sent_together(connection):
            connection.execute(b"SAVEPOINT tried")
            connection.execute(_CREATE.encode(), (run_id, docprefix))
    except psycopg.OperationalError:
        raise
    except psycopg.Error as refused:
        sqlstate = refused.sqlstate or type(refused).__name__
    # What it may have done is undone at once.
    with sent_together(connection):
        connection.execute(b"ROLLBACK TO SAVEPOINT tried")
        answer = connection.execute(ASSIGNED_ID)
    ((xid,),) = answer.fetchall()
    return sqlstate, xid


def register_probe_document(connection: psycopg.Connection, docprefix: str) -> int:
    """Register a document, in a transaction that is to be rolled back. Return how many of its prefix are registered then."""
    with sent_together(connection):
        connection.execute(_REGISTER, (docprefix,))
        answer = connection.execute(_SEEN, (docprefix,))
    ((seen,),) = answer.fetchall()
    return int(seen)


def count_documents(connection: psycopg.Connection, docprefix: str) -> int:
    """Return how many registered documents have the prefix: 0 or 1."""
    return int(str(scalar(connection, _SEEN, docprefix)))


def call_cut_apply(connection: psycopg.Connection, run_id: str) -> None:
    """Call the function that cuts, as somebody would by hand, with an empty manifest. Raises what refuses it."""
    connection.execute("SELECT cutter_console.fn_cut_apply(%s, %b, %b, '{}')", (run_id, b"", b""))
