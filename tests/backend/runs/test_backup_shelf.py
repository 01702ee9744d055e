"""The list of backups: file, record and ledger beside each other, what lets a run be armed, and a proof that can be cancelled."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from console.backend.backup.record import SUFFIX, BackupNotProven, BackupState
from console.backend.host.installation import Installation
from console.backend.model.errors import Refused, Unmeasured, UsageError
from console.backend.model.outcome import Outcome
from console.backend.model.view_models import Progress
from console.backend.runs.backup_shelf import BackupShelf, KeptBackup, shelf_of
from console.backend.service import BackendService
from tests.backend.postgres.tampering import age_backup_proofs
from tests.support.passage import Passage

At = Callable[[str], Passage]


def _only(shelf: BackupShelf) -> KeptBackup:
    (backup,) = shelf.backups
    return backup


def _told(passage: Passage) -> KeptBackup:
    return _only(passage.backend.backups())


def _file(passage: Passage) -> Path:
    (file,) = passage.installation.backups.glob(f"*{SUFFIX}")
    return file


def test_a_backup_is_told_with_its_run_its_key_and_until_when_it_lets_the_run_be_armed(at: At) -> None:
    passage = at("waits for SG_1")
    shelf = passage.backend.backups()
    backup = _only(shelf)
    assert (shelf.outcome, shelf.unread, backup.outcome, backup.problem) == (Outcome.PASS, "", Outcome.PASS, "")
    assert (backup.runs, backup.disagreements) == ((passage.run_id,), ())
    assert backup.path == str(_file(passage))
    assert backup.record is not None
    assert backup.counts_until is not None
    limit = timedelta(minutes=shelf.max_age_minutes)
    assert timedelta(0) <= backup.counts_until - backup.record.taken_at <= limit
    age_backup_proofs(passage)
    assert _told(passage).counts_until is None
    assert "arming takes another one by itself" in _told(passage).counts_not


def test_a_run_that_is_over_needs_no_backup(at: At) -> None:
    passage = at("waits for SG_1")
    passage.backend.void(passage.run_id, "not wanted any more")
    assert _told(passage).counts_not == "each run that it was taken for is over"


def test_a_row_without_its_file_and_a_file_without_its_row_are_told(at: At) -> None:
    passage = at("waits for SG_1")
    file = _file(passage)
    record = Path(f"{file}.json")
    other = file.with_name(f"bkp-20200101T000000Z-00000000{SUFFIX}")
    data = json.loads(record.read_text())
    Path(f"{other}.json").write_text(json.dumps({**data, "file_name": other.name}))
    file.rename(other)
    record.unlink()
    newest, oldest = passage.backend.backups().backups
    assert (newest.file_name, newest.state, newest.record, newest.outcome) == (
        file.name,
        BackupState.MISSING,
        None,
        Outcome.PARTIAL,
    )
    assert newest.disagreements == ("a row without its file: neither the file nor its record is in the folder",)
    assert oldest.disagreements == ("a file without its row: the ledger has no proof of it",)
    assert (oldest.problem, oldest.outcome, oldest.counts_until) == ("", Outcome.PARTIAL, None)


def test_another_digest_in_the_record_or_the_file_is_a_fail_and_arms_nothing(at: At) -> None:
    passage = at("waits for SG_1")
    file = _file(passage)
    record = Path(f"{file}.json")
    sound = record.read_text()
    sha256 = json.loads(sound)["sha256"]
    record.write_text(sound.replace(sha256, "0" * 64))
    told = _told(passage)
    assert told.outcome is Outcome.FAIL
    assert f"the ledger has sha256 {sha256}" in told.disagreements[0]
    record.write_text(sound)
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    # Its length is that of the record: only reading it tells.
    assert _told(passage).outcome is Outcome.PASS
    assert _only(shelf_of(passage.installation, rehash=True)).outcome is Outcome.FAIL
    with pytest.raises(BackupNotProven, match="has sha256"):
        passage.backend.compare_backup(file.name, lambda _: None, lambda: False)


def test_without_the_database_the_files_are_told_and_nothing_about_the_ledger_is_claimed(at: At) -> None:
    passage = at("waits for SG_1")
    database = passage.installation.settings.database.model_copy(update={"monitor": "host=/nowhere dbname=x"})
    settings = passage.installation.settings.model_copy(update={"database": database})
    shelf = shelf_of(Installation(passage.installation.context, settings, passage.installation.operator))
    assert (shelf.outcome, _only(shelf).problem, _only(shelf).disagreements) == (Outcome.INCONCLUSIVE, "", ())
    assert shelf.unread
    assert "not known" in _only(shelf).counts_not


def test_a_folder_that_cannot_be_read_is_no_empty_one(at: At) -> None:
    passage = at("fresh")
    backups = passage.installation.backups
    assert passage.backend.backups().backups == ()
    backups.rmdir()
    assert passage.backend.backups().backups == ()
    backups.write_text("no folder")
    with pytest.raises(Unmeasured, match="cannot be read"):
        passage.backend.backups()


@pytest.mark.parametrize("record", ["[]", "\x00", '{"taken_at": "2026-01-01T00:00:00"}', "[" * 100_000])
def test_a_record_that_is_none_is_told_and_ends_nothing(at: At, record: str) -> None:
    passage = at("waits for SG_1")
    Path(f"{_file(passage)}.json").write_text(record)
    told = _told(passage)
    assert "is not a record" in told.problem
    assert (told.outcome, told.counts_until) == (Outcome.FAIL, None)


def test_a_time_without_its_zone_is_no_time_of_a_record(at: At) -> None:
    passage = at("waits for SG_1")
    record = Path(f"{_file(passage)}.json")
    data = json.loads(record.read_text())
    record.write_text(json.dumps({**data, "taken_at": "2026-01-01T00:00:00"}))
    assert "is not a record" in _told(passage).problem


def test_names_that_are_no_text_can_be_copied_whole(at: At) -> None:
    passage = at("fresh")
    folder = bytes(passage.installation.backups)
    Path((folder + b"/bkp-\xe9\n'.dump.gpg").decode("utf-8", "surrogateescape")).write_bytes(b"x")
    told = _told(passage)
    assert told.path == f"$'{passage.installation.backups}/bkp-\\xe9\\x0a\\'.dump.gpg'"
    assert "\n" not in told.file_name


def test_a_restore_test_proves_the_file_tells_its_steps_and_writes_no_row(at: At) -> None:
    passage = _with_the_key(at("waits for SG_1"))
    assert _told(passage).key_is_here is True
    steps: list[Progress] = []
    before = _rows(passage)
    check = passage.backend.prove_backup(_file(passage).name, steps.append, lambda: False)
    assert check.outcome is Outcome.PASS
    assert _rows(passage) == before
    told = [step.step for step in steps]
    assert [told.index(name) for name in dict.fromkeys(told)] == sorted(map(told.index, dict.fromkeys(told)))
    assert {"read the file, compare its sha256", "decrypt, restore", "compare digests"} <= set(told)
    assert max(step.done for step in steps if step.total) == _file(passage).stat().st_size


def _with_the_key(passage: Passage) -> Passage:
    """The same, where backups are opened: in production another machine."""
    home = passage.installation.gnupg_home
    return passage.settings(gnupg_home=str(home.with_name(f"{home.name}-elsewhere")))


def _rows(passage: Passage) -> object:
    return passage.rows("SELECT array_agg(p.id) FROM cutter_governance.backup_proof p")


def test_a_restore_test_that_is_cancelled_says_so_and_leaves_nothing(at: At) -> None:
    passage = _with_the_key(at("waits for SG_1"))
    for least in (1, 3):
        asked: list[int] = []

        def cancelled(asked: list[int] = asked, least: int = least) -> bool:
            asked.append(1)
            return len(asked) >= least

        with pytest.raises(BackupNotProven, match="the restore test was cancelled"):
            passage.backend.prove_backup(_file(passage).name, lambda _: None, cancelled)


def test_without_the_private_key_it_is_said_that_the_file_is_the_recorded_one(at: At) -> None:
    """So it is on a host that is as it should be."""
    passage = at("waits for SG_1")
    assert _told(passage).key_is_here is False
    with pytest.raises(BackupNotProven) as raised:
        passage.backend.prove_backup(_file(passage).name, lambda _: None, lambda: False)
    assert "byte for byte" in raised.value.message
    assert raised.value.next_action == f"Where its private key is: cutter-console backup prove {_file(passage)}"


def test_a_console_that_only_reads_restores_nothing_and_a_file_that_is_gone_is_told(at: At) -> None:
    passage = at("waits for SG_1")
    reading = BackendService(passage.installation, read_only=True)
    with pytest.raises(Refused, match="--read-only"):
        reading.prove_backup(_file(passage).name, lambda _: None, lambda: False)
    assert reading.compare_backup(_file(passage).name, lambda _: None, lambda: False).outcome is Outcome.PASS
    with pytest.raises(UsageError, match="was removed, or never was there"):
        reading.compare_backup("../x.dump.gpg", lambda _: None, lambda: False)
