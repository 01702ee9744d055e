"""A server of the tests that asks one role for its password, and takes anybody without one again afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from console.backend.scratch.cluster import TransientCluster
from tests.support.waiting import until


@contextmanager
def asked_for_a_password(cluster: TransientCluster, role: str, password: str) -> Iterator[None]:
    """The role is let in with this password alone, until somebody gives it another one."""
    rules = cluster.data_dir / "pg_hba.conf"
    before = rules.read_bytes()
    _administer(cluster, sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), password))
    try:
        rules.write_bytes(f"local all {role} scram-sha-256\n".encode() + before)
        _administer(cluster, sql.SQL("SELECT pg_reload_conf()"))
        until(lambda: not _is_let_in(cluster, role), f"{role} is asked for a password")
        yield
    finally:
        rules.write_bytes(before)
        _administer(cluster, sql.SQL("SELECT pg_reload_conf()"))
        _administer(cluster, sql.SQL("ALTER ROLE {} PASSWORD NULL").format(sql.Identifier(role)))
        until(lambda: _is_let_in(cluster, role), f"{role} is let in")


def _administer(cluster: TransientCluster, statement: sql.SQL | sql.Composed) -> None:
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute(statement)


def _is_let_in(cluster: TransientCluster, role: str) -> bool:
    """Return whether the role is let in without a password: the server reads its rules some time after it was asked to."""
    try:
        psycopg.connect(cluster.conninfo(user=role, passfile="/nonexistent")).close()
    except psycopg.OperationalError:
        return False
    return True
