"""All gates, loaded as `model/gate_table.py` lists them, in the order of the board."""

from importlib import import_module

from console.backend.gates.gate import AnyGate
from console.backend.model import gate_table


def _loaded(entry: gate_table.GateEntry) -> AnyGate:
    gate: AnyGate = import_module(entry.module).GATE
    # Evidence, documents and commands name a gate by its id: two ids for one gate would cite what nobody finds.
    if gate.id != entry.id:
        raise ImportError(f"{entry.module} holds gate {gate.id}, the table calls it {entry.id}")
    return gate


GATES: tuple[AnyGate, ...] = tuple(_loaded(entry) for entry in gate_table.GATES)
