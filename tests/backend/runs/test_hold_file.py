"""The HOLD file of a root that does not answer: everything else of a stop is done, and the file as soon as it can be."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from console.backend.host import hold_file
from console.backend.model.errors import Held, StopCode, Unmeasured
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
    for module in (attempts, panics, kill_switch):
        monkeypatch.setattr(module, "FILE_S", 0.1)
    # What waits for it without an end gets its answer all the same, and the test fails.
    late = threading.Timer(LONGEST_S / 4, made.answer)
    late.start()
    yield made
    late.cancel()

    def nothing_is_written() -> bool:
        made.answer()
        return all(write.done() for write in attempts._UNDER_WAY.values())

    # A stop of the next test, whose root is in the same place, would wait for this write in place of its own.
    until(nothing_is_written, "nothing is written any more")


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


def test_what_was_found_asks_no_root_that_hangs_what_is_there(
    at: At, hung: Hung, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the database is not reached either, the file was looked for by the console itself, which hung there."""
    passage = at("SG_1 imported").without_database()
    asked = list[object]()
    monkeypatch.setattr(kill_switch, "hold_in_file", asked.append)
    held = kill_switch.set_hold(passage.installation, StopCode.COUNT_MISMATCH, "a row too many", passage.run_id)
    assert held is not None
    assert (held.code, asked) == (StopCode.COUNT_MISMATCH, [])
    path = passage.installation.hold_file
    assert f"NO HOLD could be set: no answer from the file system of {path} yet; the write goes on; " in held.message
    assert "cutter-console panic --reason 'a row too many'" in held.next_action


def test_a_file_that_is_written_while_the_database_is_tried_is_the_hold(
    at: At, hung: Hung, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = at("SG_1 imported")

    @contextmanager
    def no_answer(_conninfo: str, **_: object) -> Iterator[None]:
        hung.answer()
        until(lambda: not attempts.is_being_written(passage.installation), "the file is written")
        raise Unmeasured(StopCode.UNREACHABLE, "no answer", "Reach it.")
        yield

    monkeypatch.setattr(kill_switch, "connect", no_answer)
    monkeypatch.setattr(kill_switch, "hold_in_file", lambda _: None)
    assert kill_switch.set_hold(passage.installation, StopCode.COUNT_MISMATCH, "a row too many", passage.run_id) is None
    assert passage.installation.hold_file.read_text(encoding="utf-8") == "a row too many\ntester\n"


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


def test_a_host_that_has_no_thread_left_gets_its_file_all_the_same(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(_call: object, _name: str) -> None:
        raise RuntimeError("can't start new thread")

    passage = at("SG_1 imported").without_database()
    monkeypatch.setattr(attempts, "start", none_left)
    assert passage.backend.panic("stop").in_file is True
    assert passage.installation.hold_file.read_text(encoding="utf-8") == "stop\ntester\n"


def test_a_file_that_a_release_has_taken_away_is_not_called_written(at: At) -> None:
    """A stop waits for a write that an earlier one has begun, and a release may have come between the two."""
    installation = at("SG_1 imported").installation
    file = attempts.HoldFile(installation, "stop")
    assert file.problem(LONGEST_S) == ""
    installation.hold_file.unlink()
    assert file.problem(0) == f"{installation.hold_file} was written, and is not there any more"
    # What lies there is a HOLD, whatever it is.
    installation.hold_file.symlink_to(installation.root / "nowhere")
    assert file.problem(0) == ""


def test_a_hold_file_and_its_name_are_on_the_disk_before_it_counts_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop that a power cut takes back is none."""
    synced: list[tuple[int, int]] = []
    sync = os.fsync

    def noted(descriptor: int) -> None:
        status = os.fstat(descriptor)
        synced.append((status.st_ino, status.st_size))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    path = tmp_path / "HOLD"
    path.write_text("what stood there before was longer")
    assert hold_file.write(str(path), b"a reason\n") == ""
    assert path.read_bytes() == b"a reason\n"
    assert [inode for inode, _ in synced] == [path.stat().st_ino, tmp_path.stat().st_ino]
    assert synced[0][1] == len(b"a reason\n")
