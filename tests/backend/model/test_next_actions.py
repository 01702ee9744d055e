"""A next action works as it is printed: a command that is about a run names it."""

from collections.abc import Callable

import pytest

from console.backend.model.errors import Refused, StopCode
from tests.support.passage import Passage

A, B = "ictr-20260101T000000Z-00000000", "ictr-20260101T000000Z-00000001"


@pytest.mark.parametrize(
    ("message", "action", "wanted"),
    [
        (f"run {A} is not at a stage", "See: cutter-console run show RUN", f"See: cutter-console run show {A}"),
        (f"run {A}", "cutter-console arm RUN --confirm RUN", f"cutter-console arm {A} --confirm {A}"),
        (f"{A} and {A}", "show RUN", f"show {A}"),
        (f"{A} and {B}", "show RUN", "show RUN"),
        ("no run is named", "show RUN", "show RUN"),
        (f"run {A}", "Look at PRUNED, RUNS and RUN.", f"Look at PRUNED, RUNS and {A}."),
    ],
)
def test_the_placeholder_is_replaced_by_the_one_run_that_the_message_names(
    message: str, action: str, wanted: str
) -> None:
    assert Refused(StopCode.REFUSED_INPUT, message, action).next_action == wanted


def test_what_the_database_refuses_names_the_run_in_its_command(at: Callable[[str], Passage]) -> None:
    passage = at("waits for SG_1")
    with pytest.raises(Refused) as refused:
        passage.resume()
    assert "RUN" not in refused.value.next_action.split()
    assert passage.run_id in refused.value.next_action
