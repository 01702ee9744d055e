"""Changes of hands that were never tried: two accepts at one moment, a full disk, a HOLD, an edit and a repeal; and what is shown before."""

import os
import resource
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from console.backend.model.errors import CutterError, Refused, StopCode, UsageError
from console.backend.model.outcome import Outcome
from console.backend.model.states import Move, Stage
from console.backend.model.view_models import Danger
from console.backend.runs.workspace import Workspace
from console.backend.service import BackendService
from console.cli.main import main
from tests.backend.runs.test_repeals import at_first_pause, at_second_pause
from tests.backend.runs.test_two_roots import next_host, other_host
from tests.support.passage import DOCPREFIX, Kept, Passage, fingerprint

At = Callable[[str], Passage]
REFUSED = 7


def at_one_moment(*works: Callable[[], object]) -> list[int]:
    """Do these works at once, each in a process of its own: 0 for each that was done, REFUSED for one that was refused."""
    begin, gate = os.pipe()
    children = [_forked(work, begin, gate) for work in works]
    os.close(gate)
    statuses = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    os.close(begin)
    return statuses


def _forked(work: Callable[[], object], begin: int, gate: int) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        os.close(gate)
        os.read(begin, 1)  # until every process has closed the other end
        work()
        status = 0
    except CutterError:
        status = REFUSED
    except BaseException:  # noqa: BLE001 - told, and the test fails by the status
        traceback.print_exc()
    finally:
        os._exit(status)


@pytest.mark.parametrize("hosts", [1, 2])
def test_of_two_accepts_at_one_moment_one_holds_the_run(at: At, tmp_path: Path, hosts: int) -> None:
    here = at("waits for SG_1")
    bundle = tmp_path / "run.bundle"
    here.backend.hand_over(here.run_id, bundle)
    there = [other_host(here, tmp_path / f"other-{number}") for number in range(hosts)]
    takers = there * 2 if hosts == 1 else there
    ends = at_one_moment(*(partial(taker.backend.accept_run, bundle) for taker in takers))
    # From one root the second may find that it is done already.
    assert sorted(ends) in ([[0, REFUSED]] if hosts == 2 else [[0, REFUSED], [0, 0]])
    assert len(here.rows("SELECT FROM cutter_governance.run_event WHERE phase = 'accept'")) == 1
    held = [taker for taker in there if not taker.run().elsewhere]
    assert len(held) == 1
    assert held[0].run().journal.startswith("PASS")
    held[0].backend.void(here.run_id, "enough")
    for taker in there:
        assert [path.name for path in (taker.installation.root / "runs").iterdir() if path.name.startswith(".")] == []


def _written(passage: Passage) -> dict[str, object]:
    """All that the database holds; a number that was taken for a transaction which rolled back is nothing written."""
    return {name: value for name, value in fingerprint(passage).items() if name != "next transaction id"}


def _limited(most: int, there: Passage, bundle: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    there.backend.accept_run(bundle)


def test_a_full_disk_accepts_nothing_and_the_same_bundle_is_accepted_later(at: At, tmp_path: Path) -> None:
    """At the unpacking, and at the first record of the journal when every file has its place."""
    here = at("SG_1 imported")
    bundle = tmp_path / "run.bundle"
    here.backend.hand_over(here.run_id, bundle)
    there = other_host(here, tmp_path / "other")
    journal = Workspace.open(here.installation.root, here.run_id).journal
    before = _written(here)
    for most in (0, journal.stat().st_size):
        assert at_one_moment(partial(_limited, most, there, bundle)) == [REFUSED]
        assert _written(here) == before
        assert there.run().elsewhere.startswith("handed over by tester on host at ")
        assert [path.name for path in (there.installation.root / "runs").iterdir() if path.name.startswith(".")] == []
    held, is_new = there.backend.accept_run(bundle)
    assert (is_new, held.elsewhere) == (True, "")
    assert held.journal.startswith("PASS"), held.journal


def test_a_run_changes_hands_under_a_hold(at: At, tmp_path: Path) -> None:
    """It writes no law, and whoever ends what a HOLD stopped may be somebody else; what writes stays refused."""
    here = at("SG_1 imported")
    there = next_host(here, tmp_path / "other")
    here.backend.panic("a test")
    bundle = tmp_path / "run.bundle"
    assert here.backend.brief(Danger.HAND_OVER, here.run_id, bundle).open_checks == ()
    here.backend.hand_over(here.run_id, bundle)
    assert there.backend.brief(Danger.ACCEPT, "", bundle).open_checks == ()
    held, is_new = there.backend.accept_run(bundle)
    assert (is_new, held.elsewhere) == (True, "")
    with pytest.raises(CutterError, match="HOLD"):
        there.backend.arm(here.run_id, here.run_id)
    assert here.backend.take_over(here.run_id, here.run_id)[1]


@pytest.mark.parametrize("at_pause", [at_first_pause, at_second_pause])
def test_a_repeal_changes_hands(at: At, kept: Kept, tmp_path: Path, at_pause: Callable[[At, Kept], Passage]) -> None:
    here = at_pause(at, kept)
    there = next_host(here, tmp_path / "other")
    moves = here.run().moves
    here.backend.hand_over(here.run_id, tmp_path / "run.bundle")
    held, _ = there.backend.accept_run(tmp_path / "run.bundle")
    assert (held.is_repeal, held.elsewhere, held.moves) == (True, "", moves)
    if at_pause is at_first_pause:
        assert there.backend.void(here.run_id, "not now").journal.startswith("PASS")
        return
    there.sign()
    assert there.enact().state.stage is Stage.CLOSEOUT_REPORTED
    assert here.rows("SELECT FROM public.information_unit WHERE lifecycle_status = 'enacted'") == []


def test_an_edit_of_a_draft_changes_hands(at: At, tmp_path: Path) -> None:
    cut = at("waits for SG_2")
    edit = cut.backend.start_edit(cut.run_id, f"{DOCPREFIX}/ONE", "# One\n\nText one, edited.\n\n", "One")
    here = Passage(cut.backend, cut.cluster, cut.database, edit.edit_run)
    there = next_host(here, tmp_path / "other")
    moves = here.run().moves
    here.backend.hand_over(here.run_id, tmp_path / "run.bundle")
    held, _ = there.backend.accept_run(tmp_path / "run.bundle")
    assert (held.elsewhere, held.moves) == ("", moves)
    there.sign()
    with pytest.raises(CutterError, match="this console does not hold run"):
        here.backend.apply_edit(here.run_id, here.run_id)
    assert there.backend.apply_edit(here.run_id, here.run_id).state.stage is Stage.CLOSEOUT_REPORTED


def test_each_check_has_its_verdict_before_a_bundle_is_accepted_and_nothing_is_kept(at: At, tmp_path: Path) -> None:
    here = at("SG_1 imported")
    bundle = tmp_path / "run.bundle"
    brief = here.backend.brief(Danger.HAND_OVER, here.run_id, bundle)
    assert (brief.open_checks, brief.confirm_text, brief.deltas) == ((), here.run_id, ())
    assert not bundle.exists()
    here.backend.hand_over(here.run_id, bundle)
    there = other_host(here, tmp_path / "other")
    before, files = fingerprint(here), sorted(there.installation.root.rglob("*"))
    with pytest.raises(CutterError, match="read-only"):
        BackendService(there.installation, read_only=True).brief(Danger.ACCEPT, "", bundle)
    told = there.backend.brief(Danger.ACCEPT, "", bundle)
    names = ["files", "not held yet", "hand-over", "journal", "request", "source and plan", "statements", "places"]
    assert [check.name for check in told.checks] == names
    assert {check.outcome for check in told.checks} == {Outcome.PASS}
    assert (told.run_id, told.confirm_text) == (here.run_id, here.run_id)
    assert "handed over by tester on host" in " ".join(told.effects)
    assert (fingerprint(here), sorted(there.installation.root.rglob("*"))) == (before, files)
    with pytest.raises(Refused, match="is another bundle than was shown") as refused:
        there.backend.accept_run(bundle, "0" * 64)
    assert refused.value.code is StopCode.REPLAY_CONFLICT
    assert there.backend.accept_run(bundle, told.seen)[1]
    again = there.backend.brief(Danger.ACCEPT, "", bundle).open_checks
    assert [(check.name, check.outcome) for check in again[:2]] == [
        ("not held yet", Outcome.FAIL),
        ("hand-over", Outcome.NOT_RUN),
    ]


def test_a_check_that_does_not_pass_is_named_with_its_reason(at: At, tmp_path: Path) -> None:
    here = at("SG_1 imported")
    bundle = tmp_path / "run.bundle"
    here.backend.hand_over(here.run_id, bundle)
    there = other_host(here, tmp_path / "other")
    stranger = there.installation.root / "approvals" / f"{here.run_id}.SG_1.json"
    stranger.write_text("another one")
    (wrong,) = there.backend.brief(Danger.ACCEPT, "", bundle).open_checks
    assert (wrong.name, wrong.outcome) == ("places", Outcome.FAIL)
    assert f"{stranger} is there already, and is not" in wrong.detail


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("there", "is there already"),
        ("none/run.bundle", "is no folder"),
        ("x" * 300 + "/b", "is no folder"),
        ("ROOT/runs/RUN/run.bundle", "would be one of the files of runs"),
        ("linked/RUN.bundle", "would be one of the files of runs"),
    ],
)
def test_where_no_bundle_can_be_written_is_said_before_anything_is_noted(
    at: At, tmp_path: Path, place: str, said: str
) -> None:
    here = at("waits for SG_1")
    (tmp_path / "there").write_text("kept")
    (tmp_path / "linked").symlink_to(here.installation.root / "approvals")
    place = place.replace("ROOT", str(here.installation.root)).replace("RUN", here.run_id)
    journal = Workspace.open(here.installation.root, here.run_id).journal
    before = journal.read_bytes()
    (wrong,) = here.backend.brief(Danger.HAND_OVER, here.run_id, tmp_path / place).open_checks
    assert (wrong.name, said in wrong.detail) == ("bundle", True)
    with pytest.raises(Refused, match=said):
        here.backend.hand_over(here.run_id, tmp_path / place)
    assert journal.read_bytes() == before


@pytest.mark.parametrize("name", ["none", "folder", "fifo", "dangling"])
def test_what_is_no_file_at_all_is_said_to_be_none_and_nothing_else_is_blamed(
    at: At, tmp_path: Path, name: str
) -> None:
    """A name that was mistyped is no matter of room on the disk."""
    here = at("waits for SG_1")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "dangling").symlink_to(tmp_path / "none")
    with pytest.raises(Refused) as refused:
        here.backend.brief(Danger.ACCEPT, "", tmp_path / name)
    assert refused.value.message.startswith(f"{tmp_path / name} could not be read: ")
    assert refused.value.next_action == "Name the file of the bundle."


@pytest.mark.parametrize("danger", [Danger.HAND_OVER, Danger.ACCEPT])
def test_without_a_file_nothing_can_be_said(at: At, danger: Danger) -> None:
    here = at("waits for SG_1")
    with pytest.raises(UsageError, match="no bundle is named"):
        here.backend.brief(danger, here.run_id)


def test_a_run_says_if_it_can_be_handed_over_and_what_a_take_over_would_come_to(at: At, tmp_path: Path) -> None:
    """A former holder is told before it takes the run over: its files are from before, and it can but end it."""
    here = at("waits for SG_1")
    there = next_host(here, tmp_path / "other")
    assert (here.run().can_hand_over, here.run().take_over) == (True, "")
    assert there.run().can_hand_over is False
    assert there.run().take_over.startswith("Its files are not here: here it can then only be ended")
    here.backend.hand_over(here.run_id, tmp_path / "run.bundle")
    assert here.run().take_over == "Its files are whole here, with all that was done in it: it goes on here."
    there.backend.accept_run(tmp_path / "run.bundle")
    there.sign()
    lost = here.run()
    assert lost.can_hand_over is False
    assert lost.take_over.startswith(
        "The files here are from before it went on elsewhere: here it can then only be ended"
    )
    assert lost.take_over in here.backend.brief(Danger.TAKE_OVER, here.run_id).effects
    taken, _ = here.backend.take_over(here.run_id, here.run_id)
    assert taken.moves == (Move.VOID,)


def test_the_command_says_what_a_take_over_comes_to_before_it_is_done(
    at: At, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = at("waits for SG_1")
    there = other_host(here, tmp_path / "other")
    root = str(there.installation.root)
    assert main(["--root", root, "run", "show", here.run_id]) == 0
    outcome = "Its files are not here: here it can then only be ended"
    assert f"take-over  {outcome}" in capsys.readouterr().out
    assert main(["--root", root, "run", "take-over", here.run_id, "--confirm", here.run_id]) == 0
    assert f"taking run {here.run_id} over: {outcome}" in capsys.readouterr().err
