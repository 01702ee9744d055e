"""The kill switch: off unless armed; stopping needs no authority, starting needs everything (design section 8)."""

import contextlib
import os
from datetime import UTC, datetime

from console.backend.database import ledger
from console.backend.database.connections import connect
from console.backend.database.records import HoldRow, LeaseRow, current_hold, open_lease
from console.backend.errors import CutterError, Held, Refused, StopCode
from console.backend.regular_file import read_regular
from console.backend.runs.site import Site
from console.backend.safe_text import safe_text
from console.backend.views import SwitchState, SwitchView

_HOLD_BYTES = 65536
MAX_REASON = 500
"""Characters of a reason that the database stores."""
RELEASE = "cutter-console hold release --confirm RELEASE"


def measure_switch(site: Site) -> SwitchView:
    """The switch as it is now. Where it cannot be read it is UNREADABLE, which counts as off."""
    file_hold = hold_in_file(site)
    if file_hold is not None:
        return file_hold
    try:
        with connect(site.settings.database.monitor, read_only=True, timeout_s=5, purpose="switch") as connection:
            hold, lease = current_hold(connection), open_lease(connection)
    except CutterError as error:
        return unreadable(error)
    return switch_of(hold, lease)


def unreadable(error: CutterError) -> SwitchView:
    """What the database did not say about the switch, and why."""
    return SwitchView(state=SwitchState.UNREADABLE, reason=error.message, clears_with="Reach the database again.")


def switch_of(hold: HoldRow | None, lease: LeaseRow | None) -> SwitchView:
    """Pure: the switch as the database has it."""
    if hold is not None:
        return SwitchView(
            state=SwitchState.HOLD,
            run_id=hold.run_id or "",
            by=hold.by,
            since=hold.at,
            reason=hold.reason,
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
        clears_with="cutter-console disarm",
    )


def require_no_hold(site: Site) -> None:
    """Raises Held naming who set the HOLD, why and since when; also where it cannot be told whether the file sets one."""
    in_file = hold_in_file(site)
    switch = in_file or measure_switch(site)
    if switch.state is SwitchState.HOLD:
        message = f"a HOLD is set by {switch.by or 'the HOLD file'} since {_when(switch)}: {switch.reason}"
        raise Held(StopCode.HOLD, message, f"Find out why, then: {RELEASE}")
    if in_file is not None:
        raise Held(StopCode.HOLD, f"it cannot be told whether a HOLD is set: {in_file.reason}", in_file.clears_with)


def armed_for(site: Site, run_id: str, purpose: str) -> bool:
    """Whether the switch is armed for this run and purpose: asked as the monitoring role, before any that could write."""
    with connect(site.settings.database.monitor, read_only=True, purpose="lease") as connection:
        lease = open_lease(connection)
    return lease is not None and (lease.run_id, lease.purpose) == (run_id, purpose)


def arm(site: Site, run_id: str, purpose: str) -> None:
    """Open the lease; the database checks run, stage, ruling, backup and HOLD again."""
    require_no_hold(site)
    with connect(site.settings.database.executor, purpose="arm") as connection:
        ledger.arm(connection, run_id, purpose, site.operator, site.context.host, site.settings.lease_minutes)


def disarm(site: Site, reason: str) -> SwitchView:
    """End the lease, whoever holds it, and read the switch back (incident 24)."""
    with connect(site.settings.database.executor, purpose="disarm") as connection:
        ledger.disarm(connection, reason)
    return measure_switch(site)


def disarm_run(site: Site, run_id: str, reason: str) -> None:
    """End the lease where this run holds it. Out of the database's reach nothing is to be done: it expires by itself."""
    with contextlib.suppress(CutterError), connect(site.settings.database.executor, purpose="disarm") as connection:
        lease = open_lease(connection)
        if lease is not None and lease.run_id == run_id:
            ledger.disarm(connection, reason)


def panic(site: Site, reason: str) -> SwitchView:
    """HOLD file first, then HOLD, lease and running statements in the database; works without the database too.

    Raises Held only where neither the file nor the database could take the HOLD.
    """
    why = reason or "panic, no reason given"
    in_file = set_hold_file(site, why)
    try:
        with connect(site.settings.database.executor, timeout_s=5, purpose="panic") as connection:
            ledger.set_hold(connection, why, site.operator, None)
            ledger.disarm(connection, "panic")
            ledger.cancel_running(connection)
    except CutterError as error:
        if not in_file:
            raise Held(
                StopCode.PANIC, f"the HOLD could be set nowhere: {error.message}", f"By hand: touch {site.hold_file}"
            ) from error
    return measure_switch(site)


def release_hold(site: Site, confirm: str) -> SwitchView:
    """Clear the HOLD in file and database, after the word RELEASE was typed; the record keeps who did it."""
    if confirm != "RELEASE":
        raise Refused(StopCode.HOLD, "the HOLD is released by typing RELEASE", RELEASE)
    with connect(site.settings.database.executor, purpose="release") as connection:
        if current_hold(connection) is not None:
            ledger.release_hold(connection, "released by hand", site.operator)
    try:
        site.hold_file.unlink(missing_ok=True)
    except OSError as error:
        message = f"the HOLD stays: {site.hold_file}: {error.strerror}"
        raise Held(StopCode.HOLD, message, f"Look at it, take it away by hand: ls -la {site.hold_file}") from error
    return measure_switch(site)


def set_hold_file(site: Site, reason: str) -> bool:
    """Write the HOLD file, durably. False where the root cannot be written: the database's HOLD must do then."""
    try:
        descriptor = os.open(site.hold_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK, 0o640)
    except OSError:
        return False
    try:
        os.write(descriptor, f"{safe_text(reason)}\n{site.operator}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return True


def hold_in_file(site: Site) -> SwitchView | None:
    """The HOLD that the file sets, whatever the database says; None where there is nothing of that name.

    That it is there is what counts: a directory, a FIFO or a link into nowhere sets it too, whoever meant what by it.
    """
    try:
        since = datetime.fromtimestamp(site.hold_file.lstat().st_mtime, UTC)
    except FileNotFoundError:
        return None
    except OSError as error:
        return SwitchView(
            state=SwitchState.UNREADABLE, reason=f"{site.hold_file}: {error.strerror}", clears_with="Make it readable."
        )
    try:
        reason, _, by = read_regular(site.hold_file, _HOLD_BYTES).decode("utf-8", "replace").partition("\n")
    except OSError as error:
        reason, by = f"what is there cannot be read: {error.strerror}", ""
    return SwitchView(
        state=SwitchState.HOLD,
        by=by.strip() or "a file made by hand",
        since=since,
        reason=reason or "no reason given",
        clears_with=RELEASE,
    )


def _when(switch: SwitchView) -> str:
    return f"{switch.since:%Y-%m-%d %H:%M:%S} UTC" if switch.since else "an unknown time"
