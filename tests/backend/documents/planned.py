"""Planning made short for tests: text in, addresses or problem codes out."""

from textwrap import dedent

from console.backend.documents.limits import DEFAULT_LIMITS, Limits
from console.backend.documents.planning import PlanResult, plan_document
from tests.support.plans import accepted


def planned(
    text: str | bytes, profile: str = "atx", *, ordinals: bool = False, limits: Limits = DEFAULT_LIMITS
) -> PlanResult:
    """Plan a text under the docprefix DOC; a str is dedented first."""
    raw = text if isinstance(text, bytes) else dedent(text).lstrip("\n").encode()
    return plan_document(raw, origin="file:doc.md", docprefix="DOC", profile=profile, ordinals=ordinals, limits=limits)


def addresses(result: PlanResult) -> list[str]:
    """The addresses of an accepted plan, without the docprefix."""
    return [unit.address.removeprefix("DOC/") for unit in accepted(result).units]


def parents(result: PlanResult) -> dict[str, str | None]:
    """Address to parent of an accepted plan, without the docprefix."""
    return {
        u.address.removeprefix("DOC/"): u.parent.removeprefix("DOC/") if u.parent else None
        for u in accepted(result).units
    }


def refusals(result: PlanResult) -> list[tuple[int, str]]:
    """(line, code) of each problem of a refused document."""
    assert result.plan is None
    return [(problem.line, problem.code) for problem in result.problems]


def bodies(result: PlanResult) -> list[str]:
    """The bodies of an accepted plan, in order."""
    return [result.canonical[u.byte_start : u.byte_end].decode() for u in accepted(result).units]
