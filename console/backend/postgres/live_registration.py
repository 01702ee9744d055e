"""Registers a live document: its query is read as the monitoring role, then stored by the administrator."""

from console.backend.model.errors import Held, StopCode
from console.backend.postgres.connections import administrator
from console.backend.postgres.live_text import read_query

_HOLD = "SELECT h.by, h.reason FROM cutter_governance.v_hold h"
_REGISTER = "SELECT cutter_console.fn_document_register(%s, %s, %s, %s)"


def register_live_document(
    monitor: str, administering: str, docprefix: str, profile: str, query: str, most_bytes: int
) -> None:
    """Register a live document by the query that gives its text; the text of the query is data to the administrator.

    Raises Refused or Unmeasured as `read_query` does, Held under a HOLD, Refused if the prefix is reserved
    or registered.
    """
    # The query runs as the monitoring role alone, before the administrator connects: it never runs with more rights.
    read_query(monitor, docprefix, query, most_bytes)
    with administrator(administering, purpose="register") as connection:
        hold = connection.execute(_HOLD).fetchone()
        if hold is not None:
            raise Held(
                StopCode.HOLD,
                f"nothing is registered under a HOLD, set by {hold[0]}: {hold[1]}",
                "Find out why, then: cutter-console hold release --confirm RELEASE",
            )
        connection.execute("SET LOCAL ROLE cutter_owner")
        connection.execute(_REGISTER, (docprefix, f"live:{docprefix}", profile, query))
