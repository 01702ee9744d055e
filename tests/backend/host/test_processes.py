"""A program that hangs, is stopped or is left alone is ended with its whole group, and nothing of it is left."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.backend.approvals import keyring
from console.backend.approvals.signatures import measure_signature
from console.backend.backup import selftest
from console.backend.backup.record import BackupNotProven
from console.backend.host import gpg
from console.backend.host.cluster_directory import GPG_PREFIX, default_parents
from console.backend.host.context import Context
from console.backend.host.gpg import gpg_command
from console.backend.host.processes import finished, finished_under_guard
from console.backend.scratch.cluster import ClusterNotStarted, TransientCluster
from tests.backend.backup.conftest import make_key
from tests.backend.scratch.test_cluster import open_place
from tests.support.descriptors import numbers_beyond_select
from tests.support.hung import GPG, Hanging, running
from tests.support.waiting import until

__all__ = ["open_place"]
ROOT = Path(__file__).parents[3]
HOLD = """
import sys
from console.backend.host.processes import finished_under_guard
finished_under_guard(["sh", "-c", sys.argv[1]], timeout_s=600)
"""


@pytest.fixture
def hanging(open_place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hanging]:
    """Wrappers on the PATH; whatever they have started is gone at the end."""
    folder = open_place / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    hanging = Hanging(folder)
    yield hanging
    assert hanging.left() == []


@pytest.mark.parametrize("run", [finished, finished_under_guard])
@pytest.mark.parametrize("how", ["sleep {0} & sleep {0}", "trap '' TERM INT; sleep {0} & kill -STOP $$"])
def test_a_program_that_does_not_end_is_ended_with_its_group(run: object, how: str, hanging: Hanging) -> None:
    assert callable(run)
    with pytest.raises(subprocess.TimeoutExpired):
        run(["sh", "-c", how.format(hanging.marker)], timeout_s=0.3)
    assert hanging.left() == []


def test_what_a_program_leaves_in_its_group_ends_with_it(hanging: Hanging) -> None:
    ended = finished_under_guard(["sh", "-c", f"sleep {hanging.marker} >/dev/null 2>&1 & exit 3"], timeout_s=60)
    assert ended.status == 3


def test_a_guarded_program_ends_as_it_would_without_a_guard() -> None:
    assert finished_under_guard(["sh", "-c", "echo out; echo err >&2"], timeout_s=60).text == "out\n"
    assert finished_under_guard(["sh", "-c", "kill -9 $$"], timeout_s=60).status == -signal.SIGKILL
    missing = finished_under_guard(["/usr/bin/no-such-program"], timeout_s=60)
    assert (missing.status, "No such file" in missing.complaint) == (127, True)


def test_a_guard_listens_to_its_starter_whatever_the_number_of_its_descriptor() -> None:
    with numbers_beyond_select():
        ended = finished_under_guard(["sh", "-c", "exec >&-; sleep 0.1; exit 3"], timeout_s=60)

    assert (ended.status, ended.complaint) == (3, "")


@pytest.mark.parametrize("victim", ["starter", "guard"])
def test_a_guarded_program_does_not_outlive_its_starter(victim: str, hanging: Hanging) -> None:
    script = f"echo started >&2; exec sleep {hanging.marker}"
    with subprocess.Popen([sys.executable, "-c", HOLD, script], cwd=ROOT, stderr=subprocess.DEVNULL) as starter:
        until(lambda: any(line.startswith("sleep") for line in running(hanging.marker)), "the program runs")
        if victim == "starter":
            starter.kill()
        else:
            (guard,) = Path(f"/proc/{starter.pid}/task/{starter.pid}/children").read_text().split()
            os.kill(int(guard), signal.SIGKILL)
        starter.wait()
    assert hanging.left() == []


@pytest.mark.parametrize("program", ["initdb", "postgres"])
def test_a_server_that_does_not_start_is_named_and_leaves_nothing(
    program: str, hanging: Hanging, open_place: Path, cluster: TransientCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = {name: str(cluster.programs.program(name)) for name in ("initdb", "postgres")}
    hanging.wrap_all(real)
    hanging.wrap(program, real[program], when=" -D " if program == "postgres" else "--pgdata")
    monkeypatch.setattr("console.backend.scratch.cluster._START_TIMEOUT_S", 3.0 if program == "postgres" else 0.5)
    place = open_place / "place"
    place.mkdir(mode=0o711)
    place.chmod(0o711)
    with pytest.raises(ClusterNotStarted, match=r"did not (start|end)") as stopped:
        TransientCluster.start(cluster.major, parents=(place,))
    assert stopped.value.next_action
    assert list(place.iterdir()) == []


def test_a_gpg_that_hangs_is_an_answer_that_could_not_be_had(
    hanging: Hanging, gnupg_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, signature = Context(root=tmp_path).now(), tmp_path / "s.asc"
    signature.write_bytes(b"no signature")
    hanging.wrap("gpg", GPG, when="-ver")
    hanging.wrap("gpg", GPG)
    monkeypatch.setattr(gpg, "LONGEST_S", 0.3)
    assert "did not answer" in measure_signature(b"x", signature, gnupg_home, now, lambda: 0.0).unmeasured
    assert "did not answer" in keyring.measure_keyring(gnupg_home, now).unreadable


def test_a_gpg_that_hangs_in_the_self_test_is_named_and_its_home_is_gone(
    hanging: Hanging, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging.wrap("gpg", GPG, when="--quick-gen-key")
    monkeypatch.setattr(selftest, "_GPG_S", 0.3)
    before = _homes()
    with pytest.raises(BackupNotProven, match="did not end within") as stopped:
        selftest.round_trip()
    assert "gpg --version" in stopped.value.next_action
    assert _homes() == before


def _homes() -> set[Path]:
    return {place for parent in default_parents() for place in parent.glob(f"{GPG_PREFIX}{os.getpid()}-*")}


def test_an_agent_that_is_stopped_is_killed(gnupg_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_key(gnupg_home)
    (agent,) = gpg.serving(gnupg_home)
    os.kill(agent, signal.SIGSTOP)
    monkeypatch.setattr(gpg, "_ASKED_S", 0.3)
    gpg.end_agent(gnupg_home)
    assert gpg.serving(gnupg_home) == ()
    assert gpg_command(gnupg_home)[0] == "gpg"


def test_an_agent_that_was_asked_to_end_and_stays_is_killed(
    gnupg_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """gpgconf answers when the agent has taken the request; here it answers, and nothing was asked."""
    make_key(gnupg_home)
    assert gpg.serving(gnupg_home)
    (tmp_path / "gpgconf").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "gpgconf").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(gpg, "_ASKED_S", 0.3)
    gpg.end_agent(gnupg_home)
    assert gpg.serving(gnupg_home) == ()
