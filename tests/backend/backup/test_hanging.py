"""A backup whose programs hang, crawl or lose their sessions ends in a named outcome, and leaves nothing."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from console.backend.backup.record import BackupNotProven, BackupPhase, BackupRequest, BackupState
from console.backend.backup.take import take_backup
from console.backend.host.cluster_directory import PREFIX, default_parents
from console.backend.host.context import Context
from console.backend.leftovers import sweep_leftovers
from console.backend.model.errors import CutterError
from console.backend.scratch.cluster import TransientCluster
from tests.support.hung import GPG, Hanging, running

pytestmark = pytest.mark.usefixtures("server_for_each_proof")
ROOT = Path(__file__).parents[3]
PROGRAMS = ("pg_dump", "gpg", "pg_restore")
TAKE = """
import sys
from pathlib import Path
from console.backend.backup.record import BackupState
from console.backend.backup.record import BackupRequest
from console.backend.backup.take import take_backup
from console.backend.host.context import Context
request = BackupRequest.model_validate_json(sys.stdin.readline())
def said(phase, moved):
    print(phase.name, flush=True)
    if phase.name == sys.argv[2]:
        sys.stdin.readline()
take_backup(request, Context(root=Path(sys.argv[1])), on_progress=said)
"""
PLAIN = (b"PGDMP", b"DIEU-1")


@pytest.fixture
def hanging(cluster: TransientCluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hanging]:
    """Wrappers before the programs of a backup."""
    folder = Path(tempfile.mkdtemp(prefix="hung-", dir=default_parents()[0]))
    hanging = Hanging(folder)
    hanging.wrap_all({**{name: str(cluster.programs.program(name)) for name in PROGRAMS if name != "gpg"}, "gpg": GPG})
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    yield hanging
    shutil.rmtree(folder)


def wrapped(hanging: Hanging, cluster: TransientCluster, name: str, instead: str = "") -> None:
    """Let one program do something else where it would do its work."""
    real = GPG if name == "gpg" else str(cluster.programs.program(name))
    hanging.wrap(name, real, when="--encrypt" if name == "gpg" else "--dbname", instead=instead)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_that_hangs_is_named_and_ended_with_its_group(
    name: str, hanging: Hanging, cluster: TransientCluster, request_: BackupRequest, context: Context
) -> None:
    wrapped(hanging, cluster, name)
    request = request_.model_copy(update={"stall_s": 1.5, "programs": str(hanging.folder)})
    with pytest.raises(BackupNotProven, match=f"NOT_PROVEN: {name} did nothing for 2 s, and was ended") as stopped:
        take_backup(request, context)
    assert f"{name} --version" in stopped.value.next_action
    assert list(request.backups.iterdir()) == []
    assert hanging.left() == []


def test_a_program_that_is_stopped_is_ended(
    hanging: Hanging, cluster: TransientCluster, request_: BackupRequest, context: Context
) -> None:
    wrapped(hanging, cluster, "pg_restore", f"sleep {hanging.marker} & kill -STOP $$")
    request = request_.model_copy(update={"stall_s": 1.5, "programs": str(hanging.folder)})
    with pytest.raises(BackupNotProven, match="pg_restore did nothing"):
        take_backup(request, context)
    assert list(request.backups.iterdir()) == []
    assert hanging.left() == []


def test_a_program_that_is_slow_is_waited_for(
    hanging: Hanging, cluster: TransientCluster, request_: BackupRequest, context: Context
) -> None:
    real = str(cluster.programs.program("pg_dump"))
    slow = f'"{real}" "$@" | {{ dd bs=100 count=1 iflag=fullblock 2>/dev/null; sleep 0.4; cat; }}'
    wrapped(hanging, cluster, "pg_dump", slow)
    request = request_.model_copy(update={"programs": str(hanging.folder)})
    assert take_backup(request, context).tables[0].rows == 300


@pytest.mark.parametrize(
    ("whose", "phase"),
    [
        ("cutter-console backup", BackupPhase.SCRATCH),
        ("both", BackupPhase.STREAM),
        ("pg_dump", BackupPhase.STREAM),
    ],
)
def test_a_session_that_is_terminated_in_a_backup_is_a_named_outcome(
    whose: str, phase: BackupPhase, request_: BackupRequest, context: Context
) -> None:
    """A backend that was terminated during the backup gave a traceback."""

    def terminate(now: BackupPhase, _moved: int) -> None:
        if now is phase:
            with psycopg.connect(request_.conninfo, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND pid <> pg_backend_pid() AND application_name LIKE %s",
                    ("%" if whose == "both" else f"{whose}%",),
                )

    try:
        record = take_backup(request_, context, on_progress=terminate)
    except CutterError as error:
        stopped = error
    else:  # The session had done its part before it was terminated.
        assert record.state is BackupState.DIGESTS_EQUAL
        return
    assert stopped.next_action
    assert list(request_.backups.iterdir()) == []


@pytest.mark.parametrize("phase", [phase.name for phase in BackupPhase])
def test_a_kill_at_any_moment_leaves_no_plain_text_and_no_process(
    phase: str, request_: BackupRequest, tmp_path: Path
) -> None:
    """Whatever was under way, what lies on a disk afterwards is ciphertext; the next start removes it."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    command = [sys.executable, "-c", TAKE, str(tmp_path), phase]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as taking:
        assert taking.stdin is not None
        assert taking.stdout is not None
        taking.stdin.write(request_.model_dump_json() + "\n")
        taking.stdin.flush()
        for line in taking.stdout:
            if line.strip() == phase:
                break
        taking.kill()
    mine = f"{PREFIX}{taking.pid}-"
    for _ in range(200):
        if not running(mine) and not _scratch(mine) and not running(request_.backups.name + "/bkp"):
            break
        time.sleep(0.05)
    assert (running(mine), _scratch(mine)) == ([], [])
    lying = [place for place in tmp_path.rglob("*") if place.is_file()]
    assert [place for place in lying if any(plain in place.read_bytes() for plain in PLAIN)] == []
    gone = sweep_leftovers(tmp_path, Context(root=tmp_path).now())
    assert [place.name for place in request_.backups.iterdir() if place.name.endswith(".partial")] == []
    assert all("no longer alive" in line for line in gone)
    assert bool(gone) == any(place.name.endswith(".partial") for place in lying)


def _scratch(mine: str) -> list[Path]:
    return [place for parent in default_parents() for place in parent.glob(f"{mine}*")]
