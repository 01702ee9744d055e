"""The report of a batch: a row for each document, in Markdown and as JSON, into a directory named by the content."""

from typing import Literal

from pydantic import Field

from console.backend.host.installation import Installation
from console.backend.model.batches import BatchView, MemberView
from console.backend.model.canonical_json import canonical_json, sha256_hex
from console.backend.model.counting import counted
from console.backend.model.purposes import Operation
from console.backend.model.readiness import ReportView
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.states import Mode
from console.backend.model.value import Value
from console.backend.postgres.connections import connect
from console.backend.postgres.records import ApprovalRow, EventRow, approvals, events
from console.backend.publication.content_named import write_once
from console.backend.publication.sums import SUMS, sums_of
from console.backend.publication.verdicts import BATCH_FILES
from console.backend.runs.batch_views import view_batch

_JSON, _MARKDOWN = BATCH_FILES


class ReportedRuling(Value):
    """A ruling of a member: its own statement, which the batch's names."""

    purpose: SafeText
    statement_sha256: str
    used_at: SafeText
    """Empty if it was not used."""


class ReportedMember(Value):
    """One document of a batch, as its record says."""

    position: int
    docprefix: str
    name: SafeText
    run_id: str
    state: SafeText
    n_units: int | None
    plan_digest: str
    rulings: tuple[ReportedRuling, ...]
    last_event: SafeText
    """The last recorded step and its time; empty without one."""
    set_aside: SafeText


class BatchReport(Value):
    """The whole report; the same record gives the same bytes."""

    schema_: Literal["cutter-console/batch-report/1"] = Field(default="cutter-console/batch-report/1", alias="schema")
    batch_id: str
    mode: Mode
    digest: str
    phase: SafeText
    operator: SafeText
    host: SafeText
    started_at: SafeText
    rulings: tuple[SafeText, ...]
    n_members: int
    n_set_aside: int
    n_units: int
    members: tuple[ReportedMember, ...]


def write_batch_report(installation: Installation, batch_id: str) -> ReportView:
    """Write `reports/<batch id>-<8 hex>/`. The same record gives the same name and the same bytes.

    Raises Refused if there is no such batch, Unmeasured if the record is out of reach, and as `write_once` does.
    """
    report = compose(installation, view_batch(installation, batch_id))
    files = {_JSON: canonical_json(report), _MARKDOWN: markdown(report).encode()}
    directory = installation.root / "reports" / f"{batch_id}-{sha256_hex(b''.join(files.values()))[:8]}"
    sums = sums_of({name: sha256_hex(data) for name, data in files.items()})
    unchanged = not write_once(directory, files | {SUMS: sums}, f"cutter-console batch report {batch_id}")
    return ReportView(
        run_id=batch_id,
        directory=str(directory),
        documents=(_MARKDOWN, _JSON),
        sums_sha256=sha256_hex(sums),
        unchanged=unchanged,
    )


def compose(installation: Installation, view: BatchView) -> BatchReport:
    """Read the record of every member, and return the report."""
    rulings: dict[str, list[ApprovalRow]] = {}
    last: dict[str, EventRow] = {}
    if view.mode is Mode.LIVE:
        with connect(installation.settings.database.monitor, read_only=True, purpose="batch report") as connection:
            for row in approvals(connection):
                rulings.setdefault(row.run_id, []).append(row)
            for member in view.members:
                recorded = events(connection, member.run_id) if member.stage is not None else ()
                # An event at rest only anchors the end of the journal.
                steps = [event for event in recorded if event.phase != Operation.REST]
                if steps:
                    last[member.run_id] = steps[-1]
    return BatchReport(
        batch_id=view.batch_id,
        mode=view.mode,
        digest=view.digest,
        phase=view.phase,
        operator=view.operator,
        host=view.host,
        started_at=view.started_at.isoformat(),
        rulings=view.rulings,
        n_members=len(view.members),
        n_set_aside=len(view.set_aside),
        n_units=view.n_units,
        members=tuple(
            _member(member, rulings.get(member.run_id, []), last.get(member.run_id)) for member in view.members
        ),
    )


def _member(member: MemberView, rulings: list[ApprovalRow], last: EventRow | None) -> ReportedMember:
    return ReportedMember(
        position=member.position,
        docprefix=member.docprefix,
        name=member.name,
        run_id=member.run_id,
        state=member.state,
        n_units=member.n_units,
        plan_digest=member.plan_digest,
        rulings=tuple(
            ReportedRuling(
                purpose=row.purpose or "",
                statement_sha256=row.statement_sha256,
                used_at=row.used_at.isoformat() if row.used_at else "",
            )
            for row in sorted(rulings, key=lambda row: (row.imported_at, row.statement_sha256))
        ),
        last_event=f"{last.phase} {last.outcome} at {last.at.isoformat()}" if last else "",
        set_aside=member.set_aside,
    )


def markdown(report: BatchReport) -> str:
    """Return the report as a page."""
    units, aside = counted(report.n_units, "unit"), counted(report.n_set_aside, "document")
    lines = [
        f"# Batch {report.batch_id}",
        "",
        f"- mode: {report.mode}",
        f"- state: {report.phase}",
        f"- documents: {report.n_members}, {units}; set aside: {aside}",
        f"- digest of the plans: `{report.digest or 'not recorded'}`",
        *(f"- ruling: `{ruling}`" for ruling in report.rulings),
        f"- started at {report.started_at} by {_cell(report.operator)} on {_cell(report.host)}",
        "",
        "| # | document | file | run | state | units | plan | last step | set aside |",
        "|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {member.position} | {member.docprefix} | {_cell(member.name)} | `{member.run_id}` | {_cell(member.state)} "
            f"| {member.n_units if member.n_units is not None else '-'} | `{member.plan_digest[:16] or '-'}` "
            f"| {_cell(member.last_event) or '-'} | {_cell(member.set_aside) or '-'} |"
            for member in report.members
        ),
        "",
        "Each run has a report of its own: `cutter-console report RUN`.",
        "",
    ]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Return a text that cannot end its cell, or begin markup."""
    return "".join(f"\\{character}" if character in "\\|`*_[]<>#" else character for character in safe_text(text))
