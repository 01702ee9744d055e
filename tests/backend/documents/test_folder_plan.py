"""Planning of a folder: every name is accounted for, in one order, and a dying worker costs one document."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.documents.folder_plan import FolderEntry, list_documents, plan_entries, worker_count
from console.backend.documents.folder_report import FolderDocument, FolderRequest, FolderTotals
from console.backend.documents.limits import Limits
from console.backend.documents.own_profiles import ChosenProfile
from console.backend.model.errors import Refused
from console.backend.model.outcome import Outcome
from tests.support.dying import DIES, DIES_ONCE, FAILS, plan_or_die

GOOD = "# One\n\nText.\n\n# Two\n\nText.\n"
REPEATED = "# One\n\nText.\n\n# One\n\nText.\n\n# One\n\nText.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder with a neighbour outside."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.md").write_text(GOOD)
    made = tmp_path / "folder"
    made.mkdir()
    return made


def planned(
    folder: Path,
    workers: int = 1,
    limits: Limits | None = None,
    finished: Callable[[FolderEntry], None] = lambda _: None,
) -> list[FolderDocument]:
    """The documents of the folder, with workers that the names in tests.support.dying end."""
    request = FolderRequest(folder, ChosenProfile("atx"), limits=limits or Limits())
    return list(plan_entries(request, list_documents(folder), workers, plan=plan_or_die, finished=finished))


def test_documents_are_listed_by_the_bytes_of_their_paths(folder: Path) -> None:
    for name in (
        "b.md",
        "a/z.txt",
        "a.markdown",
        "B.MD",
        "a/y.pdf",
        ".hidden.md",
        ".git/x.md",
        os.fsdecode(b"\xe9.md"),
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(GOOD)

    names = [entry.name for entry in list_documents(folder)]

    assert names == ["B.MD", "a.markdown", "a/z.txt", "b.md", os.fsdecode(b"\xe9.md")]


def test_a_folder_that_cannot_be_listed_is_refused(folder: Path) -> None:
    (folder / "file.md").write_text(GOOD)
    for path in (folder / "none", folder / "file.md"):
        with pytest.raises(Refused, match="cannot be listed"):
            list_documents(path)


@pytest.mark.usefixtures("plans_here")
def test_links_that_lead_out_and_what_cannot_be_read_are_listed_as_refused(folder: Path) -> None:
    (folder / "good.md").write_text(GOOD)
    (folder / "large.md").write_text(GOOD * 100)
    (folder / "link.md").symlink_to("../outside/secret.md")
    (folder / "linked").symlink_to("../outside")
    (folder / "dangling.md").symlink_to("nowhere.md")
    (folder / "loop.md").symlink_to("loop.md")
    (folder / "inner.md").symlink_to("good.md")
    (folder / "again").symlink_to(".")
    os.mkfifo(folder / "fifo.md")

    documents = {document.name: document for document in planned(folder, limits=Limits(max_bytes=1000))}

    refused = {name: [one.code for one in document.refused] for name, document in documents.items() if document.refused}
    assert refused == {
        "dangling.md": ["STOP_REFUSED_INPUT"],
        "fifo.md": ["STOP_REFUSED_INPUT"],
        "large.md": ["STOP_CAP_EXCEEDED"],
        "link.md": ["STOP_REFUSED_INPUT"],
        "linked": ["STOP_REFUSED_INPUT"],
        "loop.md": ["STOP_REFUSED_INPUT"],
    }
    assert {name for name, document in documents.items() if document.outcome is Outcome.PASS} == {"good.md", "inner.md"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_document_and_folder_are_listed_as_refused(folder: Path) -> None:
    (folder / "closed.md").write_text(GOOD)
    (folder / "closed.md").chmod(0)
    (folder / "closed").mkdir(mode=0)
    try:
        assert {document.name: document.outcome for document in planned(folder)} == {
            "closed": Outcome.FAIL,
            "closed.md": Outcome.FAIL,
        }
    finally:
        (folder / "closed").chmod(0o700)


@pytest.mark.usefixtures("plans_here")
def test_a_folder_below_that_cannot_be_listed_is_refused_by_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "closed").mkdir()
    (folder / "good.md").write_text(GOOD)
    scandir = os.scandir

    def refuse_closed(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse_closed)
    closed, good = planned(folder)

    assert (closed.name, closed.outcome, good.outcome) == ("closed", Outcome.FAIL, Outcome.PASS)
    assert closed.refused[0].message == "closed cannot be listed: Permission denied"


@pytest.mark.usefixtures("plans_here")
def test_a_refused_document_has_each_code_once_with_its_number_and_first_line(folder: Path) -> None:
    (folder / "repeated.md").write_text(REPEATED)

    (document,) = planned(folder)

    assert [(one.code, one.count, one.line) for one in document.refused] == [("ADDRESS_REPEATED", 2, 5)]
    assert (document.outcome, document.n_units, document.bytes) == (Outcome.FAIL, 0, len(REPEATED))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_dies_costs_its_document_alone(folder: Path, workers: int) -> None:
    """One that was killed once costs none."""
    for number in range(12):
        (folder / f"good-{number}.md").write_text(GOOD)
    for name in (DIES, DIES_ONCE, FAILS):
        (folder / name).write_text(GOOD)
    finished: list[FolderEntry] = []

    documents = {document.name: document for document in planned(folder, workers, finished=finished.append)}

    assert len(documents) == 15
    assert sorted(entry.name for entry in finished) == sorted(documents), "each is reported as finished once"
    assert documents[DIES_ONCE].outcome is Outcome.PASS
    unmeasured = {name: one.refused[0].code for name, one in documents.items() if one.outcome is Outcome.INCONCLUSIVE}
    assert unmeasured == {DIES: "WORKER_DIED", FAILS: "WORKER_FAILED"}
    assert "LookupError: no such thing" in documents[FAILS].refused[0].message
    assert sum(document.n_units for document in documents.values()) == 26


def test_there_are_not_more_workers_than_documents_or_cores() -> None:
    entries = tuple(FolderEntry(f"{number}.md", 1) for number in range(10_000))

    assert worker_count(entries) == len(os.sched_getaffinity(0))
    assert (worker_count(entries[:1]), worker_count(())) == (1, 1)


@pytest.mark.usefixtures("plans_here")
def test_totals_put_the_most_frequent_first_and_count_documents_by_code(folder: Path) -> None:
    (folder / "good.md").write_text(GOOD)
    (folder / "twice.md").write_text(REPEATED)
    (folder / "large.md").write_text(GOOD * 20)
    (folder / "again.md").write_text(REPEATED)

    totals = FolderTotals.of(planned(folder, limits=Limits(max_bytes=300)), 2, 0.5)

    assert (totals.documents, totals.planned, totals.refused, totals.n_units) == (4, 1, 3, 2)
    assert list(totals.codes.items()) == [("ADDRESS_REPEATED", 2), ("STOP_CAP_EXCEEDED", 1)]
    assert totals.bytes == len(GOOD) + 2 * len(REPEATED)
    assert totals.outcome is Outcome.FAIL


def test_a_refusal_takes_precedence_over_what_was_not_measured() -> None:
    good = FolderDocument(name="a", outcome=Outcome.PASS, bytes=1)
    unknown = FolderDocument.unmeasured("b", "WORKER_DIED", "died")
    refused = FolderDocument(name="c", outcome=Outcome.FAIL, bytes=1)

    assert FolderTotals.of((good,), 1, 1.0).outcome is Outcome.PASS
    assert FolderTotals.of((good, unknown), 1, 1.0).outcome is Outcome.INCONCLUSIVE
    assert FolderTotals.of((good, unknown, refused), 1, 1.0).outcome is Outcome.FAIL
