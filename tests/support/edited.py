"""A draft that is edited under a signature of its own, from the second pause."""

from console.backend.model.purposes import Purpose
from console.backend.runs import arming, kill_switch
from console.backend.runs.edits import DraftEdit, apply_edits, plan_edits
from tests.support.passage import DOCPREFIX, Passage

EDIT = DraftEdit(address=f"{DOCPREFIX}/ONE/ALPHA", title="Alpha", body="## Alpha\n\nFirst, amended.\n\n")


def edited(passage: Passage, edit: DraftEdit = EDIT) -> str:
    """Plan, sign, arm and apply the edit, and disarm; the id of its run."""
    run_id = plan_edits(passage.installation, DOCPREFIX, (edit,))
    passage.sign(run_id)
    arming.arm(passage.installation, run_id, Purpose.EDIT)
    apply_edits(passage.installation, run_id)
    kill_switch.disarm(passage.installation, "the edits are in")
    return run_id
