"""Two more gates, registered as an addition to the program would do it: in the table, before anything reads the table.

`python -m tests.more_gates …` is `cutter-console …` with them; `python -m tests.more_gates screens` tells what the
screens say, as one JSON object.
"""

from console.backend.model import gate_table
from console.backend.model.gate_table import GateEntry

MORE = (
    GateEntry("G97", "tests.more_gates.first", "05-generality.md"),
    GateEntry("G98", "tests.more_gates.second", "10-final.md"),
)


def register() -> None:
    """Add them behind the others."""
    gate_table.GATES = (*gate_table.GATES, *MORE)
