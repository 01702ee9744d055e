"""Programs that hang, for tests: they stand before the real ones on the PATH, and start a child of their own."""

import itertools
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

GPG = shutil.which("gpg") or ""
"""The real one, looked for before any wrapper is on the PATH."""
_numbers = itertools.count(1)
_WRAPPER = """#!/bin/sh
case " $* " in {when}) ;; *) exec "{real}" "$@" ;; esac
{instead}
"""


class Hanging:
    """A folder of wrappers; `marker` is in the command line of every process that one of them has started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.marker = f"86400.{os.getpid()}{next(_numbers)}"
        folder.chmod(0o755)

    def wrap(self, name: str, real: str, *, when: str = "", instead: str = "") -> None:
        """Wrap a program: where its arguments hold `when` (always, where that is empty) it does something else, by default it hangs with a child."""
        hang = f"sleep {self.marker} & exec sleep {self.marker}"
        script = _WRAPPER.format(when=f'*"{when}"*' if when else "*", real=real, instead=instead or hang)
        (self.folder / name).write_text(script, encoding="utf-8")
        (self.folder / name).chmod(0o755)

    def wrap_all(self, real: Mapping[str, str]) -> None:
        """Stand before these programs without changing what they do."""
        for name, path in real.items():
            self.wrap(name, path, when="no such argument")

    def left(self) -> list[str]:
        """The processes that still run, after a moment for those that are being ended."""
        for _ in range(100):
            if not (found := running(self.marker)):
                break
            time.sleep(0.05)
        return found


def running(words: str) -> list[str]:
    """The command lines that hold these words; zombies have none."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            line = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if words in line and int(place.name) != os.getpid():
            found.append(line)
    return found
