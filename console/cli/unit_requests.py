"""The arguments of `unit list`, `unit retire`, `unit supersede` and `run edit`; imports no library. Part of the table of commands."""

from dataclasses import dataclass, field
from pathlib import Path

from console.cli.arguments import option, positional, switch
from console.cli.one_run import OneRun


@dataclass(frozen=True, slots=True)
class ListUnits:
    """List units."""

    docprefix: str = field(default="", metadata=positional("P", "the document's prefix; none: units of all documents"))
    after: str = field(default="", metadata=option("ADDRESS", "begin behind this address, to go on with a long list"))


@dataclass(frozen=True, slots=True)
class AmendUnit:
    """A command that amends a document in one unit."""

    address: str = field(metadata=positional("ADDRESS", "the unit's address"))
    profile: str = field(
        default="", metadata=option("PROFILE", "how the text is read; else as the text that is law was")
    )
    ordinals: bool = field(default=False, metadata=switch("number repeated headings, as that text was read"))
    accept: Path | None = field(
        default=None, metadata=option("ACCEPT", "findings of the text that are accepted: TOML", is_file=True)
    )
    live: bool = field(default=False, metadata=switch("start LIVE; otherwise a dry run", dangerous=True))


@dataclass(frozen=True, slots=True)
class RetireUnit(AmendUnit):
    """Take a unit out of the law."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupersedeUnit(AmendUnit):
    """Give a unit another text."""

    text: Path = field(
        metadata=option("FILE", "the unit's new text: its heading and all that follows it", is_file=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EditDraft(OneRun):
    """Give a draft another text."""

    address: str = field(metadata=positional("ADDRESS", "the draft's address"))
    text: Path = field(
        metadata=option("FILE", "the draft's new text: its heading and all that follows it", is_file=True)
    )
    title: str = field(default="", metadata=option("TEXT", "its new title; else it keeps the one that it has"))
    live: bool = field(
        default=False, metadata=switch("make the run of the edit; without it nothing is written", dangerous=True)
    )
