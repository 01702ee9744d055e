"""Reads of units and counts in a database of another layout; each statement is composed from the site mapping."""

import time
from datetime import datetime
from typing import NamedTuple

import psycopg
from psycopg import sql
from psycopg.rows import args_row

from console.backend.model.site_mapping import Column, NotMeasured, Refers, SiteMapping
from console.backend.model.unit_list import ListedUnit
from console.backend.postgres.connections import read_row, translate
from console.backend.postgres.site_catalogue import Catalogue, ColumnRow
from console.backend.postgres.site_proposal import column_fault, identifier, unreadable

_LIMIT = "SELECT extract(epoch FROM current_setting('statement_timeout')::interval)::float8"
_SET_LIMIT = "SELECT set_config('statement_timeout', %s, true)"
_LEAST_S = 0.1
_TEXT = '({}::text COLLATE pg_catalog."C")'
"""A column as text that is compared byte by byte: a collation that calls different texts equal takes no LIKE, and finds others."""
_COMPARED_AS_THEY_ARE = frozenset({"uuid", "bigint", "integer", "smallint"})
"""Types of keys that are compared as they are, if both have the same, so that an index of theirs serves."""
_LATER = "When it is free, or the server has less to do: cutter-console counts"


class CountedTable(NamedTuple):
    """A table with its number of rows, or the reason why they could not be counted."""

    table: str
    rows: int | None
    fault: NotMeasured | None


class UnitText(NamedTuple):
    """Columns that are read for a single unit alone."""

    id: str
    document: str | None
    version: str | None
    """Value of the reference to the version."""
    content: str | None
    """Value of the reference to the content."""
    versions: int | None
    version_id: str | None
    """Id of the version that was joined; None if there is none."""
    version_unit: str | None
    """Unit that this version belongs to."""
    version_seq: str | None
    version_lifecycle: str | None
    body: str | None
    content_hash: str | None
    enacted_at: datetime | None


class ReadUnit(NamedTuple):
    """A unit with its text."""

    listed: ListedUnit
    text: UnitText


class Readable:
    """A mapping on one database: gives the expression of each part of a unit, or NULL where it cannot be read."""

    def __init__(self, mapping: SiteMapping, catalogue: Catalogue) -> None:
        self.mapping = mapping
        self._catalogue = catalogue
        units, versions = mapping.units, mapping.versions
        of_units = catalogue.columns_of(units.table)
        of_versions = catalogue.columns_of(versions.table) if versions is not None else {}
        self._of_units, self._of_versions = of_units, of_versions
        self.joins_version = (
            versions is not None
            and units.version is not None
            and units.version.refers_to is Refers.VERSION_ID
            and self._can_read(units.table, of_units, units.version)
            and self._can_read(versions.table, of_versions, versions.id)
            and self._can_read(versions.table, of_versions, versions.unit)
        )
        parent = units.parent
        is_parent_read = parent is not None and self._can_read(units.table, of_units, parent)
        self.joins_parent = is_parent_read and parent is not None and parent.refers_to is Refers.UNIT_ID
        self._has_address_of_parent = is_parent_read and parent is not None and parent.refers_to is Refers.ADDRESS

    def faults(self) -> tuple[NotMeasured, ...]:
        """Return why units cannot be read at all; empty if they can, whatever else is missing."""
        units = self.mapping.units
        row = self._catalogue.table(units.table)
        if row is None:
            reason = "it is in the site mapping, and not in the database"
            return (NotMeasured(subject=units.table, reason=reason, next_action="cutter-console adopt inspect"),)
        reasons = [unreadable(row, self._catalogue.role)]
        reasons += [
            column_fault(units.table, self._of_units, column, self._catalogue.role)
            for column in (units.id, units.address)
        ]
        return tuple(reason for reason in reasons if reason is not None)

    def unit(self, column: Column | None) -> sql.Composable:
        """Return a column of the unit as text, or NULL."""
        return self._text("u", self.mapping.units.table, self._of_units, column)

    def version(self, column: Column | None) -> sql.Composable:
        """Return a column of the unit's version as text, or NULL."""
        versions = self.mapping.versions
        return (
            self._text("v", versions.table, self._of_versions, column)
            if self.joins_version and versions
            else sql.SQL("NULL::text")
        )

    def moment(self, column: Column | None) -> sql.Composable:
        """Return a column of the unit's version that holds a moment, or NULL."""
        versions = self.mapping.versions
        is_moment = column is not None and column.type == "timestamp with time zone"
        if (
            versions is None
            or column is None
            or not self.joins_version
            or not is_moment
            or not self._can_read(versions.table, self._of_versions, column)
        ):
            return sql.SQL("NULL::timestamptz")
        return sql.SQL("v.{}").format(sql.Identifier(column.column))

    def parent(self) -> sql.Composable:
        """Return the parent's address as text, or NULL."""
        parent = self.mapping.units.parent
        if parent is None or not (self.joins_parent or self._has_address_of_parent):
            return sql.SQL("NULL::text")
        return sql.SQL(_TEXT).format(
            sql.Identifier("p", self.mapping.units.address.column)
            if self.joins_parent
            else sql.Identifier("u", parent.column)
        )

    def deleted(self) -> sql.Composable:
        """Return whether the unit is marked as deleted, or NULL."""
        column = self.mapping.units.deleted_at
        if column is None or not self._can_read(self.mapping.units.table, self._of_units, column):
            return sql.SQL("NULL::boolean")
        return sql.SQL("u.{} IS NOT NULL").format(sql.Identifier(column.column))

    def source(self) -> sql.Composable:
        """Return the tables that a unit is read from, joined."""
        return sql.SQL("{} u").format(identifier(self.mapping.units.table)) + self.joins()

    def piece(self, condition: sql.Composable, order: sql.Composable) -> sql.Composable:
        """Return as much of the table of units, as `u`, as `%(piece)s` says: only these units are joined with others."""
        units = self.mapping.units
        mapped = (
            units.id, units.address, units.document, units.lifecycle, units.kind, units.section_type, units.number,
            units.version, units.content, units.parent, units.deleted_at,
        )  # fmt: skip
        names = {
            column.column
            for column in mapped
            if column is not None and self._can_read(units.table, self._of_units, column)
        }
        return sql.SQL("(SELECT {columns} FROM {table} u WHERE {condition} ORDER BY {order} LIMIT %(piece)s) u").format(
            columns=sql.SQL(", ").join(sql.Identifier("u", name) for name in sorted(names)),
            table=identifier(units.table),
            condition=condition,
            order=order,
        )

    def joins(self) -> sql.Composable:
        """Return the joins of `u` with its version and its parent."""
        units, versions = self.mapping.units, self.mapping.versions
        joins: sql.Composable = sql.SQL("")
        if self.joins_version and versions is not None and units.version is not None:
            joins += sql.SQL(" LEFT JOIN {} v ON {}").format(
                identifier(versions.table), _same("v", versions.id, "u", units.version)
            )
        if self.joins_parent and units.parent is not None:
            joins += sql.SQL(" LEFT JOIN {} p ON {}").format(
                identifier(units.table), _same("p", units.id, "u", units.parent)
            )
        return joins

    def number_of_versions(self) -> sql.Composable:
        """Return how many versions the unit has, or NULL if they cannot be read."""
        versions = self.mapping.versions
        if versions is None or not self._can_read(versions.table, self._of_versions, versions.unit):
            return sql.SQL("NULL::bigint")
        return sql.SQL("(SELECT count(*) FROM {} w WHERE {})").format(
            identifier(versions.table), _same("w", versions.unit, "u", self.mapping.units.id)
        )

    def _text(self, alias: str, table: str, columns: dict[str, ColumnRow], column: Column | None) -> sql.Composable:
        if column is None or not self._can_read(table, columns, column):
            return sql.SQL("NULL::text")
        return sql.SQL(_TEXT).format(sql.Identifier(alias, column.column))

    def _can_read(self, table: str, columns: dict[str, ColumnRow], column: Column) -> bool:
        row = self._catalogue.table(table)
        is_table_read = row is not None and unreadable(row, self._catalogue.role) is None
        return is_table_read and column_fault(table, columns, column, self._catalogue.role) is None


def _same(alias: str, column: Column, other_alias: str, other: Column) -> sql.Composable:
    """Return the condition that two keys are equal: by text, unless they are of one type that an index can be asked by."""
    as_they_are = column.type == other.type and column.type in _COMPARED_AS_THEY_ARE
    return sql.SQL("{} = {}" if as_they_are else "{}::text = {}::text").format(
        sql.Identifier(alias, column.column), sql.Identifier(other_alias, other.column)
    )


def count_tables(
    connection: psycopg.Connection, mapping: SiteMapping, catalogue: Catalogue
) -> tuple[CountedTable, ...]:
    """Count the rows of every mapped table; one that cannot be counted says why, and the others are counted."""
    faults = {table: fault for table in mapping.tables if (fault := _uncountable(table, catalogue)) is not None}
    countable = tuple(table for table in mapping.tables if table not in faults)
    counted = _counted_together(connection, countable)
    return tuple(counted.get(table) or CountedTable(table, None, faults[table]) for table in mapping.tables)


def _uncountable(table: str, catalogue: Catalogue) -> NotMeasured | None:
    row = catalogue.table(table)
    if row is not None:
        return unreadable(row, catalogue.role)
    reason = "it is in the site mapping, and not in the database"
    return NotMeasured(subject=table, reason=reason, next_action="cutter-console adopt inspect")


def _counted_together(connection: psycopg.Connection, tables: tuple[str, ...]) -> dict[str, CountedTable]:
    """Return the rows of all tables by one statement; table by table if one of them cannot be counted, or they take too long together."""
    if not tables:
        return {}
    counts = (sql.SQL("(SELECT count(*) FROM {})").format(identifier(table)) for table in tables)
    try:
        with connection.transaction():
            answer = connection.execute(sql.SQL("SELECT {}").format(sql.SQL(", ").join(counts))).fetchone()
    except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable):
        return _counted_in_time(connection, tables)
    except psycopg.Error:
        if connection.broken:
            raise
        return {table: _counted(connection, table) for table in tables}
    return {table: CountedTable(table, int(rows), None) for table, rows in zip(tables, answer or (), strict=True)}


def _counted_in_time(connection: psycopg.Connection, tables: tuple[str, ...]) -> dict[str, CountedTable]:
    """Count table by table in the time that one statement may take, once more: each may take half of what is left.

    So one that is locked leaves time to the others, and all of them together never take a multiple of it.
    """
    limit_s = read_row(connection, float, _LIMIT)
    ends_at = time.monotonic() + limit_s
    counted = {}
    for table in tables:
        allowed_s = max((ends_at - time.monotonic()) / 2, _LEAST_S)
        connection.execute(_SET_LIMIT, (f"{round(allowed_s * 1000)}ms",))
        counted[table] = _counted(
            connection, table, f"not counted in {allowed_s:.1f} s: it is large, or somebody has locked it"
        )
    connection.execute(_SET_LIMIT, (f"{round(limit_s * 1000)}ms",))
    return counted


def _counted(connection: psycopg.Connection, table: str, too_long: str = "") -> CountedTable:
    query = sql.SQL("SELECT count(*) FROM {}").format(identifier(table))
    try:
        # A savepoint: one table that cannot be counted, for whatever reason, leaves the others countable.
        with connection.transaction():
            answer = connection.execute(query).fetchone()
    except psycopg.Error as error:
        if connection.broken:
            raise
        known = translate(error)
        fault = NotMeasured(subject=table, reason=known.message, next_action=known.next_action)
        if too_long and isinstance(error, psycopg.errors.QueryCanceled):
            fault = NotMeasured(subject=table, reason=too_long, next_action=_LATER)
        return CountedTable(table, None, fault)
    assert answer is not None
    return CountedTable(table, int(answer[0]), None)


def list_units(
    connection: psycopg.Connection, readable: Readable, document: str, after: str, most: int
) -> tuple[ListedUnit, ...]:
    """Return up to `most` units behind the address `after`, each before those below it; of a document, if one is named."""
    units = readable.mapping.units
    address = sql.SQL(_TEXT).format(sql.Identifier("u", units.address.column))
    below = sql.SQL(
        "(%(document)s = '' OR {document} = %(document)s OR {address} = %(document)s OR starts_with({address}, %(document)s || '/'))"
    ).format(document=readable.unit(units.document), address=address)
    place = sql.SQL("replace({address}, '/', chr(1))").format(address=address)
    behind = sql.SQL("{place} > replace(%(after)s, '/', chr(1)) AND {below}").format(place=place, below=below)
    query = sql.SQL("SELECT {columns} FROM {piece}{joins} ORDER BY {place}").format(
        columns=_columns(readable), piece=readable.piece(behind, place), joins=readable.joins(), place=place
    )
    with connection.cursor(row_factory=args_row(_listed)) as cursor:
        return tuple(cursor.execute(query, {"document": document, "after": after, "piece": most}).fetchall())


def read_unit(connection: psycopg.Connection, readable: Readable, address: str) -> ReadUnit | None:
    """Return the unit of this address with its text, or None."""
    units, versions = readable.mapping.units, readable.mapping.versions
    seq, lifecycle, body, digest, enacted, unit, key = (
        (
            versions.seq,
            versions.lifecycle,
            versions.body,
            versions.content_hash,
            versions.enacted_at,
            versions.unit,
            versions.id,
        )
        if versions is not None
        else (None, None, None, None, None, None, None)
    )
    more = sql.SQL(", ").join(
        [
            readable.unit(units.id),
            readable.unit(units.document),
            readable.unit(units.version),
            readable.unit(units.content),
            readable.number_of_versions(),
            *(readable.version(column) for column in (key, unit, seq, lifecycle, body, digest)),
            readable.moment(enacted),
        ]
    )
    # By the column's own collation, which an index has, and byte by byte: it may call another address equal.
    query = sql.SQL("SELECT {columns}, {more} FROM {source} WHERE u.{address}::text = %s AND {exactly} = %s").format(
        columns=_columns(readable),
        more=more,
        source=readable.source(),
        address=sql.Identifier(units.address.column),
        exactly=sql.SQL(_TEXT).format(sql.Identifier("u", units.address.column)),
    )
    row = connection.execute(query, (address, address)).fetchone()
    return ReadUnit(_listed(*row[:8]), UnitText(*row[8:])) if row is not None else None


def kinds_in_use(connection: psycopg.Connection, readable: Readable) -> tuple[str, ...]:
    """Return the kinds that units have."""
    mapping = readable.mapping
    query = sql.SQL("SELECT DISTINCT {kind} FROM {table} u").format(
        kind=readable.unit(mapping.units.kind), table=identifier(mapping.units.table)
    )
    return tuple(sorted(row[0] for row in connection.execute(query) if row[0] is not None))


def commonest(connection: psycopg.Connection, readable: Readable, column: Column) -> str | None:
    """Return the value that most units have in a column; None if none has any."""
    query = sql.SQL(
        "SELECT {value} FROM {table} u WHERE {value} IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
    ).format(value=readable.unit(column), table=identifier(readable.mapping.units.table))
    row = connection.execute(query).fetchone()
    return str(row[0]) if row is not None else None


def kinds_in_vocabulary(connection: psycopg.Connection, mapping: SiteMapping) -> tuple[str, ...]:
    """Return the kinds that keys `vocab.unit_kind.NAME` of the configuration name; the table must be readable."""
    if mapping.config is None:
        return ()
    query = sql.SQL("SELECT substr({key}, 17) FROM {table} WHERE {key} LIKE 'vocab.unit\\_kind.%' ORDER BY 1").format(
        key=sql.SQL(_TEXT).format(sql.Identifier(mapping.config.key.column)), table=identifier(mapping.config.table)
    )
    return tuple(row[0] for row in connection.execute(query))


def _columns(readable: Readable) -> sql.Composable:
    units, versions = readable.mapping.units, readable.mapping.versions
    return sql.SQL(", ").join(
        [
            readable.unit(units.address),
            *(readable.unit(column) for column in (units.lifecycle, units.kind, units.section_type, units.number)),
            readable.version(versions.title if versions is not None else None),
            readable.parent(),
            readable.deleted(),
        ]
    )


def _listed(
    address: str,
    lifecycle: str | None,
    unit_kind: str | None,
    section_type: str | None,
    number: str | None,
    title: str | None,
    parent: str | None,
    deleted: bool | None,
) -> ListedUnit:
    return ListedUnit(
        address=address,
        lifecycle=lifecycle,
        unit_kind=unit_kind,
        section_type=section_type,
        number=number,
        title=title,
        parent=parent,
        deleted=deleted,
    )
