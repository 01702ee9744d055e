"""Reads of the states of documents in force, of their texts and units; the monitoring role may ask all of them."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import psycopg
from psycopg.rows import class_row

from console.backend.model.ended_runs import Standing
from console.backend.model.purposes import RunOperation
from console.backend.model.states import Family, Stage
from console.backend.model.value import Value
from console.backend.postgres.connections import read_column, read_row, read_rows, scalar


class StateRow(Value):
    """One enactment of a document, and from when to when what it enacted counts."""

    docprefix: str
    state: int
    """Number of the state among those of its document, from 1, in the order of the enactments."""
    run_id: str
    operation: str
    profile: str
    n_units: int
    source_sha256: str
    canonical_sha256: str
    statement_sha256: str
    review_decision_id: str
    decided_by: tuple[str, ...]
    enacted_at: datetime
    in_force_from: datetime
    in_force_until: datetime | None

    @property
    def is_repeal(self) -> bool:
        """Return whether nothing of the document is in force in this state."""
        return self.operation == RunOperation.REPEAL


class UnitSpan(NamedTuple):
    """A unit of a state, its bytes in the text as it was cut, and the length of its body as it is law."""

    address: str
    parent: str | None
    byte_start: int
    byte_end: int
    length: int


class RegisteredDocument(Value):
    """A registered document with its newest run and its newest drafts that are not law, if there are any."""

    docprefix: str
    origin: str
    profile: str
    last_run: str | None
    last_stage: Stage | None
    last_family: Family | None
    last_reason: str | None
    last_operation: RunOperation | None
    last_changed_at: datetime | None
    """Time of the last step of the newest run."""
    draft_run: str | None
    draft_units: int | None
    draft_operation: str
    """Operation of that newest run; empty if there is none."""


class EditedUnit(NamedTuple):
    """A unit of a state whose text is that of a signed edit, with the edit's run."""

    address: str
    run_id: str


class StateUnitRow(NamedTuple):
    """One unit of a state with its text."""

    address: str
    parent: str | None
    unit_kind: str
    section_type: str
    number: str
    title: str
    body: str
    line: int


class UnitStateRow(NamedTuple):
    """One unit as it is in one state of its document."""

    state: int
    seq: int
    parent: str | None
    unit_kind: str
    section_type: str
    number: str
    version_seq: int
    title: str
    body: str
    edited_by: str | None


class UnitVersionRow(NamedTuple):
    """One version of a unit, and the run and ruling that wrote it; its text only if readers see it as a draft."""

    version_seq: int
    run_id: str | None
    operation: str | None
    statement_sha256: str | None
    lifecycle: str
    created_at: datetime
    draft_title: str | None
    draft_body: str | None


class ComposedText(NamedTuple):
    """The sha256 of the text that the database composes of the units of a state; the rest only if that is not the pinned one."""

    text_sha256: str | None
    """None where the text between the units was not kept."""
    is_sealed: bool
    """False for a manifest of version 0.2.0 that the upgrade found not to hold."""
    edits: list[str]
    """Runs of the signed edits of its units."""
    cut_sha256: str | None
    """Of the text before these edits."""
    altered: list[str]
    """First addresses whose title or body is not the signed one."""
    left: int = 0
    """Of a repeal: units of the document that are in force although it is repealed."""


_STATES = """
    SELECT docprefix, state, run_id, operation, profile, coalesce(n_units, 0) AS n_units, coalesce(source_sha256, '') AS source_sha256,
           coalesce(canonical_sha256, '') AS canonical_sha256, statement_sha256, review_decision_id::text AS review_decision_id, decided_by,
           enacted_at, in_force_from, in_force_until
      FROM cutter_governance.v_document_state
"""
_STANDINGS = """
    SELECT run_id, now(), in_force_from, in_force_until
      FROM cutter_governance.v_document_state
     WHERE docprefix = ANY (ARRAY(SELECT r.docprefix FROM cutter_governance.v_run r WHERE r.run_id = ANY (%s)))
"""
"""Of whole documents, because the next state ends the one before."""
_OF_DOCUMENT = _STATES + " WHERE docprefix = %s ORDER BY state"
_ALL = _STATES + ' ORDER BY docprefix COLLATE "C", state'
_DOCUMENTS = """
    SELECT d.docprefix, d.origin, d.profile, l.run_id AS last_run, l.stage AS last_stage, l.family AS last_family, l.reason AS last_reason, l.operation AS last_operation,
           l.changed_at AS last_changed_at, w.run_id AS draft_run,
           CASE w.operation WHEN 'repeal' THEN NULL ELSE w.n_units END AS draft_units, coalesce(w.operation, '') AS draft_operation
      FROM cutter_governance.v_document d
      LEFT JOIN (SELECT DISTINCT ON (docprefix) docprefix, run_id, operation, stage, family, reason, changed_at FROM cutter_governance.v_run
                  ORDER BY docprefix, started_at DESC, run_id DESC) l USING (docprefix)
      LEFT JOIN (SELECT DISTINCT ON (docprefix) docprefix, run_id, n_units, operation FROM cutter_governance.v_run
                  WHERE operation <> 'edit' AND stage = ANY(%s) AND family NOT IN ('reverted', 'voided')
                  ORDER BY docprefix, started_at DESC, run_id DESC) w USING (docprefix)
     ORDER BY d.docprefix COLLATE "C"
"""
_PREFIXES = 'SELECT docprefix FROM cutter_governance.v_document ORDER BY docprefix COLLATE "C" LIMIT %s'
_IS_REGISTERED = "SELECT EXISTS (SELECT 1 FROM cutter_governance.v_document WHERE docprefix = %s)"
_TEXT = "SELECT cutter_console.fn_state_text(%s)"
_PIECES = "SELECT address, piece FROM cutter_console.fn_state_pieces(%s) ORDER BY seq"
_CUT_SHA256 = "SELECT cutter_console.fn_state_cut_sha256(%s)"
_IS_SEALED = "SELECT EXISTS (SELECT 1 FROM cutter_governance.v_manifest_seal WHERE run_id = %s)"
_EDITED = "SELECT address, edited_by FROM cutter_console.fn_state_units(%s) WHERE edited_by IS NOT NULL ORDER BY seq"
_ALTERED = "SELECT address FROM cutter_console.fn_state_altered(%s) ORDER BY seq LIMIT %s"
_UNITS = """
    SELECT address, parent, unit_kind, section_type, section_code, title, body, line_start
      FROM cutter_console.fn_state_versions(%s) ORDER BY seq
"""
_SPANS = """
    SELECT u.address, u.parent, u.byte_start, u.byte_end, octet_length(convert_to(v.body, 'UTF8'))
      FROM cutter_console.fn_state_units(%(run)s) u JOIN cutter_console.fn_state_versions(%(run)s) v USING (seq) ORDER BY u.seq
"""
_UNIT_STATES = """
    SELECT state, seq, parent, unit_kind, section_type, section_code, version_seq, title, body, edited_by
      FROM cutter_console.fn_unit_states(%s) ORDER BY state
"""
_UNIT_VERSIONS = """
    SELECT version_seq, run_id, operation, statement_sha256, lifecycle_status, created_at, draft_title, draft_body
      FROM cutter_console.fn_unit_versions(%s) ORDER BY version_seq
"""
_ALIASES = """
    SELECT a.canonical_address, s.in_force_from
      FROM cutter_governance.v_address_alias a
      LEFT JOIN cutter_governance.v_document_state s ON s.run_id = a.run_id AND s.docprefix = %(document)s
     WHERE a.alias = %(address)s ORDER BY s.state NULLS FIRST
"""
_FORMER = """
    SELECT alias FROM cutter_governance.v_address_alias WHERE canonical_address = %s GROUP BY alias ORDER BY alias COLLATE "C"
"""
# By length: an address that was mistyped is about as long as the one that was meant, and the number stays bounded.
_NEAR = """
    SELECT canonical_address FROM cutter_governance.v_in_force WHERE docprefix = %s
     ORDER BY abs(length(canonical_address) - length(%s)), canonical_address COLLATE "C" LIMIT %s
"""
_COMPOSED = """
    SELECT t.sha256, EXISTS (SELECT 1 FROM cutter_governance.v_manifest_seal WHERE run_id = %(run)s), e.edits, e.cut_sha256, e.altered
      FROM (SELECT encode(sha256(cutter_console.fn_state_text(%(run)s)), 'hex') AS sha256 OFFSET 0) t
      LEFT JOIN LATERAL (
               SELECT ARRAY(SELECT DISTINCT edited_by FROM cutter_console.fn_state_units(%(run)s) WHERE edited_by IS NOT NULL ORDER BY 1),
                      cutter_console.fn_state_cut_sha256(%(run)s),
                      ARRAY(SELECT address FROM cutter_console.fn_state_altered(%(run)s) ORDER BY seq LIMIT 3)
                WHERE t.sha256 IS DISTINCT FROM %(pinned)s) e (edits, cut_sha256, altered) ON true
"""
_LEFT = "SELECT count(*) FROM cutter_governance.v_in_force WHERE docprefix = %s"


def states_of(connection: psycopg.Connection, docprefix: str) -> tuple[StateRow, ...]:
    """Return every state of a document that was enacted, in the order of the enactments; one can begin in the future."""
    with connection.cursor(row_factory=class_row(StateRow)) as cursor:
        return tuple(cursor.execute(_OF_DOCUMENT.encode(), (docprefix,)).fetchall())


def standings(connection: psycopg.Connection, run_ids: Iterable[str]) -> dict[str, Standing]:
    """Return from when to when counts what these runs, and others of their documents, have enacted, by run id."""
    rows = connection.execute(_STANDINGS.encode(), (list(run_ids),)).fetchall()
    return {run_id: Standing.at(now, since, until) for run_id, now, since, until in rows}


def all_states(connection: psycopg.Connection) -> tuple[StateRow, ...]:
    """Return the states of all documents, by document and in the order of the enactments."""
    with connection.cursor(row_factory=class_row(StateRow)) as cursor:
        return tuple(cursor.execute(_ALL.encode()).fetchall())


def registered_documents(
    connection: psycopg.Connection, draft_stages: tuple[Stage, ...]
) -> tuple[RegisteredDocument, ...]:
    """Return the registered documents by prefix; a run at one of `draft_stages` has drafts."""
    with connection.cursor(row_factory=class_row(RegisteredDocument)) as cursor:
        return tuple(cursor.execute(_DOCUMENTS, ([stage.value for stage in draft_stages],)).fetchall())


def is_registered(connection: psycopg.Connection, docprefix: str) -> bool:
    """Return whether a document of this prefix is registered."""
    return bool(scalar(connection, _IS_REGISTERED, docprefix))


def prefixes(connection: psycopg.Connection, limit: int) -> tuple[str, ...]:
    """Return the prefixes of the registered documents, at most `limit`."""
    return read_column(connection, _PREFIXES, (limit,))


def state_text(connection: psycopg.Connection, run_id: str) -> bytes | None:
    """Return the whole text of the state that a run enacted; None where the text between its units was not kept."""
    text = scalar(connection, _TEXT, run_id)
    assert text is None or isinstance(text, bytes)
    return text


def state_pieces(connection: psycopg.Connection, run_id: str) -> dict[str, str] | None:
    """Return what stands in no unit of the state that a run enacted, by the unit that it stands behind, in its order.

    What stands in front of every unit is behind the empty address. None where it was not kept.
    """

    def piece(address: str, text: bytes | None) -> tuple[str, str | None]:
        return address, None if text is None else text.decode()

    pieces = dict(read_rows(connection, piece, _PIECES, (run_id,)))
    if not pieces or None in pieces.values():
        return None
    return {address: text for address, text in pieces.items() if text}


def cut_sha256(connection: psycopg.Connection, run_id: str) -> str:
    """Return the sha256 of the text that a run's sealed manifest makes without later edits; empty if it is not known."""
    return str(scalar(connection, _CUT_SHA256, run_id) or "")


def is_sealed(connection: psycopg.Connection, run_id: str) -> bool:
    """Return whether the run's manifest is sealed; the upgrade seals one of version 0.2.0 only if it holds."""
    return bool(scalar(connection, _IS_SEALED, run_id))


def edited_units(connection: psycopg.Connection, run_id: str) -> tuple[EditedUnit, ...]:
    """Return the units of a state whose text is that of a signed edit, in the order of the document."""
    return read_rows(connection, EditedUnit, _EDITED, (run_id,))


def altered_units(connection: psycopg.Connection, run_id: str, limit: int) -> tuple[str, ...]:
    """Return the first addresses of a state whose title or body is not the one that was signed."""
    return read_column(connection, _ALTERED, (run_id, limit))


def state_units(connection: psycopg.Connection, run_id: str) -> tuple[StateUnitRow, ...]:
    """Return the units of a state with their texts, in the order of the document."""
    return read_rows(connection, StateUnitRow, _UNITS, (run_id,))


def unit_states(connection: psycopg.Connection, address: str) -> tuple[UnitStateRow, ...]:
    """Return the unit as it is in each state of its document that has it, found by index."""
    return read_rows(connection, UnitStateRow, _UNIT_STATES, (address,))


def unit_versions(connection: psycopg.Connection, address: str) -> tuple[UnitVersionRow, ...]:
    """Return every version of a unit, also of drafts."""
    return read_rows(connection, UnitVersionRow, _UNIT_VERSIONS, (address,))


class AliasRow(NamedTuple):
    """The address that the unit of a former one has since a moment."""

    target: str
    since: datetime | None
    """Beginning of the state in which it was renumbered; None if no enactment is recorded for it."""


def aliases_of(connection: psycopg.Connection, address: str) -> tuple[AliasRow, ...]:
    """Return where the units went that had this address, in their order: one can be renumbered, and another one after it."""
    values = {"address": address, "document": address.partition("/")[0]}
    return read_rows(connection, AliasRow, _ALIASES, values)


def former_addresses(connection: psycopg.Connection, address: str) -> tuple[str, ...]:
    """Return the addresses that the unit of this address had before."""
    return read_column(connection, _FORMER, (address,))


def near_addresses(connection: psycopg.Connection, docprefix: str, address: str, limit: int) -> tuple[str, ...]:
    """Return at most `limit` addresses of the document that are in force, those of about this length first."""
    return read_column(connection, _NEAR, (docprefix, address, limit))


def unit_spans(connection: psycopg.Connection, run_id: str) -> tuple[UnitSpan, ...]:
    """Return where the units of the state that a run enacted stand in its text, in their order."""
    return read_rows(connection, UnitSpan, _SPANS, {"run": run_id})


def composed_text(connection: psycopg.Connection, row: StateRow) -> ComposedText:
    """Return the sha256 of the text of a state as the database composes it now, and what explains that it differs."""
    values = {"run": row.run_id, "pinned": row.canonical_sha256}

    def composed(
        sha256: str | None, sealed: bool, edits: list[str] | None, cut: str | None, altered: list[str] | None
    ) -> ComposedText:
        return ComposedText(sha256, sealed, edits or [], cut, altered or [])

    text = read_row(connection, composed, _COMPOSED, values)
    # The text of a repeal is empty whatever the rows say: that nothing is in force is asked of the readers' view.
    return text._replace(left=int(str(scalar(connection, _LEFT, row.docprefix)))) if row.is_repeal else text
