"""A LIVE run from file to law: where it rests, what it has written, what each phase rests on."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from console.backend.backup.record import BackupNotProven
from console.backend.host.programs import installed_programs, pick_dump_programs
from console.backend.journal.journal import verify_journal
from console.backend.model.errors import Refused, StopCode, UsageError, Waiting
from console.backend.model.outcome import Outcome
from console.backend.model.states import Family, Mode, Move, Phase, Stage
from console.backend.model.view_models import ApprovalStatus, Danger, PhaseStatus, RunRequest, SwitchState
from console.backend.postgres.connections import connect
from console.backend.postgres.records import RunRow, runs_of_document
from console.backend.runs import lifecycle
from console.backend.runs.run_state import anchors_of
from console.backend.runs.workspace import Workspace
from tests.conftest import DEFAULT_MAJOR
from tests.support.passage import DOCPREFIX, REQUEST, STAGES, UNITS, Passage, silent

At = Callable[[str], Passage]
RESTS = {
    "waits for SG_1": (Stage.AWAITING_CUT_AUTHORIZATION, {Move.ARM, Move.IMPORT_SG_1, Move.VOID}),
    "SG_1 imported": (Stage.AWAITING_CUT_AUTHORIZATION, {Move.ARM, Move.IMPORT_SG_1, Move.VOID}),
    "waits for SG_2": (Stage.AWAITING_LIFECYCLE_AUTHORIZATION, {Move.IMPORT_SG_2, Move.ENACT, Move.REVERT, Move.EDIT}),
    "SG_2 imported": (Stage.AWAITING_LIFECYCLE_AUTHORIZATION, {Move.IMPORT_SG_2, Move.ENACT, Move.REVERT, Move.EDIT}),
    "enacted": (Stage.CLOSEOUT_REPORTED, {Move.REPORT}),
}


@pytest.mark.parametrize("stage", RESTS)
def test_the_switch_is_off_wherever_a_run_rests(at: At, stage: str) -> None:
    """A gate that was opened for one operation stayed open; closing is read back."""
    passage = at(stage)
    run = passage.run()
    assert (run.state.stage, run.state.family) == (RESTS[stage][0], Family.ACTIVE)
    assert set(run.moves) == RESTS[stage][1]
    assert run.interruption is None
    assert run.journal.startswith("PASS")
    assert passage.backend.status().switch.state is SwitchState.OFF
    assert passage.rows("SELECT count(*) FROM cutter_governance.execution_lease WHERE ended_at IS NULL") == [(0,)]


def test_every_phase_of_an_enacted_run_passed_on_evidence(at: At) -> None:
    run = at("enacted").run()
    assert [phase.phase for phase in run.phases] == list(Phase)
    for phase in run.phases:
        assert (phase.status, phase.outcome) == (PhaseStatus.DONE, Outcome.PASS), phase.phase
        assert phase.evidence, phase.phase
        assert phase.took_ms is not None


def test_what_was_cut_is_there_for_another_role(at: At) -> None:
    """Counts are read again on a fresh connection, by a role that did not write them."""
    passage = at("waits for SG_2")
    before = at("SG_1 imported").counts()
    after = at("waits for SG_2").counts()
    expected = {delta.table: delta.rows for delta in passage.run().deltas}
    expected["cutter_governance.verify_result"] = 1
    expected["cutter_governance.dot_pair_signature"] += 1
    assert {table: after[table] - before[table] for table in after} == {
        table: expected.get(table, 0) for table in after
    }


def test_each_phase_is_one_transaction_with_its_state_its_event_and_its_journal_anchor(at: At) -> None:
    passage = at("enacted")
    rows = passage.rows("SELECT phase, stage, outcome, xid::text FROM cutter_governance.run_event ORDER BY id")
    phases = [row for row in rows if row[0] in set(Phase)]
    assert [row[0] for row in phases] == [phase.value for phase in Phase]
    assert {row[0] for row in rows} - set(Phase) == {"start", "rest"}
    assert len({row[3] for row in rows}) == len(rows)
    assert {row[2] for row in phases} == {"PASS"}
    cut = passage.rows("SELECT xid::text FROM cutter_governance.approval_use WHERE purpose = 'cut'")
    assert cut == [(row[3],) for row in phases if row[0] == Phase.CUT_LEG_A]


def test_each_event_is_vouched_for_and_the_journal_has_no_end_that_is_not(at: At) -> None:
    passage = at("enacted")
    assert passage.rows("SELECT DISTINCT vouched FROM cutter_governance.run_event") == [(True,)]
    workspace = Workspace.open(passage.installation.root, passage.run_id)
    seen = verify_journal(workspace.journal, anchors_of(passage.installation, workspace.request()), passage.run_id)
    assert (seen.outcome, seen.unanchored, seen.strangers) == (Outcome.PASS, 0, ())


def test_verification_and_structure_are_recorded_by_the_verifying_role(at: At) -> None:
    rows = at("enacted").rows(
        "SELECT phase, actor FROM cutter_governance.run_event WHERE actor = 'cutter_verify' ORDER BY id"
    )
    assert [row[0] for row in rows] == ["structural_verify", "write_verify"]


def test_the_console_says_what_a_run_waits_for(at: At) -> None:
    waits = {stage: [wait.what for wait in at(stage).backend.status().waiting] for stage in STAGES[1:]}
    assert waits == {
        "waits for SG_1": [f"SG_1 for {DOCPREFIX}: cut into draft of 3 units"],
        "SG_1 imported": [f"{DOCPREFIX} is authorised: cut into draft of 3 units"],
        "waits for SG_2": [f"SG_2 for {DOCPREFIX}: enactment of 3 units"],
        "SG_2 imported": [f"{DOCPREFIX} is authorised: enactment of 3 units"],
        "enacted": [],
    }


@pytest.mark.parametrize(("stage", "ruling"), [("waits for SG_1", "SG_1"), ("waits for SG_2", "SG_2")])
def test_a_run_does_not_go_on_without_its_ruling(at: At, stage: str, ruling: str) -> None:
    passage = at(stage)
    before = passage.counts()
    with pytest.raises(Waiting, match=f"waits for {ruling}"):
        passage.resume()
    assert passage.counts() == before


def test_the_statement_is_drafted_by_the_run_at_its_pause_and_names_it(at: At) -> None:
    """The run id was unknown when the approval was written."""
    passage = at("waits for SG_1")
    drafted = passage.backend.draft_statement(passage.run_id)
    assert (drafted.run_id, drafted.status) == (passage.run_id, ApprovalStatus.DRAFTED)
    assert passage.run_id in drafted.statement_path.read_text()
    closed = at("enacted")
    with pytest.raises(Refused, match="waits for no ruling"):
        closed.backend.draft_statement(closed.run_id)


def test_the_first_ruling_does_not_enact(at: At) -> None:
    """The decision that allowed the cut was reused for the enactment."""
    passage = at("waits for SG_2")
    with pytest.raises(Refused, match="SG_2: no valid, unused ruling"):
        passage.enact()
    first = passage.installation.statement(passage.run_id, "SG_1")
    second = passage.installation.statement(passage.run_id, "SG_2")
    passage.backend.draft_statement(passage.run_id)
    with pytest.raises(Refused):
        passage.backend.import_statement(second, passage.backend.check_statement(first).signature_paths)
    assert passage.lifecycles() == ["draft"] * UNITS


@pytest.mark.parametrize("danger", [Danger.ARM, Danger.ENACT, Danger.REVERT])
def test_the_run_id_is_typed_and_nothing_else_will_do(at: At, danger: Danger) -> None:
    """Users ran jobs in production by accident."""
    passage = at("SG_1 imported" if danger is Danger.ARM else "SG_2 imported")
    backend, run_id = passage.backend, passage.run_id
    attempts: dict[Danger, Callable[[str], object]] = {
        Danger.ARM: lambda typed: backend.arm(run_id, typed),
        Danger.ENACT: lambda typed: backend.enact(run_id, typed, silent),
        Danger.REVERT: lambda typed: backend.revert(run_id, typed),
    }
    for typed in ("", "y", "yes", run_id[:-1], run_id.upper(), f"{run_id} "):
        with pytest.raises(UsageError):
            attempts[danger](typed)
    assert backend.status().switch.state is SwitchState.OFF


def test_the_same_plan_again_is_a_no_op_that_names_its_run(at: At) -> None:
    """A saved plan could be applied many times. A document is cut once."""
    for stage in ("waits for SG_2", "enacted"):
        passage = at(stage)
        before, runs = passage.counts(), len(passage.backend.runs())
        assert passage.backend.start(REQUEST, silent).run_id == passage.run_id
        assert passage.counts() == before
        assert len(passage.backend.runs()) == runs
        assert [run.run_id for run in passage.backend.runs() if run.mode is Mode.LIVE] == [passage.run_id]


@pytest.mark.parametrize("mode", list(Mode))
def test_another_text_of_a_document_that_was_cut_is_a_replay_conflict(at: At, mode: Mode) -> None:
    passage = at("enacted")
    origin = passage.write("other.md", "# Another\n\nText.\n")
    with pytest.raises(Refused) as caught:
        passage.backend.start(RunRequest(origin=origin, docprefix=DOCPREFIX, mode=mode), silent)
    assert caught.value.code is StopCode.REPLAY_CONFLICT
    assert passage.run_id in caught.value.message


def test_a_start_reads_the_runs_of_its_document_and_no_others(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    passage, other = at("enacted"), f"{DOCPREFIX}-2"
    asked: list[str] = []

    def noted(connection: psycopg.Connection, docprefix: str) -> tuple[RunRow, ...]:
        asked.append(docprefix)
        return runs_of_document(connection, docprefix)

    monkeypatch.setattr(lifecycle, "runs_of_document", noted)
    monkeypatch.setattr(lifecycle, "all_runs", lambda _: pytest.fail("all runs were read"), raising=False)

    origin = passage.write("other.md", "# Another\n\nText.\n")
    passage.backend.start(RunRequest(origin=origin, docprefix=other, mode=Mode.DRYRUN), silent)

    assert set(asked) == {other}
    with connect(passage.installation.settings.database.executor, read_only=True) as connection:
        assert [row.run_id for row in runs_of_document(connection, DOCPREFIX)] == [passage.run_id]
        assert runs_of_document(connection, other) == ()


def test_a_plan_that_was_edited_on_disk_is_not_signed_and_not_cut(at: At) -> None:
    """A plan is immutable; a change is a new plan."""
    passage = at("SG_1 imported")
    plan = passage.installation.root / "runs" / passage.run_id / "plan.json"
    plan.write_text(plan.read_text().replace('"title":"Alpha"', '"title":"Omega"'))
    with pytest.raises(Refused):
        passage.arm()
    assert passage.backend.status().switch.state is SwitchState.OFF
    assert passage.counts()["public.information_unit"] == 0


def test_the_pinned_source_is_what_is_cut_though_the_file_changed(at: At) -> None:
    passage = at("SG_1 imported")
    passage.write("law.md", "# Something else\n\nText.\n")
    passage.arm()
    passage.resume()
    bodies = passage.rows("SELECT body FROM public.unit_version ORDER BY body")
    assert [str(body).splitlines()[0] for (body,) in bodies] == ["# One", "## Alpha", "## Beta"]


def test_a_read_only_console_starts_arms_and_reverts_nothing(at: At) -> None:
    passage = at("SG_1 imported")
    backend = passage.backend
    reader = type(backend)(backend.installation, read_only=True)
    reader.require_read_only_role()
    for attempt in (
        lambda: reader.start(REQUEST, silent),
        lambda: reader.resume(passage.run_id, silent),
        lambda: reader.arm(passage.run_id, passage.run_id),
        lambda: reader.enact(passage.run_id, passage.run_id, silent),
        lambda: reader.revert(passage.run_id, passage.run_id),
        lambda: reader.void(passage.run_id, "a reason"),
        lambda: reader.draft_statement(passage.run_id),
        lambda: reader.release_hold("RELEASE"),
    ):
        with pytest.raises(Refused) as caught:
            attempt()
        assert caught.value.code is StopCode.EXECUTION_DISABLED


def test_read_only_refuses_to_start_on_a_role_that_can_write(at: At) -> None:
    """The second belt can be switched off by the role itself; the privileges decide."""
    passage = at("fresh")
    able = passage.settings(
        database=passage.installation.settings.database.model_copy(
            update={"monitor": passage.installation.settings.database.executor}
        )
    )
    with pytest.raises(Refused, match="privileges to write"):
        able.backend.require_read_only_role()


def test_a_signature_that_was_copied_in_readable_is_closed_by_the_import(at: Callable[[str], Passage]) -> None:
    """The sovereign's file comes from another machine with that machine's mode; the tree is 0640."""
    passage = at("waits for SG_1")
    drafted = passage.backend.draft_statement(passage.run_id)
    signature = passage.backend.sign_as_demo_sovereign(drafted.statement_path)
    signature.chmod(0o644)

    passage.backend.import_statement(drafted.statement_path, (signature,))

    assert signature.stat().st_mode & 0o777 == 0o640


def test_a_statement_that_the_world_has_left_behind_is_drafted_anew_and_kept(at: Callable[[str], Passage]) -> None:
    """Otherwise a run would wait for ever for a ruling on what is no longer deployed."""
    passage = at("SG_1 imported")
    before = passage.backend.draft_statement(passage.run_id)
    moved = passage.settings(deploy_manifest_sha256="0" * 64)

    after = moved.backend.draft_statement(passage.run_id)

    assert after.statement_sha256 != before.statement_sha256
    kept = sorted(path.name for path in (passage.installation.root / "approvals").glob("*outdated*"))
    assert [name.rpartition(".")[2] for name in kept] == ["json", "asc"]
    assert after.signature_paths == ()
    moved.backend.import_statement(after.statement_path, (moved.backend.sign_as_demo_sovereign(after.statement_path),))
    assert moved.backend.draft_statement(passage.run_id).statement_sha256 == after.statement_sha256


def test_a_damaged_statement_is_set_aside_and_drafted_anew(at: Callable[[str], Passage]) -> None:
    passage = at("SG_1 imported")
    path = passage.installation.statement(passage.run_id, "SG_1")
    path.write_bytes(path.read_bytes()[:100])

    after = passage.backend.draft_statement(passage.run_id)

    assert after.statement_path == path
    assert len(list(path.parent.glob("*damaged*.json"))) == 1


def test_the_programs_that_the_settings_name_are_those_that_take_the_backup(
    at: Callable[[str], Passage], tmp_path: Path
) -> None:
    """The folder's pg_dump says its version and fails at everything else, so the run must not get past it."""
    real = pick_dump_programs(DEFAULT_MAJOR, installed_programs())
    (tmp_path / "pg_restore").symlink_to(real.program("pg_restore"))
    broken = tmp_path / "pg_dump"
    broken.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exec {real.program("pg_dump")} --version\nexit 3\n')
    broken.chmod(0o755)
    passage = at("fresh").settings(postgres_programs=str(tmp_path))

    with pytest.raises(BackupNotProven, match="pg_dump"):
        passage.backend.start(REQUEST, silent)
