"""What is signed of a manifest is computed of the plan's file, and compared with what was recorded when it was planned."""

from collections.abc import Callable

import pytest

from console.backend.model.errors import Refused
from console.backend.model.outcome import Outcome
from console.backend.model.plan import CutPlan
from console.backend.model.states import Stage
from console.backend.postgres import ledger
from console.backend.postgres.recorded_plans import recorded_manifest
from tests.support.passage import Passage

At = Callable[[str], Passage]
FORGED = "f" * 64
_EVENT = """
    INSERT INTO cutter_governance.run_event (run_id, phase, stage, family, outcome, record, journal_seq, journal_head, vouched)
    SELECT run_id, 'cutplan', stage, family, 'PASS',
           jsonb_build_object('checks', jsonb_build_array(jsonb_build_object(
               'name', 'plan digest', 'detail', coalesce(%s, plan_digest),
               'evidence', jsonb_build_array(jsonb_build_object('asked', 'manifest digest', 'answer', %s::text))))),
           99, repeat('0', 64), %s
      FROM cutter_governance.run
"""


def _computed(*_: object) -> str:
    raise AssertionError("a manifest was computed")


def _plan(passage: Passage) -> CutPlan:
    return CutPlan.read((passage.installation.root / "runs" / passage.run_id / "plan.json").read_bytes())


def test_the_manifest_of_a_plan_is_recorded_with_its_digest(at: At) -> None:
    passage = at("waits for SG_1")
    with passage.connect("cutter_ro") as connection:
        recorded = recorded_manifest(connection, passage.run_id)
    assert recorded == ledger.manifest_digest(_plan(passage).document.units)


def test_a_draft_computes_the_manifest_and_its_import_compares_it_with_the_record(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = at("waits for SG_1")
    with monkeypatch.context() as patched:
        patched.setattr(ledger, "manifest_digest", _computed)
        with pytest.raises(AssertionError, match="was computed"):
            passage.backend.draft_statement(passage.run_id)
    drafted = passage.backend.draft_statement(passage.run_id)
    signature = passage.backend.sign_as_demo_sovereign(drafted.statement_path)
    monkeypatch.setattr(ledger, "manifest_digest", _computed)
    passage.backend.import_statement(drafted.statement_path, (signature,))
    assert passage.run().waits_for.startswith("the operator: SG_1 is imported")


def test_a_statement_that_names_another_manifest_than_the_recorded_one_is_not_imported(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever has read the plan's file in another way: what was recorded tells, at the draft already."""
    passage = at("waits for SG_1")
    with monkeypatch.context() as patched:
        patched.setattr(ledger, "manifest_digest", lambda _: FORGED)
        drafted = passage.backend.draft_statement(passage.run_id)
    assert "manifest_digest" in {check.name for check in drafted.checks if check.outcome is Outcome.FAIL}
    signature = passage.backend.sign_as_demo_sovereign(drafted.statement_path)
    with pytest.raises(Refused, match="manifest_digest"):
        passage.backend.import_statement(drafted.statement_path, (signature,))


@pytest.mark.parametrize(
    ("plan_digest", "vouched"),
    [(None, False), ("0" * 64, True)],
    ids=["by who has not the journal's key", "of another plan"],
)
def test_no_other_record_is_believed(at: At, plan_digest: str | None, vouched: bool) -> None:
    passage = at("waits for SG_1")
    passage.execute(_EVENT, plan_digest, FORGED, vouched)
    with passage.connect("cutter_ro") as connection:
        recorded = recorded_manifest(connection, passage.run_id)
    assert recorded == ledger.manifest_digest(_plan(passage).document.units)


def test_of_a_run_without_the_record_the_manifest_is_computed(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of one that an earlier release has planned."""
    passage = at("waits for SG_1")
    passage.execute("ALTER TABLE cutter_governance.run_event DISABLE TRIGGER guard_append_only")
    passage.execute("UPDATE cutter_governance.run_event SET vouched = NULL WHERE phase = 'cutplan'")
    passage.execute("ALTER TABLE cutter_governance.run_event ENABLE ALWAYS TRIGGER guard_append_only")
    drafted = passage.backend.draft_statement(passage.run_id)
    signature = passage.backend.sign_as_demo_sovereign(drafted.statement_path)
    with monkeypatch.context() as patched:
        patched.setattr(ledger, "manifest_digest", lambda _: FORGED)
        with pytest.raises(Refused, match="manifest_digest"):
            passage.backend.import_statement(drafted.statement_path, (signature,))
    passage.backend.import_statement(drafted.statement_path, (signature,))
    assert passage.run().state.stage is Stage.AWAITING_CUT_AUTHORIZATION
