"""G2 goes red when the tree or the configuration is not what it must be."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from console.backend.gates import runtime_tree
from console.backend.gates.approval_package import GATE as APPROVAL_PACKAGE
from console.backend.gates.board import measure_board
from console.backend.gates.measurement import Measurement
from console.backend.gates.probe import Probe
from console.backend.gates.runtime_tree import GATE, MIB
from console.backend.model.outcome import Evidence, Outcome
from tests.backend.gates.conftest import is_red, measured, named
from tests.support.passage import Passage


def test_an_untouched_tree_passes(fresh: Passage) -> None:
    report = measured(GATE, fresh.installation)

    assert report.outcome is Outcome.PASS, report.detail
    assert all(check.evidence for check in report.checks)


def test_a_missing_directory_is_named_with_the_command_that_makes_it(fresh: Passage) -> None:
    (fresh.installation.root / "rollback").rmdir()

    report = measured(GATE, fresh.installation)

    assert is_red(report, "tree.complete", action="cutter-console init")
    assert "rollback" in named(report, "tree.complete").detail


def test_a_stranger_in_the_tree_is_named(fresh: Passage) -> None:
    (fresh.installation.root / "notes.txt").write_text("mine")

    report = measured(GATE, fresh.installation)

    assert is_red(report, "tree.strangers")
    assert "notes.txt" in report.detail


def test_a_symlink_in_the_tree_is_named(fresh: Passage) -> None:
    (fresh.installation.root / "reports" / "elsewhere").symlink_to("/tmp")

    assert is_red(measured(GATE, fresh.installation), "tree.symlinks")


def test_a_tree_that_others_may_read_is_red(fresh: Passage) -> None:
    (fresh.installation.root / "approvals").chmod(0o755)

    assert is_red(measured(GATE, fresh.installation), "tree.mode", action="chmod")


def test_a_broken_configuration_is_red(fresh: Passage) -> None:
    (fresh.installation.root / "orchestrator.config.json").write_text('{"lease_minutes": 600}')

    assert is_red(measured(GATE, fresh.installation), "configuration", Outcome.INCONCLUSIVE, action="lease_minutes")


@pytest.mark.parametrize("text", ['{"api_key": "x"}', '{"database": {"monitor": "host=db password=hunter2"}}'])
def test_a_secret_in_the_configuration_is_red_and_is_not_repeated(fresh: Passage, text: str) -> None:
    (fresh.installation.root / "orchestrator.config.json").write_text(text)

    report = measured(GATE, fresh.installation)

    assert is_red(report, "nothing confidential", action=".pgpass")
    assert "hunter2" not in report.model_dump_json()


@pytest.mark.parametrize(("free", "outcome"), [(10 * MIB, Outcome.FAIL), (512 * MIB, Outcome.PARTIAL)])
def test_a_full_disk_is_red_and_a_filling_one_says_so(fresh: Passage, free: int, outcome: Outcome) -> None:
    facts = runtime_tree.measure(_probe(fresh))
    full = facts.model_copy(update={"free_bytes": Measurement[int](evidence=facts.free_bytes.evidence, value=free)})

    check = next(one for one in runtime_tree.decide(full) if one.name == "free space")

    assert check.outcome is outcome
    assert "Make room" in check.next_action


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o640)


def _endless(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(1 << 40)


_UNREADABLE: dict[str, Callable[[Path], object]] = {
    "a FIFO that nobody writes to": _fifo,
    "a terabyte of nothing": _endless,
    "no JSON": lambda path: path.write_text("{ nope"),
    "no text": lambda path: path.write_bytes(b'{"a": "\xff"}'),
    "brackets without an end": lambda path: path.write_text("[" * 200_000),
}


@pytest.mark.parametrize("how", _UNREADABLE)
def test_a_configuration_of_any_kind_is_answered_and_the_other_gates_stand(fresh: Passage, how: str) -> None:
    _UNREADABLE[how](fresh.installation.root / "orchestrator.config.json")

    board = measure_board(fresh.installation, (GATE, APPROVAL_PACKAGE), deadline_s=30)

    report, other = board.gates
    assert is_red(report, "configuration", Outcome.INCONCLUSIVE)
    assert is_red(report, "nothing confidential", Outcome.INCONCLUSIVE)
    assert other.outcome is Outcome.PARTIAL


def test_what_would_wait_for_ever_when_it_is_read_is_named_with_what_removes_it(fresh: Passage) -> None:
    pipe = fresh.installation.root / "approvals" / "x.json"
    os.mkfifo(pipe, 0o640)

    board = measure_board(fresh.installation, (GATE, APPROVAL_PACKAGE), deadline_s=30)

    assert is_red(board.gates[0], "tree.kinds", action=f"rm {pipe}")
    assert is_red(board.gates[1], "no placeholder", Outcome.INCONCLUSIVE)
    assert "not a regular file" in named(board.gates[1], "no placeholder").detail


def test_a_tree_that_cannot_be_read_is_inconclusive(fresh: Passage) -> None:
    nowhere = replace(fresh.installation, context=replace(fresh.installation.context, root=Path("/nonexistent/cutter")))

    report = measured(GATE, nowhere)

    assert report.outcome is Outcome.INCONCLUSIVE
    assert named(report, "free space").outcome is Outcome.INCONCLUSIVE


def _probe(passage: Passage) -> Probe:
    return Probe(passage.installation, "G2", ends_at=time.monotonic() + 600)


def test_evidence_says_what_was_asked_of_whom_and_how_long_it_took(fresh: Passage) -> None:
    evidence: Evidence = named(measured(GATE, fresh.installation), "free space").evidence[0]

    assert (evidence.id, evidence.source) == ("G2.space", str(fresh.installation.root))
    assert evidence.took_ms > 0
