"""Two operators on two hosts at runs of one document: killed on their way, and still offered nothing that is refused."""

from random import Random

import pytest

from tests.torture import bars
from tests.torture.arena import Arena
from tests.torture.proxy import proxy


@pytest.mark.parametrize("number", range(3))
def test_every_run_of_a_walk_has_moves_that_are_accepted_and_one_that_ends_it(an_arena: Arena, number: int) -> None:
    """By seeds of which each has met runs that another one bars."""
    with proxy(an_arena.cluster.socket_dir / ".s.PGSQL.5432") as line:
        walk = bars.Walker(an_arena, Random(f"3/bars/{(2, 6, 7)[number]}"), line).go(16)
    an_arena.connections = {}
    assert walk.faults == [], str(walk)
    assert walk.killed
