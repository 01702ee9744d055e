"""Reads of units and versions, and of the vocabulary of their kinds."""

from collections.abc import Iterator
from typing import NamedTuple

import psycopg
from psycopg.rows import class_row

from console.backend.model.unit_list import ListedUnit
from console.backend.model.value import Value
from console.backend.postgres.arriving_rows import arriving
from console.backend.postgres.connections import read_column, read_row, read_rows, scalar


class UnitRow(NamedTuple):
    """A unit as it stands, with its anchored version; the body only if it was asked for."""

    address: str
    parent: str | None
    unit_kind: str
    section_type: str
    number: str | None
    lifecycle: str
    title: str | None
    body: str | None
    version_seq: int | None
    anchored: bool | None
    versions: int
    effect: str = ""
    """Of an amendment: unchanged, changed, new or returns, told by the states of unit and version; empty otherwise."""


class AmendedRows(NamedTuple):
    """The units of an amendment's text beside its sealed manifest, as the database has compared the two, field by field."""

    blocks: int
    """Blocks of the manifest whose unit is there."""
    manifest_digest: str
    """sha256 of these blocks as a plan writes them; as many of this digest are those of the plan."""
    unchanged: int
    """Units that read as their block says, and stay as they are."""
    changed: str
    """Addresses of units that read as their block says, and change with the enactment; joined by LF."""
    new: str
    returning: str


class ReaderUnit(Value):
    """A unit as readers see it: a draft or in force, with the version that counts."""

    address: str
    parent: str | None
    unit_kind: str
    section_type: str
    lifecycle: str
    title: str
    body: str


class EditRow(Value):
    """Result of the signed edits of one draft: title and body of the last one, and the number of edits."""

    address: str
    title: str
    body_sha256: str
    edits: int


class DraftUnit(NamedTuple):
    """The place of a draft unit in its document."""

    address: str
    parent: str | None
    unit_kind: str
    section_type: str
    number: str | None


class DraftText(NamedTuple):
    """Title and body of a draft unit."""

    address: str
    title: str
    body: str


class EnactedCounts(NamedTuple):
    """Counts of a run's manifest: enacted units, all units, and log rows of their enactment."""

    enacted: int
    units: int
    logged: int


class EndedCounts(NamedTuple):
    """Counts of a repeal: its units that are superseded, log rows of that, and units of the document still in force."""

    superseded: int
    logged: int
    left: int


class VocabularyEntry(NamedTuple):
    """A kind of unit with one of its section types."""

    unit_kind: str
    section_type: str


_UNITS = """
    SELECT u.canonical_address AS address, u.parent_or_container_ref AS parent, u.unit_kind, u.section_type, u.section_code AS number,
           u.lifecycle_status AS lifecycle, v.title, CASE WHEN %(bodies)s THEN v.body END AS body, v.version_seq,
           v.unit_id = u.id AND u.content_anchor_ref = v.content_hash AS anchored,
           (SELECT count(*) FROM public.unit_version w WHERE w.unit_id = u.id) AS versions, '' AS effect
      FROM public.information_unit u LEFT JOIN public.unit_version v ON v.id = u.version_anchor_ref
     WHERE u.doc_code = %(document)s
"""
_EFFECT = """
           CASE WHEN v.id = u.version_anchor_ref AND (u.lifecycle_status, v.lifecycle_status) = ('enacted', 'enacted') THEN 'unchanged'
                WHEN v.lifecycle_status = 'draft' AND u.lifecycle_status = 'enacted' THEN 'changed'
                WHEN v.lifecycle_status = 'draft' AND u.lifecycle_status = 'draft' AND v.id = u.version_anchor_ref
                 AND (u.parent_or_container_ref, u.unit_kind, u.section_type, u.section_code)
                     IS NOT DISTINCT FROM (b.parent_address, b.unit_kind, b.section_type, b.section_code) THEN 'new'
                WHEN v.lifecycle_status = 'draft' AND u.lifecycle_status = 'superseded' THEN 'returns'
                ELSE format('is %%s, its version %%s', u.lifecycle_status, v.lifecycle_status) END AS effect
"""
_PLACE = """
     -- The unit's own place, if it has this version already; a changed one gets its place with the enactment.
     CROSS JOIN LATERAL (
               SELECT u.parent_or_container_ref, u.unit_kind, u.section_type, u.section_code WHERE u.version_anchor_ref = b.version_id
               UNION ALL
               SELECT b.parent_address, b.unit_kind, b.section_type, b.section_code WHERE u.version_anchor_ref IS DISTINCT FROM b.version_id
               ) p (parent, unit_kind, section_type, number)
"""
_TEMPLATE_OF_UNITS = """
    SELECT b.address, p.parent, p.unit_kind, p.section_type, p.number, u.lifecycle_status AS lifecycle, v.title, CASE WHEN %(bodies)s THEN v.body END AS body, v.version_seq,
           v.unit_id = u.id AND v.content_hash = b.body_sha256 AS anchored,
           (SELECT count(*) FROM public.unit_version w WHERE w.unit_id = u.id) AS versions,
           {effect}
      FROM cutter_governance.manifest_unit_block b
      JOIN public.information_unit u ON u.canonical_address = b.address
      LEFT JOIN public.unit_version v ON v.id = b.version_id
     {place}
     WHERE b.run_id = %(run)s
"""
# A field that holds a separator of the manifest would be one more of them than as many blocks have, so that the digest tells.
_TEMPLATE_OF_ROWS = """
    SELECT count(*),
           encode(sha256(convert_to(coalesce(string_agg(concat_ws(chr(31), r.seq, r.address, coalesce(r.parent_address, ''), r.unit_kind, r.section_type,
               r.section_code, r.title, r.byte_start, r.byte_end, r.line_start, r.line_end, r.body_sha256), chr(10) ORDER BY r.seq), ''), 'UTF8')), 'hex'),
           count(*) FILTER (WHERE r.as_planned AND r.effect = 'unchanged'),
           coalesce(string_agg(r.address, chr(10) ORDER BY r.seq) FILTER (WHERE r.as_planned AND r.effect = 'changed'), ''),
           coalesce(string_agg(r.address, chr(10) ORDER BY r.seq) FILTER (WHERE r.as_planned AND r.effect = 'new'), ''),
           coalesce(string_agg(r.address, chr(10) ORDER BY r.seq) FILTER (WHERE r.as_planned AND r.effect = 'returns'), '')
      FROM (SELECT b.seq, b.address, b.parent_address, b.unit_kind, b.section_type, b.section_code, b.title, b.byte_start, b.byte_end, b.line_start, b.line_end, b.body_sha256,
                   v.unit_id = u.id AND v.content_hash = b.body_sha256
                   AND (p.parent, p.unit_kind, p.section_type, p.number, v.title)
                       IS NOT DISTINCT FROM (b.parent_address, b.unit_kind, b.section_type, b.section_code, b.title)
                   AND (NOT %(bodies)s OR v.body_sha256 = b.body_sha256) AS as_planned,
                   {effect}
              FROM cutter_governance.manifest_unit_block b
              JOIN public.information_unit u ON u.canonical_address = b.address
              -- By the index: no body takes part in a join.
              LEFT JOIN LATERAL (
                       SELECT w.id, w.unit_id, w.title, w.content_hash, w.lifecycle_status,
                              CASE WHEN %(bodies)s THEN encode(sha256(convert_to(w.body, 'UTF8')), 'hex') END AS body_sha256
                         FROM public.unit_version w WHERE w.id = b.version_id OFFSET 0) v ON true
              {place}
              WHERE b.run_id = %(run)s) r
"""
_AMENDED_UNITS, _AMENDED_ROWS = (
    template.format(effect=_EFFECT, place=_PLACE) for template in (_TEMPLATE_OF_UNITS, _TEMPLATE_OF_ROWS)
)
_READER_UNITS = """
    SELECT canonical_address AS address, parent_or_container_ref AS parent, unit_kind, section_type, lifecycle_status AS lifecycle,
           coalesce(title, '') AS title, body
      FROM cutter_governance.v_reader WHERE doc_code = %s ORDER BY canonical_address COLLATE "C"
"""
_READER_UNIT = """
    SELECT canonical_address AS address, parent_or_container_ref AS parent, unit_kind, section_type, lifecycle_status AS lifecycle,
           coalesce(title, '') AS title, body
      FROM cutter_governance.v_reader WHERE canonical_address = %s
"""
_READER_PAGE = """
    SELECT canonical_address AS address, lifecycle_status AS lifecycle, unit_kind, section_type, section_code AS number, title,
           parent_or_container_ref AS parent, false AS deleted
      FROM cutter_governance.v_reader
     WHERE (%(document)s = '' OR doc_code = %(document)s)
       AND replace(canonical_address, '/', chr(1)) COLLATE "C" > replace(%(after)s, '/', chr(1))
     ORDER BY replace(canonical_address, '/', chr(1)) COLLATE "C" LIMIT %(most)s
"""
_IN_FORCE_UNITS = """
    SELECT canonical_address AS address, parent, unit_kind, section_type, 'enacted' AS lifecycle, title, body
      FROM cutter_governance.v_in_force WHERE docprefix = %s ORDER BY canonical_address COLLATE "C"
"""
_EDITS = """
    SELECT DISTINCT ON (b.address) b.address, b.title, b.body_sha256, count(*) OVER (PARTITION BY b.address) AS edits
      FROM cutter_governance.run r JOIN cutter_governance.manifest_seal s ON s.run_id = r.run_id
      JOIN cutter_governance.manifest_unit_block b ON b.run_id = r.run_id
     WHERE r.docprefix = %s AND r.operation = 'edit' ORDER BY b.address, s.xid DESC
"""
_DRAFT = """
    SELECT canonical_address, parent_or_container_ref, unit_kind, section_type, section_code
      FROM public.information_unit WHERE canonical_address = %s AND lifecycle_status = 'draft'
"""
_DRAFT_TEXTS = """
    SELECT u.canonical_address, v.title, v.body FROM public.information_unit u JOIN public.unit_version v ON v.id = u.version_anchor_ref
     WHERE u.doc_code = %s AND u.parent_or_container_ref IS NOT NULL ORDER BY 1 LIMIT %s
"""
_ENACTED = """
    SELECT count(*) FILTER (WHERE u.lifecycle_status = 'enacted'), count(*),
           (SELECT count(*) FROM public.iu_lifecycle_log g WHERE g.run_id = %(run)s AND g.to_status = 'enacted')
      FROM cutter_governance.manifest_unit_block b JOIN public.information_unit u ON u.id = b.unit_id WHERE b.run_id = %(run)s
"""
_ENDED = """
    SELECT (SELECT count(*) FROM cutter_governance.cut_change_set c JOIN cutter_governance.cut_change_set_affected_row f ON f.change_set_id = c.id
              JOIN public.information_unit u ON u.id = f.unit_id JOIN public.unit_version v ON v.id = f.version_id
             WHERE c.run_id = %(run)s AND (u.lifecycle_status, v.lifecycle_status) = ('superseded', 'superseded')),
           (SELECT count(*) FROM public.iu_lifecycle_log g WHERE g.run_id = %(run)s AND (g.from_status, g.to_status) = ('enacted', 'superseded')),
           (SELECT count(*) FROM public.information_unit u WHERE u.doc_code = %(document)s AND u.lifecycle_status = 'enacted')
"""
_VOCABULARY = "SELECT unit_kind, section_type FROM cutter_governance.unit_vocabulary"
_UNKNOWN_KINDS = """
    SELECT DISTINCT u.unit_kind || '/' || u.section_type FROM public.information_unit u
      LEFT JOIN cutter_governance.unit_vocabulary w USING (unit_kind, section_type) WHERE w.unit_kind IS NULL ORDER BY 1
"""
# The addresses as one text: a list of a hundred thousand is long to write, element after element.
_TAKEN = """
    SELECT canonical_address FROM public.information_unit
     WHERE canonical_address = ANY (string_to_array(%s, chr(10))) ORDER BY 1 LIMIT 4
"""
_COUNT = "SELECT count(*) FROM public.information_unit WHERE doc_code = %s"


def units_of_document(connection: psycopg.Connection, docprefix: str, *, bodies: bool) -> Iterator[UnitRow]:
    """Yield every unit of the document, in any state, as the rows arrive."""
    return _units(arriving(connection, _UNITS, {"document": docprefix, "bodies": bodies}))


def amended_units(connection: psycopg.Connection, run_id: str, *, bodies: bool) -> Iterator[UnitRow]:
    """Yield every unit of an amendment's text, each with the version that the amendment gives it, as the rows arrive."""
    return _units(arriving(connection, _AMENDED_UNITS, {"run": run_id, "bodies": bodies}))


def amended_rows(connection: psycopg.Connection, run_id: str, *, bodies: bool) -> AmendedRows:
    """Return how the units of an amendment's text compare with its manifest; with `bodies`, each body by its sha256, computed now.

    The statement names tables alone: no function of the console is believed, nor a digest that is kept.
    """
    return read_row(connection, AmendedRows, _AMENDED_ROWS, {"run": run_id, "bodies": bodies})


def _units(rows: Iterator[tuple[object, ...]]) -> Iterator[UnitRow]:
    return map(UnitRow._make, rows)


def reader_units(connection: psycopg.Connection, docprefix: str) -> tuple[ReaderUnit, ...]:
    """Return the document's units that readers see, by address; the monitoring role may ask."""
    with connection.cursor(row_factory=class_row(ReaderUnit)) as cursor:
        return tuple(cursor.execute(_READER_UNITS, (docprefix,)).fetchall())


def reader_page(connection: psycopg.Connection, document: str, after: str, most: int) -> tuple[ListedUnit, ...]:
    """Return up to `most` units that readers see, behind the address `after`, each before those below it; of a document, if one is named."""
    with connection.cursor(row_factory=class_row(ListedUnit)) as cursor:
        return tuple(cursor.execute(_READER_PAGE, {"document": document, "after": after, "most": most}).fetchall())


def reader_unit(connection: psycopg.Connection, address: str) -> ReaderUnit | None:
    """Return the unit of this address as readers see it, or None; the monitoring role may ask."""
    with connection.cursor(row_factory=class_row(ReaderUnit)) as cursor:
        return cursor.execute(_READER_UNIT, (address,)).fetchone()


def units_in_force(connection: psycopg.Connection, docprefix: str) -> tuple[ReaderUnit, ...]:
    """Return the document's units that are in force now, by address; the monitoring role may ask."""
    with connection.cursor(row_factory=class_row(ReaderUnit)) as cursor:
        return tuple(cursor.execute(_IN_FORCE_UNITS, (docprefix,)).fetchall())


def edits_of_document(connection: psycopg.Connection, docprefix: str) -> tuple[EditRow, ...]:
    """Return the last signed edit of each edited unit of the document."""
    with connection.cursor(row_factory=class_row(EditRow)) as cursor:
        return tuple(cursor.execute(_EDITS, (docprefix,)).fetchall())


def find_draft(connection: psycopg.Connection, address: str) -> DraftUnit | None:
    """Return the draft unit of this address, or None if there is none."""
    return next(iter(read_rows(connection, DraftUnit, _DRAFT, (address,))), None)


def first_texts(connection: psycopg.Connection, docprefix: str, limit: int) -> tuple[DraftText, ...]:
    """Return titles and bodies of the document's first units below its root, by address."""
    return read_rows(connection, DraftText, _DRAFT_TEXTS, (docprefix, limit))


def enacted_counts(connection: psycopg.Connection, run_id: str) -> EnactedCounts:
    """Count the enacted units of a run and the log rows of their enactment."""
    return read_row(connection, EnactedCounts, _ENACTED, {"run": run_id})


def ended_counts(connection: psycopg.Connection, run_id: str, docprefix: str) -> EndedCounts:
    """Count what the enactment of a repeal has ended, and what of the document is left in force."""
    return read_row(connection, EndedCounts, _ENDED, {"run": run_id, "document": docprefix})


def vocabulary(connection: psycopg.Connection) -> frozenset[VocabularyEntry]:
    """Return the pairs of kind and section type that the database accepts."""
    return frozenset(read_rows(connection, VocabularyEntry, _VOCABULARY))


def unknown_kinds(connection: psycopg.Connection) -> tuple[str, ...]:
    """Return kinds and section types of units that the vocabulary does not have, as `kind/section type`."""
    return read_column(connection, _UNKNOWN_KINDS)


def first_taken_addresses(connection: psycopg.Connection, addresses: list[str]) -> tuple[str, ...]:
    """Return the first four of these addresses that have a unit already."""
    return read_column(connection, _TAKEN, ("\n".join(addresses),))


def count_units(connection: psycopg.Connection, docprefix: str) -> int:
    """Return how many units the document has, in any state."""
    return int(str(scalar(connection, _COUNT, docprefix)))
