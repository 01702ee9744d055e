"""How the program ends while calls are still at work in threads that nobody waits for."""

import os
import subprocess
import sys

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
threading.Thread(target=lambda: (time.sleep(0.1), print("written"))).start()
from console.cli.main import main
sys.argv = ["cutter-console", *sys.argv[1:]]
raise SystemExit(main())
"""


def _ended(program: str) -> subprocess.CompletedProcess[str]:
    """Run it as most users do: what it says is written when a buffer is full, or at the end."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-c", program, "--version"]
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
