"""A run that changes hands more than once: back to the console that it came from, and past one that has old files of it."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from console.backend.host import signals
from console.backend.journal.journal import Journal
from console.backend.model.errors import CutterError
from console.backend.model.states import Family, Move
from console.backend.runs.workspace import Workspace
from tests.backend.runs.test_two_roots import next_host, other_host
from tests.support.lost_commit import Lie, lying
from tests.support.passage import Passage, fingerprint
from tests.support.waiting import until

At = Callable[[str], Passage]


@pytest.mark.parametrize("is_signed_there", [False, True])
def test_a_run_is_handed_back(at: At, tmp_path: Path, is_signed_there: bool) -> None:
    here = at("waits for SG_1")
    there = next_host(here, tmp_path / "other")
    here.backend.hand_over(here.run_id, tmp_path / "a.tar")
    there.backend.accept_run(tmp_path / "a.tar")
    if is_signed_there:
        there.sign()
    moves = there.run().moves
    there.backend.hand_over(here.run_id, tmp_path / "b.tar")
    # The former holder's journal has a hand-over too, in another file.
    assert (here.run().is_unaccepted, here.run().bundle) == (True, "")
    assert there.run().bundle == str(tmp_path / "b.tar")
    back, is_new = here.backend.accept_run(tmp_path / "b.tar")
    assert (is_new, back.elsewhere, back.moves) == (True, "", moves)
    assert back.journal.startswith("PASS"), back.journal


def test_old_files_are_no_journal_of_what_went_on_elsewhere(at: At, tmp_path: Path) -> None:
    """Who takes a run back with files from before ends it; who has the files of all of it goes on."""
    here = at("waits for SG_1")
    there = next_host(here, tmp_path / "other")
    here.backend.hand_over(here.run_id, tmp_path / "a.tar")
    there.backend.accept_run(tmp_path / "a.tar")
    there.sign()
    moves = there.run().moves
    back, is_new = here.backend.take_over(here.run_id, here.run_id)
    assert (is_new, back.elsewhere, back.moves) == (True, "", (Move.VOID,))
    assert back.journal.startswith("PASS"), back.journal
    with pytest.raises(CutterError, match="are not whole here"):
        here.backend.hand_over(here.run_id, tmp_path / "b.tar")
    again, is_new = there.backend.take_over(here.run_id, here.run_id)
    assert (is_new, again.elsewhere, again.moves) == (True, "", moves)
    assert again.journal.startswith("PASS"), again.journal
    assert here.run().moves == (Move.TAKE_OVER,)
    assert here.backend.take_over(here.run_id, here.run_id)[0].journal.startswith("PASS")
    ended = here.backend.void(here.run_id, "enough")
    assert ended.journal.startswith("PASS"), ended.journal


@pytest.mark.parametrize("lie", [Lie.ANSWER_LOST, Lie.REQUEST_LOST, Lie.LATE])
def test_a_lost_commit_of_such_a_take_over_sets_one_journal_aside(at: At, tmp_path: Path, lie: Lie) -> None:
    here = at("waits for SG_1")
    there = next_host(here, tmp_path / "other")
    here.backend.hand_over(here.run_id, tmp_path / "a.tar")
    there.backend.accept_run(tmp_path / "a.tar")
    with lying(here, "take over", "cutter_exec", tmp_path, lie) as line:
        if lie is Lie.ANSWER_LOST:
            here.backend.take_over(here.run_id, here.run_id)
        else:
            with pytest.raises(CutterError, match="nothing was written"):
                here.backend.take_over(here.run_id, here.run_id)
        line.deliver()
    back, is_new = here.backend.take_over(here.run_id, here.run_id)
    assert (is_new, back.moves) == (lie is not Lie.ANSWER_LOST, (Move.VOID,))
    assert back.journal.startswith("PASS"), back.journal
    assert len(here.rows("SELECT FROM cutter_governance.run_event WHERE phase = 'take over'")) == 1
    directory = Workspace.open(here.installation.root, here.run_id).directory
    assert len(list(directory.glob("journal.jsonl.*"))) == 1


def test_what_has_not_the_files_is_not_handed_over(at: At, tmp_path: Path) -> None:
    """The bundle that has them, which was named as the place of another one, stays and is accepted."""
    here = at("waits for SG_1")
    there = next_host(here, tmp_path / "other")
    bundle = tmp_path / "a.tar"
    here.backend.hand_over(here.run_id, bundle)
    there.backend.take_over(here.run_id, here.run_id)
    before = fingerprint(here)
    for name in ("a.tar", "b.tar"):
        with pytest.raises(CutterError, match="are not whole here"):
            there.backend.hand_over(here.run_id, tmp_path / name)
    assert (fingerprint(here), [path.name for path in tmp_path.glob("*.tar")]) == (before, ["a.tar"])
    assert there.backend.accept_run(bundle)[1]


def test_who_handed_a_run_over_accepts_it_again(at: At, tmp_path: Path) -> None:
    here = at("waits for SG_1")
    moves = here.run().moves
    for number in range(2):
        bundle = tmp_path / f"{number}.tar"
        here.backend.hand_over(here.run_id, bundle)
        back, is_new = here.backend.accept_run(bundle)
        assert (is_new, back.elsewhere, back.moves) == (True, "", moves)
        assert back.journal.startswith("PASS"), back.journal


def test_a_journal_that_was_never_the_run_s_stays(at: At, tmp_path: Path) -> None:
    here = at("waits for SG_1")
    there = next_host(here, tmp_path / "other")
    here.backend.hand_over(here.run_id, tmp_path / "a.tar")
    workspace = Workspace.open(there.installation.root, here.run_id)
    workspace.directory.mkdir()
    with (
        closing(Journal.create(workspace.journal, here.run_id, there.installation.context)),
        pytest.raises(CutterError, match="another process works on run"),
    ):
        there.backend.accept_run(tmp_path / "a.tar")
    before = workspace.journal.read_bytes()
    with pytest.raises(CutterError, match="is there already, and is not that of"):
        there.backend.accept_run(tmp_path / "a.tar")
    assert workspace.journal.read_bytes() == before
    assert [path.name for path in workspace.directory.iterdir()] == ["journal.jsonl"]


_SLOW = """
    CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON cutter_governance.run_event
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.slow();
"""
_AT_COMMIT = "SELECT FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'active' AND datname = current_database()"


@pytest.fixture
def _signals() -> Iterator[None]:
    before = {
        number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    }
    signals.end_by_exception()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_at_the_commit_leaves_the_bundle(at: At, tmp_path: Path, number: signal.Signals) -> None:
    """A COMMIT is waited for; then the file is the run, and only then the signal is heard."""
    here = at("waits for SG_1")
    here.execute(_SLOW)
    bundle = tmp_path / "a.tar"

    def ends_it() -> None:
        until(lambda: here.rows(_AT_COMMIT), "the COMMIT")
        os.kill(os.getpid(), number)

    watch = threading.Thread(target=ends_it)
    watch.start()
    with pytest.raises((SystemExit, KeyboardInterrupt)):
        here.backend.hand_over(here.run_id, bundle)
    watch.join()
    assert here.run().elsewhere.startswith("handed over")
    there = next_host(here, tmp_path / "other")
    assert there.backend.accept_run(bundle)[1]


@pytest.mark.parametrize("damage", ["cut off", "gone"])
@pytest.mark.parametrize("stage", ["waits for SG_1", "waits for SG_2"])
def test_a_holder_whose_journal_is_damaged_is_offered_what_is_accepted(
    at: At, tmp_path: Path, stage: str, damage: str
) -> None:
    here = at(stage)
    end = Move.VOID if stage == "waits for SG_1" else Move.REVERT
    there = next_host(here, tmp_path / "other")
    here.backend.hand_over(here.run_id, tmp_path / "a.tar")
    there.backend.accept_run(tmp_path / "a.tar")
    workspace = Workspace.open(there.installation.root, here.run_id)
    if damage == "gone":
        workspace.journal.unlink()
    else:
        workspace.journal.write_bytes(b"".join(workspace.journal.read_bytes().splitlines(keepends=True)[:5]))
    assert there.run().moves == (Move.TAKE_OVER,)
    before = sorted(path.name for path in workspace.directory.iterdir())
    with pytest.raises(CutterError) as refused:
        there.backend.void(here.run_id, "damaged")
    assert refused.value.next_action.endswith(f"run take-over {here.run_id} --confirm {here.run_id}")
    assert sorted(path.name for path in workspace.directory.iterdir()) == before
    taken, is_new = there.backend.take_over(here.run_id, here.run_id)
    assert (is_new, taken.elsewhere, taken.moves) == (True, "", (end,))
    if end is Move.VOID:
        ended = there.backend.void(here.run_id, "damaged")
    else:
        ended = there.backend.revert(here.run_id, here.run_id)
    assert ended.state.family in {Family.VOIDED, Family.REVERTED}
    assert ended.journal.startswith("PASS"), ended.journal


def test_a_refused_end_leaves_the_files_of_who_lost_the_run(at: At, tmp_path: Path) -> None:
    here = at("waits for SG_1")
    there = other_host(here, tmp_path / "other")
    there.backend.take_over(here.run_id, here.run_id)
    workspace = Workspace.open(here.installation.root, here.run_id)
    workspace.journal.write_bytes(b"".join(workspace.journal.read_bytes().splitlines(keepends=True)[:5]))
    before = {path.name: path.read_bytes() for path in workspace.directory.iterdir()}
    with pytest.raises(CutterError, match="taken over by bob on host-b"):
        here.backend.void(here.run_id, "mine")
    assert {path.name: path.read_bytes() for path in workspace.directory.iterdir()} == before
