"""What `make test` takes of the long matrices of what the program does (documents, runs, gates, reports, backup), as tests/matrices.py says."""

from tests.support.combinations import Kept

BACKEND: dict[str, Kept] = {
    # A law of each language, one with tables, and the longest but one.
    "backend/documents/test_akn_intake.py::test_a_real_law_comes_back": (
        "b__bewg*",
        "t__techkontrollv*",
        "quyet-dinh*",
        "luat-khoa-hoc*",
    ),
    # Of each language some; the same is asked of made lines of every profile.
    "backend/documents/test_corpus.py::test_a_changed_beginning_in_a_real_law_is_kept_refused_or_named": (
        "a__*",
        "g__gg.md",
        "z__*",
        "luat-t*",
        "luat-di-san*",
        "luat-quyen-lap-hoi*",
    ),
    # All but the longest, which takes as long as the others together.
    "backend/documents/test_corpus.py::test_a_real_law_is_planned_without_loss_or_refused_for_its_own_fault": (
        "[!b]*",
        "b__b[!g]*",
        "bo-*",
    ),
    # German laws: again all but the longest.
    "backend/documents/test_corpus.py::test_each_item_of_a_list_is_a_unit_or_named_with_the_option": (
        "[!b]*",
        "b__b[!g]*",
    ),
    # One of the two steps that join; both are refused at the same place.
    "backend/documents/test_own_profiles.py::test_patterns_that_cannot_be_joined_are_the_profiles_fault": (
        "a group twice",
    ),
    # Of the two keys that say where a pattern is tried, one.
    "backend/documents/test_profile_check.py::test_a_line_that_a_pattern_matches_and_that_is_never_tried_is_named": (
        "heads*",
    ),
    # Before it is planned, and with a plan.
    "backend/runs/test_bars.py::test_while_another_run_has_drafts_of_the_law_nothing_is_offered_that_would_be_refused": (
        "marked",
        "awaiting_cut_authorization",
    ),
    "backend/runs/test_bars.py::test_when_the_drafts_are_law_what_was_planned_before_is_over_and_the_rest_goes_on": (
        "marked",
        "awaiting_cut_authorization",
    ),
    # Each end, and both states.
    "backend/runs/test_bars.py::test_a_first_cut_after_another_one_can_but_be_voided": (
        "created-drafts",
        "awaiting_cut_authorization-reverted",
        "created-law",
    ),
    # Named by the status of the batch and by its moves; held after the ruling, not before it.
    "backend/runs/test_batch_bars.py::test_a_batch_with_a_barred_member_says_so_and_goes_on_when_that_one_is_voided": (
        "True",
    ),
    "backend/runs/test_batch_hands.py::test_nothing_of_a_batch_is_offered_while_another_console_holds_a_member": (
        "True",
    ),
    # The one after which the batch goes on by the operator's hand.
    "backend/runs/test_batches.py::test_a_commit_that_is_lost_on_a_session_that_had_written_before_is_settled": (
        "request lost",
    ),
    # At the earlier pause; at the later one a cut does, in test_handover.py.
    "backend/runs/test_hands_at_once.py::test_a_repeal_changes_hands": ("at_first_pause",),
    # By the same COMMIT, whatever kind of law it is.
    "backend/runs/test_takeover.py::test_a_law_is_closed_where_its_run_was_taken_over": ("cut",),
    # What was done is not done again; that what was not done can be asked for again, the other lost requests show.
    "backend/runs/test_takeover.py::test_a_lost_answer_is_settled": ("answer lost",),
    # The dry run and what follows it, which is the same as without one.
    "backend/runs/test_batches.py::test_each_document_is_planned_in_two_passes_and_not_in_a_third": ("DRYRUN",),
    # Of each kind of answer, the one that goes on.
    "backend/runs/test_settling.py::test_on_another_server_the_row_decides_that_is_named_instead_of_an_event": (
        "answer lost",
    ),
    # Of a lost answer and a lost request, one.
    "backend/runs/test_verdicts.py::test_a_stop_on_another_server_is_judged_by_the_end_of_the_lease": ("request lost",),
    # A profile that is another one.
    "backend/runs/test_own_profiles.py::test_a_run_whose_profile_was_changed_does_not_go_on": ("<lambda>1",),
    # With a ruling of this step.
    "backend/runs/test_handover.py::test_a_run_goes_on_to_its_end_where_its_bundle_is_accepted": ("SG_2 imported",),
    # A guard that is missing, and one that is not ours.
    "backend/runs/test_drift.py::test_the_phase_before_approval_names_the_guard_that_does_not_stand": (
        "missing",
        "a stranger's",
    ),
    # Of a lost answer and a lost request, one.
    "backend/runs/test_settling.py::test_a_lost_commit_of_arming_for_law_leaves_the_switch_off": ("request lost",),
    # Between them they have the requests of each kind, and an effect in both.
    "backend/runs/test_reused_ids.py::test_what_is_not_there_is_not_called_committed": (
        "start",
        "import",
        "disarm",
    ),
    "backend/runs/test_reused_ids.py::test_what_is_there_is_called_committed": (
        "import",
        "lease",
    ),
    "backend/runs/test_settling.py::test_a_request_that_is_lost_or_late_never_has_an_effect_after_it_was_denied": (
        "void-late",
        "cut_leg_a-late",
    ),
    "backend/runs/test_settling.py::test_an_answer_that_is_lost_is_asked_for_and_the_work_goes_on": (
        "import",
        "arm",
        "cut_leg_a",
    ),
    "backend/runs/test_settling.py::test_what_cannot_be_decided_in_time_is_said_to_be_unknown_and_asked_again": (
        "void",
        "cut_leg_a",
    ),
    # A file that is gone, one that was damaged, and one that is of another kind.
    "backend/runs/test_ways_out.py::test_moves_alone_lead_out_of_every_fault": (
        "a rewritten journal-waits for SG_2",
        "no source-waits for SG_2",
        "a FIFO for a journal-waits for SG_2",
    ),
    # The signal that cannot be handled.
    "backend/scratch/test_cluster.py::test_the_server_ends_with_its_starter": ("9",),
    # While the dump is under way.
    "backend/backup/test_hanging.py::test_a_kill_at_any_moment_leaves_no_plain_text_and_no_process": ("STREAM",),
    # The last that is tried.
    "backend/reports/test_bundle.py::test_where_any_write_fails_nothing_has_the_final_name": ("12",),
    # The letter of every outcome is asked of the function that gives it.
    "backend/reports/test_bundle.py::test_a_gate_that_fails_or_cannot_be_measured_blocks": ("FAIL",),
    # Each profile, and each way to change a beginning; the German profile with its option with all of them.
    "backend/documents/test_suspects.py::test_a_changed_beginning_is_kept_refused_or_named": (
        "atx-look_alike",
        "vi-law-hidden",
        "numbered, headings-indented",
        "us-bylaws-another_space",
        "eu-act-escaped",
        "de-law+bis-*",
    ),
    # One profile with every change, and one change of the other.
    "backend/documents/test_profiles.py::test_nothing_of_them_is_lost_in_silence": (
        "*-standing-orders",
        "look_alike-rule-book",
    ),
    # Of the keys with regular expressions, one.
    "backend/documents/test_own_profiles.py::test_a_regular_expression_that_takes_for_ever_is_stopped_and_named": (
        "pattern",
    ),
    # Headings, numbers, and words with an option.
    "backend/documents/test_suspects.py::test_only_lines_that_are_no_suspects_are_left_out_of_the_closer_look": (
        "atx",
        "numbered, headings",
        "de-law+bis",
    ),
    # In German, with an option, and in English.
    "backend/documents/test_suspects.py::test_a_mistyped_beginning_that_follows_another_is_not_silent": (
        "us-bylaws",
        "de-law+bis",
    ),
    # One of the profiles.
    "backend/documents/test_profile_check.py::test_a_shipped_profile_is_fit_and_none_of_its_patterns_is_slow": (
        "de-law",
    ),
    # A fault of a name.
    "backend/documents/test_own_profiles.py::test_a_faulty_profile_refuses_the_document_and_says_where": (
        "*there is no fragment*",
    ),
    "backend/documents/test_profile_options.py::test_a_fault_in_an_option_is_named": ("*No Tes*",),
    # With one worker.
    "backend/documents/test_folder_plan.py::test_a_worker_that_dies_costs_its_document_alone": ("1",),
    # Before anybody signs, between ruling and cut, and in mid-run.
    "backend/runs/test_drift.py::test_what_had_changed_before_the_run_is_met_before_anybody_signs": (
        "another role gets a grant",
    ),
    "backend/runs/test_drift.py::test_a_change_between_the_ruling_and_the_cut_stops_it": ("another role gets a grant",),
    "backend/runs/test_drift.py::test_a_change_between_the_ruling_and_the_arming_is_met_before_the_switch": (
        "another role gets a grant",
        "a trigger appears",
    ),
    "backend/runs/test_drift.py::test_a_change_before_the_enactment_stops_it": ("while it begins",),
    # Where the file cannot be written either.
    "backend/runs/test_drift.py::test_a_disk_that_takes_no_record_does_not_prevent_that_hold": (
        "the database alone takes it",
    ),
    # Behind the first of three phases.
    "backend/runs/test_kill_switch.py::test_a_hold_file_that_appears_in_mid_run_stops_it_before_the_next_phase": (
        "cut_leg_a",
    ),
    # A secret that is cut where a reason ends.
    "backend/runs/test_kill_switch.py::test_a_reason_is_redacted_before_it_is_stored_anywhere": ("cut in two",),
    # Either move of the switch, and each kind of COMMIT.
    "backend/runs/test_settling.py::test_a_switch_whose_answer_is_lost_is_as_it_is_said_to_be": (
        "disarm-late",
        "release-answer lost",
        "release-request lost",
    ),
    # Before a ruling is imported.
    "backend/runs/test_upgrade.py::test_a_run_at_the_first_pause_is_told_to_start_again": ("False",),
    # No reason, and one that is too long.
    "backend/runs/test_dry_run.py::test_a_voided_dry_run_is_shown_whatever_has_become_of_its_reason": ("empty", "long"),
    # Of the programs of a backup, the one that the others wait for; one that has all it reads, and does not end, has a test of its own.
    "backend/backup/test_hanging.py::test_a_program_that_hangs_is_named_and_ended_with_its_group": ("pg_dump",),
    # Of the sessions, that of pg_dump.
    "backend/backup/test_hanging.py::test_a_session_that_is_terminated_in_a_backup_is_a_named_outcome": ("pg_dump-*",),
    # Of the three members of the pipeline the last.
    "backend/backup/test_take.py::test_a_killed_member_is_named_and_nothing_is_left": ("pg_restore",),
    # Of the two programs that start a server the first.
    "backend/host/test_processes.py::test_a_server_that_does_not_start_is_named_and_leaves_nothing": ("initdb",),
    # An end without drafts, one that went wrong, and one that was taken back.
    "backend/reports/test_run_report.py::test_every_end_of_a_run_has_thirteen_whole_documents_and_its_own_words": (
        "dry run",
        "reverted",
        "failed",
    ),
    # One of the ends.
    "backend/reports/test_run_report.py::test_the_same_record_gives_the_same_bytes_and_says_so": ("reverted",),
    # A file that has no sums, and no file.
    "backend/gates/test_reporting.py::test_sums_that_cannot_be_used_are_red": ("torn", "None"),
    # Of a dry run that went right for something else.
    "backend/gates/test_arming_checks.py::test_pre_4_a_dry_run_that_does_not_speak_for_this_run_stops": (
        "another plan",
    ),
    # By the same comparison for each connection.
    "backend/gates/test_baseline.py::test_a_superuser_connection_is_red": ("executor",),
    "backend/gates/test_baseline.py::test_a_connection_as_another_role_is_red_and_stops_arming": ("verifier-executor",),
    "backend/gates/test_baseline.py::test_a_connection_to_a_copy_of_the_database_is_red_and_stops_arming": (
        "verifier",
    ),
    # What is cut, and what rules.
    "backend/gates/test_baseline.py::test_a_role_that_may_write_the_ledger_past_the_functions_is_red": (
        "manifest_unit_block",
        "approval",
    ),
    # The first of three that begin alike.
    "backend/gates/test_off_host.py::test_a_script_refuses_to_run_on_the_production_host": ("01-build-manifest.sh",),
    # One that is not there, and one that says what is not so.
    "backend/reports/test_non_mutation.py::test_without_proc_no_statement_about_processes_is_made": ("empty",),
    # Another program's word, a demo, and a root by an option.
    "backend/gates/test_precheck_live.py::test_an_editor_a_demo_and_another_installation_are_not_counted": (
        "vim /opt/venv/bin/cutter-console",
        "python3 /bin/cutter-console demo",
        "python3 /bin/cutter-console --root=/srv/other",
    ),
    # By the script, and by the module.
    "backend/gates/test_precheck_live.py::test_a_console_without_a_terminal_is_red": (
        "/usr/bin/python3.11 /opt/venv/bin/cutter-console",
        "python3 -I -m console.cli.main",
    ),
    # A file that is compared by name alone, and a link that leads elsewhere.
    "backend/gates/test_precheck_live.py::test_what_hides_in_a_bytecode_cache_is_named": (
        "bytecode that is not compared",
        "a link",
    ),
    # A script, and the text beside them.
    "backend/gates/test_off_host.py::test_a_package_without_a_file_or_with_another_byte_is_not_whole": (
        "01-build-manifest.sh",
        "INSTRUCTIONS.md",
    ),
    # A compiled module, and a migration.
    "backend/gates/test_precheck_live.py::test_a_file_that_is_not_of_the_release_is_named": (
        "x.pyc",
        "backend/postgres/migrations/*",
    ),
    # By its name, and by what it executes; the table of the host, and a script that has no table.
    "backend/gates/test_precheck_live.py::test_a_unit_that_starts_the_console_is_red": (
        "etc/systemd/system/cutter-console.service*",
        "etc/systemd/system/x.service.d*",
    ),
    "backend/gates/test_precheck_live.py::test_a_cron_entry_that_starts_the_console_is_red": (
        "etc/crontab",
        "etc/cron.daily/x",
    ),
    # A name, and a number.
    "backend/gates/test_precheck_live.py::test_another_database_is_red_and_named": (
        "database-*",
        "timeline-*",
    ),
    # Tests that failed, whatever is allowed, and none with and without leave.
    "backend/gates/test_baseline.py::test_a_release_that_was_not_tested_or_not_green_is_red": (
        "tests1-True-FAIL",
        "None-*",
    ),
    # Of a command that was not answered.
    "backend/runs/test_hands_and_back.py::test_a_lost_commit_of_such_a_take_over_sets_one_journal_aside": (
        "request lost",
    ),
    # Of two hosts, which share nothing but the database.
    "backend/runs/test_hands_at_once.py::test_of_two_accepts_at_one_moment_one_holds_the_run": ("2",),
    # A policy that says something else; that none is pinned is found by the same comparison.
    "backend/gates/test_arming_checks.py::test_pre_2_a_database_that_believes_another_policy_or_none_stops": (
        "another is pinned",
    ),
    # A file that changes, and one of which only the mode does.
    "backend/reports/test_non_mutation.py::test_a_file_outside_reports_is_found": ("changed", "opened"),
    # Before any ruling, and as law.
    "backend/reports/test_run_report.py::test_at_every_stage_of_a_run_there_are_thirteen_whole_documents": (
        "waits for SG_1",
        "enacted",
    ),
    # One damage at one pause.
    "backend/runs/test_hands_and_back.py::test_a_holder_whose_journal_is_damaged_is_offered_what_is_accepted": (
        "waits for SG_1-cut off",
    ),
    # One of two signals.
    "backend/runs/test_hands_and_back.py::test_a_signal_at_the_commit_leaves_the_bundle": ("SIGTERM",),
    # With a ruling to enact.
    "backend/runs/test_revert_and_edits.py::test_a_reverted_draft_leaves_the_readers_with_the_baseline": (
        "SG_2 imported",
    ),
    # Without a ruling.
    "backend/runs/test_takeover.py::test_a_run_that_was_taken_over_ends_there_and_not_here": ("waits for SG_1",),
    # Of each language some, with markup, with tables, and the shortest.
    "backend/documents/test_akn_export.py::test_a_real_law_is_exported_whole_and_valid": (
        "b__bewg*",
        "t__techkontrollv*",
        "a__aktg*",
        "bo-luat-lao-dong*",
        "luat-khoa-hoc*",
        "van-ban-hop-nhat*",
        "quyet-dinh*",
    ),
    # Two of the four layouts.
    "backend/documents/test_vi_counts.py::test_planned_laws_of_each_layout_have_the_counted_units": ("bold", "wrapped"),
    # A row of each of the tables that the mark is made of.
    "backend/runs/test_following.py::test_whatever_moves_gives_another_mark_and_nothing_else_does": (
        "the release of a HOLD",
        "a HOLD",
        "a ruling",
        "a lease",
    ),
    # A kind, a mode and an owner.
    "backend/runs/test_bundle_attacks.py::test_anything_but_a_plain_file_is_refused": (
        "another mode",
        "a link",
        "a device",
        "an owner",
    ),
    # A bit, a name, a file and the manifest.
    "backend/runs/test_bundle_attacks.py::test_a_bundle_that_was_changed_is_refused_and_leaves_nothing": (
        "a bit of the plan",
        "a path upwards",
        "a file twice",
        "a file more",
        "no manifest",
        "an absolute path",
    ),
    # Without a signature.
    "backend/runs/test_hands_and_back.py::test_a_run_is_handed_back": ("False",),
    # Of a lost answer and a lost request, one.
    "backend/runs/test_settling.py::test_on_another_server_the_event_decides": ("request lost",),
    # The first seeds of each.
    "backend/reports/test_rendering.py::test_texts_made_inert_together_are_those_made_inert_one_by_one": (
        "?",
        "[1-7]?",
    ),
    "backend/documents/test_furniture.py::test_any_width_and_any_length_of_pages_gives_the_same_units": ("?", "1?"),
}
