"""Gates: evidence on Enter, one gate or all again, filters, PRE, the bundle; the old board stays, with its age."""

import threading

import pytest

from console.actions.actions import Scope
from console.app.application import ConsoleApp
from console.backend.model import gate_table
from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.outcome import Outcome
from console.backend.model.view_models import SwitchState
from console.screens.gates import GatesScreen
from console.screens.gates_text import FILTERS, summary
from console.screens.help import HelpDialog
from console.screens.palette import matching_actions
from console.widgets.bars import KeyBar
from console.widgets.line import plain
from console.widgets.panel import Lines, Panel
from console.widgets.rows import Rows
from tests.screens.conftest import Clock, opened, press, settle, until
from tests.support.fake_gates import BUNDLE, DENIED, GATES, unmeasured
from tests.support.fakes import ARMED, DRY_ID, NOW, OFF, RUN_ID, FakeBackend

GONE = Unmeasured(StopCode.UNREACHABLE, "the line is cut", "Repair the line, then r")


def words(app: ConsoleApp, name: str) -> str:
    """The words of a panel."""
    return "\n".join(plain(spans) for spans in app.screen.query_one(f"#{name}", Panel).shown)


def head(app: ConsoleApp) -> str:
    """The words above the list."""
    return "\n".join(plain(spans) for spans in app.screen.query_one("#gates-head", Lines).shown)


def rows(app: ConsoleApp) -> list[str]:
    """The rows of the list."""
    found = app.screen.query_one("#gate-list", Rows)
    return [plain(found.row(index)) for index in range(found.row_count)]


def title(app: ConsoleApp) -> str:
    """The list's title."""
    return str(app.screen.query_one("#gate-list", Rows).border_title)


async def test_the_board_is_measured_once_in_the_background_and_not_again_by_going_there() -> None:
    backend = FakeBackend()
    async with opened(backend, "5", "1", "5"):
        assert backend.measures == ["gates"]


async def test_a_read_only_console_measures_the_board_too() -> None:
    backend = FakeBackend(read_only=True)
    async with opened(backend, read_only=True):
        assert backend.measures == ["gates"]


async def test_an_outcome_is_a_word_and_a_symbol_and_never_colour_alone() -> None:
    async with opened(FakeBackend(), "5") as (app, _pilot):
        found = rows(app)
        assert len(found) == len(GATES)
        assert found[0].startswith("✓ PASS ")
        assert found[1].startswith("~ PARTIAL ")
        assert found[3].startswith("✗ FAIL ")
        assert found[7].startswith("· NOT_RUN ")
        assert found[8].startswith("? INCONCLUSIVE ")
        assert all("just now" in row for row in found)
        assert "operator" in found[3]


async def test_a_fail_is_seen_first_also_where_something_else_could_not_be_measured() -> None:
    backend = FakeBackend()
    backend.broken = {
        ("G2", "configuration"): (Outcome.INCONCLUSIVE, "could not be read", "Look at it"),
        ("G2", "no secrets"): (Outcome.FAIL, "a password in it", "Take it out"),
        ("G4", "rolled-back revert"): (Outcome.INCONCLUSIVE, "no answer", "Wait"),
    }
    async with opened(backend, size=(80, 24)) as (app, pilot):
        assert "? G2 FAIL no secrets: a password in it" in words(app, "rollup").splitlines()[1]
        await press(pilot, "5")
        assert rows(app)[2].startswith("? INCONCLUSIVE G2  Runtime tree and c… has a FAIL operator")
        assert len(rows(app)[2]) == len(rows(app)[1])
        await press(pilot, "f", "f", "f", "f")
        assert title(app).startswith(f"Gates, FAIL: 1 of {len(GATES)}")
        assert rows(app)[0].startswith("? INCONCLUSIVE G2")
        assert words(app, "gate-detail").startswith("✗ FAIL  no secrets: a password in it")


async def test_the_selected_gate_says_what_is_open_and_the_exact_next_action() -> None:
    async with opened(FakeBackend(), "5", "down", "down", "down") as (app, _pilot):
        said = words(app, "gate-detail").split("\n")
        assert said[0].startswith("✗ FAIL  backup key: 3F2A 91C0")
        assert "Next  On the workstation: gpg --quick-set-expire" in said[2]
        assert app.screen.query_one("#gate-detail", Panel).title == "G3 Backup readiness, operator"


async def test_enter_opens_the_evidence_and_escape_goes_back_to_the_same_row() -> None:
    async with opened(FakeBackend(), "5", "down", "down", "down", "enter", size=(120, 40)) as (app, pilot):
        panel, said = app.screen.query_one("#reading", Panel), words(app, "reading")
        assert panel.display
        assert app.focused is panel
        for part in (
            "question  Could what a run touches be brought back?",
            "owner     operator; measured just now, took 33 ms",
            "G3.backup, 2026-03-01 14:03:00 UTC, took 12 ms",
            "asked  backup key",
            "of     cutter_ro on directus",
            "answer 3F2A 91C0",
            "sha256 5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
            "Next  cutter-console backup take RUN",
        ):
            assert part in said
        assert said.index("FAIL") < said.index("PARTIAL") < said.index("✓ PASS")
        await press(pilot, "escape")
        assert not panel.display
        assert app.screen.query_one("#gate-list", Rows).cursor == 3
        assert app.focused is app.screen.query_one("#gate-list")


async def test_a_fact_that_two_checks_rest_on_is_told_once() -> None:
    async with opened(FakeBackend(), "5", "end", "enter", size=(120, 40)) as (app, _pilot):
        assert words(app, "reading").count("G10.reports, 2026") == 1


async def test_m_asks_for_the_selected_gate_alone_and_the_others_keep_their_ages() -> None:
    backend, clock = FakeBackend(), Clock()
    async with opened(backend, "5", "down", "down", "down", clock=clock) as (app, pilot):
        clock.forward(minutes=7)
        backend.broken = {}
        await press(pilot, "m")
        assert backend.measures == ["gates", "gates G3"]
        found = rows(app)
        assert found[3].startswith("✓ PASS ")
        assert "just now" in found[3]
        assert all("7 min ago" in row for row in found[:3] + found[4:])
        assert "measured 7 min ago" in head(app)


async def test_m_over_the_evidence_measures_the_gate_that_is_read() -> None:
    backend = FakeBackend()
    async with opened(backend, "5", "down", "down", "down", "enter") as (app, pilot):
        backend.broken = {}
        await press(pilot, "m")
        assert backend.measures[-1] == "gates G3"
        assert app.screen.query_one("#reading", Panel).title == "G3 Backup readiness: PASS"


async def test_r_measures_all_gates_again() -> None:
    backend = FakeBackend()
    async with opened(backend, "5", "r") as (app, _pilot):
        assert backend.measures == ["gates", "gates"]
        assert "took 412 ms" in title(app)


async def test_requests_that_come_while_all_are_measured_do_not_pile_up() -> None:
    wait = threading.Event()
    backend = FakeBackend(gates_wait=wait)
    app = ConsoleApp(backend, read_only=False, demo=False, clock=lambda: NOW, refresh_seconds=86_400)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(backend.measures))
        app.switch_mode("gates")
        await pilot.pause()
        for key in ("r", "r", "r"):
            await pilot.press(key)
        assert "measuring ..." in title(app)
        wait.set()
        await settle(pilot)
        assert backend.measures == ["gates"]


async def test_the_old_board_stays_with_its_age_while_a_newer_one_is_measured() -> None:
    backend, clock = FakeBackend(), Clock()
    async with opened(backend, "5", clock=clock) as (app, pilot):
        clock.forward(minutes=3)
        backend.gates_wait = threading.Event()
        await pilot.press("r")
        await pilot.pause()
        assert len(rows(app)) == len(GATES)
        assert "measured 3 min ago" in head(app)
        assert "measuring all gates ..." in title(app)
        backend.gates_wait.set()
        await settle(pilot)
        assert "measured just now" in head(app)


async def test_a_failed_measurement_keeps_the_old_board_and_says_so_everywhere() -> None:
    backend, clock = FakeBackend(), Clock()
    async with opened(backend, "5", size=(120, 40), clock=clock) as (app, pilot):
        clock.forward(minutes=12)
        backend.no_gates = GONE
        await press(pilot, "r")
        assert len(rows(app)) == len(GATES)
        assert "measured 12 min ago" in head(app)
        assert "NOT MEASURED AGAIN at 14:15 UTC: STOP_UNREACHABLE: the line is cut" in head(app)
        assert "Next: Repair the line, then r" in head(app)
        await press(pilot, "enter")
        assert "NOT MEASURED AGAIN" in words(app, "reading")
        await press(pilot, "escape", "1")
        assert app.screen.query_one("#rollup", Panel).title == "Gates, measured 12 min ago, NOT CURRENT"


async def test_where_nothing_was_ever_measured_that_is_said_and_why() -> None:
    async with opened(FakeBackend(no_gates=GONE), "5") as (app, pilot):
        assert rows(app) == []
        assert head(app).startswith("NOT MEASURED STOP_UNREACHABLE: the line is cut")
        await press(pilot, "enter")
        assert not app.screen.query_one("#reading", Panel).display


async def test_the_filter_turns_through_all_outcomes_and_stands_in_the_title() -> None:
    async with opened(FakeBackend(), "5", "f") as (app, pilot):
        assert title(app).startswith(f"Gates, not PASS: 5 of {len(GATES)}")
        assert not [row for row in rows(app) if "PASS" in row]
        for outcome in Outcome:
            await press(pilot, "f")
            assert f"Gates, {outcome.value}: " in title(app)
            assert all(outcome.value in row for row in rows(app))
        await press(pilot, "f")
        assert title(app).startswith(f"Gates: {len(GATES)}")
        assert len(FILTERS) == 2 + len(Outcome)


async def test_the_cursor_stays_on_its_gate_when_the_filter_moves_it() -> None:
    async with opened(FakeBackend(), "5", "down", "down", "down", "f") as (app, pilot):
        assert isinstance(app.screen, GatesScreen)
        assert app.screen.selected is not None
        assert app.screen.selected.name == "G3"
        await press(pilot, "f")
        assert app.screen.selected.outcome is Outcome.PASS


async def test_pre_is_asked_for_the_current_run_and_shows_its_ten_checks() -> None:
    backend = FakeBackend()
    async with opened(backend, "5", "p") as (app, pilot):
        assert backend.measures == ["gates", f"readiness {RUN_ID}"]
        assert title(app).startswith(f"Arming checks for {RUN_ID}: 10")
        assert rows(app)[0].startswith("✗ FAIL         PRE-1 approval ")
        assert len({row.find("as it must be") for row in rows(app) if "PASS" in row}) == 1
        await press(pilot, "enter")
        assert app.screen.query_one("#reading", Panel).title == "PRE-1 approval: FAIL"
        assert "PRE-2" not in words(app, "reading")
        await press(pilot, "escape", "r")
        assert backend.measures[-1] == f"readiness {RUN_ID}"
        await press(pilot, "p")
        assert title(app).startswith(f"Gates: {len(GATES)}")


async def test_pre_is_measured_whenever_it_is_opened_and_its_key_says_where_it_leads() -> None:
    """An answer of ten minutes ago is none to arm on."""
    backend = FakeBackend()
    async with opened(backend, "5", "p") as (app, pilot):
        asked = sum(call.startswith("readiness") for call in backend.measures)
        assert "p Gates" in plain(app.screen.query_one(KeyBar).shown[0])
        await press(pilot, "p")
        assert "p Arming" in plain(app.screen.query_one(KeyBar).shown[0])
        await press(pilot, "p")
        assert sum(call.startswith("readiness") for call in backend.measures) == asked + 1


async def test_the_rollup_follows_a_width_that_changed_behind_another_screen() -> None:
    backend = FakeBackend()
    backend.broken = {("G2", "no secrets"): (Outcome.FAIL, "word " * 40, "Take it out")}
    async with opened(backend, "5", size=(80, 24)) as (app, pilot):
        await pilot.resize_terminal(200, 60)
        await press(pilot, "1")
        wide = words(app, "rollup").splitlines()[1]
    async with opened(backend, size=(200, 60)) as (app, _pilot):
        assert words(app, "rollup").splitlines()[1] == wide


async def test_pre_without_a_run_says_so_and_pre_of_another_run_is_measured_again() -> None:
    backend = FakeBackend(has_run=False)
    async with opened(backend, "5", "p") as (app, pilot):
        assert title(app).startswith("Arming checks without a run: 10")
        backend.has_run = True
        app.measure()
        await settle(pilot)
        assert backend.measures[-1] == f"readiness {RUN_ID}"
        assert title(app).startswith(f"Arming checks for {RUN_ID}")


async def test_the_bundle_shows_directory_letter_and_gaps_and_its_board_is_the_newest() -> None:
    backend = FakeBackend()
    async with opened(backend, "5", "b", size=(120, 40)) as (app, pilot):
        assert backend.measures == ["gates", "bundle"]
        assert app.notice.kind == "done"
        assert "outcome C, 5 gaps" in app.notice.what
        said = words(app, "reading")
        assert BUNDLE in said
        assert "5 gaps" in said
        assert "G3, operator: backup key" in said
        assert "gpg --quick-set-expire" in said
        backend.broken = {}
        await press(pilot, "escape", "escape", "b", "escape", "escape")
        assert head(app).startswith(f"All {len(GATES)} gates PASS.")


async def test_progress_of_the_bundle_is_words_and_a_failure_is_a_notice() -> None:
    backend = FakeBackend()
    async with opened(backend, "5") as (app, pilot):
        backend.no_gates = GONE
        await press(pilot, "b")
        assert app.notice.code == "STOP_UNREACHABLE"
        assert not app.screen.query_one("#reading", Panel).display


async def test_read_only_has_neither_bundle_nor_reports() -> None:
    """They write files: absent, not greyed."""
    backend = FakeBackend(read_only=True)
    async with opened(backend, "5", "b", read_only=True) as (app, pilot):
        assert backend.measures == ["gates"]
        titles = {action.title for action in matching_actions(app.registry, Scope.GATES, "")}
        assert "Write the readiness bundle" not in titles
        assert "Filter by outcome" in titles
        await press(pilot, "3", "end", "w")
        assert backend.measures == ["gates"]


async def test_the_reports_of_a_run_are_written_where_that_is_legal() -> None:
    backend = FakeBackend()
    async with opened(backend, "3", "w") as (app, pilot):
        assert app.notice.kind == "refused"
        await press(pilot, "end", "w")
        assert backend.measures[-1] == f"report {DRY_ID}"
        assert app.notice.what == f"13 documents: /var/lib/cutter/reports/{DRY_ID}"


async def test_help_names_every_key_of_the_screen() -> None:
    async with opened(FakeBackend(), "5", "question_mark") as (app, _pilot):
        assert isinstance(app.screen, HelpDialog)
        said = " ".join(words(app, "dialog-body").split())
        assert f"{len(gate_table.GATES)} gates answer whether it is safe to act" in said
        for action in app.registry.in_scope(Scope.GATES):
            assert action.title in said
            assert action.help in said


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_nothing_is_cut_off_at_the_right_of_the_board_or_its_evidence(size: tuple[int, int]) -> None:
    """The words that matter fit: symbol, word, id, title, owner, age; everything else is wrapped."""
    async with opened(FakeBackend(), "5", "down", "down", "down", size=size) as (app, pilot):
        listed = app.screen.query_one("#gate-list", Rows)
        assert all("…" not in listed.render_line(y).text[:74] for y in range(11))
        detail = app.screen.query_one("#gate-detail", Panel)
        assert all(len(plain(spans)) <= detail.outer_size.width - 5 for spans in detail.shown)
        await press(pilot, "enter")
        assert all(len(row) <= size[0] - 5 for row in words(app, "reading").split("\n"))


async def test_the_overview_says_not_measured_then_the_tally_and_the_worst() -> None:
    wait = threading.Event()
    backend = FakeBackend(gates_wait=wait)
    app = ConsoleApp(backend, read_only=False, demo=False, clock=lambda: NOW, refresh_seconds=86_400)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: bool(backend.measures))
        await pilot.pause()
        assert words(app, "rollup") == "not measured yet"
        assert app.screen.query_one("#rollup", Panel).title == "Gates, measuring ..."
        wait.set()
        await settle(pilot)
        said = words(app, "rollup").split("\n")
        assert said[0] == "6 PASS  2 PARTIAL  1 FAIL  1 INCONCLUSIVE  1 NOT_RUN"
        assert said[1].startswith("✗ G3 backup key: 3F2A")
        assert app.screen.query_one("#rollup", Panel).title == "Gates, measured just now"


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ((Outcome.PASS, Outcome.PASS), "All 2 gates PASS."),
        ((Outcome.PASS, Outcome.PARTIAL), "No gate stops a cut; 1 has a note."),
        ((Outcome.PARTIAL, Outcome.PARTIAL), "No gate stops a cut; 2 have notes."),
        ((Outcome.PASS, Outcome.PARTIAL, Outcome.FAIL), "1 PASS  1 PARTIAL  1 FAIL"),
        ((Outcome.PASS, Outcome.INCONCLUSIVE), "1 PASS  1 INCONCLUSIVE"),
        ((Outcome.PASS, Outcome.NOT_RUN), "1 PASS  1 NOT_RUN"),
        ((), ""),
    ],
)
def test_the_summary_says_that_nothing_stops_a_cut_only_where_everything_was_measured(
    outcomes: tuple[Outcome, ...], said: str
) -> None:
    """Known to be wrong, or not known: then each outcome is counted."""
    assert plain(summary(outcomes, "gate", "a cut")) == said


async def test_an_unchanged_board_draws_nothing() -> None:
    """A tick that brings the same words back leaves the widgets alone."""
    async with opened(FakeBackend()) as (app, pilot):
        before = app.screen.query_one("#rollup", Panel).shown
        app.measure()
        await settle(pilot)
        assert app.screen.query_one("#rollup", Panel).shown is before


@pytest.mark.parametrize("down", [True, False], ids=["down", "42501"])
async def test_what_cannot_be_measured_is_inconclusive_and_never_good(*, down: bool) -> None:
    """ "permission denied" was taken for "nothing there"."""
    backend = FakeBackend(down=down, broken=unmeasured(DENIED))
    async with opened(backend, "5") as (app, _pilot):
        assert "4 PASS  7 INCONCLUSIVE" in head(app)
        assert "Next" in words(app, "gate-detail")


async def test_what_was_measured_before_a_move_says_so_until_it_is_measured_again() -> None:
    """Another console arms the switch; the gates, the arming checks and the drift were measured before that."""
    backend, clock = FakeBackend(), Clock()
    async with opened(backend, clock=clock) as (app, pilot):
        for keys, head in ((("6",), "#drift-head"), (("5",), "#gates-head"), (("p",), "#gates-head")):
            await press(pilot, *keys, "r")
            assert "BEFORE THE LAST MOVE" not in _text_of(app, head)
            clock.forward(minutes=1)
            backend.switch = OFF if backend.switch.state is SwitchState.ARMED else ARMED
            app.measure()
            await settle(pilot)
            assert f"BEFORE THE LAST MOVE seen at {clock.now:%H:%M} UTC: r measures again" in _text_of(app, head)
            clock.forward(minutes=1)
            app.measure()
            await settle(pilot)
            assert "BEFORE THE LAST MOVE" in _text_of(app, head)
            await press(pilot, "r")
            assert "BEFORE THE LAST MOVE" not in _text_of(app, head)


async def test_an_answer_that_was_asked_for_before_a_move_is_of_before_it_though_it_came_later() -> None:
    """What it measured first can have been measured before the move."""
    backend, clock = FakeBackend(), Clock()
    async with opened(backend, "6", "5", clock=clock) as (app, pilot):
        for keys, head in ((("6",), "#drift-head"), (("5",), "#gates-head"), (("p",), "#gates-head")):
            await press(pilot, *keys)
            backend.gates_wait = threading.Event()
            await pilot.press("r")
            clock.forward(minutes=1)
            backend.switch = OFF if backend.switch.state is SwitchState.ARMED else ARMED
            app.measure()
            await until(pilot, lambda: app.readiness.moved_at == clock.now)
            clock.forward(minutes=1)
            backend.gates_wait.set()
            await settle(pilot)
            backend.gates_wait = None
            drift, board, pre = app.readiness.drift.answer, app.readiness.board.answer, app.readiness.pre.answer
            newest = {"6": drift, "5": board, "p": pre}[keys[0]]
            assert newest is not None
            assert newest.measured_at == clock.now
            assert "BEFORE THE LAST MOVE" in _text_of(app, head)
            await press(pilot, "r")
            assert "BEFORE THE LAST MOVE" not in _text_of(app, head)


async def test_above_opened_evidence_it_is_said_too_that_something_has_moved_since() -> None:
    backend, clock = FakeBackend(), Clock()
    async with opened(backend, "5", "enter", clock=clock) as (app, pilot):
        assert "BEFORE THE LAST MOVE" not in words(app, "reading")
        clock.forward(minutes=1)
        backend.switch = ARMED
        app.measure()
        await settle(pilot)
        shown = words(app, "reading")
        assert shown.index("BEFORE THE LAST MOVE") < shown.index("question")
        await press(pilot, "r")
        assert "BEFORE THE LAST MOVE" not in words(app, "reading")


async def test_one_gate_that_was_measured_again_does_not_make_the_others_new() -> None:
    backend, clock = FakeBackend(), Clock()
    async with opened(backend, clock=clock) as (app, pilot):
        clock.forward(minutes=1)
        backend.switch = ARMED
        app.measure()
        await settle(pilot)
        clock.forward(minutes=1)
        await press(pilot, "5", "m")
        assert "BEFORE THE LAST MOVE" in _text_of(app, "#gates-head")


def _text_of(app: ConsoleApp, selector: str) -> str:
    return " ".join(plain(spans) for spans in app.screen.query_one(selector, Lines).shown)
