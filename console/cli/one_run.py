"""The argument of every command about one run; imports no library. Part of the table of commands."""

from dataclasses import dataclass, field

from console.cli.arguments import positional
from console.cli.watching import Watched, watch_option


@dataclass(frozen=True, slots=True)
class OneRun:
    """A command about one run."""

    run: str = field(
        metadata=positional(
            "RUN",
            "the run's id, its unique beginning, or latest",
        )
    )


@dataclass(frozen=True, slots=True)
class WatchedRun(OneRun, Watched):
    """A command about one run that can be watched."""

    watch: int = watch_option()
