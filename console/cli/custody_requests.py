"""The arguments of the commands about who holds a run; imports no library. Part of the table of commands."""

from dataclasses import dataclass, field
from pathlib import Path

from console.cli.arguments import option, positional
from console.cli.one_run import OneRun


@dataclass(frozen=True, slots=True)
class HandOverRun(OneRun):
    """Hand a run over."""

    to: Path = field(metadata=option("FILE", "the bundle, a new file"))


@dataclass(frozen=True, slots=True)
class AcceptRun:
    """Accept a run that was handed over."""

    file: Path = field(metadata=positional("FILE", "the bundle"))
