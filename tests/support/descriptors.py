"""So many open files that the next one has a number that select refuses."""

import os
import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_REFUSED_BY_SELECT = 1024


@contextmanager
def numbers_beyond_select() -> Iterator[None]:
    """Have every descriptor that is opened meanwhile a number of 1,024 or more."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(allowed, min(most, 2 * _REFUSED_BY_SELECT)), most))
    try:
        with ExitStack() as stack:
            while stack.enter_context(Path(os.devnull).open("rb")).fileno() < _REFUSED_BY_SELECT:
                pass
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))
