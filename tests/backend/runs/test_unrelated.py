"""Plans of unrelated documents do not stop each other: each is bound to its own document and to what it depends on."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from console.backend.model.errors import Drifted, Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.states import Mode, Phase, Stage
from console.backend.model.view_models import Progress, RunRequest
from console.backend.runs.reverify import verify_drafts
from tests.support.batch import BatchSite
from tests.support.passage import DOCPREFIX, TEXT, UNITS, Kept, Passage, silent

At = Callable[[str], Passage]
OTHER = "# Other\n\nOther text.\n\n## Gamma\n\nThird.\n"
REVISED = TEXT.replace("First.", "First, revised.")
_EFFECTS = """
    SELECT run_id, step, rows_before ->> 'public.information_unit', rows_added ->> 'public.information_unit'
      FROM cutter_governance.run_effect WHERE rows_added ? 'public.information_unit' ORDER BY id
"""


def signed(passage: Passage, docprefix: str, text: str, *, amend: bool = False) -> Passage:
    """A LIVE run of a document at its first pause, after a green dry run, with its SG_1 imported."""
    origin = passage.write(f"{docprefix.lower()}-{len(text)}.md", text)
    request = RunRequest(origin=origin, docprefix=docprefix, mode=Mode.DRYRUN, amend=amend)
    passage.backend.start(request, silent)
    run = passage.backend.start(request.model_copy(update={"mode": Mode.LIVE}), silent)
    other = replace(passage, run_id=run.run_id)
    other.sign()
    return other


def both_signed(at: At, kept: Kept) -> tuple[Passage, Passage]:
    """Runs of two documents at their first pauses, with the SG_1 of each."""

    def make() -> Passage:
        passage = at("SG_1 imported")
        signed(passage, "OTHER-LAW", OTHER)
        return passage

    first = kept("SG_1 imported, and that of another document", make)
    (other,) = [run.run_id for run in first.backend.runs() if run.mode is Mode.LIVE and run.run_id != first.run_id]
    return first, replace(first, run_id=other)


def proofs(passage: Passage) -> int:
    """The number of backups of the run that were proven."""
    rows = passage.rows("SELECT count(*) FROM cutter_governance.backup_proof WHERE run_id = %s", passage.run_id)
    return int(str(rows[0][0]))


def test_two_documents_are_cut_and_enacted_one_after_the_other_under_the_rulings_that_both_had(
    at: At, kept: Kept
) -> None:
    first, second = both_signed(at, kept)

    for passage in (first, second):
        passage.arm()
        assert passage.resume().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
        passage.sign()
    # The first one's backup held the database as it was; the second one's was from before the first cut.
    assert (proofs(first), proofs(second)) == (1, 2)
    assert first.rows(_EFFECTS) == [(first.run_id, "cut", "0", "3"), (second.run_id, "cut", "3", "2")]

    for passage in (first, second):
        checks = verify_drafts(passage.installation, passage.run(), record=False)
        assert {check.outcome for check in checks} == {Outcome.PASS}
        assert {"deltas", "untouched rows"} <= {check.name for check in checks}
    for passage in (second, first):
        assert passage.enact().state.stage is Stage.CLOSEOUT_REPORTED
    assert first.lifecycles() == ["enacted"] * 5
    # Each enactment has a backup that holds what the other run wrote since.
    assert (proofs(first), proofs(second)) == (2, 2)


def test_the_amendment_of_a_law_and_the_first_cut_of_another_document_do_not_stop_each_other(at: At) -> None:
    law = at("enacted")
    amendment = signed(law, DOCPREFIX, REVISED, amend=True)
    other = signed(law, "OTHER-LAW", OTHER)
    for passage in (other, amendment):
        passage.arm()
        assert passage.resume().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
        passage.sign()
    for passage in (amendment, other):
        assert passage.enact().state.stage is Stage.CLOSEOUT_REPORTED


def test_a_batch_and_a_single_run_do_not_stop_each_other(at: At) -> None:
    """Whichever is cut first; the single one's cut stands between two members' cuts."""
    single = at("SG_1 imported")
    site = BatchSite.of(single, 2)
    batch_id = site.to_first_pause().batch_id
    site.sign(batch_id)
    single.arm()
    assert single.resume().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    single.sign()
    site.arm(batch_id)
    assert site.resume(batch_id).set_aside == ()
    site.sign(batch_id)
    assert single.enact().state.stage is Stage.CLOSEOUT_REPORTED
    assert site.enact(batch_id).phase == "law"
    assert single.lifecycles() == ["enacted"] * 3 * UNITS


def test_a_cut_that_was_interrupted_is_verified_after_another_document_was_cut(at: At, kept: Kept) -> None:
    """Between leg A and the verification another run's rows are told apart, and its missing row would be a difference."""
    first, second = both_signed(at, kept)
    first.arm()

    def stop(progress: Progress) -> None:
        if (progress.phase, progress.step) == (Phase.LEG_B_RECORD, "begins"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        first.resume(stop)
    second.arm()
    second.resume()
    first.arm()
    assert first.resume().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    said = {view.phase: view for view in first.run().phases}[Phase.WRITE_VERIFY].evidence
    (added,) = [piece.answer for piece in said if piece.id == "V-rows-added"]
    assert f"public.information_unit +{UNITS}" in added


def test_an_edit_of_a_draft_is_written_beside_the_cut_of_another_document(at: At) -> None:
    """It was planned before that cut, and is read back beside it."""
    cut = at("waits for SG_2")
    edit_run = cut.backend.start_edit(cut.run_id, f"{DOCPREFIX}/ONE", "# One\n\nText one, edited.\n\n", "One").edit_run
    cut.sign(edit_run)
    other = signed(cut, "OTHER-LAW", OTHER)
    other.arm()
    other.resume()
    done = {view.phase: view.outcome for view in cut.backend.apply_edit(edit_run, edit_run).phases}
    assert done[Phase.WRITE_VERIFY] is Outcome.PASS


def test_a_run_whose_own_document_was_cut_by_another_run_is_refused_before_the_switch(at: At) -> None:
    first = at("SG_1 imported")
    second = signed(first, DOCPREFIX, REVISED)
    first.arm()
    first.resume()
    with pytest.raises(Refused, match=r"PRE-9 plan fits the database: STOP_DRIFT: .*readers' view") as refused:
        second.arm()
    assert refused.value.code is StopCode.REPLAY_CONFLICT
    assert second.run().state.stage is Stage.AWAITING_CUT_AUTHORIZATION


def test_rows_that_no_run_has_recorded_stop_a_run_beside_those_of_another(at: At, kept: Kept) -> None:
    """What the effects of another run explain is exactly that: an unsigned row in its document is none of it."""
    first, second = both_signed(at, kept)
    first.arm()
    first.resume()
    first.execute("ALTER TABLE public.information_unit DISABLE TRIGGER guard_write")
    first.execute(
        "INSERT INTO public.information_unit (canonical_address, doc_code, unit_kind, section_type)"
        " VALUES ('ACME-LAW/STRAY', 'ACME-LAW', 'document_unit', 'section')"
    )
    first.execute("ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER guard_write")
    with pytest.raises(Drifted, match=r"unit: planned 0 rows and 3 recorded by other runs since, now 4"):
        second.arm()
