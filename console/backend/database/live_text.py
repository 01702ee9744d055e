"""Live text: a document's text read from the database by the query that was registered for it."""

from console.backend.database.connections import connect
from console.backend.database.records import documents
from console.backend.errors import Refused, StopCode


def read_live_text(conninfo: str, docprefix: str) -> bytes:
    """The text as UTF-8, read on the monitoring role in a READ ONLY transaction.

    Raises Refused (DOCUMENT_UNKNOWN) without a registered query, and where it gives anything but one text.
    """
    with connect(conninfo, read_only=True, purpose="live text") as connection:
        registered = {row.docprefix: row.live_query for row in documents(connection)}
        query = registered.get(docprefix)
        if not query:
            raise Refused(
                StopCode.DOCUMENT_UNKNOWN,
                f"live:{docprefix}: no query is registered",
                "Register it: cutter-console document register",
            )
        rows = connection.execute(query.encode()).fetchmany(2)
    if len(rows) != 1 or len(rows[0]) != 1 or not isinstance(rows[0][0], str):
        raise Refused(
            StopCode.REFUSED_INPUT,
            f"live:{docprefix}: the query gives not exactly one text",
            "Register a query that gives one row with one text.",
        )
    return rows[0][0].encode()
