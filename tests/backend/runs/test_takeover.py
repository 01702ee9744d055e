"""A run that another console takes over: it ends there, and the former holder writes nothing of it any more."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from console.backend.journal.journal import read_journal
from console.backend.journal.journal_record import Anchor
from console.backend.model.errors import CutterError, Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.states import Family, Mode, Move, Phase, Stage
from console.backend.model.view_models import Danger, Progress
from console.backend.postgres import ledger
from console.backend.postgres.ledger import Event
from console.backend.runs.moves import require_move
from console.backend.runs.run_views import measure_facts
from console.backend.runs.workspace import Workspace
from tests.backend.runs.test_amendments import at_second_pause
from tests.backend.runs.test_two_roots import next_host, other_host
from tests.support.lost_commit import Lie, lying
from tests.support.passage import Kept, Passage, fingerprint, silent

At = Callable[[str], Passage]
_LEAVE = "SELECT cutter_console.fn_run_leave(%s, 'stopped', 'mine', %s)"


@pytest.mark.parametrize("stage", ["waits for SG_1", "SG_1 imported"])
def test_a_run_that_was_taken_over_ends_there_and_not_here(at: At, tmp_path: Path, stage: str) -> None:
    here = at(stage)
    there = other_host(here, tmp_path / "other")
    assert there.run().moves == (Move.VOID, Move.TAKE_OVER)
    taken, is_new = there.backend.take_over(here.run_id, here.run_id)
    assert (is_new, taken.elsewhere, taken.moves) == (True, "", (Move.VOID,))
    lost = here.run()
    assert lost.elsewhere.startswith("taken over by bob on host-b at ")
    assert (lost.moves, lost.waits_for, lost.is_lost) == ((Move.TAKE_OVER,), "", True)
    assert [run.elsewhere for run in here.backend.runs() if run.mode is Mode.LIVE] == [lost.elsewhere]
    (wait,) = (wait for wait in here.backend.status().waiting if wait.run_id == here.run_id)
    assert (wait.waits_for, wait.goes_on) == (f"another console: {lost.elsewhere}", False)
    (legal, *_) = here.backend.brief(Danger.ARM, here.run_id).checks
    assert legal.detail.endswith(lost.elsewhere)
    assert legal.next_action == f"It goes on at that console: cutter-console run show {here.run_id}"
    before = fingerprint(here)
    for attempt in (
        lambda: here.backend.void(here.run_id, "mine"),
        lambda: here.backend.resume(here.run_id, silent),
        lambda: here.backend.arm(here.run_id, here.run_id),
        lambda: here.backend.replan(here.run_id, silent),
    ):
        with pytest.raises(CutterError, match="taken over by bob on host-b at ") as refused:
            attempt()
        assert f"cutter-console run show {here.run_id}" in refused.value.next_action
    assert fingerprint(here) == before
    ended = there.backend.void(here.run_id, "the host is lost")
    assert ended.state.name == "voided_the_host_is_lost"
    assert ended.journal.startswith("PASS")


def test_a_move_that_is_looked_at_before_it_is_made_names_who_holds_the_run(at: At, tmp_path: Path) -> None:
    """An edit is, before anything is written: it named the take-over alone, as if that were its next step."""
    here = at("waits for SG_2")
    there = other_host(here, tmp_path / "other")
    there.backend.take_over(here.run_id, here.run_id)

    with pytest.raises(CutterError, match="taken over by bob on host-b at ") as refused:
        require_move(Move.EDIT, measure_facts(here.installation, here.run_id), here.run_id)

    assert refused.value.code is StopCode.LOCKED
    assert "run show" in refused.value.next_action


def test_a_draft_cut_is_reverted_where_it_was_taken_over(at: At, tmp_path: Path) -> None:
    here = at("waits for SG_2")
    there = next_host(here, tmp_path / "other")
    there.backend.take_over(here.run_id, here.run_id)
    assert there.run().moves == (Move.REVERT,)
    with pytest.raises(CutterError, match="taken over by bob on host-b"):
        here.backend.draft_statement(here.run_id, revert=True)
    assert here.lifecycles() == ["draft"] * 3
    reverted = there.backend.revert(here.run_id, here.run_id)
    assert (reverted.state.family, here.lifecycles()) == (Family.REVERTED, ["superseded"] * 3)
    assert reverted.journal.startswith("PASS")


def test_a_bundle_that_turns_up_later_is_accepted_where_the_run_was_taken_over(at: At, tmp_path: Path) -> None:
    here = at("waits for SG_1")
    moves = here.run().moves
    bundle = tmp_path / "run.tar"
    here.backend.hand_over(here.run_id, bundle)
    there = next_host(here, tmp_path / "other")
    there.backend.take_over(here.run_id, here.run_id)
    assert there.run().moves == (Move.VOID,)
    held, is_new = there.backend.accept_run(bundle)
    assert (is_new, held.elsewhere, held.moves) == (True, "", moves)
    assert held.journal.startswith("PASS")
    assert not there.backend.accept_run(bundle)[1]
    there.sign()
    assert there.run().journal.startswith("PASS")


def test_a_run_that_went_on_is_not_accepted_from_an_old_bundle(at: At, tmp_path: Path) -> None:
    here = at("waits for SG_1")
    bundle = tmp_path / "run.tar"
    here.backend.hand_over(here.run_id, bundle)
    here.backend.take_over(here.run_id, here.run_id)
    there = next_host(here, tmp_path / "other")
    before = _rows_of(here)
    with pytest.raises(CutterError):
        there.backend.accept_run(bundle)
    assert _rows_of(here) == before
    assert here.run().elsewhere == ""


def _amendment(at: At, kept: Kept) -> Passage:
    passage = at_second_pause(at, kept)
    passage.sign()
    return passage


@pytest.mark.parametrize("before", [lambda at, _: at("SG_2 imported"), _amendment], ids=["cut", "amendment"])
def test_a_law_is_closed_where_its_run_was_taken_over(
    at: At, kept: Kept, tmp_path: Path, before: Callable[[At, Kept], Passage]
) -> None:
    here = before(at, kept)

    def dies(progress: Progress) -> None:
        if (progress.phase, progress.step) == (Phase.CLOSEOUT, "begins"):
            raise RuntimeError("the host is gone")

    with pytest.raises(RuntimeError):
        here.backend.enact(here.run_id, here.run_id, dies)
    assert here.run().state.stage is Stage.LIFECYCLE_ENACTED
    there = next_host(here, tmp_path / "other")
    taken, _ = there.backend.take_over(here.run_id, here.run_id)
    assert taken.moves == (Move.CONTINUE,)
    assert there.resume().state.stage is Stage.CLOSEOUT_REPORTED


def test_the_fence_stands_in_the_database(at: At, tmp_path: Path) -> None:
    """The former console's own key opens nothing any more, and neither does no key."""
    here = at("waits for SG_1")
    there = other_host(here, tmp_path / "other")
    workspace = Workspace.open(here.installation.root, here.run_id)
    there.backend.take_over(here.run_id, here.run_id)
    before = _rows_of(here)
    event = Event(phase="x", outcome="PASS", record="{}", anchor=Anchor(sequence=10_000, hash="a" * 64))
    for key in (workspace.journal_key(), None):
        with here.connect("cutter_exec") as connection:
            said = ledger.event_json(connection, here.run_id, event, key)
            with pytest.raises(psycopg.Error, match=f"does not hold run {here.run_id}: taken over by bob on host-b"):
                connection.execute(_LEAVE, (here.run_id, said))
    assert _rows_of(here) == before


def _rows_of(passage: Passage) -> dict[str, object]:
    """All that is in the database; what is refused takes an id of a transaction."""
    return {name: value for name, value in fingerprint(passage).items() if name != "next transaction id"}


@pytest.mark.parametrize("phase", ["hand over", "accept", "take over"])
def test_a_change_of_hands_is_written_by_its_own_function_alone(at: At, phase: str) -> None:
    here = at("waits for SG_1")
    event = Event(phase=phase, outcome="PASS", record="{}", anchor=Anchor(sequence=10_000, hash="a" * 64))
    with here.connect("cutter_exec") as connection:
        said = ledger.event_json(connection, here.run_id, event, None)
        with pytest.raises(psycopg.Error, match="is recorded by its own function only"):
            connection.execute(_LEAVE, (here.run_id, said))


def test_what_the_former_console_has_under_way_is_ended(at: At, tmp_path: Path) -> None:
    """A session that has the run's row in an open transaction would deliver its COMMIT after the take-over."""
    here = at("waits for SG_1")
    there = other_host(here, tmp_path / "other")
    workspace = Workspace.open(here.installation.root, here.run_id)
    event = Event(phase="x", outcome="PASS", record="{}", anchor=Anchor(sequence=10_000, hash="a" * 64))
    with closing(psycopg.connect(here.cluster.conninfo(here.database, "cutter_exec"))) as former:
        former.execute(_LEAVE, (here.run_id, ledger.event_json(former, here.run_id, event, workspace.journal_key())))
        there.backend.take_over(here.run_id, here.run_id)
        with pytest.raises(psycopg.OperationalError):
            former.commit()
    run = there.run()
    assert (run.state.family, run.moves) == (Family.ACTIVE, (Move.VOID,))
    records = read_journal(Workspace.open(there.installation.root, here.run_id).journal)
    assert [record.value("state") for record in records if record.value("session")] == ["is being ended"]


def test_the_session_of_the_former_lease_is_ended(at: At, tmp_path: Path) -> None:
    here = at("armed")
    there = other_host(here, tmp_path / "other")
    with closing(psycopg.connect(here.cluster.conninfo(here.database, "cutter_exec"), autocommit=True)) as holder:
        ledger.take_lease(holder, here.run_id, "cut")
        there.backend.take_over(here.run_id, here.run_id)
        with pytest.raises(psycopg.OperationalError):
            holder.execute("SELECT 1")
    assert here.rows("SELECT end_reason FROM cutter_governance.execution_lease WHERE ended_at IS NULL") == []


@pytest.mark.parametrize("lie", [Lie.ANSWER_LOST, Lie.REQUEST_LOST])
def test_a_lost_answer_is_settled(at: At, tmp_path: Path, lie: Lie) -> None:
    here = at("waits for SG_1")
    there = other_host(here, tmp_path / "other")
    with lying(there, "take over", "cutter_exec", tmp_path, lie):
        if lie is Lie.ANSWER_LOST:
            there.backend.take_over(here.run_id, here.run_id)
        else:
            with pytest.raises(CutterError, match="nothing was written"):
                there.backend.take_over(here.run_id, here.run_id)
            assert here.run().elsewhere == ""
    _, is_new = there.backend.take_over(here.run_id, here.run_id)
    assert is_new == (lie is Lie.REQUEST_LOST)
    assert there.run().moves == (Move.VOID,)
    assert len(here.rows("SELECT FROM cutter_governance.run_event WHERE phase = 'take over'")) == 1


def test_it_is_taken_over_once_and_back_again(at: At, tmp_path: Path) -> None:
    """Who lost a run and has its files takes it back whole, if nothing went on elsewhere."""
    here = at("waits for SG_1")
    moves = here.run().moves
    there = other_host(here, tmp_path / "other")
    assert there.backend.take_over(here.run_id, here.run_id)[1]
    assert not there.backend.take_over(here.run_id, here.run_id)[1]
    back, is_new = here.backend.take_over(here.run_id, here.run_id)
    assert (is_new, back.elsewhere, back.moves) == (True, "", moves)
    assert back.journal.startswith("PASS")
    assert there.run().elsewhere.startswith("taken over by tester on host at ")
    here.sign()
    assert here.run().journal.startswith("PASS")


def test_what_is_not_taken_over(at: At, tmp_path: Path) -> None:
    here = at("waits for SG_1")
    there = other_host(here, tmp_path / "other")
    with pytest.raises(Refused, match="is held here"):
        here.backend.take_over(here.run_id, here.run_id)
    with pytest.raises(CutterError, match="is not the run id"):
        there.backend.take_over(here.run_id, "y")
    here.backend.void(here.run_id, "over")
    with pytest.raises(Refused, match="is over: voided_over"):
        there.backend.take_over(here.run_id, here.run_id)
    assert not list((there.installation.root / "runs").iterdir())


def test_what_a_take_over_that_was_not_committed_has_begun_is_not_taken_for_the_run(at: At, tmp_path: Path) -> None:
    """A hand-over was offered there, and refused; the journal that holds nothing of the run was "replaced or rewritten"."""
    here = at("waits for SG_1")
    there = next_host(here, tmp_path / "other")
    with (
        lying(there, "take over", "cutter_exec", tmp_path, Lie.REQUEST_LOST),
        pytest.raises(CutterError, match="nothing was written"),
    ):
        there.backend.take_over(here.run_id, here.run_id)
    run = there.run()
    assert (run.elsewhere, run.can_hand_over) == ("tester on host", False)
    assert run.moves == (Move.VOID, Move.TAKE_OVER)
    with pytest.raises(CutterError, match="are not here"):
        there.backend.hand_over(here.run_id, tmp_path / "run.tar")
    with pytest.raises(CutterError, match="tester started it on host"):
        there.backend.draft_statement(here.run_id)
    here.backend.void(here.run_id, "not wanted")
    for host, outcome in ((here, Outcome.PASS), (there, Outcome.PARTIAL)):
        (gate,) = host.backend.gates(("G10",)).gates
        (journals,) = [check for check in gate.checks if check.name == "journals"]
        assert journals.outcome is outcome, journals.detail


def test_a_former_holder_verifies_the_journal_that_its_take_over_has_begun(at: At, tmp_path: Path) -> None:
    here = at("waits for SG_1")
    there = next_host(here, tmp_path / "other")
    there.backend.take_over(here.run_id, here.run_id)
    here.backend.take_over(here.run_id, here.run_id)
    for host in (here, there):
        assert host.backend.verify_journal(here.run_id, silent).outcome is Outcome.PASS
