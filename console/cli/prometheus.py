"""The status as metrics in Prometheus's text format: pure. What was not measured has no sample, never a zero."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from console import __version__
from console.backend.model.redaction import redact
from console.backend.model.safe_text import safe_text
from console.backend.model.view_models import Status, SwitchState

_PREFIX = "cutter_console_"
_READABLE = frozenset(SwitchState) - {SwitchState.UNREADABLE}
Sample = tuple[Mapping[str, str], float]


@dataclass(frozen=True)
class Gauge:
    """One metric: its name without the prefix, its help, and its samples by labels."""

    name: str
    help: str
    samples: tuple[Sample, ...]


def exposition(status: Status, last_backup_at: datetime | None, name: str = "") -> str:
    """Return the metrics of a status; `name` is that of the installation, if it was named."""
    return "".join(_text(gauge) for gauge in gauges(status, last_backup_at, name) if gauge.samples)


def gauges(status: Status, last_backup_at: datetime | None, name: str = "") -> tuple[Gauge, ...]:
    """Return every metric; one that was not measured has no samples."""
    now, switch = status.measured_at, status.switch
    waits = status.waiting if status.target is not None else None
    since = [wait.since for wait in waits or () if wait.since is not None and wait.run_id]
    ages = {
        "lease_seconds_remaining": _seconds(now, switch.expires_at) if switch.state is SwitchState.ARMED else None,
        "oldest_wait_seconds": _seconds(min(since), now) if since else None,
        "last_backup_age_seconds": _seconds(last_backup_at, now),
    }
    return (
        Gauge("up", "1 if the database answered.", _one(float(status.target is not None))),
        Gauge("info", "Identity of what was measured; always 1.", ((_identity(status, name), 1.0),)),
        Gauge("measured_timestamp_seconds", "Time of the measurement, in Unix time.", _one(now.timestamp())),
        Gauge(
            "switch_state",
            "1 for the state that the kill switch has; unreadable is not known, and has no other sample.",
            tuple(
                ({"state": state.value.lower()}, float(switch.state is state))
                for state in SwitchState
                if switch.state in {state, *_READABLE}
            ),
        ),
        Gauge(
            "lease_seconds_remaining",
            "Time that the switch stays armed; only while it is armed.",
            _age(ages["lease_seconds_remaining"]),
        ),
        Gauge(
            "table_rows",
            "Rows of a table; only of tables that could be read.",
            tuple(({"table": count.table}, float(count.rows)) for count in status.counts if count.rows is not None),
        ),
        Gauge(
            "runs_waiting",
            "Runs that wait for a person.",
            _one(float(len({wait.run_id for wait in waits if wait.run_id}))) if waits is not None else (),
        ),
        Gauge(
            "oldest_wait_seconds",
            "Time that the oldest of them has waited; only if one waits.",
            _age(ages["oldest_wait_seconds"]),
        ),
        Gauge(
            "last_backup_age_seconds",
            "Time since the last backup was proven, by the ledger; only if there is one.",
            _age(ages["last_backup_age_seconds"]),
        ),
    )


def _identity(status: Status, name: str) -> Mapping[str, str]:
    target = status.target
    known = {
        "version": __version__,
        "installation": name,
        "root": status.root,
        "database": target.database if target is not None else "",
        "host": target.host if target is not None else "",
        "system_identifier": target.system_identifier if target is not None else "",
        "timeline": str(target.timeline) if target is not None else "",
        "server_version": status.server_version,
    }
    # An empty label is the same as none.
    return {label: value for label, value in known.items() if value}


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start).total_seconds() if start is not None and end is not None else None


def _one(value: float) -> tuple[Sample, ...]:
    return (({}, value),)


def _age(seconds: float | None) -> tuple[Sample, ...]:
    """Return an age that is known; two clocks may disagree, and none is below 0."""
    return () if seconds is None else _one(max(0.0, seconds))


def _text(gauge: Gauge) -> str:
    name = _PREFIX + gauge.name
    lines = [f"# HELP {name} {gauge.help}", f"# TYPE {name} gauge"]
    lines += [f"{name}{_labels(labels)} {value!r}" for labels, value in gauge.samples]
    return "".join(f"{line}\n" for line in lines)


def _labels(labels: Mapping[str, str]) -> str:
    return f"{{{','.join(_pairs(labels.items()))}}}" if labels else ""


def _pairs(labels: Iterable[tuple[str, str]]) -> Iterable[str]:
    for label, value in labels:
        inert = safe_text(redact(value))
        escaped = inert.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        yield f'{label}="{escaped}"'
