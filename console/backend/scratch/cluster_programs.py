"""The server's programs where the server's user can run them: in place, or as a copy of the wheel's."""

import atexit
import os
import shutil
from functools import lru_cache
from pathlib import Path

from console.backend.host import cluster_directory
from console.backend.host.cluster_directory import ServerUser
from console.backend.host.processes import ProgramError, finished
from console.backend.host.programs import WHEEL, Origin, PostgresPrograms, wheel_directory
from console.backend.model.errors import StopCode, Unmeasured


def readable_programs(programs: PostgresPrograms, user: ServerUser | None) -> PostgresPrograms:
    """Return the installation itself or, for the wheel's, a copy that the server's user can read.

    No mode of the installation is changed. Raises Unmeasured if the user cannot run them.
    """
    if user is None or _runs(programs, user):
        return programs
    if programs.origin is not Origin.WHEEL:
        raise _not_runnable(programs)
    return _copy_of_wheel(programs, user)


def shared_directories(programs: PostgresPrograms) -> tuple[Path, ...]:
    """Return the directory of the wheel's copy, if these programs are in one; else nothing."""
    return tuple(folder for folder in programs.bin_dir.parents if folder.name.startswith(cluster_directory.PREFIX))


def _runs(programs: PostgresPrograms, user: ServerUser) -> bool:
    try:
        command = [str(programs.program("postgres")), "--version"]
        finished(command, timeout_s=10, check=True, user=(user.uid, user.gid))
    except (OSError, ProgramError):
        return False
    return True


@lru_cache(maxsize=8)
def _copy_of_wheel(programs: PostgresPrograms, user: ServerUser) -> PostgresPrograms:
    """Copy the wheel's programs, once per process, into a directory that is removed at exit."""
    wheel = wheel_directory()
    assert wheel is not None, f"{programs} came from it"
    for parent in cluster_directory.default_parents()[::-1]:
        if not cluster_directory.reachable(parent, user):
            continue
        copy = programs.model_copy(update={"bin_dir": _copy(wheel, programs.bin_dir.parent.name, parent) / "bin"})
        # A directory may be mounted noexec: then the next one is tried.
        if _runs(copy, user):
            return copy
    raise _not_runnable(programs)


def _not_runnable(programs: PostgresPrograms) -> Unmeasured:
    return Unmeasured(
        StopCode.UNREACHABLE,
        f"{programs} cannot be run by an ordinary user, and PostgreSQL does not run as root",
        "make its directories readable, or set TMPDIR to a directory that every user may enter and run programs from",
    )


def _copy(wheel: Path, installed: str, parent: Path) -> Path:
    home = cluster_directory.owned_directory(parent)
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    ignore = shutil.ignore_patterns("include", "pkgconfig", "*.a")
    shutil.copytree(wheel / installed, home / WHEEL / installed, symlinks=True, ignore=ignore)
    # The programs find their libraries by a path relative to themselves, beside the wheel.
    shutil.copytree(wheel.parent / f"{WHEEL}.libs", home / f"{WHEEL}.libs", symlinks=True)
    _open_to_read(home)
    return home / WHEEL / installed


def _open_to_read(home: Path) -> None:
    home.chmod(0o755)
    for path in home.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
