"""Migration, cut, verification, enactment and soft revert where the organisation's tables have the console's names."""

from dataclasses import replace

import pytest
from psycopg import sql

from console.backend.model.outcome import Outcome
from console.backend.model.states import Family, Mode, Stage
from console.backend.postgres.rendering import AsItIs
from tests.gateway.conftest import tie
from tests.same_names.conftest import AFTER_CUT, BEFORE, Beside, theirs
from tests.support.passage import REQUEST, UNITS, Passage, silent
from tests.support.waiting import until

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


def test_a_soft_revert_takes_the_drafts_back_and_deletes_nothing(beside: Beside, drafted: Passage) -> None:
    reverted = drafted.backend.revert(drafted.run_id, drafted.run_id)

    assert reverted.state.family is Family.REVERTED
    assert theirs(drafted) == {**AFTER_CUT, "public.iu_lifecycle_log": 60 + UNITS}
    for schema in ("public", beside.names.units):
        assert {state for _, state in drafted.rows(_UNITS.format(schema))} == {"superseded"}


def test_a_unit_is_read_by_the_indexes_of_the_organisation_s_tables(tied: Passage) -> None:
    """Each unit of a cut is read back many times: without an index, a document of 20,000 units would read all rows as often."""
    (body,) = tied.rows("SELECT prosrc FROM pg_proc WHERE oid = 'cutter_console.fn_site_unit(text)'::regprocedure")[0]
    with tied.connect() as connection:
        connection.execute(b"SET enable_seqscan = off")
        query = f"EXPLAIN {str(body).replace('p_address', repr('LIB-RULES/S001'))}"
        plan = "\n".join(str(line) for (line,) in connection.execute(query.encode()))

    assert "Seq Scan" not in plan, plan


@pytest.mark.parametrize("function", ["fn_site_ungoverned", "fn_site_rows_there"])
def test_the_governance_rows_of_a_run_are_read_by_the_indexes_of_the_organisation_s_tables(
    drafted: Passage, function: str
) -> None:
    """Each verification reads them: without an index it would read the rows of all runs."""
    governance = "SELECT cutter_console.fn_site_governance(%s, '{record, verify}', false)::text"
    (rows,) = drafted.rows(governance, drafted.run_id)[0]
    (body,) = drafted.rows(
        "SELECT prosrc FROM pg_proc WHERE oid = %s::regprocedure", f"cutter_console.{function}(jsonb)"
    )[0]
    with drafted.connect() as connection:
        connection.execute(b"SET enable_seqscan = off")
        query = sql.SQL("EXPLAIN {}").format(
            AsItIs(str(body).replace("p_rows", f"{sql.Literal(rows).as_string()}::jsonb"))
        )
        plan = "\n".join(str(line) for (line,) in connection.execute(query))

    assert "Seq Scan" not in plan, plan


_THEIR_TABLES = """
    SELECT relname, seq_scan FROM pg_stat_user_tables
     WHERE schemaname = 'public' AND relname IN ('information_unit', 'unit_version', 'iu_lifecycle_log')
        OR schemaname = 'cutter_governance' AND relname IN ('manifest_unit_block', 'cut_change_set_affected_row')
"""
_OTHERS = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def _whole_readings(beside: Beside, units: int) -> dict[str, int]:
    """Return how often each table that has a row for each unit is read from end to end on the way to law."""

    def make() -> Passage:
        passage = tie(beside.stages.at("fresh"), beside.mapping)
        passage.write("law.md", "# One\n\nText.\n" + "".join(f"\n## Part {n}\n\nText {n}.\n" for n in range(units - 1)))
        passage.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
        passage = replace(passage, run_id=passage.backend.start(REQUEST, silent).run_id)
        passage.sign()
        return passage

    passage = beside.stages.kept(f"{units} units", make).as_pinned()
    # What a session has read is counted by its end.
    until(lambda: not passage.rows(_OTHERS), "every session has ended")
    passage.execute("SELECT pg_stat_reset()")
    passage.arm()
    passage.resume()
    passage.backend.verify(passage.run_id)
    passage.sign()
    enacted = passage.enact()
    until(lambda: not passage.rows(_OTHERS), "every session has ended")
    assert enacted.state.stage is Stage.CLOSEOUT_REPORTED
    assert theirs(passage)["public.information_unit"] == 158 + units
    return {str(table): int(str(n)) for table, n in passage.rows(_THEIR_TABLES)}


@pytest.mark.longest
def test_more_units_are_no_more_readings_of_whole_tables(beside: Beside) -> None:
    """A reading of a whole table for each unit would make 20,000 units a hundred times the work of 2,000."""
    few, many = _whole_readings(beside, 3), _whole_readings(beside, 33)

    assert len(few) == 5
    assert [table for table in few if many[table] >= few[table] + 30] == []


_AS_EVER = """
    CREATE FUNCTION public.as_ever() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF current_setting('enable_nestloop') <> 'on' THEN RAISE EXCEPTION '% of % is not planned as ever', TG_OP, TG_TABLE_NAME; END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER as_ever AFTER INSERT OR UPDATE ON public.information_unit FOR EACH ROW EXECUTE FUNCTION public.as_ever();
    CREATE TRIGGER as_ever AFTER INSERT ON cutter_governance.review_decision FOR EACH ROW EXECUTE FUNCTION public.as_ever();
    CREATE CONSTRAINT TRIGGER ever_later AFTER INSERT ON public.unit_version DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION public.as_ever()
"""


def test_what_the_console_s_functions_ask_of_a_planner_is_not_asked_for_the_organisation_s(signed: Passage) -> None:
    """They read sets and forbid loops; the organisation's read one row, and without a loop the whole table for it."""
    with signed.connect() as connection:
        connection.execute(_AS_EVER.encode())

    signed.arm()
    signed.resume()
    signed.sign()
    enacted = signed.enact()

    assert enacted.state.stage is Stage.CLOSEOUT_REPORTED
