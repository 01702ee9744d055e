"""Killed at every point where something changes, one after the other, each recovery killed in its turn."""

import pytest

from tests.torture import kills
from tests.torture.arena import Arena

MOST = {"dry run": 12}
"""A dry run passes the points of a LIVE run, and changes files alone."""


@pytest.mark.parametrize("name", kills.PASSAGES)
def test_a_passage_under_fire_ends_where_it_should(an_arena: Arena, name: str) -> None:
    """Every command is killed at each point that is new, and what goes on from there is killed at the next."""
    fire, journey, violations = kills.passage(an_arena, name, most=MOST.get(name, 1000))
    assert (journey.reached, journey.faults, fire.found, violations) == (True, [], [], []), str(journey)
    assert fire.done, "nothing was killed"


@pytest.mark.parametrize("name", kills.ALONE)
def test_a_command_under_fire_is_given_again_until_it_ends(an_arena: Arena, name: str) -> None:
    """The same for commands that no passage has."""
    fire, done, violations = kills.alone(an_arena, name)
    assert (fire.found, violations) == ([], []), str(done)
    assert "Traceback" not in done.err
