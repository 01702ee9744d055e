"""plan --folder: one report on all documents, the same in each process, and no process that outlives it."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from console.backend.documents.folder_plan import FolderEntry
from console.cli.folders import _Progress
from console.cli.main import main
from tests.backend.documents.gazette import Layout, bare, printed
from tests.support.dying import HANGING_COMMAND
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
CORPUS = Path(os.environ.get("CUTTER_CORPUS", ROOT.parent / "shared" / "corpus"))
PROGRAM = "import sys; from console.cli.main import main; sys.exit(main(sys.argv[1:]))"
GOOD = "# One\n\nText.\n\n# Two\n\nText.\n"
REPEATED = "# One\n\nText.\n\n# One\n\nText.\n"
NOT_TEXT = b"# One\n\n\xff\xfe\n"
TIMES = {"measured_at", "seconds", "mb_per_s"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents of which two can be planned."""
    made = tmp_path_factory.mktemp("documents") / "texts"
    (made / "below").mkdir(parents=True)
    (made / "good.md").write_text(GOOD)
    (made / os.fsdecode(b"caf\xe9.md")).write_text(GOOD)
    (made / "below" / "repeated.md").write_text(REPEATED)
    (made / "bytes.txt").write_bytes(NOT_TEXT)
    (made / "outside.md").symlink_to("/etc/hostname")
    return made


def without_times(value: Any) -> Any:
    """The answer without what differs from one measurement to the next."""
    if isinstance(value, dict):
        return {name: without_times(one) for name, one in value.items() if name not in TIMES}
    return [without_times(one) for one in value] if isinstance(value, list) else value


def answered(root: Path, *words: str) -> tuple[int, str]:
    """Run the command in a process of its own."""
    command = [sys.executable, "-c", PROGRAM, "--root", str(root), "plan", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_two_processes_give_the_same_report(tmp_path: Path, folder: Path) -> None:
    answers = [answered(tmp_path / name, "--folder", str(folder), "--json") for name in ("one", "another")]

    assert [status for status, _ in answers] == [4, 4]
    first, second = (without_times(json.loads(text)) for _, text in answers)
    assert first == second
    assert first["schema"] == "cutter-console/plan-folder/1"
    assert [(one["name"], one["outcome"], one["n_units"]) for one in first["documents"]] == [
        ("below/repeated.md", "FAIL", 0),
        ("bytes.txt", "FAIL", 0),
        ("caf<U+DCE9>.md", "PASS", 2),
        ("good.md", "PASS", 2),
        ("outside.md", "FAIL", 0),
    ]
    totals = first["totals"]
    assert (totals["documents"], totals["planned"], totals["refused"], totals["n_units"]) == (5, 2, 3, 4)
    assert totals["codes"] == {"STOP_REFUSED_INPUT": 2, "ADDRESS_REPEATED": 1}


@pytest.mark.usefixtures("plans_here")
def test_lines_are_the_documents_of_the_report_in_its_order_and_its_totals(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--root", str(tmp_path), "plan", "--folder", str(folder)]
    assert main([*words, "--json"]) == 4
    report = json.loads(capsys.readouterr().out)
    status = main([*words, "--lines"])
    printed = capsys.readouterr()

    *documents, totals = map(json.loads, printed.out.splitlines())
    assert (status, printed.err) == (4, "")
    assert {one.pop("schema") for one in documents} == {"cutter-console/plan-folder-document/1"}
    assert totals.pop("schema") == "cutter-console/plan-folder-totals/1"
    assert totals.pop("outcome") == report["outcome"] == "FAIL"
    assert without_times(documents) == without_times(report["documents"])
    assert without_times(totals) == without_times(report["totals"])


@pytest.mark.usefixtures("plans_here")
def test_the_text_has_one_line_per_document_and_the_totals(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert main(["--root", str(tmp_path), "plan", "--folder", str(folder)]) == 4
    said = capsys.readouterr()
    lines = said.out.splitlines()

    assert lines[0].startswith("below/repeated.md  REFUSED ADDRESS_REPEATED: line 5: ")
    assert lines[3] == "good.md  PLANNED 2 units 0 suspects"
    assert lines[5] == "5 documents: 2 planned, 3 refused"
    assert "      1 document  ADDRESS_REPEATED" in lines
    assert lines[-1].startswith("4 units, ")
    assert said.err == ""
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.usefixtures("plans_here")
def test_spans_that_are_dropped_are_counted_by_rule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "bare.txt").write_text(bare())
    (tmp_path / "texts" / "printed.txt").write_text(printed(Layout()))
    words = ["--root", str(tmp_path), "plan", "--folder", str(tmp_path / "texts"), "--profile", "vi-law"]
    assert main(["--json", "plan", str(tmp_path / "texts" / "printed.txt"), "--docprefix", "LAW", *words[-2:]]) == 0
    alone = Counter(span["rule"] for span in json.loads(capsys.readouterr().out)["dropped"])
    assert set(alone) == {"page-break", "stamp", "footnote", "footnote-mark"}

    assert main([*words, "--lines"]) == 0
    *documents, totals = map(json.loads, capsys.readouterr().out.splitlines())
    assert [document["dropped"] for document in documents] == [{}, alone]
    assert (totals["dropped"], totals["n_dropped"]) == (alone, alone.total())

    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith(" suspects")
    assert lines[1].endswith(f" suspects {alone.total()} dropped spans")
    assert f"{alone.total()} dropped spans: page furniture and footnotes, in no unit's text" in lines
    assert f"{alone['footnote']:>7} dropped spans   footnote" in lines


@pytest.mark.usefixtures("plans_here")
def test_ordinals_and_the_profile_are_those_of_a_single_plan(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--root", str(tmp_path), "--json", "plan", "--folder"]
    assert main([*words, str(folder / "below"), "--ordinals"]) == 0
    assert json.loads(capsys.readouterr().out)["totals"]["n_units"] == 2

    (tmp_path / "law.md").write_text("# Gesetz\n\n## § 1 Eins\n\n(1) Text.\n\n(2) Text.\n")
    assert main([*words, str(tmp_path), "--profile", "de-law"]) == 0
    assert json.loads(capsys.readouterr().out)["totals"]["n_units"] == 3


@pytest.mark.parametrize("made", [True, False])
def test_a_folder_without_documents_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, made: bool
) -> None:
    folder = tmp_path / "empty"
    if made:
        folder.mkdir()
        (folder / "note.pdf").touch()

    assert main(["--root", str(tmp_path), "--json", "plan", "--folder", str(folder)]) == 4
    stop = json.loads(capsys.readouterr().out)["stop"]
    assert stop["code"] == "STOP_REFUSED_INPUT"
    assert ("no document was found below" if made else "cannot be listed") in stop["message"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "one of FILE and --folder DIR is required"),
        (["FILE", "--folder", "DIR"], "exclude each other"),
        (["FILE"], "--docprefix"),
        (["FILE", "--docprefix", "ACME", "--lines"], "--lines belongs to --folder"),
        (["--folder", "DIR", "--docprefix", "ACME"], "--docprefix belongs to FILE"),
        (["--folder", "DIR", "--out", "PLAN"], "--out belongs to FILE"),
        (["--folder", "DIR", "--accept", "A"], "--accept and --propose-acceptances belong to FILE"),
        (["--folder", "DIR", "--lines", "--json"], "give one of them"),
    ],
    ids=lambda given: given if isinstance(given, str) else " ".join(given),
)
def test_arguments_that_do_not_belong_together_are_wrong_usage(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", *words]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("usage: cutter-console plan ")
    assert message in said.err
    assert "next: cutter-console plan --help" in said.err


@contextmanager
def hanging(root: Path, folder: Path) -> Iterator[tuple["subprocess.Popen[bytes]", list[int]]]:
    """The command with workers that hang, in a process group of its own, and the ids of the workers."""
    command = [sys.executable, "-c", HANGING_COMMAND, "--root", str(root), "plan", "--folder", str(folder)]
    workers: list[int] = []
    expected = min(len(os.sched_getaffinity(0)), 3)
    with subprocess.Popen(command, stderr=subprocess.PIPE, cwd=ROOT, start_new_session=True) as process:
        try:
            until(lambda: len(list(folder.glob(".*.pid"))) >= expected, "the workers have begun")
            workers += (int(path.read_text()) for path in folder.glob(".*.pid"))
            yield process, workers
        finally:
            if process.poll() is None:
                process.kill()
            for worker in workers:
                if is_running(worker):
                    os.kill(worker, signal.SIGKILL)


def is_running(pid: int) -> bool:
    """Whether there is such a process, and it is not only waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("whole_group", [True, False], ids=["as a terminal sends it", "to the command alone"])
@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)],
    ids=["SIGINT", "SIGTERM", "SIGKILL"],
)
def test_a_signal_ends_the_command_and_all_workers(
    tmp_path: Path, number: signal.Signals, status: int, *, whole_group: bool
) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    for name in ("a.md", "b.md", "c.md"):
        (folder / name).write_text(GOOD)
    with hanging(tmp_path, folder) as (process, workers):
        (os.killpg if whole_group else os.kill)(process.pid, number)
        _, said = process.communicate(timeout=30)
        until(lambda: not any(map(is_running, workers)), "the workers have ended")

    assert process.returncode == status
    assert b"Traceback" not in said
    # A killed command cannot close its semaphores: Python's tracker does, and says so.
    if number is not signal.SIGKILL:
        assert said == (b"interrupted\n" if number is signal.SIGINT else b"")


def test_workers_leave_the_signals_of_the_terminal_to_the_command(tmp_path: Path) -> None:
    """A worker that waits would print a traceback; one that blocks them all could not be ended by SIGTERM."""
    folder = tmp_path / "texts"
    folder.mkdir()
    for name in ("a.md", "b.md", "c.md"):
        (folder / name).write_text(GOOD)
    with hanging(tmp_path, folder) as (_, workers):
        for worker in workers:
            fields = dict(line.split(":\t") for line in Path(f"/proc/{worker}/status").read_text().splitlines())
            ignored, blocked = int(fields["SigIgn"], 16), int(fields["SigBlk"], 16)
            assert [number for number in (signal.SIGINT, signal.SIGQUIT) if not ignored >> (number - 1) & 1] == []
            assert [number for number in (signal.SIGINT, signal.SIGTERM) if blocked >> (number - 1) & 1] == []


def test_the_line_of_progress_says_what_is_done_its_rate_and_the_time_left() -> None:
    entries = tuple(FolderEntry(f"{number}.md", 100) for number in range(4))
    progress = _Progress(entries, 0.0)
    assert progress.line(1.0) == "0 of 4 documents, 0 per second"

    progress.finished(entries[0])

    assert progress.line(2.0) == "1 of 4 documents, 0 per second, 6 s left"
    assert progress.line(0.1) == "1 of 4 documents, 10 per second, 0 s left"


def test_progress_is_drawn_on_a_terminal_and_removed(tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number}.md").write_text(GOOD)
    command = [sys.executable, "-c", PROGRAM, "--root", str(tmp_path), "plan", "--folder", str(folder), "--json"]
    controller, terminal = pty.openpty()
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=terminal, timeout=60, check=False, cwd=ROOT)
        drawn = os.read(controller, 65536)
    finally:
        os.close(controller)
        os.close(terminal)

    assert done.returncode == 0
    assert b" of 40 documents, " in drawn
    assert drawn.endswith(b"\r\x1b[K")
    assert json.loads(done.stdout)["totals"]["planned"] == 40


@pytest.mark.skipif(not (CORPUS / "vi-laws").is_dir(), reason=f"no corpus in {CORPUS}; set CUTTER_CORPUS")
def test_a_real_corpus_is_reported_as_its_documents_are_planned_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = CORPUS / "vi-laws"
    _, text = answered(tmp_path, "--folder", str(folder), "--profile", "vi-law", "--json")
    documents = json.loads(text)["documents"]
    assert len(documents) == sum(path.suffix in {".md", ".txt"} for path in folder.rglob("*"))

    for document in documents[::7]:
        words = [str(folder / document["name"]), "--docprefix", "ACME", "--profile", "vi-law"]
        main(["--root", str(tmp_path), "--json", "plan", *words])
        alone = json.loads(capsys.readouterr().out)
        assert (document["outcome"], document["n_units"]) == (alone["outcome"], alone["n_units"])
        assert sum(document["suspects"].values()) == len(alone["suspects"])
        assert {one["code"] for one in document["refused"]} == {one["code"] for one in alone["problems"]}
