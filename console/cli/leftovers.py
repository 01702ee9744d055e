"""Report of the leftovers that a start has removed."""

from console.backend.leftovers import sweep_leftovers
from console.cli.installation import context_of
from console.cli.operations import Options
from console.cli.output import narrate


def sweep(options: Options) -> None:
    """Remove what killed processes have left, and name it on standard error."""
    context = context_of(options)
    for line in sweep_leftovers(context.root, context.now()):
        narrate(line)
