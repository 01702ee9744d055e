"""A COMMIT that is lost, whose answer is lost, or that comes late: settled, or said to be not known, and never a false word."""

from collections.abc import Iterator

import pytest

from tests.torture import network
from tests.torture.arena import Arena
from tests.torture.proxy import Proxy, proxy


@pytest.fixture
def lying(an_arena: Arena) -> Iterator[Proxy]:
    """A proxy in front of the arena's server."""
    with proxy(an_arena.cluster.socket_dir / ".s.PGSQL.5432") as made:
        yield made
    an_arena.connections = {}


@pytest.mark.parametrize(("writing", "fault"), network.QUICK)
def test_settles_or_says_that_it_is_not_known(an_arena: Arena, lying: Proxy, writing: str, fault: str) -> None:
    """Each writing command; afterwards the run goes on to its goal and the checker finds nothing."""
    told = network.tell(an_arena, lying, writing, fault)
    assert told.wrong == [], str(told)


@pytest.mark.parametrize("haste", network.HASTY)
def test_the_next_command_does_not_outrun_a_commit(an_arena: Arena, lying: Proxy, haste: str) -> None:
    """A COMMIT that is on its way when the next command is given has come or never comes; the run is one or the other."""
    killed = list(network.HASTY).index(haste) % 2 == 0
    told = network.in_haste(an_arena, lying, haste, "delivered 1 s late", killed=killed)
    assert told.wrong == [], str(told)
