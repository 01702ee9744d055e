"""The decision that stands in the organisation's table before its function is called: where it cannot, and where it must not."""

from dataclasses import replace

import pytest

from console.backend.model.errors import CutterError, StopCode
from console.backend.model.site_governance import Source
from console.backend.model.states import Family, Mode, Phase
from console.backend.model.view_models import Progress
from tests.gateway.conftest import tie
from tests.same_names.conftest import AFTER_CUT, Beside, theirs
from tests.support.passage import REQUEST, UNITS, Passage, silent

_REFERS = """
    GRANT USAGE ON SCHEMA cutter_governance TO directus;
    GRANT SELECT, REFERENCES ON cutter_governance.review_decision TO directus;
    SET ROLE directus;
    ALTER TABLE public.iu_lifecycle_log ADD FOREIGN KEY (review_decision_id) REFERENCES cutter_governance.review_decision {when}
"""
_LOOKS_UP = """
    GRANT USAGE ON SCHEMA cutter_governance TO directus;
    GRANT SELECT ON cutter_governance.cut_change_set TO directus;
    SET ROLE directus;
    DO $do$ DECLARE definition text; BEGIN
        SELECT replace(pg_get_functiondef('public.fn_iu_enact'::regproc), '    IF p_dry_run THEN',
            'IF NOT EXISTS (SELECT FROM cutter_governance.cut_change_set c WHERE c.change_set_id = p_change_set_id AND c.state = ''open'') THEN
                 RETURN jsonb_build_object(''status'', ''refused'');
             END IF;
             IF p_dry_run THEN') INTO definition;
        EXECUTE definition;
    END $do$
"""
_IN_PARTS = """
    SET ROLE workflow_admin;
    ALTER TABLE cutter_governance.cut_change_set RENAME TO whole;
    CREATE TABLE cutter_governance.cut_change_set (LIKE cutter_governance.whole INCLUDING ALL) PARTITION BY HASH (change_set_id);
    CREATE TABLE cutter_governance.first_part PARTITION OF cutter_governance.cut_change_set FOR VALUES WITH (MODULUS 1, REMAINDER 0);
    ALTER TABLE cutter_governance.cut_change_set ADD FOREIGN KEY (review_decision_id) REFERENCES cutter_governance.review_decision;
    DROP TABLE cutter_governance.whole CASCADE
"""
_VERDICTS = "SELECT verdict FROM cutter_governance.review_decision ORDER BY 1"


def _changed(passage: Passage, *statements: str) -> None:
    """Change the organisation's side as the superuser."""
    with passage.connect() as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _cut_without_leg_b(signed: Passage) -> None:
    def stop(progress: Progress) -> None:
        if (progress.phase, progress.step) == (Phase.LEG_B_RECORD, "begins"):
            raise KeyboardInterrupt

    signed.arm()
    with pytest.raises(KeyboardInterrupt):
        signed.resume(stop)


@pytest.mark.parametrize("when", ["", "DEFERRABLE INITIALLY DEFERRED"])
def test_a_run_without_leg_b_is_taken_back_where_the_log_refers_to_decisions(signed: Passage, when: str) -> None:
    """Leg B has written none of it, so that the log can refer to none; nothing else may stop a revert."""
    _changed(signed, _REFERS.format(when=when))
    _cut_without_leg_b(signed)

    assert signed.backend.revert(signed.run_id, signed.run_id).state.family is Family.REVERTED

    assert theirs(signed) == {**AFTER_CUT, "public.iu_lifecycle_log": 60 + UNITS}
    assert signed.rows("SELECT count(*) FROM public.iu_lifecycle_log WHERE review_decision_id IS NOT NULL") == [(0,)]


def test_a_run_without_leg_b_gives_the_id_of_its_decision_where_nothing_refers_to_decisions(signed: Passage) -> None:
    _cut_without_leg_b(signed)

    signed.backend.revert(signed.run_id, signed.run_id)

    assert signed.rows("SELECT count(*) FROM public.iu_lifecycle_log WHERE review_decision_id IS NOT NULL") == [
        (UNITS,)
    ]


def test_a_foreign_key_of_a_part_of_a_table_that_is_written_there_is_no_stranger_s(beside: Beside) -> None:
    """It has a row for each part, whose names the mapping does not have."""
    passage = beside.stages.at("fresh")
    _changed(passage, _IN_PARTS)
    passage = tie(passage, beside.mapping)
    passage.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
    passage = replace(passage, run_id=passage.backend.start(REQUEST, silent).run_id)
    passage.sign()
    _cut_without_leg_b(passage)

    passage.backend.revert(passage.run_id, passage.run_id)

    assert passage.rows("SELECT count(*) FROM public.iu_lifecycle_log WHERE review_decision_id IS NOT NULL") == [
        (UNITS,)
    ]


def test_a_revert_of_a_run_whose_rows_differ_there_adds_no_decision(drafted: Passage) -> None:
    _changed(drafted, "UPDATE cutter_governance.manifest_envelope SET unit_count = unit_count + 1")

    assert drafted.backend.revert(drafted.run_id, drafted.run_id).state.family is Family.REVERTED

    assert drafted.rows(_VERDICTS) == [("cut",)]


def _without_decisions(beside: Beside) -> Passage:
    """Return a run with drafts whose mapping names no table of decisions."""

    def make() -> Passage:
        governance = beside.mapping.governance
        assert governance is not None
        columns = tuple(c for c in governance.change_set.columns if c.source is not Source.DECISION_ID)
        change_set = governance.change_set.model_copy(update={"columns": columns})
        without = governance.model_copy(update={"decision": None, "change_set": change_set})
        passage = tie(beside.stages.at("fresh"), beside.mapping.model_copy(update={"governance": without}))
        passage.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
        passage = replace(passage, run_id=passage.backend.start(REQUEST, silent).run_id)
        passage.sign()
        passage.arm()
        passage.resume()
        return passage

    return beside.stages.kept("drafts without decisions there", make).as_pinned()


@pytest.mark.parametrize("decisions", [True, False], ids=["decisions are written there", "decisions are not mapped"])
def test_what_differs_there_is_not_told_as_a_refusal_of_the_organisation_s_function(
    beside: Beside, request: pytest.FixtureRequest, decisions: bool
) -> None:
    """A function that looks the row up refuses before anything of the console's is asked at the end."""
    passage: Passage = request.getfixturevalue("drafted") if decisions else _without_decisions(beside)
    passage.sign()
    _changed(
        passage,
        _LOOKS_UP,
        "SET ROLE workflow_admin; ALTER TABLE cutter_governance.cut_change_set DROP CONSTRAINT cut_change_set_envelope_id_fkey",
        "UPDATE cutter_governance.cut_change_set SET envelope_id = gen_random_uuid(), state = 'withdrawn'",
    )
    before = theirs(passage)

    with pytest.raises(CutterError, match="are not there once, as they were recorded") as refused:
        passage.enact()

    assert refused.value.code is StopCode.DRIFT
    assert theirs(passage) == before


def test_a_decision_that_brings_another_row_with_it_takes_the_enactment_back(drafted: Passage) -> None:
    """It is written before the rows of the step are counted, so it is counted by itself."""
    drafted.sign()
    _changed(
        drafted,
        "SET ROLE workflow_admin; CREATE FUNCTION cutter_governance.one_more() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN"
        " INSERT INTO cutter_governance.decision_backlog_entry (subject) VALUES ('one more'); RETURN NULL; END $$;"
        " CREATE TRIGGER one_more AFTER INSERT ON cutter_governance.review_decision FOR EACH ROW WHEN (NEW.verdict = 'enact')"
        " EXECUTE FUNCTION cutter_governance.one_more()",
    )
    before = drafted.rows("SELECT count(*) FROM cutter_governance.decision_backlog_entry")

    with pytest.raises(CutterError, match=r"decision_backlog_entry 1, expected 0") as refused:
        drafted.enact()

    assert refused.value.code is StopCode.COUNT_MISMATCH
    assert drafted.rows("SELECT count(*) FROM cutter_governance.decision_backlog_entry") == before
    assert drafted.rows(_VERDICTS) == [("cut",)]
