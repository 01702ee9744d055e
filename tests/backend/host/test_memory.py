"""What is free is given back before what takes the most memory."""

import ctypes
from pathlib import Path

import pytest

from console.backend.host.memory import give_back

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
