"""The schema of the console's own: made by `migrate`, and by the script of `adopt apply`; refused if it is somebody else's."""

import psycopg
from psycopg import sql

from console.backend.model.console_schema import CONSOLE_SCHEMA, CONSOLE_SCHEMA_COMMENT, CONSOLE_SCHEMA_OWNER
from console.backend.model.errors import Refused, StopCode

_THERE = """
    SELECT pg_get_userbyid(n.nspowner), coalesce(obj_description(n.oid, 'pg_namespace'), ''),
           EXISTS (SELECT 1 FROM pg_proc p WHERE p.pronamespace = n.oid AND p.proowner = n.nspowner)
      FROM pg_namespace n WHERE n.nspname = %s
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
