"""The roles can do what the run needs and no more, and the guards stand, before anybody is asked to sign."""

from functools import partial

import psycopg

from console.backend.model.outcome import Check
from console.backend.model.states import Phase
from console.backend.postgres.asking import Asking, Question, ask_together
from console.backend.postgres.drift import drift_on
from console.backend.postgres.guards import REQUIRED, guard_faults
from console.backend.postgres.measure import measure_identity
from console.backend.postgres.privileges import cut_function_rights, direct_writes
from console.backend.postgres.triggers import foreign_unit_triggers, triggers
from console.backend.runs.phase_context import PhaseContext, PhaseWork
from console.backend.runs.preflight import world_unchanged
from console.backend.runs.site_creation import phase_limit, tried_there


class GrantProbe(PhaseWork):
    """Check privileges before approval, so that a missing grant does not fail at the write."""

    phase = Phase.GRANT_PROBE

    def prepare(self, context: PhaseContext) -> tuple[Check, ...]:
        # A dry run tries nothing that has to be taken back.
        return tried_there(context, phase_limit(context)) if context.is_live else ()

    def measure(self, context: PhaseContext, connection: psycopg.Connection) -> tuple[Check, ...]:
        checks = (_not_superuser, _functions, _guards, _no_direct_writes)
        schema = context.schema.now
        as_installed = partial(_as_installed, context, schema=schema)
        unchanged = partial(world_unchanged, context, own_run_wrote=False, with_rows=True, schema=schema)
        return ask_together(connection, *(partial(check, context) for check in checks), as_installed, unchanged)


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
    missing = [name for name, allowed in cut_function_rights(connection) if not allowed]
    answer = f"EXECUTE is missing on {', '.join(missing)}" if missing else "EXECUTE on all four cut functions"
    return context.check(
        "executor's functions",
        answer,
        "has_function_privilege",
        not missing,
        "Grant it: cutter-console migrate, or see cutter-console drift",
    )


def _guards(context: PhaseContext, connection: psycopg.Connection) -> Check:
    with Asking(connection) as asking:
        strangers, guards = asking.ask(foreign_unit_triggers), asking.ask(triggers)
    faults = (*guard_faults(guards.value), *(f"{name} is not ours" for name in strangers.value))
    answer = "; ".join(faults) or f"{len(REQUIRED)} guard triggers, all ENABLE ALWAYS, no other trigger on units"
    return context.check(
        "guards",
        answer,
        "pg_trigger",
        not faults,
        "Find out who changed them. The SQL that repairs each: cutter-console drift",
    )


def _no_direct_writes(context: PhaseContext, connection: psycopg.Connection) -> Check:
    able = direct_writes(connection)
    answer = f"direct writes possible: {', '.join(able)}" if able else "no role writes units but through the functions"
    return context.check(
        "no direct writes", answer, "has_table_privilege", not able, "REVOKE them; see cutter-console drift"
    )


def _as_installed(context: PhaseContext, connection: psycopg.Connection, schema: Question[str]) -> Check:
    """Grants, definitions, constraints and triggers of every table: a gap is met here and not at the write."""
    changed = drift_on(connection, schema).summary
    answer = changed or "grants, functions and triggers are those of the last migration"
    return context.check(
        "as installed", answer, "v_schema_line", not changed, "Find out who changed them; see cutter-console drift"
    )
