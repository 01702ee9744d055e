"""Each command on a screen can be typed as it stands: it names the root, if that is not the usual one."""

import re
from collections.abc import Callable

import pytest

from console.widgets.line import plain
from console.widgets.panel import Lines, Panel
from tests.screens.conftest import opened, press
from tests.screens.test_snapshots import DIALOGS, SCENARIOS
from tests.support.fakes import FakeBackend

_ROOT = "/srv/a"
_BARE = re.compile(r"cutter-console (?!--root)[a-z].{0,60}")
_SCREENS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "h", "ctrl+r")
_PLACES: dict[str, tuple[Callable[[], FakeBackend], tuple[tuple[str, ...], ...]]] = {
    name: (make, (keys,)) for name, (make, keys) in DIALOGS.items() if name != "help"
}
_PLACES |= {name: (make, tuple((key,) for key in _SCREENS)) for name, make in SCENARIOS.items()}
"""Keys that lead on from one place to the next. Help is left out: it explains the commands for every root."""


@pytest.mark.parametrize("name", _PLACES)
async def test_each_command_on_a_screen_names_the_root(name: str) -> None:
    make, places = _PLACES[name]
    backend = make()
    backend.root = _ROOT
    async with opened(backend, size=(200, 60)) as (app, pilot):
        for keys in places:
            await press(pilot, *keys)
            widgets = [*app.screen.query(Panel), *app.screen.query(Lines)]
            words = " ".join(" ".join(plain(spans).split()) for widget in widgets for spans in widget.shown)

            assert _BARE.findall(words) == [], keys
