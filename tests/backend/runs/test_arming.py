"""Arming wants a backup that is there, and that the database has recorded as proven within the hour."""

from collections.abc import Callable

import pytest

from console.backend.model.errors import Refused
from console.backend.model.view_models import SwitchState
from tests.backend.postgres.tampering import age_backup_proofs
from tests.backend.runs.backups import take_backup
from tests.support.passage import Passage

At = Callable[[str], Passage]
_PROOFS = "SELECT count(*) FROM cutter_governance.backup_proof"


def test_a_backup_whose_file_is_gone_keeps_the_switch_shut_until_it_is_taken_again(at: At) -> None:
    passage = at("SG_1 imported")
    for file in passage.installation.backups.iterdir():
        file.unlink()
    with pytest.raises(Refused) as refused:
        passage.arm()
    assert f"cutter-console backup take {passage.run_id}" in refused.value.next_action
    assert passage.backend.status().switch.state is SwitchState.OFF
    take_backup(passage)
    passage.arm()
    assert passage.backend.status().switch.state is SwitchState.ARMED


def test_a_proof_that_is_too_old_for_the_database_is_taken_again_before_the_switch_is_armed(at: At) -> None:
    passage = at("SG_1 imported")
    age_backup_proofs(passage)
    before = passage.rows(_PROOFS)
    passage.arm()
    assert passage.backend.status().switch.state is SwitchState.ARMED
    assert passage.rows(_PROOFS) != before


def test_a_proof_that_grows_too_old_while_the_switch_is_armed_is_taken_again_by_the_cut(at: At) -> None:
    passage = at("SG_1 imported")
    passage.arm()
    age_backup_proofs(passage)
    passage.resume()
    assert passage.lifecycles() == ["draft"] * 3


@pytest.mark.parametrize("stage", ["SG_2 imported", "waits for SG_2"])
def test_an_enactment_and_a_revert_take_a_fresh_backup_where_the_last_one_is_old(at: At, stage: str) -> None:
    passage = at(stage)
    age_backup_proofs(passage)
    before = passage.rows(_PROOFS)
    if stage == "SG_2 imported":
        passage.enact()
    else:
        passage.backend.revert(passage.run_id, passage.run_id)
    assert passage.rows(_PROOFS) != before
