"""The database that a plan is made for, and its state then, beside which only recorded effects of other documents may stand."""

from pydantic import SerializerFunctionWrapHandler, model_serializer

from console.backend.model.amendment import AmendmentCounts
from console.backend.model.safe_text import SafeText
from console.backend.model.tables import (
    AFFECTED,
    ALIAS,
    BACKLOG_HISTORY,
    BLOCK,
    ENVELOPE,
    LIFECYCLE_LOG,
    SIGNATURE,
    UNIT,
    VERSION,
)
from console.backend.model.value import Value


class Target(Value):
    """Exactly one database: host, name, the cluster's system identifier and its WAL timeline."""

    host: SafeText
    database: SafeText
    system_identifier: str
    timeline: int


class TableCount(Value):
    """Rows of one table, by its schema-qualified name."""

    table: SafeText
    rows: int


class PlanBinding(Value):
    """Facts that are pinned into a plan and measured again before every mutating phase.

    Counts and readers' view are those of the whole database then. What the runs of other documents have recorded since is
    no difference: a plan is bound to its own document and to what it depends on.
    """

    target: Target
    server_version: int
    """`server_version_num`, e.g. 160004."""
    schema_digest: str
    """sha256 over grants, ownership, function sources and settings, trigger states."""
    baseline_digest: str
    """sha256 over the readers' view, which the revert of a draft cut must restore."""
    counts: tuple[TableCount, ...]
    effects: int = 0
    """The last effect that was recorded before the plan was made; 0 for none."""

    @model_serializer(mode="wrap")
    def _without_first(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        # The digest of a plan from before the first effect stays what it was when effects were not recorded.
        fields: dict[str, object] = handler(self)
        return fields if fields.get("effects") else {name: fields[name] for name in fields if name != "effects"}


class TableDelta(Value):
    """Rows that a phase adds to one table; nothing in the product deletes rows."""

    table: str
    rows: int


def expected_cut_deltas(n_units: int) -> tuple[TableDelta, ...]:
    """Return the rows that a cut of N units adds by the end of leg B: 2N in public tables, 6 + 2N in the ledger."""
    return (
        TableDelta(table=UNIT, rows=n_units),
        TableDelta(table=VERSION, rows=n_units),
        TableDelta(table=LIFECYCLE_LOG, rows=0),
        TableDelta(table=ENVELOPE, rows=1),
        TableDelta(table=BLOCK, rows=n_units),
        TableDelta(table="cutter_governance.review_decision", rows=1),
        TableDelta(table="cutter_governance.cut_change_set", rows=1),
        TableDelta(table=AFFECTED, rows=n_units),
        TableDelta(table=SIGNATURE, rows=1),
        TableDelta(table="cutter_governance.decision_backlog_entry", rows=1),
        TableDelta(table=BACKLOG_HISTORY, rows=1),
    )


def expected_amendment_deltas(n_units: int, amendment: AmendmentCounts) -> tuple[TableDelta, ...]:
    """Return the rows that an amendment adds by the end of leg B: the manifest of the whole text, and the differences.

    `n_units` is the number of units of the new text.
    """
    written = {
        UNIT: amendment.made,
        VERSION: amendment.drafts,
        AFFECTED: amendment.touched,
    }
    return tuple(
        TableDelta(table=delta.table, rows=written.get(delta.table, delta.rows))
        for delta in expected_cut_deltas(n_units)
    )


def expected_enactment_deltas(n_units: int, amendment: AmendmentCounts | None) -> tuple[TableDelta, ...]:
    """Return the rows that an enactment adds; of an amendment a log row for each unit that it touches, and the aliases."""
    if amendment is None:
        return expected_step_deltas(n_units)
    aliases = (TableDelta(table=ALIAS, rows=amendment.moved),) if amendment.moved else ()
    return (*expected_step_deltas(amendment.touched), *aliases)


def expected_revert_deltas(
    n_units: int, amendment: AmendmentCounts | None, *, recorded: bool = True
) -> tuple[TableDelta, ...]:
    """Return the rows that a revert adds; of an amendment a log row for each unit that was made for it."""
    written = n_units if amendment is None else amendment.made
    return expected_step_deltas(written, recorded=recorded)


def expected_step_deltas(n_units: int, *, recorded: bool = True) -> tuple[TableDelta, ...]:
    """Return the rows that an enactment or a revert of N units adds: N log rows, a decision, and a backlog status.

    Before leg B is recorded, no entry of the backlog is there that could get another status.
    """
    return (
        TableDelta(table=LIFECYCLE_LOG, rows=n_units),
        TableDelta(table="cutter_governance.review_decision", rows=1),
        TableDelta(table=BACKLOG_HISTORY, rows=int(recorded)),
    )
