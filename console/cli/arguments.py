"""Descriptions of the arguments on the command line, and the request that opens the console; imports no library.

It stands apart from the table of commands because the console opens sooner without the other requests.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument as the parser and the pages show it; its type, and whether it is required, come from its field.

    `metavar` is empty for a switch, and for an argument whose choices are shown. `is_file` means that it names a file,
    which a shell can complete; `dangerous`, that it is a switch that makes its command dangerous. `short` is its short
    form, such as -P: an option that has one takes one value each time, and may be given several times. `within` are the
    first and the last of the numbers that it takes. An empty text is refused, unless `can_be_empty`: what was typed must
    not count as not given.
    """

    metavar: str
    help: str
    positional: bool = False
    choices: tuple[str, ...] = ()
    is_file: bool = False
    dangerous: bool = False
    short: str = ""
    within: tuple[int, int] | None = None
    can_be_empty: bool = False


def positional(metavar: str, text: str, *, is_file: bool = False) -> Mapping[str, Argument]:
    """Describe an argument that stands without a name."""
    return {"argument": Argument(metavar, text, positional=True, is_file=is_file)}


def option(metavar: str, text: str, *, choices: tuple[str, ...] = (), is_file: bool = False) -> Mapping[str, Argument]:
    """Describe an option with a value."""
    return {"argument": Argument(metavar, text, choices=choices, is_file=is_file)}


def number(metavar: str, text: str, first: int, last: int) -> Mapping[str, Argument]:
    """Describe an option whose value is a number from `first` to `last`."""
    return {"argument": Argument(metavar, text, within=(first, last))}


def switch(text: str, *, dangerous: bool = False) -> Mapping[str, Argument]:
    """Describe an option without a value."""
    return {"argument": Argument("", text, dangerous=dangerous)}


@dataclass(frozen=True, slots=True)
class Options:
    """The options that every command takes."""

    root: Path | None = field(
        default=None, metadata=option("DIR", "the runtime tree; else CUTTER_ROOT or /var/lib/cutter", is_file=True)
    )
    config: Path | None = field(
        default=None, metadata=option("FILE", "the configuration, if it is not the one in the root", is_file=True)
    )
    json: bool = field(default=False, metadata=switch("print one JSON object on standard output"))
    installation: tuple[str, ...] = field(
        default=(),
        metadata={
            "argument": Argument("NAME", "an installation of installations.toml, in place of DIR and FILE", short="-P")
        },
    )


class Checked:
    """A request whose arguments depend on each other, which the parser cannot know."""

    __slots__ = ()

    def usage_problem(self, options: Options) -> str:
        """Return why these arguments do not belong together, or an empty text."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Open:
    """Open the console."""

    read_only: bool = field(default=False, metadata=switch("monitoring: no action that changes anything"))
    record: Path | None = field(
        default=None,
        metadata=option("FILE", "append to FILE what the console measures, a line each time", is_file=True),
    )
    replay: Path | None = field(
        default=None, metadata=option("FILE", "open a recording in place of the database", is_file=True)
    )

    no_mouse: bool = field(
        default=False, metadata=switch("leave the mouse to the terminal, which marks and pastes text with it")
    )

    @property
    def usage_problem(self) -> str:
        """Return why these do not belong together, or an empty text."""
        return "--replay opens a recording, and records nothing" if self.record and self.replay else ""
