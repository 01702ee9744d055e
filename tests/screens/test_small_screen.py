"""At 80x24 nothing pushes the next step off the screen, and what is to be pressed is named by its key."""

import pytest
from rich.cells import cell_len
from textual.widgets import Input

from console.actions.actions import Registry, Scope, registry
from console.actions.keys_in_force import keys_alone, put_in_force, with_keys
from console.backend.model.states import Stage
from console.backend.model.view_models import Danger, SwitchState, SwitchView
from console.screens import documents_text, hold_text, run_text
from console.screens.danger import DangerDialog
from console.screens.under_hold import split_by_hold
from console.widgets.bars import KeyBar, TopBar, switch_detail
from console.widgets.line import plain
from console.widgets.narrowing import Needle
from console.widgets.notice import Notice, NoticePanel
from console.widgets.panel import Lines, Panel
from tests.screens.conftest import opened, press, settle
from tests.support.fakes import ARMED, DRY_ID, HOLD, NOW, OFF, RUN_ID, FakeBackend, summary

_LONG = SwitchView(
    **{**dict(HOLD), "reason": "somebody has seen a wrong paragraph, and nobody knows yet where it is from"}
)
_RELEASE = "Find the cause: h. Release the HOLD: h, then H, or: cutter-console hold release --confirm RELEASE"
_TABS = "1234567890"
_REFUSED = (
    *("go_on", "replan", "arm", "enact", "revert", "apply_edit"),
    *("batch_go_on", "batch_without", "batch_arm", "batch_enact"),
)


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
        assert row.endswith(("at pause 1", "at pause 2"))


@pytest.mark.parametrize("in_full", [False, True])
@pytest.mark.parametrize("typed", ["awaiting_cut", "pause"])
def test_a_run_at_a_pause_is_found_by_its_state_in_the_narrow_list_as_in_the_wide_one(
    typed: str, *, in_full: bool
) -> None:
    runs = (summary(Stage.AWAITING_CUT_AUTHORIZATION.value), summary("closeout_reported", run_id=DRY_ID))
    rows = run_text.RunRows().rows(runs, {}, "", NOW, in_full=in_full)
    assert [row.key for row in rows if Needle.of(typed).takes(row)] == [RUN_ID]


async def test_under_a_hold_the_keys_that_it_refuses_are_named_for_after_it() -> None:
    backend = FakeBackend(stage=Stage.AWAITING_LIFECYCLE_AUTHORIZATION, switch=HOLD)
    async with opened(backend, "3") as (app, _pilot):
        lines = [plain(spans) for spans in app.screen.query_one("#run-head", Panel).shown]
        assert [text for text in lines if text.startswith("allowed now")] == ["allowed now  s Statement  "]
        assert [text for text in lines if text.startswith("after it")] == ["after it     E Enact  U Revert  "]
        keys = _text(app.screen.query_one(KeyBar))
        assert "s Statement" in keys
        assert [word for word in ("E Enact", "U Revert") if word in keys] == []


@pytest.mark.parametrize("name", _REFUSED)
def test_each_move_that_the_backend_refuses_under_a_hold_waits_for_its_release(name: str) -> None:
    """`test_what_a_hold_refuses_is_refused_before_anything_else` is the same of the backend."""
    action = registry(read_only=False, demo=False).named(name)
    assert action is not None
    assert split_by_hold((action,), HOLD) == ((), (action,))
    assert split_by_hold((action,), OFF) == split_by_hold((action,), None) == ((action,), ())


def test_what_the_backend_allows_under_a_hold_waits_for_nothing() -> None:
    known = registry(read_only=False, demo=False)
    actions = tuple(action for action in known.actions if action.name in {"void", "draft", "settle", "batch_draft"})
    assert len(actions) == 4
    assert split_by_hold(actions, HOLD) == (actions, ())


@pytest.mark.parametrize(
    ("stage", "displaced", "free", "waiting"),
    [
        (Stage.GRANTS_PROBED, False, ["V Void"], ["g Go on"]),
        (Stage.AWAITING_CUT_AUTHORIZATION, True, ["V Void"], ["p Plan again"]),
    ],
)
async def test_a_run_before_its_cut_does_not_go_on_under_a_hold_and_is_not_planned_again(
    stage: Stage, free: list[str], waiting: list[str], *, displaced: bool
) -> None:
    """`BackendService.resume` and `replan` refuse both; the head offered them as allowed now."""
    async with opened(FakeBackend(stage=stage, displaced=displaced, switch=HOLD), "3") as (app, _pilot):
        lines = [plain(spans) for spans in app.screen.query_one("#run-head", Panel).shown]
        assert [text.split("  ")[1:-1] for text in lines if text.startswith("allowed now")] == [free]
        assert [text.split("  ", 1)[1].strip() for text in lines if text.startswith("after it")] == waiting


async def test_the_answer_to_a_key_that_is_not_allowed_says_the_same_as_the_head_under_a_hold() -> None:
    backend = FakeBackend(stage=Stage.AWAITING_LIFECYCLE_AUTHORIZATION, switch=HOLD)
    async with opened(backend, "3") as (app, pilot):
        await press(pilot, "V")
        assert app.notice.next_action == "Allowed now: s Statement; after the HOLD: E Enact, U Revert"
        backend.switch = OFF
        app.measure()
        await press(pilot, "V")
        assert app.notice.next_action == "Allowed now: s Statement, E Enact, U Revert"


async def test_of_a_batch_too_the_moves_that_a_hold_refuses_are_told_apart() -> None:
    async with opened(FakeBackend(batch_at="arm", switch=HOLD), "7", size=(120, 40)) as (app, pilot):
        head = _text(app.screen.query_one("#batch-head", Panel))
        assert "after the HOLD A Arm" in head
        assert "A Arm" not in head.partition("allowed ")[2].partition("after the HOLD")[0]
        await press(pilot, "E")
        assert app.notice.next_action.endswith("; after the HOLD: A Arm")
        assert "A Arm" not in app.notice.next_action.partition(";")[0]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_of_a_batch_too_the_next_step_waits_for_the_release_of_a_hold(size: tuple[int, int]) -> None:
    """At 80x24 the head has no list of the moves, and offered to arm under the HOLD."""
    backend = FakeBackend(batch_at="arm", switch=HOLD)
    async with opened(backend, "7", size=size) as (app, pilot):
        head, keys = app.screen.query_one("#batch-head", Panel), app.screen.query_one(KeyBar)
        assert "Next after the release of the HOLD (h): A, or: cutter-console arm ictb-" in _text(head)
        assert "A Arm" not in _text(keys)
        assert "w Report" in _text(keys)
        backend.switch = OFF
        app.measure()
        await settle(pilot)
        assert "Next A, or: cutter-console arm ictb-" in _text(head)
        assert "A Arm" in _text(keys)


async def test_under_a_hold_a_batch_with_a_failed_document_names_no_key_that_goes_on_without_it() -> None:
    backend = FakeBackend(batch_at="failed", switch=HOLD)
    async with opened(backend, "7") as (app, pilot):
        head = app.screen.query_one("#batch-head", Panel)
        assert "stopped " in _text(head)
        assert "goes on without" not in _text(head)
        backend.switch = OFF
        app.measure()
        await settle(pilot)
        assert "goes on without" in _text(head)


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


async def test_a_wrong_text_that_is_taken_back_because_something_has_moved_does_not_hide_that_it_has() -> None:
    """Emptying the field counted as a correction by the operator, and put the first demand in the place of the warning."""
    backend = FakeBackend(stage=Stage.AWAITING_CUT_AUTHORIZATION)
    async with opened(backend, "3", "A") as (app, pilot):
        demand = app.screen.query_one("#demand", Lines)
        await press(pilot, "x", "ctrl+y")
        assert _text(demand).startswith("The text differs.")
        before = backend.brief(Danger.ARM, RUN_ID)
        backend.brief = lambda *_: before.model_copy(update={"n_units": 8})  # type: ignore[method-assign]
        backend.switch = ARMED
        app.measure()
        await settle(pilot)
        assert app.screen.query_one("#confirm", Input).value == ""
        assert _text(demand).startswith("What is shown has changed.")
        await press(pilot, "x")
        assert _text(demand).startswith("What is shown has changed.")


async def test_a_reason_in_wide_letters_leaves_the_badge_where_it_is() -> None:
    switch = SwitchView(**{**dict(HOLD), "reason": "法律错误"})
    async with opened(FakeBackend(switch=switch), read_only=True, demo=True) as (app, pilot):
        for key in _TABS:
            await press(pilot, key)
            shown = [plain(spans) for spans in app.screen.query_one(TopBar).shown]
            assert max(cell_len(text) for text in shown) <= 80
            beside = next(text for text in shown if "法律错误" in text)
            assert beside.endswith(" HOLD")
            assert cell_len(beside) == 80


@pytest.mark.parametrize("switch", [HOLD, ARMED])
def test_the_line_of_an_old_measurement_says_so_in_words(switch: SwitchView) -> None:
    status = FakeBackend(switch=switch).status()
    assert not plain(switch_detail(status, "", 200)).startswith(" last measured:")
    old = plain(switch_detail(status, "14 s ago, NOT CURRENT", 200))
    assert old == f" last measured:{plain(switch_detail(status, '', 200))}"


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


def test_a_command_stays_where_what_stands_before_it_is_no_key_that_does_the_same() -> None:
    disarm = "Let the run end, or: cutter-console disarm"
    assert keys_alone(disarm) == disarm
    assert keys_alone(with_keys(disarm, registry(read_only=False, demo=False))) == "Let the run end, or: 1, then o"
    assert keys_alone(with_keys(disarm, registry(read_only=True, demo=False))) == disarm
    for place in ("--root /srv/cutter", "--root '/srv/of two'", "-P abroad"):
        assert keys_alone(f"Start the cut: 3, then g, or: cutter-console {place} run resume RUN") == (
            "Start the cut: 3, then g"
        )
        elsewhere = f"Let the run end, or: cutter-console {place} disarm"
        assert keys_alone(elsewhere) == elsewhere
    of_another = "Release it: 3, then g, or: cutter-console disarm"
    assert keys_alone(of_another) == of_another


def test_a_command_is_left_out_behind_the_key_that_the_operator_has_given_it() -> None:
    known = put_in_force(registry(read_only=False, demo=False).with_keys({"arm": ("f7",)}))
    try:
        step = with_keys("next: cutter-console arm RUN --confirm RUN", known)
        assert keys_alone(step) == "next: 3, then F7"
    finally:
        put_in_force(registry(read_only=False, demo=False))


@pytest.mark.parametrize(
    ("known", "end"),
    [
        (registry(read_only=False, demo=False), "Find the cause; then H releases."),
        (
            registry(read_only=False, demo=False).with_keys({"hold_release": ("f9",)}),
            "Find the cause; then F9 releases.",
        ),
        (registry(read_only=True, demo=False), "Find the cause; then release."),
    ],
)
def test_the_screen_of_the_hold_says_with_which_key_it_is_released(known: Registry, end: str) -> None:
    view = FakeBackend(switch=HOLD, nothing_held=True).hold()
    assert view.switch.state is SwitchState.HOLD
    assert not view.unsettled
    assert not view.release.open_checks
    lines = hold_text.head(view, NOW, 76, str, known.named("hold_release"))
    assert " ".join(" ".join(plain(spans) for spans in lines).split()).endswith(end)


@pytest.mark.parametrize("read_only", [False, True])
async def test_only_a_console_that_can_release_names_the_key_on_the_screen_of_the_hold(*, read_only: bool) -> None:
    backend = FakeBackend(switch=HOLD, nothing_held=True, read_only=read_only)
    async with opened(backend, "h", read_only=read_only) as (app, _pilot):
        shown = " ".join(_text(panel) for panel in app.screen.query(Panel))
        assert "Find the cause; then" in shown
        assert ("H releases" in shown) is not read_only


def test_a_plan_without_problems_is_not_said_to_have_a_wrong_prefix() -> None:
    plan = FakeBackend().plan("file:bdsg_2018.md", "BDSG-2018", "de-law", ordinals=False)
    assert not plan.problems
    assert "prefix" not in documents_text.how_to_correct(plan)


def test_what_completes_a_stop_is_printed_for_this_installation() -> None:
    """Typed as it stands, the command without the root would stop another installation."""
    switch = HOLD.model_copy(
        update={"in_database": False, "incomplete": "the database has no HOLD", "complete_with": "cutter-console panic"}
    )
    view = FakeBackend(switch=HOLD, nothing_held=True).hold().model_copy(update={"switch": switch})

    def full(command: str) -> str:
        return f"{command} --root /srv/rules"

    for lines in (hold_text.head(view, NOW, 76, full), hold_text.stopped(view, None, full, 76)):
        shown = " ".join(" ".join(plain(spans) for spans in lines).split())
        assert "Next: cutter-console panic --root /srv/rules" in shown
