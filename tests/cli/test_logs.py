"""Warnings of libraries come redacted: at once from a command, after the screen from the console."""

import logging
from collections.abc import Callable

import pytest

from console.app import application, launch
from console.backend.model.errors import ExitStatus
from console.backend.model.redaction import REDACTED
from console.cli import database
from console.cli.logs import MOST
from console.cli.main import main

Capture = pytest.CaptureFixture[str]
LOG = logging.getLogger("psycopg")
SECRET = "hunter2-and-more"


def _warn() -> None:
    LOG.warning("connecting to host=db password=%s failed\x1b[2J", SECRET)


def _status(monkeypatch: pytest.MonkeyPatch, logs: Callable[[], None]) -> None:
    def status(_options: object, _request: object) -> ExitStatus:
        logs()
        return ExitStatus.DONE

    monkeypatch.setattr(database, "status", status)
    assert main(["status"]) == 0


def _console(monkeypatch: pytest.MonkeyPatch, run: Callable[[object], int]) -> int:
    monkeypatch.setattr(launch, "refusal_here", lambda: "")
    monkeypatch.setattr(application, "run", run)
    return main([])


def test_a_command_writes_a_warning_redacted_and_inert_to_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    _status(monkeypatch, _warn)
    said = capsys.readouterr()

    assert said.err.startswith(f"WARNING psycopg: connecting to host=db password={REDACTED}")
    assert SECRET not in said.err
    assert "\x1b" not in said.err
    assert said.out == ""


def test_a_traceback_is_redacted_too(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def fail() -> None:
        try:
            int(f"password={SECRET}")
        except ValueError:
            LOG.exception("error ignored")

    _status(monkeypatch, fail)
    said = capsys.readouterr().err

    assert "Traceback" in said
    assert f"password={REDACTED}" in said
    assert SECRET not in said


def test_a_record_that_cannot_be_formatted_shows_no_argument(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    record = logging.LogRecord("psycopg", logging.WARNING, __file__, 1, "%d rows", (SECRET,), None)

    def handle() -> None:
        for handler in _own():
            handler.handle(record)

    _status(monkeypatch, handle)

    assert capsys.readouterr().err == "WARNING psycopg: a message that could not be formatted\n"


def _own() -> list[logging.Handler]:
    return [handler for handler in logging.getLogger().handlers if type(handler).__module__ == "console.cli.logs"]


def test_nothing_below_a_warning_is_written_and_no_handler_stays(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    LOG.setLevel(logging.DEBUG)
    try:
        _status(monkeypatch, lambda: LOG.info("connected"))
    finally:
        LOG.setLevel(logging.NOTSET)

    assert capsys.readouterr().err == ""
    assert _own() == []


def test_the_console_writes_warnings_after_the_screen_redacted(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    while_drawn: list[str] = []

    def run(_app: object, **_named: object) -> int:
        _warn()
        while_drawn.append(capsys.readouterr().err)
        return 0

    assert _console(monkeypatch, run) == 0
    assert while_drawn == [""]
    said = capsys.readouterr().err
    assert said.startswith(f"WARNING psycopg: connecting to host=db password={REDACTED}")
    assert SECRET not in said


def test_the_console_keeps_a_bounded_number_of_warnings(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def run(_app: object, **_named: object) -> int:
        for number in range(MOST + 3):
            LOG.warning("number %d", number)
        return 0

    _console(monkeypatch, run)
    lines = capsys.readouterr().err.splitlines()

    assert lines == [*(f"WARNING psycopg: number {number}" for number in range(MOST)), "and 3 more warnings"]


def test_warnings_are_written_although_the_console_ends_by_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def run(_app: object, **_named: object) -> int:
        _warn()
        raise KeyboardInterrupt

    assert _console(monkeypatch, run) == 130
    assert "WARNING psycopg" in capsys.readouterr().err


def test_within_a_command_that_draws_nothing_is_written_until_the_screen_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """The demo is a command, and has its handler already when it opens the console."""
    while_drawn: list[str] = []

    def run(_app: object, **_named: object) -> int:
        _warn()
        while_drawn.append(capsys.readouterr().err)
        return 0

    def demo() -> None:
        _console(monkeypatch, run)
        LOG.warning("after")

    _status(monkeypatch, demo)
    said = capsys.readouterr().err

    assert while_drawn == [""]
    assert said.count("WARNING psycopg: connecting") == 1
    assert said.splitlines()[-1] == "WARNING psycopg: after"
