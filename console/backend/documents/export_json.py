"""`document export --format json`: units and other spans in the order of the text, as one closed model."""

from typing import Literal, Self

from pydantic import Field

from console.backend.documents.portions import ExportedDocument, Portion
from console.backend.model.plan import SourceVersion
from console.backend.model.value import Value


class ExportedPortion(Value):
    """A unit, or a named span of the text that is none; the text is that of the source, with every character."""

    address: str | None
    """None for a span that is no unit."""
    parent: str | None
    unit_kind: str | None
    section_type: str | None
    number: str | None
    title: str | None
    name: str | None
    """Of a span that is no unit: title, front matter, signature."""
    standing: str
    text: str

    @classmethod
    def of(cls, portion: Portion) -> Self:
        """Return a portion as it is written."""
        is_unit = bool(portion.address)
        return cls(
            address=portion.address if is_unit else None,
            parent=portion.parent,
            unit_kind=portion.unit_kind if is_unit else None,
            section_type=portion.section_type if is_unit else None,
            number=portion.number if is_unit else None,
            title=portion.title if is_unit else None,
            name=None if is_unit else portion.name,
            standing=portion.standing.value,
            text=portion.text,
        )


class ExportedJson(Value):
    """A whole document; the texts in their order are the document's text."""

    schema_: Literal["cutter-console/document/1"] = Field(default="cutter-console/document/1", alias="schema")
    docprefix: str
    profile: str
    standing: str
    source: SourceVersion
    content_digest: str
    portions: tuple[ExportedPortion, ...]


def exported_json(document: ExportedDocument) -> bytes:
    """Return the document as JSON, one line."""
    exported = ExportedJson(
        docprefix=document.docprefix,
        profile=document.profile,
        standing=document.standing.value,
        source=document.source,
        content_digest=document.content_digest,
        portions=tuple(map(ExportedPortion.of, document.portions)),
    )
    return exported.model_dump_json(by_alias=True).encode() + b"\n"


def exported_text(document: ExportedDocument) -> bytes:
    """Return the document's text: of a plan, exactly the canonical text.

    A portion that does not end its last line, as an edited unit can, ends it here, so that the next begins on its own.
    """
    last = len(document.portions) - 1
    return "".join(
        portion.text if at == last or portion.text.endswith("\n") else f"{portion.text}\n\n"
        for at, portion in enumerate(document.portions)
    ).encode()
