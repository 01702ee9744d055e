"""Reads of functions: the product's, as installed and as pinned, and constants in their texts."""

import json
from typing import NamedTuple

import psycopg

from console.backend.postgres.connections import read_column, read_rows


class Routine(NamedTuple):
    """A function as the catalogue has it; its text is inspected, and not recorded."""

    name: str
    arguments: str
    text: str
    sha256: str
    closed: bool
    """True if its search_path is set to `pg_catalog, pg_temp`."""


_ROUTINES = """
    SELECT format('%I.%I', n.nspname, p.proname), pg_get_function_identity_arguments(p.oid), p.prosrc,
           encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex'), coalesce('search_path=pg_catalog, pg_temp' = ANY (p.proconfig), false)
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname IN ('cutter_governance', 'cutter_console') OR n.nspname = 'public' AND p.proname LIKE 'fn\\_iu\\_%'
"""
_PINNED = 'SELECT line FROM cutter_governance.v_schema_pin WHERE line LIKE \'["function", %"body"%\''
# Each constant is taken out of the texts once, up to the next quote or stroke, and looked up: to look for each document in
# each text takes seconds where there are thousands of documents. The sign behind it may begin the next constant.
_NAMING_DOCUMENTS = """
    SELECT p.name || ' names ' || d.docprefix
      FROM (SELECT n.nspname || '.' || p.proname AS name, c.constant
              FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
             CROSS JOIN LATERAL (SELECT DISTINCT (regexp_matches(p.prosrc, '''([^''/]+)(?=[''/])', 'g'))[1]) c (constant)
             WHERE n.nspname IN ('cutter_governance', 'cutter_console') OR n.nspname = 'public' AND p.proname LIKE 'fn\\_iu\\_%') p
      JOIN cutter_governance.v_document d ON d.docprefix = p.constant ORDER BY 1
"""


def measure_routines(connection: psycopg.Connection) -> tuple[Routine, ...]:
    """Return every function of the product's names."""
    return read_rows(connection, Routine, _ROUTINES)


def pinned_bodies(connection: psycopg.Connection) -> dict[str, str]:
    """Return the sha256 of each function's body as the last migration pinned it, by signature."""
    pinned = {}
    for line in read_column(connection, _PINNED):
        _, object_, _, _, sha256 = json.loads(line)
        pinned[str(object_).removeprefix("FUNCTION ")] = str(sha256)
    return pinned


def routines_naming_documents(connection: psycopg.Connection) -> tuple[str, ...]:
    """Return each function whose text holds a registered document's prefix as a constant, with the prefix."""
    return read_column(connection, _NAMING_DOCUMENTS)
