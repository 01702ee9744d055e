"""All gates, in the order of the board."""

from console.backend.gates.approval_package import GATE as APPROVAL_PACKAGE
from console.backend.gates.backup_readiness import GATE as BACKUP_READINESS
from console.backend.gates.baseline import GATE as BASELINE
from console.backend.gates.document_independence import GATE as GENERALITY
from console.backend.gates.gate import AnyGate
from console.backend.gates.off_host import GATE as OFF_HOST
from console.backend.gates.precheck_live import GATE as PRECHECK_LIVE
from console.backend.gates.reporting import GATE as REPORTING
from console.backend.gates.residuals import GATE as RESIDUALS
from console.backend.gates.revert_and_compensation import GATE as REVERT_AND_COMPENSATION
from console.backend.gates.runtime_tree import GATE as RUNTIME_TREE
from console.backend.gates.safe_target import GATE as SAFE_TARGET

GATES: tuple[AnyGate, ...] = (
    PRECHECK_LIVE,
    BASELINE,
    RUNTIME_TREE,
    BACKUP_READINESS,
    REVERT_AND_COMPENSATION,
    GENERALITY,
    SAFE_TARGET,
    APPROVAL_PACKAGE,
    RESIDUALS,
    OFF_HOST,
    REPORTING,
)
"""Each file of this package that ends in a `GATE` stands here once."""
