"""The parser of all commands built once a worker: a command that is called by `main` builds it again, for longer than it parses."""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from console.cli import command_line
from console.cli.operations import Operation


@contextmanager
def parser_once() -> Iterator[None]:
    """Have one parser built in this process for the same table of commands, for as long as the block runs."""
    build = command_line.build_parser
    kept: dict[int, tuple[tuple[Operation, ...], ArgumentParser]] = {}

    def built() -> ArgumentParser:
        operations = command_line._operations()
        if id(operations) not in kept:
            kept[id(operations)] = operations, build()
        return kept[id(operations)][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command_line, "build_parser", built)
        yield
