"""Removes the leftovers of killed processes when a command starts."""

from console.backend.leftovers import sweep_leftovers
from console.cli import installation
from console.cli.arguments import Options
from console.cli.output import narrate


def sweep(options: Options) -> None:
    """Remove what killed processes have left, and name each item on standard error."""
    context = installation.context_of(options)
    for line in sweep_leftovers(context.root, context.now()):
        narrate(line)
