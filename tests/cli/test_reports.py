"""reports list|show|export and backup list: verdicts as exit statuses, texts that are inert, one object with --json."""

from collections.abc import Callable
from pathlib import Path

import pytest

from console.app.application import ConsoleApp
from console.backend.host.gpg import run_gpg
from console.backend.publication.sums import SIGNATURE, SUMS
from console.cli import backups
from console.cli.main import main
from console.screens.reports import ReportsScreen
from console.widgets.line import plain
from console.widgets.list_rows import ListRows
from console.widgets.markdown_lines import NOT_RENDERED, markdown_lines
from console.widgets.panel import Panel
from tests.backend.backup.conftest import make_key
from tests.cli.conftest import Run, stop_of
from tests.screens.conftest import press, settle
from tests.support.passage import Kept, Passage

At = Callable[[str], Passage]


@pytest.fixture
def passage(at: At, kept: Kept) -> Passage:
    """A run at its first pause, with its report."""

    def reported() -> Passage:
        passage = at("waits for SG_1")
        passage.backend.report(passage.run_id)
        return passage

    return kept("a report at the first pause", reported)


def _report(passage: Passage) -> Path:
    (path,) = (passage.installation.root / "reports").glob(f"{passage.run_id}-*")
    return path


def test_a_report_is_listed_shown_and_exported(passage: Passage, command: Run, tmp_path: Path) -> None:
    path = _report(passage)
    status, listed = command(passage, "reports", "list")
    assert (status, listed["outcome"], listed["schema"]) == (0, "PASS", "cutter-console/reports-list/1")
    status, shown = command(passage, "reports", "show", path.name)
    assert (status, shown["outcome"]) == (0, "PASS")
    status, text = command(passage, "reports", "show", path.name, "--file", "01-source-pin.md")
    assert (status, text["text"]) == (0, (path / "01-source-pin.md").read_text())
    status, exported = command(passage, "reports", "export", path.name, "--to", str(tmp_path))
    assert (status, exported["path"]) == (0, str(tmp_path / path.name))
    assert {each.name: each.read_bytes() for each in (tmp_path / path.name).iterdir()} == {
        each.name: each.read_bytes() for each in path.iterdir()
    }


def test_a_report_that_was_changed_is_a_fail_and_is_not_exported(
    passage: Passage, command: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _report(passage)
    (path / "02-mark.md").write_text("all is well \x1b[31m\n")
    status, listed = command(passage, "reports", "list")
    assert (status, listed["outcome"]) == (1, "FAIL")
    status, answer = command(passage, "reports", "export", path.name, "--to", str(tmp_path))
    assert (status, stop_of(answer)) == (5, "STOP_DRIFT")
    assert list(tmp_path.iterdir()) == []
    root = str(passage.installation.root)
    assert main(["--root", root, "reports", "show", path.name, "--file", "02-mark.md"]) == 1
    captured = capsys.readouterr()
    assert "all is well ␛[31m" in captured.out
    assert "ALTERED since it was written" in captured.err
    assert main(["--root", root, "reports", "show", path.name]) == 1
    assert "ALTERED" in capsys.readouterr().out


def test_the_list_of_backups_has_the_ledger_beside_the_files(
    passage: Passage, command: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, listed = command(passage, "backup", "list")
    assert (status, listed["outcome"], listed["unread"]) == (0, "PASS", "")
    backups = listed["backups"]
    assert isinstance(backups, list)
    ((proof,),) = (backup["proofs"] for backup in backups)
    assert proof["run_id"] == passage.run_id
    main(["--root", str(passage.installation.root), "backup", "list"])
    # The word of the screen, which the next test sees there: the state FRESH says of the record alone if it is young.
    assert capsys.readouterr().out.startswith("ARMS  ")
    for file in passage.installation.backups.iterdir():
        file.unlink()
    status, listed = command(passage, "backup", "list")
    assert (status, listed["outcome"]) == (0, "PARTIAL")
    monkeypatch.setenv("CUTTER_MONITOR", "host=/nowhere dbname=x")
    status, listed = command(passage, "backup", "list")
    assert (status, listed["outcome"], bool(listed["unread"])) == (7, "INCONCLUSIVE", True)


def test_a_report_whose_signer_is_not_known_is_not_said_to_be_as_written(
    passage: Passage, command: Run, gnupg_home: Path
) -> None:
    path = _report(passage)
    make_key(gnupg_home)
    run_gpg(gnupg_home, "--armor", "--output", str(path / SIGNATURE), "--detach-sign", str(path / SUMS), check=True)
    status, listed = command(passage, "reports", "list")
    assert (status, listed["outcome"]) == (7, "INCONCLUSIVE")


async def test_the_screens_show_the_files_of_this_host(passage: Passage) -> None:
    """The real backend below both screens."""
    path = _report(passage)
    app = ConsoleApp(passage.backend, read_only=True, demo=False, refresh_seconds=86_400)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "9")
        rows = app.screen.query_one("#backup-list", ListRows)
        assert plain(rows.row(0)).startswith("ARMS")
        head = " ".join(plain(spans) for spans in app.screen.query_one("#shelf-head", Panel).shown)
        assert passage.run_id in head
        await press(pilot, "v")
        app.show_report(passage.run_id)
        await settle(pilot)
        assert isinstance(app.screen, ReportsScreen)
        reports = app.screen.query_one("#report-list", ListRows)
        assert reports.key == path.name
        assert plain(reports.row(reports.cursor)).startswith("unchanged")
        (path / "01-source-pin.md").write_text("another")
        app.measure()
        await settle(pilot)
        assert plain(reports.row(reports.cursor)).startswith("CHANGED")


def test_every_document_of_a_report_and_a_bundle_is_rendered(passage: Passage) -> None:
    """None of them has a word that Markdown hides, at any width."""
    bundle = Path(passage.backend.bundle(lambda _: None).directory)
    documents = sorted([*_report(passage).glob("*.md"), *bundle.rglob("*.md")])
    assert len(documents) > 20
    unrendered = [
        (path.name, width)
        for path in documents
        for width in (30, 76, 150)
        if NOT_RENDERED in map(plain, markdown_lines(path.read_text(), width))
    ]
    assert unrendered == []


def test_a_step_of_a_backup_is_said_once_as_long_as_nothing_of_it_is_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    step = backups._progress()
    for done in (0, 0, 0, 5, 5, 6):
        step("dump, encrypt, restore", done, None)
    step("compare", 0, None)

    said = capsys.readouterr().err.splitlines()
    assert said == ["dump, encrypt, restore", "dump, encrypt, restore 5", "dump, encrypt, restore 6", "compare"]
