"""G9 names what must be done elsewhere, packs it, and goes red when something was patched here instead."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from console.backend.gates import off_host
from console.backend.gates.off_host import GATE, package_of, work_of
from console.backend.gates.probe import Probe
from console.backend.host.gpg import end_agent
from console.backend.model.canonical_json import canonical_json, digest
from console.backend.model.outcome import Outcome
from console.backend.model.readiness import Difference, DriftReport
from console.backend.postgres.drift import measure_drift
from console.backend.publication.off_host import PackageFile, incomplete, off_host_package
from console.backend.publication.off_host_scripts import repair_sql
from console.backend.release.build import build_manifest
from console.backend.release.pins import manifest_path
from tests.backend.gates.conftest import SECONDS, is_red, measured, named
from tests.support.passage import Passage

SCRIPTS = ("01-build-manifest.sh", "02-backup-key.sh", "03-sovereign-key.sh")
SQL = "04-grants-as-administrator.sql"


def _without_tests(passage: Passage) -> Passage:
    """The same release, listed and pinned without a test run."""
    manifest = build_manifest(passage.installation.context, None)
    manifest_path(passage.installation).write_bytes(canonical_json(manifest))
    return passage.settings(deploy_manifest_sha256=digest(manifest))


def _without_signers(passage: Passage) -> Passage:
    policy = json.loads(passage.installation.policy.read_text())
    policy["signers"][0]["fingerprint"] = "0" * 40
    passage.installation.policy.write_text(json.dumps(policy))
    return passage


def _drifted(passage: Passage) -> Passage:
    passage.execute("REVOKE SELECT ON cutter_governance.v_run FROM cutter_ro")
    passage.execute("GRANT INSERT ON public.unit_version TO cutter_ro")
    return passage


def _all_open(passage: Passage) -> Passage:
    return _drifted(_without_signers(_without_tests(passage).settings(backup_gpg_fpr="1" * 40)))


def _files(passage: Passage) -> dict[str, str]:
    return {file.name: file.content.decode() for file in package_of(passage.installation)}


def test_where_nothing_is_to_be_done_elsewhere_the_gate_passes_and_there_is_no_package(fresh: Passage) -> None:
    report = measured(GATE, fresh.installation)

    assert report.outcome is Outcome.PASS, report.detail
    assert package_of(fresh.installation) == ()


def test_a_tree_that_was_patched_here_is_red(fresh: Passage, tmp_path: Path) -> None:
    shutil.copytree(fresh.installation.context.package.parent, tmp_path / "deployed")
    (tmp_path / "deployed/console/cli/main.py").write_text("patched")
    context = replace(fresh.installation.context, package=tmp_path / "deployed/console")

    report = measured(GATE, replace(fresh.installation, context=context))

    assert is_red(report, "not patched here", action="cutter-console manifest verify")
    assert "console/cli/main.py" in report.detail


def test_a_manifest_that_was_made_here_after_the_patch_is_red(fresh: Passage) -> None:
    manifest = build_manifest(fresh.installation.context, None)
    manifest_path(fresh.installation).write_bytes(canonical_json(manifest))

    assert is_red(measured(GATE, fresh.installation), "not patched here", action="workstation")


def test_without_a_manifest_nobody_can_tell_and_it_is_to_be_built(fresh: Passage) -> None:
    manifest_path(fresh.installation).unlink()

    report = measured(GATE, fresh.installation)

    assert is_red(report, "not patched here", Outcome.INCONCLUSIVE, action="make manifest")
    assert is_red(report, "release", Outcome.PARTIAL, action="01-build-manifest.sh")


@pytest.mark.parametrize(
    ("broken", "name", "file"),
    [
        (_without_tests, "release", SCRIPTS[0]),
        (lambda passage: passage.settings(backup_gpg_fpr="1" * 40), "backup key", SCRIPTS[1]),
        (_without_signers, "policy keys", SCRIPTS[2]),
        (_drifted, "grants and definitions", SQL),
    ],
)
def test_a_step_that_is_open_is_partial_and_its_file_is_in_the_package(
    fresh: Passage, broken: Callable[[Passage], Passage], name: str, file: str
) -> None:
    passage = broken(fresh)

    report = measured(GATE, passage.installation)

    assert report.outcome is Outcome.PARTIAL, report.detail
    assert is_red(report, name, Outcome.PARTIAL)
    assert set(_files(passage)) == {file, "INSTRUCTIONS.md", "SHA256SUMS"}
    assert named(report, "package").detail.startswith("3 files")


def test_a_tested_release_whose_manifest_is_not_pinned_is_a_step(fresh: Passage) -> None:
    unpinned = fresh.settings(deploy_manifest_sha256="none")

    assert is_red(measured(GATE, unpinned.installation), "release", Outcome.PARTIAL, action="cutter-console init --pin")


def test_a_red_test_run_is_a_step(fresh: Passage) -> None:
    path = manifest_path(fresh.installation)
    path.write_text(path.read_text().replace('"failed":0', '"failed":1'))

    assert is_red(measured(GATE, fresh.installation), "release", Outcome.PARTIAL, action="01-build-manifest.sh")


def test_a_database_out_of_reach_is_inconclusive_and_the_rest_is_still_packed(fresh: Passage) -> None:
    database = fresh.installation.settings.database.model_copy(update={"monitor": "host=/nonexistent dbname=none"})
    passage = _without_tests(fresh).settings(database=database)

    report = measured(GATE, passage.installation)

    assert is_red(report, "grants and definitions", Outcome.INCONCLUSIVE)
    assert named(report, "package").outcome is Outcome.PASS
    assert SCRIPTS[0] in _files(passage)
    assert SQL not in _files(passage)
    assert "could not be measured" in _files(passage)["INSTRUCTIONS.md"]


@pytest.fixture
def all_open(fresh: Passage) -> dict[str, str]:
    """The package in which every step is open."""
    return _files(_all_open(fresh))


def test_the_package_is_the_same_bytes_for_the_same_measurements(fresh: Passage) -> None:
    passage = _all_open(fresh)

    assert package_of(passage.installation) == package_of(passage.installation)


def test_the_package_unpacked_is_confirmed_by_sha256sum_and_parsed_by_bash(
    all_open: dict[str, str], tmp_path: Path
) -> None:
    for name, text in all_open.items():
        (tmp_path / name).write_text(text)

    subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path, check=True, capture_output=True)
    for script in SCRIPTS:
        subprocess.run(["bash", "-n", script], cwd=tmp_path, check=True, capture_output=True)
        assert all_open[script].startswith("#!/usr/bin/env bash\n")
        assert "set -euo pipefail" in all_open[script]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_refuses_to_run_on_the_production_host(fresh: Passage, tmp_path: Path, script: str) -> None:
    here = subprocess.run(["uname", "-n"], capture_output=True, text=True, check=True).stdout.strip()
    installation = replace(_all_open(fresh).installation, context=replace(fresh.installation.context, host=here))
    installation = replace(installation, settings=_all_open(fresh).installation.settings)
    content = next(file.content for file in package_of(installation) if file.name == script)
    (tmp_path / script).write_bytes(content)

    done = subprocess.run(["bash", script, "x", "y"], cwd=tmp_path, check=False, capture_output=True, text=True)

    assert (done.returncode, list(tmp_path.iterdir())) == (1, [tmp_path / script])
    assert "production host" in done.stderr


@pytest.mark.parametrize("git", ["", "exit 128", "echo ' M README.md'"], ids=["absent", "fails", "changes"])
def test_a_checkout_that_git_does_not_call_clean_is_not_built(
    all_open: dict[str, str], tmp_path: Path, git: str
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in {"uname": "echo elsewhere", "git": git, "make": "touch made", "sha256sum": "true"}.items():
        if text:
            (programs / name).write_text(f"#!{shutil.which('sh')}\nPATH={os.environ['PATH']}\n{text}\n")
            (programs / name).chmod(0o755)
    (tmp_path / "script.sh").write_text(all_open["01-build-manifest.sh"])

    done = subprocess.run(
        [str(shutil.which("bash")), "../script.sh", "."],
        cwd=programs,
        env={"PATH": str(programs)},
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode != 0
    assert not (programs / "made").exists()


@pytest.fixture
def asks_nothing() -> Iterator[Path]:
    """A short folder with a gpg first on the PATH that is the real one with an empty passphrase; its agents end with it."""
    real = shutil.which("gpg")
    with TemporaryDirectory(prefix="k", dir="/tmp") as place:
        wrapper = Path(place) / "gpg"
        wrapper.write_text(f"#!/bin/sh\nexec {real} --batch --pinentry-mode loopback --passphrase '' \"$@\"\n")
        wrapper.chmod(0o755)
        yield Path(place)
        for home in Path(place).glob("home*"):
            end_agent(home)


@pytest.mark.parametrize(
    ("script", "public", "capability"),
    [("02-backup-key.sh", "backup-key.public.asc", "e"), ("03-sovereign-key.sh", "sovereign-key.public.asc", "s")],
)
def test_a_key_script_makes_a_key_of_its_purpose_and_gives_out_the_public_part_alone(
    all_open: dict[str, str], asks_nothing: Path, script: str, public: str, capability: str
) -> None:
    (asks_nothing / script).write_text(all_open[script])
    environment = {**os.environ, "PATH": f"{asks_nothing}:{os.environ['PATH']}"}
    command = ["bash", script, str(asks_nothing / "home"), "A. Signer"]

    done = subprocess.run(
        command, cwd=asks_nothing, env=environment, capture_output=True, text=True, check=True, timeout=60
    )

    assert (asks_nothing / public).read_text().startswith("-----BEGIN PGP PUBLIC KEY BLOCK-----")
    (asks_nothing / "home2").mkdir(mode=0o700)
    listing = ["gpg", "--homedir", str(asks_nothing / "home2"), "--with-colons", "--import-options", "show-only"]
    shown = subprocess.run([*listing, "--import", public], cwd=asks_nothing, capture_output=True, text=True, check=True)
    fields = next(line.split(":") for line in shown.stdout.splitlines() if line.startswith("pub:"))
    assert capability in fields[11].lower()
    assert fields[6], "it expires"
    fingerprint = next(line.split(":")[9] for line in shown.stdout.splitlines() if line.startswith("fpr:"))
    assert f"fingerprint {fingerprint}" in done.stdout


def test_the_instructions_cite_the_evidence_of_every_step(all_open: dict[str, str]) -> None:
    text = all_open["INSTRUCTIONS.md"]

    for cited in ("[G9.tree]", "[G9.backup-key]", "[G9.policy]", "[G9.grants]"):
        assert cited in text
    for name in (*SCRIPTS, SQL):
        assert f"`{name}`" in text


@pytest.mark.parametrize("lost", [*SCRIPTS, "INSTRUCTIONS.md"])
def test_a_package_without_a_file_or_with_another_byte_is_not_whole(fresh: Passage, lost: str) -> None:
    work = work_of(off_host.measure_needs(_probe(_all_open(fresh))))
    files = off_host_package(work)

    assert incomplete(work, files) == ()
    assert incomplete(work, tuple(file for file in files if file.name != lost))
    assert incomplete(work, tuple(_changed(file) if file.name == lost else file for file in files))


def _changed(file: PackageFile) -> PackageFile:
    return PackageFile(file.name, file.content + b" ")


def _probe(passage: Passage) -> Probe:
    return Probe(passage.installation, "G9", ends_at=time.monotonic() + SECONDS)


def test_the_sql_run_by_the_administrator_mends_the_drift(fresh: Passage) -> None:
    statements = _files(_drifted(fresh))[SQL]

    with fresh.connect() as administrator:
        administrator.execute(statements.encode())

    assert measure_drift(fresh.installation.settings.database.monitor).differences == ()
    assert measured(GATE, fresh.installation).outcome is Outcome.PASS


def test_the_sql_of_no_drift_does_nothing(fresh: Passage) -> None:
    report = measure_drift(fresh.installation.settings.database.monitor)

    assert all(line.startswith("--") or not line for line in repair_sql(report).splitlines())


def test_a_hostile_name_stays_in_its_comment() -> None:
    hostile = Difference(
        what="grant", subject='x"\nDROP TABLE y;\r--', expected="a\nb", actual="c\u2028d", repair=("-- look\nat it",)
    )
    report = DriftReport(
        outcome=Outcome.FAIL,
        schema_digest="1",
        pinned_digest="2",
        differences=(hostile,),
        measured_at=datetime(2026, 3, 1, tzinfo=UTC),
    )

    lines = [line for line in repair_sql(report).splitlines() if line and not line.startswith("--")]

    assert lines == ["BEGIN;", "COMMIT;"]


def test_no_file_of_the_package_holds_a_connection_string_or_a_private_key(
    fresh: Passage, all_open: dict[str, str]
) -> None:
    monitor = fresh.installation.settings.database.monitor

    assert not [name for name, text in all_open.items() if monitor in text or "BEGIN PGP PRIVATE" in text]
