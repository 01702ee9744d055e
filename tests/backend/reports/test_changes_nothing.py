"""The promise of a readiness bundle: measuring leaves the database, the files, the keys and the processes as they were."""

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from console.backend.model.gate_table import GATES
from console.backend.reports.bundle.bundle import write_bundle
from console.backend.scratch.cluster import TransientCluster
from tests.support.passage import Passage, fingerprint, silent


def files_outside_reports(root: Path) -> dict[str, object]:
    """Every entry with its kind, mode, owner, size, times and content."""
    found: dict[str, object] = {}
    for folder, folders, names in os.walk(root):
        if Path(folder) == root:
            folders.remove("reports")
        for path in (Path(folder) / name for name in (*folders, *names)):
            status = path.lstat()
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            found[str(path)] = (status.st_mode, status.st_uid, status.st_size, status.st_mtime_ns, status.st_ctime_ns, content)  # fmt: skip
    return found


def keys(home: Path) -> tuple[str, dict[str, str]]:
    """What gpg lists, and the content of every key file."""
    listed = subprocess.run(
        ["gpg", "--homedir", str(home), "--batch", "--no-auto-check-trustdb", "--with-colons", "--list-keys"],
        capture_output=True,
        text=True,
        check=True,
    )
    files = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in home.rglob("*") if path.is_file()}
    return listed.stdout, {
        path: content for path, content in files.items() if not path.endswith((".lock", "random_seed"))
    }


def children_and_agents(home: Path) -> list[str]:
    """The command lines of our own children, and of gpg's agents on this home."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = (process / "stat").read_text(errors="replace").rpartition(")")[2].split()[1]
            words = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if words and (parent == str(os.getpid()) or (b"gpg-agent" in words and bytes(home) in words)):
            found.append(f"{process.name} {words!r}")
    return sorted(found)


def world(passage: Passage) -> dict[str, object]:
    """Everything that must be the same; the next transaction id may move by probes that are rolled back."""
    home = passage.installation.gnupg_home
    rows = fingerprint(passage)
    del rows["next transaction id"]
    return {
        **rows,
        "counts": passage.counts(),
        "files": files_outside_reports(passage.installation.root),
        "keys": keys(home),
        "processes": children_and_agents(home),
        "roles": passage.rows("SELECT rolname, rolsuper, rolconfig::text FROM pg_roles ORDER BY 1"),
        "schema": passage.rows("SELECT cutter_console.fn_schema_digest()"),
    }


def committed_since(passage: Passage, first: int) -> int:
    """How many of the transaction ids given out since then belong to a committed transaction of somebody."""
    query = """SELECT count(*) FROM generate_series(%s::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1) AS x(id)
                WHERE pg_xact_status(x.id::text::xid8) = 'committed'"""
    return int(str(passage.rows(query, first)[0][0]))


@pytest.fixture
def no_autovacuum(cluster: TransientCluster) -> Iterator[None]:
    """The server's own housekeeping commits transactions too; while this test counts them, it rests."""
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET autovacuum = off")
        connection.execute("SELECT pg_reload_conf()")
        yield
        connection.execute("ALTER SYSTEM RESET autovacuum")
        connection.execute("SELECT pg_reload_conf()")


@pytest.mark.parametrize("stage", ["waits for SG_2"])
def test_all_gates_and_the_bundle_change_nothing(at: Callable[[str], Passage], stage: str, no_autovacuum: None) -> None:
    passage = at(stage)
    before = world(passage)
    first = int(str(passage.rows("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")[0][0]))

    written = write_bundle(passage.installation, silent)

    assert [gate.gate for gate in written.board.gates] == [entry.id for entry in GATES]
    assert world(passage) == before
    assert committed_since(passage, first) == 0
    attested = [statement for statement in written.gaps if statement.startswith("attestation")]
    assert attested == []
    assert sorted(path.name for path in (passage.installation.root / "reports").glob("*-readiness*")) == [
        Path(written.directory).name
    ]
