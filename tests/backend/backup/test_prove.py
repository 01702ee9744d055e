"""A backup can be proven again from its encrypted file, and a damaged one never is."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.backend.backup.prove import prove
from console.backend.backup.record import BackupNotProven, BackupRecord, BackupRequest, record_path, write_record
from console.backend.backup.take import take_backup
from console.backend.host.context import Context
from console.backend.host.gpg import end_agent, gpg_command
from console.backend.host.regular_file import sha256_file
from console.backend.model.outcome import Outcome
from console.backend.scratch.cluster import TransientCluster
from tests.backend.backup.conftest import make_key, request_for
from tests.conftest import Database, fresh_database
from tests.support.places import folder_of_tests

Taken = tuple[BackupRequest, BackupRecord]


@pytest.fixture(scope="module")
def taken(cluster: TransientCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taken]:
    """A backup that was taken once; each test has its own copy of the file and of the record."""
    home, place = folder_of_tests("gpg-"), tmp_path_factory.mktemp("taken")
    for database in fresh_database(cluster, "template0"):
        request = request_for(database, place, home, make_key(home))
        yield request, take_backup(request, Context(root=place, host="console1"))
    end_agent(home)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def request_(taken: Taken, tmp_path: Path) -> BackupRequest:
    """The request of that backup, with a folder of the test's own."""
    shutil.copytree(taken[0].backups, tmp_path / "backups")
    return taken[0].model_copy(update={"backups": tmp_path / "backups"})


@pytest.fixture
def record(taken: Taken) -> BackupRecord:
    """The record of that backup."""
    return taken[1]


def rewritten(request: BackupRequest, record: BackupRecord) -> BackupRecord:
    """The record of the file as it is now: only the content itself can give the damage away."""
    file = request.backups / record.file_name
    again = record.model_copy(update={"sha256": sha256_file(file), "bytes": file.stat().st_size})
    write_record(request.backups, again)
    return again


def test_the_encrypted_file_decrypts_restores_and_compares(
    request_: BackupRequest, record: BackupRecord, context: Context
) -> None:
    check = prove(request_.backups / record.file_name, context, gnupg_home=request_.gnupg_home)
    assert check.outcome is Outcome.PASS
    assert "equal for 2 tables, 600 rows; gpg: DECRYPTION_OKAY, GOODMDC" in check.evidence[0].answer


def test_a_truncated_file_passes_a_listing_but_is_not_proven(
    context: Context, empty_database: Database, tmp_path: Path, gnupg_home: Path, backup_key: str
) -> None:
    """The table of contents is at the head, so `pg_restore -l` is content with half a dump."""
    request = request_for(empty_database, tmp_path, gnupg_home, backup_key)
    with empty_database.connect() as connection:
        connection.execute(
            "INSERT INTO unit (address) SELECT sha512(int4send(n))::text FROM generate_series(1, 5000) n"
        )
    record = take_backup(request, context)
    file = request.backups / record.file_name
    file.write_bytes(file.read_bytes()[: int(record.bytes * 0.9)])
    plain = subprocess.run(gpg_command(gnupg_home, "--decrypt", str(file)), capture_output=True, check=False).stdout
    program = empty_database.cluster.programs.program("pg_restore")
    assert subprocess.run([program, "--list"], input=plain, capture_output=True, check=False).returncode == 0
    rewritten(request, record)
    with pytest.raises(BackupNotProven, match=r"gpg did not report DECRYPTION_OKAY, GOODMDC"):
        prove(file, context, gnupg_home=gnupg_home)


def test_a_flipped_bit_is_not_proven(request_: BackupRequest, record: BackupRecord, context: Context) -> None:
    file = request_.backups / record.file_name
    data = bytearray(file.read_bytes())
    data[-100] ^= 1
    file.write_bytes(data)
    with pytest.raises(BackupNotProven, match="the record says"):
        prove(file, context, gnupg_home=request_.gnupg_home)
    rewritten(request_, record)
    with pytest.raises(BackupNotProven, match="gpg did not report"):
        prove(file, context, gnupg_home=request_.gnupg_home)


def test_a_record_with_other_digests_is_not_proven(
    request_: BackupRequest, record: BackupRecord, context: Context
) -> None:
    path = record_path(request_.backups, record)
    told = json.loads(path.read_text())
    told["tables"][0]["digest"] = "0" * 64
    path.write_text(json.dumps(told))
    with pytest.raises(BackupNotProven, match=r"not what was dumped: public\.unit"):
        prove(request_.backups / record.file_name, context, gnupg_home=request_.gnupg_home)


def test_without_the_private_key_nothing_is_proven(
    request_: BackupRequest, record: BackupRecord, context: Context, tmp_path: Path
) -> None:
    stranger = tmp_path / "s"
    stranger.mkdir(mode=0o700)
    with pytest.raises(BackupNotProven, match="its private key is not in the key ring here, so it was not decrypted"):
        prove(request_.backups / record.file_name, context, gnupg_home=stranger)


def test_a_file_without_a_record_is_not_proven(request_: BackupRequest, context: Context) -> None:
    file = request_.backups / "bkp-1.dump.gpg"
    file.write_bytes(b"x")
    with pytest.raises(BackupNotProven, match="has no record") as caught:
        prove(file, context)
    assert caught.value.next_action.endswith("cutter-console backup take RUN")


@pytest.mark.parametrize(("name", "words"), [("none.dump.gpg", "there is no file"), (".", "but a directory")])
def test_what_is_no_file_at_all_is_not_said_to_lack_a_record(
    request_: BackupRequest, context: Context, name: str, words: str
) -> None:
    with pytest.raises(BackupNotProven, match=words) as caught:
        prove(request_.backups / name, context)
    assert caught.value.next_action.endswith("cutter-console backup list")
