"""The man page holds every command with its help and options."""

import re

import pytest

from console.cli.arguments import Options
from console.cli.operations import OPERATIONS, Operation
from tests.cli.test_operations import arguments
from tests.support.man_page import man_page


@pytest.fixture(scope="module")
def text() -> str:
    """The page without its roff: escaped hyphens, fonts and line ends."""
    return " ".join(re.sub(r"\\f[BIRP]|\\,|\\/|\\(?=[-'])", "", man_page()).split())


def test_the_page_says_which_program_it_is_for(text: str) -> None:
    assert ".TH CUTTER-CONSOLE" in text
    assert "cutter-console - Operator console" in text


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_each_command_has_its_help_and_arguments(operation: Operation, text: str) -> None:
    own = text.split(f"usage: cutter-console {operation.name} [-h]")
    assert len(own) == 2
    section = own[1].split("usage: cutter-console ")[0]

    assert operation.help in section
    for name, argument in (arguments(operation.request) | arguments(Options)).items():
        assert argument.help in section
        assert argument.positional or f"--{name.rstrip('_').replace('_', '-')}" in section
