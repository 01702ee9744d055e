"""How the program ends while calls are still at work in threads that nobody waits for."""

import subprocess
import sys

import pytest

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
atexit.register(print, "swept", flush=True)
threading.Thread(target=lambda: (time.sleep(0.1), print("written", flush=True))).start()
from console.cli.main import main
sys.argv = ["cutter-console", *sys.argv[1:]]
raise SystemExit(main())
"""


@pytest.mark.parametrize("attempt", range(3))
def test_the_program_ends_with_its_status_whatever_is_still_at_work(attempt: int) -> None:
    """What must be done at the end is done; calls that nobody waits for are left where they are."""
    done = subprocess.run([sys.executable, "-c", _AT_WORK, "--version"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    version, *last = done.stdout.splitlines()
    assert version.startswith("cutter-console ")
    assert last == ["written", "swept"]
