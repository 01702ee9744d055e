"""Real processes at the same thing: one wins or none, nobody is told a lie or shown a traceback, and nothing is half done."""

from random import Random

import pytest

from tests.torture import races
from tests.torture.arena import Arena

SEED = 20260102


@pytest.mark.parametrize("name", races.RACES)
def test_a_race_leaves_all_or_nothing(an_arena: Arena, name: str) -> None:
    """Each race once; what is left comes to rest by the moves that are offered."""
    race = races.run(an_arena, name, Random(f"{SEED} {name}"))
    assert race.wrong == [], str(race)
