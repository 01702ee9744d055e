"""What is free is given back before what takes the most memory."""

import ctypes
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from console.backend.host.memory import addresses_at_most, give_back

MIB = 1 << 20
BLOCK, BLOCKS = 4 << 10, 16 << 10


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="this C library keeps nothing, or does not tell"
)
def test_memory_that_is_free_below_some_that_is_not_is_given_back() -> None:
    blocks = [bytes(BLOCK) + b"x" for _ in range(BLOCKS)]
    last = blocks[-1]
    blocks.clear()
    kept = _resident()
    give_back()
    assert kept - _resident() > BLOCK * BLOCKS // 2, f"{kept // MIB} MiB before"
    assert last.endswith(b"x")


_THREADS = """
import re, threading
from pathlib import Path
from console.backend.host.memory import keep_one_heap
keep_one_heap()
def size():
    return int(re.search(r"VmSize:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
threading.stack_size(1 << 20)
before, begun, over = size(), threading.Barrier(9), threading.Event()
def work():
    held = [bytes(100_000) for _ in range(3)]
    begun.wait()
    over.wait()
for _ in range(8):
    threading.Thread(target=work).start()
begun.wait()
print(size() - before)
over.set()
"""


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "mallopt"), reason="this C library has no such heaps, or does not tell"
)
def test_threads_reserve_no_heap_of_their_own() -> None:
    """64 MiB for each: with a limit of addresses a dozen threads of a console took all of them."""
    done = subprocess.run([sys.executable, "-c", _THREADS], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 8 * 32 * 1024


def test_no_limit_of_addresses_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, answer in (((resource.RLIM_INFINITY, resource.RLIM_INFINITY), None), ((100 << 20, 1 << 40), 100 << 20)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, limit=limit: limit)
        assert addresses_at_most() == answer
