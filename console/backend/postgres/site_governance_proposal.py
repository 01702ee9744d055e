"""The proposal of the governance section of a site mapping: tables and columns are recognised by name, and refused by name."""

from console.backend.model.site_governance import (
    MADE_BY,
    NEEDED,
    SOURCES,
    Filled,
    Governance,
    GovernedTable,
    Part,
    Source,
)
from console.backend.model.site_mapping import NotMeasured, SiteMapping
from console.backend.postgres.site_catalogue import GOVERNANCE, Catalogue, ColumnRow

_TABLES: dict[Part, str] = {
    Part.DOCUMENT: "source_document_registry",
    Part.DOCUMENT_VERSION: "source_document_version_registry",
    Part.ENVELOPE: "manifest_envelope",
    Part.UNIT: "manifest_unit_block",
    Part.DECISION: "review_decision",
    Part.CHANGE_SET: "cut_change_set",
    Part.AFFECTED_ROW: "cut_change_set_affected_row",
    Part.SIGNATURE: "dot_pair_signature",
    Part.ENTRY: "decision_backlog_entry",
    Part.ENTRY_STEP: "decision_backlog_history",
    Part.VERIFICATION: "verify_result",
    Part.VERIFICATION_SIGNATURE: "dot_pair_signature",
}
_COLUMNS: dict[Source, tuple[str, ...]] = {
    Source.RUN: ("run_id",),
    Source.DOCUMENT: ("doc_code", "docprefix", "document_prefix"),
    Source.ORIGIN: ("origin",),
    Source.SOURCE_SHA256: ("source_hash", "source_sha256", "source_digest"),
    Source.PLAN_DIGEST: ("plan_digest",),
    Source.MANIFEST_DIGEST: ("manifest_digest", "manifest_sha256"),
    Source.SIGNED_DIGEST: ("signed_digest", "signature"),
    Source.STATEMENT_SHA256: ("statement_sha256", "ruling_sha256"),
    Source.SIGNERS: ("decided_by", "signers"),
    Source.UNITS: ("unit_count", "n_units"),
    Source.ACTOR: ("created_by", "registered_by", "verified_by", "signed_by", "actor"),
    Source.TIME: ("created_at", "registered_at", "decided_at", "verified_at", "signed_at", "opened_at", "noted_at"),
    Source.DOCUMENT_ID: ("source_document_id", "document_id"),
    Source.DOCUMENT_VERSION_ID: ("source_document_version_id", "document_version_id"),
    Source.ENVELOPE_ID: ("envelope_id",),
    Source.DECISION_ID: ("review_decision_id", "decision_id"),
    Source.CHANGE_SET_ID: ("change_set_id",),
    Source.VERIFICATION_ID: ("verify_result_id",),
    Source.SIGNATURE_ID: ("signature_id",),
    Source.ENTRY_ID: ("entry_id",),
    Source.ADDRESS: ("canonical_address", "address"),
    Source.UNIT_ID: ("unit_id",),
    Source.VERSION_ID: ("version_id",),
    Source.ORDINAL: ("unit_local_id", "seq", "step"),
    Source.KIND: ("unit_kind",),
    Source.SECTION_TYPE: ("section_type",),
    Source.TITLE: ("title",),
    Source.CONTENT_HASH: ("body_digest", "content_hash", "body_sha256"),
    Source.VERDICT: ("verdict",),
    Source.OUTCOME: ("outcome",),
    Source.SUBJECT: ("subject",),
    Source.NOTE: ("note",),
}
_BY_NAME = {name: source for source, names in _COLUMNS.items() for name in names}
_SPECIAL: dict[tuple[Part, str], tuple[Source, str]] = {
    (Part.DOCUMENT, "title"): (Source.DOCUMENT, ""),
    (Part.AFFECTED_ROW, "effect"): (Source.LITERAL, "created"),
}
"""Columns that mean something else in one part."""
_KEYS = frozenset({*MADE_BY, Source.SIGNATURE_ID})
_TEXTS = ("text", "character varying", "character")
_NUMBERS = ("smallint", "integer", "bigint")
_NOT_TEXT = (*_NUMBERS, "bytea", "boolean", "uuid", "json", "jsonb", "numeric", "real", "double precision", "date")
_BY_HAND = "Correct the section [governance] of the site mapping, or settle it with the owner of the tables; without it leg B stays in the console's ledger"


def propose_governance(catalogue: Catalogue, mapping: SiteMapping) -> tuple[Governance | None, tuple[NotMeasured, ...]]:
    """Pure: the governance section, and what of those tables cannot be mapped; None if a part that is needed cannot be."""
    if mapping.versions is None or not any(row.name.startswith(f"{GOVERNANCE}.") for row in catalogue.tables):
        return None, ()
    mapped: dict[Part, GovernedTable] = {}
    faults: list[NotMeasured] = []
    # What is referred to comes first; the registries before the envelope.
    for part in Part:
        table, reason = _table(catalogue, mapping, part, frozenset(mapped))
        if table is not None:
            mapped[part] = table
            if table.by_trigger:
                reason = f"nothing tells a value for {', '.join(table.by_trigger)}: left to a trigger of the table"
                proven = "See that it fills them: cutter-console adopt check"
                faults.append(NotMeasured(subject=table.table, reason=reason, next_action=proven))
        else:
            faults.append(_fault(f"{GOVERNANCE}.{_TABLES[part]}, {part.replace('_', ' ')}", reason))
    missing = [part for part in NEEDED if part not in mapped]
    if missing:
        reason = f"no governance row of a run is written there: {', '.join(missing)} cannot be mapped"
        return None, (*faults, _fault("governance", reason))
    names = set(_TABLES.values())
    for row in catalogue.tables:
        schema, _, name = row.name.partition(".")
        if schema == GOVERNANCE and name not in names and row.kind in "rp" and not row.is_part:
            faults.append(
                NotMeasured(
                    subject=row.name,
                    reason="nothing of a cut, a verification, an enactment or a revert is written there; its rows are counted",
                    next_action="Nothing is needed.",
                )
            )
    return Governance(**{part.value: table for part, table in mapped.items()}), tuple(faults)


def _fault(subject: str, reason: str) -> NotMeasured:
    return NotMeasured(subject=subject, reason=reason, next_action=_BY_HAND)


def _table(
    catalogue: Catalogue, mapping: SiteMapping, part: Part, mapped: frozenset[Part]
) -> tuple[GovernedTable | None, str]:
    """Return the table of a part, or why it cannot be filled."""
    name = f"{GOVERNANCE}.{_TABLES[part]}"
    row, columns = catalogue.table(name), catalogue.columns_of(name)
    if row is None:
        return None, "there is no such table"
    if row.kind not in "rp":
        return None, "it is no plain table"
    filled, needed, left = [], [], list[str]()
    has_trigger = catalogue.is_filled_by_a_trigger(name)
    for column in columns.values():
        if not column.given:
            continue
        choice = _choice(mapping, part, column, mapped)
        if isinstance(choice, Filled):
            filled.append(choice)
        elif not column.filled and has_trigger:
            left.append(column.name)
        elif not column.filled:
            needed.append(f"{column.name} ({choice})")
    if needed:
        return None, f"it must be given {', '.join(needed)}"
    own = {source for source, maker in MADE_BY.items() if maker is part}
    wanted = {
        Part.DOCUMENT: {Source.DOCUMENT},
        Part.DOCUMENT_VERSION: {Source.SOURCE_SHA256},
        Part.UNIT: {Source.ADDRESS},
        Part.AFFECTED_ROW: {Source.UNIT_ID},
    }.get(part, set())
    lacking = sorted((own | wanted) - {column.source for column in filled})
    if lacking:
        return None, f"no column takes {', '.join(lacking)}"
    return GovernedTable(table=name, columns=tuple(filled), by_trigger=tuple(left)), ""


def _choice(mapping: SiteMapping, part: Part, column: ColumnRow, mapped: frozenset[Part]) -> Filled | str:
    """Return what a column is filled with, or why it is not."""
    source, literal = _SPECIAL.get((part, column.name), (_BY_NAME.get(column.name), ""))
    if source is None or source not in SOURCES[part]:
        return f"{column.type}, nothing tells a value for it"
    maker = MADE_BY.get(source)
    if maker is not None and maker is not part and maker not in mapped:
        return f"refers to {maker.replace('_', ' ')}, which is not mapped"
    if not _takes(mapping, column, source):
        return f"{column.type} cannot hold the {source}"
    return Filled(column=column.name, type=column.type, source=source, literal=literal)


def _takes(mapping: SiteMapping, column: ColumnRow, source: Source) -> bool:
    """Return whether the column's type can hold the values of the source; a type of the organisation's own is tried by the check."""
    types, plain = (column.type, column.base), column.base.partition("(")[0]
    if source is Source.UNIT_ID:
        return mapping.units.id.type in types or plain in _TEXTS
    if source is Source.VERSION_ID:
        return mapping.versions is not None and (mapping.versions.id.type in types or plain in _TEXTS)
    if source in _KEYS:
        return plain == "uuid" or plain in _TEXTS
    if source in {Source.UNITS, Source.ORDINAL}:
        return plain in _NUMBERS or plain in _TEXTS
    if source is Source.TIME:
        return plain.startswith("timestamp") or plain == "date"
    return plain not in _NOT_TEXT and not plain.startswith("timestamp")
