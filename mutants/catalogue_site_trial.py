"""Protections of a database whose objects have other names and kinds, and of units that are tried before they are signed."""

from mutants.mutant import Mutant

_B = "console/backend"
_SQL, _RUN = f"{_B}/postgres/site_creation_trial.py", f"{_B}/runs/site_creation.py"
_TRIED, _STRANGE = "tests/same_names/test_units_tried.py::test_", "tests/same_names/test_strange.py::test_"
_PLANNED, _ROWS = f"{_B}/postgres/site_planned_rows.py", "tests/same_names/test_rows_tried.py::test_"
_BATCH = "tests/same_names/test_batch_tried.py::test_"
_LEG_B = f"{_ROWS}what_refuses_a_row_of_leg_b_is_named_with_its_table"
_OTHERWISE = f"{_TRIED}what_comes_back_otherwise_ends_the_trial_at_its_unit"
_REFUSED = f"{_TRIED}what_a_cut_would_be_refused_for_refuses_the_trial"

SITE_TRIAL = (
    Mutant(
        "units that were tried are taken back",
        _SQL,
        "        finished := true;\n        RAISE EXCEPTION USING ERRCODE = 'CU000', MESSAGE = 'tried, and taken back';\n",
        "        finished := true;\n",
        (f"{_TRIED}whoever_tries_units_and_commits_has_written_nothing",),
    ),
    Mutant(
        "no unit is tried under a HOLD",
        _SQL,
        "    PERFORM cutter_console.fn_assert_no_hold();\n",
        "",
        (f"{_TRIED}nothing_is_tried_under_a_hold",),
    ),
    Mutant(
        "a trial that somebody else's error ended is no good one",
        _SQL,
        "IF NOT finished AND refused IS NULL THEN",
        "IF state <> 'CU000' AND refused IS NULL THEN",
        (f"{_REFUSED}[ended early]",),
    ),
    Mutant(
        "rows beside those of the units that are tried are counted",
        _SQL,
        "        PERFORM cutter_console.fn_site_require(before, jsonb_build_object({units_name}, n, {versions_name}, n));\n",
        "",
        (f"{_REFUSED}[a row too many]",),
    ),
    Mutant(
        "what fires at the end of a transaction fires in a trial",
        _SQL,
        "        PERFORM cutter_console.fn_site_settle();\n",
        "",
        (f"{_REFUSED}[a late gate]",),
    ),
    Mutant(
        "units that were tried are read back",
        _SQL,
        "         WHERE r.difference IS NOT NULL ORDER BY",
        "         WHERE false ORDER BY",
        (f"{_OTHERWISE}[body]",),
    ),
    *(
        Mutant(f"a unit that was tried is read back: {part}", _SQL, old, new, (f"{_OTHERWISE}[{part}]",))
        for part, old, new in (
            ("address", "CASE WHEN s.unit_id IS NULL THEN", "CASE WHEN false THEN"),
            ("lifecycle", "WHEN s.lifecycle IS DISTINCT FROM 'draft' THEN", "WHEN false THEN"),
            ("version", "WHEN s.version_of IS DISTINCT FROM s.unit_id THEN", "WHEN false THEN"),
            ("body", "WHEN s.body_sha256 IS DISTINCT FROM ", "WHEN s.body_sha256 IS NULL AND '' <> "),
            ("title", "WHEN s.title IS DISTINCT FROM x.title THEN", "WHEN false THEN"),
            ("parent", "WHEN s.parent IS DISTINCT FROM x.parent THEN", "WHEN false THEN"),
            ("versions", "WHEN s.versions <> 1 OR ", "WHEN "),
            ("kind", "{has_kind} AND s.unit_kind", "false AND s.unit_kind"),
            ("section type", "{has_section_type} AND s.section_type", "false AND s.section_type"),
            (
                "lifecycle of the version",
                "{has_version_lifecycle} AND s.version_lifecycle",
                "false AND s.version_lifecycle",
            ),
        )
    ),
    Mutant(
        "the executor alone tries units",
        f"{_B}/postgres/site_grants.py",
        '    "fn_site_try_units": ("cutter_exec",),\n',
        '    "fn_site_try_units": ("cutter_exec", "cutter_verify"),\n',
        (f"{_TRIED}nobody_but_the_executor_tries_units[cutter_verify]",),
    ),
    Mutant(
        "units are tried before a ruling is asked for",
        f"{_B}/runs/grant_probe.py",
        "        return tried_there(context, phase_limit(context)) if context.is_live else ()\n",
        "        return ()\n",
        (f"{_TRIED}what_the_function_refuses_is_known_before_a_ruling_is_asked_for",),
    ),
    Mutant(
        "a script that cannot try units stops a LIVE run",
        _RUN,
        " and can_try.value else None",
        " else None",
        (f"{_TRIED}a_script_that_cannot_try_units_is_no_proof_and_stops_a_live_run",),
    ),
    Mutant(
        "a script that cannot try units is no proof",
        f"{_B}/runs/site_check.py",
        "            if not can_try_units(connection):\n",
        "            if False:\n",
        (f"{_TRIED}a_script_that_cannot_try_units_is_no_proof_and_stops_a_live_run",),
    ),
    Mutant(
        "units are tried before a ruling is spent",
        f"{_B}/gates/arming_checks.py",
        "    return _fit_by(tried, ",
        "    return _fit_by((), ",
        (f"{_TRIED}a_ruling_is_not_spent_on_what_would_be_refused_by_now",),
    ),
    Mutant(
        "the whole plan decides where a part of it is refused",
        _RUN,
        "    if trial.refused and len(units) < len(text.units):\n",
        "    if False:\n",
        (f"{_TRIED}a_part_that_is_refused_is_tried_as_the_whole_that_it_is_of",),
    ),
    Mutant(
        "a trial that another transaction was in the way of is made again",
        _RUN,
        "                if is_last:\n",
        "                if True:\n",
        (f"{_TRIED}a_transaction_that_is_in_the_way_is_waited_out",),
    ),
    Mutant(
        "all that a trial repeats has one limit",
        _RUN,
        "limit_trial(connection, left_s, min(_LOCK_S, left_s))",
        "limit_trial(connection, self._limit.seconds, min(_LOCK_S, left_s))",
        (f"{_TRIED}all_that_a_trial_repeats_has_one_limit",),
    ),
    Mutant(
        "a trial waits for a lock there briefly",
        _RUN,
        "min(_LOCK_S, left_s))",
        "left_s)",
        (f"{_TRIED}all_that_a_trial_repeats_has_one_limit",),
    ),
    Mutant(
        "a HOLD file stops a trial that is made",
        _RUN,
        "        watched(context.installation, connection, executor, context.report),\n",
        "",
        (f"{_TRIED}a_hold_file_stops_a_trial_that_is_made",),
    ),
    Mutant(
        "no trial is begun under a HOLD file",
        _RUN,
        "        if hold_in_file(self._context.installation) is not None:\n",
        "        if False:\n",
        (f"{_TRIED}a_hold_file_stops_a_trial_that_is_made",),
    ),
    Mutant(
        "a trial that somebody has cancelled has not come to its limit",
        _RUN,
        "            if self._ends_at - time.monotonic() > _LEAST_S or ",
        "            if ",
        (f"{_TRIED}a_statement_that_somebody_cancels_is_not_taken_for_one_at_its_limit",),
    ),
    Mutant(
        "a board that is measured again and again tries no units",
        f"{_B}/gates/arming_checks.py",
        "    if trial_command is None:\n",
        "    if False:\n",
        (f"{_TRIED}a_board_that_is_measured_again_and_again_tries_nothing",),
    ),
    Mutant(
        "the dialog of arming does not wait for a trial as long as a phase does",
        f"{_B}/gates/arming_checks.py",
        "    if not trial_command:\n",
        "    if True:\n",
        (f"{_TRIED}arming_gives_a_trial_the_time_of_a_phase_and_its_dialog_names_it",),
    ),
    Mutant(
        "what says nothing of the units refuses none",
        _SQL,
        "'57', '58', 'XX') OR state IN ('55006', '55P03')",
        "'57', '58')",
        (
            f"{_TRIED}what_says_nothing_of_the_units_refuses_none[55P03]",
            f"{_TRIED}what_says_nothing_of_the_units_refuses_none[XX000]",
        ),
    ),
    Mutant(
        "a failed assertion there refuses a trial",
        _SQL,
        "WHEN OTHERS OR ASSERT_FAILURE THEN",
        "WHEN OTHERS THEN",
        (f"{_TRIED}a_failed_assertion_there_refuses_the_trial",),
    ),
    Mutant(
        "governance rows are tried behind the units, before a ruling is asked for and before it is spent",
        _SQL,
        "json.dumps(run._asdict()) if run is not None else None",
        "None",
        (
            f"{_ROWS}what_the_governance_tables_refuse_is_known_before_a_ruling_is_asked_for",
            f"{_ROWS}a_ruling_is_not_spent_on_rows_that_would_be_refused_by_now",
        ),
    ),
    Mutant(
        "what fires at the end of a transaction fires behind the governance rows that are tried",
        _PLANNED,
        "            PERFORM cutter_console.fn_site_settle();\n",
        "",
        (f"{_LEG_B}[at the end]",),
    ),
    Mutant(
        "rows beside the governance rows that are tried are counted",
        _PLANNED,
        "PERFORM cutter_console.fn_site_require(before, (",
        "PERFORM jsonb_build_array(before, (",
        (f"{_LEG_B}[a row more]",),
    ),
    Mutant(
        "governance rows that were tried are read back",
        _PLANNED,
        "fn_site_ungoverned(given) d LIMIT 1;",
        "fn_site_ungoverned(given) d WHERE false LIMIT 1;",
        (f"{_LEG_B}[a row changed]",),
    ),
    Mutant(
        "governance rows that are tried name their units by the number of the manifest",
        _RUN,
        "self._ordinals[unit.address],",
        "self._ordinals[unit.address] + 1,",
        (f"{_ROWS}units_and_their_number_are_those_of_the_plan",),
    ),
    Mutant(
        "a script that tries units without governance rows is to be run again",
        _SQL,
        "to_regprocedure('cutter_console.fn_site_try_units(jsonb, jsonb)')",
        "to_regproc('cutter_console.fn_site_try_units')",
        (f"{_ROWS}a_script_that_tries_units_alone_is_to_be_run_again",),
    ),
    Mutant(
        "a function that an earlier script has made is not left beside the new one",
        _SQL,
        "DROP FUNCTION IF EXISTS cutter_console.fn_site_try_units(jsonb);\n",
        "",
        (f"{_ROWS}without_tables_for_them_no_rows_are_tried",),
    ),
    Mutant(
        "every document of a batch that waits is tried before it is armed",
        f"{_B}/batches.py",
        "        return (*checks, *self._others_tried(others, trial_command, ends_at))\n",
        "        return checks\n",
        (f"{_BATCH}what_a_later_document_is_refused_for_keeps_the_batch_from_being_armed[units]",),
    ),
    Mutant(
        "a later document that is refused keeps a batch from being armed",
        _RUN,
        "    if refused:\n",
        "    if False:\n",
        (f"{_BATCH}what_a_later_document_is_refused_for_keeps_the_batch_from_being_armed[rows]",),
    ),
    Mutant(
        "what is never called and what is no table is named before the script is printed",
        f"{_B}/postgres/site_gateway.py",
        "    lacking += writing_faults(connection, mapping)\n",
        "",
        (
            f"{_STRANGE}a_function_that_is_never_called_is_named_before_the_script_is_printed",
            f"{_STRANGE}a_view_in_the_place_of_a_table_is_named_with_the_table_that_it_reads",
        ),
    ),
    Mutant(
        "a percent sign in a name is no place for a value",
        f"{_B}/postgres/sessions.py",
        "        statement = with_values(statement)\n",
        "        pass\n",
        (f"{_STRANGE}a_percent_sign_in_a_name_is_no_place_for_a_value",),
    ),
    Mutant(
        "a percent sign in a text of somebody else is no place for a value",
        f"{_B}/postgres/rendering.py",
        "sql.Literal() | AsItIs():",
        "sql.Literal():",
        (
            "tests/backend/postgres/test_rendering.py::test_values_are_filled_into_a_statement_s_own_text_alone",
            f"{_STRANGE}a_percent_sign_in_a_name_is_no_place_for_a_value",
        ),
    ),
    Mutant(
        "the organisation's tables are asked about once the mapping is tied",
        f"{_B}/runs/site_preflight.py",
        "    if tied_mapping(connection) == sha256:\n",
        "    if True:\n",
        (f"{_STRANGE}a_run_that_is_started_before_the_mapping_is_tied_is_told_to_tie_it",),
    ),
    Mutant(
        "a database is of another layout by the mapping that its host keeps",
        f"{_B}/postgres/site_catalogue.py",
        "(c.relname = 'information_unit' OR n.nspname || '.' || c.relname = %(mapped)s)",
        "c.relname = 'information_unit'",
        ("tests/adoption/test_mapping_by_hand.py::test_each_command_that_only_reads_reads_by_it",),
    ),
    Mutant(
        "a run of another root of this host is not taken for one whose files are lost",
        f"{_B}/runs/run_views.py",
        "and (by_host or row.operator == installation.operator)",
        "",
        (
            "tests/backend/runs/test_two_roots.py"
            "::test_a_run_of_another_root_of_this_host_is_not_offered_to_be_ended_for_want_of_its_files",
        ),
    ),
    Mutant(
        "the journal of a run of this host that is gone is verified, whoever has started it",
        f"{_B}/runs/journals.py",
        "        require_here(installation, run_id, by_host=True)\n        events = ",
        "        require_here(installation, run_id)\n        events = ",
        ("tests/cli/test_journals.py::test_a_journal_that_is_gone_fails_whoever_of_this_host_has_started_the_run",),
    ),
    Mutant(
        "the journal of a run of this host that is gone is said to be gone, whoever has started it",
        f"{_B}/runs/journals.py",
        "        require_here(installation, run_id, by_host=True)\n        request = ",
        "        require_here(installation, run_id)\n        request = ",
        ("tests/cli/test_journals.py::test_a_journal_that_is_gone_fails_whoever_of_this_host_has_started_the_run",),
    ),
    Mutant(
        "a console that has lost a run is told so by a move that is refused",
        f"{_B}/runs/moves.py",
        "    if facts.held:\n",
        "    if False:\n",
        (
            "tests/backend/runs/test_takeover.py::test_a_move_that_is_looked_at_before_it_is_made_names_who_holds_the_run",
        ),
    ),
    Mutant(
        "a console that has lost a run is told so when it goes on",
        f"{_B}/service.py",
        "        if before.is_lost:\n            raise not_the_holder",
        "        if False:\n            raise not_the_holder",
        (
            "tests/backend/runs/test_takeover.py::test_a_run_that_was_taken_over_ends_there_and_not_here[waits for SG_1]",
        ),
    ),
    Mutant(
        "what a panic meets behind its HOLD is told by the names of its database",
        f"{_B}/runs/hold_attempts.py",
        "told(error, connection.names)",
        "told(error)",
        (
            "tests/same_names/test_numbers.py::test_what_a_panic_meets_behind_its_hold_is_told_by_the_names_of_its_database",
        ),
    ),
)
