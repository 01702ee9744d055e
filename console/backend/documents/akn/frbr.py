"""Facts about a document that its text does not state, and the IRIs that are made of them."""

import re
from dataclasses import dataclass
from datetime import date

from console.backend.documents.portions import ExportedDocument
from console.backend.model.errors import StopCode, UsageError
from console.backend.model.vocabulary import UnitKind

_COUNTRY = re.compile(r"[a-z]{2}(?:-[a-z0-9]{1,8})?")
_LANGUAGE = re.compile(r"[a-z]{3}")
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]{1,200}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class WorkFacts:
    """Country, language and date of a document as a person states them; never guessed."""

    country: str
    """ISO 3166-1, in lower case, with a hyphen and a part of it if need be: `de`, `de-by`."""
    language: str
    """ISO 639-2: `deu`, `vie`, `eng`; `und` says that it is not known."""
    date: date
    number: str = ""
    """Number of the document; empty: it is named by its docprefix."""
    author: str = ""
    """Body that issued it; empty: it is not stated."""


def stated_facts(country: str, language: str, day: str, number: str = "", author: str = "") -> WorkFacts:
    """Return the facts as they were typed. Raises UsageError for one that has not the form."""
    forms = (
        ("--country", country, _COUNTRY, "an ISO 3166-1 code in lower case, such as de or de-by"),
        ("--language", language, _LANGUAGE, "an ISO 639-2 code in lower case, such as deu; und if it is not known"),
        *([("--number", number, _NUMBER, "letters, digits, '.', '_' and '-'")] if number else []),
        *([("--author", author, _NAME, "a name on one line, without control characters")] if author else []),
        ("--date", day, _DATE, "a date such as 2020-01-31"),
    )
    for option, value, pattern, wanted in forms:
        if not pattern.fullmatch(value):
            raise UsageError(StopCode.REFUSED_INPUT, f"{option} {value!r} is not {wanted}", f"Give {option} {wanted}.")
    try:
        return WorkFacts(country, language, date.fromisoformat(day), number, author)
    except ValueError as error:
        message = f"--date {day!r} is no day of the calendar"
        raise UsageError(StopCode.REFUSED_INPUT, message, "Give the document's date as YYYY-MM-DD.") from error


@dataclass(frozen=True, slots=True)
class Iris:
    """The IRIs of work, expression and manifestation, without the component."""

    work: str
    expression: str
    manifestation: str


def document_type(document: ExportedDocument) -> str:
    """Return the element of the document: `act` for laws, `doc` for others."""
    return "act" if any(unit.unit_kind == UnitKind.LAW for unit in document.units) else "doc"


def iris_of(document: ExportedDocument, facts: WorkFacts) -> Iris:
    """Return the IRIs by chapter 4 of the Naming Convention. The expression is dated as the work is."""
    name = facts.number or document.docprefix.lower()
    work = f"/akn/{facts.country}/{document_type(document)}/{facts.date.isoformat()}/{name}"
    expression = f"{work}/{facts.language}@{facts.date.isoformat()}"
    return Iris(work, expression, f"{expression}.xml")
