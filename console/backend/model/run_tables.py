"""The tables that a run writes, by the names that they have in one database: the console's own, and an organisation's.

`plan_binding` has the rows of the console's own tables as statements name them; here they get the names that stand in
plans, rulings, dialogs and reports, and beside them stand the rows that the run adds to the organisation's tables. Pure.
"""

from collections.abc import Iterable

from console.backend.model.amendment import AmendmentCounts
from console.backend.model.plan_binding import (
    TableDelta,
    expected_amendment_deltas,
    expected_cut_deltas,
    expected_enactment_deltas,
    expected_revert_deltas,
)
from console.backend.model.schema_names import OWN, SchemaNames
from console.backend.model.site_governance import Part
from console.backend.model.site_mapping import SiteMapping
from console.backend.model.states import Stage
from console.backend.model.tables import RUN_TABLES, SIGNATURE, VERIFY_RESULT
from console.backend.model.value import Value

NOT_RECORDED = frozenset({Stage.CUT_LEG_A_COMMITTED, Stage.STRUCTURAL_VERIFIED})
"""Stages of a draft whose leg B is not recorded."""
SITE_ROWS = "rows of the organisation"
"""Name of the check of a verification that has read the run's rows in an organisation's tables again."""


class RunTables(Value):
    """Tables of one database in which the rows of a run stand."""

    names: SchemaNames = OWN
    """Schemas of the console's own tables."""
    site: SiteMapping | None = None
    """The organisation's tables that a run writes too; None in a database of the console's own."""
    there: frozenset[Part] = frozenset()
    """Parts whose row is there already, and is not added: of the document, of its version."""

    @classmethod
    def of(cls, site: SiteMapping | None) -> "RunTables":
        """Return the tables by the mapping of a host; those of a database of the console's own without one."""
        return cls(names=site.console if site is not None else OWN, site=site)

    def of_plan(self, planned: Iterable[TableDelta]) -> "RunTables":
        """Return the tables of the later steps of a run whose cut was planned, or recorded, with these rows.

        What leg B has not begun in an organisation's governance tables is not continued there: the mapping may have got its section since.
        """
        governance = self.site.governance if self.site is not None else None
        if self.site is None or governance is None or {delta.table for delta in planned} & {*governance.tables}:
            return self
        return self.model_copy(update={"site": self.site.model_copy(update={"governance": None})})

    @property
    def own(self) -> frozenset[str]:
        """Return the names of the console's own tables; an organisation may have others in a schema of the same name."""
        return frozenset(map(self.names.in_database, RUN_TABLES))

    @property
    def not_governed(self) -> frozenset[str]:
        """Return the names of the tables that no row of an organisation's governance stands in: its units, versions and log, and the console's own."""
        return self.own | frozenset(self.site.moved if self.site is not None else ())

    def named(self, deltas: Iterable[TableDelta]) -> tuple[TableDelta, ...]:
        """Return rows of the console's own tables by the names that these have."""
        return tuple(TableDelta(table=self.names.in_database(delta.table), rows=delta.rows) for delta in deltas)

    def cut(self, n_units: int, amendment: AmendmentCounts | None = None) -> tuple[TableDelta, ...]:
        """Return the rows that a cut of N units adds by the end of leg B; an amendment is not written there."""
        if amendment is not None:
            return self.named(expected_amendment_deltas(n_units, amendment))
        own = self.named(expected_cut_deltas(n_units))
        site = self.site
        if site is None:
            return own
        units = {site.units.table: n_units} | ({site.versions.table: n_units} if site.versions is not None else {})
        return (*own, *_deltas(units | self._governed("record", n_units)))

    def verification(self) -> tuple[TableDelta, ...]:
        """Return the rows that a recorded verification adds."""
        own = self.named(TableDelta(table=table, rows=1) for table in (VERIFY_RESULT, SIGNATURE))
        return (*own, *_deltas(self._governed("verify", 0)))

    def enactment(self, n_units: int, amendment: AmendmentCounts | None = None) -> tuple[TableDelta, ...]:
        """Return the rows that an enactment adds."""
        own = self.named(expected_enactment_deltas(n_units, amendment))
        return own if amendment is not None else (*own, *self._step("enact", n_units, recorded=True))

    def revert(
        self, n_units: int, amendment: AmendmentCounts | None = None, *, recorded: bool = True
    ) -> tuple[TableDelta, ...]:
        """Return the rows that a revert adds; `recorded` off if leg B has not been recorded: nothing was written to take back."""
        own = self.named(expected_revert_deltas(n_units, amendment, recorded=recorded))
        return own if amendment is not None else (*own, *self._step("revert", n_units, recorded=recorded))

    def _step(self, step: str, n_units: int, *, recorded: bool) -> tuple[TableDelta, ...]:
        if self.site is None:
            return ()
        governed = self._governed(step, n_units) if recorded else {}
        return _deltas(({self.site.log: n_units} if self.site.log else {}) | governed)

    def _governed(self, step: str, n_units: int) -> dict[str, int]:
        governance = self.site.governance if self.site is not None else None
        return governance.rows(step, n_units, self.there) if governance is not None else {}


def _deltas(rows: dict[str, int]) -> tuple[TableDelta, ...]:
    return tuple(TableDelta(table=table, rows=number) for table, number in rows.items())


def summed(deltas: Iterable[TableDelta]) -> tuple[TableDelta, ...]:
    """Return the rows added up table by table, in the order in which the tables come first."""
    rows: dict[str, int] = {}
    for delta in deltas:
        rows[delta.table] = rows.get(delta.table, 0) + delta.rows
    return _deltas(rows)


def rows_in_words(deltas: Iterable[TableDelta]) -> str:
    """Return the rows that tables gain, by the names of the tables; a table that gains none is left out."""
    return ", ".join(f"{delta.table} +{delta.rows}" for delta in deltas if delta.rows) or "none"
