"""What `make test` takes of the long matrices: the same promise, asked of many functions, roles, screens and kinds.

A matrix asks one thing of many combinations. `make test` takes those that are named here, chosen so that the sides of
the matrix occur; the rest has the marker `torture` and is run by `make torture`. A test that guards a protection
against a mutant is never among the rest: tests/test_matrices.py holds the list to this.
What is left of the kills, the network and the races is chosen in tests/torture/conftest.py.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase

import pytest

Kept = tuple[str, ...]

_ONE_OF_EACH_PROFILE = ("atx-look_alike", "vi-law-hidden", "numbered-escaped", "numbered, headings-indented")
_DIALOGS: Kept = ("arm", "release")
"""One dialog that asks for the id of a run and one that does not; all five are asked whether Enter confirms."""

ATTACKS: dict[str, Kept] = {
    # Two functions take a reason; one of them is sent as much as fits into a message.
    "attacks/test_hold_and_backup.py::test_the_reason_of_a_hold_is_short": ("[n5]*", "100 MB-cutter_exec"),
    # One of each sort: fields and lines, controls, bytes, numbers, order, spans, digests, prefixes, look-alikes, parents, kinds.
    "attacks/test_manifest_bytes.py::test_a_crafted_manifest_is_refused_although_its_digest_was_signed": (
        "a field too many",
        "a field missing",
        "an empty line",
        "a line feed at the end",
        "a NUL in a title",
        "a unit separator that shifts every field",
        "an escape sequence in a title",
        "bytes that are no UTF-8",
        "no line at all",
        "one unit fewer",
        "one unit twice",
        "numbers with a gap",
        "a number with zeros",
        "lines in another order",
        "an end beyond the text",
        "an overlap with the unit before",
        "a span of another unit",
        "another sha256",
        "a prefix that only begins alike",
        "another document's prefix for one unit",
        "a way out by dots",
        "two slashes",
        "a Cyrillic look-alike of a letter",
        "a zero-width space",
        "a parent of another document",
        "a parent that comes later",
        "itself as its parent",
        "a kind that is not known",
        "no kind",
    ),
    "attacks/test_transactions.py::test_an_old_snapshot_writes_nothing": ("*-3", "enact-4"),
    # Settings that change how values are read, how they are written, and how statements are planned.
    "attacks/test_shadows.py::test_no_setting_that_a_role_may_change_changes_what_is_written": (
        "backslashes in strings",
        "German dates",
        "another time zone",
        "bytes escaped",
        "= NULL as IS NULL",
        "generic plans",
        "columns before variables",
        "asynchronous commits",
    ),
}
BACKEND: dict[str, Kept] = {
    # Between them they have every request that can be lost, and the effects in both.
    "backend/runs/test_reused_ids.py::test_what_is_not_there_is_not_called_committed": (
        "start",
        "import",
        "arm",
        "disarm",
        "release",
        "resume",
        "cut_leg_a",
        "structural_verify",
        "write_verify",
        "plan edits",
        "edit",
        "closeout",
    ),
    "backend/runs/test_reused_ids.py::test_what_is_there_is_called_committed": (
        "import",
        "lease",
        "end of a run",
        "backup proof",
        "void",
        "cut_leg_a",
        "leg_b_record",
        "verify again",
        "revert",
        "edit: to the pause",
        "edit: verify",
        "lifecycle_enact",
    ),
    "backend/runs/test_settling.py::test_a_request_that_is_lost_or_late_never_has_an_effect_after_it_was_denied": (
        "start-late",
        "void-late",
        "cut_leg_a-late",
        "revert-late",
        "lifecycle_enact-late",
    ),
    "backend/runs/test_settling.py::test_an_answer_that_is_lost_is_asked_for_and_the_work_goes_on": (
        "import",
        "arm",
        "cut_leg_a",
        "structural_verify",
        "leg_b_record",
        "write_verify",
        "closeout",
    ),
    "backend/runs/test_settling.py::test_what_cannot_be_decided_in_time_is_said_to_be_unknown_and_asked_again": (
        "void",
        "cut_leg_a",
    ),
    # One thing that is gone, damaged, of another kind or of another run, of each thing.
    "backend/runs/test_ways_out.py::test_moves_alone_lead_out_of_every_fault": (
        "nothing-waits for SG_2",
        "no directory-waits for SG_2",
        "a damaged request-waits for SG_2",
        "no plan-waits for SG_2",
        "damaged facts of the plan-waits for SG_2",
        "no source-waits for SG_2",
        "no marked document-waits for SG_2",
        "a damaged record of a phase-waits for SG_2",
        "no journal-waits for SG_2",
        "a rewritten journal-waits for SG_2",
        "a torn journal-waits for SG_2",
        "a FIFO for a journal-waits for SG_2",
        "no key-waits for SG_2",
        "no statements-waits for SG_2",
    ),
    "backend/runs/test_ways_out.py::test_moves_alone_lead_on_from_where_a_run_was_stopped": (
        "SG_1 imported",
        "waits for SG_2",
    ),
    "backend/runs/test_lease.py::test_a_signal_cancels_the_statement_closes_the_switch_and_is_recorded": (
        "SIGTERM",
        "SIGINT",
    ),
    "backend/scratch/test_cluster.py::test_the_server_ends_with_its_starter": ("9", "15"),
    "backend/backup/test_hanging.py::test_a_kill_at_any_moment_leaves_no_plain_text_and_no_process": (
        "CHECK",
        "STREAM",
        "STORE",
    ),
    # The beginning, the middle and the end of each of the three things that are written.
    "backend/reports/test_bundle.py::test_a_kill_at_any_moment_leaves_no_final_name_and_the_next_bundle_removes_the_draft": (
        "step-1",
        "step-5",
        "file-7",
        "report-15",
    ),
    # The differences are the same thirty-four as of the test that all of them stop everything.
    "backend/postgres/test_enactment.py::test_no_ruling_is_taken_over_drafts_that_are_not_what_was_signed": (
        "another body",
        "another title",
        "another owner",
        "no version",
        "a unit missing",
        "a unit enacted",
        "a unit more of the document",
        "another manifest",
        "no seal",
    ),
    "backend/postgres/test_enactment.py::test_the_structure_of_a_cut_is_not_found_where_something_differs": (
        "another title",
        "another number",
        "another address",
        "a version more",
        "a unit deleted softly",
        "a unit enacted",
        "a unit more that is superseded",
        "a manifest of more rows",
    ),
    "backend/postgres/test_rulings.py::test_what_a_signer_reads_in_a_second_ruling_is_what_stands_in_the_rows": (
        "another title",
        "another body",
        "one missing",
        "a field more",
    ),
    "backend/postgres/test_edits.py::test_an_edit_changes_title_and_body_of_a_draft_and_nothing_else": (
        "an address outside of the document",
        "an address that is no unit",
        "another kind",
        "another parent",
        "a body of another digest",
    ),
    "backend/reports/test_bundle.py::test_where_any_write_fails_nothing_has_the_final_name": ("1", "4", "8", "12"),
    # One break of each kind of object: grant, trigger, function, owner, column, constraint, view, setting, role.
    "backend/postgres/test_drift.py::test_a_break_is_told_and_what_is_printed_mends_it": (
        "a dropped grant",
        "a grant with grant option",
        "a grant on a column",
        "execute for everybody",
        "a disabled trigger",
        "a dropped trigger",
        "a changed function body",
        "a function that lost everything",
        "a foreign function",
        "a changed owner of a table with a sequence",
        "a changed owner of the schema",
        "an extra column",
        "a dropped check",
        "a dropped unique index",
        "a changed view",
        "a ruling that could be used twice",
        "a rewrite rule",
        "row security and a policy",
        "default privileges",
        "a view that lends the owner's rights",
        "a child whose rows its parent shows",
        "a setting of a role",
        "a setting of the database",
        "an event trigger",
        "an extra superuser",
        "a member of the owner, with the right to give it on",
    ),
    # Each profile, and each way to change a beginning; the German profile with all of them.
    "backend/documents/test_suspects.py::test_a_changed_beginning_is_kept_refused_or_named": (
        *_ONE_OF_EACH_PROFILE,
        "us-bylaws-another_space",
        "eu-act-look_alike",
        "de-law-*",
        "de-law+numbers-hidden",
        "de-law+bis-*",
    ),
    "backend/documents/test_profiles.py::test_nothing_of_them_is_lost_in_silence": (
        "*-standing-orders",
        "look_alike-rule-book",
    ),
    # The pattern of a level, and one that is made of several; all nine are compiled and run by the same process.
    "backend/documents/test_profile_check.py::test_a_slow_pattern_is_named_by_its_level_and_key": (
        "pattern",
        "seems",
        "lookbehind",
    ),
    "backend/documents/test_own_profiles.py::test_a_regular_expression_that_takes_for_ever_is_stopped_and_named": (
        "pattern",
        "heads",
        "inside",
        "lookbehind",
    ),
}
CONSOLE: dict[str, Kept] = {
    "screens/test_dialogs.py::test_the_field_has_the_focus_and_enter_does_nothing": _DIALOGS,
    "screens/test_dialogs.py::test_enter_on_cancel_is_no": ("arm",),
    # Enough to see the order; the seeds of the others are the same.
    "screens/test_key_order.py::test_the_last_of_many_keys_decides_which_screen_is_shown": ("0", "1", "2"),
    "screens/test_dialogs.py::test_escape_is_no_even_with_the_right_text": _DIALOGS,
    "screens/test_dialogs.py::test_an_open_check_takes_the_confirmation_away_and_is_named": ("enact", "release"),
    "screens/test_dialogs.py::test_the_dialog_says_what_where_how_many_and_whether_it_can_be_undone": (
        "void",
        "revert",
        "release",
    ),
    "screens/test_dialogs.py::test_the_keys_of_a_dialog_fit_into_80_columns": ("arm", "void"),
    "screens/test_dialogs.py::test_the_question_is_on_the_screen_at_every_size": ("*-size0", "arm-size1"),
    "screens/test_dialogs.py::test_one_tab_leads_from_cancel_to_the_field": ("arm-*", "revert-size0", "release-size0"),
    "screens/test_dialogs.py::test_the_stop_key_works_inside_every_dialog": ("arm", "live", "import", "help"),
    # All at once is what ended the console; one by one is the milder half.
    "screens/test_noise.py::test_these_keys_leave_the_console_where_it_can_be_used": (
        "at once-*",
        "one by one-3 A escape escape 1",
        "one by one-ctrl+x s s s",
    ),
    # One episode of each kind and state; the seeds of the others are the same.
    "screens/test_fuzz.py::test_nothing_at_random_ends_the_console_or_writes_without_the_typed_text": (
        "0",
        "1",
        "2",
        "3",
    ),
    # 80 columns are the narrow case; of the wide one, each screen and dialog once.
    "screens/test_snapshots.py::test_screen": ("*-80x24", "*-waiting-120x40"),
    "screens/test_snapshots.py::test_dialog": (
        "*-80x24",
        "plan-of-a-law-120x40",
        "enact-120x40",
        "panic-120x40",
        "live-120x40",
        "import-120x40",
        "help-120x40",
        "stop-120x40",
    ),
    "screens/test_snapshots.py::test_readiness": (
        "*-80x24",
        "gates-fail-120x40",
        "evidence-120x40",
        "pre-120x40",
        "bundle-done-120x40",
        "drift-function-120x40",
        "overview-green-120x40",
    ),
    "widgets/test_field.py::test_every_key_of_an_input_is_safe_in_a_field_with_nothing_selected": (
        "*-some text",
        "backspace-",
        "ctrl+x-",
        "delete-",
        "enter-",
    ),
    "test_app.py::test_what_the_outside_does_to_a_question_is_told_and_ends_no_console": ("no room", "a server"),
    "terminal/test_terminal.py::test_a_signal_restores_the_terminal_and_ends_the_console_by_itself": (
        "15-143",
        "2-130",
    ),
    # What can be caught, and what cannot.
    "test_demo.py::test_a_tour_that_is_ended_in_the_middle_leaves_no_server": ("SIGINT", "SIGKILL"),
    "cli/test_plan_folder.py::test_a_signal_ends_the_command_and_all_workers": (
        "SIGINT-as a terminal sends it",
        "SIGTERM-to the command alone",
        "SIGKILL-to the command alone",
    ),
    # As JSON every command, as text those whose text is made of several parts.
    "cli/test_reading.py::test_no_reading_command_writes_in_any_combination_of_options": (
        "json-*",
        "text-status",
        "text-run show RUN",
        "text-plan --folder INTAKE",
        "text-enact RUN",
    ),
}
MATRICES = ATTACKS | BACKEND | CONSOLE


def leave_the_rest(items: Iterable[pytest.Item]) -> None:
    """Mark what `make test` does not take."""
    for item in items:
        function, _, combination = item.nodeid.removeprefix("tests/").partition("[")
        kept = MATRICES.get(function)
        if kept is not None and not is_kept(kept, combination.removesuffix("]")):
            item.add_marker(pytest.mark.torture)


def is_kept(kept: Kept, combination: str) -> bool:
    """Whether one of the patterns is that of this combination."""
    return any(fnmatchcase(combination, pattern) for pattern in kept)
