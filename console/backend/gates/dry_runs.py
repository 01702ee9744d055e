"""Dry runs as evidence: which documents have passed all phases without a write, on which database, from which bytes."""

import shlex

from console.backend.gates.measurement import Verdict, fails, passes
from console.backend.host.installation import Installation
from console.backend.host.regular_file import sha256_file
from console.backend.journal.journal import verify_journal
from console.backend.model.counting import counted
from console.backend.model.errors import Refused
from console.backend.model.outcome import Outcome
from console.backend.model.plan_binding import Target
from console.backend.model.purposes import RunOperation
from console.backend.model.safe_text import SafeText
from console.backend.model.states import PHASE_TABLE, Mode, Phase
from console.backend.model.value import Value
from console.backend.postgres.records import RunRow
from console.backend.runs.run_state import VOIDED
from console.backend.runs.workspace import ACCEPT_FILE, PlanFacts, RunRequestFile, Workspace, newest_first


class DryRun(Value):
    """One dry run with a plan."""

    run_id: SafeText
    docprefix: str
    origin: SafeText
    n_units: int
    content_digest: str
    source_sha256: str
    profile: SafeText
    profile_sha256: str
    """Digest of the operator's own profile; empty for a profile that is shipped."""
    target: Target
    problem: SafeText
    """Reason why it proves nothing; empty if it is green."""


def measure_dry_runs(installation: Installation, docprefix: str = "", content_digest: str = "") -> tuple[DryRun, ...]:
    """Return the dry runs of this root, the newest first; only those of one document or one content if it is given.

    Raises OSError if runs/ cannot be read. A dry run whose files are damaged proves nothing and is left out.
    """
    dry_runs: list[DryRun] = []
    for directory in newest_first(installation.root):
        workspace = Workspace(directory)
        try:
            request, plan = workspace.request(), workspace.plan_facts()
        except Refused:
            continue
        if request.mode is not Mode.DRYRUN or plan is None or docprefix not in {"", request.docprefix}:
            continue
        if content_digest in {"", plan.content_digest}:
            dry_runs.append(_dry_run(workspace, request, plan))
    return tuple(dry_runs)


def _dry_run(workspace: Workspace, request: RunRequestFile, plan: PlanFacts) -> DryRun:
    return DryRun(
        run_id=request.run_id,
        docprefix=request.docprefix,
        origin=request.origin,
        n_units=plan.n_units,
        content_digest=plan.content_digest,
        source_sha256=plan.source_sha256,
        profile=request.profile,
        profile_sha256=plan.profile_sha256,
        target=plan.target,
        problem=_problem(workspace, plan),
    )


def _problem(workspace: Workspace, plan: PlanFacts) -> str:
    if (workspace.directory / VOIDED).exists():
        return "it was voided"
    try:
        records = {phase: workspace.record(phase) for phase in Phase}
    except Refused as damaged:
        return damaged.message
    for phase, record in records.items():
        expected = Outcome.NOT_RUN if PHASE_TABLE[phase].needs_rows else Outcome.PASS
        if record is None or record.outcome is not expected:
            return f"{phase} is {record.outcome if record else 'missing'}"
    if sha256_file(workspace.directory / "plan.json") != plan.plan_digest:
        return "its plan is not the one that was made"
    journal = verify_journal(workspace.journal, (), workspace.directory.name)
    return journal.detail if journal.outcome is Outcome.FAIL else ""


def place(target: Target) -> tuple[str, str, int]:
    """Return name, system identifier and timeline: two targets with the same three are one database."""
    return target.database, target.system_identifier, target.timeline


def start_command(installation: Installation, row: RunRow, workspace: Workspace) -> str:
    """Return the exact command of a dry run of the same document."""
    if row.operation is RunOperation.REPEAL:
        return f"cutter-console document repeal {row.docprefix}"
    kind, _, name = row.origin.partition(":")
    source = str(installation.intake / name) if kind == "file" else row.origin
    request = workspace.request()
    options = f" --profile {row.profile}" + (" --ordinals" if request.ordinals else "")
    if request.operation is RunOperation.AMEND:
        options += " --amend" + "".join(f" --moved {shlex.quote(f'{move.old}={move.new}')}" for move in request.moved)
    if request.accept_sha256:
        options += f" --accept {shlex.quote(str(workspace.directory / ACCEPT_FILE))}"
    return f"cutter-console run start {shlex.quote(source)} --docprefix {row.docprefix}{options}"


def by_another_profile(dry_runs: tuple[DryRun, ...], plan: PlanFacts) -> str:
    """Pure: name the newest of these dry runs that read the plan's bytes by another content of its own profile."""
    for dry_run in dry_runs:
        is_other = dry_run.profile_sha256 != plan.profile_sha256
        if plan.profile_sha256 and is_other and dry_run.source_sha256 == plan.source_sha256:
            read_by = f"profile {dry_run.profile} with sha256 {dry_run.profile_sha256 or 'none: it is shipped'}"
            return f"dry run {dry_run.run_id} read the same bytes by {read_by}, this run by {plan.profile_sha256}"
    return ""


def judge_dry_run(dry_runs: tuple[DryRun, ...], target: Target, command: str, note: str = "") -> Verdict:
    """Pure: PASS if one of these dry runs of the content is green and was made on this very database.

    `note` says what is known if there is none.
    """
    on_this_database = [dry_run for dry_run in dry_runs if place(dry_run.target) == place(target)]
    green = next((dry_run for dry_run in on_this_database if not dry_run.problem), None)
    if green is not None:
        return passes(
            f"{green.run_id}: {counted(green.n_units, 'unit')}, every phase PASS on {target.database}, nothing written"
        )
    if on_this_database:
        return fails(f"dry run {on_this_database[0].run_id} is not green: {on_this_database[0].problem}", command)
    if dry_runs:
        other_target = dry_runs[0].target
        return fails(
            f"dry run {dry_runs[0].run_id} was made on another database: {other_target.database}, system {other_target.system_identifier}, timeline {other_target.timeline}",
            command,
        )
    return fails(f"no dry run of this content on this database{f'; {note}' if note else ''}", command)
