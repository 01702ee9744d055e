"""Commands in the answers are printed as they must be typed: without the root they would act on another installation."""

import errno
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from console.backend import holding
from console.backend.host.runtime_tree import CONFIG_NAME
from console.backend.model.errors import ExitStatus
from console.backend.model.full_command import full_command
from console.backend.model.holds import RecoveryMove
from console.backend.model.view_models import SwitchState
from console.backend.runs.moves import command_of
from console.cli import installation
from console.cli.main import main
from tests.cli.test_surroundings import commands
from tests.support.passage import Passage, fingerprint, host_files

At = Callable[[str], Passage]
_WITHOUT_ROOT = re.compile(r".*cutter-console (?!--root)[a-z].*")
_WITH_ROOT = "cutter-console --root"


@pytest.fixture(autouse=True)
def _host_without_another_console(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that runs on this machine meanwhile is told as it was started: with a command that nobody is to type."""
    files, context_of = host_files(tmp_path_factory.mktemp("files") / "host"), installation.context_of
    monkeypatch.setattr(installation, "context_of", lambda options: replace(context_of(options), filesystem=files))


@pytest.mark.parametrize(
    "words",
    [
        "hold show",
        "gates",
        "gates G0 G2 G4 G10",
        "gates PRE --run RUN",
        "approval draft RUN",
        "approval check STATEMENT",
        "run show RUN",
        "status",
        "bundle",
    ],
)
def test_every_command_of_an_answer_names_the_root(at: At, capsys: pytest.CaptureFixture[str], words: str) -> None:
    passage = at("waits for SG_1")
    passage.backend.draft_statement(passage.run_id)
    passage.backend.panic("a test")
    named = {"RUN": passage.run_id, "STATEMENT": str(passage.installation.statement(passage.run_id, "SG_1"))}

    main(["--root", str(passage.installation.root), *(named.get(word, word) for word in words.split())])

    answer = capsys.readouterr()
    # Moments have one form, in answers as in messages.
    assert "+00:00" not in answer.out + answer.err
    assert _WITH_ROOT in answer.out + answer.err
    assert [line for line in (answer.out + answer.err).splitlines() if _WITHOUT_ROOT.fullmatch(line)] == []


@pytest.mark.parametrize("words", ["run show RUN", "status", "run settle RUN"])
@pytest.mark.parametrize(
    "stage", ["SG_1 imported", "armed", "waits for SG_2", "SG_2 imported", "enacted", "reverted", "voided"]
)
def test_at_no_stage_a_command_is_printed_without_the_root(
    at: At, capsys: pytest.CaptureFixture[str], stage: str, words: str
) -> None:
    """What a run waits for names a command as well: typed so, it acted on another installation."""
    passage = _at(at, stage)

    main(["--root", str(passage.installation.root), *words.replace("RUN", passage.run_id).split()])

    answer = capsys.readouterr()
    assert [line for line in (answer.out + answer.err).splitlines() if _WITHOUT_ROOT.fullmatch(line)] == []


def _at(at: At, stage: str) -> Passage:
    """A run at a stage; those at which nothing is kept are gone to here."""
    passage = at({"armed": "SG_1 imported", "reverted": "waits for SG_2", "voided": "waits for SG_1"}.get(stage, stage))
    match stage:
        case "armed":
            passage.arm()
        case "reverted":
            passage.backend.revert(passage.run_id, passage.run_id)
        case "voided":
            passage.backend.void(passage.run_id, "a test")
    return passage


def _moves_shown(passage: Passage, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What `run show` prints to each legal move, in its order."""
    main(["--root", str(passage.installation.root), "run", "show", passage.run_id])
    lines = capsys.readouterr().out.splitlines()
    printed = (line.strip().split(":", 1) for line in lines[lines.index("legal") + 1 :])
    return {move.strip(): command.strip() for move, command in printed}


def test_a_run_prints_each_legal_move_with_its_command(at: At, capsys: pytest.CaptureFixture[str]) -> None:
    passage = at("SG_1 imported")
    root, run = str(passage.installation.root), passage.run()
    commands = {move: full_command(command_of(move, run.run_id), root) for move in run.moves if "import" not in move}
    assert len(commands) == 2
    assert _moves_shown(passage, capsys) == commands


@pytest.mark.parametrize(("kind", "move"), [("SG_1", "arm"), ("SG_2", "enact")])
def test_the_step_of_a_run_is_that_of_the_status_before_and_after_its_ruling(
    at: At, capsys: pytest.CaptureFixture[str], kind: str, move: str
) -> None:
    """It was to draft the statement, when it was signed and when it was imported too; and what it allows stood among the legal moves."""
    passage = at(f"waits for {kind}")
    root, step = str(passage.installation.root), f"import {kind}"
    command = full_command(f"cutter-console {move} {passage.run_id} --confirm {passage.run_id}", root)

    def held() -> dict[str, RecoveryMove]:
        summary = next(run for run in passage.backend.runs() if run.run_id == passage.run_id)
        run = holding._held_run(passage.installation, summary)
        return {recovery.move: recovery for recovery in run.moves}

    def next_of_status() -> str:
        (wait,) = passage.backend.status().waiting
        return full_command(wait.next_action, root)

    for _ in range(2):
        shown = _moves_shown(passage, capsys)
        assert shown[step] == next_of_status() == full_command(held()[step].command, root)
        assert "not before the ruling is imported" in held()[move].effects
        assert (list(shown)[-1], shown[move]) == (move, f"not before the ruling is imported: {command}")
        drafted = passage.backend.draft_statement(passage.run_id)
        signed = drafted.signature_paths or (passage.backend.sign_as_demo_sovereign(drafted.statement_path),)
    assert " approval import " in shown[step]
    passage.backend.import_statement(drafted.statement_path, signed)
    shown = _moves_shown(passage, capsys)
    assert (step in shown, shown[move]) == (False, next_of_status())
    assert (step in held(), "not before the ruling is imported" in held()[move].effects) == (False, False)


NEEDS_NO_ROOT = {
    *(("demo",), ("init",), ("panic",), ("disarm",), ("help",), ("info",), ("completion",), ("fleet", "status")),
    *(("config", words) for words in ("show", "validate", "schema", "path", "keys")),
    *(("plan",), ("plan", "--folder"), ("profile", "list"), ("profile", "show"), ("profile", "check"), ("serve",)),
    *(("batch", "plan"), ("manifest", "build"), ("run", "accept"), ("run", "edit"), ("unit", "supersede")),
}
"""Commands that make the root, stop everything, or ask for nothing below it; or that refuse their files before."""


def test_what_acts_on_a_root_refuses_one_that_is_not_there(
    at: At, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`--root typo hold release` took the database's HOLD away, and the file of the root that was meant stood."""
    passage = at("SG_1 imported")
    passage.backend.panic("a test")
    database, typo = passage.installation.settings.database, tmp_path / "typo"
    for name in ("executor", "verifier", "monitor"):
        monkeypatch.setenv(f"CUTTER_{name.upper()}", getattr(database, name))
    asked = commands(passage, passage.run_id, tmp_path)
    before = fingerprint(passage)
    for words, arguments in asked.items():
        if words in NEEDS_NO_ROOT:
            continue
        command = [*(word for word in words if not word.startswith("--")), *arguments]
        assert (main(["--root", str(typo), *command]), words) == (ExitStatus.USAGE, words)
        assert f"{typo} is no runtime tree" in capsys.readouterr().err
    assert fingerprint(passage) == before
    assert not typo.exists()


def test_a_release_refuses_a_root_that_is_not_there_whatever_configuration_is_named(
    at: At, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The HOLD of the database was released, and the HOLD file of the root that was meant stood."""
    passage = at("waits for SG_1")
    passage.backend.panic("a test")
    config = passage.installation.root / CONFIG_NAME
    words = ["--root", str(tmp_path / "typo"), "--config", str(config), "hold", "release", "--confirm", "RELEASE"]
    assert main(words) == ExitStatus.USAGE
    assert "is no runtime tree" in capsys.readouterr().err
    assert passage.backend.status().switch.state is SwitchState.HOLD


def test_a_root_that_this_user_may_not_enter_is_told_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was "no runtime tree", and led to `init`: nobody outside of its group may look into it."""
    real = Path.lstat

    def closed(path: Path) -> os.stat_result:
        if path.is_relative_to(tmp_path):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return real(path)

    monkeypatch.setattr(Path, "lstat", closed)
    main(["--root", str(tmp_path), "status"])
    assert "no runtime tree" not in capsys.readouterr().err


@pytest.mark.parametrize("words", ["status", "init", "hold release --confirm RELEASE"])
def test_an_empty_root_of_the_environment_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    """It was the working directory, which `init` filled."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUTTER_ROOT", "")
    assert main(words.split()) == ExitStatus.USAGE
    assert "CUTTER_ROOT is empty" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_relative_root_is_printed_as_a_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A printed command worked from one folder alone."""
    monkeypatch.chdir(tmp_path)
    assert main(["--root", "typo", "status"]) == ExitStatus.USAGE
    assert f"cutter-console --root {tmp_path / 'typo'} init" in capsys.readouterr().err
