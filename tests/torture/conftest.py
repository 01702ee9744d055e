"""One arena a worker: a server of its own that logs every statement, and commands that are processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.torture.arena import Arena, arena

IN_EVERY_RUN = (
    "all_or_nothing[arm and arm]",
    "is_answered[arm and cut-server crashed]",
    "finds_nothing_where_nothing_is_wrong[waits for SG_2]",
    "in_the_database[a unit is gone]",
    "in_the_database[a lease is open at rest]",
    "in_the_database[PASS was given to another digest]",
    "in_the_database[an event names another record]",
    "outside_the_database[a byte of a journal flips]",
    "outside_the_database[half of a file is left]",
    "names_a_run_without_a_move[offers nothing]",
    "rfc_6962",
)
"""What `make test` takes of the kills, the races and the checker: one of what happens to the server and one of what happens
beside a command, and of the checker's invariants those that a run with drafts can break, in the database and outside.
Processes that are killed and COMMITs that are lost or late are asked for there in tests/backend/runs, without an arena,
which takes a quarter of a minute to make. The others are in `make test-rest`."""
LONG = (
    *("test_bars.py", "test_kills.py", "test_network.py", "test_races.py", "test_checker.py"),
    "test_checker_of_batches.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the rest to `make test-rest`: it takes minutes."""
    for item in items:
        if (
            item.path.name in LONG
            and item.path.parent == Path(__file__).parent
            and not item.name.endswith(IN_EVERY_RUN)
        ):
            item.add_marker(pytest.mark.torture)


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
