"""The grant matrix: role × object × privilege, ownership, memberships, definitions and guards, expected beside actual."""

import psycopg

from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.postgres.drift import subject, value_in_words
from console.backend.postgres.inventory import Inventory, Key, measure_inventory


class Cell(Value):
    """One line of the matrix: a privilege, or a property that decides about privileges."""

    what: SafeText
    """`grant`, `owner`, `membership`, `function`, `trigger state`, `superuser`, …"""
    subject: SafeText
    role: SafeText
    """The grantee or member, if one is concerned."""
    expected: SafeText
    """As the last migration pinned it; empty for what was not installed."""
    actual: SafeText
    """As it is now; empty for what is gone."""

    @property
    def as_installed(self) -> bool:
        """Return whether the value is the installed one."""
        return self.expected == self.actual


class GrantMatrix(Value):
    """All of the inventory but columns, constraints and the like, in the order of the objects."""

    cells: tuple[Cell, ...]
    schema_digest: str
    pinned_digest: str

    def of(self, kind: str) -> tuple[Cell, ...]:
        """The cells of one kind."""
        return tuple(cell for cell in self.cells if cell.what == kind)


_SHOWN = frozenset(
    {"grant", "owner", "membership", "function", "trigger state", "superuser", "role", "role attribute"}
    | {"default privileges", "event trigger", "row security", "policy"}
    | {"function elsewhere", "relation elsewhere", "child table", "foreign key", "setting"}
)


def measure_grants(connection: psycopg.Connection) -> GrantMatrix:
    """Read the matrix; the monitoring role suffices. Raises psycopg.Error."""
    return grant_matrix(measure_inventory(connection))


def grant_matrix(inventory: Inventory) -> GrantMatrix:
    """Pure: the matrix of an inventory."""
    keys = sorted(key for key in inventory.pinned.keys() | inventory.now.keys() if key.what in _SHOWN)
    return GrantMatrix(
        cells=tuple(_cell(key, inventory) for key in keys),
        schema_digest=inventory.digest,
        pinned_digest=inventory.pinned_digest,
    )


def _cell(key: Key, inventory: Inventory) -> Cell:
    expected, actual = inventory.pinned.get(key), inventory.now.get(key)
    return Cell(
        what=key.what,
        subject=subject(key),
        role=key.role,
        expected="" if expected is None else value_in_words(key, expected),
        actual="" if actual is None else value_in_words(key, actual),
    )
