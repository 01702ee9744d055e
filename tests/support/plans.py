"""The plan of a document that must have one."""

from console.backend.documents.planning import PlanResult
from console.backend.model.plan import DocumentPlan


def accepted(result: PlanResult) -> DocumentPlan:
    """Return the plan; fails with the document's problems if there is none."""
    assert result.plan is not None, "; ".join(f"line {one.line}: {one.code}: {one.message}" for one in result.problems)
    return result.plan
