"""A run whose document another run has written: what is refused is not offered, and what is offered is accepted."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.backend.approvals.signatures import signatures_beside
from console.backend.model.errors import CutterError, Drifted, Refused, StopCode, Unmeasured, Waiting
from console.backend.model.outcome import Outcome
from console.backend.model.purposes import RunOperation
from console.backend.model.states import CUT_STAGES, Family, Mode, Move, RunState, Stage, legal_moves
from console.backend.model.view_models import Danger, RunRequest, RunView
from console.backend.postgres.connections import connect
from console.backend.postgres.document_runs import DocumentRun
from console.backend.postgres.records import RunRow
from console.backend.runs.bars import bar_of
from console.backend.runs.engine import Engine
from console.backend.runs.lifecycle import create_run
from console.backend.runs.moves import RunFacts, moves_of, require_move
from console.backend.runs.phase_context import PhaseContext
from console.backend.runs.preflight import preflight
from console.backend.runs.workspace import Workspace
from tests.backend.runs.test_amendments import amend, at_second_pause, to_second_pause
from tests.backend.runs.test_two_roots import next_host
from tests.support.lost_commit import Lie, lying
from tests.support.passage import DOCPREFIX, REQUEST, TEXT, Kept, Passage, fingerprint, silent

At = Callable[[str], Passage]
APART = "# One\n\nText one.\n\n## Alpha\n\nFirst, in another way.\n\n## Beta\n\nSecond.\n"
"""Changes one unit and makes none."""
ALIKE = "# One\n\nText one.\n\n## Alpha\n\nFirst.\n\n## Beta\n\nSecond.\n\n## Gamma\n\nThird, in another way.\n"
"""Makes a unit that the other amendment makes too."""
STAGES = (
    Stage.CREATED,
    Stage.SOURCE_PINNED,
    Stage.MARKED,
    Stage.CUTPLAN_OK,
    Stage.PRE_WRITE_BACKUP_TAKEN,
    Stage.AWAITING_CUT_AUTHORIZATION,
)
PLANNED_STAGES = STAGES[3:]
_MOST_STEPS = 12
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def request_of(passage: Passage, text: str, *, of_law: bool) -> RunRequest:
    """The request of a LIVE run of this text."""
    return REQUEST.model_copy(update={"origin": passage.write("law-3.md", text), "amend": of_law})


def stopped_at(passage: Passage, stage: Stage, text: str = APART, *, of_law: bool = True, signed: bool = False) -> str:
    """A run that rests at this stage, after its dry run."""
    request = request_of(passage, text, of_law=of_law)
    passage.backend.start(request.model_copy(update={"mode": Mode.DRYRUN}), silent)
    created = create_run(passage.installation, request)
    if stage is not Stage.CREATED:
        Engine(passage.installation, created.run_id, silent, planned=created.planned).walk(until=stage)
    assert passage.backend.run(created.run_id).state == RunState(stage=stage)
    if signed:
        passage.sign(created.run_id)
    return created.run_id


def beside_drafts(at: At, kept: Kept, stage: Stage, text: str = APART, *, signed: bool = False) -> tuple[Passage, str]:
    """An amendment at this stage, and the passage of another one whose drafts were written meanwhile.

    At the pause its statement was drafted and signed before that; if it is `signed`, imported too.
    """

    def make() -> Passage:
        passage = at("enacted")
        run_id = stopped_at(passage, stage, text, signed=signed)
        if stage is Stage.AWAITING_CUT_AUTHORIZATION and not signed:
            passage.backend.sign_as_demo_sovereign(passage.backend.draft_statement(run_id).statement_path)
        other = amend(passage)
        to_second_pause(other)
        return other

    other = kept(f"an amendment at {stage} beside drafts, {signed}, {len(text)}", make)
    runs = [run.run_id for run in other.backend.runs() if run.mode is Mode.LIVE and not run.is_over]
    (run_id,) = set(runs) - {other.run_id}
    return other, run_id


def all_movers(passage: Passage, run_id: str) -> dict[Move, Callable[[], object]]:
    """Every move that goes on from before the cut, as a command makes it."""
    return {
        Move.CONTINUE: lambda: passage.backend.resume(run_id, silent),
        Move.ARM: lambda: passage.backend.arm(run_id, run_id),
        Move.IMPORT_SG_1: lambda: passage.sign(run_id),
        Move.REPLAN: lambda: passage.backend.replan(run_id, silent),
    }


def is_refused_whole(passage: Passage, run_id: str, code: StopCode) -> None:
    """No move but to void is offered, each is refused as barred, and the run stays where it is."""
    before = passage.backend.run(run_id)
    assert (before.moves, before.bar and before.bar.code) == ((Move.VOID,), code)
    movers = all_movers(passage, run_id)
    if Move.IMPORT_SG_1 not in legal_moves(before.state, Mode.LIVE):
        # There is no plan that a statement could be drafted over.
        del movers[Move.IMPORT_SG_1]
    for move, make in movers.items():
        with pytest.raises((Refused, Drifted)) as refused:
            make()
        assert refused.value.code is code, (move, refused.value)
        assert before.bar is not None
        assert str(before.bar.said) in str(refused.value), (move, refused.value)
        assert str(before.bar.next_action) in refused.value.next_action, (move, refused.value)
    after = passage.backend.run(run_id)
    assert (after.state, after.moves) == (before.state, before.moves)


def to_the_end(passage: Passage, run_id: str) -> RunView:
    """Make the first of the moves that are offered until the run is over; none may be refused."""
    own = Passage(passage.backend, passage.cluster, passage.database, run_id)
    for _ in range(_MOST_STEPS):
        run = own.run()
        if run.moves == (Move.REPORT,):
            return run
        match run.moves[0]:
            case Move.CONTINUE:
                own.resume()
            case Move.ARM:
                own.sign()
                own.arm()
            case Move.IMPORT_SG_2:
                own.sign()
                own.enact()
            case Move.VOID:
                own.backend.void(run_id, "barred")
            case move:
                raise AssertionError(f"{move} at {run.state.name}")
    raise AssertionError(f"{own.run().state.name} after {_MOST_STEPS} moves")


@pytest.mark.parametrize("mode", [Mode.DRYRUN, Mode.LIVE])
@pytest.mark.parametrize("operation", [RunOperation.AMEND, RunOperation.REPEAL])
def test_nothing_of_the_law_is_begun_beside_drafts_and_their_run_is_named(
    at: At, kept: Kept, operation: RunOperation, mode: Mode
) -> None:
    passage = at_second_pause(at, kept)
    request = request_of(passage, APART, of_law=True)
    if operation is RunOperation.REPEAL:
        request = RunRequest(origin="", docprefix=DOCPREFIX, repeal=True)
    word = "amended" if operation is RunOperation.AMEND else "repealed"
    with pytest.raises(Drifted) as refused:
        passage.backend.start(request.model_copy(update={"mode": mode}), silent)
    held = f"run {passage.run_id} has an amendment of {DOCPREFIX}, neither enacted nor reverted"
    assert refused.value.message == f"{DOCPREFIX} cannot be {word}: {held}"
    assert refused.value.next_action == f"Enact or revert that run first: cutter-console run show {passage.run_id}"


@pytest.mark.parametrize("stage", STAGES)
def test_while_another_run_has_drafts_of_the_law_nothing_is_offered_that_would_be_refused(
    at: At, kept: Kept, stage: Stage
) -> None:
    other, run_id = beside_drafts(at, kept, stage)
    is_refused_whole(other, run_id, StopCode.DRIFT)
    run = other.backend.run(run_id)
    assert run.bar is not None
    assert (run.bar.run_id, run.bar.is_for_good) == (other.run_id, False)
    assert f"cutter-console run show {other.run_id}" in run.waits_for
    confirmation = other.backend.brief(Danger.ARM, run_id)
    assert any(str(run.bar.said) in check.detail and check.next_action for check in confirmation.checks)
    assert to_the_end(other, run_id).state.family is Family.VOIDED


@pytest.mark.parametrize("stage", STAGES)
def test_when_the_drafts_are_taken_back_the_moves_are_there_again_and_lead_to_law(
    at: At, kept: Kept, stage: Stage
) -> None:
    other, run_id = beside_drafts(at, kept, stage)
    other.backend.revert(other.run_id, other.run_id)
    run = other.backend.run(run_id)
    assert run.bar is None
    assert {Move.CONTINUE, Move.ARM} & set(run.moves)
    assert to_the_end(other, run_id).state.stage is Stage.CLOSEOUT_REPORTED


@pytest.mark.parametrize("stage", STAGES)
def test_when_the_drafts_are_law_what_was_planned_before_is_over_and_the_rest_goes_on(
    at: At, kept: Kept, stage: Stage
) -> None:
    other, run_id = beside_drafts(at, kept, stage)
    other.sign()
    other.enact()
    if stage in PLANNED_STAGES:
        is_refused_whole(other, run_id, StopCode.DRIFT)
        assert to_the_end(other, run_id).state.family is Family.VOIDED
    else:
        assert other.backend.run(run_id).bar is None
        assert to_the_end(other, run_id).state.stage is Stage.CLOSEOUT_REPORTED


def test_a_ruling_that_was_imported_before_waits_for_the_other_run_too(at: At, kept: Kept) -> None:
    other, run_id = beside_drafts(at, kept, Stage.AWAITING_CUT_AUTHORIZATION, signed=True)
    is_refused_whole(other, run_id, StopCode.DRIFT)
    (wait,) = (wait for wait in other.backend.status().waiting if wait.run_id == run_id)
    assert (wait.waits_for, wait.next_action) == (f"run {other.run_id}", f"cutter-console run show {other.run_id}")
    other.backend.revert(other.run_id, other.run_id)
    (wait,) = (wait for wait in other.backend.status().waiting if wait.run_id == run_id)
    assert wait.next_action == f"cutter-console arm {run_id} --confirm {run_id}"
    other.backend.arm(run_id, run_id)
    assert to_the_end(other, run_id).state.stage is Stage.CLOSEOUT_REPORTED


def test_a_statement_that_was_signed_before_is_not_imported_while_the_run_is_barred(at: At, kept: Kept) -> None:
    other, run_id = beside_drafts(at, kept, Stage.AWAITING_CUT_AUTHORIZATION)
    statement = other.installation.statement(run_id, "SG_1")
    signatures = signatures_beside(statement)
    assert len(signatures) == 1
    with pytest.raises(Refused, match=f"run {other.run_id} has an amendment of {DOCPREFIX}") as refused:
        other.backend.import_statement(statement, signatures)
    assert f"cutter-console run show {other.run_id}" in refused.value.next_action
    other.backend.revert(other.run_id, other.run_id)
    other.backend.import_statement(statement, signatures)
    assert to_the_end(other, run_id).state.stage is Stage.CLOSEOUT_REPORTED


def test_a_plan_of_a_unit_that_was_made_and_taken_back_meanwhile_is_not_cut(at: At, kept: Kept) -> None:
    other, run_id = beside_drafts(at, kept, Stage.AWAITING_CUT_AUTHORIZATION, ALIKE)
    other.backend.revert(other.run_id, other.run_id)
    is_refused_whole(other, run_id, StopCode.DRIFT)
    (wait,) = (wait for wait in other.backend.status().waiting if wait.run_id == run_id)
    assert wait.next_action == f"cutter-console run void {run_id} --reason TEXT"
    workspace = Workspace.open(other.installation.root, run_id)
    context = PhaseContext(other.installation, workspace, workspace.request(), lambda *_: None)
    with connect(other.installation.settings.database.executor, read_only=True) as connection:
        checks = preflight(context, connection, workspace.plan().document)
    (failed,) = (check for check in checks if check.outcome is not Outcome.PASS)
    assert f"{DOCPREFIX}/ONE/GAMMA, new in the plan, is there already" in failed.detail
    assert to_the_end(other, run_id).state.family is Family.VOIDED


@pytest.mark.parametrize("end", ["drafts", "reverted", "law"])
@pytest.mark.parametrize("stage", [Stage.CREATED, Stage.AWAITING_CUT_AUTHORIZATION])
def test_a_first_cut_after_another_one_can_but_be_voided(at: At, stage: Stage, end: str) -> None:
    passage = at("SG_1 imported")
    run_id = stopped_at(passage, stage, TEXT, of_law=False)
    passage.arm()
    passage.resume()
    if end == "reverted":
        passage.backend.revert(passage.run_id, passage.run_id)
    elif end == "law":
        passage.sign()
        passage.enact()
    is_refused_whole(passage, run_id, StopCode.REPLAY_CONFLICT)
    waits = [wait for wait in passage.backend.status().waiting if wait.run_id == run_id]
    assert {wait.next_action for wait in waits} <= {f"cutter-console run void {run_id} --reason TEXT"}
    assert to_the_end(passage, run_id).state.family is Family.VOIDED


def test_a_repeal_bars_an_amendment_until_it_is_taken_back_and_for_good_when_it_is_enacted(at: At) -> None:
    passage = at("enacted")
    run_id = stopped_at(passage, Stage.MARKED)
    repeal = RunRequest(origin="", docprefix=DOCPREFIX, mode=Mode.DRYRUN, repeal=True)
    passage.backend.start(repeal, silent)
    repealing = passage.backend.start(repeal.model_copy(update={"mode": Mode.LIVE}), silent)
    other = Passage(passage.backend, passage.cluster, passage.database, repealing.run_id)
    to_second_pause(other)
    is_refused_whole(other, run_id, StopCode.DRIFT)
    other.sign()
    other.enact()
    is_refused_whole(other, run_id, StopCode.REPLAY_CONFLICT)
    assert to_the_end(other, run_id).state.family is Family.VOIDED


def test_what_a_reverted_run_has_left_is_not_taken_for_nothing_if_it_cannot_be_asked(at: At, kept: Kept) -> None:
    other, run_id = beside_drafts(at, kept, Stage.AWAITING_CUT_AUTHORIZATION, ALIKE)
    other.backend.revert(other.run_id, other.run_id)
    other.execute("REVOKE SELECT ON public.information_unit FROM cutter_verify")
    run = other.backend.run(run_id)
    assert run.bar is not None
    assert (run.moves, run.bar.is_for_good, run.bar.code) == ((Move.VOID,), False, StopCode.GRANT_DELTA)
    with pytest.raises(Unmeasured, match="could not be asked"):
        other.backend.resume(run_id, silent)
    other.execute("GRANT SELECT ON public.information_unit TO cutter_verify")
    assert (run := other.backend.run(run_id)).bar is not None
    assert run.bar.is_for_good


def edit_of_what_is_law(at: At, kept: Kept) -> tuple[Passage, str]:
    """An edit of a cut that became law meanwhile."""

    def make() -> Passage:
        passage = at("waits for SG_2")
        unit = f"{DOCPREFIX}/ONE/ALPHA"
        edit = passage.backend.start_edit(passage.run_id, unit, "## Alpha\n\nEdited.\n\n", "Alpha")
        assert Move.IMPORT_SG_1 in passage.backend.run(edit.edit_run).moves
        passage.sign()
        passage.enact()
        return passage

    passage = kept("an edit of what became law", make)
    (edit_run,) = [run.run_id for run in passage.backend.runs() if run.mode is Mode.LIVE and not run.is_over]
    return passage, edit_run


def test_edits_of_drafts_that_are_law_can_but_be_voided(at: At, kept: Kept) -> None:
    passage, edit_run = edit_of_what_is_law(at, kept)
    run = passage.backend.run(edit_run)
    assert (run.moves, run.bar and run.bar.is_for_good) == ((Move.VOID,), True)
    with pytest.raises(Drifted, match="no drafts any more"):
        passage.sign(edit_run)
    assert to_the_end(passage, edit_run).state.family is Family.VOIDED


def test_a_signed_edit_of_drafts_that_are_law_by_now_is_refused_by_its_bar_before_anything_is_done(at: At) -> None:
    passage = at("waits for SG_2")
    edit = passage.backend.start_edit(passage.run_id, f"{DOCPREFIX}/ONE/ALPHA", "## Alpha\n\nEdited.\n\n", "Alpha")
    passage.sign(edit.edit_run)
    passage.sign()
    passage.enact()
    before = fingerprint(passage)
    with pytest.raises(
        Drifted, match=r"cannot apply the edit; legal now: void; run .* was enacted: .* no drafts"
    ) as refused:
        passage.backend.apply_edit(edit.edit_run, edit.edit_run)
    assert refused.value.next_action == f"Void this run: cutter-console run void {edit.edit_run} --reason TEXT"
    assert fingerprint(passage) == before


def test_edits_are_of_the_first_cut_and_not_of_the_drafts_of_an_amendment(at: At, kept: Kept) -> None:
    passage, edit_run = edit_of_what_is_law(at, kept)
    other = amend(passage)
    to_second_pause(other)
    run = passage.backend.run(edit_run)
    assert (run.moves, run.bar and run.bar.run_id) == ((Move.VOID,), passage.run_id)
    with pytest.raises(Drifted, match=f"run {passage.run_id} was enacted"):
        passage.sign(edit_run)
    assert to_the_end(passage, edit_run).state.family is Family.VOIDED


def test_an_edit_waits_for_its_own_command_and_not_for_the_switch(at: At) -> None:
    passage = at("waits for SG_2")
    edit = passage.backend.start_edit(passage.run_id, f"{DOCPREFIX}/ONE/ALPHA", "## Alpha\n\nEdited.\n\n", "Alpha")
    run_id, command = edit.edit_run, f"cutter-console run apply {edit.edit_run} --confirm {edit.edit_run}"
    assert passage.backend.run(run_id).waits_for == f"SG_1, the sovereign's ruling to edit a draft; then: {command}"
    (wait,) = (wait for wait in passage.backend.status().waiting if wait.run_id == run_id)
    assert wait.what == f"SG_1 for {DOCPREFIX}: edit of 1 unit"
    # Going on leads nowhere before the ruling, and says so.
    with pytest.raises(Waiting, match="waits for SG_1") as waits:
        passage.backend.resume(run_id, silent)
    assert run_id in waits.value.next_action
    passage.sign(run_id)
    (wait,) = (wait for wait in passage.backend.status().waiting if wait.run_id == run_id)
    assert (wait.what, wait.next_action) == (f"{DOCPREFIX} is authorised: edit of 1 unit", command)
    assert passage.backend.apply_edit(run_id, run_id).state.stage is Stage.CLOSEOUT_REPORTED


ROWS = st.builds(
    DocumentRun,
    run_id=st.sampled_from(["ictr-1", "ictr-2", "ictr-3"]),
    docprefix=st.sampled_from([DOCPREFIX, "OTHER-LAW"]),
    operation=st.sampled_from([RunOperation.CUT, RunOperation.AMEND, RunOperation.REPEAL]),
    stage=st.sampled_from(sorted(CUT_STAGES)),
    family=st.sampled_from([Family.ACTIVE, Family.FAILED, Family.STOPPED, Family.REVERTED]),
    changed_at=st.just(NOW),
    state=st.none() | st.integers(1, 3),
)


@given(
    st.sampled_from(list(RunOperation)),
    st.sampled_from(list(Stage)),
    st.sampled_from(list(Family)),
    st.sampled_from(["", "ictr-2", "ictr-3"]),
    st.lists(ROWS, max_size=4),
)
def test_a_run_that_is_barred_can_be_voided_and_does_nothing_else(
    operation: RunOperation, stage: Stage, family: Family, base: str, writers: list[DocumentRun]
) -> None:
    """Whatever other runs have written: a bar leaves the way out, is accepted as it is shown, and none bars itself."""
    row = row_of(operation, stage, family)
    bar = bar_of(row, base, writers)
    others = [run for run in writers if run.docprefix == DOCPREFIX and run.run_id != row.run_id]
    if not others or stage in CUT_STAGES or family not in {Family.ACTIVE, Family.STOPPED}:
        assert bar is None
        return
    if bar is None:
        return
    assert bar.run_id in {run.run_id for run in others}
    facts = RunFacts(state=row.state, mode=Mode.LIVE, is_edit=operation is RunOperation.EDIT, bar=bar)
    assert moves_of(facts) == (Move.VOID,)
    require_move(Move.VOID, facts, row.run_id)
    for move in set(Move) - {Move.VOID}:
        with pytest.raises(CutterError) as refused:
            require_move(move, facts, row.run_id)
        assert (refused.value.code, refused.value.next_action) == (bar.code, bar.next_action)


def row_of(operation: RunOperation, stage: Stage, family: Family) -> RunRow:
    """A run of the document at this stage."""
    ended = family in {Family.FAILED, Family.STOPPED, Family.VOIDED}
    return RunRow(
        run_id="ictr-1",
        operation=operation,
        docprefix=DOCPREFIX,
        origin="file:law.md",
        profile="atx",
        stage=stage,
        family=family,
        reason="drift" if ended else "",
        operator="tester",
        host="host",
        source_sha256=None,
        canonical_sha256=None,
        plan_digest="b4" * 32 if stage in PLANNED_STAGES else None,
        content_digest=None,
        n_units=None,
        baseline_digest=None,
        started_at=NOW,
        changed_at=NOW,
    )


def test_on_two_hosts_a_run_is_barred_until_the_other_host_has_taken_the_drafts_back_whatever_it_lost_on_the_way(
    at: At, kept: Kept, tmp_path: Path
) -> None:
    """The host that has the drafts is gone; the one that ends them loses its COMMIT first."""
    here, run_id = beside_drafts(at, kept, Stage.AWAITING_CUT_AUTHORIZATION)
    there = next_host(here, tmp_path / "other")
    here.backend.hand_over(run_id, tmp_path / "run.tar")
    accepted, _ = there.backend.accept_run(tmp_path / "run.tar")
    assert (accepted.moves, accepted.bar and accepted.bar.run_id) == ((Move.VOID,), here.run_id)
    with (
        lying(there, "revert", "cutter_exec", tmp_path, Lie.REQUEST_LOST),
        pytest.raises(CutterError, match="nothing was written"),
    ):
        there.backend.revert(here.run_id, here.run_id)
    assert there.backend.run(run_id).moves == (Move.VOID,)
    assert (Move.REVERT in there.run().moves, here.run().moves) == (True, (Move.TAKE_OVER,))
    there.backend.revert(here.run_id, here.run_id)
    run = there.backend.run(run_id)
    assert (run.bar, Move.IMPORT_SG_1 in run.moves) == (None, True)
    assert {host.run().journal[:4] for host in (here, there)} == {"PASS"}
