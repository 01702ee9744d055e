"""The arguments of the commands that start, confirm, end or stop runs; imports no library. Part of the table of commands."""

from dataclasses import dataclass, field

from console.cli.arguments import Argument, Checked, Options, option, positional, switch
from console.cli.one_run import OneRun
from console.cli.plan_request import DocumentFile


@dataclass(frozen=True, slots=True)
class StartRun(DocumentFile, Checked):
    """Start a run."""

    live: bool = field(
        default=False,
        metadata=switch("allow the run to write, after SG_1; without it nothing can be written", dangerous=True),
    )
    amend: bool = field(
        default=False, metadata=switch("amend a document that is law, which keeps its addresses; see: plan --against")
    )
    moved: tuple[str, ...] = field(
        default=(), metadata=option("OLD=NEW", "with --amend: units that go on under another address")
    )

    def usage_problem(self, _options: Options) -> str:
        """Return why these arguments do not belong together, or an empty text."""
        return "--moved belongs to --amend" if self.moved and not self.amend else ""


@dataclass(frozen=True, slots=True)
class VerifiedRun:
    """Request of `verify`."""

    run: str = field(
        metadata=positional("RUN", "the id of a run or batch, its unique beginning, or latest (the latest run)")
    )


@dataclass(frozen=True, slots=True)
class ConfirmedRun(OneRun):
    """A dangerous command about one run."""

    run: str = field(metadata=positional("RUN", "the run's id or its unique beginning"))
    confirm: str = field(default="", metadata=option("RUN", "the run's id again, typed"))


@dataclass(frozen=True, slots=True)
class VoidRun(OneRun):
    """End a run for a reason."""

    run: str = field(metadata=positional("RUN", "the run's whole id"))
    reason: str = field(metadata=option("TEXT", "why, for the record"))


@dataclass(frozen=True, slots=True)
class Panic:
    """Stop everything."""

    # Nothing that a script passes must keep it from stopping everything, a variable without a value neither.
    reason: str = field(
        default="",
        metadata={"argument": Argument("TEXT", "why, for those who find the HOLD", can_be_empty=True)},
    )


@dataclass(frozen=True, slots=True)
class ReleaseHold:
    """Clear the HOLD."""

    confirm: str = field(default="", metadata=option("RELEASE", "the word RELEASE, typed"))
