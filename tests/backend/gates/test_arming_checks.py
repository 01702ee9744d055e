"""PRE-1 to PRE-10: each item is broken once for real, and the run is not armed."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.approvals.policy import load_policy
from console.backend.gates.arming_checks import readiness
from console.backend.gates.dry_runs import measure_dry_runs
from console.backend.host.regular_file import sha256_file
from console.backend.model.errors import CutterError, Drifted, Refused
from console.backend.model.outcome import Outcome
from console.backend.model.states import Mode, Phase
from console.backend.model.view_models import Danger, SwitchState
from console.backend.release.pins import manifest_path
from tests.backend.backup.conftest import make_key
from tests.backend.gates.conftest import is_red, named, unpin
from tests.support.passage import REQUEST, Passage, silent

At = Callable[[str], Passage]


@pytest.fixture
def ready(at: At) -> Passage:
    """SG_1 is imported; nothing stands in the way."""
    return at("SG_1 imported")


def _stops(passage: Passage, name: str, *, action: str, outcome: Outcome = Outcome.FAIL) -> CutterError:
    """The board is red by this item, and arming is refused because of it; the refusal."""
    report = readiness(passage.installation, passage.run_id)
    assert is_red(report, name, outcome, action=action), named(report, name)
    with pytest.raises(CutterError, match=name) as refused:
        passage.arm()
    assert passage.rows("SELECT count(*) FROM cutter_governance.execution_lease") == [(0,)]
    return refused.value


def test_a_run_with_all_ten_is_armed(ready: Passage) -> None:
    report = readiness(ready.installation, ready.run_id)

    assert report.outcome is Outcome.PASS, report.detail
    assert [check.name.split()[0] for check in report.checks] == [f"PRE-{number}" for number in range(1, 11)]
    ready.arm()
    assert ready.backend.status().switch.state is SwitchState.ARMED
    assert named(readiness(ready.installation, ready.run_id), "PRE-8 switch off").outcome is Outcome.PARTIAL


def test_the_board_is_that_of_the_newest_run_that_waits_and_says_so_where_none_does(at: At, fresh: Passage) -> None:
    nobody = readiness(fresh.installation)
    assert is_red(nobody, "PRE-1 approval", Outcome.PARTIAL, action="run start FILE --docprefix P --live")
    assert is_red(nobody, "PRE-4 green dry run", Outcome.PARTIAL, action="run start FILE --docprefix P")

    waits = at("waits for SG_1")
    assert waits.run_id in named(readiness(waits.installation), "PRE-1 approval").detail


def test_pre_1_without_a_ruling_nothing_is_armed(at: At) -> None:
    _stops(at("waits for SG_1"), "PRE-1 approval", action="cutter-console approval draft")


def test_pre_1_a_run_that_is_over_or_unknown_is_not_armed(at: At) -> None:
    over = at("enacted")
    assert is_red(readiness(over.installation, over.run_id), "PRE-1 approval")
    assert is_red(readiness(over.installation, "ictr-20260101T000000Z-00000000"), "PRE-1 approval", action="run list")


def test_pre_2_a_policy_that_nobody_can_satisfy_stops(ready: Passage) -> None:
    policy = json.loads(ready.installation.policy.read_bytes())
    ready.installation.policy.write_text(json.dumps({**policy, "thresholds": {"SG_1": 2, "SG_2": 1}}))

    _stops(ready, "PRE-2 authority to arm", action="sovereign")


@pytest.mark.parametrize("how", ["none is pinned", "another is pinned"])
def test_pre_2_a_database_that_believes_another_policy_or_none_stops(ready: Passage, how: str) -> None:
    if how == "none is pinned":
        unpin(ready)
    else:
        policy = json.loads(ready.installation.policy.read_bytes())
        ready.installation.policy.write_text(json.dumps({**policy, "first_run_max_units": 9}))

    digest = load_policy(ready.installation.policy).sha256
    _stops(ready, "PRE-2 authority to arm", action=f"cutter-console policy pin --confirm {digest}")


def test_pre_2_a_role_that_became_a_superuser_stops(ready: Passage) -> None:
    ready.execute("ALTER ROLE cutter_verify SUPERUSER")
    try:
        _stops(ready, "PRE-2 authority to arm", action="cutter-console drift")
    finally:
        ready.execute("ALTER ROLE cutter_verify NOSUPERUSER")


def test_an_executor_of_one_session_is_named_before_a_run_begins(ready: Passage) -> None:
    """The lease has one for itself: a run would stop in the middle."""
    ready.execute("ALTER ROLE cutter_exec CONNECTION LIMIT 1")
    try:
        _stops(ready, "PRE-2 authority to arm", action="ALTER ROLE cutter_exec CONNECTION LIMIT 2")
    finally:
        ready.execute("ALTER ROLE cutter_exec CONNECTION LIMIT -1")


def test_pre_3_a_backup_key_that_is_not_there_stops(ready: Passage) -> None:
    _stops(ready.settings(backup_gpg_fpr="A" * 40), "PRE-3 backup key", action="--import")


def test_pre_3_a_private_backup_key_on_this_host_stops(ready: Passage, gnupg_home: Path) -> None:
    ring = ready.installation.gnupg_home
    public = subprocess.run(["gpg", "--homedir", str(ring), "--export"], capture_output=True, check=True).stdout
    subprocess.run(["gpg", "--homedir", str(gnupg_home), "--import"], input=public, capture_output=True, check=True)
    here = make_key(gnupg_home)

    own = ready.settings(gnupg_home=str(gnupg_home), backup_gpg_fpr=here)

    _stops(own, "PRE-3 backup key", action="--delete-secret-keys")


def test_pre_4_a_run_without_a_dry_run_is_not_armed_and_the_command_is_named(ready: Passage) -> None:
    (dry,) = measure_dry_runs(ready.installation)
    (ready.installation.root / "runs" / dry.run_id).rename(ready.installation.root / "artifacts" / "moved")

    _stops(ready, "PRE-4 green dry run", action=f"run start {ready.installation.intake}/law.md --docprefix ACME-LAW")


@pytest.mark.parametrize("how", ["another database", "a phase failed", "another plan", "voided"])
def test_pre_4_a_dry_run_that_does_not_speak_for_this_run_stops(ready: Passage, how: str) -> None:
    (dry,) = measure_dry_runs(ready.installation)
    files = ready.installation.root / "runs" / dry.run_id
    name, old, new = {
        "another database": ("plan-facts.json", '"database":"passage"', '"database":"sandbox"'),
        "a phase failed": (
            f"{Phase.GRANT_PROBE.number:02d}-grant_probe.json",
            '"phase":"grant_probe"',
            '"phase":"grant_probe"',
        ),
        "another plan": ("plan.json", "Alpha", "Omega"),
        "voided": ("request.json", "tester", "tester"),
    }[how]
    text = (files / name).read_text()
    assert old in text
    (files / name).write_text(text.replace(old, new))
    if how == "a phase failed":
        record = json.loads(text)
        (files / name).write_text(json.dumps({**record, "outcome": "FAIL"}))
    if how == "voided":
        ready.backend.void(dry.run_id, "it was for practice")

    _stops(ready, "PRE-4 green dry run", action="cutter-console run start")


def test_pre_5_a_changed_grant_stops_as_drift(ready: Passage) -> None:
    ready.execute("REVOKE SELECT ON public.unit_version FROM cutter_verify")

    assert isinstance(_stops(ready, "PRE-5 grants", action="cutter-console drift"), Drifted)


def test_pre_5_a_host_that_has_pinned_no_inventory_is_not_armed(ready: Passage) -> None:
    pins = ready.installation.settings.pins.model_copy(update={"schema_digest": ""})

    _stops(ready.settings(pins=pins), "PRE-5 grants", action="init --pin")


def test_pre_6_a_changed_file_of_the_release_stops(ready: Passage) -> None:
    changed = ready.installation.context.package / "app/terminal.py"
    kept = changed.read_bytes()
    changed.write_bytes(kept + b"\n# patched here\n")
    try:
        _stops(ready, "PRE-6 deployed tree", action="manifest verify")
    finally:
        changed.write_bytes(kept)


def test_pre_7_a_release_without_green_tests_stops_unless_that_was_allowed(ready: Passage) -> None:
    manifest = json.loads(manifest_path(ready.installation).read_bytes())
    _with_tests(ready, {**manifest["tests"], "failed": 1})
    report = readiness(ready.installation, ready.run_id)
    assert is_red(report, "PRE-7 tests", action=": make manifest")

    _with_tests(ready, None)
    assert is_red(readiness(ready.installation, ready.run_id), "PRE-7 tests", action=": make manifest")
    with pytest.raises(Refused, match="PRE-7 tests"):
        ready.arm()

    allowed = readiness(ready.settings(untested=True).installation, ready.run_id)
    assert is_red(allowed, "PRE-7 tests", Outcome.PARTIAL, action=": make manifest")
    assert "allowed explicitly" in named(allowed, "PRE-7 tests").detail


def _with_tests(passage: Passage, tests: object) -> None:
    path = manifest_path(passage.installation)
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "tests": tests}))


def test_pre_8_a_hold_and_another_run_s_lease_stop(ready: Passage) -> None:
    ready.backend.panic("look")
    assert is_red(readiness(ready.installation, ready.run_id), "PRE-8 switch off", action="hold release")
    ready.backend.release_hold("RELEASE")

    ready.arm()
    other = readiness(ready.installation)
    assert is_red(other, "PRE-8 switch off", action="cutter-console disarm")


def test_a_partial_item_does_not_stop(at: At) -> None:
    waits = at("waits for SG_1")
    _with_tests(waits, None)
    allowed = waits.settings(untested=True, deploy_manifest_sha256=sha256_file(manifest_path(waits.installation)))
    allowed.sign()

    brief = allowed.backend.brief(Danger.ARM, waits.run_id)

    assert [check.name for check in brief.checks if check.outcome is Outcome.PARTIAL] == ["PRE-7 tests"]
    assert not brief.open_checks
    allowed.arm()


def test_before_the_enactment_the_items_that_still_count_are_asked(at: At) -> None:
    passage = at("SG_2 imported")

    names = [check.name for check in passage.backend.brief(Danger.ENACT, passage.run_id).checks]

    assert [name for name in names if name.startswith("PRE-")] == [
        "PRE-2 authority to arm",
        "PRE-5 grants",
        "PRE-6 deployed tree",
        "PRE-8 switch off",
        "PRE-9 plan fits the database",
        "PRE-10 standbys",
    ]


def test_a_database_that_cannot_be_reached_is_inconclusive_and_stops(ready: Passage) -> None:
    database = ready.installation.settings.database.model_copy(update={"monitor": "host=/nonexistent dbname=x"})

    report = readiness(ready.settings(database=database).installation, ready.run_id)

    for name in ("PRE-1 approval", "PRE-2 authority to arm", "PRE-4 green dry run", "PRE-5 grants", "PRE-8 switch off"):
        assert is_red(report, name, Outcome.INCONCLUSIVE), name


def test_a_dry_run_made_after_the_live_run_was_started_counts_too(ready: Passage) -> None:
    (dry,) = measure_dry_runs(ready.installation)
    (ready.installation.root / "runs" / dry.run_id).rename(ready.installation.root / "artifacts" / "moved")

    ready.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)

    assert named(readiness(ready.installation, ready.run_id), "PRE-4 green dry run").outcome is Outcome.PASS


def test_a_monitoring_console_does_not_call_an_authority_good_that_it_has_not_looked_at(at: At) -> None:
    report = readiness(at("SG_1 imported").installation, read_only=True)

    assert named(report, "PRE-2 authority to arm").outcome is Outcome.INCONCLUSIVE
