"""The table of the readiness bundle's documents with their gates, made from the table of gates and the gates themselves."""

from console.backend.gates.registry import GATES
from console.backend.publication.pages import DOCUMENTS


def bundle_table() -> str:
    """Return one row per document: its file, its title, and the questions of its gates."""
    questions = {gate.id: gate.question for gate in GATES}
    rows = (
        f"| `{file}` | {title} | {'<br>'.join(f'**{gate}** {questions[gate]}' for gate in gates)} |\n"
        for file, title, gates in DOCUMENTS
    )
    return "| Document | Title | Gates and their questions |\n|---|---|---|\n" + "".join(rows)
