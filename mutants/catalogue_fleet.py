"""Protections of named installations, of a fleet that is read at once, and of metrics."""

from mutants.mutant import Mutant

_NAMED, _FLEET, _METRICS = (
    "console/backend/host/named_installations.py",
    "console/backend/fleet.py",
    "console/cli/prometheus.py",
)
_OWN_FILE = "console/backend/host/own_file.py"
_OF_THE_FILE, _OF_THE_FLEET, _OF_METRICS = (
    "tests/backend/host/test_named_installations.py",
    "tests/cli/test_fleet.py",
    "tests/cli/test_prometheus.py",
)

FLEET = (
    Mutant(
        "a name is for reading only unless its entry says otherwise",
        _NAMED,
        "read_only: bool = Field(default=True, strict=True)",
        "read_only: bool = Field(default=False, strict=True)",
        (f"{_OF_THE_FILE}::test_an_entry_is_for_reading_only_unless_it_says_otherwise",),
    ),
    Mutant(
        "a name for reading only refuses the commands that write",
        "console/cli/named.py",
        "if entry.read_only and writes and not operation.at_once:",
        "if False:",
        (f"{_OF_THE_FLEET}::test_a_name_for_reading_only_refuses_what_writes",),
    ),
    Mutant(
        "stopping by a name for reading only is not refused",
        "console/cli/named.py",
        "and writes and not operation.at_once:",
        "and writes:",
        (f"{_OF_THE_FLEET}::test_stopping_needs_no_authority_not_even_of_a_name",),
    ),
    Mutant(
        "the console of a name for reading only is read-only",
        "console/app/launch.py",
        "read_only = read_only or names_read_only",
        "read_only = read_only or False",
        ("tests/terminal/test_named.py::test_a_name_opens_its_database_to_look_only",),
    ),
    Mutant(
        "a file that other accounts may write is refused",
        _OWN_FILE,
        "status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)",
        "status.st_mode & 0",
        (f"{_OF_THE_FILE}::test_a_file_that_other_accounts_may_write_is_refused[436]",),
    ),
    Mutant(
        "a file that somebody else owns is refused",
        _OWN_FILE,
        "status.st_uid not in {0, os.geteuid()}",
        "status.st_uid < 0",
        (f"{_OF_THE_FILE}::test_a_file_of_somebody_else_is_refused",),
    ),
    Mutant(
        "no variable of the environment leads a row of the fleet to another database",
        _FLEET,
        "load_settings(entry.root, entry.config, with_environment=False)",
        "load_settings(entry.root, entry.config)",
        (f"{_OF_THE_FLEET}::test_a_variable_of_the_environment_leads_no_row_to_another_database",),
    ),
    Mutant(
        "a silent database has one question open",
        _FLEET,
        "if key not in self._open:",
        "if True:",
        (f"{_OF_THE_FLEET}::test_one_that_is_silent_is_not_asked_again_meanwhile",),
    ),
    Mutant(
        "a broken journal fails its row",
        _FLEET,
        "is_broken = verdict.outcome is Outcome.FAIL",
        "is_broken = False\n    verdict = verdict.model_copy(update={'outcome': Outcome.PASS})",
        (f"{_OF_THE_FLEET}::test_the_journal_of_the_run_under_way_is_verified",),
    ),
    Mutant(
        "a table that could not be read has no sample",
        _METRICS,
        "float(count.rows)) for count in status.counts if count.rows is not None",
        "float(count.rows or 0)) for count in status.counts",
        (f"{_OF_METRICS}::test_a_table_that_could_not_be_read_has_no_sample",),
    ),
    Mutant(
        "a name cannot leave its label",
        _METRICS,
        """.replace('"', '\\\\"')""",
        "",
        (f"{_OF_METRICS}::test_a_name_cannot_leave_its_label",),
    ),
    Mutant(
        "a name without a root and a configuration leads to no database of the usual services in the fleet",
        _FLEET,
        "            require_settings(name, entry)\n",
        "",
        (f"{_OF_THE_FLEET}::test_a_name_whose_root_is_not_there_leads_to_no_database_of_the_usual_services",),
    ),
    Mutant(
        "a name without a root and a configuration stops no database of the usual services",
        "console/cli/named.py",
        "if command not in _WITHOUT_A_ROOT:",
        "if False:",
        (f"{_OF_THE_FLEET}::test_a_name_whose_root_is_not_there_leads_to_no_database_of_the_usual_services",),
    ),
    Mutant(
        "what is written and taken back is refused to a name for reading only",
        "console/cli/named.py",
        "writes = operation.writes or command in _WRITES_IN_VAIN",
        "writes = operation.writes",
        (f"{_OF_THE_FLEET}::test_a_name_for_reading_only_refuses_what_writes",),
    ),
    Mutant(
        "a refusal is not told as silence because the journal's side had it first",
        _FLEET,
        "    status = answer.result()\n    installation = installed()\n",
        "    installation = installed()\n    status = answer.result()\n",
        (f"{_OF_THE_FLEET}::test_the_question_about_the_journal_never_ends_before_that_about_the_status",),
    ),
    Mutant(
        "a percent-encoded password is a password",
        "console/backend/host/settings.py",
        "unquote(value).lower()",
        "value.lower()",
        (
            "tests/cli/test_configuration.py::test_a_connection_that_holds_a_secret_is_refused_in_every_form_that_libpq_reads",
        ),
    ),
    Mutant(
        "a secret in quotes is hidden before it is written as JSON",
        "console/backend/host/settings_sources.py",
        "json.dumps(redact_in(value), ensure_ascii=False)",
        "json.dumps(value, ensure_ascii=False)",
        ("tests/cli/test_configuration.py::test_a_secret_in_quotes_is_hidden_whole",),
    ),
    Mutant(
        "a console that was opened by a name may be on this root",
        "console/backend/release/host_processes.py",
        "elsewhere=not is_named and (",
        "elsewhere=(",
        ("tests/backend/gates/test_precheck_live.py::test_a_console_that_was_opened_by_a_name_may_be_on_this_root",),
    ),
    Mutant(
        "a switch that cannot be read has no sample of another state",
        _METRICS,
        "if switch.state in {state, *_READABLE}",
        "if True",
        (f"{_OF_METRICS}::test_a_database_that_is_down_has_no_count_and_no_age",),
    ),
    Mutant(
        "a demo asks no database but its own",
        "console/app/application.py",
        "fleet or (no_fleet if demo else NamedFleet())",
        "fleet or NamedFleet()",
        ("tests/screens/test_fleet.py::test_a_demo_asks_no_database_but_its_own",),
    ),
    Mutant(
        "a next action on a screen names the root",
        "console/screens/gates_text.py",
        'full(str(check.next_action)), width, "strong")',
        'str(check.next_action), width, "strong")',
        ("tests/screens/test_full_commands.py::test_each_command_on_a_screen_names_the_root[down]",),
    ),
    Mutant(
        "the fleet is read again after its reading could not begin",
        "console/screens/base.py",
        "            asks_again = self._turns.pop(again, False)\n",
        "            pass\n",
        ("tests/screens/test_fleet.py::test_the_fleet_is_read_again_after_its_file_was_wrong",),
    ),
    Mutant(
        "the fleet is read without this console's own installation",
        "console/screens/fleet.py",
        "return await self.console.ask_beside(lambda: question(_NO_BACKEND))",
        "return await self.console.ask(question)",
        (
            "tests/screens/test_fleet.py::test_the_fleet_is_shown_although_this_consoles_own_installation_cannot_be_opened",
        ),
    ),
)
