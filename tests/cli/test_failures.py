"""What nobody foresaw is told as a defect of the program, with a log that holds no secret; what cannot be printed is said."""

import json
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from console.backend.host.runtime_tree import within
from console.backend.model.errors import Refused, StopCode
from console.backend.outside import describe_outside_error
from console.cli import database, output
from console.cli.arguments import Options
from console.cli.main import main
from console.cli.operations import Nothing

ROOT = Path(__file__).parents[2]
PROGRAM = "import sys; from console.cli.main import main; sys.exit(main(sys.argv[1:]))"


def test_a_defect_is_named_and_kept_in_a_log_below_the_root_without_secrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def defective(_options: Options, _request: Nothing) -> int:
        password = "hunter2hunter2"
        raise LookupError(f"password={password}")

    (tmp_path / "reports").mkdir()
    monkeypatch.setattr(database, "status", defective)
    assert main(["--root", str(tmp_path), "--json", "status"]) == 7
    said = capsys.readouterr()
    answer = json.loads(said.out)
    (log,) = (tmp_path / "reports").iterdir()
    assert answer["outcome"] == "INCONCLUSIVE"
    assert answer["stop"]["message"].startswith("this is a defect of the program: LookupError at test_failures.py")
    assert str(log) in answer["stop"]["next_action"]
    assert log.stat().st_mode & 0o777 == 0o600
    text = log.read_text()
    assert "Traceback" in text
    assert "hunter2" not in text + said.out + said.err
    assert "Traceback" not in said.err


OUTSIDE: dict[str, tuple[Exception, int, str]] = {
    "a file": (PermissionError(13, "Permission denied", "/root/x"), 7, "/root/x: Permission denied"),
    "the system": (OSError(24, "Too many open files"), 7, "the system refused: Too many open files"),
    "a program that hangs": (subprocess.TimeoutExpired(["/usr/bin/gpg", "-v"], 3), 7, "gpg: it did not end within 3 s"),
    "a program that fails": (
        subprocess.CalledProcessError(2, ["gpg"], stderr="no"),
        7,
        "gpg: it ended with status 2: no",
    ),
    "a program of which nothing is known": (
        subprocess.CalledProcessError(-9, "gpg"),
        7,
        "gpg: it ended with status -9",
    ),
    "the threads": (RuntimeError("can't start new thread"), 7, "the system gives no further thread"),
    "the memory": (MemoryError(), 7, "there is not enough memory"),
    "the server": (psycopg.errors.AdminShutdown("terminating connection"), 7, "terminating connection"),
    "a standby": (psycopg.errors.FeatureNotSupported("during recovery"), 5, "a standby answers so"),
    "the connection": (psycopg.OperationalError("the connection is closed"), 7, "the connection is closed"),
}


def test_links_that_lead_in_a_circle_are_named(tmp_path: Path) -> None:
    """The interpreter, until 3.12, has no error of its own for them; a root that was replaced by such a link ended the console."""
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    try:
        within(circle, "runs")
    except (OSError, RuntimeError) as error:
        known = describe_outside_error(error)
    assert known is not None
    assert (known.exit_status, str(circle) in known.message) == (7, True)


@pytest.mark.parametrize("what", OUTSIDE)
def test_what_the_outside_does_is_named(what: str) -> None:
    error, status, words = OUTSIDE[what]
    known = describe_outside_error(error)
    assert known is not None
    assert (known.exit_status, words in known.message) == (status, True)
    assert known.next_action


@pytest.mark.parametrize(
    "error",
    [
        KeyError("x"),
        ValueError("x"),
        psycopg.ProgrammingError("no result"),
        psycopg.InterfaceError("the cursor is closed"),
        TypeError(),
        RuntimeError("x"),
    ],
)
def test_what_nothing_outside_explains_is_not_given_a_name(error: Exception) -> None:
    assert describe_outside_error(error) is None


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["plan", "--help"]], ids=" ".join)
def test_help_and_version_say_that_they_could_not_be_printed(words: list[str]) -> None:
    for shell, status in (('exec "$@" >/dev/full', 1), ('exec "$@" >&-', 1), ('exec "$@" >/dev/full 2>&1', 1)):
        command = ["sh", "-c", shell, "sh", sys.executable, "-c", PROGRAM, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)
        assert done.returncode == status, (shell, done.stderr)
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr


def test_a_reader_that_has_gone_ends_the_command_with_its_own_status() -> None:
    command = ["sh", "-c", '{ "$@"; echo $? >&2; } | true', "sh", sys.executable, "-c", PROGRAM, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)
    assert done.stderr in {"141\n", "0\n"}  # 0: all of it was in the pipe before the reader had gone


def test_a_program_that_starts_without_locale_and_prints_in_latin_1_prints(tmp_path: Path) -> None:
    text = tmp_path / "luat.md"
    text.write_text("# Điều 1 Phạm vi ⚖ é\n\nVăn bản.\n", encoding="utf-8")
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for encoding in ("", "latin-1"):
        command = [sys.executable, "-c", PROGRAM, "--root", str(tmp_path), "plan", str(text), "--docprefix", "ACME"]
        done = subprocess.run(
            command,
            capture_output=True,
            timeout=60,
            check=False,
            cwd=ROOT,
            env={**environment, **({"PYTHONIOENCODING": encoding} if encoding else {})},
        )
        assert done.returncode == 0, done.stderr
        assert rb"\u1ea1m vi \u2696" in done.stdout
        assert (b"\xe9" if encoding else rb"\xe9") in done.stdout


@pytest.mark.parametrize("as_json", [True, False])
def test_the_message_of_a_refusal_holds_no_secret(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """A server, or libpq, can repeat in its message what it was given."""
    refused = Refused(StopCode.REFUSED_INPUT, "no line: password=hunter2 was refused", "See: cutter-console status")
    output.report_error(Options(json=as_json), "status", refused)
    said = capsys.readouterr()
    assert "no line: password=" in said.err + said.out
    assert "hunter2" not in said.err + said.out
