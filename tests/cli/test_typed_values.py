"""What was typed is never taken for what was left out: no argument of any command takes an empty text or a number that it has no use for."""

from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from typing import Any, get_args

import pytest

from console.cli.arguments import Argument, Open, Options
from console.cli.main import main
from console.cli.operations import OPERATIONS, Operation


def _argument(field: "Field[Any]") -> Argument:
    argument: Argument = field.metadata["argument"]
    return argument


def _option(field: "Field[Any]") -> str:
    return "--" + field.name.rstrip("_").replace("_", "-")


def _takes_a_number(field: "Field[Any]") -> bool:
    return int in (field.type, *get_args(field.type))


def _cases() -> Iterator[tuple[Operation, "Field[Any]"]]:
    for operation in OPERATIONS:
        for field in (*fields(operation.request), *fields(Options)):
            if field.type is not bool:
                yield operation, field


def _typed(operation: Operation, tried: "Field[Any]", value: str) -> list[str]:
    """Return the command with all that it requires, and this value for the argument that is tried."""
    words = list(operation.words)
    for field in fields(operation.request):
        argument = _argument(field)
        if field.name == tried.name or (field.default is MISSING and field.default_factory is MISSING):
            given = value if field.name == tried.name else (*argument.choices, "1")[0]
            words += [given] if argument.positional else [f"{_option(field)}={given}"]
    if tried.name not in {field.name for field in fields(operation.request)}:
        words += [f"{_argument(tried).short or _option(tried)}", value]
    return words


def _refusal(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    status = main(words)
    captured = capsys.readouterr()
    assert (status, captured.out) == (2, ""), words
    return captured.err


def test_an_empty_text_is_refused_by_every_argument(capsys: pytest.CaptureFixture[str]) -> None:
    takes_it = []
    for operation, field in _cases():
        if _argument(field).can_be_empty:
            takes_it.append((operation.name, field.name))
        else:
            assert "is empty" in _refusal(_typed(operation, field, ""), capsys), (operation.name, field.name)

    # What stops everything is not refused for a variable that has no value.
    assert takes_it == [("panic", "reason")]


def test_an_empty_text_is_refused_before_a_command_and_of_the_console(capsys: pytest.CaptureFixture[str]) -> None:
    for field in (*fields(Options), *fields(Open)):
        if field.type is not bool:
            for behind in (["status"], []):
                assert "is empty" in _refusal([_argument(field).short or _option(field), "", *behind], capsys)


def test_every_number_says_which_it_takes_and_takes_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    tried = 0
    for operation, field in _cases():
        if not _takes_a_number(field):
            continue
        within = _argument(field).within
        assert within is not None, (operation.name, field.name)
        first, last = within
        for value in (str(first - 1), str(last + 1), "-0", "1.0", "x", "9" * 5000, "٣"):
            if value != "-0" or first > 0:
                refusal = _refusal(_typed(operation, field, value), capsys)
                assert f"{_option(field)}: takes {first} to {last}" in refusal, (operation.name, value)
                assert len(refusal) < 3000
        tried += 1

    assert tried >= 15


def test_a_panic_takes_a_reason_without_a_word() -> None:
    from console.cli.command_line import build_parser

    assert build_parser().parse_args(["panic", "--reason", ""]).reason == ""
