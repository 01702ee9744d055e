"""Events that hooks are told, and the pure decision which of them are new: each is told once, not at each measurement."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from pydantic import ConfigDict, Field

from console.backend.model.full_command import Full
from console.backend.model.hook_kinds import HookKind
from console.backend.model.outcome import Outcome
from console.backend.model.readiness import Board
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.model.view_models import Status, SwitchState, SwitchView, WaitView


class HookEvent(Value):
    """One event, as a hook reads it on its standard input: one JSON object on one line."""

    model_config = ConfigDict(serialize_by_alias=True)

    form: Literal["cutter-console/hook-event/1"] = Field(default="cutter-console/hook-event/1", alias="schema")
    event: HookKind
    id: str
    """The same for the same event of the same database, whoever tells it and however often he was started."""
    at: datetime
    is_new: bool
    """False for what was so already when the one who tells it began to measure."""
    sentence: SafeText
    root: SafeText = ""
    installation: SafeText = ""
    """Name behind -P; empty without one."""
    database: SafeText = ""
    """Empty if it has not been reached yet."""
    host: SafeText = ""
    run_id: SafeText = ""
    gate: str = ""
    waits_for: SafeText = ""
    since: datetime | None = None
    expires_at: datetime | None = None
    next_action: SafeText = ""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Times from which on something is an event."""

    expires_soon: timedelta
    armed_too_long: timedelta


@dataclass(frozen=True, slots=True)
class Place:
    """Installation that events are of, with the database that was reached last."""

    root: str
    name: str = ""
    full: Full = str
    database: str = ""
    host: str = ""
    system: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """State of the one who tells: what stands and has been told. It is kept in memory alone."""

    place: Place
    has_begun: bool = False
    has_reached: bool = False
    """False until the database has answered: what it says first may have been so for long."""
    ids: frozenset[str] = frozenset()
    """Waits, expiries and armed switches that were told, and still stand."""
    hold: SwitchView | None = None
    """HOLD that was told; None if there is none."""
    is_lost: bool = False
    red: frozenset[str] = frozenset()
    """Gates that were told to be red."""
    seen: frozenset[str] = frozenset()
    """Gates whose colour has been measured."""


News = tuple[Told, tuple[HookEvent, ...]]


def after_status(memory: Told, status: Status, thresholds: Thresholds) -> News:
    """Pure: what this measurement tells that was not told before."""
    if status.target is None:
        held, events = _hold_news(memory, status)
        memory, lost = after_failure(held, str(status.unreachable), status.measured_at)
        return memory, (*lost, *events)
    target = status.target
    place = replace(
        memory.place,
        database=f"{target.database}",
        host=f"{target.host}",
        system=f"{target.system_identifier} {target.database}",
    )
    memory = replace(memory, place=place)
    back: tuple[HookEvent, ...] = ()
    if memory.is_lost:
        back = (_event(memory, HookKind.LINE_BACK, "", status.measured_at, sentence="the database answers again"),)
    memory, hold = _hold_news(replace(memory, is_lost=False), status)
    standing = {event.id: event for event in _standing(memory, status, thresholds)}
    events = tuple(event for name, event in standing.items() if name not in memory.ids)
    memory = replace(memory, ids=frozenset(standing), has_begun=True, has_reached=True)
    return memory, (*back, *hold, *events)


def after_failure(memory: Told, reason: str, at: datetime) -> News:
    """Pure: what a measurement tells that did not succeed. What was told before is not known to be over."""
    if memory.is_lost:
        return memory, ()
    event = _event(memory, HookKind.LINE_LOST, f"{at}", at, sentence=f"the database cannot be measured: {reason}")
    return replace(memory, is_lost=True, has_begun=True), (event,)


def after_board(memory: Told, board: Board) -> News:
    """Pure: the gates that have turned red. One that could not be measured keeps the colour that it had."""
    failed = [gate for gate in board.gates if gate.outcome is Outcome.FAIL]
    known = {gate.gate for gate in board.gates if gate.outcome not in {Outcome.INCONCLUSIVE, Outcome.NOT_RUN}}
    events = tuple(
        _event(
            memory,
            HookKind.GATE_RED,
            f"{gate.gate} {gate.detail}",
            gate.measured_at,
            is_new=gate.gate in memory.seen,
            sentence=f"{gate.gate} {gate.title} is FAIL: {gate.detail}",
            gate=gate.gate,
            next_action=str(gate.next_action),
        )
        for gate in failed
        if gate.gate not in memory.red
    )
    red = (memory.red - known) | {gate.gate for gate in failed}
    return replace(memory, red=red, seen=memory.seen | known), events


def trial_event(place: Place, at: datetime) -> HookEvent:
    """Return the event that a test of the hooks sends."""
    sentence = "this is a test of the hooks: nothing has happened"
    return _event(Told(place, has_begun=True), HookKind.TEST, f"{at}", at, sentence=sentence)


def _hold_news(memory: Told, status: Status) -> News:
    """Return what is new about the HOLD."""
    switch = status.switch
    if switch.state is SwitchState.HOLD:
        if memory.hold is not None and _is_same_hold(memory.hold, switch):
            # The time of the place that it is measured at now.
            return replace(memory, hold=switch), ()
        event = _event(
            memory,
            HookKind.HOLD_SET,
            f"{switch.reason} {switch.since}",
            status.measured_at,
            is_new=memory.has_begun if switch.in_file else memory.has_reached,
            sentence=f"HOLD, set by {switch.by or 'the HOLD file'}: {switch.reason}",
            run_id=switch.run_id,
            since=switch.since,
            next_action=switch.clears_with,
        )
        return replace(memory, hold=switch), (event,)
    # Without the database it is not known if it is over.
    if memory.hold is None or status.target is None or switch.state is SwitchState.UNREADABLE:
        return memory, ()
    sentence = f"the HOLD was released: {memory.hold.reason}"
    event = _event(memory, HookKind.HOLD_RELEASED, f"{status.measured_at}", status.measured_at, sentence=sentence)
    return replace(memory, hold=None), (event,)


def _is_same_hold(earlier: SwitchView, switch: SwitchView) -> bool:
    """Return whether it is the HOLD that was told: for its reason, and since its time, which file and database each have their own of."""
    places = [(bool(seen.in_file), bool(seen.in_database)) for seen in (earlier, switch)]
    is_elsewhere = places[0] != places[1]
    return earlier.reason == switch.reason and (is_elsewhere or earlier.since == switch.since)


def _standing(memory: Told, status: Status, thresholds: Thresholds) -> Iterator[HookEvent]:
    """Yield an event for each thing that is so now, whether it was told or not."""
    switch, now = status.switch, status.measured_at
    for wait in status.waiting:
        # The HOLD itself has its own event.
        if switch.state is SwitchState.HOLD and wait.next_action == switch.clears_with:
            continue
        yield _wait_event(memory, HookKind.WAITING, _subject(wait), wait, now)
        if wait.expires_at is not None and wait.expires_at - now <= thresholds.expires_soon:
            yield _wait_event(memory, HookKind.EXPIRES_SOON, f"{_subject(wait)} {wait.expires_at}", wait, now)
    if (
        switch.state is SwitchState.ARMED
        and switch.since is not None
        and now - switch.since >= thresholds.armed_too_long
    ):
        yield _event(
            memory,
            HookKind.ARMED_TOO_LONG,
            f"{switch.run_id} {switch.since}",
            now,
            is_new=memory.has_reached,
            sentence=f"the switch is armed since {switch.since:%Y-%m-%d %H:%M:%S} UTC, by {switch.by}",
            run_id=switch.run_id,
            since=switch.since,
            expires_at=switch.expires_at,
            next_action=switch.clears_with,
        )


def _subject(wait: WaitView) -> str:
    """Return what makes a wait the same one: its command names run or batch, and step. A batch's words and time follow its members."""
    of_run = "" if "ictb-" in wait.next_action else f"{wait.since} {wait.run_id}"
    return f"{wait.waits_for} {wait.next_action} {of_run}"


def _wait_event(memory: Told, kind: HookKind, subject: str, wait: WaitView, now: datetime) -> HookEvent:
    sentence = f"{wait.what}; waits for {wait.waits_for}"
    if kind is HookKind.EXPIRES_SOON:
        sentence = f"expires at {wait.expires_at:%Y-%m-%d %H:%M:%S} UTC: {wait.what}"
    return _event(
        memory,
        kind,
        subject,
        now,
        is_new=memory.has_reached,
        sentence=sentence,
        run_id=wait.run_id,
        waits_for=wait.waits_for,
        since=wait.since,
        expires_at=wait.expires_at,
        next_action=wait.next_action,
    )


def _event(
    memory: Told,
    kind: HookKind,
    subject: str,
    at: datetime,
    *,
    sentence: str,
    is_new: bool | None = None,
    run_id: str = "",
    gate: str = "",
    waits_for: str = "",
    since: datetime | None = None,
    expires_at: datetime | None = None,
    next_action: str = "",
) -> HookEvent:
    place = memory.place
    name = f"{kind}\0{place.system or place.root}\0{subject or at}"
    return HookEvent(
        event=kind,
        id=hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:32],
        at=at,
        is_new=memory.has_begun if is_new is None else is_new,
        sentence=sentence,
        root=place.root,
        installation=place.name,
        database=place.database,
        host=place.host,
        run_id=run_id,
        gate=gate,
        waits_for=waits_for,
        since=since,
        expires_at=expires_at,
        next_action=place.full(next_action),
    )
