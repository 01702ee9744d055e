"""The end of the program while calls are still at work in daemon threads."""

import os
import sys

UNFLUSHED = 120
"""The interpreter's own exit status where what was left to be written could not be."""


def at_once() -> None:
    """Let signals end the process at once from now on: it has its status, and says nothing more.

    An exception would be printed, with its traceback, wherever it meets the interpreter's own end.
    """
    signal = sys.modules.get("signal")
    if signal is None:
        return  # `--version` loads nothing that it does not need, and has nothing to end.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def leave(exit_status: int) -> None:
    """End the process with this status if a daemon thread is left; return if there is none, for the usual end.

    The interpreter ends such a thread where it next wants to go on. In a library of C or Rust, such as that which
    validates every answer, this aborts the process: `q` during a measurement ended with SIGABRT or SIGSEGV.
    """
    threading = sys.modules.get("threading")
    if threading is None or not any(thread.daemon for thread in threading.enumerate()):
        return
    # What the interpreter does at its own end, in this order: it waits for the other threads, and tells pools to end theirs.
    threading._shutdown()
    if atexit := sys.modules.get("atexit"):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            exit_status = exit_status or UNFLUSHED
    os._exit(exit_status)
