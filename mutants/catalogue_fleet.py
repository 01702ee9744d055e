"""Protections of named installations, of a fleet that is read at once, and of metrics."""

from mutants.mutant import Mutant

_NAMED, _FLEET, _METRICS = (
    "console/backend/host/named_installations.py",
    "console/backend/fleet.py",
    "console/cli/prometheus.py",
)
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
        "if entry.read_only and operation.writes and not operation.at_once:",
        "if False:",
        (f"{_OF_THE_FLEET}::test_a_name_for_reading_only_refuses_what_writes",),
    ),
    Mutant(
        "stopping by a name for reading only is not refused",
        "console/cli/named.py",
        "operation.writes and not operation.at_once:",
        "operation.writes:",
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
        "a file that everybody may write is refused",
        _NAMED,
        "if mode & stat.S_IWOTH:",
        "if False:",
        (f"{_OF_THE_FILE}::test_a_file_that_everybody_may_write_is_refused",),
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
)
