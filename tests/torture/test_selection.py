"""Names that are written down stand for something: each end of a name for one long test, each move of the walks for a move."""

import subprocess
import sys
from pathlib import Path

from console.backend.model.states import Move
from tests.torture.bars import NOT_WALKED, WORDS
from tests.torture.conftest import IN_EVERY_RUN, LONG

HERE = Path(__file__).parent


def test_each_end_is_that_of_one_test() -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-o", "addopts=", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *(str(HERE / name) for name in LONG)],
        capture_output=True,
        text=True,
        check=True,
        cwd=HERE.parents[1],
    )
    names = [line for line in done.stdout.splitlines() if "::" in line]
    assert {end: sum(name.endswith(end) for name in names) for end in IN_EVERY_RUN} == dict.fromkeys(IN_EVERY_RUN, 1)


def test_the_walk_of_barred_runs_knows_every_move_or_names_it_as_one_that_it_does_not_make() -> None:
    """A move of another name would be passed over, or be called a fault of the product."""
    made = {move for move in Move if move in WORDS or move.startswith("import")}
    assert made | NOT_WALKED == set(Move)
    assert not made & NOT_WALKED
