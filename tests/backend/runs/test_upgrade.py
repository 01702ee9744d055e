"""A database of version 0.2.0 with runs at both pauses: migrated, its runs go on, or are told what to do."""

import json
import shlex
from collections.abc import Callable
from dataclasses import replace

import pytest

from console.backend.approvals.pinning import pin_policy
from console.backend.approvals.policy import load_policy
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import CutterError, Drifted, Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.states import Mode, Stage
from console.backend.model.view_models import RunRequest
from console.backend.postgres.migrations import migrate
from console.backend.release.pins import machine_id, measure_pins, with_pins
from console.cli import installation as of_commands
from console.cli.main import main
from console.cli.runs import verification
from tests.backend.runs.backups import take_backup
from tests.support.guide_code import code_of
from tests.support.old_release import OldRun, into_old_database
from tests.support.passage import TEXT, Kept, Passage, silent

At = Callable[[str], Passage]


def old_site(at: At, kept: Kept) -> Passage:
    """A site whose database is one of 0.2.0, and whose host is pinned to it."""

    def make() -> Passage:
        passage = at("fresh")
        into_old_database(passage)
        return passage

    return kept("a database of 0.2.0", make)


@pytest.fixture
def old(at: At, kept: Kept) -> Passage:
    """The site of 0.2.0 without a run."""
    return old_site(at, kept)


@pytest.fixture
def drafts(at: At, kept: Kept) -> Passage:
    """A run that 0.2.0 brought to its second pause, in the upgraded database."""

    def make() -> Passage:
        old = old_site(at, kept)
        run = OldRun(old, "OLD-LAW", TEXT, 1)
        run.rule("SG_1")
        run.cut()
        return replace(upgraded(old), run_id=run.run_id)

    return pinned(kept("drafts of 0.2.0, upgraded", make))


def upgraded(passage: Passage) -> Passage:
    """Migrate, pin the policy in the database and the new schema on the host, as the guide says."""
    migrate(passage.installation.settings.database.administrator)
    pin_policy(passage.installation, load_policy(passage.installation.policy).sha256)
    return pinned(passage)


def pinned(passage: Passage) -> Passage:
    """The passage at a host that is pinned to the schema as it is."""
    installation = passage.installation
    pins = measure_pins(installation, machine_id(installation.context.filesystem))
    return passage.with_site(replace(installation, settings=with_pins(installation.settings, pins)))


def test_a_run_at_the_second_pause_is_verified_again_signed_again_and_enacted(drafts: Passage) -> None:
    now = drafts
    assert now.run().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    with pytest.raises(Drifted, match="not those that were verified"):
        now.backend.draft_statement(now.run_id)
    assert {check.outcome for check in verification(now.backend, now.run_id)} == {Outcome.PASS}
    now.sign()
    assert now.enact().state.stage is Stage.CLOSEOUT_REPORTED
    assert now.lifecycles() == ["enacted"] * 3
    assert now.run().journal.startswith("PASS")


def test_an_sg2_that_the_old_release_imported_authorises_nothing(old: Passage) -> None:
    run = OldRun(old, "OLD-LAW", TEXT, 1)
    run.rule("SG_1")
    run.cut()
    run.rule("SG_2")
    now = replace(upgraded(old), run_id=run.run_id)
    with pytest.raises(CutterError) as refused:
        now.enact()
    assert refused.value.code in {StopCode.APPROVAL_REQUIRED, StopCode.EXECUTION_DISABLED}
    assert now.lifecycles() == ["draft"] * 3
    verification(now.backend, run.run_id)
    now.sign()
    assert now.enact().state.stage is Stage.CLOSEOUT_REPORTED


def test_the_draft_of_the_old_release_is_reverted_by_the_ruling_that_it_was_cut_by(drafts: Passage) -> None:
    drafts.backend.revert(drafts.run_id, drafts.run_id)
    assert drafts.lifecycles() == ["superseded"] * 3


@pytest.mark.parametrize("imported", [False, True])
def test_a_run_at_the_first_pause_is_told_to_start_again(old: Passage, imported: bool) -> None:
    """Its plan was bound to the old functions: whoever does all that arming asks for is told so before the switch."""
    run = OldRun(old, "OLD-LAW", TEXT, 1)
    if imported:
        run.rule("SG_1")
    now = replace(upgraded(old), run_id=run.run_id)
    with pytest.raises(Refused) as refused:
        now.arm()
    assert refused.value.code is StopCode.EXECUTION_DISABLED
    now.sign()
    take_backup(now)
    now.backend.start(RunRequest(origin=now.write("old-law.md", TEXT), docprefix="OLD-LAW"), silent)
    with pytest.raises(Drifted, match=r"PRE-9 plan fits the database: .*grants, functions and triggers") as drifted:
        now.arm()
    assert drifted.value.code is StopCode.DRIFT
    assert "Void the run and start another" in drifted.value.next_action
    now.backend.void(run.run_id, "planned before the migration")
    assert now.lifecycles() == []


def test_a_run_that_somebody_has_added_to_is_brought_back_by_a_signed_revert(old: Passage) -> None:
    """The unit that nobody signed stood before readers, and neither leg B nor revert would have it."""
    run = OldRun(old, "OLD-LAW", TEXT, 1)
    run.rule("SG_1")
    before = old.rows("SELECT cutter_governance.fn_readers_digest()")
    run.cut(foreign="OTHER-LAW/1")
    now = replace(upgraded(old), run_id=run.run_id)
    assert len(now.lifecycles()) == 4
    with pytest.raises(CutterError) as refused:
        now.backend.revert(run.run_id, run.run_id)
    assert refused.value.code is StopCode.COUNT_MISMATCH
    assert "--revert" in refused.value.next_action
    drafted = now.backend.draft_statement(run.run_id, revert=True)
    assert {unit.address for unit in drafted.drafts} >= {"OTHER-LAW/1"}
    signature = now.backend.sign_as_demo_sovereign(drafted.statement_path)
    now.backend.import_statement(drafted.statement_path, (signature,))
    now.backend.revert(run.run_id, run.run_id)
    assert now.lifecycles() == ["superseded"] * 4
    assert now.rows("SELECT cutter_console.fn_readers_digest()") == before


def test_a_manifest_that_holds_is_sealed_and_one_that_does_not_is_left_open(old: Passage) -> None:
    good = OldRun(old, "OLD-LAW", TEXT, 1)
    good.rule("SG_1")
    good.cut()
    bad = OldRun(old, "OLD-WORSE", TEXT, 2)
    bad.rule("SG_1")
    bad.cut(foreign="OTHER-LAW/1")
    now = upgraded(old)
    assert now.rows("SELECT run_id FROM cutter_governance.manifest_seal") == [(good.run_id,)]


def test_a_row_that_the_old_release_took_beside_true_bytes_is_found_at_the_import(old: Passage) -> None:
    """The statement of version 2 has bytes of its own: what was imported under the old one is never mistaken for it."""
    run = OldRun(old, "OLD-LAW", TEXT, 1)
    run.rule("SG_1")
    now = replace(upgraded(old), run_id=run.run_id)
    path = now.installation.statement(run.run_id, "SG_1")
    with pytest.raises(Refused, match=r"version 0\.2\.0"):
        now.backend.import_statement(path, tuple(path.parent.glob(f"{path.name}.*.asc")))
    assert sha256_hex(path.read_bytes()) in {
        row[0] for row in now.rows("SELECT statement_sha256 FROM cutter_governance.approval")
    }


def test_a_new_run_goes_its_whole_way_on_the_upgraded_database(old: Passage) -> None:
    """A whole passage of another document, beside what the old release left."""
    run = OldRun(old, "OLD-LAW", TEXT, 1)
    run.rule("SG_1")
    run.cut()
    now = upgraded(old)
    origin = now.write("new.md", TEXT)
    request = RunRequest(origin=origin, docprefix="NEW-LAW")
    now.backend.start(request, silent)
    fresh = now.backend.start(request.model_copy(update={"mode": Mode.LIVE}), silent)
    now = replace(now, run_id=fresh.run_id)
    now.sign()
    now.arm()
    now.resume()
    now.sign()
    assert now.enact().state.stage is Stage.CLOSEOUT_REPORTED


def test_the_commands_of_the_guide_lead_to_the_new_version(
    old: Passage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each ends with 0 but the gates, of which none that the upgrade is about stops anything afterwards."""
    monkeypatch.setattr(of_commands, "context_of", lambda _: old.installation.context)
    commands = [line for line in code_of("A new version") if line.startswith("cutter-console ")]
    assert [command.split()[1] for command in commands] == ["migrate", "policy", "init", "gates"]

    def typed(command: str, *before: str) -> int:
        return main(["--root", str(old.installation.root), *before, *shlex.split(command)[1:]])

    for command in commands[:-1]:
        if "policy show" in command:
            assert typed(command) == 1, "nothing is pinned yet"
            assert typed(f"cutter-console policy pin --confirm {load_policy(old.installation.policy).sha256}") == 0
        assert typed(command) == 0, command
    capsys.readouterr()
    typed(commands[-1], "--json")
    gates = {gate["gate"]: gate["outcome"] for gate in json.loads(capsys.readouterr().out)["gates"]}
    assert {gates["G1"], gates["G7"]} <= {"PASS", "PARTIAL"}
