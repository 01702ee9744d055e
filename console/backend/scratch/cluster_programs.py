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


def readable_programs(found: PostgresPrograms, user: ServerUser | None) -> PostgresPrograms:
    """The installation itself, or a copy of the wheel's that the server's user can read; no mode is ever changed."""
    if user is None or _runs(found, user):
        return found
    if found.origin is not Origin.WHEEL:
        raise _not_runnable(found)
    return _copy_of_wheel(found, user)


def shared_directories(programs: PostgresPrograms) -> tuple[Path, ...]:
    """The directory that holds a copy of the wheel, where these programs are one."""
    return tuple(place for place in programs.bin_dir.parents if place.name.startswith(cluster_directory.PREFIX))


def _runs(found: PostgresPrograms, user: ServerUser) -> bool:
    try:
        asked = [str(found.program("postgres")), "--version"]
        finished(asked, timeout_s=10, check=True, user=(user.uid, user.gid))
    except (OSError, ProgramError):
        return False
    return True


@lru_cache(maxsize=8)
def _copy_of_wheel(found: PostgresPrograms, user: ServerUser) -> PostgresPrograms:
    """Copied once a process, into a directory that is removed at exit."""
    wheel = wheel_directory()
    assert wheel is not None, f"{found} came from it"
    for parent in cluster_directory.default_parents()[::-1]:
        if not cluster_directory.reachable(parent, user):
            continue
        copy = found.model_copy(update={"bin_dir": _copy(wheel, found.bin_dir.parent.name, parent) / "bin"})
        if _runs(copy, user):
            return copy
    raise _not_runnable(found)


def _not_runnable(found: PostgresPrograms) -> Unmeasured:
    return Unmeasured(
        StopCode.UNREACHABLE,
        f"{found} cannot be run by an ordinary user, and PostgreSQL does not run as root",
        "make its directories readable, or set TMPDIR to a directory that every user may enter and run programs from",
    )


def _copy(wheel: Path, installed: str, parent: Path) -> Path:
    home = cluster_directory.owned_directory(parent)
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    ignore = shutil.ignore_patterns("include", "pkgconfig", "*.a")
    shutil.copytree(wheel / installed, home / WHEEL / installed, symlinks=True, ignore=ignore)
    shutil.copytree(wheel.parent / f"{WHEEL}.libs", home / f"{WHEEL}.libs", symlinks=True)
    _open_to_read(home)
    return home / WHEEL / installed


def _open_to_read(home: Path) -> None:
    home.chmod(0o755)
    for place in home.rglob("*"):
        if not place.is_symlink():
            place.chmod(0o755 if place.is_dir() or os.access(place, os.X_OK) else 0o644)
