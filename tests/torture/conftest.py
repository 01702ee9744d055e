"""One arena a worker: a server of its own that logs every statement, and commands that are processes."""

from collections.abc import Iterator

import pytest

from tests.torture.arena import Arena, arena


@pytest.fixture(scope="session")
def an_arena() -> Iterator[Arena]:
    """The worker's arena, in whatever state the last test left it."""
    with arena() as made:
        yield made


@pytest.fixture
def fresh(an_arena: Arena) -> Arena:
    """The arena with one document that is law and one that waits to be cut."""
    an_arena.reset()
    return an_arena
