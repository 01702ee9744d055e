"""The table of the readiness gates, in the order of the board; each count, range and list of gates is taken from it."""

from typing import NamedTuple


class GateEntry(NamedTuple):
    """One gate: the facts that are known without importing its module, so that help texts load no gate."""

    id: str
    """As it is typed: `cutter-console gates G3`."""
    module: str
    """The module that holds it as `GATE`, by its full name; `gates/registry.py` loads it."""
    document: str
    """The document of the readiness bundle that it stands in; `publication/pages.py` has their titles."""


GATES: tuple[GateEntry, ...] = (
    GateEntry("G0", "console.backend.gates.precheck_live", "01-precheck.md"),
    GateEntry("G1", "console.backend.gates.baseline", "01-precheck.md"),
    GateEntry("G2", "console.backend.gates.runtime_tree", "02-runtime-tree.md"),
    GateEntry("G3", "console.backend.gates.backup_readiness", "03-backup.md"),
    GateEntry("G4", "console.backend.gates.revert_and_compensation", "04-revert.md"),
    GateEntry("G5", "console.backend.gates.document_independence", "05-generality.md"),
    GateEntry("G6", "console.backend.gates.safe_target", "06-targets.md"),
    GateEntry("G7", "console.backend.gates.approval_package", "07-approval-package.md"),
    GateEntry("G8", "console.backend.gates.residuals", "08-residuals.md"),
    GateEntry("G9", "console.backend.gates.off_host", "09-off-host-package.md"),
    GateEntry("G10", "console.backend.gates.reporting", "10-final.md"),
)


def gate_range() -> str:
    """Return the first and the last gate in words, as help texts name them."""
    return f"{GATES[0].id} to {GATES[-1].id}"
