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
from console.cli.groups import GROUPS
from console.cli.main import main
from console.cli.operations import OPERATIONS
from tests.support.pages import PARTS, ROOT, Part

REQUESTS = sorted({operation.request for operation in OPERATIONS} | {Open, Options}, key=lambda one: one.__name__)


def named(target: str) -> object:
    """Import `module:name`."""
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)


def arguments(request: type) -> dict[str, Argument]:
    """The arguments of a request by the names of their fields."""
    return {field.name: field.metadata["argument"] for field in fields(request)}


def test_no_command_stands_twice_in_the_table() -> None:
    assert [words for words, count in Counter(one.words for one in OPERATIONS).items() if count > 1] == []


def test_a_command_has_help_and_a_handler_that_takes_its_request() -> None:
    for operation in OPERATIONS:
        handler = named(operation.handler)
        assert len(operation.help) > 10, operation.name
        assert inspect.isfunction(handler), operation.name
        taken = [parameter.annotation for parameter in inspect.signature(handler).parameters.values()]
        assert taken == [Options, operation.request], operation.name


def test_a_command_has_a_model_of_its_json() -> None:
    """The demo has none, which opens a console or narrates, and serve, which answers browsers until a signal."""
    models = {operation.words: [named(answer) for answer in operation.answers] for operation in OPERATIONS}

    assert {words for words, answers in models.items() if not answers} <= {("demo",), ("serve",)}
    for words, answers in models.items():
        strange = [model for model in answers if not (isinstance(model, type) and issubclass(model, BaseModel))]
        assert strange == [], words


def test_each_argument_has_help_and_is_shown_with_a_name() -> None:
    for request in REQUESTS:
        for field in fields(request):
            argument, name = arguments(request)[field.name], f"{request.__name__}.{field.name}"
            assert len(argument.help) > 5, name
            assert bool(argument.metavar or argument.choices) == (field.type is not bool), name


def test_each_group_of_commands_has_a_line_of_help(capsys: pytest.CaptureFixture[str]) -> None:
    groups = {operation.words[0] for operation in OPERATIONS if len(operation.words) > 1}
    assert set(GROUPS) == groups
    with pytest.raises(SystemExit):
        _parser().parse_args(["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    for group in sorted(groups):
        assert f" {group} {GROUPS[group]}" in shown


def test_what_must_be_typed_belongs_to_dangerous_commands_that_write() -> None:
    for operation in OPERATIONS:
        known = arguments(operation.request)
        assert "confirm" not in known or operation.dangerous, operation.name
        assert operation.writes or not (operation.dangerous or operation.at_once), operation.name
        assert not operation.dangerous or known.keys() & {"confirm", "reason"}, operation.name


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


def test_help_of_a_command_shows_its_line_and_every_argument(capsys: pytest.CaptureFixture[str]) -> None:
    for operation in OPERATIONS:
        with pytest.raises(SystemExit) as ended:
            _parser().parse_args([*operation.words, "--help"])
        shown = " ".join(capsys.readouterr().out.split())

        assert ended.value.code == 0, operation.name
        assert operation.help in shown, operation.name
        for name, argument in (arguments(operation.request) | arguments(Options)).items():
            assert argument.help in shown, operation.name
            assert (
                argument.metavar or argument.choices[0]
                if argument.positional
                else f"--{name.rstrip('_').replace('_', '-')}"
            ) in shown, operation.name


def test_the_parser_gives_every_field_of_the_request() -> None:
    for operation in OPERATIONS:
        given: list[str] = []
        for field in fields(operation.request):
            argument = arguments(operation.request)[field.name]
            if field.default is MISSING:
                value = argument.choices[0] if argument.choices else "X"
                given += [value] if argument.positional else [f"--{field.name.rstrip('_')}", value]
        parsed = vars(_parser().parse_args([*operation.words, *given]))

        for field in fields(operation.request):
            value = parsed[field.name]
            if field.default is MISSING:
                assert str(value) in given, operation.name
            else:
                assert (tuple(value) if isinstance(value, list) else value) == field.default, operation.name


@pytest.mark.parametrize("part", [part for part in PARTS if part.subject == "commands"], ids=lambda part: part.page)
def test_each_command_has_its_place_on_the_pages(part: Part) -> None:
    lines = part.stands_in((ROOT / part.page).read_text("utf-8")).splitlines()
    named_there = [f"{line} ".replace("`", " ") for line in lines]

    assert [
        operation.name for operation in OPERATIONS if not any(f" {operation.name} " in line for line in named_there)
    ] == []


def test_the_lines_that_commands_write_themselves_have_one_form_of_a_moment() -> None:
    """`shown_time` in all but the log. Gates and checks name some to the minute, and a statement as it is signed."""
    sources = {path.name: path.read_text("utf-8") for path in (ROOT / "console" / "cli").glob("*.py")}
    others = {name for name, source in sources.items() if "%Y" in source or ".isoformat(" in source}
    assert others == {"main.py"}
