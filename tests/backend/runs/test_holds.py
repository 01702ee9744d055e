"""What is to be known before a HOLD is released: measured, decided by the functions that act, and nothing of it guessed."""

import json
from collections.abc import Callable

import psycopg
import pytest

from console.backend.confirmations import brief
from console.backend.holding import view_hold
from console.backend.model.errors import Held, Refused
from console.backend.model.holds import HeldRun, HoldView
from console.backend.model.outcome import Outcome
from console.backend.model.states import Move
from console.backend.model.view_models import Danger, SwitchState
from console.backend.postgres import ledger
from console.backend.postgres.connections import connect
from console.backend.postgres.holds import hold_history, open_transactions, shown
from console.backend.runs.kill_switch import release_steps
from console.backend.runs.moves import require_move
from console.backend.runs.run_views import measure_facts
from console.cli.main import main
from tests.support.passage import Passage

At = Callable[[str], Passage]
ITEMS = ("HOLD file", "HOLD in the database", "running statements", "lease")


def _held(view: HoldView, run_id: str) -> HeldRun:
    return next(run for run in view.runs if run.run_id == run_id)


def test_without_a_hold_it_says_so_and_shows_those_before(at: At) -> None:
    passage = at("fresh")
    before = passage.backend.hold()
    assert (before.outcome, before.switch.state, before.history) == (Outcome.PASS, SwitchState.OFF, ())
    assert [check.name for check in before.release.open_checks] == ["HOLD"]
    passage.backend.panic("a drill")
    passage.backend.release_hold("RELEASE")
    after = passage.backend.hold()
    assert after.switch.state is SwitchState.OFF
    assert [(event.is_set, event.reason, event.by, event.role) for event in after.history] == [
        (False, "released by hand", "tester", "cutter_exec"),
        (True, "a drill", "tester", "cutter_exec"),
    ]


def test_each_thing_that_panic_does_is_measured_as_it_stands(at: At) -> None:
    passage = at("waits for SG_2")
    passage.backend.panic("seen: a wrong count")
    view = passage.backend.hold()
    assert [(step.what, step.done) for step in view.stopped] == [(name, True) for name in ITEMS]
    assert (view.switch.by, view.switch.reason) == ("tester", "seen: a wrong count")
    passage.installation.hold_file.unlink()
    assert [step.done for step in passage.backend.hold().stopped] == [False, True, True, True]


def test_an_open_transaction_of_a_role_that_may_write_is_seen_and_none_of_one_that_reads(at: At) -> None:
    passage = at("fresh")
    monitor, executor = passage.installation.settings.database.monitor, passage.installation.settings.database.executor
    with connect(monitor, read_only=True, purpose="test") as connection:
        assert open_transactions(connection) == 0
    with psycopg.connect(monitor) as reading, psycopg.connect(executor) as writing:
        reading.execute("SELECT 1")
        with connect(monitor, read_only=True, purpose="test") as connection:
            assert open_transactions(connection) == 0
        writing.execute("SELECT 1")
        running = next(step for step in passage.backend.hold().stopped if step.what == "running statements")
        assert (running.done, running.detail) == (False, "1 transactions of roles that may write are open")


def test_the_moves_that_are_shown_are_those_that_are_accepted(at: At) -> None:
    passage = at("waits for SG_2")
    passage.execute(
        "UPDATE cutter_governance.run SET family = 'failed', reason = 'write_verify' WHERE run_id = %s", passage.run_id
    )
    passage.backend.panic("a test")
    held = _held(passage.backend.hold(), passage.run_id)
    facts = measure_facts(passage.installation, passage.run_id)
    shown_moves = [move.move for move in held.moves]
    assert Move.REVERT in shown_moves
    for move in Move:
        if move in shown_moves:
            require_move(move, facts, passage.run_id)
        else:
            with pytest.raises(Refused):
                require_move(move, facts, passage.run_id)
    revert = next(move for move in held.moves if move.move is Move.REVERT)
    assert revert.effects == brief(passage.installation, Danger.REVERT, passage.run_id).effects
    assert revert.command == f"cutter-console revert {passage.run_id} --confirm {passage.run_id}"
    assert revert.runs == f"SELECT cutter_console.fn_cut_revert('{passage.run_id}', …)"


def test_the_statement_that_is_shown_is_the_one_that_releases(at: At) -> None:
    """Run as it is printed, it does what the release does."""
    passage = at("fresh")
    passage.backend.panic("a test")
    in_database, in_file = release_steps(passage.installation)
    with psycopg.connect(passage.installation.settings.database.executor) as connection:
        connection.execute(in_database.runs.encode())
    with connect(passage.installation.settings.database.monitor, read_only=True, purpose="test") as connection:
        assert hold_history(connection, 1)[0].is_set is False
    assert in_file.runs == f"unlink {passage.installation.hold_file}"
    assert passage.backend.hold().release.effects[:2] == (in_database.effect, in_file.effect)


def test_a_value_in_a_shown_statement_stays_a_value() -> None:
    assert shown(ledger.RELEASE_HOLD, "x'); DROP TABLE run; --", "o'hara") == (
        "SELECT cutter_console.fn_hold_release('x''); DROP TABLE run; --', 'o''hara')"
    )


def test_what_stands_in_the_way_of_a_release_is_what_the_release_meets(at: At) -> None:
    passage = at("fresh")
    passage.installation.hold_file.mkdir()
    (check,) = passage.backend.hold().release.open_checks
    assert (check.name, check.outcome) == ("HOLD file", Outcome.FAIL)
    assert check.evidence
    with pytest.raises(Held, match="the HOLD stays"):
        passage.backend.release_hold("RELEASE")


def test_without_the_database_nothing_is_taken_for_known_and_nothing_is_raised(at: At) -> None:
    passage = at("fresh")
    passage.backend.panic("a test")
    nowhere = "host=/nonexistent dbname=none"
    database = passage.installation.settings.database.model_copy(update={"monitor": nowhere, "executor": nowhere})
    view = view_hold(passage.settings(database=database).installation)
    assert (view.outcome, view.switch.state) == (Outcome.INCONCLUSIVE, SwitchState.HOLD)
    assert view.runs_unread
    assert view.history_unread
    assert [step.done for step in view.stopped] == [True, False, False, False]
    assert [(check.name, check.outcome) for check in view.release.open_checks] == [("database", Outcome.INCONCLUSIVE)]


def test_the_command_tells_all_of_it_and_ends_with_the_status_of_a_hold(
    at: At, capsys: pytest.CaptureFixture[str]
) -> None:
    passage = at("waits for SG_2")
    root = ["--root", str(passage.installation.root)]
    passage.backend.panic("a test")
    assert main([*root, "--json", "hold", "plan"]) == 6
    answer = json.loads(capsys.readouterr().out)
    assert (answer["schema"], answer["switch"]["state"]) == ("cutter-console/hold-plan/1", "HOLD")
    assert answer["steps"][0]["runs"].startswith("SELECT cutter_console.fn_hold_release(")
    assert main([*root, "hold", "plan"]) == 6
    lines = capsys.readouterr().out
    assert "stopped    HOLD in the database: set by tester" in lines
    assert "a test" in lines


def test_the_run_of_a_hold_is_shown_though_it_is_closed(at: At) -> None:
    passage = at("enacted")
    assert [run.run_id for run in passage.backend.hold().runs] == []
    with connect(passage.installation.settings.database.executor) as connection:
        ledger.set_hold(connection, "a row has changed", "tester", passage.run_id)
    held = _held(passage.backend.hold(), passage.run_id)
    assert held.state == passage.run().state.name
