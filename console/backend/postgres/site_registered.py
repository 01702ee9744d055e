"""The document and its version in the organisation's registries: whether their rows are there before a run adds them."""

from functools import partial

import psycopg
from psycopg import sql

from console.backend.model.site_governance import Governance, Part, Source
from console.backend.postgres.asking import ask_together
from console.backend.postgres.site_governance import key_of


def rows_there(connection: psycopg.Connection, governance: Governance, docprefix: str, sha256: str) -> frozenset[Part]:
    """Return which of the document and its version have their row in the organisation's tables already."""
    parts = dict(governance.parts)
    document, version = parts.get(Part.DOCUMENT), parts.get(Part.DOCUMENT_VERSION)
    keys: dict[Part, sql.Composable] = {}
    known: sql.Composable = sql.SQL("NULL::text")
    if document is not None:
        keys[Part.DOCUMENT] = key_of(document, Source.DOCUMENT_ID, {Source.DOCUMENT: "%(document)s"})
    if version is not None:
        of = {Source.DOCUMENT_ID: "key.document", Source.SOURCE_SHA256: "%(sha256)s"}
        known = (
            key_of(document, Source.DOCUMENT_ID, {Source.DOCUMENT: "%(document)s"}) if document is not None else known
        )
        keys[Part.DOCUMENT_VERSION] = sql.SQL("(SELECT {} FROM (SELECT {} AS document) key)").format(
            key_of(version, Source.DOCUMENT_VERSION_ID, of), known
        )
    questions = (partial(_asked, key=key, docprefix=docprefix, sha256=sha256) for key in keys.values())
    there = ask_together(connection, *questions)
    return frozenset(part for part, is_there in zip(keys, there, strict=True) if is_there)


def _asked(connection: psycopg.Connection, key: sql.Composable, docprefix: str, sha256: str) -> bool:
    query = sql.SQL("SELECT {} IS NOT NULL").format(key)
    row = connection.execute(query, {"document": docprefix, "sha256": sha256}).fetchone()
    return bool(row and row[0])
