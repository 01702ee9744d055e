"""Protections of runs that change hands: the fence in the database, and what is verified of a bundle before it is taken."""

from pathlib import Path

from mutants.mutant import Mutant

_FOLDER = "console/backend/postgres/migrations"
(_SQL,) = (f"{_FOLDER}/{path.name}" for path in (Path(__file__).parents[1] / _FOLDER).glob("*_custody.sql"))
_BUNDLE = "console/backend/runs/run_bundle.py"
_ACCEPTING = "console/backend/runs/accepting.py"
_HANDOVER = "console/backend/runs/handover.py"
_TWO_ROOTS = (
    "tests/backend/runs/test_two_roots.py::test_the_end_of_a_run_of_another_host_leaves_journals_that_are_sound_at_both",
)
_TAKEOVER = "console/backend/runs/takeover.py"
_HANDS = "console/backend/runs/hands.py"
_BATCHES = "console/backend/runs/batch_views.py"
_OPERATIONS = "console/backend/runs/operations.py"
_VIEWS = "console/backend/runs/run_views.py"


def _taken(name: str) -> tuple[str, ...]:
    return (f"tests/backend/runs/test_takeover.py::test_{name}",)


def _attack(name: str) -> tuple[str, ...]:
    return (f"tests/backend/runs/test_bundle_attacks.py::test_{name}",)


def _back(name: str) -> tuple[str, ...]:
    return (f"tests/backend/runs/test_hands_and_back.py::test_{name}",)


def _at_once(name: str) -> tuple[str, ...]:
    return (f"tests/backend/runs/test_hands_at_once.py::test_{name}",)


_MEMBER_ELSEWHERE = (
    "tests/backend/runs/test_batch_hands.py::test_nothing_of_a_batch_is_offered_while_another_console_holds_a_member[True]",
)


def _by_password(name: str) -> tuple[str, ...]:
    return (f"tests/attacks/test_custody.py::test_{name}",)


CUSTODY = (
    Mutant(
        "custody: a run that has changed hands takes no event without the holder's key",
        _SQL,
        "IF r.holder_event IS NOT NULL AND NOT is_vouched THEN",
        "IF false THEN",
        _taken("the_fence_stands_in_the_database"),
    ),
    Mutant(
        "custody: a change of hands is no other step's event",
        _SQL,
        "IF p_event ->> 'phase' IN ('hand over', 'accept', 'take over') THEN",
        "IF false THEN",
        _taken("a_change_of_hands_is_written_by_its_own_function_alone[take over]"),
    ),
    Mutant(
        "custody: only its holder hands a run over",
        _SQL,
        "    IF NOT is_ours THEN\n",
        "    IF false THEN\n",
        _by_password("a_run_is_handed_over_by_its_holder_alone"),
    ),
    Mutant(
        "custody: the bundle of a run that has moved is not accepted",
        _SQL,
        "       OR (handed.stage, handed.family) IS DISTINCT FROM (r.stage, r.family)\n",
        "",
        _by_password("a_bundle_that_turns_up_is_accepted_only_while_its_run_has_not_moved"),
    ),
    Mutant(
        "custody: a run that is over changes no hands",
        _SQL,
        "    IF r.stage = 'closeout_reported' OR r.family IN ('voided', 'reverted') THEN",
        "    IF false THEN",
        _by_password("a_run_that_is_over_changes_no_hands"),
    ),
    Mutant(
        "custody: a member of a batch is not handed over",
        _SQL,
        "    IF cutter_console.fn_batch_of(p_run_id) IS NOT NULL THEN",
        "    IF false THEN",
        _by_password("a_member_of_a_batch_is_not_handed_over"),
    ),
    Mutant(
        "custody: a run under whose lease a session works is not handed over",
        _SQL,
        "WHERE l.run_id = p_run_id AND l.taken_at IS NOT NULL) THEN",
        "WHERE false) THEN",
        _by_password("a_run_under_whose_lease_a_session_works_is_not_handed_over"),
    ),
    Mutant(
        "custody: only the bundle that was handed over last is accepted",
        _SQL,
        "    IF handed.record ->> 'bundle' IS DISTINCT FROM p_bundle\n       OR handed.id IS NULL\n",
        "    IF false\n",
        _by_password("only_the_bundle_of_the_hand_over_is_accepted"),
    ),
    Mutant(
        "custody: the number of the new key is the one that is due",
        _SQL,
        "    IF p_event ->> 'number' IS DISTINCT FROM number::text THEN",
        "    IF false THEN",
        _by_password("a_key_is_locked_for_the_event_that_is_due"),
    ),
    Mutant(
        "custody: the lease ends where a run changes hands",
        _SQL,
        "IN (r.run_id, cutter_console.fn_batch_of(r.run_id))\n                     FOR UPDATE);",
        "IN (r.run_id) AND false\n                     FOR UPDATE);",
        _by_password("the_lease_ends_with_the_change"),
    ),
    Mutant(
        "custody: a run is taken over before it is voided without its files",
        "console/backend/runs/lifecycle.py",
        "    hold_to_end(installation, run_id, Move.VOID)\n",
        "    pass\n",
        _TWO_ROOTS,
    ),
    Mutant(
        "custody: a run is taken over before it is reverted without its files",
        "console/backend/service.py",
        "        hold_to_end(self.installation, run_id, Move.REVERT)\n",
        "",
        _TWO_ROOTS,
    ),
    Mutant(
        "custody: what a take-over has begun that was not committed is no run's",
        "console/backend/runs/custody.py",
        " and (row.held_by_way_of is not None or not was_begun_to_take_over(directory))",
        "",
        _taken("what_a_take_over_that_was_not_committed_has_begun_is_not_taken_for_the_run"),
    ),
    Mutant(
        "custody: its journal is not compared with the run's events in G10",
        "console/backend/gates/reporting.py",
        "    if other and is_of_a_take_over_that_never_was(workspace.directory, rows):\n",
        "    if False:\n",
        _taken("what_a_take_over_that_was_not_committed_has_begun_is_not_taken_for_the_run"),
    ),
    Mutant(
        "custody: sessions of the former holder are ended",
        "console/backend/runs/takeover.py",
        "            _end_sessions(installation, journal, run_id)\n",
        "",
        _taken("the_session_of_the_former_lease_is_ended"),
    ),
    Mutant(
        "custody: what another console holds is offered to nobody else",
        "console/backend/runs/moves.py",
        "    if facts.is_fenced:\n",
        "    if False:\n",
        _taken("a_run_that_was_taken_over_ends_there_and_not_here[waits for SG_1]"),
    ),
    Mutant(
        "custody: a member of a bundle is a plain file",
        _BUNDLE,
        "    if not is_ours:\n",
        "    if False:\n",
        _attack("anything_but_a_plain_file_is_refused[another mode]"),
    ),
    Mutant(
        "custody: a member of a bundle has a plain name",
        _BUNDLE,
        "    if not is_member_name(name):\n",
        "    if False:\n",
        _attack("a_bundle_that_was_changed_is_refused_and_leaves_nothing[a path upwards]"),
    ),
    Mutant(
        "custody: a member of a bundle is there once",
        _BUNDLE,
        "    if any(member.name == name for member in members):\n",
        "    if False:\n",
        _attack("a_bundle_that_was_changed_is_refused_and_leaves_nothing[a file twice]"),
    ),
    Mutant(
        "custody: a bundle has limits",
        _BUNDLE,
        "    if size > MOST_MEMBER_BYTES or total > MOST_BYTES:\n",
        "    if False:\n",
        _attack("limits_of_number_and_length_hold"),
    ),
    Mutant(
        "custody: each member of a bundle is the one of the manifest",
        _BUNDLE,
        "        if (wanted := listed[member.name]) != member:\n",
        "        if (wanted := listed[member.name]) is None:\n",
        _attack("a_bundle_that_was_changed_is_refused_and_leaves_nothing[a bit of the plan]"),
    ),
    Mutant(
        "custody: the manifest of a bundle is the one that was handed over",
        _ACCEPTING,
        "    if handed is None or handed.bundle != digest:\n",
        "    if handed is None:\n",
        _attack("a_bundle_that_fits_another_manifest_is_not_the_one_that_was_handed_over[another plan]"),
    ),
    Mutant(
        "custody: a run comes back to a former holder",
        _ACCEPTING,
        "    if first_hash(journal) not in begun | {first_hash(handed)}:\n",
        "    if first_hash(journal) not in begun:\n",
        _back("a_run_is_handed_back[False]"),
    ),
    Mutant(
        "custody: a journal that was never the run's is not set aside",
        _ACCEPTING,
        "    if first_hash(journal) not in begun | {first_hash(handed)}:\n",
        "    if False:\n",
        _back("a_journal_that_was_never_the_run_s_stays"),
    ),
    Mutant(
        "custody: a journal that is being written is not set aside",
        _ACCEPTING,
        "    if is_running(journal):\n",
        "    if False:\n",
        _back("a_journal_that_was_never_the_run_s_stays"),
    ),
    Mutant(
        "custody: two consoles do not continue one journal",
        _HANDS,
        "anchored_events(tuple(recorded), workspace.directory, all_of_it=True)",
        "anchored_events(tuple(recorded), workspace.directory)",
        _back("old_files_are_no_journal_of_what_went_on_elsewhere"),
    ),
    Mutant(
        "custody: a journal that ends where the run went on is replaced",
        _TAKEOVER,
        "    if not _begins(known) or _has_just_begun(known):\n",
        "    if True:\n",
        _back("old_files_are_no_journal_of_what_went_on_elsewhere"),
    ),
    Mutant(
        "custody: what has not the files is not handed over",
        _HANDS,
        "    elif not has_files:\n",
        "    elif False:\n",
        _back("what_has_not_the_files_is_not_handed_over"),
    ),
    Mutant(
        "custody: a bundle that may be the run stays after a signal",
        _HANDOVER,
        "        if written and (isinstance(error, CutterError) or not is_sent):\n",
        "        if written:\n",
        _back("a_signal_at_the_commit_leaves_the_bundle[SIGTERM]"),
    ),
    Mutant(
        "custody: a refused end leaves the files of a former holder",
        _OPERATIONS,
        "        _require_no_change_of_hands(installation, workspace, request, damaged)\n",
        "",
        _back("a_refused_end_leaves_the_files_of_who_lost_the_run"),
    ),
    Mutant(
        "custody: a holder without a whole journal takes the run over",
        _VIEWS,
        "row.held_by_way_of is not None and not has_journal",
        "False",
        _back("a_holder_whose_journal_is_damaged_is_offered_what_is_accepted[waits for SG_1-cut off]"),
    ),
    Mutant(
        "custody: a manifest names a run",
        _BUNDLE,
        "    run_id: RunId\n",
        "    run_id: str\n",
        _attack("a_manifest_names_a_run[../x]"),
    ),
    Mutant(
        "custody: a batch offers nothing while another console holds a member",
        _BATCHES,
        "    if lost := tuple(member for member in inside",
        "    if lost := tuple(member for member in ()",
        _MEMBER_ELSEWHERE,
    ),
    Mutant(
        "custody: no statement is drafted over a member that another console holds",
        "console/backend/runs/batch_rulings.py",
        ", **measure_holders(installation, rows.values())}",
        "}",
        _MEMBER_ELSEWHERE,
    ),
    Mutant(
        "custody: the bundle that was shown is the one that is accepted",
        _ACCEPTING,
        "        if seen and arrival.manifest.digest != seen:\n",
        "        if False:\n",
        _at_once("each_check_has_its_verdict_before_a_bundle_is_accepted_and_nothing_is_kept"),
    ),
    Mutant(
        "custody: what stands at the places of a bundle's files is said before it is accepted",
        _ACCEPTING,
        ", (_PLACES, lambda arrived: _require_places(installation, arrived)))",
        ")",
        _at_once("a_check_that_does_not_pass_is_named_with_its_reason"),
    ),
    Mutant(
        "custody: a former holder is told that its files are from before",
        _HANDS,
        "    if begins_anew(workspace, recorded):\n",
        "    if False:\n",
        _at_once("a_run_says_if_it_can_be_handed_over_and_what_a_take_over_would_come_to"),
    ),
    Mutant(
        "custody: where no bundle can be written nothing is noted",
        _HANDOVER,
        "    require_place(installation, run_id, to)\n    workspace",
        "    workspace",
        _at_once("where_no_bundle_can_be_written_is_said_before_anything_is_noted[none/run.bundle-is no folder]"),
    ),
    Mutant(
        "custody: no bundle is written among the files that the next one takes",
        _HANDOVER,
        '("runs", APPROVALS)):',
        "()):",
        _at_once(
            "where_no_bundle_can_be_written_is_said_before_anything_is_noted[linked/RUN.bundle-would be one of the files of runs]"
        ),
    ),
    Mutant(
        "custody: the request of an edit is that of an edit",
        _ACCEPTING,
        "RunOperation.EDIT if request.profile == EDIT_PROFILE else request.operation",
        "request.operation",
        _at_once("an_edit_of_a_draft_changes_hands"),
    ),
    Mutant(
        "custody: a dialog hands on which bundle it has shown",
        "console/screens/custody_dialogs.py",
        "backend.accept_run(bundle, seen)[0]",
        "backend.accept_run(bundle)[0]",
        ("tests/screens/test_custody_dialogs.py::test_the_typed_id_and_its_key_act_and_nothing_before",),
    ),
)
