"""Reads console.toml, in the folder of the user's own files: the operator's keymap, theme and mouse. Loads no library.

Without the file it costs one look at a name: the first paint waits for it.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from console.backend.host.own_file import own_folder, read_own
from console.backend.model.errors import StopCode, UsageError
from console.backend.model.theme_names import ThemeName, fault_of_theme

FILE_NAME = "console.toml"
_MOST_BYTES = 256 * 1024
_KEYS, _SCHEMA = (
    "See actions and keys: cutter-console config keys",
    "See what it can hold: cutter-console config schema console",
)
_HEADER, _KEY = r"\s*\[\[?([^\[\]]+)\]", r"\s*([\w\"'. -]+?)\s*="


@dataclass(frozen=True, slots=True)
class OwnConsole:
    """Content of the file; None for what it leaves open."""

    keymap: dict[str, tuple[str, ...]]
    """Keys by the names of their actions."""
    theme: ThemeName | None = None
    mouse: bool | None = None


def file_path() -> Path:
    """Return where the file is looked for, whether there is one or not."""
    return own_folder() / FILE_NAME


def read_keymap(path: Path | None = None) -> dict[str, tuple[str, ...]]:
    """Return the keys by the names of their actions, as `read_console` does."""
    return read_console(path).keymap


def read_console(path: Path | None = None) -> OwnConsole:
    """Return what the file says; nothing without one. Raises UsageError with every fault: file, line, entry."""
    path = path or file_path()
    try:
        text = read_own(path, _MOST_BYTES, "it says what each key of yours does, and how the console looks")
    except FileNotFoundError:
        return OwnConsole({})
    return _read(path, text)


def _read(path: Path, text: str) -> OwnConsole:
    import tomllib

    from console.actions.keymap import read_keys

    correct = f"Correct {shlex.quote(str(path))}. {_KEYS}"
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _refused(f"{path}: {error}", correct) from error
    except RecursionError as error:
        raise _refused(f"{path}: nested too deeply", correct) from error
    except ValueError as error:
        raise _refused(f"{path}: holds a number that is too long", correct) from error
    keymap, display = table.pop("keymap", {}), table.pop("display", {})
    unknown = [(name, "is not known here; this file has the tables [keymap] and [display]") for name in table]
    of_display = _faults_of_display(display)
    faults: list[tuple[str, str]] = []
    keys: dict[str, tuple[str, ...]] = {}
    if not isinstance(keymap, dict):
        faults.append(("keymap", "must be a table: [keymap]"))
    else:
        entries = list(_entries(keymap))
        names = [name for name, _ in entries]
        faults += [(f"keymap.{name}", "stands there twice") for name in sorted(set(names)) if names.count(name) > 1]
        read = read_keys(dict(entries))
        faults += [(f"keymap.{name}", fault) for name, fault in read.faults]
        keys = read.keymap
    if not unknown and not faults and not of_display:
        theme = display.get("theme")
        return OwnConsole(keys, None if theme is None else ThemeName(theme), display.get("mouse"))
    lines = lines_of(text)
    message = "\n".join(_said(path, lines, name, fault) for name, fault in [*unknown, *faults, *of_display])
    raise _refused(message, correct if faults else f"Correct {shlex.quote(str(path))}. {_SCHEMA}")


def _faults_of_display(display: object) -> list[tuple[str, str]]:
    """Return each entry of the table [display] that is wrong, with what it can be."""
    if not isinstance(display, dict):
        return [("display", "must be a table: [display]")]
    faults = [
        (f"display.{name}", "is not known here; this table has theme and mouse")
        for name in display
        if name not in {"theme", "mouse"}
    ]
    if fault := fault_of_theme(display.get("theme", ThemeName.DARK)):
        faults.append(("display.theme", fault))
    if not isinstance(display.get("mouse", True), bool):
        faults.append(("display.mouse", "must be true or false"))
    return faults


def _entries(table: dict[str, object], before: str = "") -> Iterator[tuple[str, object]]:
    """Yield the entries with their full names: `"run.go_on"` and `run.go_on` are the same entry."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _entries(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def lines_of(text: str) -> dict[str, int]:
    """Return the line of each entry, counted from 1, by its full name."""
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(_HEADER, line):
            table = _plain(header[1])
            lines.setdefault(table, number)
        elif assigned := re.match(_KEY, line):
            lines.setdefault(f"{table}.{_plain(assigned[1])}".lstrip("."), number)
    return lines


def _plain(name: str) -> str:
    return re.sub(r"[\s\"']", "", name)


def _said(path: Path, lines: dict[str, int], name: str, fault: str) -> str:
    from console.backend.model.safe_text import safe_text

    # An entry of a table in one line has no line of its own.
    number = lines.get(name, lines.get(name.partition(".")[0]))
    place = f"{path}, line {number}" if number is not None else f"{path}"
    return safe_text(f"{place}: {name}: {fault}")


def _refused(message: str, next_action: str) -> UsageError:
    return UsageError(StopCode.REFUSED_INPUT, message, next_action)
