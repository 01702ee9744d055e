"""Databases and schemas that are made in clusters of the console's own."""

import psycopg
from psycopg import sql

from console.backend.postgres.sessions import open_session


def create_database(conninfo: str, name: str, application: str) -> None:
    """Create a database in the cluster, outside of any transaction, as CREATE DATABASE demands."""
    with open_session(conninfo, application=application, statement_timeout_s=0) as session:
        session.autocommit = True
        session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def create_schemas_of(connection: psycopg.Connection, tables: tuple[str, ...]) -> None:
    """Create the schemas of these `schema.table` that are missing."""
    for schema in sorted({table.split(".")[0] for table in tables}):
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
