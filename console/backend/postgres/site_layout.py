"""A database of another layout as it is read: its mapping, kept or proposed, on the catalogue as it is now."""

from dataclasses import dataclass

import psycopg

from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.site_mapping import INSPECT, NotMeasured, SiteMapping
from console.backend.postgres.site_catalogue import Catalogue, read_catalogue
from console.backend.postgres.site_proposal import changed_since, propose
from console.backend.postgres.site_units import Readable


@dataclass(frozen=True)
class SiteLayout:
    """The layout of a connection's database."""

    mapping: SiteMapping
    catalogue: Catalogue
    is_kept: bool
    """True if the mapping is the one of this host's file; otherwise it was proposed from the catalogue just now."""

    @property
    def readable(self) -> Readable:
        """Return what of the mapping this role can read."""
        return Readable(self.mapping, self.catalogue)

    @property
    def faults(self) -> tuple[NotMeasured, ...]:
        """Return tables and columns of the mapping that are not there, have another type, or may not be read."""
        return changed_since(self.catalogue, self.mapping)


def read_layout(connection: psycopg.Connection, kept: SiteMapping | None, *, by_rows: bool = True) -> SiteLayout:
    """Read the layout by the kept mapping, or by a proposal. Raises Unmeasured if no mapping can be proposed.

    `by_rows=False` is for those who read no references of units: it costs no look at the rows.
    """
    if kept is not None:
        return SiteLayout(kept, read_catalogue(connection, kept.tables), is_kept=True)
    catalogue = read_catalogue(connection)
    proposal = propose(connection, catalogue, by_rows=by_rows)
    if proposal.mapping is None:
        fault = proposal.unmapped[0]
        raise Unmeasured(StopCode.DRIFT, f"no site mapping can be proposed: {fault.subject}: {fault.reason}", INSPECT)
    return SiteLayout(proposal.mapping, catalogue, is_kept=False)
