"""A unit in force or planned, as far as two texts of a document are compared."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from console.backend.model.amendment import line_of
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.merkle import merkle_root


class UnitField(StrEnum):
    """A field of a unit in which two texts can differ at the same address."""

    PARENT = "parent"
    UNIT_KIND = "unit_kind"
    SECTION_TYPE = "section_type"
    NUMBER = "number"
    TITLE = "title"
    BODY = "body"


class ComparedUnit(NamedTuple):
    """A unit of one of two texts. Its strings are as stored or planned: make them inert before they are shown."""

    address: str
    parent: str | None
    unit_kind: str
    section_type: str
    number: str
    title: str
    body: str
    line: int = 0
    """1-based line of its text; 0 if it is not known. It is not compared."""

    @property
    def signed_line(self) -> str:
        """Return the unit as one line, by which the database compares and signs it."""
        return line_of(
            self.address,
            self.parent,
            self.unit_kind,
            self.section_type,
            self.number,
            self.title,
            sha256_hex(self.body.encode()),
        )


def base_digest(units: Iterable[ComparedUnit]) -> str:
    """Return the Merkle root over the lines of the units in force, by address; `fn_base_digest` computes the same."""
    return merkle_root(tuple(unit.signed_line for unit in sorted(units, key=lambda unit: unit.address)))
