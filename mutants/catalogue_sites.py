"""Protections of a database that was there before."""

from mutants.mutant import Mutant

_B = "console/backend"
_SITE, _CHECK = f"{_B}/runs/site.py", f"{_B}/runs/site_check.py"
_PROPOSAL, _SCRIPT = f"{_B}/postgres/site_proposal.py", f"{_B}/postgres/site_script.py"


def _test(file: str, *names: str) -> tuple[str, ...]:
    """Return node ids of tests of a database that was there before."""
    return tuple(f"tests/adoption/test_{file}.py::test_{name}" for name in names)


_SCHEMA_TESTS = "tests/backend/postgres/test_console_schema.py"
_FOREIGN = f"{_SCHEMA_TESTS}::test_somebody_elses_schema_of_the_name_is_refused_before_anything_is_changed"
_GATEWAY, _ASKED = f"{_B}/postgres/site_gateway.py", f"{_B}/runs/site_preflight.py"
_BESIDE = "tests/gateway/test_passage.py::test_"
_RIGHTS = "tests/gateway/test_rights.py::test_"
_REFUSES = f"{_BESIDE}what_the_organisations_side_refuses_or_answers_takes_the_whole_leg_back"
_SAME = "tests/same_names/test_"
_BY_HAND = "tests/adoption/test_mapping_by_hand.py::test_"
_GOVERNANCE, _GOVERNED = f"{_B}/postgres/site_governance.py", f"{_SAME}governance.py::test_"
_TRIAL = f"{_B}/postgres/site_governance_trial.py"
_NAMES = "tests/backend/model/test_schema_names.py::test_a_statement_is_sent_with_the_names_of_its_database"
_BY_ITSELF = f"{_BESIDE}the_database_refuses_by_itself_what_it_does_not_pass_on"

SITES = (
    Mutant(
        "a schema of the console's name that is somebody else's is refused",
        f"{_B}/postgres/migrations.py",
        "        refuse_foreign_schema(connection)\n",
        "",
        (f"{_FOREIGN}[0-another owner's]",),
    ),
    Mutant(
        "a schema with the console's words is not the console's under another owner",
        f"{_B}/postgres/console_schema.py",
        "    if owner == CONSOLE_SCHEMA_OWNER and (",
        "    if (",
        (f"{_FOREIGN}[21-another owner's, with our words]",),
    ),
    Mutant(
        "a schema of the console's owner is not the console's without its words or functions",
        f"{_B}/postgres/console_schema.py",
        "(comment == CONSOLE_SCHEMA_COMMENT or functions):",
        "True:",
        (f"{_FOREIGN}[0-our owner's, without a word of ours]",),
    ),
    Mutant(
        "the schema that the script of adopt makes is the one that migrate knows",
        _SCRIPT,
        "**names, comment=sql.Literal(CONSOLE_SCHEMA_COMMENT)",
        '**names, comment=sql.Literal("The console.")',
        _test("check_and_apply", "the_schema_of_the_script_is_the_one_that_migrate_knows"),
    ),
    Mutant(
        "the script of adopt gives nothing to a role that may log in",
        _SCRIPT,
        "AND (rolcanlogin OR rolsuper)) THEN",
        "AND rolsuper) THEN",
        (
            "tests/adoption/test_check_and_apply.py::test_the_script_takes_nothing_over_that_is_somebody_elses"
            "[ALTER ROLE cutter_owner LOGIN-the role cutter_owner is there already]",
        ),
    ),
    Mutant(
        "the script of adopt takes no schema without the console's words",
        _SCRIPT,
        "IS DISTINCT FROM {comment})) THEN",
        "IS DISTINCT FROM {comment} AND false)) THEN",
        (
            "tests/adoption/test_check_and_apply.py::test_the_script_takes_nothing_over_that_is_somebody_elses"
            "[CREATE SCHEMA cutter_console AUTHORIZATION cutter_owner-the schema cutter_console is there already]",
        ),
    ),
    Mutant(
        "a monitoring role that may execute a function that writes is known as such",
        f"{_B}/postgres/measure.py",
        "     WHERE n.nspname IN ('public', 'cutter_governance', 'cutter_console') AND p.provolatile",
        "     WHERE n.nspname IN ('public', 'cutter_governance') AND p.provolatile",
        (
            "tests/backend/postgres/test_grants.py"
            "::test_a_monitoring_role_that_can_write_is_known_as_such[a function of the ledger]",
        ),
    ),
    Mutant(
        "a guard calls the console's function, not one of the same name",
        f"{_B}/postgres/triggers.py",
        "CASE WHEN p.pronamespace = to_regnamespace('cutter_console') THEN p.proname::text\n"
        "                ELSE format('%s.%s', p.pronamespace::regnamespace, p.proname) END",
        "p.proname::text",
        (f"{_SCHEMA_TESTS}::test_a_guard_that_calls_a_function_of_the_same_name_elsewhere_is_no_guard",),
    ),
    Mutant(
        "a definition that was moved is repaired where it stands",
        f"{_B}/postgres/definitions.py",
        "            sha256 = sha256_hex(_moved(step, body, names).encode())",
        "            sha256 = sha256_hex(body.encode())",
        (f"{_SCHEMA_TESTS}::test_each_function_is_the_one_that_the_program_knows",),
    ),
    Mutant(
        "a statement calls a function by the name of its schema",
        f"{_B}/postgres/unit_search.py",
        "cutter_console.fn_unit_page(%(parts)s",
        "fn_unit_page(%(parts)s",
        ("tests/test_statements.py::test_every_function_is_called_where_it_stands",),
    ),
    Mutant(
        "the names of an organisation's tables reach the server as values, in which no name is changed on the way",
        f"{_B}/postgres/site_writable.py",
        "    query = sql.SQL(ODD_TABLES).format(tables=sql.Placeholder())\n"
        "    odd = {row.table: row.reason for row in read_rows(connection, _OddRow, query, (list(tables),))}\n",
        '    names = sql.SQL("ARRAY[{}]").format(sql.SQL(", ").join(map(sql.Literal, tables)))\n'
        "    query = sql.SQL(ODD_TABLES).format(tables=names)\n"
        "    odd = {row.table: row.reason for row in map(_OddRow._make, connection.execute(query).fetchall())}\n",
        (f"{_SAME}surroundings.py::test_the_organisation_s_tables_are_asked_about_by_values",),
    ),
    Mutant(
        "rows that row security filters are not counted as all rows",
        _PROPOSAL,
        "    if table.guarded:\n",
        "    if False:\n",
        _test("mapping", "rows_that_row_security_may_hide_are_not_counted"),
    ),
    Mutant(
        "a column of another type than it was mapped with is not read",
        _PROPOSAL,
        "    if row.type != mapped.type:\n",
        "    if False:\n",
        _test("mapping", "a_column_with_another_type_than_the_kept_mapping_has_is_named"),
    ),
    Mutant(
        "a table that the role may not read has no count",
        _PROPOSAL,
        "    if not table.readable:\n",
        "    if False:\n",
        _test("mapping", "what_the_role_may_not_read_is_inconclusive_and_never_a_number"),
    ),
    Mutant(
        "no gate connects as a role that belongs to the organisation",
        f"{_B}/gates/probe.py",
        "        self.require_own_layout()\n        if self.read_only:",
        "        if self.read_only:",
        _test("reading", "no_session_is_opened_as_a_role_whose_name_the_organisation_uses"),
    ),
    Mutant(
        "connections are not judged by this product's roles in another layout",
        f"{_B}/gates/connections.py",
        "    if lines[0].other_layout:\n",
        "    if False:\n",
        _test("reading", "no_gate_passes_by_a_question_that_means_something_else_there"),
    ),
    Mutant(
        "the inventory's file is the one whose digest is pinned",
        f"{_B}/host/site_files.py",
        "    if sha256_hex(raw) != pinned:\n",
        "    if False:\n",
        _test("reading", "an_inventory_that_was_changed_or_taken_away_is_no_pass"),
    ),
    Mutant(
        "drift without a pinned inventory is not measured",
        _SITE,
        "    if not pinned:\n        message",
        "    if False:\n        message",
        _test("reading", "drift_is_compared_with_the_inventory_that_this_host_has_pinned"),
    ),
    Mutant(
        "the site mapping is part of the pinned inventory",
        f"{_B}/postgres/site_inventory.py",
        '"{mapping_sha256 or "none"}"]',
        '"none"]',
        _test("mapping", "a_change_of_the_kept_mapping_is_a_drift_of_the_pinned_inventory"),
    ),
    Mutant(
        "the read-only console refuses a role with a right to write in another layout",
        _SITE,
        "    if rights:\n",
        "    if False:\n",
        _test("mapping", "what_is_in_the_way_of_reading_alone_is_named"),
    ),
    Mutant(
        "the proofs of a mapping are rolled back",
        _CHECK,
        "                connection.rollback()\n",
        "                pass\n",
        _test("check_and_apply", "the_mapping_is_proved_by_writes_that_leave_nothing"),
    ),
    Mutant(
        "no proof of a mapping is tried under a HOLD",
        _CHECK,
        "    require_no_hold(installation)\n    proofs",
        "    proofs",
        _test("check_and_apply", "under_a_hold_nothing_is_tried"),
    ),
    Mutant(
        "a creation that adds other rows is no proof",
        _CHECK,
        "        if moved.get(table, 0) != expected.get(table, 0)\n",
        "        if False\n",
        _test(
            "check_and_apply", "a_proof_that_does_not_hold_is_named_with_what_the_function_said[a trigger that logs]"
        ),
    ),
    Mutant(
        "the gates at the end of a transaction are part of the proof",
        f"{_B}/postgres/site_functions.py",
        'connection.execute("SET CONSTRAINTS ALL IMMEDIATE")',
        'connection.execute("SELECT 1")',
        _test("check_and_apply", "a_proof_that_does_not_hold_is_named_with_what_the_function_said[a late gate]"),
    ),
    Mutant(
        "the printed script refuses another database",
        _SCRIPT,
        "    IF pg_catalog.current_database() <> {database} THEN",
        "    IF false THEN",
        _test("check_and_apply", "the_script_of_another_database_is_refused_by_itself"),
    ),
    Mutant(
        "the inspection is refused on this product's own database",
        f"{_B}/runs/site_inspection.py",
        '        if not any(table.name.partition(".")[2] == UNIT_TABLE for table in catalogue.tables):\n',
        "        if False:\n",
        _test("mapping", "a_database_of_this_products_own_is_not_inspected"),
    ),
    Mutant(
        "gateway: an answer other than created takes the leg back",
        _GATEWAY,
        "IF answer ->> 'status' IS DISTINCT FROM 'created' THEN",
        "IF false THEN",
        (f"{_REFUSES}[there already]",),
    ),
    Mutant(
        "gateway: a row too many takes the leg back",
        f"{_B}/postgres/site_roles.py",
        "    IF wrong IS NOT NULL THEN\n        PERFORM cutter_console.fn_stop('STOP_COUNT_MISMATCH'",
        "    IF false THEN\n        PERFORM cutter_console.fn_stop('STOP_COUNT_MISMATCH'",
        (f"{_REFUSES}[a row too many]",),
    ),
    Mutant(
        "gateway: what was made is read back",
        f"{_B}/postgres/site_roles.py",
        "(s.lifecycle, s.version_of, s.body_sha256, s.title, s.parent, s.versions)",
        "(s.lifecycle, s.version_of, b.body_sha256, s.title, s.parent, s.versions)",
        (f"{_REFUSES}[a changed text]",),
    ),
    Mutant(
        "gateway: a draft that was changed there is never law",
        _GATEWAY,
        "           OR b.target = 'enacted' AND (s.title,",
        "           OR false AND (s.title,",
        (f"{_BESIDE}a_draft_that_is_changed_after_the_verification_is_never_law",),
    ),
    Mutant(
        "gateway: the drafts are compared on both sides",
        _GATEWAY,
        "    UNION ALL\n    SELECT s.address, s.difference FROM cutter_console.fn_site_differences(p_run_id) s\n",
        "",
        (f"{_BESIDE}a_draft_that_somebody_changes_in_the_organisations_table_is_named_and_never_law",),
    ),
    Mutant(
        "governance: rows are inserted by a role without the rights of the console's owner",
        _GOVERNANCE,
        "given_to(SITE_WRITER, CONSOLE_SCHEMA_OWNER, _OF_WRITER)",
        "given_to(CONSOLE_SCHEMA_OWNER, CONSOLE_SCHEMA_OWNER, _OF_WRITER)",
        (f"{_GOVERNED}a_trigger_of_the_organisation_s_runs_without_the_rights_of_the_console_s_owner",),
    ),
    Mutant(
        "gateway: tables are counted without the rights of the console's owner",
        _GATEWAY,
        '            SITE_READER,\n            CONSOLE_SCHEMA_OWNER,\n            ("fn_site_unit",',
        '            CONSOLE_SCHEMA_OWNER,\n            CONSOLE_SCHEMA_OWNER,\n            ("fn_site_unit",',
        (f"{_RIGHTS}code_that_a_cut_runs_has_no_right_of_the_console_s[an index]",),
    ),
    Mutant(
        "gateway: functions are called without the rights of the console's owner",
        _GATEWAY,
        'given_to(SITE_CALLER, CONSOLE_SCHEMA_OWNER, ("fn_site_create", "fn_site_enact"))',
        'given_to(CONSOLE_SCHEMA_OWNER, CONSOLE_SCHEMA_OWNER, ("fn_site_create", "fn_site_enact"))',
        (
            f"{_RIGHTS}code_that_a_cut_runs_has_no_right_of_the_console_s[a default of the function that makes]",
            f"{_RIGHTS}code_that_an_enactment_runs_has_no_right_of_the_console_s",
        ),
    ),
    Mutant(
        "gateway: deferred triggers fire without the rights of the console's owner, and before what was written is counted",
        _GATEWAY,
        "    PERFORM cutter_console.fn_site_settle();\n"
        "    PERFORM cutter_console.fn_site_require(before, jsonb_build_object({units_name}",
        "    PERFORM cutter_console.fn_site_require(before, jsonb_build_object({units_name}",
        # On version 16; from 18 on a deferred trigger keeps the rights of who queued it.
        (f"{_SAME}surroundings.py::test_gates_and_drift_measure_the_console_where_it_stands",),
    ),
    Mutant(
        "gateway: nothing is written where a table is no plain one",
        f"{_B}/postgres/site_roles.py",
        "    wrong := cutter_console.fn_site_odd_tables();\n    IF wrong IS NOT NULL THEN\n        PERFORM",
        "    wrong := NULL;\n    IF wrong IS NOT NULL THEN\n        PERFORM",
        (f"{_RIGHTS}nothing_is_written_where_a_table_is_no_plain_one_any_more[a view]",),
    ),
    Mutant(
        "gateway: a role that somebody is a member of is refused",
        f"{_B}/postgres/site_roles.py",
        "WHERE a.roleid = r.oid AND NOT m.rolsuper",
        "WHERE false AND NOT m.rolsuper",
        (f"{_RIGHTS}a_role_that_somebody_else_can_use_is_refused[cutter_site_caller-who_logs_in]",),
    ),
    Mutant(
        "governance: a row less takes leg B back",
        _GOVERNANCE,
        "    PERFORM cutter_console.fn_site_require(before, coalesce(expected, '{{}}'));\n",
        "",
        (f"{_GOVERNED}whatever_is_not_written_exactly_takes_leg_b_back[a row less]",),
    ),
    Mutant(
        "governance: each row is read back",
        _GOVERNANCE,
        "INTO wrong FROM cutter_console.fn_site_ungoverned(given) d;\n    IF wrong IS NOT NULL THEN\n",
        "INTO wrong FROM cutter_console.fn_site_ungoverned(given) d;\n    IF false THEN\n",
        (f"{_GOVERNED}whatever_is_not_written_exactly_takes_leg_b_back[a changed digest]",),
    ),
    Mutant(
        "governance: a row that was changed keeps the drafts from becoming law",
        _GOVERNANCE,
        "    IF wrong IS NOT NULL AND NEW.step = 'enact' THEN",
        "    IF false THEN",
        (f"{_GOVERNED}a_row_that_is_changed_there_is_named_and_its_drafts_never_become_law",),
    ),
    Mutant(
        "governance: what leg B adds is what was signed",
        _GOVERNANCE,
        "               FILTER (WHERE s.signed IS DISTINCT FROM coalesce(expected ->> t.table_name, '0')\n",
        "               FILTER (WHERE false\n",
        (f"{_SAME}expected_rows.py::test_a_row_that_was_signed_and_is_not_added_takes_leg_b_back",),
    ),
    Mutant(
        "governance: a unit more under the run's envelope is counted",
        _GOVERNANCE,
        "groups = {Part.UNIT: (Source.ENVELOPE_ID, Source.RUN),",
        "groups = {Part.UNIT: (Source.ADDRESS,),",
        (f"{_SAME}expected_rows.py::test_a_verification_counts_the_rows_there_again_by_their_keys[a row more]",),
    ),
    Mutant(
        "governance: a verification compares the rows there with the planned ones",
        f"{_B}/runs/verification.py",
        "        if not row.rows == row.recorded == planned.get(row.table, 0)\n",
        "        if False\n",
        (f"{_SAME}expected_rows.py::test_a_verification_counts_the_rows_there_again_by_their_keys[rows less]",),
    ),
    Mutant(
        "governance: a document that is registered under another title is found",
        _GOVERNANCE,
        "    return tuple(column for source in keys if (column := table.by_source(source)) is not None)",
        "    return tuple(column for column in table.columns if column.source in keys)",
        (f"{_SAME}expected_rows.py::test_a_document_that_is_registered_there_already_is_planned_as_no_row",),
    ),
    Mutant(
        "governance: a trial is always taken back",
        _TRIAL,
        "        RAISE EXCEPTION USING ERRCODE = 'CU000', MESSAGE = 'tried, and taken back';\n",
        "",
        (f"{_SAME}governance_check.py::test_whoever_calls_the_trial_and_commits_has_written_nothing[enact]",),
    ),
    Mutant(
        "governance: where the rows cannot be tried no table passes",
        _CHECK,
        "    if tied != sha256:\n",
        "    if False:\n",
        (f"{_SAME}governance_check.py::test_where_they_cannot_be_tried_no_table_passes[another mapping]",),
    ),
    Mutant(
        "governance: a row that a trigger keeps out or changes is no verdict of PASS",
        f"{_B}/model/site_trial.py",
        "    return attempt.refused or attempt.added != attempt.rows or bool(attempt.difference)",
        "    return attempt.refused",
        (f"{_SAME}governance_check.py::test_what_refuses_the_rows_of_a_table_is_named[a row kept out]",),
    ),
    Mutant(
        "governance: a row more in another table fails the trial",
        f"{_B}/model/site_trial.py",
        "                if step.moved.get(table, 0) != expected.get(table, 0)\n",
        "                if False\n",
        (f"{_SAME}governance_check.py::test_what_refuses_the_rows_of_a_table_is_named[a row more]",),
    ),
    Mutant(
        "a plan names the console's own tables where they stand",
        f"{_B}/model/run_tables.py",
        "TableDelta(table=self.names.in_database(delta.table), rows=delta.rows)",
        "TableDelta(table=delta.table, rows=delta.rows)",
        (f"{_SAME}expected_rows.py::test_plan_ruling_and_dialog_name_the_rows_of_both_where_they_stand",),
    ),
    Mutant(
        "a lost COMMIT is settled on the lease's session where the role may have no other",
        f"{_B}/runs/lease.py",
        "            stands(self._installation.settings.database.executor, self._session)\n",
        "",
        (f"{_GOVERNED}a_commit_of_leg_b_that_is_lost_or_late_is_settled_by_a_role_of_two_sessions[request lost]",),
    ),
    Mutant(
        "governance: a section that does not fit the tables is refused",
        _GATEWAY,
        "        lacking += governance_faults(read_catalogue(connection, mapping.tables), mapping)\n",
        "        pass\n",
        (f"{_GOVERNED}a_section_that_does_not_fit_the_tables_is_refused_by_name",),
    ),
    Mutant(
        "gateway: a second version is not passed on",
        _GATEWAY,
        "WHERE u.id IS NULL OR v.version_seq <> 1) THEN",
        "WHERE false) THEN",
        (f"{_BY_ITSELF}[a second version]",),
    ),
    Mutant(
        "gateway: only a cut has a manifest",
        _GATEWAY,
        "    IF NEW.operation <> 'cut' THEN",
        "    IF false THEN",
        (f"{_BY_ITSELF}[an amendment]",),
    ),
    Mutant(
        "gateway: only drafts are enacted or taken back",
        _GATEWAY,
        "IF b.was IS DISTINCT FROM 'draft' OR b.target NOT IN ('enacted', 'superseded') OR b.decision IS NULL THEN",
        "IF false THEN",
        (f"{_BY_ITSELF}[another state]",),
    ),
    Mutant(
        "gateway: a mapping that is not the tied one is refused",
        _ASKED,
        "tied == sha256",
        "True",
        (f"{_BESIDE}a_mapping_that_nobody_has_tied_is_refused_before_anything_is_armed",),
    ),
    Mutant(
        "gateway: an address that is taken there is named before anything is armed",
        _ASKED,
        "mapping.units.table, not taken, action",
        "mapping.units.table, True, action",
        (f"{_BESIDE}what_the_organisations_tables_would_refuse_is_named_before_anything_is_armed[an address]",),
    ),
    Mutant(
        "gateway: an edit is refused before anything is written",
        _ASKED,
        "    if kept_mapping(installation).mapping is not None:\n        message",
        "    if False:\n        message",
        (f"{_BESIDE}an_edit_is_refused_by_name_before_anything_is_written",),
    ),
    Mutant(
        "an organisation's function that would run as the owner of the console's tables is not called",
        "console/backend/postgres/site_gateway.py",
        "sql.SQL(_OWN_RIGHTS).format(function_schema=schema, function_name=name)",
        'sql.SQL("")',
        (
            "tests/gateway/test_attacks.py"
            "::test_a_function_that_would_run_as_the_owner_of_the_consoles_tables_is_not_called",
        ),
    ),
    Mutant(
        "an organisation's function that enacts is looked at as the one that creates is",
        "console/backend/postgres/site_gateway.py",
        "    {own_rights}\n    {decided}",
        "    {decided}",
        ("tests/gateway/test_attacks.py::test_each_trigger_looks_at_the_function_that_it_calls_before_it_calls_it",),
    ),
    Mutant(
        "no name of a mapping ends a body of the script that prepares a database",
        "console/backend/postgres/site_script.py",
        "    refuse_marks(text, (_GUARD, _OBJECTS, RIGHTS))\n",
        "",
        ("tests/adoption/test_check_and_apply.py::test_a_name_that_would_end_a_body_of_the_printed_script_is_refused",),
    ),
    Mutant(
        "a verifier that may have one session is named before a run begins",
        "console/backend/model/session_limits.py",
        'SESSIONS = {"executor": 2, "verifier": 2}',
        'SESSIONS = {"executor": 2}',
        ("tests/adoption/test_check_and_apply.py::test_a_role_of_too_few_sessions_is_named_before_a_run_begins",),
    ),
    Mutant(
        "what an enactment or a revert has added there only grows",
        "console/backend/postgres/site_gateway.py",
        "BEFORE UPDATE OR DELETE OR TRUNCATE ON cutter_console.site_move FOR EACH STATEMENT",
        "BEFORE UPDATE ON cutter_console.site_move FOR EACH STATEMENT",
        (
            "tests/same_names/test_governance.py::test_what_was_recorded_of_an_organisations_tables_only_grows[site_move]",
        ),
    ),
    Mutant(
        "no name of a mapping ends the body of a function",
        "console/backend/postgres/site_grants.py",
        "if any(text.count(mark) != sum(",
        "if any(text.count(mark) < sum(",
        (
            "tests/gateway/test_attacks.py::test_nothing_in_a_mapping_ends_the_body_of_a_function[a value]",
            "tests/gateway/test_attacks.py::test_nothing_in_a_mapping_ends_the_body_of_a_function[a column]",
        ),
    ),
    Mutant(
        "a name in quotes stays as it is",
        f"{_B}/model/schema_names.py",
        '--[^\\n]*|"(?:[^"]|"")*"|',
        "--[^\\n]*|",
        (f'{_NAMES}[SELECT * FROM "public"."unit_version"-SELECT * FROM "public"."unit_version"]',),
    ),
    Mutant(
        "writes that are tried are tried on the console's own tables",
        f"{_B}/postgres/write_attempts.py",
        "tuple(map(schema_names(connection).rendered, DIRECT_WRITES))",
        "DIRECT_WRITES",
        (f"{_SAME}surroundings.py::test_gates_and_drift_measure_the_console_where_it_stands",),
    ),
    Mutant(
        "a default that may not be called is no refusal of a write",
        f"{_B}/postgres/write_attempts.py",
        "refusal := CASE WHEN may_write THEN '' ELSE refusal END;",
        "NULL;",
        (
            "tests/adoption/test_reading.py::"
            "test_a_role_that_may_write_is_met_though_a_default_calls_what_it_may_not_execute"
            "[UPDATE-UPDATE public.information_unit]",
            "tests/adoption/test_reading.py::"
            "test_a_role_that_may_write_is_met_though_a_default_calls_what_it_may_not_execute"
            "[INSERT-INSERT INTO public.information_unit]",
        ),
    ),
    Mutant(
        "a function that takes no address of a unit is no hint",
        f"{_B}/postgres/site_shapes.py",
        "AND a.names && %(address)s::text[]",
        "AND array_to_string(a.names, ' ') LIKE '%%address%%'",
        (f"{_BY_HAND}what_has_another_meaning_hides_no_function_that_could_be_meant[other arguments]",),
    ),
    Mutant(
        "a result of a function is none of its arguments in a hint",
        f"{_B}/postgres/site_shapes.py",
        "WHERE coalesce(p.proargmodes[g.place], 'i') IN ('i', 'b', 'v')) a",
        ") a",
        (f"{_BY_HAND}what_has_another_meaning_hides_no_function_that_could_be_meant[other arguments]",),
    ),
    Mutant(
        "a function of the console's own is no hint",
        f"{_B}/postgres/site_shapes.py",
        "AND n.nspname <> %(console)s",
        "AND n.nspname <> %(console)s || '?'",
        (f"{_BY_HAND}what_has_another_meaning_hides_no_function_that_could_be_meant[the console's own]",),
    ),
    Mutant(
        "a hint that names not all says so",
        f"{_B}/postgres/site_shapes.py",
        "*((more,) if len(parts) > _MOST else ())",
        "",
        (f"{_BY_HAND}where_more_could_be_meant_than_are_named_the_hint_says_so[6]",),
    ),
    Mutant(
        "a registered query is sent as it was registered",
        f"{_B}/postgres/live_text.py",
        ".format(query=AsItIs(live.query))",
        ".format(query=sql.SQL(live.query))  # type: ignore[arg-type]",
        (f"{_SAME}surroundings.py::test_a_registered_query_reads_the_organisation_s_table_and_not_the_console_s",),
    ),
    Mutant(
        "a type of the organisation's keeps its name",
        _GATEWAY,
        "values[meaning_of(row)], AsItIs(row.type))",
        "values[meaning_of(row)], sql.SQL(row.type))",
        (f"{_SAME}varied.py::test_a_likeness_that_varies_is_cut_and_enacted_too[other types]",),
    ),
    Mutant(
        "two schemas that are marked alike stop a session",
        f"{_B}/postgres/rendering.py",
        "if (len(units), len(ledger)) == (1, 1):",
        "if units and ledger:",
        (f"{_SAME}attacks.py::test_marks_that_are_not_one_of_each_kind_stop_every_session",),
    ),
    Mutant(
        "schemas that change while a command runs stop it",
        f"{_B}/postgres/session.py",
        "    if names != known:\n",
        "    if False:\n",
        (f"{_SAME}attacks.py::test_schemas_that_change_while_a_command_runs_stop_it",),
    ),
    Mutant(
        "the console is not removed while a run is between its pauses",
        f"{_B}/postgres/site_removal.py",
        "    IF waiting IS NOT NULL THEN\n",
        "    IF false THEN\n",
        (f"{_SAME}removal.py::test_what_is_in_the_middle_or_needed_stops_it_with_its_name[drafts]",),
    ),
    Mutant(
        "the console is not removed while the switch is armed",
        f"{_B}/postgres/site_removal.py",
        "    IF EXISTS (SELECT FROM cutter_governance.v_lease) THEN\n",
        "    IF false THEN\n",
        (f"{_SAME}removal.py::test_what_is_in_the_middle_or_needed_stops_it_with_its_name[armed]",),
    ),
    Mutant(
        "the console is not removed under a HOLD",
        f"{_B}/postgres/site_removal.py",
        "    IF EXISTS (SELECT FROM cutter_governance.v_hold) THEN\n",
        "    IF false THEN\n",
        (f"{_SAME}removal.py::test_what_is_in_the_middle_or_needed_stops_it_with_its_name[HOLD]",),
    ),
    Mutant(
        "nothing of the organisation's goes with the console",
        f"{_B}/postgres/site_removal.py",
        " || ' RESTRICT';",
        " || ' CASCADE';",
        (f"{_SAME}removal.py::test_what_is_in_the_middle_or_needed_stops_it_with_its_name[a view of theirs]",),
    ),
    Mutant(
        "the console is removed from the database that the script is for",
        f"{_B}/postgres/site_removal.py",
        "    IF pg_catalog.current_database() <> {database} THEN\n",
        "    IF false AND {database} IS NULL THEN\n",
        (f"{_SAME}removal.py::test_what_is_in_the_middle_or_needed_stops_it_with_its_name[another database]",),
    ),
    Mutant(
        "each right that the console was given goes with it",
        f"{_B}/postgres/site_removal.py",
        '        rights_sql(schema, owner, (*GRANTEES, "cutter_ro", info.user), ()),\n',
        '        rights_sql(schema, owner, ("cutter_ro",), ()),\n',
        (f"{_SAME}removal.py::test_nothing_of_the_console_stays_and_everything_of_the_organisation_does",),
    ),
    Mutant(
        "migrate uses no schema that somebody else has made",
        f"{_B}/postgres/console_schema.py",
        "    if there:\n",
        "    if False:\n",
        (f"{_SAME}attacks.py::test_migrate_uses_no_schema_that_somebody_else_has_made",),
    ),
    Mutant(
        "migrate moves no tables to other schemas",
        f"{_B}/postgres/console_schema.py",
        "    if not installed.are_as_written or _is_own_database(connection):\n",
        "    if False:\n",
        (f"{_SAME}attacks.py::test_migrate_moves_nothing_to_other_schemas",),
    ),
    Mutant(
        "a monitor with the rights of other roles stands for no reader",
        f"{_B}/postgres/server.py",
        "AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname NOT IN",
        "OR NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname NOT IN",
        (f"{_SAME}attacks.py::test_a_monitor_that_is_a_member_of_more_than_cutter_ro_arms_nothing[cutter_verify]",),
    ),
    Mutant(
        "functions of the printed script are compared with the mapping of this host",
        _GATEWAY,
        "bodies[renamed] = definition.body_sha256",
        "pass",
        (f"{_SAME}surroundings.py::test_gates_and_drift_measure_the_console_where_it_stands",),
    ),
    Mutant(
        "drift prints nothing that undoes what is the organisation's",
        f"{_B}/postgres/repair_sql.py",
        "    if not inventory.is_shared or _is_own(change.key, inventory):\n",
        "    if True:\n",
        (
            "tests/same_names/test_repairs.py::test_what_the_organisation_does_with_its_own_is_told_and_nothing_is_printed_that_undoes_it[a search_path of the database]",
        ),
    ),
    Mutant(
        "migrate makes functions by PL/pgSQL's own rules, whatever the database has checked besides",
        f"{_B}/postgres/migrations.py",
        "        connection.execute(\"SELECT set_config(%s, 'none', true)\", (EXTRA_CHECKS,))\n",
        "",
        (
            "tests/backend/postgres/test_migrations.py::test_functions_are_made_whatever_a_database_has_its_own_checked_for",
        ),
    ),
    Mutant(
        "the printed script makes functions by PL/pgSQL's own rules, whatever the database has checked besides",
        f"{_B}/postgres/site_script.py",
        "SET LOCAL {no_extra_checks};\n",
        "",
        (f"{_SAME}guide.py::test_the_script_makes_functions_by_pl_pgsql_s_own_rules",),
    ),
    Mutant(
        "a repair of a function is not checked by the database's own rules for PL/pgSQL",
        f"{_B}/postgres/repair_sql.py",
        '        f"SET {NO_EXTRA_CHECKS};",\n',
        "",
        (
            "tests/backend/postgres/test_drift.py::"
            "test_a_function_is_mended_where_the_database_has_plpgsql_check_more[pg18]",
        ),
    ),
    Mutant(
        "a setting of the organisation's database is not the console's to undo",
        f"{_B}/postgres/repair_sql.py",
        '.startswith(("DATABASE", "PARAMETER ")):',
        '.startswith("PARAMETER "):',
        (
            "tests/same_names/test_repairs.py::test_what_the_organisation_does_with_its_own_is_told_and_nothing_is_printed_that_undoes_it[who may make schemas]",
        ),
    ),
    Mutant(
        "a database that the console is tied in is an organisation's",
        f"{_B}/postgres/inventory.py",
        " or any(key.object == tied for key in (*self.pinned, *self.now))",
        "",
        ("tests/gateway/test_attacks.py::test_nothing_is_printed_that_undoes_what_is_the_organisation_s",),
    ),
    Mutant(
        "a lease of the console's is looked for by its owner where the marks are gone",
        f"{_B}/postgres/site_catalogue.py",
        " OR pg_get_userbyid(c.relowner) = 'cutter_owner'",
        "",
        (f"{_SAME}stop.py::test_where_the_marks_are_gone_nobody_is_told_that_nothing_can_be_armed",),
    ),
    Mutant(
        "migrate makes no second set of tables where the marks are gone",
        f"{_B}/postgres/console_schema.py",
        "    _refuse_unmarked(connection)\n",
        "",
        (f"{_SAME}attacks.py::test_migrate_makes_no_second_set_of_tables_where_the_marks_are_gone",),
    ),
    Mutant(
        "a monitor that may write a table of the organisation's does not only read",
        f"{_B}/postgres/measure.py",
        "_CAN_WRITE, [UNITS, LEDGER]",
        "_CAN_WRITE, []",
        (f"{_SAME}attacks.py::test_a_monitor_that_may_write_a_table_of_the_organisation_makes_no_reading_console",),
    ),
    Mutant(
        "a COMMIT of a transaction that failed is no COMMIT",
        "console/backend/postgres/connections.py",
        "if connection.info.transaction_status is TransactionStatus.INERROR:",
        "if connection.info.transaction_status is TransactionStatus.UNKNOWN:",
        (
            "tests/backend/postgres/test_exchanges.py::test_a_transaction_in_which_a_statement_failed_is_never_taken_for_committed[a later one]",
        ),
    ),
    Mutant(
        "no operator of the database's is used before the search_path is set",
        "console/backend/postgres/session_settings.py",
        "pg_catalog.textlike(pg_catalog.version(), '%%linux%%')",
        "pg_catalog.version() LIKE '%%linux%%'",
        (
            "tests/backend/postgres/test_exchanges.py::test_no_operator_of_the_databases_is_used_before_the_search_path_is_set",
        ),
    ),
)
