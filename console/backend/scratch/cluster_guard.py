"""A process of its own that holds one transient server and ends it when its starter ends, however that happens.

Run as a script: `cluster_guard.py UID|- GID|- fast|immediate DIRECTORY… -- [SHARED…] -- COMMAND…`. Standard
input is a pipe whose other end only the starter holds: a byte means stop, end of file without one that the
starter is dead. The directories are removed at the end; those it shares with the starter's other servers
only when it is dead. Should this process itself be killed, the kernel sends the server SIGQUIT (PR_SET_PDEATHSIG, which
must be set here: it follows the thread that started the child, and the starter's threads come and go).
"""

import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

_PR_SET_PDEATHSIG = 1
_GRACE_S = 8.0


def _wake(_signum: int, _frame: FrameType | None) -> None:
    """The wakeup descriptor does the work; the signal must only not be ignored."""


def _die_with_guard(guard_pid: int) -> Callable[[], None]:
    libc = ctypes.CDLL(None, use_errno=True)

    def set_signal() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT, 0, 0, 0)
        # The guard may have died before the call: then no signal comes any more.
        if os.getppid() != guard_pid:
            os._exit(1)

    return set_signal


def _spawn(uid: str, gid: str, command: list[str]) -> subprocess.Popen[bytes]:
    as_user = uid != "-"
    return subprocess.Popen(
        command,
        cwd="/",
        stdin=subprocess.DEVNULL,
        user=int(uid) if as_user else None,
        group=int(gid) if as_user else None,
        extra_groups=[] if as_user else None,
        umask=0o077,
        process_group=0,
        env=dict(os.environ),  # The starter gave this process what the server may see.
        preexec_fn=_die_with_guard(os.getpid()),  # noqa: PLW1509 - this process has one thread
    )


def _wait_for_end(server: subprocess.Popen[bytes], wakeup: int) -> bool:
    """Wait for the server, the starter or SIGTERM. Returns True if the starter is dead."""
    while server.poll() is None:
        ready, _, _ = select.select([0, wakeup], [], [])
        if 0 in ready:
            # A byte is an ordinary stop; the end of the pipe without one says that the starter died.
            return not os.read(0, 64)
        if signal.SIGTERM in os.read(wakeup, 64):
            break
    return False


def _stop(server: subprocess.Popen[bytes], shutdown: str) -> None:
    """End the server, in order if it answers, and then kill what is left of its process group."""
    _end(server, shutdown)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(server.pid, signal.SIGKILL)


def _end(server: subprocess.Popen[bytes], shutdown: str) -> None:
    first_signal = signal.SIGINT if shutdown == "fast" else signal.SIGQUIT
    for signum in (first_signal, signal.SIGQUIT, signal.SIGKILL):
        if server.poll() is not None:
            return
        server.send_signal(signum)
        try:
            server.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            continue


def _watch_signals() -> int:
    """Return a descriptor that becomes readable on SIGCHLD and SIGTERM; SIGINT and SIGHUP of a terminal are ignored."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable)
    for signum in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(signum, _wake)
    for signum in (signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    return readable


def main(arguments: list[str]) -> int:
    """Start the server, wait until it or the starter ends, and clean up. Returns the server's exit status or signal."""
    first_dash = arguments.index("--")
    second_dash = arguments.index("--", first_dash + 1)
    uid, gid, shutdown, *directories = arguments[:first_dash]
    wakeup = _watch_signals()
    try:
        server = _spawn(uid, gid, arguments[second_dash + 1 :])
        # Only a dead starter leaves no other server that still uses the shared copy of the programs.
        if _wait_for_end(server, wakeup):
            directories += arguments[first_dash + 1 : second_dash]
        _stop(server, shutdown)
    finally:
        for directory in directories:
            shutil.rmtree(directory, ignore_errors=True)
    return abs(server.wait())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
