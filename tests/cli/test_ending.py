"""How the program ends while calls are still at work in threads that nobody waits for."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from console.cli.ending import UNFLUSHED

_AT_WORK = """
import atexit, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from pydantic import TypeAdapter, AfterValidator
from typing import Annotated
validated = TypeAdapter(list[Annotated[int, AfterValidator(lambda value: value)]])
begun = threading.Barrier(5)
def work():
    begun.wait()
    while True:
        validated.validate_python([1] * 20)
sys.setswitchinterval(1e-6)
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
begun.wait()
pool = ThreadPoolExecutor(1)
pool.submit(int).result()
atexit.register(print, "swept")
import console.cli.main as program
# Whoever is waited for is still at work when the end has begun, however long the answer takes.
leaving, leave = threading.Event(), program.leave
def left(status):
    leaving.set()
    leave(status)
program.leave = left
threading.Thread(target=lambda: (leaving.wait(5), time.sleep(0.1), print("written"))).start()
from console.cli.main import main
sys.argv = ["cutter-console", *sys.argv[1:]]
raise SystemExit(main())
"""


_PLAIN = """
import sys
from console.cli.main import main
sys.argv = ["cutter-console", *sys.argv[1:]]
raise SystemExit(main())
"""
_STRUCK = """
import importlib.abc, os, signal, sys
class Strikes(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Strikes())
"""
"""The finger on Ctrl-C as soon as this module is to be loaded."""


_RAISES = "import console.cli.main\ndef ended(_): raise {}\nconsole.cli.main._answered = ended\nfrom console.cli.main"
"""Goes before the import of the program."""


def _ended(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it as most users do: what it says is written when a buffer is full, or at the end."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-c", program, *(arguments or ("--version",))]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environ)


@pytest.mark.parametrize("attempt", range(3))
def test_the_program_ends_with_its_status_whatever_is_still_at_work(attempt: int) -> None:
    """What must be done at the end is done; calls that nobody waits for are left where they are."""
    done = _ended(_AT_WORK)

    assert (done.returncode, done.stderr) == (0, "")
    version, *last = done.stdout.splitlines()
    assert version.startswith("cutter-console ")
    assert last == ["written", "swept"]


def test_what_could_not_be_written_at_the_end_is_no_success() -> None:
    fills = 'atexit.register(lambda: (os.dup2(os.open("/dev/full", os.O_WRONLY), 1), print("swept")))'
    done = _ended(_AT_WORK.replace('atexit.register(print, "swept")', f"import os; {fills}"))

    assert done.returncode == UNFLUSHED


@pytest.mark.parametrize("module", ["console.cli.command_line", "console.cli.operations", "console.cli.one_run"])
def test_ctrl_c_while_a_command_is_loaded_prints_no_traceback(module: str) -> None:
    begins = _STRUCK.format(module=module)
    done = _ended(_PLAIN.replace("import sys", begins), "run", "list", "--root", "/nonexistent")

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


def test_ctrl_c_at_the_end_of_a_command_ends_it_without_a_traceback() -> None:
    """It has its answer and its status by then."""
    strikes = "import atexit, os, signal; atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))\n"
    done = _ended(strikes + _PLAIN, "config", "schema", "settings")

    assert done.returncode == -signal.SIGINT
    assert done.stdout.startswith("{")
    assert done.stderr == ""


@pytest.mark.parametrize("attempt", range(3))
@pytest.mark.parametrize(("raised", "exit_status"), [("SystemExit(143)", 143), ("KeyboardInterrupt", 130)])
def test_a_command_that_a_signal_ends_has_its_status_whatever_is_still_at_work(
    attempt: int, raised: str, exit_status: int
) -> None:
    ends = f"import console.cli.main\ndef ended(_): raise {raised}\nconsole.cli.main._answered = ended\nfrom console.cli.main"
    done = _ended(_AT_WORK.replace("from console.cli.main", ends))

    assert done.returncode == exit_status
    assert "Traceback" not in done.stderr
    assert done.stdout.splitlines() == ["written", "swept"]


_OF_A_MODULE = "AttributeError('a secret', name='x', obj=console)"


@pytest.mark.parametrize(
    "raised", ["MemoryError('a secret')", "SystemError('a secret')", "ImportError('a secret')", _OF_A_MODULE]
)
def test_what_memory_was_missing_for_is_said_without_a_traceback(raised: str) -> None:
    """A library of C says it without an exception; a module that was loaded by half has no such name the next time."""
    done = _ended(_PLAIN.replace("from console.cli.main", _RAISES.format(raised)))

    assert done.returncode == 7
    name = raised.partition("(")[0]
    assert done.stderr.startswith(f"STOP_INVARIANT_FAILED: the command could not go on, nor say more than: {name}")
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


def test_what_looks_like_a_signal_in_another_thread_is_none_and_prints_nothing() -> None:
    """Handlers run in the main thread alone, and only there can one be set."""
    thread = "import threading\nclass Ending:\n    def __del__(self): raise SystemExit(143)\n"
    thread += "def end():\n    kept = Ending()\n    del kept\n"
    answers = "def ended(_):\n    one = threading.Thread(target=end)\n    one.start()\n    one.join()\n    return 3\n"
    done = _ended(
        _PLAIN.replace(
            "from console.cli.main",
            f"{thread}import console.cli.main\n{answers}console.cli.main._answered = ended\nfrom console.cli.main",
        )
    )

    assert (done.returncode, done.stderr) == (3, "")


def test_what_fails_while_it_is_taken_away_prints_no_traceback() -> None:
    """As the loop of a console does that has ended for want of memory."""
    fails = "class Failing:\n    def __del__(self): raise MemoryError\nimport console.cli.main\ndef ended(_): Failing(); return 3\n"
    done = _ended(
        _PLAIN.replace("from console.cli.main", f"{fails}console.cli.main._answered = ended\nfrom console.cli.main")
    )

    assert (done.returncode, done.stderr) == (3, "")


_TAKES_AWAY = """
import os, signal, time, weakref
import console.cli.main
from console.backend.host.signals import end_by_exception
def strike(_=None):
    os.kill(os.getpid(), {number})
    for _ in range(1000): pass
class Finalized:
    __del__ = strike
class Referred:
    def __init__(self): references.append(weakref.ref(self, strike))
references = []
def begun():
    generator = closed()
    next(generator)
    return generator
def closed():
    try: yield
    finally: strike()
def taken_away(_):
    end_by_exception()
    kept = {kept}
    del kept
    time.sleep(20)
    return 0
console.cli.main._answered = taken_away
from console.cli.main"""
"""A command that hears a signal while it takes an object away, and would go on."""


@pytest.mark.parametrize("kept", ["Finalized()", "Referred()", "begun()"])
@pytest.mark.parametrize(
    ("number", "exit_status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGQUIT, 131)],
    ids=["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"],
)
def test_a_signal_that_comes_while_an_object_is_taken_away_ends_the_command_all_the_same(
    kept: str, number: signal.Signals, exit_status: int
) -> None:
    """Python drops what a handler raises there: one Ctrl-C in a hundred did nothing, and the command went on."""
    takes_away = _TAKES_AWAY.format(number=int(number), kept=kept)
    done = _ended(_PLAIN.replace("from console.cli.main", takes_away))

    assert done.returncode == exit_status
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("raised", "arguments"),
    [
        pytest.param("AttributeError", ("--version",), id="AttributeError---version"),
        pytest.param("AttributeError", ("status", "--json"), id="AttributeError-status --json"),
        pytest.param("TypeError", ("status", "--json"), id="TypeError-status --json"),
        pytest.param("RuntimeError", ("--version",), id="RuntimeError---version"),
    ],
)
def test_a_defect_is_not_taken_for_missing_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: str, arguments: tuple[str, ...]
) -> None:
    """Any missing attribute was; there was no log of it then, and of other errors a traceback."""
    monkeypatch.setenv("CUTTER_ROOT", str(tmp_path))
    (tmp_path / "reports").mkdir()
    done = _ended(_PLAIN.replace("from console.cli.main", _RAISES.format(f"{raised}('a secret')")), *arguments)

    assert done.returncode == 7
    assert done.stderr.startswith(f"STOP_INVARIANT_FAILED: this is a defect of the program: {raised} at <string>")
    (log,) = (tmp_path / "reports").iterdir()
    assert str(log) in done.stderr
    assert raised in log.read_text()
    assert "Traceback" not in done.stderr
    assert ("status" in arguments) == bool(done.stdout)


@pytest.mark.parametrize("named", [("--root", "{}"), ("--root={}",)], ids=["two words", "one word"])
def test_a_defect_is_kept_in_the_root_that_the_command_names(tmp_path: Path, named: tuple[str, ...]) -> None:
    """What is printed next must be of the installation that was meant, too."""
    (tmp_path / "reports").mkdir()
    code = _PLAIN.replace("from console.cli.main", _RAISES.format("TypeError('a secret')"))
    done = _ended(code, "status", *(word.format(tmp_path) for word in named))

    assert done.returncode == 7
    (log,) = (tmp_path / "reports").iterdir()
    assert str(log) in done.stderr
