"""A standby for tests: a copy of a running cluster's files, started in recovery, that answers and takes no write."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import make_conninfo

from console.backend import cluster as clusters
from console.backend import cluster_directory
from console.backend.cluster import PORT, SUPERUSER, TransientCluster

SETTINGS = {"wal_level": "replica", "max_wal_senders": "2", "autovacuum": "off"}
"""What the cluster that is copied must be started with, durable."""


@contextmanager
def standby_of(primary: TransientCluster) -> Iterator[str]:
    """The folder of the socket of a standby, which stays behind for ever: nobody streams to it."""
    user = cluster_directory.server_user()
    directory = cluster_directory.owned_directory(primary.directory.parent)
    with psycopg.connect(primary.conninfo(), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    shutil.copytree(primary.data_dir, directory / "data")
    (directory / "data" / "postmaster.pid").unlink()
    (directory / "data" / "standby.signal").touch()
    if user is not None:
        clusters._hand_over(directory, user)
    settings = {**clusters._SETTINGS, **SETTINGS, "hot_standby": "on"}
    with (directory / "log").open("w+b") as log:
        guard = clusters._guard(primary.programs, (directory,), user, durable=True, settings=settings, server_log=log)
        standby = TransientCluster(primary.programs, (directory,), guard, log, ())
        try:
            _await_answers(str(directory))
            yield str(directory)
        finally:
            standby.stop()
            assert not directory.exists()


def _await_answers(folder: str) -> None:
    for _ in range(1200):
        try:
            with psycopg.connect(make_conninfo(host=folder, port=PORT, user=SUPERUSER, dbname="postgres")) as one:
                assert one.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)
                return
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise AssertionError("the standby does not answer")
