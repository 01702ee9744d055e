"""Single tests that `make test` leaves to `make test-rest`, each with a shorter one that keeps its promise in `make test`.

A test comes here if it takes more than half a second of processor time on a quiet machine; tests/test_matrices.py holds the table to this:
both are there, the shorter one is in `make test`, and the long one guards no protection against a mutant.
"""

LONG: dict[str, str] = {
    # By the keys of the tutorial.
    "test_end_to_end.py::test_a_document_goes_from_file_to_enacted_law": "test_tutorial.py::test_who_follows_the_tutorial_sees_what_it_says",
    # The demo's documents one after the other; one small document goes the same way.
    "test_end_to_end.py::test_a_document_goes_from_file_to_enacted_law_and_another_is_taken_back": "test_tutorial.py::test_who_follows_the_tutorial_sees_what_it_says",
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
    "test_demo.py::test_the_tour_holds_on_every_step_and_leaves_nothing": "test_tutorial.py::test_who_follows_the_tutorial_sees_what_it_says",
    # By keys; on the backend.
    "screens/test_edit.py::test_a_draft_is_edited_signed_and_applied_by_keys": "cli/test_edits.py::test_an_edit_is_signed_applied_and_shown_by_the_second_ruling",
    # By commands; the calls of the backend that they make.
    "cli/test_on_a_standby.py::test_each_reading_command_answers_as_on_the_primary": "cli/test_on_a_standby.py::test_each_call_of_a_monitoring_console_answers_as_on_the_primary",
    # By commands, section by section; the same passage on the backend.
    "same_names/test_guide.py::test_the_commands_of_the_guide_lead_from_nothing_to_a_cut_and_a_revert": "same_names/test_passage.py::test_a_cut_is_verified_and_becomes_law_through_the_functions_of_the_same_names",
    # A ruling that was imported; one that was signed.
    "backend/runs/test_bars.py::test_a_ruling_that_was_imported_before_waits_for_the_other_run_too": "backend/runs/test_bars.py::test_a_statement_that_was_signed_before_is_not_imported_while_the_run_is_barred",
    # From file to law by calls of the backend, as the amendments of the tests of bars do; the functions of the database.
    "backend/runs/test_amendments.py::test_an_amendment_goes_from_file_to_law_under_two_rulings": "backend/postgres/test_amendments.py::test_the_enactment_makes_exactly_the_new_text_law_and_keeps_the_old_one_readable",
    # One after the other, three times; once, taken back and enacted.
    "backend/runs/test_amendments.py::test_texts_of_which_no_unit_differs_follow_each_other_until_the_first_one_returns": "backend/runs/test_amendments.py::test_a_text_of_which_no_unit_differs_becomes_law_as_it_stands",
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
    # The drafts are taken back there too, and the moves that are there again lead to law.
    "backend/runs/test_bars.py::test_when_the_drafts_are_taken_back_the_moves_are_there_again_and_lead_to_law": "backend/runs/test_bars.py::test_a_statement_that_was_signed_before_is_not_imported_while_the_run_is_barred",
    # By the commands; what bars whom, whatever kinds of runs have written.
    "backend/runs/test_bars.py::test_a_repeal_bars_an_amendment_until_it_is_taken_back_and_for_good_when_it_is_enacted": "backend/runs/test_bars.py::test_a_run_that_is_barred_can_be_voided_and_does_nothing_else",
    # The same edit, barred in the same way, while an amendment has drafts.
    "backend/runs/test_bars.py::test_edits_of_drafts_that_are_law_can_but_be_voided": "backend/runs/test_bars.py::test_edits_are_of_the_first_cut_and_not_of_the_drafts_of_an_amendment",
    # By the commands; the functions of the database, in a database of the same release.
    "backend/runs/test_upgrade.py::test_an_sg2_that_the_old_release_imported_authorises_nothing": "backend/postgres/test_upgrade_of_manifests.py::test_a_ruling_that_the_database_never_verified_authorises_nothing",
    "backend/runs/test_upgrade.py::test_a_run_that_somebody_has_added_to_is_brought_back_by_a_signed_revert": "backend/postgres/test_reverts.py::test_a_signed_revert_of_a_run_that_somebody_has_added_to_brings_readers_back",
    "backend/runs/test_upgrade.py::test_a_manifest_that_holds_is_sealed_and_one_that_does_not_is_left_open": "backend/postgres/test_upgrade_of_manifests.py::test_a_manifest_that_does_not_hold_is_not_sealed_and_its_drafts_can_only_be_taken_back[*SET title*]",
    # At the promoted standby; what planning again does to plan, ruling and lease. The other pause is gone through at one.
    "backend/runs/test_promotion.py::test_a_run_at_the_first_pause_is_planned_and_signed_again_there": "backend/postgres/test_replan.py::test_a_ruling_over_the_old_plan_arms_nothing_and_writes_nothing",
    # At a standby that is promoted; at a server that says of itself that it is another one.
    "backend/runs/test_failover.py::test_a_commit_that_was_not_answered_is_settled_at_the_promoted_standby": "backend/runs/test_settling.py::test_on_another_server_the_event_decides[request lost]",
    # The same at the database of before, which is what such a standby has.
    "backend/runs/test_failover.py::test_what_was_acknowledged_and_not_yet_sent_on_is_missed_at_the_promoted_standby": "backend/runs/test_gone.py::test_an_acknowledged_cut_that_is_gone_is_found",
    # The same questions, put to the primary.
    "backend/runs/test_following.py::test_it_follows_on_a_standby_as_well": "backend/runs/test_following.py::test_each_move_is_told_and_one_session_serves_for_all_questions",
    # Without a count of the proofs; with one.
    "backend/runs/test_arming.py::test_a_proof_that_grows_too_old_while_the_switch_is_armed_is_taken_again_by_the_cut": "backend/runs/test_backup_before_the_cut.py::test_a_proof_that_is_too_old_by_the_clock_of_the_database_is_taken_again",
    # By the two effects behind the cut; before the switch is armed.
    "backend/runs/test_arming.py::test_an_enactment_and_a_revert_take_a_fresh_backup_where_the_last_one_is_old": "backend/runs/test_arming.py::test_a_proof_that_is_too_old_for_the_database_is_taken_again_before_the_switch_is_armed",
    # To the cut; to the end of the dry run, whose plan is the one that a cut writes.
    "backend/runs/test_dropped_spans.py::test_what_is_dropped_is_signed_and_in_no_unit_and_the_cut_verifies": "backend/runs/test_dropped_spans.py::test_a_dry_run_counts_what_is_dropped",
    # Through every phase; read once, and compared.
    "backend/runs/test_plan_on_disk.py::test_a_large_plan_goes_the_whole_way": "backend/runs/test_plan_on_disk.py::test_a_large_plan_that_was_edited_on_disk_is_met_as_a_small_one",
    # By the commands; the table by which a move is shown and accepted, in every state.
    "backend/runs/test_ways_out.py::test_moves_alone_lead_on_from_where_a_run_was_stopped": "backend/runs/test_states.py::test_exactly_the_moves_that_are_shown_are_accepted",
    # There the other run is cut too, and the first one goes on beside it.
    "backend/runs/test_drift.py::test_another_run_that_starts_is_no_drift_of_one_that_waits": "backend/runs/test_unrelated.py::test_a_cut_that_was_interrupted_is_verified_after_another_document_was_cut",
    # By the commands; the comparison that arming makes.
    "backend/runs/test_unrelated.py::test_rows_that_no_run_has_recorded_stop_a_run_beside_those_of_another": "backend/postgres/test_effects.py::test_what_no_effect_explains_is_a_difference_beside_what_effects_do[a row that nobody recorded]",
    # After a take-over that was asked for; after one that the end itself makes.
    "backend/runs/test_takeover.py::test_a_draft_cut_is_reverted_where_it_was_taken_over": "backend/runs/test_two_roots.py::test_the_end_of_a_run_of_another_host_leaves_journals_that_are_sound_at_both",
    # In another process on another host; where the server has other settings, and its files were written anew.
    "backend/reports/test_run_report.py::test_a_copy_of_the_root_gives_the_same_bytes_to_another_process_on_another_host": "backend/reports/test_run_report.py::test_a_database_rewritten_and_with_other_settings_gives_the_same_bytes",
    # The screens; the bundle, from the same table.
    "backend/gates/test_gate_table.py::test_every_screen_counts_and_lists_more_gates": "backend/gates/test_gate_table.py::test_the_bundle_asks_more_gates_and_rolls_them_up_in_their_documents",
    # A law of the corpus; small texts, in a chain of the same kind.
    "backend/postgres/test_amendment_chains.py::test_each_text_of_a_chain_is_read_back_as_it_was_in_force": "backend/postgres/test_amendments.py::test_a_chain_of_amendments_leaves_every_text_readable_byte_for_byte",
    # Step by step; there the rows of the same effects are counted beside another run.
    "backend/postgres/test_effects.py::test_the_effects_of_an_amendment_a_revert_and_a_repeal_are_as_planned": "backend/postgres/test_effects.py::test_a_plan_fits_beside_everything_that_other_runs_record",
    # The text of the law that is in force ends, whichever state it has.
    "backend/postgres/test_repeals.py::test_a_repeal_ends_the_text_of_the_newest_amendment": "backend/postgres/test_repeals.py::test_the_enactment_of_a_repeal_ends_every_unit_and_keeps_every_text_readable",
    # By the same digest of the base.
    "backend/postgres/test_repeals.py::test_a_repeal_is_refused_where_its_base_has_moved": "backend/postgres/test_amendments.py::test_an_amendment_is_refused_where_its_base_has_moved",
    "backend/postgres/test_repeals.py::test_a_run_that_began_before_a_repeal_writes_nothing_after_it": "backend/postgres/test_amendments.py::test_an_amendment_is_refused_where_its_base_has_moved",
    # To law; that a ruling is of one run is asked of every purpose.
    "backend/postgres/test_enactment.py::test_two_documents_are_enacted_each_by_its_own_ruling": "attacks/test_rulings.py::test_a_ruling_of_one_run_serves_no_other",
    # Under a batch; under a ruling of one run.
    "backend/postgres/test_batches.py::test_a_draft_that_was_changed_after_the_second_ruling_does_not_become_law": "backend/postgres/test_cut.py::test_drafts_that_changed_after_sg_2_are_not_enacted",
    # Any bytes; exports of every form that is refused.
    "backend/postgres/test_openpgp.py::test_no_bytes_of_a_key_raise": "backend/postgres/test_openpgp_keys.py::test_what_is_pinned_of_an_export",
    # The digest is that of the lines in their order.
    "backend/documents/test_batch_plan.py::test_the_digest_is_of_the_documents_in_their_order": "backend/documents/test_batch_plan.py::test_a_folder_is_planned_as_each_of_its_documents_would_be",
    # The product of roles and statements once more, one by one.
    "attacks/test_roles.py::test_no_role_takes_more_than_it_was_given": "attacks/test_roles.py::test_no_role_takes_more_than_it_was_given_on_any_version",
    # The same with other runs and other words, in the tests of edits, reverts and cuts.
    "attacks/test_records.py::test_of_two_edits_of_one_draft_the_later_one_is_what_was_signed": "backend/postgres/test_edits.py::test_the_last_of_several_edits_counts_whatever_number_its_run_has",
    "attacks/test_records.py::test_an_edit_is_verified_as_good_only_while_it_stands": "backend/postgres/test_edits.py::test_a_pass_is_taken_only_where_the_edit_is_there_and_a_fail_always[another body]",
    "attacks/test_one_signed_effect.py::test_an_edit_of_a_unit_of_another_document_is_refused_although_it_is_signed": "backend/postgres/test_edits.py::test_an_edit_of_another_document_does_not_reach_this_one",
    "attacks/test_one_signed_effect.py::test_an_edit_after_the_second_ruling_makes_the_ruling_void": "backend/postgres/test_edits.py::test_sg_2_over_the_drafts_before_the_edit_does_not_enact_the_edit",
    "attacks/test_one_signed_effect.py::test_a_draft_is_taken_back_once_and_not_cut_again": "backend/postgres/test_cut.py::test_a_document_is_not_cut_again_after_its_revert",
    "attacks/test_rulings.py::test_a_signed_revert_takes_back_exactly_the_drafts_that_it_names": "backend/postgres/test_reverts.py::test_a_signed_revert_takes_back_what_it_names_and_no_other_drafts[another body]",
    # An edit is the second effect; an enactment and a revert are the two.
    "attacks/test_one_signed_effect.py::test_an_edit_in_the_transaction_of_a_signed_cut_is_refused": "attacks/test_one_signed_effect.py::test_an_enactment_and_a_revert_in_one_transaction_would_be_logged_as_one_so_they_are_refused",
    # After the cut and after leg B; after both, for want of a verification.
    "attacks/test_rulings.py::test_a_second_ruling_comes_only_when_there_are_verified_drafts": "backend/postgres/test_enactment.py::test_drafts_that_were_never_verified_are_not_enacted",
    # By the same refusal, of another operation.
    "gateway/test_passage.py::test_what_is_no_cut_is_refused_by_name_before_there_is_a_run": "gateway/test_passage.py::test_an_edit_is_refused_by_name_before_anything_is_written",
    # That it looks, and at which function; the look itself is that at the other function.
    "gateway/test_attacks.py::test_the_function_that_enacts_is_not_called_as_the_owner_of_the_consoles_tables_either": "gateway/test_attacks.py::test_each_trigger_looks_at_the_function_that_it_calls_before_it_calls_it",
    # By commands, section by section; the same passage on the backend.
    "gateway/test_guide.py::test_the_commands_of_the_guide_lead_to_a_cut_through_the_functions": "gateway/test_passage.py::test_a_cut_is_verified_and_becomes_law_through_the_organisations_functions",
    # In leg A; in leg B, which is in a trigger of their tables too.
    "same_names/test_attacks.py::test_a_backend_that_is_killed_in_the_middle_leaves_nothing_and_the_run_goes_on": "same_names/test_governance.py::test_a_backend_that_is_killed_in_leg_b_leaves_none_of_its_rows_and_the_run_goes_on",
    # Of leg B; of any COMMIT, by the same settling.
    "same_names/test_governance.py::test_a_commit_of_leg_b_whose_answer_is_lost_is_there_once": "backend/runs/test_settling.py::test_an_answer_that_is_lost_is_asked_for_and_the_work_goes_on[cut_leg_a]",
    # By the backend; what the database says of the same edits.
    "backend/runs/test_revert_and_edits.py::test_a_draft_that_was_edited_after_sg_2_is_not_enacted": "backend/postgres/test_edits.py::test_sg_2_over_the_drafts_before_the_edit_does_not_enact_the_edit",
    "backend/runs/test_revert_and_edits.py::test_another_body_than_the_signed_one_is_not_written": "backend/postgres/test_edits.py::test_an_edit_is_another_than_was_signed_in_not_one_byte",
    # Beside tables of the same names; in a database of the console's own.
    "same_names/test_connections.py::test_a_command_logs_in_as_often_as_in_a_database_of_its_own_but_before_a_backup": "backend/runs/test_round_trips.py::test_a_command_waits_for_the_server_no_more_often_than_this",
    # What a member says of itself; what the batch says of all.
    "backend/runs/test_batches.py::test_a_member_shows_what_any_run_shows": "backend/runs/test_batches.py::test_a_batch_that_waits_says_for_whom_and_what_to_type",
    # A document that fails at its start; one that fails at its cut.
    "backend/runs/test_batches.py::test_a_document_that_cannot_be_started_is_set_aside_before_the_batch_is_recorded": "backend/runs/test_batches.py::test_a_document_that_fails_stops_the_batch_or_is_set_aside_with_its_reason",
    # To law; taken back.
    "backend/runs/test_moved_functions.py::test_a_run_at_the_second_pause_goes_on_after_the_move": "backend/runs/test_moved_functions.py::test_a_draft_is_taken_back_after_the_move",
    # In a command of its own at a lock; in this process. That a death closes the switch, the kill beside it shows.
    "backend/runs/test_lease.py::test_a_signal_cancels_the_statement_closes_the_switch_and_is_recorded": "backend/host/test_signals.py::test_work_in_another_thread_is_cancelled_recorded_and_waited_for",
    # On two hosts; a bar is read from the database that they share.
    "backend/runs/test_bars.py::test_on_two_hosts_a_run_is_barred_until_the_other_host_has_taken_the_drafts_back_whatever_it_lost_on_the_way": "backend/runs/test_bars.py::test_a_statement_that_was_signed_before_is_not_imported_while_the_run_is_barred",
    # At a standby; where the server says of itself that it is one.
    "backend/runs/test_promotion.py::test_a_ruling_that_is_asked_for_at_a_standby_is_sent_to_the_primary": "backend/runs/test_promotion.py::test_a_ruling_that_is_asked_for_where_the_server_says_that_it_is_a_standby_is_sent_to_the_primary",
    # A standby that answers in mid-run; a server that only reads, asked for one write.
    "backend/runs/test_server_in_mid_run.py::test_a_standby_that_answers_in_the_place_of_its_primary_takes_nothing_and_the_run_goes_on_at_the_primary": "backend/postgres/test_connections.py::test_a_server_that_only_reads_is_not_the_one_to_write_to",
    # At a standby; at a server that says of itself that it is one.
    "backend/runs/test_verdicts.py::test_a_standby_decides_nothing": "backend/runs/test_verdicts.py::test_a_server_in_recovery_decides_nothing_by_what_it_has_not_received",
    # Of one document; of a database.
    "backend/runs/test_backup_by_document.py::test_it_is_proven_again_from_its_file": "backend/backup/test_prove.py::test_the_encrypted_file_decrypts_restores_and_compares",
    # With the revert that follows.
    "backend/runs/test_drift.py::test_a_failed_cut_is_taken_back_after_the_hold_is_released": "backend/runs/test_drift.py::test_a_count_that_is_not_the_plan_s_is_a_hold",
    # By the commands; the table of moves.
    "backend/runs/test_ways_out.py::test_an_enacted_run_whose_closeout_failed_is_closed": "backend/runs/test_states.py::test_a_failed_draft_is_reverted_and_a_failed_law_is_not",
    # LIVE; in a dry run, whose two passes are the same.
    "backend/runs/test_accepted_findings.py::test_a_resumed_run_uses_the_acceptances_it_was_started_with": "backend/runs/test_accepted_findings.py::test_both_passes_of_a_dry_run_use_its_acceptances",
    # Compared by the console; what the database has in force, of which the comparison is made.
    "backend/runs/test_revision.py::test_drafts_of_a_run_are_no_part_of_the_base": "backend/postgres/test_amendments.py::test_drafts_of_an_amendment_change_nothing_that_is_in_force",
    "backend/runs/test_revision.py::test_nothing_of_another_document_is_compared": "backend/postgres/test_document_states.py::test_one_document_is_no_part_of_another_s_state",
    # Through three states; through two.
    "backend/runs/test_document_states.py::test_a_unit_that_is_gone_and_comes_back_counts_twice": "backend/runs/test_document_states.py::test_a_version_counts_for_as_long_as_no_state_has_another",
    # By the gate; read for it.
    "backend/gates/test_text_in_force.py::test_an_edited_text_is_counted_and_named_as_not_comparable": "backend/runs/test_document_states.py::test_a_text_with_signed_edits_says_which_and_is_compared_without_them",
    # In a whole report; value by value, wherever one can stand.
    "backend/reports/test_run_report.py::test_markup_and_escapes_from_a_document_are_inert": "backend/reports/test_rendering.py::test_a_value_opens_no_markup_in_a_sentence",
    # At any moment; what a kill has left is put there.
    "backend/reports/test_bundle.py::test_a_kill_at_any_moment_leaves_no_final_name_and_the_next_bundle_removes_the_draft": "backend/reports/test_bundle.py::test_a_draft_that_a_crash_left_is_removed_and_told",
    # There a repeal is one of the effects beside which a plan of another document fits.
    "backend/postgres/test_repeals.py::test_another_document_is_not_touched_by_a_repeal": "backend/postgres/test_effects.py::test_a_plan_fits_beside_everything_that_other_runs_record",
    # On a text; without one.
    "backend/documents/test_profile_check.py::test_a_slow_pattern_is_named_by_its_level_and_key": "backend/documents/test_profile_check.py::test_a_slow_pattern_is_found_without_a_text",
    # Every step once more; the steps out of its family.
    "attacks/test_order.py::test_a_reverted_run_comes_to_life_by_no_step": "backend/postgres/test_stages.py::test_a_reverted_run_stays_reverted",
    # Committed while the enactment waits; before it.
    "attacks/test_transactions.py::test_an_edit_that_is_committed_before_the_enactment_stops_it": "backend/postgres/test_edits.py::test_sg_2_over_the_drafts_before_the_edit_does_not_enact_the_edit",
    # One change; there each column and each row is changed, and every step behind it is refused.
    "attacks/test_one_signed_effect.py::test_unsigned_text_in_a_draft_is_found_by_the_verification": "backend/postgres/test_enactment.py::test_a_difference_from_what_was_signed_is_named_and_stops_everything[another body]",
    "attacks/test_one_signed_effect.py::test_no_second_ruling_over_unsigned_text_is_imported": "backend/postgres/test_enactment.py::test_no_ruling_is_taken_over_drafts_that_are_not_what_was_signed[another body]",
    "attacks/test_one_signed_effect.py::test_unsigned_text_does_not_become_law_under_a_ruling_that_was_imported_before": "backend/postgres/test_enactment.py::test_a_difference_from_what_was_signed_is_named_and_stops_everything[another body]",
    # Beside an organisation's tables; in a database of the console's own.
    "same_names/test_stop.py::test_the_role_that_only_stops_sets_the_hold_and_ends_the_lease_there": "backend/runs/test_stop_only.py::test_a_read_only_console_sets_the_hold_and_ends_the_lease",
    # Written too; measured.
    "same_names/test_surroundings.py::test_bundle_and_report_of_a_run_are_written_and_say_what_they_say_elsewhere": "same_names/test_surroundings.py::test_gates_and_drift_measure_the_console_where_it_stands",
    # Statement by statement; by what comes of the same passage in either set of tables.
    "same_names/test_surroundings.py::test_no_statement_of_a_whole_passage_names_the_organisation_s_tables_as_the_console_s": "same_names/test_passage.py::test_a_cut_is_verified_and_becomes_law_through_the_functions_of_the_same_names",
    # In an organisation's tables; in the console's own. That a leg is taken back whole there, what their side refuses shows.
    "gateway/test_passage.py::test_a_backend_that_dies_in_the_middle_leaves_nothing_and_the_run_goes_on_afterwards": "backend/runs/test_interruption.py::test_a_backend_that_is_killed_in_mid_phase_leaves_nothing_and_the_run_goes_on_by_hand",
    # Of the organisation's tables of the same names; through its functions, and what is decided there beside the tables of the same names.
    "same_names/test_passage.py::test_a_soft_revert_takes_the_drafts_back_and_deletes_nothing": "gateway/test_passage.py::test_a_soft_revert_takes_the_drafts_back_and_deletes_nothing",
    # By another proxy; the same COMMIT, by the one of all others.
    "backend/runs/test_interruption.py::test_a_lost_commit_of_leg_a_is_settled_by_evidence": "backend/runs/test_settling.py::test_an_answer_that_is_lost_is_asked_for_and_the_work_goes_on[cut_leg_a]",
    # A run beside all probes; a run that meets each at work.
    "backend/postgres/test_probes.py::test_a_whole_run_passes_while_probes_are_tried_all_the_time": "backend/postgres/test_probes.py::test_a_run_that_arms_or_records_waits_for_a_probe_that_is_at_work",
    # By the commands; what the database has in force.
    "backend/runs/test_repeals.py::test_a_repeal_that_begins_later_is_final_and_the_text_stays_in_force_until_then": "backend/postgres/test_repeals.py::test_a_repeal_can_count_from_a_later_moment",
    # At the first installation; at the move of the console's functions.
    "backend/postgres/test_migrations.py::test_a_production_function_of_the_same_name_with_other_arguments_is_left_alone": "backend/postgres/test_console_schema.py::test_an_organisations_functions_of_the_same_names_are_left_alone",
    # Every step once more; the steps out of its family.
    "attacks/test_order.py::test_a_voided_run_comes_to_life_by_no_step": "backend/postgres/test_stages.py::test_a_voided_run_stays_voided",
    # In the database; by the commands, which say so too.
    "backend/postgres/test_upgrade_of_manifests.py::test_a_draft_cut_is_verified_again_and_enacted_under_a_new_ruling": "backend/runs/test_upgrade.py::test_a_run_at_the_second_pause_is_verified_again_signed_again_and_enacted",
    # Beside an edit; beside a verification, which waits for the same lock.
    "attacks/test_transactions.py::test_an_enactment_and_an_edit_at_once_are_one_or_the_other": "attacks/test_transactions.py::test_a_verification_and_an_enactment_at_once_are_one_after_the_other",
    # Asked for by itself; an enactment asks for it too, and is refused where there is a difference.
    "backend/postgres/test_amended_drafts.py::test_an_amendment_that_stands_as_it_was_signed_shows_no_difference": "backend/postgres/test_amendments.py::test_the_enactment_makes_exactly_the_new_text_law_and_keeps_the_old_one_readable",
    # By a command; by another console, beside the HOLD that a command sets.
    "test_following.py::test_a_run_that_a_command_moves_moves_on_a_running_console": "test_following.py::test_another_consoles_run_moves_on_this_one_with_what_its_screens_show",
    # Through the screen of the search that every other test of it uses.
    "screens/test_guide.py::test_a_search_matches_accents_and_case": "test_guide.py::test_a_search_finds_words_in_any_spelling_of_their_signs",
    # The same difference, in a picture of the dialog as wide as the others.
    "screens/test_snapshots.py::test_the_difference_from_the_law_on_a_big_screen": "screens/test_snapshots.py::test_dialog[law-changed-80x24]",
    # Of a worktree, of which git itself knows where its tree is; of the tree.
    "backend/release/test_tree.py::test_the_commit_of_a_worktree_is_named_too": "backend/release/test_tree.py::test_the_commit_is_that_of_the_tree_and_a_change_makes_it_unclean",
}
