"""The table of operations: each command has help, a handler and a model of its JSON, and the parser takes what the table says."""

import inspect
from argparse import ArgumentParser
from collections import Counter
from dataclasses import MISSING, fields
from functools import cache
from importlib import import_module

import pytest
from pydantic import BaseModel

from console.cli.arguments import Argument, Open, Options
from console.cli.command_line import build_parser
from console.cli.main import main
from console.cli.operations import OPERATIONS, Operation
from tests.support.pages import PARTS, ROOT, Part

REQUESTS = sorted({operation.request for operation in OPERATIONS} | {Open, Options}, key=lambda one: one.__name__)
PER_OPERATION = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)


def named(target: str) -> object:
    """Import `module:name`."""
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)


def arguments(request: type) -> dict[str, Argument]:
    """The arguments of a request by the names of their fields."""
    return {field.name: field.metadata["argument"] for field in fields(request)}


def test_no_command_stands_twice_in_the_table() -> None:
    assert [words for words, count in Counter(one.words for one in OPERATIONS).items() if count > 1] == []


@PER_OPERATION
def test_a_command_has_help_and_a_handler_that_takes_its_request(operation: Operation) -> None:
    handler = named(operation.handler)

    assert len(operation.help) > 10
    assert inspect.isfunction(handler)
    assert [one.annotation for one in inspect.signature(handler).parameters.values()] == [Options, operation.request]


@PER_OPERATION
def test_a_command_has_a_model_of_its_json(operation: Operation) -> None:
    """The demo has none, which opens a console or narrates, and serve, which answers browsers until a signal."""
    models = [named(answer) for answer in operation.answers]

    assert models or operation.words in {("demo",), ("serve",)}
    assert [model for model in models if not (isinstance(model, type) and issubclass(model, BaseModel))] == []


@pytest.mark.parametrize("request_type", REQUESTS, ids=lambda one: one.__name__)
def test_each_argument_has_help_and_is_shown_with_a_name(request_type: type) -> None:
    for field in fields(request_type):
        argument = arguments(request_type)[field.name]
        assert len(argument.help) > 5, field.name
        assert bool(argument.metavar or argument.choices) == (field.type is not bool), field.name


@PER_OPERATION
def test_what_must_be_typed_belongs_to_dangerous_commands_that_write(operation: Operation) -> None:
    known = arguments(operation.request)

    assert "confirm" not in known or operation.dangerous
    assert operation.writes or not (operation.dangerous or operation.at_once)
    assert not operation.dangerous or known.keys() & {"confirm", "reason"}


@cache
def _parser() -> ArgumentParser:
    """The parser of every command, which takes longer to build than any of these tests."""
    return build_parser()


def test_help_of_a_command_is_that_of_the_parser_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for ask in (main, _parser().parse_args):
        with pytest.raises(SystemExit) as ended:
            ask(["run", "start", "--help"])
        assert ended.value.code == 0
        shown.append(capsys.readouterr().out)

    assert shown[0] == shown[1]
    assert "usage: cutter-console run start" in shown[0]


@PER_OPERATION
def test_help_of_a_command_shows_its_line_and_every_argument(
    operation: Operation, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        _parser().parse_args([*operation.words, "--help"])
    shown = " ".join(capsys.readouterr().out.split())

    assert ended.value.code == 0
    assert operation.help in shown
    for name, argument in (arguments(operation.request) | arguments(Options)).items():
        assert argument.help in shown
        assert (
            argument.metavar or argument.choices[0]
            if argument.positional
            else f"--{name.rstrip('_').replace('_', '-')}"
        ) in shown


@PER_OPERATION
def test_the_parser_gives_every_field_of_the_request(operation: Operation) -> None:
    given: list[str] = []
    for field in fields(operation.request):
        argument = arguments(operation.request)[field.name]
        if field.default is MISSING:
            value = argument.choices[0] if argument.choices else "X"
            given += [value] if argument.positional else [f"--{field.name.rstrip('_')}", value]
    found = vars(_parser().parse_args([*operation.words, *given]))

    for field in fields(operation.request):
        if field.default is MISSING:
            assert str(found[field.name]) in given
        else:
            value = found[field.name]
            assert (tuple(value) if isinstance(value, list) else value) == field.default


@PER_OPERATION
@pytest.mark.parametrize("part", [part for part in PARTS if part.subject == "commands"], ids=lambda part: part.page)
def test_each_command_has_its_place_on_the_pages(part: Part, operation: Operation) -> None:
    lines = part.stands_in((ROOT / part.page).read_text("utf-8")).splitlines()

    assert [line for line in lines if f" {operation.name} " in f"{line} ".replace("`", " ")] != []
