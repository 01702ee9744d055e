"""At 80x24 nothing pushes the next step off the screen, and what is to be pressed is named by its key."""

import pytest

from console.actions.actions import Scope, registry
from console.actions.keys_in_force import keys_alone, with_keys
from console.backend.model.states import Stage
from console.backend.model.view_models import SwitchState, SwitchView
from console.screens import hold_text, run_text
from console.screens.danger import DangerDialog
from console.widgets.bars import KeyBar, TopBar
from console.widgets.line import plain
from console.widgets.notice import Notice, NoticePanel
from console.widgets.panel import Lines, Panel
from tests.screens.conftest import opened, press, settle
from tests.support.fakes import ARMED, HOLD, NOW, RUN_ID, FakeBackend, summary

_LONG = SwitchView(
    **{**dict(HOLD), "reason": "somebody has seen a wrong paragraph, and nobody knows yet where it is from"}
)
_RELEASE = "Find the cause: h. Release the HOLD: h, then H, or: cutter-console hold release --confirm RELEASE"
_TABS = "1234567890"


def _text(widget: Lines | Panel) -> str:
    return " ".join(" ".join(plain(spans) for spans in widget.shown).split())


@pytest.mark.parametrize("switch", [HOLD, _LONG, ARMED])
async def test_what_waits_keeps_its_first_lines_whatever_the_switch_has_to_say(switch: SwitchView) -> None:
    """Under a HOLD its panel had no line at all: the reason and the command that releases stood there."""
    async with opened(FakeBackend(switch=switch)) as (app, _pilot):
        waiting, body = app.screen.query_one("#waiting", Panel), app.screen.query_one("#body")
        assert waiting.region.bottom <= body.region.bottom
        assert waiting.scrollable_content_region.height >= 3
        assert "You may" in _text(waiting) or "A run writes" in _text(waiting)


async def test_beside_the_notice_of_a_stop_the_overview_still_says_what_waits_and_the_run_its_phases() -> None:
    async with opened(FakeBackend(stage=Stage.AWAITING_LIFECYCLE_AUTHORIZATION), "3") as (app, pilot):
        await press(pilot, "ctrl+x", "s")
        assert app.notice.next_action.endswith("cutter-console hold release --confirm RELEASE")
        assert app.screen.query_one("#phases").region.height > 2
        await press(pilot, "1")
        assert app.screen.query_one("#waiting", Panel).scrollable_content_region.height >= 1


@pytest.mark.parametrize(("size", "is_whole"), [((80, 24), False), ((120, 40), True)])
async def test_a_notice_names_the_keys_and_where_there_are_lines_the_command_too(
    size: tuple[int, int], *, is_whole: bool
) -> None:
    async with opened(FakeBackend(), size=size) as (app, pilot):
        app.give_notice(Notice("done", "Stopped.", "", _RELEASE, stays=True))
        await settle(pilot)
        shown = app.screen.query_one(NoticePanel).notice.next_action
        assert shown.startswith("Find the cause: h. Release the HOLD: h, then H")
        assert ("cutter-console" in shown) is is_whole


async def test_every_screen_says_who_stopped_everything_when_and_why() -> None:
    async with opened(FakeBackend(switch=HOLD)) as (app, pilot):
        for key in _TABS:
            await press(pilot, key)
            bar = _text(app.screen.query_one(TopBar))
            assert HOLD.since is not None
            assert f"HOLD by {HOLD.by} since {HOLD.since:%Y-%m-%d %H:%M} UTC: {HOLD.reason}"[:60] in bar


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_every_screen_says_for_which_run_the_switch_is_armed(size: tuple[int, int]) -> None:
    async with opened(FakeBackend(switch=ARMED), size=size) as (app, pilot):
        for key in _TABS:
            await press(pilot, key)
            bar = app.screen.query_one(TopBar)
            assert f"armed for {RUN_ID} to {ARMED.purpose}" in _text(bar)
            assert len(bar.shown) == 3
            assert max(len(plain(spans)) for spans in bar.shown) <= size[0]


def test_no_state_of_a_pause_is_cut_off_in_a_row_of_80_columns() -> None:
    for stage in (Stage.AWAITING_CUT_AUTHORIZATION, Stage.AWAITING_LIFECYCLE_AUTHORIZATION):
        row = plain(run_text.run_row(summary(stage.value)))
        assert len(row) <= 76
        assert row.endswith(("waits for SG_1", "waits for SG_2"))


async def test_under_a_hold_the_keys_that_it_refuses_are_named_for_after_it() -> None:
    backend = FakeBackend(stage=Stage.AWAITING_LIFECYCLE_AUTHORIZATION, switch=HOLD)
    async with opened(backend, "3") as (app, _pilot):
        lines = [plain(spans) for spans in app.screen.query_one("#run-head", Panel).shown]
        assert [text for text in lines if text.startswith("allowed now")] == ["allowed now  s Statement  "]
        assert [text for text in lines if text.startswith("after it")] == ["after it     E Enact  U Revert  "]


async def test_what_was_wrong_with_a_typed_id_is_not_said_of_the_next_letter() -> None:
    """`The text differs` stood above the right id."""
    backend = FakeBackend(stage=Stage.AWAITING_CUT_AUTHORIZATION)
    async with opened(backend, "3", "A") as (app, pilot):
        assert isinstance(app.screen, DangerDialog)
        demand = app.screen.query_one("#demand", Lines)
        first = _text(demand)
        await press(pilot, "x", "ctrl+y")
        assert _text(demand).startswith("The text differs.")
        await press(pilot, "backspace")
        assert _text(demand) == first


async def test_in_a_field_the_footer_names_the_keys_that_act_there() -> None:
    async with opened(FakeBackend(), "2") as (app, pilot):
        keys = app.screen.query_one(KeyBar)
        before = _text(keys)
        assert "p Plan" in before
        await press(pilot, "f")
        assert _text(keys) == "^X STOP Enter plan Tab next field Esc leave the field"
        await press(pilot, "escape")
        assert _text(keys) == before


async def test_the_progress_of_an_operation_does_not_move_the_screen_when_its_line_gets_longer() -> None:
    async with opened(FakeBackend(), "3") as (app, pilot):
        heights = set()
        for words in ("Resuming", "Resuming " * 12):
            app.give_notice(Notice("working", words.strip()))
            await settle(pilot)
            heights.add(app.screen.query_one(NoticePanel).region.height)
        assert len(heights) == 1


def test_a_command_at_the_end_of_a_sentence_gets_its_keys_and_can_be_left_out() -> None:
    known = registry(read_only=False, demo=False)
    sentence = "SG_1 is imported; next: cutter-console arm RUN --confirm RUN"
    there = with_keys(sentence, known)
    assert there == "SG_1 is imported; next: 3, then A, or: cutter-console arm RUN --confirm RUN"
    assert keys_alone(with_keys(sentence, known, Scope.RUN)) == "SG_1 is imported; next: A"
    for text in ("the sovereign's signature", "next: cutter-console verify-nothing RUN", ""):
        assert with_keys(text, known) == keys_alone(text) == text
    # A console that only reads has no such key: the command stays.
    assert with_keys(sentence, registry(read_only=True, demo=False)) == sentence


def test_the_screen_of_the_hold_says_with_which_key_it_is_released() -> None:
    view = FakeBackend(switch=HOLD).hold()
    release = registry(read_only=False, demo=False).named("hold_release")
    assert view.switch.state is SwitchState.HOLD
    lines = " ".join(" ".join(plain(spans) for spans in hold_text.head(view, NOW, 76, release)).split())
    assert "decision" not in lines
    assert "H releases" in lines or "not possible yet" in lines or "first" in lines
