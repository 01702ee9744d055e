"""One command on a passage's root, its exit status and its one JSON object."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from importlib import import_module

import pytest
from pydantic import BaseModel

from console.backend.model.errors import CutterError, ExitStatus
from console.backend.model.outcome import Outcome
from console.cli import failures, installation, output
from console.cli.arguments import Options
from console.cli.main import main
from console.cli.operations import OPERATIONS
from tests.cli.forking import Forker, forker
from tests.support.passage import Passage

Run = Callable[..., tuple[int, dict[str, object]]]
_PROGRAM = re.compile(r"(?:cutter-console|gpg|python|git|pg_dump|chmod)(?: (?!or |and )[^ ;,]+)+")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def stop_of(answer: dict[str, object]) -> object:
    """The STOP code of a command that was refused; it says what to do, too."""
    stop = answer["stop"]
    assert isinstance(stop, dict)
    assert stop["next_action"]
    return stop["code"]


@pytest.fixture(autouse=True)
def answers_are_those_of_the_table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Compare what each command answers with the models that the table names for it."""
    strange: list[str] = []
    answers = {operation.name: operation.answers for operation in OPERATIONS}

    def report(
        options: Options, command: str, outcome: Outcome, lines: Iterable[str], payload: BaseModel | None = None
    ) -> ExitStatus:
        model = f"{type(payload).__module__}:{type(payload).__name__}"
        if options.json and model not in answers[command]:
            strange.append(f"{command}: {model}")
        return output.report(options, command, outcome, lines, payload)

    targets = [target for operation in OPERATIONS for target in (operation.handler, *operation.answers)]
    for module in {target.partition(":")[0] for target in targets if target.startswith("console.cli.")}:
        if hasattr(import_module(module), "report"):
            monkeypatch.setattr(import_module(module), "report", report)
    yield
    assert strange == []


def strange_options(command: str, next_action: str) -> list[str]:
    """Return the options that a next action names without a command, and that the refused command does not have."""
    known = {field for operation in OPERATIONS if operation.name == command for field in fields(operation.request)}
    names = {f"--{field.name.rstrip('_').replace('_', '-')}" for field in (*known, *fields(Options))}
    return [option for option in _OPTION.findall(_PROGRAM.sub("", next_action)) if option not in names]


@pytest.fixture(autouse=True)
def next_actions_name_options_of_their_command(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Compare the options that the next action of a refusal names with those of the command that was refused."""
    strange: list[str] = []

    def report_error(options: Options, command: str, error: CutterError) -> ExitStatus:
        if command in {operation.name for operation in OPERATIONS}:
            strange.extend(f"{command}: {option}" for option in strange_options(command, error.next_action))
        return reported(options, command, error)

    reported = output.report_error
    for module in (output, failures):
        monkeypatch.setattr(module, "report_error", report_error)
    yield
    assert strange == []


@pytest.fixture(scope="session")
def forked() -> Iterator[Forker]:
    """The process that forks commands which have surroundings of their own."""
    with forker() as one:
        yield one


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run one command with --json on a passage's root and in its surroundings; its exit status and its object."""

    def run(passage: Passage, *words: str) -> tuple[int, dict[str, object]]:
        capsys.readouterr()
        monkeypatch.setattr(installation, "context_of", lambda _: passage.installation.context)
        status = main(["--root", str(passage.installation.root), "--json", *words])
        said = capsys.readouterr().out
        assert said.count("\n") == 1, said
        answer: dict[str, object] = json.loads(said)
        return status, answer

    return run
