"""Before the cut the backup is looked at again, in the database and on the disk, and taken again where it is too old."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from console.backend.model.states import Stage
from tests.backend.postgres.tampering import age_backup_proofs
from tests.support.passage import Passage

At = Callable[[str], Passage]
_PROOFS = "SELECT count(*) FROM cutter_governance.backup_proof"


def test_a_proof_that_is_too_old_by_the_clock_of_the_database_is_taken_again(at: At) -> None:
    passage = at("armed")
    before = passage.rows(_PROOFS)
    age_backup_proofs(passage)
    assert passage.resume().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    assert passage.rows(_PROOFS) == [(int(str(before[0][0])) + 1,)]


def test_a_backup_that_is_too_old_by_the_clock_of_this_host_is_taken_again(at: At) -> None:
    passage = at("armed")
    before = passage.rows(_PROOFS)
    later = datetime.now(UTC) + timedelta(minutes=61)
    late = passage.with_site(
        replace(passage.installation, context=replace(passage.installation.context, now=lambda: later))
    )
    assert late.resume().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    assert passage.rows(_PROOFS) == [(int(str(before[0][0])) + 1,)]


def test_a_backup_whose_file_is_gone_is_taken_again(at: At) -> None:
    passage = at("armed")
    for file in passage.installation.backups.glob("*.dump.gpg"):
        file.unlink()
    assert passage.resume().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    assert len(list(passage.installation.backups.glob("*.dump.gpg"))) == 1
