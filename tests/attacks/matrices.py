"""What `make test` takes of the long matrices of attacks and of an organisation's tables, as tests/matrices.py says."""

from tests.support.combinations import Kept

ATTACKS: dict[str, Kept] = {
    # An answer of each kind, what is changed behind an answer, an error, and a right that is gone.
    "gateway/test_passage.py::test_what_the_organisations_side_refuses_or_answers_takes_the_whole_leg_back": (
        "there already",
        "a changed text",
        "a row too many",
        "raises in the middle",
        "no right",
    ),
    # A function and a view; on the console's own database test_drift.py asks every one of these breaks.
    "same_names/test_repairs.py::test_what_is_printed_mends_the_console_s_own_and_changes_nothing_else": (
        "a function that lost everything",
        "a dropped view",
    ),
    # What only tables of the same names can do; a text that is another one, and the answers, are asked beside tables of other names.
    "same_names/test_attacks.py::test_what_the_organisations_side_does_takes_the_whole_leg_back": (
        "reaches for the console",
        "an overload",
    ),
    # A constraint, a trigger that refuses, one that drops and one that adds, one at COMMIT, and a right that is gone.
    "same_names/test_governance_check.py::test_what_refuses_the_rows_of_a_table_is_named": (
        "a row more",
        "a row in a table that is only counted",
        "a row kept out",
        "a vocabulary",
        "a trigger",
        "at the end",
        "no privilege",
    ),
    # A row that is another one, one that is missing, and a table that is none; what refuses a row is named by the trial.
    "same_names/test_governance.py::test_whatever_is_not_written_exactly_takes_leg_b_back": (
        "a changed digest",
        "a row less",
        "a view in the place of a table",
    ),
    "same_names/test_governance.py::test_a_commit_of_leg_b_that_is_lost_or_late_is_settled_by_a_role_of_two_sessions": (
        "request lost",
    ),
    # `other types` has columns more and fewer too.
    "same_names/test_varied.py::test_a_likeness_that_varies_is_cut_and_enacted_too": (
        "an audit with row security",
        "other types",
        "more than the tables",
        "strict functions",
        "names and words of their own",
        "types kept apart",
    ),
    # What fits into a message is 100 MB, and takes seconds to be refused.
    "attacks/test_hold_and_backup.py::test_the_reason_of_a_hold_is_short": ("[n5]*",),
    # Of each sort: fields and lines, controls, bytes, numbers, order, spans, digests, prefixes, look-alikes, parents, kinds.
    "attacks/test_manifest_bytes.py::test_a_crafted_manifest_is_refused_although_its_digest_was_signed": (
        "a parent that comes later",
        "a prefix that only begins alike",
        "two slashes",
        "an escape sequence in a title",
        "a field too many",
        "bytes that are no UTF-8",
        "no line at all",
        "one unit twice",
        "numbers with a gap",
        "an overlap with the unit before",
        "another sha256",
        "a Cyrillic look-alike of a letter",
        "a kind that is not known",
        "lines in another order",
        "an end beyond the text",
        "itself as its parent",
        "no kind",
    ),
    # Of each level of isolation; every function that writes is asked in tests/backend/postgres/test_write_lock.py.
    "attacks/test_transactions.py::test_an_old_snapshot_writes_nothing": ("cut-3", "enact-4"),
    "attacks/test_transactions.py::test_an_old_snapshot_arms_nothing": ("3",),
    "attacks/test_transactions.py::test_an_old_snapshot_verifies_nothing": ("4",),
    # Other types.
    "adoption/test_mapping.py::test_columns_more_columns_less_and_other_types_are_reasons_and_no_errors": (
        "references as text",
    ),
    # How values are read, and how statements are planned; how values are written is asked in test_sessions.py of the database.
    "attacks/test_shadows.py::test_no_setting_that_a_role_may_change_changes_what_is_written": (
        "backslashes in strings",
        "generic plans",
    ),
    # An effect, the way out of it, and a reader.
    "attacks/test_locks.py::test_an_open_transaction_of_another_session_keeps_nobody_waiting": (
        "a cut",
        "a HOLD",
        "a read of everything",
    ),
    "attacks/test_locks.py::test_no_advisory_lock_stops_a_run": ("passer_by",),
    # A role of the product, and somebody.
    "attacks/test_locks.py::test_a_migration_that_meets_an_advisory_lock_is_told_so": ("cutter_ro", "passer_by"),
    "attacks/test_hold_and_backup.py::test_a_transaction_that_is_writing_does_not_keep_a_hold_waiting_and_does_not_commit_under_it": (
        "cut",
    ),
    "attacks/test_hold_and_backup.py::test_without_a_fresh_proof_nothing_becomes_law_and_nothing_is_reverted": (
        "enact",
    ),
    # Both places of twins; together they are looked for in the order of the first one.
    "attacks/test_twins.py::test_a_twin_of_no_function_is_ever_reached": ("public", "pg_temp"),
    # What the look at the database of the attacks sees: rows, what is in no log of the server, and the catalogues of database and cluster.
    "attacks/test_world.py::test_what_was_committed_is_seen_by_the_next_look": (
        "a row",
        "a table that is in no log",
        "a grant",
        "an attribute of a role",
    ),
    # The first, one in the middle and the last of sixteen bits.
    "attacks/test_rulings.py::test_a_statement_with_one_bit_changed_is_not_the_one_that_was_signed": ("0", "7", "15"),
    "attacks/test_locks.py::test_an_old_snapshot_that_is_held_for_ever_stops_nothing": ("passer_by",),
    # No packet, another key, another file and what would make a reader wait.
    "attacks/test_approvals.py::test_a_bad_signature_alone_is_none": (
        "junk",
        "a stranger's",
        "a link to a secret",
        "a pipe",
    ),
    "attacks/test_approvals.py::test_a_bad_signature_beside_a_good_one_is_named_and_the_good_one_counts": (
        "junk",
        "a stranger's",
        "a link into nowhere",
    ),
    "attacks/test_approvals.py::test_one_byte_of_a_statement_is_enough": ("0", "3"),
    "attacks/test_approvals.py::test_a_statement_of_another_size_is_refused": ("0", "65537"),
    # Too few, one that counts twice, one that does not count, one of another form, and more than are read.
    "attacks/test_rulings.py::test_a_true_statement_without_exactly_good_signatures_is_not_imported": (
        "none",
        "NULL",
        "a good one and NULL",
        "a good one twice",
        "two by one key",
        "a stranger's",
        "of another statement",
        "over SHA-1",
        "not detached",
        "65 of them",
    ),
    # What it allows, and who signed it; a digest, a time and a number are asked in test_rulings.py of the database.
    "attacks/test_one_signed_effect.py::test_a_row_that_was_planted_with_the_true_statement_and_a_false_column_is_refused_loudly": (
        "purpose",
        "signatures",
    ),
    # Each role; a setting is a line of the inventory, whichever it is.
    "attacks/test_shadows.py::test_a_role_that_changes_its_own_settings_is_seen_by_the_inventory": ("*-search path",),
    # The roles that call functions of the product.
    "attacks/test_shadows.py::test_a_function_that_is_called_in_a_haunted_session_answers_as_in_any_other": (
        "cutter_exec",
        "cutter_verify",
        "cutter_ro",
    ),
    "attacks/test_shadows.py::test_shadows_in_a_schema_that_the_roles_may_write_are_never_asked": ("public",),
    "attacks/test_shadows.py::test_a_role_that_changes_its_own_isolation_only_stops_itself": ("serializable",),
    "attacks/test_shadows.py::test_shadows_in_the_temporary_schema_are_never_asked": (
        "SET search_path = pg_temp, public, pg_catalog",
    ),
    # A cut and an enactment: each way with one of them.
    "attacks/test_transactions.py::test_an_effect_that_is_rolled_back_to_a_savepoint_is_gone_whole_and_can_be_had_once": (
        "cut",
    ),
    "attacks/test_transactions.py::test_an_effect_whose_error_is_swallowed_leaves_no_part_of_itself": ("enact",),
    "attacks/test_transactions.py::test_a_transaction_that_only_reads_writes_nothing": ("cut",),
    # What refuses, what writes more, a right that is gone, and another row.
    "adoption/test_check_and_apply.py::test_a_proof_that_does_not_hold_is_named_with_what_the_function_said": (
        "a late gate",
        "a trigger that logs",
        "no right",
        "a changed text",
        "a rule that writes elsewhere",
    ),
    "adoption/test_settings.py::test_what_will_come_out_otherwise_is_named": (
        "a caller's zone",
        "a role that may not call",
        "isolation",
        "search_path",
        "deferred apart",
    ),
    "adoption/test_check_and_apply.py::test_the_script_takes_nothing_over_that_is_somebody_elses": (
        "*AUTHORIZATION cutter_owner*",
        "ALTER ROLE*",
    ),
    "gateway/test_rights.py::test_nothing_is_written_where_a_table_is_no_plain_one_any_more": ("a view",),
    "gateway/test_rights.py::test_code_that_a_cut_runs_has_no_right_of_the_console_s": (
        "an index",
        "a default of the function that makes",
    ),
    "same_names/test_governance_check.py::test_where_they_cannot_be_tried_no_table_passes": (
        "another mapping",
        "no function",
    ),
    "same_names/test_governance_check.py::test_rows_of_somebody_else_are_told_from_those_of_a_trial": (
        "all the time",
        "with each trial",
    ),
    "same_names/test_governance_check.py::test_whoever_calls_the_trial_and_commits_has_written_nothing": ("enact",),
    "same_names/test_attacks.py::test_a_monitor_that_is_a_member_of_more_than_cutter_ro_arms_nothing": (
        "cutter_verify",
    ),
    "same_names/test_repairs.py::test_what_the_organisation_does_with_its_own_is_told_and_nothing_is_printed_that_undoes_it": (
        "a search_path of the database",
        "who may make schemas",
        "an owner of the database",
    ),
    # Of the drafts, of SG_1 and of the list; each field is asked in test_rulings.py of the database.
    "attacks/test_rulings.py::test_a_signed_second_ruling_that_is_not_exactly_of_the_drafts_is_refused": (
        "to revert as SG_2",
        "another digest of the drafts",
        "another SG_1",
        "another count",
        "a list of null",
    ),
    # Of the roles the one that writes, and somebody.
    "attacks/test_shadows.py::test_the_settings_that_matter_are_a_superusers": (
        "cutter_exec-*",
        "passer_by-*",
    ),
}
