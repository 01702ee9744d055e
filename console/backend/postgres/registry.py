"""Reads of the registry of documents, with what the database holds of each."""

from typing import NamedTuple

import psycopg
from psycopg.rows import class_row

from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.postgres.connections import read_rows, scalar


class Registered(Value):
    """One document and one source version of it, and what the database holds of the document."""

    docprefix: str
    origin: SafeText
    sha256: str
    """Of the version; empty if none was pinned."""
    aliases: int = 0
    enacted_below: int = 0
    """Enacted units whose parent is a unit of the document."""
    signatures: int = 0
    enacted: int = 0
    change_sets: int = 0
    approved: bool = False
    """True if a valid, unused approval to cut names the document."""


class LiveDocument(NamedTuple):
    """A document whose text lives in the database, and the sha256 that its last run pinned."""

    docprefix: str
    pinned: str | None


class CutRun(NamedTuple):
    """A run that can have cut a document: its plan's digest and its source's."""

    run_id: str
    profile: str
    plan_digest: str
    source_sha256: str


_CUT_RUNS = """
    SELECT r.run_id, r.profile, r.plan_digest, r.source_sha256 FROM cutter_governance.v_run r
      LEFT JOIN cutter_governance.v_manifest_seal m USING (run_id)
     WHERE r.docprefix = %s AND r.operation = 'cut' AND r.family NOT IN ('voided', 'reverted')
       AND r.plan_digest IS NOT NULL AND r.source_sha256 IS NOT NULL
     ORDER BY m.run_id IS NULL, r.started_at DESC
"""
_IN_FORCE_RUN = """
    SELECT r.run_id, r.profile, r.plan_digest, r.source_sha256
      FROM cutter_governance.v_document_state s JOIN cutter_governance.v_run r USING (run_id)
     WHERE s.docprefix = %s AND s.in_force_from <= now() AND (s.in_force_until IS NULL OR s.in_force_until > now())
       AND r.plan_digest IS NOT NULL AND r.source_sha256 IS NOT NULL
"""
_STATE_RUN = """
    SELECT run_id, profile, plan_digest, source_sha256 FROM cutter_governance.v_run
     WHERE run_id = %s AND plan_digest IS NOT NULL AND source_sha256 IS NOT NULL
"""
_REGISTERED = """
    WITH enacted AS MATERIALIZED ( -- Few rows: each document is counted once, and not once for each of the others.
             SELECT doc_code, split_part(parent_or_container_ref, '/', 1) AS below, count(*) AS units
               FROM public.information_unit WHERE lifecycle_status = 'enacted' GROUP BY 1, 2),
         of AS MATERIALIZED (SELECT doc_code, sum(units) AS units FROM enacted GROUP BY 1),
         below AS MATERIALIZED (SELECT below, sum(units) AS units FROM enacted GROUP BY 1)
    SELECT d.docprefix, d.origin, coalesce(v.sha256, '') AS sha256, coalesce(a.n, 0) AS aliases, coalesce(b.units, 0) AS enacted_below,
           coalesce(s.signatures, 0) AS signatures, coalesce(greatest(o.units, f.n_units), 0) AS enacted, coalesce(s.sets, 0) AS change_sets, p.docprefix IS NOT NULL AS approved
      FROM cutter_governance.source_document_registry d
      LEFT JOIN of o ON o.doc_code = d.docprefix
      -- Where the next state is enacted already, the rows are of then: what is in force until then is not all in them.
      LEFT JOIN (SELECT docprefix, n_units FROM cutter_governance.v_document_state WHERE in_force_from <= now() AND in_force_until > now()) f USING (docprefix)
      LEFT JOIN below b ON b.below = d.docprefix
      LEFT JOIN (SELECT split_part(canonical_address, '/', 1) AS docprefix, count(*) AS n FROM cutter_governance.canonical_address_alias GROUP BY 1) a USING (docprefix)
      LEFT JOIN (SELECT c.docprefix, count(DISTINCT c.id) AS sets, count(g.id) AS signatures
                   FROM cutter_governance.cut_change_set c LEFT JOIN cutter_governance.dot_pair_signature g ON g.change_set_id = c.id GROUP BY 1) s USING (docprefix)
      LEFT JOIN (SELECT DISTINCT r.docprefix FROM cutter_governance.v_approval a JOIN cutter_governance.run r USING (run_id)
                  WHERE a.purpose = 'cut' AND a.used_for IS NULL AND a.expires > clock_timestamp()) p USING (docprefix)
      LEFT JOIN cutter_governance.source_document_version_registry v
        ON v.docprefix = d.docprefix AND v.sha256 NOT IN (SELECT source_sha256 FROM cutter_governance.run WHERE operation IN ('edit', 'repeal') AND source_sha256 IS NOT NULL)
     ORDER BY 1, v.pinned_at
"""
_LIVE = """
    SELECT DISTINCT ON (d.docprefix) d.docprefix, r.source_sha256 FROM cutter_governance.v_document d
      LEFT JOIN cutter_governance.v_run r ON r.docprefix = d.docprefix AND r.origin LIKE 'live:%' AND r.source_sha256 IS NOT NULL
     WHERE d.live_query IS NOT NULL ORDER BY d.docprefix, r.started_at DESC
"""
_LIVE_QUERY = "SELECT live_query FROM cutter_governance.v_document WHERE docprefix = %s"


def registered_versions(connection: psycopg.Connection) -> tuple[Registered, ...]:
    """Return every document with each source version that a cut could be made of, by prefix, the oldest first."""
    with connection.cursor(row_factory=class_row(Registered)) as cursor:
        return tuple(cursor.execute(_REGISTERED).fetchall())


def live_documents(connection: psycopg.Connection) -> tuple[LiveDocument, ...]:
    """Return the documents whose text lives in the database."""
    return read_rows(connection, LiveDocument, _LIVE)


def live_query_of(connection: psycopg.Connection, docprefix: str) -> str:
    """Return the registered query of a live document. Raises Unmeasured if there is no such document."""
    return str(scalar(connection, _LIVE_QUERY, docprefix))


def run_in_force(connection: psycopg.Connection, docprefix: str) -> CutRun | None:
    """Return the run whose text of the document is in force now; None if none is."""
    return next(iter(read_rows(connection, CutRun, _IN_FORCE_RUN, (docprefix,))), None)


def state_run(connection: psycopg.Connection, run_id: str) -> tuple[CutRun, ...]:
    """Return this run, as one that can have cut a document; empty if its plan is not recorded."""
    return read_rows(connection, CutRun, _STATE_RUN, (run_id,))


def cut_runs(connection: psycopg.Connection, docprefix: str) -> tuple[CutRun, ...]:
    """Return the runs that can have cut the document, those with a sealed manifest first, the newest first."""
    return read_rows(connection, CutRun, _CUT_RUNS, (docprefix,))
