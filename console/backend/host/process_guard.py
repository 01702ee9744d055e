"""A guard process: it ends one program, with its whole group, when its starter ends, even by SIGKILL.

Run as a script: `process_guard.py LIFELINE group|tree UID|- GID|- COMMAND…`. LIFELINE is the descriptor of a pipe whose other end
only the starter holds: its end of file means that the starter wants the program ended, or is dead. The program has the
standard streams and every other descriptor that was handed on; this process lets go of them, so that a pipe breaks when
the program ends, and ends as the program did. Should this process itself be killed, the kernel kills the program
(PR_SET_PDEATHSIG).

With `tree`, a program that the starter ends takes along what has left its group, too: this process is the one that the
kernel gives orphans of its descendants to (PR_SET_CHILD_SUBREAPER), and kills what it is given. What became another user
stays, and so does all of it if this process itself is killed.
"""

import ctypes
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import NoReturn

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_NOT_STARTED = 127
_LOOK_S = 0.01


def _wake(_signum: int, _frame: FrameType | None) -> None:
    """The wakeup descriptor does the work; the signal must only not be ignored."""


def _die_with_guard(guard_pid: int) -> Callable[[], None]:
    libc = ctypes.CDLL(None, use_errno=True)

    def set_signal() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        # A guard that died before the call sends no signal any more.
        if os.getppid() != guard_pid:
            os._exit(_NOT_STARTED)

    return set_signal


def _spawn(uid: str, gid: str, command: list[str]) -> subprocess.Popen[bytes]:
    as_user = uid != "-"
    return subprocess.Popen(
        command,
        close_fds=False,
        user=int(uid) if as_user else None,
        group=int(gid) if as_user else None,
        extra_groups=[] if as_user else None,
        process_group=0,
        env=dict(os.environ),  # The starter gave this process what the program may see.
        preexec_fn=_die_with_guard(os.getpid()),  # noqa: PLW1509 - this process has one thread
    )


def _let_go(keep: set[int]) -> None:
    """Close every descriptor but `keep`, so that the program alone holds them; standard streams become /dev/null."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    for name in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []:  # noqa: PTH112, PTH208 - nothing more is loaded
        if int(name) > 2 and int(name) not in keep:
            with suppress(OSError):
                os.close(int(name))


def _has_ended(pid: int) -> bool:
    """Return whether the program has ended; it stays a zombie, so that its group keeps its number."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _wait(program: subprocess.Popen[bytes], lifeline: int, wakeup: int) -> bool:
    """Wait for the end of the program or of the starter's interest in it; return whether the program has ended by itself."""
    # poll and not select, which refuses descriptors from 1,024 on: the lifeline has the number that the starter gave it.
    ends = select.poll()
    for descriptor in (lifeline, wakeup):
        ends.register(descriptor, select.POLLIN)
    while not _has_ended(program.pid):
        if lifeline in (descriptor for descriptor, _ in ends.poll()):
            return False
        os.read(wakeup, 64)
    return True


def _end_descendants(program: int) -> None:
    """Kill every process that descends from this one, and wait for their ends; the program itself is reaped by the caller."""
    while True:
        # Asked for before the look: a program that was killed and has not ended yet still has its children.
        has_ended = _has_ended(program)
        others = [pid for pid in _children() if pid != program]
        if has_ended and not others:
            return
        for pid in others:
            # Of a child that is not reaped yet, no other process can have the number.
            with suppress(PermissionError):  # It became another user; the starter does not wait for it without an end.
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, os.WNOHANG)
        # What a killed child leaves is this process's own by now.
        time.sleep(_LOOK_S)


def _children() -> list[int]:
    own = os.getpid()
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and _parent(name) == own]  # noqa: PTH208


def _parent(pid: str) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:  # noqa: PTH123
            # The name of the program stands in parentheses, and may have some of its own.
            return int(stat.read().rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def _end_as(status: int) -> NoReturn:
    if status < 0:
        # The starter sees the program's own status if the same signal ends the guard, whose core would be of no use.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with suppress(OSError, ValueError):  # SIGKILL has no other handler.
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(abs(status))


def main(arguments: list[str]) -> NoReturn:
    """Start the program, wait for its end or the starter's, end the group, and exit with the program's status."""
    lifeline, (reach, uid, gid, *command) = int(arguments[0]), arguments[1:]
    os.set_inheritable(lifeline, False)  # noqa: FBT003 - it takes no keyword
    # SIGCHLD writes into this pipe: poll waits for the program's end and for the lifeline together.
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable)
    signal.signal(signal.SIGCHLD, _wake)
    if reach == "tree":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        program = _spawn(uid, gid, command)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        sys.stderr.flush()
        os._exit(_NOT_STARTED)
    _let_go({lifeline, readable, writable})
    has_ended = _wait(program, lifeline, readable)
    # Before it is reaped: until then no other process can have its number. Its children may have outlived it.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(program.pid, signal.SIGKILL)
    if reach == "tree" and not has_ended:
        _end_descendants(program.pid)
    _end_as(program.wait())


if __name__ == "__main__":
    main(sys.argv[1:])
