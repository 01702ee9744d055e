"""Databases to attack: one that all tests of a worker share, because no attack changes it, and fresh ones."""

from collections.abc import Callable, Iterator

import pytest

from console.backend.scratch.cluster import TransientCluster
from tests.attacks.world import Lookout, Prey, impatient, make_prey, make_stranger
from tests.backend.postgres.signed_cut import SignedCut, copies_of, start_cut
from tests.conftest import Database, create_database, fresh_database


@pytest.fixture(scope="session")
def impatient_template(cluster: TransientCluster, template_of: Callable[[int], str]) -> str:
    """The template of databases to attack: what is changed in it once is the same change in each copy."""
    return impatient(create_database(cluster, template_of(cluster.major), "template_to_attack")).name


@pytest.fixture
def database(cluster: TransientCluster, impatient_template: str) -> Iterator[Database]:
    """A fresh database, and somebody who may only connect to it."""
    for database in fresh_database(cluster, impatient_template):
        make_stranger(database)
        yield database
        Lookout.end()  # Its session is ended with the others in this database, which the next test may have.


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


def at_an_impatient_pause(database: Database) -> tuple[SignedCut, ...]:
    """A run at its first pause, beside which nobody waits long for another transaction."""
    return (start_cut(impatient(database)),)


@pytest.fixture
def cut(
    request: pytest.FixtureRequest, cluster: TransientCluster, template_of: Callable[[int], str]
) -> Iterator[SignedCut]:
    """A run at its first pause, in a database of its own, or in that of the test where it asks for one."""
    if "database" in request.fixturenames:
        yield start_cut(request.getfixturevalue("database"))
        return
    for (run,) in copies_of(cluster, template_of(cluster.major), at_an_impatient_pause):
        make_stranger(run.database)
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
