"""Runs by an operator's own profile: a run keeps the file, and whoever changes either is found out."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from console.backend.gates.arming_checks import readiness
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import CutterError, Refused, StopCode, UsageError
from console.backend.model.outcome import Check, Outcome
from console.backend.model.states import Mode, Move, Phase, Stage
from console.backend.model.view_models import Danger, RunRequest, RunView
from console.backend.runs import lifecycle
from console.backend.runs.workspace import PROFILE_FILE, RunRequestFile, Workspace
from console.cli.runs import verification
from tests.support.passage import DOCPREFIX, Kept, Passage, silent
from tests.support.profiles import ADDRESSES, TEXT, TOML, write_profile

pytestmark = pytest.mark.usefixtures("plans_here")
At = Callable[[str], Passage]
SHA256 = sha256_hex(TOML.encode())
OTHER = TOML + "# another edition\n"


def request(passage: Passage, mode: Mode) -> RunRequest:
    """A run of the rule book of console/guide/profiles.md by the profile of that page."""
    return RunRequest(origin=passage.write("rules.md", TEXT), docprefix=DOCPREFIX, profile="rule-book", mode=mode)


def with_profile(passage: Passage, toml: str = TOML) -> Path:
    """Put the profile into the installation's folder."""
    return write_profile(passage.installation.profiles, toml=toml)


def directory(passage: Passage, run: RunView) -> Path:
    """The run's directory."""
    return passage.installation.root / "runs" / run.run_id


def pre_4(passage: Passage, run: RunView) -> Check:
    """The check that a dry run of the same content was green."""
    checks = readiness(passage.installation, run.run_id).checks
    return next(check for check in checks if check.name.startswith("PRE-4"))


def test_the_documents_screen_plans_by_it_and_knows_its_name(at: At) -> None:
    passage = at("fresh")
    with_profile(passage)
    assert "rule-book" in passage.backend.profiles()
    view = passage.backend.plan(passage.write("rules.md", TEXT), DOCPREFIX, "rule-book", ordinals=False)
    assert view.document is not None
    assert [unit.address.partition("/")[2] for unit in view.document.units] == [
        address.partition("/")[2] for address in ADDRESSES
    ]
    assert view.profile_sha256 == SHA256


def test_a_run_keeps_the_profile_and_both_passes_use_it(at: At) -> None:
    passage = at("fresh")
    with_profile(passage)
    run = passage.backend.start(request(passage, Mode.DRYRUN), silent)
    assert (run.state.stage, run.n_units, run.profile_sha256) == (Stage.CLOSEOUT_REPORTED, 10, SHA256)
    assert (directory(passage, run) / PROFILE_FILE).read_text() == TOML
    mark = Workspace(directory(passage, run)).record(Phase.MARK)
    assert mark is not None
    marked = next(check for check in mark.checks if check.name == "units marked")
    assert f"profile rule-book, the operator's own, sha256 {SHA256}" in marked.evidence[0].answer


def test_a_run_by_an_unknown_or_faulty_profile_leaves_no_directory(at: At) -> None:
    passage = at("fresh")
    with pytest.raises(UsageError, match="unknown profile 'rule-book'"):
        passage.backend.start(request(passage, Mode.DRYRUN), silent)
    with_profile(passage, TOML.replace("<title>", "<titel>"))
    with pytest.raises(Refused, match="there is no fragment 'titel'") as caught:
        passage.backend.start(request(passage, Mode.LIVE), silent)
    assert "line 0" not in caught.value.message
    assert caught.value.next_action == "Correct the profile, then: cutter-console profile check rule-book --on FILE"
    assert list((passage.installation.root / "runs").iterdir()) == []


def test_a_profile_that_was_edited_since_the_plan_was_shown_starts_nothing(at: At) -> None:
    passage = at("fresh")
    with_profile(passage)
    shown = request(passage, Mode.LIVE).model_copy(update={"profile_sha256": SHA256})
    with_profile(passage, OTHER)
    with pytest.raises(Refused, match="profile rule-book has changed since the plan was made") as caught:
        passage.backend.start(shown, silent)
    assert "Plan the document again" in caught.value.next_action
    assert list((passage.installation.root / "runs").iterdir()) == []


def test_a_profile_that_was_replaced_while_the_run_waits_changes_nothing_of_it(at: At) -> None:
    passage = at("fresh")
    path = with_profile(passage)
    passage.backend.start(request(passage, Mode.DRYRUN), silent)
    live = passage.backend.start(request(passage, Mode.LIVE), silent)
    assert live.state.stage is Stage.AWAITING_CUT_AUTHORIZATION
    path.unlink()
    with_profile(passage, OTHER.replace("Rule[ ]", "Regel[ ]"))
    assert pre_4(passage, live).outcome is Outcome.PASS
    statement = passage.backend.draft_statement(live.run_id).statement_path.read_text()
    assert f'"own_profile":{{"name":"rule-book","sha256":"{SHA256}"}}' in statement
    effects = passage.backend.brief(Danger.ARM, live.run_id).effects
    assert any(f"your own profile rule-book, sha256 {SHA256}; SG_1 states it" in effect for effect in effects)
    passage.sign(live.run_id)
    passage.backend.arm(live.run_id, live.run_id)
    run = passage.backend.resume(live.run_id, silent)
    assert run.state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    assert (f"{DOCPREFIX}/RULE-1/1/A",) in passage.rows("SELECT canonical_address FROM public.information_unit")
    path.unlink()
    assert {check.outcome for check in verification(passage.backend, live.run_id)} == {Outcome.PASS}
    report = passage.backend.report(live.run_id)
    texts = [page.read_text() for page in Path(report.directory).glob("*.md")]
    assert any(f"rule-book (the operator's own, profile.toml, sha256 {SHA256})" in text for text in texts)


def test_a_profile_that_was_edited_between_dry_run_and_live_run_is_named(at: At) -> None:
    passage = at("fresh")
    with_profile(passage)
    dry = passage.backend.start(request(passage, Mode.DRYRUN), silent)
    with_profile(passage, OTHER)
    live = passage.backend.start(request(passage, Mode.LIVE), silent)
    check = pre_4(passage, live)
    assert check.outcome is Outcome.FAIL
    said = f"dry run {dry.run_id} read the same bytes by profile rule-book with sha256 {SHA256}, this run by"
    assert f"{said} {sha256_hex(OTHER.encode())}" in check.detail
    passage.backend.start(request(passage, Mode.DRYRUN), silent)
    assert pre_4(passage, live).outcome is Outcome.PASS


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_text(OTHER)])
def test_a_run_whose_profile_was_changed_does_not_go_on(at: At, damage: Callable[[Path], object]) -> None:
    passage = at("fresh")
    with_profile(passage)
    created = lifecycle.create_run(passage.installation, request(passage, Mode.LIVE))
    damage(passage.installation.root / "runs" / created.run_id / PROFILE_FILE)
    with pytest.raises(CutterError) as caught:
        passage.backend.resume(created.run_id, silent)
    assert caught.value.code is StopCode.EXECUTION_DISABLED
    assert passage.backend.run(created.run_id).n_units is None


def test_a_run_that_waits_offers_only_what_needs_no_plan_once_its_profile_is_another(at: At) -> None:
    passage = at("fresh")
    with_profile(passage)
    run = passage.backend.start(request(passage, Mode.LIVE), silent)
    assert Move.IMPORT_SG_1 in run.moves
    (directory(passage, run) / PROFILE_FILE).write_text(OTHER)
    assert Move.IMPORT_SG_1 not in passage.backend.run(run.run_id).moves


def test_another_profile_is_never_read_in_the_place_of_the_first(at: At) -> None:
    passage = at("fresh")
    with_profile(passage)
    created = lifecycle.create_run(passage.installation, request(passage, Mode.LIVE))
    workspace = Workspace(passage.installation.root / "runs" / created.run_id)
    (workspace.directory / PROFILE_FILE).write_text(OTHER)
    with pytest.raises(Refused, match="is not the file that the run was started with"):
        workspace.profile(workspace.request())


def test_a_request_by_a_shipped_profile_is_read_as_before(at: At) -> None:
    passage = at("waits for SG_1")
    workspace = Workspace(passage.installation.root / "runs" / passage.run_id)
    kept = workspace.request()
    older = kept.model_dump(mode="json")
    assert older.pop("profile_sha256") == ""
    assert RunRequestFile.model_validate(older) == kept
    assert not workspace.profile(kept).is_own
    assert not (workspace.directory / PROFILE_FILE).exists()
    assert b"own_profile" not in passage.backend.draft_statement(passage.run_id).statement_path.read_bytes()


def test_a_run_by_a_shipped_profile_goes_on_though_a_file_takes_its_name(at: At) -> None:
    passage = at("fresh")
    origin = passage.write("law.md", "# One\n\nText.\n")
    created = lifecycle.create_run(
        passage.installation, RunRequest(origin=origin, docprefix=DOCPREFIX, profile="atx", mode=Mode.LIVE)
    )
    write_profile(passage.installation.profiles, "atx")
    run = passage.backend.resume(created.run_id, silent)
    assert run.state.stage is Stage.AWAITING_CUT_AUTHORIZATION
    with pytest.raises(Refused, match="has the name of a profile that is shipped"):
        passage.backend.plan(origin, DOCPREFIX, "atx", ordinals=False)


ASKED = RunRequest(origin="file:law.md", docprefix=DOCPREFIX, profile="de-law+numbers", mode=Mode.LIVE)


def with_an_option(at: At, kept: Kept) -> tuple[Passage, RunView]:
    """A run that was planned with an option, which its dry run, the registry and the list of documents have too."""

    def make() -> Passage:
        passage = at("fresh")
        passage.write("law.md", "# § 1\n\n(1) Verboten ist:\n\n1.  eins;\n\n2.  zwei:\n\n    a)  alpha.\n")
        passage.backend.start(ASKED.model_copy(update={"mode": Mode.DRYRUN}), silent)
        return replace(passage, run_id=passage.backend.start(ASKED, silent).run_id)

    passage, origin = kept("a run with an option", make), ASKED.origin
    live = passage.run()
    assert (live.profile, live.profile_sha256, live.n_units) == ("de-law+numbers", "", 5)
    assert pre_4(passage, live).outcome is Outcome.PASS
    listed = next(entry for entry in passage.backend.intake() if entry.origin == origin)
    assert (listed.docprefix, listed.profile) == (DOCPREFIX, "de-law+numbers")
    return passage, live


def test_an_option_is_kept_by_the_run_the_registry_and_the_intake_list(at: At, kept: Kept) -> None:
    with_an_option(at, kept)


@pytest.mark.torture
def test_a_run_with_an_option_is_cut_and_verified_with_it(at: At, kept: Kept) -> None:
    passage, live = with_an_option(at, kept)
    passage.backend.draft_statement(live.run_id)
    passage.sign(live.run_id)
    passage.backend.arm(live.run_id, live.run_id)
    run = passage.backend.resume(live.run_id, silent)
    assert run.state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    address = f"{DOCPREFIX}/PAR-1/ABS-1/NR-2/BUCHST-A"
    assert (address,) in passage.rows("SELECT canonical_address FROM public.information_unit")
    assert {check.outcome for check in verification(passage.backend, live.run_id)} == {Outcome.PASS}


def test_a_dry_run_without_the_option_is_none_of_the_same_content(at: At) -> None:
    """Also where the option divides nothing: both plans have the same units."""
    passage = at("fresh")
    passage.write("law.md", "# § 1\n\n(1) Text.\n")
    without = passage.backend.start(ASKED.model_copy(update={"profile": "de-law", "mode": Mode.DRYRUN}), silent)
    live = passage.backend.start(ASKED, silent)
    assert live.n_units == without.n_units
    assert pre_4(passage, live).outcome is Outcome.FAIL
    with pytest.raises(UsageError, match="has no option 'letters'"):
        passage.backend.start(ASKED.model_copy(update={"profile": "de-law+letters", "mode": Mode.DRYRUN}), silent)
