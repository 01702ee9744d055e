"""One scratch server a worker and major version for the proofs of backups, emptied behind each of them.

A proof restores into a cluster of its own, and nearly every run of the tests takes a backup: to start and to end that server is
a quarter of the time of one. Dump, encryption, restore and comparison are what they are; what a proof leaves goes with its
databases and roles. A second proof at the same moment starts a server, and so does each one in a test of backups: `in_full`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import psycopg
import pytest
from psycopg import sql

from console.backend.backup import scratch
from console.backend.host.cluster_directory import choose_parent, default_parents, server_user, sweep
from console.backend.scratch.cluster import TransientCluster
from tests.support.administrator import administer, answer

_ROLES = "SELECT coalesce(array_agg(rolname::text), '{}') FROM pg_roles WHERE oid >= 16384"
_SET = """
    SELECT (SELECT count(*) FROM pg_db_role_setting)
           + (SELECT count(*) FROM pg_file_settings WHERE sourcefile LIKE '%postgresql.auto.conf')
"""
"""What a server has none of that was just started: settings are given to it as arguments."""
_DATABASES = "SELECT coalesce(array_agg(datname::text), '{}') FROM pg_database WHERE oid >= 16384"


class KeptScratch:
    """Takes the place of `TransientCluster` where the scratch database of a backup is started."""

    def __init__(self) -> None:
        self._kept: dict[int, TransientCluster] = {}
        self._lock = Lock()

    @contextmanager
    def start(
        self, major: int = 18, *, parents: tuple[Path, ...] = (), need_bytes: int = 0
    ) -> Iterator[TransientCluster]:
        """Lend the server, empty; refused and swept as where one is started."""
        sweep(tuple({*parents, *default_parents()}))
        choose_parent(parents, need_bytes, server_user())
        if not self._lock.acquire(blocking=False):
            with TransientCluster.start(major, parents=parents, need_bytes=need_bytes) as another:
                yield another
            return
        try:
            yield self._running(major)
        finally:
            try:
                self._clear(major)
            finally:
                self._lock.release()

    def _running(self, major: int) -> TransientCluster:
        if major in self._kept and self._kept[major]._guard.poll() is not None:
            self._end(major)
        if major not in self._kept:
            self._kept[major] = TransientCluster.start(major)
        return self._kept[major]

    def _clear(self, major: int) -> None:
        """Empty the server; one that cannot be emptied is lent to nobody again."""
        if (cluster := self._kept.get(major)) is None:
            return
        try:
            is_empty = _emptied(cluster)
        except psycopg.Error:
            is_empty = False
        if not is_empty:
            self._end(major)

    def _end(self, major: int) -> None:
        if kept := self._kept.pop(major, None):
            kept.stop()

    def stop(self) -> None:
        """End what runs."""
        for major in list(self._kept):
            self._end(major)


def _emptied(cluster: TransientCluster) -> bool:
    """Drop what a proof has made; true if nothing else is left of it, such as a setting of the server, a role or a database."""
    drops = [
        sql.SQL(f"DROP {kind} {{}} {how}").format(sql.Identifier(name))
        for kind, query, how in (("DATABASE", _DATABASES, "WITH (FORCE)"), ("ROLE", _ROLES, ""))
        for name in _names(cluster, query)
    ]
    administer(cluster, *drops)
    return answer(cluster, sql.SQL(_SET)) == (0,)


def _names(cluster: TransientCluster, query: str) -> list[str]:
    (names,) = answer(cluster, sql.SQL(query))
    assert isinstance(names, list)
    return names


@contextmanager
def scratch_kept() -> Iterator[None]:
    """Keep the server for as long as the block runs."""
    kept = KeptScratch()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(scratch, "TransientCluster", kept)
            yield
    finally:
        kept.stop()


def in_full(patch: pytest.MonkeyPatch) -> None:
    """Have a server started for each proof again, for tests of what a backup starts and leaves."""
    patch.setattr(scratch, "TransientCluster", TransientCluster)
