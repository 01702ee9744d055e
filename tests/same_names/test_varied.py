"""Likenesses that vary: columns more and fewer, other types, an argument of the organisation's own type."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from console.backend.model.outcome import Outcome
from console.backend.model.states import Mode, Stage
from tests.conftest import Database
from tests.gateway.conftest import tie
from tests.same_names.conftest import AFTER_CUT, MONITOR, Beside, installed_beside, theirs
from tests.support.fingerprint import fingerprint
from tests.support.passage import REQUEST, UNITS, Passage, silent, stages

_MORE_AND_FEWER = """
    SET ROLE directus;
    ALTER TABLE public.information_unit ADD COLUMN note text, ADD COLUMN rating integer NOT NULL DEFAULT 0, DROP COLUMN conformance_status,
        DROP COLUMN identity_profile, DROP COLUMN section_code;
    ALTER TABLE public.unit_version DROP COLUMN content_profile, DROP COLUMN previous_version_ref, DROP COLUMN review_state,
        ADD COLUMN language text NOT NULL DEFAULT 'en';
    SET ROLE workflow_admin;
    ALTER TABLE cutter_governance.manifest_envelope ADD COLUMN plan_digest varchar(64), ADD COLUMN serial bigserial, DROP COLUMN created_at;
    ALTER TABLE cutter_governance.manifest_unit_block DROP COLUMN body_digest, ADD COLUMN section_type text NOT NULL;
    DROP TABLE cutter_governance.decision_backlog_history, cutter_governance.decision_backlog_entry;
    RESET ROLE
"""
_OTHER_TYPES = """
    SET ROLE directus;
    ALTER TABLE public.information_unit ADD COLUMN note text, ADD COLUMN rating integer NOT NULL DEFAULT 0, DROP COLUMN conformance_status,
        DROP COLUMN identity_profile, DROP COLUMN section_code;
    ALTER TABLE public.unit_version DROP COLUMN content_profile, DROP COLUMN previous_version_ref, ADD COLUMN language text NOT NULL DEFAULT 'en';
    CREATE DOMAIN public.kind AS text CHECK (VALUE <> '');
    DROP VIEW public.v_units_in_force;
    ALTER TABLE public.information_unit ALTER COLUMN canonical_address TYPE varchar(300), ALTER COLUMN unit_kind TYPE varchar(80),
        ALTER COLUMN section_type TYPE varchar(60);
    ALTER TABLE public.unit_version ALTER COLUMN title TYPE varchar(1000), ALTER COLUMN version_seq TYPE bigint;
    DO $do$ DECLARE definition text; BEGIN
        SELECT replace(pg_get_functiondef('public.fn_iu_create'::regproc), 'p_unit_kind text', 'p_unit_kind public.kind') INTO definition;
        DROP FUNCTION public.fn_iu_create;
        EXECUTE definition;
    END $do$;
    REVOKE EXECUTE ON FUNCTION public.fn_iu_create FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION public.fn_iu_create TO cutter_exec;
    SET ROLE workflow_admin;
    CREATE DOMAIN cutter_governance.verdict AS text CHECK (VALUE IN ('cut', 'enact', 'revert'));
    ALTER TABLE cutter_governance.review_decision ALTER verdict TYPE cutter_governance.verdict, ALTER decided_at TYPE timestamptz(0);
    ALTER TABLE cutter_governance.manifest_envelope ADD COLUMN plan_digest varchar(64), ADD COLUMN serial bigserial, DROP COLUMN created_at;
    ALTER TABLE cutter_governance.manifest_unit_block ALTER unit_local_id TYPE integer USING 0, ALTER body_digest TYPE character(64),
        ADD COLUMN section_type text NOT NULL;
    DROP TABLE cutter_governance.decision_backlog_history, cutter_governance.decision_backlog_entry;
    RESET ROLE
"""
"""With columns more and fewer besides, but for those whose type is another one here."""


@pytest.fixture(params=[_MORE_AND_FEWER, _OTHER_TYPES], ids=["columns more and fewer", "other types"])
def varied(request: pytest.FixtureRequest, beside: Beside) -> Iterator[Passage]:
    """A passage on a likeness that was varied before anything was installed, whose run has its SG_1."""
    mapping, before = installed_beside(beside.cluster, "varied", request.param)
    assert fingerprint(Database(beside.cluster, "varied")).calls == before.calls
    with stages(beside.cluster, "varied", MONITOR) as walked:
        passage = tie(walked.at("fresh"), mapping)
        passage.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
        passage = replace(passage, run_id=passage.backend.start(REQUEST, silent).run_id)
        passage.sign()
        yield passage


def test_a_likeness_that_varies_is_cut_and_enacted_too(varied: Passage) -> None:
    varied.arm()
    varied.resume()

    assert theirs(varied) == AFTER_CUT
    assert varied.rows("SELECT count(*) FROM cutter_governance.manifest_unit_block") == [(UNITS,)]
    assert all(check.outcome is Outcome.PASS for check in varied.backend.verify(varied.run_id))
    varied.sign()
    assert varied.enact().state.stage is Stage.CLOSEOUT_REPORTED
    assert theirs(varied) == {**AFTER_CUT, "public.iu_lifecycle_log": 60 + UNITS}
