"""The guards that must stand, the faults of those that do, and the functions that a revert runs through."""

from collections.abc import Iterable

from console.backend.model.console_schema import CONSOLE_SCHEMA
from console.backend.model.tables import (
    BLOCK,
    ENVELOPE,
    LARGE_TABLES,
    LEDGER,
    LIFECYCLE_LOG,
    LIFECYCLE_VOCABULARY,
    UNIT,
    VERIFY_RESULT,
    VERSION,
    Rows,
)
from console.backend.postgres.triggers import ENABLED_ALWAYS, TriggerRow

_UNITS = (UNIT, VERSION)
_CHANGES = ("inserted", "deleted", "truncated")
_KEEPS = {
    Rows.FIXED: ("guard_append_only", "guard_refuse"),
    Rows.CHANGING: ("guard_no_delete", "guard_refuse"),
}

REQUIRED: frozenset[tuple[str, str, str]] = frozenset(
    {(table, "guard_write", "guard_write") for table in _UNITS}
    | {(t, name, "guard_refuse") for t in _UNITS for name in ("guard_no_delete", "guard_transition", "guard_immutable")}
    | {(table, "guard_append_only", "guard_refuse") for table in (LIFECYCLE_LOG, LIFECYCLE_VOCABULARY)}
    | {(table.full_name, *_KEEPS[table.rows]) for table in LEDGER}
    | {(UNIT, name, name) for name in ("guard_transition_log", "guard_amended")}
    | {("cutter_governance.run", name, "guard_refuse") for name in ("guard_run_identity", "guard_run_base")}
    | {
        ("cutter_governance.execution_lease", name, "guard_refuse")
        for name in ("guard_lease_ends_once", "guard_lease_batch")
    }
    | {("cutter_governance.approval_use", "guard_all_or_nothing", "guard_all_or_nothing")}
    | {(ENVELOPE, name, name) for name in ("guard_manifest", "guard_manifest_used")}
    | {(BLOCK, "guard_manifest", "guard_manifest")}
    | {(table, "guard_sealed", "guard_sealed") for table in (ENVELOPE, BLOCK)}
    | {(table, f"keep_count_{change}", "keep_count") for table in LARGE_TABLES for change in _CHANGES}
    | {(UNIT, f"keep_document_{change}", "keep_document") for change in ("inserted", "updated", "deleted")}
    | {(VERIFY_RESULT, "keep_verified", "keep_verified")}
)
"""Table, trigger and the function that it must call, for each trigger that protects units and ledger or keeps numbers of them."""


def guard_faults(present: Iterable[TriggerRow]) -> tuple[str, ...]:
    """Return what is wrong with the guards among these triggers: missing, not ENABLE ALWAYS, or another function behind one."""
    by_place = {(trigger.table, trigger.name): trigger for trigger in present}
    faults = []
    for table, name, function in sorted(REQUIRED):
        trigger = by_place.get((table, name))
        if trigger is None:
            faults.append(f"{name} on {table} is missing")
        # An ordinary trigger does not fire in a session with session_replication_role = replica.
        elif trigger.state != ENABLED_ALWAYS:
            faults.append(f"{name} on {table} is {'disabled' if trigger.state == 'D' else 'not ENABLE ALWAYS'}")
        elif trigger.function != function:
            faults.append(f"{name} on {table} calls {trigger.function}, not {function}")
    return tuple(faults)


REVERTING = frozenset(
    f"{CONSOLE_SCHEMA}.{name}"
    for name in (
        "fn_cut_revert",
        "fn_revert_write",
        "fn_amend_revert_write",
        "fn_amended_units",
        "fn_amended_standing",
        "guard_amended",
        "fn_draft_lines",
        "fn_draft_signed",
        "fn_draft_digest",
        "fn_merkle_root",
        "fn_authorise",
        "fn_assert_leased",
        "fn_write_lock",
        "fn_lock",
        "fn_ruling",
        "fn_ruling_found",
        "fn_approval_signers",
        "fn_batch_of",
        "fn_batch_digest",
        "fn_batch_listed",
        "fn_assert_target",
        "fn_signers",
        "fn_openpgp_check",
        "fn_assert_backup",
        "fn_effect_begin",
        "fn_effect_end",
        "fn_effect_rows",
        "fn_others_digest",
        "fn_step_rows",
        "fn_backup_age",
        "fn_target",
        "fn_approval_spend",
        "fn_event_write",
        "fn_event_run",
        "fn_baseline_write",
        "fn_assert_no_hold",
        "fn_hold_reason",
        "fn_lease_arm",
        "fn_lease_open",
        "fn_lease_end",
        "fn_lease_end_of",
        "fn_readers_digest",
        "fn_readers_root",
        "fn_readers_leaves",
        "fn_document_digest",
        "fn_document_known",
        "fn_base_known",
        "fn_base_rows",
        "fn_base_seal",
        "fn_keep_base",
        "fn_keep_documents",
        "keep_count",
        "keep_document",
        "fn_document_units",
        "fn_stop",
        "guard_refuse",
        "guard_write",
        "guard_transition_log",
        "guard_all_or_nothing",
        "guard_manifest",
        "guard_manifest_used",
        "guard_sealed",
        "fn_cut_write",
        "fn_manifest_seal",
        "fn_manifest_digest",
        "fn_record_write",
        "fn_probe_plan",
        "fn_probe_revert",
        "fn_probe_cut",
    )
)
"""The functions that a revert, its guards and its probe run through."""
