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


class LookedRows(NamedTuple):
    """Units of a page, and how far was looked for them if not to the end of the page."""

    rows: tuple[HitRow, ...]
    looked_to: str = ""
    """Address that the next call goes on behind, or before; empty if the page is full or there is no further unit."""


class Searched(NamedTuple):
    """The text of a search as it is understood: an address that begins so, or words; both empty for all units."""

    prefix: str = ""
    parts: tuple[str, ...] = ()


class _PieceEnd(NamedTuple):
    """The last unit of a piece of another layout's units."""

    is_last: bool
    """True if no further unit is asked for."""
    address: str | None


PIECE, PIECE_BYTES = 2000, 1_000_000
"""Most units, and bytes of their texts, that are looked at for words in one statement on another layout."""
_INSTALLED = """
    SELECT to_regprocedure('cutter_console.fn_unit_page(text[], text, text, text[], timestamptz, text, text, integer)') IS NOT NULL,
           to_regclass('cutter_governance.v_reader') IS NOT NULL
"""
_PAGE = """
    SELECT address, document, lifecycle, unit_kind, section_type, number, title, parent, excerpt, false, looked_to
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
_TEXT = "left(coalesce(s.title, '') || ' ' || coalesce(s.body, ''), 100000)"
_ASKED = """
    (cardinality(%(lifecycles)s::text[]) = 0 OR {lifecycle} = ANY (%(lifecycles)s::text[]))
    AND (%(prefix)s = '' OR starts_with({address}, %(prefix)s))
    AND (%(document)s = '' OR {address} = %(document)s OR starts_with({address}, %(document)s || '/') OR {document} = %(document)s)
    AND {place} > replace(%(after)s, '/', chr(1)) AND (%(before)s::text IS NULL OR %(before)s = '' OR {place} < replace(%(before)s, '/', chr(1)))
"""
# By the bytes of the texts, too: the last unit of which those before it have not filled the piece.
_PIECE_END = """
    SELECT count(*) < %(piece)s AND coalesce(bool_and(t.before < %(bytes)s), true),
           replace({beyond}(t.place) FILTER (WHERE t.before < %(bytes)s), chr(1), '/')
      FROM (SELECT s.place, coalesce(sum(least(octet_length(s.body), 100000)) OVER
                   (ORDER BY s.place{way} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
              FROM {source}) t
"""
_BY_WORDS = """
    SELECT s.address, s.document, s.lifecycle, s.unit_kind, s.section_type, s.number, s.title, s.parent,
           CASE WHEN cardinality(%(parts)s::text[]) > 0 THEN left(s.body, 20000) END, s.deleted
      FROM {source}
     WHERE cardinality(%(parts)s::text[]) = 0
        OR CASE WHEN %(until)s::text IS NULL OR s.place {within} replace(%(until)s, '/', chr(1))
                THEN to_tsvector('simple', left({folded}, 100000)) @@ {words} END
     ORDER BY s.place{way} LIMIT %(most)s
"""
_READERS = """
    (SELECT r.*, {place} AS place
       FROM (SELECT canonical_address COLLATE "C" AS address, doc_code AS document, lifecycle_status AS lifecycle, unit_kind, section_type,
                    section_code AS number, title, parent_or_container_ref AS parent, body, false AS deleted
               FROM cutter_governance.v_reader) r
      WHERE {asked}) s
"""


def installed(connection: psycopg.Connection) -> Installed:
    """Return what this database has to search with."""
    return read_row(connection, Installed, _INSTALLED)


def indexed_page(connection: psycopg.Connection, searched: Searched, query: UnitQuery, most: int) -> LookedRows:
    """Return a page of units by the indexes, or what a bounded amount of work has given of it.

    Before an address, the nearest one comes first. The monitoring role may ask.
    """
    values = _values(query, searched, most) | {"parts": list(searched.parts) or None, "at": query.as_of}
    rows = read_rows(connection, lambda *row: (HitRow(*row[:-1]), row[-1]), _PAGE, values)
    units = tuple(unit for unit, looked_to in rows if looked_to is None)
    return LookedRows(units, next((looked_to for _, looked_to in rows if looked_to is not None), ""))


def reader_page_by_words(
    connection: psycopg.Connection, query: UnitQuery, searched: Searched, most: int
) -> tuple[HitRow, ...]:
    """Return a page of what readers see, by looking at each unit: where the function with the indexes is not installed."""
    place = sql.SQL("replace(r.address, '/', chr(1))")
    lifecycle, address, document = (sql.Identifier("r", name) for name in ("lifecycle", "address", "document"))
    condition = sql.SQL(_ASKED).format(lifecycle=lifecycle, address=address, document=document, place=place)
    statement = _in_order(_BY_WORDS, sql.SQL(_READERS).format(place=place, asked=condition), query)
    values = _values(query, searched, most) | {"parts": list(searched.parts), "until": None}
    return read_rows(connection, HitRow, statement, values)


def site_page(
    connection: psycopg.Connection, readable: Readable, searched: Searched, query: UnitQuery, most: int
) -> LookedRows:
    """Return a page of the units of another layout, or what of it is among the next PIECE of them.

    Their table is read whole for their order, as it has no index for it. Of words each text of the piece is looked at;
    without a mapped body, at titles alone.
    """
    parts = list(searched.parts)
    values = _values(query, searched, most) | {"parts": parts, "piece": PIECE if parts else most, "bytes": PIECE_BYTES}
    end = _PieceEnd(is_last=True, address=None)
    if parts:
        end = read_row(connection, _PieceEnd, _composed(_PIECE_END, readable, query), values)
    values["until"] = None if end.is_last else end.address
    rows = read_rows(connection, HitRow, _composed(_BY_WORDS, readable, query), values)
    goes_on = not end.is_last and len(rows) < most
    return LookedRows(rows, (end.address or "") if goes_on else "")


def _composed(statement: str, readable: Readable, query: UnitQuery) -> sql.Composed:
    """Return a statement on the tables of another layout, in the order that the query asks for."""
    units, versions = readable.mapping.units, readable.mapping.versions
    address, document = readable.unit(units.address), readable.unit(units.document)
    place = sql.SQL("replace({}, '/', chr(1))").format(address)
    direction = sql.SQL("" if query.before is None else " DESC")
    condition = sql.SQL(_ASKED).format(
        lifecycle=readable.unit(units.lifecycle), address=address, document=document, place=place
    )
    columns = {
        "address": address,
        "document": document,
        "lifecycle": readable.unit(units.lifecycle),
        "unit_kind": readable.unit(units.kind),
        "section_type": readable.unit(units.section_type),
        "number": readable.unit(units.number),
        "title": readable.version(versions.title if versions is not None else None),
        "parent": readable.parent(),
        "body": readable.version(versions.body if versions is not None else None),
        "deleted": readable.deleted(),
        "place": place,
    }
    listed = sql.SQL(", ").join(
        sql.SQL("{} AS {}").format(column, sql.Identifier(name)) for name, column in columns.items()
    )
    source = sql.SQL("(SELECT {} FROM {}{}) s").format(
        listed, readable.piece(condition, place + direction), readable.joins()
    )
    return _in_order(statement, source, query)


def _in_order(statement: str, source: sql.Composable, query: UnitQuery) -> sql.Composed:
    """Return a statement on these units, in the order that the query asks for.

    Composed, and not put together as text: a name of an organisation's can be anything, a placeholder too.
    """
    return sql.SQL(statement).format(
        source=source,
        way=sql.SQL("" if query.before is None else " DESC"),
        within=sql.SQL("<=" if query.before is None else ">="),
        beyond=sql.SQL("max" if query.before is None else "min"),
        folded=sql.SQL(_FOLDED.replace("$TEXT", _TEXT)),
        words=sql.SQL(_WORDS),
    )


def _values(query: UnitQuery, searched: Searched, most: int) -> dict[str, object]:
    return {
        "prefix": searched.prefix,
        "document": query.document,
        "lifecycles": list(query.lifecycles),
        "after": query.after,
        "before": query.before,
        "most": most,
    }
