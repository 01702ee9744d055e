"""The question of a stop: what is under way from elsewhere, and that a HOLD stands already."""

from datetime import timedelta

import pytest

from console.backend.model.view_models import SwitchState, SwitchView
from console.screens.panic import PanicDialog
from console.widgets.line import plain
from console.widgets.panel import Lines
from tests.screens.conftest import opened
from tests.support.fakes import ARMED, HOLD, NOW, OFF, RUN_ID, FakeBackend


async def _question(backend: FakeBackend, *, read_only: bool = False) -> str:
    async with opened(backend, "ctrl+x", read_only=read_only) as (app, _):
        assert isinstance(app.screen, PanicDialog)
        drawn = (" ".join(plain(spans) for spans in lines.shown) for lines in app.screen.query(Lines))
        return " ".join(" ".join(drawn).split())


@pytest.mark.parametrize(
    ("switch", "words"),
    [
        (OFF, "nothing from this console, and the switch lets nobody write"),
        (ARMED, f"nothing from this console. {RUN_ID} is armed to cut, by anna"),
        (
            ARMED.model_copy(update={"is_taken": True, "by": "otto on db02"}),
            f"nothing from this console. {RUN_ID} works under the switch, to cut, by otto on db02",
        ),
    ],
)
async def test_it_says_what_is_under_way_from_elsewhere(switch: SwitchView, words: str) -> None:
    assert words in await _question(FakeBackend(switch=switch))


async def test_what_was_not_measured_is_not_said_to_be_nothing() -> None:
    assert "NOT KNOWN what others do" in await _question(FakeBackend(down=True))


@pytest.mark.parametrize("read_only", [False, True])
async def test_it_says_that_a_hold_stands_already(read_only: bool) -> None:
    hold = HOLD.model_copy(update={"since": NOW - timedelta(minutes=2), "by": "otto on db02"})
    backend = FakeBackend(switch=hold, read_only=read_only, stopper=read_only)
    assert f"A HOLD stands already, since {hold.since:%Y-%m-%d %H:%M} UTC, by otto on db02." in await _question(
        backend, read_only=read_only
    )
    assert "stands already" not in await _question(FakeBackend(switch=OFF))
    assert hold.state is SwitchState.HOLD
