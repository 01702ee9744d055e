"""Runs commands in processes of their own, forked from one that has imported everything: a command costs what it does.

Each has its own environment, working directory, user, standard output and limits, as a command of a shell has. Run as
a script, it takes one JSON object a line with the jobs of a round and answers with one line.
"""

import atexit
import gc
import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).parents[2]
AT_ONCE = 3
HANGS_AFTER_S = 120


@dataclass(frozen=True)
class Surroundings:
    """What a command finds around it; arguments and variables are bytes, written as text with `os.fsdecode`."""

    environment: dict[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    """Variables that are not set."""
    stdout: str = ""
    """A file for standard output; `closed` for none; empty: it is read."""
    stderr: str = ""
    encoding: str = "utf-8"
    file_bytes: int = 0
    """No file may grow beyond this."""
    open_files: int = 0
    """No more files may be open at once."""
    user: int = 0
    cwd: str = "/"
    """Empty: a folder that has been removed meanwhile."""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    argv: tuple[str, ...]
    status: int
    out: bytes
    err: str


class Forker:
    """The process that forks."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, jobs: Sequence[Sequence[str]], around: Surroundings, installation: dict[str, str]) -> list[Done]:
        """Run these commands, a few at a time; `site` is what `context_of` answers, empty for the host's own."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"jobs": [list(job) for job in jobs], "around": asdict(around), "site": installation}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answers = json.loads(self._process.stdout.readline())
        return [
            Done(tuple(job), answer["status"], answer["out"].encode("latin-1"), answer["err"])
            for job, answer in zip(jobs, answers, strict=True)
        ]


@contextmanager
def forker() -> Iterator[Forker]:
    """A process that forks commands until the block ends."""
    with subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        try:
            yield Forker(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()


def _serve() -> None:
    """Import what the commands need, then do what each line asks for."""
    from console.cli.operations import OPERATIONS

    for operation in OPERATIONS:
        import_module(operation.handler.partition(":")[0])
    gc.freeze()
    for line in sys.stdin:
        asked = json.loads(line)
        around = Surroundings(**asked["around"])
        sys.stdout.write(json.dumps(_round(asked["jobs"], around, asked["site"])) + "\n")
        sys.stdout.flush()


class _Running:
    """A forked command and the two pipes that it writes to."""

    def __init__(self, argv: list[str], around: Surroundings, installation: dict[str, str]) -> None:
        pipes = os.pipe(), os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _child(argv, around, installation, pipes[0][1], pipes[1][1])
        self.said = [b"", b""]
        for _, writable in pipes:
            os.close(writable)
        self._open = [readable for readable, _ in pipes]
        self.status: int | None = None

    def read(self) -> None:
        """Take what is there, so that nobody waits for room in a pipe; know the end when it has come."""
        ready, _, _ = select.select([one for one in self._open if one >= 0], [], [], 0.01)
        for number, descriptor in enumerate(tuple(self._open)):
            if descriptor in ready:
                data = os.read(descriptor, 1 << 20)
                self.said[number] += data
                if not data:
                    self._close(number)
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            self.status = os.waitstatus_to_exitcode(status)
            for number, descriptor in enumerate(tuple(self._open)):
                if descriptor >= 0:
                    os.set_blocking(descriptor, False)
                    with suppress(BlockingIOError):
                        while data := os.read(descriptor, 1 << 20):
                            self.said[number] += data
                    self._close(number)

    def _close(self, number: int) -> None:
        os.close(self._open[number])
        self._open[number] = -1


def _round(jobs: list[list[str]], around: Surroundings, installation: dict[str, str]) -> list[dict[str, object]]:
    waiting, running, ended = list(enumerate(jobs)), dict[int, _Running](), dict[int, _Running]()
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            number, argv = waiting.pop(0)
            running[number] = _Running(argv, around, installation)
        for number, one in tuple(running.items()):
            one.read()
            if one.status is not None:
                ended[number] = running.pop(number)
    return [
        {
            "status": ended[number].status,
            "out": ended[number].said[0].decode("latin-1"),
            "err": ended[number].said[1].decode("utf-8", "replace"),
        }
        for number in range(len(jobs))
    ]


def _child(argv: list[str], around: Surroundings, installation: dict[str, str], out: int, err: int) -> NoReturn:
    """The forked process: its surroundings, the command, and its end."""
    from console.cli import installation as sites
    from console.cli.main import main

    signal.alarm(HANGS_AFTER_S)
    if installation:
        _put_site(sites, installation)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, pipe, wanted in ((1, out, around.stdout), (2, err, around.stderr)):
        if wanted == "closed":
            os.close(number)
        else:
            os.dup2(os.open(wanted, os.O_WRONLY) if wanted else pipe, number)
    os.close(out)
    os.close(err)
    _enter(around)
    for name, number, errors in (("stdout", 1, "strict"), ("stderr", 2, "backslashreplace")):
        closed = getattr(around, name) == "closed"
        stream = None if closed else open(number, "w", encoding=around.encoding, errors=errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    _end(_status(main, argv))


def _status(main: Callable[[list[str]], int], argv: list[str]) -> int:
    try:
        return main(argv)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001 - as the interpreter does at its end
        sys.excepthook(*sys.exc_info())
        return 1


def _end(status: int) -> NoReturn:
    """What the interpreter does at its end, without taking every module apart, which costs more than a command."""
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.write(2, b"Exception ignored in a flush at the end\n")
            status = 120
    os._exit(status)


def _enter(around: Surroundings) -> None:
    if around.cwd:
        os.chdir(around.cwd)
    else:
        gone = tempfile.mkdtemp()
        os.chdir(gone)
        Path(gone).rmdir()
    for name in around.without:
        os.environ.pop(name, None)
    os.environ.update(around.environment)
    if around.file_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (around.file_bytes, around.file_bytes))
    if around.open_files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (around.open_files, around.open_files))
    if around.user:
        os.setgroups([])
        os.setgid(around.user)
        os.setuid(around.user)


def _put_site(sites: object, installation: dict[str, str]) -> None:
    from console.backend.host.context import Context

    def context_of(options: object) -> Context:
        root = getattr(options, "root", None)
        return Context(
            root=(root or Path(installation["root"])).absolute(),
            filesystem=Path(installation["filesystem"]),
            package=Path(installation["package"]),
            host=installation["host"],
        )

    sites.context_of = context_of  # type: ignore[attr-defined]


if __name__ == "__main__":
    _serve()
