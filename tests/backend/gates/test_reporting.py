"""G10 goes red when the record cannot be believed any more, or cannot be written."""

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from console.backend.gates import reporting
from console.backend.gates.gate import Gate
from console.backend.gates.measurement import Measurement
from console.backend.gates.probe import Probe
from console.backend.gates.reporting import GATE, MIB, Place
from console.backend.host.regular_file import sha256_file
from console.backend.journal.journal import Journal, read_journal
from console.backend.journal.journal_record import RecordKind
from console.backend.model.outcome import Outcome
from console.backend.model.view_models import RunRequest
from console.backend.publication.sums import sums_of, verify_sums
from console.backend.reports.bundle.bundle import write_bundle
from console.backend.runs.operations import open_journal
from console.backend.runs.workspace import Workspace
from console.demo.keys import DemoKeys, create_demo_keys, stop_agent
from tests.backend.gates.conftest import is_red, measured, named
from tests.backend.postgres.signed_cut import event
from tests.backend.reports.conftest import all_gates
from tests.support.passage import Kept, Passage, silent
from tests.support.places import folder_of_tests

DRY_RUN = RunRequest(origin="file:law.md", docprefix="ACME-OTHER")


@pytest.fixture
def passage(at: Callable[[str], Passage]) -> Passage:
    """A site with a real run in it."""
    return at("waits for SG_2")


@pytest.fixture
def bundled(at: Callable[[str], Passage], kept: Kept) -> tuple[Passage, Path]:
    """The same site with a bundle, and the bundle's directory."""

    def make() -> Passage:
        passage = at("waits for SG_2")
        write_bundle(passage.installation, silent, gates=all_gates())
        return passage

    passage = kept("waits for SG_2, with a bundle", make)
    (directory,) = (passage.installation.root / "reports").glob("*-readiness")
    return passage, directory


def test_a_whole_bundle_and_whole_journals_pass(bundled: tuple[Passage, Path]) -> None:
    passage, _ = bundled
    report = measured(GATE, passage.installation)

    assert report.outcome is Outcome.PASS, report.detail
    assert "files as SHA256SUMS has them" in named(report, "last bundle").detail


def test_before_the_first_bundle_it_is_partial_and_names_the_command(passage: Passage) -> None:
    assert is_red(measured(GATE, passage.installation), "last bundle", Outcome.PARTIAL, action="cutter-console bundle")


def test_an_altered_document_is_named(bundled: tuple[Passage, Path]) -> None:
    passage, directory = bundled
    document = directory / "03-backup.md"
    document.write_text(document.read_text().replace("PASS", "pass"))

    report = measured(GATE, passage.installation)

    assert is_red(report, "last bundle", action="cutter-console bundle")
    assert "altered: 03-backup.md" in named(report, "last bundle").detail


def test_a_truncated_document_is_called_truncated(bundled: tuple[Passage, Path]) -> None:
    passage, directory = bundled
    document = directory / "10-final.md"
    os.truncate(document, 100)

    detail = named(measured(GATE, passage.installation), "last bundle").detail

    assert "truncated: 10-final.md, 100 of" in detail


def test_a_missing_document_is_named(bundled: tuple[Passage, Path]) -> None:
    passage, directory = bundled
    (directory / "06-targets.md").unlink()

    assert "missing: 06-targets.md" in named(measured(GATE, passage.installation), "last bundle").detail


@pytest.mark.parametrize("kind", ["file", "symlink"])
def test_an_extra_file_is_named(bundled: tuple[Passage, Path], kind: str) -> None:
    passage, directory = bundled
    stranger = directory / "11-more.md"
    stranger.write_text("more") if kind == "file" else stranger.symlink_to("10-final.md")

    report = measured(GATE, passage.installation)

    assert is_red(report, "last bundle")
    assert "extra: 11-more.md" in report.detail


def test_a_document_that_was_taken_out_of_the_sums_too_is_missed(bundled: tuple[Passage, Path]) -> None:
    passage, directory = bundled
    (directory / "10-final.md").unlink()
    sums = directory / "SHA256SUMS"
    sums.write_text("".join(line for line in sums.read_text().splitlines(keepends=True) if "10-final" not in line))

    assert "not listed in SHA256SUMS: 10-final.md" in named(measured(GATE, passage.installation), "last bundle").detail


@pytest.mark.parametrize("content", [b"", b"torn", b"0" * 64 + b"  ../../../etc/passwd\n", b"\xff\n", None])
def test_sums_that_cannot_be_used_are_red(bundled: tuple[Passage, Path], content: bytes | None) -> None:
    passage, directory = bundled
    sums = directory / "SHA256SUMS"
    sums.unlink()
    if content is not None:
        sums.write_bytes(content)

    report = measured(GATE, passage.installation)

    assert is_red(report, "last bundle")
    assert "SHA256SUMS" in named(report, "last bundle").detail


def test_the_newest_bundle_is_looked_at(bundled: tuple[Passage, Path]) -> None:
    passage, directory = bundled
    reports = passage.installation.root / "reports"
    old = directory
    stem = old.name.removesuffix("-readiness")
    for number in (9, 10):
        shutil.copytree(old, reports / f"{stem}-readiness-{number}")

    assert f"{stem}-readiness-10" in named(measured(GATE, passage.installation), "last bundle").detail


def test_a_draft_that_a_crash_left_is_red(passage: Passage) -> None:
    (passage.installation.root / "reports" / ".20260301T140300Z-readiness.part").mkdir(mode=0o750)

    assert is_red(measured(GATE, passage.installation), "unfinished bundles", action="cutter-console bundle")


@pytest.mark.parametrize(("mode", "outcome"), [(0o755, Outcome.FAIL), (0o770, Outcome.FAIL)])
def test_a_reports_directory_that_others_may_enter_is_red(passage: Passage, mode: int, outcome: Outcome) -> None:
    (passage.installation.root / "reports").chmod(mode)

    assert is_red(measured(GATE, passage.installation), "reports directory", outcome, action="chmod 0750")


def test_a_reports_directory_that_is_gone_is_inconclusive_with_the_command_that_makes_it(passage: Passage) -> None:
    shutil.rmtree(passage.installation.root / "reports")

    report = measured(GATE, passage.installation)

    assert is_red(report, "reports directory", Outcome.INCONCLUSIVE, action="cutter-console init")
    assert named(report, "journals").outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("place", "name", "outcome"),
    [
        (Place(mode=0o750, own=True, writable=False, free_bytes=1024 * MIB), "reports directory", Outcome.FAIL),
        (Place(mode=0o750, own=False, writable=True, free_bytes=1024 * MIB), "reports directory", Outcome.FAIL),
        (Place(mode=0o750, own=True, writable=True, free_bytes=10 * MIB), "free space", Outcome.FAIL),
        (Place(mode=0o750, own=True, writable=True, free_bytes=100 * MIB), "free space", Outcome.PARTIAL),
    ],
)
def test_a_place_that_cannot_take_reports_is_red(passage: Passage, place: Place, name: str, outcome: Outcome) -> None:
    def measure(probe: Probe) -> reporting.Facts:
        facts = reporting.measure(probe)
        return facts.model_copy(update={"place": Measurement[Place](evidence=facts.place.evidence, value=place)})

    changed = Gate(GATE.id, GATE.title, GATE.question, GATE.owner, measure, reporting.decide)

    assert is_red(measured(changed, passage.installation), name, outcome)


def journal(passage: Passage) -> Path:
    """The journal of the passage's run."""
    return next((passage.installation.root / "runs" / passage.run_id).glob("journal*"))


def test_a_truncated_journal_is_red_though_its_chain_is_whole(passage: Passage) -> None:
    lines = journal(passage).read_bytes().splitlines(keepends=True)
    journal(passage).write_bytes(b"".join(lines[:-2]))

    report = measured(GATE, passage.installation)

    assert is_red(report, "journals", action=f"cutter-console journal verify {passage.run_id}")
    assert passage.run_id in named(report, "journals").detail


def test_records_behind_the_last_anchor_alone_are_partial_and_the_next_action_anchors_them(passage: Passage) -> None:
    """`journal verify` was named, which said the same again and helped nobody."""
    workspace = Workspace.open(passage.installation.root, passage.run_id)
    with open_journal(passage.installation, workspace, workspace.request()) as journal:
        journal.append(RecordKind.NOTE, "a test")
    check = named(measured(GATE, passage.installation), "journals")
    assert check.outcome is Outcome.PARTIAL
    assert check.next_action.endswith(f"cutter-console run settle {passage.run_id}")
    passage.backend.settle(passage.run_id)
    assert named(measured(GATE, passage.installation), "journals").outcome is Outcome.PASS


def test_a_missing_journal_is_red(passage: Passage) -> None:
    journal(passage).unlink()

    report = measured(GATE, passage.installation)

    assert is_red(report, "journals")
    assert "missing" in named(report, "journals").detail


def test_an_edited_record_is_named(passage: Passage) -> None:
    lines = journal(passage).read_bytes().splitlines(keepends=True)
    lines[3] = lines[3].replace(b'"time":"2', b'"time":"3')
    journal(passage).write_bytes(b"".join(lines))

    report = measured(GATE, passage.installation)

    assert is_red(report, "journals")
    assert "3" in named(report, "journals").detail


LEFT = "SELECT cutter_console.fn_run_leave(%s, 'stopped', 'mine', %s)"
WRITTEN = "SELECT cutter_console.fn_event_write(%s, %s)"


@pytest.mark.parametrize(("role", "call"), [("cutter_exec", LEFT), ("postgres", WRITTEN)])
def test_an_event_that_this_journals_console_did_not_write_is_named_and_no_more_than_partial(
    passage: Passage, role: str, call: str
) -> None:
    with passage.connect(role) as connection:
        connection.execute(call.encode(), (passage.run_id, event("cut_leg_a", seq=1)))

    report = measured(GATE, passage.installation)

    assert is_red(report, "journals", Outcome.PARTIAL, action=f"cutter-console journal verify {passage.run_id}")
    assert f"(cut_leg_a, by {role} at" in named(report, "journals").detail


def test_a_journal_that_was_written_anew_is_red_whatever_a_stranger_says_for_it(
    passage: Passage, tmp_path: Path
) -> None:
    """Somebody with the files and a password, who has not the journal's key any more: it was another one."""
    records = read_journal(journal(passage))
    again = tmp_path / "journal.jsonl"
    with Journal.create(again, passage.run_id, passage.installation.context) as writer:
        for record in records[1:]:
            writer.append(record.kind, record.phase, record.fields)
        head = writer.head
    shutil.copyfile(again, journal(passage))
    passage.execute(WRITTEN, passage.run_id, event("rest", seq=head.sequence, head=head.hash))

    report = measured(GATE, passage.installation)

    assert is_red(report, "journals", action=f"cutter-console journal verify {passage.run_id}")
    assert "replaced or rewritten" in named(report, "journals").detail


def test_a_journal_of_another_run_in_its_place_is_red(passage: Passage) -> None:
    run = passage.backend.start(DRY_RUN, silent)
    other = passage.installation.root / "runs" / run.run_id
    shutil.copyfile(journal(passage), next(other.glob("journal*")))

    assert is_red(measured(GATE, passage.installation), "journals")


def test_a_dry_run_has_no_anchor_and_its_whole_journal_passes(passage: Passage) -> None:
    there = len(list((passage.installation.root / "runs").iterdir()))
    passage.backend.start(DRY_RUN, silent)

    check = named(measured(GATE, passage.installation), "journals")

    assert (check.outcome, check.detail) == (Outcome.PASS, f"{there + 1} journals are whole")


def test_a_run_whose_journal_is_on_another_host_is_partial(passage: Passage) -> None:
    shutil.rmtree(passage.installation.root / "runs" / passage.run_id)
    elsewhere = replace(passage.installation, context=replace(passage.installation.context, host="other"))

    assert is_red(measured(GATE, elsewhere), "journals", Outcome.PARTIAL)
    assert is_red(measured(GATE, passage.installation), "journals", Outcome.FAIL)


def test_an_altered_run_report_is_red(passage: Passage) -> None:
    report = passage.installation.root / "reports" / f"{passage.run_id}-0123abcd"
    report.mkdir(mode=0o750)
    (report / "01.md").write_text("one")
    (report / "SHA256SUMS").write_bytes(sums_of({"01.md": "0" * 64}))

    seen = measured(GATE, passage.installation)

    assert is_red(seen, "run reports", action=f"cutter-console report {passage.run_id}")
    assert "altered: 01.md" in named(seen, "run reports").detail


def test_sums_that_were_made_anew_beside_an_altered_run_report_are_red(passage: Passage) -> None:
    report = Path(passage.backend.report(passage.run_id).directory)
    next(report.glob("*-closeout.md")).write_text("all is well\n")
    listed = {path: sha256_file(report / path) for path in verify_sums(report).listed}
    (report / "SHA256SUMS").write_bytes(sums_of(listed))

    assert verify_sums(report).sound
    seen = measured(GATE, passage.installation)
    assert is_red(seen, "run reports", action=f"cutter-console report {passage.run_id}")
    assert "not the one that the directory is named by" in named(seen, "run reports").detail


def test_the_next_action_of_an_altered_run_report_makes_it_green_again(passage: Passage) -> None:
    report = Path(passage.backend.report(passage.run_id).directory)
    next(report.glob("*-closeout.md")).write_text("all is well\n")
    action = named(measured(GATE, passage.installation), "run reports").next_action

    move = action.partition(": ")[2].partition("; ")[0]
    subprocess.run(shlex.split(move), check=True)
    assert action.endswith(f"; cutter-console report {passage.run_id}")
    passage.backend.report(passage.run_id)

    assert named(measured(GATE, passage.installation), "run reports").outcome is Outcome.PASS


def test_of_an_unsigned_bundle_it_is_said_what_cannot_be_seen(bundled: tuple[Passage, Path]) -> None:
    passage, directory = bundled
    (directory / "01-precheck.md").write_text("all is well\n")
    listed = {path: sha256_file(directory / path) for path in verify_sums(directory).listed}
    (directory / "SHA256SUMS").write_bytes(sums_of(listed))

    assert "replaced together would not be seen" in named(measured(GATE, passage.installation), "signature").detail


def test_with_the_database_down_journals_are_inconclusive_and_files_are_still_checked(
    bundled: tuple[Passage, Path],
) -> None:
    passage, _ = bundled
    database = passage.installation.settings.database.model_copy(
        update={"monitor": "host=/nonexistent user=x dbname=y"}
    )
    report = measured(GATE, passage.settings(database=database).installation)

    assert is_red(report, "journals", Outcome.INCONCLUSIVE)
    assert named(report, "last bundle").outcome is Outcome.PASS


@pytest.fixture(scope="module")
def signer() -> Iterator[DemoKeys]:
    """A key ring whose keys sign; a test may add another one."""
    home = folder_of_tests("signer-")
    keys = create_demo_keys(home / "k")
    yield keys
    stop_agent(keys.home)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def signed(at: Callable[[str], Passage], kept: Kept, signer: DemoKeys) -> tuple[Passage, Path, DemoKeys]:
    """A signed bundle."""

    def make() -> Passage:
        passage = at("waits for SG_2")
        own = passage.settings(gnupg_home=str(signer.home))
        write_bundle(own.installation, silent, signer.sovereign_fingerprint, all_gates())
        return passage

    passage = kept(f"waits for SG_2, with a bundle signed by {signer.sovereign_fingerprint}", make)
    (directory,) = (passage.installation.root / "reports").glob("*-readiness")
    return passage.settings(gnupg_home=str(signer.home)), directory, signer


def test_a_signature_is_checked(signed: tuple[Passage, Path, DemoKeys]) -> None:
    passage, _, keys = signed

    assert keys.sovereign_fingerprint in named(measured(GATE, passage.installation), "signature").detail


def test_sums_that_were_made_anew_under_an_old_signature_are_red(signed: tuple[Passage, Path, DemoKeys]) -> None:
    passage, directory, _ = signed
    (directory / "01-precheck.md").write_text("all is well\n")
    listed = {path: sha256_file(directory / path) for path in verify_sums(directory).listed}
    (directory / "SHA256SUMS").write_bytes(sums_of(listed))

    report = measured(GATE, passage.installation)

    assert is_red(report, "signature", action="cutter-console bundle")
    assert verify_sums(directory).sound


def test_a_signature_that_was_taken_away_is_red(signed: tuple[Passage, Path, DemoKeys]) -> None:
    passage, directory, _ = signed
    (directory / "SHA256SUMS.asc").unlink()

    assert is_red(measured(GATE, passage.installation), "signature", action="cutter-console bundle")


def test_a_signature_by_another_key_than_the_record_names_is_red(signed: tuple[Passage, Path, DemoKeys]) -> None:
    passage, directory, keys = signed
    gpg = ["gpg", "--homedir", str(keys.home), "--batch", "--passphrase", ""]
    subprocess.run([*gpg, "--quick-generate-key", "another", "ed25519", "sign", "1d"], check=True, capture_output=True)
    another = ["--local-user", "=another", "--yes", "--armor", "--output", str(directory / "SHA256SUMS.asc")]
    subprocess.run([*gpg, *another, "--detach-sign", str(directory / "SHA256SUMS")], check=True, capture_output=True)

    seen = measured(GATE, passage.installation)
    assert is_red(seen, "signature", action="cutter-console bundle")
    assert f"its record names {keys.sovereign_fingerprint}" in named(seen, "signature").detail


def test_a_signature_by_a_key_that_is_not_in_the_ring_is_inconclusive(
    signed: tuple[Passage, Path, DemoKeys], gnupg_home: Path
) -> None:
    passage = signed[0].settings(gnupg_home=str(gnupg_home))
    assert is_red(measured(GATE, passage.installation), "signature", Outcome.INCONCLUSIVE, action="--import FILE")


def test_a_record_that_is_no_json_does_not_hide_the_rest(bundled: tuple[Passage, Path]) -> None:
    passage, directory = bundled
    (directory / "bundle.json").write_text(json.dumps(["no", "record"]))

    assert "altered: bundle.json" in named(measured(GATE, passage.installation), "last bundle").detail


def test_a_fifo_in_the_place_of_a_journal_is_red_and_nobody_waits_for_it(at: Callable[[str], Passage]) -> None:
    passage = at("waits for SG_1")
    journal = passage.installation.root / "runs" / passage.run_id / "journal.jsonl"
    journal.unlink()
    os.mkfifo(journal)

    report = measured(GATE, passage.installation)

    assert is_red(report, "journals")
    assert passage.run_id in named(report, "journals").detail
    assert passage.backend.runs()


def test_journals_that_have_not_had_their_turn_are_no_pass(passage: Passage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "ENOUGH_S", 0.0)
    monkeypatch.setattr(reporting, "_AT_ONCE", 1)
    monkeypatch.setattr(reporting, "LEAST", 1)
    check = named(measured(GATE, passage.installation), "journals")
    assert check.outcome is Outcome.PARTIAL
    assert check.detail.startswith("1 of 2 journals are whole: the newest, and others in turn")


def test_a_file_where_reports_belong_is_no_place_for_them(passage: Passage) -> None:
    reports = passage.installation.root / "reports"
    reports.rename(reports.with_name("moved"))
    reports.write_bytes(b"")
    report = measured(GATE, passage.installation)
    assert report.outcome is Outcome.INCONCLUSIVE
    assert f"{reports}: is not a directory" in report.detail


@pytest.mark.parametrize("record", ["[]", '{"documents": [{}]}', '{"documents": 7}', "{"])
def test_a_record_of_another_shape_takes_nothing_from_what_the_sums_say(
    bundled: tuple[Passage, Path], record: str
) -> None:
    passage, directory = bundled
    (directory / "10-final.md").write_text("Short.\n")
    (directory / "bundle.json").write_text(record)
    sums = directory / "SHA256SUMS"
    lines = [line for line in sums.read_text().splitlines(keepends=True) if "bundle.json" not in line]
    sums.write_text("".join([*lines, f"{sha256_file(directory / 'bundle.json')}  bundle.json\n"]))
    report = measured(GATE, passage.installation)
    assert is_red(report, "last bundle")
    assert "10-final.md" in named(report, "last bundle").detail
