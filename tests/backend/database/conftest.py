"""Runs that the tests of the database only read."""

from collections.abc import Callable, Iterator

import pytest

from console.backend.cluster import TransientCluster
from tests.backend.database.signed_cut import SignedCut, start_cut
from tests.conftest import Database, fresh_database


@pytest.fixture
def cut(database: Database) -> SignedCut:
    """A run at its first pause, in a database of its own."""
    return start_cut(database)


@pytest.fixture(scope="module")
def law(cluster: TransientCluster, template_of: Callable[[int], str]) -> Iterator[SignedCut]:
    """An enacted run; the tests that share it try to change it and fail."""
    for database in fresh_database(cluster, template_of(cluster.major)):
        run = start_cut(database)
        run.enacted()
        yield run
