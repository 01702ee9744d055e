"""Runs the real command line with its choke points named and counted, and dies by SIGKILL at one of them where told to.

A program of its own, of the tests alone: it wraps psycopg, os and subprocess in its own process, imports the console
once, and forks a process for each command that it is asked for, one JSON object a line on standard input. Nothing in
the product knows of it.
"""

import atexit
import contextlib
import fcntl
import json
import os
import pkgutil
import re
import resource
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

HOST = "TORTURE_HOST"
"""Variable of the environment of a command: the name of the host that it runs on."""
SIDES = ("before", "after")
WRITE_SIDES = ("before", "half", "after")
"""A write can also end in its middle, which is how a torn record comes about."""
FILE_CALLS = ("fsync", "replace", "rename", "unlink", "link", "mkdir", "ftruncate", "rmdir")
EFFECTS = frozenset({"commit", "call", "write", "replace", "rename", "unlink", "link", "mkdir", "ftruncate", "start"})
"""Kinds that change something, or begin to; between two of them a death is the same as at the first one's end."""
NOT_QUICK = frozenset({"start", "unlink"})
"""Kinds that are left to kills on every side and at random: most of what they begin or end is temporary."""
BOTH_SIDES = ("commit",)
"""Kinds that are killed on each side also where one side is enough for the others: effects become known there."""

TEMPORARY = ("/tmp", "/dev/shm", "/var/tmp")
_HEX = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{8,}|ictr-[0-9TZ]+-\S*|\d{8}T\d{6}Z|\d+")
_CHANGES = re.compile(r"fn_(?!readers_|schema_|draft_|revert_digest|backup_age|grants)")
"""Functions that change something; the others are asked."""
_FUNCTION = re.compile(r"\bfn_\w+|\bpg_\w+|\bv_\w+")
_write = os.write
_depth = threading.local()


def short(name: str) -> str:
    """A point's kind and purpose, without the functions that came there: what counts as one point where time is short."""
    return name.partition(" @ ")[0]


class Plan:
    """What this process does at its choke points; nothing until a command has begun."""

    def __init__(self) -> None:
        self.active = False
        self.record = -1
        self.kill: dict[str, Any] = {}
        self.done: frozenset[str] = frozenset()
        self.count = 0
        self.died = False
        self.mutex = threading.Lock()

    def begin(self, request: dict[str, Any]) -> None:
        """Take up what was asked for."""
        if request.get("record"):
            self.record = os.open(request["record"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.kill = request.get("kill") or {}
        self.done = frozenset(self.kill.get("done", ()))
        self.active = True

    def side(self, name: str, kind: str) -> str | None:
        """Count one hit; the side on which this process is to die at it, or None."""
        with self.mutex:
            self.count += 1
            self._note({"ordinal": self.count, "name": name})
            if self.kill.get("ordinal") == self.count and not self.died:
                return str(self.kill["side"])
            if "at" in self.kill and not self.died and re.search(self.kill["at"], name):
                return str(self.kill["side"])
            if "done" in self.kill:
                known = name if self.kill.get("every_side") else short(name)
                return next((side for side in self._sides(known, kind) if f"{side} {known}" not in self.done), None)
        return None

    def _sides(self, name: str, kind: str) -> tuple[str, ...]:
        if kind not in EFFECTS or (kind in NOT_QUICK and not self.kill.get("every_side")):
            return ()
        every = WRITE_SIDES if kind == "write" else SIDES
        if self.kill.get("every_side") or name.startswith(BOTH_SIDES):
            return every
        return (every[zlib.crc32(name.encode()) % len(every)],)

    def die(self, name: str, side: str) -> None:
        """Say where, then be killed as by `kill -9`; a gentler signal is taken as the console takes it."""
        self._note({"killed": f"{side} {name}"})
        self.died = True
        if "interfere" in self.kill:
            INTERFERENCES[self.kill["interfere"]](str(self.kill["dsn"]))
            return
        number = int(self.kill.get("signal", signal.SIGKILL))
        os.kill(os.getpid(), number)
        if number == signal.SIGKILL:
            signal.pause()

    def _note(self, said: dict[str, object]) -> None:
        if self.record >= 0:
            with contextlib.suppress(OSError):  # No file takes a byte any more: an interference.
                _write(self.record, json.dumps(said).encode() + b"\n")


PLAN = Plan()
REAL_CONNECT: Any = vars(psycopg.Connection)["connect"].__func__


@contextlib.contextmanager
def _superuser(dsn: str) -> Iterator[Any]:
    """A connection of the test's own, which is no choke point."""
    _depth.inside = True
    try:
        with REAL_CONNECT(psycopg.Connection, dsn, autocommit=True) as connection:
            yield connection
    finally:
        _depth.inside = False


_OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def _execute(*statements: str) -> Callable[[str], None]:
    def interfere(dsn: str) -> None:
        with _superuser(dsn) as connection:
            for statement in statements:
                connection.execute(statement)

    return interfere


def _crash(dsn: str) -> None:
    """Kill a process of the server: it ends all others, recovers from its WAL, and answers nobody meanwhile."""
    with contextlib.suppress(psycopg.OperationalError), _superuser(dsn) as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)
        connection.execute("SELECT 1")


def _lock(seconds: float) -> Callable[[str], None]:
    """Hold a lock that every write needs, from a session of somebody else's; nothing is done where it is not to be had at once."""

    def hold(dsn: str, held: threading.Event) -> None:
        with contextlib.suppress(psycopg.Error), _superuser(dsn) as connection, connection.transaction():
            connection.execute("SET LOCAL lock_timeout = '200ms'")
            connection.execute("LOCK TABLE cutter_governance.run, public.information_unit IN ACCESS EXCLUSIVE MODE")
            held.set()
            time.sleep(seconds)
        held.set()

    def interfere(dsn: str) -> None:
        held = threading.Event()
        threading.Thread(target=hold, args=(dsn, held), daemon=True).start()
        held.wait(10)

    return interfere


def _full(_dsn: str) -> None:
    """No file takes a byte from this process and its children any more, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def _volume_full(dsn: str) -> None:
    """No file takes a byte from the server's processes that serve the console: neither a table's nor the WAL's.

    Done as the server's own user, who may limit its processes; root needs a capability for it.
    """
    with _superuser(dsn) as connection:
        pids = [int(pid) for (pid,) in connection.execute(f"SELECT pid {_OTHERS}").fetchall()]
        owner = Path(f"/proc/{connection.info.backend_pid}").stat()
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                if os.geteuid() == 0:
                    os.setgroups([])
                    os.setresgid(owner.st_gid, owner.st_gid, owner.st_gid)
                    os.setresuid(owner.st_uid, owner.st_uid, owner.st_uid)
                for pid in pids:
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, 0))
                os._exit(0)
            os._exit(1)
        _, status = os.waitpid(child, 0)
        if status != 0 and pids:
            raise OSError(f"the server's processes {pids} could not be limited")


_BLOCKED = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"


def _deadlock(dsn: str) -> None:
    """Let a stranger have what a write ends with, and ask for what it begins with as soon as one waits: the server ends the write."""

    def hold(held: threading.Event) -> None:
        with contextlib.suppress(psycopg.Error), _superuser(dsn) as connection, connection.transaction():
            connection.execute("SET LOCAL lock_timeout = '200ms'")
            tables = "cutter_governance.run_event, cutter_governance.execution_lease, public.unit_version"
            connection.execute(f"LOCK TABLE {tables} IN EXCLUSIVE MODE")
            held.set()
            until = time.monotonic() + 5
            while time.monotonic() < until and connection.execute(_BLOCKED).fetchone() == (0,):
                time.sleep(0.02)
            # Whoever looks for a circle first is ended, and this one never looks.
            connection.execute("SET LOCAL lock_timeout = '10s'")
            connection.execute("SET LOCAL deadlock_timeout = '1h'")
            for table in ("execution_lock", "run"):
                connection.execute(f"SELECT 1 FROM cutter_governance.{table} FOR UPDATE")
        held.set()

    held = threading.Event()
    threading.Thread(target=hold, args=(held,), daemon=True).start()
    held.wait(10)


PASSWORD = "password"
"""Name of the file beside the server's data that has the password of cutter_exec, once it was changed."""
ASKED = "local all cutter_exec scram-sha-256\n"
"""First line of the server's rules from then on."""


def _change_password(dsn: str) -> None:
    """Give cutter_exec another password, and end its sessions: the next one is refused until somebody writes down the new one."""
    with _superuser(dsn) as connection:
        data = Path(connection.execute("SHOW data_directory").fetchone()[0])
        password = f"changed at {time.time_ns()}"
        (data.parent / PASSWORD).write_text(password)
        connection.execute(f"ALTER ROLE cutter_exec PASSWORD '{password}'")
        rules = data / "pg_hba.conf"
        if not rules.read_text().startswith(ASKED):
            rules.write_text(ASKED + rules.read_text())
            connection.execute("SELECT pg_reload_conf()")
        until = time.monotonic() + 10
        while time.monotonic() < until and _is_let_in(dsn):
            time.sleep(0.02)
        connection.execute(f"SELECT pg_terminate_backend(pid) {_OTHERS} AND usename = 'cutter_exec'")


def _is_let_in(dsn: str) -> bool:
    try:
        REAL_CONNECT(psycopg.Connection, dsn, user="cutter_exec", passfile="/nonexistent").close()
    except psycopg.OperationalError:
        return False
    return True


SOCKET, STANDBY, MOVED = ".s.PGSQL.5432", "standby", "moved"
"""Names in the folder of the server's socket: the socket, a link to the standby's, and the socket while the standby answers."""
_BEHIND = "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn IS NULL OR replay_lsn < pg_current_wal_flush_lsn()"


def _standby_answers(*, at_once: bool) -> Callable[[str], None]:
    """Let whoever connects from now on come to the standby, which has everything by then; at once: the other sessions end."""

    def interfere(dsn: str) -> None:
        with _superuser(dsn) as connection:
            folder = Path(str(conninfo_to_dict(dsn)["host"]))
            until = time.monotonic() + 10
            while time.monotonic() < until and connection.execute(_BEHIND).fetchone() != (0,):
                time.sleep(0.02)
            (folder / SOCKET).rename(folder / MOVED)
            (folder / SOCKET).symlink_to((folder / STANDBY).readlink())
            if at_once:
                connection.execute(f"SELECT pg_terminate_backend(pid) {_OTHERS}")

    return interfere


INTERFERENCES: dict[str, Callable[[str], None]] = {
    "sessions terminated": _execute(f"SELECT pg_terminate_backend(pid) {_OTHERS}"),
    "statements cancelled": _execute(f"SELECT pg_cancel_backend(pid) {_OTHERS}"),
    "server crashed": _crash,
    "no connection left": _execute("ALTER DATABASE arena CONNECTION LIMIT 0"),
    "role lost": _execute(
        "ALTER ROLE cutter_exec NOLOGIN",
        f"SELECT pg_terminate_backend(pid) {_OTHERS} AND usename = 'cutter_exec'",
    ),
    "lock held": _lock(1.5),
    "lock held for long": _lock(12.0),
    "deadlock": _deadlock,
    "password changed": _change_password,
    "standby answers": _standby_answers(at_once=True),
    "standby answers new sessions": _standby_answers(at_once=False),
    "disk full": _full,
    "database volume full": _volume_full,
}
"""What happens at a choke point instead of a death. `Arena.heal` repairs what stays."""


def _short(frame: FrameType) -> str:
    module = str(frame.f_globals.get("__name__", "")).removeprefix("console.").removeprefix("backend.")
    return f"{module}:{frame.f_code.co_name}"


def _callers() -> str:
    """The console's function that came here, and the one that called it."""
    named: list[str] = []
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and len(named) < 3:
        if str(frame.f_globals.get("__name__", "")).startswith("console.") and _short(frame) not in named:
            named.append(_short(frame))
        frame = frame.f_back
    return " < ".join(named)


def _reach(kind: str, purpose: str, act: Callable[[], Any], half: Callable[[], Any] | None = None) -> Any:
    """One choke point: count it, die before, in the middle or behind it where told to, else act."""
    if not PLAN.active or getattr(_depth, "inside", False):
        return act()
    name = f"{kind} {purpose} @ {_callers()}"
    side = PLAN.side(name, kind.partition(" ")[0])
    if side == "before":
        PLAN.die(name, side)
    if side == "half" and half is not None:
        half()
        PLAN.die(name, side)
    _depth.inside = True
    try:
        done = act()
    finally:
        _depth.inside = False
    # Who survives it, because it was a signal or an interference, has met it once.
    if side is not None and not PLAN.died:
        PLAN.die(name, side)
    return done


def _plain(text: object) -> str:
    return _HEX.sub("#", str(text))[:60]


def _purpose(connection: Any) -> str:
    try:
        return _plain(
            str(connection.info.parameter_status("application_name") or "").removeprefix("cutter-console").strip()
        )
    except psycopg.Error:
        return "closed"


def _statement(query: object) -> str:
    text = query.decode() if isinstance(query, bytes) else str(query)
    named = _FUNCTION.findall(text)
    return named[-1] if named else _plain(" ".join(text.split()[:4]))


def _wrap_database() -> None:
    real_run: dict[Any, Any] = {one: one.execute for one in (psycopg.Connection, psycopg.Cursor)}
    real_end = {name: getattr(psycopg.Connection, name) for name in ("commit", "rollback")}

    def connect(cls: Any, *args: Any, **more: Any) -> Any:
        application = str(more.get("application_name", "")).removeprefix("cutter-console").strip()
        return _reach("open", _plain(application), lambda: REAL_CONNECT(cls, *args, **more))

    psycopg.Connection.connect = classmethod(connect)  # type: ignore[method-assign, assignment]
    psycopg.connect = psycopg.Connection.connect
    for one, run in real_run.items():

        def execute(self: Any, query: object, *args: Any, _run: Any = run, **more: Any) -> Any:
            connection = self if isinstance(self, psycopg.Connection) else self.connection
            purpose = f"{_purpose(connection)} {_statement(query)}"
            kind = "call" if not connection.read_only and _CHANGES.match(_statement(query)) else "execute"
            return _reach(kind, purpose, lambda: _run(self, query, *args, **more))

        one.execute = execute
    for name, end in real_end.items():

        def ended(self: Any, _end: Any = end, _name: str = name) -> Any:
            kind = f"{_name}-of-reads" if self.read_only else _name
            return _reach(kind, _purpose(self), lambda: _end(self))

        setattr(psycopg.Connection, name, ended)


def _wrap_files() -> None:
    def write(descriptor: int, data: Any) -> int:
        purpose = "bytes"
        with contextlib.suppress(ValueError, TypeError, AttributeError):
            record = json.loads(bytes(data))
            purpose = f"journal {record['kind']} {record['phase']}" if "previous" in record else "json"
        kind = "write"
        half = lambda: _write(descriptor, bytes(data)[: len(data) // 2])  # noqa: E731 - said once, where it is used
        return int(_reach(kind, purpose, lambda: _write(descriptor, data), half))

    os.write = write
    for name in FILE_CALLS:
        real = getattr(os, name)

        def call(target: Any, *args: Any, _real: Any = real, _name: str = name, **more: Any) -> Any:
            where = _named(target)
            return _reach(_name, where, lambda: _real(target, *args, **more))

        setattr(os, name, call)


def _named(target: Any) -> str:
    """The last part of a path, without what differs from run to run; of a descriptor, what it is open on."""
    try:
        path = str(Path(f"/proc/self/fd/{target}").readlink()) if isinstance(target, int) else os.fsdecode(target)
    except (OSError, TypeError):
        return "?"
    folder, name = os.path.split(path.removesuffix(" (deleted)"))
    if name.startswith("cutter-pg-") or folder in TEMPORARY:
        return "temporary"
    return _plain(name)


def _wrap_processes() -> None:
    real = subprocess.Popen.__init__

    def start(self: Any, args: Any, *more: Any, **named: Any) -> None:
        words = [args] if isinstance(args, (str, bytes)) else list(args)
        purpose = Path(os.fsdecode(words[0])).name
        purpose += " " + " ".join(os.fsdecode(word) for word in words[1:] if os.fsdecode(word).startswith("--"))[:40]
        _reach("start", _plain(purpose), lambda: real(self, args, *more, **named))

    subprocess.Popen.__init__ = start  # type: ignore[method-assign]


def _import_console() -> Callable[[list[str]], int]:
    """Everything that a command may import, so that a fork begins where a command does."""
    from console.cli.command_line import main

    for package in ("console.cli", "console.backend"):
        for module in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
            import_module(module.name)
    return main


def _be_on(host: str) -> None:
    """Let this process be one of another host: the console asks for its name in one place."""
    from console.backend.host.context import Context

    real: Callable[..., None] = Context.__init__

    def made(self: Context, *args: Any, **more: Any) -> None:
        real(self, *args, **{"host": host, **more})

    Context.__init__ = made  # type: ignore[method-assign]


_PIPE_BYTES = 1 << 20
"""More than a command says. What it says goes into pipes, which take it also where no file takes a byte."""


def _pipes() -> tuple[tuple[int, int], tuple[int, int]]:
    made = os.pipe(), os.pipe()
    for reader, writer in made:
        with contextlib.suppress(OSError):  # A user has a limit for all pipes; what is said fits into the usual size.
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        os.set_blocking(reader, False)
    return made


def _keep_what_was_said(request: dict[str, Any], readers: tuple[int, ...]) -> None:
    for reader, target in zip(readers, (request["stdout"], request["stderr"]), strict=True):
        said = b""
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(reader, _PIPE_BYTES):
                said += piece
        os.close(reader)
        Path(target).write_bytes(said)


def _command(request: dict[str, Any], main: Callable[[list[str]], int], writers: tuple[int, ...]) -> int:
    for descriptor, writer in zip((1, 2), writers, strict=True):
        os.dup2(writer, descriptor)
        os.close(writer)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(request["environment"])
    if host := os.environ.get(HOST):
        _be_on(host)
    PLAN.begin(request)
    try:
        return int(main(request["argv"]) or 0)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - what the interpreter itself would print
        traceback.print_exc()
        return 1


def _end(status: int) -> None:
    """End as an interpreter ends: threads, exit functions, buffers."""
    with contextlib.suppress(BaseException):
        threading._shutdown()  # type: ignore[attr-defined]
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def serve() -> None:
    """Fork a process for each line that is read; say its id, and how it ended."""
    for wrap in (_wrap_database, _wrap_files, _wrap_processes):
        wrap()
    main = _import_console()
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    answers = os.dup(1)
    rest = b""
    under_way: dict[int, tuple[dict[str, Any], tuple[int, ...]]] = {}
    while True:
        ready, _, _ = select.select([0, wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
            _reap(answers, under_way)
        if 0 in ready:
            data = os.read(0, 1 << 20)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                request = json.loads(line)
                out, err = _pipes()
                pid = os.fork()
                if pid == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    # A shell lets what it starts in the background ignore some of these, and a command would go on ignoring them.
                    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
                        signal.signal(number, signal.SIG_DFL)
                    signal.signal(signal.SIGINT, signal.default_int_handler)
                    for descriptor in (wake, woken, answers, out[0], err[0], *_readers(under_way)):
                        os.close(descriptor)
                    _end(_command(request, main, (out[1], err[1])))
                os.close(out[1])
                os.close(err[1])
                under_way[pid] = request, (out[0], err[0])
                _write(answers, json.dumps({"id": request["id"], "pid": pid}).encode() + b"\n")


def _readers(under_way: dict[int, tuple[dict[str, Any], tuple[int, ...]]]) -> list[int]:
    return [reader for _, readers in under_way.values() for reader in readers]


def _reap(answers: int, under_way: dict[int, tuple[dict[str, Any], tuple[int, ...]]]) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _keep_what_was_said(*under_way.pop(pid))
        _write(answers, json.dumps({"pid": pid, "ended": os.waitstatus_to_exitcode(status)}).encode() + b"\n")


if __name__ == "__main__":
    serve()
