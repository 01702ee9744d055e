"""Exports made short for tests: a planned document to Akoma Ntoso."""

from datetime import date

from console.backend.documents.akn.frbr import WorkFacts
from console.backend.documents.akn.writing import write_akn
from console.backend.documents.planning import PlanResult
from console.backend.documents.portions import ExportedDocument, of_plan
from console.backend.documents.profiles import akn_elements
from tests.backend.documents.planned import planned
from tests.support.plans import accepted

FACTS = WorkFacts(country="de", language="deu", date=date(2020, 1, 31))
DAY = date(2026, 3, 1)


def exported_document(result: PlanResult) -> ExportedDocument:
    """An accepted plan as it is exported."""
    return of_plan(accepted(result), result.canonical)


def akn_of(result: PlanResult, facts: WorkFacts = FACTS) -> bytes:
    """An accepted plan as Akoma Ntoso."""
    return write_akn(exported_document(result), facts, akn_elements(result.request.profile), DAY)


def akn(text: str, profile: str = "atx", *, ordinals: bool = False) -> bytes:
    """A text, planned and exported."""
    return akn_of(planned(text, profile, ordinals=ordinals))
