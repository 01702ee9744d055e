"""Runs with acceptances: both passes, a resume and a later verification use the file that the run was started with."""

from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.documents.limits import DEFAULT_LIMITS
from console.backend.gates.arming_checks import readiness
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import CutterError, Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.states import Mode, Move, Phase, Stage
from console.backend.model.view_models import Danger, RunRequest, RunView
from console.backend.runs import lifecycle
from console.backend.runs.workspace import ACCEPT_FILE, RunRequestFile, Workspace
from console.cli.runs import verification
from tests.support.passage import DOCPREFIX, Passage, silent

At = Callable[[str], Passage]
TEXT = "# One\n\nText.\n\n## Alpha\n\nFirst.\n\n## Alpha\n\nRepealed.\n\n##Beta\n"
"""A heading stands twice, and another one lacks its space: a suspect."""
ACCEPT = '[[accept]]\nline = 9\ncode = "ADDRESS_REPEATED"\nsuffix = "OLD"\nreason = "enacted twice"\n'


def request(passage: Passage, mode: Mode, accept: str = ACCEPT) -> RunRequest:
    """A run of a document whose heading stands twice."""
    return RunRequest(origin=passage.write("law.md", TEXT), docprefix=DOCPREFIX, accept=accept, mode=mode)


def directory(passage: Passage, run: RunView) -> Path:
    """The run's directory."""
    return passage.installation.root / "runs" / run.run_id


def test_both_passes_of_a_dry_run_use_its_acceptances(at: At) -> None:
    passage = at("fresh")
    run = passage.backend.start(request(passage, Mode.DRYRUN), silent)
    assert (run.state.stage, run.n_units, run.n_acceptances) == (Stage.CLOSEOUT_REPORTED, 3, 1)
    assert (directory(passage, run) / ACCEPT_FILE).read_text() == ACCEPT
    mark = Workspace(directory(passage, run)).record(Phase.MARK)
    assert mark is not None
    check = next(check for check in mark.checks if check.name == "acceptances met")
    assert [evidence.answer for evidence in check.evidence] == ["1: line 9 ADDRESS_REPEATED: enacted twice"]
    suspects = next(check for check in mark.checks if check.name == "suspects counted")
    assert [evidence.answer for evidence in suspects.evidence] == ["1: line 13 spelling"]


def test_a_run_without_its_acceptances_is_refused_and_leaves_no_directory(at: At) -> None:
    passage = at("fresh")
    for accept in ("", ACCEPT.replace("9", "8"), ACCEPT.replace("enacted twice", ""), "[[accept]]"):
        with pytest.raises(Refused):
            passage.backend.start(request(passage, Mode.DRYRUN, accept), silent)
    assert list((passage.installation.root / "runs").iterdir()) == []


def test_the_command_that_lists_every_problem_names_the_accept_file_too(at: At) -> None:
    """Without it the command would list what is accepted, and not the entry that meets nothing."""
    passage = at("fresh")
    with pytest.raises(Refused) as caught:
        passage.backend.start(request(passage, Mode.DRYRUN, ACCEPT.replace("9", "8")), silent)
    assert "ACCEPTANCE_UNMATCHED" in caught.value.message
    document = passage.installation.intake / "law.md"
    assert caught.value.next_action == (
        "Correct the document or the accept file; every problem: "
        f"cutter-console plan {document} --docprefix {DOCPREFIX} --profile atx --accept ACCEPT"
    )


def test_a_resumed_run_uses_the_acceptances_it_was_started_with(at: At) -> None:
    passage = at("fresh")
    created = lifecycle.create_run(passage.installation, request(passage, Mode.LIVE))
    run = passage.backend.resume(created.run_id, silent)
    assert (run.state.stage, run.n_acceptances) == (Stage.AWAITING_CUT_AUTHORIZATION, 1)


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_text(ACCEPT + "# later\n")])
def test_a_run_whose_accept_file_was_changed_does_not_go_on(at: At, damage: Callable[[Path], object]) -> None:
    passage = at("fresh")
    created = lifecycle.create_run(passage.installation, request(passage, Mode.LIVE))
    damage(passage.installation.root / "runs" / created.run_id / ACCEPT_FILE)
    with pytest.raises(CutterError) as caught:
        passage.backend.resume(created.run_id, silent)
    assert caught.value.code is StopCode.EXECUTION_DISABLED
    assert passage.backend.run(created.run_id).n_units is None


def test_another_accept_file_is_never_read_in_the_place_of_the_first(at: At) -> None:
    passage = at("fresh")
    created = lifecycle.create_run(passage.installation, request(passage, Mode.LIVE))
    workspace = Workspace(passage.installation.root / "runs" / created.run_id)
    (workspace.directory / ACCEPT_FILE).write_text(ACCEPT.replace("enacted twice", "another reason"))
    with pytest.raises(Refused, match="is not the file that the run was started with"):
        workspace.acceptances(workspace.request(), DEFAULT_LIMITS)


def test_a_run_that_waits_offers_only_what_needs_no_plan_once_its_accept_file_is_gone(at: At) -> None:
    passage = at("fresh")
    run = passage.backend.start(request(passage, Mode.LIVE), silent)
    assert Move.IMPORT_SG_1 in run.moves
    (directory(passage, run) / ACCEPT_FILE).unlink()
    assert Move.IMPORT_SG_1 not in passage.backend.run(run.run_id).moves


def test_a_cut_with_acceptances_is_signed_written_and_verified(at: At) -> None:
    passage = at("fresh")
    live = passage.backend.start(request(passage, Mode.LIVE), silent)
    accept = directory(passage, live) / ACCEPT_FILE
    pre_4 = next(
        check for check in readiness(passage.installation, live.run_id).checks if check.name.startswith("PRE-4")
    )
    assert f"--accept {accept}" in pre_4.next_action
    passage.backend.start(request(passage, Mode.DRYRUN), silent)
    statement = passage.backend.draft_statement(live.run_id)
    assert '"n_acceptances":1,"n_suspects":1' in statement.statement_path.read_text()
    effects = passage.backend.brief(Danger.ARM, live.run_id).effects
    assert {effect.rpartition("; ")[0].rpartition(": ")[2] for effect in effects if "SG_1 states" in effect} == {"1"}
    assert sum("SG_1 states this number" in effect for effect in effects) == 2
    passage.sign(live.run_id)
    passage.backend.arm(live.run_id, live.run_id)
    run = passage.backend.resume(live.run_id, silent)
    assert run.state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    assert ("ACME-LAW/ONE/ALPHA-OLD",) in passage.rows("SELECT canonical_address FROM public.information_unit")
    assert {check.outcome for check in verification(passage.backend, live.run_id)} == {Outcome.PASS}
    report = passage.backend.report(live.run_id)
    texts = [path.read_text() for path in Path(report.directory).glob("*.md")]
    assert any("line 9 ADDRESS_REPEATED: enacted twice" in text for text in texts)


def test_the_same_text_with_another_reason_is_another_plan(at: At) -> None:
    passage = at("fresh")
    plans = [
        lifecycle.create_run(passage.installation, request(passage, Mode.DRYRUN, accept)).planned
        for accept in (ACCEPT, ACCEPT + "# a comment\n", ACCEPT.replace("enacted twice", "a printer's error"))
    ]
    first, again, other = (plan.content_digest for plan in plans if plan is not None)
    assert first == again
    assert first != other


def test_a_request_without_acceptances_is_read_as_before(at: At) -> None:
    passage = at("waits for SG_1")
    workspace = Workspace(passage.installation.root / "runs" / passage.run_id)
    kept = workspace.request()
    older = kept.model_dump(mode="json")
    assert older.pop("accept_sha256") == ""
    assert RunRequestFile.model_validate(older) == kept
    assert workspace.acceptances(kept, DEFAULT_LIMITS) == ()
    assert not (workspace.directory / ACCEPT_FILE).exists()


def test_the_accept_file_beside_a_document_is_used_for_its_plan(at: At) -> None:
    passage = at("fresh")
    origin = passage.write("twice.md", TEXT)
    assert [p.code for p in passage.backend.plan(origin, DOCPREFIX, "atx", ordinals=False).problems] == [
        "ADDRESS_REPEATED"
    ]
    passage.write("twice.md.accept.toml", ACCEPT)
    view = passage.backend.plan(origin, DOCPREFIX, "atx", ordinals=False)
    assert view.document is not None
    assert (len(view.document.acceptances), view.accept) == (1, ACCEPT)
    assert "twice.md.accept.toml" not in {entry.name for entry in passage.backend.intake()}
    run = passage.backend.start(
        RunRequest(origin=origin, docprefix=DOCPREFIX, profile="atx", accept=view.accept), silent
    )
    request_file = Workspace(directory(passage, run)).request()
    assert request_file.accept_sha256 == sha256_hex(ACCEPT.encode())


def test_an_accept_file_that_was_written_for_another_text_starts_no_run(at: At) -> None:
    """The same line of another text may be another finding: none of its entries is tried."""
    passage = at("fresh")
    here, elsewhere = sha256_hex(TEXT.encode()), "0" * 64
    with pytest.raises(Refused, match=f"was written for the text with sha256 {elsewhere}; this text has sha256 {here}"):
        passage.backend.start(request(passage, Mode.LIVE, f'text_sha256 = "{elsewhere}"\n{ACCEPT}'), silent)
    assert list((passage.installation.root / "runs").iterdir()) == []
    run = passage.backend.start(request(passage, Mode.DRYRUN, f'text_sha256 = "{here}"\n{ACCEPT}'), silent)
    assert run.n_acceptances == 1


def test_a_text_that_changes_between_the_start_and_the_source_pin_is_not_marked_with_its_acceptances(at: At) -> None:
    passage = at("fresh")
    bound = f'text_sha256 = "{sha256_hex(TEXT.encode())}"\n{ACCEPT}'
    created = lifecycle.create_run(passage.installation, request(passage, Mode.LIVE, bound))
    passage.write("law.md", TEXT.replace("Repealed.", "Changed."))
    with pytest.raises(Refused, match=f"{ACCEPT_FILE}: was written for the text with sha256"):
        passage.backend.resume(created.run_id, silent)
