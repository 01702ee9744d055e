"""Runs of a printed law: what is dropped is pinned, stated, signed, and in no unit that is written."""

from collections.abc import Callable

import pytest

from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import Refused
from console.backend.model.outcome import Outcome
from console.backend.model.states import Mode, Phase, Stage
from console.backend.model.view_models import Danger, RunRequest
from console.backend.model.written_plan import kept_bytes
from console.backend.runs.edits import DraftEdit
from console.backend.runs.workspace import Workspace
from console.cli.runs import run_lines, verification
from tests.backend.documents.gazette import HEAD, LAW, NOTES, STAMP, Layout, bare, printed
from tests.support.edited import edited
from tests.support.passage import DOCPREFIX, Passage, silent

At = Callable[[str], Passage]


def request(passage: Passage, mode: Mode) -> RunRequest:
    """A run of a law on the pages of a gazette."""
    return RunRequest(
        origin=passage.write("law.txt", printed(Layout())), docprefix=DOCPREFIX, profile="vi-law", mode=mode
    )


def test_a_dry_run_counts_what_is_dropped(at: At) -> None:
    passage = at("fresh")
    run = passage.backend.start(request(passage, Mode.DRYRUN), silent)
    assert run.state.stage is Stage.CLOSEOUT_REPORTED
    workspace = Workspace(passage.installation.root / "runs" / run.run_id)
    dropped = workspace.plan().document.dropped
    assert run.n_dropped == len(dropped) > 10
    assert f"{len(dropped)} dropped" in "\n".join(run_lines(run))
    mark = workspace.record(Phase.MARK)
    assert mark is not None
    answer = next(check for check in mark.checks if check.name == "spans dropped").evidence[0].answer
    assert answer.startswith(f"{len(dropped)} (")
    assert f"{len(NOTES)} footnote" in answer


def test_a_run_without_furniture_says_nothing_of_it(at: At) -> None:
    passage = at("fresh")
    origin = passage.write("law.txt", bare())
    bare_law = RunRequest(origin=origin, docprefix=DOCPREFIX, profile="vi-law", mode=Mode.DRYRUN)
    run = passage.backend.start(bare_law, silent)
    mark = Workspace(passage.installation.root / "runs" / run.run_id).record(Phase.MARK)
    assert run.n_dropped == 0
    assert mark is not None
    assert "spans dropped" not in {check.name for check in mark.checks}


def test_what_is_dropped_is_signed_and_in_no_unit_and_the_cut_verifies(at: At) -> None:
    passage = at("fresh")
    live = passage.backend.start(request(passage, Mode.LIVE), silent)
    passage.backend.start(request(passage, Mode.DRYRUN), silent)
    workspace = Workspace(passage.installation.root / "runs" / live.run_id)
    plan = workspace.plan().document
    statement = passage.backend.draft_statement(live.run_id)
    assert f'"n_dropped":{len(plan.dropped)}' in statement.statement_path.read_text()
    effects = passage.backend.brief(Danger.ARM, live.run_id).effects
    assert any("page furniture and footnotes" in effect and str(len(plan.dropped)) in effect for effect in effects)
    passage.sign(live.run_id)
    passage.backend.arm(live.run_id, live.run_id)
    run = passage.backend.resume(live.run_id, silent)
    assert run.state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    bodies = [str(body) for (body,) in passage.rows("SELECT body FROM public.unit_version")]
    furniture = [HEAD, STAMP[0], *(note[:40] for note in NOTES.values())]
    assert len(bodies) == len(plan.units)
    assert not [body for body in bodies for piece in furniture if piece in body]
    kept = kept_bytes(workspace.source(), plan.dropped)
    assert plan.source.canonical_sha256 == sha256_hex(kept)
    assert all(body.encode() in kept for body in bodies)
    assert {check.outcome for check in verification(passage.backend, live.run_id)} == {Outcome.PASS}


def test_a_printed_law_whose_draft_was_edited_is_not_amended_into_itself(at: At) -> None:
    """What is dropped is in neither text: the law as the edit has made it is compared with what is kept of the new pages."""
    passage = at("fresh")
    for mode in (Mode.DRYRUN, Mode.LIVE):
        run_id = passage.backend.start(request(passage, mode), silent).run_id
    passage.sign(run_id)
    passage.backend.arm(run_id, run_id)
    passage.backend.resume(run_id, silent)
    address, old, new = f"{DOCPREFIX}/DIEU-4", "thuyền.", "xuồng."
    ((title, body),) = passage.rows(
        "SELECT v.title, v.body FROM public.information_unit u JOIN public.unit_version v ON v.id = u.version_anchor_ref"
        " WHERE u.canonical_address = %s",
        address,
    )
    assert old in str(body)
    edited(passage, DraftEdit(address=address, title=str(title), body=str(body).replace(old, new)))
    passage.backend.verify(run_id)
    passage.sign(run_id)
    passage.backend.enact(run_id, run_id, silent)
    origin = passage.write("law-2.txt", printed(Layout(), LAW.replace(old, new)))
    amended = RunRequest(origin=origin, docprefix=DOCPREFIX, profile="vi-law", mode=Mode.DRYRUN, amend=True)
    with pytest.raises(Refused, match="it is the one that is law"):
        passage.backend.start(amended, silent)
