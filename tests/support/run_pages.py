"""The stages of a run, and the documents of its report, made from the table of phases."""

from console.backend.model.states import Stage
from console.backend.reports.run.phases import TITLES


def stage_list() -> str:
    """Return the stages in order, each on a line of a code block, so that a new one is one new line."""
    return "```\n" + "\n".join(Stage) + "\n```\n"


def report_table() -> str:
    """Return one row per document of a run's report."""
    rows = (f"| `{title.document}` | {title.title} | {title.question} |\n" for title in TITLES)
    return "| document | title | question |\n|---|---|---|\n" + "".join(rows)
