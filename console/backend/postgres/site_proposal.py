"""The proposal of a site mapping: tables and columns are recognised by name, what a column refers to by its rows."""

from typing import NamedTuple

import psycopg
from psycopg import sql

from console.backend.model.counting import counted
from console.backend.model.schema_names import BESIDE, OWN, SchemaNames
from console.backend.model.site_mapping import (
    INSPECT,
    Column,
    ConfigTable,
    Functions,
    NotMeasured,
    Proposal,
    Reference,
    Refers,
    SiteMapping,
    UnitTable,
    VersionTable,
    VocabularyTable,
)
from console.backend.model.tables import CONFIGURATION, LIFECYCLE_VOCABULARY, READERS_TABLES
from console.backend.model.vocabulary import VOCABULARY
from console.backend.postgres.site_catalogue import (
    GOVERNANCE,
    KNOWN_FUNCTIONS,
    UNIT_TABLE,
    VERSION_TABLE,
    Catalogue,
    ColumnRow,
    FunctionRow,
    TableRow,
    TriggerRow,
)
from console.backend.postgres.site_governance_proposal import propose_governance

_UNIT_COLUMNS = {
    "kind": "unit_kind",
    "section_type": "section_type",
    "number": "section_code",
    "document": "doc_code",
    "owner": "owner_ref",
    "publication": "publication_type",
    "lifecycle": "lifecycle_status",
    "deleted_at": "deleted_at",
}
_VERSION_COLUMNS = {
    "seq": "version_seq",
    "title": "title",
    "body": "body",
    "content_hash": "content_hash",
    "lifecycle": "lifecycle_status",
    "enacted_at": "enacted_at",
}
_REFERENCES = {"parent": "parent_or_container_ref", "version": "version_anchor_ref", "content": "content_anchor_ref"}
_POSSIBLE = {
    "parent": (Refers.UNIT_ID, Refers.ADDRESS),
    "version": (Refers.VERSION_ID,),
    "content": (Refers.VERSION_ID, Refers.CONTENT_HASH),
}
_WITHOUT_POLICIES = "A policy that shows every row is not enough, because it may show fewer tomorrow. As a superuser: "
_SAMPLE = 1000
"""Rows that are looked at to learn what a column refers to."""
_HITS = """
    WITH s AS MATERIALIZED (SELECT {column}::text COLLATE pg_catalog."C" AS value FROM {table} WHERE {column} IS NOT NULL LIMIT {most}),
         d AS MATERIALIZED (SELECT DISTINCT s.value FROM s),
         there AS MATERIALIZED (SELECT DISTINCT d.value FROM d JOIN {target} t ON {same_key})
    SELECT (SELECT count(*) FROM s), (SELECT count(*) FROM s JOIN there USING (value))
"""
_TEXT = '{key}::text COLLATE pg_catalog."C" = d.value'
# By the key's own type, so that its index serves. A text that is not as PostgreSQL writes a uuid is equal to none.
_UUID = """
    {key} = CASE WHEN d.value ~ '^[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$' THEN d.value::uuid END
"""
_BY_HAND = "Write it into the site mapping by hand: cutter-console adopt inspect --out FILE"
_ADMINISTRATOR = "Settle it with the administrator of the database before any write"


class _Chosen(NamedTuple):
    """A table that was recognised, or none with the reason."""

    table: TableRow | None
    reason: str


class _Hits(NamedTuple):
    """Rows of a sample, and those of them that refer to a unit or version in one way."""

    sampled: int
    hits: int


def propose(connection: psycopg.Connection, catalogue: Catalogue, *, by_rows: bool = True) -> Proposal:
    """Propose the mapping of the connection's database, with what has no place in it. Reads only. Raises psycopg.Error.

    Without `by_rows` no row is read: then it is not known what a reference contains if its type does not tell.
    """
    units, versions = _chosen(catalogue, UNIT_TABLE), _chosen(catalogue, VERSION_TABLE)
    if units.table is None:
        return Proposal(mapping=None, unmapped=(_missing(UNIT_TABLE, units.reason),))
    of_units = catalogue.columns_of(units.table.name)
    needed = [name for name in ("id", "canonical_address") if name not in of_units]
    if needed:
        reason = f"it has no column {' and no column '.join(needed)}, without which no unit can be named"
        return Proposal(
            mapping=None, unmapped=(NotMeasured(subject=units.table.name, reason=reason, next_action=_BY_HAND),)
        )
    of_versions = catalogue.columns_of(versions.table.name) if versions.table is not None else {}
    version_table = _version_table(versions.table, of_versions)
    mapping = SiteMapping(
        units=UnitTable(
            table=units.table.name,
            id=_column(of_units["id"]),
            address=_column(of_units["canonical_address"]),
            **{field: _column(of_units[name]) for field, name in _UNIT_COLUMNS.items() if name in of_units},
        ),
        versions=version_table,
        vocabulary=_vocabulary(catalogue),
        config=_config(catalogue),
        log=_name(_chosen(catalogue, "iu_lifecycle_log").table),
        # A part of a table gains the rows of the whole, which is counted.
        ledger=tuple(
            table.name
            for table in catalogue.tables
            if table.name.startswith(f"{GOVERNANCE}.") and table.kind in "rp" and not table.is_part
        ),
        functions=_functions(catalogue),
        console=_console(catalogue),
    )
    references = {
        field: Reference(
            **_column(of_units[name]).model_dump(),
            refers_to=_refers_to(connection, catalogue, mapping, field, of_units[name], by_rows=by_rows),
        )
        for field, name in _REFERENCES.items()
        if name in of_units
    }
    mapping = mapping.model_copy(update={"units": mapping.units.model_copy(update=references)})
    governance, faults = propose_governance(catalogue, mapping)
    mapping = mapping.model_copy(update={"governance": governance})
    return Proposal(mapping=mapping, unmapped=(*unmapped(catalogue, mapping), *faults))


def unmapped(catalogue: Catalogue, mapping: SiteMapping) -> tuple[NotMeasured, ...]:
    """Pure: what of the database has no place in the mapping: tables, columns, triggers, functions, owners."""
    return (
        *_missing_tables(catalogue, mapping),
        *_missing_columns(mapping),
        *_columns_to_fill(catalogue, mapping),
        *_triggers(catalogue, mapping),
        *_function_faults(catalogue),
        *_owners(catalogue, mapping),
    )


def kinds_without_place(kinds: tuple[str, ...]) -> tuple[NotMeasured, ...]:
    """Pure: the kinds of units in the database that this program plans none of, and its own that are not there."""
    ours = {kind for kind, _ in VOCABULARY}
    strange, absent = sorted(set(kinds) - ours), sorted(ours - set(kinds))
    lines = []
    if strange:
        reason = f"{counted(len(strange), 'kind')} of units that this program plans none of: {', '.join(strange)}"
        lines.append(
            NotMeasured(
                subject="vocabulary",
                reason=reason,
                next_action="Units of these kinds are shown and counted; nothing is needed to read them.",
            )
        )
    if absent:
        reason = f"no unit, and no key of the vocabulary, has the kind {', '.join(absent)}, which this program plans"
        lines.append(NotMeasured(subject="vocabulary", reason=reason, next_action=_ADMINISTRATOR))
    return tuple(lines)


def _chosen(catalogue: Catalogue, name: str) -> _Chosen:
    tables = [table for table in catalogue.tables if table.name.partition(".")[2] == name]
    in_public = [table for table in tables if table.name == f"public.{name}"]
    if len(in_public or tables) == 1:
        return _Chosen((in_public or tables)[0], "")
    if not tables:
        return _Chosen(None, f"there is no table {name}")
    return _Chosen(None, f"there are several tables {name}: {', '.join(table.name for table in tables)}")


def _console(catalogue: Catalogue) -> SchemaNames:
    """Return other schemas for the console's own tables if a table of the organisation's stands where one of them would."""
    own = {*READERS_TABLES, LIFECYCLE_VOCABULARY, CONFIGURATION}
    taken = any(table.name in own or table.name.startswith(f"{GOVERNANCE}.") for table in catalogue.tables)
    return BESIDE if taken else OWN


def _name(table: TableRow | None) -> str | None:
    return table.name if table is not None else None


def _column(row: ColumnRow) -> Column:
    return Column(column=row.name, type=row.type)


def _version_table(table: TableRow | None, columns: dict[str, ColumnRow]) -> VersionTable | None:
    if table is None or not {"id", "unit_id"} <= columns.keys():
        return None
    return VersionTable(
        table=table.name,
        id=_column(columns["id"]),
        unit=_column(columns["unit_id"]),
        **{field: _column(columns[name]) for field, name in _VERSION_COLUMNS.items() if name in columns},
    )


def _vocabulary(catalogue: Catalogue) -> VocabularyTable | None:
    table = _chosen(catalogue, "iu_lifecycle_vocab").table
    columns = catalogue.columns_of(table.name) if table is not None else {}
    code = columns.get("code", columns.get("status"))
    return VocabularyTable(table=table.name, code=_column(code)) if table is not None and code is not None else None


def _config(catalogue: Catalogue) -> ConfigTable | None:
    table = _chosen(catalogue, "dot_config").table
    columns = catalogue.columns_of(table.name) if table is not None else {}
    if table is None or not {"key", "value"} <= columns.keys():
        return None
    return ConfigTable(table=table.name, key=_column(columns["key"]), value=_column(columns["value"]))


def _functions(catalogue: Catalogue) -> Functions:
    """Return the functions that write, of each name the one that there is; of several none."""
    create, enact = (_overloads(catalogue, name) for name in KNOWN_FUNCTIONS)
    return Functions(
        create=create[0].signature if len(create) == 1 else "",
        enact=enact[0].signature if len(enact) == 1 else "",
        search_path=catalogue.search_path,
    )


def _overloads(catalogue: Catalogue, name: str) -> list[FunctionRow]:
    return [row for row in catalogue.functions if row.signature.partition("(")[0].rpartition(".")[2] == name]


def _refers_to(
    connection: psycopg.Connection,
    catalogue: Catalogue,
    mapping: SiteMapping,
    field: str,
    column: ColumnRow,
    *,
    by_rows: bool,
) -> Refers:
    """Return what the column's values are: by their rows, as an id and a digest can both be text."""
    units, versions = mapping.units, mapping.versions
    targets: list[tuple[Refers, str, Column]] = []
    for refers in _POSSIBLE[field]:
        if refers is Refers.UNIT_ID:
            targets.append((refers, units.table, units.id))
        elif refers is Refers.ADDRESS:
            targets.append((refers, units.table, units.address))
        elif versions is not None and refers is Refers.VERSION_ID:
            targets.append((refers, versions.table, versions.id))
        elif versions is not None and versions.content_hash is not None:
            targets.append((refers, versions.table, versions.content_hash))
    alike = [refers for refers, _, target in targets if target.type == column.type]
    whole = {table.name for table in catalogue.tables if unreadable(table, catalogue.role) is None}
    readable = {(row.table, row.name) for row in catalogue.columns if row.readable and row.table in whole}
    tried = [
        (refers, _hits(connection, units.table, column.name, table, target))
        for refers, table, target in targets
        if by_rows and {(units.table, column.name), (table, target.column)} <= readable
    ]
    # Most of them, not all: a single reference that leads nowhere is that unit's fault, which `unit show` names.
    most = max(tried, key=lambda seen: seen[1].hits, default=None)
    if most is not None and most[1].hits * 2 > most[1].sampled:
        return most[0]
    # Without a row that tells, a type that only one of them has does; text is everybody's.
    return alike[0] if len(alike) == 1 and column.type == "uuid" else Refers.NOT_KNOWN


def _hits(connection: psycopg.Connection, table: str, column: str, target: str, target_column: Column) -> _Hits:
    """Return how many rows of a sample refer to a row of another table, of which no row is read more than once."""
    key = sql.Identifier("t", target_column.column)
    query = sql.SQL(_HITS).format(
        column=sql.Identifier(column),
        table=identifier(table),
        most=sql.Literal(_SAMPLE),
        target=identifier(target),
        same_key=sql.SQL(_UUID if target_column.type == "uuid" else _TEXT).format(key=key),
    )
    row = connection.execute(query).fetchone()
    return _Hits(*row) if row is not None else _Hits(0, 0)


def identifier(table: str) -> sql.Identifier:
    """Return a table or a sequence, `schema.name`, quoted; the name may hold a dot."""
    return sql.Identifier(*table.split(".", 1))


def _missing(name: str, reason: str) -> NotMeasured:
    return NotMeasured(subject=f"table {name}", reason=reason, next_action=_BY_HAND)


def _missing_tables(catalogue: Catalogue, mapping: SiteMapping) -> list[NotMeasured]:
    parts = (
        (VERSION_TABLE, mapping.versions, "titles and texts of units are not shown"),
        ("iu_lifecycle_vocab", mapping.vocabulary, "the states of the lifecycle are not known"),
        ("iu_lifecycle_log", mapping.log, "its rows are not counted"),
        ("dot_config", mapping.config, "the vocabulary of kinds is not known"),
        (f"{GOVERNANCE}.*", mapping.ledger, "no governance table is counted"),
    )
    lines = []
    for name, part, effect in parts:
        if not part:
            chosen = _chosen(catalogue, name)
            reason = chosen.reason or f"{_name(chosen.table)} lacks the columns by which it is read"
            lines.append(_missing(name, f"{reason}: {effect}"))
    return lines


def _missing_columns(mapping: SiteMapping) -> list[NotMeasured]:
    """Return the parts of a unit that no column is mapped to, and the references whose content is not known."""
    names = {**_UNIT_COLUMNS, **_REFERENCES}
    lines = [
        _no_column(mapping.units.table, field, names[field]) for field in names if getattr(mapping.units, field) is None
    ]
    if mapping.versions is not None:
        lines += [
            _no_column(mapping.versions.table, field, name)
            for field, name in _VERSION_COLUMNS.items()
            if getattr(mapping.versions, field) is None
        ]
    for field in _REFERENCES:
        reference = getattr(mapping.units, field)
        if isinstance(reference, Reference) and reference.refers_to is Refers.NOT_KNOWN:
            reason = f"its type {reference.type} does not say what it refers to, and no row does"
            lines.append(
                NotMeasured(subject=f"{mapping.units.table}.{reference.column}", reason=reason, next_action=_BY_HAND)
            )
    return lines


def _no_column(table: str, field: str, name: str) -> NotMeasured:
    words = field.replace("_", " ")
    reason = f"there is no column {name}: {words} is not shown"
    return NotMeasured(subject=f"{table}, {words}", reason=reason, next_action=f"If another column has it: {_BY_HAND}")


def _columns_to_fill(catalogue: Catalogue, mapping: SiteMapping) -> list[NotMeasured]:
    """Return, for each table that a run would write, the columns without a default that the mapping does not name."""
    mapped = {
        (part.table, value.column)
        for part in (mapping.units, mapping.versions)
        if part is not None
        for _, value in part
        if isinstance(value, Column)
    }
    governed = mapping.governance.parts if mapping.governance is not None else ()
    mapped |= {(part.table, column.column) for _, part in governed for column in part.columns}
    mapped |= {(part.table, name) for _, part in governed for name in part.by_trigger}
    lines = []
    only_read = {part.table for part in (mapping.vocabulary, mapping.config) if part is not None}
    for table in mapping.tables:
        if table in only_read:
            continue
        needed = [
            row.name
            for row in catalogue.columns
            if row.table == table and not row.filled and (table, row.name) not in mapped
        ]
        if needed:
            reason = f"must be filled at each write, and the mapping does not say with what: {', '.join(needed)}"
            lines.append(NotMeasured(subject=table, reason=reason, next_action=_ADMINISTRATOR))
    return lines


def _triggers(catalogue: Catalogue, mapping: SiteMapping) -> list[NotMeasured]:
    lines = []
    for row in catalogue.triggers:
        if row.table in mapping.tables:
            state = "disabled" if row.enabled == "D" else "fires at writes"
            reason = f"{state}: {' '.join(row.definition.split())}"
            lines.append(
                NotMeasured(
                    subject=f"{_kind(row)} {row.name} on {row.table}", reason=reason, next_action=_ADMINISTRATOR
                )
            )
    return lines


def _kind(row: TriggerRow) -> str:
    return "rule" if row.definition.startswith("CREATE RULE") else "trigger"


def _function_faults(catalogue: Catalogue) -> list[NotMeasured]:
    lines = []
    for name in KNOWN_FUNCTIONS:
        rows = _overloads(catalogue, name)
        if len(rows) != 1:
            reason = (
                f"there are {len(rows)} of this name: {', '.join(row.signature for row in rows)}"
                if rows
                else "there is none"
            )
            lines.append(NotMeasured(subject=f"function {name}", reason=reason, next_action=_BY_HAND))
    for row in catalogue.functions:
        if row.public and row.definer:
            reason = "everybody may execute it, and it writes with its owner's rights"
            lines.append(NotMeasured(subject=f"function {row.signature}", reason=reason, next_action=_ADMINISTRATOR))
    return lines


def _owners(catalogue: Catalogue, mapping: SiteMapping) -> list[NotMeasured]:
    tables: dict[str, list[str]] = {}
    for row in catalogue.tables:
        if row.name in mapping.tables:
            tables.setdefault(row.owner, []).append(row.name)
    return [
        NotMeasured(
            subject=f"owner {owner}",
            reason=f"owns {counted(len(names), 'table')}: {', '.join(names)}; it can change their guards at any time",
            next_action=f"Nothing is needed to read. {_ADMINISTRATOR}",
        )
        for owner, names in tables.items()
    ]


def changed_since(catalogue: Catalogue, mapping: SiteMapping) -> tuple[NotMeasured, ...]:
    """Pure: tables and columns of the mapping that are not there, have another type, or may not be read."""
    lines = []
    again = f"Correct the site mapping, or have it proposed again: {INSPECT}"
    for table in mapping.tables:
        row = catalogue.table(table)
        if row is None:
            lines.append(
                NotMeasured(
                    subject=table, reason="it is in the site mapping, and not in the database", next_action=again
                )
            )
        elif (reason := unreadable(row, catalogue.role)) is not None:
            lines.append(reason)
    for part in (mapping.units, mapping.versions, mapping.vocabulary, mapping.config):
        if part is not None and catalogue.table(part.table) is not None:
            columns = catalogue.columns_of(part.table)
            lines += [
                reason
                for _, value in part
                if isinstance(value, Column)
                and (reason := column_fault(part.table, columns, value, catalogue.role)) is not None
            ]
    return tuple(lines)


def unreadable(table: TableRow, role: str) -> NotMeasured | None:
    """Pure: why the rows of a table cannot be counted by this role, or None if they can."""
    if not table.readable:
        return NotMeasured(
            subject=table.name, reason=f"{role} has no SELECT on it (42501)", next_action=grant_of(table.name, role)
        )
    if table.guarded:
        reason = f"row security is active for {role}: what it sees may not be all rows"
        quoted = f'ALTER ROLE "{role.replace(chr(34), chr(34) * 2)}" BYPASSRLS'
        return NotMeasured(subject=table.name, reason=reason, next_action=f"{_WITHOUT_POLICIES}{quoted}")
    return None


def column_fault(table: str, columns: dict[str, ColumnRow], mapped: Column, role: str) -> NotMeasured | None:
    """Pure: why a mapped column cannot be read, or None if it can."""
    row, subject = columns.get(mapped.column), f"{table}.{mapped.column}"
    again = f"Correct the site mapping, or have it proposed again: {INSPECT}"
    if row is None:
        return NotMeasured(
            subject=subject, reason="it is in the site mapping, and not in the database", next_action=again
        )
    if row.type != mapped.type:
        return NotMeasured(subject=subject, reason=f"it is {row.type}, mapped as {mapped.type}", next_action=again)
    if not row.readable:
        return NotMeasured(
            subject=subject, reason=f"{role} has no SELECT on it (42501)", next_action=grant_of(table, role)
        )
    return None


def grant_of(table: str, role: str) -> str:
    """Pure: the statements that let the role read the table."""
    schema, _, name = table.partition(".")
    quoted = [f'"{part.replace(chr(34), chr(34) * 2)}"' for part in (schema, name, role)]
    return f"As the owner: GRANT USAGE ON SCHEMA {quoted[0]} TO {quoted[2]}; GRANT SELECT ON {quoted[0]}.{quoted[1]} TO {quoted[2]}"
