"""Protections of hooks, and of the console in a browser."""

from mutants.mutant import Mutant

_MODEL, _HOST, _PROCESSES, _TRUST = (
    "console/backend/model/hooks.py",
    "console/backend/host/hooks.py",
    "console/backend/host/processes.py",
    "console/backend/host/trusted_file.py",
)
_OF_SERVING = "tests/test_serving.py"
_OF_THE_MODEL, _OF_THE_HOST = "tests/backend/model/test_hooks.py", "tests/backend/host/test_hooks.py"

HOOKS = (
    Mutant(
        "a program without another environment gets the list of allowed variables",
        _PROCESSES,
        "env=child_environment() if environment is None else environment,",
        "env=environment,",
        (f"{_OF_THE_HOST}::test_a_hook_reads_one_event_on_one_line_in_a_closed_environment",),
    ),
    Mutant(
        "a hook that does not end is ended",
        _PROCESSES,
        "if time.monotonic() > ends_at:",
        "if False:",
        (f"{_OF_THE_HOST}::test_a_hook_that_does_not_end_is_ended_with_what_it_started",),
    ),
    Mutant(
        "a hook that writes without an end is ended",
        _PROCESSES,
        "if read > most:",
        "if False:",
        (f"{_OF_THE_HOST}::test_a_hook_that_fails_is_said_and_raises_nothing",),
    ),
    Mutant(
        "a hook that others could replace is not started",
        _HOST,
        '        if reason:\n            return f"not started: {reason}"',
        '        if False:\n            return f"not started: {reason}"',
        (f"{_OF_THE_HOST}::test_a_hook_that_others_could_replace_is_not_started",),
    ),
    Mutant(
        "a folder above a hook that others may write is refused",
        _TRUST,
        "((folder, folder.stat()) for folder in path.parents)",
        "((folder, folder.stat()) for folder in ())",
        (f"{_OF_THE_HOST}::test_a_hook_that_others_could_replace_is_not_started",),
    ),
    Mutant(
        "the configuration that names a hook is out of the hands of others",
        _HOST,
        "reason, action = distrust(config)",
        'reason, action = "", ""',
        (f"{_OF_THE_HOST}::test_a_hook_that_others_could_replace_is_not_started",),
    ),
    Mutant(
        "a secret that is known is in no event",
        _HOST,
        "update={name: hide_known(value) for",
        "update={name: value for",
        (f"{_OF_THE_HOST}::test_a_secret_that_is_known_is_in_no_event",),
    ),
    Mutant(
        "a defect in the call of a hook leaves nobody waiting",
        _HOST,
        "ended.add_done_callback(partial(self._after_defect, hook))",
        "pass",
        (f"{_OF_THE_HOST}::test_a_defect_in_a_call_is_said_and_the_next_event_is_told",),
    ),
    Mutant(
        "an urgent event goes before what waits",
        _HOST,
        "waiting = self.urgent or self.routine",
        "waiting = self.routine or self.urgent",
        (f"{_OF_THE_HOST}::test_what_is_urgent_goes_before_what_waits_and_is_not_dropped_for_it",),
    ),
    Mutant(
        "what waits is dropped for an urgent event",
        _HOST,
        "if is_routine or not self.routine:",
        "if True:",
        (f"{_OF_THE_HOST}::test_what_is_urgent_goes_before_what_waits_and_is_not_dropped_for_it",),
    ),
    Mutant(
        "what a hook wrote is searched for secrets before it is shortened",
        _HOST,
        "_SHOWN, _KEPT_BYTES, _MOST_BYTES = 400, 4000, 1 << 20",
        "_SHOWN, _KEPT_BYTES, _MOST_BYTES = 400, 400, 1 << 20",
        (f"{_OF_THE_HOST}::test_a_secret_is_not_shown_in_part_because_what_a_hook_wrote_is_shortened",),
    ),
    Mutant(
        "a name that no file can have is no defect",
        _TRUST,
        "except (OSError, RuntimeError, ValueError) as error:",
        "except (OSError, RuntimeError) as error:",
        (f"{_OF_THE_HOST}::test_a_name_that_no_file_can_have_is_refused_and_nobody_waits_for_it",),
    ),
    Mutant(
        "the same HOLD is told once",
        _MODEL,
        "if memory.hold is not None and _is_same_hold(memory.hold, switch):",
        "if False:",
        (f"{_OF_THE_MODEL}::test_a_hold_is_told_once_whatever_is_measured_of_it_meanwhile",),
    ),
    Mutant(
        "a HOLD that was set again for the same reason is told",
        _MODEL,
        "(is_elsewhere or earlier.since == switch.since)",
        "True",
        (f"{_OF_THE_MODEL}::test_a_hold_that_was_released_and_set_again_between_two_measurements_is_another_one",),
    ),
    Mutant(
        "two runs that wait for the same command are two events",
        _MODEL,
        'f"{wait.since} {wait.run_id}"',
        'f"{wait.since}"',
        (
            f"{_OF_THE_MODEL}::test_two_runs_that_wait_for_the_same_command_are_two_events_and_one_that_is_named_twice_is_one",
        ),
    ),
    Mutant(
        "what waits is told once",
        _MODEL,
        "event for name, event in standing.items() if name not in memory.ids",
        "event for name, event in standing.items()",
        (f"{_OF_THE_MODEL}::test_what_waits_is_told_once_and_again_after_it_was_over",),
    ),
    Mutant(
        "a lost line ends no HOLD",
        _MODEL,
        "if memory.hold is None or status.target is None or switch.state is SwitchState.UNREADABLE:",
        "if memory.hold is None:",
        (f"{_OF_THE_MODEL}::test_a_hold_is_told_once_whatever_is_measured_of_it_meanwhile",),
    ),
    Mutant(
        "nothing is served without --read-only",
        "console/cli/serve_request.py",
        "if not self.read_only:",
        "if False:",
        (f"{_OF_SERVING}::test_nothing_is_served_without_read_only_or_on_an_address_that_was_not_named",),
    ),
    Mutant(
        "a page of a browser is a console that only reads",
        "console/app/serving.py",
        '_ENTRY, "--read-only"]',
        "_ENTRY]",
        (f"{_OF_SERVING}::test_the_command_of_a_page_only_reads_and_opens_the_same_installation",),
    ),
    Mutant(
        "a page of a browser has no role that sets a HOLD",
        "console/app/launch.py",
        'update={"stopper": ""}',
        "update={}",
        (f"{_OF_SERVING}::test_a_page_cannot_stop_anything_either",),
    ),
    Mutant(
        "the server of pages answers to its own address alone",
        "console/app/browser_server.py",
        "if request.host not in self._hosts or (",
        "if (",
        (f"{_OF_SERVING}::test_a_page_is_drawn_and_ends_with_the_server_and_no_browser_changes_its_command",),
    ),
)
