"""Databases and schemas that are made in clusters of the console's own."""

import psycopg
from psycopg import sql


def create_database(connection: psycopg.Connection, name: str) -> None:
    """Create a database, outside of any transaction, as CREATE DATABASE demands."""
    connection.autocommit = True
    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    connection.autocommit = False


def create_schemas_of(connection: psycopg.Connection, tables: tuple[str, ...]) -> None:
    """Create the schemas of these `schema.table` that are missing."""
    for schema in sorted({table.split(".")[0] for table in tables}):
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
