"""Protections of commands: what is refused before anything is begun, and what a refusal leaves behind."""

from mutants.mutant import Mutant


def _cli(name: str) -> tuple[str, ...]:
    return (f"tests/cli/{name}",)


_NO_ROOT = _cli("test_roots_in_commands.py::test_what_acts_on_a_root_refuses_one_that_is_not_there")
_DRY = _cli("test_dry_runs.py::test_what_a_dry_run_has_no_part_in_says_that_it_is_one")
_STEP = _cli(
    "test_roots_in_commands.py::test_the_step_of_a_run_is_that_of_the_status_before_and_after_its_ruling[SG_1-arm]"
)
_BECAME = (
    "tests/backend/runs/test_intake_list.py::test_what_became_of_documents_is_read_within_a_limit_and_of_one_moment"
)
_MOVES = "tests/backend/runs/test_refused_moves.py"

COMMANDS = (
    Mutant(
        "a root that is not there is refused",
        "console/cli/installation.py",
        "    if not anywhere:\n        require_root(options)\n",
        "    del anywhere\n",
        _NO_ROOT,
    ),
    Mutant(
        "an empty CUTTER_ROOT is refused",
        "console/cli/settings.py",
        '    if options.root is None and os.environ.get("CUTTER_ROOT") == "":\n',
        "    if False:\n",
        _cli("test_roots_in_commands.py::test_an_empty_root_of_the_environment_is_refused[init]"),
    ),
    Mutant(
        "no backup is dumped for a dry run",
        "console/backend/runs/backups.py",
        "    require_live(installation, context.run_id)\n",
        "",
        _DRY,
    ),
    Mutant(
        "what is refused before its intent leaves no record",
        "console/backend/runs/operations.py",
        "            require()\n            with intended(installation, request, journal, name, fields):\n",
        "            with intended(installation, request, journal, name, fields):\n                require()\n",
        (f"{_MOVES}::test_a_refused_move_leaves_the_record_as_it_was[enacted-void]",),
    ),
    Mutant(
        "what is refused behind its intent is anchored",
        "console/backend/runs/operations.py",
        "            come_to_rest(installation, workspace, request, journal)\n            raise\n",
        "            raise\n",
        (f"{_MOVES}::test_what_is_refused_behind_the_intent_is_anchored_with_it[void]",),
    ),
    Mutant(
        "what is no fingerprint is no key to withdraw",
        "console/backend/approvals/pinning.py",
        "    if not _FINGERPRINT.fullmatch(plain):\n",
        "    if False:\n",
        _cli("test_policy_withdraw.py::test_what_is_no_fingerprint_is_refused_before_the_database_is_asked[12]"),
    ),
    Mutant(
        "what a missing ruling bars is marked among the moves",
        "console/backend/runs/moves.py",
        "is_barred=lacks_ruling and move in _OF_RULED",
        "is_barred=False",
        _STEP,
    ),
    Mutant(
        "the step to a ruling is that of the status",
        "console/backend/runs/moves.py",
        "command=run.leads_to_ruling if move in _TO_RULING else command_of(move, run.run_id)",
        "command=command_of(move, run.run_id)",
        _STEP,
    ),
    Mutant(
        "records without an anchor are settled, and not compared",
        "console/backend/gates/reporting.py",
        "            if worst.can_settle\n",
        "            if False\n",
        (
            "tests/backend/gates/test_reporting.py::"
            "test_records_behind_the_last_anchor_alone_are_partial_and_the_next_action_anchors_them",
        ),
    ),
    Mutant(
        "a release looks for the HOLD file of a root that is there, whatever configuration is named",
        "console/cli/authority.py",
        "    require_root(replace(options, config=None))\n",
        "",
        (
            "tests/cli/test_roots_in_commands.py::"
            "test_a_release_refuses_a_root_that_is_not_there_whatever_configuration_is_named",
        ),
    ),
    Mutant(
        "a database that is still to be made is named with createdb",
        "console/backend/postgres/connections.py",
        "        or (not_made_yet(message) if is_of_a_connection else None)\n",
        "",
        (
            "tests/backend/postgres/test_connections.py::"
            "test_what_is_still_to_be_made_is_named_with_the_command_that_makes_it",
        ),
    ),
    Mutant(
        "the step behind the ruling of a revert is the revert",
        "console/cli/authority.py",
        "    if imported.purpose is Purpose.REVERT:\n",
        "    if False:\n",
        _cli("test_rulings.py::test_behind_the_ruling_of_a_revert_the_revert_comes_next"),
    ),
    Mutant(
        "what says something else than its run is not to be signed",
        "console/cli/authority.py",
        ' for line in seen.sign_with.split("\\n")] if of_signers else []\n',
        ' for line in seen.sign_with.split("\\n")]\n',
        _cli("test_rulings.py::test_a_statement_that_says_something_else_than_its_run_is_not_to_be_signed"),
    ),
    Mutant(
        "a file beside the signatures hides no step to the import",
        "console/cli/authority.py",
        "    stopping = open_checks(seen.checks)\n",
        "    stopping = tuple(check for check in seen.checks if check.outcome is not Outcome.PASS)\n",
        _cli("test_rulings.py::test_a_file_beside_the_signatures_keeps_nobody_from_the_import"),
    ),
    Mutant(
        "an import stands, whatever is known of what follows",
        "console/cli/authority.py",
        "        with contextlib.suppress(CutterError):  # The import",
        "        with contextlib.suppress():  # The import",
        _cli("test_rulings.py::test_an_import_stands_where_nothing_is_known_of_what_follows"),
    ),
    Mutant(
        "a derived text is not written through a link",
        "console/cli/units.py",
        "        if path.parent.is_symlink():\n",
        "        if False:\n",
        _cli("test_units.py::test_a_derived_text_is_not_written_through_a_link"),
    ),
    Mutant(
        "what became of documents is read within a limit, without which the files are listed",
        "console/backend/runs/intake_list.py",
        '        with reading(installation, timeout_s=_TIMEOUT_S, purpose="documents") as connection:\n            return',
        '        with reading(installation, purpose="documents") as connection:\n            return',
        (_BECAME,),
    ),
    Mutant(
        "documents are read within a limit, without which the files are listed",
        "console/backend/runs/intake_list.py",
        '        with reading(installation, timeout_s=_TIMEOUT_S, purpose="documents") as connection:\n            registered',
        '        with reading(installation, purpose="documents") as connection:\n            registered',
        (_BECAME,),
    ),
    Mutant(
        "documents and what became of them are of one moment",
        "console/backend/runs/document_states.py",
        "        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ\n",
        "",
        (_BECAME,),
    ),
    Mutant(
        "a start reads the runs of its document and no others",
        "console/backend/runs/lifecycle.py",
        "asking.ask(partial(runs_of_document, docprefix=request.docprefix))",
        "asking.ask(lambda connection: [row"
        ' for row in __import__("console.backend.postgres.records", fromlist=("records",)).all_runs(connection)'
        " if row.docprefix == request.docprefix])",
        ("tests/backend/runs/test_passage.py::test_a_start_reads_the_runs_of_its_document_and_no_others",),
    ),
)
