"""Databases to attack: one that all tests of a worker share, because no attack changes it, and fresh ones."""

from collections.abc import Callable, Iterator

import pytest

from console.backend.scratch.cluster import TransientCluster
from tests.attacks.world import Lookout, Prey, impatient, make_prey, make_stranger
from tests.backend.postgres.signed_cut import SignedCut, fresh_cut, start_cut
from tests.conftest import Database, fresh_database


@pytest.fixture
def database(database: Database) -> Database:
    """A fresh database, and somebody who may only connect to it."""
    make_stranger(database)
    return impatient(database)


@pytest.fixture(scope="session")
def prey(cluster: TransientCluster, template_of: Callable[[int], str]) -> Iterator[Prey]:
    """The database in its most tempting state; whoever uses it leaves it as it was."""
    for database in fresh_database(cluster, template_of(cluster.major)):
        yield make_prey(impatient(database))


@pytest.fixture(scope="session", autouse=True)
def lookout() -> Iterator[None]:
    """The session that looks is ended with the tests."""
    yield
    Lookout.end()


@pytest.fixture
def cut(
    request: pytest.FixtureRequest, cluster: TransientCluster, template_of: Callable[[int], str]
) -> Iterator[SignedCut]:
    """A run at its first pause, in a database of its own, or in that of the test where it asks for one."""
    if "database" in request.fixturenames:
        yield start_cut(request.getfixturevalue("database"))
        return
    for run in fresh_cut(cluster, template_of(cluster.major)):
        make_stranger(run.database)
        impatient(run.database)
        yield run
        Lookout.end()  # The next copy has the same name and is another database.


@pytest.fixture
def each_cut(each_cluster: TransientCluster, template_of: Callable[[int], str]) -> Iterator[SignedCut]:
    """The same on every major version there is."""
    for database in fresh_database(each_cluster, template_of(each_cluster.major)):
        make_stranger(database)
        yield start_cut(impatient(database))


@pytest.fixture(scope="module")
def waiting(cluster: TransientCluster, template_of: Callable[[int], str]) -> Iterator[SignedCut]:
    """A run at its first pause that the tests of a file share: each signs what it likes and commits nothing but rulings."""
    for database in fresh_database(cluster, template_of(cluster.major)):
        make_stranger(database)
        yield start_cut(impatient(database))
