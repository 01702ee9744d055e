"""What lies in reports/: kinds by names, a verdict that sees every change, texts of the bytes that were verified, copies."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.host.installation import Installation
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import CutterError, Drifted, Refused, Unmeasured, UsageError
from console.backend.model.outcome import Outcome
from console.backend.publication.publishing import published
from console.backend.publication.signing import sign_sums
from console.backend.publication.sums import SIGNATURE, SUMS, sums_of
from console.backend.reports.shelf import (
    ReportKind,
    ReportVerdict,
    export_report,
    kind_of,
    list_reports,
    report_text,
    verify_reports,
)
from console.backend.service import BackendService
from console.demo.keys import create_demo_keys, stop_agent
from tests.support.passage import Passage

At = Callable[[str], Passage]
RUN = "ictr-20260301T135200Z-9f3c21ab"
BATCH = "ictb-20260301T113000Z-0badcafe"
BUNDLE = "20260301T120300Z-readiness"


@pytest.fixture
def site(at: At) -> Passage:
    return at("fresh")


def _write(installation: Installation, name: str, files: dict[str, str], signer: str = "") -> Path:
    """A report as the program writes one."""
    with published(installation.root / "reports", name) as draft:
        for file, text in files.items():
            draft.write(file, text.encode())
        draft.write_sums()
        if signer:
            sign_sums(draft.path / SUMS, draft.path / SIGNATURE, signer, installation.gnupg_home)
    return installation.root / "reports" / draft.name


def _run_report(installation: Installation, files: dict[str, str] | None = None) -> Path:
    files = files or {"01-source-pin.md": "# Điều\n", "report.json": "{}\n"}
    sums = sums_of({name: sha256_hex(text.encode()) for name, text in files.items()})
    return _write(installation, f"{RUN}-{sha256_hex(sums)[:8]}", files)


def _bundle(installation: Installation, signer: str, named: str | None = None) -> Path:
    record = json.dumps({"final": {"signing": signer if named is None else named}, "documents": []})
    return _write(installation, BUNDLE, {"10-final.md": "# Final\n", "bundle.json": record}, signer)


def _sovereign(installation: Installation) -> str:
    from console.backend.approvals.policy import load_policy

    return load_policy(installation.policy).signers[0].fingerprint


def _verdict(installation: Installation, path: Path) -> ReportVerdict:
    (verdict,) = verify_reports(installation, (path.name,))
    return verdict


def test_a_report_of_a_run_is_listed_and_verified(at: At) -> None:
    passage = at("waits for SG_1")
    written = passage.backend.report(passage.run_id)
    (entry,) = (each for each in passage.backend.reports().reports if each.subject == passage.run_id)
    assert (entry.kind, entry.subject, entry.path) == (ReportKind.RUN, passage.run_id, written.directory)
    (verdict,) = passage.backend.verify_reports((entry.name,))
    assert (verdict.outcome, verdict.sums_sha256, verdict.signature) == (
        Outcome.PASS,
        written.sums_sha256,
        "not signed",
    )
    assert [file.name for file in verdict.files] == sorted((*written.documents, "report.json"))


def test_the_kind_of_a_directory_is_in_its_name() -> None:
    kinds = {
        f"{RUN}-00c0ffee": (ReportKind.RUN, RUN),
        f"{BATCH}-00c0ffee": (ReportKind.BATCH, BATCH),
        f"{BATCH}-00c0ffee-2": (ReportKind.BATCH, BATCH),
        BUNDLE: (ReportKind.BUNDLE, ""),
        f"{BUNDLE}-12": (ReportKind.BUNDLE, ""),
        f"{RUN}-00c0ffee.altered": (ReportKind.ASIDE, RUN),
        f".{RUN}-00c0ffee.part": (ReportKind.DRAFT, RUN),
        "notes": (ReportKind.OTHER, ""),
        f"{RUN}": (ReportKind.OTHER, ""),
        f"{RUN}-٠٠c0ffee": (ReportKind.OTHER, ""),
    }
    assert {name: kind_of(name) for name in kinds} == kinds


@pytest.mark.parametrize(
    ("damage", "state", "told"),
    [
        (lambda path: (path / "report.json").write_text("[]\n"), "ALTERED", "altered: report.json"),
        (lambda path: (path / "report.json").unlink(), "MISSING", "missing: report.json"),
        (lambda path: (path / "more.md").write_text("x"), "NOT LISTED", "extra: more.md"),
    ],
    ids=["altered", "missing", "extra"],
)
def test_every_change_of_a_file_is_a_fail_in_words(
    site: Passage, damage: Callable[[Path], None], state: str, told: str
) -> None:
    path = _run_report(site.installation)
    damage(path)
    verdict = _verdict(site.installation, path)
    assert (verdict.outcome, verdict.detail) == (Outcome.FAIL, f"NOT AS IT WAS WRITTEN: {told}")
    assert [file.state for file in verdict.files if not file.is_sound] == [state]


def test_sums_that_were_made_again_are_not_those_that_the_name_has(site: Passage) -> None:
    installation = site.installation
    run = _run_report(installation)
    batch_files = {"batch.json": "{}", "batch.md": "# Batch\n"}
    batch = _write(installation, f"{BATCH}-{sha256_hex(''.join(batch_files.values()).encode())[:8]}", batch_files)
    assert {v.outcome for v in verify_reports(installation, (run.name, batch.name))} == {Outcome.PASS}
    for path, file in ((run, "report.json"), (batch, "batch.md")):
        (path / file).write_text("changed\n")
        names = (each.name for each in path.iterdir() if each.name != SUMS)
        (path / SUMS).write_bytes(sums_of({name: sha256_hex((path / name).read_bytes()) for name in names}))
        verdict = _verdict(installation, path)
        assert verdict.outcome is Outcome.FAIL, file
        assert "named by" in verdict.detail


def test_a_signature_counts_if_its_signer_is_the_one_that_the_record_names(site: Passage, gnupg_home: Path) -> None:
    installation, signer = site.installation, _sovereign(site.installation)
    good = _bundle(installation, signer)
    assert (_verdict(installation, good).outcome, _verdict(installation, good).signature) == (
        Outcome.PASS,
        f"signed by {signer}",
    )
    another = _bundle(installation, signer, named="A" * 40)
    assert _verdict(installation, another).outcome is Outcome.FAIL
    assert f"and its record names {'A' * 40}" in _verdict(installation, another).detail
    (another / SIGNATURE).unlink()
    assert "its record says that it is signed" in _verdict(installation, another).detail
    # Changed after signing: both the files and what they mean for the signature.
    (good / "10-final.md").write_text("# Better\n")
    verdict = _verdict(installation, good)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.signature == f"signed by {signer}; the files are not those that were signed"
    keys = create_demo_keys(gnupg_home / "k")
    stop_agent(keys.home)
    settings = installation.settings.model_copy(update={"gnupg_home": str(keys.home)})
    stranger = Installation(installation.context, settings, installation.operator)
    sound = _bundle(installation, signer)
    verdict = _verdict(stranger, sound)
    assert (verdict.outcome, verdict.signature) == (
        Outcome.INCONCLUSIVE,
        "the signer's public key is not in the key ring",
    )


@pytest.mark.parametrize("sums", ["", "no sums\n", "00  ../../etc/passwd\n", "\xff\n"], ids=repr)
def test_sums_that_are_none_are_told_and_end_nothing(site: Passage, sums: str) -> None:
    path = _run_report(site.installation)
    (path / SUMS).write_text(sums, encoding="latin-1")
    verdict = _verdict(site.installation, path)
    assert verdict.outcome is Outcome.FAIL
    assert "NOT AS IT WAS WRITTEN: SHA256SUMS" in verdict.detail
    text = report_text(site.installation, path.name, "report.json")
    assert text.state == "NOT COMPARED: SHA256SUMS cannot be used"


def test_what_is_not_published_is_told_and_a_link_is_no_report(site: Passage) -> None:
    installation = site.installation
    reports = installation.root / "reports"
    (reports / f".{RUN}-00c0ffee.part").mkdir()
    (reports / "elsewhere").symlink_to("/etc")
    (reports / "file").write_text("x")
    (entry,) = list_reports(installation).reports
    assert (entry.kind, entry.subject, entry.is_abandoned) == (ReportKind.DRAFT, RUN, True)
    assert _verdict(installation, reports / entry.name).outcome is Outcome.PARTIAL
    with pytest.raises(UsageError, match="is not in"):
        report_text(installation, "elsewhere", "passwd")


def test_a_text_says_if_its_bytes_are_those_of_the_sums_and_nothing_outside_is_read(site: Passage) -> None:
    path = _run_report(site.installation)
    installation, name = site.installation, path.name
    assert report_text(installation, name, "01-source-pin.md").text == "# Điều\n"
    (path / "report.json").write_bytes(b"\xff" + b"x" * (3 << 20))
    text = report_text(installation, name, "report.json")
    assert (text.state, text.is_whole, text.text[0]) == ("ALTERED since it was written", False, "\ufffd")
    (path / "link.md").symlink_to("/etc/passwd")
    for file in ("../../HOLD", "/etc/passwd", "link.md", "no.md", ""):
        with pytest.raises(UsageError):
            report_text(installation, name, file)
    os.mkfifo(path / "pipe.md")
    with pytest.raises(Unmeasured):
        report_text(installation, name, "pipe.md")


def test_names_that_are_no_text_are_shown_inert_and_can_be_copied(site: Passage) -> None:
    folder = bytes(site.installation.root / "reports")
    Path((folder + b"/\xe9\x1b[31m").decode("utf-8", "surrogateescape")).mkdir()
    (entry,) = list_reports(site.installation).reports
    assert entry.path == f"$'{site.installation.root}/reports/\\xe9\\x1b[31m'"
    assert "\x1b" not in entry.name
    assert verify_reports(site.installation, (entry.name,))[0].outcome is Outcome.FAIL


def test_a_report_is_copied_with_its_signature_byte_for_byte_and_never_over_another(
    site: Passage, tmp_path: Path
) -> None:
    installation = site.installation
    path = _bundle(installation, _sovereign(installation))
    for name in (path.name, f"{path.name}-2"):
        exported = export_report(installation, path.name, tmp_path)
        copy = tmp_path / name
        assert (exported.path, exported.n_files) == (str(copy), 4)
        assert {p.name: p.read_bytes() for p in copy.iterdir()} == {p.name: p.read_bytes() for p in path.iterdir()}
    assert sorted(each.name for each in tmp_path.iterdir()) == [path.name, f"{path.name}-2"]


def test_what_is_not_as_it_was_written_is_not_copied_and_nothing_is_left(site: Passage, tmp_path: Path) -> None:
    installation = site.installation
    path = _run_report(installation)
    backend = BackendService(installation, read_only=True)
    refusals: list[tuple[type[CutterError], Callable[[], object]]] = [
        (Refused, lambda: backend.export_report(path.name, tmp_path)),
        (UsageError, lambda: export_report(installation, "../x", tmp_path)),
        (UsageError, lambda: export_report(installation, path.name, Path("relative"))),
        (UsageError, lambda: export_report(installation, path.name, tmp_path / "none")),
        (UsageError, lambda: export_report(installation, path.name, path.parent)),
    ]
    for kind, attempt in refusals:
        with pytest.raises(kind):
            attempt()
    (path / "report.json").write_text("[]\n")
    with pytest.raises(Drifted, match=r"altered: report\.json"):
        export_report(installation, path.name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_changed_between_verdict_and_copy_is_not_copied(
    site: Passage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _run_report(site.installation)
    sound = _verdict(site.installation, path)
    monkeypatch.setattr("console.backend.reports.shelf.verdict_on", lambda *_: sound)
    (path / "report.json").write_text("[]\n")
    with pytest.raises(Drifted, match="is not what was written"):
        export_report(site.installation, path.name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_read_is_no_empty_one(site: Passage) -> None:
    reports = site.installation.root / "reports"
    reports.rmdir()
    assert list_reports(site.installation).reports == ()
    assert verify_reports(site.installation, ("x",)) == ()
    reports.write_text("no folder")
    with pytest.raises(Unmeasured, match="cannot be read"):
        list_reports(site.installation)
