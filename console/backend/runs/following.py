"""Follows an installation: says within a second that something has moved in it, whoever moved it, or that it cannot be asked.

The database is asked, and does not notify: at its COMMIT, a NOTIFY waits for a lock of the whole server that any role of any
database can hold for as long as it likes. With it, everybody who may connect could stop cuts, and stops.
"""

from collections.abc import Callable
from contextlib import ExitStack
from threading import Event

from console.backend.host.installation import Installation
from console.backend.model.errors import CutterError
from console.backend.postgres.connections import connect
from console.backend.postgres.kept_sessions import sessions_kept
from console.backend.postgres.pulse import pulse
from console.backend.runs.kill_switch import hold_in_file

PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
_LIMIT_S = 5.0
_ENOUGH_SESSIONS = 3
"""A role that may have fewer at once has all of them between two questions."""
_UNKNOWN = "not known"


def follow(installation: Installation, on_change: Callable[[], None], ended: Event) -> None:
    """Call `on_change` after each second in which something has moved, until `ended`; in this thread, on a session of its own.

    It is called, too, when the database can no longer be asked, and when it can again. Meanwhile it is asked more and more rarely.
    """
    last, pause_s = "", 0.0
    with ExitStack() as kept:
        is_keeping = False
        while not ended.wait(pause_s):
            mark, may_keep = _look(installation)
            pause_s = PAUSE_S if mark != _UNKNOWN else min(max(pause_s, PAUSE_S) * 2, LONGEST_PAUSE_S)
            if may_keep and not is_keeping:
                kept.enter_context(sessions_kept())
                is_keeping = True
            if last and mark != last:
                on_change()
            last = mark


def _look(installation: Installation) -> tuple[str, bool]:
    """Return the mark of database and HOLD file, and if the role may have so many sessions that one is kept."""
    in_file = hold_in_file(installation)
    monitor = installation.settings.database.monitor
    try:
        with connect(monitor, read_only=True, timeout_s=_LIMIT_S, purpose="follow") as connection:
            row = pulse(connection)
    except CutterError:
        return _UNKNOWN, False
    return f"{row.mark} {in_file}", row.sessions < 0 or row.sessions >= _ENOUGH_SESSIONS
