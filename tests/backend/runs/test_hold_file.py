"""The HOLD file of a root that does not answer: everything else of a stop is done, and the file as soon as it can be."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.backend.host import hold_file
from console.backend.model.errors import Held, StopCode
from console.backend.model.view_models import StopStep, SwitchState
from console.backend.runs import hold_file as attempts
from console.backend.runs import kill_switch
from console.backend.runs import panic as panics
from tests.support.passage import Passage
from tests.support.waiting import LONGEST_S, until

At = Callable[[str], Passage]
_STOPPED = """
import os, pathlib, runpy, signal
pathlib.Path(__file__).with_name(str(os.getpid())).touch()
os.kill(os.getpid(), signal.SIGSTOP)
runpy.run_path({program!r}, run_name="__main__")
"""


class Hung:
    """Writers of HOLD files that are stopped before they write, as by a file system that does not answer."""

    def __init__(self, folder: Path) -> None:
        self.program = folder / "stopped.py"
        self.program.write_text(_STOPPED.format(program=hold_file.__file__), encoding="utf-8")

    @property
    def pids(self) -> list[int]:
        """The writers that were started."""
        return [int(path.name) for path in self.program.parent.iterdir() if path.name.isdigit()]

    def answer(self) -> None:
        """Let them go on."""
        for pid in self.pids:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                continue


@pytest.fixture
def hung(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hung]:
    """A root whose file system hangs, and a stop that waits a moment for it where it waits for seconds."""
    made = Hung(tmp_path)
    monkeypatch.setattr(hold_file, "__file__", str(made.program))
    for module in (attempts, panics):
        monkeypatch.setattr(module, "FILE_S", 0.1)
    # What waits for it without an end gets its answer all the same, and the test fails.
    late = threading.Timer(LONGEST_S / 4, made.answer)
    late.start()
    yield made
    late.cancel()
    made.answer()


def test_a_root_that_hangs_delays_nothing_else_of_a_panic_and_gets_its_file_later(at: At, hung: Hung) -> None:
    """The HOLD file was written before everything else, and waited for without an end."""
    passage, told = at("SG_1 imported"), list[StopStep]()
    passage.arm()
    path = passage.installation.hold_file

    switch = passage.backend.panic("stop", told.append)

    assert [(step.what, step.done) for step in told] == [("HOLD file", False)]
    assert [step.done for step in switch.steps] == [False, True, True, True]
    assert (switch.state, switch.in_file, switch.in_database) == (SwitchState.HOLD, None, True)
    assert (
        f"its file was not written: no answer from the file system of {path} yet; the write goes on"
        in switch.incomplete
    )
    assert switch.complete_with == "cutter-console panic --reason stop"
    assert passage.rows("SELECT end_reason FROM cutter_governance.execution_lease") == [("a HOLD was set",)]

    assert passage.backend.panic("again").in_file is None
    assert attempts.is_being_written(passage.installation)
    assert not path.exists()
    until(lambda: len(hung.pids) == 1, "one process writes it, and not one for each stop")
    hung.answer()
    until(lambda: not attempts.is_being_written(passage.installation), "the file is written")
    assert path.read_text(encoding="utf-8") == "stop\ntester\n"


def test_a_hold_because_of_what_was_found_reaches_the_database_though_the_root_hangs(at: At, hung: Hung) -> None:
    passage = at("SG_1 imported")
    assert kill_switch.set_hold(passage.installation, StopCode.COUNT_MISMATCH, "a row too many", passage.run_id) is None
    assert passage.rows("SELECT reason FROM cutter_governance.v_hold") == [("a row too many",)]


def test_a_panic_that_neither_root_nor_database_answers_names_itself_again(at: At, hung: Hung) -> None:
    passage = at("SG_1 imported").without_database()
    with pytest.raises(Held, match="could be set nowhere: no answer from the file system of ") as caught:
        passage.backend.panic("stop")
    assert caught.value.next_action == "Again: cutter-console panic --reason stop"


@pytest.mark.parametrize("how", ["no program", "it dies"])
def test_a_file_that_no_process_can_write_is_written_all_the_same(
    at: At, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = at("SG_1 imported")
    if how == "no program":
        monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    else:
        monkeypatch.setattr(hold_file, "__file__", str(tmp_path / "nothing"))
    switch = passage.backend.panic("stop")
    assert (switch.in_file, switch.in_database, switch.incomplete) == (True, True, "")
    assert passage.installation.hold_file.read_text(encoding="utf-8") == "stop\ntester\n"
