"""The screens do not contradict the switch: notices, heads, keys and lists follow what is so now."""

import threading
from functools import partial
from pathlib import Path

import pytest

from console.actions.actions import registry
from console.app.application import ConsoleApp
from console.backend.model.bars import Bar
from console.backend.model.errors import Refused, StopCode
from console.backend.model.full_command import full_command
from console.backend.model.outcome import Outcome
from console.backend.model.states import Family, Mode, RunState, Stage
from console.backend.model.view_models import (
    Confirmation,
    CountView,
    Danger,
    OnProgress,
    OnStep,
    PhaseStatus,
    Progress,
    RunSummary,
    RunView,
    Status,
    StopStep,
    SwitchState,
    SwitchView,
    WaitView,
    untold,
)
from console.screens import overview_text, run_text
from console.screens.approvals import ApprovalsScreen
from console.screens.danger import DangerDialog
from console.widgets.bars import TopBar
from console.widgets.line import plain
from console.widgets.notice import Notice, NoticePanel
from console.widgets.panel import Panel
from console.widgets.rows import Rows
from tests.screens.conftest import Clock, opened, press, settle, until
from tests.support.fakes import ARMED, DRY_ID, HOLD, NOW, OFF, RUN_ID, TARGET, FakeBackend

DENIED = Refused(StopCode.EXECUTION_DISABLED, "the switch is OFF", "Arm it: A")


def _shown(app: ConsoleApp, panel: str) -> str:
    return "\n".join(plain(spans) for spans in app.screen.query_one(f"#{panel}", Panel).shown)


def _rows(app: ConsoleApp, name: str) -> list[str]:
    found = app.screen.query_one(f"#{name}", Rows)
    return [plain(found.row(index)) for index in range(found.row_count)]


def _bar(app: ConsoleApp) -> str:
    return "\n".join(plain(spans) for spans in app.screen.query_one(TopBar).shown)


async def test_the_notice_of_a_stop_goes_when_the_hold_is_released_also_elsewhere() -> None:
    """It stood for a quarter of an hour on every screen, saying HOLD, after the release."""
    backend = FakeBackend()
    async with opened(backend, "ctrl+x", "s") as (app, pilot):
        assert app.notice.what.startswith("Stopped. The switch is HOLD.")
        await press(pilot, "r")
        assert app.notice.what.startswith("Stopped. The switch is HOLD.")
        backend.switch = OFF
        await press(pilot, "r")
        assert app.notice.kind == "none"


async def test_a_measurement_from_before_the_stop_does_not_take_its_notice_away() -> None:
    backend, clock = FakeBackend(), Clock()
    async with opened(backend, clock=clock) as (app, pilot):
        before = app.status
        assert before is not None
        clock.forward(seconds=5)
        await press(pilot, "ctrl+x", "s")
        app._measured(before)
        assert app.notice.what.startswith("Stopped.")


@pytest.mark.parametrize(("rows", "lines"), [(24, 4), (34, 6)])
async def test_what_a_stop_has_come_to_is_shown_to_its_last_word_at_80_columns(rows: int, lines: int) -> None:
    """The command that releases the HOLD was cut off in its middle, without a sign of it."""
    what = "Stopped. The switch is HOLD. Running statements: none was running. 44 units of DEMO-POLICY were committed "
    what += "before as drafts, and are still there; the run is at pause 2 (SG_2)."
    root = "/tmp/cutter-demo-15941-2331671-oujsexqw/root"
    then = f"Find the cause: h. Release the HOLD: h, then H, or: cutter-console --root {root} hold release --confirm RELEASE"
    async with opened(FakeBackend(), size=(80, rows)) as (app, pilot):
        app.give_notice(Notice("done", what, "", then, stays=True))
        await settle(pilot)
        panel = app.screen.query_one(NoticePanel)
        assert panel.size.height == panel.get_content_height(panel.size, app.size, panel.size.width) == lines


async def test_the_result_of_an_operation_ends_with_the_screen_on_which_it_was_read() -> None:
    """It took four rows of the 24 on every screen until Esc was pressed."""
    async with opened(FakeBackend(switch=ARMED), "o") as (app, pilot):
        assert app.notice.what == "The switch is OFF."
        await press(pilot, "1", "r")
        assert app.notice.what == "The switch is OFF."
        await press(pilot, "3")
        assert app.notice.kind == "none"
        assert not app.screen.query_one(NoticePanel).display


async def test_a_result_that_waits_behind_a_refusal_outlasts_the_screen_on_which_it_was_not_read() -> None:
    async with opened(FakeBackend()) as (app, pilot):
        app.give_notice(Notice("done", "Run X is armed."))
        app.give_notice(Notice("refused", "No."))
        app.give_notice(Notice("done", "Run X is voided."))
        assert app.notice.what == "No."
        await press(pilot, "2", "escape")
        assert app.notice.what == "Run X is voided."


async def test_the_result_of_an_operation_goes_along_to_help() -> None:
    async with opened(FakeBackend(switch=ARMED), "o") as (app, pilot):
        app.show_guide("STOP_DRIFT")
        await settle(pilot)
        assert app.notice.what == "The switch is OFF."


async def test_what_still_waits_for_somebody_goes_along_to_the_next_screen() -> None:
    """A stop, a refusal, and a result that is renewed until it is no longer so."""
    renewed = Notice("done", "Run X is handed over, in /tmp/x.", of_run=RUN_ID, renewed=lambda _: None)
    for notice in (renewed, Notice("refused", "No."), Notice("done", "Stopped.", stays=True)):
        async with opened(FakeBackend()) as (app, pilot):
            app.give_notice(notice)
            app.action_documents()
            await pilot.pause()
            assert app.notice.what == notice.what


async def test_a_refusal_shows_at_once_with_its_time_whatever_else_stands_there() -> None:
    backend = FakeBackend()
    async with opened(backend, "ctrl+x", "s") as (app, pilot):
        backend.stage = Stage.CLOSEOUT_REPORTED
        await press(pilot, "3", "A")
        panel = app.screen.query_one(NoticePanel)
        assert "Not allowed while the run is closeout_reported" in panel.notice.what
        assert str(panel.border_title) == "Not done at 14:03:00 UTC"
        await press(pilot, "escape")
        assert app.notice.what.startswith("Stopped.")


async def test_a_refusal_is_not_covered_by_the_progress_of_something_else() -> None:
    gate = threading.Event()
    backend = FakeBackend(gate=gate)
    async with opened(backend, "2", "p") as (app, pilot):
        await pilot.press("d", "d")
        await pilot.pause()
        assert "still in progress" in app.notice.what
        app.show_progress(backend.progress[0] if backend.progress else _step())
        assert "still in progress" in app.notice.what
        await pilot.press("escape")
        assert app.notice.kind == "working"


def _step() -> Progress:
    return Progress(step="units", done=1, total=2)


async def test_a_failed_measurement_hides_no_refusal_and_is_taken_away_by_the_next_that_succeeds() -> None:
    backend = FakeBackend()
    async with opened(backend) as (app, pilot):
        backend.unreachable_status = True
        await press(pilot, "r")
        assert app.notice.what.startswith("Measuring")
        app.give_notice(_no())
        await press(pilot, "r")
        assert app.notice.what == "No."
        await press(pilot, "escape")
        assert app.notice.what.startswith("Measuring")
        backend.unreachable_status = False
        await press(pilot, "r")
        assert app.notice.kind == "none"


def _no() -> Notice:
    return Notice("refused", "No.", "STOP_LOCKED", "Wait")


async def test_armed_the_screens_say_until_when_and_with_which_key_it_goes_on() -> None:
    async with opened(FakeBackend(switch=ARMED)) as (app, pilot):
        assert "ARMED to 14:16" in _bar(app)
        await pilot.resize_terminal(120, 40)
        await settle(pilot)
        assert "switch ARMED until 14:16 UTC" in _bar(app)
        assert "armed until 14:16 UTC, g to cut (3): cutter-console run resume" in _shown(app, "waiting").replace(
            "\n", " "
        )
        await press(pilot, "3")
        assert "armed until 14:16 UTC, g to cut" in _shown(app, "run-head")
        assert "then the armed switch" not in _shown(app, "run-head")


@pytest.mark.parametrize(
    ("purpose", "key"), [("cut", "g to cut"), ("enact", "to enact: in progress"), ("revert", "to revert: in progress")]
)
def test_only_a_cut_waits_for_a_key_where_the_switch_is_armed(purpose: str, key: str) -> None:
    switch = ARMED.model_copy(update={"purpose": purpose})
    assert run_text.armed_words(RUN_ID, switch) == f"armed until 14:16 UTC, {key}"
    assert "g to" not in run_text.armed_words(RUN_ID, switch, has_key=False)
    assert run_text.armed_words("ictr-another", switch) == ""
    assert run_text.armed_words(RUN_ID, OFF) == ""


async def test_armed_elsewhere_the_key_is_judged_by_the_state_as_it_is_and_not_as_it_was_drawn() -> None:
    """`g` was refused until `r` had been pressed."""
    backend = FakeBackend()
    async with opened(backend, "3") as (app, pilot):
        assert "g " not in _shown(app, "run-head").splitlines()[-1]
        backend.switch = ARMED
        await press(pilot, "g")
        assert f"resume {RUN_ID}" in backend.calls
        backend.switch = OFF
        backend.calls.clear()
        await press(pilot, "g")
        assert app.notice.kind == "refused"
        assert f"resume {RUN_ID}" not in backend.calls


async def test_what_was_done_elsewhere_shows_with_the_next_refresh() -> None:
    """Armed, held, and gone on by another console or a command."""
    backend = FakeBackend()
    async with opened(backend, "3") as (app, pilot):
        backend.switch, backend.stage = ARMED, Stage.AWAITING_CUT_AUTHORIZATION
        app.measure()
        await settle(pilot)
        assert "armed until" in _shown(app, "run-head")
        assert "g " in _shown(app, "run-head").splitlines()[-1]
        assert "A Arm" not in _shown(app, "run-head")
        backend.switch, backend.stage = HOLD, Stage.AWAITING_LIFECYCLE_AUTHORIZATION
        app.measure()
        await settle(pilot)
        assert " HOLD" in _bar(app)
        assert "awaiting_lifecycle_authorization" in _shown(app, "run-head")
        assert "at pause 2" in _rows(app, "runs")[0]


async def test_a_dangerous_key_for_what_is_no_longer_legal_opens_no_dialog() -> None:
    backend = FakeBackend()
    async with opened(backend, "3") as (app, pilot):
        backend.stage = Stage.CLOSEOUT_REPORTED
        await press(pilot, "V")
        assert not isinstance(app.screen, DangerDialog)
        assert "law since 2026-03-01" in _shown(app, "run-head")


async def test_a_dangerous_key_twice_opens_one_dialog() -> None:
    async with opened(FakeBackend(), "3") as (app, pilot):
        await pilot.press("A", "A")
        await settle(pilot)
        assert [type(screen) for screen in app.screen_stack[1:]] == [DangerDialog]


class _Targetless(FakeBackend):
    def brief(self, danger: Danger, run_id: str, file: Path | None = None) -> Confirmation:
        return super().brief(danger, run_id, file).model_copy(update={"target": None})


async def test_the_release_says_which_database_it_is_about_and_not_that_none_is_reached() -> None:
    async with opened(_Targetless(switch=HOLD), "H") as (app, _pilot):
        assert TARGET.system_identifier in _shown(app, "dialog-body")
        assert "reached" not in _shown(app, "dialog-body")


class _Tried(FakeBackend):
    """Its database does not take the HOLD at the first try, and goes on trying until the test lets it."""

    def __init__(self) -> None:
        super().__init__(switch=ARMED)
        self.may_answer = threading.Event()

    def panic(self, reason: str, on_step: OnStep = untold) -> SwitchView:
        on_step(StopStep(what="HOLD file", done=True, detail="/srv/HOLD"))
        on_step(StopStep(what="HOLD in the database", done=False, detail="not set yet, still trying: no answer"))
        self.may_answer.wait(60)
        return super().panic(reason, on_step)


async def test_what_a_stop_has_not_done_yet_is_shown_while_it_is_tried_on() -> None:
    backend = _Tried()
    async with opened(backend) as (app, pilot):
        await pilot.press("ctrl+x", "s")
        await until(pilot, lambda: "NOT DONE YET" in app.notice.what)
        assert app.notice.what == "Stopping. NOT DONE YET: HOLD in the database: not set yet, still trying: no answer"
        backend.may_answer.set()
        await until(pilot, lambda: app.notice.what.startswith("Stopped."))


class _Stopped(FakeBackend):
    """The run that was under way ends, after the stop, in what the test says."""

    def __init__(self, after: Stage, gate: threading.Event) -> None:
        super().__init__(switch=ARMED, gate=gate)
        self.after = after

    def panic(self, reason: str, on_step: OnStep = untold) -> SwitchView:
        self.stage = self.after
        return super().panic(reason, on_step)


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (Stage.AWAITING_CUT_AUTHORIZATION, "has written no unit: the open transaction was rolled back."),
        (Stage.CUT_LEG_A_COMMITTED, "7 units of BDSG-2018 were committed before as drafts"),
        (Stage.LIFECYCLE_ENACTED, "7 units of BDSG-2018 were enacted before, and are law."),
    ],
)
async def test_stopped_says_what_was_rolled_back_or_had_been_committed_and_what_comes_next(
    after: Stage, said: str
) -> None:
    """The same words stood there whether nothing or 40,000 drafts were in the database."""
    gate = threading.Event()
    async with opened(_Stopped(after, gate), "3") as (app, pilot):
        await pilot.press("g")
        await until(pilot, lambda: app.operation is not None)
        await pilot.press("ctrl+x", "s")
        await until(pilot, lambda: app.notice.what.startswith("Stopped"))
        assert said not in app.notice.what
        gate.set()
        await settle(pilot)
        assert said in app.notice.what
        assert "h, then H, or: cutter-console hold release" in app.notice.next_action


def test_what_a_run_has_written_is_said_of_every_stage_and_family() -> None:
    """And it is never said of a dry run that it wrote."""
    view = FakeBackend().run(RUN_ID)
    for stage in Stage:
        for family in Family:
            reason = "why" if family in {Family.FAILED, Family.STOPPED, Family.VOIDED} else ""
            state = RunState(stage=stage, family=family, reason=reason)
            assert run_text.written(view.model_copy(update={"state": state}))
    assert run_text.written(view.model_copy(update={"mode": Mode.DRYRUN})).endswith("writes nothing.")


@pytest.mark.parametrize("family", [Family.VOIDED, Family.REVERTED])
async def test_a_run_that_was_taken_back_shows_no_pending_phase_but_what_happened_to_it(family: Family) -> None:
    reason = "wrong document" if family is Family.VOIDED else ""

    class _TakenBack(FakeBackend):
        def _state(self) -> RunState:
            return RunState(stage=Stage.AWAITING_CUT_AUTHORIZATION, family=family, reason=reason)

    async with opened(_TakenBack(), "3") as (app, _pilot):
        shown = _rows(app, "phases")
        assert len(shown) == 6
        assert not [row for row in shown if PhaseStatus.PENDING.value in row]
        assert family.value in shown[-1]
        assert shown[-1].endswith(reason)
        assert family.value in _shown(app, "evidence")


def _status(**changes: object) -> Status:
    return FakeBackend().status().model_copy(update=changes)


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("rows", [7, 20_000, 123_456_789])
def test_counts_of_any_size_stand_in_columns_and_each_schema_once(rows: int, *, wide: bool) -> None:
    """At 20,000 the columns ran together, and headings came again as the rows happened to be read."""
    tables = ("cutter_governance.b", "public.unit_version", "cutter_governance.a", "public.information_unit")
    views = tuple(CountView(table=name, rows=rows, baseline=0, outcome=Outcome.PASS) for name in tables)
    lines = [plain(spans) for spans in overview_text.counts(_status(counts=views), wide=wide)]
    assert [row for row in lines if row in {"public", "cutter_governance"}] == ["public", "cutter_governance"]
    numbers = [row for row in lines if f"{rows:,}" in row]
    assert len(numbers) == 4
    assert len({len(row) for row in (lines[0], *numbers)}) == 1
    assert len(lines[0]) <= (57 if wide else 41)
    assert {tuple(row.split()[1:]) for row in numbers} == {(f"{rows:,}", *(("0",) if wide else ()), f"+{rows:,}")}


def test_the_next_step_names_the_key_and_the_whole_command_with_the_root_that_was_given() -> None:
    wait = WaitView(
        what="SG_1",
        run_id=RUN_ID,
        since=NOW,
        waits_for="the sovereign",
        next_action=f"cutter-console approval draft {RUN_ID}",
    )
    known = registry(read_only=False, demo=False)
    usual = "\n".join(plain(s) for s in overview_text.waiting(_status(waiting=(wait,)), NOW, known, str))
    assert f"Next: 3, then s, or: cutter-console approval draft {RUN_ID}" in usual
    given, full = _status(waiting=(wait,)), partial(full_command, root="/srv/a root")
    words = "\n".join(plain(s) for s in overview_text.waiting(given, NOW, known, full))
    assert f"cutter-console --root '/srv/a root' approval draft {RUN_ID}" in words
    observer = registry(read_only=True, demo=False)
    words = "\n".join(plain(s) for s in overview_text.waiting(given, NOW, observer, full))
    assert "then s" not in words


def _may_act(*, read_only: bool = False, is_stopped: bool = False, **changes: object) -> str:
    known = registry(read_only=read_only, demo=False)
    return plain(overview_text.may_act(_status(**changes), known, read_only=read_only, is_stopped=is_stopped))


def _switch(state: SwitchState, purpose: str = "cut") -> SwitchView:
    return _status().switch.model_copy(update={"state": state, "purpose": purpose, "run_id": RUN_ID})


def test_one_sentence_says_if_the_operator_may_act_and_the_next_key() -> None:
    wait = WaitView(
        what="SG_1",
        run_id=RUN_ID,
        since=NOW,
        waits_for="the sovereign",
        next_action=f"cutter-console approval draft {RUN_ID}",
    )
    off = _switch(SwitchState.OFF)
    assert _may_act(switch=off, waiting=()) == "You may act. Next: 2, then p (plan a document)."
    stopped = "A gate stops a cut (5). Next: 2, then p (plan a document)."
    assert _may_act(switch=off, waiting=(), is_stopped=True) == stopped
    assert _may_act(switch=off, waiting=(wait,)) == "You may act. Next: 3, then s (1 thing waits)."
    assert _may_act(switch=off, waiting=(wait, wait)) == "You may act. Next: 3, then s (2 things wait)."
    elsewhere = wait.model_copy(update={"next_action": "cutter-console policy pin"})
    assert _may_act(switch=off, waiting=(elsewhere,)) == "You may act: 1 thing waits."
    assert _may_act(switch=_switch(SwitchState.ARMED)) == "You may act. Next: 3, then g (go on with what is armed)."
    assert _may_act(switch=_switch(SwitchState.ARMED, "enact")) == "A run writes now: armed to enact."
    assert (
        _may_act(switch=_switch(SwitchState.HOLD)) == "You may not act: a HOLD stops everything. 1, then H releases it."
    )
    unreadable = "You may not act: the switch cannot be read, and counts as off."
    assert _may_act(switch=_switch(SwitchState.UNREADABLE)) == unreadable
    assert _may_act(target=None) == "You may not act: the database was not reached."
    assert _may_act(read_only=True, switch=off) == "You may look, not act: this console is read-only."
    assert _may_act(layout="a site mapping") == "You may look, not act: this console only reads this database."


def test_a_command_is_completed_once_and_other_words_are_left_alone() -> None:
    assert (
        full_command("Look; then: cutter-console status", "/srv/x") == "Look; then: cutter-console --root /srv/x status"
    )
    assert full_command("cutter-console status --root /srv/x", "/srv/x") == "cutter-console status --root /srv/x"
    assert full_command("Start the database, then r", "/srv/x") == "Start the database, then r"
    assert full_command("cutter-console status", "/var/lib/cutter") == "cutter-console status"


@pytest.mark.parametrize(("screen", "listed"), [("2", "intake"), ("3", "runs"), ("4", "statements")])
async def test_a_dead_database_puts_an_age_on_every_list_that_still_shows(screen: str, listed: str) -> None:
    backend, clock = FakeBackend(), Clock()
    async with opened(backend, screen, clock=clock) as (app, pilot):
        assert "NOT CURRENT" not in str(app.screen.query_one(f"#{listed}", Rows).border_title)
        clock.forward(minutes=7)
        backend.down = True
        app.measure()
        await settle(pilot)
        assert _rows(app, listed)
        assert str(app.screen.query_one(f"#{listed}", Rows).border_title).endswith("read 7 min ago, NOT CURRENT")
        backend.down = False
        await press(pilot, "r")
        assert "NOT CURRENT" not in str(app.screen.query_one(f"#{listed}", Rows).border_title)


async def test_on_the_overview_each_panel_has_its_age_while_nothing_can_be_measured() -> None:
    backend, clock = FakeBackend(), Clock()
    async with opened(backend, clock=clock) as (app, pilot):
        clock.forward(minutes=7)
        backend.unreachable_status = True
        await press(pilot, "r")
        for name in ("where", "switch", "waiting"):
            assert app.screen.query_one(f"#{name}", Panel).title.endswith(", 7 min ago, NOT CURRENT")
        backend.unreachable_status = False
        await press(pilot, "r")
        assert app.screen.query_one("#switch", Panel).title == "Kill switch"


async def test_a_notice_that_the_database_was_not_reached_goes_when_it_is_reached_again() -> None:
    backend = FakeBackend(down=True)
    async with opened(backend, "3") as (app, pilot):
        assert app.notice.code == "STOP_UNREACHABLE"
        await press(pilot, "r")
        assert app.notice.code == "STOP_UNREACHABLE"
        backend.down = False
        app.measure()
        await settle(pilot)
        assert app.notice.kind == "none"
        assert _rows(app, "runs")


class _Resumed(FakeBackend):
    def resume(self, run_id: str, on_progress: OnProgress) -> RunView:
        raise DENIED


async def test_a_refused_operation_is_told_with_its_code_its_time_and_the_next_step() -> None:
    async with opened(_Resumed(switch=ARMED, stage=Stage.STRUCTURAL_VERIFIED), "3", "g") as (app, _pilot):
        panel = app.screen.query_one(NoticePanel)
        assert panel.notice.code == "STOP_EXECUTION_DISABLED"
        assert "14:03:00 UTC" in str(panel.border_title)


async def test_what_is_not_known_yet_is_asked_again_with_one_key_and_nothing_else_is_offered() -> None:
    backend = FakeBackend(interrupted=True, unsettled=True, switch=ARMED)
    async with opened(backend, "3") as (app, pilot):
        head = _shown(app, "run-head")
        assert "allowed now e Ask again" in " ".join(head.split())
        assert "g to cut" not in head
        await press(pilot, "g")
        assert app.notice.next_action == "Allowed now: e Ask again"
        await press(pilot, "e")
        await settle(pilot)
        assert f"settle {RUN_ID}" in backend.calls
        assert app.notice.what.startswith("The outcome is known. ")
        assert "rolled back" not in app.notice.what
        assert "Ask again" not in _shown(app, "run-head")


async def test_a_console_that_only_reads_is_offered_no_key_to_cut_or_to_settle() -> None:
    backend = FakeBackend(interrupted=True, unsettled=True, read_only=True)
    async with opened(backend, "3", read_only=True) as (app, pilot):
        assert "Ask again" not in _shown(app, "run-head")
        await press(pilot, "e")
        assert not [call for call in backend.calls if call.startswith("settle")]
    async with opened(FakeBackend(switch=ARMED, read_only=True), read_only=True) as (app, _):
        assert "g to cut" not in _shown(app, "waiting")
        assert "then g" not in _shown(app, "switch")


@pytest.mark.parametrize(
    ("stage", "key", "call", "done"),
    [
        (
            Stage.AWAITING_LIFECYCLE_AUTHORIZATION,
            "v",
            "verify",
            "1 check PASS, recorded for this server. Next: SG_2 (s).",
        ),
        (Stage.AWAITING_CUT_AUTHORIZATION, "p", "replan", "Next: SG_1"),
    ],
)
async def test_after_a_promotion_the_run_names_both_servers_and_one_key_goes_on(
    stage: Stage, key: str, call: str, done: str
) -> None:
    backend = FakeBackend(stage=stage, displaced=True)
    async with opened(backend, "3") as (app, pilot):
        shown = " ".join(_shown(app, "run-head").split())
        assert "ANOTHER SERVER: the drafts were verified on server 7, timeline 3; this is server 7, timeline 4" in shown
        assert f"allowed now {key} " in shown
        # What is signed for the old timeline is neither armed nor enacted, and no statement is drafted yet.
        await press(pilot, "A", "E", "s")
        await press(pilot, key)
        await settle(pilot)
        assert [made for made in backend.calls if made.split()[0] in {"arm", "enact", "draft"}] == []
        assert f"{call} {RUN_ID}" in backend.calls
        assert done in app.notice.what


@pytest.mark.parametrize("is_for_good", [False, True])
async def test_a_run_that_another_one_bars_names_it_and_offers_only_to_be_voided(is_for_good: bool) -> None:
    other = "ictr-20260101T000000Z-0000beef"
    bar = Bar(
        said=f"run {other} has drafts of BDSG-2018, neither enacted nor reverted",
        run_id=other,
        is_for_good=is_for_good,
        code=StopCode.DRIFT,
        next_action=f"Enact or revert that run first: cutter-console run show {other}",
    )
    backend = FakeBackend(stage=Stage.AWAITING_CUT_AUTHORIZATION, bar=bar)
    async with opened(backend, "3") as (app, pilot):
        shown = " ".join(_shown(app, "run-head").split())
        assert f"ANOTHER RUN: run {other} has drafts of BDSG-2018, neither enacted nor reverted" in shown
        assert (f"waits for run {other}" in shown) is not is_for_good
        await press(pilot, "A", "s", "g", "p")
        await settle(pilot)
        assert [made for made in backend.calls if made.split()[0] in {"arm", "draft", "resume", "replan"}] == []


class _NewestIsOver(FakeBackend):
    def runs(self) -> tuple[RunSummary, ...]:
        return tuple(reversed(super().runs()))


async def test_the_run_that_waits_is_chosen_although_a_newer_one_is_over() -> None:
    """The Overview says "3, then s": both keys, one after the other, must do it."""
    async with opened(_NewestIsOver(), "3") as (app, _pilot):
        assert DRY_ID in _rows(app, "runs")[0]
        assert RUN_ID in str(app.screen.query_one("#run-head", Panel).title)


async def test_the_statement_that_is_being_read_stays_chosen_when_another_comes_before_it() -> None:
    backend = FakeBackend()
    async with opened(backend, "4") as (app, pilot):
        screen = app.screen
        assert isinstance(screen, ApprovalsScreen)
        assert screen.chosen is not None
        read = screen.chosen.statement_sha256
        another = screen.chosen.model_copy(update={"statement_sha256": "9" * 64, "run_id": "ictr-another"})
        screen._loaded((another, *screen.approvals))
        await settle(pilot)
        assert screen.chosen is not None
        assert screen.chosen.statement_sha256 == read
