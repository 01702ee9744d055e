"""The heaps of the servers that many tests share, in pages of 2 MB where the kernel has them.

A session begins with some hundred page faults and ends before its memory has been used twice. With large pages a session
that asks something costs a tenth to a fifth less. glibc reads the variable when a program starts; other C libraries ignore it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from console.backend.host.child_environment import child_environment
from console.backend.host.processes import start

_LARGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


@contextmanager
def heaps_of_large_pages() -> Iterator[None]:
    """Have clusters that are started in this process meanwhile take their heaps from large pages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "console.backend.scratch.cluster.start", partial(start, environment={**child_environment(), **_LARGE_PAGES})
        )
        yield
