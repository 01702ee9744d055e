"""Each command on a screen can be typed as it stands: it names the root, if that is not the usual one."""

import re

import pytest

from console.widgets.line import plain
from console.widgets.panel import Lines, Panel
from tests.screens.conftest import opened
from tests.screens.test_snapshots import DIALOGS, SCENARIOS, SCREENS
from tests.support.fakes import FakeBackend

_ROOT = "/srv/a"
_BARE = re.compile(r"cutter-console (?!--root)[a-z].{0,60}")
_SHOWN = {name: (make, keys) for name, (make, keys) in DIALOGS.items() if name != "help"}
_PLACES = {
    **_SHOWN,
    **{
        f"{scenario}-{screen}": (make, (key,))
        for scenario, make in SCENARIOS.items()
        for screen, key in SCREENS.items()
    },
    **{
        f"{scenario}-{key}": (make, (key,))
        for scenario, make in SCENARIOS.items()
        for key in ("5", "6", "7", "8", "9", "0", "h", "ctrl+r")
    },
}
"""Help is left out: it explains the commands for every root."""


@pytest.mark.parametrize("place", _PLACES)
async def test_each_command_on_a_screen_names_the_root(place: str) -> None:
    make, keys = _PLACES[place]
    backend: FakeBackend = make()
    backend.root = _ROOT
    async with opened(backend, *keys, size=(200, 60)) as (app, _pilot):
        widgets = [*app.screen.query(Panel), *app.screen.query(Lines)]
        words = " ".join(" ".join(plain(spans).split()) for widget in widgets for spans in widget.shown)

    assert _BARE.findall(words) == []
