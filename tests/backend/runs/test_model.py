"""The promises hold under any order of what operators, the sovereign and the world do; the long run is in `make test-rest`."""

from collections.abc import Callable

import pytest

from tests.backend.runs.model import walk
from tests.support.passage import Passage

LONG = [pytest.param(25, 30, seed, marks=pytest.mark.torture) for seed in range(2, 10)]
"""200 sequences of 30 steps, in parts that several workers can take."""


@pytest.mark.longest
@pytest.mark.parametrize(("sequences", "steps", "seed"), [(1, 12, 1), *LONG])
def test_whatever_is_done_in_whatever_order_the_promises_hold(
    at: Callable[[str], Passage], sequences: int, steps: int, seed: int
) -> None:
    walk(at, sequences, steps, seed)
