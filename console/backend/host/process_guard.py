"""A guard process: it ends one program, with its whole group, when its starter ends, even by SIGKILL.

Run as a script: `process_guard.py LIFELINE UID|- GID|- COMMAND…`. LIFELINE is the descriptor of a pipe whose other end
only the starter holds: its end of file means that the starter wants the program ended, or is dead. The program has the
standard streams and every other descriptor that was handed on; this process lets go of them, so that a pipe breaks when
the program ends, and ends as the program did. Should this process itself be killed, the kernel kills the program
(PR_SET_PDEATHSIG).

Each pg_dump, pg_restore and gpg of a backup begins with this file, so it imports what starts fast: `subprocess`,
`signal`, `typing` and `contextlib` would take twice the time of all the rest.
"""

import _signal as signal  # type: ignore[import-not-found]  # the functions of `signal`, without its enumerations
import ctypes
import os
import resource
import select
import sys

_PR_SET_PDEATHSIG = 1
_NOT_STARTED = 127


def _wake(_signum: int, _frame: object) -> None:
    """The wakeup descriptor does the work; the signal must only not be ignored."""


def _spawn(uid: str, gid: str, command: list[str]) -> int:
    """Start the program in a group of its own; return its process id. Raises OSError if it cannot be run."""
    # Closed by a program that begins; the error of one that cannot.
    readable, writable = os.pipe()
    libc, guard_pid = ctypes.CDLL(None), os.getpid()
    pid = os.fork()  # This process has one thread.
    if pid == 0:
        try:
            _become(uid, gid, command, libc, guard_pid)
        except OSError as error:
            os.write(writable, str(error.errno).encode())
        finally:
            os._exit(_NOT_STARTED)
    os.close(writable)
    errno = os.read(readable, 16)
    os.close(readable)
    if errno:
        os.waitpid(pid, 0)
        raise OSError(int(errno), os.strerror(int(errno)))
    return pid


def _become(uid: str, gid: str, command: list[str], libc: ctypes.CDLL, guard_pid: int) -> None:
    """Replace this process, which was forked for it, by the program."""
    # Python ignores these, which the program would inherit.
    for signum in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(signum, signal.SIG_DFL)
    os.setpgid(0, 0)
    if uid != "-":
        os.setgroups([])
        os.setregid(int(gid), int(gid))
        os.setreuid(int(uid), int(uid))
    # After the change of the user, which would take it back.
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # A guard that died before the call sends no signal any more.
    if os.getppid() == guard_pid:
        os.execvpe(command[0], command, os.environ)  # noqa: S606 - as its starter named it


def _let_go(keep: set[int]) -> None:
    """Close every descriptor but `keep`, so that the program alone holds them; standard streams become /dev/null."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    for name in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []:  # noqa: PTH112, PTH208 - nothing more is loaded
        if int(name) > 2 and int(name) not in keep:
            try:
                os.close(int(name))
            except OSError:
                continue


def _has_ended(pid: int) -> bool:
    """Return whether the program has ended; it stays a zombie, so that its group keeps its number."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _wait(pid: int, lifeline: int, wakeup: int) -> None:
    while not _has_ended(pid):
        ready, _, _ = select.select([lifeline, wakeup], [], [])
        if lifeline in ready:
            return
        os.read(wakeup, 64)


def _end_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _end_as(status: int) -> None:
    if status < 0:
        # The starter sees the program's own status if the same signal ends the guard, whose core would be of no use.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if -status != signal.SIGKILL:  # SIGKILL has no other handler.
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(abs(status))


def main(arguments: list[str]) -> None:
    """Start the program, wait for its end or the starter's, end the group, and exit with the program's status."""
    lifeline, (uid, gid, *command) = int(arguments[0]), arguments[1:]
    os.set_inheritable(lifeline, False)  # noqa: FBT003 - it takes no keyword
    # SIGCHLD writes into this pipe: select waits for the program's end and for the lifeline together.
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable)
    signal.signal(signal.SIGCHLD, _wake)
    try:
        pid = _spawn(uid, gid, command)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        sys.stderr.flush()
        os._exit(_NOT_STARTED)
    _let_go({lifeline, readable, writable})
    _wait(pid, lifeline, readable)
    # Before it is reaped: until then no other process can have its number. Its children may have outlived it.
    _end_group(pid)
    _end_as(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
