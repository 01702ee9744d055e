"""The promises hold under any order of what operators, the sovereign and the world do; the long run is in `make torture`."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.backend.runs.model import Operators
from tests.support.passage import Passage


@pytest.mark.parametrize(("examples", "steps"), [(2, 15), pytest.param(60, 25, marks=pytest.mark.torture)])
def test_whatever_is_done_in_whatever_order_the_promises_hold(
    at: Callable[[str], Passage], examples: int, steps: int
) -> None:
    class AtThisPause(Operators):
        def __init__(self) -> None:
            super().__init__(at)

    run_state_machine_as_test(
        AtThisPause,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
