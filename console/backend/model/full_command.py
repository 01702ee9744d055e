"""Commands in texts as they must be typed: with the root, if that is not the usual one."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

from console.backend.model.shell_word import shell_word

PROGRAM = "cutter-console"
USUAL_ROOT = "/var/lib/cutter"
Full = Callable[[str], str]
"""Returns a text with its commands as they must be typed for the installation that is shown."""


def full_command(text: str, root: str) -> str:
    """Return the text with `--root` in each command: typed without it, a command would act on the default root."""
    return text if root in {"", USUAL_ROOT} else _with_option(text, "--root", root)


def command_to_import(statement: Path) -> str:
    """Return the command that imports a statement with the signature files beside it."""
    return f"{PROGRAM} approval import {shell_word(str(statement))}"


def command_to_confirm(command: str, run_or_batch: str) -> str:
    """Return the command that is confirmed by the id of the run or the batch that it is about."""
    word = shell_word(run_or_batch)
    return f"{PROGRAM} {command} {word} --confirm {word}"


def command_for(text: str, name: str) -> str:
    """Return the text with `-P NAME` in each command, for an installation that was named by it."""
    return _with_option(text, "-P", name)


def _with_option(text: str, option: str, value: str) -> str:
    if "--root" in text:
        return text
    # A function, because a string as replacement would take a backslash in the value for an escape.
    return re.sub(rf"\b{PROGRAM} (?=[a-z])", lambda _match: f"{PROGRAM} {option} {shlex.quote(value)} ", text)
