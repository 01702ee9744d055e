"""Follows an installation: says within a second that something has moved in it, whoever moved it, or that it cannot be asked.

The database is asked, and does not notify: at its COMMIT, a NOTIFY waits for a lock of the whole server that any role of any
database can hold for as long as it likes. With it, everybody who may connect could stop cuts, and stops.
"""

from collections.abc import Callable
from threading import Event

from console.backend.host.installation import Installation
from console.backend.model.errors import CutterError
from console.backend.postgres.pulse import Pulse
from console.backend.runs.kill_switch import hold_in_file

PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
_UNKNOWN = "not known"


def follow(installation: Installation, on_change: Callable[[], None], ended: Event) -> None:
    """Call `on_change` after each second in which something has moved, until `ended`; in this thread, on a session of its own.

    It is called, too, when the database can no longer be asked, and when it can again. Meanwhile it is asked more and more rarely.
    """
    last, pause_s = "", 0.0
    with Pulse(installation.settings.database.monitor) as pulse:
        while not ended.wait(pause_s):
            mark = _look(installation, pulse)
            pause_s = PAUSE_S if mark != _UNKNOWN else min(max(pause_s, PAUSE_S) * 2, LONGEST_PAUSE_S)
            if last and mark != last:
                on_change()
            last = mark


def _look(installation: Installation, pulse: Pulse) -> str:
    """Return what is another text after anything has moved in the database, or the HOLD file."""
    in_file = hold_in_file(installation)
    try:
        return f"{pulse.mark()} {in_file}"
    except CutterError:
        return _UNKNOWN
