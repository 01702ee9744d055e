"""The arguments of `unit list`, `unit search`, `unit diff`, `unit retire`, `unit supersede` and `run edit`; imports no library. Part of the table of commands."""

from dataclasses import dataclass, field
from pathlib import Path

from console.cli.arguments import Checked, Options, number, option, positional, switch
from console.cli.one_run import OneRun

LIFECYCLES = ("draft", "enacted", "superseded", "retired")
"""As `console.backend.model.unit_search` has them, which loads a library; a test compares the two."""

MOST_HITS = 500
"""Units of a page, as there; the same test compares them."""
_LAST = 2**31 - 1
"""Last number that the database can give a version."""

MEANINGS = ("address", "words")
"""Values of `SearchedBy` there that can be asked for; the same test compares them."""


@dataclass(frozen=True, slots=True)
class ListUnits:
    """List units."""

    docprefix: str = field(default="", metadata=positional("P", "the document's prefix; none: units of all documents"))
    after: str = field(default="", metadata=option("ADDRESS", "begin behind this address, to go on with a long list"))


@dataclass(frozen=True, slots=True)
class SearchUnits(Checked):
    """Search units."""

    text: str = field(
        metadata=positional(
            "TEXT", 'the beginning of an address, or words: all occur; word* begins so, "..." is a phrase'
        )
    )
    by: str = field(
        default="",
        metadata=option("MEANING", "address or words; else: an address, and words if no unit has it", choices=MEANINGS),
    )
    document: str = field(default="", metadata=option("P", "in this document alone"))
    lifecycle: str = field(
        default="", metadata=option("LIFECYCLE", "of this lifecycle alone; else: draft and enacted", choices=LIFECYCLES)
    )
    as_of: str = field(
        default="", metadata=option("DATE", "what is in force at the end of this day in UTC, or at a time")
    )
    limit: int = field(default=50, metadata=number("N", "units of a page, 500 at most", 1, MOST_HITS))
    after: str = field(default="", metadata=option("ADDRESS", "go on behind this address, as the page before says"))

    def usage_problem(self, options: Options) -> str:  # noqa: ARG002 - it is the same with --json
        """Return why these arguments do not belong together, or an empty text."""
        return "--as-of asks what is in force: it goes with no --lifecycle" if self.as_of and self.lifecycle else ""


@dataclass(frozen=True, slots=True)
class DiffVersions:
    """Compare two versions of a unit."""

    address: str = field(metadata=positional("ADDRESS", "the unit's address"))
    from_: int | None = field(
        default=None, metadata=number("N", "the earlier version; else: the one before the other", 1, _LAST)
    )
    to: int | None = field(
        default=None, metadata=number("N", "the later version; else: the newest that can be read", 1, _LAST)
    )


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
