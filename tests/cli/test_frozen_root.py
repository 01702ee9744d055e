"""A panic on a root whose disk has stopped answering, as a process of its own: it ends, and says what is not done."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.model.view_models import SwitchState
from tests.support.frozen_disk import disk_below
from tests.support.passage import Passage
from tests.support.waiting import LONGEST_S, until

_WAITS_FOR_A_LINE = "import sys; from console.cli.main import main; sys.stdin.readline(); sys.exit(main())"
At = Callable[[str], Passage]


@pytest.mark.torture
def test_a_panic_on_a_frozen_disk_ends_and_its_file_comes_when_the_disk_answers(at: At, tmp_path: Path) -> None:
    """No signal ends a wait for a frozen disk: a process that waits for it itself would not end before the disk answers."""
    passage = at("SG_1 imported")
    passage.arm()
    root = passage.installation.root
    words = ["--root", str(root), "--json", "panic", "--reason", "the disk is gone"]
    with (
        disk_below(root, tmp_path) as disk,
        subprocess.Popen(
            [sys.executable, "-c", _WAITS_FOR_A_LINE, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        disk.freeze()
        try:
            out, said = process.communicate("go on\n", LONGEST_S)
        finally:
            disk.thaw()
        answer = json.loads(out)
        assert (process.returncode, answer["state"]) == (6, "HOLD")
        assert (answer["in_file"], answer["in_database"]) == (None, True)
        assert [step["done"] for step in answer["steps"]] == [False, True, True, True]
        assert "NOT DONE YET: HOLD file: not written: no answer from the file system of" in said
        assert passage.rows("SELECT reason FROM cutter_governance.v_hold") == [("the disk is gone",)]

        until((root / "HOLD").exists, "the file is there once the disk answers")
        assert passage.backend.status().switch.state is SwitchState.HOLD
