"""Words for a row of the fleet, the same in the command and on the screen; pure."""

from datetime import datetime

from console.backend.model.fleet import FleetRow
from console.backend.model.view_models import SwitchState, SwitchView

NOT_KNOWN = "not known"


def switch_words(switch: SwitchView) -> str:
    """Return the switch in words."""
    match switch.state:
        case SwitchState.ARMED:
            until = f" until {switch.expires_at:%H:%M:%S} UTC" if switch.expires_at is not None else ""
            return f"ARMED{until} for {switch.run_id}"
        case SwitchState.HOLD:
            return f"HOLD since {switch.since:%Y-%m-%d %H:%M} UTC" if switch.since is not None else "HOLD"
        case SwitchState.OFF:
            return "off"
        case SwitchState.UNREADABLE:
            return NOT_KNOWN


def counts_words(row: FleetRow) -> str:
    """Return the rows of the tables that readers see, in their order; one that could not be read is `?`, never 0."""
    if row.status is None or row.status.target is None:
        return NOT_KNOWN
    return "/".join("?" if count.rows is None else str(count.rows) for count in row.status.counts[:3])


def waits_words(row: FleetRow) -> str:
    """Return how much waits for a person."""
    return str(row.waits) if row.status is not None and row.status.target is not None else NOT_KNOWN


def measured_words(row: FleetRow, now: datetime) -> str:
    """Return how old the row is; for one without an answer, when there was one."""
    last = row.last_measured_at
    if last is None:
        return "never"
    words = _ago(max(0, round((now - last).total_seconds())))
    return words if row.status is not None and row.status.target is not None else f"last {words}"


def _ago(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} s ago"
    return f"{seconds // 60} min ago" if seconds < 7200 else f"{seconds // 3600} h ago"
