"""Protections of an organisation's tables: numbers that were signed for them, rights on them, and trials in them."""

from mutants.mutant import Mutant

_B = "console/backend"
_CHECK, _ASKED = f"{_B}/runs/site_check.py", f"{_B}/runs/site_preflight.py"
_GATEWAY, _GOVERNANCE = f"{_B}/postgres/site_gateway.py", f"{_B}/postgres/site_governance.py"
_SAME = "tests/same_names/test_"
_GIVEN, _BACK = f"{_B}/postgres/site_grants.py", f"{_SAME}rights_taken_back.py::test_"
_GOVERNED = f"{_SAME}governance.py::test_"
_DECISIONS = f"{_B}/postgres/site_decisions.py"
_VARIES = f"{_SAME}varied.py::test_a_likeness_that_varies_is_cut_and_enacted_too"
_DEFAULTS = (
    f"{_SAME}guide.py::test_default_privileges_of_the_administrator_give_nobody_a_right_on_what_is_the_console_s"
)
_DECIDED = f"{_SAME}decisions.py::test_"
_ROLES, _CALLERS = f"{_B}/postgres/site_roles.py", f"{_SAME}callers_settings.py::test_"
_TOLD = f"{_DECIDED}what_differs_there_is_not_told_as_a_refusal_of_the_organisation_s_function"
_READ = f"{_SAME}passage.py::test_the_governance_rows_of_a_run_are_read_by_the_indexes_of_the_organisation_s_tables"
_NO_TWIN = f"{_SAME}attacks.py::test_a_name_in_the_organisation_s_path_stands_for_none_of_postgresql_s"
_REFUSED = f"{_SAME}governance_check.py::test_what_refuses_the_rows_of_a_table_is_named"
_AS_EVER = f"{_SAME}passage.py::test_what_the_console_s_functions_ask_of_a_planner_is_not_asked_for_the_organisation_s"


def _test(file: str, *names: str) -> tuple[str, ...]:
    """Return node ids of tests of a database that was there before."""
    return tuple(f"tests/adoption/test_{file}.py::test_{name}" for name in names)


SITE_ROWS = (
    Mutant(
        "texts of an organisation's columns are compared byte by byte",
        f"{_B}/postgres/site_units.py",
        """_TEXT = '({}::text COLLATE pg_catalog."C")'""",
        '_TEXT = "({}::text)"',
        ("tests/adoption/test_collations.py::test_what_reads_units_reads_them_whatever_their_columns_call_equal",),
    ),
    Mutant(
        "the printed script looks for names in no schema of the administrator's path",
        f"{_B}/postgres/site_script.py",
        "SET LOCAL search_path = pg_catalog, pg_temp;\n",
        "",
        (
            f"{_SAME}attacks.py::"
            "test_a_name_in_the_administrator_s_path_stands_for_none_of_postgresql_s_in_the_printed_script",
        ),
    ),
    Mutant(
        "default privileges of an administrator give no right on the script's functions",
        _GIVEN,
        "        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM %I CASCADE', o.name, o.grantee);\n",
        "        NULL;\n",
        (_DEFAULTS,),
    ),
    Mutant(
        "default privileges of an administrator let no role of the console's call past the lease",
        _GIVEN,
        """AND pg_get_userbyid(x.grantee) <> {owner}
""",
        """AND pg_get_userbyid(x.grantee) NOT IN ({owner}, 'cutter_exec')
""",
        (_DEFAULTS,),
    ),
    Mutant(
        "default privileges of an administrator let nobody write the script's tables",
        _GIVEN,
        "        EXECUTE format('REVOKE %s ON TABLE %I.%I FROM %I CASCADE', mine.privilege, {schema_name}, mine.name, mine.grantee);\n",
        "        NULL;\n",
        (
            *_test("check_and_apply", "default_privileges_let_nobody_write_what_is_recorded_for_a_console_that_reads"),
            _DEFAULTS,
        ),
    ),
    Mutant(
        "default privileges of an administrator give no right on the record of migrations",
        f"{_B}/postgres/migrations.py",
        "    connection.execute(_OWN_ALONE)\n",
        "",
        (_DEFAULTS,),
    ),
    Mutant(
        "gates: a synthetic document that a smaller vocabulary refuses is not measured",
        f"{_B}/gates/kinds_there.py",
        "    if not theirs or not _may_be_theirs(failed):\n",
        "    if True:\n",
        (f"{_SAME}kinds.py::test_a_kind_that_the_vocabulary_lacks_is_named_and_fails_no_gate",),
    ),
    Mutant(
        "gates: what refuses a synthetic document beside a whole vocabulary fails the gate",
        f"{_B}/gates/kinds_there.py",
        "    if not theirs or not _may_be_theirs(failed):\n",
        "    if not _may_be_theirs(failed):\n",
        (f"{_SAME}kinds.py::test_what_else_refuses_a_synthetic_document_fails_the_gate",),
    ),
    Mutant(
        "gates: an answer that the unit exists, or one without a status, is no matter of a kind",
        f"{_B}/gates/kinds_there.py",
        "        return not any(answer in failed for answer in _OF_NO_KIND)\n",
        "        return True\n",
        (f"{_SAME}kinds.py::test_an_answer_that_is_no_matter_of_a_kind_fails_the_gate",),
    ),
    Mutant(
        "gates: what refuses no kind of unit fails the gate",
        f"{_B}/gates/kinds_there.py",
        "    return bool(failed) and not failed.startswith(_NOT_FOR_A_KIND)\n",
        "    return bool(failed)\n",
        (f"{_SAME}kinds.py::test_what_is_no_matter_of_a_kind_fails_the_gate_where_a_kind_is_lacking_too",),
    ),
    *(
        Mutant(
            f"gates: what is refused with {code} is no matter of a kind",
            f"{_B}/gates/kinds_there.py",
            '("CU", "42", "23505")',
            left,
            ("tests/backend/gates/test_kinds_there.py::test_what_is_refused_for_no_kind_is_measured",),
        )
        for code, left in (("CU", '("42", "23505")'), ("42", '("CU", "23505")'), ("23505", '("CU", "42")'))
    ),
    Mutant(
        "gates: a mapping that cannot be read ends no gate",
        f"{_B}/gates/kinds_there.py",
        "    with suppress(CutterError, psycopg.Error, OSError):\n",
        "    with suppress(psycopg.Error, OSError):\n",
        (f"{_SAME}kinds.py::test_a_mapping_that_cannot_be_read_hides_no_failure",),
    ),
    Mutant(
        "governance: what a trigger is to fill is a column of the table",
        _GOVERNANCE,
        "            if name not in columns\n",
        "            if False\n",
        (f"{_GOVERNED}a_column_that_a_trigger_is_to_fill_is_one_and_is_filled_by_nothing_else",),
    ),
    Mutant(
        "governance: a column is named once",
        f"{_B}/model/site_governance.py",
        "        if len(set(names)) < len(names):\n",
        "        if False:\n",
        (f"{_GOVERNED}a_column_that_a_trigger_is_to_fill_is_one_and_is_filled_by_nothing_else",),
    ),
    *(
        Mutant(
            f"addresses of units: {function} compares them byte by byte",
            file,
            f'WHERE u.{{address}}::text = p_address AND u.{{address}}::text COLLATE "C" = p_address\n$site$;\n{follows}',
            f"WHERE u.{{address}}::text = p_address\n$site$;\n{follows}",
            (f"{_SAME}collations.py::test_a_unit_is_looked_up_by_its_address_byte_by_byte",),
        )
        for function, file, follows in (
            ("fn_site_unit", f"{_B}/postgres/site_roles.py", "COMMENT ON FUNCTION cutter_console.fn_site_unit IS"),
            ("fn_site_unit_keys", _GOVERNANCE, "COMMENT ON FUNCTION cutter_console.fn_site_unit_keys IS"),
        )
    ),
    Mutant(
        "governance: a generated column is given no value",
        f"{_B}/postgres/site_governance_proposal.py",
        "        if not column.given:\n",
        "        if False:\n",
        _test("mapping", "a_column_that_is_generated_or_that_a_trigger_fills_is_given_no_value"),
    ),
    Mutant(
        "governance: a column that a trigger fills is left to it",
        f"{_B}/postgres/site_governance.py",
        ", *governed.by_trigger}",
        "}",
        _test("mapping", "a_column_that_is_generated_or_that_a_trigger_fills_is_given_no_value"),
    ),
    Mutant(
        "governance: triggers of governance tables look for names where the organisation's sessions do",
        _GOVERNANCE,
        "    {looking}{inserts}",
        "    {inserts}",
        (f"{_VARIES}[names and words of their own]",),
    ),
    Mutant(
        "gateway: the function that creates looks for names where the organisation's sessions do",
        f"{_B}/postgres/site_roles.py",
        "{looking}SELECT pg_catalog.to_jsonb(a) INTO answer FROM {create}",
        "SELECT pg_catalog.to_jsonb(a) INTO answer FROM {create}",
        (f"{_VARIES}[names and words of their own]",),
    ),
    Mutant(
        "gateway: the function that enacts looks for names where the organisation's sessions do",
        f"{_B}/postgres/site_roles.py",
        "{looking}SELECT pg_catalog.to_jsonb(a) INTO answer FROM {enact}",
        "SELECT pg_catalog.to_jsonb(a) INTO answer FROM {enact}",
        (f"{_VARIES}[names and words of their own]",),
    ),
    Mutant(
        "gateway: deferred triggers look for names where the organisation's sessions do",
        f"{_B}/postgres/site_roles.py",
        "    {looking}IF all_of_them",
        "    IF all_of_them",
        (f"{_VARIES}[names and words of their own]",),
    ),
    *(
        Mutant(
            f"gateway: {name} runs with the settings of every other caller of it",
            file,
            f"    {{as_called}}\n{behind}",
            behind,
            (f"{_CALLERS}what_an_organisation_s_code_does_comes_out_as_for_every_other_caller",),
        )
        for name, file, behind in (
            ("what creates a unit", _ROLES, "    {looking}SELECT pg_catalog.to_jsonb(a) INTO answer FROM {create}"),
            ("what enacts a unit", _ROLES, "    {looking}SELECT pg_catalog.to_jsonb(a) INTO answer FROM {enact}"),
            ("a deferred trigger", _ROLES, "    {looking}IF all_of_them"),
            ("a row of governance", _GOVERNANCE, "    {looking}{inserts}"),
        )
    ),
    Mutant(
        "gateway: the settings of other callers end with the function that lets their code run",
        _ROLES,
        'text.replace("{scope}", _SCOPE)',
        'text.replace("{scope}", "")',
        (f"{_CALLERS}what_is_restored_for_such_code_is_the_console_s_again_behind_it",),
    ),
    Mutant(
        "a session begins with no setting of the operator's environment",
        f"{_B}/postgres/sessions.py",
        "        os.environ.pop(name, None)",
        "        os.environ.get(name)",
        (f"{_CALLERS}what_an_organisation_s_code_does_comes_out_as_for_every_other_caller",),
    ),
    Mutant(
        "adopt check: functions are proved with the settings of their other callers",
        f"{_B}/postgres/site_functions.py",
        "    connection.execute(AS_CALLED)\n",
        "",
        _test("settings", "functions_are_proved_with_the_settings_of_their_other_callers"),
    ),
    Mutant(
        "adopt check: behind such a call the settings are the console's again",
        f"{_B}/postgres/site_functions.py",
        "    connection.execute(AS_SET, (list(OF_CALLERS), [SETTINGS[name] for name in OF_CALLERS]))\n",
        "",
        _test("settings", "behind_a_proof_the_settings_are_the_console_s_again"),
    ),
    *(
        Mutant(
            f"adopt check: {name} is named",
            f"{_B}/runs/site_settings_check.py",
            before,
            after,
            _test("settings", "all_differences_are_said_together"),
        )
        for name, before, after in (
            ("a caller that begins with another setting", "[str(other) for other in others], []", "[], []"),
            ("another path than the database's", "    if mapped and mapped[: len(path)] != path:", "    if False:"),
            ("an isolation that the console has not", "    if isolation:", "    if False:"),
            ("a trigger that fires at COMMIT only", "    if unsettled:", "    if False:"),
        )
    ),
    Mutant(
        "adopt check: an earlier script is not taken for one that restores the settings",
        f"{_B}/runs/site_settings_check.py",
        "    if earlier:\n",
        "    if False:\n",
        (f"{_CALLERS}an_earlier_script_is_told_to_be_run_again",),
    ),
    Mutant(
        "adopt check: what no role that may call begins with is no difference",
        f"{_B}/postgres/site_settings.py",
        "AND has_function_privilege(r.oid, p.oid, 'EXECUTE') AND has_schema_privilege(r.oid, n.oid, 'USAGE')",
        "",
        _test("settings", "what_will_come_out_otherwise_is_named[a role that may not call]"),
    ),
    Mutant(
        "the printed script says nothing of what is there already",
        f"{_B}/postgres/site_script.py",
        "SET LOCAL client_min_messages = warning;\n",
        "",
        (f"{_BACK}the_script_prints_what_it_takes_back_and_nothing_else",),
    ),
    Mutant(
        "manifest build: a checkout that another user owns is told as one",
        f"{_B}/release/build.py",
        "    if owner is None:",
        "    if owner is not None:",
        (
            "tests/backend/release/test_tree.py"
            "::test_the_checkout_of_another_user_is_read_after_the_command_that_is_named",
        ),
    ),
    Mutant(
        "adopt check: what can be read of another unit and not of the probe is not there",
        f"{_B}/runs/site_read_back.py",
        "others = _parts(of_another) if of_another is not None else dict.fromkeys(given)",
        "others: dict[str, str | None] = dict.fromkeys(given)",
        _test(
            "check_and_apply",
            "a_proof_that_does_not_hold_is_named_with_what_the_function_said[a rule that writes elsewhere]",
        ),
    ),
    *(
        Mutant(
            f"{name} of a host without the site mapping is told as that",
            file,
            before,
            "        pass\n",
            (f"{_SAME}lost_host.py::test_what_the_next_host_lacks_is_named_and_no_table_or_function_is",),
        )
        for name, file, before in (
            (
                "a backup",
                f"{_B}/backup/source.py",
                "        require_kept_mapping(session, is_kept=tables != RUN_TABLES)\n",
            ),
            (
                "gates: what is to be dumped",
                f"{_B}/gates/backup_readiness.py",
                "        require_kept_mapping(connection, is_kept=tables != RUN_TABLES)\n",
            ),
            (
                "gates: functions",
                f"{_B}/gates/installed_functions.py",
                "        require_kept_mapping(connection, is_kept=known.keeps_mapping)\n",
            ),
        )
    ),
    Mutant(
        "gates: the last line hides no FAIL behind what could not be measured",
        "console/cli/readiness.py",
        "sorted(set(_outcomes(board)) - {Outcome.PASS, Outcome.PARTIAL}, key=urgency)",
        "[board.outcome]",
        ("tests/cli/test_readiness.py::test_the_last_line_says_every_outcome_that_blocks_and_none_hides_another",),
    ),
    Mutant(
        "governance: a function in the organisation's path whose arguments fit better is not called",
        _GOVERNANCE,
        "OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object({part}, n)",
        "OPERATOR(pg_catalog.||) jsonb_build_object({part}, n)",
        (_NO_TWIN,),
    ),
    Mutant(
        "governance: an operator in the organisation's path that fits a literal is not used",
        _GOVERNANCE,
        "(e OPERATOR(pg_catalog.->>) {})",
        "(e ->> {})",
        (_NO_TWIN,),
    ),
    Mutant(
        "gateway: an answer's status is made by PostgreSQL's own function",
        f"{_B}/postgres/site_roles.py",
        "THEN pg_catalog.jsonb_build_object('status', answer)",
        "THEN jsonb_build_object('status', answer)",
        (f"{_SAME}attacks.py::test_what_runs_in_the_organisation_s_path_names_nothing_without_a_schema",),
    ),
    Mutant(
        "a number that is given twice is known in the lease's session beside an organisation's tables",
        f"{_B}/runs/lease.py",
        "        return translate(error, names)\n",
        "        return translate(error)\n",
        (
            f"{_SAME}numbers.py::test_a_number_that_is_given_twice_in_the_lease_s_session_is_told_as_that_beside_an_organisation_s_tables",
        ),
    ),
    Mutant(
        "a foreign key of a part of a governed table is none of the organisation's log",
        _DECISIONS,
        " AND k.conparentid = 0",
        "",
        (f"{_DECIDED}a_foreign_key_of_a_part_of_a_table_that_is_written_there_is_no_stranger_s",),
    ),
    Mutant(
        "the script that is run statement by statement makes no function of whoever runs it",
        f"{_B}/postgres/site_script.py",
        '_BEGINS = """\\\nBEGIN;\n',
        '_BEGINS = """\\\n',
        (f"{_SAME}guide.py::test_the_script_is_one_transaction_whoever_runs_it[as it was printed]",),
    ),
    Mutant(
        "an organisation's tables that are locked share the time of one statement",
        f"{_B}/postgres/site_units.py",
        "max((ends_at - time.monotonic()) / 2, _LEAST_S)",
        "limit_s",
        ("tests/adoption/test_counting.py::test_tables_that_are_all_locked_take_one_statement_s_time_together",),
    ),
    Mutant(
        "governance: a run without leg B gives no decision where their tables refer to decisions",
        _DECISIONS,
        "CASE WHEN stands OR NOT referred THEN b.decision::text END",
        "b.decision::text",
        (
            f"{_DECIDED}a_run_without_leg_b_is_taken_back_where_the_log_refers_to_decisions[]",
            f"{_DECIDED}a_run_without_leg_b_is_taken_back_where_the_log_refers_to_decisions[DEFERRABLE INITIALLY DEFERRED]",
        ),
    ),
    Mutant(
        "governance: a run without leg B gives its decision where nothing refers to decisions",
        _DECISIONS,
        "CASE WHEN stands OR NOT referred THEN b.decision::text END",
        "CASE WHEN stands THEN b.decision::text END",
        (f"{_DECIDED}a_run_without_leg_b_gives_the_id_of_its_decision_where_nothing_refers_to_decisions",),
    ),
    Mutant(
        "governance: no decision is added over rows that differ there",
        _DECISIONS,
        "       OR EXISTS (SELECT FROM cutter_console.fn_site_governance_differences(p_run_id)) THEN\n",
        "       THEN\n",
        (f"{_DECIDED}a_revert_of_a_run_whose_rows_differ_there_adds_no_decision",),
    ),
    Mutant(
        "governance: what a decision brings with it is counted",
        _DECISIONS,
        "    PERFORM cutter_console.fn_site_require(before, jsonb_build_object({table}, 1));\n",
        "",
        (f"{_DECIDED}a_decision_that_brings_another_row_with_it_takes_the_enactment_back",),
    ),
    Mutant(
        "governance: what differs there is told before the function is asked, beside decisions",
        _DECISIONS,
        '"decided": sql.SQL(_AS_RECORDED) + decided',
        '"decided": decided',
        (f"{_TOLD}[decisions are written there]",),
    ),
    Mutant(
        "governance: what differs there is told before the function is asked, without decisions",
        _DECISIONS,
        '"decided": sql.SQL(_AS_RECORDED), "call"',
        '"decided": sql.SQL(""), "call"',
        (f"{_TOLD}[decisions are not mapped]",),
    ),
    Mutant(
        "governance: the rows of a run are read by an index",
        _GOVERNANCE,
        "    if key.type not in INDEXED:\n",
        "    if True:\n",
        (
            f"{_READ}[fn_site_ungoverned]",
            f"{_READ}[fn_site_rows_there]",
        ),
    ),
    Mutant(
        "governance: a status has the organisation's own word",
        f"{_B}/model/site_governance.py",
        '    Source.STATUS: frozenset({"open", "done", "withdrawn"}),\n',
        "",
        _test("mapping", "an_organisation_may_have_words_of_its_own_for_each_word_of_the_console_s"),
    ),
    Mutant(
        "backup: a table in a tablespace is restored where there is none",
        f"{_B}/backup/scratch.py",
        '            "--no-tablespaces",\n',
        "",
        (
            "tests/backend/backup/test_take.py"
            "::test_a_table_in_a_tablespace_of_the_server_s_is_restored_where_there_is_none",
        ),
    ),
    Mutant(
        "backup: texts that a collation calls equal are two",
        f"{_B}/postgres/plain_rows.py",
        """THEN '' ELSE ' COLLATE pg_catalog."C"' END AS value""",
        """THEN '' ELSE '' END AS value""",
        ("tests/backend/postgres/test_plain_rows.py::test_texts_that_a_collation_calls_equal_are_two_in_a_digest",),
    ),
    Mutant(
        "adopt check: what may not be done at the end is said with whose rights it has",
        _CHECK,
        '_AT_THE_END if deferred.refused.startswith("42501") else _FUNCTIONS',
        "_FUNCTIONS",
        _test("check_and_apply", "what_may_not_be_done_at_the_end_of_a_transaction_is_said_with_whose_rights_it_has"),
    ),
    Mutant(
        "adopt check: words of the organisation's own are offered where a row is refused",
        f"{_B}/model/site_trial.py",
        "of the site mapping{_own_words(attempt.part)}, or",
        "of the site mapping, or",
        (f"{_REFUSED}[a vocabulary]",),
    ),
    Mutant(
        "adopt check: a table that is only counted can be left out, and that is said",
        f"{_B}/model/site_trial.py",
        "what adds or takes rows there; {only_counted(tuple(counted_only))}{_AGAIN}",
        "what adds or takes rows there; {_AGAIN}",
        (f"{_REFUSED}[a row in a table that is only counted]",),
    ),
    Mutant(
        "backup: a table with a generated column is copied in plain columns",
        f"{_B}/postgres/plain_rows.py",
        "                          OR a.attgenerated <> '')) c)\n",
        "                          )) c)\n",
        (
            "tests/backend/postgres/test_plain_rows.py::test_a_table_that_needs_more_than_itself_is_named[a generated column]",
        ),
    ),
    Mutant(
        "adopt check: an enactment is proven with a decision, as a run gives one",
        _CHECK,
        '"decision": probe.decision, "dry_run": False}',
        '"dry_run": False}',
        _test("check_and_apply", "a_log_that_refers_to_decisions_is_no_proof_where_the_mapping_writes_none"),
    ),
    Mutant(
        "backup: rows of a table that needs more than itself are copied in plain columns",
        f"{_B}/backup/take.py",
        "        return needing_more(snapshot.connection, request.organisation)\n",
        "        return ()\n",
        (f"{_VARIES}[more than the tables]",),
    ),
    Mutant(
        "gateway: the digest of a table is that of its rows in plain columns",
        f"{_B}/postgres/site_roles.py",
        "FROM (SELECT %s FROM %s AS t) AS t', columns, named)",
        "FROM %2$s AS t', columns, named)",
        (f"{_VARIES}[more than the tables]",),
    ),
    Mutant(
        "governance: the decision of an enactment stands before the function is called",
        _DECISIONS,
        "sql.SQL(_AS_RECORDED) + decided",
        'sql.SQL(_AS_RECORDED) + sql.SQL("stands := false; referred := false;")',
        (f"{_VARIES}[strict functions]",),
    ),
    Mutant(
        "governance: a decision that was written before is counted with its step",
        _DECISIONS,
        "(before ->> {table})::bigint - 1)",
        "(before ->> {table})::bigint)",
        (f"{_VARIES}[strict functions]",),
    ),
    Mutant(
        "gateway: the function that enacts is given the change set that stands there",
        _GATEWAY,
        '{"change_set": sql.SQL("p_change_set")} if named else {}',
        '{"change_set": sql.SQL("NULL::text")} if named else {}',
        (f"{_VARIES}[strict functions]",),
    ),
    Mutant(
        "governance: a probe of a revert refers to a decision as a run does",
        _DECISIONS,
        "        PERFORM cutter_console.fn_site_govern(cutter_console.fn_site_governance(p_run_id, ARRAY['record'], true));\n",
        "        RETURN false;\n",
        (f"{_SAME}varied.py::test_what_strict_functions_made_is_probed_and_taken_back[strict functions]",),
    ),
    Mutant(
        "governance: what an enactment adds is what was signed",
        _GOVERNANCE,
        "    IF NEW.step IN ('record', 'enact') THEN",
        "    IF NEW.step = 'record' THEN",
        (f"{_GOVERNED}numbers_that_were_signed_for_other_tables_take_an_enactment_back",),
    ),
    Mutant(
        "governance: a row that was signed is added, or nothing is",
        _GOVERNANCE,
        "          FULL JOIN (SELECT x.value",
        "          LEFT JOIN (SELECT x.value",
        (f"{_GOVERNED}numbers_that_were_signed_for_other_tables_take_an_enactment_back",),
    ),
    Mutant(
        "governance: deferred triggers fire before their transaction ends, as who may read",
        _GOVERNANCE,
        "    PERFORM cutter_console.fn_site_settle();\n",
        "",
        (f"{_GOVERNED}a_deferred_trigger_of_the_organisation_s_fires_in_leg_b_and_in_an_enactment_as_who_may_read",),
    ),
    Mutant(
        "the script ties nothing to a view in the place of a table",
        _GATEWAY,
        "    IF wrong IS NOT NULL THEN\n        RAISE EXCEPTION 'nothing can be written there: %', wrong;",
        "    IF false THEN\n        RAISE EXCEPTION 'nothing can be written there: %', wrong;",
        (
            f"{_GOVERNED}the_script_ties_nothing_to_a_view_in_the_place_of_a_table[public.iu_lifecycle_log]",
            f"{_GOVERNED}the_script_ties_nothing_to_a_view_in_the_place_of_a_table[cutter_governance.verify_result]",
        ),
    ),
    Mutant(
        "what was registered there since the plan is refused before the write",
        _ASKED,
        "source, not differing, action)",
        "source, True, action)",
        (
            f"{_SAME}expected_rows.py::test_what_was_registered_there_since_the_plan_is_refused_before_anything_is_written",
        ),
    ),
    Mutant(
        "a smaller mapping takes the rights back that it does not need",
        _GIVEN,
        "           AND (g.kind, g.object, g.privilege, g.grantee, g.column_name) NOT IN (VALUES {needed})\n",
        "           AND false\n",
        (f"{_BACK}a_smaller_mapping_leaves_the_rights_that_it_would_have_given_alone",),
    ),
    Mutant(
        "a right that was there before the script is never taken back",
        _GIVEN,
        "     WHERE NOT EXISTS (SELECT FROM ({held}) h",
        "     WHERE true OR NOT EXISTS (SELECT FROM ({held}) h",
        (f"{_BACK}a_right_that_somebody_else_had_given_is_never_taken_back",),
    ),
    Mutant(
        "a right on columns that somebody else has given outlives one on the table",
        _GIVEN,
        "        IF columns IS NOT NULL THEN\n",
        "        IF false THEN\n",
        (f"{_BACK}a_right_that_somebody_else_had_given_is_never_taken_back",),
    ),
    Mutant(
        "a right on another object of the name is never taken back",
        _GIVEN,
        "USING (grantee, kind, object, column_name, privilege, object_id)",
        "USING (grantee, kind, object, column_name, privilege)",
        (f"{_BACK}a_right_that_somebody_else_had_given_is_never_taken_back",),
    ),
    Mutant(
        "nothing of a mapping is tried as a superuser",
        _CHECK,
        "        not role.superuser,\n",
        "        True,\n",
        _test("check_and_apply", "nothing_is_tried_as_a_superuser"),
    ),
    Mutant(
        "a role of too few sessions fails the check of a mapping",
        _CHECK,
        "    proofs.judge(name, not refusal, refusal or words, action, source)",
        "    proofs.judge(name, True, refusal or words, action, source)",
        _test("check_and_apply", "a_role_of_too_few_sessions_is_named_before_a_run_begins"),
    ),
    Mutant(
        "a role of too few sessions is not armed",
        f"{_B}/gates/connections.py",
        "        if refusal := too_few_sessions(line.which, line.role, line.limit):",
        '        if refusal := "":',
        ("tests/backend/gates/test_arming_checks.py::test_an_executor_of_one_session_is_named_before_a_run_begins",),
    ),
    Mutant(
        "rows that each trial leaves fail the check of a mapping",
        _CHECK,
        "        proofs.add(name, Outcome.FAIL, words, _LEFT_OR_ELSE, source)",
        "        proofs.add(name, Outcome.INCONCLUSIVE, words, _LEFT_OR_ELSE, source)",
        (f"{_SAME}governance_check.py::test_rows_of_somebody_else_are_told_from_those_of_a_trial[with each trial]",),
    ),
    Mutant(
        "rows are no trial's that change without one",
        _CHECK,
        "    elif still:\n",
        "    elif False:\n",
        (f"{_SAME}governance_check.py::test_rows_of_somebody_else_are_told_from_those_of_a_trial[all the time]",),
    ),
    Mutant(
        "a report says that rows were compared with a ruling where they were",
        f"{_B}/reports/run/rows.py",
        ' if effect.compared_with else ""',
        "",
        (
            f"{_SAME}expected_rows.py::test_the_report_says_what_was_written_there_by_which_keys_and_that_it_was_compared",
        ),
    ),
    Mutant(
        "a bundle looks at the tables by the names that they have there",
        f"{_B}/reports/bundle/non_mutation_checks.py",
        "{moment.names.in_database(table) for table in tables}",
        "set(tables)",
        (
            f"{_SAME}expected_rows.py::test_the_report_says_what_was_written_there_by_which_keys_and_that_it_was_compared",
        ),
    ),
    Mutant(
        "a role that may have no session more is no dead line",
        f"{_B}/runs/phase_watch.py",
        " or not self._is_seen()",
        " or True",
        (
            "tests/backend/runs/test_phase_watch.py::test_a_role_that_may_have_no_session_more_is_no_dead_line[zu viele Verbindungen]",
        ),
    ),
    Mutant(
        "governance: what leg B has not begun there is not signed for its enactment",
        f"{_B}/model/run_tables.py",
        "        if self.site is None or governance is None or {delta.table for delta in planned} & {*governance.tables}:\n",
        "        if True:\n",
        (f"{_SAME}expected_rows.py::test_what_leg_b_has_not_begun_there_is_neither_signed_nor_missed",),
    ),
    Mutant(
        "governance: a later verification expects what leg B has begun there, and no more",
        f"{_B}/runs/reverify.py",
        ".of_plan(planned).verification()",
        ".verification()",
        (f"{_SAME}expected_rows.py::test_what_leg_b_has_not_begun_there_is_neither_signed_nor_missed",),
    ),
    Mutant(
        "governance: a batch's dialog names what leg B has begun there, and no more",
        f"{_B}/batches.py",
        "    return tables.of_plan(facts.deltas) if facts is not None else tables\n",
        "    return tables\n",
        (f"{_SAME}expected_rows.py::test_a_batch_s_dialog_names_what_leg_b_of_each_member_has_begun_there",),
    ),
    Mutant(
        "a report compares nothing with a statement that cannot be read",
        f"{_B}/reports/run/rows.py",
        "    if not is_read:\n        # The",
        "    if False:\n        # The",
        (
            "tests/backend/reports/test_rows.py"
            "::test_where_the_statement_cannot_be_read_no_row_of_the_organisation_counts_as_compared",
        ),
    ),
    Mutant(
        "governance: rows that were signed and that leg B has not begun take an enactment back",
        _GOVERNANCE,
        "        IF wrong IS NOT NULL THEN\n            PERFORM cutter_console.fn_stop('STOP_APPROVAL_INVALID'",
        "        IF false THEN\n            PERFORM cutter_console.fn_stop('STOP_APPROVAL_INVALID'",
        (f"{_SAME}expected_rows.py::test_rows_that_were_signed_and_that_leg_b_has_not_begun_take_the_enactment_back",),
    ),
    Mutant(
        "a report compares the rows of a revert with what was signed for a revert",
        f"{_B}/reports/run/rows.py",
        '    if content.get("purpose") != purpose:\n        return None\n',
        "",
        ("tests/gateway/test_passage.py::test_the_report_of_a_revert_compares_the_rows_there[under SG_1]",),
    ),
    Mutant(
        "a report wants rows of a revert by the mapping alone that it was written by",
        f"{_B}/reports/run/load.py",
        "    if others := written_by - {kept.sha256}:\n",
        "    if others := frozenset[str]():\n",
        (
            f"{_SAME}expected_rows.py::test_the_report_of_a_revert_has_its_rows_there_as_that_of_an_enactment[under SG_1]",
        ),
    ),
    Mutant(
        "a report expects of the backlog what the stage says, and not what is there",
        f"{_B}/reports/run/rows.py",
        "recorded = purpose is not Purpose.REVERT or record.head.state.stage not in NOT_RECORDED",
        "recorded = record.ledger is None or bool(record.ledger.backlog)",
        ("tests/backend/reports/test_rows.py::test_a_backlog_that_has_lost_its_entry_is_a_fail",),
    ),
    Mutant(
        "a dialog of a revert before leg B names no row of its backlog",
        f"{_B}/model/plan_binding.py",
        "rows=int(recorded)",
        "rows=1",
        ("tests/backend/reports/test_rows.py::test_a_revert_before_leg_b_moves_no_entry_of_the_backlog",),
    ),
    Mutant(
        "a report of a revert before leg B wants no row of its backlog",
        f"{_B}/reports/run/rows.py",
        "expected_step_deltas(touched, recorded=recorded)",
        "expected_step_deltas(touched)",
        (
            f"{_SAME}expected_rows.py::test_the_report_of_a_revert_before_leg_b_wants_no_row_that_leg_b_would_have_begun",
        ),
    ),
    Mutant(
        "gateway: one unit is looked up by the organisation's indexes",
        f"{_B}/postgres/site_roles.py",
        "pg_temp SET enable_nestloop = on AS $site$\n    SELECT u.",
        "pg_temp AS $site$\n    SELECT u.",
        (f"{_SAME}passage.py::test_more_units_are_no_more_readings_of_whole_tables",),
    ),
    Mutant(
        "gateway: the organisation's functions compare texts as its tables do",
        _GATEWAY,
        """_ACTOR = 'SESSION_USER::text COLLATE "default"'""",
        "_ACTOR = 'SESSION_USER::text'",
        (f"{_SAME}passage.py::test_more_units_are_no_more_readings_of_whole_tables",),
    ),
    *(
        Mutant(f"gateway: {name} is planned as ever", file, f"{before} SET enable_nestloop = on", before, (_AS_EVER,))
        for name, file, before in (
            (
                "what the function that creates does",
                f"{_B}/postgres/site_roles.py",
                "p_parent text\n) RETURNS jsonb\nLANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp",
            ),
            (
                "what the function that enacts does",
                f"{_B}/postgres/site_roles.py",
                "p_change_set text\n) RETURNS jsonb\nLANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp",
            ),
            (
                "a deferred trigger",
                f"{_B}/postgres/site_roles.py",
                "fn_site_settle() RETURNS void\nLANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp",
            ),
            (
                "a row of governance",
                _GOVERNANCE,
                "(p_rows jsonb) RETURNS jsonb\nLANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp",
            ),
        )
    ),
    Mutant(
        "the role that adds governance rows may use the types of their columns",
        f"{_B}/postgres/site_grants.py",
        '(*(table.partition(".")[0] for table in columns), *of_types))',
        '(table.partition(".")[0] for table in columns))',
        (f"{_VARIES}[types kept apart]",),
    ),
    Mutant(
        "the role that calls the organisation's functions may use the types of their arguments",
        f"{_B}/postgres/site_functions.py",
        "for name in (row.schema, row.type_schema))",
        "for name in (row.schema,))",
        (f"{_VARIES}[types kept apart]",),
    ),
    Mutant(
        "a part of a table is not counted beside the whole",
        f"{_B}/postgres/site_proposal.py",
        'and table.kind in "rp" and not table.is_part',
        'and table.kind in "rp"',
        ("tests/adoption/test_mapping.py::test_a_part_of_a_table_is_no_table_of_its_own",),
    ),
    Mutant(
        "a column of a domain that wants a value is given one",
        f"{_B}/postgres/site_catalogue.py",
        "NOT (a.attnotnull OR d.is_needed)",
        "NOT a.attnotnull",
        ("tests/adoption/test_mapping.py::test_a_domain_holds_what_the_type_beneath_it_does_and_may_want_a_value",),
    ),
)
