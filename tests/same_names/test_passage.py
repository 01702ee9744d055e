"""Migration, cut, verification, enactment and soft revert where the organisation's tables have the console's names."""

from console.backend.model.outcome import Outcome
from console.backend.model.states import Family, Stage
from tests.same_names.conftest import AFTER_CUT, BEFORE, Beside, theirs
from tests.support.passage import UNITS, Passage

_UNITS = "SELECT canonical_address, lifecycle_status FROM {}.information_unit WHERE starts_with(canonical_address, 'ACME-LAW') ORDER BY 1"


def test_a_cut_is_verified_and_becomes_law_through_the_functions_of_the_same_names(
    beside: Beside, signed: Passage
) -> None:
    own = beside.names
    assert theirs(signed) == BEFORE

    signed.arm()
    drafted = signed.resume()

    assert drafted.state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    assert theirs(signed) == AFTER_CUT
    assert all(check.outcome is Outcome.PASS for check in signed.backend.verify(signed.run_id))
    signed.sign()
    enacted = signed.enact()
    assert enacted.state.stage is Stage.CLOSEOUT_REPORTED
    assert theirs(signed) == {**AFTER_CUT, "public.iu_lifecycle_log": 60 + UNITS}
    assert signed.rows(_UNITS.format("public")) == signed.rows(_UNITS.format(own.units))
    assert {state for _, state in signed.rows(_UNITS.format("public"))} == {"enacted"}


def test_a_soft_revert_takes_the_drafts_back_and_deletes_nothing(beside: Beside, signed: Passage) -> None:
    signed.arm()
    signed.resume()

    reverted = signed.backend.revert(signed.run_id, signed.run_id)

    assert reverted.state.family is Family.REVERTED
    assert theirs(signed) == {**AFTER_CUT, "public.iu_lifecycle_log": 60 + UNITS}
    for schema in ("public", beside.names.units):
        assert {state for _, state in signed.rows(_UNITS.format(schema))} == {"superseded"}


def test_a_unit_is_read_by_the_indexes_of_the_organisation_s_tables(tied: Passage) -> None:
    """Each unit of a cut is read back many times: without an index, a document of 20,000 units would read all rows as often."""
    (body,) = tied.rows("SELECT prosrc FROM pg_proc WHERE oid = 'cutter_console.fn_site_unit(text)'::regprocedure")[0]
    with tied.connect() as connection:
        connection.execute(b"SET enable_seqscan = off")
        query = f"EXPLAIN {str(body).replace('p_address', repr('LIB-RULES/S001'))}"
        plan = "\n".join(str(line) for (line,) in connection.execute(query.encode()))

    assert "Seq Scan" not in plan, plan
