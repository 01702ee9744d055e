"""Protections of a HOLD as it is shown: nothing that is open looks stopped, and nothing is shown that would not be done."""

from mutants.mutant import Mutant

_HOLDING, _CONFIRMATIONS = "console/backend/holding.py", "console/backend/confirmations.py"
_SQL, _SWITCH = "console/backend/postgres/holds.py", "console/backend/runs/kill_switch.py"


def _holds(name: str) -> tuple[str, ...]:
    return (f"tests/backend/runs/test_holds.py::test_{name}",)


def _release(name: str) -> tuple[str, ...]:
    return (f"tests/backend/runs/test_hold_release.py::test_{name}",)


HOLDS = (
    Mutant(
        "hold: where none was shown none is released",
        _SWITCH,
        "return _SEEN.join((_told_apart(in_file), _told_apart(in_database)))",
        'return _SEEN.join(told) if any(told := (_told_apart(in_file), _told_apart(in_database))) else ""',
        _release("where_no_hold_was_shown_none_is_released"),
    ),
    Mutant(
        "hold: a release waits for whoever is setting a HOLD",
        _SWITCH,
        "        if not others.value:\n",
        "        if others.value is not None:\n",
        _release("a_hold_of_another_host_that_is_committed_during_a_release_stands"),
    ),
    Mutant(
        "hold: one that was committed during a release is not released",
        _SWITCH,
        "        _require_newest(connection, hold, *looked)\n",
        "",
        _release("a_hold_of_another_host_that_is_committed_during_a_release_stands"),
    ),
    Mutant(
        "hold: a release waits for an end",
        _SWITCH,
        '    else:\n        message = "nothing was released: another',
        '    if False:\n        message = "nothing was released: another',
        _release("a_release_does_not_wait_without_end_for_a_hold_that_is_being_set"),
    ),
    Mutant(
        "hold: an open transaction of a role that may write is no stop",
        _HOLDING,
        'return StopStep(what="running statements", done=not number, detail=detail)',
        'return StopStep(what="running statements", done=True, detail=detail)',
        _holds("an_open_transaction_of_a_role_that_may_write_is_seen_and_none_of_one_that_reads"),
    ),
    Mutant(
        "hold: a transaction that only reads is not counted",
        _SQL,
        "AND has_function_privilege(r.oid, 'cutter_console.fn_hold_release(text, text)', 'EXECUTE')",
        "",
        _holds("an_open_transaction_of_a_role_that_may_write_is_seen_and_none_of_one_that_reads"),
    ),
    Mutant(
        "hold: a release that the database cannot take is not offered",
        _CONFIRMATIONS,
        "    if in_database.state is SwitchState.UNREADABLE:\n        return Check(\n            name=name,",
        "    if False:\n        return Check(\n            name=name,",
        _holds("without_the_database_nothing_is_taken_for_known_and_nothing_is_raised"),
    ),
    Mutant(
        "hold: a HOLD file that cannot be removed stands in the way",
        _CONFIRMATIONS,
        "    can_remove = not is_directory and os.access(path.parent, os.W_OK | os.X_OK)\n",
        "    can_remove = True\n",
        _holds("what_stands_in_the_way_of_a_release_is_what_the_release_meets"),
    ),
    Mutant(
        "hold: a HOLD of the database that was not shown is not released",
        _SWITCH,
        "        _require_seen(switch_of(hold, None), database_seen)\n",
        "",
        _release("only_the_hold_that_was_shown_is_released[on another host]"),
    ),
    Mutant(
        "hold: a HOLD file that was not shown is not removed",
        _SWITCH,
        "    _require_seen(hold_in_file(installation), file_seen)\n",
        "",
        _release("only_the_hold_that_was_shown_is_released[in the file]"),
    ),
    Mutant(
        "hold: a HOLD file that comes during the release is not removed",
        _SWITCH,
        '    _require_seen(hold_in_file(installation), file_seen, f"the HOLD stays on this host{in_database}")\n',
        "",
        _release("a_hold_that_is_set_while_the_former_one_is_released_stays"),
    ),
    Mutant(
        "hold: what is asked during a measurement is measured after it",
        "console/screens/base.py",
        "        if asks_again and can_draw(self):\n",
        "        if False:\n",
        (
            "tests/screens/test_hold.py::test_measurements_of_a_slow_server_do_not_pile_up_and_the_last_one_is_the_newest",
        ),
    ),
    Mutant(
        "hold: a value in a shown statement is a literal",
        _SQL,
        "sql.Literal(value).as_string(None)",
        "f\"'{value}'\"",
        _holds("a_value_in_a_shown_statement_stays_a_value"),
    ),
)
