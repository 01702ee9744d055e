"""Output of `plan --json`: one closed model, built from a plan result."""

from datetime import datetime
from typing import Literal, Self

from pydantic import Field

from console.backend.documents.planning import PlanResult
from console.backend.model.amendment import Amendment
from console.backend.model.amendment_report import AmendmentReport
from console.backend.model.outcome import Outcome
from console.backend.model.plan import Acceptance, Coverage, DroppedSpan, Omission, OtherSpan, Problem, Suspect, bind
from console.backend.model.plan_binding import TableDelta
from console.backend.model.planned_units import PlannedUnit
from console.backend.model.run_tables import RunTables
from console.backend.model.value import Value


class SourceReport(Value):
    """Size and digests of a source."""

    bytes: int
    sha256: str
    canonical_sha256: str


class PlanReport(Value):
    """A plan bound to no world, or the problems that refuse the document."""

    schema_: Literal["cutter-console/plan/1"] = Field(default="cutter-console/plan/1", alias="schema")
    outcome: Outcome
    measured_at: datetime
    docprefix: str
    profile: str
    profile_sha256: str
    """Digest of the file of an operator's own profile; empty for a profile that is shipped."""
    ordinals: bool
    source: SourceReport | None
    plan_digest: str | None
    """Digest of the plan bound to no world; a run binds it and gets its own."""
    content_digest: str | None
    n_units: int
    histogram: dict[str, int]
    coverage: Coverage
    units: tuple[PlannedUnit, ...]
    others: tuple[OtherSpan, ...]
    title_parts: tuple[OtherSpan, ...]
    """Parts of the title among `others`; read out of the text, and no part of the plan."""
    problems: tuple[Problem, ...]
    suspects: tuple[Suspect, ...]
    acceptances: tuple[Acceptance, ...]
    dropped: tuple[DroppedSpan, ...]
    omissions: tuple[Omission, ...]
    """Content of a source with markup that the canonical text does not hold."""
    amendment: AmendmentReport | None = None
    """Effects on what is law; None if the text was not compared with it."""
    expected_deltas: tuple[TableDelta, ...] = ()
    """Rows that a cut of the document adds, where it stands; what is registered there already is not asked."""

    @classmethod
    def of(
        cls,
        result: PlanResult,
        measured_at: datetime,
        amendment: Amendment | None = None,
        comparison: AmendmentReport | None = None,
        tables: RunTables | None = None,
    ) -> Self:
        """The report of a plan result; with the effects on what is law, and their report, if it was compared.

        Its rows are those of `tables`, or of a database of the console's own.
        """
        plan, source = result.plan, result.source
        counts = amendment.counts if amendment is not None else None
        nothing = Coverage(unit_bytes=0, other_bytes=len(result.canonical), lossless=False)
        return cls(
            outcome=Outcome.FAIL if plan is None else Outcome.PASS,
            measured_at=measured_at,
            docprefix=result.request.docprefix,
            profile=result.request.profile,
            profile_sha256=result.request.profile_sha256,
            ordinals=result.request.ordinals,
            source=SourceReport(bytes=source.bytes, sha256=source.sha256, canonical_sha256=source.canonical_sha256)
            if source
            else None,
            plan_digest=bind(plan, None, amendment).plan_digest if plan else None,
            content_digest=plan.content_digest if plan else None,
            n_units=len(plan.units) if plan else 0,
            histogram=result.histogram,
            coverage=plan.coverage if plan else nothing,
            units=plan.units if plan else (),
            others=plan.others if plan else (),
            title_parts=result.title_parts,
            problems=result.problems,
            suspects=plan.suspects if plan else (),
            acceptances=plan.acceptances if plan else (),
            dropped=plan.dropped if plan else (),
            omissions=plan.omissions if plan else (),
            amendment=comparison,
            expected_deltas=(tables or RunTables()).cut(len(plan.units), counts) if plan else (),
        )
