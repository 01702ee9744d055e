"""Real processes at the same thing: one wins or none, nobody is told a lie or shown a traceback, and nothing is half done."""

from random import Random

import pytest

from tests.torture import judging, races
from tests.torture.arena import Arena
from tests.torture.operator import Operator

SEED = 20260102


@pytest.mark.parametrize("name", races.RACES)
def test_a_race_leaves_all_or_nothing(an_arena: Arena, name: str) -> None:
    """Each race once; what is left comes to rest by the moves that are offered."""
    race = races.run(an_arena, name, Random(f"{SEED} {name}"))
    assert race.wrong == [], str(race)


_WRITTEN = """
    SELECT r.origin FROM cutter_governance.manifest_seal s JOIN cutter_governance.run r USING (run_id)
     WHERE r.operation = 'amend'
"""
_RIVAL = "SELECT run_id FROM cutter_governance.run WHERE origin = 'file:rival.md'"


@pytest.mark.parametrize("number", range(3))
def test_of_two_amendments_of_one_document_exactly_one_has_drafts(an_arena: Arena, number: int) -> None:
    """Both are signed; while one is cut, or has been, the other is refused, and nothing of it is written."""
    race = races.run(an_arena, "amend: cut and cut of another", Random(f"{SEED} {number}"))
    assert race.wrong == [], str(race)
    journey = Operator(an_arena).reach("amend: waits for SG_2")
    assert journey.reached, str(journey)

    rival = str(an_arena.rows(_RIVAL)[0][0])
    done = [an_arena.run("arm", rival, "--confirm", rival), an_arena.run("run", "resume", rival)]
    an_arena.run("disarm")
    an_arena.settle()

    assert done[-1].status in {4, 5}, str(done[-1])
    assert an_arena.rows(_WRITTEN) == [("file:revised.md",)]
    assert judging.violations(an_arena) == []
