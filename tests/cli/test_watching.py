"""--watch: one answer after the other, until a signal or the reader ends it; and the answers are a recording."""

import json
import signal
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from console.backend.model.errors import ExitStatus, StopCode, Unmeasured
from console.backend.model.recording import parse_recording
from console.cli.arguments import Options
from console.cli.main import main
from console.cli.operations import OPERATIONS
from console.cli.watching import Watching, answers
from tests.support.passage import Stages

CONSOLE = (sys.executable, "-c", "import sys; from console.cli.main import main; sys.exit(main(sys.argv[1:]))")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
def test_status_is_a_recording_line_by_line_until_a_signal(
    number: signal.Signals, status: int, stages_of_a_run: Stages
) -> None:
    root = stages_of_a_run.at("waits for SG_1").installation.root
    command = [*CONSOLE, "--root", str(root), "--json", "status", "--watch", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        process.send_signal(number)
        rest, said = process.communicate(timeout=60)

    assert process.returncode == status
    assert said in {b"", b"interrupted\n"}
    recording = parse_recording("what status printed", [*lines, *rest.splitlines()])
    assert recording.unread == ()
    times = [moment.at for moment in recording.moments]
    assert len(times) >= 3
    assert times == sorted(set(times))


def test_a_reader_that_goes_ends_the_watch(stages_of_a_run: Stages) -> None:
    root = stages_of_a_run.at("waits for SG_1").installation.root
    command = [*CONSOLE, "--root", str(root), "counts", "--watch", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"at 2")
        process.stdout.close()
        process.wait(timeout=60)
        assert process.stderr is not None
        assert (process.returncode, process.stderr.read()) == (141, b"")


class _Gone(Exception):
    """Ends a watch in a test."""


def _answering(*outcomes: "Exception | None") -> "tuple[list[int], object]":
    asked: list[int] = []
    script = list(outcomes)

    def handler(_options: Options, _request: object) -> int:
        asked.append(len(asked))
        outcome = script.pop(0)
        if outcome is not None:
            raise outcome
        return ExitStatus.DONE

    return asked, handler


def test_a_failure_outside_is_an_answer_and_the_watch_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A database that is started again must not end what watches it."""
    monkeypatch.setattr("console.cli.watching.time.sleep", lambda _: None)
    down = Unmeasured(StopCode.UNREACHABLE, "connection refused", "Start the database")
    asked, handler = _answering(None, down, None, _Gone())
    assert callable(handler)

    with pytest.raises(_Gone):
        answers(handler, "status", Options(json=True), Watching(watch=5))

    said = json.loads(capsys.readouterr().out)
    assert (len(asked), said["stop"]["code"], said["schema"]) == (4, "STOP_UNREACHABLE", "cutter-console/status/1")


def test_a_first_answer_that_fails_ends_it_as_without_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.cli.watching.time.sleep", lambda _: None)
    asked, handler = _answering(Unmeasured(StopCode.UNREACHABLE, "connection refused", "Start the database"))
    assert callable(handler)

    with pytest.raises(Unmeasured):
        answers(handler, "status", Options(json=True), Watching(watch=5))
    assert len(asked) == 1


@pytest.mark.parametrize("pause", ["-1", "86401", "x", "1.5"])
def test_a_pause_that_is_none_is_refused(pause: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--root", str(tmp_path), "status", "--watch", pause]) == ExitStatus.USAGE
    assert "--watch" in capsys.readouterr().err


def test_a_recording_is_not_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--record", str(tmp_path / "a"), "--replay", str(tmp_path / "b")]) == ExitStatus.USAGE
    assert "--replay opens a recording, and records nothing" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_only_commands_that_write_nothing_are_watched() -> None:
    watched = [operation for operation in OPERATIONS if "watch" in {field.name for field in fields(operation.request)}]

    assert {operation.name for operation in watched} >= {"status", "counts", "gates", "drift", "run list", "run show"}
    assert [operation.name for operation in watched if operation.writes or operation.dangerous] == []
