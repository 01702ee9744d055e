"""A ruling that was imported here is compared with this database, this run and these drafts again when it is used."""

import pytest

from console.backend.postgres.connections import scalar
from tests.backend.postgres.signed_cut import SignedCut, stopped
from tests.backend.postgres.tampering import tamper


@pytest.mark.parametrize("column", ["database = 'elsewhere'", "system_identifier = '1'", "timeline = 99"])
def test_a_ruling_does_not_arm_in_another_database_than_it_names(cut: SignedCut, column: str) -> None:
    """As after a failover, or in a copy: the row came along with the data."""
    cut.rule()
    tamper(cut.database, f"UPDATE cutter_governance.approval SET {column}")
    with stopped("STOP_IDENTITY_MISMATCH"):
        cut.arm()


@pytest.mark.parametrize("column", ["database = 'elsewhere'", "system_identifier = '1'", "timeline = 99"])
def test_what_is_left_of_a_cut_is_not_done_in_another_database_either(cut: SignedCut, column: str) -> None:
    """The ruling was used before the failover; the record of the cut is written where it was signed for, or not at all."""
    cut.cut()
    cut.disarm()
    tamper(cut.database, f"UPDATE cutter_governance.approval SET {column}")
    with stopped("STOP_IDENTITY_MISMATCH"):
        cut.arm()


@pytest.mark.parametrize("column", ["database = 'elsewhere'", "system_identifier = '1'", "timeline = 99"])
def test_a_cut_is_not_recorded_where_the_database_became_another_one_under_the_lease(
    cut: SignedCut, column: str
) -> None:
    cut.cut()
    tamper(cut.database, f"UPDATE cutter_governance.approval SET {column}")
    with stopped("STOP_IDENTITY_MISMATCH"):
        cut.record()


def test_a_ruling_for_another_plan_than_the_run_s_writes_nothing(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    tamper(cut.database, "UPDATE cutter_governance.run SET plan_digest = repeat('0', 64)")
    with stopped("STOP_APPROVAL_INVALID"), cut.executor() as connection:
        cut.apply(connection)
    assert cut.lifecycles() == []


def test_the_units_that_a_statement_lists_beside_the_right_file_are_those_of_the_rows(drafted: SignedCut) -> None:
    """A signer who reads the list and not the file must not be shown other units."""
    with drafted.verifier() as connection:
        units = scalar(connection, "SELECT cutter_governance.fn_draft_units(%s)", drafted.run_id)
    assert isinstance(units, list)
    drafts = drafted._drafts()["drafts"]
    assert isinstance(drafts, dict)
    listed = [{**units[0], "title": "Harmless"}, *units[1:]]
    with stopped("STOP_DRIFT"):
        drafted.rule("enact", {"drafts": drafts | {"units": listed}})
    drafted.rule("enact", {"drafts": drafts})
