"""hooks list, test and run, and config validate: the same programs, looked at and told from the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from console.app import launch
from console.backend.host.settings import CONFIG_NAME, load_settings
from console.backend.model.hooks import HookEvent
from console.cli import hooks
from console.cli.arguments import Options
from console.cli.hook_requests import RunHooks
from console.cli.main import main
from console.cli.watching import answers
from tests.support.passage import Passage
from tests.support.waiting import until

At = Callable[[str], Passage]


@pytest.fixture(autouse=True)
def _a_process_of_its_own() -> None:
    """The roots of the tests have one path, and a process knows of a root what it has told."""
    hooks._measured_and_told.cache_clear()


def configured(root: Path, folder: Path, body: str = "cat >> {}/told", **more: object) -> Path:
    """The configuration of a root, with one hook; returns the hook."""
    hook = folder / "hook"
    hook.write_text(f"#!/bin/sh\n{body.format(folder)}\n", encoding="utf-8")
    hook.chmod(0o700)
    path = root / CONFIG_NAME
    settings = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    settings["hooks"] = {"programs": [{"program": str(hook), **more}]}
    path.write_text(json.dumps(settings), encoding="utf-8")
    path.chmod(0o640)
    return hook


def answer(capsys: pytest.CaptureFixture[str], root: Path, *words: str) -> tuple[int, dict[str, object]]:
    """The exit status and the object of a command."""
    status = main(["--root", str(root), "--json", *words])
    return status, json.loads(capsys.readouterr().out)


def events(folder: Path) -> list[HookEvent]:
    """What the hook has read."""
    path = folder / "told"
    return [HookEvent.model_validate_json(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def test_a_hook_is_listed_tested_and_named_where_others_may_write_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hook = configured(tmp_path, tmp_path, events=["hold_set"])
    assert main(["--root", str(tmp_path), "hooks", "list"]) == 0
    assert f"{hook}  hold_set  at most 10 s" in capsys.readouterr().out
    status, tested = answer(capsys, tmp_path, "hooks", "test")
    assert (status, tested["outcome"]) == (0, "PASS")
    assert [event.event for event in events(tmp_path)] == ["test"]
    assert main(["--root", str(tmp_path), "config", "validate"]) == 0
    hook.chmod(0o722)
    capsys.readouterr()
    assert main(["--root", str(tmp_path), "config", "validate"]) == 2
    said = capsys.readouterr().err
    assert f"{hook} can be written by other users" in said
    assert f"chmod go-w {hook}" in said
    for command, tells in (("list", "NOT STARTED"), ("test", "not started")):
        assert main(["--root", str(tmp_path), "hooks", command]) == 1
        assert tells in capsys.readouterr().out
    assert len(events(tmp_path)) == 1


@pytest.mark.parametrize(
    "wrong", [{"program": "notify"}, {"program": "/x", "events": ["none"]}, {"program": "/x", "a": 1}]
)
def test_a_hook_that_cannot_be_meant_is_refused_by_its_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: dict[str, object]
) -> None:
    (tmp_path / CONFIG_NAME).write_text(json.dumps({"hooks": {"programs": [wrong]}}), encoding="utf-8")
    assert main(["--root", str(tmp_path), "hooks", "list"]) == 2
    assert f"{CONFIG_NAME}, line 1: hooks.programs.0" in capsys.readouterr().err


def test_without_a_hook_nothing_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "runs").mkdir()
    assert main(["--root", str(tmp_path), "hooks", "test"]) == 0
    assert "no hook is configured" in capsys.readouterr().out


def test_what_a_hook_reads_has_a_schema_that_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(tmp_path), "config", "schema", "hook-event"]) == 0
    assert json.loads(capsys.readouterr().out) == HookEvent.model_json_schema(mode="serialization")


def test_a_hold_that_stands_is_told_by_each_start_and_once_by_one_that_watches(
    at: At, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = at("SG_1 imported")
    root = passage.installation.root
    configured(root, tmp_path)
    (root / "HOLD").write_text("look at it", encoding="utf-8")
    status, said = answer(capsys, root, "hooks", "run")
    assert (status, said["outcome"]) == (0, "PASS")
    told = {event.event.value: event for event in events(tmp_path)}
    assert {"hold_set", "waiting"} <= set(told)
    assert not told["hold_set"].is_new
    assert told["waiting"].expires_at is not None
    assert f"--root {root}" in told["waiting"].next_action

    (tmp_path / "told").unlink()
    hooks._measured_and_told.cache_clear()

    def next_pause(_seconds: float) -> None:
        if not (root / "HOLD").exists():
            raise KeyboardInterrupt
        until(lambda: "hold_set" in {event.event.value for event in events(tmp_path)}, "the HOLD was told")
        pauses.append(1)
        if len(pauses) == 3:
            (root / "HOLD").unlink()

    pauses: list[int] = []
    monkeypatch.setattr("console.cli.watching.time", SimpleNamespace(sleep=next_pause))
    with pytest.raises(KeyboardInterrupt):
        answers(hooks.run, "hooks run", Options(root=root), RunHooks(watch=1))
    until(lambda: "hold_released" in {event.event.value for event in events(tmp_path)}, "the release was told")
    assert [event.event.value for event in events(tmp_path)].count("hold_set") == 1


def test_the_console_tells_its_hooks_also_if_it_only_reads_and_says_which_failed(at: At, tmp_path: Path) -> None:
    passage = at("SG_1 imported")
    root = passage.installation.root
    configured(root, tmp_path, "cat >> {}/told; exit 5")
    backend = launch._backend(Options(root=root), [], None, read_only=True)
    assert backend.hook_trouble() == ""
    backend.status()
    until(lambda: "it ended with status 5" in backend.hook_trouble(), "the failure is said")
    assert "waiting" in {event.event.value for event in events(tmp_path)}
    before = len(events(tmp_path))
    backend.status()
    assert len(events(tmp_path)) == before
    assert load_settings(root).hooks.programs
