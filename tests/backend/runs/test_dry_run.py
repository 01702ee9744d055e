"""DRYRUN walks the same phases with the same code, and nothing is written: no row, no transaction id."""

from collections.abc import Callable

import pytest

from console.backend.model.errors import CutterError, Drifted, Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.purposes import Purpose
from console.backend.model.states import Family, Mode, Move, Phase, Stage
from console.backend.model.view_models import PhaseStatus, RunRequest
from console.backend.postgres import ledger
from console.backend.postgres.connections import connect
from console.backend.runs import arming
from console.backend.runs.failures import hold_after
from console.backend.runs.phase_context import PhaseContext
from console.backend.runs.workspace import Workspace
from tests.backend.postgres.signed_cut import event
from tests.support.passage import DOCPREFIX, UNITS, Passage, fingerprint, silent

At = Callable[[str], Passage]
WHOLE = {Phase.SOURCE_PIN, Phase.MARK, Phase.CUTPLAN, Phase.GRANT_PROBE, Phase.CLOSEOUT}
"""Phases that a dry run goes through whole; of the others it checks what they need."""
DRY = RunRequest(origin="file:law.md", docprefix=DOCPREFIX)


def test_the_fingerprint_sees_a_single_transaction(at: At) -> None:
    passage = at("fresh")
    before = fingerprint(passage)
    passage.execute("SELECT pg_current_xact_id()")
    assert fingerprint(passage) != before


def test_a_dry_run_writes_no_row_and_takes_no_transaction_id(at: At) -> None:
    """Dry runs that wrote. Proven by digests of all tables and by the server's own counter."""
    passage = at("fresh")
    before = fingerprint(passage)
    run = passage.backend.start(DRY, silent)
    assert fingerprint(passage) == before
    assert (run.mode, run.state.stage, run.state.family) == (Mode.DRYRUN, Stage.CLOSEOUT_REPORTED, Family.ACTIVE)


def test_each_phase_of_a_dry_run_says_on_evidence_that_nothing_was_written(at: At) -> None:
    """The unassigned transaction id is part of each phase's record; no phase whose work is a write is called done."""
    run = at("fresh").backend.start(DRY, silent)
    for phase in run.phases:
        if phase.phase in {Phase.STRUCTURAL_VERIFY, Phase.WRITE_VERIFY}:
            assert (phase.status, phase.outcome) == (PhaseStatus.NOT_RUN, Outcome.NOT_RUN)
        else:
            status = PhaseStatus.DONE if phase.phase in WHOLE else PhaseStatus.CHECKED
            assert (phase.status, phase.outcome) == (status, Outcome.PASS), phase.phase
            assert any(piece.answer == "no transaction id was assigned" for piece in phase.evidence), phase.phase


def test_a_read_only_transaction_enacts_nothing(at: At) -> None:
    """A run that lacks nothing else: the same call is an enactment where the transaction may write."""
    passage = at("SG_2 imported")
    arming.arm(passage.installation, passage.run_id, Purpose.ENACT)
    before, executor = fingerprint(passage), passage.installation.settings.database.executor
    with pytest.raises(Drifted, match="25006"), connect(executor, read_only=True) as connection:
        ledger.enact(connection, passage.run_id, UNITS, event())
    assert fingerprint(passage) == before
    with connect(executor) as connection:
        ledger.enact(connection, passage.run_id, UNITS, event())
    assert passage.lifecycles() == ["enacted"] * UNITS


def test_a_read_only_transaction_stops_the_write_functions_themselves(at: At) -> None:
    passage = at("SG_2 imported")
    before = fingerprint(passage)
    executor = passage.installation.settings.database.executor
    with pytest.raises(Drifted, match="25006"), connect(executor, read_only=True) as connection:
        ledger.arm(connection, passage.run_id, "enact", "tester", "host", 5)
    assert fingerprint(passage) == before


def test_a_dry_run_can_be_voided_and_not_resumed_into_anything(at: At) -> None:
    passage = at("fresh")
    run_id = passage.backend.start(DRY, silent).run_id
    assert passage.backend.run(run_id).moves == (Move.REPORT,)
    for attempt in ("arm", "enact", "revert"):
        with pytest.raises(CutterError):
            {"arm": passage.backend.arm, "revert": passage.backend.revert}.get(
                attempt, lambda run, typed: passage.backend.enact(run, typed, silent)
            )(run_id, run_id)


@pytest.mark.parametrize(
    "said", [b"", b"\xff\xfe", b"\x1b[31mred\n", b"a" * 5000], ids=["empty", "no text", "alive", "long"]
)
def test_a_voided_dry_run_is_shown_whatever_has_become_of_its_reason(at: At, said: bytes) -> None:
    passage = at("fresh")
    run_id = passage.backend.start(DRY, silent).run_id
    (passage.installation.root / "runs" / run_id / "voided.txt").write_bytes(said)
    assert passage.backend.run(run_id).state.family is Family.VOIDED
    assert passage.backend.runs()[0].state.startswith("voided_")


def test_a_hold_that_a_dry_run_sets_is_in_the_file_alone(at: At) -> None:
    passage = at("fresh")
    run_id = passage.backend.start(DRY, silent).run_id
    workspace = Workspace.open(passage.installation.root, run_id)
    context = PhaseContext(passage.installation, workspace, workspace.request(), lambda *_: None)
    before = fingerprint(passage)
    assert hold_after(Refused(StopCode.COUNT_MISMATCH, "other counts", "look"), context, Phase.WRITE_VERIFY) is None
    assert fingerprint(passage) == before
    assert "other counts" in passage.installation.hold_file.read_text()


def test_a_dry_run_meets_what_the_write_would_refuse(at: At) -> None:
    """A document was approved, then refused at the write: a colliding address."""
    passage = at("enacted")
    with passage.connect() as connection:
        for guard in ("guard_write", "guard_immutable"):
            connection.execute(f"ALTER TABLE public.information_unit DISABLE TRIGGER {guard}".encode())
        connection.execute(
            "UPDATE public.information_unit SET canonical_address = 'ACME-NEW/ONE' WHERE canonical_address = 'ACME-LAW/ONE'"
        )
    with pytest.raises(Refused, match="ACME-NEW/ONE"):
        passage.backend.start(RunRequest(origin="file:law.md", docprefix="ACME-NEW"), silent)
    shown = passage.backend.runs()[0]
    assert shown.state == "failed_mark"


def test_a_dry_run_meets_a_missing_grant(at: At) -> None:
    """The executor lacked two SELECT grants; they are missed before anybody is asked to sign."""
    passage = at("fresh")
    passage.execute("REVOKE SELECT ON public.unit_version FROM cutter_exec")
    with pytest.raises((Refused, Drifted)) as caught:
        passage.backend.start(DRY, silent)
    assert caught.value.code in {StopCode.INVARIANT_FAILED, StopCode.GRANT_DELTA, StopCode.DRIFT}
    shown = passage.backend.run(passage.backend.runs()[0].run_id)
    assert next(phase.phase for phase in shown.phases if phase.status is PhaseStatus.FAILED) is Phase.GRANT_PROBE


def test_a_dry_run_that_may_not_read_is_inconclusive(at: At) -> None:
    """A permission error is shown as such, not as an empty vocabulary or no units."""
    passage = at("fresh")
    passage.execute("REVOKE SELECT ON cutter_governance.unit_vocabulary FROM cutter_exec")
    with pytest.raises(CutterError, match="42501"):
        passage.backend.start(DRY, silent)
    shown = passage.backend.run(passage.backend.runs()[0].run_id)
    assert {phase.outcome for phase in shown.phases} >= {Outcome.INCONCLUSIVE}
