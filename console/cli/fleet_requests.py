"""Requests about the installations that the user has named; imports no library. Part of the table of commands."""

from dataclasses import dataclass, field

from console.cli.arguments import Checked, Options, number, switch
from console.cli.watching import Watched, watch_option

_LONGEST_S = 300


@dataclass(frozen=True, slots=True)
class FleetStatus(Watched, Checked):
    """Read many databases at once."""

    all_: bool = field(default=False, metadata=switch("every installation of installations.toml"))
    timeout: int = field(
        default=10, metadata=number("SECONDS", "time to wait for the answers of all of them", 1, _LONGEST_S)
    )
    watch: int = watch_option()

    def usage_problem(self, options: Options) -> str:
        """Return why these do not belong together, or an empty text."""
        if bool(options.installation) is self.all_:
            return "name the installations, each with -P, or all of them with --all"
        return ""
