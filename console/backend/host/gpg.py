"""Runs gpg, as the one module that starts it: with parsed status lines, a time limit and a named error.

Callers judge by the status lines. Exit status and text of gpg decide only questions for which it has no status line.
"""

import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from console.backend.host.processes import ProgramError, ProgramTimeout, finished, why
from console.backend.model.errors import StopCode, Unmeasured

LONGEST_S = 30.0
"""No question to gpg takes longer, in seconds, unless its caller says so."""
_ASKED_S = 10.0
_LOOK_S = 0.02
_PROC = Path("/proc")
_COMPANIONS = {b"gpg-agent", b"scdaemon", b"keyboxd", b"dirmngr"}
_PREFIX = "[GNUPG:] "
_VERSION = re.compile(r"^gpg \(GnuPG[^)]*\) (\S+)")
_BY_POLICY = ("--trust-model", "always", "--disable-dirmngr", "--no-auto-key-retrieve")
"""The trust database and the network play no part: the policy says whose signature counts."""


@dataclass(frozen=True)
class StatusLine:
    """One line that gpg wrote to its status descriptor, as doc/DETAILS of GnuPG describes it."""

    text: str
    """The whole line without its prefix."""

    @property
    def keyword(self) -> str:
        """Return the first word, such as VALIDSIG."""
        return self.text.split(" ", 1)[0]

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the words after the keyword."""
        return tuple(self.text.split(" ")[1:])


@dataclass(frozen=True)
class GpgAnswer:
    """A gpg that has ended: its exit status, what it wrote, and its status lines."""

    exit_status: int
    stdout: bytes
    complaint: str
    """Its standard error as text."""
    status: tuple[StatusLine, ...]

    @property
    def keywords(self) -> tuple[str, ...]:
        """Return the keywords of the status lines, in order."""
        return tuple(line.keyword for line in self.status)

    @property
    def listing(self) -> tuple[tuple[str, ...], ...]:
        """Return the lines of a `--with-colons` listing, split into their fields."""
        return tuple(tuple(line.split(":")) for line in self.stdout.decode("utf-8", "replace").split("\n"))

    def fields_of(self, keyword: str) -> tuple[tuple[str, ...], ...]:
        """Return the fields of each status line with this keyword."""
        return tuple(line.fields for line in self.status if line.keyword == keyword)


class GpgUnanswered(Unmeasured):
    """gpg is not installed, did not start, or did not answer in time; `reason` has the cause, to follow a colon."""

    def __init__(self, message: str, reason: str, next_action: str) -> None:
        super().__init__(StopCode.UNREACHABLE, message, next_action)
        self.reason = reason


def gpg_command(home: Path | None, *arguments: str) -> list[str]:
    """Return a gpg call without a terminal, a configuration file or a question."""
    home_option = ["--homedir", str(home)] if home else []
    return ["gpg", *home_option, "--no-options", "--batch", "--no-tty", *arguments]


def run_gpg(
    home: Path | None,
    *arguments: str,
    data: bytes = b"",
    pass_fds: tuple[int, ...] = (),
    timeout_s: float | None = None,
    check: bool = False,
) -> GpgAnswer:
    """Run gpg to its end with `data` on its standard input. Without a home it uses its own default.

    Raises GpgUnanswered if it cannot be started, does not end in time (it is ended then), and with `check` if its
    exit status is not 0.
    """
    with _in_memory("status", b"") as status:
        # The status lines have a descriptor of their own, so that standard output holds the answer alone. It lies in
        # memory and is read when gpg has ended: a pipe would need a reader beside it.
        command, limit_s = gpg_command(home, "--status-fd", str(status), *arguments), timeout_s or LONGEST_S
        try:
            ended = finished(command, timeout_s=limit_s, data=data, pass_fds=(status, *pass_fds), check=check)
        except (OSError, ValueError, ProgramError) as error:
            raise _unanswered(home, error) from error
        lines = os.pread(status, os.fstat(status).st_size, 0).decode("utf-8", "replace").split("\n")
    status_lines = tuple(StatusLine(line.removeprefix(_PREFIX)) for line in lines if line.startswith(_PREFIX))
    return GpgAnswer(ended.status, ended.stdout, ended.complaint, status_lines)


def _unanswered(home: Path | None, error: OSError | ValueError | ProgramError) -> GpgUnanswered:
    about, on = (f" about {home}", f" on {home}") if home else ("", "")
    reason = str(error) if isinstance(error, ValueError) else why(error)
    match error:
        case ProgramTimeout():
            message = f"gpg did not answer{about} within {error.timeout:.0f} s, and was ended"
            return GpgUnanswered(message, reason, "See whether it answers: gpg --version")
        case ProgramError():
            return GpgUnanswered(f"gpg has no answer{about}: {reason}", reason, "Look at: gpg --version")
        case _ if shutil.which("gpg") is None:
            missing = "gpg is not on the PATH"
            return GpgUnanswered(missing, missing, "Install gnupg (apt-get install gnupg).")
        case _:
            return GpgUnanswered(f"gpg does not start{on}: {reason}", reason, "Look at: gpg --version")


def gpg_version() -> str:
    """Return the version that gpg prints, or `unknown`. Raises GpgUnanswered if there is none."""
    output = run_gpg(None, "--version", timeout_s=_ASKED_S, check=True).stdout.decode("utf-8", "replace")
    match = _VERSION.search(output)
    return match[1] if match else "unknown"


def program() -> Path:
    """Return the file that is run as gpg; its name alone if there is none."""
    return Path(shutil.which("gpg") or "gpg")


def list_keys(home: Path | None, *options: str, key: str = "", at: datetime | None = None) -> GpgAnswer:
    """List the public keys, or one, with `--with-colons`; as of the time `at` if one is given.

    Raises GpgUnanswered.
    """
    policy = () if at is None else (*_BY_POLICY, *_clock(at))
    named = (key,) if key else ()
    return run_gpg(home, *policy, *options, "--with-colons", "--fixed-list-mode", "--list-keys", *named)


def verify_detached(
    home: Path, data: bytes, signature: bytes, at: datetime | None = None, timeout_s: float | None = None
) -> GpgAnswer:
    """Verify one detached signature over these bytes, as of `at` if it is given. Raises GpgUnanswered, OSError.

    The signature goes through memory, so that no file of it is ever left.
    """
    clock = () if at is None else _clock(at)
    with _in_memory("signature", signature) as descriptor:
        # A descriptor by number: /proc/self/fd is not everywhere.
        options = ("--enable-special-filenames", "--verify", "--", f"-&{descriptor}", "-")
        return run_gpg(home, *_BY_POLICY, *clock, *options, data=data, pass_fds=(descriptor,), timeout_s=timeout_s)


def _clock(at: datetime) -> tuple[str, str]:
    # The ! freezes the clock; without it gpg's time would run on from there.
    return ("--faked-system-time", f"{int(at.timestamp())}!")


@contextmanager
def _in_memory(name: str, data: bytes) -> Iterator[int]:
    """Open a descriptor of a file in memory with these bytes, which has no name in any file system."""
    descriptor = os.memfd_create(name)
    try:
        os.write(descriptor, data)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def agent_runs(home: Path) -> bool:
    """Return whether an agent serves this home, without starting one. Raises GpgUnanswered."""
    try:
        command = ["gpg-connect-agent", "--homedir", str(home), "--no-autostart", "/bye"]
        done = finished(command, timeout_s=LONGEST_S)
    except (OSError, ProgramError) as error:
        raise _unanswered(home, error) from error
    return done.status == 0 and b"no gpg-agent running" not in done.stderr


def end_agent(home: Path) -> None:
    """End the agent of this home and its companions, if there are any, and return when they have exited.

    gpgconf returns when the agent has taken the request, not when it has exited; one that does not exit is killed.
    """
    with suppress(OSError, ProgramError):
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
    """Return the process ids of this home's agent and companions: those started with exactly this `--homedir`."""
    return tuple(
        int(place.name) for place in sorted(_PROC.glob("[0-9]*")) if _serves(place, os.fsencode(home.absolute()))
    )


def _serves(process: Path, home: bytes) -> bool:
    try:
        program, *words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.path.basename(program) in _COMPANIONS and home in words  # noqa: PTH119 - bytes
