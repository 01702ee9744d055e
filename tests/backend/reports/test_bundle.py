"""The bundle: whole or not at all, never better than its worst gate, inert, and checked by the program that everybody has."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from console.backend.host.durable import write_durably
from console.backend.host.gpg import agent_runs
from console.backend.model.errors import CutterError, Refused
from console.backend.model.outcome import Check, Evidence, Outcome, worst
from console.backend.model.readiness import Board, BundleView, GateReport, Letter, Owner
from console.backend.model.view_models import Progress
from console.backend.publication import publishing
from console.backend.publication.pages import DOCUMENTS, owner_of_step
from console.backend.publication.publishing import Unpublished
from console.backend.publication.signing import Unsigned, check_signature
from console.backend.publication.sums import verify_sums
from console.backend.release.pins import manifest_path
from console.backend.reports.bundle import summary
from console.backend.reports.bundle.bundle import write_bundle
from console.backend.reports.bundle.non_mutation_checks import Statement
from console.backend.service import BackendService
from console.demo.keys import DemoKeys, create_demo_keys, stop_agent
from tests.backend.reports.conftest import MOMENT, all_gates, settled
from tests.backend.reports.test_non_mutation import without_database
from tests.support.passage import Passage, Stages, silent
from tests.support.places import folder_of_tests

TEN = tuple(file for file, _, _ in DOCUMENTS)


def at_a_pinned_time(made: Passage) -> Passage:
    """The same site, where it is always the same moment."""
    pinned = datetime(2026, 3, 1, 14, 3, tzinfo=UTC)
    return made.with_site(replace(made.installation, context=replace(made.installation.context, now=lambda: pinned)))


@pytest.fixture
def passage(at: Callable[[str], Passage]) -> Passage:
    """A site with a real run in it, at a pinned time."""
    return at_a_pinned_time(at("waits for SG_2"))


@dataclass(frozen=True)
class Green:
    """A bundle of green gates, as it was written: the tests that ask for it only read it."""

    written: BundleView
    directory: Path
    heard: list[Progress]
    synced: list[str]


@pytest.fixture(scope="module")
def green(stages_of_a_run: Stages, tmp_path_factory: pytest.TempPathFactory) -> Green:
    """All gates are green and nothing changes; kept elsewhere, because the next test has another site."""
    passage, real = at_a_pinned_time(stages_of_a_run.at("waits for SG_2")), os.fsync
    heard: list[Progress] = []
    synced: list[str] = []

    def note(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", note)
        written = write_bundle(passage.installation, heard.append, gates=all_gates())
    directory = tmp_path_factory.mktemp("green") / Path(written.directory).name
    shutil.copytree(written.directory, directory)
    return Green(written, directory, heard, synced)


def names(passage: Passage) -> list[str]:
    """What of bundles lies in reports/."""
    return sorted(path.name for path in (passage.installation.root / "reports").iterdir() if "readiness" in path.name)


def final_of(directory: str) -> str:
    """The last document."""
    return (Path(directory) / "10-final.md").read_text(encoding="utf-8")


def test_ten_documents_a_record_and_sums_that_everybody_can_check(green: Green) -> None:
    directory = green.directory
    assert directory.name == "20260301T140300Z-readiness"
    assert {path.name for path in directory.iterdir()} >= {*TEN, "bundle.json", "SHA256SUMS"}
    checked = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=directory, check=False, capture_output=True
    )
    assert checked.returncode == 0, checked.stderr
    assert directory.stat().st_mode & 0o777 == 0o750
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir() if path.is_file()} == {0o640}


def test_all_gates_green_and_nothing_changed_is_an_a(green: Green) -> None:
    assert (green.written.letter, green.written.gaps) == (Letter.A, ())
    assert final_of(str(green.directory)).startswith("OUTCOME: A — ready")


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.INCONCLUSIVE])
def test_a_gate_that_fails_or_cannot_be_measured_blocks(passage: Passage, outcome: Outcome) -> None:
    written = write_bundle(
        passage.installation, silent, gates=all_gates(G4=settled("G4", outcome, "the trigger is off"))
    )

    assert written.letter is Letter.C
    assert "the trigger is off" in final_of(written.directory)
    assert f"**{outcome}.**" in (Path(written.directory) / "04-revert.md").read_text()


def test_a_gate_that_was_not_asked_blocks_and_one_that_no_document_knows_stands_in_the_last_one(
    passage: Passage,
) -> None:
    written = write_bundle(passage.installation, silent, gates=(*all_gates()[:-1], settled("G11")))

    assert written.letter is Letter.C
    assert any(gap.startswith("G10 (operator), NOT_RUN") for gap in written.gaps)
    assert "## G11 Title of G11" in final_of(written.directory)


def _board(outcomes: dict[str, Outcome]) -> Board:
    evidence = Evidence(id="x", asked="a", source="b", answer="c", measured_at=MOMENT)
    reports = tuple(
        GateReport(
            gate=name,
            title=name,
            question="?",
            owner=Owner.OPERATOR,
            outcome=outcome,
            checks=(Check(name="c", outcome=outcome, detail="d", evidence=(evidence,), next_action="n"),),
            measured_at=MOMENT,
            took_ms=1,
        )
        for name, outcome in outcomes.items()
    )
    return Board(gates=reports, outcome=worst(list(outcomes.values())), measured_at=MOMENT, took_ms=1, deadline_s=1)


_IDS = [name for _, _, ids in DOCUMENTS for name in ids]


@given(st.dictionaries(st.sampled_from(_IDS), st.sampled_from(Outcome)), st.lists(st.sampled_from(Outcome), max_size=3))
@settings(max_examples=200)
def test_the_letter_is_never_better_than_the_worst_gate_or_statement(
    outcomes: dict[str, Outcome], said: list[Outcome]
) -> None:
    told = tuple(
        Statement(forbidden="f", sentence="s", outcome=one, before="", after="", evidence=("x",), next_action="n")
        for one in said
    )
    reached = summary.letter(_board(outcomes), told)
    every = [*outcomes.values(), *said, *(Outcome.NOT_RUN for name in _IDS if name not in outcomes)]

    assert (reached is Letter.A) == all(one is Outcome.PASS for one in every)
    assert (reached is Letter.B) == (worst(every) is Outcome.PARTIAL)
    assert bool(summary.gaps(_board(outcomes), told)) == (reached is not Letter.A)


def test_a_change_while_it_is_measured_makes_a_c_and_is_told(passage: Passage) -> None:
    stranger = passage.installation.root / "artifacts" / "stranger"
    meddling = replace(settled("G5"), measure=lambda _: stranger.write_text("x"), decide=settled_checks)  # type: ignore[type-var]

    written = write_bundle(passage.installation, silent, gates=all_gates(G5=meddling))

    assert (written.letter, written.board.outcome, written.outcome) == (Letter.C, Outcome.PASS, Outcome.FAIL)
    assert "stranger: not there before" in final_of(written.directory).replace("\\", "")
    assert "No file of the runtime tree outside reports/ was made" not in final_of(written.directory)


def settled_checks(_measured: object) -> tuple[Check, ...]:
    """One check that passes."""
    evidence = Evidence(id="G5.fact", asked="a", source="b", answer="c", measured_at=MOMENT)
    return (Check(name="c", outcome=Outcome.PASS, detail="d", evidence=(evidence,)),)


def test_what_blocks_comes_first_and_one_cause_is_told_once() -> None:
    evidence = Evidence(id="x", asked="a", source="b", answer="c", measured_at=MOMENT)
    down = [
        Check(name=name, outcome=Outcome.INCONCLUSIVE, detail="down", evidence=(evidence,), next_action="start it")
        for name in ("one", "two")
    ]
    board = _board({"G0": Outcome.PARTIAL, "G1": Outcome.INCONCLUSIVE, "G2": Outcome.FAIL})
    unmeasured = board.gates[1].model_copy(update={"checks": tuple(down)})
    found = summary.gaps(board.model_copy(update={"gates": (board.gates[0], unmeasured, board.gates[2])}), ())

    assert [gap.gate for gap in found][:2] == ["G2", "G1"]
    assert found[1].what == "one, two: down"
    assert summary.headline(Letter.C, found, 3).startswith("blocked: G2 failed; G1 could not be measured; G3,")


@pytest.mark.parametrize(
    ("owner", "action", "expected"),
    [
        (Owner.OPERATOR, "On the workstation: python -m pytest", Owner.WORKSTATION),
        (Owner.WORKSTATION, "Change it on the workstation, then: cutter-console manifest verify", Owner.WORKSTATION),
        (Owner.WORKSTATION, "See cutter-console hold show; then: cutter-console gates G5", Owner.OPERATOR),
        (Owner.WORKSTATION, "Make it measurable, then: cutter-console gates G5", Owner.OPERATOR),
        (Owner.SOVEREIGN, "cutter-console approval draft RUN", Owner.OPERATOR),
        (Owner.SOVEREIGN, "Have it signed elsewhere, then: cutter-console approval import S", Owner.SOVEREIGN),
        (Owner.SOVEREIGN, "Write the policy file again.", Owner.SOVEREIGN),
    ],
)
def test_a_step_belongs_to_whoever_sits_where_it_is_taken(owner: Owner, action: str, expected: Owner) -> None:
    assert owner_of_step(owner, action) is expected


def test_a_step_that_two_gates_ask_for_is_a_b_and_is_told_and_counted_once(passage: Passage) -> None:
    both = {name: settled(name, Outcome.PARTIAL, repair="Write the policy file again.") for name in ("G7", "G9")}

    written = write_bundle(passage.installation, silent, gates=all_gates(**both))

    final = final_of(written.directory)
    assert len(written.gaps) == 2
    assert "(for G7, G9): Write the policy file again." in final
    assert final.startswith("OUTCOME: B — ready but for 1 named step\n")


def test_a_next_action_is_a_paragraph_of_its_own(passage: Passage) -> None:
    partly = settled("G6", Outcome.PARTIAL, repair="cutter-console plan FILE")

    final = final_of(write_bundle(passage.installation, silent, gates=all_gates(G6=partly)).directory)

    assert final.startswith("OUTCOME: B — ready but for 1 named step\n")
    paragraphs = [token.content for token in MarkdownIt().parse(final) if token.type == "inline"]
    assert paragraphs.count("Next action: `cutter-console plan FILE`") == 2


def test_with_the_database_down_there_are_still_ten_documents_that_say_so(passage: Passage) -> None:
    down = BackendService(without_database(passage))

    written = down.bundle(silent)

    assert written.letter is Letter.C
    assert verify_sums(Path(written.directory)).sound
    final = final_of(written.directory)
    assert "not measured: STOP\\_UNREACHABLE" in final or "not measured: STOP_UNREACHABLE" in final
    assert "| Rows written, changed or removed | INCONCLUSIVE |" in final
    assert "No row of the console's tables was written" not in final


def test_what_is_to_be_accepted_is_named_and_what_identifies_a_release_without_a_commit(passage: Passage) -> None:
    path = manifest_path(passage.installation)
    manifest = json.loads(path.read_bytes())
    path.write_text(json.dumps({**manifest, "commit": "", "clean": False, "no_commit": "git is not installed"}))

    final = final_of(write_bundle(passage.settings(untested=True).installation, silent, gates=all_gates()).directory)

    assert f"not known: git is not installed; the release is identified by its {len(manifest['files'])} files" in final
    assert "**To be accepted by name:** solo: YES" in final
    assert "**To be accepted by name:** untested: YES" in final


def test_an_allowance_is_what_is_set_and_not_what_a_name_says(passage: Passage) -> None:
    final = final_of(
        write_bundle(replace(passage.installation, operator="mallory: YES"), silent, gates=all_gates()).directory
    )

    assert "mallory: YES" in final
    assert final.count("**To be accepted by name:**") == 1


HOSTILE = "x|y\n# head [a](javascript:b) <script>alert(1)</script> `z` ![i](http://e) \x1b[31m\u202e **b** ~~s~~"


def test_hostile_text_is_inert_in_every_document(passage: Passage) -> None:
    gates = tuple(settled(name, Outcome.FAIL, HOSTILE, HOSTILE) for _, _, ids in DOCUMENTS for name in ids)
    installation = replace(passage.installation, operator=HOSTILE)

    directory = Path(write_bundle(installation, silent, gates=gates).directory)

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    for name in TEN:
        text = (directory / name).read_text(encoding="utf-8")
        assert "\x1b" not in text
        assert "\u202e" not in text
        tokens = parser.parse(text)
        inline = {child.type for token in tokens for child in token.children or ()}
        assert inline <= {"text", "text_special", "softbreak", "code_inline", "strong_open", "strong_close"}, name
        assert not [token for token in tokens if token.type in {"html_block", "fence", "code_block"}]
        assert not any("head" in token.content for token in headings(tokens))
        widths = [row.count(" | ") for row in text.splitlines() if row.startswith("| ")]
        assert max(widths) <= 6


def headings(tokens: list[Token]) -> Iterator[Token]:
    """The inline tokens of the headings."""
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            yield tokens[at + 1]


def test_no_secret_reaches_a_document_or_the_record(passage: Passage) -> None:
    leak = settled("G2", Outcome.FAIL, "postgresql://u:hunter2@db/x password=hunter3", "PGPASSWORD=hunter4 psql")

    directory = Path(write_bundle(passage.installation, silent, gates=all_gates(G2=leak)).directory)

    for path in directory.rglob("*"):
        if path.is_file():
            assert b"hunter" not in path.read_bytes(), path.name
            assert passage.installation.settings.database.monitor.encode() not in path.read_bytes(), path.name


def test_the_record_holds_the_same_for_programs(green: Green) -> None:
    record = json.loads((green.directory / "bundle.json").read_bytes())

    assert record["schema"] == "cutter-console/bundle/1"
    assert (record["final"]["letter"], record["name"]) == ("A", green.directory.name)
    ids = {piece["id"] for piece in record["evidence"]}
    cited = {name for one in record["final"]["statements"] for name in one["evidence"]}
    assert cited <= ids
    assert {one["name"] for one in record["documents"]} >= set(TEN)


def test_the_off_host_package_lies_beside_the_documents_under_the_same_sums(passage: Passage) -> None:
    without_key = passage.settings(backup_gpg_fpr="A" * 40)

    directory = Path(write_bundle(without_key.installation, silent, gates=all_gates()).directory)

    assert "off-host/INSTRUCTIONS.md" in verify_sums(directory).listed
    for where in (directory, directory / "off-host"):
        subprocess.run(["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=where, check=True, capture_output=True)
    assert "INSTRUCTIONS.md" in (directory / "09-off-host-package.md").read_text()


def test_two_bundles_in_one_second_get_two_names(passage: Passage) -> None:
    for _ in range(2):
        write_bundle(passage.installation, silent, gates=all_gates())

    assert names(passage) == ["20260301T140300Z-readiness", "20260301T140300Z-readiness-2"]


def test_progress_is_told_step_by_step(green: Green) -> None:
    assert [one.done for one in green.heard] == list(range(6))
    assert {one.total for one in green.heard} == {5}


@pytest.mark.parametrize("nth", range(1, 13))
def test_where_any_write_fails_nothing_has_the_final_name(
    passage: Passage, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    real, count = write_durably, iter(range(1, 100))

    def full(target: Path, data: bytes) -> None:
        if next(count) == nth:
            target.write_bytes(data[: len(data) // 2])
            raise OSError(28, "No space left on device", str(target))
        real(target, data)

    monkeypatch.setattr(publishing, "write_durably", full)

    with pytest.raises(Unpublished, match="No space left"):
        write_bundle(passage.installation, silent, gates=all_gates())
    assert names(passage) == []


def test_where_the_rename_fails_nothing_has_the_final_name(passage: Passage, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise OSError(5, "Input/output error", str(target))

    monkeypatch.setattr(Path, "rename", refuse)

    with pytest.raises(Unpublished):
        write_bundle(passage.installation, silent, gates=all_gates())
    assert names(passage) == []


def test_every_file_and_directory_is_synced_before_the_name_is_given(green: Green) -> None:
    seen = [Path(path).name for path in green.synced]
    assert {*TEN, "bundle.json", "SHA256SUMS"} <= set(seen)
    assert seen[-2:] == [f".{green.directory.name}.part", "reports"]


def test_a_draft_that_a_crash_left_is_removed_and_told(passage: Passage) -> None:
    left = passage.installation.root / "reports" / ".20260228T100000Z-readiness.part"
    left.mkdir(mode=0o750)
    (left / "01-precheck.md").write_text("half")

    written = write_bundle(passage.installation, silent, gates=all_gates())

    assert not left.exists()
    assert "20260228T100000Z-readiness.part, an unfinished draft" in final_of(written.directory)


def test_a_draft_that_another_console_is_writing_is_left_alone(passage: Passage) -> None:
    theirs = passage.installation.root / "reports" / ".20260301T140300Z-readiness.part"
    theirs.mkdir(mode=0o750)
    lock = os.open(theirs, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        written = write_bundle(passage.installation, silent, gates=all_gates())
    finally:
        os.close(lock)

    assert theirs.is_dir()
    assert written.directory.endswith("-readiness-2")


def test_a_monitoring_console_writes_no_bundle(passage: Passage) -> None:
    with pytest.raises(Refused, match="read-only"):
        BackendService(passage.installation, read_only=True).bundle(silent)


def test_without_a_reports_directory_it_says_what_to_do(passage: Passage) -> None:
    (passage.installation.root / "reports").rename(passage.installation.root / "elsewhere")

    with pytest.raises(CutterError, match="reports") as refused:
        write_bundle(passage.installation, silent, gates=all_gates())
    assert refused.value.next_action


def test_through_a_symlink_nothing_is_written(passage: Passage, tmp_path: Path) -> None:
    reports = passage.installation.root / "reports"
    reports.rename(passage.installation.root / "elsewhere")
    reports.symlink_to(tmp_path)

    with pytest.raises(Unpublished, match="is a symlink"):
        write_bundle(passage.installation, silent, gates=all_gates())
    with pytest.raises(Unpublished, match="is a symlink"):
        passage.backend.report(passage.run_id)
    assert list(tmp_path.iterdir()) == []


_KILLED = """
import os, signal, sys
from pathlib import Path
from console.backend.host.context import Context
from console.backend.publication import publishing, signing
from console.backend.reports.bundle.bundle import write_bundle
from console.backend.reports.run.report import write_run_report
from console.backend.host.installation import Installation
from console.backend.host.settings import load_settings
root, what, nth, run_id = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
calls = iter(range(1, 10_000))
def die(*_):
    if next(calls) == nth:
        os.kill(os.getpid(), signal.SIGKILL)
real = os.fsync
os.fsync = lambda descriptor: (die(), real(descriptor))[1]
site = Installation(Context(root=root), load_settings(root), "somebody")
if what == "report":
    write_run_report(site, run_id)
else:
    write_bundle(site, die if what == "step" else lambda _: None, gates=())
"""


@pytest.mark.parametrize(
    ("what", "nth"), [*(("step", n) for n in range(1, 6)), *(("file", n) for n in (1, 7, 13)), *(("report", n) for n in (1, 9, 15))]
)  # fmt: skip
def test_a_kill_at_any_moment_leaves_no_final_name_and_the_next_bundle_removes_the_draft(
    passage: Passage, what: str, nth: int
) -> None:
    reports = passage.installation.root / "reports"
    before = set(reports.iterdir())
    command = [sys.executable, "-c", _KILLED, str(passage.installation.root), what, str(nth), passage.run_id]
    done = subprocess.run(command, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr

    left = set(reports.iterdir()) - before
    assert [path for path in left if not path.name.startswith(".")] == []
    assert len(left) == 1

    final = final_of(write_bundle(passage.installation, silent, gates=all_gates()).directory)
    assert not any(path.exists() for path in left)
    assert "an unfinished draft that a crash had left" in final
    if what == "report":
        assert verify_sums(Path(passage.backend.report(passage.run_id).directory)).sound


def test_a_report_can_be_written_after_a_kill_in_the_middle_of_it(passage: Passage) -> None:
    command = [sys.executable, "-c", _KILLED, str(passage.installation.root), "report", "5", passage.run_id]
    assert subprocess.run(command, check=False, capture_output=True).returncode == -signal.SIGKILL

    written = Path(passage.backend.report(passage.run_id).directory)

    assert verify_sums(written).sound
    assert not list(written.parent.glob(".ictr-*"))


def test_a_report_that_another_console_is_writing_is_refused_with_what_to_do(passage: Passage) -> None:
    written = Path(passage.backend.report(passage.run_id).directory)
    shutil.rmtree(written)
    theirs = written.with_name(f".{written.name}.part")
    theirs.mkdir(mode=0o750)
    lock = os.open(theirs, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        with pytest.raises(Refused, match="another console is writing") as refused:
            passage.backend.report(passage.run_id)
    finally:
        os.close(lock)

    assert refused.value.next_action.endswith(f"cutter-console report {passage.run_id}")
    assert theirs.is_dir()


@pytest.fixture(scope="module")
def signer() -> Iterator[DemoKeys]:
    """A key ring with a key that signs."""
    home = folder_of_tests("signer-")
    keys = create_demo_keys(home / "k")
    yield keys
    stop_agent(keys.home)
    shutil.rmtree(home, ignore_errors=True)


def test_a_signed_bundle_verifies_and_leaves_no_agent_behind(passage: Passage, signer: DemoKeys) -> None:
    installation = passage.settings(gnupg_home=str(signer.home)).installation

    written = write_bundle(installation, silent, signer.sovereign_fingerprint, all_gates())

    directory = Path(written.directory)
    seen = check_signature(directory / "SHA256SUMS", directory / "SHA256SUMS.asc", signer.home)
    assert (seen.outcome, seen.primary) == (Outcome.PASS, signer.sovereign_fingerprint)
    assert (directory / "SHA256SUMS.asc").stat().st_mode & 0o777 == 0o640
    assert not agent_runs(signer.home)
    assert verify_sums(directory).sound
    assert signer.sovereign_fingerprint in final_of(written.directory)


@pytest.mark.parametrize("fingerprint", ["A" * 40, "nobody@example.org", ""])
def test_where_gpg_cannot_sign_nothing_is_published(passage: Passage, signer: DemoKeys, fingerprint: str) -> None:
    installation = passage.settings(gnupg_home=str(signer.home)).installation

    with pytest.raises(Unsigned) as refused:
        write_bundle(installation, silent, fingerprint or signer.backup_fingerprint[:16], all_gates())
    assert refused.value.next_action
    assert names(passage) == []


def test_what_is_no_fingerprint_is_refused_before_anything_is_measured(passage: Passage) -> None:
    seen: list[Progress] = []

    with pytest.raises(Unsigned, match="no full fingerprint"):
        write_bundle(passage.installation, seen.append, "XYZ", all_gates())

    assert seen == []


def test_without_a_runtime_tree_the_command_that_makes_it_is_named(passage: Passage, tmp_path: Path) -> None:
    nowhere = replace(passage.installation, context=replace(passage.installation.context, root=tmp_path / "none"))

    with pytest.raises(Unpublished) as refused:
        write_bundle(nowhere, silent, gates=())

    assert "cutter-console init" in refused.value.next_action
