"""Protections behind sentences of the pages that no mutant had taken away."""

from mutants.mutant import Mutant

_HOLD_FILE = (
    "tests/backend/runs/test_hold_file.py::test_a_hold_file_and_its_name_are_on_the_disk_before_it_counts_as_written",
)
_TREE = "console/backend/host/runtime_tree.py"
_CLOSED = ("tests/backend/host/test_runtime_tree.py::test_the_mode_of_a_file_outside_of_the_tree_is_left_as_it_is",)
_TAKE = "console/backend/backup/take.py"
_FIRST_FRAME = "tests/test_import_hygiene.py::test_the_first_frame"
_INSTALLED_AGAIN = (
    "tests/backend/test_late_service.py::test_the_rest_is_not_loaded_once_the_version_or_the_rest_was_installed_again"
)


def _taken(name: str) -> tuple[str, ...]:
    return (f"tests/backend/backup/test_take.py::test_{name}",)


PAGES = (
    Mutant(
        "pages: a document of which the database was not asked is not called new",
        "console/screens/documents_text.py",
        '    if view.standing is None:\n        return f"{UNREAD}: what became of it"\n',
        "",
        ("tests/screens/test_documents.py::test_what_the_database_was_not_asked_of_a_document_is_not_known",),
    ),
    Mutant(
        "pages: a program of a backup that moves nothing has hung",
        "console/backend/backup/pipeline.py",
        "            elif time.monotonic() - last_progress > self.stall_s:",
        "            elif False:",
        ("tests/backend/backup/test_hanging.py::test_a_program_that_hangs_is_named_and_ended_with_its_group[pg_dump]",),
    ),
    Mutant(
        "pages: gpg reports the end of an encryption",
        _TAKE,
        '        if "END_ENCRYPTION" not in gpg.status_keywords():',
        "        if False:",
        _taken("an_encryption_whose_end_gpg_does_not_report_is_no_backup"),
    ),
    Mutant(
        "pages: a backup stands before its record",
        _TAKE,
        "        put_in_place(partial, request.backups / record.file_name)\n        write_record(request.backups, record)\n",
        "        write_record(request.backups, record)\n        put_in_place(partial, request.backups / record.file_name)\n",
        _taken("a_record_that_cannot_be_written_leaves_a_file_that_proves_nothing"),
    ),
    Mutant(
        "pages: gpg reads no options file of a key ring",
        "console/backend/host/gpg.py",
        '"--no-options", ',
        "",
        ("tests/backend/host/test_gpg.py::test_no_options_file_of_the_key_ring_has_a_say",),
    ),
    Mutant(
        "pages: an import changes the mode of no file outside of the tree",
        _TREE,
        "    if not path.resolve().is_relative_to(root.resolve()):\n        return\n",
        "",
        _CLOSED,
    ),
    Mutant(
        "pages: an import changes the mode of no file that a link leads to",
        _TREE,
        "os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK",
        "os.O_RDONLY | os.O_NONBLOCK",
        _CLOSED,
    ),
    Mutant(
        "pages: a page of a browser tells no hook",
        "console/app/launch.py",
        "    if in_browser() or not installation",
        "    if not installation",
        ("tests/test_serving.py::test_a_page_tells_no_hook",),
    ),
    Mutant(
        "pages: a console that only reads is not opened with a role that could write",
        "console/app/launch.py",
        "        backend.require_read_only_role()\n",
        "        pass\n",
        ("tests/test_opening.py::test_a_console_that_only_reads_is_not_opened_with_a_role_that_could_write",),
    ),
    Mutant(
        "pages: a console that only reads removes nothing",
        "console/app/launch.py",
        "        backend.require_read_only_role()\n    else:\n        swept",
        "        backend.require_read_only_role()\n    if True:\n        swept",
        ("tests/test_opening.py::test_a_console_that_only_reads_removes_nothing_that_others_have_left",),
    ),
    Mutant(
        "pages: where no HOLD is set none is released in the database",
        "console/backend/postgres/migrations/0012_sealed.sql",
        "    IF cutter_governance.fn_hold_reason() IS NULL THEN",
        "    IF false THEN",
        ("tests/backend/postgres/test_authority.py::test_where_no_hold_is_set_none_is_released",),
    ),
    Mutant(
        "pages: under a HOLD no run begins",
        "console/backend/service.py",
        "        kill_switch.require_no_hold(self.installation)\n        created",
        "        created",
        ("tests/backend/runs/test_kill_switch.py::test_under_a_hold_no_run_begins",),
    ),
    Mutant(
        "pages: what is armed already is not called so under a HOLD file",
        "console/backend/service.py",
        "            self._require_no_hold(known)\n            note",
        "            note",
        ("tests/backend/runs/test_kill_switch.py::test_what_is_armed_already_is_not_called_so_under_a_hold_file",),
    ),
    Mutant(
        "pages: a crash log of somebody else is left alone",
        "console/backend/leftovers.py",
        "and _is_ours(entry) and",
        "and",
        ("tests/backend/test_leftovers.py::test_a_crash_log_that_somebody_else_has_written_is_left_alone",),
    ),
    Mutant(
        "pages: the message of a refusal in JSON holds no secret",
        "console/cli/output.py",
        '"message": redact(error.message),',
        '"message": error.message,',
        ("tests/cli/test_failures.py::test_the_message_of_a_refusal_holds_no_secret[True]",),
    ),
    Mutant(
        "pages: a name that every list of documents shows is short",
        "console/backend/postgres/migrations/0012_sealed.sql",
        "    IF 4096 < ANY (ARRAY[length(p_origin), length(p_profile)]) THEN",
        "    IF false THEN",
        ("tests/backend/postgres/test_stages.py::test_a_name_that_every_list_shows_is_short",),
    ),
    Mutant(
        "pages: a reason is redacted before it is stored",
        "console/backend/model/reasons.py",
        "safe_text(redact(reason).strip())",
        "safe_text(reason.strip())",
        ("tests/backend/runs/test_kill_switch.py::test_a_reason_is_redacted_before_it_is_stored_anywhere[cut in two]",),
    ),
    Mutant(
        "pages: a registered document keeps its query",
        "console/backend/postgres/migrations/0012_sealed.sql",
        "    IF NOT FOUND AND p_live_query IS NOT NULL THEN",
        "    IF false THEN",
        ("tests/backend/postgres/test_stages.py::test_a_registered_document_keeps_its_query",),
    ),
    Mutant(
        "pages: a batch of which no member is at that stage is not armed",
        "console/backend/postgres/migrations/0018_batches.sql",
        "    IF n = 0 THEN\n",
        "    IF false THEN\n",
        ("tests/backend/postgres/test_batches.py::test_a_batch_of_which_no_member_is_at_that_stage_is_not_armed",),
    ),
    Mutant(
        "pages: a HOLD file is on the disk before it counts as written",
        "console/backend/host/hold_file.py",
        "        os.fsync(descriptor)\n        _sync",
        "        _sync",
        _HOLD_FILE,
    ),
    Mutant(
        "pages: the name of a HOLD file is on the disk before it counts as written",
        "console/backend/host/hold_file.py",
        "        _sync_directory(os.path.dirname(path))  # noqa: PTH120 - nothing more is loaded\n",
        "",
        _HOLD_FILE,
    ),
    Mutant(
        "pages: of what a HOLD file held before nothing stays",
        "console/backend/host/hold_file.py",
        "        os.ftruncate(descriptor, 0)\n",
        "",
        _HOLD_FILE,
    ),
    Mutant(
        "late: what only looks on loads nothing that writes",
        "console/backend/late_service.py",
        "self._first if hasattr(self._first, name) else self._rest()",
        "self._rest()",
        ("tests/backend/test_late_service.py::test_what_only_looks_on_and_stops_loads_nothing_that_plans_or_writes",),
    ),
    Mutant(
        "late: what measuring the gates has let go of is given back",
        "console/backend/late_service.py",
        "            give_back()\n",
        "            pass\n",
        (
            "tests/backend/test_late_service.py"
            "::test_what_measuring_the_gates_has_let_go_of_is_given_back_also_after_a_failure",
        ),
    ),
    Mutant(
        "first frame: the theme is there before anything is parsed",
        "console/app/application.py",
        "        self.set_reactive(App.theme, theme)\n",
        "        self.theme = theme\n",
        (f"{_FIRST_FRAME}_builds_no_widget_that_it_does_not_draw_and_reads_each_rule_once",),
    ),
    Mutant(
        "first frame: a panel without lines has no widget for them",
        "console/widgets/panel.py",
        "        if self._body.shown:\n            yield self._body",
        "        yield self._body",
        (f"{_FIRST_FRAME}_builds_no_widget_that_it_does_not_draw_and_reads_each_rule_once",),
    ),
    Mutant(
        "panel: lines that follow at once get their height",
        "console/widgets/panel.py",
        "        self._layout_updates += 1\n",
        "",
        ("tests/widgets/test_panel.py::test_lines_that_follow_while_the_first_are_built_are_all_shown",),
    ),
    Mutant(
        "late: the rest is not loaded once it, or the version, was installed again",
        "console/backend/late_service.py",
        "    if _stamp() != _AT_START:\n",
        "    if False:\n",
        (_INSTALLED_AGAIN,),
    ),
    Mutant(
        "late: every release is told by its version",
        "console/backend/late_service.py",
        '_FILES = ("__init__.py", "backend/service.py")',
        '_FILES = ("backend/service.py",)',
        (_INSTALLED_AGAIN,),
    ),
    Mutant(
        "late: what was installed while the rest was loaded is not used",
        "console/backend/late_service.py",
        "                    # Installing takes a while, and so does loading: a file may have been missing in between.\n"
        "                    _require_same_program()\n",
        "                    pass\n",
        ("tests/backend/test_late_service.py::test_what_was_installed_while_the_rest_was_loaded_is_not_used",),
    ),
    Mutant(
        "late: nothing of the backend is loaded behind the check of its release",
        "console/backend/late_service.py",
        "    import console.backend.reports.bundle.bundle\n",
        "",
        ("tests/backend/test_late_service.py::test_no_method_of_the_backend_loads_a_part_of_it_later",),
    ),
    Mutant(
        "late: threads that ask at once have one backend",
        "console/backend/late_service.py",
        "        with self._loading:\n",
        "        if True:\n",
        ("tests/backend/test_late_service.py::test_threads_that_ask_at_once_have_one_backend",),
    ),
    Mutant(
        "late: a backend for reading refuses what is loaded late too",
        "console/backend/measuring.py",
        "            read_only=self.read_only if read_only is None else read_only,\n",
        "            read_only=bool(read_only),\n",
        ("tests/backend/test_late_service.py::test_a_backend_for_reading_refuses_what_is_loaded_late_too",),
    ),
    Mutant(
        "late: a console that had loaded the rest goes on with it",
        "console/backend/late_service.py",
        "                self._whole = self._first.made_as(kind)\n",
        "                return self._first.made_as(kind)\n",
        (_INSTALLED_AGAIN,),
    ),
)
