"""Runs that have written units of a document, or its repeal: as drafts, as law, or taken back since."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import psycopg

from console.backend.model.purposes import RunOperation
from console.backend.model.states import CUT_STAGES, Family, Stage
from console.backend.postgres.connections import read_rows


class DocumentRun(NamedTuple):
    """One of them, by what it has written."""

    run_id: str
    docprefix: str
    operation: RunOperation
    stage: Stage
    family: Family
    changed_at: datetime
    """Time of its last step: of a run that was reverted, not before its revert."""
    state: int | None
    """Number of the state of the document that it enacted; None if it has enacted nothing."""


_RUNS = """
    SELECT r.run_id, r.docprefix, r.operation, r.stage, r.family, r.changed_at, s.state
      FROM cutter_governance.v_run r
      LEFT JOIN cutter_governance.v_document_state s ON s.run_id = r.run_id AND s.docprefix = r.docprefix
     WHERE r.stage = ANY (%s) AND r.operation <> 'edit' AND r.docprefix = ANY ({})
     ORDER BY s.state DESC NULLS FIRST, r.started_at DESC, r.run_id
"""
_OF_DOCUMENTS = _RUNS.format("%s")
_BESIDE = _RUNS.format("ARRAY (SELECT o.docprefix FROM cutter_governance.v_run o WHERE o.run_id = ANY (%s))")
_STAGES = sorted(CUT_STAGES)


def runs_of_documents(connection: psycopg.Connection, docprefixes: Iterable[str]) -> tuple[DocumentRun, ...]:
    """Return the runs that have written under these prefixes: those with drafts first, then the newest law first."""
    return read_rows(connection, _document_run, _OF_DOCUMENTS, (_STAGES, sorted(set(docprefixes))))


def runs_beside(connection: psycopg.Connection, run_id: str) -> tuple[DocumentRun, ...]:
    """Return the runs that have written under this run's prefix, in the same order; the run itself if it has."""
    return runs_beside_all(connection, (run_id,))


def runs_beside_all(connection: psycopg.Connection, run_ids: Iterable[str]) -> tuple[DocumentRun, ...]:
    """Return the runs that have written under the prefixes of any of these runs, in the same order."""
    return read_rows(connection, _document_run, _BESIDE, (_STAGES, list(run_ids)))


def _document_run(
    run_id: str, docprefix: str, operation: str, stage: str, family: str, changed_at: datetime, state: int | None
) -> DocumentRun:
    return DocumentRun(run_id, docprefix, RunOperation(operation), Stage(stage), Family(family), changed_at, state)
