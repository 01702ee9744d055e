"""What `make test` takes of the long matrices of screens, terminal and commands, as tests/matrices.py says."""

from tests.support.combinations import Kept

_DIALOGS: Kept = ("arm", "release")
"""One dialog that asks for the id of a run and one that does not; all five are asked whether Enter confirms."""

CONSOLE: dict[str, Kept] = {
    # Every phase where the room is least, and the last one at each size.
    "screens/test_of_now.py::test_the_phase_that_is_at_work_is_on_the_screen": ("size0-*", "*-closeout"),
    "screens/test_of_now.py::test_the_phase_that_was_interrupted_is_on_the_screen": ("cut_leg_a", "closeout"),
    "screens/test_dialogs.py::test_the_field_has_the_focus_and_enter_does_nothing": _DIALOGS,
    "screens/test_dialogs.py::test_enter_on_cancel_is_no": ("arm",),
    # The two that a fault was found by, and of what is read by pages one.
    "screens/test_moves.py::test_a_move_is_read_and_a_flood_of_moves_is_one_question_at_a_time": (
        "documents",
        "run",
        "units",
        "journal",
    ),
    # Enough to see the order; the seeds of the others are the same.
    "screens/test_key_order.py::test_the_last_of_many_keys_decides_which_screen_is_shown": ("2",),
    "screens/test_dialogs.py::test_escape_is_no_even_with_the_right_text": _DIALOGS,
    "screens/test_dialogs.py::test_an_open_check_takes_the_confirmation_away_and_is_named": ("release",),
    "screens/test_dialogs.py::test_the_dialog_says_what_where_how_many_and_whether_it_can_be_undone": (
        "void",
        "release",
    ),
    "screens/test_dialogs.py::test_the_keys_of_a_dialog_fit_into_80_columns": ("void",),
    "screens/test_dialogs.py::test_the_question_is_on_the_screen_at_every_size": ("arm-size1", "release-size0"),
    "screens/test_dialogs.py::test_one_tab_leads_from_cancel_to_the_field": ("arm-size0", "release-size2"),
    "screens/test_dialogs.py::test_the_stop_key_works_inside_every_dialog": ("arm", "help"),
    "screens/test_dialogs.py::test_what_is_typed_on_cancel_stands_behind_what_was_typed_before": ("home",),
    # All at once is what ended the console; one by one is the milder half.
    "screens/test_noise.py::test_these_keys_leave_the_console_where_it_can_be_used": (
        "at once-ctrl+p ctrl+x ctrl+p",
        "at once-3 A A enter enter",
        "one by one-ctrl+x s s s",
    ),
    # One episode, in which all kinds of events come; the states of the others are those of the keys in test_noise.py.
    "screens/test_fuzz.py::test_nothing_at_random_ends_the_console_or_writes_without_the_typed_text": ("0",),
    # 80 columns are the narrow case. After a change of a screen the whole file is run, for the files that it changes.
    "screens/test_snapshots.py::test_screen": (
        "*-rest-80x24",
        "overview-refused-80x24",
        "run-waiting-120x40",
    ),
    "screens/test_snapshots.py::test_dialog": (
        "arm-80x24",
        "panic-80x24",
        "law-changed-80x24",
    ),
    "screens/test_snapshots.py::test_how_to_stop": ("80x24",),
    "screens/test_snapshots.py::test_stop_only": ("80x24",),
    "screens/test_snapshots.py::test_an_edit_on_a_big_screen": ("edit-review",),
    "screens/test_snapshots.py::test_readiness": (
        "gates-mixed-80x24",
        "evidence-80x24",
        "drift-80x24",
    ),
    # A list, a text, what is hostile, what may not be read; each size.
    "screens/test_snapshots.py::test_units": (
        "list-200x60",
        "versions-80x24",
        "hostile-80x24",
        "not-permitted-120x40",
    ),
    "screens/test_snapshots.py::test_units_without_colours": ("versions",),
    # The list stands beside the verdict.
    "screens/test_snapshots.py::test_journal": (
        "record-80x24",
        "damaged-80x24",
        "verified-200x60",
    ),
    # A pause, a failure, what is hostile, a folder.
    "screens/test_snapshots.py::test_batch": (
        "waiting-80x24",
        "failed-120x40",
        "hostile-80x24",
        "folder-80x24",
    ),
    # A text, the contents and the list of hits: each size once. What is marked of a hit the tests of the search ask.
    "screens/test_guide.py::test_help": ("text-80x24", "contents-120x40", "hits-200x60"),
    "screens/test_guide.py::test_help_of_a_stop_code": ("monochrome-120x40",),
    "screens/test_guide.py::test_help_of_a_hostile_search": ("80x24",),
    # The picture that is shown of each kind: what offers them, a list, an answer, what is hostile; each size. Both dialogs
    # are made of the same lines, and what a refusal says is asked without a picture.
    "screens/test_custody_dialogs.py::test_custody": (
        "run-80x24",
        "picker-80x24",
        "hostile-120x40",
        "accept-200x60",
    ),
    # The one that has the longer way to the reason; the other dialog is made of the same lines.
    "screens/test_custody_dialogs.py::test_why_it_is_refused_is_seen_at_80x24_without_scrolling": ("accept",),
    # One of each way to stop: refused, measured, cut off. That every code has a page is asked without a screen.
    "screens/test_guide.py::test_every_code_of_a_notice_opens_its_page": (
        "STOP_REFUSED_INPUT",
        "STOP_DRIFT",
        "STOP_HOLD",
        "STOP_UNREACHABLE",
    ),
    # How it is started, and that it is not.
    "screens/test_compared_with_law.py::test_a_repeal_asks_before_it_starts_and_says_what_it_ends": (
        "escape-",
        "ctrl+y-*",
    ),
    # The first pause, the second and a failure.
    "screens/test_batch.py::test_each_pause_says_what_is_next_with_its_key_and_its_whole_command": (
        "sg_1",
        "failed",
        "enact",
    ),
    # At a pause, and at work.
    "screens/test_batch.py::test_a_move_that_is_not_legal_is_refused_at_once_with_what_is": ("armed-A", "cutting-g"),
    "screens/test_custody_dialogs.py::test_escape_backs_out_and_the_file_is_not_typed_again": ("accept",),
    "screens/test_custody_dialogs.py::test_a_file_without_its_whole_path_is_asked_for_again": ("run.bundle",),
    # The longest header has the word that says whose console it is; each state of the switch is in one of the three.
    "widgets/test_field.py::test_every_key_of_an_input_is_safe_in_a_field_with_nothing_selected": (
        "backspace-*",
        "ctrl+x-*",
        "delete-*",
        "enter-*",
        "ctrl+v-*",
        "alt+backspace-*",
        "home-*",
        "shift+end-*",
    ),
    "test_app.py::test_what_the_outside_does_to_a_question_is_told_and_ends_no_console": ("no room",),
    "terminal/test_terminal.py::test_a_signal_restores_the_terminal_and_ends_the_console_by_itself": ("15-143",),
    # What cannot be caught ends the server as the test of the scratch cluster says.
    "test_demo.py::test_a_tour_that_is_ended_in_the_middle_leaves_no_server": ("SIGINT",),
    "cli/test_plan_folder.py::test_a_signal_ends_the_command_and_all_workers": (
        "SIGTERM-to the command alone",
        "SIGKILL-to the command alone",
    ),
    # As JSON those that ask different parts of the backend, as text one whose text is made of several; of the options, those
    # that change the way. On a standby, which refuses every write to the database and none to the disk, each one is asked too.
    "cli/test_reading.py::test_no_reading_command_writes_in_any_combination_of_options": (
        "json-status",
        "json-drift",
        "json-gates*",
        "json-hold*",
        "json-run show RUN",
        "json-journal*",
        "json-policy pin",
        "json-backup list",
        "json-run start FILE --docprefix ACME-OTHER",
        "json-plan FILE*",
        "json-document export --docprefix*",
        "json-plan --folder INTAKE",
        "json-approval*",
        "json-arm RUN --confirm wrong",
        "json-enact RUN",
        "json-revert RUN",
        "json-backup selftest",
        "text-run show RUN",
    ),
    "screens/test_dialogs.py::test_another_text_than_the_run_id_is_refused": ("yes", "ICTR-*"),
    "screens/test_dialogs.py::test_enter_never_confirms_not_even_the_right_text": ("arm", "release"),
    "screens/test_dialogs.py::test_the_body_scrolls_whatever_has_the_focus": ("from the field",),
    "screens/test_noise.py::test_no_other_dialog_does_anything_before_it_was_built": ("3 A", "2 p L"),
    "screens/test_snapshots.py::test_readiness_on_a_big_screen": ("gates-fail",),
    "screens/test_gates.py::test_nothing_is_cut_off_at_the_right_of_the_board_or_its_evidence": ("size0",),
    "screens/test_switch.py::test_stopped_says_what_was_rolled_back_or_had_been_committed_and_what_comes_next": (
        "cut_leg_a_committed-*",
    ),
    "screens/test_switch.py::test_a_dead_database_puts_an_age_on_every_list_that_still_shows": ("3-runs",),
    "screens/test_compared_with_law.py::test_a_run_of_a_plan_that_changes_what_is_law_is_an_amendment": ("True-*",),
    # Of the host, and of the server.
    "test_app.py::test_what_the_outside_does_to_an_operation_is_told_and_ends_no_console": ("no room", "a server"),
    "test_app.py::test_what_can_be_longer_than_its_panel_is_reached_with_tab": ("1-*",),
    "terminal/test_terminal.py::test_hostile_text_reaches_no_screen_alive": ("hostile",),
    "terminal/test_terminal.py::test_a_closed_terminal_ends_the_console_without_its_having_spun": ("True",),
    # What is asked of all commands in each environment is asked of a few in test_failures.py and test_exit_statuses.py.
    "cli/test_surroundings.py::test_every_command_ends_with_a_named_outcome": (
        "arguments that are no text",
        "a root without a free byte",
    ),
    "cli/test_profiles.py::test_a_check_tells_each_fault_in_a_line": ("overlap", "cannot be used"),
    "cli/test_drift.py::test_a_function_that_lost_body_and_settings_is_mended_by_either_or_both": ("both",),
    "cli/test_twice.py::test_the_second_time_changes_nothing_and_says_so": ("void", "arm"),
    "cli/test_failures.py::test_help_and_version_say_that_they_could_not_be_printed": ("--version",),
    # Flips take seconds for each reader; that which has an anchor takes them all.
    "torture/test_journals.py::test_damage_is_found_without_any_anchor": ("truncations", "whole_records"),
    # Each state at its smallest size, and each size once. What differs is shown without colours.
    "screens/test_snapshots.py::test_backups": (
        "list-80x24",
        "proven-200x60",
        "hostile-120x40",
    ),
    "screens/test_snapshots.py::test_reports": (
        "list-200x60",
        "text-80x24",
        "changed-80x24",
        "hostile-120x40",
    ),
    "screens/test_snapshots.py::test_hold": (
        "none-80x24",
        "hold-200x60",
        "needs-80x24",
        "hostile-80x24",
    ),
    "screens/test_snapshots.py::test_hold_of_a_read_only_console": ("list",),
    "screens/test_snapshots.py::test_shelves_without_colours": ("backups",),
    "screens/test_snapshots.py::test_shelves_of_a_read_only_console": ("reports",),
    # What is marked in a text the test of a search in one asks.
    "screens/test_snapshots.py::test_find": ("kept-120x40",),
    "screens/test_replay.py::test_replay": ("hold-80x24", "hostile-200x60"),
    "screens/test_fleet.py::test_fleet": (
        "open-80x24",
        "normal-80x24",
        "hostile-120x40",
        "monochrome-200x60",
    ),
    "screens/test_named.py::test_named": ("banner-80x24", "hostile-120x40", "monochrome-200x60"),
    # A place of each kind: a plan, a law, each dialog that types a text, and all screens at rest and with the database down.
    "screens/test_full_commands.py::test_each_command_on_a_screen_names_the_root": (
        "law-changed",
        "arm",
        "release",
        "panic",
        "import",
        "stop",
        "rest",
        "down",
        "edit-planned",
    ),
    # The usual size, and the smallest.
    "screens/test_reports.py::test_hostile_names_and_texts_are_inert": ("(80, 24)", "(10, 3)"),
    "screens/test_backups.py::test_hostile_names_and_records_are_inert": ("(80, 24)",),
    "screens/test_units.py::test_hostile_text_is_inert_everywhere": ("(80, 24)",),
    # With a count of what is hidden, by what is not, and by a name; the grammar is one.
    "screens/test_find.py::test_on_every_screen_a_filter_narrows_at_once_is_kept_and_is_cleared": ("2-*", "5-*", "9-*"),
    "screens/test_find.py::test_what_is_typed_and_what_it_finds_is_inert": ("(80, 24)",),
    "screens/test_journal.py::test_hostile_records_are_inert_everywhere": ("(80, 24)",),
    "screens/test_key_order.py::test_what_is_typed_behind_the_key_of_a_filter_is_text_however_fast_it_comes": (
        "2",
        "9",
    ),
    "screens/test_guide.py::test_one_key_opens_it_and_esc_goes_back_to_where_one_came_from": ("f1",),
    # With few letters more names have room, with the most of them none or one.
    "screens/test_documents.py::test_however_many_profiles_there_are_all_fields_of_the_form_and_some_documents_are_seen": (
        "3",
        "40",
    ),
    "screens/test_documents.py::test_every_profile_that_can_be_chosen_is_on_the_screen": ("size0",),
    # The narrowest that is a whole terminal, and the widest.
    "screens/test_reports.py::test_a_table_fits_and_is_read_at_any_width": ("(80, 24)", "(200, 60)"),
    "cli/test_manifest.py::test_a_pin_that_is_set_is_not_changed_unless_repin_is_typed": ("host-*", "timeline-*"),
    # What can be handled, and the terminal is as it was; of what cannot be, the shell is told by the system.
    "terminal/test_named.py::test_with_the_console_behind_it_the_opened_one_ends_too": ("TERM",),
    "cli/test_watching.py::test_status_is_a_recording_line_by_line_until_a_signal": ("SIGTERM",),
    # Three times the same, for threads that are at another place each time.
    "cli/test_ending.py::test_a_command_that_a_signal_ends_has_its_status_whatever_is_still_at_work": ("*-0",),
}
