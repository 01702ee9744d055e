"""The next start removes what killed processes have left, says so, and touches nothing that a living process writes."""

import fcntl
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.backend.host.cluster_directory import GPG_PREFIX, default_parents, hidden_name, is_abandoned
from console.backend.leftovers import CRASH_LOGS_KEPT, sweep_leftovers
from console.backend.publication.publishing import published, remove_leftovers
from console.cli.main import main
from tests.support.hung import running
from tests.support.passage import Passage

ROOT = Path(__file__).parents[2]
NOW = datetime.now(UTC)
MAKE_A_HOME = """
import os, signal, subprocess
from pathlib import Path
from console.backend.backup.selftest import throw_away_home, _make_key
with throw_away_home() as home:
    _make_key(home)
    print(home, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def dead(name: str) -> str:
    """The temporary name of a process that is no longer alive."""
    return re.sub(r"\.\d+-\d+-", ".1-1-", hidden_name(name))


def swept(root: Path) -> list[str]:
    """What was swept below the root; the temporary directories are everybody's."""
    return [line for line in sweep_leftovers(root, NOW) if str(root) in line]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with leftovers of every kind."""
    for folder in ("runs/ictr-1", "approvals", "backups", "reports"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def test_each_kind_of_leftover_goes_and_is_named(root: Path) -> None:
    left = [
        root / "backups" / dead("b.dump.gpg").replace(".part", ".partial"),
        root / "runs" / "ictr-1" / dead("plan.json"),
        root / "approvals" / dead("r.SG_1.json"),
        root / dead("orchestrator.config.json"),
        root / "reports" / "console-crash-20200101T000000Z-1-00000000.log",
        root / "runs" / "ictr-1" / ".journal.jsonl.00000000",
        root / "runs" / "ictr-1" / ".anchor.key.00000000",
    ]
    for place in left:
        place.write_bytes(b"x")
    old = (NOW - CRASH_LOGS_KEPT - timedelta(days=1)).timestamp()
    for place in left[4:]:
        os.utime(place, (old, old))
    draft = root / "reports" / ".20260101-readiness.part"
    draft.mkdir()
    said = "\n".join(swept(root))
    assert [place for place in (*left, draft) if place.exists() or str(place) not in said] == []
    assert swept(root) == []


def test_what_lives_is_recent_or_belongs_to_somebody_else_stays(root: Path) -> None:
    kept = [
        root / "backups" / hidden_name("b.dump.gpg", "partial"),
        root / "backups" / "b.dump.gpg",
        root / "reports" / "console-crash-20200101T000000Z-1-00000000.log",
        root / "runs" / "ictr-1" / ".journal.jsonl.00000000",
        root / "runs" / "ictr-1" / re.sub(r"-[0-9a-f]{8}-", "-00000000-", dead("plan.json")),
        root / "runs" / "ictr-1" / ".notes",
    ]
    for place in kept:
        place.write_bytes(b"x")
    (root / "backups" / dead("link")).symlink_to(kept[1])
    assert swept(root) == []
    assert all(place.exists() for place in kept)


def test_the_home_and_the_agent_of_a_self_test_that_was_killed_go() -> None:
    done = subprocess.run([sys.executable, "-c", MAKE_A_HOME], cwd=ROOT, capture_output=True, text=True, check=False)
    home = Path(done.stdout.strip())
    assert home.name.startswith(GPG_PREFIX)
    assert home.parent in default_parents()
    assert (home / "pubring.kbx").exists()
    said = sweep_leftovers(Path(tempfile.gettempdir()), NOW)
    assert f"removed {home}, left behind by a process that is no longer alive" in said
    assert not home.exists()
    assert [line for line in running(str(home)) if "gpg-agent" in line] == []


def test_what_earlier_versions_have_left_goes_after_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.backend.host.cluster_directory.default_parents", lambda: (tmp_path,))
    old, fresh, other = (
        tmp_path / name for name in ("cutter-gpg-abcd_123", "cutter-demo-abcd_123", "cutter-gpg-notes")
    )
    for place in (old, fresh, other):
        (place / "private-keys-v1.d").mkdir(parents=True)
    two_days = (NOW - timedelta(days=2)).timestamp()
    for place in (old, other):
        os.utime(place, (two_days, two_days))
    assert swept(tmp_path) == [f"removed {old}, left behind by an earlier version more than a day ago"]
    assert (old.exists(), fresh.exists(), other.exists()) == (False, True, True)


@pytest.mark.parametrize(("words", "sweeps"), [(["run", "void", "RUN", "--reason", "x"], True), (["status"], False)])
def test_a_command_that_writes_sweeps_and_says_so_and_one_that_reads_changes_nothing(
    at: Callable[[str], Passage], capsys: pytest.CaptureFixture[str], words: list[str], *, sweeps: bool
) -> None:
    passage = at("waits for SG_1")
    left = passage.installation.backups / dead("b.dump.gpg").replace(".part", ".partial")
    left.write_bytes(b"x")
    filled = [passage.run_id if word == "RUN" else word for word in words]
    status = main(["--root", str(passage.installation.root), *filled])
    said = capsys.readouterr().err
    assert (left.exists(), f"removed {left}" in said) == (not sweeps, sweeps), (
        f"status {status}: {said}; abandoned: {is_abandoned(left.name)}, now: {swept(passage.installation.root)}"
    )


def test_a_root_that_cannot_be_read_stops_nobody(tmp_path: Path) -> None:
    assert swept(tmp_path / "none") == []


@pytest.mark.parametrize("after", ["reserved", "opened"])
def test_a_draft_that_is_removed_before_it_is_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    removed: list[str] = []

    def remove() -> None:
        # Another console starts at this moment, and takes the new directory for a leftover.
        if not removed:
            removed.extend(remove_leftovers(tmp_path))

    real_open, real_flock = os.open, fcntl.flock

    def open_after_the_other(path: str | Path, flags: int) -> int:
        monkeypatch.undo()
        remove()
        return real_open(path, flags)

    def lock_after_the_other(descriptor: int, operation: int) -> None:
        monkeypatch.undo()
        remove()
        real_flock(descriptor, operation)

    if after == "reserved":
        monkeypatch.setattr(os, "open", open_after_the_other)
    else:
        monkeypatch.setattr(fcntl, "flock", lock_after_the_other)
    with published(tmp_path, "report") as draft:
        assert remove_leftovers(tmp_path) == ()  # The draft that is written into holds the lock.
        draft.write("a.txt", b"whole")

    assert removed == [".report.part"]
    assert (tmp_path / "report" / "a.txt").read_bytes() == b"whole"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_crash_log_that_somebody_else_has_written_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may write in the folder for temporary files, and root could remove it."""
    log = tmp_path / "console-crash-20200101T000000Z-1-00000000.log"
    log.touch()
    os.utime(log, (0, 0))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with monkeypatch.context() as others:
        others.setattr(os, "geteuid", lambda: log.stat().st_uid + 1)
        sweep_leftovers(tmp_path / "root", datetime.now(UTC))
        assert log.exists()
    sweep_leftovers(tmp_path / "root", datetime.now(UTC))
    assert not log.exists()
