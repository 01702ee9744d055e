"""run edit, run apply: a draft gets another text under a ruling of its own, and SG_2 shows it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from console.backend.host.installation import Installation
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import CutterError, Drifted, Held, Refused, UsageError
from console.backend.model.outcome import Outcome
from console.backend.model.states import Mode, Move, Stage
from console.backend.model.view_models import SwitchState
from console.backend.runs.reverify import verify_drafts
from console.backend.runs.typed_edits import TypedEdit
from console.cli.main import main
from tests.backend.runs.test_amendments import amend, to_second_pause
from tests.backend.runs.test_two_roots import next_host
from tests.support.edited import edited
from tests.support.passage import DOCPREFIX, UNITS, Passage, fingerprint

At = Callable[[str], Passage]
ALPHA = f"{DOCPREFIX}/ONE/ALPHA"
OTHER = "## Alpha\n\nFirst, as it was meant.\n\n"
_BODY = "SELECT v.body FROM public.information_unit u JOIN public.unit_version v ON v.id = u.version_anchor_ref WHERE u.canonical_address = %s"


def answer_of(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """The one JSON object that was printed."""
    answer: dict[str, object] = json.loads(capsys.readouterr().out)
    return answer


def test_a_look_at_an_edit_shows_the_difference_and_writes_nothing(
    at: At, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    passage = at("waits for SG_2")
    before = fingerprint(passage)
    file = tmp_path / "alpha.md"
    file.write_text(OTHER, encoding="utf-8")
    words = ["--root", str(passage.installation.root), "run", "edit", passage.run_id, ALPHA, "--text", str(file)]
    assert main(words) == 0
    assert "as it was meant" in capsys.readouterr().out
    assert main(["--json", *words]) == 0
    answer = answer_of(capsys)
    assert (answer["schema"], answer["edit_run"], answer["title"]) == ("cutter-console/run-edit/1", "", "Alpha")
    assert fingerprint(passage) == before

    cases = {
        ("## Alpha\n\nFirst.\n\n", ALPHA): "has exactly this text",
        ("## Another\n\nFirst.\n\n", ALPHA): "the first line of ACME-LAW/ONE/ALPHA would change; its title is Alpha",
        (OTHER, f"{DOCPREFIX}/TWO"): "ACME-LAW/TWO is no draft of ACME-LAW",
        (" ", ALPHA): "the document is empty",
        ("## Alpha\n\nFir\u202est.\n\n", ALPHA): "line 3 of the text has U+202E, RIGHT-TO-LEFT OVERRIDE",
        ("## Alpha\n\n\x1b[2JFirst.\n\n", ALPHA): "line 3 of the text has U+001B, a control character",
    }
    for (text, address), reason in cases.items():
        file.write_text(text, encoding="utf-8")
        assert main(["--json", *words[:5], address, "--text", str(file)]) == 4
        assert reason in str(answer_of(capsys)["stop"])
    assert fingerprint(passage) == before


def test_an_edit_is_signed_applied_and_shown_by_the_second_ruling(at: At) -> None:
    passage = at("waits for SG_2")
    backend = passage.backend
    with pytest.raises(Refused, match="is no edit of a draft"):
        backend.apply_edit(passage.run_id, passage.run_id)
    view = backend.start_edit(passage.run_id, ALPHA, "## Omega\n\nLast.\n\n", "Omega")
    edit_run = view.edit_run
    assert backend.run(edit_run).state.stage is Stage.AWAITING_CUT_AUTHORIZATION
    with pytest.raises(CutterError, match="has no SG_1 to edit"):
        backend.apply_edit(edit_run, edit_run)
    assert passage.rows(_BODY, ALPHA) == [("## Alpha\n\nFirst.\n\n",)]
    passage.sign(edit_run)
    with pytest.raises(UsageError, match="what was typed"):
        backend.apply_edit(edit_run, "yes")

    for _ in range(2):  # The second time there is nothing left to do.
        applied = backend.apply_edit(edit_run, edit_run)
        assert applied.state.stage is Stage.CLOSEOUT_REPORTED
        assert backend.status().switch.state is SwitchState.OFF
    assert passage.rows(_BODY, ALPHA) == [("## Omega\n\nLast.\n\n",)]
    assert passage.rows("SELECT count(*) FROM public.unit_version") == [(UNITS + 1,)]
    assert passage.run().moves == (Move.VERIFY, Move.REVERT, Move.EDIT)

    with pytest.raises(CutterError, match="no SG_2 is drafted"):
        backend.draft_statement(passage.run_id)
    checks = verify_drafts(passage.installation, passage.run(), record=True)
    assert {check.outcome for check in checks} == {Outcome.PASS}
    drafts = {unit.address: unit for unit in backend.draft_statement(passage.run_id).drafts}
    assert (drafts[ALPHA].title, drafts[ALPHA].body_sha256) == ("Omega", sha256_hex(b"## Omega\n\nLast.\n\n"))
    passage.sign()
    assert passage.enact().state.stage is Stage.CLOSEOUT_REPORTED
    query = "SELECT title, body FROM cutter_governance.v_in_force WHERE canonical_address = %s"
    assert passage.rows(query, ALPHA) == [("Omega", "## Omega\n\nLast.\n\n")]
    with pytest.raises(Refused, match="has no drafts that wait for SG_2"):
        backend.start_edit(passage.run_id, ALPHA, OTHER, "Alpha")


def test_an_edit_that_was_looked_at_is_refused_when_the_draft_or_the_world_is_another_by_now(at: At) -> None:
    passage = at("waits for SG_2")
    backend = passage.backend
    seen = backend.brief_edit(passage.run_id, ALPHA, OTHER, "Alpha")
    assert seen.confirmation.open_checks == ()
    assert seen.confirmation.seen == seen.view.seen
    before = [run.run_id for run in backend.runs()]
    edited(passage)
    with pytest.raises(Drifted, match="is another draft by now than was shown"):
        backend.start_edit(passage.run_id, ALPHA, OTHER, "Alpha", seen.view.seen)
    again = backend.brief_edit(passage.run_id, ALPHA, OTHER, "Alpha")
    assert again.view.seen != seen.view.seen
    assert len(backend.runs()) == len(before) + 1
    backend.panic("a test")
    (stops,) = backend.brief_edit(passage.run_id, ALPHA, OTHER, "Alpha").confirmation.open_checks
    assert stops.name == "switch"
    with pytest.raises(Held):
        backend.start_edit(passage.run_id, ALPHA, OTHER, "Alpha", again.view.seen)


def test_what_was_typed_is_kept_beside_the_run_until_its_edit_is_planned(at: At) -> None:
    passage = at("waits for SG_2")
    backend = passage.backend
    typed = TypedEdit(address=ALPHA, title="Omega\x1b", body="half a", seen="")
    assert backend.typed_edits(passage.run_id, ALPHA) == ()
    backend.keep_typed(passage.run_id, typed, "a")
    assert backend.typed_edits(passage.run_id, ALPHA) == (typed,)
    assert backend.typed_edits(passage.run_id, f"{ALPHA}-2") == ()
    planned = TypedEdit(address=ALPHA, title="Alpha", body=OTHER, seen="")
    backend.keep_typed(passage.run_id, planned, "a")
    assert backend.typed_edits(passage.run_id, ALPHA) == (planned,)
    backend.start_edit(passage.run_id, ALPHA, OTHER, "Alpha")
    assert backend.typed_edits(passage.run_id, ALPHA) == ()


def _out_of_reach(passage: Passage) -> Installation:
    settings = passage.installation.settings
    database = settings.database.model_copy(update={"monitor": "host=127.0.0.1 port=1 dbname=none"})
    return replace(passage.installation, settings=settings.model_copy(update={"database": database}))


def _typed_files(passage: Passage) -> list[Path]:
    return list((passage.installation.root / "runs" / passage.run_id).glob(".typed-*"))


def test_two_who_type_at_one_draft_lose_nothing_and_the_end_of_the_run_keeps_nothing(at: At) -> None:
    passage = at("waits for SG_2")
    backend, run_id = passage.backend, passage.run_id
    first, second, third = (TypedEdit(address=ALPHA, title="Alpha", body=body, seen="") for body in ("a", "b", "c"))
    backend.keep_typed(run_id, first, "one console")
    backend.keep_typed(run_id, second, "another", first)
    assert backend.typed_edits(run_id, ALPHA) == (second,)
    backend.keep_typed(run_id, third, "one console")
    assert backend.typed_edits(run_id, ALPHA) == (third, second)
    backend.keep_typed(run_id, first, "another", first)
    assert backend.typed_edits(run_id, ALPHA) == (first, third)
    backend.drop_typed(run_id, third)
    assert backend.typed_edits(run_id, ALPHA) == (first,)
    (file,) = _typed_files(passage)
    assert file.stat().st_mode & 0o007 == 0
    backend.revert(run_id, run_id)
    assert backend.typed_edits(run_id, ALPHA) == ()
    assert [file.name for file in _typed_files(passage)] == [".typed-no-more"]


def test_no_text_of_an_ended_run_is_kept_again_whoever_ends_it_and_whatever_is_down(at: At, tmp_path: Path) -> None:
    passage = at("waits for SG_2")
    backend, run_id = passage.backend, passage.run_id
    typed = TypedEdit(address=ALPHA, title="Alpha", body="a", seen="")
    backend.keep_typed(run_id, typed, "a")
    backend.revert(run_id, run_id)
    out_of_reach = passage.with_site(_out_of_reach(passage))
    for writer in (backend, out_of_reach.backend):
        with pytest.raises(Refused, match=f"run {run_id} has ended: it has no drafts any more"):
            writer.keep_typed(run_id, typed, "a")
        assert _typed_files(passage) == [passage.installation.root / "runs" / run_id / ".typed-no-more"]

    lost = at("waits for SG_2")
    lost.backend.keep_typed(lost.run_id, typed, "a")
    there = next_host(lost, tmp_path / "other")
    there.backend.take_over(lost.run_id, lost.run_id)
    there.backend.revert(lost.run_id, lost.run_id)
    with pytest.raises(Refused, match="has ended"):
        lost.backend.keep_typed(lost.run_id, typed, "a")
    assert [file.name for file in _typed_files(lost)] == [".typed-no-more"]


def test_what_is_typed_while_the_database_is_down_is_kept(at: At) -> None:
    passage = at("waits for SG_2")
    typed = TypedEdit(address=ALPHA, title="Alpha", body="a", seen="")
    passage.with_site(_out_of_reach(passage)).backend.keep_typed(passage.run_id, typed, "a")
    assert passage.backend.typed_edits(passage.run_id, ALPHA) == (typed,)


def test_an_edit_says_at_each_step_what_was_done_and_what_it_waits_for(
    at: At, capsys: pytest.CaptureFixture[str]
) -> None:
    passage = at("waits for SG_2")
    backend = passage.backend
    run_id = backend.start_edit(passage.run_id, ALPHA, OTHER, "Alpha").edit_run

    def steps() -> dict[str, str]:
        return {step.name: step.status.value for step in backend.run(run_id).steps}

    names = ("plan", "pre_write_backup", "ruling SG_1", "write", "write_verify")
    assert steps() == dict(zip(names, ("done", "done", "pending", "pending", "pending"), strict=True))
    run = backend.run(run_id)
    assert run.moves == (Move.IMPORT_SG_1, Move.VOID)
    assert run.waits_for.startswith("SG_1, the sovereign's ruling to edit a draft")
    passage.sign(run_id)
    assert steps() == dict(zip(names, ("done", "done", "done", "pending", "pending"), strict=True))
    run = backend.run(run_id)
    assert run.moves == (Move.APPLY, Move.VOID)
    assert (
        run.waits_for == f"the operator: SG_1 is imported; next: cutter-console run apply {run_id} --confirm {run_id}"
    )
    backend.apply_edit(run_id, run_id)
    assert steps() == dict.fromkeys(names, "done")
    run = backend.run(run_id)
    assert run.waits_for == ""
    assert "the draft got another text" in {step.name: step.detail for step in run.steps}["write"]
    main(["--root", str(passage.installation.root), "run", "show", run_id])
    shown = capsys.readouterr().out
    assert "not run" not in shown
    assert "the draft got another text, in one transaction" in shown


def test_an_edit_that_was_voided_has_no_step_that_is_still_to_come(at: At) -> None:
    passage = at("waits for SG_2")
    run_id = passage.backend.start_edit(passage.run_id, ALPHA, OTHER, "Alpha").edit_run
    passage.backend.void(run_id, "not wanted")
    statuses = [step.status.value for step in passage.backend.run(run_id).steps]
    assert statuses == ["done", "done", "not run", "not run", "not run"]


def test_a_run_that_became_law_keeps_nothing_that_was_typed(at: At) -> None:
    passage = at("waits for SG_2")
    passage.backend.keep_typed(passage.run_id, TypedEdit(address=ALPHA, title="", body="a", seen=""), "a")
    passage.sign()
    passage.enact()
    assert [file.name for file in _typed_files(passage)] == [".typed-no-more"]


def test_the_drafts_of_an_amendment_are_not_edited(at: At) -> None:
    passage = at("enacted")
    passage = amend(passage)
    to_second_pause(passage)
    before = [run.run_id for run in passage.backend.runs() if run.mode is Mode.LIVE]
    with pytest.raises(Refused, match="is to amend law: its drafts are not edited"):
        passage.backend.start_edit(passage.run_id, ALPHA, OTHER, "Alpha")
    assert [run.run_id for run in passage.backend.runs() if run.mode is Mode.LIVE] == before
