"""A draft cut is taken back whole, and a draft that was edited is not the one that was signed."""

from collections.abc import Callable

import pytest

from console.backend.journal.journal import read_journal
from console.backend.journal.journal_record import EFFECT_STANDS, RecordKind, acknowledged
from console.backend.model.errors import CutterError, Drifted, Held, Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.purposes import Purpose
from console.backend.model.states import Family, Move, Phase, Stage
from console.backend.model.view_models import Danger, RunRequest, SwitchState
from console.backend.runs import arming, kill_switch
from console.backend.runs.edits import DraftEdit, apply_edits, plan_edits
from tests.support.edited import EDIT, edited_drafts, signed_edit
from tests.support.passage import DOCPREFIX, REQUEST, UNITS, Kept, Passage, fingerprint, silent

At = Callable[[str], Passage]
READERS = "SELECT cutter_console.fn_readers_digest()"


def _edited(passage: Passage, *edits: DraftEdit) -> str:
    run_id = plan_edits(passage.installation, DOCPREFIX, edits)
    passage.sign(run_id)
    arming.arm(passage.installation, run_id, Purpose.EDIT)
    apply_edits(passage.installation, run_id)
    kill_switch.disarm(passage.installation, "the edits are in")
    return run_id


@pytest.mark.parametrize("stage", ["waits for SG_2", "SG_2 imported"])
def test_a_reverted_draft_leaves_the_readers_with_the_baseline(at: At, stage: str) -> None:
    baseline = at("SG_1 imported").rows(READERS)
    passage = at(stage)
    before = passage.counts()
    run = passage.backend.revert(passage.run_id, passage.run_id)
    assert (run.state.name, run.state.family, run.moves) == ("reverted", Family.REVERTED, (Move.REPORT,))
    assert passage.rows(READERS) == baseline
    assert passage.lifecycles() == ["superseded"] * UNITS
    after = passage.counts()
    assert {table: after[table] - rows for table, rows in before.items() if after[table] != rows} == {
        "public.iu_lifecycle_log": UNITS,
        "cutter_governance.review_decision": 1,
        "cutter_governance.decision_backlog_history": 1,
    }
    assert passage.backend.status().switch.state is SwitchState.OFF


def test_a_revert_is_recorded_as_a_decision_and_its_document_is_not_cut_again_under_its_prefix(at: At) -> None:
    passage = at("waits for SG_2")
    passage.backend.revert(passage.run_id, passage.run_id)
    rows = passage.rows("SELECT verdict, marker FROM cutter_governance.review_decision ORDER BY decided_at")
    assert rows == [("cut", "cut_authorised"), ("revert", "cut_reverted")]
    with pytest.raises(Refused) as caught:
        passage.backend.start(REQUEST, silent)
    assert caught.value.code is StopCode.REPLAY_CONFLICT
    assert "another document prefix" in caught.value.next_action


def test_a_reverted_run_goes_nowhere(at: At) -> None:
    passage = at("SG_2 imported")
    first = passage.backend.revert(passage.run_id, passage.run_id)
    with pytest.raises(Refused):
        passage.enact()
    assert passage.lifecycles() == ["superseded"] * UNITS
    before = fingerprint(passage)
    assert passage.backend.revert(passage.run_id, passage.run_id).state == first.state
    assert fingerprint(passage) == before, "a revert that is asked for twice is done once"


def test_enacted_law_is_not_reverted(at: At) -> None:
    passage = at("enacted")
    with pytest.raises(Refused, match="legal move"):
        passage.backend.revert(passage.run_id, passage.run_id)
    assert passage.lifecycles() == ["enacted"] * UNITS


@pytest.mark.parametrize("stage", ["waits for SG_2", "enacted"])
def test_a_run_that_has_cut_is_not_voided(at: At, stage: str) -> None:
    passage = at(stage)
    with pytest.raises(Refused):
        passage.backend.void(passage.run_id, "a reason")
    assert passage.run().state.family is Family.ACTIVE


def test_a_waiting_run_is_voided_for_a_reason_and_its_ruling_is_void_with_it(at: At) -> None:
    passage = at("SG_1 imported")
    with pytest.raises(Refused):
        passage.backend.void(passage.run_id, "  ")
    assert passage.backend.void(passage.run_id, "No longer wanted!").state.name == "voided_no_longer_wanted"
    with pytest.raises(Refused):
        passage.arm()
    with pytest.raises(Refused):
        passage.resume()


def test_an_edit_adds_a_version_and_changes_no_other_row(at: At, kept: Kept) -> None:
    before = at("waits for SG_2").counts()
    passage, _ = edited_drafts(at, kept)
    after = passage.counts()
    grown = {table: after[table] - rows for table, rows in before.items() if after[table] != rows}
    assert grown == {
        "public.unit_version": 1,
        "cutter_governance.source_document_version_registry": 1,
        "cutter_governance.manifest_envelope": 1,
        "cutter_governance.manifest_unit_block": 1,
    }
    versions = passage.rows("SELECT version_seq, body FROM public.unit_version WHERE title = 'Alpha' ORDER BY 1")
    assert [seq for seq, _ in versions] == [1, 2]
    assert versions[1][1] == EDIT.body


def test_a_draft_that_was_edited_after_sg_2_is_not_enacted(at: At) -> None:
    passage = at("SG_2 imported")
    _edited(passage, EDIT)
    with pytest.raises((Refused, Drifted)):
        passage.enact()
    assert passage.lifecycles() == ["draft"] * UNITS
    assert passage.backend.status().switch.state is SwitchState.OFF


def test_an_enacted_unit_is_not_edited(at: At) -> None:
    passage = at("enacted")
    with pytest.raises(Refused, match="is not a draft unit"):
        plan_edits(passage.installation, DOCPREFIX, (EDIT,))


def test_an_edit_is_not_armed_and_that_is_all_that_arm_says_of_it(at: At, kept: Kept) -> None:
    """What is asked before a cut, a dry run of the text among it, is not asked of an edit, which has none."""
    passage = signed_edit(at, kept)
    confirmation = passage.backend.brief(Danger.ARM, passage.run_id)
    open_checks = [check.name for check in confirmation.checks if check.outcome is not Outcome.PASS]
    assert open_checks == ["legal move"]
    assert not [check.name for check in confirmation.checks if check.name.startswith("PRE-")]


def test_another_body_than_the_signed_one_is_not_written(at: At, kept: Kept) -> None:
    passage = signed_edit(at, kept)
    run_id = passage.run_id
    arming.arm(passage.installation, run_id, Purpose.EDIT)
    (passage.installation.root / "runs" / run_id / "source.raw").write_text(EDIT.body.replace("amended", "forged "))
    with pytest.raises(CutterError):
        apply_edits(passage.installation, run_id)
    assert passage.rows("SELECT count(*) FROM public.unit_version") == [(UNITS,)]


def test_two_documents_are_cut_one_after_the_other(at: At) -> None:
    passage = at("enacted")
    origin = passage.write("second.md", "# Second\n\nText.\n")
    passage.backend.start(RunRequest(origin=origin, docprefix="ACME-TWO"), silent)
    run = passage.backend.start(RunRequest(origin=origin, docprefix="ACME-TWO", mode=REQUEST.mode), silent)
    passage.sign(run.run_id)
    passage.backend.arm(run.run_id, run.run_id)
    assert passage.backend.resume(run.run_id, silent).state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    assert passage.lifecycles() == ["enacted"] * UNITS + ["draft"]


_STRAY = """
    CREATE FUNCTION public.stray() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        INSERT INTO cutter_governance.canonical_address_alias (alias, canonical_address) VALUES ('STRAY', 'STRAY'); RETURN NULL;
    END $$;
    CREATE {} ON public.unit_version {} EXECUTE FUNCTION public.stray();
    ALTER TABLE public.unit_version ENABLE ALWAYS TRIGGER stray
"""
_AT_ONCE = _STRAY.format("TRIGGER stray AFTER INSERT", "FOR EACH STATEMENT")
_AT_COMMIT = _STRAY.format("CONSTRAINT TRIGGER stray AFTER INSERT", "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW")


def test_the_record_of_an_edit_has_its_backup_and_what_another_role_read_back(at: At, kept: Kept) -> None:
    passage, edit_run = edited_drafts(at, kept)

    run = passage.backend.run(edit_run)

    done = {view.phase: view for view in run.phases if view.outcome is Outcome.PASS}
    assert set(done) == {Phase.PRE_WRITE_BACKUP, Phase.WRITE_VERIFY}
    said = {piece.id: piece for piece in done[Phase.WRITE_VERIFY].evidence}
    assert "public.unit_version +1" in said["V-rows-added"].answer
    assert said["V-rows-added"].source.endswith("as cutter_verify")
    assert "V-untouched-rows" in said


def test_an_edit_that_left_other_rows_than_planned_is_a_hold(at: At, kept: Kept) -> None:
    """The functions report success; the counts, read again by another role, decide."""
    passage = signed_edit(at, kept)
    run_id = passage.run_id
    arming.arm(passage.installation, run_id, Purpose.EDIT)
    passage.execute(_AT_COMMIT)

    with pytest.raises(Held, match="canonical_address_alias"):
        apply_edits(passage.installation, run_id)

    assert passage.backend.status().switch.state is SwitchState.HOLD
    view = next(view for view in passage.backend.run(run_id).phases if view.phase is Phase.WRITE_VERIFY)
    assert view.outcome is Outcome.FAIL
    records = read_journal(passage.installation.root / "runs" / run_id / "journal.jsonl")
    result = next(record for record in reversed(records) if record.kind is RecordKind.RESULT)
    assert (result.phase, result.value("outcome"), EFFECT_STANDS in result.fields) == ("edit", "FAIL", True)
    assert result.phase in {effect.phase for effect in acknowledged(records)}


def test_an_edit_that_adds_other_rows_than_planned_is_not_committed_and_is_a_hold(at: At, kept: Kept) -> None:
    """The database counts in the transaction, under the lock."""
    passage = signed_edit(at, kept)
    run_id = passage.run_id
    arming.arm(passage.installation, run_id, Purpose.EDIT)
    passage.execute(_AT_ONCE)
    before = passage.counts()

    with pytest.raises(Held, match="canonical_address_alias: 0 rows, then 1, 0 expected"):
        apply_edits(passage.installation, run_id)

    assert passage.backend.status().switch.state is SwitchState.HOLD
    assert passage.counts() == before


_ELSEWHERE = """
    ALTER TABLE public.unit_version DISABLE TRIGGER guard_immutable;
    CREATE FUNCTION public.stray() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        IF pg_trigger_depth() = 1 THEN UPDATE public.unit_version SET title = 'Another' WHERE title = 'Beta'; END IF; RETURN NULL;
    END $$;
    ALTER FUNCTION public.stray() OWNER TO cutter_owner;
    CREATE TRIGGER stray AFTER INSERT ON public.unit_version FOR EACH STATEMENT EXECUTE FUNCTION public.stray();
    ALTER TABLE public.unit_version ENABLE ALWAYS TRIGGER stray
"""


def test_an_edit_that_touched_another_unit_is_a_hold(at: At, kept: Kept) -> None:
    passage = signed_edit(at, kept)
    run_id = passage.run_id
    arming.arm(passage.installation, run_id, Purpose.EDIT)
    passage.execute(_ELSEWHERE)

    with pytest.raises(Held, match="digest"):
        apply_edits(passage.installation, run_id)

    assert passage.backend.status().switch.state is SwitchState.HOLD
