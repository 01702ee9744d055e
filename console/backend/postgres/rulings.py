"""Reads of rulings, their uses and signatures as stored, and of decisions and verifications under them."""

from collections.abc import Iterable
from typing import NamedTuple

import psycopg

from console.backend.postgres.connections import read_rows, scalar


class CutRow(NamedTuple):
    """A recorded cut of a run."""

    ruling: str
    """sha256 of the statement that the cut was made under."""
    decision: str
    """Id of the decision that recorded it."""


class UsedRuling(NamedTuple):
    """A used ruling, its signatures as stored, and the database's verdicts on them.

    `statement` is what was signed: of a member of a batch the statement over the batch.
    """

    run_id: str
    kind: str
    signers: list[str]
    statement: bytes
    signatures: list[bytes]
    verdicts: list[str | None] | None
    all_signatures: int
    """Of all used rulings together, also of those that are not read."""


_FIRST = "SELECT NOT EXISTS (SELECT 1 FROM cutter_governance.approval_use WHERE purpose = 'cut')"
# The database verifies as many as it can in the time of a gate.
_USED = """
    SELECT run_id, kind, signers, signed, signatures,
           (SELECT array_agg((cutter_console.fn_openpgp_check(s, signed)).verdict ORDER BY i) FROM unnest(signatures) WITH ORDINALITY u (s, i)),
           all_signatures
      FROM (SELECT *, (sum(cardinality(signers)) OVER ())::integer AS all_signatures
              FROM (SELECT DISTINCT ON (statement_sha256) * FROM cutter_governance.v_approval
                     WHERE used_for IS NOT NULL ORDER BY statement_sha256, used_at DESC) used
             ORDER BY used_at DESC, run_id DESC, kind, statement_sha256 LIMIT %s) last_used
     ORDER BY used_at DESC, run_id DESC, kind, statement_sha256
"""
_CUTS = """
    SELECT u.run_id, u.statement_sha256, d.id::text
      FROM cutter_governance.approval_use u JOIN cutter_governance.review_decision d ON d.run_id = u.run_id AND d.verdict = 'cut'
     WHERE u.run_id = ANY (%s) AND u.purpose = 'cut'
"""
_SIGNED_DRAFTS = """
    SELECT (s.amendment ->> 'changed')::integer + (s.amendment ->> 'new')::integer
      FROM cutter_governance.v_approval a
     CROSS JOIN LATERAL (SELECT convert_from(a.statement, 'UTF8')::jsonb -> 'amendment') s (amendment)
     WHERE a.run_id = %s AND a.used_for = 'cut'
"""
_UNRECORDED_SINCE = """
    SELECT count(*) FROM cutter_governance.approval_use u WHERE u.run_id <> %s
       AND u.used_at > (SELECT min(o.used_at) FROM cutter_governance.approval_use o WHERE o.run_id = %s)
       AND NOT EXISTS (SELECT 1 FROM cutter_governance.run_effect e WHERE e.run_id = u.run_id AND e.step = u.purpose)
"""
_VERIFICATIONS = "SELECT count(*) FROM cutter_governance.verify_result WHERE run_id = %s"


def is_first_cut(connection: psycopg.Connection) -> bool:
    """Return True if no ruling was used for a cut yet."""
    return scalar(connection, _FIRST) is True


def used_rulings(connection: psycopg.Connection, most: int) -> tuple[UsedRuling, ...]:
    """Return this many of the rulings that were used last, the last one first, which the database verifies again."""
    return read_rows(connection, UsedRuling, _USED, (most,))


def recorded_cuts(connection: psycopg.Connection, run_ids: Iterable[str]) -> dict[str, CutRow]:
    """Return the recorded cuts of these runs, by the run's id; none for a run whose cut is not recorded."""
    rows = read_rows(connection, lambda run_id, *cut: (str(run_id), CutRow(*cut)), _CUTS, (list(run_ids),))
    return dict(rows)


def signed_drafts(connection: psycopg.Connection, run_id: str) -> int:
    """Return how many draft versions the ruling states under which an amendment was cut. Raises Unmeasured if there is none."""
    return int(str(scalar(connection, _SIGNED_DRAFTS, run_id)))


def unrecorded_uses_since(connection: psycopg.Connection, run_id: str) -> int:
    """Return how many rulings of other runs were used since this run's first, with an effect that is not recorded."""
    return int(str(scalar(connection, _UNRECORDED_SINCE, run_id, run_id)))


def count_verifications(connection: psycopg.Connection, run_id: str) -> int:
    """Return how many verdicts were recorded for the run."""
    return int(str(scalar(connection, _VERIFICATIONS, run_id)))
