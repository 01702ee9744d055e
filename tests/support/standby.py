"""A standby for tests: a copy of a running cluster's files, started in recovery, that answers and takes no write."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from console.backend.host import cluster_directory
from console.backend.scratch import cluster as clusters
from console.backend.scratch.cluster import TransientCluster
from tests.support.passage import Passage
from tests.support.waiting import until

SETTINGS = {"wal_level": "replica", "max_wal_senders": "2", "autovacuum": "off"}
"""What the cluster that is copied must be started with, durable."""


@contextmanager
def standby_of(primary: TransientCluster) -> Iterator[str]:
    """The folder of the socket of a standby, which stays behind for ever: nobody streams to it."""
    with _copy_of(primary, "") as standby:
        yield str(standby.socket_dir)


@contextmanager
def _copy_of(primary: TransientCluster, configuration: str) -> Iterator[TransientCluster]:
    """A server in recovery on a copy of the primary's files; nothing is left of it afterwards."""
    user = cluster_directory.server_user()
    directory = cluster_directory.owned_directory(primary.directory.parent)
    with psycopg.connect(primary.conninfo(), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    # It has all databases of the worker; cp takes half the time of shutil.copytree.
    subprocess.run(["cp", "-R", str(primary.data_dir), str(directory / "data")], check=True)
    (directory / "data" / "postmaster.pid").unlink()
    (directory / "data" / "standby.signal").touch()
    with (directory / "data" / "postgresql.auto.conf").open("a", encoding="utf-8") as stream:
        stream.write(configuration)
    if user is not None:
        clusters._hand_over(directory, user)
    # It takes no fewer connections than any primary of the tests, or it would not start.
    settings = {**clusters._SETTINGS, **SETTINGS, "hot_standby": "on", "max_connections": "100"}
    with (directory / "log").open("w+b") as log:
        guard = clusters._guard(primary.programs, (directory,), user, durable=True, settings=settings, server_log=log)
        standby = TransientCluster(primary.programs, (directory,), guard, log, ())
        try:
            until(lambda: _answers(standby), "the standby answers")
            yield standby
        finally:
            standby.stop()
            assert not directory.exists()


def _answers(standby: TransientCluster) -> bool:
    try:
        return _answer(standby, "SELECT pg_is_in_recovery()")
    except psycopg.OperationalError:
        return False


@contextmanager
def follower_of(primary: TransientCluster) -> Iterator[TransientCluster]:
    """A standby that follows, and has everything that the primary had when this was called."""
    conninfo = primary.conninfo().replace("\\", "\\\\").replace("'", "''")
    with _copy_of(primary, f"primary_conninfo = '{conninfo}'\n") as standby:
        with psycopg.connect(primary.conninfo(), autocommit=True) as connection:
            row = connection.execute("SELECT pg_current_wal_flush_lsn()::text").fetchone()
        assert row is not None
        until(lambda: _answer(standby, "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", row[0]), "the standby has all")
        until(
            lambda: _answer(standby, "SELECT true FROM pg_stat_wal_receiver WHERE status = 'streaming'"), "it follows"
        )
        yield standby


@contextmanager
def answering_instead(standby: TransientCluster, primary: TransientCluster) -> Iterator[None]:
    """Let whoever connects to the primary come to the standby, as behind an address that has moved."""
    socket = primary.socket_dir / f".s.PGSQL.{clusters.PORT}"
    kept = socket.with_name("moved")
    socket.rename(kept)
    socket.symlink_to(standby.socket_dir / socket.name)
    try:
        yield
    finally:
        kept.replace(socket)


def stop_following(standby: TransientCluster) -> None:
    """From here on it gets nothing more."""
    for statement in ("ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()"):
        with psycopg.connect(standby.conninfo(), autocommit=True) as connection:
            connection.execute(statement.encode())
    until(lambda: _answer(standby, "SELECT count(*) = 0 FROM pg_stat_wal_receiver"), "the standby follows no more")


def _answer(cluster: TransientCluster, query: str, *values: object) -> bool:
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        return connection.execute(query.encode(), values).fetchone() == (True,)


def wait_for_standbys(passage: Passage, names: str) -> None:
    """Let COMMITs wait for the standbys of these names; for none where it is empty."""
    with passage.connect() as connection:
        connection.execute("SET synchronous_commit = local")
        connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'".encode())
        connection.execute("SELECT pg_reload_conf()")
    # A reload is heard by each process by itself. A new session has it; whether a COMMIT waits is the checkpointer's word.
    until(lambda: passage.rows("SHOW synchronous_standby_names") == [(names,)], "new sessions have the setting")
    until(lambda: _commit_waits(passage) is bool(names), "the checkpointer has the setting")


def _commit_waits(passage: Passage) -> bool:
    """Whether a COMMIT waits for a standby, tried with a transaction that is cancelled where it does."""
    with passage.connect() as other, passage.connect() as connection:
        connection.execute("SET synchronous_commit = on")
        connection.pgconn.send_query(b"SELECT pg_logical_emit_message(true, 'tests', 'tried')")
        waits = "SELECT wait_event = 'SyncRep' FROM pg_stat_activity WHERE pid = %s"
        try:
            while connection.pgconn.is_busy():
                if other.execute(waits, (connection.info.backend_pid,)).fetchone() == (True,):
                    other.execute("SELECT pg_cancel_backend(%s)", (connection.info.backend_pid,))
                    return True
                other.rollback()
                connection.pgconn.consume_input()
            return False
        finally:
            while connection.pgconn.get_result() is not None:
                pass
