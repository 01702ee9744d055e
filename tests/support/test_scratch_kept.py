"""A scratch server that is kept is empty for each proof, lent to one at a time, and started again where it has died."""

import os
import signal
from collections.abc import Iterator

import psycopg
import pytest

from console.backend.host.cluster_directory import default_parents
from console.backend.model.errors import Unmeasured
from console.backend.scratch.cluster import TransientCluster
from tests.support.scratch_kept import KeptScratch

_MADE = "SELECT datname FROM pg_database WHERE oid >= 16384 UNION ALL SELECT rolname FROM pg_roles WHERE oid >= 16384"
PLACES = default_parents()


@pytest.fixture
def kept() -> Iterator[KeptScratch]:
    """Nothing runs yet."""
    scratch = KeptScratch()
    yield scratch
    scratch.stop()


def _made(cluster: TransientCluster) -> list[tuple[object, ...]]:
    with psycopg.connect(cluster.conninfo()) as session:
        return session.execute(_MADE).fetchall()


def test_a_server_is_lent_empty_again_and_beside_it_another_one_is_started(kept: KeptScratch) -> None:
    with kept.start(parents=PLACES) as first:
        with psycopg.connect(first.conninfo(), autocommit=True) as session:
            session.execute("CREATE ROLE mallory")
            session.execute("CREATE DATABASE scratch OWNER mallory")
        with kept.start(parents=PLACES) as beside:
            assert beside.directory != first.directory
        assert not beside.directory.exists()
    with kept.start(parents=PLACES) as again:
        assert (again, _made(again)) == (first, [])
        os.kill(int((again.data_dir / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        again._guard.wait(30)
        with pytest.raises(psycopg.OperationalError):
            _made(again)
    with kept.start(parents=PLACES) as another:
        assert another.directory != first.directory
        assert _made(another) == []


@pytest.mark.parametrize("setting", ["ALTER ROLE postgres SET", "ALTER DATABASE template1 SET", "ALTER SYSTEM SET"])
def test_a_server_on_which_something_was_set_is_lent_to_nobody_again(kept: KeptScratch, setting: str) -> None:
    with kept.start(parents=PLACES) as changed, psycopg.connect(changed.conninfo(), autocommit=True) as session:
        session.execute(f"{setting} work_mem = '1MB'".encode())
    with kept.start(parents=PLACES) as another:
        assert another.directory != changed.directory


def test_where_there_is_no_room_it_is_refused_though_a_server_runs(kept: KeptScratch) -> None:
    with pytest.raises(Unmeasured), kept.start(parents=PLACES, need_bytes=1 << 60):
        pass
