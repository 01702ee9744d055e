"""Protections of what people read: settings of theme and mouse, contrast, 16 colours, and what became of a run in words."""

from mutants.mutant import Mutant

_LISTED = "tests/backend/runs/test_document_states.py::test_the_list_of_runs_says_what_became_of_each"


def _of_display(name: str) -> tuple[str, ...]:
    return (f"tests/screens/test_display.py::test_{name}",)


def _of_keymaps(name: str) -> tuple[str, ...]:
    return (f"tests/actions/test_keymap.py::test_{name}",)


def _of_ended(name: str) -> tuple[str, ...]:
    return (f"tests/backend/model/test_ended_runs.py::test_{name}",)


def _of_themes(name: str) -> tuple[str, ...]:
    return (f"tests/widgets/test_theme.py::test_{name}",)


DISPLAY = (
    Mutant(
        "settings: the option leaves the mouse to the terminal whatever the settings say",
        "console/app/application.py",
        "        app.run(mouse=mouse and app.face.mouse is not False)\n",
        "        app.run(mouse=app.face.mouse is not False)\n",
        _of_display("without_a_setting_it_is_dark_and_has_the_mouse"),
    ),
    Mutant(
        "settings: the mouse is left to the terminal by a setting too",
        "console/app/application.py",
        "        app.run(mouse=mouse and app.face.mouse is not False)\n",
        "        app.run(mouse=mouse)\n",
        _of_display("the_settings_hold_in_each_kind_of_console_and_no_mouse_wins"),
    ),
    Mutant(
        "settings: a console opens in the theme of its setting",
        "console/app/application.py",
        "        self._begin_with((face.theme or ThemeName.DARK).in_textual)\n",
        "        self._begin_with(ThemeName.DARK.in_textual)\n",
        _of_display("the_settings_hold_in_each_kind_of_console_and_no_mouse_wins"),
    ),
    Mutant(
        "settings: theme and mouse of console.toml hold without a name too",
        "console/app/launch.py",
        "        face = face.completed_by(own)\n",
        "",
        _of_display("the_settings_hold_in_each_kind_of_console_and_no_mouse_wins"),
    ),
    Mutant(
        "settings: a recording is opened with the theme and the mouse of console.toml",
        "console/app/launch.py",
        "ReplayApp(replay, own.keymap, NO_FACE.completed_by(own))",
        "ReplayApp(replay, own.keymap)",
        _of_display("the_settings_hold_in_each_kind_of_console_and_no_mouse_wins"),
    ),
    Mutant(
        "settings: the theme of an installation wins over the one of console.toml",
        "console/app/face.py",
        "            theme=self.theme if self.theme is not None else own.theme,\n",
        "            theme=own.theme or self.theme,\n",
        _of_display("an_installation_has_its_own_before_those_of_console_toml"),
    ),
    Mutant(
        "settings: the mouse of an installation wins over the one of console.toml",
        "console/app/face.py",
        "            mouse=self.mouse if self.mouse is not None else own.mouse,\n",
        "            mouse=own.mouse if own.mouse is not None else self.mouse,\n",
        _of_display("an_installation_has_its_own_before_those_of_console_toml"),
    ),
    Mutant(
        "settings: a console opened by a name has the theme and the mouse of its entry",
        "console/app/launch.py",
        ", theme=entry.theme, mouse=entry.mouse\n",
        "\n",
        _of_display("an_installation_has_its_own_before_those_of_console_toml"),
    ),
    Mutant(
        "settings: a theme that there is not is refused with those that there are",
        "console/actions/keymap_file.py",
        """    if fault := fault_of_theme(display.get("theme", ThemeName.DARK)):\n""",
        "    if False:\n",
        _of_keymaps("each_fault_of_theme_and_mouse_is_told_with_what_they_can_be"),
    ),
    Mutant(
        "settings: a table that is not known leads to what the file can hold",
        "console/actions/keymap_file.py",
        '{_SCHEMA}")\n\n\ndef _faults_of_display',
        '{_KEYS}")\n\n\ndef _faults_of_display',
        _of_keymaps("a_table_that_is_not_known_leads_to_what_the_file_can_hold"),
    ),
    Mutant(
        "settings: a mouse that is neither true nor false is refused",
        "console/actions/keymap_file.py",
        """    if not isinstance(display.get("mouse", True), bool):\n""",
        "    if False:\n",
        _of_keymaps("each_fault_of_theme_and_mouse_is_told_with_what_they_can_be"),
    ),
    Mutant(
        "settings: a wrong entry of an installation says what it can be",
        "console/backend/host/named_installations.py",
        '    if not isinstance(value, bool):\n        raise ValueError("must be true or false")',
        '    if False:\n        raise ValueError("must be true or false")',
        ("tests/cli/test_configuration.py::test_a_wrong_theme_or_mouse_names_file_key_and_what_it_can_be",),
    ),
    Mutant(
        "settings: config show names the theme that holds",
        "console/cli/configuration.py",
        "    if entry is not None and (value := getattr(entry, key)) is not None:\n",
        "    if entry is not None and (value := None) is not None:\n",
        (
            "tests/cli/test_configuration.py::test_theme_and_mouse_are_those_of_the_installation_else_of_console_toml_else_the_program_s",
        ),
    ),
    Mutant(
        "settings: config show says that NO_COLOR wins over the theme",
        "console/cli/configuration.py",
        "    if not wants_no_colour(os.environ):\n        return ()\n",
        "    return ()\n",
        ("tests/cli/test_configuration.py::test_of_no_color_it_is_said_that_it_wins_over_the_theme",),
    ),
    Mutant(
        "settings: a wrong theme of an installation is told as one of console.toml is",
        "console/backend/host/named_installations.py",
        "    if fault := fault_of_theme(value):\n",
        "    if False:\n",
        ("tests/cli/test_configuration.py::test_a_wrong_theme_or_mouse_names_file_key_and_what_it_can_be",),
    ),
    Mutant(
        "settings: a fault inside a table in one line names that line",
        "console/actions/keymap_file.py",
        'lines.get(name, lines.get(name.partition(".")[0]))',
        "lines.get(name)",
        ("tests/actions/test_keymap.py::test_each_fault_of_theme_and_mouse_is_told_with_what_they_can_be",),
    ),
    Mutant(
        "runs: the list and what counts of it are of one moment",
        "console/backend/runs/run_list.py",
        '    with reading(installation, purpose="runs") as connection:\n        rows = all_runs',
        '    with reading(installation, purpose="runs") as connection:\n        connection.isolation_level = None\n        rows = all_runs',
        ("tests/backend/runs/test_document_states.py::test_runs_and_what_counts_of_them_are_read_of_one_moment",),
    ),
    Mutant(
        "runs: a dry run is never said to be law",
        "console/backend/model/ended_runs.py",
        " and mode is Mode.LIVE:",
        ":",
        _of_ended("a_dry_run_is_never_said_to_be_law"),
    ),
    Mutant(
        "runs: a text that another has replaced is not said to be law",
        "console/backend/model/ended_runs.py",
        "    if standing.has_ended:\n",
        "    if False:\n",
        (*_of_ended("a_closed_run_is_told_by_what_it_did_and_what_counts_of_it"), _LISTED),
    ),
    Mutant(
        "runs: a text that counts from a later day is not said to be law since",
        "console/backend/model/ended_runs.py",
        "'since' if standing.has_begun else 'from'",
        "'since'",
        (*_of_ended("a_closed_run_is_told_by_what_it_did_and_what_counts_of_it"), _LISTED),
    ),
    Mutant(
        "runs: the next state of a document ends the one before in the list of runs",
        "console/backend/model/ended_runs.py",
        "until is not None and until <= now",
        "False",
        (_LISTED,),
    ),
    Mutant(
        "runs: nothing is said to be law of which it was not read what counts",
        "console/backend/model/ended_runs.py",
        "        return _REPEAL_ENACTED if operation is RunOperation.REPEAL else _ENACTED\n",
        "        return word\n",
        _of_ended("a_closed_run_is_told_by_what_it_did_and_what_counts_of_it"),
    ),
    Mutant(
        "runs: the last run of a document has the days of its state",
        "console/backend/runs/document_states.py",
        "if row.run_id == document.last_run)",
        "if False)",
        (_LISTED,),
    ),
    Mutant(
        "runs: the list of open runs says from when what is enacted counts",
        "console/backend/runs/run_list.py",
        "    return summaries(installation, rows, anchors.value, known, in_force.value)\n",
        "    return summaries(installation, rows, anchors.value, known, {})\n",
        (_LISTED,),
    ),
    Mutant(
        "runs: runs and what counts of them are read of one moment",
        "console/backend/runs/document_states.py",
        "        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ\n",
        "",
        ("tests/backend/runs/test_document_states.py::test_runs_and_what_counts_of_them_are_read_of_one_moment",),
    ),
    Mutant(
        "runs: Overview and status say from when what is enacted counts",
        "console/backend/runs/status.py",
        "            in_force=in_force.value,\n",
        "            in_force={},\n",
        (_LISTED,),
    ),
    Mutant(
        "runs: the result of a step does not call law what begins later",
        "console/backend/model/ended_runs.py",
        '    return words.startswith(("law since", "repealed since"))\n',
        "    return True\n",
        (
            "tests/screens/test_run_text.py::test_a_new_text_that_begins_later_is_not_said_to_be_law",
            "tests/screens/test_run_text.py::test_what_counts_later_or_no_more_is_not_said_to_be_law",
        ),
    ),
    Mutant(
        "runs: a ruled moment has its time, not the day of UTC alone",
        "console/backend/model/ended_runs.py",
        "    if moment is None or moment.microsecond or ",
        "    if True or ",
        (*_of_ended("a_closed_run_is_told_by_what_it_did_and_what_counts_of_it"), _LISTED),
    ),
    Mutant(
        "batches: a closed batch is not said to be law before its texts count",
        "console/backend/model/batches.py",
        '"enacted" if self.phase == LAW and not self.is_law else ',
        "",
        ("tests/backend/runs/test_batches.py::test_a_batch_of_texts_that_begin_later_is_not_said_to_be_law",),
    ),
    Mutant(
        "batches: a member's words are of the states of its document",
        "console/backend/runs/batch_views.py",
        "            in_force=standings_of(connection, tuple(runs.values())),\n",
        "",
        ("tests/backend/runs/test_batches.py::test_a_batch_of_texts_that_begin_later_is_not_said_to_be_law",),
    ),
    Mutant(
        "batches: a document that begins later is not called law in its row",
        "console/screens/batch_text.py",
        "    if member.stage in ENACTED_STAGES and not counts_now(member.became):\n",
        "    if False:\n",
        ("tests/backend/runs/test_batches.py::test_a_batch_of_texts_that_begin_later_is_not_said_to_be_law",),
    ),
    Mutant(
        "themes: red stands out on the row under the cursor",
        "console/widgets/theme.py",
        '    error="#e88484",\n',
        '    error="#e57373",\n',
        _of_themes("every_text_stands_out_from_every_ground[cutter-dark]"),
    ),
    Mutant(
        "themes: what is marked stands out",
        "console/widgets/theme.py",
        '    return {f"{place}-selection-{part}": colour for place in ("input", "screen") for part, colour in colours.items()}\n',
        "    return {}\n",
        _of_themes("what_is_marked_or_typed_stands_out_too[dark]"),
    ),
    Mutant(
        "themes: the hint in a field stands out",
        "console/app/console.tcss",
        "Input > .input--placeholder { color: $muted; }\n",
        "",
        _of_themes("the_hint_in_each_field_stands_out_with_and_without_the_focus[dark-2]"),
    ),
    Mutant(
        "themes: a field with the focus has a ground of its theme",
        "console/app/console.tcss",
        "Input:focus { background-tint: transparent 0%; }\n",
        "",
        (
            *_of_themes("the_hint_in_each_field_stands_out_with_and_without_the_focus[light-2]"),
            "tests/widgets/test_sixteen_colours.py::test_on_a_screen_every_text_has_one_of_the_sixteen[cutter-dark]",
        ),
    ),
    Mutant(
        "terminal: the cursor in a field is seen on the console of Linux",
        "console/widgets/sixteen_colours.py",
        """    DARK.name: {"cursor": (0, 7), "cursor-off": (15, 4), "foreground": (15, 4)},\n""",
        """    DARK.name: {"cursor": (0, 7), "cursor-off": (15, 4), "foreground": (0, 15)},\n""",
        (
            "tests/widgets/test_sixteen_colours.py::"
            "test_the_cursor_in_a_field_differs_from_the_field_on_the_console_of_linux_too[cutter-dark]",
        ),
    ),
    Mutant(
        "terminal: the box of yes and no has one of the 16 colours",
        "console/widgets/sixteen_colours.py",
        """        texts[_rgb(theme, "panel")] = TEXTS[theme.name]["rule"]\n""",
        "",
        ("tests/widgets/test_sixteen_colours.py::test_on_a_screen_every_text_has_one_of_the_sixteen[cutter-dark]",),
    ),
    Mutant(
        "terminal: 16 colours are chosen by what each means",
        "console/app/application.py",
        "            self._filters.append(InSixteenColours())\n",
        "            pass\n",
        ("tests/widgets/test_sixteen_colours.py::test_it_is_the_terminal_that_says_how_many_colours_it_has",),
    ),
    Mutant(
        "terminal: the row under the cursor has a ground of its own among 16 colours",
        "console/widgets/sixteen_colours.py",
        "    if (pair := _CURSORS.get(ground)) is not None:\n",
        "    if (pair := None) is not None:\n",
        ("tests/widgets/test_sixteen_colours.py::test_on_a_screen_every_text_has_one_of_the_sixteen[cutter-dark]",),
    ),
    Mutant(
        "words: a run that rests is told by its pause in the list of runs",
        "console/backend/model/view_models.py",
        "self.became or state_in_words(self.state)",
        "self.became or self.state",
        ("tests/cli/test_runs_in_words.py::test_of_a_run_at_a_pause_the_list_says_the_pause_and_its_ruling",),
    ),
    Mutant(
        "words: a run that a HOLD has stopped is told by its pause if it rests",
        "console/backend/model/holds.py",
        "        return state_in_words(self.state)\n",
        "        return str(self.state)\n",
        ("tests/cli/test_runs_in_words.py::test_hold_and_recovery_says_it_in_the_same_words",),
    ),
    Mutant(
        "words: a member of a batch that rests is told by its pause",
        "console/backend/model/batches.py",
        "self.became or state_in_words(self.state)",
        "self.became or self.state",
        ("tests/cli/test_runs_in_words.py::test_documents_and_batches_say_it_in_the_same_words",),
    ),
    Mutant(
        "words: from when a run counts is told without what is to be done about it",
        "console/backend/model/ended_runs.py",
        "words.removesuffix(_TO_BE_CLOSED).removeprefix",
        "words.removeprefix",
        (
            "tests/backend/model/test_ended_runs.py::test_from_when_or_until_when_it_counts_is_told_alone_of_a_closed_run_and_of_one_to_be_closed",
        ),
    ),
    Mutant(
        "terminal: in the light theme good has a colour among 16 colours",
        "console/widgets/sixteen_colours.py",
        '"success": 12, "warning": 5',
        '"success": 0, "warning": 5',
        (
            "tests/widgets/test_sixteen_colours.py::test_what_is_good_in_part_or_bad_differ_from_each_other_and_from_plain_text[cutter-light]",
        ),
    ),
    Mutant(
        "terminal: good differs from bad on the row under the cursor among 16 colours",
        "console/widgets/sixteen_colours.py",
        "_ON_CURSORS.get((pair[1], colour), pair[0]), pair[1]",
        "pair[0], pair[1]",
        (
            "tests/widgets/test_sixteen_colours.py::test_in_the_light_theme_good_differs_from_bad_and_plain_on_the_row_under_the_cursor_too",
        ),
    ),
    Mutant(
        "terminal: in ASCII a scrollbar has whole cells",
        "console/app/application.py",
        "        ScrollBar.renderer = WholeCells if is_ascii else ScrollBarRender\n",
        "        ScrollBar.renderer = ScrollBarRender\n",
        _of_themes("in_ascii_no_part_of_a_scrollbar_stands_beside_a_text[linux]"),
    ),
    Mutant(
        "help: the way back from the contents is named",
        "console/screens/guide.py",
        "        return super().has_step_back or self.console.can_leave_guide\n",
        "        return super().has_step_back\n",
        ("tests/screens/test_guide.py::test_the_keys_below_name_the_way_back_from_the_contents_too",),
    ),
    Mutant(
        "help: a page below a notice names the way back",
        "console/screens/guide.py",
        '        return "Esc goes back" if self.has_step_back else ""\n',
        '        return ""\n',
        ("tests/screens/test_guide.py::test_the_keys_below_name_the_way_back_from_the_contents_too",),
    ),
)
