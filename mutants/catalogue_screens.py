"""Protections of the screens: filters hide nothing that fails without a word, no letter of one acts, and a recording looks like one."""

from mutants.mutant import Mutant

_LEFT_SCREEN = "tests/test_small_strips.py::test_a_screen_that_was_left_keeps_no_line_and_is_drawn_as_before"
_FREED_LINE = "tests/test_small_strips.py::test_a_line_that_nobody_has_is_freed_without_a_search_for_garbage"
_BASE, _EARLY = "console/screens/base.py", "tests/screens/test_early_keys.py"
_NARROWING, _BAR = "console/widgets/narrowing.py", "console/widgets/filter_bar.py"


def _find(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/screens/test_find.py::test_{name}" for name in names)


def _of_recordings(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/backend/test_recording.py::test_{name}" for name in names)


def _of_replays(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/screens/test_replay.py::test_{name}" for name in names)


_RECORDING = "console/backend/model/recording.py"
_RECORDING_FILE = "console/backend/host/recording_file.py"
_COUNTED = (
    "tests/widgets/test_narrowing.py::test_whatever_is_typed_no_row_that_fails_is_hidden_without_being_counted",
)

_EDITS = "tests/cli/test_edits.py::test_"
_CUSTODY = "tests/screens/test_custody_dialogs.py::test_"


def _of_edits(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/screens/test_edit.py::test_{name}" for name in names)


def _of_keymaps(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/actions/test_keymap.py::test_{name}" for name in names)


_FRAMES, _TERMINAL, _APP = "tests/test_frames.py", "tests/terminal/test_terminal.py", "tests/test_app.py"

_SMALL = "tests/screens/test_small_screen.py::test_"
_IN_TURN = "console/screens/readiness_watch.py"
_DANGER = "console/screens/danger.py"
_MOVED = "tests/screens/test_moved_dialogs.py::test_"

SCREENS = (
    Mutant(
        "dialog: what another console moves is measured again in an open dialog",
        "console/app/application.py",
        "        self.tell_dialogs(status)\n",
        "",
        (f"{_MOVED}an_open_dialog_shows_what_another_console_has_moved_meanwhile",),
    ),
    Mutant(
        "dialog: what was typed before the briefing changed confirms nothing",
        _DANGER,
        "        if has_changed:\n",
        "        if False:\n",
        (f"{_MOVED}an_open_dialog_shows_what_another_console_has_moved_meanwhile",),
    ),
    Mutant(
        "dialog: an age that is another one takes nothing away that was typed",
        _DANGER,
        '_DAYS_LEFT.sub("", check.detail)',
        "check.detail",
        (f"{_MOVED}what_is_typed_stands_while_an_age_alone_is_another_one",),
    ),
    Mutant(
        "dialog: a refusal to a new question takes the confirmation away",
        _DANGER,
        "            self._measured(None)\n",
        "            self._measured(self.briefing)\n",
        (f"{_MOVED}a_dialog_that_cannot_be_measured_again_confirms_nothing",),
    ),
    Mutant(
        "dialog: what was shown before a refusal is compared with what is shown after it",
        _DANGER,
        "self.console.full_command, self._shown, self.available",
        "self.console.full_command, self.briefing, self.available",
        (f"{_MOVED}what_was_typed_before_a_measurement_failed_confirms_nothing_else_after_it[moved meanwhile]",),
    ),
    Mutant(
        "dialog: what is typed below a refusal is not put into the field later",
        _DANGER,
        "(self.available or not self._was_measured)",
        "(self.available or self.briefing is None)",
        (f"{_MOVED}what_is_typed_below_a_refusal_is_nowhere_later",),
    ),
    Mutant(
        "dialog: nothing is confirmed while it is measured again",
        _DANGER,
        "        if self._briefings.is_due:\n            self._was_early = True\n",
        "        if False:\n            self._was_early = True\n",
        (f"{_MOVED}nothing_is_confirmed_while_it_is_measured_again[moved meanwhile]",),
    ),
    Mutant(
        "dialog: moves that come faster than the answers are asked for once behind the answer",
        _IN_TURN,
        "        self._n_due = min(self._n_due + 1, 2)\n",
        "        self._n_due += 1\n",
        (f"{_MOVED}moves_that_come_faster_than_the_answers_leave_a_dialog_that_can_be_confirmed",),
    ),
    Mutant(
        "dialog: what has moved while it was measured is measured again",
        _IN_TURN,
        "        self._n_due = min(self._n_due + 1, 2)\n",
        "        self._n_due = 1 if self._n_due == 0 else self._n_due\n",
        (f"{_MOVED}moves_that_come_faster_than_the_answers_leave_a_dialog_that_can_be_confirmed",),
    ),
    Mutant(
        "approvals: what has moved while the moves were read is read again",
        _IN_TURN,
        "        if self._n_due and can_draw(self._screen):\n",
        "        if False:\n",
        (
            "tests/screens/test_approvals_text.py::test_what_moves_while_the_moves_are_read_is_read_once_behind_it",
            f"{_MOVED}moves_that_come_faster_than_the_answers_leave_a_dialog_that_can_be_confirmed",
        ),
    ),
    Mutant(
        "dialog: counts that move with every status do not keep it from being confirmed",
        _DANGER,
        "Moves(stand_without_counts)",
        "Moves()",
        (f"{_MOVED}counts_that_move_with_every_status_do_not_keep_a_dialog_from_being_confirmed",),
    ),
    Mutant(
        "dialog: what was typed before a refusal is not put into the field later",
        _DANGER,
        '        if not self.available:\n            self._typed_early = ""\n',
        "",
        (f"{_MOVED}what_is_typed_before_a_refusal_is_nowhere_later",),
    ),
    Mutant(
        "dialog: a number that is no age counts as a change",
        _DANGER,
        r'r"\b\d+ days left\b"',
        r'r"\d+"',
        (f"{_MOVED}a_number_that_is_no_age_takes_away_what_was_typed",),
    ),
    Mutant(
        "dialog: a duration that is no age counts as a change",
        _DANGER,
        r'r"\b\d+ days left\b"',
        r'r"\b\d+ (?:min|days left)\b"',
        (f"{_MOVED}a_number_that_is_no_age_takes_away_what_was_typed",),
    ),
    Mutant(
        "dialog: a target that is known once only is no change",
        _DANGER,
        "    if before.target is None or now.target is None:\n",
        "    if False:\n",
        (f"{_MOVED}a_target_that_is_not_known_while_the_console_cannot_measure_is_no_change",),
    ),
    Mutant(
        "dialog: another target counts as a change",
        _DANGER,
        "    if before.target is None or now.target is None:\n",
        "    if True:\n",
        (f"{_MOVED}another_target_takes_away_what_was_typed",),
    ),
    Mutant(
        "dialog: the difference that is shown is that of the briefing that is confirmed",
        "console/screens/edit_draft.py",
        '        return briefing.confirmation, lambda width: [*edit_lines(briefing.view, width), line("")]\n',
        "        self.last = briefing.view\n"
        '        return briefing.confirmation, lambda width: [*edit_lines(self.last, width), line("")]\n',
        _of_edits("the_difference_that_is_shown_is_that_of_the_briefing_that_is_confirmed"),
    ),
    Mutant(
        "dialog: a late check of one statement opens no import where another was drafted",
        "console/screens/approvals.py",
        "if self.app.screen is self and not self.console.wanted_statement:",
        "if self.app.screen is self:",
        (f"{_EARLY}::test_a_late_check_of_one_statement_opens_no_import_where_another_was_just_drafted",),
    ),
    Mutant(
        "dialog: a list from before a draft does not end the wait for it",
        "console/screens/approvals.py",
        "        if not self.reads_again() or any(view.statement_sha256 == wanted for view in approvals):\n",
        "        if True:\n",
        (f"{_EARLY}::test_a_list_that_was_asked_for_before_a_statement_was_drafted_does_not_end_the_wait_for_it",),
    ),
    Mutant(
        "dialog: a statement that is in the list is not waited for",
        "console/screens/approvals.py",
        " or any(view.statement_sha256 == wanted for view in approvals)",
        "",
        (f"{_EARLY}::test_a_statement_that_is_in_the_list_is_not_waited_for_though_it_is_read_again",),
    ),
    Mutant(
        "dialog: a result that was not shown outlasts the screen",
        "console/widgets/notice.py",
        " and done is self.shown",
        "",
        (
            "tests/screens/test_switch.py"
            "::test_a_result_that_waits_behind_a_refusal_outlasts_the_screen_on_which_it_was_not_read",
        ),
    ),
    Mutant(
        "notices: the result of an operation goes along to Help, which explains it",
        "console/app/backend_app.py",
        'if mode not in {self.current_mode, "guide"}:',
        "if mode != self.current_mode:",
        ("tests/screens/test_switch.py::test_the_result_of_an_operation_goes_along_to_help",),
    ),
    Mutant(
        "terminal: threads reserve no heaps of their own",
        "console/backend/host/memory.py",
        "        setting(_ARENAS, 1)\n",
        "        pass\n",
        ("tests/backend/host/test_memory.py::test_threads_reserve_no_heap_of_their_own",),
    ),
    Mutant(
        "terminal: no console is opened with less memory than it takes",
        "console/app/launch.py",
        "if limit is None or limit >= LEAST_MIB << 20:",
        "if True:",
        (f"{_APP}::test_no_console_is_opened_with_less_memory_than_its_screens_take",),
    ),
    Mutant(
        "terminal: a thread that ends by an error prints no traceback, and ends the console",
        "console/app/application.py",
        "    before, threading.excepthook = threading.excepthook, app.thread_ended\n",
        "    before = threading.excepthook\n",
        (f"{_TERMINAL}::test_a_thread_that_ends_by_an_error_ends_the_console_with_its_cause_and_no_traceback",),
    ),
    Mutant(
        "what fails while it is taken away prints no traceback",
        "console/cli/main.py",
        "    sys.unraisablehook = _unheard\n",
        "",
        ("tests/cli/test_ending.py::test_what_fails_while_it_is_taken_away_prints_no_traceback",),
    ),
    Mutant(
        "terminal: the writer goes on after what there was no memory for",
        "console/app/line_writer.py",
        "            except MemoryError:\n                self._left_out = True\n",
        "            except ZeroDivisionError:\n                self._left_out = True\n",
        ("tests/terminal/test_slow_line.py::test_what_there_was_no_memory_for_is_drawn_again_and_the_writer_goes_on",),
    ),
    Mutant(
        "terminal: a mode that there was no memory for is written all the same",
        "console/app/line_writer.py",
        "                if len(data) > SMALL:\n                    raise\n",
        "                raise\n",
        ("tests/terminal/test_slow_line.py::test_a_mode_that_there_was_no_memory_for_is_written_all_the_same",),
    ),
    Mutant(
        "terminal: a mode that was begun is gone on with, and not written again",
        "console/app/line_writer.py",
        "                place += self._write_piece(data[place : place + PIECE])\n",
        "                place = self._write_piece(data)\n",
        ("tests/terminal/test_slow_line.py::test_a_mode_that_was_begun_is_gone_on_with_and_not_written_again",),
    ),
    Mutant(
        "terminal: the reader goes on after what there was no memory for",
        "console/app/steady_driver.py",
        "            except MemoryError:\n",
        "            except ZeroDivisionError:\n",
        ("tests/test_textual.py::test_the_reader_goes_on_after_input_that_there_was_no_memory_for",),
    ),
    Mutant(
        "a missing name of what is no module is a defect, and not missing memory",
        "console/cli/main.py",
        "return isinstance(error, AttributeError) and isinstance(error.obj, type(sys))",
        "return isinstance(error, AttributeError)",
        ("tests/cli/test_ending.py::test_a_defect_is_not_taken_for_missing_memory[AttributeError-status --json]",),
    ),
    Mutant(
        "a defect before the work of a command prints no traceback",
        "console/cli/main.py",
        "    except _DEFECTS as error:\n",
        "    except () as error:\n",
        ("tests/cli/test_ending.py::test_a_defect_is_not_taken_for_missing_memory[TypeError-status --json]",),
    ),
    Mutant(
        "dialog: the result of an operation ends with its screen",
        "console/app/backend_app.py",
        "            self.notices.left()\n",
        "            pass\n",
        ("tests/screens/test_switch.py::test_the_result_of_an_operation_ends_with_the_screen_on_which_it_was_read",),
    ),
    Mutant(
        "a thread that the system does not give has a name",
        "console/backend/outside.py",
        "    if words == _NO_THREAD:\n",
        "    if False:\n",
        ("tests/cli/test_failures.py::test_what_the_outside_does_is_named[the threads]",),
    ),
    Mutant(
        "links that lead in a circle have a name",
        "console/backend/outside.py",
        "    if words.startswith(_CIRCLE):\n",
        "    if False:\n",
        ("tests/cli/test_failures.py::test_links_that_lead_in_a_circle_are_named",),
    ),
    Mutant(
        "the command that a run waits for is printed with its root",
        "console/cli/runs.py",
        "*(as_typed(options, line) for line in run_lines(run))",
        "*run_lines(run)",
        (
            "tests/cli/test_roots_in_commands.py::test_at_no_stage_a_command_is_printed_without_the_root[SG_1 imported-run show RUN]",
        ),
    ),
    Mutant(
        "terminal: no more cells are drawn than somebody looks at",
        "console/app/steady_driver.py",
        "return min(columns, MOST_COLUMNS), min(rows, MOST_ROWS)",
        "return columns, rows",
        ("tests/test_textual.py::test_no_more_cells_are_drawn_than_somebody_looks_at[size0]",),
    ),
    Mutant(
        "terminal: not before the first event of a size either",
        "console/app/steady_driver.py",
        "        self._size = self._size or self._get_terminal_size()\n",
        "",
        ("tests/test_textual.py::test_no_more_cells_are_drawn_than_somebody_looks_at[size2]",),
    ),
    Mutant(
        "keymap: the stop key, quit and help cannot be lost",
        "console/actions/keymap.py",
        "    return action.name in _ALWAYS or ",
        "    return ",
        _of_keymaps("whatever_is_accepted_leaves_stop_quit_help_and_enter_and_no_key_does_two_things"),
    ),
    Mutant(
        "keymap: no key does two things on one screen",
        "console/actions/keymap.py",
        "        read.faults += _taken_twice(read.keymap)\n",
        "        pass\n",
        _of_keymaps("whatever_is_accepted_leaves_stop_quit_help_and_enter_and_no_key_does_two_things"),
    ),
    Mutant(
        "keymap: what is dangerous has a capital letter",
        "console/actions/keymap.py",
        "if action.dangerous and not (len(key) == 1 and key.isupper()):",
        "if False:",
        _of_keymaps("a_fault_names_the_entry_and_its_reason"),
    ),
    Mutant(
        "keymap: sentences name the keys that hold",
        "console/actions/keys_in_force.py",
        "    _changed.update(known.keymap)\n",
        "",
        ("tests/screens/test_keymap.py::test_every_screen_shows_the_keys_that_hold_and_no_old_one",),
    ),
    Mutant(
        "hold: what a HOLD refuses is not offered as allowed now",
        "console/screens/under_hold.py",
        '*("go_on", "replan", "arm",',
        '*("arm",',
        (f"{_SMALL}a_run_before_its_cut_does_not_go_on_under_a_hold_and_is_not_planned_again",),
    ),
    Mutant(
        "dialog: the field that a move empties does not hide that something has moved",
        _DANGER,
        "        self._is_of_typed = is_of_typed\n",
        "        self._is_of_typed = self._is_of_typed or is_of_typed\n",
        (f"{_SMALL}a_wrong_text_that_is_taken_back_because_something_has_moved_does_not_hide_that_it_has",),
    ),
    Mutant(
        "approvals: an imported statement names no key that its run does not allow",
        "console/screens/approvals_text.py",
        "    if known.named(action) is None or not _moves_of(action) & set(moves):\n",
        "    if known.named(action) is None:\n",
        ("tests/screens/test_approvals_text.py::test_the_screen_reads_what_the_run_allows_before_it_names_a_key",),
    ),
    Mutant(
        "keys: a command behind words that are no key stays",
        "console/actions/keys_in_force.py",
        "    return before if any(last_word in map(key_name, keys_of_action(name)) for name in does_the_same) else sentence\n",
        "    return before\n",
        (f"{_SMALL}a_command_stays_where_what_stands_before_it_is_no_key_that_does_the_same",),
    ),
    Mutant(
        "edit: what was typed is kept when one backs out",
        "console/screens/edit_draft.py",
        "        self._keep(is_last=True)\n        if self._was_changed:\n",
        "        if self._was_changed:\n",
        _of_edits("what_was_typed_is_kept_when_one_backs_out_and_is_there_again"),
    ),
    Mutant(
        "edit: the key of the draft's own text keeps what it replaces",
        "console/screens/typed_texts.py",
        "            self.keep(now)\n",
        "",
        _of_edits("the_draft_s_own_text_takes_nothing_away_that_was_typed_title_or_text"),
    ),
    Mutant(
        "edit: what has no room beside the run stays in the console",
        "console/screens/typed_texts.py",
        "                self._unkept[self._key] = kept\n",
        "",
        _of_edits("what_has_no_room_on_the_disk_is_said_where_it_is_typed_and_is_there_again"),
    ),
    Mutant(
        "edit: what has no room is said in the dialog that covers the notices",
        "console/screens/edit_draft.py",
        "        if self._dialog is not None and self._dialog.is_open:\n",
        "        if self._dialog is not None and not self._dialog.is_open:\n",
        _of_edits("what_has_no_room_on_the_disk_is_said_where_it_is_typed_and_is_there_again"),
    ),
    Mutant(
        "edit: no other refusal is taken for the end of the run",
        "console/screens/typed_texts.py",
        "            except RunHasEnded as error:\n",
        "            except CutterError as error:\n",
        _of_edits("any_other_refusal_is_no_end_of_the_run_and_what_was_typed_stays_here"),
    ),
    Mutant(
        "edit: after a move the database is asked if the run has ended",
        "console/screens/typed_texts.py",
        "            looks = self._is_last or stand is None or stand != self._stood\n",
        "            looks = self._is_last or self._stood is None\n",
        _of_edits("the_database_is_asked_for_the_end_of_the_run_at_a_move_and_at_the_last_text_alone"),
    ),
    Mutant(
        "gates: an answer counts from when it was asked for",
        "console/screens/readiness_watch.py",
        "            self.asked_at = asked_at\n",
        "            self.asked_at = self._console.clock()\n",
        (
            "tests/screens/test_gates.py::test_an_answer_that_was_asked_for_before_a_move_is_of_before_it_though_it_came_later",
        ),
    ),
    Mutant(
        "gates: opened evidence says that something has moved since",
        "console/screens/gates.py",
        "        if answers.failure is None and moved_at is None:\n",
        "        if answers.failure is None:\n",
        ("tests/screens/test_gates.py::test_above_opened_evidence_it_is_said_too_that_something_has_moved_since",),
    ),
    Mutant(
        "lines: a screen that was left keeps none",
        "console/app/backend_app.py",
        "            forget_lines(left)\n",
        "            pass\n",
        (_LEFT_SCREEN,),
    ),
    Mutant(
        "lines: a console that is opened makes them small",
        "console/app/backend_app.py",
        "        keep_lines_small()\n",
        "",
        ("tests/test_small_strips.py::test_a_console_that_is_opened_has_small_lines",),
    ),
    Mutant(
        "lines: one that is not divided does not keep itself",
        "console/app/small_strips.py",
        "        if isinstance(value, list) and len(value) < 2:\n            return\n",
        "",
        (_FREED_LINE,),
    ),
    Mutant(
        "frames: what a terminal shows after it was resized or overtaken is not taken for known",
        "console/app/frames.py",
        "            self._rows.clear()\n        if data == _BEGINS:\n",
        "            pass\n        if data == _BEGINS:\n",
        (f"{_FRAMES}::test_a_frame_that_changes_nothing_is_not_sent_and_neither_are_its_marks",),
    ),
    Mutant(
        "frames: behind what is not understood nothing is known",
        "console/app/frames.py",
        "            self._rows.clear()\n            return data\n",
        "            return data\n",
        (f"{_FRAMES}::test_what_is_not_understood_is_sent_as_it_is_and_nothing_is_known_behind_it",),
    ),
    Mutant(
        "dialogs: what is typed on Cancel does not vanish",
        "console/screens/dialog.py",
        "            self.enter(self.FIELD, event.character)\n",
        "",
        ("tests/screens/test_dialogs.py::test_what_is_typed_on_cancel_is_in_the_field",),
    ),
    Mutant(
        "frames: the shape of the pointer is written onto no screen",
        "console/app/frames.py",
        '        if _POINTER.match(data):\n            return ""\n',
        "",
        (f"{_FRAMES}::test_the_shape_of_the_pointer_is_not_sent_and_what_is_shown_stays_known",),
    ),
    Mutant(
        "frames: behind a wide letter the next text still stands in its place",
        "console/app/frames.py",
        "        self._cursor = (row, column + last) if is_simple else None\n",
        "        self._cursor = (row, column + last)\n",
        (f"{_FRAMES}::test_behind_a_wide_or_a_combining_letter_the_place_is_sent_again",),
    ),
    Mutant(
        "frames: a sign over a letter is never left out",
        "console/app/frames.py",
        ' or (part["text"] and not cell_len(part["text"][0]))',
        "",
        (f"{_FRAMES}::test_a_sign_that_stands_over_the_letter_before_it_is_never_left_out",),
    ),
    Mutant(
        "frames: a key has all of the screen sent again",
        "console/app/steady_driver.py",
        "        self._frames.forget()\n        self._app.call_later(self._app.refresh)\n",
        "        self._app.call_later(self._app.refresh)\n",
        (f"{_TERMINAL}::test_what_another_program_has_written_over_the_screen_is_drawn_again_by_a_key",),
    ),
    Mutant(
        "the terminal's own modes are kept over a stop that nobody could answer",
        "console/app/steady_driver.py",
        "        if self._has_terminal and self._auto_restart:\n",
        "        if False:\n",
        (f"{_TERMINAL}::test_a_console_that_was_stopped_without_being_asked_gives_the_terminal_back_at_its_end",),
    ),
    Mutant(
        "the terminal is given back where the event loop has ended",
        "console/app/application.py",
        "        app.guard.give_back()\n",
        "",
        (f"{_TERMINAL}::test_a_console_that_loses_its_event_loop_gives_the_terminal_back",),
    ),
    Mutant(
        "frames: a change of the terminal's size has all of the screen sent again",
        "console/app/application.py",
        "        self.action_redraw()\n\n    def action_redraw",
        "        self.refresh()\n\n    def action_redraw",
        (f"{_TERMINAL}::test_after_a_change_of_its_size_the_terminal_is_sent_the_whole_screen",),
    ),
    Mutant(
        "frames: words that have passed by are not taken for what stood there before",
        "console/app/steady_driver.py",
        "            self._frames.forget()\n            self._line.pass_by",
        "            self._line.pass_by",
        (f"{_TERMINAL}::test_where_the_answer_of_a_stop_stood_first_what_belongs_there_is_drawn_again",),
    ),
    Mutant(
        "frames: the whole screen is drawn again from time to time",
        "console/app/application.py",
        "        self.set_interval(DRAWN_AGAIN_S, self.action_redraw)\n",
        "",
        (f"{_APP}::test_the_whole_screen_is_drawn_again_from_time_to_time",),
    ),
    Mutant(
        "edit: a paste says what it left out",
        "console/screens/edit_draft.py",
        "    if isinstance(event, Pasted) and event.left_out:\n",
        "    if isinstance(event, Pasted) and event.left_out > len(event.text):\n",
        _of_edits("a_paste_says_what_of_it_was_not_taken"),
    ),
    Mutant(
        "paste: spaces of other widths are text",
        "console/app/keyboard.py",
        ' or unicodedata.category(character) == "Zs"\n',
        "\n",
        ("tests/test_keyboard.py::test_a_paste_keeps_the_spaces_of_a_legal_text_and_counts_what_it_leaves_out",),
    ),
    Mutant(
        "edit: each writer has a file of its own",
        "console/backend/runs/typed_edits.py",
        "-{sha256_hex(writer.encode())[:8]}.json",
        "-.json",
        (f"{_EDITS}two_who_type_at_one_draft_lose_nothing_and_the_end_of_the_run_keeps_nothing",),
    ),
    Mutant(
        "edit: what was typed goes with the run that is taken back",
        "console/backend/runs/operations.py",
        "        if ends:\n            drop_all_typed(workspace)\n",
        "",
        (f"{_EDITS}two_who_type_at_one_draft_lose_nothing_and_the_end_of_the_run_keeps_nothing",),
    ),
    Mutant(
        "edit: what was typed goes when the run is law",
        "console/backend/runs/engine.py",
        "                drop_all_typed(self.workspace)\n",
        "                pass\n",
        (f"{_EDITS}a_run_that_became_law_keeps_nothing_that_was_typed",),
    ),
    Mutant(
        "edit: no text of a run that has ended here comes back",
        "console/backend/runs/typed_edits.py",
        "    if (workspace.directory / _ENDED).exists():\n        drop_all_typed(workspace)\n        message",
        '    if workspace.run_id == "":\n        drop_all_typed(workspace)\n        message',
        (f"{_EDITS}no_text_of_an_ended_run_is_kept_again_whoever_ends_it_and_whatever_is_down",),
    ),
    Mutant(
        "edit: no text of a run that has ended elsewhere comes back",
        "console/backend/runs/typed_edits.py",
        "    return run is not None and is_ended(run.stage, run.family)\n",
        "    return run is None\n",
        (f"{_EDITS}no_text_of_an_ended_run_is_kept_again_whoever_ends_it_and_whatever_is_down",),
    ),
    Mutant(
        "edit: it is offered to be written only under its ruling",
        "console/backend/runs/moves.py",
        "        not_now = Move.IMPORT_SG_1 if facts.is_ruled else Move.APPLY\n",
        "        not_now = Move.IMPORT_SG_1 if facts.is_ruled else Move.REPLAN\n",
        (f"{_EDITS}an_edit_says_at_each_step_what_was_done_and_what_it_waits_for",),
    ),
    Mutant(
        "run: without the database no move is offered",
        "console/screens/run.py",
        "self.run_view is not None and not self._is_out_of_reach else ()\n",
        "self.run_view is not None else ()\n",
        (f"{_CUSTODY}without_the_database_nothing_is_offered_that_asks_it_first",),
    ),
    Mutant(
        "run: without the database no run is offered to be accepted",
        "console/screens/run.py",
        '            looks -= {"hand_over", "accept_run"}\n',
        '            looks -= {"hand_over"}\n',
        (f"{_CUSTODY}without_the_database_nothing_is_offered_that_asks_it_first",),
    ),
    Mutant(
        "gates: one gate that is measured again makes no other one new",
        "console/screens/readiness_watch.py",
        "min(kept.answer.measured_at, kept.asked_at or kept.answer.measured_at)",
        "kept.asked_at or kept.answer.measured_at",
        ("tests/screens/test_gates.py::test_one_gate_that_was_measured_again_does_not_make_the_others_new",),
    ),
    Mutant(
        "bundles: only a file is opened to be looked at",
        "console/backend/runs/bundle_shelf.py",
        "        if not entry.is_file() or entry.stat().st_size < _LEAST:\n            return None\n",
        "",
        ("tests/backend/runs/test_bundle_shelf.py::test_no_device_and_no_short_file_is_opened",),
    ),
    Mutant(
        "edit: a text that the screen would change is not written there",
        "console/screens/typed_texts.py",
        "    if hidden is not None:\n",
        "    if hidden is None and draft.body == draft.title:\n",
        _of_edits("a_draft_that_would_be_changed_by_being_shown_is_edited_as_a_file"),
    ),
    Mutant(
        "edit: a signed edit is refused by the bar of its document",
        "console/backend/service.py",
        "        require_move(Move.APPLY, measure_facts(self.installation, run_id), run_id)\n",
        "",
        (
            "tests/backend/runs/test_bars.py::test_a_signed_edit_of_drafts_that_are_law_by_now_is_refused_by_its_bar_before_anything_is_done",
        ),
    ),
    Mutant(
        "edit: a draft that is another one than was shown is not edited",
        "console/backend/runs/draft_edits.py",
        '    if seen not in {"", view.seen}:\n',
        '    if seen not in {"", view.seen, seen}:\n',
        (
            "tests/cli/test_edits.py::test_an_edit_that_was_looked_at_is_refused_when_the_draft_or_the_world_is_another_by_now",
        ),
    ),
    Mutant(
        "edit: a character that no screen shows is refused by name",
        "console/backend/runs/draft_edits.py",
        "            if (sign := match.group()) not in known:\n",
        "            if (sign := match.group()) in known:\n",
        ("tests/cli/test_edits.py::test_a_look_at_an_edit_shows_the_difference_and_writes_nothing",),
    ),
    Mutant(
        "edit: after an edit the drafts are verified again before they are enacted",
        "console/backend/runs/moves.py",
        "    if facts.is_edited:\n",
        "    if facts.is_edited and not facts.has_plan:\n",
        _of_edits("a_draft_is_edited_signed_and_applied_by_keys"),
    ),
    Mutant(
        "filter: rows that fail are counted where a filter hides them",
        _NARROWING,
        "    hidden = Counter(row.alarm for index, row in enumerate(rows) if index not in shown and row.alarm)\n",
        "    hidden = Counter(row.alarm for index, row in enumerate(rows) if index not in shown and row.alarm and row.shows)\n",
        _COUNTED,
    ),
    Mutant(
        "filter: as long as a row is hidden the border says so, whoever hides it",
        _NARROWING,
        "    if not needle.text and not narrowing.hides:\n",
        "    if not needle.text:\n",
        _COUNTED,
    ),
    Mutant(
        "filter: numbers are never shortened",
        _NARROWING,
        "    room = width - cell_len(numbers) - 2\n",
        "    numbers, room = shortened(numbers, width), 4\n",
        _COUNTED,
    ),
    Mutant(
        "filter: a FAIL behind an outcome that was not measured is counted as FAIL",
        "console/screens/gates_text.py",
        '    alarm = Outcome.FAIL.value if item.hides_a_fail else item.outcome.value if item.outcome is not Outcome.PASS else ""\n',
        '    alarm = item.outcome.value if item.outcome is not Outcome.PASS else ""\n',
        _find("a_fail_behind_what_could_not_be_measured_is_counted_where_a_filter_hides_it"),
    ),
    Mutant(
        "filter: its field takes every key before a binding does",
        _BAR,
        "        if isinstance(event, events.Key):\n            self._handle(event)\n",
        "        if isinstance(event, events.Key) and event.is_printable:\n            self._handle(event)\n",
        _find("no_key_acts_while_a_filter_is_typed_but_the_stop_key"),
    ),
    Mutant(
        "filter: nothing takes the focus from what is typed",
        "console/screens/base.py",
        "        if self.filter_bar is None or not self.filter_bar.keeps_from(widget):\n",
        "        if True:\n",
        _find("no_key_acts_while_a_filter_is_typed_but_the_stop_key"),
    ),
    Mutant(
        "recording: a text of the file is inert before anything draws it",
        _RECORDING,
        "        data = _inert(json.loads(line))\n",
        "        data = json.loads(line)\n",
        _of_recordings("a_text_that_a_terminal_would_obey_is_inert_in_a_replay"),
    ),
    Mutant(
        "recording: a time without a zone is no line",
        _RECORDING,
        '    return answer if _has_zones(answer) else "it has a time without a zone"\n',
        "    return answer\n",
        _of_recordings("a_line_that_is_none_is_left_out_and_named"),
    ),
    Mutant(
        "recording: no link is followed",
        _RECORDING_FILE,
        "os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK",
        "os.O_CREAT | os.O_NONBLOCK",
        _of_recordings("a_recording_begins_in_a_file_of_its_own_alone"),
    ),
    Mutant(
        "recording: two consoles do not write to one file",
        _RECORDING_FILE,
        "            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "",
        _of_recordings("two_consoles_do_not_record_to_one_file"),
    ),
    Mutant(
        "recording: nothing is written after its end",
        "console/backend/recording.py",
        "            if self._is_closed or self.stopped or (",
        "            if self.stopped or (",
        _of_recordings("nothing_is_written_after_the_end"),
    ),
    Mutant(
        "recording: a failure to write does not reach what is recorded",
        "console/backend/recording.py",
        "                self.stopped = why_unreadable(error)\n",
        "                raise\n",
        _of_recordings("a_full_disk_ends_the_recording_and_nothing_else"),
    ),
    Mutant(
        "recording: gates that were measured later are not shown",
        "console/app/replay_app.py",
        '        self.readiness = ReadinessWatch(cast("Application", self))\n',
        "",
        _of_replays("each_step_shows_what_was_known_then_and_nothing_of_later"),
    ),
    Mutant(
        "recording: it has actions of its own alone",
        "console/app/replay_app.py",
        "            actions=replay_registry().with_keys(keymap or {}),\n",
        "",
        _of_replays("no_other_key_does_anything_in_a_recording"),
    ),
    Mutant(
        "a console that can stop nothing says what does",
        "console/actions/actions.py",
        "    return Registry((HOW_TO_STOP, *actions) if read_only else actions)\n",
        "    return Registry(actions)\n",
        (
            "tests/screens/test_dialogs.py::test_the_stop_key_of_a_read_only_console_names_the_command_that_stops_in_every_dialog_and_field",
        ),
    ),
    Mutant(
        "moves: a screen reads again when another console has moved something",
        _BASE,
        "        if not self._moves.moved(status) or status.target is None:\n",
        "        if True:\n",
        ("tests/screens/test_moves.py::test_a_move_is_read_and_a_flood_of_moves_is_one_question_at_a_time[documents]",),
    ),
    Mutant(
        "moves: a screen that reads again asks one question at a time",
        _BASE,
        "        if repeat in self._turns:\n",
        "        if False:\n",
        ("tests/screens/test_moves.py::test_a_move_is_read_and_a_flood_of_moves_is_one_question_at_a_time[run]",),
    ),
    Mutant(
        "moves: what is typed into a form outlasts a reading",
        "console/screens/documents.py",
        "        if not is_another and tuple(field.value for field in fields) != self._in_form[1:]:\n",
        "        if False:\n",
        (
            "tests/screens/test_moves.py::test_what_is_typed_into_the_form_and_the_cursor_stay_when_the_documents_are_read_again",
        ),
    ),
    Mutant(
        "keys: one that does nothing while something is under way is answered",
        "console/app/application.py",
        "            screen.unheard(event.character)\n",
        "            pass\n",
        (f"{_EARLY}::test_a_key_of_the_next_screen_is_answered_while_the_one_before_is_at_work",),
    ),
    Mutant(
        "notices: what was measured meanwhile is asked for once more",
        "console/app/application.py",
        "        self._renew_again = self._renewing\n",
        "",
        (f"{_APP}::test_notices_are_renewed_beside_the_measurements_and_once_more_behind_those_that_came_meanwhile",),
    ),
    Mutant(
        "notices: one question at a time about what has become of runs",
        "console/app/application.py",
        "        if not self._renewing:\n",
        "        if True:\n",
        (f"{_APP}::test_notices_are_renewed_beside_the_measurements_and_once_more_behind_those_that_came_meanwhile",),
    ),
    Mutant(
        "notices: what they are asked for delays no measurement",
        "console/app/application.py",
        "                self._renew()\n        finally:\n",
        "                await self._renew_notices()\n        finally:\n",
        (f"{_APP}::test_notices_are_renewed_beside_the_measurements_and_once_more_behind_those_that_came_meanwhile",),
    ),
    Mutant(
        "keys: the one that draws the screen again works in dialogs and fields",
        "console/app/application.py",
        "(action.name == _REDRAW and not is_text)",
        "(action.name == _REDRAW and False)",
        (
            f"{_APP}::test_the_key_that_draws_the_screen_again_works_in_a_field_and_in_a_dialog[f9]",
            f"{_APP}::test_a_letter_that_draws_the_screen_again_is_text_in_a_dialog_and_the_other_key_is_not",
        ),
    ),
    Mutant(
        "keys: a letter is text in a dialog",
        "console/app/application.py",
        "(action.name == _REDRAW and not is_text)",
        "(action.name == _REDRAW)",
        (f"{_APP}::test_a_letter_that_draws_the_screen_again_is_text_in_a_dialog_and_the_other_key_is_not",),
    ),
    Mutant(
        "keys: none is for the statement before the one that was just drafted",
        "console/screens/approvals.py",
        "        if self.console.wanted_statement:\n",
        "        if False:\n",
        (f"{_EARLY}::test_a_key_is_not_for_the_statement_before_the_one_that_was_just_drafted[D]",),
    ),
    Mutant(
        "keys: a move that comes too late says that it was not made",
        "console/screens/run.py",
        """                self.not_done(f"{name.replace('_', ' ').capitalize()} of {run_id}")\n""",
        "                pass\n",
        (f"{_EARLY}::test_a_move_whose_answer_comes_when_the_operator_has_left_says_that_it_was_not_made",),
    ),
)
