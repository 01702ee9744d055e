"""A process of its own that holds one transient server and ends it when its starter ends, however that happens.

Run as a script: `cluster_guard.py UID|- GID|- fast|immediate DIRECTORY… -- [SHARED…] -- COMMAND…`. Standard
input is a pipe whose other end only the starter holds: a byte means stop, end of file without one that the
starter is dead. The directories are removed at the end; those it shares with the starter's other servers
only when it is dead. Should this process itself be killed, the kernel sends the server SIGQUIT (PR_SET_PDEATHSIG, which
must be set here: it follows the thread that started the child, and the starter's threads come and go).

Each restore proof begins with this file, so it imports what starts fast: `subprocess`, `shutil` and `signal` would take
twice the time of all the rest.
"""

import _signal as signal  # type: ignore[import-not-found]  # the functions of `signal`, without its enumerations
import ctypes
import os
import select
import sys
import time

_PR_SET_PDEATHSIG = 1
_NOT_STARTED = 127
_GRACE_S = 8.0


def _wake(_signum: int, _frame: object) -> None:
    """The wakeup descriptor does the work; the signal must only not be ignored."""


class _Server:
    """The server, a child of this process in a group of its own."""

    def __init__(self, uid: str, gid: str, command: list[str], wakeup: int) -> None:
        self._wakeup = wakeup
        self._status: int | None = None
        libc, guard_pid = ctypes.CDLL(None), os.getpid()
        self.pid = os.fork()  # This process has one thread.
        if self.pid == 0:
            try:
                _become(uid, gid, command, libc, guard_pid)
            except OSError as error:
                os.write(2, f"{command[0]}: {error.strerror}\n".encode())
            finally:
                os._exit(_NOT_STARTED)

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal, or None while it runs."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._status = os.waitstatus_to_exitcode(status) if pid else None
        return self._status

    def has_ended_within(self, seconds: float) -> bool:
        """Wait for its end: SIGCHLD wakes."""
        deadline = time.monotonic() + seconds
        while self.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if self._wakeup in select.select([self._wakeup], [], [], left)[0]:
                os.read(self._wakeup, 64)
        return True


def _become(uid: str, gid: str, command: list[str], libc: ctypes.CDLL, guard_pid: int) -> None:
    """Replace this process, which was forked for it, by the server."""
    # Python ignores these, which the server would inherit.
    for signum in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(signum, signal.SIG_DFL)
    # Not the pipe of the starter: the guard alone listens to it.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.chdir("/")
    os.umask(0o077)
    os.setpgid(0, 0)
    if uid != "-":
        os.setgroups([])
        os.setregid(int(gid), int(gid))
        os.setreuid(int(uid), int(uid))
    # After the change of the user, which would take it back.
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT, 0, 0, 0)
    # The guard may have died before the call: then no signal comes any more.
    if os.getppid() == guard_pid:
        # The starter gave this process what the server may see.
        os.execvpe(command[0], command, os.environ)  # noqa: S606 - as its starter named it


def _wait_for_end(server: _Server, wakeup: int) -> bool:
    """Wait for the server, the starter or SIGTERM. Returns True if the starter is dead."""
    while server.poll() is None:
        ready, _, _ = select.select([0, wakeup], [], [])
        if 0 in ready:
            # A byte is an ordinary stop; the end of the pipe without one says that the starter died.
            return not os.read(0, 64)
        if signal.SIGTERM in os.read(wakeup, 64):
            break
    return False


def _stop(server: _Server, shutdown: str) -> None:
    """End the server, in order if it answers, and then kill what is left of its process group."""
    first_signal = signal.SIGINT if shutdown == "fast" else signal.SIGQUIT
    for signum in (first_signal, signal.SIGQUIT, signal.SIGKILL):
        if server.poll() is not None:
            break
        os.kill(server.pid, signum)
        if server.has_ended_within(_GRACE_S):
            break
    try:
        os.killpg(server.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _remove(directory: str) -> None:
    """Remove the directory with all that is in it, as far as it goes, and follow no link out of it."""
    try:
        for _, folders, files, descriptor in os.fwalk(directory, topdown=False):
            for name in (*files, *folders):
                _remove_entry(name, descriptor)
        os.rmdir(directory)  # noqa: PTH106 - pathlib would take longer to import than all the rest
    except OSError:
        return


def _remove_entry(name: str, folder: int) -> None:
    try:
        os.unlink(name, dir_fd=folder)
    except IsADirectoryError:
        os.rmdir(name, dir_fd=folder)
    except OSError:
        return


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
        server = _Server(uid, gid, arguments[second_dash + 1 :], wakeup)
        # Only a dead starter leaves no other server that still uses the shared copy of the programs.
        if _wait_for_end(server, wakeup):
            directories += arguments[first_dash + 1 : second_dash]
        _stop(server, shutdown)
    finally:
        for directory in directories:
            _remove(directory)
    return abs(server.poll() or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
