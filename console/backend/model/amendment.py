"""An amendment: what a revised text changes in a document that is law, unit by unit, and the state that it starts from."""

from enum import StrEnum
from typing import NamedTuple

from console.backend.model.canonical_json import sha256_hex
from console.backend.model.merkle import merkle_root
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value


class Effect(StrEnum):
    """Effect of an amendment on one address."""

    UNCHANGED = "unchanged"
    """The unit stays as it is: no row is written for it, whatever its place in the order."""
    CHANGED = "changed"
    """The address stays, and parent, kind, section type, number, title or body differ: it gets a new version."""
    NEW = "new"
    """Only the new text has the address: it gets a unit and a version."""
    GONE = "gone"
    """Only the text in force has the address: its unit is superseded when the amendment is enacted."""


class UnitField(StrEnum):
    """A field of a unit in which two texts can differ at the same address."""

    PARENT = "parent"
    UNIT_KIND = "unit_kind"
    SECTION_TYPE = "section_type"
    NUMBER = "number"
    TITLE = "title"
    BODY = "body"


class ComparedUnit(NamedTuple):
    """A unit in force or planned, as far as two texts are compared.

    Its strings are as stored or planned: pass them through `safe_text` before they are shown.
    """

    address: str
    parent: str | None
    unit_kind: str
    section_type: str
    number: str
    title: str
    body: str
    line: int = 0
    """1-based line of its text; 0 if it is not known. It is not compared."""


class Moved(Value):
    """A renumbering that a person stated: the address that is gone, and the new one where its text now stands."""

    old: SafeText
    new: SafeText


class Amendment(Value):
    """Effects of a revised text on the units in force; part of the plan that is signed."""

    base_run_id: str
    """Run that enacted the state which the text was compared with."""
    base_digest: str
    """Digest of that state; the amendment is refused if another one is in force by then."""
    unchanged: int
    """Number of units without an effect."""
    changed: tuple[str, ...]
    """Addresses in the order of the new text."""
    new: tuple[str, ...]
    """Addresses in the order of the new text."""
    gone: tuple[str, ...]
    """Addresses in the order of the old text."""
    moved: tuple[Moved, ...] = ()
    """Renumberings that the operator stated, in the order of the new text; never what a program supposes."""


def base_line(unit: ComparedUnit) -> str:
    """Return the line of a unit in the digest of a state; `fn_draft_lines` has the same format."""
    fields = (unit.address, unit.parent or "", unit.unit_kind, unit.section_type, unit.number, unit.title)
    return "\t".join((*fields, sha256_hex(unit.body.encode())))


def base_digest(units: tuple[ComparedUnit, ...]) -> str:
    """Return the Merkle root over the units in force, in the order of their text: the base of an amendment."""
    return merkle_root(tuple(base_line(unit) for unit in units))
