"""Killed at every point where something changes, one after the other, each recovery killed in its turn."""

from random import Random

import pytest

from tests.torture import judging, kills
from tests.torture.arena import DOCPREFIX, Arena, Done
from tests.torture.launch import EFFECTS, INTERFERENCES
from tests.torture.operator import Operator

SEED = 20260103
MOST = {"dry run": 12}
"""A dry run passes the points of a LIVE run, and changes files alone."""


MOST_ATTEMPTS = 4
"""Passages in which an interference may come where it meets nobody."""


@pytest.mark.parametrize("name", kills.PASSAGES)
def test_a_passage_under_fire_ends_where_it_should(an_arena: Arena, name: str) -> None:
    """Every command is killed at each point that is new, and what goes on from there is killed at the next."""
    fire, journey, violations = kills.passage(an_arena, name, most=MOST.get(name, 1000))
    assert (journey.reached, journey.faults, fire.found, violations) == (True, [], [], []), str(journey)
    assert fire.done, "nothing was killed"


def test_there_are_points_enough(an_arena: Arena) -> None:
    """The names of the points of one passage, as a recording lists them, are many and are those of what it does."""
    names: set[str] = set()

    def recorded(*words: str) -> Done:
        done = an_arena.run(*words, record=True)
        names.update(done.hits)
        return done

    for stage, goal in (("dry run done", "enacted"), ("waits for SG_2", "reverted"), ("waits for SG_1", "voided")):
        judging.at(an_arena, stage)
        assert Operator(an_arena, command=recorded).reach(goal).reached
    effects = {name for name in names if name.partition(" ")[0] in EFFECTS}
    assert len(names) >= 300
    assert len(effects) >= 80
    for what in ("commit cut_leg_a", "write journal intent", "rename", "--format=custom", "link", "call"):
        assert any(what in name for name in effects), what


@pytest.mark.parametrize(("moment", "name"), kills.QUICK_SIGNALS)
def test_a_signal_ends_a_command_and_closes_the_switch(an_arena: Arena, moment: str, name: str) -> None:
    """A cancelled statement and a ROLLBACK, or the COMMIT that was under way; the exit status that is documented."""
    done, wrong = kills.signalled(an_arena, moment, name)
    assert wrong == [], str(done)


@pytest.mark.parametrize("name", kills.ALONE)
def test_a_command_under_fire_is_given_again_until_it_ends(an_arena: Arena, name: str) -> None:
    """The same for commands that no passage has."""
    fire, done, violations = kills.alone(an_arena, name)
    assert (fire.found, violations) == ([], []), str(done)
    assert "Traceback" not in done.err


@pytest.mark.parametrize("goal", ["waits for SG_1", "batch: waits for SG_2"])
def test_a_program_that_is_killed_while_it_is_imported_has_said_nothing_and_goes_on(an_arena: Arena, goal: str) -> None:
    """In an interpreter of its own, as it is installed; the next command finds nothing in its way."""
    passage = judging.stage_before(goal), goal
    shot = kills.at_random(an_arena, Random(f"{SEED} {goal}"), (passage,), kills.in_an_import)
    assert shot.faults == [], shot.killed
    assert shot.killed, "nothing was killed"


@pytest.mark.parametrize("what", INTERFERENCES)
@pytest.mark.parametrize("name", ["start", "arm and cut", "second ruling and enactment", "revert"])
def test_what_happens_outside_is_answered(an_arena: Arena, name: str, what: str) -> None:
    """Whatever happens to server and disk at some points: a named outcome each time, and the goal in the end."""
    for attempt in range(MOST_ATTEMPTS):
        shot = kills.interfered(an_arena, name, what, Random(f"{SEED} {name} {what}{' again' * attempt}"), most=3)
        assert shot.faults == [], shot.killed
        if shot.killed and (shot.traces or what not in kills.TRACES):
            return
        # No point was reached, or it was behind the last write or session that this could have met.
    raise AssertionError(f"nothing was reached, or the log has nothing of it: {shot.killed}")


@pytest.mark.parametrize("where", kills.IN_THE_BACKUP)
def test_a_session_that_ends_during_the_backup_is_answered(an_arena: Arena, where: str) -> None:
    """The server ends it while tables are measured and dumped: a named outcome, and the run goes on afterwards."""
    judging.at(an_arena, "dry run done")
    words = ("run", "start", str(an_arena.root / "intake/law.md"), "--docprefix", DOCPREFIX, "--live")
    done = an_arena.run(
        *words, kill={"at": where, "side": "after", "interfere": "sessions terminated", "dsn": an_arena.dsn}
    )
    assert done.killed, f"no point like {where} was reached"
    assert "Traceback" not in done.err, done.err
    assert done.status in kills.ANSWERS, str(done)
    journey = Operator(an_arena).reach("waits for SG_1")
    assert journey.reached, str(journey)
