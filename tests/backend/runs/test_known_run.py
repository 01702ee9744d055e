"""A run is read once to be armed: what comes behind that reading still counts, and it is taken for no other run."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from console.backend import confirmations
from console.backend.approvals.signatures import signatures_beside
from console.backend.model.errors import CutterError, Held, Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.purposes import Kind, Purpose
from console.backend.model.states import Stage
from console.backend.model.view_models import ApprovalStatus, Confirmation, Danger
from console.backend.runs import approval_workflow
from console.backend.runs.known_run import known_run
from console.backend.runs.ruling_facts import RulingFacts
from console.backend.service import BackendService
from tests.support.passage import Passage, silent

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

    signatures = signatures_beside(statement)
    checked, with_another = (
        [(check.name, check.outcome, check.detail) for check in judged.checks]
        for judged in (
            approval_workflow.check(passage.installation, statement, signatures),
            approval_workflow.check(passage.installation, statement, signatures, known=another),
        )
    )
    assert with_another == checked


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
    assert replace(ruled, facts=None, switch=None, workspace=shown.workspace) == shown
    assert [row.purpose for row in ruled.rulings] == [Purpose.CUT]


def test_a_run_is_shown_where_the_hold_cannot_be_read(at: At) -> None:
    """Nothing that is shown of it depends on a HOLD; arming it does, and says so."""
    passage = at("SG_1 imported")
    passage.execute("REVOKE SELECT ON cutter_governance.v_hold FROM cutter_ro")

    assert passage.run().state.stage is Stage.AWAITING_CUT_AUTHORIZATION
    with pytest.raises(CutterError, match="v_hold"):
        passage.arm()


@pytest.mark.parametrize(
    ("stage", "danger"),
    [("SG_1 imported", Danger.ARM), ("SG_2 imported", Danger.ENACT), ("SG_2 imported", Danger.REVERT)],
)
def test_a_dialog_stops_under_a_hold_file_alone(at: At, stage: str, danger: Danger) -> None:
    passage = at(stage)
    passage.installation.hold_file.touch()

    checks = {check.name: check for check in passage.backend.brief(danger, passage.run_id).checks}
    assert checks["switch"].outcome is Outcome.FAIL
    assert "HOLD" in checks["switch"].detail


@pytest.mark.parametrize(
    ("stage", "act"),
    [
        ("armed", lambda backend, run_id: backend.arm(run_id, run_id)),
        ("enacted", lambda backend, run_id: backend.enact(run_id, run_id, silent)),
    ],
    ids=["arm", "enact"],
)
def test_a_console_that_only_reads_does_not_say_that_it_was_done_already(
    at: At, stage: str, act: Callable[[BackendService, str], object]
) -> None:
    passage = at(stage)
    with pytest.raises(Refused) as refused:
        act(BackendService(passage.installation, read_only=True), passage.run_id)
    assert refused.value.code is StopCode.EXECUTION_DISABLED


@pytest.mark.parametrize("danger", ["arm", "enact", "revert"])
def test_a_run_that_is_not_there_is_said_to_be_unknown_also_under_a_hold(at: At, danger: str) -> None:
    passage = at("fresh")
    passage.backend.panic("a test")
    unknown = "ictr-20260101T000000Z-00000000"
    acts: dict[str, Callable[[], object]] = {
        "arm": lambda: passage.backend.arm(unknown, unknown),
        "enact": lambda: passage.backend.enact(unknown, unknown, silent),
        "revert": lambda: passage.backend.revert(unknown, unknown),
    }
    with pytest.raises(Refused, match=unknown) as refused:
        acts[danger]()
    assert refused.value.code is StopCode.REFUSED_INPUT
