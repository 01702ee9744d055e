"""A ruling that was imported here is compared with this database, this run and these drafts again when it is used."""

import psycopg
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
        units = scalar(connection, "SELECT cutter_console.fn_draft_units(%s)", drafted.run_id)
    assert isinstance(units, list)
    drafts = drafted._drafts()["drafts"]
    assert isinstance(drafts, dict)
    listed = [{**units[0], "title": "Harmless"}, *units[1:]]
    with stopped("STOP_DRIFT"):
        drafted.rule("enact", {"drafts": drafts | {"units": listed}})
    drafted.rule("enact", {"drafts": drafts})


@pytest.mark.parametrize("column", ["system_identifier = '1'", "timeline = 99", "system_identifier = NULL"])
def test_drafts_that_were_verified_on_another_server_are_not_ruled_on(drafted: SignedCut, column: str) -> None:
    """As after a promotion: the verification came along with the data, and says nothing of what this server has."""
    drafted.verify()
    tamper(drafted.database, f"UPDATE cutter_governance.verify_result SET {column}")
    with pytest.raises(psycopg.Error, match="the drafts were verified on server") as refused:
        drafted.rule("enact")
    assert refused.value.diag.message_detail == "STOP_DRIFT"
    drafted.verify()
    drafted.rule("enact")


@pytest.mark.parametrize("column", ["system_identifier = '1'", "timeline = 99"])
def test_nothing_is_enacted_where_the_drafts_were_not_verified(drafted: SignedCut, column: str) -> None:
    """Even under a ruling for this very server, which only a tampered database could have by then."""
    drafted.rule("enact")
    drafted.arm("enact")
    tamper(drafted.database, f"UPDATE cutter_governance.verify_result SET {column}")
    with stopped("STOP_DRIFT"), drafted.executor() as connection:
        drafted.enact(connection)
    assert set(drafted.lifecycles()) == {"draft"}


def test_an_sg2_for_another_timeline_names_the_verification_that_goes_before_another_one(drafted: SignedCut) -> None:
    drafted.rule("enact")
    tamper(drafted.database, "UPDATE cutter_governance.approval SET timeline = 99 WHERE purpose = 'enact'")
    with pytest.raises(psycopg.Error, match="timeline 99") as refused:
        drafted.arm("enact")
    assert f"cutter-console verify {drafted.run_id}" in (refused.value.diag.message_hint or "")
    assert f"cutter-console approval draft {drafted.run_id}" in (refused.value.diag.message_hint or "")


@pytest.mark.parametrize("column", ["database = 'elsewhere'", "system_identifier = '1'"])
def test_a_copy_under_another_identity_verifies_nothing(drafted: SignedCut, column: str) -> None:
    """A promotion changes the timeline alone; another system identifier is another database."""
    tamper(drafted.database, f"UPDATE cutter_governance.approval SET {column} WHERE purpose = 'cut'")
    with stopped("STOP_IDENTITY_MISMATCH"):
        drafted.verify()


@pytest.mark.parametrize("kept", ["draft_seal", "NULL"])
def test_a_verification_made_here_goes_before_a_later_one_from_elsewhere(drafted: SignedCut, kept: str) -> None:
    """The clocks of two servers differ: the order of what each has recorded is not that of their clocks.

    Both where the drafts are known by the seal of the verification, and where they are read again.
    """
    drafted.verify()
    tamper(drafted.database, f"UPDATE cutter_governance.verify_result SET draft_seal = {kept}")
    tamper(
        drafted.database,
        "UPDATE cutter_governance.verify_result SET timeline = 99, verified_at = verified_at + interval '1 day'"
        " WHERE id = (SELECT id FROM cutter_governance.verify_result ORDER BY verified_at LIMIT 1)",
    )
    drafted.rule("enact")
