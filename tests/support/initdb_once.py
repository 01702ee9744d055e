"""initdb once a worker and major version: every further cluster begins with a copy of the files that it made.

PostgreSQL's own tests do the same. initdb takes most of the time that a scratch cluster takes, and every proof of a
backup starts one. The clusters of one worker have the same system identifier, which no test compares between two. What
is kept has a WAL segment of 1 MB in the place of 16: a third of what would be copied each time.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from console.backend.host.cluster_directory import ServerUser
from console.backend.host.processes import finished
from console.backend.host.programs import PostgresPrograms
from console.backend.scratch import cluster
from tests.support.places import folder_of_tests

_INITDB = cluster._run_initdb


class InitdbOnce:
    """Takes the place of `_run_initdb`: runs it for the first cluster of a major version, and copies for the next."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._made_by: dict[int, str] = {}
        """The initdb whose files are kept, by major version; another one, as that of a test that wraps it, is run."""

    def __call__(self, programs: PostgresPrograms, data: Path, maker: ServerUser | None) -> None:
        """Make the files of a cluster; the starter gives them to the server's user."""
        initdb, kept = str(programs.program("initdb")), self._home / str(programs.major)
        if self._made_by.get(programs.major) == initdb:
            _copy(kept, data)
            return
        _INITDB(programs, data, maker)
        if programs.major not in self._made_by:
            _shrink(programs, data, maker)
            _copy(data, kept)
            self._made_by[programs.major] = initdb


def _copy(source: Path, target: Path) -> None:
    """cp takes half the time of shutil.copytree for a thousand files."""
    subprocess.run(["cp", "-Rp", str(source), str(target)], check=True)


def _shrink(programs: PostgresPrograms, data: Path, maker: ServerUser | None) -> None:
    """pg_resetwal makes the one segment anew, where it is there; it refuses root, and whoever does not own the files."""
    if not (program := programs.program("pg_resetwal")).exists():
        return
    command = [str(program), "--wal-segsize=1", "-D", str(data)]
    user = (maker.uid, maker.gid) if maker else None
    finished(command, timeout_s=60, check=True, user=user)


@contextmanager
def initdb_once() -> Iterator[None]:
    """Have initdb run once in this process, for as long as the block runs."""
    home = folder_of_tests("initdb-")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(cluster, "_run_initdb", InitdbOnce(home))
            yield
    finally:
        shutil.rmtree(home, ignore_errors=True)


def in_full(patch: pytest.MonkeyPatch) -> None:
    """Have initdb run for each cluster again, for a test of the starting itself."""
    patch.setattr(cluster, "_run_initdb", _INITDB)
