"""The script with which an administrator prepares a database of another layout; printed, and never run by this program."""

from collections.abc import Iterable

import psycopg
from psycopg import sql

from console.backend.model.console_schema import CONSOLE_SCHEMA_COMMENT, CONSOLE_SCHEMA_OWNER
from console.backend.model.site_mapping import SiteMapping
from console.backend.postgres.connections import read_row
from console.backend.postgres.console_schema import NO_EXTRA_CHECKS
from console.backend.postgres.site_catalogue import Catalogue
from console.backend.postgres.site_grants import RIGHTS, SCHEMA, TABLE, Right, refuse_marks, rights_sql

_BEGINS = """\
BEGIN;
-- Whatever stands in a schema of the administrator's own path stands for nothing of PostgreSQL's.
SET LOCAL search_path = pg_catalog, pg_temp;
-- What this database has PL/pgSQL check besides is meant for functions of its own.
SET LOCAL {no_extra_checks};
-- What is there already, or is not there to be dropped, is no news. What is taken back is said all the same: an INFO always is.
SET LOCAL client_min_messages = warning;
""".replace("{no_extra_checks}", NO_EXTRA_CHECKS)
_HEAD = """\
-- Prepares the database {database} for this console. Printed by: cutter-console adopt apply
-- Read it, then run it as an administrator: psql --set ON_ERROR_STOP=1 --file FILE
-- It is one transaction, whatever runs it: all of it is done, or nothing.
-- It makes the schema {schema} and the role {owner}, and gives {reader} what it lacks to read. What it gave once, and the mapping
-- does not need any more, it takes back. On its own tables there (site_...) it leaves others no right but SELECT, whoever gave
-- more, and takes it from whoever had it from them too. It names each right that it takes.
-- No object of the organisation is altered, replaced or given to another owner: every existing call reaches the function that
-- it reached before.
"""
END = "COMMIT;\n"
"""The last line of the script. What ends at the first error, and what goes on behind it, has done nothing."""
_GUARD = """\
DO $prepare$ BEGIN
    IF pg_catalog.current_database() <> {database} THEN
        RAISE EXCEPTION 'this script is for the database %, not %', {database}, pg_catalog.current_database();
    END IF;
    IF EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = {schema}
                  AND (pg_catalog.pg_get_userbyid(nspowner) <> {owner}
                       OR pg_catalog.obj_description(oid, 'pg_namespace') IS DISTINCT FROM {comment})) THEN
        RAISE EXCEPTION 'the schema % is there already, and somebody else''s', {schema};
    END IF;
    IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {owner} AND (rolcanlogin OR rolsuper)) THEN
        RAISE EXCEPTION 'the role % is there already, and somebody else''s: it may log in, or is a superuser', {owner};
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {owner}) THEN
        CREATE ROLE {owner_name} NOLOGIN;
    END IF;
END $prepare$;
"""
_OBJECTS = """\
CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {owner};
CREATE TABLE IF NOT EXISTS {schema}.site_mapping (
    sha256 text PRIMARY KEY CHECK (sha256 = pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(toml, 'UTF8')), 'hex')),
    toml text NOT NULL,
    recorded_by text NOT NULL DEFAULT SESSION_USER,
    recorded_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON SCHEMA {schema} IS {comment};
COMMENT ON TABLE {schema}.site_mapping IS 'The site mappings that were agreed for this database, the newest last.';
ALTER TABLE {schema}.site_mapping OWNER TO {owner};
REVOKE ALL ON SCHEMA {schema} FROM PUBLIC;
REVOKE ALL ON {schema}.site_mapping FROM PUBLIC;
GRANT USAGE ON SCHEMA {schema} TO {reader};
GRANT SELECT ON {schema}.site_mapping TO {reader};
INSERT INTO {schema}.site_mapping (sha256, toml) VALUES ({sha256}, {toml}) ON CONFLICT (sha256) DO NOTHING;
"""
_RECORDED = "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = 'site_mapping')"
_NO_USAGE = """
    SELECT coalesce(array_agg(n.nspname::text ORDER BY n.nspname), '{}') FROM pg_namespace n
     WHERE n.nspname = ANY (%s) AND NOT has_schema_privilege(n.oid, 'USAGE')
"""


def script_of(
    connection: psycopg.Connection, catalogue: Catalogue, mapping: SiteMapping, toml: str, sha256: str, schema: str
) -> str:
    """Return the SQL: the console's own schema with the agreed mapping, and the grants that the monitoring role lacks."""
    reader, owner = sql.Identifier(catalogue.role), CONSOLE_SCHEMA_OWNER
    names = {"schema": sql.Identifier(schema), "owner": sql.Identifier(owner), "reader": reader}
    parts: list[sql.Composable] = [
        sql.SQL(
            head_of(_HEAD, {"database": catalogue.database, "schema": schema, "owner": owner, "reader": catalogue.role})
        ),
        sql.SQL(_GUARD).format(
            database=sql.Literal(catalogue.database),
            schema=sql.Literal(schema),
            owner=sql.Literal(owner),
            owner_name=sql.Identifier(owner),
            comment=sql.Literal(CONSOLE_SCHEMA_COMMENT),
        ),
        sql.SQL(_OBJECTS).format(
            **names, comment=sql.Literal(CONSOLE_SCHEMA_COMMENT), sha256=sql.Literal(sha256), toml=sql.Literal(toml)
        ),
    ]
    closed = read_row(connection, lambda names: tuple(map(str, names)), _NO_USAGE, (list(mapping.schemas),))
    lacking = [
        row.name for row in catalogue.tables if row.name in mapping.tables and not _reads_all(catalogue, row.name)
    ]
    parts.append(
        rights_sql(
            schema,
            owner,
            (catalogue.role,),
            _reading(closed, lacking, catalogue.role),
            _reading(mapping.schemas, mapping.tables, catalogue.role),
        )
    )
    if not closed and not lacking:
        parts.append(sql.SQL("-- The monitoring role reads every mapped table already.\n"))
    text = sql.Composed(parts).as_string(connection)
    refuse_marks(text, (_GUARD, _OBJECTS, RIGHTS))
    return text


def _reading(schemas: Iterable[str], tables: Iterable[str], reader: str) -> tuple[Right, ...]:
    return (
        *(Right(SCHEMA, name, "USAGE", reader) for name in schemas),
        *(Right(TABLE, name, "SELECT", reader) for name in tables),
    )


def head_of(comment: str, names: dict[str, str]) -> str:
    """Return how a script begins, for `sql.SQL`: a comment with these names, of which a line break must not end it, and BEGIN."""
    text = comment.format(**{key: ascii(name)[1:-1] for key, name in names.items()}) + _BEGINS
    return text.replace("{", "{{").replace("}", "}}")


def _reads_all(catalogue: Catalogue, table: str) -> bool:
    return all(column.readable for column in catalogue.columns if column.table == table)


def recorded_mapping(connection: psycopg.Connection, schema: str) -> str | None:
    """Return the sha256 of the newest mapping that was recorded in the console's schema; None without that schema."""
    if not read_row(connection, bool, _RECORDED, (schema,)):
        return None
    query = sql.SQL("SELECT sha256 FROM {}.site_mapping ORDER BY recorded_at DESC LIMIT 1").format(
        sql.Identifier(schema)
    )
    row = connection.execute(query).fetchone()
    return str(row[0]) if row is not None else None
