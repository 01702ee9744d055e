"""A console that the Fleet screen of another one has opened in its terminal: it leads back to that one, and ends with it."""

import os
import select
import stat
import threading
from collections.abc import Callable

FLEET_BEHIND = "CUTTER_CONSOLE_FLEET"
"""Variable with the descriptor of a pipe whose writing end only the console behind this one has."""


def taken_lifeline() -> int | None:
    """Return the descriptor of the pipe, or None if no Fleet has opened this console.

    The variable is taken out of the environment, and no program that this console starts inherits the pipe.
    """
    text = os.environ.pop(FLEET_BEHIND, "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None
    descriptor = int(text)
    try:
        # A descriptor of the terminal must not be taken for the pipe: it would never hang up, or at once.
        if descriptor <= 2 or not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            return None
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - it takes no name
    except OSError:
        return None
    return descriptor


def watch(lifeline: int, gone: Callable[[], None]) -> None:
    """Call `gone`, in a thread of its own, as soon as the console behind this one has ended, by whatever."""

    def wait() -> None:
        poll = select.poll()
        poll.register(lifeline, 0)  # A hang-up is reported without being asked for.
        poll.poll()
        gone()

    threading.Thread(target=wait, name="fleet-behind", daemon=True).start()
