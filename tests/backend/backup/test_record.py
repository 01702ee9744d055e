"""A record is worth what its file is worth, and for an hour."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.backend.backup.record import (
    SUFFIX,
    BackupRecord,
    BackupState,
    freshness,
    list_backups,
    record_path,
    write_record,
)
from console.backend.host.durable import partial_file, put_in_place
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.plan_binding import Target

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
DATA = b"ciphertext"


def record(**changes: object) -> BackupRecord:
    made = BackupRecord(
        id="bkp-1",
        file_name=f"bkp-1{SUFFIX}",
        sha256=sha256_hex(DATA),
        bytes=len(DATA),
        tables=(),
        target=Target(host="h", database="d", system_identifier="1", timeline=1),
        server_version=160004,
        dump_program="pg_dump 16.4",
        gpg_version="2.2.40",
        recipient="A" * 40,
        taken_at=NOW,
        took_ms=1.0,
        state=BackupState.DIGESTS_EQUAL,
        evidence=(),
    )
    return made.model_copy(update=changes)


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    (tmp_path / f"bkp-1{SUFFIX}").write_bytes(DATA)
    write_record(tmp_path, record())
    return tmp_path


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (timedelta(0), BackupState.FRESH),
        (timedelta(minutes=60), BackupState.FRESH),
        (timedelta(minutes=60, microseconds=1), BackupState.DIGESTS_EQUAL),
        (timedelta(seconds=-1), BackupState.DIGESTS_EQUAL),
    ],
)
def test_a_backup_is_fresh_for_sixty_minutes_and_never_from_the_future(age: timedelta, state: BackupState) -> None:
    assert freshness(record(), NOW + age) is state


@pytest.mark.parametrize("state", [s for s in BackupState if s is not BackupState.DIGESTS_EQUAL])
def test_nothing_less_than_equal_digests_is_fresh(state: BackupState) -> None:
    assert freshness(record(state=state), NOW) is state
    assert freshness(None, NOW) is BackupState.MISSING


def test_a_record_survives_its_round_trip(backups: Path) -> None:
    (listed,) = list_backups(backups, NOW, rehash=True)
    assert (listed.record, listed.state, listed.problem) == (record(), BackupState.FRESH, "")
    assert record_path(backups, record()).stat().st_mode & 0o777 == 0o640


def test_a_record_whose_file_is_gone_is_missing(backups: Path) -> None:
    (backups / f"bkp-1{SUFFIX}").unlink()
    (listed,) = list_backups(backups, NOW)
    assert (listed.state, listed.problem) == (BackupState.MISSING, "the file is gone")


def test_a_file_of_another_size_or_content_is_missing(backups: Path) -> None:
    file = backups / f"bkp-1{SUFFIX}"
    file.write_bytes(DATA + b"!")
    assert "11 bytes" in list_backups(backups, NOW)[0].problem
    file.write_bytes(DATA[::-1])
    (listed,) = list_backups(backups, NOW, rehash=True)
    assert listed.state is BackupState.MISSING
    assert "sha256" in listed.problem


def test_a_record_of_another_file_does_not_count(backups: Path) -> None:
    (backups / f"bkp-2{SUFFIX}").write_bytes(DATA)
    record_path(backups, record()).rename(backups / f"bkp-2{SUFFIX}.json")
    assert {one.problem for one in list_backups(backups, NOW)} == {
        f"the record speaks of bkp-1{SUFFIX}",
        f"bkp-1{SUFFIX} has no record: it was never proven",
    }


def test_a_record_that_cannot_be_read_does_not_count(backups: Path) -> None:
    record_path(backups, record()).write_text("{}")
    (listed,) = list_backups(backups, NOW)
    assert (listed.record, listed.state) == (None, BackupState.TAKEN)
    assert "is not a record" in listed.problem


def _interrupted(final: Path) -> None:
    with partial_file(final) as partial:
        partial.write_bytes(b"half")
        assert list_backups(final.parent, NOW) == ()
        raise KeyboardInterrupt


def test_an_unfinished_file_is_removed_and_never_listed(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        _interrupted(tmp_path / f"bkp-3{SUFFIX}")
    assert list(tmp_path.iterdir()) == []


def test_a_finished_file_is_there_under_its_name_only(tmp_path: Path) -> None:
    with partial_file(tmp_path / "f") as partial:
        partial.write_bytes(b"whole")
        put_in_place(partial, tmp_path / "f")
    assert [place.name for place in tmp_path.iterdir()] == ["f"]
