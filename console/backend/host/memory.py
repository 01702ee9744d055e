"""Memory of this process that is free, and that its allocator keeps."""

import ctypes


def give_back() -> None:
    """Give what is free back to the system, where the C library can be told to: after large values it keeps some for the next."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
