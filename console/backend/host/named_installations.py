"""The installations that a user has named: one TOML file with root, configuration, banner and mode of each, for `-P`.

The file is the user's, not the host's: it says where things are and how carefully they are opened, and grants nothing.
"""

import os
import re
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from unicodedata import east_asian_width

from pydantic import BeforeValidator, Field, ValidationError, field_validator

from console.backend.host.own_file import own_folder, read_own
from console.backend.model.errors import StopCode, UsageError
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.theme_names import ThemeName, fault_of_theme
from console.backend.model.value import Value

FILE_NAME = "installations.toml"
_MOST_BYTES = 1024 * 1024
_MOST = 100
_LONGEST_BANNER = 24
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}", re.ASCII)
_FORM = 'Write, for each: [installation.NAME] and, below it, root = "/the/runtime/tree"'
_TABLE = re.compile(
    r"\s*\[\s*installation\s*\.\s*(?:\"(?P<quoted>[^\"]*)\"|'(?P<literal>[^']*)'|(?P<bare>[\w-]+))\s*\]"
)
_KEY = re.compile(r"\s*[\"']?(?P<key>[\w-]+)[\"']?\s*=")


class StartScreen(StrEnum):
    """Screens that the console can open with."""

    OVERVIEW = "overview"
    DOCUMENTS = "documents"
    RUN = "run"
    APPROVALS = "approvals"
    GATES = "gates"
    DRIFT = "drift"
    BATCH = "batch"
    UNITS = "units"
    BACKUPS = "backups"
    JOURNAL = "journal"
    HOLD = "hold"
    REPORTS = "reports"
    FLEET = "fleet"
    GUIDE = "guide"


def _absolute(value: object) -> object:
    """Return the path; `~` is the home. Raises ValueError for a relative one, which would depend on where one stands."""
    if not isinstance(value, str):
        return value
    if re.search("[\0\ud800-\udfff]", value):
        raise ValueError("holds a NUL, or bytes that are not UTF-8")
    path = os.path.expanduser(value)  # noqa: PTH111 - Path.expanduser raises where there is no home
    if not os.path.isabs(path):  # noqa: PTH117 - a text, as it was written
        raise ValueError("must be an absolute path")
    return path


AbsolutePath = Annotated[Path, BeforeValidator(_absolute)]


def _is_switch(value: object) -> object:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004 - pydantic takes a ValueError for a fault of the value
    return value


Switch = Annotated[bool, BeforeValidator(_is_switch)]


def _is_theme(value: object) -> object:
    if fault := fault_of_theme(value):
        raise ValueError(fault)
    return value


class NamedInstallation(Value):
    """One installation of the file: `[installation.NAME]`."""

    root: AbsolutePath
    """The runtime tree, as for --root. It need not be on this host if `config` is."""
    config: AbsolutePath | None = None
    """The configuration, as for --config; without it the one in the root."""
    banner: SafeText = Field(default="", max_length=_LONGEST_BANNER)
    """Shown on every screen before the database, and in the fleet: such as PRODUCTION."""
    read_only: Switch = True
    """True if this name opens the console to look only, and refuses the commands that write."""
    refresh_seconds: int = Field(default=10, ge=2, le=3600, strict=True)
    """Pause between two measurements of the console."""
    start_screen: StartScreen = StartScreen.OVERVIEW
    """The screen that the console opens with."""
    theme: Annotated[ThemeName, BeforeValidator(_is_theme)] | None = None
    """The theme that the console opens with; without it the one of console.toml."""
    mouse: Switch | None = None
    """False leaves the mouse to the terminal, as --no-mouse does; without it as console.toml says."""

    @field_validator("banner")
    @classmethod
    def _is_short(cls, value: str) -> str:
        """Refuse what is longer as it is shown: a character that is made visible has eight cells, a wide one two."""
        if sum(2 if east_asian_width(character) in "WF" else 1 for character in value.strip()) > _LONGEST_BANNER:
            raise ValueError(f"has more than {_LONGEST_BANNER} cells as it is shown")
        return value.strip()


class NamedInstallations(Value):
    """The whole file."""

    installation: dict[str, NamedInstallation] = Field(default={}, max_length=_MOST)

    @field_validator("installation", mode="before")
    @classmethod
    def _has_usable_names(cls, value: object) -> object:
        """Refuse a name that could not be typed behind -P, or read in a table."""
        wrong = [name for name in value if not _NAME.fullmatch(name)] if isinstance(value, dict) else []
        if wrong:
            raise ValueError(f"{safe_text(wrong[0])!r} is no name: letters, digits, '_', '.', '-', at most 32")
        return value


def file_path() -> Path:
    """Return where the file is looked for, whether there is one or not."""
    return own_folder() / FILE_NAME


def read_named(path: Path | None = None) -> NamedInstallations:
    """Read the file; without one there are none. Raises UsageError with every error: file, line, key, what is wrong."""
    path = path or file_path()
    try:
        text = read_own(path, _MOST_BYTES, "it says which database a name leads to")
    except FileNotFoundError:
        return NamedInstallations()
    try:
        return NamedInstallations.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise _refused(f"{path}: {error}", "Correct the TOML there.") from error
    except RecursionError as error:
        raise _refused(f"{path}: nested too deeply", _FORM) from error
    except ValidationError as error:
        lines = text.splitlines()
        problems = [_problem(path, lines, part["loc"], part["msg"]) for part in error.errors(include_input=False)]
        raise _refused("\n".join(problems), f"Correct {path}. {_FORM}") from error
    except ValueError as error:
        # Of a number: Python reads none of more than some thousand digits. The others are subclasses, and stand above.
        raise _refused(f"{path}: holds a number that is too long", "Correct the number there.") from error


def named(name: str, path: Path | None = None) -> NamedInstallation:
    """Return the installation of this name. Raises UsageError naming those that there are."""
    path = path or file_path()
    known = read_named(path).installation
    if name in known:
        return known[name]
    those = f"it has {', '.join(known)}" if known else "it has none" if path.exists() else "there is no such file"
    raise _refused(f"no installation is named {safe_text(name)} in {path}: {those}", _FORM)


def require_settings(name: str, entry: NamedInstallation) -> None:
    """Raise UsageError for an entry without a root on this host that names no configuration either.

    The defaults would be in force: its name would stand over whichever database the usual services lead to.
    """
    if entry.config is None and not entry.root.is_dir():
        message = f"{name}: no runtime tree at {safe_text(str(entry.root))}, and no configuration is named"
        raise _refused(message, f"Correct root, or name config, below [installation.{name}] in {file_path()}")


def _problem(path: Path, lines: list[str], location: tuple[int | str, ...], message: str) -> str:
    key = ".".join(str(part) for part in location)
    number = line_of(lines, location)
    place = f"{path}, line {number}" if number else f"{path}"
    return safe_text(f"{place}: {key}: {message.removeprefix('Value error, ')}")


def line_of(lines: list[str], location: tuple[int | str, ...]) -> int:
    """Return the line of a key, counted from 1; that of its table if it is not there, and 0 if neither is found."""
    name, key = (*(str(part) for part in location[1:3]), "", "")[:2]
    table, within = 0, False
    for number, text in enumerate(lines, 1):
        if text.lstrip().startswith("["):
            header = _TABLE.match(text)
            within = header is not None and name == (header["quoted"] or header["literal"] or header["bare"])
            table = number if within and not table else table
        elif within and (assigned := _KEY.match(text)) is not None and assigned["key"] == key:
            return number
    return table


def _refused(message: str, next_action: str) -> UsageError:
    return UsageError(StopCode.REFUSED_INPUT, message, next_action)
