"""One small question that is asked again and again: it has another answer as soon as anything has moved."""

from typing import NamedTuple

import psycopg

from console.backend.postgres.connections import read_row


class PulseRow(NamedTuple):
    """A text that is another one after anything has moved, and how many sessions the role may have at once, -1 for any number."""

    mark: str
    sessions: int


# Each part is the end of an index, or of a handful of rows.
_PULSE = """
    SELECT concat_ws(' ',
               (SELECT max(e.id) FROM cutter_governance.v_run_event e), (SELECT max(h.id) FROM cutter_governance.v_hold_event h),
               (SELECT count(*) FROM cutter_governance.v_approval),
               (SELECT string_agg(concat(l.id, l.taken_at), ' ') FROM cutter_governance.v_lease l)),
           (SELECT r.rolconnlimit FROM pg_roles r WHERE r.rolname = session_user)
"""


def pulse(connection: psycopg.Connection) -> PulseRow:
    """Return the mark: another one after each event of a run, ruling, HOLD or release, and opened, taken or ended lease."""
    return read_row(connection, PulseRow, _PULSE)
