"""A run is read once to be armed: what comes behind that reading still counts, and it is taken for no other run."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from console.backend import confirmations
from console.backend.approvals.signatures import signatures_beside
from console.backend.model.errors import Held
from console.backend.model.outcome import Outcome
from console.backend.model.purposes import Kind, Purpose
from console.backend.model.view_models import ApprovalStatus, Confirmation
from console.backend.runs import approval_workflow
from console.backend.runs.known_run import known_run
from console.backend.runs.ruling_facts import RulingFacts
from tests.support.passage import Passage

At = Callable[[str], Passage]


def test_a_hold_that_comes_behind_the_checks_stops_the_arming(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another host sets it when all that the dialog asks is answered: no intent is written down, no lease opened."""
    passage = at("SG_1 imported")
    journal = passage.installation.root / "runs" / passage.run_id / "journal.jsonl"
    before = journal.read_bytes()
    brief = confirmations.brief

    def held_behind_it(*args: object, **options: object) -> Confirmation:
        confirmation = brief(*args, **options)  # type: ignore[arg-type]
        with passage.connect() as connection:
            connection.execute("SELECT cutter_console.fn_hold_set('elsewhere', 'somebody on another host', NULL)")
        return confirmation

    monkeypatch.setattr(confirmations, "brief", held_behind_it)
    with pytest.raises(Held, match="somebody on another host"):
        passage.backend.arm(passage.run_id, passage.run_id)
    assert journal.read_bytes() == before
    assert passage.rows("SELECT count(*) FROM cutter_governance.execution_lease") == [(0,)]


def _judged(passage: Passage, statement: Path, facts: RulingFacts | None = None) -> tuple[ApprovalStatus, list[object]]:
    view = approval_workflow.view(passage.installation, statement, known=facts)
    return view.status, [(check.name, check.outcome, check.detail) for check in view.checks]


def test_a_statement_of_another_run_is_not_judged_by_the_facts_of_this_one(at: At) -> None:
    passage = at("SG_1 imported")
    statement = passage.installation.statement(passage.run_id, Kind.SG_1)
    facts = known_run(passage.installation, passage.run_id, for_ruling=True).facts
    assert facts is not None
    another = facts._replace(
        row=facts.row.model_copy(update={"run_id": "ictr-20260101T000000Z-00000000"}), manifest="0" * 64, rulings=()
    )

    alone = _judged(passage, statement)
    assert alone[0] is ApprovalStatus.IMPORTED
    assert _judged(passage, statement, another) == alone
    assert _judged(passage, statement, facts) == alone


def test_facts_that_are_not_those_of_the_plan_are_met(at: At) -> None:
    """What is handed on is what is judged by, so that a test that hands on something else meets it."""
    passage = at("SG_1 imported")
    statement = passage.installation.statement(passage.run_id, Kind.SG_1)
    known = known_run(passage.installation, passage.run_id, for_ruling=True)
    assert known.facts is not None
    other = replace(known, facts=known.facts._replace(manifest="0" * 64))

    signatures = signatures_beside(statement)
    judged = approval_workflow.check(passage.installation, statement, signatures, known=known.facts)
    assert all(check.outcome is Outcome.PASS for check in judged.checks)
    judged = approval_workflow.check(passage.installation, statement, signatures, known=other.facts)
    assert [check.name for check in judged.checks if check.outcome is Outcome.FAIL] == ["manifest_digest"]


def test_a_ruling_is_asked_for_only_where_somebody_judges_by_it(at: At) -> None:
    passage = at("SG_1 imported")

    shown, ruled = (known_run(passage.installation, passage.run_id, for_ruling=wanted) for wanted in (False, True))
    assert shown.facts is None
    assert ruled.facts is not None
    assert replace(ruled, facts=None, workspace=shown.workspace) == shown
    assert [row.purpose for row in ruled.rulings] == [Purpose.CUT]
