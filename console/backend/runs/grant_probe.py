"""Phase 5: the roles can do what the run needs and no more, and the guards stand, before anybody is asked to sign."""

import psycopg

from console.backend.model.outcome import Check
from console.backend.model.states import Phase
from console.backend.postgres.drift import drift_on
from console.backend.postgres.measure import measure_identity
from console.backend.runs.phase_context import PhaseContext, PhaseWork
from console.backend.runs.preflight import world_unchanged

_FUNCTIONS = """
    SELECT f, has_function_privilege(f::regprocedure, 'EXECUTE')
      FROM unnest(ARRAY['cutter_governance.fn_cut_apply(text, bytea, bytea, jsonb)', 'cutter_governance.fn_cut_record(text, jsonb)',
           'cutter_governance.fn_cut_enact(text, jsonb)', 'cutter_governance.fn_cut_revert(text, jsonb)']) AS f
"""
_GUARDS = """
    SELECT c.oid::regclass::text || '.' || t.tgname, t.tgenabled::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('public', 'cutter_governance') AND t.tgname LIKE 'guard\\_%' AND NOT t.tgisinternal
"""
_STRANGERS = """
    SELECT c.oid::regclass::text || '.' || t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE c.oid IN ('public.information_unit'::regclass, 'public.unit_version'::regclass)
       AND t.tgname NOT LIKE 'guard\\_%' AND NOT t.tgisinternal
"""
_DIRECT_WRITES = """
    SELECT r.rolname || ' on ' || t.name FROM pg_roles r,
           (VALUES ('public.information_unit'), ('public.unit_version'), ('public.iu_lifecycle_log')) AS t (name)
     WHERE r.rolname IN ('cutter_exec', 'cutter_verify', 'cutter_ro')
       AND (has_table_privilege(r.oid, t.name, 'DELETE, TRUNCATE') OR has_any_column_privilege(r.oid, t.name, 'INSERT, UPDATE'))
"""


class GrantProbe(PhaseWork):
    """Check privileges before approval, so that a missing grant does not fail at the write."""

    phase = Phase.GRANT_PROBE

    def measure(self, context: PhaseContext, connection: psycopg.Connection) -> tuple[Check, ...]:
        return (
            _not_superuser(context, connection),
            _functions(context, connection),
            _guards(context, connection),
            _no_direct_writes(context, connection),
            _as_installed(context, connection),
            world_unchanged(context, connection, own_run_wrote=False),
        )


def _not_superuser(context: PhaseContext, connection: psycopg.Connection) -> Check:
    identity = measure_identity(connection, context.installation.context.host)
    return context.check(
        "executor is no superuser",
        f"role {identity.role}",
        "pg_roles",
        not identity.superuser,
        "Connect as cutter_exec.",
    )


def _functions(context: PhaseContext, connection: psycopg.Connection) -> Check:
    missing = [name for name, allowed in connection.execute(_FUNCTIONS).fetchall() if not allowed]
    answer = f"EXECUTE is missing on {', '.join(missing)}" if missing else "EXECUTE on all four cut functions"
    return context.check(
        "executor's functions",
        answer,
        "has_function_privilege",
        not missing,
        "Grant it: cutter-console migrate, or see cutter-console drift",
    )


def _guards(context: PhaseContext, connection: psycopg.Connection) -> Check:
    rows = connection.execute(_GUARDS).fetchall()
    asleep = [name for name, enabled in rows if enabled != "A"]
    strangers = [name for (name,) in connection.execute(_STRANGERS).fetchall()]
    wrong = [f"{name} is not ENABLE ALWAYS" for name in asleep] + [f"{name} is not ours" for name in strangers]
    answer = "; ".join(wrong) or f"{len(rows)} guard triggers, all ENABLE ALWAYS, no other trigger on units"
    return context.check(
        "guards",
        answer,
        "pg_trigger",
        bool(rows) and not wrong,
        "Find out who changed them; ALTER TABLE … ENABLE ALWAYS TRIGGER repairs it.",
    )


def _no_direct_writes(context: PhaseContext, connection: psycopg.Connection) -> Check:
    able = [name for (name,) in connection.execute(_DIRECT_WRITES).fetchall()]
    answer = f"direct writes possible: {', '.join(able)}" if able else "no role writes units but through the functions"
    return context.check(
        "no direct writes", answer, "has_table_privilege", not able, "REVOKE them; see cutter-console drift"
    )


def _as_installed(context: PhaseContext, connection: psycopg.Connection) -> Check:
    """Grants, definitions, constraints and triggers of every table: a gap is met here and not at the write."""
    found = drift_on(connection).differences
    changed = [f"{one.what} {one.subject}: expected {one.expected}, actual {one.actual}" for one in found]
    more = f"; and {len(changed) - 3} more" if len(changed) > 3 else ""
    answer = (
        "; ".join(changed[:3]) + more if changed else "grants, functions and triggers are those of the last migration"
    )
    return context.check(
        "as installed", answer, "v_schema_line", not changed, "Find out who changed them; see cutter-console drift"
    )
