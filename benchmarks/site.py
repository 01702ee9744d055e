"""A whole installation on a durable cluster for the benchmarks of the whole way and of a large database."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from console.backend.postgres.migrations import migrate
from console.backend.scratch.cluster import TransientCluster
from tests.support.passage import Stages, stages

TEMPLATE = "bench_template"
_SERVER = {"shared_buffers": "512MB", "max_wal_size": "8GB"}


@contextmanager
def whole_site(need_bytes: int) -> Iterator[Stages]:
    """Start a cluster on disk, with fsync and autovacuum, and the stages of a run in a database of it."""
    disk = Path(tempfile.gettempdir())
    with TransientCluster.start(parents=(disk,), durable=True, settings=_SERVER, need_bytes=need_bytes) as cluster:
        with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
        migrate(cluster.conninfo(TEMPLATE))
        with stages(cluster, TEMPLATE) as prepared:
            yield prepared
