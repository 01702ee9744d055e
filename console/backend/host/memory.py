"""Memory of this process: what is free and kept by its allocator, and the heap of its threads."""

import ctypes
import resource

_ARENAS = -8
"""M_ARENA_MAX, as mallopt(3) of the GNU C library knows it."""


def give_back() -> None:
    """Give what is free back to the system, where the C library can be told to: after large values it keeps some for the next."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def addresses_at_most() -> int | None:
    """Return the number of bytes that this process may have addresses for (`ulimit -v`); None without a limit."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if limit == resource.RLIM_INFINITY else limit


def keep_one_heap() -> None:
    """Let threads that begin from now on take memory from one heap; another C library than GNU's has its own ways.

    Each of them would reserve 64 MB of addresses for a heap of its own. Where a process has a limit of them (`ulimit -v`), a
    dozen threads took a gigabyte, and a library of C or Rust that gets no memory ends the process, with the terminal as it is.
    """
    setting = getattr(ctypes.CDLL(None), "mallopt", None)
    if setting is not None:
        setting(_ARENAS, 1)
