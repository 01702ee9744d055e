"""A stop that was done in part: said in words too, and tried again at a terminal until the database has the HOLD."""

import json
import sys
from types import SimpleNamespace

import pytest

from console.backend.model.errors import ExitStatus
from console.backend.model.view_models import OnStep, StopStep, SwitchState, SwitchView, untold
from console.cli import authority, database
from console.cli.arguments import Options
from console.cli.run_requests import Panic
from console.cli.status_request import ShowStatus
from console.cli.watching import Watching
from tests.support.fakes import FakeBackend

IN_PART = SwitchView(
    state=SwitchState.HOLD,
    reason="look",
    in_file=True,
    in_database=False,
    incomplete="the database did not take the HOLD",
    complete_with="cutter-console panic --reason look",
)
WHOLE = IN_PART.model_copy(update={"in_database": True, "incomplete": "", "complete_with": ""})

WITHOUT_FILE = WHOLE.model_copy(update={"in_file": None, "incomplete": "its file was not written"})


class Stopping(FakeBackend):
    """Answers a panic with these switches, one after the other."""

    def __init__(self, *answers: SwitchView) -> None:
        super().__init__(switch=IN_PART)
        self.installation = None
        self.answers = list(answers)

    def panic(self, reason: str, on_step: OnStep = untold) -> SwitchView:
        """The next one; of the database, what was not done at the first try."""
        del reason
        on_step(StopStep(what="HOLD file", done=True, detail="HOLD"))
        on_step(StopStep(what="HOLD in the database", done=False, detail="not set yet, still trying: no answer"))
        return self.answers.pop(0)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, without waiting."""
    pauses: list[float] = []
    monkeypatch.setattr(authority, "time", SimpleNamespace(sleep=pauses.append))
    return pauses


def _stop(monkeypatch: pytest.MonkeyPatch, backend: Stopping, options: Options, *, terminal: bool) -> ExitStatus:
    monkeypatch.setattr(authority, "backend_of", lambda _, **_named: backend)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    return authority.panic(options, Panic(reason="look"))


def test_at_a_terminal_it_is_tried_again_until_the_database_has_the_hold(
    monkeypatch: pytest.MonkeyPatch, slept: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    backend = Stopping(IN_PART, IN_PART, WHOLE)
    assert _stop(monkeypatch, backend, Options(), terminal=True) is ExitStatus.DONE
    assert (backend.answers, len(slept)) == ([], 2)
    assert capsys.readouterr().err.count("NOT DONE: the database did not take the HOLD; it is tried again every") == 2


def test_at_a_terminal_a_file_without_an_answer_is_awaited_and_nothing_else_done_once_more(
    monkeypatch: pytest.MonkeyPatch, slept: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    asked = iter((True, True, False))
    monkeypatch.setattr(authority, "is_being_written", lambda _: next(asked))
    backend = Stopping(WITHOUT_FILE, WHOLE)
    assert _stop(monkeypatch, backend, Options(), terminal=True) is ExitStatus.DONE
    assert (backend.answers, len(slept)) == ([], 3)
    printed = capsys.readouterr().err
    assert printed.count("NOT DONE: its file was not written; the file system is waited for; Ctrl+C") == 2
    assert printed.count("NOT DONE: its file was not written; it is tried again every") == 1


def test_the_operator_leaves_it_with_ctrl_c_and_is_told_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(authority, "time", SimpleNamespace(sleep=interrupted))
    assert _stop(monkeypatch, Stopping(IN_PART), Options(), terminal=True) is ExitStatus.HOLD
    printed = capsys.readouterr().out
    assert "incomplete the database did not take the HOLD\n" in printed
    assert "complete   cutter-console panic --reason look\n" in printed


@pytest.mark.parametrize(("terminal", "as_json"), [(False, False), (True, True)])
def test_a_script_gets_its_answer_at_once(
    monkeypatch: pytest.MonkeyPatch, slept: list[float], *, terminal: bool, as_json: bool
) -> None:
    backend = Stopping(IN_PART)
    assert _stop(monkeypatch, backend, Options(json=as_json), terminal=terminal) is ExitStatus.HOLD
    assert slept == []


@pytest.mark.parametrize(
    ("module", "command", "request_"),
    [(authority, "hold_show", Watching()), (database, "status", ShowStatus())],
)
def test_status_and_hold_show_say_in_words_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], module: object, command: str, request_: object
) -> None:
    monkeypatch.setattr(module, "backend_of", lambda _, **_named: Stopping())
    assert getattr(module, command)(Options(), request_) is ExitStatus.HOLD
    printed = capsys.readouterr().out
    assert "incomplete the database did not take the HOLD\n" in printed
    assert "complete   cutter-console panic --reason look\n" in printed


def test_hold_show_calls_a_stop_in_part_partial(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(authority, "backend_of", lambda _: Stopping())
    authority.hold_show(Options(json=True), Watching())
    assert json.loads(capsys.readouterr().out)["outcome"] == "PARTIAL"


def test_what_was_not_done_at_the_first_try_is_said_before_the_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _stop(monkeypatch, Stopping(WHOLE), Options(), terminal=False) is ExitStatus.DONE
    printed = capsys.readouterr().err
    assert "NOT DONE YET: HOLD in the database: not set yet, still trying: no answer" in printed
    assert "HOLD file" not in printed
