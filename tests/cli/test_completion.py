"""Completion of commands, in a real bash, and in the scripts of the other shells."""

import json
import shlex
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from console.cli.main import main
from console.cli.operations import OPERATIONS, Shell
from tests.cli.test_operations import arguments

SHELLS = arguments(Shell)["shell"].choices


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The script that the command prints."""
    capsys.readouterr()
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


def completed(bash_script: str, folder: Path, *words: str) -> set[str]:
    """Let bash complete the last word, as the key Tab does."""
    (answer,) = completed_each(bash_script, folder, [words])
    return answer


def completed_each(bash_script: str, folder: Path, asked: Iterable[tuple[str, ...]]) -> list[set[str]]:
    """Let one bash complete the last word of each of these lines, one after the other."""
    bash = shutil.which("bash")
    assert bash is not None
    program = f"""{bash_script}
complete -p cutter-console > complete.txt; read -ra how < complete.txt
answer() {{
    COMPREPLY=()
    for number in "${{!how[@]}}"; do [[ "${{how[number]}}" == -F ]] && "${{how[number + 1]}}"; done
    printf '%s\\n' "${{COMPREPLY[@]}}"; printf '\\0'
}}
"""
    for words in asked:
        typed = " ".join(map(shlex.quote, ("cutter-console", *words)))
        line = f"COMP_LINE={shlex.quote(typed)}; COMP_POINT=${{#COMP_LINE}}"
        program += f"COMP_WORDS=({typed}); COMP_CWORD={len(words)}; {line}; answer\n"
    done = subprocess.run([bash, "--norc", "-c", program], capture_output=True, text=True, check=True, cwd=folder)
    answers = done.stdout.split("\0")
    return [{line.strip() for line in answer.splitlines()} for answer in answers[:-1]]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_names_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = script(shell, capsys)

    assert [operation.name for operation in OPERATIONS if operation.words[-1] not in text] == []


def test_bash_completes_every_command_to_its_last_letter(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    asked = [(*operation.words[:-1], operation.words[-1][:-1]) for operation in OPERATIONS]
    answers = completed_each(script("bash", capsys), tmp_path, asked)

    assert [
        operation.name
        for operation, answer in zip(OPERATIONS, answers, strict=True)
        if operation.words[-1] not in answer
    ] == []


def test_bash_completes_commands_and_options(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = script("bash", capsys)

    assert completed(text, tmp_path, "pa") == {"panic"}
    assert completed(text, tmp_path, "run", "s") == {"start", "show", "settle"}
    assert completed(text, tmp_path, "arm", "--con") == {"--config", "--confirm"}
    assert completed(text, tmp_path, "plan", "--profile", "vi") == {"vi-law"}


def test_bash_completes_files_where_an_argument_names_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "law.md").touch()
    text = script("bash", capsys)

    assert completed(text, tmp_path, "plan", "la") == {"law.md"}
    assert "law.md" not in completed(text, tmp_path, "run", "show", "la")


def test_bash_completes_the_ids_of_the_runs_that_there_are_and_latest_where_a_command_takes_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, batch_id = "ictr-20260301T135200Z-9f3c21ab", "ictb-20260301T133000Z-5ac01d77"
    # Whoever may write there must run nothing at another one's Tab.
    for name in (run_id, batch_id, "ictr-$(touch${IFS}ran)", "ictr-`touch${IFS}ran`"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles/a$(touch${IFS}ran).toml").touch()
    (tmp_path / "profiles/own-law.toml").touch()
    monkeypatch.setenv("CUTTER_ROOT", str(tmp_path))
    text = script("bash", capsys)

    assert completed(text, tmp_path, "run", "show", "") >= {"latest", run_id}
    assert completed(text, tmp_path, "run", "show", "la") == {"latest"}
    assert completed(text, tmp_path, "batch", "status", "ict") == {batch_id}
    assert completed(text, tmp_path, "arm", "ictr") == {run_id}
    assert "latest" not in completed(text, tmp_path, "arm", "la")
    assert run_id not in completed(text, tmp_path, "arm", run_id, "--confirm", "ictr")
    assert completed(text, tmp_path, "plan", "FILE", "--profile", "own") == {"own-law"}
    assert not (tmp_path / "ran").exists()


def test_with_json_the_script_is_in_the_object(capsys: pytest.CaptureFixture[str]) -> None:
    text = script("bash", capsys)
    assert main(["completion", "bash", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)

    assert answer["schema"] == "cutter-console/completion/1"
    assert answer["script"] + "\n" == text


def test_an_unknown_shell_is_wrong_usage() -> None:
    assert main(["completion", "cmd"]) == 2
