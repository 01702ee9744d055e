"""The arguments of the `approval` commands; imports no library. Part of the table of commands."""

from dataclasses import dataclass, field
from pathlib import Path

from console.cli.arguments import option, positional, switch
from console.cli.one_run import OneRun


@dataclass(frozen=True, slots=True)
class DraftStatement(OneRun):
    """Draft the statement of a run."""

    revert: bool = field(
        default=False, metadata=switch("draft the statement that takes exactly the drafts of the run back")
    )
    in_force_from: str = field(
        default="",
        metadata=option("MOMENT", "for SG_2: the later moment from which the text is in force, 2027-01-01T00:00:00Z"),
    )


@dataclass(frozen=True, slots=True)
class OneStatement:
    """A command about one statement file."""

    statement: Path = field(metadata=positional("STATEMENT", "the statement's file", is_file=True))


@dataclass(frozen=True, slots=True)
class ImportStatement(OneStatement):
    """Import a statement with its signatures."""

    signatures: tuple[Path, ...] = field(
        default=(),
        metadata=positional("SIGNATURE", "detached signatures; none: those beside the statement", is_file=True),
    )
