"""Where each test is run; as a plugin of a process that collects tests it prints that, so that one collection says it all."""

import pytest

IN_MAKE_TEST, IN_TEST_REST, ELSEWHERE = "make test", "make test-rest", "elsewhere"
PARTS = (IN_MAKE_TEST, IN_TEST_REST, ELSEWHERE)
TOLD = " runs "
COLLECTED = pytest.StashKey[tuple[pytest.Item, ...]]()
"""All tests that this process has collected, also those that it does not run."""


def part_of(item: pytest.Item) -> str:
    """Where the test is run, by its marks."""
    if item.get_closest_marker("versions"):
        return ELSEWHERE
    return IN_TEST_REST if item.get_closest_marker("torture") else IN_MAKE_TEST


def pytest_collection_finish(session: pytest.Session) -> None:
    """Print a line for each test, behind the marks that the tables of `make test` add."""
    for item in session.items:
        print(f"{part_of(item)}{TOLD}{item.nodeid}")  # noqa: T201 - it is what the process is started for
