"""The arguments of `journal show`; imports no library. Part of the table of commands."""

from dataclasses import dataclass, field

from console.cli.arguments import option, positional

ONLY = ("all", "intent", "result", "note", "marked")
"""As `console.backend.journal.journal_pages` has them, which loads a library; a test compares the two."""
MOST = 50
"""Records that are shown if nobody says how many."""


@dataclass(frozen=True, slots=True)
class ShowJournal:
    """Show records of a journal."""

    run: str = field(metadata=positional("RUN", "the run's id"))
    from_: str = field(
        default="",
        metadata=option("PLACE", "begin at a record's number, a day, a time with its offset, or hh:mm of the last day"),
    )
    most: int = field(default=MOST, metadata=option("N", "records at most, 500 at most; without --from the last ones"))
    only: str = field(
        default=ONLY[0],
        metadata=option("KIND", "records of this kind; marked: damaged ones, intents without a result", choices=ONLY),
    )
    word: str = field(default="", metadata=option("TEXT", "records in which this occurs"))
