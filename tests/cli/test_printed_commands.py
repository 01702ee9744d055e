"""Every command that the program prints, as a next action or elsewhere, is one that it knows, with options that it has."""

import argparse
import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from console.cli.command_line import build_parser
from console.cli.main import main
from tests.cli.conftest import strange_options

PACKAGE = Path(__file__).parents[2] / "console"
VALUE = "VALUE"
"""Stands for what is put into a text when it is made."""
NO_COMMANDS = frozenset({"confirm", "from", "gate", "lease", "scratch", VALUE})
"""Words behind the program's name that are none: purposes of sessions in application_name, prose, and what is not known here."""
_PRINTED = re.compile(r"cutter-console((?: (?!\[)[A-Za-z0-9_.<>{}/=-]+)+)")


def texts(source: bytes) -> Iterator[tuple[int, str]]:
    """Each text of the statements that have the program's name in them with its line, those that are composed as a whole."""
    lines = source.splitlines()
    nodes: list[ast.AST] = []
    for statement in ast.parse(source).body:
        if any(b"cutter-console" in line for line in lines[statement.lineno - 1 : statement.end_lineno]):
            nodes += ast.walk(statement)
    parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            values = (part.value if isinstance(part, ast.Constant) else VALUE for part in node.values)
            yield node.lineno, "".join(map(str, values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.lineno, node.value


@cache
def _parser() -> argparse.ArgumentParser:
    return build_parser()


def _commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    groups = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return next((group.choices for group in groups), {})


def fault(words: list[str]) -> str:
    """What is wrong with the words behind the program's name; empty if nothing is."""
    parser, path, rest = _parser(), ["cutter-console"], iter(words)
    for word in rest:
        name, _, value = word.partition("=")
        if word.startswith("-"):
            option = next((action for action in parser._actions if name in action.option_strings), None)
            if option is None:
                return f"{' '.join(path)} has no option {name}"
            if option.nargs != 0 and not value:
                next(rest, None)
        elif commands := _commands(parser):
            if word not in commands:
                return f"{' '.join(path)} has no command {word}"
            parser = commands[word]
            path.append(word)
    return ""


def test_each_is_known_with_its_options() -> None:
    wrong, number = [], 0
    for path in sorted(PACKAGE.rglob("*.py")):
        if b"cutter-console" not in (source := path.read_bytes()):
            continue
        for line, text in texts(source):
            for printed in _PRINTED.finditer(text):
                # A value that follows a word without a blank brings its own: it may be empty.
                words = [word.rstrip(".").partition(VALUE)[0] or VALUE for word in printed[1].split()]
                if words[0] in NO_COMMANDS:
                    continue
                number += 1
                if reason := fault(words):
                    wrong.append(f"{path.relative_to(PACKAGE)}:{line}: {printed[0]}: {reason}")
    assert wrong == []
    assert number > 400


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        ("batch show VALUE", "cutter-console batch has no command show"),
        ("run void VALUE --because TEXT", "cutter-console run void has no option --because"),
        ("--root VALUE run show VALUE", ""),
        ("run void VALUE --reason TEXT", ""),
    ],
)
def test_one_that_is_not_is_named(printed: str, reason: str) -> None:
    assert fault(printed.split()) == reason


@pytest.mark.parametrize(
    ("command", "next_action", "strange"),
    [
        ("batch plan", "Name a folder that can be read with --folder; see: ls -ld x", ["--folder"]),
        ("plan", "Name a folder that can be read with --folder; see: ls -ld x", []),
        ("batch start", "See: cutter-console run list --watch 1; or go on: --on-failure set-aside", []),
        ("batch plan", "See: cutter-console run list --watch 1; or go on: --on-failure set-aside", ["--on-failure"]),
    ],
)
def test_an_option_without_a_command_is_of_the_one_that_was_refused(
    command: str, next_action: str, strange: list[str]
) -> None:
    assert strange_options(command, next_action) == strange


@pytest.mark.parametrize("source", ["none", "law.md"])
def test_a_batch_of_no_folder_names_both_kinds_of_source(
    source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "law.md").write_text("# One\n\nText.\n", encoding="utf-8")

    assert main(["--root", str(tmp_path), "batch", "plan", str(tmp_path / source)]) == 4
    said = capsys.readouterr().err
    assert "Name a folder that can be read, or a queue file whose name ends in .toml" in said
