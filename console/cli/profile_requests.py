"""The arguments of the commands about profiles; imports no library. Part of the table of commands."""

from dataclasses import dataclass, field
from pathlib import Path

from console.cli.arguments import option, positional


@dataclass(frozen=True, slots=True)
class OneProfile:
    """A command about one profile."""

    profile: str = field(metadata=positional("PROFILE", "the profile's name"))


@dataclass(frozen=True, slots=True)
class CheckProfile:
    """Try a profile on texts."""

    profile: str = field(metadata=positional("PROFILE", "its name, or the path of its file"))
    on: tuple[Path, ...] = field(default=(), metadata=option("TEXT", "documents to plan by it", is_file=True))
