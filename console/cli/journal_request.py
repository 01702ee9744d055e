"""The arguments of `journal show`; imports no library. Part of the table of commands."""

from dataclasses import dataclass, field

from console.cli.arguments import Checked, Options, option, positional
from console.cli.watching import LONGEST_S

ONLY = ("all", "intent", "result", "note", "marked")
"""As `console.backend.journal.journal_pages` has them, which loads a library; a test compares the two."""
MOST = 50
"""Records that are shown if nobody says how many."""


@dataclass(frozen=True, slots=True)
class ShowJournal(Checked):
    """Show records of a journal."""

    run: str = field(metadata=positional("RUN", "the run's id, its unique beginning, or latest"))
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
    follow: int = field(
        default=0,
        metadata=option("SECONDS", "then show what is written behind them, looking so often, until Ctrl-C"),
    )

    def usage_problem(self, options: Options) -> str:  # noqa: ARG002 - the same for every option
        """Return why this pause is none, or an empty text."""
        return "" if 0 <= self.follow <= LONGEST_S else f"--follow takes 1 to {LONGEST_S} seconds"
