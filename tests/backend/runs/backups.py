"""The backup of a run, taken again as `backup take RUN` does."""

from console.backend.runs.backups import take_run_backup
from console.backend.runs.step import Step
from console.backend.runs.workspace import Workspace
from tests.passage import Passage


def take_backup(passage: Passage) -> None:
    """Take, prove and record it."""
    workspace = Workspace.open(passage.site.root, passage.run_id)
    take_run_backup(Step(passage.site, workspace, workspace.request(), lambda *_: None))
