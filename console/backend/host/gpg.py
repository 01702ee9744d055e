"""gpg as a program: how it is called, and how the agent of a GNUPGHOME that this program has made is ended."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from console.backend.host.processes import finished

_ASKED_S = 10.0
_LOOK_S = 0.02
_PROC = Path("/proc")
_COMPANIONS = {b"gpg-agent", b"scdaemon", b"keyboxd", b"dirmngr"}


def gpg_command(home: Path | None, *arguments: str) -> list[str]:
    """Return a gpg call without a terminal, a configuration file or a question."""
    where = ["--homedir", str(home)] if home else []
    return ["gpg", *where, "--no-options", "--batch", "--no-tty", *arguments]


def end_agent(home: Path) -> None:
    """End the home's agent and its companions, and return when they have exited. There may be none.

    gpgconf returns when the agent has taken the request, not when it has exited; one that stays is killed.
    """
    with suppress(OSError, subprocess.SubprocessError):
        finished(["gpgconf", "--homedir", str(home), "--kill", "all"], timeout_s=_ASKED_S, check=True)
        if _exited(home, _ASKED_S):
            return
    for pid in serving(home):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    _exited(home, _ASKED_S)


def _exited(home: Path, seconds: float) -> bool:
    last = time.monotonic() + seconds
    while serving(home):
        if time.monotonic() > last:
            return False
        time.sleep(_LOOK_S)
    return True


def serving(home: Path) -> tuple[int, ...]:
    """The agent and the companions of this home: processes that were started with exactly this `--homedir`."""
    return tuple(
        int(place.name) for place in sorted(_PROC.glob("[0-9]*")) if _serves(place, os.fsencode(home.absolute()))
    )


def _serves(process: Path, home: bytes) -> bool:
    try:
        program, *words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.path.basename(program) in _COMPANIONS and home in words  # noqa: PTH119 - bytes
