"""The demo's keys sign for the demo, in a home that says so, and nowhere else."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.backend.approvals.keyring import measure_keyring
from console.backend.approvals.policy import Policy, Signer, Thresholds
from console.backend.approvals.signatures import judge_signature, measure_signature, signatures_beside
from console.backend.backup.recipient import list_key
from console.backend.model.errors import Refused, StopCode, Unmeasured, UsageError
from console.backend.model.outcome import Outcome
from console.demo.keys import MARKER, DemoKeys, create_demo_keys, sign_as_demo_sovereign


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoKeys]:
    """A demo's keys below a short temporary directory."""
    with tempfile.TemporaryDirectory(prefix="cd-", dir="/tmp") as place:
        yield create_demo_keys(Path(place) / "g")


def test_a_home_has_two_keys_that_expire_and_its_mode_is_0700(demo: DemoKeys) -> None:
    now = datetime.now(UTC)
    keys = measure_keyring(demo.home, now)
    assert {key.fingerprint for key in keys.keys} == {demo.sovereign_fingerprint, demo.backup_fingerprint}
    assert all(key.sign_until is not None and key.sign_until < now + timedelta(days=31) for key in keys.keys)
    assert demo.home.stat().st_mode & 0o777 == 0o700


def test_the_backup_key_opens_nothing_on_the_host(demo: DemoKeys) -> None:
    """Whoever takes the host must not read its backups: the private half is made, and stays, elsewhere."""
    assert list_key(demo.sovereign_fingerprint, demo.home).private
    assert not list_key(demo.backup_fingerprint, demo.home).private
    assert list_key(demo.backup_fingerprint, demo.elsewhere).private


def test_the_backup_key_encrypts(demo: DemoKeys) -> None:
    command = ["gpg", "--homedir", str(demo.home), "--batch", "--trust-model", "always", "--encrypt"]
    done = subprocess.run([*command, "-r", demo.backup_fingerprint], input=b"dump", capture_output=True, check=True)
    assert done.stdout


def test_the_demo_sovereigns_signature_counts_under_the_demos_policy(demo: DemoKeys, tmp_path: Path) -> None:
    statement = tmp_path / "sg1.json"
    statement.write_bytes(b"{}")
    signature = demo.sign_as_demo_sovereign(statement)
    assert signatures_beside(statement) == (signature,)
    signer = Signer(name="Demo Sovereign", fingerprint=demo.sovereign_fingerprint)
    policy = Policy(signers=(signer,), thresholds=Thresholds(SG_1=1, SG_2=1), solo=False, operators=())
    now = datetime.now(UTC)
    seen = measure_signature(b"{}", signature, demo.home, now, time.monotonic)
    verdict = judge_signature(seen, None, now, policy)
    assert (verdict.check.outcome, verdict.primary_fingerprint) == (Outcome.PASS, demo.sovereign_fingerprint)
    with pytest.raises(Refused):
        demo.sign_as_demo_sovereign(statement)


def test_signing_refuses_every_home_without_the_marker(demo: DemoKeys, tmp_path: Path) -> None:
    statement = tmp_path / "sg1.json"
    statement.write_bytes(b"{}")
    real = tmp_path / "real"
    shutil.copytree(demo.home, real, ignore=shutil.ignore_patterns("S.*", MARKER))
    with pytest.raises(Refused) as refused:
        sign_as_demo_sovereign(statement, real)
    assert refused.value.code is StopCode.APPROVAL_INVALID
    assert signatures_beside(statement) == ()


def test_no_agent_outlives_the_making_and_the_signing(demo: DemoKeys, tmp_path: Path) -> None:
    statement = tmp_path / "other.json"
    statement.write_bytes(b"{}")
    demo.sign_as_demo_sovereign(statement)
    assert _agents_of(demo.home) == []


def _agents_of(home: Path) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if "gpg-agent" in command and str(home) in command:
            found.append(command)
    return found


def test_a_home_is_never_reused(demo: DemoKeys) -> None:
    with pytest.raises(Refused):
        create_demo_keys(demo.home)


def test_a_home_too_long_for_the_agents_socket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        create_demo_keys(tmp_path / ("x" * 100))


@pytest.mark.parametrize(
    ("gpg", "action"),
    [
        ("", "apt install gnupg"),
        ("echo 'gpg: failed to start agent' >&2; exit 2", "apt install gnupg"),
        ("echo 'gpg: no space left' >&2; exit 2", "Look at: gpg --version"),
    ],
    ids=["absent", "without its agent", "anything else"],
)
def test_a_gpg_that_makes_no_key_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpg: str, action: str
) -> None:
    """Debian's package gpg alone brings no agent, and without one no key is made."""
    programs = tmp_path / "bin"
    programs.mkdir()
    if gpg:
        (programs / "gpg").write_text(f"#!/bin/sh\n{gpg}\n")
        (programs / "gpg").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))

    with tempfile.TemporaryDirectory(prefix="cd-", dir="/tmp") as place, pytest.raises(Unmeasured) as refused:
        create_demo_keys(Path(place) / "g")

    assert action in refused.value.next_action
