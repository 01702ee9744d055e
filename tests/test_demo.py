"""The demo's tour holds on every step, and no server, no root and no key is left behind, however it ends.

It runs from a copy of the package, as a checkout of a machine that has Python and gpg and nothing else: the files of
this checkout may be edited meanwhile, and are then rightly not those of its manifest.
"""

import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.passage import deploy_copy

PROGRAM = "from console.cli.main import main; raise SystemExit(main())"


GPG = ("gpg", "gpgconf", "gpg-agent", "gpg-connect-agent")


@dataclass(frozen=True)
class Start:
    """Starts the tour in the copy."""

    checkout: Path
    programs: Path
    temporary: Path

    def __call__(self, root: Path) -> subprocess.Popen[str]:
        """Start it on this root; the working directory is where Python looks for the package first."""
        command = [sys.executable, "-u", "-c", PROGRAM, "demo", "--tour", "--root", str(root)]
        return subprocess.Popen(
            command,
            cwd=self.checkout,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={"PATH": str(self.programs), "HOME": str(self.temporary), "TMPDIR": str(self.temporary)},
            start_new_session=True,
        )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package in what looks like a clone; there is no git to ask about it."""
    place = tmp_path_factory.mktemp("checkout")
    deploy_copy(place)
    (place / ".git").mkdir()
    return place


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds gpg and what belongs to it."""
    place = tmp_path_factory.mktemp("bin")
    for name in GPG:
        if found := shutil.which(name):
            (place / name).symlink_to(found)
    return place


@pytest.fixture
def start(checkout: Path, programs: Path, temporary: Path) -> Start:
    """`start(root)` starts the tour."""
    return Start(checkout, programs, temporary)


def _server_directory(line: str) -> Path:
    return Path(line.rpartition(" ")[2].strip())


def _await_gone(directory: Path) -> bool:
    deadline = time.monotonic() + 20
    while directory.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return not directory.exists()


@pytest.fixture
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short place for the demo's own files, so that a test sees what is left of them."""
    return tmp_path_factory.mktemp("d")


def test_the_tour_holds_on_every_step_and_leaves_nothing(tmp_path: Path, temporary: Path, start: Start) -> None:
    with start(tmp_path / "root") as tour:
        said, _ = tour.communicate(timeout=120)
    lines = said.splitlines()
    assert tour.returncode == 0, said
    assert lines[-1].endswith(" steps passed, 0 failed")
    assert sum(line.startswith("PASS") for line in lines) >= 18
    assert "158 units, 165 versions, 60 log rows" in said
    assert _await_gone(_server_directory(lines[0]))
    assert (list(temporary.iterdir()), (tmp_path / "root").exists()) == ([], False)


@pytest.mark.parametrize(
    "way", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda way: way.name
)
def test_a_tour_that_is_ended_in_the_middle_leaves_no_server(
    tmp_path: Path, temporary: Path, start: Start, way: signal.Signals
) -> None:
    """Ctrl-C comes while the first document is seeded, the others behind it."""
    last = "schema and roles installed" if way is signal.SIGINT else "DEMO-CONST"
    with start(tmp_path / "root") as tour:
        assert tour.stdout is not None
        first = tour.stdout.readline()
        for line in tour.stdout:
            if last in line:
                break
        tour.send_signal(way)
        tour.communicate(timeout=60)
    assert tour.returncode != 0
    assert _await_gone(_server_directory(first))
    if way is not signal.SIGKILL:
        assert (list(temporary.iterdir()), (tmp_path / "root").exists()) == ([], False)


def test_a_root_that_exists_is_not_the_demo_s_to_use_or_remove(tmp_path: Path, temporary: Path, start: Start) -> None:
    kept = tmp_path / "kept"
    kept.write_text("mine", encoding="utf-8")
    with start(tmp_path) as tour:
        said, _ = tour.communicate(timeout=60)
    assert (tour.returncode, kept.read_text(encoding="utf-8")) == (4, "mine"), said
    assert list(tmp_path.iterdir()) == [kept]
