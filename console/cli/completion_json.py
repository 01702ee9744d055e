"""The answer of completion with --json; apart from its handler, which loads without pydantic."""

from console.backend.model.errors import ExitStatus
from console.backend.model.outcome import Outcome
from console.backend.model.value import Value
from console.cli.arguments import Options
from console.cli.output import report


class CompletionScript(Value):
    """A shell and the script that completes commands in it."""

    shell: str
    script: str


def answer(options: Options, shell: str, script: str) -> ExitStatus:
    """Print the script in one JSON object."""
    return report(options, "completion", Outcome.PASS, (), CompletionScript(shell=shell, script=script))
