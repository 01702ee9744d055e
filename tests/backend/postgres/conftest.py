"""Runs that the tests of the database only read, and the keys and signatures of those of OpenPGP."""

from collections.abc import Callable, Iterator
from random import Random

import psycopg
import pytest

from console.backend.scratch.cluster import TransientCluster
from tests.backend.postgres.openpgp_cases import Honest, World, a_world, make_honest
from tests.backend.postgres.openpgp_differential import pin
from tests.backend.postgres.signed_cut import SignedCut, at_the_pause, at_the_second_pause, start_cut, walked
from tests.conftest import Database, fresh_database


@pytest.fixture
def cut(request: pytest.FixtureRequest) -> Iterator[SignedCut]:
    """A run at its first pause, in a database of its own, or in that of the test where it asks for one."""
    for (run,) in walked(request, at_the_pause):
        yield run


@pytest.fixture
def drafted(request: pytest.FixtureRequest) -> Iterator[SignedCut]:
    """A run at its second pause."""
    for (run,) in walked(request, at_the_second_pause):
        yield run


@pytest.fixture(scope="module")
def law(cluster: TransientCluster, template_of: Callable[[int], str]) -> Iterator[SignedCut]:
    """An enacted run; the tests that share it try to change it and fail."""
    for database in fresh_database(cluster, template_of(cluster.major)):
        run = start_cut(database)
        run.enacted()
        yield run


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """Keys of gpg's and some by hand, for the tests of OpenPGP."""
    with a_world(Random(20), small=True) as made:
        yield made


@pytest.fixture(scope="session")
def honest(world: World) -> tuple[Honest, ...]:
    """One signature by gpg for each key and hash."""
    return tuple(make_honest(Random(21), world, 3 * (len(world.keys) - 2)))


@pytest.fixture(scope="module")
def server(cluster: TransientCluster, template_of: Callable[[int], str], world: World) -> Iterator[psycopg.Connection]:
    """A connection to a database in which the world's keys are pinned."""
    for database in fresh_database(cluster, template_of(cluster.major)):
        with database.connect() as connection:
            pin(connection, world)
            yield connection


@pytest.fixture
def connection(database: Database) -> Iterator[psycopg.Connection]:
    """A connection to a database of the test's own."""
    with database.connect() as connected:
        yield connected
