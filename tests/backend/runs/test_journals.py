"""The journals below a root: listed, read page by page and record by record; what is missing is named, and nothing is guessed."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from console.backend.host.installation import Installation
from console.backend.journal.journal import read_journal
from console.backend.journal.journal_pages import JournalQuery
from console.backend.model.errors import CutterError, Drifted, Refused, StopCode, Unmeasured
from console.backend.model.view_models import Progress
from tests.support.passage import Passage

At = Callable[[str], Passage]


@pytest.fixture
def passage(at: At) -> Passage:
    """A run at its first pause."""
    return at("waits for SG_1")


def _journal(passage: Passage) -> Path:
    return passage.installation.root / "runs" / passage.run_id / "journal.jsonl"


def test_they_are_listed_by_what_lies_there_the_last_one_first(passage: Passage) -> None:
    """Also one whose run the database does not know; a directory without a journal is none."""
    runs = passage.installation.root / "runs"
    older, without = runs / "ictr-20260101T000000Z-00000001", runs / "ictr-20260101T000000Z-00000002"
    older.mkdir()
    without.mkdir()
    (runs / "notes").mkdir()
    (older / "journal.jsonl").write_bytes(b"not a record\n")
    os.utime(older / "journal.jsonl", (1, 1))

    listed = passage.backend.journals()

    assert [file.run_id for file in listed][-1] == older.name
    assert listed[0].run_id == passage.run_id
    assert (listed[0].bytes, listed[-1].bytes) == (_journal(passage).stat().st_size, 13)
    assert {file.run_id for file in listed} & {without.name, "notes"} == set()


def test_without_a_folder_of_runs_there_is_none(passage: Passage) -> None:
    (passage.installation.root / "runs").rename(passage.installation.root / "moved")
    assert passage.backend.journals() == ()


def test_a_folder_that_cannot_be_read_is_not_called_empty(passage: Passage) -> None:
    runs = passage.installation.root / "runs"
    runs.rename(passage.installation.root / "moved")
    runs.write_bytes(b"")
    with pytest.raises(Unmeasured, match="runs cannot be read: Not a directory"):
        passage.backend.journals()


def test_a_record_is_read_whole_by_its_place(passage: Passage) -> None:
    page = passage.backend.journal_page(JournalQuery(run_id=passage.run_id))
    records = read_journal(_journal(passage))
    assert page.entries[-1].number == records[-1].sequence
    entry = passage.backend.journal_entry(passage.run_id, page.entries[-1].offset)
    assert entry.number == records[-1].sequence


def test_a_place_behind_the_end_is_said_to_be_gone_and_compared_with_the_anchors(passage: Passage) -> None:
    end = _journal(passage).stat().st_size
    with pytest.raises(Drifted, match=f"shorter than it was: nothing is left at byte {end}") as drifted:
        passage.backend.journal_entry(passage.run_id, end)
    assert drifted.value.next_action.endswith(f"journal verify {passage.run_id}")


@pytest.mark.parametrize("read", ["page", "record"])
@pytest.mark.parametrize("state", ["missing", "a directory"])
def test_a_journal_that_is_not_there_is_told_from_one_that_cannot_be_read(
    passage: Passage, read: str, state: str
) -> None:
    _journal(passage).unlink()
    if state == "a directory":
        _journal(passage).mkdir()
    ask: Callable[[], object] = {
        "page": lambda: passage.backend.journal_page(JournalQuery(run_id=passage.run_id)),
        "record": lambda: passage.backend.journal_entry(passage.run_id, 0),
    }[read]
    with pytest.raises(CutterError) as stopped:
        ask()
    assert stopped.value.code is StopCode.INVARIANT_FAILED
    assert str(_journal(passage)) in stopped.value.message


def test_a_run_whose_directory_is_gone_is_named_with_who_started_it(passage: Passage) -> None:
    directory = _journal(passage).parent
    directory.rename(passage.installation.root / "moved")
    with pytest.raises(Refused, match=f"{passage.installation.operator} started the run on .*its directory is gone"):
        passage.backend.journal_page(JournalQuery(run_id=passage.run_id))


def test_where_the_database_does_not_answer_either_both_are_said(
    passage: Passage, no_database: Callable[[Installation], Installation]
) -> None:
    _journal(passage).parent.rename(passage.installation.root / "moved")
    alone = passage.with_site(no_database(passage.installation))
    with pytest.raises(
        Refused, match="another host has it, or its files were removed; the database could not be asked"
    ):
        alone.backend.journal_page(JournalQuery(run_id=passage.run_id))


@pytest.fixture
def no_database() -> Callable[[Installation], Installation]:
    """An installation whose server is not there."""

    def gone(installation: Installation) -> Installation:
        database = installation.settings.database
        nowhere = database.model_copy(
            update=dict.fromkeys(("monitor", "executor", "verifier"), "host=/nonexistent dbname=none")
        )
        return replace(installation, settings=installation.settings.model_copy(update={"database": nowhere}))

    return gone


def test_a_verification_tells_how_far_it_is(passage: Passage) -> None:
    told: list[Progress] = []
    verdict = passage.backend.verify_journal(passage.run_id, told.append)
    assert verdict.outcome.value == "PASS"
    size = _journal(passage).stat().st_size
    assert [progress.total for progress in told] == [size] * len(told)
    assert 0 < told[-1].done <= size
