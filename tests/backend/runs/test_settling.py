"""A COMMIT that was sent and not answered is settled by the server's word, or said to be unknown; nothing is guessed."""

from collections.abc import Callable
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import psycopg
import pytest

from console.backend.journal.journal import Journal, read_journal
from console.backend.journal.journal_record import NO_EVENT, Anchor, Field, RecordKind, scan
from console.backend.model.errors import CutterError, StopCode, Unmeasured
from console.backend.model.purposes import Purpose
from console.backend.model.states import Family, Move, Stage
from console.backend.model.view_models import SwitchState
from console.backend.postgres import sessions
from console.backend.postgres.connections import connect
from console.backend.postgres.kept_sessions import writers_kept
from console.backend.postgres.records import EventRow
from console.backend.postgres.transactions import ServerPosition
from console.backend.runs import arming, lifecycle, operations, settling
from console.backend.runs.known_run import requested
from console.backend.runs.operations import open_journal
from console.backend.runs.phase_context import Role
from console.backend.runs.run_state import events_of_run
from console.backend.runs.settling import Attempt, Fate, NotKnownYet, Verdict, fate_of
from tests.support.lost_commit import Lie, lying
from tests.support.passage import UNITS, WAITS_AT_MOST, Passage

At = Callable[[str], Passage]
OPEN = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND state = 'idle in transaction' AND backend_xid IS NOT NULL
"""
"""Sessions that could still deliver a COMMIT of what they have written; one that has read may take a moment to end behind its client."""


def _revert(passage: Passage) -> None:
    passage.backend.revert(passage.run_id, passage.run_id)


def _void(passage: Passage) -> None:
    passage.backend.void(passage.run_id, "a test")


WRITES: dict[str, tuple[str, str, Callable[[Passage], object]]] = {
    "start": ("fresh", "cutter_exec", Passage.start),
    "import": ("waits for SG_1", "cutter_verify", Passage.sign),
    "void": ("waits for SG_1", "cutter_exec", _void),
    "arm": ("SG_1 imported", "cutter_exec", Passage.arm),
    "cut_leg_a": ("armed", "cutter_exec", Passage.resume),
    "structural_verify": ("armed", "cutter_verify", Passage.resume),
    "leg_b_record": ("armed", "cutter_exec", Passage.resume),
    "write_verify": ("armed", "cutter_verify", Passage.resume),
    "revert": ("waits for SG_2", "cutter_exec", _revert),
    "lifecycle_enact": ("SG_2 imported", "cutter_exec", Passage.enact),
    "closeout": ("SG_2 imported", "cutter_exec", Passage.enact),
}
"""What is committed, by the purpose of its connection: the stage to begin at, the role, and the call that does it."""


DONE: dict[Callable[[Passage], object], tuple[list[str], str]] = {
    Passage.start: ([], "awaiting_cut_authorization"),
    Passage.sign: ([], "awaiting_cut_authorization"),
    _void: ([], "voided_a_test"),
    Passage.arm: ([], "awaiting_cut_authorization"),
    Passage.resume: (["draft"] * UNITS, "awaiting_lifecycle_authorization"),
    _revert: (["superseded"] * UNITS, "reverted"),
    Passage.enact: (["enacted"] * UNITS, "closeout_reported"),
}
"""What each call comes to: the units, and the run's state."""


def test_what_is_asked_about_a_session_that_is_kept_is_answered(at: At) -> None:
    """The command that asks, a batch that goes on, may itself have kept the session that sent the COMMIT."""
    passage = at("fresh")
    executor = passage.installation.settings.database.executor
    with writers_kept():
        for ask in (settling.look, partial(settling.settle, once=True)):
            with connect(executor) as connection:
                fields = settling.measure_attempt(connection, Role.EXECUTOR)
            attempt = Attempt.named((*fields, NO_EVENT), Anchor(sequence=0, hash=""), "work")
            assert attempt is not None
            verdict = ask(passage.installation, "", attempt)
            assert (verdict.fate, attempt.xid in verdict.said) == (Fate.UNKNOWABLE, True), verdict.said


@pytest.mark.parametrize("what", WRITES)
def test_an_answer_that_is_lost_is_asked_for_and_the_work_goes_on(at: At, what: str, tmp_path: Path) -> None:
    """The server committed: nobody sees that the line was lost, but in the journal."""
    stage, role, call = WRITES[what]
    passage = at(stage)
    with lying(passage, what, role, tmp_path, Lie.ANSWER_LOST) as proxy:
        call(passage)
    assert proxy.commit_seen.is_set()
    assert passage.lifecycles() == DONE[call][0]
    run = passage.backend.runs()[0]
    assert (run.state, run.interrupted) == (DONE[call][1], False)
    assert passage.backend.status().switch.state is (SwitchState.ARMED if call is Passage.arm else SwitchState.OFF)
    assert passage.backend.run(run.run_id).journal.startswith("PASS")
    noted = read_journal(passage.installation.root / "runs" / run.run_id / "journal.jsonl")
    assert [record.phase for record in noted if record.value("settled") == "committed"] == [what]


@pytest.mark.parametrize("lie", [pytest.param(Lie.REQUEST_LOST, marks=pytest.mark.torture), Lie.LATE])
@pytest.mark.parametrize("what", WRITES)
def test_a_request_that_is_lost_or_late_never_has_an_effect_after_it_was_denied(
    at: At, what: str, lie: Lie, tmp_path: Path
) -> None:
    """The session that could still deliver it is ended before anything is said; afterwards the same call succeeds."""
    stage, role, call = WRITES[what]
    passage = at(stage)
    before = passage.lifecycles()
    with lying(passage, what, role, tmp_path, lie) as proxy:
        with pytest.raises(Unmeasured, match="was rolled back: nothing was written") as caught:
            call(passage)
        assert proxy.commit_seen.is_set()
        assert not isinstance(caught.value, NotKnownYet)
        assert passage.rows(OPEN) == [(0,)]
        denied = [run.state for run in passage.backend.runs()]
        proxy.deliver()
    assert [run.state for run in passage.backend.runs()] == denied
    if what in {"cut_leg_a", "revert", "lifecycle_enact"}:
        assert passage.lifecycles() == before
    _again(passage, what, call)
    assert not passage.backend.runs()[0].interrupted


def _again(passage: Passage, what: str, call: Callable[[Passage], object]) -> None:
    """Do what the moves say until it is done."""
    if what == "start":
        lost = passage.backend.runs()[0].run_id
        assert passage.backend.run(lost).moves == (Move.VOID,)
        passage.backend.void(lost, "never began")
        call(passage)
        return
    if passage.backend.status().switch.state is SwitchState.OFF and Move.ARM in passage.run().moves and what != "arm":
        passage.arm() if what in {"cut_leg_a", "leg_b_record"} else None
    call(passage)


def _disarm(passage: Passage) -> None:
    passage.backend.disarm()


def _release(passage: Passage) -> None:
    passage.backend.release_hold("RELEASE")


SWITCHED: dict[str, tuple[SwitchState, Callable[[Passage], object]]] = {
    "disarm": (SwitchState.ARMED, _disarm),
    "release": (SwitchState.HOLD, _release),
}
"""What changes the switch and is in no run's journal, by the purpose of its connection: the switch before, and the call."""


@pytest.mark.parametrize("lie", Lie)
@pytest.mark.parametrize("what", SWITCHED)
def test_a_switch_whose_answer_is_lost_is_as_it_is_said_to_be(at: At, what: str, lie: Lie, tmp_path: Path) -> None:
    before, call = SWITCHED[what]
    passage = at("armed")
    if before is SwitchState.HOLD:
        passage.backend.panic("a test")
    with lying(passage, what, "cutter_exec", tmp_path, lie) as proxy:
        if lie is Lie.ANSWER_LOST:
            call(passage)
        else:
            with pytest.raises(Unmeasured, match="was rolled back: nothing was written"):
                call(passage)
        assert proxy.commit_seen.is_set()
        proxy.deliver()
    now = passage.backend.status().switch.state
    assert now is (SwitchState.OFF if lie is Lie.ANSWER_LOST else before)
    call(passage)
    assert passage.backend.status().switch.state is SwitchState.OFF


def _undecidable(passage: Passage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server can be asked no more: the roles that could are kept out. Who waits for the product's own lock gives up soon."""

    def left_alone(*_: object) -> str:
        passage.execute(WAITS_AT_MOST.format("200ms"))
        return "could not be ended"

    monkeypatch.setattr(settling, "LIMIT_S", 0.0)
    monkeypatch.setattr(settling, "end_session", left_alone)


@pytest.mark.longest
@pytest.mark.parametrize("what", ["cut_leg_a", "lifecycle_enact", "revert", "void"])
def test_what_cannot_be_decided_in_time_is_said_to_be_unknown_and_asked_again(
    at: At, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, role, call = WRITES[what]
    passage = at(stage)
    with lying(passage, what, role, tmp_path, Lie.LATE) as proxy:
        with monkeypatch.context() as patch:
            _undecidable(passage, patch)
            with pytest.raises(NotKnownYet, match="not known yet whether it was committed") as caught:
                call(passage)
            assert caught.value.next_action == f"Ask again: cutter-console run settle {passage.run_id}"
            run = passage.run()
            assert run.moves == (Move.SETTLE,)
            assert run.interruption is not None
            assert not run.interruption.is_settled
            for other in (_void, Passage.resume, _revert, Passage.enact):
                with pytest.raises(CutterError, match=r"not known yet|legal now: settle|legal move: .*, interrupted"):
                    other(passage)
            with pytest.raises(NotKnownYet):
                passage.backend.settle(passage.run_id)
        passage.execute(WAITS_AT_MOST.format("10s"))
        settled = passage.backend.settle(passage.run_id)
        assert settled.interruption is None
        assert Move.SETTLE not in settled.moves
        proxy.deliver()
    assert passage.run().state == settled.state
    assert settled.state.family is Family.ACTIVE


def test_a_run_whose_cut_is_delivered_late_is_not_voided_with_drafts_before_readers(
    at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version 0.2.0 said that the transaction was not taken, accepted `void`, and 300 drafts came afterwards."""
    passage = at("armed")
    with lying(passage, "cut_leg_a", "cutter_exec", tmp_path, Lie.LATE) as proxy:
        with monkeypatch.context() as patch:
            _undecidable(passage, patch)
            with pytest.raises(NotKnownYet):
                passage.resume()
        passage.execute(WAITS_AT_MOST.format("10s"))
        proxy.deliver()
        proxy.close()
        # The lease ended with the session that held it, so that the COMMIT, when it came, was refused.
        assert passage.backend.void(passage.run_id, "it did not happen").state.family is Family.VOIDED
    assert passage.lifecycles() == []


@pytest.mark.parametrize("lie", [Lie.ANSWER_LOST, Lie.REQUEST_LOST])
def test_a_lost_commit_of_arming_for_law_leaves_the_switch_off(at: At, lie: Lie, tmp_path: Path) -> None:
    """The lease ends with the session that was to hold it, whatever became of the COMMIT; the next try enacts."""
    passage = at("SG_2 imported")
    with (
        lying(passage, "lease", "cutter_exec", tmp_path, lie) as proxy,
        pytest.raises(Unmeasured, match=r"the switch is off|was rolled back: nothing was written"),
    ):
        passage.enact()
    assert proxy.commit_seen.is_set()
    assert passage.backend.status().switch.state is SwitchState.OFF
    assert passage.lifecycles() == ["draft"] * UNITS
    assert passage.enact().state.stage is Stage.CLOSEOUT_REPORTED


@pytest.mark.parametrize("lie", [Lie.ANSWER_LOST, Lie.REQUEST_LOST])
def test_on_another_server_the_event_decides(at: At, lie: Lie, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a failover the id may be of another transaction; what the run's events say goes with the data."""
    passage = at("waits for SG_2")
    monkeypatch.setattr(settling, "server_position", lambda _: ServerPosition("1", "99"))
    with lying(passage, "revert", "cutter_exec", tmp_path, lie):
        if lie is Lie.ANSWER_LOST:
            _revert(passage)
        else:
            with pytest.raises(Unmeasured, match="its event is not there: nothing was written"):
                _revert(passage)
    assert passage.lifecycles() == ["superseded" if lie is Lie.ANSWER_LOST else "draft"] * UNITS


@pytest.mark.parametrize("kept", [True, False])
def test_an_id_that_the_server_gave_again_after_a_crash_does_not_tell_that_the_first_one_was_committed(
    at: At, kept: bool
) -> None:
    """What was not on the disk at the crash is gone with its id, which the next transaction gets and commits."""
    passage = at("waits for SG_2")
    passage.execute("CREATE TABLE of_somebody_else AS SELECT pg_current_xact_id()::text AS id")
    [(another,)] = passage.rows("SELECT id FROM of_somebody_else")
    [(sequence, hashed)] = passage.rows(
        "SELECT journal_seq, journal_head FROM cutter_governance.run_event WHERE run_id = %s ORDER BY id DESC LIMIT 1",
        passage.run_id,
    )
    anchor = Anchor(sequence=int(str(sequence)), hash=str(hashed) if kept else "0" * 64)
    attempt = Attempt(
        xid=str(another), role=Role.EXECUTOR, pid="1", started="2000-01-01 00:00:00+00", anchor=anchor, what="revert"
    )

    verdict = settling.settle(passage.backend.installation, passage.run_id, attempt, once=True)

    assert verdict.fate is (Fate.COMMITTED if kept else Fate.ROLLED_BACK)
    if not kept:
        assert verdict.said.endswith("to another transaction; its event is not there")


@pytest.mark.parametrize("lie", [Lie.ANSWER_LOST, Lie.REQUEST_LOST])
def test_on_another_server_the_row_decides_that_is_named_instead_of_an_event(
    at: At, lie: Lie, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = at("SG_1 imported")
    with monkeypatch.context() as patch:
        patch.setattr(settling, "server_position", lambda _: ServerPosition("1", "99"))
        with lying(passage, "arm", "cutter_exec", tmp_path, lie):
            if lie is Lie.ANSWER_LOST:
                passage.arm()
            else:
                with pytest.raises(Unmeasured, match="its lease is not there: nothing was written"):
                    passage.arm()
    passage.arm()
    assert passage.run().interruption is None
    assert passage.backend.status().switch.state is SwitchState.ARMED


def test_what_names_neither_an_event_nor_a_row_is_not_guessed_at(at: At) -> None:
    """A journal of an earlier build: its import or arming is done again, and is a no-op if it was done."""
    passage = at("SG_1 imported")
    [(committed,)] = passage.rows("SELECT pg_current_xact_id()::text")
    fields = {"role": "executor", "xid": str(committed), "pid": "1", "backend_start": "2000-01-01 00:00:00+00"}
    named = (*(Field(key=key, value=value) for key, value in fields.items()), NO_EVENT)
    journal = passage.installation.root / "runs" / passage.run_id / "journal.jsonl"
    with Journal.resume(journal, passage.run_id, passage.installation.context) as writer:
        writer.append(RecordKind.INTENT, "arm")
        writer.append(RecordKind.NOTE, "arm", named)
    interrupted = passage.run().interruption
    assert interrupted is not None
    assert interrupted.database_says.startswith("cannot be known any more: ")
    assert interrupted.database_says.endswith("no event shows its outcome")
    passage.arm()
    assert passage.run().interruption is None
    assert passage.backend.status().switch.state is SwitchState.ARMED


_C, _R, _Q, _U = Fate.COMMITTED, Fate.ROLLED_BACK, Fate.UNKNOWABLE, Fate.UNKNOWN


@pytest.mark.parametrize("nothing_answers", [False, True], ids=["no session more", "nothing answers"])
def test_where_no_new_session_is_given_the_standing_one_is_asked_and_its_failure_is_no_verdict(
    at: At, monkeypatch: pytest.MonkeyPatch, nothing_answers: bool
) -> None:
    """A role of two sessions has no third. Where the line is dead, the standing one would be waited for as long again."""
    passage = at("waits for SG_1")
    asked: list[str] = []

    def refused(conninfo: str, **_: object) -> object:
        cause = psycopg.errors.ConnectionTimeout("no answer") if nothing_answers else psycopg.OperationalError("full")
        raise Unmeasured(StopCode.UNREACHABLE, "no session is given", "Ask again.") from cause

    def standing(conninfo: str) -> psycopg.Connection:
        asked.append(conninfo)
        with psycopg.connect(passage.installation.settings.database.executor) as ended:
            return ended

    monkeypatch.setattr(settling, "connect", refused)
    monkeypatch.setattr(settling, "standing_session", standing)
    attempt = Attempt(xid="1", role=Role.EXECUTOR, pid="1", anchor=Anchor(sequence=0, hash=""))

    verdict = settling._ask(passage.installation, passage.run_id, attempt)

    assert (verdict.fate, verdict.said) == (Fate.UNKNOWN, "no session is given")
    assert bool(asked) is not nothing_answers


@pytest.mark.parametrize(
    ("fates", "together"),
    [
        ((), _R),
        *(((fate,), fate) for fate in (_C, _R, _Q, _U)),
        ((_C, _C), _C),
        ((_R, _R), _R),
        ((_C, _R), Fate.IN_PART),
        ((_R, _Q), _Q),
        ((_C, _Q, _U), _U),
    ],
)
def test_of_several_transactions_the_least_certain_decides(fates: tuple[Fate, ...], together: Fate) -> None:
    """An edit has several behind one intent: one that is committed does not make the others so."""
    attempts = tuple(
        Attempt(xid=str(number), role=Role.EXECUTOR, anchor=Anchor(sequence=number, hash=""), what=str(number))
        for number in range(len(fates))
    )
    verdict = fate_of(attempts, lambda attempt: Verdict(fate=fates[int(attempt.xid)], said="so"))
    assert verdict.fate is together


def test_a_result_that_cannot_be_recorded_does_not_deny_what_was_committed(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = at("SG_1 imported")

    def full(*_: object) -> None:
        raise Unmeasured(StopCode.INVARIANT_FAILED, "no space is left", "Make room.")

    with monkeypatch.context() as patch:
        patch.setattr(operations, "close", full)
        with pytest.raises(Unmeasured, match=r"is committed; its result is missing.*no space is left"):
            passage.arm()
    assert passage.backend.status().switch.state is SwitchState.ARMED
    assert passage.backend.settle(passage.run_id).interruption is None


def test_an_event_that_comes_while_its_commit_is_settled_is_not_taken_for_gone(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The events are read when the journal is opened, and a COMMIT that is under way ends before it is settled."""
    passage, read = at("SG_1 imported"), list[int]()

    def full(*_: object) -> None:
        raise Unmeasured(StopCode.INVARIANT_FAILED, "no space is left", "Make room.")

    def too_early(*asked: Any) -> tuple[EventRow, ...]:
        rows = events_of_run(*asked)
        read.append(len(rows))
        return rows[:-1] if len(read) == 1 else rows

    with monkeypatch.context() as patch:
        patch.setattr(operations, "close", full)
        with pytest.raises(Unmeasured, match="is committed; its result is missing"):
            passage.backend.void(passage.run_id, "no more")
    monkeypatch.setattr(operations, "events_of_run", too_early)
    assert passage.backend.settle(passage.run_id).interruption is None
    assert len(read) == 2


def test_a_journal_is_read_once_where_it_is_opened(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted and not timed: verified, asked for what is unfinished and for what is gone, it was read three times."""
    passage = at("waits for SG_2")
    passes = list[None]()

    def counted(*arguments: Any) -> object:
        passes.append(None)
        return scan(*arguments)

    monkeypatch.setattr("console.backend.journal.journal.scan", counted)
    workspace, request = requested(passage.installation, passage.run_id)
    with open_journal(passage.installation, workspace, request) as journal:
        assert journal.head.sequence > 10
    assert len(passes) == 1


def test_what_was_begun_and_sent_nothing_is_closed_by_the_next_operation(at: At) -> None:
    passage = at("SG_1 imported")
    journal = passage.installation.root / "runs" / passage.run_id / "journal.jsonl"
    with Journal.resume(journal, passage.run_id, passage.installation.context) as writer:
        writer.append(RecordKind.INTENT, "arm")
    run = passage.run()
    assert run.interruption is not None
    assert run.interruption.is_settled
    assert "no COMMIT was sent" in run.interruption.database_says
    passage.arm()
    assert passage.run().interruption is None
    assert passage.resume().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION


def test_what_was_committed_before_an_operation_failed_is_not_called_failed(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The revert stands; what could not be read behind it is no reason to say otherwise in the journal."""
    passage = at("waits for SG_2")

    def unreadable(_: object) -> str:
        raise Unmeasured(StopCode.UNREACHABLE, "the database has gone", "Reach it again.")

    with monkeypatch.context() as patch:
        patch.setattr(lifecycle, "readers_digest", unreadable)
        with pytest.raises(Unmeasured, match=r"is committed.*the database has gone"):
            _revert(passage)
    assert passage.lifecycles() == ["superseded"] * UNITS
    records = read_journal(passage.installation.root / "runs" / passage.run_id / "journal.jsonl")
    result = next(record for record in reversed(records) if record.kind is RecordKind.RESULT)
    assert (result.phase, result.value("outcome")) == ("revert", "PASS")
    assert "is committed; afterwards STOP_UNREACHABLE" in result.value("detail")
    run = passage.run()
    assert (run.state.family, run.interruption) == (Family.REVERTED, None)


def test_what_was_refused_before_its_commit_is_closed_as_failed(at: At) -> None:
    passage = at("waits for SG_1")
    with pytest.raises(CutterError):
        arming.arm(passage.installation, passage.run_id, Purpose.CUT)
    records = read_journal(passage.installation.root / "runs" / passage.run_id / "journal.jsonl")
    result = next(record for record in reversed(records) if record.kind is RecordKind.RESULT)
    assert (result.phase, result.value("outcome")) == ("arm", "FAIL")
    assert result.value("detail").startswith("STOP_APPROVAL_REQUIRED: ")
    assert result.value("detail").endswith("; no COMMIT was sent: nothing of it is in the database")
    assert passage.run().interruption is None


def test_a_commit_that_nobody_answers_has_a_named_outcome_within_a_minute() -> None:
    """The waits add: for its answer, then for what became of it, of which the last question may begin at the very end."""
    longest_question = max(float(sessions.CONNECT_TIMEOUT_S), settling._ASK_S + sessions.ANSWER_MARGIN_S)
    assert sessions.COMMIT_LIMIT_S + settling.LIMIT_S + longest_question <= 60
    runbook = " ".join((resources.files("console") / "guide" / "runbook.md").read_text(encoding="utf-8").split())
    assert (
        f"for a COMMIT {sessions.COMMIT_LIMIT_S:.0f} seconds, then it asks for {settling.LIMIT_S:.0f} what" in runbook
    )
