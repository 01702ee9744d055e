"""Requests about hooks; imports no library. Part of the table of commands."""

from dataclasses import dataclass, field

from console.cli.arguments import switch
from console.cli.watching import Watched, watch_option


@dataclass(frozen=True, slots=True)
class RunHooks(Watched):
    """Measure, and tell hooks what is new."""

    gates: bool = field(default=False, metadata=switch("measure the gates too, each time"))
    watch: int = watch_option()
