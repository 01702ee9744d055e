"""One command on a passage's root, its exit status and its one JSON object."""

import json
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module

import pytest
from pydantic import BaseModel

from console.backend.model.errors import ExitStatus
from console.backend.model.outcome import Outcome
from console.cli import installation, output
from console.cli.arguments import Options
from console.cli.main import main
from console.cli.operations import OPERATIONS
from tests.cli.forking import Forker, forker
from tests.support.passage import Passage

Run = Callable[..., tuple[int, dict[str, object]]]


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
