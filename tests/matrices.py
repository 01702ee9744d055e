"""What `make test` takes of the long matrices: the same promise, asked of many functions, roles, screens and kinds.

A matrix asks one thing of many combinations. `make test` takes those that are named here, chosen so that the sides of
the matrix occur; the rest has the marker `torture` and is run by `make test-rest`. A test that guards a protection
against a mutant is never among the rest: tests/test_matrices.py holds the list to this.
Those of attacks and of adoption are in tests/attacks/matrices.py, those of the console, its terminal and its commands
in tests/screens/matrices.py; what is left of the kills, the network and the races is chosen in tests/torture/conftest.py.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase

import pytest

from tests.attacks.matrices import ATTACKS, Kept
from tests.covers import is_beside_the_cover
from tests.long_tests import LONG
from tests.screens.matrices import CONSOLE

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
    # A row of nobody and a unit of a third document; its own document and a row that is gone are differences of the same kind.
    "backend/postgres/test_effects.py::test_what_no_effect_explains_is_a_difference_beside_what_effects_do": (
        "a row that nobody recorded",
        "a unit of a third document",
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
    # Of each table one difference, one thing more and one thing less; the same are asked whether they stop everything.
    "backend/postgres/test_enactment.py::test_no_ruling_is_taken_over_drafts_that_are_not_what_was_signed": (
        "another owner",
        "another body",
    ),
    "backend/postgres/test_enactment.py::test_the_structure_of_a_cut_is_not_found_where_something_differs": (
        "another title",
        "a unit more that is superseded",
        "a version more",
    ),
    # One of the fields.
    "backend/postgres/test_rulings.py::test_what_a_signer_reads_in_a_second_ruling_is_what_stands_in_the_rows": (
        "another body",
    ),
    # A place, and a kind.
    "backend/postgres/test_edits.py::test_an_edit_changes_title_and_body_of_a_draft_and_nothing_else": (
        "an address outside of the document",
        "another kind",
    ),
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
    # Of units, of versions and of what was sealed, some.
    "backend/postgres/test_enactment.py::test_a_difference_from_what_was_signed_is_named_and_stops_everything": (
        "another title",
        "a unit deleted softly",
        "another digest of the body",
        "a unit more under its prefix",
        "another document",
        "another owner",
        "another body",
        "a version more",
        "no version",
        "no seal",
        "a unit missing",
    ),
    # Of what is changed, new, gone and unchanged, of the law around it, and of what was signed.
    "backend/postgres/test_amended_drafts.py::test_a_difference_from_the_signed_amendment_stops_its_enactment": (
        "another text of what will be gone",
        "another parent of a new unit",
        "a draft unit more whose version is law",
        "a draft version more",
        "another title of a new unit",
        "a changed unit that is law already",
        "another body with its digest",
        "what will be gone is gone",
        "another text of an unchanged unit",
        "no seal",
    ),
    # Of the first ruling some.
    "backend/postgres/test_amended_drafts.py::test_a_ruling_that_misstates_an_amendment_is_not_imported": (
        "no operation",
        "another base",
        "SG_1 says from when",
    ),
    # Of the three steps two.
    "backend/postgres/test_amended_drafts.py::test_a_hold_stops_each_step_of_an_amendment": ("cut", "enact"),
    # Each field with another value; that it is not there, and that it is of no form, is asked of those that a digest hangs on.
    "backend/postgres/test_rulings.py::test_a_statement_with_one_field_changed_is_refused_and_leaves_no_row": (
        "another schema",
        "another text",
        "another document",
        "valid for longer than a day",
        "another source",
        "another cluster",
        "another allowance",
        "no manifest",
        "more units",
        "another plan",
        "another baseline",
        "expired",
        "another run",
        "another database",
        "not yet valid",
    ),
    "backend/postgres/test_rulings.py::test_a_second_ruling_with_one_field_changed_is_refused_and_leaves_no_row": (
        "a manifest",
        "no digest of the drafts",
        "another *",
        "no review decision",
        "no drafts",
        "a ruling of more than twelve hours",
    ),
    # What it is over, and what it allows.
    "backend/postgres/test_rulings.py::test_a_row_that_was_planted_under_the_digest_of_a_statement_is_told_loudly": (
        "manifest_digest",
        "purpose",
    ),
    # Where names lead; whatever else a session begins with is refused by the same look.
    "backend/postgres/test_sessions.py::test_migrate_refuses_what_sessions_would_begin_with_and_names_the_command": (
        "*search_path*",
    ),
    # Of the roles the one that writes.
    "backend/postgres/test_sessions.py::test_no_digest_accepts_that_triggers_do_not_fire": ("cutter_exec",),
    # A block, and the use of the ruling.
    "backend/postgres/test_upgrade_of_manifests.py::test_a_manifest_that_does_not_hold_is_not_sealed_and_its_drafts_can_only_be_taken_back": (
        "*SET title*",
        "*approval_use",
    ),
    # The digest of the drafts, their list, and the kind of the ruling.
    "backend/postgres/test_reverts.py::test_a_revert_over_other_drafts_is_no_ruling": (
        "changes0",
        "changes2",
        "changes4",
    ),
    # A text, and a unit more.
    "backend/postgres/test_reverts.py::test_a_signed_revert_takes_back_whatever_stands_there_once_it_is_named": (
        "another body",
        "a unit more",
    ),
    # One of the purposes.
    "backend/postgres/test_authority.py::test_nothing_can_be_armed_for_a_run_that_is_closed": ("enact",),
    # A HOLD in the database, and two of the attacks.
    "backend/postgres/test_live_text.py::test_nothing_is_registered_under_a_hold": ("database",),
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
    # Either move of the switch, with another kind of COMMIT.
    "backend/runs/test_settling.py::test_a_switch_whose_answer_is_lost_is_as_it_is_said_to_be": (
        "disarm-late",
        "release-request lost",
    ),
    # What is law as well; drafts are read by the walk of the screens' calls.
    "cli/test_on_a_standby.py::test_each_reading_command_answers_as_on_the_primary": ("enacted",),
    # Before a ruling is imported.
    "backend/runs/test_upgrade.py::test_a_run_at_the_first_pause_is_told_to_start_again": ("False",),
    # No reason, and one that is too long.
    "backend/runs/test_dry_run.py::test_a_voided_dry_run_is_shown_whatever_has_become_of_its_reason": ("empty", "long"),
    # Of the programs of a backup, that in the middle of the pipeline; that which dies is another one.
    "backend/backup/test_hanging.py::test_a_program_that_hangs_is_named_and_ended_with_its_group": ("gpg",),
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
    # What is read of a law, and what is only told of it.
    "backend/postgres/test_kept_numbers.py::test_a_row_that_was_removed_past_the_triggers_is_missed": (
        "public.unit_version",
        "cutter_governance.manifest_unit_block",
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
    # What is law, and what was signed.
    "backend/postgres/test_repeals.py::test_a_difference_from_the_signed_repeal_stops_its_enactment": (
        "another text in the law",
        "no seal",
    ),
    # Of either ruling some.
    "backend/postgres/test_repeals.py::test_a_ruling_that_misstates_a_repeal_is_not_imported": (
        "no operation",
        "another base",
        "an enactment of other units",
    ),
    # Of fields, numbers, addresses, places, bodies and units, some; each mends the digest and is refused by what it says.
    "backend/postgres/test_manifest.py::test_a_signature_does_not_make_a_manifest_hold_that_does_not": (
        "a kind that nobody knows",
        "one unit too few",
        "a body of another sha256",
        "a number spelt in another way",
        "a number left out",
        "bodies that overlap",
    ),
    # From one stage to all, and from all to the stages of the two effects.
    "backend/postgres/test_stages.py::test_from_wherever_a_run_stands_no_stage_is_reached_but_the_next": (
        "awaiting_cut_authorization-*",
        "*-cut_leg_a_committed",
        "*-lifecycle_enacted",
    ),
    # A grant, a function, a trigger, a view; test_drift.py asks every break of breaks.py, by the same lines.
    "backend/postgres/test_grants.py::test_a_change_of_what_may_be_done_is_seen": (
        "a revoked grant",
        "a changed function",
        "a disabled trigger",
        "a changed view",
    ),
    # A cut, and what is written beside law; edits and repeals are known by the same digests.
    "backend/postgres/test_known_drafts.py::test_drafts_are_known_from_their_verification_on_by_what_stands_in_the_rows": (
        "_cut",
        "_amendment",
    ),
    "backend/postgres/test_known_drafts.py::test_what_moves_in_another_document_leaves_these_drafts_known": ("_cut",),
    # From the release on; what it leads through is the other one's way.
    "backend/postgres/test_console_schema.py::test_an_older_database_becomes_what_a_new_one_is": ("*-10",),
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
    # A column, a row and what was sealed; the same changes stop an enactment in test_enactment.py.
    "backend/postgres/test_known_drafts.py::test_whatever_is_changed_behind_the_guards_is_known_no_more": (
        "another body",
        "a unit more under its prefix",
        "no seal",
        "another manifest",
        "another title",
        "another parent",
        "a unit missing",
        "a version more",
    ),
    # A row of each of the tables that the mark is made of.
    "backend/runs/test_following.py::test_whatever_moves_gives_another_mark_and_nothing_else_does": (
        "the release of a HOLD",
        "a HOLD",
        "a ruling",
        "a lease",
    ),
    # A setting; attributes and memberships are those of test_drift.py.
    "backend/postgres/test_stopper.py::test_a_change_of_the_role_is_a_drift": ("*SET search_path*",),
    # Of fields, blocks and texts some; all of them have another digest.
    "backend/postgres/test_manifest.py::test_a_manifest_that_is_not_the_signed_plan_is_refused": (
        "another title",
        "a longer text",
        "another body",
        "no manifest",
        "a block missing",
        "NULL for a text",
    ),
    # Of the statement, of its list and of what comes with it some.
    "backend/postgres/test_batches.py::test_a_ruling_over_a_batch_that_says_something_else_is_not_taken": (
        "a member left out",
        "another timeline",
        "another plan in the list",
        "another digest of the plans",
        "another number of members",
        "the list in another order",
        "a statement that does not come",
        "another policy",
        "a member named twice",
    ),
    # What is signed, who has signed it, and what it is over.
    "backend/postgres/test_batches.py::test_what_is_changed_after_the_signature_stops_the_write_of_every_member": (
        "the statement of a member",
        "the signatures",
        "the plan of another member",
        "the list",
    ),
    # Of each field one that is none.
    "backend/postgres/test_events.py::test_what_is_no_event_is_refused_with_the_step_that_it_came_with": (
        "a record too long",
        "no phase",
        "NULL",
        "a phase with a line break",
        "a negative number",
        "a key that is none",
    ),
    # Of the file, of the recipient and of the tables some.
    "backend/postgres/test_backup_proofs.py::test_a_proof_that_does_not_hold_is_not_recorded": (
        "another number of rows",
        "another digest",
        "a recipient by name",
        "no tables",
        "another table",
        "names alone",
        "no file",
    ),
    # A form, a threshold, a signer and a key.
    "backend/postgres/test_policy_pins.py::test_a_policy_that_cannot_be_satisfied_is_not_pinned": (
        "a threshold of none",
        "a space",
        "operators alone, and no solo",
        "no word on solo",
        "nobody",
        "two signers and one export",
        "a key twice",
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
    # A view, and a function of each sort.
    "backend/postgres/test_document_states.py::test_nothing_tells_the_monitoring_role_a_text_that_was_taken_back": (
        "*fn_unit_versions*",
        "*fn_state_versions*",
        "*v_in_force*",
    ),
    # Each column of a unit is compared in the same expression.
    "backend/postgres/test_document_states.py::test_a_unit_that_is_not_the_signed_one_is_named": ("body*",),
    # A revert, and a cut with its revert.
    "backend/postgres/test_probes.py::test_nothing_is_left_though_the_caller_commits": (
        "*fn_probe_revert*",
        "*{3,60}*",
    ),
    # By one refusal, whatever begins.
    "backend/postgres/test_repeals.py::test_of_a_repealed_document_no_run_begins": (
        "cut",
        "amend",
    ),
    "backend/postgres/test_repeals.py::test_a_sealed_repeal_holds_its_document": ("amendment",),
    # A text that is hardly one.
    "backend/postgres/test_repeals.py::test_a_repeal_has_no_manifest_and_no_text": ("a space",),
    # By one comparison, whichever it is.
    "backend/postgres/test_sessions.py::test_a_database_in_another_encoding_is_refused": ("*-LATIN1",),
    # A text, and a unit that is gone.
    "backend/postgres/test_edits.py::test_a_pass_is_taken_only_where_the_edit_is_there_and_a_fail_always": (
        "another body",
        "no such unit",
    ),
    # A text, and a unit more.
    "backend/postgres/test_reverts.py::test_a_signed_revert_takes_back_what_it_names_and_no_other_drafts": (
        "another body",
        "a unit more",
    ),
    # At the last moment.
    "backend/postgres/test_enactment.py::test_a_fail_that_is_newer_than_the_pass_blocks_the_enactment_and_a_newer_pass_opens_it": (
        "after arming",
    ),
    # Without a signature.
    "backend/runs/test_hands_and_back.py::test_a_run_is_handed_back": ("False",),
    # The two effects of a cut.
    "backend/postgres/test_authority.py::test_no_function_writes_under_a_hold": (
        "fn_cut_apply",
        "fn_cut_enact",
    ),
    "backend/postgres/test_authority.py::test_a_lease_for_one_purpose_serves_no_other": (
        "fn_cut_enact",
        "fn_cut_apply",
    ),
    # The server is compared as a whole.
    "backend/postgres/test_rulings_elsewhere.py::test_drafts_that_were_verified_on_another_server_are_not_ruled_on": (
        "timeline = 99",
    ),
    "backend/postgres/test_rulings_elsewhere.py::test_a_cut_is_not_recorded_where_the_database_became_another_one_under_the_lease": (
        "timeline = 99",
    ),
    # Of a lost answer and a lost request, one.
    "backend/runs/test_settling.py::test_on_another_server_the_event_decides": ("request lost",),
    # At the end, and on the way.
    "backend/postgres/test_kept_numbers.py::test_the_kept_numbers_are_those_of_the_rows_after_each_step": (
        "enacted",
        "cut",
    ),
    # Of another server, of another timeline, and too old.
    "backend/postgres/test_backup_proofs.py::test_the_switch_is_not_armed_without_a_fresh_proof": (
        "of another server",
        "of another timeline",
        "an hour old",
    ),
    # Of a new database, of the release and of what came between: another owner, no word of ours, and names of ours.
    "backend/postgres/test_console_schema.py::test_somebody_elses_schema_of_the_name_is_refused_before_anything_is_changed": (
        "0-another owner's",
        "0-our owner's, without a word of ours",
        "21-another owner's, with our words",
        "10-with functions of our names",
    ),
    # The first seeds of each.
    "backend/reports/test_rendering.py::test_texts_made_inert_together_are_those_made_inert_one_by_one": (
        "?",
        "[1-7]?",
    ),
    "backend/documents/test_furniture.py::test_any_width_and_any_length_of_pages_gives_the_same_units": ("?", "1?"),
}
MATRICES = ATTACKS | BACKEND | CONSOLE


def leave_the_rest(items: Iterable[pytest.Item]) -> None:
    """Mark what `make test` does not take: of matrices and products the rest, and the long tests that a shorter one stands for."""
    for item in items:
        if is_left_out(item.nodeid) or is_beside_the_cover(item):
            item.add_marker(pytest.mark.torture)


def is_left_out(test: str) -> bool:
    """Whether one of the tables leaves this test out; a function with many combinations counts as one."""
    function, bracket, combination = test.removeprefix("tests/").partition("[")
    if function in LONG:
        return True
    kept = MATRICES.get(function)
    return kept is not None and not (bracket and is_kept(kept, combination.removesuffix("]")))


def is_kept(kept: Kept, combination: str) -> bool:
    """Whether one of the patterns is that of this combination."""
    return any(fnmatchcase(combination, pattern) for pattern in kept)
