"""Three thousand random events: nothing ends the console but quitting, and nothing is written without the typed text."""

import pytest

from tests.screens.fuzz import KINDS, run_episode

QUICK = 12
"""Episodes: each kind in each of the three states; with the numbers of events below they are 3,000 events. `make test` takes the first one."""
SEED = "quick"


@pytest.mark.parametrize("number", range(QUICK))
def test_nothing_at_random_ends_the_console_or_writes_without_the_typed_text(number: int) -> None:
    """The seed and the episode's number stand in the failure, with the command that repeats it."""
    if KINDS[number % len(KINDS)] == "bytes":
        results = [run_episode(SEED, number)]
    else:
        results = [run_episode(SEED, number), run_episode(f"{SEED} more", number, 27)]

    assert [f"{result.repeat}\n{result.failure}" for result in results if result.failure] == []
    assert sum(result.events for result in results) >= 170
