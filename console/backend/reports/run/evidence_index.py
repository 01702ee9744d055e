"""The register of a report's evidence: every piece has an id of its own, and the same record gives the same ids."""

import re
from datetime import UTC, datetime

from console.backend.model.outcome import Evidence
from console.backend.model.schema_names import OWN, SchemaNames
from console.backend.model.tables import RUN_TABLES

_ODD = re.compile(r"[^A-Za-z0-9.]+")


def plain(name: str) -> str:
    """Return the name as part of an id: letters, digits, dots and hyphens, so that no id can be markup."""
    return _ODD.sub("-", name).strip("-.") or "x"


class Register:
    """Collects evidence while a report is composed; an id that is taken gets a number behind it."""

    def __init__(self, names: SchemaNames = OWN) -> None:
        self._by_id: dict[str, Evidence] = {}
        own = names.are_as_written
        # A report names them hundreds of times.
        self.tables = {table: table if own else names.in_database(table) for table in RUN_TABLES}
        """The names that tables of the console's own have in the database of the record, by those of statements."""
        self.own = frozenset(self.tables.values())

    def put(self, name: str, question: str, source: str, answer: str, at: datetime, digest: str = "") -> str:
        """Add a piece made from the record, at the record's own time, and return its id."""
        return self.keep(
            name,
            Evidence(
                id=name, asked=question, source=source, answer=answer, digest=digest, measured_at=at.astimezone(UTC)
            ),
        )

    def keep(self, name: str, piece: Evidence) -> str:
        """Add a piece that the record holds already, and return the id that it got, which begins with `name`."""
        plain_name = chosen = ".".join(plain(part) for part in name.split("."))
        number = 1
        entry = piece.model_copy(update={"id": chosen})
        # The same piece under the same name is one piece; a different one gets the next number.
        while self._by_id.setdefault(chosen, entry) != entry:
            number += 1
            chosen = f"{plain_name}.{number}"
            entry = piece.model_copy(update={"id": chosen})
        return chosen

    @property
    def all(self) -> tuple[Evidence, ...]:
        """Return every piece, in the order in which it was added."""
        return tuple(self._by_id.values())
