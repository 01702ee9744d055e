"""Which operator knows the way to a goal."""

from tests.torture.arena import Arena
from tests.torture.batches import BATCH, BatchOperator
from tests.torture.edits import EDITED, Editor
from tests.torture.operator import Operator, Run


def operator_for(arena: Arena, goal: str, command: Run | None = None) -> Operator:
    """An operator who knows the way to the goal. `command` runs one command; it may be one that kills it on the way."""
    kind = Editor if goal == EDITED else BatchOperator if goal.startswith(BATCH) else Operator
    return kind(arena, command=command)
