"""What changes while a bundle is measured is found, named and never called unchanged: one change at a time."""

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from console.backend.host.installation import Installation
from console.backend.model.outcome import Outcome
from console.backend.reports.bundle.host_snapshot import key_ring_of
from console.backend.reports.bundle.non_mutation import AFTER, BEFORE, InstallationSnapshot, take_snapshot
from console.backend.reports.bundle.non_mutation_checks import Statement, differences, statements
from tests.support.passage import Passage


@pytest.fixture
def passage(at: Callable[[str], Passage]) -> Passage:
    """A site with a real run in it."""
    return at("waits for SG_2")


def before(passage: Passage) -> InstallationSnapshot:
    """The first measurement."""
    return take_snapshot(passage.installation, BEFORE, time.monotonic() + 30)


def after(passage: Passage, since: InstallationSnapshot) -> InstallationSnapshot:
    """The second one."""
    return take_snapshot(passage.installation, AFTER, time.monotonic() + 30, since)


def broken(passage: Passage, since: InstallationSnapshot) -> dict[str, Statement]:
    """The statements that do not hold any more, by what they forbid."""
    said = statements(since, after(passage, since))
    return {one.forbidden: one for one in said if one.outcome is not Outcome.PASS}


def test_where_nothing_happens_every_statement_holds_and_cites_both_measurements(passage: Passage) -> None:
    first = before(passage)
    second = after(passage, first)

    assert differences(first, second) == ()
    for statement in statements(first, second):
        assert statement.outcome is Outcome.PASS, statement
        assert {name.partition(".")[0] for name in statement.evidence} == {BEFORE, AFTER}
    ids = [fact.evidence.id for one in (first, second) for fact in one.facts]
    assert len(ids) == len(set(ids)), "every piece of evidence has an id of its own"
    assert {name.partition(".")[0] for name in ids} == {BEFORE, AFTER}
    (passage.installation.root / "reports" / "new").write_text("x")
    assert broken(passage, first) == {}, "what lies in reports/ is not looked at"


def test_a_changed_body_is_found_though_the_row_counts_are_equal(passage: Passage) -> None:
    first = before(passage)
    passage.execute("ALTER TABLE public.unit_version DISABLE TRIGGER ALL")
    passage.execute("UPDATE public.unit_version SET title = 'other' WHERE version_seq = 1")
    passage.execute("ALTER TABLE public.unit_version ENABLE TRIGGER ALL")

    wrong = broken(passage, first)

    assert "public.unit_version" in wrong["Units or versions written"].sentence
    assert "Rows written, changed or removed" in wrong
    assert "Units enacted, superseded or retired" not in wrong


def test_a_row_that_was_changed_and_changed_back_is_found(passage: Passage) -> None:
    first = before(passage)
    passage.execute("ALTER TABLE public.unit_version DISABLE TRIGGER ALL")
    passage.execute("UPDATE public.unit_version SET title = title || '!'")
    passage.execute("UPDATE public.unit_version SET title = rtrim(title, '!')")

    wrong = broken(passage, first)

    assert "written again with what they held" in wrong["Units or versions written"].sentence
    assert "Units enacted, superseded or retired" not in wrong


def test_a_committed_transaction_is_told_where_two_equal_readings_are_no_proof_of_rest(passage: Passage) -> None:
    first = before(passage)
    with passage.connect() as connection:
        connection.execute("CREATE TABLE public.stranger (a int)")
        connection.execute("DROP TABLE public.stranger")

    said = {one.forbidden: one for one in statements(first, after(passage, first))}
    rows = said["Rows written, changed or removed"]

    assert rows.outcome is Outcome.PASS
    assert " committed, and the end of 0 is not known" in rows.sentence
    assert "AFTER.between" in rows.evidence
    assert "committed" not in said["A file changed outside reports/"].sentence


def test_the_switch_armed_and_disarmed_again_is_found(at: Callable[[str], Passage]) -> None:
    signed = at("SG_1 imported")
    first = before(signed)
    signed.arm()
    signed.backend.disarm()

    wrong = broken(signed, first)

    assert "A lease opened" in wrong
    assert "The switch armed or disarmed, a HOLD set or released" not in wrong


def test_a_run_that_another_console_starts_is_told_with_its_name(passage: Passage) -> None:
    first = before(passage)
    passage.execute(
        "INSERT INTO cutter_governance.run_event (run_id, phase, stage, family, reason, outcome, record, journal_seq, journal_head)"
        " SELECT run_id, 'closeout', stage, family, reason, 'PASS', '{}', 99, repeat('0', 64) FROM cutter_governance.run"
    )

    sentence = broken(passage, first)["A run started or moved"].sentence

    assert "Changed while the bundle was measured" in sentence
    assert passage.run_id in sentence


def test_a_hold_is_found(passage: Passage) -> None:
    first = before(passage)
    passage.backend.panic("a test")

    wrong = broken(passage, first)["The switch armed or disarmed, a HOLD set or released"]

    assert wrong.outcome is Outcome.FAIL
    assert (wrong.before, wrong.after.partition(":")[0]) == ("OFF", "HOLD")


def test_a_dropped_grant_is_found(passage: Passage) -> None:
    first = before(passage)
    passage.execute("REVOKE SELECT ON cutter_governance.v_lease FROM cutter_exec")

    assert "Grants, functions or triggers changed" in broken(passage, first)


@pytest.mark.parametrize("what", ["made", "changed", "replaced by its equal", "removed", "opened"])
def test_a_file_outside_reports_is_found(passage: Passage, what: str) -> None:
    root = passage.installation.root
    target = root / "README.md"
    first = before(passage)
    match what:
        case "made":
            (root / "artifacts" / "new").write_text("x")
        case "changed":
            target.write_text(target.read_text().swapcase())
        case "replaced by its equal":
            aside = target.rename(root / "README.aside")
            target.write_bytes(aside.read_bytes())
            aside.unlink()
        case "removed":
            target.unlink()
        case _:
            target.chmod(0o644)

    assert "A file changed outside reports/" in broken(passage, first)


def test_a_file_whose_time_was_put_back_is_found(passage: Passage) -> None:
    target = passage.installation.root / "README.md"
    status = target.stat()
    first = before(passage)
    target.write_bytes(target.read_bytes()[::-1])
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert "A file changed outside reports/" in broken(passage, first)


@pytest.fixture
def own_keys(passage: Passage, gnupg_home: Path) -> Passage:
    """The same site with a copy of the key ring, so that a test may change it."""
    for name in ("pubring.kbx", "trustdb.gpg"):
        (gnupg_home / name).write_bytes((passage.installation.gnupg_home / name).read_bytes())
    return passage.settings(gnupg_home=str(gnupg_home))


def test_a_key_that_goes_is_found(own_keys: Passage) -> None:
    first = before(own_keys)
    gpg(own_keys, "--yes", "--delete-keys", str(first.key_ring.value.fingerprints[0] if first.key_ring.value else ""))

    assert "A key added, removed or trusted" in broken(own_keys, first)


def test_a_key_that_comes_and_goes_is_found(own_keys: Passage, tmp_path: Path) -> None:
    there = gpg(own_keys, "--armor", "--export")
    fingerprint = key_ring_of(own_keys.installation).fingerprints[0]
    first = before(own_keys)
    gpg(own_keys, "--yes", "--delete-keys", fingerprint)
    exported = tmp_path / "keys.asc"
    exported.write_text(there)
    gpg(own_keys, "--import", str(exported))

    assert "A key added, removed or trusted" in broken(own_keys, first)


def test_an_agent_that_was_started_is_found(own_keys: Passage) -> None:
    first = before(own_keys)
    subprocess.run(
        ["gpgconf", "--homedir", str(own_keys.installation.gnupg_home), "--launch", "gpg-agent"],
        check=True,
        capture_output=True,
    )

    assert "gpg-agent" in broken(own_keys, first)["A process or an agent started"].sentence


def test_a_child_that_was_left_running_is_found(passage: Passage) -> None:
    first = before(passage)
    child = subprocess.Popen(["sleep", "60"])
    try:
        wrong = broken(passage, first)
    finally:
        child.kill()
        child.wait()

    assert f"process {child.pid} sleep" in wrong["A process or an agent started"].sentence


@pytest.mark.parametrize("mounted", [True, False], ids=["empty", "absent"])
def test_without_proc_no_statement_about_processes_is_made(
    passage: Passage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mounted: bool
) -> None:
    """No process seen before and none seen afterwards is not the same as no process started."""
    place = tmp_path / "proc"
    if mounted:
        place.mkdir()
    monkeypatch.setattr("console.backend.reports.bundle.host_snapshot._PROC", place)

    wrong = broken(passage, before(passage))

    assert wrong["A process or an agent started"].outcome is Outcome.INCONCLUSIVE


def test_a_service_unit_that_appears_is_found(passage: Passage) -> None:
    first = before(passage)
    units = passage.installation.context.filesystem / "etc/systemd/system"
    units.mkdir(parents=True)
    unit = units / "cutter.service"
    unit.write_text("[Service]\nExecStart=/usr/bin/cutter-console\n")
    try:
        assert (
            "cutter.service" in broken(passage, first)["A service, timer or cron entry installed or removed"].sentence
        )
    finally:
        unit.unlink()
        units.rmdir()


def test_a_superuser_is_red_though_nothing_changed(passage: Passage) -> None:
    database = passage.installation.settings.database
    changed = passage.settings(database=database.model_copy(update={"executor": database.administrator}))

    first = before(changed)

    assert "superuser" in broken(changed, first)["A superuser used"].sentence
    assert differences(first, after(changed, first)) == ()


def test_a_role_that_becomes_a_superuser_meanwhile_is_told_with_what_it_was(passage: Passage) -> None:
    first = before(passage)
    passage.execute("ALTER ROLE cutter_exec SUPERUSER")
    try:
        wrong = broken(passage, first)["A superuser used"]
    finally:
        passage.execute("ALTER ROLE cutter_exec NOSUPERUSER")

    assert "cutter_exec (no superuser before, superuser after)" in wrong.sentence


def test_a_transaction_that_a_gate_left_open_is_found(passage: Passage) -> None:
    first = before(passage)
    with passage.connect("cutter_exec") as late:
        late.autocommit = False
        late.execute("SET application_name = 'cutter-console gate G9'")
        wrong = broken(passage, first)

    assert "1 open" in wrong["A measuring transaction that wrote, or one of a gate left open"].sentence


def test_ids_that_were_given_out_are_told_with_what_became_of_them(passage: Passage) -> None:
    first = before(passage)
    with passage.connect() as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT pg_current_xact_id()")
        connection.execute("ROLLBACK")

    between = after(passage, first).between

    assert between.value is not None
    assert between.value.aborted >= 1
    assert "rolled back" in between.evidence.answer


def test_a_database_that_is_down_makes_statements_inconclusive_and_files_are_still_compared(passage: Passage) -> None:
    down = passage.with_site(without_database(passage))
    first = before(down)
    said = {one.forbidden: one for one in statements(first, after(down, first))}

    assert said["Rows written, changed or removed"].outcome is Outcome.INCONCLUSIVE
    assert "not measured" in said["Rows written, changed or removed"].sentence
    assert said["A file changed outside reports/"].outcome is Outcome.PASS


def without_database(passage: Passage) -> Installation:
    """The site with no server where it looks for one."""
    nowhere = "host=/nonexistent user=nobody dbname=none"
    settings = passage.installation.settings
    database = settings.database.model_copy(update=dict.fromkeys(("executor", "verifier", "monitor"), nowhere))
    return replace(passage.installation, settings=settings.model_copy(update={"database": database}))


def gpg(passage: Passage, *arguments: str) -> str:
    """One gpg command on the passage's key ring; what it printed."""
    command = ["gpg", "--homedir", str(passage.installation.gnupg_home), "--batch", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
