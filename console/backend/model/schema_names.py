"""The schemas of the console's own tables: in a database of its own those of its statements, beside an organisation's tables others."""

import re
from functools import lru_cache
from typing import Self

from pydantic import Field, model_validator

from console.backend.model.value import Value

UNITS, LEDGER = "public", "cutter_governance"
"""Schemas as statements and migrations write them: of the units with what belongs to them, and of the ledger."""
UNITS_COMMENT = "Units of the operator console; those of this database stand elsewhere."
LEDGER_COMMENT = "Ledger of the operator console; that of this database stands elsewhere."
"""With the owner, the marks by which a session knows the schemas; in a database of the console's own there are none."""
OWN_SCHEMAS = "cutter_console_"
"""Beginning of the names of these schemas where an organisation's tables have those that statements are written with."""
_OTHER_NAME = rf"^{OWN_SCHEMAS}[a-z0-9_]{{1,40}}$"
# In a pattern of PostgreSQL a word begins with \m.
_WORD = re.compile(rf"(?:(?<!\w)|(?<=\\m))(?:{UNITS}|{LEDGER})\b")
# A remark stays as it is, and so does a quoted identifier: what is composed of an organisation's names is always quoted.
_PART = re.compile(rf"""--[^\n]*|"(?:[^"]|"")*"|(?P<text>'(?:[^']|'')*')|(?P<name>{_WORD.pattern})""")


class SchemaNames(Value):
    """The names of the two schemas in one database.

    Every other name begins with `cutter_console_`: no word of SQL does, and no schema of an organisation should.
    """

    units: str = Field(default=UNITS, pattern=rf"^{UNITS}$|{_OTHER_NAME}")
    ledger: str = Field(default=LEDGER, pattern=rf"^{LEDGER}$|{_OTHER_NAME}")

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if self.units == self.ledger:
            raise ValueError("units and ledger need two schemas")
        if (self.units == UNITS) != (self.ledger == LEDGER):
            raise ValueError("either both schemas have other names, or none")
        return self

    @property
    def are_as_written(self) -> bool:
        """Return whether the names are those that statements are written with."""
        return self.units == UNITS

    def rendered(self, statement: str) -> str:
        """Return the text of a statement with these names for those that it is written with.

        For text of this program alone: in a value, or in a statement of somebody else, the same words mean something else.
        """
        return statement if self.are_as_written else _rendered(self.units, self.ledger, statement)

    def in_database(self, table: str) -> str:
        """Return the name that a table of the console's own, named as statements write it, has in the database."""
        schema, dot, name = table.partition(".")
        return f"{self._here.get(schema, schema)}{dot}{name}"

    def schema_in_database(self, schema: str) -> str:
        """Return the name that a schema of the console's own has in the database; another schema keeps its name."""
        return self._here.get(schema, schema)

    def as_written(self, table: str) -> str:
        """Return the name of a table of the console's own as statements write it, for the one that it has in the database."""
        schema, dot, name = table.partition(".")
        back = {here: written for written, here in self._here.items()}
        return f"{back.get(schema, schema)}{dot}{name}"

    @property
    def _here(self) -> dict[str, str]:
        return {UNITS: self.units, LEDGER: self.ledger}


@lru_cache(maxsize=2048)
def _rendered(units: str, ledger: str, statement: str) -> str:
    def named(match: re.Match[str]) -> str:
        return units if match[0] == UNITS else ledger

    def part(match: re.Match[str]) -> str:
        if match["name"]:
            return named(match)
        # Names stand in texts too: as the arguments of functions, and as those that the catalogue is asked for.
        return _WORD.sub(named, match[0]) if match["text"] else match[0]

    return _PART.sub(part, statement)


OWN = SchemaNames()
"""In a database of the console's own."""
BESIDE = SchemaNames(units="cutter_console_units", ledger="cutter_console_ledger")
"""Proposed for a database whose own tables have the console's names."""
