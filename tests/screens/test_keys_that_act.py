"""A console that only reads names no key, in a sentence or the footer, of an action that it does not have."""

import re

import pytest

from console.actions.action import key_name
from console.actions.actions import ACTIONS, Scope, registry
from console.backend.model.view_models import StopStep, SwitchState, SwitchView
from console.screens.panic import stopped_notice
from console.widgets.panel import Panel
from tests.screens.conftest import opened, press, settle
from tests.screens.dangers import DANGERS, backend_of
from tests.screens.test_dialogs import EVERY_DIALOG
from tests.screens.test_keymap import keys_named, shown
from tests.support.fakes import ARMED, HOLD, FakeBackend

KNOWN = registry(read_only=True, demo=False)
EVERYWHERE = {key_name(key) for action in KNOWN.in_scope(Scope.EVERYWHERE) for key in action.keys}
OF_THE_FAKE = "Import the signed statement: 4, then i"


def keys_without_action(scope: Scope) -> set[str]:
    """The keys that act on this screen in a console that writes, and do nothing in one that only reads."""
    acting = {key_name(key) for action in KNOWN.in_scope(scope) for key in action.keys}
    own = {key_name(key) for action in ACTIONS if action.scope is scope for key in action.keys}
    return own - acting - EVERYWHERE


def named_first(text: str) -> set[str]:
    """The keys that a sentence begins with, or names behind a colon or a semicolon: `K compares`, `Plan a folder: p.`."""
    return {*keys_named(text), *re.findall(r"(?:^|[;:.])\s+([A-Za-z])(?=\s+(?:cannot|[a-z]+s)\b|\.(?:\s|$))", text)}


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
@pytest.mark.parametrize("switch", [None, ARMED, HOLD], ids=["off", "armed", "hold"])
@pytest.mark.parametrize("is_empty", [False, True], ids=["some", "empty"])
async def test_a_console_that_only_reads_names_no_key_that_it_lacks(
    size: tuple[int, int], switch: SwitchView | None, *, is_empty: bool
) -> None:
    backend = FakeBackend() if switch is None else FakeBackend(switch=switch)
    backend.batch_at = "none" if is_empty else "arm"
    async with opened(backend, size=size, read_only=True) as (app, pilot):
        for mode in (app.DEFAULT_MODE, *app.MODES):
            app.switch_mode(mode)
            await settle(pilot)
            await press(pilot, "enter")
            scope = getattr(app.screen, "SCOPE", None)
            if isinstance(scope, Scope):
                text = shown(app).replace(OF_THE_FAKE, "")
                assert not named_first(text) & keys_without_action(scope), (mode, text)


def test_what_a_stop_came_to_ends_each_sentence_once() -> None:
    """A cancelled statement or a path can end with a sign of its own: `socket?.` and `one.;` stood there."""
    steps = (StopStep(what="running statements", done=False, detail="is the server running on that socket?"),)
    whole = SwitchView(state=SwitchState.HOLD, steps=steps, note="Another console cancels one.;")
    in_part = SwitchView(
        state=SwitchState.HOLD, incomplete="the database was not reached on that socket?", note="Later."
    )
    for switch in (whole, in_part):
        sentence = stopped_notice(switch).what
        assert not re.search(r"[.?!;:,][.;:,]", sentence), sentence
        assert sentence.endswith((".", "?"))


@pytest.mark.parametrize("width", [60, 70, 77])
@pytest.mark.parametrize("name", EVERY_DIALOG)
async def test_a_dialog_fits_into_a_window_of_60_columns(name: str, width: int) -> None:
    """What stood behind the edge was not reachable by any key."""
    async with opened(
        backend_of(name) if name in DANGERS else FakeBackend(is_law=True), *EVERY_DIALOG[name], size=(width, 24)
    ) as (
        app,
        _pilot,
    ):
        window, dialog = app.screen.region, app.screen.query_one("#dialog").region
        assert window.contains_region(dialog)
        keys = app.screen.query_one("#dialog-keys")
        assert dialog.contains_region(keys.region)
        body = app.screen.query_one("#dialog-body", Panel)
        assert body.virtual_size.width <= body.size.width
