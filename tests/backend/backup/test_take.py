"""A backup counts only when dump, encryption, restore and digests all succeeded; whatever fails leaves nothing."""

import errno
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from console.backend.backup.pipeline import Member
from console.backend.backup.recipient import RecipientUnusable
from console.backend.backup.record import (
    BackupNotProven,
    BackupPhase,
    BackupRequest,
    BackupState,
    freshness,
    list_backups,
)
from console.backend.backup.source import without_password
from console.backend.backup.take import take_backup
from console.backend.host import cluster_directory
from console.backend.host.context import Context
from console.backend.host.gpg import gpg_command
from console.backend.host.regular_file import sha256_file
from console.backend.model.errors import StopCode, Unmeasured
from console.backend.scratch.cluster import PORT, TransientCluster
from tests.backend.backup.conftest import TABLES, make_key, request_for
from tests.conftest import Database
from tests.support.tls import tls_server

pytestmark = pytest.mark.usefixtures("server_for_each_proof")
BELOW_A_LIMIT = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))
os.execvp(sys.argv[1], sys.argv[1:])
"""


def children() -> set[int]:
    """The children of this process: programs of a pipeline, or a guard."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):  # It has ended meanwhile.
            parent = (process / "stat").read_text(errors="replace").rpartition(")")[2].split()[1]
            if int(parent) == os.getpid():
                found.add(int(process.name))
    return found


def clusters() -> set[Path]:
    pattern = f"{cluster_directory.PREFIX}{os.getpid()}-*"
    return {place for parent in cluster_directory.default_parents() for place in parent.glob(pattern)}


@pytest.fixture
def nothing_left(cluster: object) -> Callable[[BackupRequest], None]:
    """Call it at the end: no process, no scratch cluster and no file of the backup is left."""
    before = children(), clusters()

    def check(request: BackupRequest) -> None:
        assert list(request.backups.iterdir()) == []
        assert (children(), clusters()) == before

    return check


def test_a_backup_is_restored_and_compared_before_it_counts(
    each_empty_database: Database, tmp_path: Path, gnupg_home: Path, backup_key: str, context: Context
) -> None:
    """An integrity hash is no recovery test."""
    request = request_for(each_empty_database, tmp_path, gnupg_home, backup_key)
    phases: list[BackupPhase] = []
    record = take_backup(request, context, on_progress=lambda phase, _: phases.append(phase))
    file = request.backups / record.file_name
    assert record.state is BackupState.DIGESTS_EQUAL
    assert freshness(record, context.now()) is BackupState.FRESH
    assert [(one.table, one.rows) for one in record.tables] == [("public.unit", 300), ("law.version", 300)]
    assert (record.sha256, record.bytes) == (sha256_file(file), file.stat().st_size)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert sorted(set(phases), key=phases.index) == list(BackupPhase)
    assert [one.problem for one in list_backups(request.backups, context.now(), rehash=True)] == [""]
    assert f"pg_dump {each_empty_database.cluster.major}" in record.dump_program


def test_a_table_is_dumped_by_its_name_whatever_characters_are_in_it_and_none_beside_it(
    request_: BackupRequest, context: Context
) -> None:
    """Its name is a part of a pattern."""
    names = ("a|b", "a(b)", "A", 'say "x"', "a*", "a?", "$a", "[ab]", "ab^", "tên bảng")
    tables = tuple(f"{schema}.{name}" for schema in ("law", "public") for name in names)
    seen: list[set[str]] = []
    with psycopg.connect(request_.conninfo) as connection:
        for table in (*tables, "law.a", "law.b", "public.a", "public.ab"):
            connection.execute(sql.SQL("CREATE TABLE {} (n int)").format(sql.Identifier(*table.split("."))))

    def rehearse(conninfo: str) -> None:
        with psycopg.connect(conninfo) as scratch:
            rows = scratch.execute(
                "SELECT schemaname || '.' || tablename FROM pg_tables WHERE tableowner = current_user"
            )
            seen.append({table for (table,) in rows if not table.startswith(("pg_catalog.", "information_schema."))})

    record = take_backup(request_.model_copy(update={"tables": tables}), context, rehearse=rehearse)
    assert {one.table for one in record.tables} == set(tables)
    assert seen == [set(tables)]


def test_the_backup_has_exactly_the_rows_of_its_snapshot_of_the_tables_asked_for_and_their_triggers(
    request_: BackupRequest, context: Context, cluster: object
) -> None:
    """Its scratch database can be used for a rehearsal; what lies in backups/ during it and afterwards is ciphertext."""
    heads: set[bytes] = set()
    seen: list[object] = []

    def look(phase: BackupPhase, _moved: int) -> None:
        heads.update(place.read_bytes()[:5] for place in request_.backups.iterdir())
        if phase is BackupPhase.SCRATCH:
            with psycopg.connect(request_.conninfo) as connection:
                connection.execute("INSERT INTO unit (address) VALUES ('LATE')")

    def rehearse(conninfo: str) -> None:
        with psycopg.connect(conninfo) as connection:
            seen.append(connection.execute("SELECT count(*) FROM law.version").fetchone())

    record = take_backup(request_, context, on_progress=look, rehearse=rehearse)
    look(BackupPhase.STORE, 0)
    assert record.tables[0].rows == 300
    assert seen == [(300,)]
    assert b"PGDMP" not in heads
    assert not any(b"DIEU-1" in place.read_bytes() for place in request_.backups.iterdir())
    plain = subprocess.run(
        gpg_command(request_.gnupg_home, "--decrypt", str(request_.backups / record.file_name)),
        capture_output=True,
        check=True,
    ).stdout
    program = cluster.programs.program("pg_restore")  # type: ignore[attr-defined]
    listing = subprocess.run([program, "--list"], input=plain, capture_output=True, check=True).stdout.decode()
    assert "TABLE DATA law version" in listing
    assert "TRIGGER law version guard" in listing
    assert "untouched" not in listing


def test_a_table_in_a_tablespace_of_the_server_s_is_restored_where_there_is_none(
    empty_database: Database, tmp_path: Path, gnupg_home: Path, backup_key: str, context: Context
) -> None:
    request = request_for(empty_database, tmp_path, gnupg_home, backup_key)
    place = empty_database.cluster.socket_dir / f"space-{empty_database.name}"
    place.mkdir(mode=0o700)
    with empty_database.connect() as connection:
        (data,) = connection.execute("SHOW data_directory").fetchone() or ("",)
        owner = Path(str(data)).stat()
        os.chown(place, owner.st_uid, owner.st_gid)
        connection.execute(f"CREATE TABLESPACE elsewhere LOCATION '{place}'".encode())
    try:
        with empty_database.connect() as connection:
            connection.execute("ALTER TABLE law.version SET TABLESPACE elsewhere")
        assert take_backup(request, context).state is BackupState.DIGESTS_EQUAL
    finally:
        with empty_database.connect() as connection:
            connection.execute("ALTER TABLE law.version SET TABLESPACE pg_default")
            connection.execute("DROP TABLESPACE elsewhere")


def test_a_table_that_is_not_there_is_refused_by_name(
    request_: BackupRequest, context: Context, nothing_left: Callable[[BackupRequest], None]
) -> None:
    request = request_.model_copy(update={"tables": (*TABLES, "law.nowhere")})
    with pytest.raises(BackupNotProven, match=r"no such table: law\.nowhere") as refused:
        take_backup(request, context)
    assert refused.value.code is StopCode.BACKUP_NOT_PROVEN
    nothing_left(request)


def test_a_table_that_may_not_be_read_is_named(
    request_: BackupRequest, context: Context, empty_database: Database, nothing_left: Callable[[BackupRequest], None]
) -> None:
    with empty_database.connect() as connection:
        connection.execute(f"CREATE ROLE {empty_database.name}_poor LOGIN")
        connection.execute(f"GRANT USAGE ON SCHEMA law TO {empty_database.name}_poor")
    request = request_.model_copy(update={"conninfo": empty_database.conninfo(f"{empty_database.name}_poor")})
    with pytest.raises(BackupNotProven, match=r"the source cannot be read: permission denied for (table|schema)"):
        take_backup(request, context)
    nothing_left(request)


def test_a_recipient_without_a_key_is_refused_before_anything_starts(
    request_: BackupRequest, context: Context, nothing_left: Callable[[BackupRequest], None]
) -> None:
    with pytest.raises(RecipientUnusable, match="not in the key ring"):
        take_backup(request_.model_copy(update={"recipient": "A" * 40}), context)
    nothing_left(request_)


def test_a_key_that_vanishes_meanwhile_fails_at_gpg(
    request_: BackupRequest, context: Context, nothing_left: Callable[[BackupRequest], None]
) -> None:
    def lose_key(phase: BackupPhase, _moved: int) -> None:
        if phase is BackupPhase.SCRATCH and request_.gnupg_home is not None:
            (request_.gnupg_home / "pubring.kbx").unlink()

    with pytest.raises(BackupNotProven, match="gpg exited with 2"):
        take_backup(request_, context, on_progress=lose_key)
    nothing_left(request_)


@pytest.mark.parametrize("name", ["pg_dump", "gpg", "pg_restore"])
def test_a_killed_member_is_named_and_nothing_is_left(
    request_: BackupRequest,
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    nothing_left: Callable[[BackupRequest], None],
    name: str,
) -> None:
    class Doomed(Member):
        """The real program, killed by somebody else as soon as it runs."""

        def __init__(self, program: str, *rest: object, **options: object) -> None:
            super().__init__(program, *rest, **options)  # type: ignore[arg-type]
            if program == name:
                os.kill(self.process.pid, signal.SIGKILL)

    monkeypatch.setattr("console.backend.backup.take.Member", Doomed)
    with pytest.raises(BackupNotProven, match=f"{name} was killed by signal 9"):
        take_backup(request_, context)
    nothing_left(request_)


def test_an_encryption_whose_end_gpg_does_not_report_is_no_backup(
    request_: BackupRequest,
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    nothing_left: Callable[[BackupRequest], None],
) -> None:
    """The restore is proven from the stream beside it: a file without a byte would be recorded as proven."""

    class Swallowing(Member):
        """A gpg that reads all of the dump, writes nothing and exits with 0."""

        def __init__(self, program: str, command: list[str], **options: object) -> None:
            swallowed = ["sh", "-c", "cat > /dev/null"] if program == "gpg" else command
            super().__init__(program, swallowed, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("console.backend.backup.take.Member", Swallowing)
    with pytest.raises(BackupNotProven, match="gpg did not report the end of the encryption"):
        take_backup(request_, context)
    nothing_left(request_)


def test_a_record_that_cannot_be_written_leaves_a_file_that_proves_nothing(
    request_: BackupRequest, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record before its file would be listed as a backup that was lost."""

    def full(_folder: Path, _record: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("console.backend.backup.take.write_record", full)
    with pytest.raises(OSError, match="No space left"):
        take_backup(request_, context)
    (left,) = list_backups(request_.backups, context.now())
    assert (left.state, left.record) == (BackupState.TAKEN, None)


def test_a_full_disk_fails_at_gpg_and_nothing_is_left(
    request_: BackupRequest,
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    nothing_left: Callable[[BackupRequest], None],
) -> None:
    class Limited(Member):
        """The real program below a limit on the size of files."""

        def __init__(self, program: str, command: list[str], **options: object) -> None:
            limited = [sys.executable, "-c", BELOW_A_LIMIT, *command] if program == "gpg" else command
            super().__init__(program, limited, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("console.backend.backup.take.Member", Limited)
    with pytest.raises(BackupNotProven, match=r"gpg (was killed by signal 25|exited with)"):
        take_backup(request_, context)
    nothing_left(request_)


def test_a_restore_that_differs_is_refused_naming_the_table(
    request_: BackupRequest,
    context: Context,
    nothing_left: Callable[[BackupRequest], None],
) -> None:
    class Swapped(Member):
        """pg_restore, and somebody who alters a row behind it."""

        def __init__(self, program: str, command: list[str], **options: object) -> None:
            if program == "pg_restore":
                psql = command[0].replace("pg_restore", "psql")
                target = next(part for part in command if part.startswith("--dbname="))
                script = '"$@" && exec "$PSQL" "$TARGET" -qc "UPDATE law.version SET body = NULL WHERE unit_id = 2"'
                command = ["env", f"PSQL={psql}", f"TARGET={target}", "sh", "-c", script, "sh", *command]
            super().__init__(program, command, **options)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("console.backend.backup.take.Member", Swapped)
        with pytest.raises(BackupNotProven, match=r"not what was dumped: law\.version: 300 rows"):
            take_backup(request_, context)
    nothing_left(request_)


def test_a_cancelled_backup_kills_its_programs(
    request_: BackupRequest, context: Context, nothing_left: Callable[[BackupRequest], None]
) -> None:
    with pytest.raises(BackupNotProven, match="cancelled"):
        take_backup(request_, context, cancelled=lambda: True)
    nothing_left(request_)


def test_a_table_that_somebody_has_locked_is_refused_in_time(
    request_: BackupRequest, context: Context, nothing_left: Callable[[BackupRequest], None]
) -> None:
    with psycopg.connect(request_.conninfo) as other:
        other.execute("LOCK TABLE law.version IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(BackupNotProven, match=r"law\.version is locked by another session"):
            take_backup(request_.model_copy(update={"timeout_s": 0.2}), context)
    nothing_left(request_)


def test_a_backup_that_takes_too_long_is_ended(
    request_: BackupRequest, context: Context, nothing_left: Callable[[BackupRequest], None]
) -> None:
    with pytest.raises(BackupNotProven, match="longer than 0 s"):
        take_backup(request_.model_copy(update={"timeout_s": 0.01}), context)
    nothing_left(request_)


def test_a_database_that_is_down_is_unmeasured(request_: BackupRequest, context: Context) -> None:
    with pytest.raises(Unmeasured):
        take_backup(request_.model_copy(update={"conninfo": "host=/nonexistent"}), context)


def test_a_dump_program_without_tls_is_named_with_what_to_install(
    request_: BackupRequest, cluster: TransientCluster, context: Context, nothing_left: Callable[[BackupRequest], None]
) -> None:
    """It would go on in plain text where the session beside it has TLS, if that were not demanded of it."""
    with tls_server(cluster.socket_dir / f".s.PGSQL.{PORT}") as server:
        changes = {"conninfo": server.conninfo(request_.conninfo, sslmode="prefer")}
        request = request_.model_copy(update={**changes, "programs": str(cluster.programs.bin_dir)})
        try:
            take_backup(request, context)
        except BackupNotProven as error:
            refused = error
        else:
            pytest.skip("the pg_dump of this machine has TLS")
    assert "SSL support is not compiled in" in refused.message
    assert "`postgres_programs`" in refused.next_action
    nothing_left(request)


def test_an_expired_key_stops_the_backup(request_: BackupRequest, context: Context) -> None:
    assert request_.gnupg_home is not None
    old = make_key(request_.gnupg_home, "old@example.org", "--faked-system-time", "20200101T000000", life="1d")
    with pytest.raises(RecipientUnusable, match="expired since 2020-01-02"):
        take_backup(request_.model_copy(update={"recipient": old}), context)


def test_no_password_is_on_a_command_line() -> None:
    assert "hunter2" not in without_password("host=h user=u password=hunter2 dbname=d")
