"""The plan beside a run is compared with the recorded one before anybody is asked to sign it."""

import json
from collections.abc import Callable

import pytest

from console.backend.model.errors import Refused
from console.backend.model.plan import CutPlan
from console.backend.model.states import Stage
from console.backend.runs import workspace
from tests.support.passage import Passage


def test_no_statement_is_drafted_for_a_plan_that_was_edited_on_disk(at: Callable[[str], Passage]) -> None:
    """A plan is immutable; what would be signed is what the database has recorded."""
    passage = at("waits for SG_1")
    plan = passage.installation.root / "runs" / passage.run_id / "plan.json"
    plan.write_text(plan.read_text().replace('"title":"Alpha"', '"title":"Omega"'))
    with pytest.raises(Refused, match="not the recorded plan"):
        passage.backend.draft_statement(passage.run_id)
    assert not passage.installation.statement(passage.run_id, "SG_1").exists()


def test_no_statement_is_drafted_for_a_plan_that_is_the_same_in_another_form(at: Callable[[str], Passage]) -> None:
    """Its digest is that of the file's bytes, and these are not the ones that were recorded."""
    passage = at("waits for SG_1")
    path = passage.installation.root / "runs" / passage.run_id / "plan.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()), indent=1), encoding="utf-8")
    with pytest.raises(Refused, match="is not the recorded plan"):
        passage.backend.draft_statement(passage.run_id)


def test_a_large_plan_that_was_edited_on_disk_is_met_as_a_small_one(
    at: Callable[[str], Passage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its units are read when they are asked for; its digest before."""
    monkeypatch.setattr(workspace, "LARGE_PLAN", 0)
    passage = at("waits for SG_1")
    directory = passage.installation.root / "runs" / passage.run_id
    kept = workspace.Workspace(directory).plan()
    assert kept == CutPlan.read((directory / "plan.json").read_bytes())
    plan = directory / "plan.json"
    plan.write_text(plan.read_text().replace('"title":"Alpha"', '"title":"Omega"'))
    with pytest.raises(Refused, match="not the recorded plan"):
        passage.backend.draft_statement(passage.run_id)


def test_a_large_plan_goes_the_whole_way(at: Callable[[str], Passage], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "LARGE_PLAN", 0)
    passage = at("waits for SG_1")
    passage.sign()
    passage.arm()
    passage.resume()
    passage.sign()
    passage.enact()
    assert passage.run().state.stage is Stage.CLOSEOUT_REPORTED
