"""One refresh of the Overview: identity, switch, counts, runs and what waits, measured together."""

from console.backend.database.connections import connect
from console.backend.database.measure import Identity, measure_baseline, measure_counts, measure_identity
from console.backend.database.records import RunRow, all_runs, approvals
from console.backend.errors import CutterError
from console.backend.kill_switch import measure_switch
from console.backend.outcome import Outcome
from console.backend.runs.inspection import list_runs
from console.backend.runs.site import Site
from console.backend.runs.states import Family, Stage
from console.backend.value import Value
from console.backend.views import CountView, RunSummary, Status, SwitchState, SwitchView, WaitView
from console.backend.world import TableCount

_AWAITING = {
    Stage.AWAITING_CUT_AUTHORIZATION: ("SG_1", "cut into draft"),
    Stage.AWAITING_LIFECYCLE_AUTHORIZATION: ("SG_2", "enactment"),
}


class Facts(Value):
    """What was read in one transaction."""

    identity: Identity
    counts: tuple[TableCount, ...]
    baseline: tuple[TableCount, ...]
    waiting: tuple[WaitView, ...]


def measure_status(site: Site, *, read_only: bool, demo: bool) -> Status:
    """Everything the Overview shows. A database that cannot be read is part of the answer, never an exception or a zero."""
    switch = measure_switch(site)
    now = site.context.now()
    try:
        with connect(site.settings.database.monitor, read_only=True, timeout_s=10, purpose="status") as connection:
            facts = Facts(
                identity=measure_identity(connection, site.context.host),
                counts=measure_counts(connection),
                baseline=measure_baseline(connection),
                waiting=tuple(
                    wait
                    for row in all_runs(connection)
                    if (
                        wait := _wait(
                            row, {found.kind for found in approvals(connection, row.run_id) if not found.used_for}
                        )
                    )
                    is not None
                ),
            )
        runs = list_runs(site)
    except CutterError as error:
        return Status(
            measured_at=now,
            outcome=Outcome.INCONCLUSIVE,
            target=None,
            unreachable=f"{error.code}: {error.message}",
            root=str(site.root),
            read_only=read_only,
            demo=demo,
            switch=switch,
            counts=_unread(error),
        )
    return Status(
        measured_at=now,
        outcome=Outcome.PARTIAL if switch.state in {SwitchState.HOLD, SwitchState.UNREADABLE} else Outcome.PASS,
        target=facts.identity.target,
        role=facts.identity.role,
        server_version=facts.identity.server_version,
        root=str(site.root),
        read_only=read_only,
        demo=demo,
        switch=switch,
        counts=_counts(facts),
        current_run=_current(runs),
        waiting=(*_hold_waits(switch), *facts.waiting),
    )


def _counts(facts: Facts) -> tuple[CountView, ...]:
    baseline = {count.table: count.rows for count in facts.baseline}
    return tuple(
        CountView(table=count.table, rows=count.rows, baseline=baseline.get(count.table), outcome=Outcome.PASS)
        for count in facts.counts
    )


def _unread(error: CutterError) -> tuple[CountView, ...]:
    tables = ("public.information_unit", "public.unit_version", "public.iu_lifecycle_log")
    return tuple(
        CountView(table=table, rows=None, baseline=None, outcome=Outcome.INCONCLUSIVE, detail=error.message)
        for table in tables
    )


def _wait(row: RunRow, imported: set[str]) -> WaitView | None:
    if row.family is Family.STOPPED:
        return WaitView(
            what=f"stopped: {row.reason}",
            run_id=row.run_id,
            since=row.changed_at,
            waits_for="the operator",
            next_action=f"cutter-console run resume {row.run_id}",
        )
    if row.family is not Family.ACTIVE or row.stage not in _AWAITING:
        return None
    kind, purpose = _AWAITING[row.stage]
    if kind not in imported:
        return WaitView(
            what=f"{kind} for {row.docprefix}: {purpose} of {row.n_units} units",
            run_id=row.run_id,
            since=row.changed_at,
            waits_for="the sovereign's signature",
            next_action=f"cutter-console approval draft {row.run_id}",
        )
    verb = "arm" if kind == "SG_1" else "enact"
    return WaitView(
        what=f"{row.docprefix} is authorised: {purpose} of {row.n_units} units",
        run_id=row.run_id,
        since=row.changed_at,
        waits_for="the operator",
        next_action=f"cutter-console {verb} {row.run_id} --confirm {row.run_id}",
    )


def _hold_waits(switch: SwitchView) -> tuple[WaitView, ...]:
    if switch.state is not SwitchState.HOLD:
        return ()
    return (
        WaitView(
            what=f"HOLD: {switch.reason}",
            run_id=switch.run_id,
            since=switch.since,
            waits_for="a typed release",
            next_action=switch.clears_with,
        ),
    )


def _current(runs: tuple[RunSummary, ...]) -> RunSummary | None:
    ended = {Stage.CLOSEOUT_REPORTED.value, "reverted"}
    return next(
        (run for run in runs if run.state not in ended and not run.state.startswith(("voided_", "failed_"))), None
    )
