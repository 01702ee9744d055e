"""The arguments of `journal show`; imports no library. Part of the table of commands."""

from dataclasses import dataclass, field

from console.cli.arguments import number, option, positional
from console.cli.watching import LONGEST_S

ONLY = ("all", "intent", "result", "note", "marked")
"""As `console.backend.journal.journal_pages` has them, which loads a library; a test compares the two."""
LARGEST = 500
"""Records of a page, as `MOST_OF_A_PAGE` there; the same test compares them."""
MOST = 50
"""Records that are shown if nobody says how many."""


@dataclass(frozen=True, slots=True)
class ShowJournal:
    """Show records of a journal."""

    run: str = field(metadata=positional("RUN", "the run's id, its unique beginning, or latest"))
    from_: str = field(
        default="",
        metadata=option("PLACE", "begin at a record's number, a day, a time with its offset, or hh:mm of the last day"),
    )
    most: int = field(
        default=MOST, metadata=number("N", "records at most, 500 at most; without --from the last ones", 1, LARGEST)
    )
    only: str = field(
        default=ONLY[0],
        metadata=option("KIND", "records of this kind; marked: damaged ones, intents without a result", choices=ONLY),
    )
    word: str = field(default="", metadata=option("TEXT", "records in which this occurs"))
    follow: int = field(
        default=0,
        metadata=number(
            "SECONDS", "then show what is written behind them, looking so often, until Ctrl-C", 1, LONGEST_S
        ),
    )
