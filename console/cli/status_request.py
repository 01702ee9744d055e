"""Request of `status`; imports no library. Part of the table of commands."""

from dataclasses import dataclass, field

from console.cli.arguments import Checked, Options, switch
from console.cli.watching import Watched, watch_option


@dataclass(frozen=True, slots=True)
class ShowStatus(Watched, Checked):
    """Show which database this is, the switch, the counts, and what waits."""

    prometheus: bool = field(default=False, metadata=switch("print metrics in Prometheus's text format instead"))
    watch: int = watch_option()

    def usage_problem(self, options: Options) -> str:
        """Return why these do not belong together, or an empty text."""
        if self.prometheus and (options.json or self.watch):
            return "--prometheus prints its own format, once: leave out --json and --watch"
        return ""
