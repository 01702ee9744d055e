"""Protections that concern the server a console meets: its standbys and the line to it."""

from mutants.mutant import Mutant

_REPLICATION, _CHECKS = "console/backend/model/replication.py", "console/backend/gates/arming_checks.py"
_OF_RUNS, _OF_THE_MODEL = "tests/backend/runs/test_replication.py", "tests/backend/model/test_replication.py"
_LOGINS = "tests/backend/postgres/test_refused_logins.py::test_a_"
_LINES = "tests/backend/postgres/test_lines.py"
_WOULD_WAIT = (f"{_OF_RUNS}::test_nothing_is_armed_or_enacted_whose_commit_would_wait_without_an_end",)
_COULD_BE_LOST = (f"{_OF_RUNS}::test_what_could_be_lost_is_said_before_a_cut_wherever_one_is_decided_on",)
_JUDGED = (f"{_OF_THE_MODEL}::test_what_is_measured_is_judged",)

_DRIFT = "tests/backend/postgres/test_drift.py"

SERVERS = (
    Mutant(
        "sessions: a login that is refused for a right or a rule has the next action for that",
        "console/backend/postgres/connections.py",
        "        or (refused_login(message) if is_of_a_connection else None)\n",
        "",
        (
            f"{_LOGINS}role_that_may_not_log_in_is_let_in_by_the_command_that_is_named",
            f"{_LOGINS}rule_of_the_server_is_named_with_the_file_that_has_it",
        ),
    ),
    Mutant(
        "lines: over a Unix socket a missing rule is no matter of plain text",
        "console/backend/postgres/lines.py",
        "(?:(?!\\[local\\]).)*, no encryption",
        ".*, no encryption",
        (f"{_LOGINS}line_without_tls_is_the_reason_only_where_it_can_be",),
    ),
    Mutant(
        "lines: what the server refuses with TLS too is no matter of plain text",
        "console/backend/postgres/lines.py",
        "(?!.*, SSL encryption)",
        "",
        (f"{_LOGINS}line_without_tls_is_the_reason_only_where_it_can_be",),
    ),
    Mutant(
        "sessions: names that were refused are not kept",
        "console/backend/postgres/kept_sessions.py",
        "    if session.names_are is Names.SAID:\n        kept.know(conninfo, session.names)\n",
        "    if True:\n        kept.know(conninfo, session.names)\n",
        (
            "tests/backend/postgres/test_presumed_names.py::test_names_that_were_refused_are_not_kept_as_those_of_the_connection",
        ),
    ),
    Mutant(
        "sessions: one that has asked nothing is not handed on",
        "console/backend/postgres/kept_sessions.py",
        " and not session.has_sent_much and session.names_are is Names.SAID",
        " and not session.has_sent_much",
        (
            "tests/backend/postgres/test_presumed_names.py::test_a_session_that_has_asked_nothing_is_not_handed_on_to_write",
        ),
    ),
    Mutant(
        "panic: nothing is cancelled before the HOLD is committed",
        "console/backend/postgres/stops.py",
        """                ledger.set_hold(connection, reason, by, None)
                commit = connection.execute(b"COMMIT")
""",
        """                connection.execute(CANCEL.encode())
                ledger.set_hold(connection, reason, by, None)
                commit = connection.execute(b"COMMIT")
""",
        ("tests/backend/runs/test_panic.py::test_nothing_is_cancelled_behind_a_hold_that_was_refused",),
    ),
    Mutant(
        "panic: a HOLD that is committed is told as set, whatever is wrong with the session",
        "console/backend/postgres/stops.py",
        """            if commit is None or commit.statusmessage != "COMMIT":
                raise
""",
        "            raise\n",
        (
            "tests/backend/runs/test_panic.py::test_a_hold_that_is_committed_counts_whatever_is_wrong_with_the_session[session_replication_role = replica]",
        ),
    ),
    Mutant(
        "panic: a HOLD is told as set only if its COMMIT was answered",
        "console/backend/postgres/stops.py",
        """            if commit is None or commit.statusmessage != "COMMIT":
                raise
""",
        "",
        ("tests/backend/runs/test_panic.py::test_a_hold_whose_answer_is_lost_is_not_told_as_set_by_that_role",),
    ),
    Mutant(
        "panic: what names nothing is not sent twice where the names differ",
        "console/backend/postgres/session.py",
        "            if names_nothing:\n                return\n",
        "",
        (
            "tests/backend/postgres/test_presumed_names.py::test_a_stop_sets_one_hold_whatever_the_names_of_the_database_are",
        ),
    ),
    Mutant(
        "panic: what it commits leaves no setting to a session that others get",
        "console/backend/postgres/session.py",
        "set_values(self._settings, for_transaction=for_transaction)",
        "set_values(self._settings)",
        ("tests/backend/runs/test_panic.py::test_a_stop_leaves_its_session_the_settings_that_it_had",),
    ),
    Mutant(
        "panic: a switch that cannot be read names what repairs that",
        "console/backend/runs/kill_switch.py",
        "clears_with=error.next_action)",
        'clears_with="Reach the database again.")',
        ("tests/backend/runs/test_panic.py::test_a_panic_that_cannot_be_read_back_says_what_repairs_that",),
    ),
    Mutant(
        "panic: a cancel waits for what the session is",
        "console/backend/runs/hold_attempts.py",
        "presumes=sets_hold",
        "presumes=True",
        (
            "tests/backend/postgres/test_presumed_names.py::test_a_cancel_goes_out_once_and_only_where_the_session_is_known[False-1]",
        ),
    ),
    Mutant(
        "gates: the monitoring role tries its writes by names that are known",
        "console/backend/gates/baseline.py",
        "        schema_names(connection)\n        leave(connection)\n",
        "        leave(connection)\n",
        (
            "tests/backend/gates/test_baseline.py::test_the_monitoring_role_tries_its_writes_by_the_names_of_the_database",
        ),
    ),
    Mutant(
        "gates: what was not answered together is left to the gates",
        "console/backend/gates/board_questions.py",
        "                answer.set_exception(NotAsked())\n",
        "                answer.set_result(None)\n",
        (
            "tests/backend/gates/test_board_questions.py::test_where_a_question_fails_each_gate_asks_for_itself[v_policy_pin]",
        ),
    ),
    Mutant(
        "gates: what is asked together leaves time for the gates",
        "console/backend/gates/board_questions.py",
        "probe.seconds_left / 2",
        "probe.seconds_left",
        (
            "tests/backend/gates/test_board_questions.py::test_a_question_that_waits_leaves_half_of_the_time_to_the_gates",
        ),
    ),
    Mutant(
        "gates: whoever was promised an answer that did not come asks for itself",
        "console/backend/gates/probe.py",
        "            except (NotAsked, TimeoutError):\n",
        "            except TimeoutError:\n",
        (
            "tests/backend/gates/test_board_questions.py::test_who_was_promised_an_answer_waits_for_it_or_asks_for_itself",
        ),
    ),
    Mutant(
        "gates: a trial of a write is never committed",
        "console/backend/gates/probe.py",
        "with uncommitted(conninfo, timeout_s",
        "with connect(conninfo, timeout_s",
        ("tests/backend/gates/test_baseline.py::test_what_a_trial_has_written_is_not_there_afterwards",),
    ),
    Mutant(
        "sessions: names that were presumed are compared with what the server says",
        "console/backend/postgres/session.py",
        "        if self.names_are is Names.PRESUMED and names != self.names:\n",
        "        if False:\n",
        (
            "tests/backend/postgres/test_presumed_names.py::test_what_was_asked_by_other_names_is_asked_again_by_those_of_the_database",
        ),
    ),
    Mutant(
        "sessions: what presumed names have begun is rolled back before it is asked again",
        "console/backend/postgres/session.py",
        "            self.leave()\n            raise NamesDiffer\n",
        "            raise NamesDiffer\n",
        (
            "tests/backend/postgres/test_presumed_names.py::test_what_was_asked_by_other_names_is_asked_again_by_those_of_the_database",
        ),
    ),
    Mutant(
        "sessions: questions that were asked by presumed names are all begun anew",
        "console/backend/postgres/asking.py",
        "                        answer.forget()\n",
        "                        pass\n",
        ("tests/backend/postgres/test_presumed_names.py::test_questions_asked_together_are_all_begun_anew",),
    ),
    Mutant(
        "sessions: whoever takes the names first has those that the server says",
        "console/backend/postgres/rendering.py",
        'getattr(connection, "known_names", OWN)',
        'getattr(connection, "names", OWN)',
        (
            "tests/backend/postgres/test_presumed_names.py::test_whoever_takes_the_names_first_has_those_of_the_database",
        ),
    ),
    Mutant(
        "sessions: a write that is the first of a command waits for what the session is",
        "console/backend/postgres/kept_sessions.py",
        "presumed or OWN if asks_with_first else None",
        "presumed or OWN",
        (
            "tests/backend/postgres/test_presumed_names.py::test_a_write_that_is_the_first_of_a_command_goes_out_when_the_server_has_said_what_the_session_is",
        ),
    ),
    Mutant(
        "sessions: a write by names that are not the database's is refused",
        "console/backend/postgres/session.py",
        "        _require_unmoved(self.names, names)\n",
        "",
        (
            "tests/backend/postgres/test_presumed_names.py::test_a_write_by_other_names_than_another_connection_has_seen_is_refused_and_takes_no_effect",
        ),
    ),
    Mutant(
        "drift: equal digests say nothing if what measures them is not the program's own",
        "console/backend/postgres/drift.py",
        "        return _report(digests.now, digests.pinned, listed)\n",
        "        return _report(digests.now, digests.pinned, ())\n",
        (f"{_DRIFT}::test_a_function_that_gives_the_pinned_lines_for_those_that_are_is_named",),
    ),
    Mutant(
        "drift: the lines are compared if their digests differ",
        "console/backend/postgres/drift.py",
        "    if digests.now == digests.pinned and digests.is_structured:\n",
        "    if digests.is_structured:\n",
        (f"{_DRIFT}::test_a_revoked_grant_on_a_column_is_told_and_mended",),
    ),
    Mutant(
        "standbys: one that is named and missing refuses",
        _REPLICATION,
        "    if len(confirming) + len(hidden) < demand.number:\n",
        "    if False:\n",
        (*_WOULD_WAIT, *_JUDGED),
    ),
    Mutant(
        "standbys: they are asked before a cut is armed",
        _CHECKS,
        "    _PLAN,\n    _STANDBYS,\n)",
        "    _PLAN,\n)",
        (*_WOULD_WAIT, *_COULD_BE_LOST),
    ),
    Mutant(
        "standbys: they are asked before an enactment",
        _CHECKS,
        "AGAIN: tuple[Item, ...] = (_AUTHORITY, _GRANTS, _TREE, _SWITCH, _PLAN, _STANDBYS)",
        "AGAIN: tuple[Item, ...] = (_AUTHORITY, _GRANTS, _TREE, _SWITCH, _PLAN)",
        _WOULD_WAIT,
    ),
    Mutant(
        "standbys: one that confirms nothing can lose an acknowledged cut",
        _REPLICATION,
        "    may_lack = tuple(standby for standby in standbys if standby not in confirming)\n",
        "    may_lack = ()\n",
        _JUDGED,
    ),
    Mutant(
        "standbys: of a quorum any may lack the last COMMIT",
        _REPLICATION,
        "    if demand.is_any and len(confirming) > demand.number:\n",
        "    if False:\n",
        _JUDGED,
    ),
    Mutant(
        "standbys: one that may not be seen does not confirm",
        _REPLICATION,
        "    if hidden:\n",
        "    if False:\n",
        (f"{_OF_RUNS}::test_a_standby_that_confirms_is_told_from_one_that_may_not_be_seen",),
    ),
    Mutant(
        "standbys: a run records what its COMMIT waited for",
        "console/backend/runs/preflight.py",
        "    return (*(check.value for check in checks), *_standbys(context, measured.value))\n",
        "    return tuple(check.value for check in checks)\n",
        _COULD_BE_LOST,
    ),
    Mutant(
        "lines: a session that may write is refused in plain text",
        "console/backend/postgres/connections.py",
        "            require_line_for_writing(connection)\n",
        "            pass\n",
        (f"{_LINES}::test_nothing_is_written_over_a_network_in_plain_text",),
    ),
    Mutant(
        "lines: no lease is taken in plain text",
        "console/backend/runs/lease.py",
        "                require_line_for_writing(self._session)\n",
        "                pass\n",
        (f"{_LINES}::test_no_lease_is_taken_over_a_network_in_plain_text",),
    ),
    Mutant(
        "lines: what stops takes any line",
        "console/backend/postgres/connections.py",
        "        elif not read_only:\n",
        "        if not read_only:\n",
        (f"{_LINES}::test_nothing_is_written_over_a_network_in_plain_text",),
    ),
    Mutant(
        "lines: an address of a network is not loopback",
        "console/backend/model/line.py",
        "    return Reach.LOOPBACK if (mapped or read).is_loopback else Reach.NETWORK\n",
        "    return Reach.LOOPBACK\n",
        (f"{_LINES}::test_how_far_a_line_leads_is_read_from_the_address_that_answered",),
    ),
    Mutant(
        "lines: what was demanded is not taken for what is used",
        "console/backend/postgres/lines.py",
        "        uses_tls=pgconn.ssl_in_use,\n",
        '        uses_tls=demanded.get("sslmode") != "disable",\n',
        (f"{_LINES}::test_nothing_is_written_over_a_network_in_plain_text",),
    ),
    Mutant(
        "lines: a certificate that nobody checks is a note",
        "console/backend/gates/connections.py",
        "    if worst.line.outcome is not Outcome.PASS:\n",
        "    if worst.line.outcome is Outcome.FAIL:\n",
        (f"{_LINES}::test_a_certificate_that_nobody_checks_is_a_note",),
    ),
    Mutant(
        "lines: an expired certificate is told from that of another CA",
        "console/backend/postgres/lines.py",
        "        return refused.verify_code, safe_text(refused.verify_message)\n",
        "        return 0, safe_text(refused.verify_message)\n",
        (f"{_LINES}::test_a_line_that_is_refused_names_its_cause_and_the_next_action",),
    ),
    Mutant(
        "standbys: a server that takes none waits for none",
        _REPLICATION,
        "    demand = demand_of(setting) if takes_standbys else None\n",
        "    demand = demand_of(setting)\n",
        ("tests/backend/postgres/test_standbys.py::test_a_server_that_takes_no_standbys_is_not_said_to_wait_for_one",),
    ),
    Mutant(
        "lines: nothing is backed up in plain text",
        "console/backend/postgres/lines.py",
        '    _require_line(used, "nothing is backed up over this line")\n',
        "",
        (f"{_LINES}::test_nothing_is_backed_up_over_a_network_in_plain_text",),
    ),
    Mutant(
        "lines: a dump has the TLS that its session has",
        "console/backend/model/line.py",
        '        return self.encrypted_by == "TLS" and self.sslmode in {"allow", "prefer"}\n',
        "        return False\n",
        (f"{_LINES}::test_the_dump_beside_a_session_by_tls_goes_by_tls",),
    ),
    Mutant(
        "connections: a role that only stops and cannot be asked is a note",
        "console/backend/gates/connections.py",
        "        except Unmeasured as error:\n",
        "        except AssertionError as error:\n",
        (
            "tests/backend/runs/test_stop_only.py"
            "::test_a_role_that_only_stops_and_cannot_be_asked_keeps_nobody_from_working",
        ),
    ),
    Mutant(
        "connections: a role that only stops and cannot be asked is said",
        "console/backend/gates/connections.py",
        "    if fault:\n",
        "    if False:\n",
        (
            "tests/backend/runs/test_stop_only.py"
            "::test_a_role_that_only_stops_and_cannot_be_asked_keeps_nobody_from_working",
        ),
    ),
    Mutant(
        "statements: the first move after the screen was opened is read",
        "console/screens/base.py",
        "            self._moves.begin(self.console.status)\n",
        "            pass\n",
        ("tests/screens/test_statements_moved.py::test_the_first_move_after_the_screen_was_opened_is_read",),
    ),
)
