"""Protections of the database, by migration. What a later migration replaces is named there: 0012 replaces most of 0004 to 0007."""

from pathlib import Path

from mutants.mutant import Mutant

_FOLDER = "console/backend/postgres/migrations"
_GUARDS, _SWITCH, _OPENPGP = f"{_FOLDER}/0003_guards.sql", f"{_FOLDER}/0004_switch.sql", f"{_FOLDER}/0011_openpgp.sql"
_STATES, _AMENDED = f"{_FOLDER}/0015_states.sql", f"{_FOLDER}/0016_amendments.sql"
_SCALE, _BATCHES = f"{_FOLDER}/0017_scale.sql", f"{_FOLDER}/0018_batches.sql"
_EFFECTS, _BASE = f"{_FOLDER}/0019_effects.sql", f"{_FOLDER}/0026_base.sql"
_OTHER_TEXT, _PIECES = f"{_FOLDER}/0027_other_text.sql", f"{_FOLDER}/0028_pieces.sql"
_PLANNED, _LESS_READ = f"{_FOLDER}/0030_planned.sql", f"{_FOLDER}/0031_less_read.sql"
_FAILOVER = f"{_FOLDER}/0020_failover.sql"
(_SEARCH,) = (f"{_FOLDER}/{path.name}" for path in (Path(__file__).parents[1] / _FOLDER).glob("*_search.sql"))
(_PAGES,) = (f"{_FOLDER}/{path.name}" for path in (Path(__file__).parents[1] / _FOLDER).glob("*_bounded_pages.sql"))
_MOVE = f"{_FOLDER}/0022_console_schema.sql"
(_STOP,) = (f"{_FOLDER}/{path.name}" for path in (Path(__file__).parents[1] / _FOLDER).glob("*_stop.sql"))
(_CUSTODY,) = (f"{_FOLDER}/{path.name}" for path in (Path(__file__).parents[1] / _FOLDER).glob("*_custody.sql"))
_SEALED, _PROBES = f"{_FOLDER}/0012_sealed.sql", f"{_FOLDER}/0013_probes.sql"
_TESTS = "tests/backend/postgres"
_RUNS = "tests/backend/runs/test_document_states.py"


def _test(file: str, *names: str) -> tuple[str, ...]:
    """Return node ids of tests of the database."""
    return tuple(f"{_TESTS}/test_{file}.py::test_{name}" for name in names)


# 0003: the triggers. Of these 0012 replaces guard_run_identity, and 0016 the guards of units but guard_write.
_OF_GUARDS = (
    Mutant(
        "units are written by the owner's functions alone, even under a used approval",
        _GUARDS,
        "IF current_user <> 'cutter_owner' OR NOT EXISTS (",
        "IF NOT EXISTS (",
        _test("owner_writes", "a_superuser_writes_no_unit_in_the_transaction_of_a_cut"),
    ),
    Mutant(
        "a unit is written only in the transaction that uses an approval",
        _GUARDS,
        "SELECT 1 FROM cutter_governance.approval_use WHERE xid = pg_current_xact_id()) THEN",
        "SELECT 1 FROM cutter_governance.approval_use) THEN",
        _test(
            "guards",
            "a_direct_write_to_units_is_refused_whoever_asks[update of nothing-superuser as the owner]",
        ),
    ),
    Mutant(
        "a manifest needs an open lease",
        _BATCHES,
        "    IF EXISTS (SELECT 1\n                 FROM (SELECT DISTINCT run_id FROM new_row) n\n                WHERE NOT EXISTS (SELECT 1\n                                    FROM cutter_governance.execution_lease l\n",
        "    IF false AND EXISTS (SELECT 1\n                 FROM (SELECT DISTINCT run_id FROM new_row) n\n                WHERE NOT EXISTS (SELECT 1\n                                    FROM cutter_governance.execution_lease l\n",
        _test("manifest", "a_manifest_needs_a_lease"),
    ),
    Mutant(
        "the lease of a manifest has not expired",
        _BATCHES,
        "                                     AND l.expires_at > clock_timestamp())) THEN",
        "                                     )) THEN",
        _test("owner_writes", "a_manifest_is_not_written_under_an_expired_lease"),
    ),
    Mutant(
        "blocks come with an envelope of their own transaction",
        _BATCHES,
        "                                   WHERE e.run_id = n.run_id\n                                     AND e.xid = pg_current_xact_id())) THEN",
        "                                   WHERE e.run_id = n.run_id)) THEN",
        _test("owner_writes", "a_block_is_not_added_to_an_envelope_of_an_earlier_transaction"),
    ),
    Mutant(
        "a manifest is committed only with its cut",
        _GUARDS,
        "IF NOT EXISTS (SELECT 1 FROM cutter_governance.approval_use u\n"
        "                    WHERE u.run_id = NEW.run_id AND u.purpose IN ('cut', 'edit')",
        "IF false AND NOT EXISTS (SELECT 1 FROM cutter_governance.approval_use u\n"
        "                    WHERE u.run_id = NEW.run_id AND u.purpose IN ('cut', 'edit')",
        _test("manifest", "a_manifest_without_its_cut_cannot_be_committed"),
    ),
    Mutant(
        "units are never deleted",
        _GUARDS,
        "guard_no_delete BEFORE DELETE OR TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION"
        " cutter_governance.guard_refuse(%L)', t, 'units",
        "guard_no_delete BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION"
        " cutter_governance.guard_refuse(%L)', t, 'units",
        _test("guards", "a_direct_write_to_units_is_refused_whoever_asks[delete version-superuser]"),
    ),
    Mutant(
        "units are never truncated",
        _GUARDS,
        "guard_no_delete BEFORE DELETE OR TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION"
        " cutter_governance.guard_refuse(%L)', t, 'units",
        "guard_no_delete BEFORE DELETE ON %s FOR EACH STATEMENT EXECUTE FUNCTION"
        " cutter_governance.guard_refuse(%L)', t, 'units",
        _test("guards", "a_direct_write_to_units_is_refused_whoever_asks[truncate version-superuser]"),
    ),
    Mutant(
        "enacted units do not become drafts again",
        _AMENDED,
        "NOT IN (('draft', 'enacted'), ('draft', 'superseded'),",
        "NOT IN (('enacted', 'draft'), ('draft', 'enacted'), ('draft', 'superseded'),",
        _test(
            "guards",
            "an_enacted_row_is_immutable_even_under_an_approval[information_unit SET lifecycle_status = 'draft']",
        ),
    ),
    Mutant(
        "drafts and law are not retired at once",
        _AMENDED,
        "NOT IN (('draft', 'enacted'), ('draft', 'superseded'),",
        "NOT IN (('enacted', 'retired'), ('draft', 'enacted'), ('draft', 'superseded'),",
        _test(
            "guards",
            "an_enacted_row_is_immutable_even_under_an_approval[information_unit SET lifecycle_status = 'retired']",
        ),
    ),
    Mutant(
        "a unit keeps its address",
        _AMENDED,
        "WHEN (ROW (OLD.id, OLD.canonical_address, ",
        "WHEN (ROW (OLD.id, NEW.canonical_address, ",
        _test(
            "guards",
            "an_enacted_row_is_immutable_even_under_an_approval[information_unit SET canonical_address = 'OTHER/1']",
        ),
    ),
    Mutant(
        "a unit is not deleted softly",
        _AMENDED,
        "OLD.created_by, OLD.created_at, OLD.deleted_at)",
        "OLD.created_by, OLD.created_at, NEW.deleted_at)",
        _test("guards", "an_enacted_row_is_immutable_even_under_an_approval[information_unit SET deleted_at = now()]"),
    ),
    Mutant(
        "an enacted unit keeps its owner",
        _AMENDED,
        "ROW (OLD.owner_ref, OLD.publication_type",
        "ROW (NEW.owner_ref, OLD.publication_type",
        _test(
            "guards", "an_enacted_row_is_immutable_even_under_an_approval[information_unit SET owner_ref = 'mallory']"
        ),
    ),
    Mutant(
        "an enacted unit keeps its version",
        _AMENDED,
        "                    OLD.version_anchor_ref, OLD.content_anchor_ref)",
        "                    NEW.version_anchor_ref, OLD.content_anchor_ref)",
        _test(
            "guards",
            "an_enacted_row_is_immutable_even_under_an_approval"
            "[information_unit SET version_anchor_ref = gen_random_uuid()]",
        ),
    ),
    Mutant(
        "a version keeps its body",
        _GUARDS,
        "OLD.title, OLD.body, OLD.content_hash",
        "OLD.title, NEW.body, OLD.content_hash",
        _test("guards", "an_enacted_row_is_immutable_even_under_an_approval[unit_version SET body = 'another body']"),
    ),
    Mutant(
        "a version keeps its title",
        _GUARDS,
        "OLD.version_seq, OLD.title,",
        "OLD.version_seq, NEW.title,",
        _test("guards", "an_enacted_row_is_immutable_even_under_an_approval[unit_version SET title = 'another title']"),
    ),
    Mutant(
        "the time of an enactment stays",
        _GUARDS,
        "OR (OLD.enacted_at IS NOT NULL AND NEW.enacted_at IS DISTINCT FROM OLD.enacted_at))",
        ")",
        _test("guards", "an_enacted_row_is_immutable_even_under_an_approval[unit_version SET enacted_at = NULL]"),
    ),
    Mutant(
        "each change of lifecycle is logged",
        _GUARDS,
        "     WHERE o.lifecycle_status IS DISTINCT FROM n.lifecycle_status;",
        "     WHERE false;",
        _test("cut", "an_enactment_adds_n_log_rows_and_a_decision_of_its_own"),
    ),
    Mutant(
        "a ledger row is never updated",
        _GUARDS,
        "guard_append_only BEFORE UPDATE OR DELETE OR TRUNCATE",
        "guard_append_only BEFORE DELETE OR TRUNCATE",
        _test("guards", "a_ledger_row_is_never_updated[cutter_governance.approval]"),
    ),
    Mutant(
        "a ledger row is never deleted",
        _GUARDS,
        "guard_append_only BEFORE UPDATE OR DELETE OR TRUNCATE",
        "guard_append_only BEFORE UPDATE OR TRUNCATE",
        _test("guards", "the_record_is_never_deleted_or_truncated[superuser-cutter_governance.run_event]"),
    ),
    Mutant(
        "a ledger table is never truncated",
        _GUARDS,
        "guard_append_only BEFORE UPDATE OR DELETE OR TRUNCATE",
        "guard_append_only BEFORE UPDATE OR DELETE",
        _test("guards", "the_record_is_never_deleted_or_truncated[superuser-cutter_governance.baseline_pin]"),
    ),
    Mutant(
        "the use of an approval is on the list of ledger tables",
        _GUARDS,
        "'cutter_governance.approval', 'cutter_governance.approval_use', ",
        "'cutter_governance.approval', ",
        _test("guards", "a_ledger_row_is_never_updated[cutter_governance.approval_use]"),
    ),
    Mutant(
        "HOLD events are on the list of ledger tables",
        _GUARDS,
        "'cutter_governance.hold_event',",
        "",
        _test("guards", "the_record_is_never_deleted_or_truncated[superuser-cutter_governance.hold_event]"),
    ),
    Mutant(
        "runs, leases and the lock are never deleted",
        _GUARDS,
        "guard_no_delete BEFORE DELETE OR TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION"
        " cutter_governance.guard_refuse(%L)', t, 'the record",
        "guard_no_delete BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION"
        " cutter_governance.guard_refuse(%L)', t, 'the record",
        _test("guards", "the_record_is_never_deleted_or_truncated[superuser-cutter_governance.execution_lock]"),
    ),
    Mutant(
        "a lease that has ended is not reopened",
        _SEALED,
        "WHEN (OLD.ended_at IS NOT NULL\n          OR ROW (",
        "WHEN (ROW (",
        _test(
            "guards",
            "a_run_keeps_its_plan_and_a_lease_is_never_extended_or_reopened"
            "[execution_lease SET ended_at = NULL, end_reason = NULL]",
        ),
    ),
    Mutant(
        "a lease is not extended",
        _SEALED,
        "OLD.armed_by, OLD.armed_at,\n                  OLD.expires_at, OLD.server_started)\n              IS DISTINCT",
        "OLD.armed_by, OLD.armed_at, NEW.expires_at, OLD.server_started)\n              IS DISTINCT",
        _test("owner_writes", "an_open_lease_is_not_extended_even_by_a_superuser"),
    ),
    Mutant(
        "a lease keeps the server that it was armed on",
        _SEALED,
        "OLD.armed_by, OLD.armed_at,\n                  OLD.expires_at, OLD.server_started)\n              IS DISTINCT",
        "OLD.armed_by, OLD.armed_at,\n                  OLD.expires_at, NEW.server_started)\n              IS DISTINCT",
        _test("owner_writes", "an_open_lease_keeps_the_server_that_it_was_armed_on"),
    ),
    Mutant(
        "a lease that was taken up is not handed on",
        _SEALED,
        "OR (OLD.taken_at IS NOT NULL\n              AND ROW (OLD.holder_pid, OLD.holder_role, OLD.taken_at)",
        "OR (false\n              AND ROW (OLD.holder_pid, OLD.holder_role, OLD.taken_at)",
        _test("owner_writes", "a_lease_that_was_taken_up_is_not_handed_on[holder_pid = 1]"),
    ),
    Mutant(
        "guards fire in replica mode too",
        _GUARDS,
        "EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', r.tbl, r.tgname);",
        "NULL;",
        _test(
            "guards",
            "a_direct_write_to_units_is_refused_whoever_asks[insert-superuser in replica mode]",
        ),
    ),
)

_OF_HOLDS = (
    Mutant(
        "the database looks for a HOLD at all",
        _SWITCH,
        "held text := cutter_governance.fn_hold_reason();",
        "held text := NULL;",
        _test("authority", "no_function_writes_under_a_hold[fn_cut_apply]"),
    ),
    Mutant(
        "the HOLD check at the end of the cut function",
        _AMENDED,
        "    PERFORM cutter_governance.fn_assert_no_hold();\n    RETURN written;",
        "    RETURN written;",
        _test("holds_in_mid_write", "a_hold_that_is_set_while_a_function_writes_stops_that_function[cut]"),
    ),
    Mutant(
        "the HOLD check at the end of the edit function",
        _SEALED,
        "    PERFORM cutter_governance.fn_assert_no_hold();\n    RETURN jsonb_build_object('status', 'edited', ",
        "    RETURN jsonb_build_object('status', 'edited', ",
        _test("holds_in_mid_write", "a_hold_that_is_set_while_a_function_writes_stops_that_function[edit]"),
    ),
    Mutant(
        "the HOLD check at the end of the record function",
        _SEALED,
        "    PERFORM cutter_governance.fn_assert_no_hold();\n    RETURN jsonb_build_object('status', 'recorded', ",
        "    RETURN jsonb_build_object('status', 'recorded', ",
        _test("holds_in_mid_write", "a_hold_that_is_set_while_a_function_writes_stops_that_function[record]"),
    ),
    Mutant(
        "the HOLD check at the end of the enactment function",
        _AMENDED,
        "    PERFORM cutter_governance.fn_assert_no_hold();\n    RETURN jsonb_build_object('status', 'enacted', ",
        "    RETURN jsonb_build_object('status', 'enacted', ",
        _test("holds_in_mid_write", "a_hold_that_is_set_while_a_function_writes_stops_that_function[enact]"),
    ),
    Mutant(
        "the HOLD check at the end of the revert function",
        _AMENDED,
        "    PERFORM cutter_governance.fn_assert_no_hold();\n    RETURN jsonb_build_object('status', 'reverted', ",
        "    RETURN jsonb_build_object('status', 'reverted', ",
        _test("holds_in_mid_write", "a_hold_that_is_set_while_a_function_writes_stops_that_function[revert]"),
    ),
    Mutant(
        "the HOLD check between an effect and its COMMIT",
        _PLANNED,
        "    PERFORM cutter_console.fn_assert_no_hold();\n"
        "    -- A transaction sees the sessions as it first saw them: one that has ended since would still seem to be there.\n"
        "    PERFORM pg_stat_clear_snapshot();",
        "    PERFORM pg_stat_clear_snapshot();",
        _test("holds_in_mid_write", "a_hold_that_is_set_after_the_effect_stops_its_commit"),
    ),
    Mutant(
        "a HOLD is named before a lock that somebody holds",
        _SEALED,
        "BEGIN\n    PERFORM cutter_governance.fn_assert_no_hold();\n    PERFORM cutter_governance.fn_lock(p_wait);",
        "BEGIN\n    PERFORM cutter_governance.fn_lock(p_wait);",
        _test("holds_in_mid_write", "a_hold_is_named_before_the_lock_of_another_writer"),
    ),
    Mutant(
        "a HOLD that was set while somebody waited for the lock is seen",
        _SEALED,
        "    PERFORM cutter_governance.fn_lock(p_wait);\n    PERFORM cutter_governance.fn_assert_no_hold();",
        "    PERFORM cutter_governance.fn_lock(p_wait);",
        _test("holds_in_mid_write", "a_hold_that_is_set_while_somebody_waits_to_arm_stops_the_arming"),
    ),
    Mutant(
        "a HOLD ends the open lease",
        _SEALED,
        "    PERFORM cutter_governance.fn_lease_end('a HOLD was set');\n",
        "",
        _test("authority", "a_hold_ends_the_lease_that_is_open_and_its_release_does_not_bring_it_back"),
    ),
    Mutant(
        "a lease that another session has taken up is left to it",
        _BATCHES,
        "AND (l.taken_at IS NULL\n"
        "                          OR l.holder_pid = p_holder\n"
        "                          OR NOT EXISTS (SELECT 1 FROM cutter_governance.v_lease_standing s WHERE s.id = l.id))\n"
        "                     FOR UPDATE",
        "FOR UPDATE",
        (
            "tests/backend/runs/test_lease.py::test_a_run_that_comes_to_rest_leaves_a_lease_that_another_session_has_taken_up",
        ),
    ),
    Mutant(
        "a HOLD voids a lease whose row somebody has locked",
        _LESS_READ,
        "\n       AND NOT EXISTS (SELECT 1 FROM cutter_governance.hold_event h WHERE h.action = 'set' AND h.at >= l.armed_at)\n",
        "\n",
        _test("holds_in_mid_write", "a_hold_voids_a_lease_whose_row_is_locked_though_it_is_released_again"),
    ),
    Mutant(
        "a HOLD has a reason and an author of bounded length",
        _SEALED,
        "IF coalesce(length(p_reason), 0) NOT BETWEEN 1 AND 500\n"
        "       OR coalesce(length(p_by), 0) NOT BETWEEN 1 AND 200\n"
        "       OR length(p_run_id) > 200 THEN",
        "IF false THEN",
        _test("authority", "the_reason_of_a_hold_and_who_sets_it_are_named_and_bounded"),
    ),
)

_OF_LOCK_AND_LEASE = (
    Mutant(
        "no write looks at an old snapshot",
        _SEALED,
        "IF current_setting('transaction_isolation') <> 'read committed'\n       OR",
        "IF",
        _test("write_lock", "no_write_looks_at_an_old_snapshot[cut-REPEATABLE READ]"),
    ),
    Mutant(
        "no write is made where foreign keys are not asked",
        _SEALED,
        " OR current_setting('session_replication_role') <> 'origin' THEN",
        " THEN",
        _test("write_lock", "no_write_is_made_where_foreign_keys_are_not_asked[cut]"),
    ),
    Mutant(
        "one writer at a time",
        _SEALED,
        "    PERFORM cutter_governance.fn_lock(p_wait);\n",
        "",
        _test("write_lock", "a_writer_is_told_of_another_one_before_anything_else[cut]"),
    ),
    Mutant(
        "writing asks for lock and HOLD before anything else",
        _SEALED,
        "    PERFORM cutter_governance.fn_write_lock();\n    IF EXISTS (SELECT 1 FROM cutter_governance.approval_use u",
        "    IF EXISTS (SELECT 1 FROM cutter_governance.approval_use u",
        _test("write_lock", "a_writer_is_told_of_another_one_before_anything_else[enact]"),
    ),
    Mutant(
        "leg B asks for lock and HOLD before anything else",
        _SEALED,
        "    PERFORM cutter_governance.fn_write_lock();\n    begun := cutter_governance.fn_effect_begin(p_run_id, 'record');",
        "    begun := cutter_governance.fn_effect_begin(p_run_id, 'record');",
        _test("write_lock", "a_writer_is_told_of_another_one_before_anything_else[record]"),
    ),
    Mutant(
        "one transaction has one effect",
        _SEALED,
        "IF EXISTS (SELECT 1 FROM cutter_governance.approval_use u WHERE u.xid = pg_current_xact_id_if_assigned()) THEN",
        "IF false THEN",
        (
            "tests/attacks/test_one_signed_effect.py"
            "::test_an_enactment_and_a_revert_in_one_transaction_would_be_logged_as_one_so_they_are_refused",
        ),
    ),
    Mutant(
        "writing needs an armed switch",
        _SEALED,
        "    PERFORM cutter_governance.fn_assert_leased(p_run_id, p_purpose);\n    SELECT * INTO r",
        "    SELECT * INTO r",
        _test("authority", "no_function_writes_without_a_lease[fn_cut_enact]"),
    ),
    Mutant(
        "leg B needs an armed switch",
        _SEALED,
        "    PERFORM cutter_governance.fn_assert_leased(p_run_id, 'cut');\n",
        "",
        _test("authority", "no_function_writes_without_a_lease[fn_cut_record]"),
    ),
    Mutant(
        "a lease serves its run alone",
        _BATCHES,
        "AND coalesce(l.run_id, l.batch_id) IN (p_run_id, cutter_governance.fn_batch_of(p_run_id))) THEN",
        "AND true) THEN",
        _test("authority", "the_approval_of_one_run_does_not_serve_another"),
    ),
    Mutant(
        "a lease serves its purpose alone",
        _BATCHES,
        "WHERE l.purpose = p_purpose\n                      AND coalesce",
        "WHERE true\n                      AND coalesce",
        _test("authority", "a_lease_for_one_purpose_serves_no_other[fn_cut_enact]"),
    ),
    Mutant(
        "a lease ends with the server that it was armed on",
        _LESS_READ,
        " AND l.server_started = pg_postmaster_start_time()\n",
        "\n",
        ("tests/backend/runs/test_lease.py::test_a_lease_ends_with_the_server_that_it_was_armed_on",),
    ),
    Mutant(
        "a lease that was taken up ends with the session that holds it",
        _LESS_READ,
        "AND (l.taken_at IS NULL\n            OR EXISTS (SELECT 1\n",
        "AND (true\n            OR EXISTS (SELECT 1\n",
        ("tests/backend/runs/test_lease.py::test_a_kill_closes_the_switch_at_that_moment",),
    ),
    Mutant(
        "the holder of a lease is known by its process",
        _LESS_READ,
        "FROM pg_stat_get_activity(l.holder_pid) s\n                        WHERE s.pid = l.holder_pid\n                          AND s.usesysid",
        "FROM pg_stat_get_activity(NULL) s\n                        WHERE s.usesysid",
        ("tests/backend/runs/test_lease.py::test_a_stranger_who_takes_the_holders_name_holds_no_lease[cutter_exec]",),
    ),
    *(
        Mutant(
            f"the session that holds a lease has the holder's number, and its {part} too",
            _LESS_READ,
            text,
            "",
            (f"tests/backend/runs/test_lease.py::test_a_session_that_gets_the_holder_s_number_holds_no_lease[{case}]",),
        )
        for part, case, text in (
            ("role", "of another role", "\n                          AND s.usesysid = l.holder_role"),
            (
                "database",
                "in another database",
                "\n                          AND s.datid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())",
            ),
            (
                "name",
                "of another name",
                "\n                          AND s.application_name = 'cutter-console lease ' || l.id",
            ),
        )
    ),
    Mutant(
        "a lease is held by one session",
        _BATCHES,
        "AND ended_at IS NULL\n       AND taken_at IS NULL\n    RETURNING id INTO leased;",
        "AND ended_at IS NULL\n    RETURNING id INTO leased;",
        ("tests/backend/runs/test_lease.py::test_a_lease_that_another_session_holds_is_not_taken_over",),
    ),
    Mutant(
        "the units of a large amendment are not looked up row by row",
        _PLANNED,
        "set_config('enable_nestloop', 'off', true)",
        "set_config('enable_nestloop', 'on', true)",
        (
            "tests/backend/postgres/test_amended_drafts.py"
            "::test_the_units_of_a_large_amendment_are_not_looked_up_row_by_row[5000-False]",
        ),
    ),
    Mutant(
        "COMMIT asks once more whether the lease stands",
        _PLANNED,
        "IF NOT EXISTS (SELECT 1\n"
        "                     FROM cutter_governance.v_lease_standing l\n"
        "                    WHERE",
        "IF false AND NOT EXISTS (SELECT 1\n"
        "                     FROM cutter_governance.v_lease_standing l\n"
        "                    WHERE",
        ("tests/backend/runs/test_lease.py::test_a_write_whose_holder_is_gone_is_refused_at_its_commit",),
    ),
    Mutant(
        "COMMIT looks for the holder of the lease again",
        _PLANNED,
        "    PERFORM pg_stat_clear_snapshot();\n",
        "",
        ("tests/backend/runs/test_lease.py::test_a_write_whose_holder_is_gone_is_refused_at_its_commit",),
    ),
    Mutant(
        "whoever ends a run looks at what was committed while it waited",
        _SEALED,
        "    PERFORM 1 FROM cutter_governance.run WHERE run_id = p_run_id FOR NO KEY UPDATE;\n",
        "",
        _test("leaving", "a_run_is_not_voided_behind_a_cut_that_commits_meanwhile"),
    ),
    Mutant(
        "a lease that has ended arms nothing",
        _LESS_READ,
        "WHERE l.ended_at IS NULL\n       AND l.server_started = pg_postmaster_start_time()",
        "WHERE l.server_started = pg_postmaster_start_time()",
        _test("owner_writes", "a_lease_that_was_ended_arms_nothing"),
    ),
    Mutant(
        "a lease that has expired arms nothing",
        _BATCHES,
        "FROM v_lease_standing l WHERE l.expires_at > clock_timestamp() OFFSET 0;",
        "FROM v_lease_standing l OFFSET 0;",
        _test("authority", "an_expired_lease_arms_nothing_and_makes_room"),
    ),
    Mutant(
        "a run that left its way writes nothing",
        _SEALED,
        "    IF r.family <> 'active' AND p_purpose <> 'revert' THEN",
        "    IF false THEN",
        _test("authority", "a_run_that_left_the_way_writes_nothing_though_it_is_armed"),
    ),
    Mutant(
        "arming looks for a HOLD and for other writers",
        _AMENDED,
        "    PERFORM cutter_governance.fn_write_lock(true);\n    IF p_minutes IS NULL",
        "    IF p_minutes IS NULL",
        _test("authority", "the_switch_is_not_armed_under_a_hold_and_is_after_its_release"),
    ),
    Mutant(
        "a lease is for at most an hour",
        _AMENDED,
        "IF p_minutes IS NULL\n       OR p_minutes NOT BETWEEN 1 AND 60\n       OR",
        "IF",
        _test("authority", "a_lease_is_at_most_an_hour[61]"),
    ),
    Mutant(
        "a lease names operator and host",
        _AMENDED,
        "OR coalesce(length(p_operator), 0) NOT BETWEEN 1 AND 200\n"
        "       OR coalesce(length(p_host), 0) NOT BETWEEN 1 AND 200 THEN",
        "THEN",
        _test("authority", "a_lease_names_operator_and_host[-h]"),
    ),
    Mutant(
        "the switch is armed only at the stage of its purpose",
        _AMENDED,
        "                                   AND r.stage = 'awaiting_lifecycle_authorization'\n",
        "",
        _test("authority", "nothing_can_be_armed_for_a_run_that_is_closed[enact]"),
    ),
    Mutant(
        "the switch is armed for no purpose that nothing serves",
        _AMENDED,
        "ELSE false END) THEN\n        PERFORM cutter_governance.fn_stop(\n            'STOP_EXECUTION_DISABLED'",
        "ELSE true END) THEN\n        PERFORM cutter_governance.fn_stop(\n            'STOP_EXECUTION_DISABLED'",
        _test("authority", "the_switch_is_armed_for_no_purpose_that_nothing_serves[everything]"),
    ),
    Mutant(
        "the switch is not armed without a ruling",
        _AMENDED,
        "        PERFORM cutter_governance.fn_ruling(p_run_id, p_purpose);\n",
        "        NULL;\n",
        _test("authority", "the_switch_cannot_be_armed_without_an_approval[cut]"),
    ),
    Mutant(
        "what is left of a cut is not armed after a failover",
        _AMENDED,
        "        PERFORM cutter_governance.fn_assert_target(cut_under, 'cut');\n",
        "        NULL;\n",
        _test("rulings_elsewhere", "what_is_left_of_a_cut_is_not_done_in_another_database_either[timeline = 99]"),
    ),
    Mutant(
        "a cut is recorded in the database that its ruling names",
        _SEALED,
        "    END IF;\n    PERFORM cutter_governance.fn_assert_target(a, 'cut');\n",
        "    END IF;\n",
        _test(
            "rulings_elsewhere",
            "a_cut_is_not_recorded_where_the_database_became_another_one_under_the_lease[timeline = 99]",
        ),
    ),
    Mutant(
        "the switch is armed for one run at a time",
        _BATCHES,
        "IF held IS NOT NULL THEN\n        PERFORM cutter_governance.fn_stop(\n            'STOP_LOCKED'",
        "IF false THEN\n        PERFORM cutter_governance.fn_stop(\n            'STOP_LOCKED'",
        _test("authority", "the_switch_is_armed_for_one_run_at_a_time"),
    ),
    Mutant(
        "voiding a run ends its lease",
        _SEALED,
        "    IF p_family = 'voided' THEN\n",
        "    IF false THEN\n",
        _test("stages", "a_voided_run_gives_up_its_lease_and_no_other_does"),
    ),
)

_OF_BACKUPS = (
    Mutant(
        "the freshness limit of the backup before a write",
        _EFFECTS,
        "IF age IS NULL OR age NOT BETWEEN 0 AND 3600 THEN",
        "IF age IS NULL THEN",
        _test("backup_proofs", "the_cut_is_not_written_without_a_fresh_proof_though_the_switch_is_armed[an hour old]"),
    ),
    Mutant(
        "a backup of the future is not fresh",
        _EFFECTS,
        "IF age IS NULL OR age NOT BETWEEN 0 AND 3600 THEN",
        "IF age IS NULL OR age > 3600 THEN",
        _test(
            "backup_proofs", "the_cut_is_not_written_without_a_fresh_proof_though_the_switch_is_armed[of the future]"
        ),
    ),
    Mutant(
        "nothing is written without any proven backup",
        _EFFECTS,
        "IF age IS NULL OR age NOT BETWEEN 0 AND 3600 THEN",
        "IF age NOT BETWEEN 0 AND 3600 THEN",
        _test("backup_proofs", "the_cut_is_not_written_without_a_fresh_proof_though_the_switch_is_armed[none at all]"),
    ),
    Mutant(
        "the backup is asked for again at the write",
        _SEALED,
        "    a := cutter_governance.fn_ruling(p_run_id, p_purpose);\n    PERFORM cutter_governance.fn_assert_backup(p_run_id);\n",
        "    a := cutter_governance.fn_ruling(p_run_id, p_purpose);\n",
        _test("backup_proofs", "the_cut_is_not_written_without_a_fresh_proof_though_the_switch_is_armed[a day old]"),
    ),
    Mutant(
        "the backup is asked for when the switch is armed",
        _AMENDED,
        "    END IF;\n    PERFORM cutter_governance.fn_assert_backup(p_run_id);\n    RETURN cutter_governance.fn_lease_open",
        "    END IF;\n    RETURN cutter_governance.fn_lease_open",
        _test("backup_proofs", "the_switch_is_not_armed_without_a_fresh_proof[an hour old]"),
    ),
    Mutant(
        "leg B asks for a fresh backup",
        _SEALED,
        "    PERFORM cutter_governance.fn_assert_backup(p_run_id);\n    SELECT ap.* INTO a",
        "    SELECT ap.* INTO a",
        _test("backup_proofs", "leg_b_is_not_recorded_without_a_fresh_proof"),
    ),
    Mutant(
        "a run says that it has a backup only if it has",
        _SEALED,
        "            PERFORM cutter_governance.fn_assert_backup(p_run_id);\n            PERFORM cutter_governance.fn_run_step",
        "            PERFORM cutter_governance.fn_run_step",
        _test("backup_proofs", "a_run_says_that_it_has_a_backup_only_where_it_has"),
    ),
    Mutant(
        "the backup is of this run",
        _EFFECTS,
        "     WHERE (p.run_id = p_run_id\n",
        "     WHERE (true OR p.run_id = p_run_id\n",
        _test("backup_proofs", "the_proof_of_another_run_does_not_arm_this_one"),
    ),
    Mutant(
        "the backup is of this server",
        _EFFECTS,
        "       AND p.system_identifier = t.system_identifier\n       AND p.timeline = t.timeline\n",
        "       AND p.timeline = t.timeline\n",
        _test("backup_proofs", "the_switch_is_not_armed_without_a_fresh_proof[of another server]"),
    ),
    Mutant(
        "the backup is of this timeline",
        _EFFECTS,
        " AND p.timeline = t.timeline\n",
        "\n",
        _test("backup_proofs", "the_switch_is_not_armed_without_a_fresh_proof[of another timeline]"),
    ),
    Mutant(
        "a proof has the digests of the tables as they are",
        _SCALE,
        "WHERE p ->> 'table' = n\n"
        "                          AND p ->> 'digest' = d.digest\n"
        "                          AND",
        "WHERE p ->> 'table' = n\n                          AND",
        _test("backup_proofs", "a_proof_that_does_not_hold_is_not_recorded[another digest]"),
    ),
    Mutant(
        "a proof has the rows of the tables as they are",
        _SCALE,
        " AND (p ->> 'rows')::bigint = d.rows);",
        ");",
        _test("backup_proofs", "a_proof_that_does_not_hold_is_not_recorded[another number of rows]"),
    ),
    Mutant(
        "a proof is over every table that a write changes",
        _SEALED,
        "'cutter_governance.manifest_seal',\n"
        "                        'cutter_governance.approval_use',\n"
        "                        'cutter_governance.review_decision',",
        "'cutter_governance.manifest_seal',\n                        'cutter_governance.review_decision',",
        _test("backup_proofs", "the_tables_of_a_proof_are_all_that_a_leased_write_changes"),
    ),
    Mutant(
        "a proof waits for the write that is under way",
        _SCALE,
        "    PERFORM cutter_governance.fn_lock(true);\n    IF jsonb_typeof(p_proof -> 'documents')",
        "    IF jsonb_typeof(p_proof -> 'documents')",
        _test("backup_proofs", "an_old_snapshot_proves_nothing[REPEATABLE READ]"),
    ),
    Mutant(
        "a proof names file and recipient",
        _SCALE,
        "IF coalesce(p_proof ->> 'file_name', '') = ''\n"
        "       OR coalesce(p_proof ->> 'recipient', '') !~ '^[0-9A-F]{40}$'\n"
        "       OR",
        "IF",
        _test("backup_proofs", "a_proof_that_does_not_hold_is_not_recorded[a recipient by name]"),
    ),
)

_OF_RULINGS = (
    Mutant(
        "signatures are verified at the import",
        _AMENDED,
        "THEN cutter_governance.fn_signers(\n"
        "                              p_statement, p_signatures, n.policy_sha256, n.kind, n.not_before, n.expires)",
        "THEN ARRAY['somebody']",
        _test("signers", "the_signature_of_somebody_without_authority_is_refused"),
    ),
    Mutant(
        "signatures are verified again at every use",
        _SEALED,
        "    PERFORM cutter_governance.fn_approval_signers(a);\n    RETURN a;\n",
        "    RETURN a;\n",
        _test("signers", "a_key_that_is_withdrawn_rules_no_more_at_whatever_step[apply]"),
    ),
    Mutant(
        "a signature that the database cannot verify does not count",
        _SEALED,
        "wrong := CASE WHEN one.verdict IS DISTINCT FROM 'good' THEN coalesce(one.verdict, 'not a signature')\n"
        "                      WHEN",
        "wrong := CASE WHEN",
        _test("signers", "what_is_no_whole_signature_does_not_rule[one with a byte flipped]"),
        explained="Second belt: fn_openpgp_check names a key only with the verdict 'good'; without a key the next"
        " condition says that it is not in the policy.",
    ),
    Mutant(
        "only keys of the policy rule",
        _SEALED,
        "WHEN NOT EXISTS (SELECT 1\n"
        "                                         FROM jsonb_array_elements(policy -> 'signers') s\n"
        "                                        WHERE s ->> 'fingerprint' = one.primary_fingerprint)\n"
        "                          THEN",
        "WHEN false\n                          THEN",
        _test("signers", "a_key_that_is_pinned_and_not_in_the_policy_does_not_rule"),
    ),
    Mutant(
        "the operator does not rule if solo is not declared",
        _SEALED,
        "WHEN policy -> 'solo' IS DISTINCT FROM 'true'\n"
        "                       AND policy -> 'operators' @> to_jsonb(one.primary_fingerprint)\n"
        "                          THEN",
        "WHEN false\n                          THEN",
        _test("signers", "an_operator_does_not_rule_where_solo_is_not_declared"),
    ),
    Mutant(
        "nobody signs twice",
        _SEALED,
        "WHEN one.primary_fingerprint = ANY (found)\n                          THEN",
        "WHEN false\n                          THEN",
        _test("signers", "a_signature_that_is_given_twice_is_refused"),
    ),
    Mutant(
        "a signature is not older than its statement",
        _SEALED,
        "WHEN one.created < p_not_before - interval '2 minutes'\n                        OR",
        "WHEN",
        _test("signers", "a_signature_is_of_the_time_of_its_statement[3 minutes-1 hour-False]"),
    ),
    Mutant(
        "a signature is not later than its statement's end",
        _SEALED,
        "OR one.created > p_expires\n                        OR",
        "OR",
        _test("signers", "a_signature_is_of_the_time_of_its_statement[-2 hours--1 second-False]"),
    ),
    Mutant(
        "a signature is not of the future",
        _SEALED,
        "OR one.created > clock_timestamp() + interval '2 minutes'\n                          THEN",
        "THEN",
        ("tests/attacks/test_rulings.py::test_a_signature_of_another_time_is_refused[in the future]",),
    ),
    Mutant(
        "a ruling takes as many signers as the policy asks",
        _SEALED,
        "    IF cardinality(found) < (policy #>> ARRAY['thresholds', p_kind])::integer THEN",
        "    IF false THEN",
        _test("signers", "a_policy_of_two_takes_two"),
    ),
    Mutant(
        "a statement has one canonical form",
        _SEALED,
        "s := CASE WHEN convert_to(cutter_governance.fn_canonical_json(s), 'UTF8') = p_statement THEN s END;",
        "NULL;",
        _test("canonical_form", "bytes_that_are_no_statement_in_canonical_form_are_refused[a key twice]"),
    ),
    Mutant(
        "a statement has the schema of this version",
        _AMENDED,
        "WHEN s ->> 'schema' IS DISTINCT FROM 'cutter-console/statement/2'\n                      THEN",
        "WHEN false\n                      THEN",
        _test("rulings", "a_statement_with_one_field_changed_is_refused_and_leaves_no_row[another schema]"),
    ),
    Mutant(
        "SG_1 does not enact and SG_2 does not cut",
        _AMENDED,
        "WHEN (s ->> 'kind', s ->> 'purpose')\n"
        "                           NOT IN (('SG_1', 'cut'), ('SG_1', 'edit'), ('SG_1', 'revert'), ('SG_2', 'enact'))\n"
        "                           IS NOT FALSE\n"
        "                      THEN",
        "WHEN false\n                      THEN",
        (
            "tests/attacks/test_rulings.py"
            "::test_a_signed_second_ruling_that_is_not_exactly_of_the_drafts_is_refused[to revert as SG_2]",
        ),
    ),
    Mutant(
        "a ruling is explicit",
        _AMENDED,
        "        WHEN s ->> 'allowance' IS DISTINCT FROM 'explicit' THEN",
        "        WHEN false THEN",
        _test("rulings", "a_statement_with_one_field_changed_is_refused_and_leaves_no_row[another allowance]"),
    ),
    Mutant(
        "placeholder approvals are refused by name",
        _AMENDED,
        "WHEN encode(p_statement, 'escape') ~* 'approval-(sovereign-prod-write-1|u-w4b-grant-1)'\n"
        "                      THEN",
        "WHEN false\n                      THEN",
        _test("rulings", "a_placeholder_approval_is_refused_by_name[kb:approval-u-w4b-grant-1]"),
    ),
    Mutant(
        "a statement names the policy that is pinned today",
        _AMENDED,
        "WHEN s ->> 'policy_sha256' IS DISTINCT FROM current_policy\n                      THEN",
        "WHEN false\n                      THEN",
        _test("signers", "a_ruling_under_a_policy_that_is_pinned_no_more_rules_no_more[import]"),
    ),
    Mutant(
        "a ruling to cut names its manifest",
        _AMENDED,
        "WHEN (s ->> 'manifest_digest' IS NULL) IS DISTINCT FROM (s ->> 'purpose' IN ('enact', 'revert'))\n"
        "                      THEN",
        "WHEN false\n                      THEN",
        _test("rulings", "a_statement_with_one_field_changed_is_refused_and_leaves_no_row[no manifest]"),
    ),
    Mutant(
        "SG_2 names the digest of its drafts",
        _AMENDED,
        "WHEN (s ->> 'draft_digest' IS NULL) IS DISTINCT FROM (s ->> 'purpose' IN ('cut', 'edit'))\n"
        "                      THEN",
        "WHEN false\n                      THEN",
        _test(
            "rulings",
            "a_second_ruling_with_one_field_changed_is_refused_and_leaves_no_row[no digest of the drafts]",
        ),
    ),
    Mutant(
        "SG_2 has a review decision of its own",
        _AMENDED,
        "WHEN (s ->> 'review_decision_id' IS NULL) IS DISTINCT FROM (s ->> 'kind' = 'SG_1')\n"
        "                      THEN",
        "WHEN false\n                      THEN",
        _test("rulings", "a_second_ruling_with_one_field_changed_is_refused_and_leaves_no_row[no review decision]"),
    ),
    *(
        Mutant(
            f"a statement is about the {what} of its run",
            _AMENDED,
            f"WHEN ({before}",
            f"WHEN ({after}",
            _test("rulings", f"a_statement_with_one_field_changed_is_refused_and_leaves_no_row[{case}]"),
        )
        for what, case, before, after in (
            ("plan", "another plan", "n.plan_digest, n.baseline_digest,", "r.plan_digest, n.baseline_digest,"),
            ("baseline", "another baseline", "n.plan_digest, n.baseline_digest,", "n.plan_digest, r.baseline_digest,"),
            (
                "source",
                "another source",
                "n.plan_digest, n.baseline_digest, s ->> 'source_sha256',",
                "n.plan_digest, n.baseline_digest, r.source_sha256,",
            ),
            (
                "text",
                "another text",
                "n.plan_digest, n.baseline_digest, s ->> 'source_sha256', n.canonical_sha256,",
                "n.plan_digest, n.baseline_digest, s ->> 'source_sha256', r.canonical_sha256,",
            ),
            (
                "document",
                "another document",
                "n.plan_digest, n.baseline_digest, s ->> 'source_sha256', n.canonical_sha256,\n"
                "                        s #>> '{document,docprefix}',",
                "n.plan_digest, n.baseline_digest, s ->> 'source_sha256', n.canonical_sha256,\n"
                "                        r.docprefix,",
            ),
        )
    ),
    Mutant(
        "a statement is about the number of units of its run",
        _AMENDED,
        "WHEN n.purpose <> 'revert' AND n.n_units IS DISTINCT FROM r.n_units\n                      THEN",
        "WHEN false\n                      THEN",
        _test("rulings", "a_statement_with_one_field_changed_is_refused_and_leaves_no_row[more units]"),
    ),
    Mutant(
        "a ruling fits the operation of its run",
        _AMENDED,
        "WHEN n.purpose <> CASE WHEN n.purpose IN ('enact', 'revert')",
        "WHEN false AND n.purpose <> CASE WHEN n.purpose IN ('enact', 'revert')",
        _test("amended_drafts", "a_purpose_of_another_operation_is_refused_although_the_operation_is_stated"),
    ),
    Mutant(
        "a statement is imported only into the database that it names",
        _AMENDED,
        "WHEN (n.database, n.system_identifier, n.timeline)\n"
        "                           IS DISTINCT FROM (t.database, t.system_identifier, t.timeline)\n"
        "                      THEN",
        "WHEN false\n                      THEN",
        _test("rulings", "a_statement_with_one_field_changed_is_refused_and_leaves_no_row[another cluster]"),
    ),
    Mutant(
        "a ruling lives for at most a day, SG_2 for half a day",
        _AMENDED,
        "WHEN n.expires <= n.not_before\n"
        "                    OR n.expires - n.not_before\n"
        "                           > CASE n.kind WHEN 'SG_1' THEN interval '24 hours' ELSE interval '12 hours' END\n"
        "                      THEN",
        "WHEN n.expires <= n.not_before THEN",
        _test(
            "rulings", "a_statement_with_one_field_changed_is_refused_and_leaves_no_row[valid for longer than a day]"
        ),
    ),
    Mutant(
        "an expired statement is not imported",
        _AMENDED,
        "WHEN n.expires <= clock_timestamp() OR n.not_before > clock_timestamp() + interval '2 minutes'\n"
        "                      THEN",
        "WHEN n.not_before > clock_timestamp() + interval '2 minutes'\n                      THEN",
        _test("statements_in_time", "a_statement_that_was_signed_in_time_and_comes_too_late_is_not_imported"),
    ),
    Mutant(
        "a statement of the future is not imported",
        _AMENDED,
        "WHEN n.expires <= clock_timestamp() OR n.not_before > clock_timestamp() + interval '2 minutes'\n"
        "                      THEN",
        "WHEN n.expires <= clock_timestamp()\n                      THEN",
        _test("statements_in_time", "a_statement_that_begins_later_is_not_imported_though_its_signature_would_count"),
    ),
    Mutant(
        "a purpose that was served takes no other ruling",
        _AMENDED,
        "IF EXISTS (SELECT 1\n"
        "                     FROM cutter_governance.approval_use u\n"
        "                    WHERE u.run_id = n.run_id\n"
        "                      AND u.purpose = n.purpose) THEN",
        "IF false THEN",
        _test("authority", "a_purpose_that_was_served_takes_no_other_ruling"),
    ),
    Mutant(
        "the decision of the cut does not enact",
        _AMENDED,
        "        IF EXISTS (SELECT 1 FROM cutter_governance.review_decision WHERE id = n.review_decision_id) THEN",
        "        IF false THEN",
        _test("authority", "the_decision_of_the_cut_is_refused_as_that_of_the_enactment"),
    ),
    Mutant(
        "SG_2 is not taken over drafts that are not what was signed",
        _AMENDED,
        "CASE WHEN n.purpose = 'enact' THEN drafts.refused END,",
        "NULL,",
        _test("enactment", "no_ruling_is_taken_over_drafts_that_are_not_what_was_signed[another owner]"),
    ),
    Mutant(
        "SG_2 names these drafts",
        _AMENDED,
        "WHEN n.draft_digest <> drafts.digest\n                         THEN",
        "WHEN false\n                         THEN",
        _test(
            "rulings",
            "a_second_ruling_with_one_field_changed_is_refused_and_leaves_no_row[another digest of the drafts]",
        ),
    ),
    Mutant(
        "the units that a signer reads are those of the rows",
        _AMENDED,
        "WHEN s #> '{drafts,units}' IS NOT NULL\n"
        "                      AND s #> '{drafts,units}' IS DISTINCT FROM cutter_governance.fn_draft_units(n.run_id)\n"
        "                         THEN",
        "WHEN false\n                         THEN",
        _test("rulings_elsewhere", "the_units_that_a_statement_lists_beside_the_right_file_are_those_of_the_rows"),
    ),
    Mutant(
        "the file of units that a signer reads is of the rows",
        _AMENDED,
        "WHEN s #>> '{drafts,file_sha256}' IS DISTINCT FROM drafts.file_sha256",
        "WHEN false",
        _test(
            "rulings",
            "a_second_ruling_with_one_field_changed_is_refused_and_leaves_no_row[another file of drafts]",
        ),
    ),
    Mutant(
        "SG_2 names the SG_1 that was used",
        _AMENDED,
        "WHEN n.purpose = 'enact'\n"
        "                      AND s ->> 'sg1_sha256'\n"
        "                          IS DISTINCT FROM",
        "WHEN false\n                      AND s ->> 'sg1_sha256'\n                          IS DISTINCT FROM",
        _test("rulings", "a_second_ruling_with_one_field_changed_is_refused_and_leaves_no_row[another SG_1]"),
    ),
    Mutant(
        "a planted row with other columns than its statement is told",
        _AMENDED,
        "        IF (old.kind, old.purpose, old.run_id,",
        "        IF false AND (old.kind, old.purpose, old.run_id,",
        _test("rulings", "a_row_that_was_planted_under_the_digest_of_a_statement_is_told_loudly[manifest_digest]"),
    ),
    Mutant(
        "a ruling is used once",
        _SEALED,
        "IF EXISTS (SELECT 1 FROM cutter_governance.approval_use u WHERE u.run_id = p_run_id AND u.purpose = p_purpose) THEN\n"
        "        PERFORM cutter_governance.fn_stop(\n"
        "            'STOP_APPROVAL_USED', 'CU004',\n"
        "            format('the ruling of run",
        "IF false THEN\n"
        "        PERFORM cutter_governance.fn_stop(\n"
        "            'STOP_APPROVAL_USED', 'CU004',\n"
        "            format('the ruling of run",
        _test("authority", "an_approval_is_used_once"),
    ),
    Mutant(
        "no second use of a purpose can be stored",
        _SEALED,
        "CREATE UNIQUE INDEX IF NOT EXISTS approval_use_once",
        "CREATE INDEX IF NOT EXISTS approval_use_once",
        _test("owner_writes", "a_second_use_of_a_purpose_cannot_be_stored"),
    ),
    Mutant(
        "a ruling that has expired since it was imported writes nothing",
        _SEALED,
        "IF NOT takes_back\n       AND (a.expires <= clock_timestamp() OR",
        "IF NOT takes_back\n       AND (",
        _test("authority", "an_approval_that_expires_after_arming_does_not_cut"),
    ),
    Mutant(
        "a ruling is used only in the database that it names",
        _SEALED,
        "IF (a.database, a.system_identifier, CASE WHEN p_purpose = 'revert' THEN t.timeline ELSE a.timeline END)\n"
        "        IS DISTINCT FROM",
        "IF false AND (a.database, a.system_identifier, CASE WHEN p_purpose = 'revert' THEN t.timeline ELSE a.timeline END)\n"
        "        IS DISTINCT FROM",
        _test("rulings_elsewhere", "a_ruling_does_not_arm_in_another_database_than_it_names[timeline = 99]"),
    ),
    Mutant(
        "a ruling is used only under the policy that is pinned today",
        _SEALED,
        "    IF NOT takes_back AND a.policy_sha256 IS DISTINCT FROM current_policy THEN",
        "    IF false THEN",
        _test("signers", "a_ruling_under_a_policy_that_is_pinned_no_more_rules_no_more[apply]"),
    ),
    Mutant(
        "a ruling is used only for the plan of its run",
        _SEALED,
        "IF (a.plan_digest, a.baseline_digest) IS DISTINCT FROM (r.plan_digest, r.baseline_digest)\n"
        "       OR a.purpose IS DISTINCT FROM 'revert' AND a.n_units <> r.n_units THEN",
        "IF false THEN",
        _test("rulings_elsewhere", "a_ruling_for_another_plan_than_the_run_s_writes_nothing"),
    ),
    Mutant(
        "only the verifying role imports rulings",
        _SEALED,
        "GRANT EXECUTE ON FUNCTION fn_approval_import, fn_structure_record, fn_verify_record, fn_edit_verify_record,\n"
        "    fn_backup_record TO cutter_verify;",
        "GRANT EXECUTE ON FUNCTION fn_approval_import, fn_structure_record, fn_verify_record, fn_edit_verify_record,\n"
        "    fn_backup_record TO cutter_verify, cutter_exec;",
        _test("signers", "only_the_verifying_role_imports[cutter_exec]"),
    ),
    Mutant(
        "no function is everybody's",
        _SEALED,
        "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA cutter_governance FROM PUBLIC;\n",
        "",
        _test("grants", "every_function_has_a_pinned_search_path_one_owner_and_no_public_execute[pg18]"),
    ),
)

_OF_POLICIES_AND_KEYS = (
    Mutant(
        "a policy is pinned in its one canonical form",
        _SEALED,
        "OR convert_to(cutter_governance.fn_canonical_json(policy), 'UTF8') <> p_policy\n                      THEN",
        "THEN",
        _test("policy_pins", "a_policy_that_cannot_be_satisfied_is_not_pinned[a space]"),
    ),
    Mutant(
        "the thresholds of a policy can be met",
        _SEALED,
        "WHEN NOT coalesce((policy #>> '{thresholds,SG_1}')::integer BETWEEN 1 AND able\n"
        "                                    AND (policy #>> '{thresholds,SG_2}')::integer BETWEEN 1 AND able,\n"
        "                                    false)\n"
        "                      THEN",
        "WHEN\n                                    false\n                      THEN",
        _test("policy_pins", "a_policy_that_cannot_be_satisfied_is_not_pinned[a threshold of none]"),
    ),
    Mutant(
        "operators alone are no signers of a policy",
        _SEALED,
        "WHERE policy -> 'solo' = 'true' OR s <> ALL (operators));",
        ");",
        _test("policy_pins", "a_policy_that_cannot_be_satisfied_is_not_pinned[operators alone, and no solo]"),
    ),
    Mutant(
        "a policy says whether an operator may sign",
        _SEALED,
        "WHEN jsonb_typeof(policy -> 'solo') IS DISTINCT FROM 'boolean'\n                      THEN",
        "WHEN false\n                      THEN",
        _test("policy_pins", "a_policy_that_cannot_be_satisfied_is_not_pinned[no word on solo]"),
    ),
    Mutant(
        "a policy is not pinned with a key that was withdrawn",
        _SEALED,
        "count(*) FILTER (WHERE e.fingerprint IS NULL AND k.verdict IN ('pinned', 'present')) INTO wrong, able",
        "count(*) FILTER (WHERE k.verdict IN ('pinned', 'present')) INTO wrong, able",
        _test("policy_pins", "a_policy_whose_signer_is_withdrawn_is_not_pinned_again"),
    ),
    Mutant(
        "a withdrawn key verifies nothing",
        _OPENPGP,
        "WHEN candidate.withdrawn THEN 'key withdrawn'\n                        WHEN to_timestamp",
        "WHEN to_timestamp",
        _test("signers", "a_key_that_is_withdrawn_rules_no_more_at_whatever_step[import]"),
    ),
    Mutant(
        "an expired key verifies nothing",
        _OPENPGP,
        "                        WHEN coalesce(candidate.expires <= clock_timestamp(), true) THEN 'key expired'\n",
        "",
        _test("openpgp_keys", "an_expired_key_verifies_nothing_until_its_owner_prolongs_it"),
    ),
    Mutant(
        "the mathematics of a signature decide",
        _OPENPGP,
        "    IF proved THEN\n",
        "    IF true THEN\n",
        _test("openpgp", "a_sample_of_signatures_is_judged_as_by_gpg"),
    ),
)

_OF_MANIFESTS = (
    Mutant(
        "the manifest is the one that was signed",
        _AMENDED,
        "IF encode(sha256(p_manifest), 'hex') IS DISTINCT FROM a.manifest_digest\n       OR",
        "IF",
        _test("manifest", "a_manifest_that_is_not_the_signed_plan_is_refused[another title]"),
    ),
    Mutant(
        "the text is the one that was signed",
        _AMENDED,
        " OR encode(sha256(p_canonical), 'hex') IS DISTINCT FROM a.canonical_sha256\n",
        "\n",
        _test("manifest", "a_manifest_that_is_not_the_signed_plan_is_refused[a longer text]"),
    ),
    Mutant(
        "rows that stood under the run before are not taken for the signed ones",
        _AMENDED,
        "IF EXISTS (SELECT 1 FROM cutter_governance.manifest_envelope WHERE run_id = r.run_id)\n       OR",
        "IF false AND EXISTS (SELECT 1 FROM cutter_governance.manifest_envelope WHERE run_id = r.run_id)\n       OR",
        _test(
            "manifest",
            "the_rows_of_a_manifest_that_stood_there_before_are_not_taken_for_the_signed_one",
        ),
    ),
    Mutant(
        "the outside-prefix check of the manifest",
        _AMENDED,
        "min(b.seq) FILTER (WHERE NOT starts_with(b.address, r.docprefix || '/')) AS outside",
        "NULL::integer AS outside",
        (
            "tests/attacks/test_manifest_bytes.py"
            "::test_a_crafted_manifest_is_refused_although_its_digest_was_signed[a prefix that only begins alike]",
        ),
    ),
    Mutant(
        "bodies have the sha256 that was signed",
        _AMENDED,
        "min(b.seq) FILTER (WHERE NOT b.is_intact) AS hash",
        "NULL::integer AS hash",
        _test("manifest", "a_signature_does_not_make_a_manifest_hold_that_does_not[a body of another sha256]"),
    ),
    Mutant(
        "bodies do not overlap and lie in the text",
        _AMENDED,
        "min(b.seq) FILTER (WHERE b.byte_start < coalesce(b.before, 0)\n"
        "                              OR b.byte_end <= b.byte_start\n"
        "                              OR b.byte_end > octet_length(p_canonical)) AS span",
        "NULL::integer AS span",
        _test("manifest_spans", "bodies_that_overlap_are_refused_though_each_has_its_sha256"),
    ),
    Mutant(
        "blocks are numbered without a gap",
        _AMENDED,
        "SELECT min(b.seq) FILTER (WHERE b.seq <> b.place) AS number,",
        "SELECT NULL::integer AS number,",
        _test("manifest", "a_signature_does_not_make_a_manifest_hold_that_does_not[a number left out]"),
    ),
    Mutant(
        "the manifest has as many units as the ruling and the run",
        _AMENDED,
        "    IF n IS DISTINCT FROM planned OR num_nonnulls",
        "    IF num_nonnulls",
        _test("manifest", "a_signature_does_not_make_a_manifest_hold_that_does_not[one unit too few]"),
    ),
    Mutant(
        "the manifest is written in the one form of its rows",
        _AMENDED,
        "\n       OR cutter_governance.fn_manifest_digest(r.run_id) IS DISTINCT FROM a.manifest_digest THEN",
        " THEN",
        _test("manifest", "a_signature_does_not_make_a_manifest_hold_that_does_not[a number spelt in another way]"),
    ),
    Mutant(
        "kinds and section types are those of the vocabulary",
        _AMENDED,
        "IF unknown IS NOT NULL THEN\n"
        "        PERFORM cutter_governance.fn_stop(\n"
        "            'STOP_REFUSED_INPUT', 'CU004',\n"
        "            'not in the",
        "IF false THEN\n"
        "        PERFORM cutter_governance.fn_stop(\n"
        "            'STOP_REFUSED_INPUT', 'CU004',\n"
        "            'not in the",
        _test("manifest", "a_signature_does_not_make_a_manifest_hold_that_does_not[a kind that nobody knows]"),
    ),
    Mutant(
        "addresses have the form that the console gives them",
        _AMENDED,
        "m.address !~ '^[A-Z0-9-]{3,32}(/[A-Z0-9][A-Z0-9._-]*)+$'\n                    OR",
        "",
        (
            "tests/attacks/test_manifest_bytes.py"
            "::test_a_crafted_manifest_is_refused_although_its_digest_was_signed[two slashes]",
        ),
    ),
    Mutant(
        "a unit stands below a unit of its own manifest",
        _AMENDED,
        " OR m.parent_address IS NOT NULL AND coalesce(p.seq >= m.seq, true)",
        "",
        (
            "tests/attacks/test_manifest_bytes.py"
            "::test_a_crafted_manifest_is_refused_although_its_digest_was_signed[a parent that comes later]",
        ),
    ),
    Mutant(
        "titles and numbers hold no control characters",
        _AMENDED,
        "m.title || m.section_code ~ E'[\\x01-\\x1f\\x7f]'\n            OR",
        "",
        (
            "tests/attacks/test_manifest_bytes.py"
            "::test_a_crafted_manifest_is_refused_although_its_digest_was_signed[an escape sequence in a title]",
        ),
    ),
    Mutant(
        "nothing is added to a sealed manifest",
        _SEALED,
        "    IF EXISTS (SELECT 1 FROM cutter_governance.manifest_seal s WHERE s.run_id IN (SELECT run_id FROM new_row)) THEN",
        "    IF false THEN",
        _test("manifest", "a_block_more_than_was_signed_is_refused_in_the_transaction_of_the_cut"),
    ),
    Mutant(
        "a run keeps its plan",
        _SEALED,
        "OR (OLD.plan_digest IS NOT NULL\n              AND ROW (OLD.plan_digest,",
        "OR (OLD.plan_digest IS NOT NULL\n              AND ROW (NEW.plan_digest,",
        _test(
            "guards",
            "a_run_keeps_its_plan_and_a_lease_is_never_extended_or_reopened[run SET plan_digest = 'another']",
        ),
    ),
    Mutant(
        "a run keeps its source",
        _SEALED,
        "OR (OLD.source_sha256 IS NOT NULL\n              AND ROW (OLD.source_sha256,",
        "OR (OLD.source_sha256 IS NOT NULL\n              AND ROW (NEW.source_sha256,",
        _test(
            "guards",
            "a_run_keeps_its_plan_and_a_lease_is_never_extended_or_reopened[run SET source_sha256 = repeat('0', 64)]",
        ),
    ),
    Mutant(
        "an ended run stays ended",
        _SEALED,
        "OR (OLD.family IN ('voided', 'reverted')\n              AND ROW (OLD.stage,",
        "OR (false\n              AND ROW (OLD.stage,",
        _test("events", "an_ended_run_may_still_come_to_rest_and_changes_nothing_else"),
    ),
)

_OF_WRITES = (
    Mutant(
        "a document is cut once",
        _SEALED,
        "    IF EXISTS (SELECT 1 FROM public.information_unit u WHERE u.doc_code = r.docprefix) THEN",
        "    IF false THEN",
        _test("cut", "a_document_is_cut_once"),
    ),
    Mutant(
        "a cut has its stage, and moves the run from it",
        _AMENDED,
        "PERFORM cutter_governance.fn_run_step(\n"
        "        p_run_id, ARRAY['awaiting_cut_authorization'], 'cut_leg_a_committed', p_event);",
        "",
        _test("reverts", "a_cut_is_reverted_from_whatever_stage_it_has_reached"),
    ),
    Mutant(
        "only the next stage is reached",
        _SEALED,
        "WHERE run_id = p_run_id\n       AND family = 'active'\n       AND stage = ANY (p_from);",
        "WHERE run_id = p_run_id\n       AND family = 'active';",
        _test(
            "stages", "from_wherever_a_run_stands_no_stage_is_reached_but_the_next[awaiting_cut_authorization-created]"
        ),
    ),
    Mutant(
        "a run that left its way takes no step",
        _SEALED,
        "WHERE run_id = p_run_id\n       AND family = 'active'\n       AND stage = ANY (p_from);",
        "WHERE run_id = p_run_id\n       AND stage = ANY (p_from);",
        _test("stopped_runs", "a_stopped_run_takes_no_step"),
    ),
    Mutant(
        "the stage of an effect is not reached without the effect",
        _SEALED,
        "ELSE\n"
        "            PERFORM cutter_governance.fn_stop(\n"
        "                'STOP_INVARIANT_FAILED', 'CU004',\n"
        "                format('%s is reached by its effect only', coalesce(p_to, 'nothing')),\n"
        "                'Use the function of that phase.');",
        "ELSE UPDATE cutter_governance.run SET stage = p_to WHERE run_id = p_run_id;",
        _test(
            "stages",
            "the_stage_of_an_effect_is_not_reached_without_the_effect[lifecycle_enacted-cutter_exec]",
        ),
    ),
    Mutant(
        "an edit changes drafts of its own document, in their places",
        _SEALED,
        "IF other IS NOT NULL THEN\n"
        "        PERFORM cutter_governance.fn_stop(\n"
        "            'STOP_INVARIANT_FAILED', 'CU004',\n"
        "            format('%s is no draft",
        "IF false THEN\n"
        "        PERFORM cutter_governance.fn_stop(\n"
        "            'STOP_INVARIANT_FAILED', 'CU004',\n"
        "            format('%s is no draft",
        _test("edits", "an_edit_changes_title_and_body_of_a_draft_and_nothing_else[another kind]"),
    ),
    Mutant(
        "only drafts are edited",
        _SEALED,
        "IS DISTINCT FROM (r.docprefix, 'draft', b.unit_kind,",
        "IS DISTINCT FROM (r.docprefix, u.lifecycle_status, b.unit_kind,",
        _test("edits", "only_drafts_are_edited[enacted]", "only_drafts_are_edited[reverted]"),
        explained="Second belt: guard_immutable refuses a new version of a unit that is no draft, with the same code.",
    ),
    Mutant(
        "an edit that is not there is not recorded as verified",
        _SEALED,
        "    IF other IS NOT NULL AND p_event ->> 'outcome' = 'PASS' THEN",
        "    IF false THEN",
        _test("edits", "a_pass_is_taken_only_where_the_edit_is_there_and_a_fail_always[another body]"),
    ),
    Mutant(
        "leg B records a cut that was made",
        _SEALED,
        "IF a.statement_sha256 IS NULL THEN\n"
        "        PERFORM cutter_governance.fn_stop(\n"
        "            'STOP_INVARIANT_FAILED'",
        "IF false THEN\n        PERFORM cutter_governance.fn_stop(\n            'STOP_INVARIANT_FAILED'",
        _test("authority", "leg_b_is_not_recorded_under_a_lease_that_no_cut_was_made_with"),
    ),
    Mutant(
        "the structure of a cut is recorded only if it is as signed",
        _SEALED,
        "IF found IS NOT NULL THEN\n"
        "        PERFORM cutter_governance.fn_stop(\n"
        "            'STOP_COUNT_MISMATCH', 'CU006',\n"
        "            format('the drafts of run",
        "IF false THEN\n"
        "        PERFORM cutter_governance.fn_stop(\n"
        "            'STOP_COUNT_MISMATCH', 'CU006',\n"
        "            format('the drafts of run",
        _test("enactment", "the_structure_of_a_cut_is_not_found_where_something_differs[another title]"),
    ),
    Mutant(
        "a verification is PASS only if the drafts are as signed",
        _BASE,
        "    IF p_outcome = 'PASS' AND found IS NOT NULL THEN",
        "    IF false THEN",
        _test("enactment", "a_difference_from_what_was_signed_is_named_and_stops_everything[another title]"),
    ),
    Mutant(
        "no structure is recorded under a HOLD",
        _SEALED,
        "    PERFORM cutter_governance.fn_write_lock(true);\n    SELECT d.address || ': ' || d.difference",
        "    SELECT d.address || ': ' || d.difference",
        _test("authority", "structure_is_not_recorded_under_a_hold"),
    ),
    Mutant(
        "no verification is recorded under a HOLD",
        _BASE,
        "    PERFORM cutter_console.fn_write_lock(true);\n    begun := cutter_console.fn_effect_begin(p_run_id, 'verify');",
        "    begun := cutter_console.fn_effect_begin(p_run_id, 'verify');",
        _test("authority", "a_verification_is_not_recorded_under_a_hold"),
    ),
    Mutant(
        "drafts are known only if no row has moved",
        _AMENDED,
        "       AND w.draft_seal = cutter_governance.fn_draft_seal(\n"
        "               cutter_governance.fn_draft_rows(p_run_id), g.signed_digest, w.draft_file_sha256, w.n_drafts)\n",
        "",
        _test("enactment", "a_difference_from_what_was_signed_is_named_and_stops_everything[another body]"),
    ),
    Mutant(
        "a version of a draft that moves is seen",
        _PLANNED,
        "             SELECT 'version', v.ctid, v.xmin FROM unit u JOIN public.unit_version v ON v.unit_id = u.id\n"
        "             UNION ALL\n",
        "",
        _test("known_drafts", "whatever_is_changed_behind_the_guards_is_known_no_more[another body]"),
    ),
    Mutant(
        "a row of the manifest that moves is seen",
        _PLANNED,
        "             SELECT 'block', b.ctid, b.xmin\n"
        "               FROM manifest m\n"
        "               JOIN cutter_governance.manifest_unit_block b USING (run_id)\n"
        "             UNION ALL\n",
        "",
        _test("known_drafts", "whatever_is_changed_behind_the_guards_is_known_no_more[another manifest]"),
    ),
    Mutant(
        "a seal that is gone is seen",
        _PLANNED,
        "             UNION ALL\n"
        "             SELECT 'seal', s.ctid, s.xmin FROM manifest m JOIN cutter_governance.manifest_seal s USING (run_id)\n",
        "",
        _test("known_drafts", "whatever_is_changed_behind_the_guards_is_known_no_more[no seal]"),
    ),
    Mutant(
        "a unit of another document under the addresses of this one is seen",
        _PLANNED,
        "             UNION ALL\n"
        "             SELECT u.id, u.ctid, u.xmin\n"
        "               FROM public.information_unit u\n"
        "              WHERE split_part(u.canonical_address, '/', 1) = (SELECT docprefix FROM r)\n"
        "                AND split_part(u.canonical_address, '/', 1) IS DISTINCT FROM u.doc_code\n",
        "",
        _test("known_drafts", "whatever_is_changed_behind_the_guards_is_known_no_more[a unit more under its prefix]"),
    ),
    Mutant(
        "a row in the place of another one is another row",
        _PLANNED,
        "sum(hash_record_extended(ROW (t.place, t.writer), 0)) AS a,\n"
        "                                sum(hash_record_extended(ROW (t.place, t.writer), 25214903917)) AS b",
        "sum(hash_record_extended(ROW (t.place), 0)) AS a,\n"
        "                                sum(hash_record_extended(ROW (t.place), 25214903917)) AS b",
        _test("known_drafts", "a_row_that_takes_the_place_of_the_one_that_was_read_is_another_row"),
    ),
    Mutant(
        "the rows' places are taken before they are verified",
        _BASE,
        "fn_draft_seal(rows_read, digest,",
        "fn_draft_seal(cutter_console.fn_draft_rows(p_run_id), digest,",
        _test("known_drafts", "a_row_that_moves_before_its_verification_ends_is_not_known"),
    ),
    *(
        Mutant(
            f"the seal of a verification binds {bound}",
            _AMENDED,
            f" || ':' || {parameter}",
            "",
            _test("known_drafts", f"digests_that_are_not_those_of_the_verification_are_not_believed[another {case}]"),
        )
        for bound, parameter, case in (
            ("the root over the drafts", "p_digest", "root"),
            ("their file", "p_file_sha256", "file"),
            ("their number", "p_n", "number"),
        )
    ),
    Mutant(
        "drafts that differ from what was signed are not enacted",
        _AMENDED,
        "    refused := drafts.refused;",
        "    refused := NULL;",
        _test("enactment", "a_difference_from_what_was_signed_is_named_and_stops_everything[another owner]"),
    ),
    Mutant(
        "SG_2 enacts the drafts that it names and no others",
        _AMENDED,
        "    IF refused IS NULL AND a.draft_digest IS DISTINCT FROM drafts.digest THEN",
        "    IF false THEN",
        _test("enactment", "sg_2_over_other_drafts_does_not_enact_these"),
    ),
    Mutant(
        "drafts that were never verified are not enacted",
        _SEALED,
        "    refused := CASE WHEN v.outcome IS NULL THEN 'the drafts were never verified'\n                    WHEN",
        "    refused := CASE WHEN",
        _test("enactment", "drafts_that_were_never_verified_are_not_enacted"),
    ),
    Mutant(
        "a failed verification stops the enactment",
        _SEALED,
        "WHEN v.outcome <> 'PASS' THEN format(",
        "WHEN false THEN format(",
        _test(
            "enactment",
            "a_fail_that_is_newer_than_the_pass_blocks_the_enactment_and_a_newer_pass_opens_it[after arming]",
        ),
    ),
    Mutant(
        "a unit that has changed since is verified again",
        _SEALED,
        "                    WHEN v.verified_at <= changed THEN 'a unit has changed since the drafts were verified'\n",
        "",
        _test("enactment", "a_unit_that_has_changed_since_it_was_verified_is_verified_again_first"),
    ),
    *(
        Mutant(
            f"the comparison with what was signed sees {what}",
            _AMENDED if "split_part" in before else _PLANNED,
            before,
            after,
            _test("enactment", f"a_difference_from_what_was_signed_is_named_and_stops_everything[{case}]"),
        )
        for what, case, before, after in (
            (
                "another document",
                "another document",
                "OR ROW (p.id, p.doc_code,",
                "OR ROW (p.id, (SELECT docprefix FROM r),",
            ),
            (
                "another owner",
                "another owner",
                "OR ROW (p.id, p.doc_code, p.owner_ref,",
                "OR ROW (p.id, p.doc_code, 'sovereign',",
            ),
            (
                "a version more",
                "a version more",
                "p.version_id, p.version_of, p.versions, p.title,\n",
                "p.version_id, p.version_of, 1 + s.edits, p.title,\n",
            ),
            (
                "a soft deletion",
                "a unit deleted softly",
                "p.lifecycle_status, p.version_status, p.deleted_at)",
                "p.lifecycle_status, p.version_status, NULL::timestamptz)",
            ),
            (
                "another digest of a body",
                "another digest of the body",
                "                p.body_sha256, p.content_hash, p.content_anchor_ref,",
                "                p.body_sha256, s.body_sha256, p.content_anchor_ref,",
            ),
            (
                "a unit that nobody signed",
                "a unit more under its prefix",
                "     WHERE split_part(u.canonical_address, '/', 1) = p_docprefix\n",
                "     WHERE false\n",
            ),
        )
    ),
    Mutant(
        "drafts are compared with the digest that was sealed, not with rows that agree with them",
        _PLANNED,
        "IN ('amend', 'repeal') THEN false\n                ELSE NOT EXISTS (SELECT 1",
        "IN ('amend', 'repeal') THEN false\n                ELSE false AND NOT EXISTS (SELECT 1",
        _test("changed_alike", "a_unit_and_its_manifest_that_were_changed_alike_are_not_what_was_signed"),
    ),
    Mutant(
        "a signed revert takes back the drafts that it names and no others",
        _SEALED,
        "        IF a.draft_digest IS DISTINCT FROM cutter_governance.fn_draft_digest(p_run_id) THEN",
        "        IF false THEN",
        _test("reverts", "a_signed_revert_takes_back_what_it_names_and_no_other_drafts[another body]"),
    ),
    Mutant(
        "the ruling of a cut takes back that cut and nothing else",
        _SEALED,
        "    ELSIF other IS NOT NULL OR coalesce(cardinality(taken), 0) <> a.n_units THEN",
        "    ELSIF false THEN",
        _test("changed_alike", "the_ruling_of_a_cut_does_not_take_back_another_unit_in_the_place_of_one_of_its_own"),
    ),
    Mutant(
        "law is never reverted",
        _AMENDED,
        "IF r.operation NOT IN ('amend', 'repeal') AND EXISTS (",
        "IF false AND EXISTS (",
        _test("reverts", "enacted_units_are_never_reverted_whatever_the_run_says_of_itself"),
    ),
    Mutant(
        "a run that has cut is not voided",
        _SEALED,
        "AND (p_family <> 'voided'\n"
        "            OR NOT EXISTS (SELECT 1 FROM cutter_governance.approval_use u WHERE u.run_id = r.run_id)\n"
        "               AND NOT EXISTS",
        "AND (true\n"
        "            OR NOT EXISTS (SELECT 1 FROM cutter_governance.approval_use u WHERE u.run_id = r.run_id)\n"
        "               AND NOT EXISTS",
        _test("stages", "a_run_that_has_cut_is_reverted_and_not_voided"),
    ),
    Mutant(
        "a closed run does not leave its way",
        _SEALED,
        "WHERE run_id = p_run_id\n       AND stage <> 'closeout_reported'\n       AND length(p_reason)",
        "WHERE run_id = p_run_id\n       AND length(p_reason)",
        _test("stages", "a_closed_run_is_never_called_failed_afterwards"),
    ),
    Mutant(
        "of an amendment those units count that stand as its enactment leaves them",
        _PLANNED,
        "WHEN 'enact' THEN u.lifecycle_status = 'enacted' AND v.lifecycle_status = 'enacted'",
        "WHEN 'enact' THEN true OR v.lifecycle_status = 'enacted'",
        _test("amended_drafts", "an_enactment_is_one_transaction_that_is_all_or_nothing"),
    ),
    Mutant(
        "all units or none",
        _PLANNED,
        "    IF done IS DISTINCT FROM planned THEN",
        "    IF false THEN",
        _test("cut", "a_part_of_the_law_cannot_be_enacted[1]"),
    ),
)

_OF_EVENTS_AND_PROBES = (
    Mutant(
        "only who names the journal's key is vouched for",
        _CUSTODY,
        "is_vouched := coalesce(encode(sha256(decode(p_event ->> 'key', 'hex')), 'hex') = r.journal_lock, false);",
        "is_vouched := p_event ->> 'key' IS NOT NULL;",
        _test("events", "the_lock_itself_is_no_key"),
    ),
    Mutant(
        "a vouched event extends the chain",
        _CUSTODY,
        "        IF seq <= last OR p_event ->> 'lock' IS NULL THEN",
        "        IF p_event ->> 'lock' IS NULL THEN",
        _test("events", "a_vouched_event_extends_the_chain[4]"),
    ),
    Mutant(
        "a vouched event locks the next one",
        _CUSTODY,
        "        IF seq <= last OR p_event ->> 'lock' IS NULL THEN",
        "        IF seq <= last THEN",
        _test("events", "a_vouched_event_locks_the_next_one"),
    ),
    Mutant(
        "a stranger's event moves no lock",
        _CUSTODY,
        "    IF is_vouched OR r.journal_lock IS NULL THEN",
        "    IF true THEN",
        _test("events", "an_event_without_the_key_is_kept_as_a_stranger_s_and_moves_no_lock"),
    ),
    Mutant(
        "a run comes to rest by its key alone",
        _SEALED,
        "IF NOT EXISTS (SELECT 1\n"
        "                     FROM cutter_governance.run\n"
        "                    WHERE run_id = p_run_id\n"
        "                      AND journal_lock =",
        "IF false AND NOT EXISTS (SELECT 1\n"
        "                     FROM cutter_governance.run\n"
        "                    WHERE run_id = p_run_id\n"
        "                      AND journal_lock =",
        _test("events", "a_run_comes_to_rest_by_its_key_alone"),
    ),
    Mutant(
        "an event is short",
        _CUSTODY,
        "OR p_event -> 'record' IS NULL\n       OR octet_length(p_event::text) > 8388608 THEN",
        "OR p_event -> 'record' IS NULL THEN",
        _test("events", "what_is_no_event_is_refused_with_the_step_that_it_came_with[a record too long]"),
    ),
    Mutant(
        "a probe of cuts keeps nothing",
        _PROBES,
        "            RAISE EXCEPTION 'a probe is always rolled back' USING ERRCODE = 'CUP00';\n        EXCEPTION",
        "        EXCEPTION",
        _test(
            "probes",
            "the_rulings_of_a_probe_authorise_nothing_afterwards[SELECT cutter_console.fn_probe_cut('{1,3,60}')]",
        ),
    ),
    Mutant(
        "a probe of reverts keeps nothing",
        _PROBES,
        "        RAISE EXCEPTION 'a probe is always rolled back' USING ERRCODE = 'CUP00';\n    EXCEPTION",
        "    EXCEPTION",
        _test("probes", "nothing_is_left_though_the_caller_commits[SELECT cutter_console.fn_probe_revert()]"),
    ),
    Mutant(
        "the executor does not probe",
        _PROBES,
        "GRANT EXECUTE ON FUNCTION fn_probe_cut(integer[], boolean), fn_probe_revert() TO cutter_verify;",
        "GRANT EXECUTE ON FUNCTION fn_probe_cut(integer[], boolean), fn_probe_revert() TO cutter_verify, cutter_exec;",
        _test(
            "probes",
            "neither_the_executor_nor_the_monitor_may_probe[SELECT cutter_console.fn_probe_revert()-cutter_exec]",
        ),
    ),
    Mutant(
        "a probe is refused behind a write of its transaction",
        _LESS_READ,
        "             WHERE pg_current_xact_id_if_assigned() IS NOT NULL\n",
        "             WHERE false\n",
        _test("probes", "a_transaction_that_has_written_is_refused[SELECT cutter_console.fn_probe_revert()]"),
    ),
    Mutant(
        "a probe is refused under a HOLD",
        _LESS_READ,
        "             WHERE cutter_console.fn_hold_reason() IS NOT NULL\n",
        "             WHERE false\n",
        _test("probes", "under_a_hold_it_is_refused_with_the_way_out"),
    ),
    Mutant(
        "a probe is refused while somebody may write",
        _LESS_READ,
        "              FROM cutter_governance.v_lease l\n            ORDER BY 1 LIMIT 1",
        "              FROM cutter_governance.v_lease l WHERE false\n            ORDER BY 1 LIMIT 1",
        _test("probes", "while_the_switch_is_armed_it_is_refused_with_the_way_out"),
    ),
    Mutant(
        "a lease that does not stand keeps no probe away",
        _LESS_READ,
        "              FROM cutter_governance.v_lease l\n            ORDER BY 1 LIMIT 1",
        "              FROM cutter_governance.execution_lease l\n"
        "             WHERE l.ended_at IS NULL AND l.expires_at > clock_timestamp()\n            ORDER BY 1 LIMIT 1",
        _test("probes", "a_lease_that_does_not_stand_keeps_no_probe_away[the session that held it is gone]"),
    ),
)


# 0018: batches. One signed statement rules on exactly its members, each once.
_OF_BATCHES = (
    Mutant(
        "a backup by document is one for the members whose rows it holds",
        _EFFECTS,
        "                          AND (p.documents IS NULL\n",
        "                          AND (true\n",
        _test("batches", "a_backup_by_document_counts_for_the_members_whose_rows_it_holds"),
    ),
    Mutant(
        "a ruling over a batch is over the plans that were signed",
        _BATCHES,
        "       OR s ->> 'batch_digest' IS DISTINCT FROM cutter_governance.fn_batch_digest(s ->> 'batch_id')\n",
        "",
        _test(
            "batches", "what_is_changed_after_the_signature_stops_the_write_of_every_member[the plan of another member]"
        ),
    ),
    Mutant(
        "a ruling over a batch counts for the runs that it lists",
        _BATCHES,
        "                       WHERE m.run_id = a.run_id\n"
        "                         AND l.f[7] = encode(sha256(a.statement), 'hex')) THEN",
        "                       ) THEN",
        _test("batches", "a_batch_s_ruling_does_not_arm_a_run_outside_of_it"),
    ),
    Mutant(
        "a member's statement is the one that the signed list names",
        _BATCHES,
        "                         AND l.f[7] = encode(sha256(a.statement), 'hex')) THEN",
        "                         ) THEN",
        _test(
            "batches", "what_is_changed_after_the_signature_stops_the_write_of_every_member[the statement of a member]"
        ),
    ),
    Mutant(
        "the list of a ruling over a batch is the signed one",
        _BATCHES,
        "       OR s #>> '{members,file_sha256}' IS DISTINCT FROM encode(sha256(b.members), 'hex')\n",
        "",
        _test("batches", "what_is_changed_after_the_signature_stops_the_write_of_every_member[the list]"),
    ),
    Mutant(
        "the signatures over a batch are verified before each lease and write",
        _BATCHES,
        "    RETURN cutter_governance.fn_signers(\n        b.statement, b.signatures, s ->> 'policy_sha256',",
        "    RETURN a.signers;\n    RETURN cutter_governance.fn_signers(\n        b.statement, b.signatures, s ->> 'policy_sha256',",
        _test("batches", "what_is_changed_after_the_signature_stops_the_write_of_every_member[the signatures]"),
    ),
    Mutant(
        "the signatures over a batch are verified at its import",
        _BATCHES,
        "    signed_by := cutter_governance.fn_signers(\n        p_statement, p_signatures, s ->> 'policy_sha256', s ->> 'kind', begins, ends);",
        "    signed_by := ARRAY['somebody'];",
        _test("batches", "a_signature_that_does_not_count_rules_on_nobody"),
    ),
    Mutant(
        "a ruling over a batch names the batch's plans at its import",
        _BATCHES,
        "WHEN s ->> 'batch_digest' IS DISTINCT FROM cutter_governance.fn_batch_digest(b.batch_id)\n                    OR s -> 'n_members'",
        "WHEN s -> 'n_members'",
        _test("batches", "a_ruling_over_a_batch_that_says_something_else_is_not_taken[another digest of the plans]"),
    ),
    Mutant(
        "a ruling over a batch leaves out nobody who waits, and names them in their order",
        _BATCHES,
        "           IS DISTINCT FROM cutter_governance.fn_batch_waiting(b.batch_id, s ->> 'purpose') THEN",
        "           IS NULL THEN",
        _test(
            "batches",
            "a_ruling_over_a_batch_that_says_something_else_is_not_taken[a member left out]",
            "the_second_ruling_leaves_out_no_verified_member",
        ),
    ),
    Mutant(
        "the list of a ruling over a batch says what the members' statements say",
        _BATCHES,
        "            IS DISTINCT FROM (line.f[2], s ->> 'kind', s ->> 'purpose', s ->> 'policy_sha256', begins, ends,\n"
        "                              line.f[4], line.f[5], line.f[6], digest)",
        "            IS NULL",
        _test("batches", "a_ruling_over_a_batch_that_says_something_else_is_not_taken[another plan in the list]"),
    ),
    Mutant(
        "a batch is of one target",
        _BATCHES,
        "                      THEN 'it was made for another database or timeline'\n",
        "                      THEN NULL\n",
        _test("batches", "a_ruling_over_a_batch_that_says_something_else_is_not_taken[another timeline]"),
    ),
    Mutant(
        "a lease of a batch is for its members alone",
        _BATCHES,
        "                      AND coalesce(l.run_id, l.batch_id) IN (p_run_id, cutter_governance.fn_batch_of(p_run_id))) THEN",
        "                      AND (l.batch_id IS NOT NULL OR l.run_id = p_run_id)) THEN",
        _test("batches", "what_is_left_of_a_cut_outside_of_a_batch_is_not_recorded_under_its_lease"),
    ),
    Mutant(
        "a batch is armed with the ruling of each member that waits",
        _BATCHES,
        "            a := cutter_governance.fn_ruling_found(member.run_id, p_purpose);\n",
        "            CONTINUE;\n            a := cutter_governance.fn_ruling_found(member.run_id, p_purpose);\n",
        _test("batches", "a_batch_is_not_armed_while_one_of_its_members_waits_for_its_ruling"),
    ),
    Mutant(
        "a batch is armed with a fresh backup",
        _BATCHES,
        "        PERFORM cutter_governance.fn_assert_backup(member.run_id);\n",
        "",
        _test("batches", "a_batch_without_a_proven_backup_is_not_armed"),
    ),
    Mutant(
        "a proof counts for a batch from the moment that the batch is recorded",
        _EFFECTS,
        "                          AND p.recorded_at >= b.recorded_at\n",
        "",
        _test("batches", "a_proof_that_is_older_than_the_batch_counts_for_its_own_run_alone"),
    ),
    Mutant(
        "a batch keeps its members",
        _BATCHES,
        "        IF p_run_ids IS DISTINCT FROM (SELECT array_agg(m.run_id ORDER BY m.position)",
        "        IF false AND p_run_ids IS DISTINCT FROM (SELECT array_agg(m.run_id ORDER BY m.position)",
        _test("batches", "a_batch_keeps_its_members"),
    ),
    Mutant(
        "a batch is recorded before anything of it is ruled on",
        _BATCHES,
        "IS DISTINCT FROM ('cut', 'active', 'cutplan_ok')",
        "IS DISTINCT FROM ('cut', 'active', r.stage)",
        _test("batches", "runs_that_cannot_be_ruled_on_together_are_no_batch[a run that is past its plan]"),
    ),
)


# 0019, and the calls of it in 0012 and 0016: effects, and what they say of the runs of other documents.
_MORE = "an_effect_that_does_more_than_was_signed_is_not_committed"
_UNEXPLAINED = "what_no_effect_explains_is_a_difference_beside_what_effects_do"
_OF_EFFECTS = (
    Mutant(
        "rows are counted in the transaction that adds them",
        _EFFECTS,
        "      LEFT JOIN jsonb_each_text(p_expected) e USING (key);\n",
        "      LEFT JOIN jsonb_each_text(p_expected) e USING (key);\n    wrong := NULL;\n",
        _test("effects", f"{_MORE}[a row too many]"),
    ),
    Mutant(
        "an effect changes no other document",
        _EFFECTS,
        "    IF wrong IS NULL AND p_step NOT IN ('record', 'verify')\n",
        "    IF false AND wrong IS NULL AND p_step NOT IN ('record', 'verify')\n",
        _test("effects", f"{_MORE}[a unit of another document]"),
    ),
    Mutant(
        "another document that is not kept yet is computed, at both ends of an effect",
        _EFFECTS,
        "FROM cutter_governance.kept_document n WHERE n.digest IS NULL) k\n",
        "FROM cutter_governance.kept_document n WHERE false) k\n",
        _test("effects", "a_document_that_is_not_kept_yet_is_looked_at_too"),
    ),
    Mutant(
        "an amendment writes as many versions as its statement says",
        _AMENDED,
        "                                            ELSE cutter_governance.fn_signed_units(a, 'drafts') END,\n",
        "                                            ELSE (written ->> 'versions')::integer END,\n",
        _test("effects", "an_amendment_without_its_numbers_in_the_signed_statement_is_not_written"),
    ),
    Mutant(
        "rows of other runs are those that were recorded since the plan",
        _EFFECTS,
        "             WHERE e.id > p_effect\n               AND e.run_id <> p_run_id\n",
        "             WHERE e.run_id <> p_run_id\n",
        _test("effects", f"{_UNEXPLAINED}[a row that nobody recorded]"),
    ),
    Mutant(
        "a run's own effects are not told as those of others",
        _EFFECTS,
        "               AND e.run_id <> p_run_id\n             GROUP BY",
        "             GROUP BY",
        _test("batches", "what_the_members_add_is_told_by_what_was_signed"),
    ),
    Mutant(
        "a document that an effect has changed is as it was before that effect, for others",
        _EFFECTS,
        "         WHERE e.id > p_effect\n           AND e.digest_before IS NOT NULL\n",
        "         WHERE false\n           AND e.digest_before IS NOT NULL\n",
        _test("effects", "a_plan_fits_beside_everything_that_other_runs_record"),
    ),
    Mutant(
        "the first effect since the plan says how a document was",
        _EFFECTS,
        "         ORDER BY e.docprefix, e.id\n",
        "         ORDER BY e.docprefix, e.id DESC\n",
        _test("effects", "a_plan_fits_beside_everything_that_other_runs_record"),
    ),
    Mutant(
        "effects from before the plan explain nothing",
        _EFFECTS,
        "         WHERE e.id > p_effect\n           AND e.digest_before IS NOT NULL\n",
        "         WHERE e.digest_before IS NOT NULL\n",
        _test("effects", f"{_UNEXPLAINED}[a unit of a third document]"),
    ),
    Mutant(
        "a run's own document is as it is now",
        _EFFECTS,
        "           AND e.docprefix <> p_docprefix\n",
        "",
        _test("effects", "a_run_whose_own_document_was_cut_finds_it_so"),
    ),
    Mutant(
        "a backup from before the effect of another run counts no more",
        _EFFECTS,
        "                        WHERE e.id > p.effect\n",
        "                        WHERE e.id < 0\n",
        _test("effects", "a_backup_from_before_the_effect_of_another_run_counts_no_more"),
    ),
    Mutant(
        "a verification of another run costs nobody's backup",
        _EFFECTS,
        "                          AND e.step <> 'verify'\n",
        "",
        _test("effects", "a_backup_from_before_the_effect_of_another_run_counts_no_more"),
    ),
    Mutant(
        "a proof says which effects the backup holds",
        _SCALE,
        "(SELECT coalesce(max(e.id), 0) FROM cutter_governance.run_effect e))\n",
        "0)\n",
        _test("effects", "a_backup_from_before_the_effect_of_another_run_counts_no_more"),
    ),
    Mutant(
        "what members of a batch write costs none of them its backup",
        _EFFECTS,
        "                          AND (e.batch_id IS NULL\n                               OR e.batch_id IS DISTINCT FROM (SELECT cutter_governance.fn_batch_of(p_run_id))))\n",
        "                      )\n",
        _test("batches", "one_statement_each_way_takes_all_members_to_law"),
    ),
    Mutant(
        "effects are never emptied",
        _EFFECTS,
        "BEFORE UPDATE OR DELETE OR TRUNCATE ON run_effect",
        "BEFORE UPDATE OR DELETE ON run_effect",
        _test("guards", "every_table_of_the_record_has_a_guard"),
    ),
)


# 0015 and 0016: what was in force, and amendments.
_OF_AMENDMENTS = (
    Mutant(
        "the bodies of drafts are not read as the text of a state",
        _STATES,
        "       AND s.other_text IS NOT NULL\n       AND EXISTS (SELECT 1\n"
        "                     FROM cutter_governance.approval_use n\n                    WHERE n.run_id = s.run_id\n"
        "                      AND n.purpose = 'enact')\n$$;\nCOMMENT ON FUNCTION fn_state_bytes",
        "       AND s.other_text IS NOT NULL\n$$;\nCOMMENT ON FUNCTION fn_state_bytes",
        _test("document_states", "drafts_that_were_taken_back_are_in_no_state"),
    ),
    Mutant(
        "an address can be given up by two units",
        _PIECES,
        "ALTER TABLE cutter_governance.canonical_address_alias DROP CONSTRAINT IF EXISTS canonical_address_alias_pkey;\n",
        "",
        (f"{_RUNS}::test_an_address_that_two_units_gave_up_leads_to_where_each_of_them_went",),
    ),
    Mutant(
        "a piece between the units is told by its place",
        _PIECES,
        "                 FROM (SELECT t.seq, t.address,\n",
        "                 FROM (SELECT t.seq, '' AS address,\n",
        ("tests/backend/runs/test_revision.py::test_what_stands_between_the_units_is_compared_by_its_places",),
    ),
    Mutant(
        "an amendment is planned against the law of today",
        _AMENDED,
        "ELSE cutter_governance.fn_amend_refusal(prefix, p_base_digest) END;",
        "END;",
        _test("amended_drafts", "an_amendment_is_not_planned_against_another_law_than_that_of_today"),
    ),
    Mutant(
        "the base of a run is never changed",
        _AMENDED,
        "AND (OLD.base_digest IS NOT NULL OR OLD.plan_digest IS NOT NULL OR OLD.operation NOT IN ('amend', 'repeal')))",
        "AND false)",
        _test("amended_drafts", "the_base_of_a_run_is_set_once_and_of_an_amendment_only"),
    ),
    Mutant(
        "an amendment writes into no unit of another document",
        _PLANNED,
        "u.doc_code IS DISTINCT FROM r.docprefix\n",
        "false\n",
        _test("amended_drafts", "a_unit_of_another_document_is_not_written_into_an_amendment"),
    ),
    Mutant(
        "an amendment states how many units it leaves alone",
        _PLANNED,
        "       IS DISTINCT FROM (CASE r.operation WHEN 'repeal' THEN 0 ELSE a.n_units END)::numeric THEN",
        "       IS NULL THEN",
        _test("amendments", "an_amendment_is_refused_whose_statement_miscounts_what_it_leaves_alone"),
    ),
    Mutant(
        "an amendment that has no draft holds its document",
        _OTHER_TEXT,
        "       AND r.operation IN ('repeal', 'amend')",
        "       AND r.operation = 'repeal'",
        _test("amendments", "an_amendment_without_a_draft_holds_its_document_like_any_other"),
    ),
    Mutant(
        "an amendment is not written where another text of the same units is law",
        _PLANNED,
        "        refused := format('run %s has made another text of %s law since',",
        "        refused := NULL; PERFORM format('run %s has made another text of %s law since',",
        _test("amendments", "an_amendment_is_refused_where_another_text_of_the_same_units_has_become_law"),
    ),
    Mutant(
        "an amendment is not written where its base has moved",
        _OTHER_TEXT,
        "IF p_base_digest IS NOT NULL AND p_base_digest IS DISTINCT FROM",
        "IF false AND p_base_digest IS DISTINCT FROM",
        _test("amendments", "an_amendment_is_refused_where_a_unit_of_its_base_was_changed_behind_the_guards"),
    ),
    Mutant(
        "two runs have no drafts of one document",
        _OTHER_TEXT,
        "    IF draft IS NOT NULL THEN\n        RETURN format('%s has drafts",
        "    IF false THEN\n        RETURN format('%s has drafts",
        _test("amendments", "two_amendments_of_one_document_have_no_drafts_at_the_same_time"),
    ),
    Mutant(
        "an amendment without a base is not written",
        _PLANNED,
        "    IF refused IS NOT NULL OR r.base_digest IS NULL THEN",
        "    IF refused IS NOT NULL THEN",
        _test("amended_drafts", "an_amendment_without_a_base_is_not_written"),
    ),
    Mutant(
        "a retired address does not come back",
        _PLANNED,
        "u.lifecycle_status NOT IN ('enacted', 'superseded'));\n    IF refused IS NOT NULL THEN",
        "false);\n    IF refused IS NOT NULL THEN",
        _test("amended_drafts", "a_retired_address_does_not_come_back"),
    ),
    Mutant(
        "units come into and go out of force by an amendment alone",
        _AMENDED,
        "               OR NEW.lifecycle_status IN ('enacted', 'superseded') AND OLD.lifecycle_status <> NEW.lifecycle_status))",
        "))",
        _test("amended_drafts", "a_unit_comes_into_or_goes_out_of_force_by_an_amendment_alone"),
    ),
    Mutant(
        "the amendment of one document changes no other",
        _AMENDED,
        "                      AND (r.operation = 'amend'\n"
        "                           OR r.operation = 'repeal' AND NEW.lifecycle_status = 'superseded')\n"
        "                      AND r.docprefix = NEW.doc_code) THEN",
        ") THEN",
        _test("amended_drafts", "a_unit_comes_into_or_goes_out_of_force_by_an_amendment_alone"),
    ),
    Mutant(
        "in a repeal nothing comes into force",
        _AMENDED,
        "OR r.operation = 'repeal' AND NEW.lifecycle_status = 'superseded')",
        "OR r.operation = 'repeal')",
        _test("repeals", "in_the_enactment_of_a_repeal_nothing_comes_into_force"),
    ),
    Mutant(
        "a repeal that leaves a unit in force is not committed",
        _PLANNED,
        "               + (SELECT count(*)\n                    FROM public.information_unit u\n"
        "                   WHERE u.doc_code = r.docprefix\n                     AND u.lifecycle_status = 'enacted')\n",
        "",
        _test("repeals", "a_repeal_that_leaves_a_unit_in_force_is_not_committed"),
    ),
    Mutant(
        "a repeal that does not end what was recorded is not committed",
        _PLANNED,
        "        SELECT r.n_units,\n               (SELECT count(*)\n                  FROM cutter_governance.cut_change_set c",
        "        SELECT 0,\n               (SELECT 0 * count(*)\n                  FROM cutter_governance.cut_change_set c",
        _test("repeals", "a_ruling_over_a_repeal_is_not_spent_on_fewer_units_than_were_recorded"),
    ),
    Mutant(
        "a sealed repeal holds its document",
        _OTHER_TEXT,
        "       AND r.operation IN ('repeal', 'amend')",
        "       AND r.operation = 'amend'",
        _test("repeals", "a_sealed_repeal_holds_its_document[amendment]"),
    ),
    Mutant(
        "of a repealed document no run begins",
        _AMENDED,
        "    IF cutter_governance.fn_repealed_by(p_docprefix) IS NOT NULL THEN",
        "    IF false THEN",
        _test("repeals", "of_a_repealed_document_no_run_begins[cut]"),
    ),
    Mutant(
        "a repeal has no manifest and no text",
        _AMENDED,
        "       OR r.operation = 'repeal' AND octet_length(p_manifest || p_canonical) > 0 THEN",
        " THEN",
        _test("repeals", "a_repeal_has_no_manifest_and_no_text[a space]"),
    ),
    Mutant(
        "a repeal alone has no text",
        _SEALED,
        "       OR (p_raw_bytes = 0) IS DISTINCT FROM coalesce(",
        "       OR false IS DISTINCT FROM coalesce(false, ",
        ("tests/attacks/test_records.py::test_a_source_has_a_size[0]",),
    ),
    Mutant(
        "a repeal is of as many units as are law",
        _PLANNED,
        "    IF r.operation = 'repeal'\n       AND a.n_units IS DISTINCT FROM",
        "    IF false\n       AND a.n_units IS DISTINCT FROM",
        _test("repeals", "a_repeal_of_another_number_of_units_than_are_law_is_not_written"),
    ),
    Mutant(
        "a ruling over an amendment says that it is one",
        _AMENDED,
        "WHEN coalesce(s ->> 'operation', CASE WHEN n.purpose = 'edit' THEN 'edit' ELSE 'cut' END)\n"
        "                           IS DISTINCT FROM r.operation\n",
        "WHEN false\n",
        _test("amended_drafts", "a_ruling_that_misstates_an_amendment_is_not_imported[no operation]"),
    ),
    Mutant(
        "a ruling over an amendment names its base",
        _AMENDED,
        "WHEN s #>> '{amendment,base_digest}' IS DISTINCT FROM r.base_digest\n",
        "WHEN false\n",
        _test("amended_drafts", "a_ruling_that_misstates_an_amendment_is_not_imported[another base]"),
    ),
    Mutant(
        "SG_2 alone says from when a text is in force, and no moment that has passed",
        _AMENDED,
        "WHEN n.in_force_from IS NOT NULL AND (n.kind <> 'SG_2' OR n.in_force_from <= clock_timestamp())\n",
        "WHEN false\n",
        _test("amended_drafts", "a_ruling_that_misstates_an_amendment_is_not_imported[SG_1 says from when]"),
    ),
    Mutant(
        "a text is not in force before the one that it follows",
        _AMENDED,
        "                  WHEN n.purpose = 'enact'\n                   AND coalesce(n.in_force_from, clock_timestamp())",
        "                  WHEN false\n                   AND coalesce(n.in_force_from, clock_timestamp())",
        _test("amended_drafts", "a_text_is_not_in_force_before_the_one_that_it_follows"),
    ),
    Mutant(
        "a later moment is the one from which a text is in force",
        _STATES,
        "greatest(p.in_force_from, e.decided_at) AS in_force_from",
        "e.decided_at AS in_force_from",
        _test("amended_drafts", "the_moment_of_a_later_text_is_the_signed_one"),
    ),
    Mutant(
        "drafts of an amendment are not edited",
        _AMENDED,
        "    IF p_operation = 'edit'\n       AND EXISTS",
        "    IF false\n       AND EXISTS",
        _test("amended_drafts", "drafts_of_an_amendment_are_not_edited"),
    ),
    Mutant(
        "a signed revert of an amendment takes the drafts that it names",
        _AMENDED,
        "       AND a.draft_digest IS DISTINCT FROM cutter_governance.fn_draft_digest(r.run_id) THEN",
        "       AND false THEN",
        _test("amended_drafts", "a_signed_revert_takes_exactly_the_drafts_that_it_names"),
    ),
    *(
        Mutant(
            f"the comparison with a signed amendment sees {what}",
            _PLANNED,
            before,
            after,
            _test("amended_drafts", f"a_difference_from_the_signed_amendment_stops_its_enactment[{case}]"),
        )
        for what, case, before, after in (
            (
                "another law than the signed base",
                "another text of what will be gone",
                "WHERE (SELECT base_digest FROM r)\n               IS DISTINCT FROM",
                "WHERE false AND (SELECT base_digest FROM r)\n               IS DISTINCT FROM",
            ),
            (
                "another body of a version",
                "another body with its digest",
                "ROW (p.id, p.doc_code, p.version_of, p.title, p.body_sha256, p.content_hash, p.deleted_at)",
                "ROW (p.id, p.doc_code, p.version_of, p.title, p.signed_sha256, p.signed_sha256, p.deleted_at)",
            ),
            (
                "another title",
                "another title of a new unit",
                "ROW (p.id, p.doc_code, p.version_of, p.title, p.body_sha256,",
                "ROW (p.id, p.doc_code, p.version_of, p.signed_title, p.body_sha256,",
            ),
            (
                "another place of a new unit",
                "another parent of a new unit",
                "p.publication_type, p.parent_or_container_ref, p.unit_kind, p.section_type,",
                "p.publication_type, p.parent_address, p.unit_kind, p.section_type,",
            ),
            (
                "a draft that is law already",
                "a changed unit that is law already",
                "ELSE p.lifecycle_status NOT IN ('enacted', 'superseded') OR p.version_status <> 'draft' END)",
                "ELSE false END)",
            ),
            (
                "a draft version that nobody signed",
                "a draft version more",
                "            OR v.version_id IS DISTINCT FROM b.version_id AND v.version_id IS NOT NULL\n",
                "",
            ),
            (
                "a draft unit that nobody signed",
                "a draft unit more whose version is law",
                "     WHERE (b.unit_id IS NULL AND u.lifecycle_status = 'draft'\n",
                "     WHERE (false\n",
            ),
        )
    ),
)

_NO_TEXT = "nothing_tells_the_monitoring_role_a_text_that_was_taken_back"
_RUN = "ictr-20260101T000000Z-00000001"

# 0015: what the monitoring role can read of states, and of nothing else.
_OF_STATES = (
    Mutant(
        "the units of what was never enacted have no text for readers",
        _STATES,
        "      JOIN public.unit_version v ON v.id = u.version_id\n     WHERE EXISTS (SELECT 1",
        "      JOIN public.unit_version v ON v.id = u.version_id\n     WHERE true OR EXISTS (SELECT 1",
        _test("document_states", f"{_NO_TEXT}[SELECT body FROM cutter_console.fn_state_versions('{_RUN}')]"),
    ),
    Mutant(
        "a version that is no draft for readers is listed without its text",
        _STATES,
        "               SELECT u.lifecycle_status = 'draft'\n                      AND u.deleted_at",
        "               SELECT true\n                      AND u.deleted_at",
        _test(
            "document_states",
            f"{_NO_TEXT}[SELECT draft_body FROM cutter_console.fn_unit_versions('ACME-LAW/ONE/BETA')"
            " WHERE draft_body IS NOT NULL]",
        ),
    ),
    Mutant(
        "edits of version 0.2.0 are ordered by their rulings",
        _STATES,
        "          JOIN cutter_governance.approval_use w ON w.run_id = e.run_id AND w.purpose = 'edit'\n",
        "          JOIN cutter_governance.manifest_seal w ON w.run_id = e.run_id\n",
        _test("document_states", "an_edit_of_version_0_2_0_is_part_of_the_state_though_one_transaction_sealed_all"),
    ),
    Mutant(
        "a unit of a state whose body is not the signed one is named",
        _STATES,
        "(v.title, encode(sha256(convert_to(v.body, 'UTF8')), 'hex')) IS DISTINCT FROM (b.title, b.body_sha256)",
        "v.title IS DISTINCT FROM b.title",
        _test("document_states", "a_unit_that_is_not_the_signed_one_is_named[body = 'Other.\\n']"),
    ),
)

# 0017: what is kept beside the rows, and backups by document.
_OF_SCALE = (
    Mutant(
        "rows that are written are counted",
        _SCALE,
        "        SELECT count(*) INTO added FROM new_row;\n",
        "        added := 0;\n",
        _test("kept_numbers", "the_kept_numbers_are_those_of_the_rows_after_each_step[cut]"),
    ),
    Mutant(
        "in a small database what readers see is computed each time",
        _BASE,
        "(SELECT c.rows <= 50000",
        "(SELECT c.rows < 0",
        _test("kept_numbers", "what_was_changed_past_the_triggers_shows_at_once_in_a_small_database"),
    ),
    Mutant(
        "units of a document that is not kept are among what readers see",
        _BASE,
        "            SELECT n FROM cutter_console.fn_documents_not_kept() n) d\n",
        "            SELECT n FROM cutter_console.fn_documents_not_kept() n WHERE false) d\n",
        _test("kept_numbers", "units_of_a_document_that_is_not_kept_show_in_any_database"),
    ),
    Mutant(
        "rows that are removed are counted",
        _SCALE,
        "        SELECT -count(*) INTO added FROM old_row;\n",
        "        added := 0;\n",
        _test("kept_numbers", "a_row_that_was_removed_with_the_guards_asleep_is_counted"),
    ),
    Mutant(
        "a document that changes loses its kept digest",
        _SCALE,
        "FROM new_row\n        ON CONFLICT (docprefix) DO UPDATE SET units = NULL, digest = NULL, kept_at = NULL"
        " WHERE k.digest IS NOT NULL;",
        "FROM new_row\n        ON CONFLICT (docprefix) DO NOTHING;",
        _test("kept_numbers", "the_kept_numbers_are_those_of_the_rows_after_each_step[enacted]"),
    ),
    Mutant(
        "what is kept is kept in a replica's session too",
        _SCALE,
        "        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', t.tbl, t.tgname);\n",
        "        NULL;\n",
        _test("kept_numbers", "the_session_of_a_replica_is_counted_like_others"),
    ),
    Mutant(
        "what is kept is not emptied",
        _SCALE,
        "TRIGGER guard_no_delete BEFORE DELETE OR TRUNCATE ON",
        "TRIGGER guard_no_delete BEFORE DELETE ON",
        _test("kept_numbers", "what_is_kept_is_never_deleted[TRUNCATE-kept_count]"),
    ),
    Mutant(
        "no role computes what is kept",
        _SCALE,
        "fn_readers_root,\n    fn_keep_documents, fn_count_audit,",
        "fn_readers_root,\n    fn_count_audit,",
        _test(
            "kept_numbers",
            "nobody_writes_what_is_kept[SELECT cutter_console.fn_keep_documents()-cutter_ro]",
        ),
    ),
    Mutant(
        "a backup by document is of the run's document",
        _SCALE,
        "        IF NOT EXISTS (SELECT 1\n                         FROM cutter_governance.run r\n",
        "        IF false AND NOT EXISTS (SELECT 1\n                         FROM cutter_governance.run r\n",
        _test("kept_numbers", "a_backup_of_another_document_is_no_proof_for_the_run"),
    ),
    Mutant(
        "the documents that are not in a backup stand as it says",
        _SCALE,
        "        IF p_proof -> 'standing' IS DISTINCT FROM",
        "        IF false AND p_proof -> 'standing' IS DISTINCT FROM",
        _test("kept_numbers", "a_backup_by_document_from_before_a_write_to_another_is_no_proof_afterwards"),
    ),
)

_OF_FAILOVER = (
    Mutant(
        "failover: drafts are ruled on where they were verified",
        _SEALED,
        "                    WHEN (v.system_identifier, v.timeline) IS DISTINCT FROM (t.system_identifier, t.timeline)\n",
        "                    WHEN false\n",
        _test(
            "rulings_elsewhere",
            "drafts_that_were_verified_on_another_server_are_not_ruled_on[timeline = 99]",
            "nothing_is_enacted_where_the_drafts_were_not_verified[timeline = 99]",
        ),
    ),
    Mutant(
        "failover: drafts are known only where they were verified",
        _AMENDED,
        "                            AND (v.system_identifier, v.timeline) = (t.system_identifier, t.timeline)\n",
        "",
        _test("rulings_elsewhere", "drafts_that_were_verified_on_another_server_are_not_ruled_on[timeline = 99]"),
    ),
    Mutant(
        "failover: a verification from here goes before one from elsewhere",
        _SEALED,
        "     ORDER BY (w.system_identifier, w.timeline) IS NOT DISTINCT FROM (t.system_identifier, t.timeline) DESC,\n              w.verified_at",
        "     ORDER BY w.verified_at",
        _test("rulings_elsewhere", "a_verification_made_here_goes_before_a_later_one_from_elsewhere[NULL]"),
    ),
    Mutant(
        "failover: a copy under another system identifier verifies nothing",
        _BASE,
        "    PERFORM cutter_console.fn_assert_target(cut_under, 'revert');\n",
        "",
        _test("rulings_elsewhere", "a_copy_under_another_identity_verifies_nothing[system_identifier = '1']"),
    ),
    Mutant(
        "failover: a plan is taken away only before anything is written",
        _FAILOVER,
        "       AND stage IN ('cutplan_ok', 'pre_write_backup_taken', 'grants_probed', 'awaiting_cut_authorization')\n       AND NOT EXISTS (SELECT 1 FROM cutter_governance.approval_use u WHERE u.run_id = r.run_id)\n       AND NOT EXISTS (SELECT 1 FROM cutter_governance.manifest_unit_block b WHERE b.run_id = r.run_id)\n",
        "",
        _test("replan", "what_is_written_keeps_its_plan"),
    ),
    Mutant(
        "failover: a run that is planned again has no lease",
        _FAILOVER,
        "       SET ended_at = clock_timestamp(), end_reason = 'the run is planned again'",
        "       SET end_reason = end_reason",
        _test("replan", "it_ends_the_lease_of_the_run"),
    ),
    Mutant(
        "failover: the guard keeps the plan of what is written",
        _SEALED,
        "                       AND OLD.stage IN ('cutplan_ok', 'pre_write_backup_taken', 'grants_probed',\n                                         'awaiting_cut_authorization')\n",
        "",
        _test("replan", "the_guard_keeps_the_plan_of_what_is_written_whoever_asks"),
    ),
    Mutant(
        "failover: a plan is taken away whole",
        _SEALED,
        "num_nulls(NEW.plan_digest, NEW.content_digest, NEW.n_units, NEW.baseline_digest) = 4",
        "num_nulls(NEW.plan_digest, NEW.content_digest, NEW.n_units, NEW.baseline_digest) > 0",
        _test("replan", "a_plan_is_taken_away_whole_or_not_at_all[stage = 'source_pinned', plan_digest = NULL]"),
    ),
)

# The search: what readers may find.
_OF_LATER = _test("search_of_later_law", "each_way_of_asking_finds_what_is_in_force_now")
_OF_SEARCH = (
    Mutant(
        "a unit that was never law is found by nobody",
        _PAGES,
        "\n            AND (u.lifecycle_status IN (''draft'', ''enacted'') OR v.enacted_at IS NOT NULL)'",
        "'",
        _test("unit_search", "what_was_never_law_is_found_by_nobody"),
    ),
    Mutant(
        "a unit is found by the words of the version that counts alone",
        _PAGES,
        "'(u.version_anchor_ref = ANY ($8)'",
        "'(true'",
        _test("unit_search", "document_lifecycle_and_moment_narrow_a_search"),
    ),
    Mutant(
        "what is searched for is what is in force now, whatever is enacted for later",
        _PAGES,
        "ELSE cutter_console.fn_states_meanwhile(of_document) END",
        "ELSE '{}' END",
        _OF_LATER,
    ),
    Mutant(
        "a unit that ends later is shown until then",
        _PAGES,
        "'(u.lifecycle_status = ANY ($1) AND u.deleted_at IS NULL'\n"
        "        || CASE WHEN is_plain THEN '' ELSE ' OR ' || has_state END || ')' END",
        "'(u.lifecycle_status = ANY ($1) AND u.deleted_at IS NULL)' END",
        _OF_LATER,
    ),
    Mutant(
        "the version that counts until another one begins is found by its words",
        _PAGES,
        "'(u.version_anchor_ref = ANY ($8)' || CASE WHEN is_plain THEN '' ELSE ' OR ' || has_state END || ')' END",
        "'u.version_anchor_ref = ANY ($8)' END",
        _OF_LATER,
    ),
    Mutant(
        "a version that begins later is found by its words from then on alone",
        _PAGES,
        "IF NOT is_read AND (p_parts IS NULL OR NOT r.is_of_state)",
        "IF NOT is_read",
        _OF_LATER,
    ),
    Mutant(
        "a unit that is in force from later on is not said to be law",
        _PAGES,
        "THEN ''begins later''",
        "THEN ''enacted''",
        _OF_LATER,
    ),
    Mutant(
        "a page splits a bounded amount of text into words",
        _PAGES,
        "is_over := has_begun AND (spent > most_text OR clock_timestamp() > ends_at);",
        "is_over := has_begun AND clock_timestamp() > ends_at;",
        _test("unit_search", "a_phrase_of_words_that_all_units_have_is_looked_for_piece_by_piece"),
    ),
    Mutant(
        "a page looks at a bounded number of units",
        _PAGES,
        "(looked >= most_units OR clock_timestamp() > ends_at)",
        "clock_timestamp() > ends_at",
        _test("unit_search", "units_that_are_passed_over_are_bounded_and_a_lifecycle_of_few_units_passes_over_none"),
    ),
    Mutant(
        "the index is not asked for the beginning of a great many words",
        _PAGES,
        "fn_search_query(cutter_console.fn_parts_of_few(p_parts, alike))",
        "fn_search_query(p_parts)",
        _test("unit_search", "the_index_is_not_asked_for_the_beginning_of_a_great_many_words"),
    ),
    Mutant(
        "a unit in force is looked up without the states of all documents",
        _LESS_READ,
        "JOIN cutter_governance.approval_use n USING (statement_sha256)\n"
        "                         JOIN cutter_governance.run r ON r.run_id = p.run_id\n"
        "                        WHERE p.in_force_from > now()\n"
        "                          AND n.purpose = 'enact'",
        "JOIN cutter_governance.v_document_state n USING (run_id)\n"
        "                         JOIN cutter_governance.run r ON r.run_id = p.run_id\n"
        "                        WHERE n.in_force_from > now()",
        _test("document_states", "a_unit_that_is_in_force_is_looked_up_without_the_states_of_documents"),
    ),
    *(
        Mutant(
            name,
            _LESS_READ,
            f"WHERE e.decided_at > now()\n{indent}AND e.verdict",
            f"WHERE false\n{indent}AND e.verdict",
            _test("document_states", "what_a_later_decision_has_enacted_is_in_force_from_then_on"),
        )
        for name, indent in (
            ("a text whose decision is still to come is not in force", " " * 26),
            ("until a decision that is still to come the text before it is in force", " " * 15),
        )
    ),
    Mutant(
        "units that the index has found by some of the words are read",
        _PAGES,
        "asked::text <> words::text;",
        "loose::text <> words::text;",
        _test("unit_search", "the_index_is_not_asked_for_the_beginning_of_a_great_many_words"),
    ),
    Mutant(
        "of a piece both indexes are asked, whatever the planner takes for the number of rows with some words",
        _PAGES,
        " SET cpu_tuple_cost = 1000000",
        "",
        _test("unit_search", "of_a_piece_only_the_units_with_the_words_are_read"),
    ),
    Mutant(
        "nothing hears what the readers' view leaves out",
        _PAGES,
        "CREATE OR REPLACE VIEW cutter_governance.v_reader WITH (security_barrier) AS",
        "CREATE OR REPLACE VIEW cutter_governance.v_reader AS",
        (
            "tests/attacks/test_shadows.py::test_the_readers_view_hides_what_is_no_longer_in_force_from_cheap_functions_too",
        ),
    ),
    Mutant(
        "a unit that is too long for the index is still cut",
        _SEARCH,
        "left(cutter_governance.fn_folded(\n               left(coalesce(p_title, '') || ' ' || p_body, 100000)), 100000))",
        "cutter_governance.fn_folded(coalesce(p_title, '') || ' ' || p_body))",
        _test("unit_search", "a_text_that_is_too_long_to_be_searched_whole_is_still_cut"),
    ),
)

# 0022: the schema of the functions, and the inventory of it.
_OF_THE_MOVE = (
    Mutant(
        "move: nobody else's function is moved",
        _MOVE,
        "           AND p.proowner = ours LOOP",
        "           LOOP",
        _test("console_schema", "a_function_of_somebody_else_in_the_ledgers_schema_stays_where_it_is"),
    ),
    Mutant(
        "move: a function of the owner that stays elsewhere stops it",
        _MOVE,
        "       AND (p.pronamespace <> 'cutter_console'::regnamespace OR p.prosrc ~ old_name);",
        "       AND p.prosrc ~ old_name;",
        _test("console_schema", "a_function_of_the_owners_that_cannot_move_is_named"),
    ),
    Mutant(
        "move: the schema is closed to the public",
        _MOVE,
        "TO cutter_exec, cutter_verify, cutter_ro;\n\n-- The inventory",
        "TO cutter_exec, cutter_verify, cutter_ro, PUBLIC;\n\n-- The inventory",
        _test("console_schema", "all_that_can_be_called_stands_in_one_schema_that_is_closed_to_the_public[pg18]"),
    ),
    Mutant(
        "inventory: a function in the console's schema is measured",
        _STOP,
        "         WHERE n.nspname IN ('cutter_governance', 'cutter_console')\n            OR n.nspname = 'public' AND p.proname",
        "         WHERE n.nspname = 'cutter_governance'\n            OR n.nspname = 'public' AND p.proname",
        _test("console_schema", "a_function_that_appears_in_either_schema_is_a_drift[cutter_console]"),
    ),
    Mutant(
        "inventory: grants on the console's schema are measured",
        _STOP,
        "FROM pg_namespace n WHERE n.nspname IN ('cutter_governance', 'cutter_console', 'public')",
        "FROM pg_namespace n WHERE n.nspname IN ('cutter_governance', 'public')",
        _test("console_schema", "the_public_in_the_consoles_schema_is_a_drift_that_the_printed_repair_ends"),
    ),
    Mutant(
        "inventory: a table in the console's schema is measured",
        _STOP,
        "               ('information_unit', 'unit_version', 'iu_lifecycle_vocab', 'iu_lifecycle_log', 'dot_config',\n"
        "                'iu_lifecycle_log_id_seq'))\n    ), routine",
        "               ('information_unit', 'unit_version', 'iu_lifecycle_vocab', 'iu_lifecycle_log', 'dot_config',\n"
        "                'iu_lifecycle_log_id_seq')) AND n.nspname <> 'cutter_console'\n    ), routine",
        _test("console_schema", "a_table_in_the_consoles_schema_is_a_drift"),
    ),
)

# The role that may set a HOLD and nothing else.
_OF_THE_STOPPER = (
    Mutant(
        "stop only: a HOLD that stands is left as it is",
        _STOP,
        "    IF cutter_console.fn_hold_reason() IS NOT NULL THEN\n        RETURN false;\n    END IF;\n",
        "",
        ("tests/attacks/test_stopper.py::test_a_flood_of_holds_is_one_hold_which_one_release_clears",),
    ),
    Mutant(
        "stop only: its function is closed to everybody else",
        _STOP,
        "REVOKE ALL ON FUNCTION cutter_console.fn_hold_ensure FROM PUBLIC;",
        "",
        ("tests/attacks/test_stopper.py::test_the_one_function_is_refused_to_everybody_else",),
    ),
    Mutant(
        "stop only: the attributes of the role are measured",
        _STOP,
        "         WHERE r.rolname IN ('cutter_owner', 'cutter_exec', 'cutter_verify', 'cutter_ro', 'cutter_stop')\n        UNION ALL\n        SELECT 'superuser'",
        "         WHERE r.rolname IN ('cutter_owner', 'cutter_exec', 'cutter_verify', 'cutter_ro')\n        UNION ALL\n        SELECT 'superuser'",
        _test("stopper", "a_role_that_comes_later_is_let_in_by_the_next_migrate_that_accepts_it"),
    ),
    Mutant(
        "stop only: the settings of the role are measured",
        _STOP,
        "                   ('cutter_owner', 'cutter_exec', 'cutter_verify', 'cutter_ro', 'cutter_stop'))\n        UNION ALL\n        SELECT 'grant', 'DATABASE'",
        "                   ('cutter_owner', 'cutter_exec', 'cutter_verify', 'cutter_ro'))\n        UNION ALL\n        SELECT 'grant', 'DATABASE'",
        _test("stopper", "a_change_of_the_role_is_a_drift[ALTER ROLE cutter_stop SET search_path = public]"),
    ),
)

_LAW = "known_law"

# 0026: what is kept of a law counts while no row of it has moved.
_OF_THE_BASE = (
    Mutant(
        "what is kept of a law counts only if no row of it has moved",
        _BASE,
        "       AND k.base_seal = cutter_console.fn_base_seal(\n"
        "               cutter_console.fn_base_rows(p_docprefix), k.base_digest, k.base_units, k.base_readers)\n",
        "       AND k.base_seal IS NOT NULL\n",
        _test(_LAW, "whatever_is_changed_behind_the_guards_is_read"),
    ),
    Mutant(
        "a version of the law that moves is seen",
        _PLANNED,
        "sum(hash_record_extended(ROW (u.ctid, u.xmin, v.ctid, v.xmin), 0)) AS a,\n"
        "                        sum(hash_record_extended(ROW (u.ctid, u.xmin, v.ctid, v.xmin), 25214903917)) AS b",
        "sum(hash_record_extended(ROW (u.ctid, u.xmin), 0)) AS a,\n"
        "                        sum(hash_record_extended(ROW (u.ctid, u.xmin), 25214903917)) AS b",
        _test(_LAW, "whatever_is_changed_behind_the_guards_is_read"),
    ),
    Mutant(
        "a unit of the law that moves is seen",
        _PLANNED,
        "sum(hash_record_extended(ROW (u.ctid, u.xmin, v.ctid, v.xmin), 0)) AS a,\n"
        "                        sum(hash_record_extended(ROW (u.ctid, u.xmin, v.ctid, v.xmin), 25214903917)) AS b",
        "sum(hash_record_extended(ROW (v.ctid, v.xmin), 0)) AS a,\n"
        "                        sum(hash_record_extended(ROW (v.ctid, v.xmin), 25214903917)) AS b",
        _test(_LAW, "whatever_is_changed_behind_the_guards_is_read"),
    ),
    Mutant(
        "a row of the law in the place of another one is another row",
        _PLANNED,
        "sum(hash_record_extended(ROW (u.ctid, u.xmin, v.ctid, v.xmin), 0)) AS a,\n"
        "                        sum(hash_record_extended(ROW (u.ctid, u.xmin, v.ctid, v.xmin), 25214903917)) AS b",
        "sum(hash_record_extended(ROW (u.ctid, v.ctid), 0)) AS a,\n"
        "                        sum(hash_record_extended(ROW (u.ctid, v.ctid), 25214903917)) AS b",
        _test(_LAW, "a_row_in_the_place_of_one_that_was_read_is_another_row"),
    ),
    *(
        Mutant(
            f"the seal of a law binds {bound}",
            _BASE,
            f" || ':' || {parameter}",
            "",
            _test(_LAW, f"what_is_kept_is_not_believed_without_its_seal[{case}]"),
        )
        for bound, parameter, case in (
            ("its digest", "p_digest", "base_digest = repeat('0', 64)"),
            ("its number of units", "p_units", "base_units = 7"),
            ("what readers see of it", "p_readers", "base_readers = repeat('0', 64)"),
        )
    ),
    Mutant(
        "what is kept of a law counts on its server and timeline alone",
        _PLANNED,
        "concat_ws(':', t.system_identifier, t.timeline, p_docprefix,",
        "concat_ws(':', p_docprefix,",
        _test(_LAW, "what_was_computed_on_another_server_or_timeline_does_not_count"),
    ),
    Mutant(
        "the places of a law's rows are taken before they are read",
        _PLANNED,
        "base_seal = cutter_console.fn_base_seal(rows_read, root",
        "base_seal = cutter_console.fn_base_seal(cutter_console.fn_base_rows(p_docprefix), root",
        _test(_LAW, "a_row_that_moves_while_the_law_is_read_is_not_known"),
    ),
    Mutant(
        "nothing is kept of a law that states a false sha256",
        _PLANNED,
        "    root := CASE WHEN is_sound THEN cutter_console.fn_merkle_root(lines) END;",
        "    root := cutter_console.fn_merkle_root(lines);",
        _test(_LAW, "of_a_law_with_a_false_sha256_nothing_is_kept"),
    ),
    Mutant(
        "a draft is hashed whatever is known of its law",
        _PLANNED,
        "                          AND u.version_anchor_ref = v.id THEN v.content_hash\n"
        "                         ELSE encode(sha256(convert_to(v.body, 'UTF8')), 'hex') END AS body_sha256",
        "                          THEN v.content_hash\n"
        "                         ELSE encode(sha256(convert_to(v.body, 'UTF8')), 'hex') END AS body_sha256",
        _test(_LAW, "the_drafts_of_an_amendment_are_hashed_whatever_is_known_of_its_law"),
    ),
    Mutant(
        "what readers see is kept without its drafts",
        _BASE,
        "                          AND CASE WHEN i.lifecycle_status = 'draft'\n"
        "                                       THEN i.canonical_address NOT IN (SELECT unnest(p_without))\n",
        "                          AND CASE WHEN i.lifecycle_status = 'draft' THEN false\n",
        _test(_LAW, "what_readers_see_is_the_same_kept_and_read_whatever_is_left_out"),
    ),
    Mutant(
        "law that is left out is not among what readers see",
        _BASE,
        "THEN i.canonical_address IN (SELECT unnest(p_without)) END);",
        "THEN false END);",
        _test(_LAW, "what_readers_see_is_the_same_kept_and_read_whatever_is_left_out"),
    ),
)

SQL = (
    *_OF_THE_BASE,
    *_OF_THE_MOVE,
    *_OF_THE_STOPPER,
    *_OF_FAILOVER,
    *_OF_SEARCH,
    *_OF_SCALE,
    *_OF_STATES,
    *_OF_GUARDS,
    *_OF_HOLDS,
    *_OF_LOCK_AND_LEASE,
    *_OF_BACKUPS,
    *_OF_RULINGS,
    *_OF_POLICIES_AND_KEYS,
    *_OF_MANIFESTS,
    *_OF_WRITES,
    *_OF_AMENDMENTS,
    *_OF_BATCHES,
    *_OF_EFFECTS,
    *_OF_EVENTS_AND_PROBES,
)
