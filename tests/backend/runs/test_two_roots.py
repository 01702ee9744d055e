"""Two consoles of two hosts on one database: each sees the other's runs, and is offered nothing that needs their files."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from console.backend.gates.arming_checks import readiness
from console.backend.host.runtime_tree import init_tree
from console.backend.model.canonical_json import canonical_json
from console.backend.model.errors import CutterError
from console.backend.model.hook_kinds import HookKind
from console.backend.model.hooks import HookEvent, Place, Thresholds, Told, after_status
from console.backend.model.outcome import Outcome
from console.backend.model.states import Mode, Move
from console.backend.model.view_models import RunRequest
from console.cli.runs import run_lines
from tests.support.passage import Passage, fingerprint, silent

At = Callable[[str], Passage]
THRESHOLDS = Thresholds(expires_soon=timedelta(hours=1), armed_too_long=timedelta(hours=1))
OTHER = "# Other\n\nOther text.\n"


def other_host(passage: Passage, root: Path) -> Passage:
    """A console of another operator, on another host, with a root of its own."""
    installation = passage.installation
    init_tree(root, canonical_json(installation.settings))
    shutil.copy(installation.policy, root / installation.policy.relative_to(installation.root))
    context = replace(installation.context, root=root, host="host-b")
    there = replace(installation, context=context, operator="bob")
    there.intake.mkdir(mode=0o750, exist_ok=True)
    return passage.with_site(there)


def next_host(passage: Passage, root: Path) -> Passage:
    """Another host whose console may write, too: with the deployed manifest, and pins of its own."""
    there = other_host(passage, root)
    manifest = Path("artifacts") / "deploy-manifest.json"
    shutil.copy(passage.installation.root / manifest, root / manifest)
    settings = there.installation.settings
    pins = settings.pins.model_copy(update={"host": "host-b"})
    return there.with_site(replace(there.installation, settings=settings.model_copy(update={"pins": pins})))


@pytest.mark.parametrize("stage", ["SG_1 imported", "SG_2 imported"])
def test_a_run_of_another_host_is_seen_and_nothing_that_needs_its_files_is_offered(
    at: At, tmp_path: Path, stage: str
) -> None:
    here = at(stage)
    there = other_host(here, tmp_path / "other")
    (seen,) = [run for run in there.backend.runs() if run.mode is Mode.LIVE]
    run = there.run()
    assert (seen.run_id, seen.elsewhere, run.elsewhere) == (here.run_id, "tester on host", "tester on host")
    assert "elsewhere  its files are not below this root: tester on host" in run_lines(run)
    assert set(run.moves) <= {Move.VOID, Move.REVERT, Move.TAKE_OVER, Move.REPORT}
    (wait,) = there.backend.status().waiting
    assert (wait.waits_for, wait.next_action) == (
        "another console: tester on host",
        f"cutter-console run show {here.run_id}",
    )
    (package,) = there.backend.gates(("G7",)).gates
    assert not [check.name for check in package.checks if here.run_id in check.name + check.next_action]
    before = fingerprint(here)
    for attempt in (
        lambda: there.backend.draft_statement(here.run_id),
        lambda: there.backend.arm(here.run_id, here.run_id),
        lambda: there.backend.resume(here.run_id, silent),
        lambda: there.backend.enact(here.run_id, here.run_id, silent),
    ):
        with pytest.raises(CutterError, match=f"{here.run_id} are not below .*: tester started it on host"):
            attempt()
    assert fingerprint(here) == before
    assert {run.elsewhere for run in here.backend.runs()} == {""}


def test_the_journal_of_a_run_of_another_host_is_not_called_missing(at: At, tmp_path: Path) -> None:
    passage = at("waits for SG_2")
    there = other_host(passage, tmp_path / "other").run()

    assert passage.run().journal.startswith("PASS: ")
    assert there.journal == f"INCONCLUSIVE: it is not below this root: {there.elsewhere}"


def test_a_run_of_another_root_of_this_host_is_not_offered_to_be_ended_for_want_of_its_files(
    at: At, tmp_path: Path
) -> None:
    """Of two operators on one server, each with a root: the second was told to start another run, or to void this one."""
    here = at("SG_1 imported")
    there = other_host(here, tmp_path / "other")
    context = replace(there.installation.context, host=here.installation.context.host)
    there = there.with_site(replace(there.installation, context=context))
    before = fingerprint(here)

    for attempt in (
        lambda: there.backend.draft_statement(here.run_id),
        lambda: there.backend.arm(here.run_id, here.run_id),
        lambda: there.backend.resume(here.run_id, silent),
        lambda: there.backend.enact(here.run_id, here.run_id, silent),
    ):
        with pytest.raises(
            CutterError, match="tester started it on host, and it goes on from the root that"
        ) as refused:
            attempt()
        assert refused.value.next_action.startswith("Look at it: cutter-console run show")

    assert fingerprint(here) == before


def test_a_run_of_this_root_comes_before_those_of_others(at: At, tmp_path: Path) -> None:
    """On the Overview and among the arming checks, though the other one is newer."""
    here = at("waits for SG_1")
    there = other_host(here, tmp_path / "other")
    own = here.run()
    request = RunRequest(origin=there.write("b.md", OTHER), docprefix="THERE-LAW", mode=Mode.LIVE)
    newer = there.backend.start(request, silent)
    for backend, run, other in ((here.backend, own, newer), (there.backend, newer, own)):
        current = backend.status().current_run
        assert current is not None
        assert current.run_id == run.run_id
        assert {view.run_id: view.elsewhere for view in backend.runs() if view.elsewhere}.keys() == {other.run_id}
        assert run.run_id in readiness(backend.installation).checks[0].detail


def test_a_run_of_another_host_is_ended_or_taken_back_from_here(at: At, tmp_path: Path) -> None:
    """If that host is lost: both need no files, and are typed."""
    here = at("waits for SG_1")
    there = other_host(here, tmp_path / "other")
    there.backend.void(here.run_id, "the host is lost")
    assert here.run().state.name == "voided_the_host_is_lost"


def test_a_hold_has_one_id_at_the_host_that_set_it_and_at_every_other(at: At, tmp_path: Path) -> None:
    """A hook that must act once keeps the ids: the file of the host that set it had a time of its own."""
    here = at("SG_1 imported")
    there = other_host(here, tmp_path / "other")
    here.backend.panic("look")
    os.utime(here.installation.hold_file, (0, 0))
    told: list[HookEvent] = []
    for host in (here, there):
        place = Place(str(host.installation.root), "", str)
        told += after_status(Told(place), host.backend.status(), THRESHOLDS)[1]
    assert [event.event for event in told if event.event is HookKind.HOLD_SET] == [HookKind.HOLD_SET] * 2
    assert len({event.id for event in told if event.event is HookKind.HOLD_SET}) == 1


@pytest.mark.parametrize("ended", ["voided", "reverted"])
def test_the_end_of_a_run_of_another_host_leaves_journals_that_are_sound_at_both(
    at: At, tmp_path: Path, ended: str
) -> None:
    """The journal that begins here holds the end alone; judged as the run's own, it was "replaced or rewritten" for ever."""
    here = at("waits for SG_1" if ended == "voided" else "waits for SG_2")
    there = next_host(here, tmp_path / "other")
    if ended == "voided":
        there.backend.void(here.run_id, "the host is lost")
    else:
        there.backend.revert(here.run_id, here.run_id)
    for host in (here, there):
        run = host.run()
        assert run.state.family.value == ended
        assert run.journal.startswith("PASS"), run.journal
        (gate,) = host.backend.gates(("G10",)).gates
        (journals,) = [check for check in gate.checks if check.name == "journals"]
        assert journals.outcome is Outcome.PASS, journals.detail


def test_a_run_of_another_host_is_not_taken_over_for_an_end_that_is_refused(at: At, tmp_path: Path) -> None:
    here = at("waits for SG_2")
    there = next_host(here, tmp_path / "other")
    before = fingerprint(here)
    with pytest.raises(CutterError, match="cannot void"):
        there.backend.void(here.run_id, "not wanted")
    assert fingerprint(here) == before
    assert there.run().elsewhere == "tester on host"
