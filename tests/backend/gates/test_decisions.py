"""Answers of deciding functions that a whole site hardly comes to, from findings made for them."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar, cast

import pytest

from console.backend.backup.recipient import KeyListing
from console.backend.backup.record import BackupState, ListedBackup
from console.backend.gates import (
    approval_package,
    arming_checks,
    backup_readiness,
    document_independence,
    growth,
    installed_functions,
    off_host,
    precheck_live,
    reporting,
    residuals,
    revert_and_compensation,
    ruling_policy,
    safe_target,
    text_in_force,
)
from console.backend.gates.dry_runs import DryRun, judge_dry_run
from console.backend.gates.measurement import Measurement
from console.backend.gates.precheck_live import DatabaseFinding
from console.backend.gates.residuals import Signatures
from console.backend.host.settings import PinSettings
from console.backend.model.errors import Unmeasured
from console.backend.model.outcome import Evidence, Outcome
from console.backend.model.plan_binding import Target
from console.backend.model.purposes import Kind
from console.backend.model.states import Family, Stage
from console.backend.model.value import Value
from console.backend.model.view_models import ApprovalStatus
from console.backend.postgres.document_states import ComposedText, StateRow
from console.backend.postgres.probes import Generality, Reverted
from console.backend.postgres.records import RunRow
from console.backend.postgres.registry import Registered

T = TypeVar("T")
M = TypeVar("M", bound=Value)
WHEN = datetime(2026, 3, 1, tzinfo=UTC)


def _some(model: type[M], **fields: object) -> M:
    """A finding of which only these fields are looked at."""
    return cast("M", model.model_construct(**fields))  # type: ignore[arg-type]


def _fact(value: T | None, why: str = "") -> Measurement[T]:
    evidence = Evidence(id="E", asked="?", source="!", answer="", measured_at=WHEN)
    return Measurement[T](evidence=evidence, value=value, unmeasured=why, next_action="ask again" if why else "")


@pytest.mark.parametrize(("closed", "outcome"), [(True, Outcome.PASS), (False, Outcome.PARTIAL)])
def test_growth_of_a_run_that_is_not_over_is_partial(closed: bool, outcome: Outcome) -> None:
    step = growth.Step(run_id="r", phase="cut_leg_a", n_units=1, docprefix="D", closed=closed)
    rows = tuple(
        growth.Row(table=delta.table, rows=delta.rows, baseline=0) for delta in growth.deltas_of("cut_leg_a", 1)
    )
    found = growth.Growth(rows=rows, pinned_by="", pinned_at=WHEN, started=0, steps=(step,))
    assert growth._explained(found).outcome is outcome


def test_a_step_that_adds_no_rows_explains_none() -> None:
    assert growth.deltas_of("mark", 3) == ()
    assert {delta.rows for delta in growth.deltas_of("lifecycle_enact", 3)} == {1, 3}


def test_growth_cannot_be_explained_without_a_baseline() -> None:
    found = growth.Growth(rows=(), pinned_by="", pinned_at=None, started=0, steps=())
    assert growth._explained(found).outcome is Outcome.FAIL
    row = growth.Row(table="public.information_unit", rows=3, baseline=None)
    assert growth._difference(row, 0, 0) == "public.information_unit: 3 rows, no baseline"


@pytest.mark.parametrize(
    ("now", "pinned", "packaged", "words"),
    [
        ("", "a", "a", "is missing"),
        ("a", "", "a", "was not installed by a migration"),
        ("b", "a", "a", "has another body: sha256 b, pinned a"),
        ("a", "a", "b", "is not the one of this program"),
        ("a", "a", "a", "has another search_path"),
    ],
)
def test_what_is_wrong_with_a_function_is_told(now: str, pinned: str, packaged: str, words: str) -> None:
    source = installed_functions.Source(name="fn_x", sha256=now, pinned=pinned, packaged=packaged, closed=False)
    assert installed_functions._difference(source) == words


def test_a_size_that_was_not_tried_is_inconclusive() -> None:
    found = Generality(probes=(), transaction="7", kept_nothing=True)
    assert document_independence._of_size(3, found).outcome is Outcome.INCONCLUSIVE


def test_a_probe_that_was_kept_fails() -> None:
    found = _some(Reverted, kept_nothing=False, transaction="7")
    verdict = revert_and_compensation._rolled_back(found)
    assert (verdict.outcome, "cutter-console panic" in verdict.next_action) == (Outcome.FAIL, True)


def test_a_package_with_problems_fails() -> None:
    found = off_host.PackageFinding(names=("a",), sums_sha256="", problems=("a: is missing",))
    assert (off_host._whole(found).outcome, off_host._whole(found).detail) == (Outcome.FAIL, "a: is missing")


def test_signatures_that_were_not_asked_for_narrow_the_answer() -> None:
    verdict = residuals._signatures(_some(Signatures, answers=(), beyond=2, home="/h"))
    assert verdict.outcome is Outcome.PARTIAL
    assert "2 older ones were not verified" in verdict.detail


def test_a_dry_run_speaks_for_no_place_that_is_not_known() -> None:
    assert (
        arming_checks._dry(arming_checks.DryRuns(found=(), target=None, command="start one"), None).outcome
        is Outcome.FAIL
    )


def test_a_ruling_that_was_used_passes() -> None:
    found = _some(
        approval_package.Package,
        kind=Kind.SG_1,
        run_id="r",
        docprefix="D",
        n_units=1,
        status=ApprovalStatus.USED,
        statement="",
        findings=(),
    )
    assert approval_package.judge_package(found).outcome is Outcome.PASS


def test_a_store_without_a_backup_is_unaltered() -> None:
    store = _some(
        backup_readiness.Store,
        newest=None,
        state=BackupState.FRESH,
        taken_at=None,
        count=0,
        altered=(),
        hashed=True,
        unfinished=(),
    )
    assert backup_readiness._unaltered(store).outcome is Outcome.PASS


@pytest.mark.parametrize(("hashed", "outcome"), [(True, Outcome.PASS), (False, Outcome.PARTIAL)])
def test_a_backup_that_was_only_measured_by_its_size_is_partial(hashed: bool, outcome: Outcome) -> None:
    newest = _some(ListedBackup)
    store = _some(
        backup_readiness.Store,
        newest=newest,
        state=BackupState.FRESH,
        taken_at=WHEN,
        count=1,
        altered=(),
        hashed=hashed,
        unfinished=(),
    )
    assert backup_readiness._unaltered(store).outcome is outcome


@pytest.mark.parametrize("stage", [Stage.CREATED, Stage.MARKED, Stage.CLOSEOUT_REPORTED])
def test_a_run_that_is_not_at_a_pause_is_not_armed(stage: Stage) -> None:
    row = _some(RunRow, run_id="r", stage=stage, family=Family.ACTIVE, reason="")
    verdict = arming_checks._not_at_a_pause(row)
    assert verdict is not None
    assert verdict.outcome is Outcome.FAIL
    waiting = row.model_copy(update={"stage": Stage.AWAITING_CUT_AUTHORIZATION})
    assert arming_checks._not_at_a_pause(waiting) is None
    assert (
        arming_checks._not_at_a_pause(waiting.model_copy(update={"family": Family.STOPPED, "reason": "held"})) is None
    )


def test_a_key_without_an_end_encrypts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_readiness, "judge_key", lambda *_: None)
    key = KeyListing(fingerprint="A" * 40, parts=(), private=())
    verdict = backup_readiness._judged(key, WHEN, "")
    assert (verdict.outcome, "without expiry" in verdict.detail) == (Outcome.PASS, True)


def test_a_policy_that_was_not_read_is_compared_with_nothing() -> None:
    pinned = _fact(_some(ruling_policy.Pinned, pin=None))
    policy: Measurement[ruling_policy.PolicyFile] = _fact(None, "not readable")
    assert ruling_policy.pin_check(policy, pinned).outcome is Outcome.INCONCLUSIVE


def test_a_criterion_that_was_not_measured_makes_no_target_safe() -> None:
    one = _some(Registered, docprefix="D", sha256="", origin="file:x")
    nothing: Measurement[tuple[safe_target.Snapshot, ...]] = _fact(None, "no answer")
    runs: Measurement[tuple[DryRun, ...]] = _fact(None, "no answer")
    database: Measurement[DatabaseFinding] = _fact(None, "no answer")
    facts = safe_target.Facts(
        registry=_fact(None, "no answer"),
        snapshots=nothing,
        dry_runs=runs,
        database=database,
        policy=_fact(None, "no answer"),
    )
    found = (
        safe_target._snapshot(one, nothing),
        safe_target._dry_run(one, runs, database),
        safe_target._size(one, facts),
    )
    assert [criterion.outcome for criterion in found] == [Outcome.INCONCLUSIVE] * 3
    assert safe_target._candidate(one, found, nothing).outcome is Outcome.INCONCLUSIVE
    assert safe_target._summary("/intake", ((one, found),)).outcome is Outcome.INCONCLUSIVE


def test_a_policy_that_cannot_be_read_leaves_open_whether_the_database_believes_it() -> None:
    judged = ruling_policy.pin_check(_fact(None, "there is no policy file"), _fact(ruling_policy.Pinned(pin=None)))
    assert (judged.outcome, judged.detail) == (Outcome.INCONCLUSIVE, "there is no policy file")


def test_a_server_that_does_not_say_which_it_is_is_not_measured() -> None:
    with pytest.raises(Unmeasured, match="does not say which it is"):
        precheck_live._database_finding(None, PinSettings())


def test_a_text_whose_manifest_was_not_sealed_is_compared_with_nothing() -> None:
    composed = ComposedText(None, is_sealed=False, edits=[], cut_sha256=None, altered=[])
    row = cast("StateRow", SimpleNamespace(docprefix="D", run_id="r", canonical_sha256="pinned"))
    assert text_in_force.compared(row, composed).unknown.startswith("its manifest, of version 0.2.0, does not hold")
    sealed = text_in_force.compared(row, composed._replace(is_sealed=True))
    assert (sealed.unknown, sealed.fault) == ("", "")
    assert str(sealed.not_comparable).startswith("sealed by version 0.2.0")


def test_a_file_that_is_renamed_while_it_is_looked_at_is_no_leftover(tmp_path: Path) -> None:
    assert not residuals._is_left_over(tmp_path / ".report.part")


def test_a_directory_that_is_named_as_no_run_comes_last_in_its_turn() -> None:
    assert reporting._started("copied") < reporting._started("ictr-20260301T000000Z-0123abcd")


def test_a_dry_run_speaks_for_its_own_database_alone_and_says_which_that_was() -> None:
    here = Target(host="db01", database="law", system_identifier="7", timeline=1)
    before = here.model_copy(update={"timeline": 2})
    there = _some(DryRun, run_id="ictr-1", n_units=3, target=before, problem="")
    verdict = judge_dry_run((there,), here, "start one")
    assert (verdict.outcome, verdict.next_action) == (Outcome.FAIL, "start one")
    assert verdict.detail == "dry run ictr-1 was made on another database: law, system 7, timeline 2"
    assert judge_dry_run((there,), before, "start one").outcome is Outcome.PASS
