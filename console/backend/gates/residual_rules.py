"""What one connection of the monitoring role says to G8: sessions, documents, functions, settings, rulings, runs, its clock."""

from collections.abc import Callable
from datetime import datetime

import psycopg

from console.backend.approvals.pinning import PolicyPin, pinned_policy
from console.backend.approvals.recorded import RecordedSignature
from console.backend.gates.probe import Probe
from console.backend.model.errors import CutterError
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.postgres.connections import scalar
from console.backend.postgres.records import RunRow, all_runs

_WRITERS = """
    SELECT a.pid, a.usename::text, r.rolsuper FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
     WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
       AND (r.rolsuper OR pg_has_role(r.oid, 'cutter_owner', 'MEMBER') OR EXISTS (
            SELECT 1 FROM (VALUES ('public.information_unit'), ('public.unit_version'), ('public.iu_lifecycle_log')) t (name)
             WHERE has_table_privilege(r.oid, t.name, 'DELETE, TRUNCATE') OR has_any_column_privilege(r.oid, t.name, 'INSERT, UPDATE')))
     ORDER BY a.pid
"""
_LIVE = """
    SELECT DISTINCT ON (d.docprefix) d.docprefix, r.source_sha256 FROM cutter_governance.v_document d
      LEFT JOIN cutter_governance.v_run r ON r.docprefix = d.docprefix AND r.origin LIKE 'live:%' AND r.source_sha256 IS NOT NULL
     WHERE d.live_query IS NOT NULL ORDER BY d.docprefix, r.started_at DESC
"""
_CONSTANTS = """
    SELECT n.nspname || '.' || p.proname || ' names ' || d.docprefix FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     CROSS JOIN cutter_governance.v_document d
     WHERE (n.nspname = 'cutter_governance' OR n.nspname = 'public' AND p.proname LIKE 'fn\\_iu\\_%')
       AND (strpos(p.prosrc, '''' || d.docprefix || '''') > 0 OR strpos(p.prosrc, '''' || d.docprefix || '/') > 0) ORDER BY 1
"""
_USED = """
    SELECT run_id, kind, signers, statement, signatures,
           CASE WHEN row_number() OVER () <= 50 THEN (SELECT array_agg((cutter_governance.fn_openpgp_check(s, statement)).verdict ORDER BY i)
                                                        FROM unnest(signatures) WITH ORDINALITY u (s, i)) END
      FROM (SELECT DISTINCT ON (run_id, kind, statement_sha256) * FROM cutter_governance.v_approval
             WHERE used_for IS NOT NULL ORDER BY run_id DESC, kind, statement_sha256) used
"""
_DURABILITY = """
    SELECT name || ' = ' || setting FROM pg_settings WHERE (name, setting) IN (('fsync', 'off'), ('full_page_writes', 'off'),
           ('synchronous_commit', 'off'), ('wal_level', 'minimal'))
    UNION ALL
    SELECT c.setting || ' for ' || CASE WHEN s.setrole = 0 AND s.setdatabase <> 0 THEN format('DATABASE %I', current_database())
                ELSE CASE WHEN r.rolname IS NULL THEN 'ROLE ALL' ELSE format('ROLE %I', r.rolname) END || CASE WHEN s.setdatabase = 0 THEN '' ELSE format(' IN DATABASE %I', current_database()) END END
      FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole
     CROSS JOIN unnest(s.setconfig) AS c (setting) WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
       AND c.setting ~ '^synchronous_commit=(off|false|no|0)$' ORDER BY 1
"""


class Writer(Value):
    """A session that can write units without the product's functions."""

    pid: int
    role: SafeText
    superuser: bool


class Answers:
    """What one connection of the monitoring role says to all that is asked of it; an error is every question's answer."""

    def __init__(self, probe: Probe) -> None:
        self._error: CutterError | None = None
        self.writers: tuple[Writer, ...] = ()
        self.live: list[tuple[str, str | None]] = []
        self.constants: tuple[str, ...] = ()
        self.weak_settings: tuple[str, ...] = ()
        self.used: list[RecordedSignature] = []
        self.runs: tuple[RunRow, ...] = ()
        self.skew_s = 0.0
        self.pinned: PolicyPin | None = None
        try:
            with probe.monitor() as connection:
                self._read(probe, connection)
        except CutterError as error:
            self._error = error

    def _read(self, probe: Probe, connection: psycopg.Connection) -> None:
        self.skew_s = _skew(connection, probe.installation.context.now)
        self.writers = tuple(
            Writer(pid=pid, role=role, superuser=superuser) for pid, role, superuser in connection.execute(_WRITERS).fetchall()
        )  # fmt: skip
        self.live = connection.execute(_LIVE).fetchall()
        self.runs = all_runs(connection)
        self.constants = tuple(line for (line,) in connection.execute(_CONSTANTS).fetchall())
        self.weak_settings = tuple(line for (line,) in connection.execute(_DURABILITY).fetchall())
        self.used = [
            RecordedSignature(
                run_id=run_id,
                kind=kind,
                signer=signer,
                statement=statement,
                signature=signature,
                in_database=verdict or "",
            )
            for run_id, kind, signers, statement, signatures, verdicts in connection.execute(_USED).fetchall()
            for signer, signature, verdict in zip(signers, signatures, verdicts or [""] * len(signers), strict=True)
        ]
        self.pinned = pinned_policy(connection)

    def require(self) -> None:
        """Raises what kept the connection from answering."""
        if self._error is not None:
            raise self._error


def _skew(connection: psycopg.Connection, now: Callable[[], datetime]) -> float:
    """Seconds that the database's clock is ahead of the host's; the way there and back is halved."""
    before = now()
    theirs = scalar(connection, "SELECT clock_timestamp()")
    after = now()
    assert isinstance(theirs, datetime)
    return (theirs - (before + (after - before) / 2)).total_seconds()
