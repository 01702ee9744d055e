"""A document as it is exported: units and other spans in the order of its text, from a plan or from the database."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from console.backend.documents.coverage import spans
from console.backend.model.plan import DocumentPlan, Omission, SourceVersion
from console.backend.model.planned_units import UnitFields
from console.backend.model.written_plan import as_written, kept_bytes


class Standing(StrEnum):
    """Standing of what is exported."""

    PLANNED = "planned"
    """A plan; nothing of it is in a database."""
    DRAFT = "draft"
    """In the database, and not yet law."""
    ENACTED = "enacted"
    """In force."""
    MIXED = "mixed"
    """Some units are drafts; each says so."""


@dataclass(frozen=True, slots=True)
class Portion:
    """A unit, or (`name`) a span of the text that belongs to none."""

    text: str
    line: int
    """1-based line of the canonical text."""
    address: str = ""
    parent: str | None = None
    unit_kind: str = ""
    section_type: str = ""
    number: str = ""
    title: str = ""
    name: str = ""
    """Name of a span that is no unit; empty for a unit."""
    standing: Standing = Standing.PLANNED


@dataclass(frozen=True, slots=True)
class ExportedDocument:
    """A document in the order of its text, and where it comes from."""

    docprefix: str
    profile: str
    standing: Standing
    source: SourceVersion
    content_digest: str
    """Of the plan that gives the order of the units."""
    portions: tuple[Portion, ...]
    n_dropped: int = 0
    """Number of spans of page furniture and footnotes that are in no portion."""
    omissions: tuple[Omission, ...] = ()
    """Content of a source with markup that is in no portion."""

    @property
    def units(self) -> tuple[Portion, ...]:
        """Return the units in order."""
        return tuple(portion for portion in self.portions if portion.address)


def of_plan(plan: DocumentPlan, canonical: bytes) -> ExportedDocument:
    """Return a planned document as it is exported: the text that is written, without what is dropped."""
    kept = kept_bytes(canonical, plan.dropped)
    portions = tuple(
        _unit(span, _text(span.byte_start, span.byte_end, kept))
        if isinstance(span, UnitFields)
        else Portion(text=_text(span.byte_start, span.byte_end, kept), line=span.line_start, name=span.name)
        for span in spans(as_written(plan))
    )
    return ExportedDocument(
        docprefix=plan.docprefix,
        profile=plan.profile,
        standing=Standing.PLANNED,
        source=plan.source,
        content_digest=plan.content_digest,
        portions=portions,
        n_dropped=len(plan.dropped),
        omissions=plan.omissions,
    )


@dataclass(frozen=True, slots=True)
class StoredUnit:
    """Title, body and lifecycle of a unit as the database has them for readers."""

    address: str
    parent: str | None
    section_type: str
    title: str
    body: str
    is_draft: bool


def of_rows(plan: DocumentPlan, canonical: bytes, rows: Iterable[StoredUnit]) -> ExportedDocument:
    """Return a document with title and body of each unit as the database has them, in the order of its plan."""
    stored = {row.address: row for row in rows}
    planned = of_plan(plan, canonical)
    drafts = {row.is_draft for row in stored.values()}
    standing = Standing.MIXED if len(drafts) > 1 else Standing.DRAFT if drafts == {True} else Standing.ENACTED
    portions = tuple(
        _as_stored(portion, stored[portion.address]) if portion.address else replace(portion, standing=standing)
        for portion in planned.portions
    )
    return replace(planned, standing=standing, portions=portions)


def _as_stored(portion: Portion, row: StoredUnit) -> Portion:
    standing = Standing.DRAFT if row.is_draft else Standing.ENACTED
    return replace(portion, text=row.body, title=row.title, standing=standing)


def _text(start: int, end: int, canonical: bytes) -> str:
    return canonical[start:end].decode()


def _unit(unit: UnitFields, text: str) -> Portion:
    return Portion(
        text=text,
        line=unit.line_start,
        address=unit.address,
        parent=unit.parent,
        unit_kind=unit.unit_kind,
        section_type=unit.section_type,
        number=unit.number,
        title=unit.title,
    )
