"""journal verify: compares a run's journal with the heads that are anchored in the database."""

from console.backend.journal.journal import verify_journal
from console.backend.model.errors import ExitStatus
from console.backend.runs.run_state import anchors_of
from console.backend.runs.run_views import known_run
from console.backend.runs.workspace import Workspace
from console.cli.arguments import Options
from console.cli.installation import installation_of
from console.cli.one_run import OneRun
from console.cli.output import report


def verify(options: Options, request: OneRun) -> ExitStatus:
    """Compare the journal with every anchor. A dry run's journal has none: an intact chain is PARTIAL there."""
    installation = installation_of(options)
    workspace = Workspace.open(installation.root, request.run)
    verdict = verify_journal(
        workspace.journal, anchors_of(installation, known_run(installation, request.run).request), request.run
    )
    return report(options, "journal verify", verdict.outcome, [f"{verdict.outcome}  {verdict.detail}"], verdict)
