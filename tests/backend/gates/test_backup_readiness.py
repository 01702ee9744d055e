"""G3 goes red when a backup could not be taken, could be read here, or is not what its record says."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.backend.backup.selftest import count_keys
from console.backend.gates import backup_readiness
from console.backend.gates.backup_readiness import GATE
from console.backend.gates.measurement import Measurement
from console.backend.gates.probe import Probe
from console.backend.host import gpg
from console.backend.host.gpg import end_agent, gpg_command
from console.backend.host.programs import PostgresPrograms
from console.backend.model.outcome import Outcome
from console.backend.postgres.plain_rows import needing_more
from console.backend.postgres.privileges import dump_rights
from tests.backend.backup.conftest import make_key
from tests.backend.gates.conftest import is_red, measured, named
from tests.support.passage import Passage

At = Callable[[str], Passage]


@pytest.fixture
def waits(at: At) -> Passage:
    """A run has taken its backup and waits for SG_1."""
    return at("waits for SG_1")


def test_a_proven_backup_and_a_usable_key_pass_and_the_key_ring_is_as_it_was(waits: Passage) -> None:
    home = waits.installation.gnupg_home
    before = count_keys(home)

    report = measured(GATE, waits.installation)

    assert report.outcome is Outcome.PASS, report.detail
    assert "truncated: refused" in named(report, "round trip").detail
    assert count_keys(home) == before


def test_before_the_first_backup_the_step_is_named(fresh: Passage) -> None:
    assert is_red(measured(GATE, fresh.installation), "newest backup", Outcome.PARTIAL, action="backup take RUN")


def test_a_backup_that_is_too_old_is_taken_again(waits: Passage) -> None:
    late = waits.installation.context.now() + timedelta(hours=2)
    later = replace(waits.installation, context=replace(waits.installation.context, now=lambda: late))

    assert is_red(measured(GATE, later), "newest backup", Outcome.PARTIAL, action="cutter-console backup take RUN")


def test_a_backup_that_was_altered_without_changing_its_size_is_named(waits: Passage) -> None:
    """A verify option had no effect for a time: the newest file is hashed again."""
    (file,) = waits.installation.backups.glob("*.gpg")
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)

    report = measured(GATE, waits.installation)

    assert is_red(report, "backups unaltered", action="cutter-console backup list")
    assert file.name in report.detail


def test_a_backup_whose_file_is_gone_is_named(waits: Passage) -> None:
    for file in waits.installation.backups.glob("*.gpg"):
        file.unlink()

    report = measured(GATE, waits.installation)

    assert is_red(report, "backups unaltered")
    assert is_red(report, "newest backup", Outcome.PARTIAL)


def test_a_plaintext_dump_below_the_root_is_named(waits: Passage) -> None:
    (waits.installation.root / "artifacts" / "prod.sql").write_text("--\n-- PostgreSQL database dump\n--\n")

    report = measured(GATE, waits.installation)

    assert is_red(report, "no plaintext dump", action=f"shred -u {waits.installation.root}/artifacts/prod.sql")
    assert "artifacts/prod.sql" in report.detail


def test_what_a_crashed_backup_left_is_named(waits: Passage) -> None:
    left = waits.installation.backups / ".bkp-1.dump.gpg.00ff.partial"
    left.write_bytes(b"half")

    assert is_red(measured(GATE, waits.installation), "no unfinished backup", Outcome.PARTIAL, action=f"rm {left}")


@pytest.mark.parametrize(
    ("fingerprint", "action"), [("", "BACKUP_GPG_FPR"), ("C0FFEE", "BACKUP_GPG_FPR"), ("A" * 40, "--import")]
)
def test_a_key_that_is_not_set_not_whole_or_not_there_is_red(waits: Passage, fingerprint: str, action: str) -> None:
    assert is_red(measured(GATE, waits.settings(backup_gpg_fpr=fingerprint).installation), "backup key", action=action)


def test_a_key_that_expires_soon_is_renewed_and_an_expired_one_is_red(waits: Passage) -> None:
    def on_day(days: int) -> Passage:
        then = waits.installation.context.now() + timedelta(days=days)
        return waits.with_site(
            replace(waits.installation, context=replace(waits.installation.context, now=lambda: then))
        )

    assert is_red(measured(GATE, on_day(20).installation), "backup key", Outcome.PARTIAL, action="Renew it")
    assert is_red(measured(GATE, on_day(31).installation), "backup key", action="--import PUBLIC-KEY-FILE")


def test_a_private_key_on_this_host_is_red_and_is_found_without_an_agent(waits: Passage, gnupg_home: Path) -> None:
    here = make_key(gnupg_home)
    end_agent(gnupg_home)
    own = waits.settings(gnupg_home=str(gnupg_home), backup_gpg_fpr=here)

    report = measured(GATE, own.installation)

    assert is_red(report, "backup key", action=f"--delete-secret-keys {here}")
    assert not list(gnupg_home.glob("S.gpg-agent"))


def test_a_table_that_the_role_cannot_dump_is_named(waits: Passage) -> None:
    waits.execute("REVOKE SELECT ON public.unit_version FROM cutter_verify")
    waits.execute("REVOKE SELECT ON SEQUENCE public.iu_lifecycle_log_id_seq FROM cutter_verify")

    report = measured(GATE, waits.installation)

    assert is_red(report, "tables dumpable", action="cutter-console drift")
    assert "unit_version" in report.detail
    assert "iu_lifecycle_log_id_seq" in report.detail


def test_what_may_be_dumped_is_asked_of_names_that_must_be_quoted_and_not_of_the_sequences_of_copies(
    fresh: Passage,
) -> None:
    with fresh.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute(
            b'CREATE SCHEMA "Odd Name"; CREATE TABLE "Odd Name"."Ta ble" (n bigint GENERATED ALWAYS AS IDENTITY)'
        )
        tables = ("Odd Name.Ta ble", "Odd Name.gone")
        closed = dump_rights(connection, tables, "cutter_verify").missing
        assert {words.partition(" ")[0] for words in closed} == {"Odd", "SELECT", "USAGE"}
        connection.execute(
            b'GRANT USAGE ON SCHEMA "Odd Name" TO cutter_verify; GRANT SELECT ON "Odd Name"."Ta ble" TO cutter_verify'
        )
        table = tables[:1]
        (sequence,) = dump_rights(connection, table, "cutter_verify").missing
        assert "Ta ble_n_seq" in sequence
        assert dump_rights(connection, table, "cutter_verify", copied=table).missing == []
        assert needing_more(connection, table) == ()


def test_a_pg_dump_older_than_the_server_is_red(waits: Passage) -> None:
    facts = backup_readiness.measure(Probe(waits.installation, "G3", ends_at=time.monotonic() + 600))
    names = ("pg_dump", "pg_restore", "initdb", "postgres")
    old = PostgresPrograms(bin_dir=Path("/old"), origin="PATH", version="13.1", major=13, programs=names)
    aged = Measurement[tuple[PostgresPrograms, ...]](evidence=facts.programs.evidence, value=(old,))

    checks = backup_readiness.decide(facts.model_copy(update={"programs": aged}))

    (found,) = [one for one in checks if one.name == "programs"]
    assert (found.outcome, "13.1" in found.detail) == (Outcome.FAIL, True)
    assert "install" in found.next_action


def test_a_gpg_that_hands_the_plain_text_through_is_red(
    waits: Passage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _another_gpg(tmp_path, monkeypatch, "*--encrypt*|*--decrypt*) exec cat;;")

    assert is_red(measured(GATE, waits.installation), "round trip", action="cutter-console backup selftest")


def test_a_gpg_that_fails_at_the_round_trip_is_red_and_its_complaint_is_told(
    waits: Passage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _another_gpg(tmp_path, monkeypatch, "*--encrypt*) echo no more entropy >&2; exit 2;;")

    report = measured(GATE, waits.installation)

    assert is_red(report, "round trip", action="cutter-console backup selftest")
    assert "no more entropy" in named(report, "round trip").detail


def _another_gpg(folder: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    """Let gpg be called by a program that does something else in this case."""
    program = folder / "gpg"
    program.write_text(f'#!/bin/sh\ncase "$*" in {case} *) exec gpg "$@";; esac\n')
    program.chmod(0o755)
    monkeypatch.setattr(gpg, "gpg_command", lambda home, *words: [str(program), *gpg_command(home, *words)[1:]])


def test_without_gpg_key_and_round_trip_are_inconclusive(waits: Passage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)

    report = measured(GATE, waits.installation)

    for name in ("round trip", "backup key"):
        assert is_red(report, name, Outcome.INCONCLUSIVE, action="nstall gnupg")


def test_a_database_or_a_root_that_cannot_be_read_is_inconclusive(waits: Passage) -> None:
    database = waits.installation.settings.database.model_copy(update={"monitor": "host=/nonexistent dbname=x"})
    nowhere = replace(
        waits.settings(database=database).installation,
        context=replace(waits.installation.context, root=Path("/nonexistent")),
    )

    report = measured(GATE, nowhere)

    for name in ("tables dumpable", "programs", "newest backup", "no plaintext dump"):
        assert is_red(report, name, Outcome.INCONCLUSIVE), name


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o777])
def test_a_key_ring_that_is_open_to_others_is_red(waits: Passage, gnupg_home: Path, mode: int) -> None:
    gnupg_home.chmod(mode)
    report = measured(GATE, waits.settings(gnupg_home=str(gnupg_home)).installation)
    gnupg_home.chmod(0o700)

    assert is_red(report, "key ring closed", action=f"chmod -R go-rwx {gnupg_home}")


def test_a_key_ring_of_which_others_may_write_one_file_is_red(waits: Passage, gnupg_home: Path) -> None:
    (gnupg_home / "gpg.conf").write_text("")
    (gnupg_home / "gpg.conf").chmod(0o666)

    report = measured(GATE, waits.settings(gnupg_home=str(gnupg_home)).installation)

    assert is_red(report, "key ring closed")
    assert "gpg.conf 0666" in named(report, "key ring closed").detail


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file to another user")
def test_a_key_ring_of_which_another_user_owns_a_file_is_red(waits: Passage, gnupg_home: Path) -> None:
    (gnupg_home / "gpg.conf").write_text("")
    os.chown(gnupg_home / "gpg.conf", 12345, 12345)

    report = measured(GATE, waits.settings(gnupg_home=str(gnupg_home)).installation)

    assert is_red(report, "key ring closed")
    assert "gpg.conf of uid 12345" in named(report, "key ring closed").detail


def test_a_backup_from_the_future_says_that_the_clock_went_back(waits: Passage) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    installation = replace(waits.installation, context=replace(waits.installation.context, now=lambda: yesterday))

    assert is_red(measured(GATE, installation), "newest backup", action="timedatectl")
