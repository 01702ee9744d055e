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
    return _one_text(docprefix, rows)


def _one_text(docprefix: str, rows: list[tuple[object, ...]]) -> bytes:
    if len(rows) == 1 and len(rows[0]) == 1 and isinstance(text := rows[0][0], str):
        return text.encode()
    message = f"live:{docprefix}: the query gives not exactly one text"
    raise Refused(StopCode.REFUSED_INPUT, message, "Register a query that gives one row with one text.")


def register_live_document(conninfo: str, docprefix: str, profile: str, query: str) -> None:
    """As the administrator: register a live document by the query that gives its text.

    Raises Refused where the prefix is reserved or registered, and where the query does not give one text.
    """
    with connect(conninfo, purpose="register") as connection:
        rows = connection.execute(query.encode()).fetchmany(2)
        _one_text(docprefix, rows)
        connection.execute("SET LOCAL ROLE cutter_owner")
        connection.execute(
            "SELECT cutter_governance.fn_document_register(%s, %s, %s, %s)",
            (docprefix, f"live:{docprefix}", profile, query),
        )
