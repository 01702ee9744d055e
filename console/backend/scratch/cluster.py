"""A PostgreSQL cluster of its own for a test, a demo or a restore proof; it is gone when its starter is gone."""

import atexit
import contextlib
import logging
import os
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from console.backend.host import cluster_directory
from console.backend.host.cluster_directory import ServerUser
from console.backend.host.processes import PIPE, Process, ProgramError, ProgramTimeout, finished_under_guard, start, why
from console.backend.host.programs import PostgresPrograms, installed_programs, pick_server_programs
from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.safe_text import safe_text
from console.backend.scratch import cluster_guard
from console.backend.scratch.cluster_programs import readable_programs, shared_directories

SUPERUSER = "postgres"
PORT = 5432
_MAX_SOCKET_BYTES = 107
"""Longest path that a Unix socket can have on Linux: 108 bytes with the end of the string."""
_NEED_BYTES = 256 << 20
_START_TIMEOUT_S = 60.0
_POLL_S = 0.005
_log = logging.getLogger(__name__)

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "40",
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "mmap",
    "max_wal_size": "4GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Compiling its many short queries takes longer than answering them.
    "jit": "off",
}
_NOT_DURABLE: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "checkpoint_timeout": "1d",
}


class ClusterNotStarted(Unmeasured):
    """initdb or the server ended early, or the server was not ready in time; the message ends with its last words."""

    def __init__(self, failure: str, last_words: str) -> None:
        super().__init__(
            StopCode.UNREACHABLE,
            f"{failure}: {safe_text(last_words[-600:]) or 'it said nothing'}",
            "read the message; the programs can be tried by hand as an ordinary user",
        )


class TransientCluster:
    """One running server: Unix socket only, superuser `postgres` without a password, inside a directory of mode 0700.

    As root the server runs as a user id of its own, because PostgreSQL refuses root. It ends, and its
    directory is removed, by `stop()`, at the end of the `with` block, at exit, and when the starter is
    killed. `swept` names what an earlier, crashed starter had left and this start has removed.
    """

    def __init__(
        self,
        programs: PostgresPrograms,
        directories: tuple[Path, ...],
        guard: Process,
        server_log: BinaryIO,
        swept: tuple[Path, ...],
    ) -> None:
        self.programs = programs
        self.directory, self.socket_dir = directories[0], directories[-1]
        self.data_dir = self.directory / "data"
        self.swept = swept
        self._directories = directories
        self._guard = guard
        self._server_log = server_log
        atexit.register(self.stop)

    @classmethod
    def start(
        cls,
        major: int = 18,
        *,
        parents: tuple[Path, ...] | None = None,
        durable: bool = False,
        settings: Mapping[str, str] | None = None,
        need_bytes: int = _NEED_BYTES,
    ) -> Self:
        """Make and start a cluster of this major version in the first of `parents` that its user can reach and that has room.

        Without `parents`: tmpfs, then the temporary directories. `need_bytes` is the room that is asked for.
        `durable=False` switches fsync off: for data that is thrown away. Raises NoFittingProgram, ClusterNotStarted,
        or Unmeasured if no directory fits.
        """
        user = cluster_directory.server_user()
        places = parents or cluster_directory.default_parents()
        swept = cluster_directory.sweep(tuple({*places, *cluster_directory.default_parents()}))
        for leftover in swept:
            _log.warning("removed %s, left behind by a process that is no longer alive", leftover)
        programs = readable_programs(pick_server_programs(major, installed_programs()), user)
        directories = _directories(cluster_directory.choose_parent(places, need_bytes, user))
        try:
            _initdb(programs, directories, user)
            server_settings = {**_SETTINGS, **({} if durable else _NOT_DURABLE), **(settings or {})}
            server_log = (directories[0] / "log").open("w+b")
            guard = _guard(programs, directories, user, durable, server_settings, server_log)
        # Also on Ctrl-C: until the guard runs, nobody else would remove the directories.
        except BaseException:
            _remove(directories)
            raise
        cluster = cls(programs, directories, guard, server_log, swept)
        try:
            cluster._await_ready()
        except BaseException:
            cluster.stop()
            raise
        return cluster

    @property
    def major(self) -> int:
        """The server's major version."""
        return self.programs.major

    @property
    def version(self) -> str:
        """The server's full version."""
        return self.programs.version

    def conninfo(self, dbname: str = "postgres", user: str = SUPERUSER, **parameters: str) -> str:
        """Return a libpq connection string; the server trusts whoever can reach its socket, so any existing role will do."""
        # Imported here, so that whoever only starts a cluster does not load psycopg.
        from psycopg.conninfo import make_conninfo

        return make_conninfo(host=str(self.socket_dir), port=PORT, dbname=dbname, user=user, **parameters)

    def stop(self) -> None:
        """End the server and remove its directory. May be called again."""
        atexit.unregister(self.stop)
        if self._guard.stdin is not None and not self._guard.stdin.closed:
            # A byte means an ordinary end; a pipe that closes without one means that this process died.
            with contextlib.suppress(BrokenPipeError):
                self._guard.stdin.write(b"s")
                self._guard.stdin.close()
        try:
            self._guard.wait(30)
        except ProgramTimeout:
            self._guard.kill()
            self._guard.wait()
        self._server_log.close()
        _remove(self._directories)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _await_ready(self) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not _is_ready(self.data_dir):
            if self._guard.poll() is not None or time.monotonic() > deadline:
                raise ClusterNotStarted(f"{self.programs} did not start", _log_text(self._server_log))
            time.sleep(_POLL_S)


def _is_ready(data_dir: Path) -> bool:
    """Return whether the server's own status file says so: its eighth line, as pg_ctl reads it."""
    try:
        lines = (data_dir / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"


def _log_text(log: BinaryIO) -> str:
    """Read the log through the open file, at most its first MiB: the guard may have removed the directory by now."""
    return os.pread(log.fileno(), 1 << 20, 0).decode("utf-8", "replace")


def _directories(parent: Path) -> tuple[Path, ...]:
    """Make the cluster's directory and, if its path is too long for a Unix socket, a second one with the shortest path."""
    directory = cluster_directory.owned_directory(parent)
    if len(os.fsencode(directory / f".s.PGSQL.{PORT}.lock")) <= _MAX_SOCKET_BYTES:
        return (directory,)
    return directory, cluster_directory.owned_directory(
        min(cluster_directory.default_parents(), key=lambda p: len(str(p)))
    )


def _remove(directories: tuple[Path, ...]) -> None:
    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)


def _initdb(programs: PostgresPrograms, directories: tuple[Path, ...], user: ServerUser | None) -> None:
    maker = cluster_directory.initdb_user()
    # initdb refuses root, as the server does, and must own the directory that it fills.
    if maker is not None:
        os.chown(directories[0], maker.uid, maker.gid)
    _run_initdb(programs, directories[0] / "data", maker)
    if user is not None:
        for directory in directories:
            _hand_over(directory, user)


def _run_initdb(programs: PostgresPrograms, data: Path, maker: ServerUser | None) -> None:
    locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    command = [
        str(programs.program("initdb")),
        f"--pgdata={data}",
        f"--username={SUPERUSER}",
        "--auth=trust",
        "--encoding=UTF8",
        *(locale if programs.major >= 17 else ("--locale=C.UTF-8",)),
        "--no-sync",
        "--no-instructions",
    ]
    user = (maker.uid, maker.gid) if maker else None
    try:
        result = finished_under_guard(command, timeout_s=_START_TIMEOUT_S, user=user)
    except (OSError, ProgramError) as error:
        raise ClusterNotStarted(f"initdb of {programs} did not end", why(error)) from error
    if result.status != 0:
        raise ClusterNotStarted(f"initdb of {programs} failed", result.complaint)


def _hand_over(directory: Path, user: ServerUser) -> None:
    for folder, directory_names, file_names in os.walk(directory, topdown=False):
        for name in (*directory_names, *file_names):
            os.lchown(os.path.join(folder, name), user.uid, user.gid)  # noqa: PTH118 - a thousand of them
    os.chown(directory, user.uid, user.gid)


def _guard(
    programs: PostgresPrograms,
    directories: tuple[Path, ...],
    user: ServerUser | None,
    durable: bool,
    settings: Mapping[str, str],
    server_log: BinaryIO,
) -> Process:
    """Start the guard, which starts the server, in a session of its own: Ctrl-C in a terminal does not reach it."""
    server = [str(programs.program("postgres")), "-D", str(directories[0] / "data"), "-k", str(directories[-1])]
    server += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    server_ids = (str(user.uid), str(user.gid)) if user else ("-", "-")
    return start(
        [
            # Isolated and without site: the guard uses the standard library alone, whatever PYTHONPATH says.
            *(sys.executable, "-I", "-S", cluster_guard.__file__, *server_ids, "fast" if durable else "immediate"),
            *(str(directory) for directory in directories),
            *("--", *(str(directory) for directory in shared_directories(programs)), "--", *server),
        ],
        cwd="/",
        stdin=PIPE,
        stdout=server_log,
        stderr=server_log,
    )
