"""The arguments of the commands about what is, was or will be in force; imports no library. Part of the table of commands."""

from dataclasses import dataclass, field
from pathlib import Path

from console.cli.arguments import Checked, Options, option, positional, switch

_AS_OF = option("DATE", "as of the end of this day in UTC, or of a time such as 2026-11-28T09:30:00+01:00; else: now")


@dataclass(frozen=True, slots=True)
class OneDocument:
    """A command about one document."""

    docprefix: str = field(metadata=positional("P", "prefix of the document's addresses"))


@dataclass(frozen=True, slots=True)
class RepealDocument(OneDocument):
    """Start a run that repeals a document."""

    live: bool = field(default=False, metadata=switch("start LIVE; otherwise a dry run", dangerous=True))


@dataclass(frozen=True, slots=True)
class ShowDocument(OneDocument, Checked):
    """Write the text of a document that is, was or will be in force."""

    as_of: str = field(default="", metadata=_AS_OF)
    out: Path | None = field(
        default=None, metadata=option("NEW", "write a new file instead of standard output", is_file=True)
    )

    def usage_problem(self, options: Options) -> str:
        """Return why these arguments do not belong together, or an empty text."""
        is_both = options.json and self.out is None
        return "--json needs --out NEW: standard output holds the document or the object" if is_both else ""


@dataclass(frozen=True, slots=True)
class DiffDocument(OneDocument):
    """Compare the texts of a document that are in force at two moments."""

    from_: str = field(metadata=option("DATE", "the earlier moment, as of the end of this day in UTC, or a time"))
    to: str = field(default="", metadata=option("DATE", "the later moment; else: now"))


@dataclass(frozen=True, slots=True)
class OneUnit:
    """A command about one unit."""

    address: str = field(metadata=positional("ADDRESS", "the unit's address, or one that it had before"))


@dataclass(frozen=True, slots=True)
class ShowUnit(OneUnit):
    """Show a unit that is, was or will be in force."""

    as_of: str = field(default="", metadata=_AS_OF)
