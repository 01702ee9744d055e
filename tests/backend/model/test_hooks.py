"""Each event is told once, and again only after it was over."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from console.backend.model.errors import Refused, StopCode
from console.backend.model.hook_kinds import HookKind
from console.backend.model.hooks import (
    HookEvent,
    Place,
    Thresholds,
    Told,
    after_board,
    after_failure,
    after_status,
)
from console.backend.model.outcome import Outcome
from console.backend.model.view_models import Status, SwitchState, SwitchView, WaitView
from tests.support import fake_gates
from tests.support.fakes import NOW, TARGET

THRESHOLDS = Thresholds(expires_soon=timedelta(hours=1), armed_too_long=timedelta(minutes=10))
PLACE = Place("/r", "", lambda text: text.replace("cutter-console ", "cutter-console --root /r "))
OFF = SwitchView(state=SwitchState.OFF)
HOLD = SwitchView(state=SwitchState.HOLD, by="an", reason="look", since=NOW, clears_with="cutter-console hold release")
ARMED = SwitchView(state=SwitchState.ARMED, run_id="r1", by="an", since=NOW, expires_at=NOW + timedelta(minutes=15))
WAIT = WaitView(what="SG_1 for A", run_id="r1", since=NOW, waits_for="the sovereign", next_action="cutter-console x r1")


def status(
    switch: SwitchView = OFF, waiting: Sequence[WaitView] = (), after: int = 0, *, reached: bool = True
) -> Status:
    """A measurement so many minutes after NOW."""
    return Status(
        measured_at=NOW + timedelta(minutes=after),
        outcome=Outcome.PASS,
        target=TARGET if reached else None,
        unreachable="" if reached else "no route",
        root="/r",
        read_only=True,
        switch=switch,
        counts=(),
        waiting=tuple(waiting),
    )


def told(*measured: Status) -> list[list[HookEvent]]:
    """The events of each of these measurements, one after the other."""
    state, all_events = Told(PLACE), []
    for one_status in measured:
        state, events = after_status(state, one_status, THRESHOLDS)
        all_events.append(list(events))
    return all_events


def kinds(*measured: Status) -> list[list[str]]:
    """The kinds of the events of each."""
    return [[event.event.value for event in events] for events in told(*measured)]


def test_a_hold_is_told_once_whatever_is_measured_of_it_meanwhile() -> None:
    again = HOLD.model_copy(update={"since": NOW + timedelta(minutes=3), "in_file": True, "in_database": True})
    lost = status(SwitchView(state=SwitchState.UNREADABLE), after=1, reached=False)
    assert kinds(status(), status(HOLD), status(HOLD), lost, lost, status(again), status(), status(HOLD)) == [
        [],
        ["hold_set"],
        [],
        ["line_lost"],
        [],
        ["line_back"],
        ["hold_released"],
        ["hold_set"],
    ]


def test_a_hold_of_the_file_alone_that_the_database_has_too_by_now_is_the_same_one() -> None:
    """Its time is the database's from then on, which every host has."""
    alone = HOLD.model_copy(update={"in_file": True, "in_database": None})
    both = alone.model_copy(update={"in_database": True, "since": NOW + timedelta(seconds=2)})
    assert kinds(status(alone), status(both), status(both)) == [["hold_set"], [], []]


@pytest.mark.parametrize("in_file", [True, False])
def test_a_hold_that_was_released_and_set_again_between_two_measurements_is_another_one(in_file: bool) -> None:
    first = HOLD.model_copy(update={"in_file": in_file})
    again = first.model_copy(update={"since": NOW + timedelta(minutes=1)})
    one, _, two, three = told(status(first), status(first), status(again, after=2), status(again, after=3))
    assert [event.event for event in (*one, *two, *three)] == [HookKind.HOLD_SET, HookKind.HOLD_SET]
    assert one[0].id != two[0].id


def test_a_hold_that_goes_from_the_file_into_the_database_and_is_set_again_there_is_another_one() -> None:
    times = [HOLD.model_copy(update={"since": NOW + timedelta(minutes=n), "in_file": n == 0}) for n in range(3)]
    assert kinds(*map(status, times)) == [["hold_set"], [], ["hold_set"]]


def test_what_stood_while_the_database_was_not_reached_yet_is_not_new() -> None:
    held = status(HOLD.model_copy(update={"in_file": True}), reached=False)
    lost, back = told(held, status(HOLD.model_copy(update={"in_file": True}), [WAIT], after=1))
    assert [(event.event.value, event.is_new) for event in lost] == [("line_lost", False), ("hold_set", False)]
    assert [(event.event.value, event.is_new) for event in back] == [("line_back", True), ("waiting", False)]
    # The HOLD of the database that was not reached may have stood for long; that of a file has been looked for.
    assert not told(status(reached=False), status(HOLD, after=1))[1][-1].is_new
    assert told(status(reached=False), held)[1][-1].is_new


def test_two_runs_that_wait_for_the_same_command_are_two_events_and_one_that_is_named_twice_is_one() -> None:
    waits = [WAIT, WAIT.model_copy(update={"run_id": "r2"}), WAIT]
    assert kinds(status(waiting=waits)) == [["waiting", "waiting"]]


def test_a_hold_for_another_reason_is_another_one() -> None:
    assert kinds(status(HOLD), status(HOLD.model_copy(update={"reason": "other"}))) == [["hold_set"], ["hold_set"]]


def test_what_waits_is_told_once_and_again_after_it_was_over() -> None:
    later = WAIT.model_copy(update={"since": NOW + timedelta(minutes=2)})
    measured = (
        status(waiting=[WAIT]),
        status(waiting=[WAIT]),
        status(waiting=[later]),
        status(),
        status(waiting=[WAIT]),
    )
    assert kinds(*measured) == [["waiting"], [], ["waiting"], [], ["waiting"]]


def test_what_waits_is_not_told_again_because_the_line_was_lost() -> None:
    assert kinds(status(waiting=[WAIT]), status(reached=False), status(waiting=[WAIT])) == [
        ["waiting"],
        ["line_lost"],
        ["line_back"],
    ]


def test_a_batch_is_told_once_for_each_step_however_many_documents_have_come_there() -> None:
    waits = [
        WAIT.model_copy(
            update={
                "what": f"SG_1 for {number} documents",
                "since": NOW + timedelta(minutes=number),
                "next_action": "cutter-console approval draft ictb-20260101T000000Z-00000001",
            }
        )
        for number in range(3)
    ]
    assert kinds(*(status(waiting=[wait]) for wait in waits)) == [["waiting"], [], []]


def test_the_hold_is_not_told_as_something_that_waits_too() -> None:
    wait = WAIT.model_copy(update={"next_action": HOLD.clears_with})
    assert kinds(status(HOLD, [wait])) == [["hold_set"]]


def test_a_ruling_that_expires_soon_is_told_when_it_is_soon() -> None:
    wait = WAIT.model_copy(update={"expires_at": NOW + timedelta(minutes=90)})
    measured = [status(waiting=[wait], after=minutes) for minutes in (0, 29, 30, 31)]
    assert kinds(*measured) == [["waiting"], [], ["expires_soon"], []]


def test_a_switch_that_stays_armed_is_told_once_for_each_lease() -> None:
    other = ARMED.model_copy(update={"since": NOW + timedelta(minutes=20)})
    measured = [status(ARMED, after=minutes) for minutes in (0, 9, 10, 11)]
    assert kinds(*measured, status(other, after=31)) == [[], [], ["armed_too_long"], [], ["armed_too_long"]]


def test_what_stands_at_the_start_is_told_as_not_new() -> None:
    first, later = told(
        status(HOLD, [WAIT]), status(HOLD, [WAIT, WAIT.model_copy(update={"run_id": "r2", "next_action": "b"})])
    )
    assert [event.is_new for event in first] == [False, False]
    assert [event.is_new for event in later] == [True]


def test_two_who_tell_the_same_event_give_it_the_same_id() -> None:
    assert [event.id for event in told(status(HOLD, [WAIT]))[0]] == [
        event.id for event in told(status(), status(HOLD, [WAIT], after=5))[1]
    ]


def test_a_line_that_is_lost_from_the_start_is_told_once() -> None:
    error = Refused(StopCode.UNREACHABLE, "no", "x")
    state, events = after_failure(Told(PLACE), error.message, NOW)
    assert [event.event for event in events] == [HookKind.LINE_LOST]
    assert after_failure(state, error.message, NOW)[1] == ()
    assert after_status(state, status(reached=False), THRESHOLDS)[1] == ()


def test_an_event_names_its_database_and_a_command_that_works_as_printed() -> None:
    event = told(status(waiting=[WAIT]))[0][0]
    assert (event.database, event.host, event.next_action) == (
        TARGET.database,
        TARGET.host,
        "cutter-console --root /r x r1",
    )
    assert event.waits_for == "the sovereign"


def test_a_gate_that_turns_red_is_told_once_until_it_is_another_colour() -> None:
    board = fake_gates.board(NOW, {})
    gate = next(gate for gate in board.gates if gate.outcome is Outcome.PASS)

    def with_outcome(outcome: Outcome) -> object:
        changed = gate.model_copy(update={"outcome": outcome})
        return board.model_copy(update={"gates": (changed,)})

    state, all_kinds = Told(PLACE), []
    for outcome in (
        Outcome.PASS,
        Outcome.FAIL,
        Outcome.FAIL,
        Outcome.INCONCLUSIVE,
        Outcome.FAIL,
        Outcome.PASS,
        Outcome.FAIL,
    ):
        state, events = after_board(state, with_outcome(outcome))  # type: ignore[arg-type]
        all_kinds.append([(event.gate, event.is_new) for event in events])
    assert all_kinds == [[], [(gate.gate, True)], [], [], [], [], [(gate.gate, True)]]


def test_a_gate_whose_colour_was_not_known_yet_is_not_told_as_new() -> None:
    board = fake_gates.board(NOW, {})
    first, second = (gate.model_copy(update={"outcome": Outcome.FAIL}) for gate in board.gates[:2])
    unknown = second.model_copy(update={"outcome": Outcome.INCONCLUSIVE})
    state, new = Told(PLACE), []
    for gates in ((first,), (first, unknown), (first, second)):
        state, events = after_board(state, board.model_copy(update={"gates": gates}))
        new += [(event.gate, event.is_new) for event in events]
    assert new == [(first.gate, False), (second.gate, False)]


@pytest.mark.parametrize("secret", ["\x1b[2J", "\u202e"])
def test_an_event_is_inert_and_its_schema_names_every_field(secret: str) -> None:
    event = told(status(HOLD.model_copy(update={"reason": f"x{secret}"})))[0][0]
    assert secret not in event.model_dump_json()
    schema = HookEvent.model_json_schema(mode="serialization")
    dumped = json.loads(event.model_dump_json())
    assert set(dumped) == set(schema["properties"])
    assert {"event", "id", "at", "is_new", "sentence"} <= set(schema["required"])
    assert schema["additionalProperties"] is False
    assert datetime.fromisoformat(dumped["at"]) == NOW
