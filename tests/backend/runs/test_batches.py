"""A batch from a folder to law: one backup, one ruling each way, each document whole or not at all, killed and resumed."""

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.backend.documents.own_planning import plan_chosen
from console.backend.host.installation import Installation
from console.backend.model.batches import BatchMove, BatchSource, OnFailure
from console.backend.model.errors import CutterError, Drifted, Refused, StopCode, Unmeasured, Waiting
from console.backend.model.outcome import Outcome
from console.backend.model.states import Mode, Move, Phase, Stage
from console.backend.model.view_models import ApprovalStatus, Danger, Progress
from console.backend.runs import approval_workflow, batch_rulings, sources
from console.backend.runs.batch_files import BatchFolder
from console.backend.runs.batch_sources import changed_documents
from console.backend.runs.ruling_facts import RulingFacts, measure_facts_of
from console.cli.main import main
from console.screens.batch_text import came_to, member_words, written_by_batch
from tests.backend.postgres.tampering import tamper
from tests.support.batch import UNITS, BatchSite, quiet, text_of, unheard
from tests.support.lost_commit import Lie, lying
from tests.support.passage import Kept, Passage
from tests.support.standings import isolation_of_standings


@pytest.fixture
def site(at: Callable[[str], Passage]) -> BatchSite:
    """Three documents that no run has: one on either side of that which is set aside."""
    return BatchSite.of(at("fresh"), 3)


@pytest.fixture
def planned(at: Callable[[str], Passage], kept: Kept) -> BatchSite:
    """The same documents after their dry runs."""
    return BatchSite.planned(at, kept, 3)


@pytest.fixture
def waiting(at: Callable[[str], Passage], kept: Kept) -> BatchSite:
    """A batch of the same documents at its first pause."""
    return BatchSite.waiting(at, kept, 3)


def _count(site: BatchSite, table: str, where: str = "true") -> int:
    return int(str(site.passage.rows(f"SELECT count(*) FROM {table} WHERE {where}")[0][0]))


@pytest.mark.parametrize("lie", [Lie.ANSWER_LOST, Lie.REQUEST_LOST])
def test_a_commit_that_is_lost_on_a_session_that_had_written_before_is_settled(
    waiting: BatchSite, lie: Lie, tmp_path: Path
) -> None:
    """The session of one document's cut is that of its record and its rest, and then of the next document's cut."""
    site, batch_id = waiting, waiting.newest().batch_id
    site.sign(batch_id)
    site.arm(batch_id)
    with lying(site.passage, "cut_leg_a", "cutter_exec", tmp_path, lie, after=1) as proxy:
        if lie is Lie.ANSWER_LOST:
            site.resume(batch_id)
        else:
            with pytest.raises(Unmeasured, match="nothing was written"):
                site.resume(batch_id)
        assert proxy.commit_seen.is_set()
    if lie is Lie.REQUEST_LOST:
        site.arm(batch_id)
        site.resume(batch_id)
    assert site.newest().moves[0] is BatchMove.DRAFT_SG_2
    assert _count(site, "public.information_unit", "lifecycle_status = 'draft'") == 3 * UNITS
    assert _count(site, "cutter_governance.approval_use") == 3


def test_a_batch_goes_from_a_folder_to_law_under_one_ruling_each_way(planned: BatchSite) -> None:
    """Killed in the middle of the plans, of the cut and of the enactment: nothing is doubled, nothing half done."""
    site, backend = planned, planned.passage.backend
    requests = site.requests(Mode.LIVE)
    site.killed_in(lambda die: backend.start_batch(requests, Mode.LIVE, OnFailure.STOP, quiet, die), Phase.MARK, 2)
    batch_id = site.newest().batch_id
    waiting = site.resume(batch_id)
    assert waiting.moves[0] is BatchMove.DRAFT_SG_1
    assert {member.stage for member in waiting.members} == {Stage.AWAITING_CUT_AUTHORIZATION}
    assert _count(site, "cutter_governance.backup_proof") == 1

    site.sign(batch_id)
    site.arm(batch_id)
    site.killed_in(lambda die: backend.resume_batch(batch_id, None, quiet, die), Phase.CUT_LEG_A, 2)
    half = backend.batch(batch_id)
    assert [member.stage for member in half.members] == [
        Stage.AWAITING_LIFECYCLE_AUTHORIZATION,
        *[Stage.AWAITING_CUT_AUTHORIZATION] * 2,
    ]
    # The lease ended with the session that held it: nothing goes on by itself.
    assert half.moves[0] is BatchMove.ARM
    site.arm(batch_id)
    drafts = site.resume(batch_id)
    assert drafts.moves[0] is BatchMove.DRAFT_SG_2
    assert _count(site, "public.information_unit", "lifecycle_status = 'draft'") == 3 * UNITS

    site.sign(batch_id)
    site.killed_in(lambda die: backend.enact_batch(batch_id, batch_id, quiet, die), Phase.CLOSEOUT, 2)
    law = site.enact(batch_id)
    assert (law.phase, law.moves) == ("law", (BatchMove.REPORT,))
    assert _count(site, "public.information_unit", "lifecycle_status = 'enacted'") == 3 * UNITS
    assert _count(site, "public.unit_version") == 3 * UNITS
    assert _count(site, "cutter_governance.batch_ruling") == 2
    assert _count(site, "cutter_governance.approval_use") == 6
    assert _count(site, "cutter_governance.backup_proof") == 1
    assert [view.kind for view in backend.approvals()] == ["SG_2", "SG_1"]
    page = (Path(backend.report_batch(batch_id).directory) / "batch.md").read_text(encoding="utf-8")
    assert page.count("| closeout PASS at ") == len(law.members)
    for member in law.members:
        run = backend.run(member.run_id)
        assert run.state.stage is Stage.CLOSEOUT_REPORTED
        assert list((site.passage.installation.root / "reports").glob(f"{member.run_id}-*"))


@pytest.mark.parametrize("mode", list(Mode))
def test_each_document_is_planned_in_two_passes_and_not_in_a_third(
    at: Callable[[str], Passage], mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a run that stands by itself: the plan that it is created with is its first pass, of the very bytes that it pins."""
    site, plans = BatchSite.of(at("fresh"), 2), list[str]()

    def planned_once_more(*args: object, docprefix: str, **options: object) -> object:
        plans.append(docprefix)
        return plan_chosen(*args, docprefix=docprefix, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(sources, "plan_chosen", planned_once_more)
    requests = site.requests(mode)
    site.passage.backend.start_batch(requests, mode, OnFailure.STOP, quiet, unheard)
    assert sorted(plans) == sorted(2 * [request.docprefix for _, request in requests])
    if mode is Mode.DRYRUN:
        # What a dry run has planned twice is the first pass of the same document in a batch, too.
        plans.clear()
        live = site.start()
        assert sorted(plans) == sorted(request.docprefix for _, request in requests)
        journals = [site.passage.installation.root / "runs" / m.run_id / "journal.jsonl" for m in live.members]
        assert all('"first_pass_of"' in journal.read_text() for journal in journals)


def test_what_the_database_has_of_the_members_is_asked_once_for_all_of_them(
    waiting: BatchSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time that their statements are drafted or checked; it was asked for each member, in three exchanges."""
    asked: list[int] = []

    def counted(installation: Installation, run_ids: Iterable[str], *, over_drafts: bool) -> dict[str, RulingFacts]:
        asked.append(len(ids := list(run_ids)))
        return measure_facts_of(installation, ids, over_drafts=over_drafts)

    def of_one(*_: object, **__: object) -> RulingFacts:
        raise AssertionError("asked for one member alone")

    monkeypatch.setattr(batch_rulings, "measure_facts_of", counted)
    monkeypatch.setattr(approval_workflow, "facts_of_run", of_one)
    site, batch_id = waiting, waiting.newest().batch_id
    for _ in range(2):
        drafted = site.passage.backend.draft_statement(batch_id)
        assert asked == [3, 3]
        signature = site.passage.backend.sign_as_demo_sovereign(drafted.statement_path)
        site.passage.backend.import_statement(drafted.statement_path, (signature,))
        assert asked == [3, 3, 3]
        if site.newest().moves[0] is BatchMove.ARM:
            site.arm(batch_id)
            site.resume(batch_id)
            asked.clear()


def test_a_document_that_fails_stops_the_batch_or_is_set_aside_with_its_reason(waiting: BatchSite) -> None:
    """The others become law; the failed one is named in status and report, and none of it is in the database."""
    site, backend, root = waiting, waiting.passage.backend, waiting.passage.installation.root
    view = site.newest()
    batch_id = view.batch_id
    site.sign(batch_id)
    site.arm(batch_id)
    (root / "runs" / view.members[1].run_id / "plan.json").write_bytes(b"{}")
    with pytest.raises(CutterError, match="LAW-2") as stopped:
        site.resume(batch_id)
    assert f"batch resume {batch_id} --on-failure set-aside" in stopped.value.next_action
    stages = [member.stage for member in backend.batch(batch_id).members]
    assert stages == [Stage.AWAITING_LIFECYCLE_AUTHORIZATION, *[Stage.AWAITING_CUT_AUTHORIZATION] * 2]

    # By the move of the screen, which does nothing else; the command sets aside and goes on as far as it can.
    stopped_at = backend.batch(batch_id)
    assert stopped_at.moves == (BatchMove.ARM, BatchMove.SET_ASIDE, BatchMove.REPORT)
    with pytest.raises(Refused) as moved:
        backend.set_aside(batch_id, "another standing")
    assert moved.value.code is StopCode.REPLAY_CONFLICT
    assert [m.docprefix for m in backend.set_aside(batch_id, stopped_at.standing).set_aside] == ["LAW-2"]
    with pytest.raises(Refused) as waits:
        backend.resume_batch(batch_id, OnFailure.SET_ASIDE, quiet, unheard)
    assert f"arm {batch_id}" in waits.value.next_action
    site.arm(batch_id)
    drafts = site.resume(batch_id)
    assert [(member.docprefix, bool(member.set_aside)) for member in drafts.members] == [
        ("LAW-1", False),
        ("LAW-2", True),
        ("LAW-3", False),
    ]
    site.sign(batch_id)
    law = site.enact(batch_id)
    assert law.phase == "law"
    assert site.passage.rows(
        "SELECT doc_code, lifecycle_status, count(*) FROM public.information_unit GROUP BY 1, 2 ORDER BY 1"
    ) == [("LAW-1", "enacted", UNITS), ("LAW-3", "enacted", UNITS)]
    written = Path(backend.report_batch(batch_id).directory)
    assert backend.report_batch(batch_id).unchanged
    row = next(line for line in (written / "batch.md").read_text().splitlines() if "LAW-2" in line)
    assert "failed" in row
    rows = json.loads((written / "batch.json").read_bytes())["members"]
    assert [(one["docprefix"], len(one["rulings"]), bool(one["set_aside"])) for one in rows] == [
        ("LAW-1", 2, False),
        ("LAW-2", 1, True),
        ("LAW-3", 2, False),
    ]


def test_a_document_that_cannot_be_started_is_set_aside_before_the_batch_is_recorded(site: BatchSite) -> None:
    (site.passage.installation.intake / "law-2.md").unlink()
    with pytest.raises(CutterError, match="LAW-2"):
        site.start()
    waiting = site.passage.backend.resume_batch(site.newest().batch_id, OnFailure.SET_ASIDE, quiet, unheard)
    assert waiting.moves[0] is BatchMove.DRAFT_SG_1
    assert [member.state for member in waiting.members] == [
        "awaiting_cut_authorization",
        "not started",
        "awaiting_cut_authorization",
    ]
    assert _count(site, "cutter_governance.batch_member") == 2


def _waits(site: BatchSite) -> list[str]:
    """The next action of each wait on the Overview, one for a whole batch."""
    return [str(wait.next_action) for wait in site.passage.backend.status().waiting]


def test_a_batch_that_waits_says_for_whom_and_what_to_type(waiting: BatchSite) -> None:
    site, backend = waiting, waiting.passage.backend
    batch_id = site.newest().batch_id
    with pytest.raises(Waiting) as unruled:
        site.resume(batch_id)
    assert f"approval draft {batch_id}" in unruled.value.next_action
    assert _waits(site) == [f"cutter-console approval draft {batch_id}"] == [backend.batch(batch_id).next_command]
    path = backend.draft_statement(batch_id).statement_path
    signature = backend.sign_as_demo_sovereign(path)
    # A signed statement is not drafted again, but imported.
    assert _waits(site) == [backend.batch(batch_id).next_command]
    assert "approval import" in backend.batch(batch_id).next_command
    backend.import_statement(path, (signature,))
    assert _waits(site) == [f"cutter-console arm {batch_id} --confirm {batch_id}"]
    (package,) = [gate for gate in backend.gates(("G7",)).gates if gate.gate == "G7"]
    assert any("3 documents" in check.detail and check.outcome is Outcome.PASS for check in package.checks)
    with pytest.raises(Refused) as unarmed:
        site.resume(batch_id)
    assert unarmed.value.next_action == f"cutter-console arm {batch_id} --confirm {batch_id}"
    with pytest.raises(CutterError, match="what was typed"):
        backend.arm(batch_id, batch_id[:-1])
    with pytest.raises(Refused):
        site.enact(batch_id)
    _confirmation_says_what_would_be_done(site, batch_id)
    _nothing_is_done_that_was_seen_otherwise(site, batch_id)
    _while_somebody_works_no_move_is_legal(site, batch_id)
    shown = backend.approvals()
    assert [(view.run_id, view.status, view.docprefix) for view in shown] == [
        (batch_id, ApprovalStatus.IMPORTED, "3 documents")
    ]
    assert backend.check_statement(path).statement_sha256 == shown[0].statement_sha256


def _confirmation_says_what_would_be_done(site: BatchSite, batch_id: str) -> None:
    backend = site.passage.backend
    arm = backend.brief(Danger.ARM, batch_id)
    assert (arm.open_checks, arm.n_units, arm.docprefix, arm.confirm_text) == ((), 9, "3 documents", batch_id)
    rows = {delta.table: delta.rows for delta in arm.deltas}
    assert (rows["public.information_unit"], rows["cutter_governance.manifest_envelope"]) == (9, 3)
    assert any("LAW-1, LAW-2, LAW-3" in effect for effect in arm.effects)
    assert arm.seen == backend.batch(batch_id).standing
    (illegal,) = backend.brief(Danger.ENACT, batch_id).open_checks
    assert (illegal.name, f"arm {batch_id}" in illegal.next_action) == ("legal move", True)
    with pytest.raises(Refused):
        backend.brief(Danger.VOID, batch_id)


def _nothing_is_done_that_was_seen_otherwise(site: BatchSite, batch_id: str) -> None:
    backend, source = site.passage.backend, BatchSource(path=site.passage.installation.intake)
    before = backend.plan_batch(source).model_copy(update={"digest": "0" * 64})
    refusals: tuple[Callable[[], object], ...] = (
        lambda: backend.arm_batch(batch_id, batch_id, "another standing"),
        lambda: backend.resume_batch(batch_id, None, quiet, unheard, "another standing"),
        lambda: backend.start_planned_batch(source, before, Mode.LIVE, OnFailure.STOP, quiet, unheard),
    )
    for refused in refusals:
        with pytest.raises(Refused) as moved:
            refused()
        assert moved.value.code is StopCode.REPLAY_CONFLICT
    assert len(backend.batches()) == 2


def test_documents_that_have_changed_since_they_were_planned_are_named(at: Callable[[str], Passage]) -> None:
    site = BatchSite.of(at("fresh"), 3)
    backend, intake = site.passage.backend, site.passage.installation.intake
    source = BatchSource(path=intake)
    seen = backend.plan_batch(source)
    site.passage.write("law-2.md", text_of(22))
    site.passage.write("law-4.md", text_of(4))
    (intake / "law-3.md").unlink()
    with pytest.raises(Refused, match=r"law-2\.md has changed, law-4\.md is new, law-3\.md is gone") as refused:
        backend.start_planned_batch(source, seen, Mode.LIVE, OnFailure.STOP, quiet, unheard)
    assert refused.value.code is StopCode.REPLAY_CONFLICT
    assert backend.batches() == ()
    assert changed_documents(seen, seen.model_copy(update={"documents": seen.documents[::-1]})) == (
        "they stand in another order",
    )


def _while_somebody_works_no_move_is_legal(site: BatchSite, batch_id: str) -> None:
    """Neither shown nor accepted; one whose file is damaged hides no other one."""
    backend, root = site.passage.backend, site.passage.installation.root
    legal = backend.batch(batch_id).moves
    with BatchFolder.open(root, batch_id).working():
        view = backend.batch(batch_id)
        assert (view.at_work, view.moves) == (True, ())
        for refused in (lambda: site.arm(batch_id), lambda: site.resume(batch_id)):
            with pytest.raises(Refused) as locked:
                refused()
            assert locked.value.code is StopCode.LOCKED
    damaged = root / "runs" / "ictb-99990101T000000Z-00000000"
    damaged.mkdir()
    (damaged / "batch.json").write_text("{")
    first, second, *_ = backend.batches()
    assert ("is damaged" in first.phase, first.moves) == (True, ())
    assert (second.batch_id, second.moves) == (batch_id, legal)
    assert [view.batch_id for view in backend.batches(most=1)] == [damaged.name]
    (damaged / "batch.json").unlink()
    damaged.rmdir()


def test_a_batch_is_not_armed_without_a_dry_run_of_each_document(site: BatchSite) -> None:
    batch_id = site.start().batch_id
    site.sign(batch_id)
    with pytest.raises(Refused, match="green dry runs"):
        site.arm(batch_id)


def test_what_no_run_has_recorded_stops_every_member_of_a_batch(planned: BatchSite) -> None:
    """A member finds the database as it was planned for, beside what runs have recorded since; more is a drift."""
    site, probed = planned, list[str]()

    def grant(progress: Progress) -> None:
        if (progress.phase, progress.step) == (Phase.GRANT_PROBE, "begins"):
            probed.append(progress.run_id)
            if len(probed) == 2:
                site.passage.execute("GRANT SELECT ON public.information_unit TO PUBLIC")

    # The digest was computed for the member before, and a row that it was computed of has moved since.
    with pytest.raises(Drifted, match="grants, functions and triggers: planned"):
        site.passage.backend.start_batch(site.requests(Mode.LIVE), Mode.LIVE, OnFailure.SET_ASIDE, quiet, grant)
    site.passage.execute("REVOKE SELECT ON public.information_unit FROM PUBLIC")
    batch_id = site.newest().batch_id
    site.resume(batch_id)
    site.sign(batch_id)
    site.arm(batch_id)
    site.killed_in(lambda die: site.passage.backend.resume_batch(batch_id, None, quiet, die), Phase.CUT_LEG_A, 2)
    site.arm(batch_id)
    tamper(
        site.passage,
        "INSERT INTO cutter_governance.canonical_address_alias (alias, canonical_address) VALUES ('X/1', 'X/2')",
    )
    with pytest.raises(Drifted, match="canonical_address_alias"):
        site.resume(batch_id)
    with pytest.raises(Drifted, match=r"PRE-9 plan fits the database.*canonical_address_alias"):
        site.arm(batch_id)
    assert site.passage.backend.batch(batch_id).set_aside == ()


def test_a_member_shows_what_any_run_shows(waiting: BatchSite) -> None:
    """Its approval is checked with the signature over the batch; gates and reports find it so."""
    site, view = waiting, waiting.newest()
    site.sign(view.batch_id)
    backend, member = site.passage.backend, view.members[0]
    own = backend.check_statement(site.passage.installation.statement(member.run_id, "SG_1"))
    assert own.status is ApprovalStatus.IMPORTED
    assert [check.name for check in own.checks if check.outcome is Outcome.FAIL] == []
    assert backend.run(member.run_id).moves[0] is Move.ARM
    (approval,) = [check for check in backend.readiness(member.run_id).checks if "approval" in check.name]
    assert approval.outcome is Outcome.PASS
    site.arm(view.batch_id)
    site.resume(view.batch_id)
    (board,) = [gate for gate in backend.gates(("G8",)).gates if gate.gate == "G8"]
    assert [check.detail for check in board.checks if "signature" in check.name and check.outcome is Outcome.FAIL] == []
    chapter = " ".join(path.read_text() for path in Path(backend.report(member.run_id).directory).glob("*.md"))
    assert "the statement over its batch" in chapter


_TO_THE_PAUSE = (Phase.SOURCE_PIN, Phase.MARK, Phase.CUTPLAN, Phase.PRE_WRITE_BACKUP, Phase.GRANT_PROBE)
_THE_CUT = (Phase.CUT_LEG_A, Phase.STRUCTURAL_VERIFY, Phase.LEG_B_RECORD, Phase.WRITE_VERIFY)
_THE_LAW = (Phase.LIFECYCLE_ENACT, Phase.CLOSEOUT)


@pytest.mark.torture
def test_a_batch_that_is_killed_in_and_behind_every_phase_comes_to_law_with_nothing_doubled(
    at: Callable[[str], Passage],
) -> None:
    """The operator's hand alone goes on each time: resume, arm or enact."""
    number = 5  # Each pair of kills leaves one document behind it.
    site = BatchSite.of(at("fresh"), number)
    backend = site.passage.backend
    batch_id = site.to_first_pause().batch_id
    site.sign(batch_id)
    for phase in _THE_CUT:
        for kill in (site.killed_behind, lambda work, at: site.killed_in(work, at, 1)):
            site.arm(batch_id)
            kill(lambda die: backend.resume_batch(batch_id, None, quiet, die), phase)
    site.arm(batch_id)
    assert site.resume(batch_id).moves[0] is BatchMove.DRAFT_SG_2
    site.sign(batch_id)
    for phase in _THE_LAW:
        site.killed_behind(lambda die: backend.enact_batch(batch_id, batch_id, quiet, die), phase)
    view = site.enact(batch_id) if backend.batch(batch_id).moves[0] is BatchMove.ENACT else site.resume(batch_id)
    assert view.phase == "law"
    assert _count(site, "public.information_unit", "lifecycle_status = 'enacted'") == number * UNITS
    assert _count(site, "public.unit_version") == number * UNITS
    assert _count(site, "public.iu_lifecycle_log") == number * UNITS
    assert _count(site, "cutter_governance.approval_use") == 2 * number
    assert _count(site, "cutter_governance.manifest_seal") == number
    for member in view.members:
        assert backend.run(member.run_id).journal.startswith("PASS")


def test_a_batch_of_texts_that_begin_later_is_not_said_to_be_law(
    waiting: BatchSite, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SG_2 of a batch takes no later moment yet; what counts is that of the states, which another run can end as well."""
    batch_id = waiting.newest().batch_id
    waiting.sign(batch_id)
    waiting.arm(batch_id)
    waiting.resume(batch_id)
    waiting.sign(batch_id)
    closed = waiting.enact(batch_id)
    assert (closed.in_words, closed.is_law) == ("law", True)
    assert came_to(closed).endswith(" are law.")
    begins = (datetime.now(UTC) + timedelta(hours=48)).replace(second=30, microsecond=0)
    tamper(
        waiting.passage,
        f"UPDATE cutter_governance.approval SET in_force_from = '{begins.isoformat()}' WHERE kind = 'SG_2'",
    )

    isolation = isolation_of_standings(monkeypatch)
    view = waiting.newest()
    assert isolation == ["repeatable read"]

    words = f"law from {begins:%Y-%m-%d %H:%M} UTC"
    assert {member.became for member in view.members} == {words}
    assert (view.phase, view.in_words, view.is_law) == ("law", "enacted", False)
    assert {member_words(member, view.mode) for member in view.members} == {(words, "plain")}
    assert came_to(view).endswith(" are enacted.")
    assert " are enacted, 0 are drafts, " in written_by_batch(view)
    assert "became" not in json.loads(view.model_dump_json())["members"][0]
    for command in (["batch", "status", batch_id], ["batch", "list"]):
        main(["--root", str(waiting.passage.installation.root), *command])
        printed = capsys.readouterr().out
        assert re.search(r"\blaw\b(?! from)", printed.replace("LAW", "")) is None, printed
        assert "closeout_reported" not in printed
        assert (words in printed) == (command[1] == "status")


@pytest.mark.torture
def test_a_batch_that_is_killed_in_and_behind_every_phase_before_its_pause_is_started_once(
    site: BatchSite,
) -> None:
    backend, requests = site.passage.backend, site.requests(Mode.LIVE)
    site.killed_in(
        lambda die: backend.start_batch(requests, Mode.LIVE, OnFailure.STOP, quiet, die), Phase.SOURCE_PIN, 1
    )
    batch_id = site.newest().batch_id
    for phase in _TO_THE_PAUSE:
        site.killed_behind(lambda die: backend.resume_batch(batch_id, None, quiet, die), phase)
        if phase is not Phase.SOURCE_PIN:
            site.killed_in(lambda die: backend.resume_batch(batch_id, None, quiet, die), phase, 1)
    assert site.resume(batch_id).moves[0] is BatchMove.DRAFT_SG_1
    assert _count(site, "cutter_governance.run") == 3
    assert _count(site, "cutter_governance.batch") == 1
    assert _count(site, "cutter_governance.backup_proof") == 1


@pytest.mark.parametrize("how", ["altered", "missing", "no file of this report"])
def test_a_report_that_is_not_what_was_written_is_named_by_its_file(planned: BatchSite, how: str) -> None:
    """One that lacked a file ended the command without a word about which, behind what the batch had done."""
    backend, batch_id = planned.passage.backend, planned.newest().batch_id
    directory = Path(backend.report_batch(batch_id).directory)
    page, stranger = directory / "batch.md", directory / "more.md"
    match how:
        case "altered":
            page.write_text(page.read_text(encoding="utf-8").replace("LAW-1", "LAW-9"), encoding="utf-8")
        case "missing":
            page.unlink()
        case _:
            stranger.write_text("more", encoding="utf-8")
    with pytest.raises(Drifted, match=stranger.name if stranger.exists() else page.name) as refused:
        backend.report_batch(batch_id)
    assert refused.value.next_action.endswith(f"mv {directory} {directory}.altered")
    directory.rename(directory.with_name(f"{directory.name}.altered"))
    assert not backend.report_batch(batch_id).unchanged


def test_one_report_of_a_batch_has_one_directory_though_two_consoles_write_it(
    planned: BatchSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one had another number behind its name, as if it said something else."""
    backend, batch_id = planned.passage.backend, planned.newest().batch_id
    first = Path(backend.report_batch(batch_id).directory)
    exists = Path.exists
    looked: list[Path] = []

    def not_yet(path: Path, **options: bool) -> bool:
        if path == first and path not in looked:
            looked.append(path)
            return False
        return exists(path, **options)

    monkeypatch.setattr(Path, "exists", not_yet)
    again = backend.report_batch(batch_id)
    assert (Path(again.directory), again.unchanged, looked) == (first, True, [first])
    assert len(list(first.parent.glob(f"{batch_id}-*"))) == 1
