"""The right programs are found and chosen, and where none fits the refusal names what was looked at."""

import os
from pathlib import Path

import pytest

from console.backend.host.programs import (
    NoFittingProgram,
    Origin,
    PostgresPrograms,
    installed_programs,
    pick_dump_programs,
    pick_server_programs,
    wheel_directory,
)

ALL = ("initdb", "postgres", "pg_dump", "pg_restore", "psql")


def made(major: int, origin: Origin = Origin.SYSTEM, programs: tuple[str, ...] = ALL) -> PostgresPrograms:
    place = Path(f"/opt/{origin}/{major}/bin")
    return PostgresPrograms(bin_dir=place, origin=origin, version=f"{major}.1", major=major, programs=programs)


def test_both_versions_of_the_wheel_are_found_with_their_measured_versions() -> None:
    if wheel_directory() is None:
        pytest.skip("the embedded wheel is not installed")
    found = {one.major: one for one in installed_programs() if one.origin is Origin.WHEEL}
    assert sorted(found) == [16, 18]
    assert all(one.version.startswith(f"{major}.") and one.has(ALL) for major, one in found.items())


def test_a_wrapper_that_chooses_by_itself_is_not_taken_for_a_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapper = tmp_path / "pg_wrapper"
    wrapper.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 99.9'\n")
    wrapper.chmod(0o755)
    (tmp_path / "pg_dump").symlink_to(wrapper)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert 99 not in [one.major for one in installed_programs()]


def test_a_program_on_the_path_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 99.9 (Somewhere 99.9-1)'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    first = installed_programs()[0]
    assert (first.major, first.version, first.origin, first.programs) == (99, "99.9", Origin.PATH, ("pg_dump",))


def test_a_dump_is_made_by_the_same_major_version_where_there_is_one() -> None:
    assert pick_dump_programs(16, (made(18), made(15), made(16), made(17))).major == 16


def test_a_dump_is_made_by_the_nearest_newer_version_otherwise() -> None:
    assert pick_dump_programs(16, (made(18), made(15), made(17))).major == 17


def test_the_path_comes_before_the_wheel() -> None:
    assert pick_dump_programs(16, (made(16, Origin.PATH), made(16, Origin.WHEEL))).origin is Origin.PATH


def test_programs_older_than_the_server_are_refused_naming_what_was_found() -> None:
    with pytest.raises(
        NoFittingProgram, match=r"version 18 or newer; .*PostgreSQL 15\.1 \(system, /opt/system/15/bin\)"
    ):
        pick_dump_programs(18, (made(15),))


def test_a_scratch_cluster_is_of_the_same_major_version_only() -> None:
    assert pick_server_programs(16, (made(18), made(16))).major == 16
    with pytest.raises(NoFittingProgram, match="initdb and postgres of version 17"):
        pick_server_programs(17, (made(18), made(16)))


def test_an_installation_of_clients_only_makes_no_cluster() -> None:
    with pytest.raises(NoFittingProgram):
        pick_server_programs(16, (made(16, programs=("pg_dump", "pg_restore")),))


def test_a_folder_of_the_path_that_cannot_be_looked_into_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """sudo and su hand on a PATH with folders of another account."""
    before = installed_programs()
    monkeypatch.setenv("PATH", f"/{'x' * 300}/bin:{os.environ['PATH']}")

    assert installed_programs() == before


def test_the_folder_of_the_settings_is_looked_into_first(tmp_path: Path) -> None:
    """An option that has no effect is worse than none."""
    real = pick_dump_programs(18, installed_programs())
    for name in ("pg_dump", "pg_restore"):
        (tmp_path / name).symlink_to(real.program(name))

    found = pick_dump_programs(18, installed_programs(str(tmp_path)))

    assert (found.bin_dir, found.origin) == (tmp_path.resolve(), Origin.SETTINGS)
