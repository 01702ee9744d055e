"""Units, cut plan and its digest: what is signed, and what the database must contain afterwards."""

from functools import cached_property

from console.backend.model.canonical_json import digest
from console.backend.model.plan_binding import PlanBinding, TableDelta, expected_cut_deltas
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value


class SourceVersion(Value):
    """One pinned snapshot of a document: size and digests of its raw bytes and of its canonical text."""

    origin: SafeText
    """`file:<name>` or `live:<registered name>`; never a path of this machine."""
    bytes: int
    sha256: str
    canonical_sha256: str
    canon_rule: str = "canon-md-v0.1.0"


class PlannedUnit(Value):
    """One unit that a cut creates: address, place, and sha256 of its body, the source's bytes [byte_start:byte_end]."""

    address: str
    parent: str | None
    unit_kind: str
    section_type: str
    number: SafeText
    title: SafeText
    line_start: int
    line_end: int
    byte_start: int
    byte_end: int
    body_sha256: str


class DraftUnit(Value):
    """One draft that a ruling names, as a signer reads it."""

    address: SafeText
    title: SafeText
    body_sha256: str


class OtherSpan(Value):
    """Bytes of the canonical text that belong to no unit, and why: front matter, document title, preamble."""

    name: str
    line_start: int
    line_end: int
    byte_start: int
    byte_end: int


class Coverage(Value):
    """Bytes inside units and outside; lossless means that the spans in order are the source, byte for byte."""

    unit_bytes: int
    other_bytes: int
    lossless: bool


class Problem(Value):
    """Reason why a document is refused: a stable code, the 1-based line of the canonical text, what a person can do."""

    code: str
    line: int
    message: SafeText


class DocumentPlan(Value):
    """The content of a document, independent of any database: equal bytes give an equal content digest."""

    docprefix: str
    profile: str
    ordinals: bool
    source: SourceVersion
    units: tuple[PlannedUnit, ...]
    others: tuple[OtherSpan, ...]
    coverage: Coverage

    @cached_property
    def content_digest(self) -> str:
        """Return the sha256 of this document plan's canonical JSON; equal digests are the same cut."""
        return digest(self)


class CutPlan(Value):
    """A document plan, the rows that it adds, and the state of the database that it is bound to; None in a preview."""

    document: DocumentPlan
    expected_deltas: tuple[TableDelta, ...]
    world: PlanBinding | None = None

    @cached_property
    def plan_digest(self) -> str:
        """Return the sha256 of the plan's canonical JSON: the digest that the sovereign signs."""
        return digest(self)

    @property
    def n_units(self) -> int:
        """Return N, the number of information units that the cut creates."""
        return len(self.document.units)


def bind(document: DocumentPlan, world: PlanBinding | None) -> CutPlan:
    """Return the cut plan of a document for one state of the database. A plan is immutable; a change is a new plan."""
    return CutPlan(document=document, expected_deltas=expected_cut_deltas(len(document.units)), world=world)
