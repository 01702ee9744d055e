"""Plain dumps that lie about are found, and ciphertext is not taken for one."""

import subprocess
from pathlib import Path

import pytest

from console.backend.backup.plaintext import plaintext_dumps
from console.backend.backup.record import BackupRequest
from console.backend.backup.take import take_backup
from console.backend.host.context import Context
from tests.conftest import Database

pytestmark = pytest.mark.usefixtures("server_for_each_proof")


@pytest.mark.parametrize("form", ["custom", "plain", "tar", "directory"])
def test_a_dump_in_any_format_is_found(empty_database: Database, tmp_path: Path, form: str) -> None:
    """A plain production dump stayed on disk."""
    target = tmp_path / "old stuff" / "notes.txt"
    target.parent.mkdir()
    program = empty_database.cluster.programs.program("pg_dump")
    command = [str(program), f"--format={form}", f"--file={target}", f"--dbname={empty_database.conninfo()}"]
    subprocess.run(command, check=True)
    found = plaintext_dumps(tmp_path)
    assert found == ((target / "toc.dat",) if form == "directory" else (target,))


def test_a_backup_and_its_record_are_no_plain_dumps(request_: BackupRequest, context: Context) -> None:
    take_backup(request_, context)
    assert len(list(request_.backups.iterdir())) == 2
    assert plaintext_dumps(request_.backups) == ()
