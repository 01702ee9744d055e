"""A small source database, a throw-away backup key, and a request that puts them together."""

import subprocess
from pathlib import Path

import pytest

from console.backend.backup.record import BackupRequest
from console.backend.host.context import Context
from console.backend.host.gpg import gpg_command
from console.backend.model.plan_binding import Target
from tests.conftest import Database
from tests.support.scratch_kept import in_full

TABLES = ("public.unit", "law.version")
SCHEMA = """
CREATE SCHEMA law;
CREATE FUNCTION law.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'guarded'; END $$;
CREATE TABLE unit (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, address text UNIQUE, profile jsonb);
CREATE TABLE law.version (unit_id bigint REFERENCES unit, body text, at timestamptz DEFAULT now(), weight float8);
CREATE TABLE untouched (secret text);
INSERT INTO unit (address, profile) SELECT 'DIEU-' || n, jsonb_build_object('n', n) FROM generate_series(1, 300) n;
INSERT INTO law.version (unit_id, body, weight)
    SELECT n, CASE n % 3 WHEN 0 THEN '' WHEN 1 THEN NULL ELSE repeat(E'Điều\\t' || n || E'\\\\\\n', 40) END, n / 7.0
    FROM generate_series(1, 300) n;
INSERT INTO untouched VALUES ('not in the backup');
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON law.version FOR EACH ROW EXECUTE FUNCTION law.refuse();
ALTER TABLE law.version ENABLE ALWAYS TRIGGER guard;
"""


@pytest.fixture
def server_for_each_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each proof starts a server of its own: for tests of what a backup starts, needs and leaves."""
    in_full(monkeypatch)


def make_key(home: Path, name: str = "backup@example.org", *options: str, life: str = "30d") -> str:
    """A key pair without a passphrase; its fingerprint."""
    done = subprocess.run(
        gpg_command(
            home,
            "--status-fd",
            "1",
            "--passphrase",
            "",
            *options,
            "--quick-gen-key",
            name,
            "future-default",
            "default",
            life,
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    return next(line.split()[3] for line in done.stdout.splitlines() if "KEY_CREATED" in line)


@pytest.fixture
def backup_key(gnupg_home: Path) -> str:
    """The fingerprint of a key pair in `gnupg_home`."""
    return make_key(gnupg_home)


def request_for(database: Database, directory: Path, home: Path, key: str) -> BackupRequest:
    """A request for the tables of SCHEMA, after installing it."""
    with database.connect() as connection:
        connection.execute(SCHEMA)
    backups = directory / "backups"
    backups.mkdir()
    target = Target(host="db1", database=database.name, system_identifier="7", timeline=1)
    return BackupRequest(
        conninfo=database.conninfo(),
        target=target,
        tables=TABLES,
        backups=backups,
        recipient=key,
        gnupg_home=home,
        timeout_s=60,
    )


@pytest.fixture
def request_(empty_database: Database, tmp_path: Path, gnupg_home: Path, backup_key: str) -> BackupRequest:
    """A request on the default major version."""
    return request_for(empty_database, tmp_path, gnupg_home, backup_key)


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """The real clock; the root is the test's own."""
    return Context(root=tmp_path, host="console1")
