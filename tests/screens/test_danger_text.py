"""How the checks of a dangerous dialog are counted: what allows it with notes is named, and is no refusal."""

import pytest

from console.backend.model.outcome import Check, Outcome
from console.backend.model.view_models import Danger
from console.screens.danger_text import briefing_lines
from console.widgets.line import Span, plain
from tests.support.fakes import RUN_ID, FakeBackend

_NOTED = Check(name="PRE-7 tests", outcome=Outcome.PARTIAL, detail="no test run recorded; allowed explicitly")
_STOPS = Check(name="backup", outcome=Outcome.FAIL, detail="none")


def _checks_of(*more: Check) -> tuple[str, Span]:
    """Return the line of the checks up to the names of those that are PASS, and its count."""
    confirmation = FakeBackend().brief(Danger.ARM, RUN_ID)
    confirmation = confirmation.model_copy(update={"checks": (*confirmation.checks, *more)})
    lines = briefing_lines(confirmation, lambda text: text, 76)
    row = next(spans for spans in lines if plain(spans).startswith("checks "))
    return plain(row).removeprefix("checks   ").partition(":")[0], next(span for span in row if " of " in span.text)


@pytest.mark.parametrize(
    ("more", "words", "tone"),
    [
        ((), "2 of 2 PASS", "good"),
        ((_NOTED,), "2 of 3 PASS, PRE-7 tests PARTIAL", "warn"),
        ((_NOTED, _STOPS), "2 of 4 PASS, PRE-7 tests PARTIAL", "bad"),
    ],
    ids=["passed", "noted", "stopped"],
)
def test_the_count_is_red_only_if_a_check_stops_the_action(more: tuple[Check, ...], words: str, tone: str) -> None:
    """The words "13 of 14 PASS" were red where nothing stopped, and which one it was stood below the first page at 80x24."""
    shown, count = _checks_of(*more)
    assert (shown, count.tone) == (words, tone)
