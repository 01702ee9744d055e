"""init, migrate, status, counts, drift, document register: install and measure the database and the runtime tree."""

import json
from contextlib import suppress

from console.backend.documents.limits import limits_of
from console.backend.documents.own_planning import require_fit
from console.backend.documents.own_profiles import choose_profile
from console.backend.host.runtime_tree import init_tree
from console.backend.host.settings import Settings
from console.backend.host.site_files import kept_mapping
from console.backend.model.canonical_json import canonical_json
from console.backend.model.counting import counted
from console.backend.model.errors import CutterError, ExitStatus
from console.backend.model.outcome import Outcome, worst
from console.backend.model.readiness import DriftReport
from console.backend.model.shown_time import shown_time
from console.backend.model.value import Value
from console.backend.model.view_models import CountView, Status, SwitchState, WaitView
from console.backend.postgres.backup_proofs import last_backup_proof
from console.backend.postgres.connections import connect
from console.backend.postgres.grant_matrix import GrantMatrix, measure_grants
from console.backend.postgres.live_registration import register_live_document
from console.backend.postgres.migrations import migrate as run_migrations
from console.backend.postgres.registry import live_query_of
from console.backend.runs.kill_switch import require_no_hold
from console.cli.arguments import Options
from console.cli.installation import backend_of, installation_of, is_for_reading
from console.cli.installation_requests import Migrate
from console.cli.operations import Nothing, RegisterDocument
from console.cli.output import as_typed, exit_status_of, missing_line, narrate, report
from console.cli.printing import emit
from console.cli.prometheus import exposition
from console.cli.settings import require_named_root
from console.cli.status_request import ShowStatus
from console.cli.watching import Watching


class Made(Value):
    """Names of what was created: paths, or the prefix of a document."""

    made: tuple[str, ...]


class Counts(Value):
    """The rows of every table."""

    counts: tuple[CountView, ...]


class DriftAnswer(DriftReport):
    """The differences and, with --json, the whole matrix of grants."""

    matrix: GrantMatrix | None = None


def init(options: Options, _request: Nothing) -> ExitStatus:
    """Create the runtime tree and the intake folder; what exists is not changed."""
    require_named_root(options)
    installation = installation_of(options, anywhere=True)
    config = json.dumps(json.loads(canonical_json(Settings())), indent=2).encode() + b"\n"
    made = [str(path) for path in init_tree(installation.root, config)]
    if not installation.intake.exists():
        installation.intake.mkdir(mode=0o750)
        made.append(str(installation.intake))
    lines = [f"made {path}" for path in made] or ["nothing was missing"]
    if made:
        step = "name the connections to the database (cutter-console help name the connections), then: cutter-console migrate"
        lines.append(as_typed(options, f"next       {step}"))
    return report(options, "init", Outcome.PASS, lines, Made(made=tuple(made)))


def migrate(options: Options, request: Migrate) -> ExitStatus:
    """Install schema, functions and roles, or bring them up to date; a drift is accepted by its digest alone."""
    installation = installation_of(options)
    mapping = kept_mapping(installation).mapping
    names = mapping.console if mapping is not None else None
    done = run_migrations(installation.settings.database.administrator, request.accept, names)
    lines = [
        *(f"applied {number:04} {name}" for number, name in zip(done.numbers, done.applied, strict=True)),
        f"{len(done.present)} were there",
        f"schema digest {done.schema_digest}" + (", pinned as installed" if done.pinned else ""),
        *(
            [as_typed(options, "next: on this host: cutter-console init --pin --repin")]
            if done.pinned and done.present
            else []
        ),
    ]
    return report(options, "migrate", Outcome.PASS, lines, done)


def status(options: Options, request: ShowStatus) -> ExitStatus:
    """Print the database, the switch, the counts and what waits. A HOLD has an exit status of its own."""
    seen = backend_of(options, read_only=is_for_reading(options)).status()
    if request.prometheus:
        exit_status = _print_metrics(options, seen)
    else:
        exit_status = report(options, "status", seen.outcome, _status_lines(options, seen), seen)
    return ExitStatus.HOLD if seen.switch.state is SwitchState.HOLD else exit_status


def _print_metrics(options: Options, seen: Status) -> ExitStatus:
    """Print the status as metrics. Returns the exit status that the lines would have."""
    last_backup_at = None
    if seen.target is None:
        narrate(f"the database was not measured: {seen.unreachable}")
    elif not seen.layout:
        monitor = installation_of(options).settings.database.monitor
        # A measurement more, which may fail alone: then it has no sample, and the others stand.
        with suppress(CutterError), connect(monitor, read_only=True, timeout_s=5, purpose="backups") as connection:
            last_backup_at = last_backup_proof(connection)
    emit(exposition(seen, last_backup_at, *options.installation))
    return exit_status_of(seen.outcome)


def _waits(wait: WaitView) -> str:
    """Return what waits, with its run if it is one of a run."""
    return f"{wait.what} ({wait.run_id})" if wait.run_id else wait.what


def _status_lines(options: Options, seen: Status) -> list[str]:
    target = seen.target
    lines = [f"root       {seen.root}"]
    if target is None:
        lines.append(f"database   INCONCLUSIVE  {seen.unreachable}")
        if seen.unreachable_next:
            lines.append(as_typed(options, f"next       {seen.unreachable_next}"))
    else:
        lines.append(
            f"database   {target.database} on {target.host}, system {target.system_identifier}, timeline {target.timeline}, PostgreSQL {seen.server_version}"
        )
        lines.append(f"role       {seen.role}")
    if seen.line is not None:
        lines.append(f"line       {seen.line.outcome}  {seen.line.sentence}")
    if (replication := seen.replication) is not None:
        lines.append(f"commit     {replication.outcome}  {replication.sentence}")
    if seen.layout:
        lines.append(f"layout     {seen.layout}")
    switch = seen.switch
    lines.append(
        f"switch     {switch.state}"
        + (
            f"  {switch.run_id} {switch.purpose} until {shown_time(switch.expires_at)}"
            if switch.expires_at
            else f"  {switch.reason}".rstrip()
        )
    )
    if switch.incomplete:
        lines += [f"incomplete {switch.incomplete}", f"complete   {as_typed(options, switch.complete_with)}"]
    lines += [as_typed(options, count_line(count)) for count in seen.counts[:3]]
    lines += [f"waits      {_waits(wait)}: {as_typed(options, wait.next_action)}" for wait in seen.waiting]
    lines += [as_typed(options, missing_line(missing)) for missing in seen.not_measured]
    return lines


def count_line(count: CountView) -> str:
    """Return one line for a table; a count that could not be read is INCONCLUSIVE, never 0."""
    rows = "INCONCLUSIVE" if count.rows is None else f"{count.rows}"
    delta = "" if count.delta is None else f"  {count.delta:+d} since the baseline"
    return f"{count.table:<48} {rows:>12}{delta}{'  ' + count.detail if count.detail else ''}"


def counts(options: Options, _request: Watching) -> ExitStatus:
    """Print the rows of every table beside the baseline."""
    seen = backend_of(options).status()
    measured = worst([count.outcome for count in seen.counts])
    outcome = Outcome.INCONCLUSIVE if seen.target is None else measured
    return report(
        options,
        "counts",
        outcome,
        [as_typed(options, count_line(count)) for count in seen.counts],
        Counts(counts=seen.counts),
    )


def drift(options: Options, _request: Watching) -> ExitStatus:
    """Compare grants, definitions, guards and roles with the installed ones; print the repair of each difference."""
    drift_report = backend_of(options).drift()
    exit_status = report(
        options, "drift", drift_report.outcome, _drift_lines(drift_report), _with_matrix(options, drift_report)
    )
    if drift_report.outcome is not Outcome.FAIL:
        return exit_status
    if drift_report.of_another_layout:
        narrate(
            as_typed(
                options,
                "next: find out who changed it; only where all of it is right: cutter-console init --pin --repin",
            )
        )
        return ExitStatus.DRIFT
    accept = f"cutter-console migrate --accept {drift_report.schema_digest}"
    action = f"next: repair it as the administrator; or, where all of it is right: {accept}, then init --pin --repin"
    narrate(as_typed(options, action))
    return ExitStatus.DRIFT


def _with_matrix(options: Options, drift_report: DriftReport) -> DriftReport:
    """Add the matrix for --json alone, because it is long; a database of another layout has none."""
    if not options.json or drift_report.of_another_layout:
        return drift_report
    monitor = installation_of(options).settings.database.monitor
    with connect(monitor, read_only=True, purpose="grants") as connection:
        matrix = measure_grants(connection)
    return DriftAnswer.model_validate({**drift_report.model_dump(), "matrix": matrix})


def _drift_lines(drift_report: DriftReport) -> list[str]:
    """Return one block per difference; the SQL that repairs it is printed for psql, and never run."""
    known = "pinned" if drift_report.of_another_layout else "installed"
    if not drift_report.differences:
        return [f"no difference; schema digest {drift_report.schema_digest}"]
    lines = [
        f"{counted(len(drift_report.differences), 'difference')}; schema digest {drift_report.schema_digest}, {known} {drift_report.pinned_digest}"
    ]
    for difference in drift_report.differences:
        lines += [
            "",
            f"{difference.what} {difference.subject}",
            f"  expected  {difference.expected}",
            f"  actual    {difference.actual}",
        ]
        lines += [
            f"  repair    {line}" if number == 0 else f"            {line}"
            for number, line in enumerate(difference.repair)
        ]
    return lines


def register(options: Options, request: RegisterDocument) -> ExitStatus:
    """Register the query of a live document; the monitoring role runs it, the administrator stores it."""
    installation = installation_of(options)
    require_no_hold(installation)
    profile = choose_profile(request.profile, installation.profiles)
    require_fit(profile, limits_of(installation.settings))
    database, most_bytes = installation.settings.database, installation.settings.limits.max_bytes
    register_live_document(
        database.monitor, database.administrator, request.docprefix, profile.name, request.query, most_bytes
    )
    # Read back on another connection, as another role: success is what the database then holds.
    with connect(database.monitor, read_only=True, purpose="register") as connection:
        stored_query = live_query_of(connection, request.docprefix)
    return report(
        options,
        "document register",
        Outcome.PASS,
        [f"live:{request.docprefix} reads: {stored_query}"],
        Made(made=(request.docprefix,)),
    )
