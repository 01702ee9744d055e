"""The schema of the console's own: made by `migrate`, and by the script of `adopt apply`; refused if it is somebody else's."""

import psycopg
from psycopg import sql

from console.backend.model.console_schema import CONSOLE_SCHEMA, CONSOLE_SCHEMA_COMMENT, CONSOLE_SCHEMA_OWNER
from console.backend.model.errors import Refused, StopCode
from console.backend.model.schema_names import LEDGER_COMMENT, UNITS_COMMENT, SchemaNames
from console.backend.postgres.rendering import schema_names
from console.backend.postgres.session import Session

EXTRA_CHECKS = "plpgsql.extra_errors"
NO_EXTRA_CHECKS = f"{EXTRA_CHECKS} = 'none'"
"""Setting under which functions of this product are made: a database may have its own checked for more."""
_THERE = """
    SELECT pg_get_userbyid(n.nspowner), coalesce(obj_description(n.oid, 'pg_namespace'), ''),
           EXISTS (SELECT 1 FROM pg_proc p WHERE p.pronamespace = n.oid AND p.proowner = n.nspowner)
      FROM pg_namespace n WHERE n.nspname = %s
"""

_OTHERS = "SELECT n.nspname::text FROM pg_namespace n WHERE n.nspname = ANY (%s) ORDER BY 1"
_HOLDERS = """
    SELECT c.relname::text, n.nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND c.relname IN ('schema_migration', 'information_unit') AND pg_get_userbyid(c.relowner) = %s
"""
_OWN = """
    SELECT EXISTS (SELECT 1 FROM pg_class c WHERE c.relnamespace = to_regnamespace('cutter_governance')
                      AND c.relname = 'schema_migration' AND pg_get_userbyid(c.relowner) = %s)
"""


def refuse_foreign_schema(connection: psycopg.Connection) -> None:
    """Raise Refused if a schema of the name is there that neither `migrate` nor the script of `adopt apply` has made.

    It is this product's if its role owns it and either the comment says so or its functions stand there already.
    """
    row = connection.execute(_THERE, (CONSOLE_SCHEMA,)).fetchone()
    if row is None:
        return
    owner, comment, functions = row
    if owner == CONSOLE_SCHEMA_OWNER and (comment == CONSOLE_SCHEMA_COMMENT or functions):
        return
    raise Refused(
        StopCode.DRIFT,
        f"the schema {CONSOLE_SCHEMA} is there already, and somebody else's: it belongs to {owner}; nothing was changed",
        "Give it another name if nothing needs this one, in psql as its owner:"
        f" ALTER SCHEMA {CONSOLE_SCHEMA} RENAME TO another_name; then migrate again.",
    )


def make_schema(connection: psycopg.Connection) -> None:
    """Make the schema if it is not there, as an administrator."""
    if connection.execute("SELECT to_regnamespace(%s) IS NULL", (CONSOLE_SCHEMA,)).fetchone() == (True,):
        schema, owner = sql.Identifier(CONSOLE_SCHEMA), sql.Identifier(CONSOLE_SCHEMA_OWNER)
        connection.execute(sql.SQL("CREATE SCHEMA {} AUTHORIZATION {}").format(schema, owner))
        # An administrator who is no superuser may become the owner, and need not have the owner's rights otherwise.
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(owner))
        connection.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(schema, sql.Literal(CONSOLE_SCHEMA_COMMENT)))
        connection.execute("SET LOCAL ROLE NONE")


def use_schemas(connection: psycopg.Connection, names: SchemaNames) -> None:
    """Let the session's statements name these schemas, as an administrator who is to install the console's own tables in them.

    Raises Refused if they stand elsewhere already, or if a schema is there that is not the console's.
    """
    installed = schema_names(connection)
    if installed == names:
        return
    if not installed.are_as_written or _is_own_database(connection):
        raise Refused(
            StopCode.DRIFT,
            f"the console's own tables stand in {installed.units} and {installed.ledger},"
            f" by the site mapping of this host in {names.units} and {names.ledger}; nothing was changed",
            "They are never moved. Write where they stand below [console] in the site mapping, then: cutter-console migrate",
        )
    _refuse_unmarked(connection)
    there = [row[0] for row in connection.execute(_OTHERS, ([names.units, names.ledger],))]
    if there:
        raise Refused(
            StopCode.DRIFT,
            f"the schema {there[0]} is there already, and not marked as this product's; nothing was changed",
            "Name other schemas under `console` in the site mapping, then: cutter-console migrate",
        )
    # Every connection of this program is one; of another kind the statements would go on naming the organisation's tables.
    assert isinstance(connection, Session)
    connection.names = names


def _refuse_unmarked(connection: psycopg.Connection) -> None:
    """Raise Refused if the console's own tables stand here already, in schemas that have lost their marks.

    A second set of tables would be made, and the functions in force would be those of an empty ledger.
    """
    schemas: dict[str, str] = dict(connection.execute(_HOLDERS, (CONSOLE_SCHEMA_OWNER,)).fetchall())
    if not schemas:
        return
    names = ((schemas.get("information_unit"), UNITS_COMMENT), (schemas.get("schema_migration"), LEDGER_COMMENT))
    marks = [
        sql.SQL("COMMENT ON SCHEMA {} IS {};").format(sql.Identifier(name), sql.Literal(comment)).as_string(connection)
        for name, comment in names
        if name
    ]
    listed = " and ".join(sorted(set(schemas.values())))
    raise Refused(
        StopCode.DRIFT,
        f"the console's own tables stand in {listed} already, and the remarks by which they are known are gone; nothing was changed",
        f"Find out who removed them. As an administrator, in psql: {' '.join(marks)}",
    )


def mark_schemas(connection: psycopg.Connection) -> None:
    """Make and mark the schemas of the console's own tables where they have other names; as an administrator."""
    names, owner = schema_names(connection), sql.Identifier(CONSOLE_SCHEMA_OWNER)
    if names.are_as_written:
        return
    for name, comment in ((names.units, UNITS_COMMENT), (names.ledger, LEDGER_COMMENT)):
        schema = sql.Identifier(name)
        if connection.execute("SELECT to_regnamespace(%s) IS NULL", (name,)).fetchone() == (True,):
            connection.execute(sql.SQL("CREATE SCHEMA {} AUTHORIZATION {}").format(schema, owner))
            connection.execute(sql.SQL("SET LOCAL ROLE {}").format(owner))
            connection.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(schema, sql.Literal(comment)))
            # In public everybody has it.
            connection.execute(
                sql.SQL("GRANT USAGE ON SCHEMA {} TO cutter_exec, cutter_verify, cutter_ro").format(schema)
            )
            connection.execute("SET LOCAL ROLE NONE")


def _is_own_database(connection: psycopg.Connection) -> bool:
    return connection.execute(_OWN, (CONSOLE_SCHEMA_OWNER,)).fetchone() == (True,)
