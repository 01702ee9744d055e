"""The eleven phases, one file each; `PHASES` has them in order."""

from console.backend.runs.phases.closeout import Closeout
from console.backend.runs.phases.cut_leg_a import CutLegA
from console.backend.runs.phases.cutplan import Cutplan
from console.backend.runs.phases.grant_probe import GrantProbe
from console.backend.runs.phases.leg_b_record import LegBRecord
from console.backend.runs.phases.lifecycle_enact import LifecycleEnact
from console.backend.runs.phases.mark import Mark
from console.backend.runs.phases.pre_write_backup import PreWriteBackup
from console.backend.runs.phases.source_pin import SourcePin
from console.backend.runs.phases.structural_verify import StructuralVerify
from console.backend.runs.phases.write_verify import WriteVerify
from console.backend.runs.step import PhaseWork

PHASES: tuple[PhaseWork, ...] = (
    SourcePin(),
    Mark(),
    Cutplan(),
    PreWriteBackup(),
    GrantProbe(),
    CutLegA(),
    StructuralVerify(),
    LegBRecord(),
    WriteVerify(),
    LifecycleEnact(),
    Closeout(),
)
