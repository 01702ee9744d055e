"""Databases as the `migrate` of an older program left them: made from the first migrations of this one."""

from functools import cache

import psycopg
from psycopg import sql

from console.backend.postgres import migrations
from console.backend.postgres.connections import connect
from console.backend.scratch.cluster import TransientCluster
from tests.support.passage import copy_database

VERSION_0_2_0 = 10
"""Number of the last migration of version 0.2.0."""
BEFORE_THE_MOVE = 21
"""Number of the last migration before the functions moved into a schema of their own."""
_BASELINE = {VERSION_0_2_0: "fn_baseline_pin", BEFORE_THE_MOVE: "fn_baseline_write"}


def install(conninfo: str, last: int) -> None:
    """Apply the migrations up to this one, pin the inventory and the first baseline."""
    with connect(conninfo, timeout_s=0) as connection:
        migrations._prepare(connection)
        connection.execute("SET LOCAL ROLE cutter_owner")
        for step in migrations.migrations():
            if step.number <= last:
                migrations._apply(connection, step)
        migrations._seed_vocabulary(connection)
        connection.execute(migrations._PIN)
        connection.execute(f"SELECT cutter_governance.{_BASELINE[last]}(NULL)".encode())


def put_older(cluster: TransientCluster, name: str, last: int) -> None:
    """Put a copy of what `install` has made once of this cluster in the place of the database of this name."""
    copy_database(cluster, _installed_once(cluster, last), name)


@cache
def _installed_once(cluster: TransientCluster, last: int) -> str:
    template = f"older_{last}"
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(template)))
    install(cluster.conninfo(template), last)
    return template
