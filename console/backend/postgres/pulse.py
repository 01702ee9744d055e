"""One small question that is asked again and again: it has another answer as soon as anything has moved."""

from types import TracebackType
from typing import NamedTuple, Self

import psycopg

from console.backend.model.errors import CutterError
from console.backend.postgres.connections import APPLICATION, read_row, translate
from console.backend.postgres.session import Session
from console.backend.postgres.sessions import log_in

_LIMIT_S = 5.0
_ENOUGH_SESSIONS = 3
"""A role that may have fewer at once has all of them between two questions."""

# Each part is the end of an index, or of a handful of rows.
_PULSE = """
    SELECT concat_ws(' ',
               (SELECT max(e.id) FROM cutter_governance.v_run_event e), (SELECT max(h.id) FROM cutter_governance.v_hold_event h),
               (SELECT count(*) FROM cutter_governance.v_approval),
               (SELECT string_agg(concat(l.id, l.taken_at), ' ') FROM cutter_governance.v_lease l)),
           (SELECT r.rolconnlimit FROM pg_roles r WHERE r.rolname = session_user)
"""


class _Row(NamedTuple):
    """The mark, and how many sessions the role may have at once, -1 for any number."""

    mark: str
    sessions: int


class Pulse:
    """A session of the monitoring role that asks for the mark. Between two questions it is idle, outside of any transaction."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._session: Session | None = None

    def mark(self) -> str:
        """Return another text after each event of a run, ruling, HOLD or release, and opened, taken or ended lease.

        Raises CutterError, and then begins with another session.
        """
        try:
            if self._session is None:
                application = f"{APPLICATION} follow"
                self._session = log_in(
                    self._conninfo, application=application, statement_timeout_s=_LIMIT_S, read_only=True
                )
            row = read_row(self._session, _Row, _PULSE)
            self._session.rollback()
        except (psycopg.Error, CutterError) as error:
            self.close()
            raise (translate(error) if isinstance(error, psycopg.Error) else error) from error
        if 0 <= row.sessions < _ENOUGH_SESSIONS:
            self.close()
        return row.mark

    def close(self) -> None:
        """End the session, if there is one."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()
