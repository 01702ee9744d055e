"""One refresh of the Overview: identity, switch, counts, runs and what waits, measured together."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path

import psycopg

from console.backend.host.installation import Installation
from console.backend.host.site_files import kept_mapping
from console.backend.journal.journal_record import Anchor
from console.backend.model.bars import Bar
from console.backend.model.counting import counted
from console.backend.model.ended_runs import Standing
from console.backend.model.errors import CutterError, StopCode
from console.backend.model.line import Line
from console.backend.model.outcome import Outcome
from console.backend.model.plan_binding import TableCount, Target
from console.backend.model.purposes import KIND_AT, Kind, Purpose, RunOperation
from console.backend.model.replication import Replication
from console.backend.model.schema_names import OWN, SchemaNames
from console.backend.model.states import BEFORE_CUT, Family, Move, Stage, only_closes
from console.backend.model.tables import READERS_TABLES
from console.backend.model.value import Value
from console.backend.model.view_models import CountView, RunSummary, Status, SwitchState, SwitchView, WaitView
from console.backend.postgres.asking import Asking
from console.backend.postgres.batches import batch_of_each_run
from console.backend.postgres.document_runs import DocumentRun, runs_of_documents
from console.backend.postgres.lines import line_of
from console.backend.postgres.measure import Identity, measure_baseline, measure_counts, measure_identity
from console.backend.postgres.places import PlaceRow, VerifiedRow, verified_places
from console.backend.postgres.records import (
    ApprovalRow,
    RunRow,
    anchors_by_run,
    approvals,
    open_runs,
    recorded_runs,
)
from console.backend.postgres.rendering import schema_names
from console.backend.postgres.replication import measure_replication
from console.backend.postgres.site_gateway import site_counts
from console.backend.runs.bars import bar_by_holder, by_document, measure_bar
from console.backend.runs.binding import Displacement, displacement
from console.backend.runs.custody import held_elsewhere, is_unaccepted
from console.backend.runs.document_states import reading
from console.backend.runs.kill_switch import (
    combined,
    hold_in_file,
    measure_in_database,
    no_switch,
    switch_rows,
    unreadable,
)
from console.backend.runs.moves import command_of
from console.backend.runs.other_layout import is_elsewhere
from console.backend.runs.run_ids import run_directories
from console.backend.runs.run_list import standings_of, summaries
from console.backend.runs.site import site_status
from console.backend.runs.statement_status import leads_to_ruling, statement_to_import, usable_kinds
from console.backend.runs.workspace import Workspace

_RULED = {Kind.SG_1: "cut into draft", Kind.SG_2: "enactment"}
_EDITED = {Kind.SG_1: "edit"}
_REPEALED = {Kind.SG_1: "repeal", Kind.SG_2: "enactment of the repeal"}
_ToImport = Callable[[str, Kind], Path | None]
"""Returns the statement of this kind over a run or a batch, if it waits for its import only."""


class Facts(Value):
    """Rows read in one transaction."""

    identity: Identity
    line: Line
    replication: Replication
    counts: tuple[TableCount, ...]
    baseline: tuple[TableCount, ...]
    names: SchemaNames = OWN
    """Schemas of the console's own tables."""
    theirs: tuple[TableCount, ...] = ()
    """Rows of the organisation's tables, where units are written through its functions."""
    runs: tuple[RunRow, ...]
    """Those that are not at their end: of the others nothing is shown, and they are many."""
    known: frozenset[str]
    """Runs that have a directory here and a row in the database."""
    rulings: tuple[ApprovalRow, ...]
    """Read only if a run waits for a ruling."""
    writers: tuple[DocumentRun, ...] = ()
    """The runs that have written units of the documents of runs that have not."""
    verified: Mapping[str, VerifiedRow] = {}
    """The server that verified the drafts of each run at the second pause."""
    batches: Mapping[str, str] = {}
    """The batch of each run that is a member of one; read only if a run waits for a ruling."""
    switch: SwitchView
    anchors: Mapping[str, frozenset[Anchor]]
    in_force: Mapping[str, Standing]
    """From when to when counts what the runs have enacted that are to be closed."""


def measure_status(installation: Installation, *, read_only: bool, demo: bool) -> Status:
    """Everything the Overview shows. A database that cannot be read is part of the answer, never an exception or a zero.

    Once a second this must cost next to nothing: one connection reads all of it. Only if that one is refused
    something is the switch read apart, so that a missing grant on a count does not hide it.
    """
    now, in_file = installation.context.now(), hold_in_file(installation)
    try:
        return _status(installation, _read(installation, in_file), now, read_only=read_only, demo=demo)
    except CutterError as error:
        if is_elsewhere(installation, error):
            return _of_another_layout(installation, in_file, now, read_only=read_only, demo=demo)
        out_of_reach = error.code is StopCode.UNREACHABLE
        in_database = unreadable(error) if out_of_reach else measure_in_database(installation)
        switch = combined(installation, in_file, in_database)
        if not out_of_reach and in_database.state is SwitchState.UNREADABLE:
            return _without_switch(installation, switch, now, read_only=read_only, demo=demo)
        return _unreachable(installation, error, switch, now, read_only=read_only, demo=demo)


def _of_another_layout(
    installation: Installation, in_file: SwitchView | None, now: datetime, *, read_only: bool, demo: bool
) -> Status:
    """Return the status of a database of another layout, or why it could not be measured."""
    try:
        return site_status(installation, now, read_only=read_only, demo=demo)
    except CutterError as error:
        switch = combined(installation, in_file, no_switch())
        return _unreachable(installation, error, switch, now, read_only=read_only, demo=demo)


def _without_switch(
    installation: Installation, switch: SwitchView, now: datetime, *, read_only: bool, demo: bool
) -> Status:
    """Return the status of a database whose switch cannot be read, though the rest may be."""
    try:
        return _status(installation, _read(installation, None, switch), now, read_only=read_only, demo=demo)
    except CutterError as error:
        return _unreachable(installation, error, switch, now, read_only=read_only, demo=demo)


def _read(installation: Installation, in_file: SwitchView | None, switch: SwitchView | None = None) -> Facts:
    """`switch` is what is known of it already; without it the same connection is asked, beside the HOLD file."""
    with reading(installation, timeout_s=10, purpose="status") as connection:
        runs = open_runs(connection)
        waits = any(row.family is Family.ACTIVE and row.stage in KIND_AT for row in runs)
        rulings, batches = (approvals, batch_of_each_run) if waits else (_no_rulings, _no_batches)
        with Asking(connection) as asking:
            identity = asking.ask(partial(measure_identity, host=installation.context.host, standby=True))
            replication = asking.ask(measure_replication)
            counts, baseline = asking.ask(measure_counts), asking.ask(measure_baseline)
            theirs = asking.ask(site_counts) if kept_mapping(installation).mapping is not None else None
            known = asking.ask(partial(recorded_runs, run_ids=tuple(run_directories(installation))))
            ruled, in_batches = asking.ask(rulings), asking.ask(batches)
            verified = asking.ask(partial(_verified, runs=runs))
            writers = asking.ask(partial(_writers, runs=runs))
            anchors = asking.ask(partial(anchors_by_run, rows=runs))
            in_force = asking.ask(partial(standings_of, rows=runs))
            rows_of_switch = asking.ask(switch_rows)
        return Facts(
            identity=identity.value,
            line=line_of(connection),
            replication=replication.value,
            counts=counts.value,
            baseline=baseline.value,
            names=schema_names(connection),
            theirs=theirs.value if theirs is not None else (),
            runs=runs,
            known=known.value,
            rulings=ruled.value,
            batches=in_batches.value,
            verified=verified.value,
            writers=writers.value,
            anchors=anchors.value,
            in_force=in_force.value,
            switch=switch or combined(installation, in_file, rows_of_switch.value.view),
        )


def _no_rulings(_connection: psycopg.Connection) -> tuple[ApprovalRow, ...]:
    return ()


def _no_batches(_connection: psycopg.Connection) -> Mapping[str, str]:
    return {}


def _verified(connection: psycopg.Connection, runs: tuple[RunRow, ...]) -> Mapping[str, VerifiedRow]:
    waiting = [row.run_id for row in runs if row.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION]
    return verified_places(connection, waiting) if waiting else {}


def _writers(connection: psycopg.Connection, runs: tuple[RunRow, ...]) -> tuple[DocumentRun, ...]:
    before_cut = [row.docprefix for row in runs if row.stage in BEFORE_CUT and row.family is not Family.FAILED]
    return runs_of_documents(connection, before_cut) if before_cut else ()


def _status(installation: Installation, facts: Facts, now: datetime, *, read_only: bool, demo: bool) -> Status:
    switch = facts.switch
    runs = summaries(installation, facts.runs, facts.anchors, facts.known, facts.in_force)
    lost = tuple(_wait_for_lost(run) for run in runs if run.gone)
    unsettled = tuple(_wait_to_settle(run) for run in runs if run.unsettled)
    # Of these runs nothing else is offered: what is known of them may not be true.
    settled_first = {wait.run_id for wait in (*lost, *unsettled)}
    places = {run.run_id: run.elsewhere for run in runs if run.elsewhere}
    unaccepted = {row.run_id for row in facts.runs if is_unaccepted(row)}
    cut_short = {run.run_id for run in runs if run.interrupted}
    rows = [row for row in facts.runs if row.run_id not in settled_first]
    waits = tuple(
        _wait_elsewhere(wait, places[wait.run_id], is_unaccepted=wait.run_id in unaccepted)
        if wait.run_id in places
        else wait
        for wait in _waits(installation, facts, rows, now, cut_short)
    )
    promoted = (*_wait_standby(facts.identity), *_wait_promoted(installation, facts.identity.target))
    return Status(
        measured_at=now,
        outcome=Outcome.FAIL
        if lost
        else Outcome.PARTIAL
        if promoted or switch.state in {SwitchState.HOLD, SwitchState.UNREADABLE}
        else Outcome.PASS,
        target=facts.identity.target,
        role=facts.identity.role,
        server_version=facts.identity.server_version,
        line=facts.line,
        replication=facts.replication,
        root=str(installation.root),
        read_only=read_only,
        demo=demo,
        switch=switch,
        counts=_counts(facts),
        current_run=_current(runs),
        waiting=(*_hold_waits(switch), *lost, *promoted, *unsettled, *waits),
    )


def _unreachable(
    installation: Installation, error: CutterError, switch: SwitchView, now: datetime, *, read_only: bool, demo: bool
) -> Status:
    return Status(
        measured_at=now,
        outcome=Outcome.INCONCLUSIVE,
        target=None,
        unreachable=f"{error.code}: {error.message}",
        unreachable_next=error.next_action,
        root=str(installation.root),
        read_only=read_only,
        demo=demo,
        switch=switch,
        counts=_unread(error),
    )


def _usable_kinds(row: RunRow, facts: Facts, now: datetime) -> dict[str, datetime]:
    return usable_kinds(facts.rulings, row.run_id, row.plan_digest, facts.identity.target.timeline, now)


def _place(table: str) -> int:
    """Put the tables that readers see first; the others follow by name, however the database happened to answer."""
    return READERS_TABLES.index(table) if table in READERS_TABLES else len(READERS_TABLES)


def _counts(facts: Facts) -> tuple[CountView, ...]:
    baseline = {count.table: count.rows for count in facts.baseline}
    counts = sorted(facts.counts, key=lambda count: (_place(count.table), count.table))
    own = tuple(
        CountView(
            table=facts.names.in_database(count.table),
            rows=count.rows,
            baseline=baseline.get(count.table),
            outcome=Outcome.PASS,
        )
        for count in counts
    )
    theirs = (
        CountView(table=count.table, rows=count.rows, baseline=None, outcome=Outcome.PASS) for count in facts.theirs
    )
    return (*own, *theirs)


def _unread(error: CutterError) -> tuple[CountView, ...]:
    return tuple(
        CountView(table=table, rows=None, baseline=None, outcome=Outcome.INCONCLUSIVE, detail=error.message)
        for table in READERS_TABLES
    )


def _wait_to_settle(run: RunSummary) -> WaitView:
    return WaitView(
        what="something was begun, and it is not known yet whether it was committed",
        run_id=run.run_id,
        since=None,
        waits_for="the operator",
        next_action=command_of(Move.SETTLE, run.run_id),
    )


def _waits(
    installation: Installation, facts: Facts, rows: list[RunRow], now: datetime, cut_short: set[str]
) -> tuple[WaitView, ...]:
    """Return what each run waits for; the members of a batch that wait for the same wait as one.

    `cut_short` are the runs that were interrupted.
    """
    alone: list[WaitView] = []
    recorded = {digest for ruling in facts.rulings for digest in (ruling.statement_sha256, ruling.batch_ruling)}
    to_import = partial(statement_to_import, installation, recorded, now)
    together: dict[tuple[str, Kind, bool], list[RunRow]] = {}
    expiries: dict[tuple[str, Kind, bool], datetime] = {}
    barred: set[str] = set()
    writers = by_document(facts.writers)
    for row in rows:
        imported, batch_id = _usable_kinds(row, facts, now), facts.batches.get(row.run_id)
        if (displaced := _displaced(installation, facts, row)) is not None:
            alone.append(_wait_displaced(row, displaced, in_batch=batch_id is not None))
        elif batch_id is not None and (held := _bar_by_holder(installation, row)) is not None:
            alone.append(_wait_barred(row, held))
            barred.add(batch_id)
        elif (bar := _bar(installation, writers.get(row.docprefix, []), row)) is not None:
            alone.append(_wait_barred(row, bar))
            barred.add(batch_id or "")
        elif batch_id is not None and row.family is Family.ACTIVE and row.stage in KIND_AT:
            kind = KIND_AT[row.stage]
            key = (batch_id, kind, kind in imported)
            together.setdefault(key, []).append(row)
            if kind in imported:  # the first of its members that expires
                expiries[key] = min(imported[kind], expiries.get(key, imported[kind]))
        elif (wait := _wait(row, imported, facts.switch, to_import)) is not None:
            alone.append(wait)
    # A batch with a member that is barred is neither ruled on nor armed: what it waits for is what that member waits for.
    going = {key: members for key, members in together.items() if key[0] not in barred}
    waits: list[tuple[WaitView | None, set[str]]] = [
        (
            _wait_of_batch(batch_id, kind, members, facts.switch, expiries[batch_id, kind, is_ruled])
            if is_ruled
            else _wait_for_rulings(batch_id, kind, members, to_import),
            {row.run_id for row in members},
        )
        for (batch_id, kind, is_ruled), members in going.items()
    ]
    waits += [(wait, {wait.run_id}) for wait in alone]
    return tuple(
        _wait_interrupted(wait) if run_ids & cut_short else wait for wait, run_ids in waits if wait is not None
    )


def _displaced(installation: Installation, facts: Facts, row: RunRow) -> Displacement | None:
    """Return how this server differs from the one that a run at a pause is bound to; None if it does not."""
    if row.family is not Family.ACTIVE or row.stage not in KIND_AT:
        return None
    plan = Workspace.open(installation.root, row.run_id).plan_facts()
    target = facts.identity.target
    verified = facts.verified.get(row.run_id)
    place = PlaceRow(
        database=target.database,
        system_identifier=target.system_identifier,
        timeline=target.timeline,
        is_standby=facts.identity.in_recovery,
        verified_on=verified.system_identifier if verified else None,
        verified_timeline=verified.timeline if verified else None,
    )
    return displacement(row.stage, plan.target if plan else None, place)


def _wait_displaced(row: RunRow, displaced: Displacement, *, in_batch: bool) -> WaitView:
    is_cut = row.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    move = Move.VERIFY if is_cut else Move.REPLAN
    if not displaced.is_promoted or (not is_cut and (in_batch or row.operation is RunOperation.EDIT)):
        move = Move.REVERT if is_cut else Move.VOID
    return WaitView(
        what=f"{row.docprefix} is on another server now: {displaced.said}",
        run_id=row.run_id,
        since=row.changed_at,
        waits_for="the operator",
        next_action=command_of(move, row.run_id),
    )


def _bar(installation: Installation, writers: list[DocumentRun], row: RunRow) -> Bar | None:
    """Return what bars a run that was stopped, or rests at a pause; None if nothing does."""
    if row.family is not Family.STOPPED and row.stage not in KIND_AT:
        return None
    return measure_bar(installation, row, writers)


def _bar_by_holder(installation: Installation, row: RunRow) -> Bar | None:
    """Return what bars a member of a batch that another console holds; None if this one does, or it waits for nothing."""
    if row.stage not in KIND_AT:
        return None
    return bar_by_holder(row, held_elsewhere(installation.root / "runs" / row.run_id, row))


def _wait_barred(row: RunRow, bar: Bar) -> WaitView:
    action = command_of(Move.VOID, row.run_id) if bar.is_for_good else f"cutter-console run show {bar.run_id}"
    return WaitView(
        what=f"{row.docprefix} is barred: {bar.said}",
        run_id=row.run_id,
        since=row.changed_at,
        waits_for="the operator" if bar.is_for_good else f"run {bar.run_id}",
        next_action=action,
    )


def _wait_standby(identity: Identity) -> tuple[WaitView, ...]:
    """Say of a standby that it is one: all of it can be read, and nothing can be done here."""
    if not identity.in_recovery:
        return ()
    return (
        WaitView(
            what=f"this server is a standby on timeline {identity.target.timeline}: what is shown is what it has replayed",
            run_id="",
            since=None,
            waits_for="nobody: it is for reading",
            next_action="Connect to the primary to go on with a run.",
        ),
    )


def _wait_promoted(installation: Installation, target: Target) -> tuple[WaitView, ...]:
    """Return what is to be done on a timeline that this host does not pin; nothing if it pins none, or this one."""
    pins = installation.settings.pins
    if not pins.timeline or pins.timeline == target.timeline or pins.system_identifier != target.system_identifier:
        return ()
    return (
        WaitView(
            what=f"a standby was promoted: this server is on timeline {target.timeline}, this host pins {pins.timeline}",
            run_id="",
            since=None,
            waits_for="the operator: find out what the other server had",
            next_action="cutter-console init --pin --repin",
        ),
    )


def _wait_of_batch(
    batch_id: str, kind: Kind, members: list[RunRow], switch: SwitchView, expires_at: datetime
) -> WaitView | None:
    """Return what members wait for that are ruled on; None while a console is at work on them."""
    armed = (switch.state, switch.run_id, switch.purpose) == (SwitchState.ARMED, batch_id, Purpose.CUT)
    if kind is Kind.SG_1 and armed and switch.is_taken:
        return None
    verb = "arm" if kind is Kind.SG_1 else "enact"
    action = f"cutter-console {verb} {batch_id} --confirm {batch_id}"
    if kind is Kind.SG_1 and armed:
        action = f"cutter-console batch resume {batch_id}"
    return WaitView(
        what=f"{_documents(batch_id, members)} are authorised: {_work(kind, members)}",
        run_id=members[-1].run_id,
        since=_since(members),
        waits_for="the operator",
        next_action=action,
        expires_at=expires_at,
    )


def _wait_for_rulings(batch_id: str, kind: Kind, members: list[RunRow], to_import: _ToImport) -> WaitView:
    statement = to_import(batch_id, kind)
    return WaitView(
        what=f"{kind} for {_documents(batch_id, members)}: {_work(kind, members)}",
        run_id=members[-1].run_id,
        since=_since(members),
        waits_for=_waits_for_ruling(statement),
        next_action=leads_to_ruling(batch_id, statement),
        statement=statement,
    )


def _documents(batch_id: str, members: list[RunRow]) -> str:
    return f"{counted(len(members), 'document')} of batch {batch_id}"


def _work(kind: Kind, members: list[RunRow]) -> str:
    return f"{_RULED[kind]} of {counted(sum(row.n_units or 0 for row in members), 'unit')}"


def _since(members: list[RunRow]) -> datetime:
    return max(row.changed_at for row in members)


def _waits_for_ruling(statement: Path | None) -> str:
    return "the sovereign's signature" if statement is None else "the operator: its signature files are there"


def _wait(row: RunRow, imported: Mapping[str, datetime], switch: SwitchView, to_import: _ToImport) -> WaitView | None:
    if switch.state is SwitchState.ARMED and (switch.run_id, switch.purpose) == (row.run_id, Purpose.CUT):
        if switch.is_taken:  # A console is at work under the lease: nobody is waited for.
            return None
        is_cut = row.stage is not Stage.AWAITING_CUT_AUTHORIZATION
        cut = "the repeal" if row.operation is RunOperation.REPEAL else "the cut"
        step = f"record and verify {cut}" if is_cut else _ruled(row, Kind.SG_1)
        return WaitView(
            what=f"{row.docprefix} is armed: {step} of {counted(row.n_units or 0, 'unit')}",
            run_id=row.run_id,
            since=switch.since,
            waits_for="the operator",
            next_action=command_of(Move.CONTINUE, row.run_id),
            goes_on=True,
        )
    if row.family is Family.STOPPED or only_closes(row.state):
        return WaitView(
            what=f"{row.family}: {row.reason}",
            run_id=row.run_id,
            since=row.changed_at,
            waits_for="the operator",
            next_action=f"cutter-console run resume {row.run_id}",
        )
    if row.family is not Family.ACTIVE or row.stage not in KIND_AT:
        return None
    kind = KIND_AT[row.stage]
    if kind not in imported:
        statement = to_import(row.run_id, kind)
        return WaitView(
            what=f"{kind} for {row.docprefix}: {_ruled(row, kind)} of {counted(row.n_units or 0, 'unit')}",
            run_id=row.run_id,
            since=row.changed_at,
            waits_for=_waits_for_ruling(statement),
            next_action=leads_to_ruling(row.run_id, statement),
            statement=statement,
        )
    verb = "arm" if kind is Kind.SG_1 else "enact"
    if row.operation is RunOperation.EDIT:
        # The switch is armed and closed by the command itself.
        verb = "run apply"
    return WaitView(
        what=f"{row.docprefix} is authorised: {_ruled(row, kind)} of {counted(row.n_units or 0, 'unit')}",
        run_id=row.run_id,
        since=row.changed_at,
        waits_for="the operator",
        next_action=f"cutter-console {verb} {row.run_id} --confirm {row.run_id}",
        expires_at=imported[kind],
    )


def _wait_interrupted(wait: WaitView) -> WaitView:
    """Return the wait of a run that was interrupted, or of a batch with such a member: whoever comes back must not take it for one that was left in order."""
    return wait.model_copy(update={"what": f"INTERRUPTED: {wait.what}"})


def _wait_elsewhere(wait: WaitView, place: str, *, is_unaccepted: bool) -> WaitView:
    """Return the wait of a run whose files another root has, or nobody yet: nothing that reads them is offered here."""
    looked_at = f"cutter-console run show {wait.run_id}"
    waits_for = f"whoever accepts it: {place}" if is_unaccepted else f"another console: {place}"
    return wait.model_copy(
        update={"waits_for": waits_for, "next_action": looked_at, "goes_on": False, "statement": None}
    )


def _ruled(row: RunRow, kind: Kind) -> str:
    return {RunOperation.REPEAL: _REPEALED, RunOperation.EDIT: _EDITED}.get(row.operation, _RULED)[kind]


def _wait_for_lost(run: RunSummary) -> WaitView:
    """A failover or a restore has lost what was acknowledged: nothing else of this run is true until that is understood."""
    return WaitView(
        what=f"acknowledged, and gone from the database: {'; '.join(run.gone)}",
        run_id=run.run_id,
        since=None,
        waits_for="the operator: find out which server has it",
        next_action="cutter-console panic --reason 'an acknowledged write is gone'",
    )


def _hold_waits(switch: SwitchView) -> tuple[WaitView, ...]:
    if switch.state is not SwitchState.HOLD:
        return ()
    held = WaitView(
        what=f"HOLD: {switch.reason}",
        run_id=switch.run_id,
        since=switch.since,
        waits_for="a typed release",
        next_action=switch.clears_with,
    )
    if not switch.incomplete:
        return (held,)
    missing = WaitView(
        what=f"HOLD incomplete: {switch.incomplete}",
        run_id=switch.run_id,
        since=switch.since,
        waits_for="the operator",
        next_action=switch.complete_with,
    )
    return held, missing


def _current(runs: tuple[RunSummary, ...]) -> RunSummary | None:
    """Return the newest run that is not over: one of this root before those of others."""
    open_runs_of_all = [run for run in runs if not run.is_over]
    return next((run for run in open_runs_of_all if not run.elsewhere), next(iter(open_runs_of_all), None))
