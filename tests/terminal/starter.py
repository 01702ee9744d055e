"""Starts consoles of a terminal in forks of one process that has imported them: an interpreter of its own costs each one a second.

Run as a module, it takes one JSON object a line and answers with the id of the console's process. That process is a
child of whoever asks, once the one between the two has ended: whoever asks takes orphans in meanwhile.
"""

import atexit
import ctypes
import gc
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).parents[2]
_TAKES_ORPHANS = 36
"""PR_SET_CHILD_SUBREAPER of prctl(2)."""
_IMPORTED = ("console.app.application", "console.app.launch", "console.backend.service", "tests.terminal.scenarios")


class Starter:
    """The process that forks."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def start(
        self, terminal: int, scenario: str, folder: Path, environ: Mapping[str, str], *, ignore_hangup: bool
    ) -> int:
        """Start a console in this terminal; the id of its process, a child of this one."""
        asked = {
            "terminal": os.ttyname(terminal),
            "scenario": scenario,
            "folder": str(folder),
            "environ": dict(environ),
            "ignore_hangup": ignore_hangup,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with _orphans_taken_in():
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the process; consoles that it has started go on."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@contextmanager
def _orphans_taken_in() -> Iterator[None]:
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(_TAKES_ORPHANS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    try:
        yield
    finally:
        prctl(_TAKES_ORPHANS, 0, 0, 0, 0)


def new_starter() -> Starter:
    """Start the process that forks; it ends when its standard input does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.terminal.starter"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "LANG": "C.UTF-8"},
    )
    return Starter(process)


def _serve() -> None:
    """Import what consoles need, then start what each line asks for."""
    for module in _IMPORTED:
        import_module(module)
    gc.freeze()
    for line in sys.stdin:
        asked = json.loads(line)
        # It is open before the answer: without anybody who has it open, the other end would be told of a hang-up.
        terminal = os.open(asked["terminal"], os.O_RDWR | os.O_NOCTTY)
        readable, writable = os.pipe()
        between = os.fork()
        if between == 0:
            console = os.fork()
            if console == 0:
                os.close(readable)
                os.close(writable)
                _play(terminal, asked)
            os.write(writable, str(console).encode())
            os._exit(0)
        os.close(terminal)
        os.close(writable)
        os.waitpid(between, 0)
        sys.stdout.write(os.read(readable, 32).decode() + "\n")
        sys.stdout.flush()
        os.close(readable)


def _play(terminal: int, asked: Mapping[str, object]) -> NoReturn:
    """Be what `python -m tests.terminal.runner` is in this terminal."""
    status = 1
    try:
        os.login_tty(terminal)
        signal.signal(signal.SIGHUP, signal.SIG_IGN if asked["ignore_hangup"] else signal.SIG_DFL)
        os.environ.clear()
        environ = asked["environ"]
        assert isinstance(environ, dict)
        os.environ.update(environ)
        scenario, folder = str(asked["scenario"]), str(asked["folder"])
        sys.argv = [str(ROOT / "tests" / "terminal" / "runner.py"), scenario, folder]
        for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
            errors = "backslashreplace" if name == "stderr" else "strict"
            stream = open(number, mode, encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
        from tests.terminal.runner import play

        status = play(scenario, folder)
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001 - as the interpreter does at its end
        sys.excepthook(*sys.exc_info())
    finally:
        # As at the end of an interpreter: threads that are no daemons are waited for.
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:
                status = status or 120
        os._exit(status)


if __name__ == "__main__":
    _serve()
