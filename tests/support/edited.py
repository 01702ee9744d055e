"""A draft that is edited under a signature of its own, from the second pause."""

from collections.abc import Callable
from dataclasses import replace

from console.backend.model.purposes import Purpose
from console.backend.runs import arming, kill_switch
from console.backend.runs.edits import DraftEdit, apply_edits, plan_edits
from tests.support.passage import DOCPREFIX, Kept, Passage

EDIT = DraftEdit(address=f"{DOCPREFIX}/ONE/ALPHA", title="Alpha", body="## Alpha\n\nFirst, amended.\n\n")


def edited(passage: Passage, edit: DraftEdit = EDIT) -> str:
    """Plan, sign, arm and apply the edit, and disarm; the id of its run."""
    run_id = _signed(passage, edit)
    _apply(passage, run_id)
    return run_id


def _signed(passage: Passage, edit: DraftEdit) -> str:
    run_id = plan_edits(passage.installation, DOCPREFIX, (edit,))
    passage.sign(run_id)
    return run_id


def _apply(passage: Passage, run_id: str) -> None:
    arming.arm(passage.installation, run_id, Purpose.EDIT)
    apply_edits(passage.installation, run_id)
    kill_switch.disarm(passage.installation, "the edits are in")


def signed_edit(at: Callable[[str], Passage], kept: Kept) -> Passage:
    """An edit of a draft whose ruling is imported, as it is kept; the run is the edit's."""

    def make() -> Passage:
        passage = at("waits for SG_2")
        return replace(passage, run_id=_signed(passage, EDIT))

    return kept("waits for SG_2, with a signed edit", make)


def edited_drafts(at: Callable[[str], Passage], kept: Kept) -> tuple[Passage, str]:
    """Drafts of which one was edited, as they are kept; the run is that of their cut, and the id that of the edit's."""

    def make() -> Passage:
        passage = signed_edit(at, kept)
        _apply(passage, passage.run_id)
        return passage

    passage = kept("waits for SG_2, edited", make)
    ((cut_id,),) = passage.rows("SELECT run_id FROM cutter_governance.run WHERE operation = 'cut'")
    return replace(passage, run_id=str(cut_id)), passage.run_id
