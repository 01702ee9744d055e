"""The kill switch: off unless armed; stopping needs no authority, starting needs everything."""

import os
import shlex
import stat
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple, NoReturn

import psycopg

from console.backend.host.hold_file import not_plain
from console.backend.host.installation import Installation
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import CutterError, Held, Refused, StopCode, UsageError
from console.backend.model.holds import ReleaseStep
from console.backend.model.purposes import Purpose
from console.backend.model.reasons import kept_reason
from console.backend.model.safe_text import safe_text
from console.backend.model.view_models import SwitchState, SwitchView
from console.backend.postgres import ledger
from console.backend.postgres.asking import Answer, Asking, Question
from console.backend.postgres.connections import connect
from console.backend.postgres.effects import Effect, own_lease_end, own_release
from console.backend.postgres.holds import newest_set, others_write, shown
from console.backend.postgres.records import HoldRow, LeaseRow, current_hold, open_lease
from console.backend.runs.hold_file import FILE_S, MOST_BY, HoldFile
from console.backend.runs.other_layout import NOT_INSTALLED, is_elsewhere
from console.backend.runs.settling import commit_alone

_HOLD_BYTES = 4096
"""Bytes of the HOLD file that are read."""
_LOOKS, _PAUSE_S = 15, 0.2
"""Looks, and the seconds between two, until it is said that another session is in the way."""
RELEASE = "cutter-console hold release --confirm RELEASE"
_RELEASED = "released by hand"
_SEEN = "+"


def measure_switch(installation: Installation) -> SwitchView:
    """Measure the switch in file and database. If it cannot be read it is UNREADABLE, which counts as off."""
    return combined(installation, hold_in_file(installation), measure_in_database(installation))


def measure_in_database(installation: Installation) -> SwitchView:
    """Measure the switch in the database; UNREADABLE if the database does not answer."""
    try:
        return read_switch(installation).view
    except CutterError as error:
        return no_switch() if is_elsewhere(installation, error) else unreadable(error)


class SwitchRows(NamedTuple):
    """The HOLD and the open lease that the database has, as they were read together."""

    hold: HoldRow | None
    lease: LeaseRow | None

    @property
    def view(self) -> SwitchView:
        """Return the switch that they make, without the HOLD file of this host."""
        return switch_of(self.hold, self.lease)


def read_switch(installation: Installation) -> SwitchRows:
    """Return what the database has of the switch, asked as the monitoring role. Raises CutterError if it does not answer."""
    monitor = installation.settings.database.monitor
    with connect(monitor, read_only=True, timeout_s=5, purpose="switch") as connection:
        return switch_rows(connection)


def switch_rows(connection: psycopg.Connection) -> SwitchRows:
    """Return the HOLD and the open lease, asked in one exchange."""
    with Asking(connection) as asking:
        hold, lease = asking.ask(current_hold), asking.ask(open_lease)
    return SwitchRows(hold.value, lease.value)


def no_switch() -> SwitchView:
    """Return the switch of a database in which nothing of this console is installed: nothing in it can be armed."""
    reason = f"{NOT_INSTALLED}: no lease and no HOLD can stand in it, nothing can be armed"
    return SwitchView(state=SwitchState.UNREADABLE, reason=reason, clears_with="cutter-console adopt inspect")


def combined(installation: Installation, in_file: SwitchView | None, in_database: SwitchView) -> SwitchView:
    """Pure: one switch out of two. A HOLD in one place alone says so, with the command that makes it whole."""
    if in_file is None:
        has_hold = None if in_database.state is SwitchState.UNREADABLE else in_database.state is SwitchState.HOLD
        return in_database.model_copy(update={"in_file": False, "in_database": has_hold})
    if in_file.state is not SwitchState.HOLD:
        return in_file
    if in_database.state is SwitchState.HOLD:
        # Of one HOLD in both places, the time that every host has is the database's; the file's is of this host alone.
        is_one = in_database.reason == in_file.reason
        since = in_database.since if is_one else in_file.since
        return in_file.model_copy(update={"in_database": True, "run_id": in_database.run_id, "since": since})
    is_known = in_database.state is not SwitchState.UNREADABLE
    incomplete = (
        f"only {installation.hold_file} sets it: consoles of this host are stopped, the database has no HOLD"
        if is_known
        else f"{installation.hold_file} sets it; whether the database has a HOLD is not known: {in_database.reason}"
    )
    return in_file.model_copy(
        update={
            "in_database": False if is_known else None,
            "incomplete": safe_text(incomplete),
            "complete_with": f"cutter-console panic --reason {shlex.quote(in_file.reason)}",
        }
    )


def unreadable(error: CutterError) -> SwitchView:
    """Return a switch of unknown state, with the error as its reason, and what repairs that."""
    return SwitchView(state=SwitchState.UNREADABLE, reason=error.message, clears_with=error.next_action)


def switch_of(hold: HoldRow | None, lease: LeaseRow | None) -> SwitchView:
    """Pure: the switch as the database has it."""
    if hold is not None:
        return SwitchView(
            state=SwitchState.HOLD,
            run_id=hold.run_id or "",
            by=hold.by,
            since=hold.at,
            reason=kept_reason(hold.reason)[0],
            clears_with=RELEASE,
        )
    if lease is None:
        return SwitchView(state=SwitchState.OFF)
    return SwitchView(
        state=SwitchState.ARMED,
        run_id=lease.run_id,
        purpose=lease.purpose,
        by=f"{lease.operator} on {lease.host}",
        since=lease.armed_at,
        expires_at=lease.expires_at,
        is_taken=lease.taken_at is not None,
        clears_with="cutter-console disarm",
    )


def require_no_hold(installation: Installation, in_database: SwitchView | None = None) -> None:
    """Raise Held, naming who set the HOLD, why and since when; also if the file cannot be examined.

    `in_database` is the switch in the database, if the caller has just read it.
    """
    # The file alone stops this host: it is asked first, because the database may not answer.
    in_file = hold_in_file(installation)
    switch = in_file or combined(installation, None, in_database or measure_in_database(installation))
    if switch.state is SwitchState.HOLD:
        message = f"a HOLD is set by {switch.by or 'the HOLD file'} since {_time_text(switch)}: {switch.reason}"
        raise Held(StopCode.HOLD, message, f"Find out why, then: {RELEASE}")
    if in_file is not None:
        raise Held(StopCode.HOLD, f"it is not known whether a HOLD is set: {in_file.reason}", in_file.clears_with)


def switch_without_hold(installation: Installation) -> SwitchRows:
    """Return the switch in the database. Raises Held as `require_no_hold` does, CutterError if the database does not answer."""
    # The file first, here too: it stops this host though the database does not answer.
    if hold_in_file(installation) is not None:
        require_no_hold(installation)
    switch = read_switch(installation)
    require_no_hold(installation, switch.view)
    return switch


def armed_for(installation: Installation, run_id: str, purpose: Purpose) -> bool:
    """Return whether the switch is armed for this run and purpose: asked as the monitoring role, before any that could write."""
    return is_for(_open_lease(installation), run_id, purpose)


def is_for(lease: LeaseRow | None, run_id: str, purpose: Purpose) -> bool:
    """Return whether this lease is one of this run, or batch, for this purpose. Pure."""
    return lease is not None and (lease.run_id, lease.purpose) == (run_id, purpose)


def _open_lease(installation: Installation) -> LeaseRow | None:
    with connect(installation.settings.database.monitor, read_only=True, purpose="lease") as connection:
        return open_lease(connection)


def disarm(installation: Installation, reason: str) -> SwitchView:
    """End the lease, whoever holds it, and read the switch back.

    The database skips a lease that another session has locked, because a stop waits for nobody there; it is asked
    again for some seconds. Raises Refused (LOCKED) if the switch is still armed then.
    """
    for look in range(_LOOKS):
        time.sleep(_PAUSE_S if look else 0.0)
        ended = commit_alone(
            installation, "disarm", lambda connection: _end_lease(connection, reason), replicated=False, at_once=True
        )
        switch = measure_switch(installation)
        if ended is not None or switch.state is not SwitchState.ARMED:
            return switch
    raise Refused(
        StopCode.LOCKED,
        f"the switch is still armed for run {switch.run_id}: another session has its lease locked",
        f"Again: {switch.clears_with}; or stop everything: cutter-console panic",
    )


def _end_lease(connection: psycopg.Connection, reason: str) -> Effect | None:
    """End the open lease; None if there is none, or if it was left to another session."""
    return _ended(connection, partial(ledger.disarm, reason=reason))


def disarm_run(installation: Installation, run_id: str, reason: str, holder_pid: int | None = None) -> None:
    """End this run's lease, unless another session than `holder_pid` has taken it up. Raises CutterError if it cannot.

    A caller that held no lease looks as the monitoring role first: while the switch is off, no session that could write is opened.
    """
    if holder_pid is None:
        lease = _open_lease(installation)
        if lease is None or lease.run_id != run_id:
            return

    end: Question[None] = partial(ledger.disarm_run, run_id=run_id, reason=reason, holder_pid=holder_pid)
    commit_alone(installation, "disarm", lambda connection: _ended(connection, end), replicated=False, at_once=True)


def _ended(connection: psycopg.Connection, end: Question[None]) -> Effect | None:
    """End a lease by this statement, and return the row that shows it; None if it has ended none."""
    with Asking(connection) as asking:
        asking.ask(end)
        ended = asking.ask(own_lease_end)
    return ended.value


def release_steps(installation: Installation) -> tuple[ReleaseStep, ...]:
    """Return what `release_hold` does, in its order: the effects, and the statement and call that have them."""
    return (
        ReleaseStep(
            effect="Clears the HOLD in the database; the ledger keeps who released it, and when.",
            runs=shown(ledger.RELEASE_HOLD, _RELEASED, installation.operator),
        ),
        ReleaseStep(effect="Removes the HOLD file of this host.", runs=f"unlink {installation.hold_file}"),
    )


def seen_hold(in_file: SwitchView | None, in_database: SwitchView) -> str:
    """Pure: a text that tells the HOLD of these two places from every other one, and from none."""
    return _SEEN.join((_told_apart(in_file), _told_apart(in_database)))


def _told_apart(switch: SwitchView | None) -> str:
    """Return a digest of a HOLD; empty if there is none."""
    if switch is None or switch.state is not SwitchState.HOLD:
        return ""
    return sha256_hex("\0".join((switch.run_id, switch.by, str(switch.since), switch.reason)).encode())


def _require_seen(switch: SwitchView | None, digest: str | None, released: str = "nothing was released") -> None:
    """Raise Held if there is a HOLD, and it is not the one of this digest; None: any may be released."""
    if switch is not None and digest is not None and _told_apart(switch) not in {"", digest}:
        message = f"{released}: the HOLD is not the one that was shown. It was set by {switch.by} at {_time_text(switch)}: {switch.reason}"
        raise Held(StopCode.HOLD, message, f"Find out why it was set, then: {RELEASE}")


def release_hold(installation: Installation, confirm: str, seen: str = "") -> SwitchView:
    """Clear the HOLD in file and database, after the word RELEASE was typed; the record keeps who did it.

    `seen` is that of `seen_hold`, of the HOLD that was shown: one that was set since is not released. Raises Held then.
    """
    if confirm != "RELEASE":
        raise UsageError(StopCode.HOLD, "the HOLD is released by typing RELEASE", RELEASE)
    file_seen, _, database_seen = seen.partition(_SEEN) if seen else (None, "", None)
    _require_seen(hold_in_file(installation), file_seen)

    in_database = "; there was none in the database"

    def release(connection: psycopg.Connection) -> Effect | None:
        nonlocal in_database
        hold = current_hold(connection)
        if hold is None:
            return None
        in_database = "; the former one in the database was released"
        _require_seen(switch_of(hold, None), database_seen)
        with Asking(connection) as asking:
            asking.ask(lambda connection: ledger.release_hold(connection, _RELEASED, installation.operator))
            looked = asking.ask(others_write), asking.ask(newest_set)
        _require_newest(connection, hold, *looked)
        return own_release(connection)

    try:
        commit_alone(installation, "release", release)
    except CutterError as error:
        # A database of another layout can have no HOLD of this console: the file alone is one there.
        if not is_elsewhere(installation, error):
            raise
        in_database = ""
    # Once more: a HOLD that was set meanwhile is in the file first.
    _require_seen(hold_in_file(installation), file_seen, f"the HOLD stays on this host{in_database}")
    # The database first: if the file cannot be removed, consoles of this host stay stopped.
    try:
        installation.hold_file.unlink(missing_ok=True)
    except OSError as error:
        # A file system that only reads refuses the removal of what is not there, too.
        if hold_in_file(installation) is None:
            return measure_switch(installation)
        raise Held(
            StopCode.HOLD,
            f"the HOLD stays on this host, its file cannot be removed: {installation.hold_file}: {error.strerror}{in_database}",
            f"Inspect it and remove it by hand: ls -la {shlex.quote(str(installation.hold_file))}",
        ) from error
    return measure_switch(installation)


def _require_newest(
    connection: psycopg.Connection, hold: HoldRow, others: Answer[bool], newest: Answer[HoldRow | None]
) -> None:
    """Raise Held if another HOLD than this one comes before the release that the open transaction has written.

    Which HOLD stands is told by the newest row. One that is being set by another host can have the lower number and be
    committed later: this waits for it. A stop waits for no release.
    """
    for _ in range(_LOOKS):
        if not others.value:
            break
        time.sleep(_PAUSE_S)
        with Asking(connection) as asking:
            others, newest = asking.ask(others_write), asking.ask(newest_set)
    else:
        message = "nothing was released: another session is setting or releasing a HOLD, and is not over"
        raise Held(StopCode.HOLD, message, f"Look again, then: {RELEASE}")
    _require_seen(switch_of(newest.value, None), _told_apart(switch_of(hold, None)))


def stop_under_hold(installation: Installation, code: StopCode, message: str, run_id: str) -> NoReturn:
    """Set a HOLD because of what was found in a run, and raise Held with what was found; see `set_hold`."""
    held = set_hold(installation, code, message, run_id)
    raise held or Held(code, message, "Find out what changed, then release the HOLD.")


def set_hold(installation: Installation, code: StopCode, message: str, run_id: str) -> Held | None:
    """Set a HOLD in the file and in the database. One of the two is enough.

    Returns the error that says that neither could be set, with the command that sets one; None if one is set.
    """
    reason, _ = kept_reason(message)
    # The file first: it needs no database, and stops consoles of this host at once.
    file = HoldFile(installation, reason)
    file.problem(FILE_S)
    try:
        with connect(installation.settings.database.executor, purpose="hold") as connection:
            ledger.set_hold(connection, reason, installation.operator, run_id)
    except CutterError as error:
        # Asked again: what took long to be written may be there by now. Looking for the file itself would hang where the write does.
        is_answered, not_written = file.is_answered, file.problem(0)
        if not_written and (not is_answered or hold_in_file(installation) is None):
            stop = f"Stop everything: cutter-console panic --reason {shlex.quote(reason)}. Find out what changed, then release the HOLD."
            return Held(code, f"{message}; NO HOLD could be set: {not_written}; {error.message}", stop)
    return None


def hold_in_file(installation: Installation) -> SwitchView | None:
    """Return the HOLD that the file sets, whatever the database says; None if there is nothing of that name.

    Any directory entry of that name counts, whatever its type, dangling links included. At most its beginning is
    read, and a link is not followed: what it leads to is not shown.
    """
    try:
        since = datetime.fromtimestamp(installation.hold_file.lstat().st_mtime, UTC)
    except FileNotFoundError:
        return None
    except OSError as error:
        return SwitchView(
            state=SwitchState.UNREADABLE,
            reason=f"{installation.hold_file}: {error.strerror}",
            clears_with="Make it readable.",
        )
    reason, by = _read_hold_file(installation.hold_file)
    return SwitchView(
        state=SwitchState.HOLD,
        by=by or "a file made by hand",
        since=since,
        reason=reason or "no reason given",
        clears_with=RELEASE,
        in_file=True,
    )


def _read_hold_file(path: Path) -> tuple[str, str]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return f"what is there cannot be read: {not_plain(str(path), error)}", ""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return "what is there cannot be read: it is not a regular file", ""
        # Only its beginning: a file of any size may have been put there.
        reason, _, by = os.read(descriptor, _HOLD_BYTES).decode("utf-8", "replace").partition("\n")
    except OSError as error:
        return f"what is there cannot be read: {error.strerror}", ""
    finally:
        os.close(descriptor)
    return kept_reason(reason)[0], kept_reason(by)[0][:MOST_BY]


def _time_text(switch: SwitchView) -> str:
    return f"{switch.since:%Y-%m-%d %H:%M:%S} UTC" if switch.since else "an unknown time"
