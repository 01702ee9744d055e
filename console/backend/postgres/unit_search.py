"""Pages of units by address and word: by the function that has the indexes; without it, in any layout, by looking at each unit."""

from typing import NamedTuple

import psycopg
from psycopg import sql

from console.backend.model.unit_search import UnitQuery
from console.backend.postgres.connections import read_row, read_rows
from console.backend.postgres.site_units import Readable


class Installed(NamedTuple):
    """Parts of this product's schema that a database has: the function that searches, and the view of readers."""

    function: bool
    view: bool


class HitRow(NamedTuple):
    """A unit of a page, and the beginning of its text if words were searched for."""

    address: str
    document: str | None
    lifecycle: str | None
    unit_kind: str | None
    section_type: str | None
    number: str | None
    title: str | None
    parent: str | None
    excerpt: str | None
    deleted: bool | None = False


class Searched(NamedTuple):
    """The text of a search as it is understood: an address that begins so, or words; both empty for all units."""

    prefix: str = ""
    parts: tuple[str, ...] = ()


_INSTALLED = """
    SELECT to_regprocedure('cutter_console.fn_unit_page(text[], text, text, text[], timestamptz, text, text, integer)') IS NOT NULL,
           to_regclass('cutter_governance.v_reader') IS NOT NULL
"""
_PAGE = """
    SELECT address, document, lifecycle, unit_kind, section_type, number, title, parent, excerpt
      FROM cutter_console.fn_unit_page(%(parts)s::text[], %(prefix)s, %(document)s, %(lifecycles)s, %(at)s::timestamptz,
                                          %(after)s, %(before)s::text, %(most)s)
"""
# As fn_folded and fn_search_query have it; a test compares them on texts.
_FOLDED = r"""
    regexp_replace(
        CASE WHEN octet_length($TEXT) = length($TEXT) THEN $TEXT
             ELSE replace(replace(replace(replace(replace(replace(replace(replace(
                      regexp_replace(normalize($TEXT, NFKD), '[\u0300-\u036f]+', '', 'g'),
                      'đ', 'd'), 'Đ', 'D'), 'ß', 'ss'), 'æ', 'ae'), 'Æ', 'Ae'), 'ø', 'o'), 'Ø', 'O'), 'ł', 'l')
        END,
        '[\u0001-\u001f!-/:-@\[-`{-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u2000-\u206f\u3000-\u303f]+', ' ', 'g')
"""
_WORDS = """
    (SELECT string_agg('(' || q.query || CASE WHEN right(q.part, 1) = '*' THEN ':*' ELSE '' END || ')', ' & ')::tsquery
       FROM (SELECT p.part, phraseto_tsquery('simple', {folded})::text AS query FROM unnest(%(parts)s::text[]) AS p (part)) q
      WHERE q.query <> '')
""".replace("{folded}", _FOLDED.replace("$TEXT", "p.part"))
_EACH = """
    SELECT s.address, s.document, s.lifecycle, s.unit_kind, s.section_type, s.number, s.title, s.parent,
           CASE WHEN cardinality(%(parts)s::text[]) > 0 THEN left(s.body, 20000) END, s.deleted
      FROM (SELECT {columns} FROM {source}) s
     WHERE (cardinality(%(lifecycles)s::text[]) = 0 OR s.lifecycle = ANY (%(lifecycles)s::text[]))
       AND (%(prefix)s = '' OR starts_with(s.address, %(prefix)s))
       AND (%(document)s = '' OR s.address = %(document)s OR starts_with(s.address, %(document)s || '/') OR s.document = %(document)s)
       AND {place} > replace(%(after)s, '/', chr(1)) AND (%(before)s::text IS NULL OR %(before)s = '' OR {place} < replace(%(before)s, '/', chr(1)))
       AND (cardinality(%(parts)s::text[]) = 0 OR to_tsvector('simple', left({folded}, 100000)) @@ {words})
     ORDER BY {place} {way} LIMIT %(most)s
"""
_PLACE = "replace(s.address, '/', chr(1)) COLLATE \"C\""
_TEXT = "left(coalesce(s.title, '') || ' ' || coalesce(s.body, ''), 100000)"
_READER = """
    canonical_address AS address, doc_code AS document, lifecycle_status AS lifecycle, unit_kind, section_type, section_code AS number, title,
    parent_or_container_ref AS parent, body, false AS deleted
"""


def installed(connection: psycopg.Connection) -> Installed:
    """Return what this database has to search with."""
    return read_row(connection, Installed, _INSTALLED)


def indexed_page(connection: psycopg.Connection, query: UnitQuery, searched: Searched, most: int) -> tuple[HitRow, ...]:
    """Return a page of units by the indexes; before an address, the nearest one first. The monitoring role may ask."""
    values = _values(query, searched, most) | {"parts": list(searched.parts) or None, "at": query.as_of}
    return read_rows(connection, HitRow, _PAGE, values)


def reader_page_by_words(
    connection: psycopg.Connection, query: UnitQuery, searched: Searched, most: int
) -> tuple[HitRow, ...]:
    """Return a page of what readers see, by looking at each unit: where the function with the indexes is not installed."""
    return _each(connection, _READER, "cutter_governance.v_reader", query, searched, most)


def site_page(
    connection: psycopg.Connection, readable: Readable, query: UnitQuery, searched: Searched, most: int
) -> tuple[HitRow, ...]:
    """Return a page of the units of another layout, by looking at each; without a mapped body, at titles alone."""
    units, versions = readable.mapping.units, readable.mapping.versions
    columns = {
        "address": readable.unit(units.address),
        "document": readable.unit(units.document),
        "lifecycle": readable.unit(units.lifecycle),
        "unit_kind": readable.unit(units.kind),
        "section_type": readable.unit(units.section_type),
        "number": readable.unit(units.number),
        "title": readable.version(versions.title if versions is not None else None),
        "parent": readable.parent(),
        "body": readable.version(versions.body if versions is not None else None),
        "deleted": readable.deleted(),
    }
    listed = sql.SQL(", ").join(
        sql.SQL("{} AS {}").format(column, sql.Identifier(name)) for name, column in columns.items()
    )
    source = readable.source().as_string(connection).replace("%", "%%")
    return _each(connection, listed.as_string(connection).replace("%", "%%"), source, query, searched, most)


def _each(
    connection: psycopg.Connection, columns: str, source: str, query: UnitQuery, searched: Searched, most: int
) -> tuple[HitRow, ...]:
    parts = {
        "{columns}": columns,
        "{source}": source,
        "{place}": _PLACE,
        "{folded}": _FOLDED.replace("$TEXT", _TEXT),
        "{words}": _WORDS,
        "{way}": "" if query.before is None else "DESC",
    }
    statement = _EACH
    for name, part in parts.items():
        statement = statement.replace(name, part)

    return read_rows(connection, HitRow, statement, _values(query, searched, most) | {"parts": list(searched.parts)})


def _values(query: UnitQuery, searched: Searched, most: int) -> dict[str, object]:
    return {
        "prefix": searched.prefix,
        "document": query.document,
        "lifecycles": list(query.lifecycles),
        "after": query.after,
        "before": query.before,
        "most": most,
    }
