"""The files of a batch: the lock that says that somebody works, and the progress that others see."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from console.backend.model.batches import BatchFile, BatchProgress, OnFailure
from console.backend.model.errors import Refused, StopCode
from console.backend.model.states import Mode
from console.backend.runs.batch_files import BatchFolder
from tests.support.fake_gates import NOW

BATCH_ID = "ictb-20260301T133000Z-5ac01d77"


@pytest.fixture
def folder(tmp_path: Path) -> BatchFolder:
    """The directory of a batch."""
    (tmp_path / "runs").mkdir()
    batch = BatchFile(
        batch_id=BATCH_ID,
        mode=Mode.LIVE,
        on_failure=OnFailure.STOP,
        operator="anna",
        host="db01",
        started_at=NOW,
        members=(),
    )
    return BatchFolder.create(tmp_path, batch)


def _progress(done: int) -> BatchProgress:
    return BatchProgress(
        batch_id=BATCH_ID,
        step="cut",
        docprefix="LAW-1",
        done=done,
        total=3,
        units_done=done,
        units_total=3,
        units_per_s=None,
        remaining_s=None,
        at=NOW,
    )


def _in_another_process(work: Callable[[], bool]) -> bool:
    """Return what the work returns in a process of its own, which then ends without any cleaning up."""
    child = os.fork()
    if child == 0:
        os._exit(work())
    return bool(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def test_whoever_looks_sees_who_works_and_how_far_it_is(folder: BatchFolder) -> None:
    assert not folder.is_worked_on()
    with folder.working():
        assert _in_another_process(folder.is_worked_on)
        assert folder.progress() is None
        folder.report_progress(_progress(1))
        assert folder.progress() == _progress(1)
    assert not folder.is_worked_on()
    assert folder.progress() is None


def test_one_process_works_at_a_time_and_looking_keeps_nobody_out(folder: BatchFolder) -> None:
    def is_refused() -> bool:
        try:
            with folder.working():
                return False
        except Refused as refused:
            return refused.code is StopCode.LOCKED and BATCH_ID in refused.next_action

    with folder.working():
        folder.report_progress(_progress(2))
        assert _in_another_process(is_refused)
        assert folder.progress() == _progress(2)
    assert not _in_another_process(is_refused)


def test_a_killed_process_works_no_more(folder: BatchFolder) -> None:
    def killed() -> bool:
        entered = folder.working()
        entered.__enter__()
        folder.report_progress(_progress(1))
        os._exit(1)

    assert _in_another_process(killed)
    assert not folder.is_worked_on()


def test_progress_that_cannot_be_kept_stops_nothing(folder: BatchFolder) -> None:
    (folder.directory / "progress.json").mkdir()
    with folder.working():
        folder.report_progress(_progress(1))
        assert folder.progress() is None


def test_of_batches_that_started_in_one_second_the_later_one_is_the_newest(folder: BatchFolder) -> None:
    """The rest of an id is drawn: by its order the newest would be one of them by chance."""
    root, batch = folder.directory.parent.parent, folder.batch()
    ids = [BATCH_ID, *(f"{BATCH_ID[:-8]}{drawn}" for drawn in ("ffffffff", "00000000", "77777777"))]
    for place, batch_id in enumerate(ids[1:], 1):
        changed = {"batch_id": batch_id, "started_at": batch.started_at + timedelta(milliseconds=place)}
        BatchFolder.create(root, batch.model_copy(update=changed))
    # As when its failures are to be set aside from now on: the file of the first one is written last.
    folder.write(batch)

    assert [made.directory.name for made in BatchFolder.all_of(root)] == ids[::-1]
