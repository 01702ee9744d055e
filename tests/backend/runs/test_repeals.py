"""A repeal goes through the same phases as a cut: two rulings, gates, backup, verification, reports; it has no text."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.backend.gates.text_in_force import compared, repealed
from console.backend.model.errors import CutterError, Drifted, Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.states import Family, Mode, Stage
from console.backend.model.view_models import Danger, RunRequest, RunView
from console.backend.postgres.document_states import StateRow, all_states, composed_text
from console.backend.runs.document_states import history_of, list_documents, text_as_of
from console.backend.runs.reverify import verify_drafts
from console.backend.runs.state_comparison import compare_states
from console.backend.runs.stored_document import read_state, read_stored
from console.backend.runs.unit_states import history_of_unit, unit_as_of
from console.screens.run_text import came_to, how_it_ended, written
from tests.backend.postgres.tampering import tamper
from tests.backend.runs.test_amendments import amend, digest, rows_as_recorded
from tests.support.passage import DOCPREFIX, TEXT, UNITS, Kept, Passage, fingerprint, silent

At = Callable[[str], Passage]
_IN_FORCE = "SELECT canonical_address FROM cutter_governance.v_in_force ORDER BY canonical_address"
REQUEST = RunRequest(origin="", docprefix=DOCPREFIX, repeal=True)


def repeal(passage: Passage) -> Passage:
    """The passage with a repeal at its first pause, after its dry run."""
    dry = passage.backend.start(REQUEST, silent)
    assert dry.state.stage is Stage.CLOSEOUT_REPORTED, dry.state
    live = passage.backend.start(REQUEST.model_copy(update={"mode": Mode.LIVE}), silent)
    return Passage(passage.backend, passage.cluster, passage.database, live.run_id)


def to_second_pause(passage: Passage) -> RunView:
    """SG_1, the switch, the sealed repeal."""
    passage.sign()
    passage.arm()
    return passage.resume()


def at_first_pause(at: At, kept: Kept) -> Passage:
    """A repeal of the law at its first pause, as it is kept."""
    return kept("a repeal waits for SG_1", lambda: repeal(at("enacted")))


def at_second_pause(at: At, kept: Kept) -> Passage:
    """The same repeal, sealed."""

    def make() -> Passage:
        passage = at_first_pause(at, kept)
        to_second_pause(passage)
        return passage

    return kept("a repeal waits for SG_2", make)


def at_its_end(at: At, kept: Kept) -> Passage:
    """The same repeal, enacted."""

    def make() -> Passage:
        passage = at_second_pause(at, kept)
        passage.sign()
        passage.enact()
        return passage

    return kept("the document is repealed", make)


def enacted(passage: Passage) -> RunView:
    """From the first pause until the document is repealed."""
    to_second_pause(passage)
    passage.sign()
    return passage.enact()


def test_a_repeal_goes_from_law_to_history_under_two_rulings(at: At, kept: Kept) -> None:
    passage = at_first_pause(at, kept)
    before = datetime.now(UTC)
    statement = "\n".join(passage.backend.draft_statement(passage.run_id).statement_lines)
    assert '"operation": "repeal"' in statement
    assert f'"n_units": {UNITS}' in statement
    assert f'"gone": {UNITS}' in statement
    assert "go out of force" not in " ".join(passage.backend.brief(Danger.ARM, passage.run_id).effects)
    run = to_second_pause(passage)
    assert (run.state.stage, run.state.family) == (Stage.AWAITING_LIFECYCLE_AUTHORIZATION, Family.ACTIVE)
    assert "sealed and verified" in came_to(run)
    assert run.waits_for == "SG_2, the sovereign's ruling that repeals the document"
    assert rows_as_recorded(passage) is Outcome.PARTIAL
    assert "still in force" in written(run)
    assert len(passage.rows(_IN_FORCE)) == UNITS
    assert {check.outcome for check in verify_drafts(passage.installation, run, record=True)} == {Outcome.PASS}
    second = passage.backend.draft_statement(passage.run_id)
    assert [unit.address for unit in second.drafts] == [str(row[0]) for row in passage.rows(_IN_FORCE)]
    briefing = passage.backend.brief(Danger.ENACT, passage.run_id)
    assert f"{DOCPREFIX} is REPEALED: {UNITS} units go out of force" in " ".join(briefing.effects)
    assert {delta.table: delta.rows for delta in briefing.deltas}["public.iu_lifecycle_log"] == UNITS
    passage.sign()
    run = passage.enact()
    assert run.state.stage is Stage.CLOSEOUT_REPORTED
    assert {phase.outcome for phase in run.phases} == {Outcome.PASS}
    assert came_to(run) == f"{DOCPREFIX} is repealed: {UNITS} units went out of force."

    assert passage.rows(_IN_FORCE) == []
    _readers_know(passage, before)
    _the_report_says_so(passage)
    _gates_know(passage)
    _nothing_comes_after(passage)


def _readers_know(passage: Passage, before: datetime) -> None:
    installation, address = passage.installation, f"{DOCPREFIX}/ONE"
    (document,) = [view for view in list_documents(installation) if view.docprefix == DOCPREFIX]
    assert (document.standing[:14], document.n_units, document.n_states) == ("repealed since", 0, 2)
    states = history_of(installation, DOCPREFIX)
    assert [(state.operation, state.standing, state.n_units) for state in states] == [
        ("cut", "ended", UNITS),
        ("repeal", "repealed", 0),
    ]
    assert text_as_of(installation, DOCPREFIX, before).text == TEXT.encode()
    assert unit_as_of(installation, address, before).title == "One"
    (version,) = history_of_unit(installation, address).versions
    assert version.standing == "ended"
    assert version.periods[0].in_force_until == states[1].in_force_from
    diff = compare_states(installation, DOCPREFIX, before, None)
    assert (len(diff.gone), len(diff.added), len(diff.changed), diff.new.n_units) == (UNITS, 0, 0, 0)
    for asked in (
        lambda: text_as_of(installation, DOCPREFIX, None),
        lambda: read_stored(installation, DOCPREFIX, with_drafts=False),
        lambda: read_state(installation, DOCPREFIX, datetime.now(UTC)),
    ):
        with pytest.raises(Refused, match=f"{DOCPREFIX} is repealed since .*, by run {passage.run_id}") as refused:
            asked()
        shown = refused.value.next_action.rpartition("--as-of ")[2]
        assert text_as_of(installation, DOCPREFIX, datetime.fromisoformat(shown)).text == TEXT.encode()
    with pytest.raises(Refused, match=f"run {passage.run_id} has repealed the document"):
        unit_as_of(installation, address, None)


def _the_report_says_so(passage: Passage) -> None:
    report = passage.backend.report(passage.run_id)
    closeout = (Path(report.directory) / "13-closeout.md").read_text(encoding="utf-8")
    assert "## FINAL OUTCOME: PASS" in closeout
    assert (
        f"| public.iu_lifecycle_log | +{UNITS} [13.enact.expected] | +{UNITS} [13.enact.counted] | PASS |" in closeout
    )
    plan = (Path(report.directory) / "03-cutplan.md").read_text(encoding="utf-8")
    assert f"repealed as a whole: {UNITS} gone, none left" in plan


def _gates_know(passage: Passage) -> None:
    board = passage.backend.gates(("G1", "G6"))
    assert {gate.gate: [c for c in gate.checks if c.outcome is Outcome.FAIL] for gate in board.gates} == {
        "G1": [],
        "G6": [],
    }
    row = _repeal_of(passage)
    with passage.connect("cutter_ro") as connection:
        assert repealed(row, composed_text(connection, row)).fault == ""


def _nothing_comes_after(passage: Passage) -> None:
    for request in (
        REQUEST,
        REQUEST.model_copy(update={"mode": Mode.LIVE}),
        RunRequest(origin=passage.write("law-3.md", TEXT), docprefix=DOCPREFIX),
        RunRequest(origin="file:law-3.md", docprefix=DOCPREFIX, amend=True, mode=Mode.LIVE),
    ):
        with pytest.raises(CutterError, match=f"was repealed by run {passage.run_id}, for good") as refused:
            passage.backend.start(request, silent)
        assert refused.value.code is StopCode.REPLAY_CONFLICT
        assert "prefix of its own" in refused.value.next_action
    planned = passage.backend.plan("file:law-3.md", DOCPREFIX, "atx", ordinals=False)
    with pytest.raises(Refused, match="was repealed by run"):
        passage.backend.compare(planned)


def _repeal_of(passage: Passage) -> StateRow:
    with passage.connect("cutter_ro") as connection:
        return next(row for row in all_states(connection) if row.is_repeal)


def test_a_unit_that_is_in_force_although_its_document_is_repealed_fails_the_gate(at: At, kept: Kept) -> None:
    passage = at_its_end(at, kept)
    row = _repeal_of(passage)
    tamper(
        passage,
        f"UPDATE public.information_unit SET lifecycle_status = 'enacted' WHERE canonical_address = '{DOCPREFIX}/ONE'",
    )
    with passage.connect("cutter_ro") as connection:
        composed = composed_text(connection, row)
    assert compared(row, composed).fault == ""
    assert repealed(row, composed).fault == f"1 unit in force, though run {passage.run_id} has repealed the document"


def test_a_dry_run_of_a_repeal_writes_nothing(at: At) -> None:
    passage = at("enacted")
    before = fingerprint(passage)
    run = passage.backend.start(REQUEST, silent)
    assert run.state.stage is Stage.CLOSEOUT_REPORTED
    assert run.is_repeal
    assert run.n_units == UNITS
    assert fingerprint(passage) == before


def test_a_reverted_repeal_leaves_readers_with_what_they_saw_and_the_law_open(at: At, kept: Kept) -> None:
    passage = at("enacted")
    before, law = digest(passage), passage.rows(_IN_FORCE)
    passage = at_second_pause(at, kept)
    with pytest.raises(Drifted, match="waits for its enactment"):
        amend(passage)
    assert "is taken back" in " ".join(passage.backend.brief(Danger.REVERT, passage.run_id).effects)
    passage.backend.revert(passage.run_id, passage.run_id)
    assert (digest(passage), passage.rows(_IN_FORCE)) == (before, law)
    run = passage.run()
    assert run.state.family is Family.REVERTED
    assert "can be amended or repealed again" in str(how_it_ended(run))
    assert enacted(repeal(passage)).state.stage is Stage.CLOSEOUT_REPORTED


def test_a_repeal_that_begins_later_is_final_and_the_text_stays_in_force_until_then(at: At, kept: Kept) -> None:
    passage = at_second_pause(at, kept)
    later = datetime(2100, 1, 1, tzinfo=UTC)
    passage.sign(in_force_from=later)
    passage.enact()
    (document,) = [view for view in list_documents(passage.installation) if view.docprefix == DOCPREFIX]
    assert document.standing.endswith("; repealed from 2100-01-01 00:00:00 UTC")
    assert text_as_of(passage.installation, DOCPREFIX, None).text == TEXT.encode()
    assert text_as_of(passage.installation, DOCPREFIX, later - timedelta(seconds=1)).text == TEXT.encode()
    with pytest.raises(Refused, match="is repealed from 2100-01-01"):
        text_as_of(passage.installation, DOCPREFIX, later)
    with pytest.raises(Refused, match="was repealed by run"):
        amend(passage)


@pytest.mark.parametrize("stage", ["fresh", "waits for SG_2"])
def test_a_repeal_of_no_law_is_refused_and_leaves_nothing(at: At, stage: str) -> None:
    passage = at(stage)
    before = {path.name for path in (passage.installation.root / "runs").iterdir()}
    with pytest.raises(Refused, match="nothing of ACME-LAW is law, so there is nothing to repeal"):
        passage.backend.start(REQUEST, silent)
    assert {path.name for path in (passage.installation.root / "runs").iterdir()} == before
