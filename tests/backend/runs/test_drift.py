"""Between the ruling and the write the world must be the one that was signed for; anything else stops the run."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from console.backend.model.errors import CutterError, Drifted, Held, Refused, StopCode, Unmeasured
from console.backend.model.outcome import Outcome
from console.backend.model.states import Family, Mode, Move, Phase, Stage
from console.backend.model.view_models import ApprovalStatus, Progress, RunRequest, SwitchState
from console.backend.runs import hold_file
from console.backend.runs.workspace import Workspace
from tests.support.passage import REQUEST, Passage, silent

At = Callable[[str], Passage]
CHANGES = {
    "another role gets a grant": "GRANT SELECT ON public.information_unit TO PUBLIC",
    "a trigger appears": "CREATE TRIGGER stranger BEFORE INSERT ON public.unit_version FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "a guard goes to sleep": "ALTER TABLE public.information_unit DISABLE TRIGGER guard_immutable",
    "a row count changes": "INSERT INTO cutter_governance.canonical_address_alias (alias, canonical_address) VALUES ('a', 'b')",
}


@pytest.mark.parametrize("how", CHANGES)
def test_a_change_between_the_ruling_and_the_cut_stops_it(at: At, how: str) -> None:
    """Grants and triggers are measured before approval, and again just before the write."""
    passage = at("armed")
    passage.execute(CHANGES[how])
    with pytest.raises(Drifted) as caught:
        passage.resume()
    assert caught.value.code is StopCode.DRIFT
    run = passage.run()
    assert run.state.name == "stopped_drift"
    assert Move.VOID in run.moves
    assert passage.counts()["public.information_unit"] == 0
    assert passage.backend.status().switch.state is SwitchState.OFF


@pytest.mark.parametrize("how", ["another role gets a grant", "a trigger appears", "a guard goes to sleep"])
def test_a_change_between_the_ruling_and_the_arming_is_met_before_the_switch(at: At, how: str) -> None:
    """Grants and triggers are measured before the switch is armed, too."""
    passage = at("SG_1 imported")
    passage.execute(CHANGES[how])
    with pytest.raises(Drifted, match="PRE-5 grants"):
        passage.arm()
    assert passage.rows("SELECT count(*) FROM cutter_governance.execution_lease") == [(0,)]


@pytest.mark.parametrize("when", ["before", "while it begins"])
def test_a_change_before_the_enactment_stops_it(at: At, when: str) -> None:
    passage = at("SG_2 imported")

    def change(progress: Progress | None) -> None:
        if progress is None or (progress.phase, progress.step) == (Phase.LIFECYCLE_ENACT, "begins"):
            passage.execute(CHANGES["another role gets a grant"])

    if when == "before":
        change(None)
    with pytest.raises(Drifted):
        passage.backend.enact(passage.run_id, passage.run_id, silent if when == "before" else change)
    assert passage.lifecycles() == ["draft"] * 3
    assert passage.backend.status().switch.state is SwitchState.OFF


@pytest.mark.parametrize("change", ["a trigger appears", "a guard goes to sleep", "another role gets a grant"])
def test_what_had_changed_before_the_run_is_met_before_anybody_signs(at: At, change: str) -> None:
    """A plan for a crooked world is not offered for signature."""
    passage = at("fresh")
    passage.execute(CHANGES[change])
    with pytest.raises(Refused, match="grant_probe"):
        passage.backend.start(REQUEST, silent)
    run = passage.backend.runs()[0]
    assert run.state == "failed_grant_probe"
    passage.backend.void(run.run_id, "the grants are wrong")
    assert passage.backend.runs()[0].state == "voided_the_grants_are_wrong"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (CHANGES["a guard goes to sleep"], "guard_immutable on public.information_unit is disabled"),
        (
            "DROP TRIGGER guard_sealed ON cutter_governance.manifest_envelope",
            "guard_sealed on cutter_governance.manifest_envelope is missing",
        ),
        (CHANGES["a trigger appears"], "unit_version.stranger is not ours"),
    ],
    ids=["asleep", "missing", "a stranger's"],
)
def test_the_phase_before_approval_names_the_guard_that_does_not_stand(at: At, change: str, said: str) -> None:
    """Beside the comparison with what was installed, which a new inventory could satisfy."""
    passage = at("fresh")
    passage.execute(change)
    with pytest.raises(Refused, match="grant_probe"):
        passage.backend.start(REQUEST, silent)
    run_id = passage.backend.runs()[0].run_id
    record = Workspace(passage.installation.root / "runs" / run_id).record(Phase.GRANT_PROBE)
    assert record is not None
    guards = next(check for check in record.checks if check.name == "guards")
    assert guards.outcome is Outcome.FAIL
    assert said in guards.detail


@pytest.mark.parametrize("mode", Mode)
def test_a_grant_that_comes_between_plan_and_probe_stops_the_run(at: At, mode: Mode) -> None:
    """A dry run compares later phases with what its probe had computed, and the probe with nothing older."""
    passage = at("fresh")

    def change(progress: Progress) -> None:
        if (progress.phase, progress.step) == (Phase.GRANT_PROBE, "begins"):
            passage.execute(CHANGES["another role gets a grant"])

    with pytest.raises(Drifted, match="grants, functions and triggers: planned"):
        passage.backend.start(REQUEST.model_copy(update={"mode": mode}), change)
    assert passage.backend.runs()[0].state == ("stopped_drift" if mode is Mode.LIVE else "failed_grant_probe")


def test_a_statement_for_another_host_is_not_imported(at: At) -> None:
    """The host is part of the target, and of what is signed."""
    passage = at("waits for SG_1")
    drafted = passage.backend.draft_statement(passage.run_id)
    signature = passage.backend.sign_as_demo_sovereign(drafted.statement_path)
    plan = passage.installation.root / "runs" / passage.run_id / "plan.json"
    plan.write_text(plan.read_text().replace('"host":"host"', '"host":"elsewhere"'))
    with pytest.raises(Refused):
        passage.backend.import_statement(drafted.statement_path, (signature,))


def test_a_run_moved_to_another_host_is_stopped(at: At) -> None:
    """The sandbox stood beside production."""
    passage = at("armed")
    moved = passage.with_site(
        replace(passage.installation, context=replace(passage.installation.context, host="elsewhere"))
    )
    with pytest.raises(Drifted) as caught:
        moved.resume()
    assert caught.value.code is StopCode.IDENTITY_MISMATCH
    assert passage.counts()["public.information_unit"] == 0


def test_an_expired_ruling_does_not_arm(at: At) -> None:
    passage = at("SG_1 imported")
    later = datetime.now(UTC) + timedelta(days=2)
    late = passage.with_site(
        replace(passage.installation, context=replace(passage.installation.context, now=lambda: later))
    )
    with pytest.raises(Refused):
        late.arm()
    assert passage.backend.status().switch.state is SwitchState.OFF


def test_an_address_that_was_taken_since_the_ruling_is_refused_before_the_write(at: At) -> None:
    """The whole preflight runs before approval is offered and again just before the write, and before the switch is armed."""
    passage = at("armed")
    with passage.connect() as connection:
        connection.execute("ALTER TABLE public.information_unit DISABLE TRIGGER guard_write")
        connection.execute(
            "INSERT INTO public.information_unit (canonical_address, unit_kind, section_type) VALUES ('ACME-LAW/ONE', 'document_unit', 'section')"
        )
        connection.execute("ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER guard_write")
    with pytest.raises(Drifted, match=r"public\.information_unit: planned 0 rows, now 1") as resumed:
        passage.resume()
    with pytest.raises(Drifted) as armed:
        passage.arm()
    assert resumed.value.message in armed.value.message
    assert passage.run().state.name == "stopped_drift"


def test_a_count_that_is_not_the_plan_s_is_a_hold(at: At) -> None:
    """A run that succeeds with another delta is a HOLD, whatever the functions returned."""
    passage = at("armed")

    def meddle(progress: Progress) -> None:
        if (progress.phase, progress.step) == (Phase.WRITE_VERIFY, "begins"):
            passage.execute(CHANGES["a row count changes"])

    with pytest.raises(CutterError) as caught:
        passage.resume(meddle)
    assert caught.value.code is StopCode.COUNT_MISMATCH
    assert "canonical_address_alias: +1 rows, +0 planned" in caught.value.message
    switch = passage.backend.status().switch
    assert (switch.state, passage.installation.hold_file.exists()) == (SwitchState.HOLD, True)
    assert passage.rows("SELECT action, run_id FROM cutter_governance.hold_event") == [("set", passage.run_id)]
    run = passage.run()
    assert (run.state.name, run.state.family) == ("failed_write_verify", Family.FAILED)
    assert run.moves == (Move.REVERT, Move.REPORT)


@pytest.mark.parametrize("file", [True, False], ids=["the file takes it", "the database alone takes it"])
def test_a_disk_that_takes_no_record_does_not_prevent_that_hold(
    at: At, monkeypatch: pytest.MonkeyPatch, file: bool
) -> None:
    """The HOLD comes before any record; the records are what a full disk may cost."""
    passage = at("armed")

    def full(*_: object) -> None:
        raise Unmeasured(StopCode.INVARIANT_FAILED, "no space is left", "Make room.")

    def meddle(progress: Progress) -> None:
        if (progress.phase, progress.step) == (Phase.WRITE_VERIFY, "begins"):
            passage.execute(CHANGES["a row count changes"])
            monkeypatch.setattr(Workspace, "write_record", full)
            if not file:
                monkeypatch.setattr(hold_file, "_written", lambda *_: "no space is left")

    with pytest.raises(CutterError) as caught:
        passage.resume(meddle)
    assert caught.value.code is StopCode.COUNT_MISMATCH
    assert passage.installation.hold_file.exists() is file
    assert passage.rows("SELECT action, run_id FROM cutter_governance.hold_event") == [("set", passage.run_id)]


def test_a_mismatch_for_which_no_hold_can_be_set_says_so(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    passage = at("armed")

    def meddle(progress: Progress) -> None:
        if (progress.phase, progress.step) == (Phase.WRITE_VERIFY, "begins"):
            passage.execute(CHANGES["a row count changes"])
            passage.execute("REVOKE EXECUTE ON FUNCTION cutter_console.fn_hold_set FROM cutter_exec, cutter_verify")
            monkeypatch.setattr(hold_file, "_written", lambda *_: "no space is left")

    with pytest.raises(Held, match="NO HOLD could be set: no space is left") as held:
        passage.resume(meddle)
    assert held.value.next_action.startswith("Stop everything: cutter-console panic --reason ")


def test_a_failed_cut_is_taken_back_after_the_hold_is_released(at: At) -> None:
    passage = at("armed")

    def meddle(progress: Progress) -> None:
        if (progress.phase, progress.step) == (Phase.WRITE_VERIFY, "begins"):
            passage.execute(CHANGES["a row count changes"])

    with pytest.raises(CutterError):
        passage.resume(meddle)
    with pytest.raises(CutterError) as caught:
        passage.backend.revert(passage.run_id, passage.run_id)
    assert caught.value.code is StopCode.HOLD
    passage.backend.release_hold("RELEASE")
    assert passage.backend.revert(passage.run_id, passage.run_id).state.family is Family.REVERTED
    assert passage.lifecycles() == ["superseded"] * 3


def test_another_run_that_starts_is_no_drift_of_one_that_waits(at: At) -> None:
    """Registering and pinning another document adds registry rows; the waiting run is cut all the same."""
    passage = at("SG_1 imported")
    (passage.installation.intake / "other.md").write_text("# Other\n\nText.\n", encoding="utf-8")
    passage.backend.start(RunRequest(origin="file:other.md", docprefix="OTHER-LAW", mode=Mode.LIVE), silent)
    passage.arm()
    passage.resume()
    assert passage.backend.run(passage.run_id).state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION


def test_a_used_ruling_shows_no_failure_of_what_its_own_use_has_changed(at: At) -> None:
    """After the enactment the drafts it was bound to are law; that is NOT_RUN, and the status says used."""
    passage = at("enacted")
    used = next(view for view in passage.backend.approvals() if view.kind == "SG_2")
    assert used.status is ApprovalStatus.USED
    assert not [check.name for check in used.checks if check.outcome is Outcome.FAIL]


def test_an_ended_run_waits_for_nothing(at: At) -> None:
    """A voided run names no ruling that it waits for."""
    passage = at("waits for SG_1")
    assert passage.backend.void(passage.run_id, "changed our minds").waits_for == ""
