"""Single tests that `make test` leaves to `make torture`, each with a shorter one that keeps its promise in `make test`.

A test comes here if it takes more than half a second of processor time on a quiet machine; tests/test_matrices.py holds the table to this:
both are there, the shorter one is in `make test`, and the long one guards no protection against a mutant.
"""

LONG: dict[str, str] = {
    # The demo's documents one after the other; one small document goes the same way.
    "test_end_to_end.py::test_a_document_goes_from_file_to_enacted_law_and_another_is_taken_back": "test_end_to_end.py::test_a_document_goes_from_file_to_enacted_law",
    # By keys; without the screen.
    "test_end_to_end.py::test_a_folder_becomes_law_as_a_batch": "backend/runs/test_batches.py::test_a_batch_goes_from_a_folder_to_law_under_one_ruling_each_way",
    # The same by keys on the backend; each key on the screen, and the batch without the screen.
    "test_end_to_end.py::test_a_folder_is_planned_signed_and_armed_as_a_batch": "screens/test_batch.py::test_each_move_is_made_with_its_own_key_and_through_the_dialogs_of_runs",
    # The passage by commands of what the functions of the database do.
    "backend/runs/test_repeals.py::test_a_reverted_repeal_leaves_readers_with_what_they_saw_and_the_law_open": "backend/postgres/test_repeals.py::test_a_reverted_repeal_leaves_the_law_and_what_readers_see",
    "backend/runs/test_amendments.py::test_a_reverted_amendment_leaves_readers_with_what_they_saw": "backend/postgres/test_amendments.py::test_a_reverted_amendment_leaves_the_law_and_what_readers_see",
    "backend/runs/test_amendments.py::test_a_text_can_be_in_force_from_a_later_moment_than_its_enactment": "backend/runs/test_document_states.py::test_a_text_that_begins_later_is_read_as_of_then_and_not_before",
    "backend/postgres/test_sessions.py::test_a_whole_run_under_a_hostile_environment": "backend/postgres/test_sessions.py::test_a_passage_gives_the_same_digests_and_bytes_under_every_setting",
    # To the second pause; the copy of the profile is what both passes are asked for.
    "backend/runs/test_own_profiles.py::test_a_profile_that_was_replaced_while_the_run_waits_changes_nothing_of_it": "backend/runs/test_own_profiles.py::test_a_run_keeps_the_profile_and_both_passes_use_it",
    # The passage by commands of what the database tells apart for every kind of run.
    "backend/runs/test_unrelated.py::test_the_amendment_of_a_law_and_the_first_cut_of_another_document_do_not_stop_each_other": "backend/postgres/test_effects.py::test_a_plan_fits_beside_everything_that_other_runs_record",
    "backend/runs/test_unrelated.py::test_an_edit_of_a_draft_is_written_beside_the_cut_of_another_document": "backend/postgres/test_effects.py::test_each_effect_of_a_run_is_recorded_with_the_rows_before_and_those_that_were_planned",
    # A whole phase on a dead line; a single statement or COMMIT on one.
    "backend/runs/test_phase_watch.py::test_a_cut_in_a_black_hole_leaves_the_run_to_be_settled_and_panic_says_what_it_did": "backend/runs/test_phase_watch.py::test_a_commit_that_a_dead_line_swallows_is_not_known",
    "backend/runs/test_phase_watch.py::test_a_long_statement_ends_when_the_server_answers_nobody_any_more": "backend/runs/test_phase_watch.py::test_a_long_statement_ends_when_the_server_knows_nothing_of_its_session",
    "backend/runs/test_settling.py::test_a_run_whose_cut_is_delivered_late_is_not_voided_with_drafts_before_readers": "backend/runs/test_settling.py::test_a_request_that_is_lost_or_late_never_has_an_effect_after_it_was_denied[cut_leg_a-late]",
    "backend/runs/test_upgrade.py::test_a_new_run_goes_its_whole_way_on_the_upgraded_database": "backend/runs/test_upgrade.py::test_a_run_at_the_second_pause_is_verified_again_signed_again_and_enacted",
    # The same table, by the command that asks the most of it.
    "backend/gates/test_gate_table.py::test_the_command_measures_counts_and_names_more_gates": "backend/gates/test_gate_table.py::test_the_bundle_asks_more_gates_and_rolls_them_up_in_their_documents",
    # Real laws; generated or small ones.
    "backend/documents/test_corpus.py::test_another_process_comes_to_the_same_digests": "cli/test_plan_folder.py::test_two_processes_give_the_same_report",
    "backend/documents/test_comparison.py::test_successive_texts_of_laws_are_compared_without_loss": "backend/documents/test_comparison.py::test_the_effects_make_the_new_text_out_of_the_old_one",
    "cli/test_plan_folder.py::test_a_real_corpus_is_reported_as_its_documents_are_planned_alone": "cli/test_plan_folder.py::test_ordinals_and_the_profile_are_those_of_a_single_plan",
    # Any bytes; an honest signature with some of its bytes changed.
    "backend/postgres/test_openpgp.py::test_no_bytes_raise_and_none_are_good": "backend/postgres/test_openpgp.py::test_a_mutation_never_raises_and_never_names_another_key",
    "terminal/test_slow_line.py::test_pictures_that_a_line_cannot_take_are_left_out_and_the_last_one_is_whole": "terminal/test_slow_line.py::test_the_stop_is_asked_and_answered_before_any_picture_that_is_under_way",
    # The same way by another front end, and beside another run.
    "cli/test_batches.py::test_a_batch_from_a_folder_to_law_by_commands_alone": "backend/runs/test_batches.py::test_a_batch_goes_from_a_folder_to_law_under_one_ruling_each_way",
    "backend/runs/test_unrelated.py::test_a_batch_and_a_single_run_do_not_stop_each_other": "backend/runs/test_unrelated.py::test_a_cut_that_was_interrupted_is_verified_after_another_document_was_cut",
    # Enacted too; cut one after the other, and the effects of both.
    "backend/runs/test_unrelated.py::test_two_documents_are_cut_and_enacted_one_after_the_other_under_the_rulings_that_both_had": "backend/runs/test_unrelated.py::test_a_cut_that_was_interrupted_is_verified_after_another_document_was_cut",
    "backend/runs/test_revert_and_edits.py::test_two_documents_are_cut_one_after_the_other": "backend/runs/test_unrelated.py::test_a_cut_that_was_interrupted_is_verified_after_another_document_was_cut",
    # The whole way with it; what it holds, and that the cut is not written without one.
    "backend/runs/test_backup_by_document.py::test_such_a_backup_is_enough_for_a_whole_way": "backend/runs/test_backup_by_document.py::test_the_backup_of_a_run_in_a_large_database_holds_its_document_alone",
    # The same way in one process, with the demo's keys and documents; `.ci/run` goes the tour itself.
    "test_demo.py::test_the_tour_holds_on_every_step_and_leaves_nothing": "test_end_to_end.py::test_a_document_goes_from_file_to_enacted_law",
    # By commands, section by section; the same passage on the backend, and the guide's commands where no name is shared.
    "same_names/test_guide.py::test_the_commands_of_the_guide_lead_from_nothing_to_a_cut_and_a_revert": "gateway/test_guide.py::test_the_commands_of_the_guide_lead_to_a_cut_through_the_functions",
    # A ruling that was imported; one that was signed.
    "backend/runs/test_bars.py::test_a_ruling_that_was_imported_before_waits_for_the_other_run_too": "backend/runs/test_bars.py::test_a_statement_that_was_signed_before_is_not_imported_while_the_run_is_barred",
    # From file to law by calls of the backend, as the amendments of the tests of bars do; the functions of the database.
    "backend/runs/test_amendments.py::test_an_amendment_goes_from_file_to_law_under_two_rulings": "backend/postgres/test_amendments.py::test_the_enactment_makes_exactly_the_new_text_law_and_keeps_the_old_one_readable",
    # Refused by the same words, for a run of the old release.
    "backend/runs/test_moved_functions.py::test_a_run_at_the_first_pause_is_refused_by_name_after_the_move": "backend/runs/test_upgrade.py::test_a_run_at_the_first_pause_is_told_to_start_again[False]",
    "backend/runs/test_own_profiles.py::test_a_profile_that_was_edited_between_dry_run_and_live_run_is_named": "backend/runs/test_own_profiles.py::test_a_dry_run_without_the_option_is_none_of_the_same_content",
    # To law; to the end of the dry run, in which both passes use them.
    "backend/runs/test_accepted_findings.py::test_a_cut_with_acceptances_is_signed_written_and_verified": "backend/runs/test_accepted_findings.py::test_both_passes_of_a_dry_run_use_its_acceptances",
    "backend/runs/test_akn_runs.py::test_what_the_markup_gives_becomes_law_and_the_file_stays_the_source": "backend/runs/test_akn_runs.py::test_a_dry_run_walks_every_phase_and_writes_nothing",
    # Every place of the screens; the dialog, and what it does.
    "screens/test_stop_only.py::test_the_stop_key_asks_for_the_second_key_on_every_screen_dialog_and_field_and_then_stops": "screens/test_stop_only.py::test_the_notice_offers_no_key_that_a_read_only_console_has_not",
    # The same kill, of the same command at the same lock; beside it, that the switch is off at that moment.
    "backend/runs/test_interruption.py::test_a_run_killed_in_mid_phase_is_shown_as_interrupted_and_goes_on_by_hand": "backend/runs/test_lease.py::test_a_kill_closes_the_switch_at_that_moment",
    # Gigabytes of memory; that the limit is set.
    "backend/documents/test_own_profiles.py::test_a_pattern_that_takes_all_memory_is_stopped_and_named": "backend/documents/test_own_profiles.py::test_the_limits_of_a_process_are_what_they_were_afterwards",
    # By keys on a real server; the same keys on the screen. What a revert does is asked for without one.
    "test_end_to_end.py::test_drafts_are_taken_back": "screens/test_dialogs.py::test_the_typed_id_and_the_key_of_its_own_take_drafts_back",
    # By a command; by another console, beside the HOLD that a command sets.
    "test_following.py::test_a_run_that_a_command_moves_moves_on_a_running_console": "test_following.py::test_another_consoles_run_moves_on_this_one_with_what_its_screens_show",
    # Through the screen of the search that every other test of it uses.
    "screens/test_guide.py::test_a_search_matches_accents_and_case": "test_guide.py::test_a_search_finds_words_in_any_spelling_of_their_signs",
    # The same difference, in a picture of the dialog as wide as the others.
    "screens/test_snapshots.py::test_the_difference_from_the_law_on_a_big_screen": "screens/test_snapshots.py::test_dialog[law-changed-80x24]",
}
