"""The list of units: a page of what the database has, by address, in this product's layout or in another one."""

from console.backend.model.safe_text import SafeText
from console.backend.model.site_mapping import NotMeasured
from console.backend.model.value import Value


class ListedUnit(Value):
    """One line of the list of units; None for what is not mapped or not readable here."""

    address: SafeText
    lifecycle: SafeText | None
    unit_kind: SafeText | None
    section_type: SafeText | None
    number: SafeText | None
    title: SafeText | None
    parent: SafeText | None
    deleted: bool | None
    """True if it is marked as deleted; None if nothing marks units so."""


class UnitPage(Value):
    """A part of the list of units, by address."""

    units: tuple[ListedUnit, ...]
    more: bool
    """True if there are further units behind the last one, or if that is not known, with `looked_to`."""
    looked_to: SafeText = ""
    """Address as far as which units were looked at, if that took too long for the whole page: the next one goes on there.

    It can be that of a unit that is not shown."""
    not_measured: tuple[NotMeasured, ...] = ()
