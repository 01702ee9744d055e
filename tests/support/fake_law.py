"""The sample law as it was before, compared with its plan."""

from datetime import UTC, datetime

from console.backend.documents.amendment_report import amendment_report
from console.backend.documents.comparison import compare, units_of_plan
from console.backend.model.amendment import Moved
from console.backend.model.amendment_report import AmendmentReport
from console.backend.model.compared_unit import ComparedUnit
from console.backend.model.view_models import PlanView

_RUN = "ictr-20260101T080000Z-00c0ffee"
_SINCE = datetime(2026, 1, 2, 9, tzinfo=UTC)


def law_before(plan: PlanView, suffix: str = "", moved: tuple[Moved, ...] = ()) -> AmendmentReport:
    """The report on a plan of which one paragraph was worded otherwise, one stood elsewhere and one did not exist."""
    assert plan.document is not None
    new = units_of_plan(plan.document, plan.text.data)
    comparison = compare(tuple(_before(new, suffix)), new, moved)
    return amendment_report(comparison, comparison.amendment(_RUN), 2, _SINCE, ())


def law_repealed(plan: PlanView) -> AmendmentReport:
    """The report on no text at all."""
    assert plan.document is not None
    comparison = compare(units_of_plan(plan.document, plan.text.data), ())
    return amendment_report(comparison, comparison.amendment(_RUN), 2, _SINCE, ())


def _before(new: tuple[ComparedUnit, ...], suffix: str) -> list[ComparedUnit]:
    prefix = new[0].address.rpartition("-S")[0]
    old = [unit for unit in new if not unit.address.endswith("-S3")]
    old[1] = old[1]._replace(body=old[1].body.replace("the Federation, and by public bodies of", f"Bund{suffix} and"))
    old[4] = old[4]._replace(address=f"{prefix}-S2-P7", number="7", body=old[4].body.replace("(1)", "(7)"))
    return [*old, old[0]._replace(address=f"{prefix}-S9", number="9", title=f"Transitional rules{suffix}")]
