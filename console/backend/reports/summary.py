"""The closing summary of a run: what was asked, authorised, done and verified, each with the evidence it came from."""

import os

from console.backend.database.connections import connect
from console.backend.database.records import ApprovalRow, approvals
from console.backend.runs.inspection import view_run
from console.backend.runs.site import Site
from console.backend.runs.states import Mode
from console.backend.views import PhaseView, RunView

_MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]<>#|!"})


def write_summary(site: Site, run_id: str) -> str:
    """Write `reports/<run id>.md`, whole or not at all. Returns its path."""
    run = view_run(site, run_id)
    target = site.root / "reports" / f"{run_id}.md"
    temporary = target.with_name(f".{target.name}.part")
    with temporary.open("w", encoding="utf-8") as stream:
        os.fchmod(stream.fileno(), 0o640)
        stream.write("\n".join(_lines(run, _approvals(site, run))) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    temporary.rename(target)
    return str(target)


def _approvals(site: Site, run: RunView) -> tuple[ApprovalRow, ...]:
    if run.mode is Mode.DRYRUN:
        return ()
    with connect(site.settings.database.monitor, read_only=True, purpose="summary") as connection:
        return tuple(sorted(approvals(connection, run.run_id), key=lambda row: row.imported_at))


def _lines(run: RunView, rulings: tuple[ApprovalRow, ...]) -> list[str]:
    where = run.target
    target = (
        f"{where.database} on {where.host}, system {where.system_identifier}, timeline {where.timeline}"
        if where
        else "none"
    )
    facts = (
        ("Mode", run.mode.value),
        ("State", run.state.name),
        ("Document", f"{run.docprefix}, {run.origin}, profile {run.profile}"),
        ("Units", str(run.n_units)),
        ("Target", target),
        ("Plan digest", run.plan_digest),
        ("Content digest", run.content_digest),
        ("Operator", run.operator),
        ("Started", f"{run.started_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("Journal", run.journal),
    )
    return [
        f"# Run {run.run_id}",
        "",
        *(f"- {name}: {_plain(value)}" for name, value in facts),
        "",
        "## Rulings",
        "",
        *([_ruling(row) for row in rulings] or ["None was imported."]),
        "",
        "## Expected rows of the cut",
        "",
        *(f"- {delta.table}: {delta.rows:+d}" for delta in run.deltas),
        "",
        "## Phases",
        "",
        *(line for phase in run.phases for line in _phase(phase)),
    ]


def _ruling(row: ApprovalRow) -> str:
    use = (
        f"used to {row.used_for} at {row.used_at:%Y-%m-%d %H:%M:%S} UTC" if row.used_for and row.used_at else "not used"
    )
    return f"- {row.kind}, statement {row.statement_sha256}, signed by {', '.join(row.signers)}, imported by {row.imported_by}, {use}"


def _phase(phase: PhaseView) -> list[str]:
    took = f", {phase.took_ms:.0f} ms" if phase.took_ms is not None else ""
    lines = [f"{phase.phase.number}. {phase.phase}: **{phase.outcome}**{took}. {_plain(phase.detail)}"]
    return lines + [
        f"   - {_plain(piece.asked)}: {_plain(piece.answer)} [{piece.id}, {_plain(piece.source)}]"
        for piece in phase.evidence
    ]


def _plain(text: str) -> str:
    return text.translate(_MARKDOWN)
