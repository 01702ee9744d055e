"""One arena a worker: a server of its own that logs every statement, and commands that are processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.torture.arena import Arena, arena

IN_EVERY_RUN = (
    "ends_where_it_should[void]",
    "until_it_ends[panic]",
    "until_it_ends[disarm]",
    "not_known[start-answer lost]",
    "not_known[arm-delivered 1 s late]",
    "not_known[enact-delivered 1 s late]",
    "not_known[cut-answer lost, then no network]",
    "outrun_a_commit[void after a cut]",
    "all_or_nothing[cut and void]",
    "all_or_nothing[arm and arm]",
    "is_wrong[law]",
    "rfc_6962",
)
"""What `make test` takes of the kills, the network and the races, one of a kind; all of them are in `make torture`."""
_LONG = ("test_kills.py", "test_network.py", "test_races.py", "test_checker.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the rest to `make torture`: it takes minutes."""
    for item in items:
        if (
            item.path.name in _LONG
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
