"""G0: this is the pinned host, the pinned database and the pinned release; nothing of the console acts by itself."""

import os
from collections.abc import Callable
from pathlib import Path

from console.backend.gates.gate import Gate
from console.backend.gates.grants import grants, grants_check
from console.backend.gates.measurement import Measurement, Verdict, check, fails, partial, passes, unclear
from console.backend.gates.probe import Probe
from console.backend.host.settings import PinSettings
from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.outcome import Check
from console.backend.model.readiness import DriftReport, Owner
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.model.view_models import SwitchState, SwitchView
from console.backend.postgres.server import DatabaseRow
from console.backend.release.host_processes import ConsoleProcess, Scan, console_processes, cron_entries, service_units
from console.backend.release.pins import machine_id
from console.backend.release.verify import REPIN, TreeFinding, faults, first_names, measure_tree
from console.backend.runs import kill_switch

PIN = "cutter-console init --pin"
SWITCH = "switch"
"""Name of the question for the kill switch."""


class Pinned(Value):
    """One measured name beside its pin, which is empty if none is set."""

    actual: SafeText
    pinned: SafeText


class DatabaseFinding(Value):
    """The answering database, beside what is pinned."""

    database: SafeText
    system_identifier: str
    timeline: int
    """0 for a server in recovery."""
    in_recovery: bool
    pins: PinSettings


class Facts(Value):
    """The facts that G0 measures."""

    host: Measurement[Pinned]
    machine: Measurement[Pinned]
    tree: Measurement[TreeFinding]
    switch: Measurement[SwitchView]
    processes: Measurement[tuple[ConsoleProcess, ...]]
    units: Measurement[Scan]
    cron: Measurement[Scan]
    database: Measurement[DatabaseFinding]
    grants: Measurement[DriftReport]
    pinned_schema: str
    """Digest of the inventory that this host has pinned; empty if it has none."""


def measure(probe: Probe) -> Facts:
    """Ask the host, its files, the switch and the database."""
    context, pins = probe.installation.context, probe.installation.settings.pins
    return Facts(
        host=probe.ask(
            "host", "host name", "this host", lambda: Pinned(actual=context.host, pinned=pins.host), _actual
        ),
        machine=probe.ask(
            "machine-id",
            "machine id",
            str(context.filesystem / "etc/machine-id"),
            lambda: Pinned(actual=machine_id(context.filesystem), pinned=pins.machine_id),
            _actual,
        ),
        tree=deployed_tree(probe),
        switch=switch(probe),
        processes=processes(probe),
        units=units(probe),
        cron=cron(probe),
        database=database(probe),
        grants=grants(probe),
        pinned_schema=pins.schema_digest,
    )


def decide(facts: Facts) -> tuple[Check, ...]:
    """Pure: one check for each fact, and one for the pin of the inventory."""
    return (
        check("host name", facts.host, _host),
        check("machine id", facts.machine, _host),
        deployed_tree_check(facts.tree),
        switch_check(facts.switch),
        check("no other console", facts.processes, _no_process),
        check("no service unit", facts.units, _no_unit),
        check("no cron entry", facts.cron, _no_cron),
        database_check(facts.database),
        grants_check(facts.grants),
        check("inventory pinned", facts.grants, lambda drift: inventory_verdict(drift, facts.pinned_schema)),
    )


def deployed_tree(probe: Probe) -> Measurement[TreeFinding]:
    """Hash every file of the deployed console and compare it with the pinned manifest."""
    return probe.ask(
        "tree",
        "sha256 of every deployed file, and of the deploy manifest",
        str(probe.installation.context.package.parent),
        lambda: probe.once("deployed tree", lambda: measure_tree(probe.installation)),
        _tree_answer,
        digest=lambda tree: tree.manifest_sha256,
    )


def deployed_tree_check(fact: Measurement[TreeFinding]) -> Check:
    """Pure: PASS if the tree is the pinned release's, file by file."""
    return check("deployed tree", fact, _tree)


def switch(probe: Probe) -> Measurement[SwitchView]:
    """Measure the kill switch and the HOLD, in file and database."""
    return probe.ask(
        "switch",
        "lease and HOLD",
        f"{probe.installation.hold_file} and v_lease, v_hold",
        lambda: probe.once(SWITCH, lambda: kill_switch.measure_switch(probe.installation)),
        _switch_answer,
    )


def switch_check(fact: Measurement[SwitchView]) -> Check:
    """Pure: PASS if no lease is open and no HOLD is set."""
    return check("switch off", fact, _switch)


def database(probe: Probe) -> Measurement[DatabaseFinding]:
    """Return which database answers the monitoring role, and whether it can be written."""

    def ask() -> DatabaseFinding:
        return _database_finding(probe.answering(), probe.installation.settings.pins)

    return probe.ask(
        "database",
        "name, system identifier, timeline, recovery",
        "pg_control_system(), pg_walfile_name(), pg_is_in_recovery()",
        ask,
        lambda finding: (
            f"{finding.database}, system {finding.system_identifier}, timeline {finding.timeline or 'unknown'},"
            f" {'in recovery' if finding.in_recovery else 'not in recovery'}"
        ),
    )


def database_check(fact: Measurement[DatabaseFinding]) -> Check:
    """Pure: PASS for the pinned database, on the pinned timeline, if it is no standby."""
    return check("database", fact, _database)


def _database_finding(answer: DatabaseRow | None, pins: PinSettings) -> DatabaseFinding:
    if answer is None:
        raise Unmeasured(StopCode.UNREACHABLE, "the server does not say which it is", "See the server's log.")
    return DatabaseFinding.model_validate({**answer._asdict(), "pins": pins})


def processes(probe: Probe) -> Measurement[tuple[ConsoleProcess, ...]]:
    """List other processes of the console on this host."""
    installation = probe.installation
    return probe.ask(
        "processes",
        "other processes of the console",
        str(installation.context.filesystem / "proc"),
        lambda: console_processes(installation.context.filesystem, installation.root, os.getpid()),
        lambda consoles: "; ".join(_process_words(process) for process in consoles) or "none",
    )


def units(probe: Probe) -> Measurement[Scan]:
    """List service units, timers and start scripts that mention the console."""
    return _scanned(probe, "units", "service units, timers and start scripts that mention the console", service_units)


def cron(probe: Probe) -> Measurement[Scan]:
    """List cron entries and jobs of at that mention the console."""
    return _scanned(probe, "cron", "cron entries and jobs of at that mention the console", cron_entries)


def _scanned(probe: Probe, name: str, question: str, scan: Callable[[Path], Scan]) -> Measurement[Scan]:
    filesystem = probe.installation.context.filesystem
    return probe.ask(
        name,
        question,
        f"files below {filesystem}",
        lambda: scan(filesystem),
        lambda scanned: f"{', '.join(scanned.found) or 'none'} of {scanned.looked_at} files",
        otherwise="Ask as root: sudo cutter-console gates G0",
    )


def _actual(name: Pinned) -> str:
    return name.actual


def _tree_answer(tree: TreeFinding) -> str:
    counts = f"{tree.files_in_words}: {len(tree.missing)} missing, {len(tree.changed)} changed, {len(tree.extra)} extra"
    return counts if tree.release is not None else tree.unreadable or "no deploy manifest"


def _switch_answer(view: SwitchView) -> str:
    return " ".join(filter(None, (view.state.value, view.run_id, view.reason, view.incomplete)))


def _host(name: Pinned) -> Verdict:
    if not name.pinned:
        return fails(f"{name.actual} is not pinned", PIN)
    if name.actual != name.pinned:
        action = f"You are on another host: go to {name.pinned}. Only where this one is right: {REPIN}"
        return fails(f"this is {name.actual}, pinned is {name.pinned}", action)
    return passes(name.actual)


def inventory_verdict(drift: DriftReport, pinned: str) -> Verdict:
    """Pure: the database's inventory is the one that this host has pinned. Without a pin of its own the host would believe whatever inventory the database names as installed."""
    if not pinned:
        return fails(f"the inventory {drift.pinned_digest or 'of the database'} is not pinned on this host", PIN)
    if drift.pinned_digest != pinned:
        detail = f"the database names {drift.pinned_digest or 'none'} as installed, this host pins {pinned}"
        return fails(detail, f"Find out who migrated; only where it was right: {REPIN}")
    as_known = "as pinned here" if drift.of_another_layout else "as installed and as pinned here"
    return passes(f"{as_known}: digest {pinned}")


def _tree(tree: TreeFinding) -> Verdict:
    tree_faults = faults(tree)
    if tree_faults:
        return fails("; ".join(fault.detail for fault in tree_faults), tree_faults[0].next_action)
    release = f"version {tree.release.version}, {tree.release.origin}" if tree.release is not None else "no release"
    return passes(f"{tree.files_in_words}, as manifest {tree.manifest_sha256[:16]} has them: {release}")


def _switch(view: SwitchView) -> Verdict:
    match view.state:
        case SwitchState.OFF:
            return passes("off, no HOLD")
        case SwitchState.ARMED:
            until = f"{view.expires_at:%Y-%m-%d %H:%M:%S} UTC" if view.expires_at else "an unknown time"
            detail = f"armed for {view.run_id} ({view.purpose}) by {view.by} until {until}"
            return partial(detail, "Let the run end, or: cutter-console disarm")
        case SwitchState.HOLD:
            since = f"{view.since:%Y-%m-%d %H:%M:%S} UTC" if view.since else "an unknown time"
            detail = f"HOLD set by {view.by or 'nobody known'} since {since}: {view.reason}"
            if view.incomplete:
                action = f"Find out why, and make it whole: {view.complete_with}; then: {view.clears_with}"
                return fails(f"{detail}; {view.incomplete}", action)
            return fails(detail, f"Find out why, then: {view.clears_with}")
        case SwitchState.UNREADABLE:
            return unclear(f"the switch cannot be read: {view.reason}", view.clears_with)


def _process_words(process: ConsoleProcess) -> str:
    access = "only reads" if process.reads_only else "may write"
    place = ", on another root" if process.elsewhere else ""
    return f"pid {process.pid} ({process.words}; {access}; {'' if process.terminal else 'no '}terminal{place})"


def _no_process(consoles: tuple[ConsoleProcess, ...]) -> Verdict:
    on_this_root = [process for process in consoles if not process.elsewhere]
    daemons = [process for process in on_this_root if not (process.terminal or process.reads_only or process.demo)]
    if daemons:
        pid = daemons[0].pid
        detail = f"{first_names(tuple(map(_process_words, daemons)))} without an operator"
        return fails(detail, f"Find out who started it (ps -o lstart,ppid,args {pid}), then: kill {pid}")
    if on_this_root:
        action = f"Find its user (ps -o tty,user,lstart,args {on_this_root[0].pid}), and have it ended."
        return partial(first_names(tuple(map(_process_words, on_this_root))), action)
    return passes(f"none but this one ({len(consoles)} on other roots)" if consoles else "none but this one")


def _no_unit(scanned: Scan) -> Verdict:
    return _nothing_starts(scanned, "disable and remove it: systemctl disable --now UNIT")


def _no_cron(scanned: Scan) -> Verdict:
    return _nothing_starts(scanned, "take the entry out: crontab -e, or edit the file")


def _nothing_starts(scanned: Scan, repair: str) -> Verdict:
    if scanned.found:
        return fails(
            first_names(scanned.found), f"The console acts only by hand. Look at {scanned.found[0]}, then {repair}"
        )
    return passes(f"none in {scanned.looked_at} files")


def _database(finding: DatabaseFinding) -> Verdict:
    if finding.in_recovery:
        action = "Connect to the primary: correct `database` in orchestrator.config.json."
        return fails(f"{finding.database}: the server is in recovery, a standby", action)
    pins = finding.pins
    compared = (
        ("database", pins.database, finding.database),
        ("system identifier", pins.system_identifier, finding.system_identifier),
        # No cluster has a timeline 0: the setting's default, and no pin.
        ("timeline", str(pins.timeline or ""), str(finding.timeline)),
    )
    unpinned = [f"{name} {actual}" for name, pinned, actual in compared if not pinned]
    if unpinned:
        return fails(f"not pinned: {', '.join(unpinned)}", PIN)
    mismatches = [f"{name} {actual}, pinned {pinned}" for name, pinned, actual in compared if pinned != actual]
    if mismatches:
        action = f"Find out which server this is, and after a failover which one is the primary; then: {REPIN}"
        return fails("; ".join(mismatches), action)
    return passes(f"{finding.database}, system {finding.system_identifier}, timeline {finding.timeline}")


GATE = Gate("G0", "Precheck live", "Is this the place, and is it quiet?", Owner.OPERATOR, measure, decide)
