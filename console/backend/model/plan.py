"""Units, cut plan and its digest: what is signed, and what the database must contain afterwards."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from functools import cached_property
from typing import Self

from pydantic import SerializerFunctionWrapHandler, model_serializer

from console.backend.model.amendment import Amendment
from console.backend.model.canonical_json import canonical_json, digest, sha256_of
from console.backend.model.errors import Refused, StopCode
from console.backend.model.plan_binding import PlanBinding, TableDelta
from console.backend.model.planned_units import PlannedUnits, frame_of, split_units
from console.backend.model.run_tables import RunTables
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
    """Reason why a document is refused: a stable code, the 1-based line, what a person can do.

    The line is that of the canonical text; of a file with markup, that of the file.
    """

    code: str
    line: int
    message: SafeText


class SuspectReason(StrEnum):
    """Reason why a line that reads like the beginning of a unit opens none."""

    SPELLING = "spelling"
    """It is not written as the profile wants a beginning: another sign, indentation or separator; or it only refers."""
    NEXT_NUMBER = "next-number"
    """It begins with the number that comes next there."""
    MISSING_NUMBER = "missing-number"
    """It opens a unit, and a number between it and the one before is nowhere: the text above may have swallowed it."""
    INSIDE_LINE = "inside-line"
    """The number that comes next stands within a line, behind the end of a sentence."""
    GENERATED_NUMBER = "generated-number"
    """It opens a unit whose number the text leaves open; the one in the address is generated."""
    BETWEEN_UNITS = "between-units"
    """It begins a named part outside of the units, such as a signature, and units follow behind it."""
    QUOTED = "quoted"
    """It stands in a quotation, a comment or a block of code."""
    IN_LIST = "in-list"
    """It is indented below a list item."""
    IN_ANNEX = "in-annex"
    """It is text of an annex."""
    IN_CONTENTS = "in-contents"
    """It is an entry of a table of contents."""
    UNMARKED = "unmarked"
    """It carries no marking, and this document marks that level."""
    CONTINUES = "continues"
    """The sentence above goes on in it."""
    OTHER_DEPTH = "other-depth"
    """It opens a unit beside groups of another level: one of them may be marked with a `#` too many or too few."""
    NO_PLACE = "no-place"
    """No unit that can contain it is open there."""
    TEXT_FOLLOWS = "text-follows"
    """The markup has it as a part, and text of the unit around it follows: it stays in that unit."""
    BEHIND_LIST = "behind-list"
    """It stands behind a list whose last item it became text of, though it may belong to the unit around the list."""
    UNKNOWN_HEADING = "unknown-heading"
    """It is a heading that no level of the profile knows, inside a unit, or a section at the depth of the articles."""


class Suspect(Value):
    """A line that reads like the beginning of a unit and opens none, or shows that one is missing."""

    line: int
    """1-based line of the canonical text."""
    reason: SuspectReason
    text: SafeText
    """The beginning of the line."""
    swallowed_by: str
    """Address of the unit that the line became text of; of other text, its name in parentheses."""


_NAMED_SUSPECTS = 20


def suspects_in_words(suspects: tuple[Suspect, ...]) -> str:
    """Return the number of suspects and the first of them by line and reason."""
    named = ", ".join(f"line {suspect.line} {suspect.reason}" for suspect in suspects[:_NAMED_SUSPECTS])
    more = f" and {len(suspects) - _NAMED_SUSPECTS:,} more" if len(suspects) > _NAMED_SUSPECTS else ""
    return f"{len(suspects):,}: {named}{more}" if suspects else "none"


class Omission(Value):
    """Content of a source that its canonical text does not hold, such as the metadata of an XML file."""

    name: SafeText
    count: int
    characters: int = 0
    """Of its text; 0 if it has none."""


def omissions_in_words(omissions: tuple[Omission, ...]) -> str:
    """Return name and number of what the canonical text does not hold."""
    return ", ".join(
        f"{omission.count:,} {omission.name}"
        + (f" ({omission.characters:,} characters)" if omission.characters else "")
        for omission in omissions
    )


class Acceptance(Value):
    """A finding of the enacted text itself that a person accepts, by line and code, with a reason."""

    line: int
    """1-based line of the canonical text."""
    code: str
    """Code of the problem that would refuse the document."""
    reason: SafeText
    suffix: str = ""
    """Of an address that stands twice: what is added to the second."""
    read_as: str = ""
    """Of an ambiguous line: `text` or `unit`."""


def acceptances_in_words(acceptances: tuple[Acceptance, ...]) -> str:
    """Return the number of acceptances, and each by line, code and reason."""
    named = "; ".join(f"line {accepted.line} {accepted.code}: {accepted.reason}" for accepted in acceptances)
    return f"{len(acceptances):,}: {named}" if acceptances else "none"


class DropRule(StrEnum):
    """Rule of a profile by which a span is no text of the law."""

    PAGE_BREAK = "page-break"
    """The running head of a page, its number and the blank lines around them."""
    STAMP = "stamp"
    """An electronic signature of the printer at the foot of a page."""
    FOOTNOTE = "footnote"
    """A footnote at the foot of a page, or the part of it that stands on this page."""
    FOOTNOTE_MARK = "footnote-mark"
    """The number of a footnote, glued to the number of a unit."""


class DroppedSpan(Value):
    """Bytes of the text that are no text of the law, by a declared rule: they are in no body, and the source keeps them."""

    rule: DropRule
    line: int
    """1-based line of the text."""
    byte_start: int
    byte_end: int
    sha256: str
    """Of the bytes."""
    text: SafeText
    """The bytes as text, on one line."""
    mark: str = ""
    """Of a footnote and its mark: the number."""
    within: str = ""
    """Address of the unit around it; of other text, its name in parentheses."""


def dropped_in_words(dropped: tuple[DroppedSpan, ...]) -> str:
    """Return the number of dropped spans and of their bytes, and how many each rule found."""
    rules = ", ".join(f"{n:,} {rule}" for rule, n in Counter(span.rule.value for span in dropped).most_common())
    size = sum(span.byte_end - span.byte_start for span in dropped)
    return f"{len(dropped):,} ({size:,} bytes): {rules}" if dropped else "none"


class DocumentPlan(Value):
    """The content of a document, independent of any database: equal bytes give an equal content digest."""

    docprefix: str
    profile: str
    ordinals: bool
    source: SourceVersion
    units: PlannedUnits
    others: tuple[OtherSpan, ...]
    coverage: Coverage
    suspects: tuple[Suspect, ...] = ()
    acceptances: tuple[Acceptance, ...] = ()
    """In the order of their lines."""
    dropped: tuple[DroppedSpan, ...] = ()
    """Parts of the spans that are in no body, in order."""
    omissions: tuple[Omission, ...] = ()
    """Content of a source with markup that the canonical text does not hold."""
    profile_sha256: str = ""
    """Digest of the file of an operator's own profile; empty for a profile that is shipped."""

    @model_serializer(mode="wrap")
    def _without_empty_fields(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        # The digest of a plan that has none of these stays what version 0.2.0 computed, and what was signed.
        fields: dict[str, object] = handler(self)
        names = ("suspects", "acceptances", "dropped", "omissions", "profile_sha256")
        empty = {name for name in names if not fields.get(name)}
        return {name: value for name, value in fields.items() if name not in empty} if empty else fields

    @cached_property
    def content_digest(self) -> str:
        """Return the sha256 of this document plan's canonical JSON; equal digests are the same cut."""
        return sha256_of(self.json_parts())

    @property
    def digests_of_parts(self) -> tuple[str, str]:
        """Return the digests of the plan without its units and of their manifest: equal ones are of the same canonical JSON."""
        frame = self.model_copy(update={"units": _NO_UNITS})
        return digest(frame), PlannedUnits.of(self.units).digest

    def json_parts(self) -> Iterator[bytes]:
        """Yield the plan's canonical JSON in parts: of a large plan it is too much for one string."""
        return _with_units(canonical_json(self.model_copy(update={"units": _NO_UNITS})), self.units)

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Return the document plan in these bytes, whose sha256 is its digest. Raises ValidationError if there is none."""
        return cls.read_parts(lambda: (data,))

    @classmethod
    def read_parts(cls, parts: Callable[[], Iterable[bytes]]) -> Self:
        """Return the document plan in these parts; they may be asked for twice. Raises ValueError as `read` does."""
        frame, units, sha256 = split_units(parts)
        plan = cls.model_validate_json(frame)
        plan = plan if units is None else plan.model_copy(update={"units": units})
        return plan.of_digest(sha256)

    def of_digest(self, sha256: str) -> Self:
        """Take the digest that the plan's canonical JSON was seen to have: a large one is long to write again."""
        self.__dict__["content_digest"] = sha256
        return self


_NO_UNITS = PlannedUnits(())


def _with_units(frame: bytes, units: PlannedUnits) -> Iterator[bytes]:
    """Yield the canonical JSON of a plan, made of that of the same plan without units."""
    # A quotation mark within a text is escaped, so this can only be the field.
    head, field, tail = frame.partition(b'"units":[')
    yield head + field
    yield from PlannedUnits.of(units).json_parts()
    yield tail


class CutPlan(Value):
    """A document plan, the rows that it adds, and the state of the database that it is bound to; None in a preview."""

    document: DocumentPlan
    expected_deltas: tuple[TableDelta, ...]
    world: PlanBinding | None = None
    amendment: Amendment | None = None
    """Effects of the plan on the law that it amends or repeals; None for a first cut."""

    @model_serializer(mode="wrap")
    def _without_amendment(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        # The digest of a first cut stays what it was before there were amendments.
        fields: dict[str, object] = handler(self)
        return fields if fields.get("amendment") else {name: fields[name] for name in fields if name != "amendment"}

    @cached_property
    def plan_digest(self) -> str:
        """Return the sha256 of the plan's canonical JSON: the digest that the sovereign signs."""
        return sha256_of(self.json_parts())

    def json_parts(self) -> Iterator[bytes]:
        """Yield the plan's canonical JSON in parts."""
        document = self.document.model_copy(update={"units": _NO_UNITS})
        return _with_units(canonical_json(self.model_copy(update={"document": document})), self.document.units)

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Return the plan in these bytes, whose sha256 is its digest. Raises ValidationError if there is none in them.

        The plan is not written again for its digest: bytes in another form have one that nobody has signed.
        """
        return cls.read_parts(lambda: (data,))

    @classmethod
    def read_parts(cls, parts: Callable[[], Iterable[bytes]]) -> Self:
        """Return the plan in these parts; they may be asked for twice. Raises ValueError as `read` does."""
        frame, units, sha256 = split_units(parts)
        plan = cls.model_validate_json(frame)
        return (plan if units is None else plan._with(units)).of_digest(sha256)

    @classmethod
    def read_known(cls, parts: Callable[[], Iterable[bytes]], digest: str) -> Self:
        """Return the plan in these parts, with units that are read when one is asked for if this is the plan's digest.

        Raises ValueError as `read` does; Refused when the units are asked for and the parts are others by then.
        """
        frame = frame_of(parts)
        if frame is None or frame[2] != digest:
            return cls.read_parts(parts)

        def units() -> PlannedUnits:
            message = f"the file of plan {digest} has changed while it was used"
            refused = Refused(StopCode.INVARIANT_FAILED, message, "This run cannot go on; start another.")
            try:
                _, read, sha256 = split_units(parts)
            except (OSError, ValueError) as error:
                raise refused from error
            if read is None or sha256 != digest:
                raise refused
            return read

        return cls.model_validate_json(frame[0])._with(PlannedUnits.deferred(frame[1], units)).of_digest(digest)

    def _with(self, units: PlannedUnits) -> Self:
        return self.model_copy(update={"document": self.document.model_copy(update={"units": units})})

    def of_digest(self, sha256: str) -> Self:
        """Take the digest that the plan's canonical JSON was seen to have."""
        self.__dict__["plan_digest"] = sha256
        return self

    @property
    def n_units(self) -> int:
        """Return N, the number of units that the plan is about: those of its text or, of a repeal, those that it ends."""
        amendment = self.amendment
        return len(amendment.gone) if amendment is not None and self.is_repeal else len(self.document.units)

    @property
    def is_repeal(self) -> bool:
        """Return whether the plan repeals its document."""
        return self.amendment is not None and self.amendment.counts.is_repeal


def bind(
    document: DocumentPlan,
    world: PlanBinding | None,
    amendment: Amendment | None = None,
    tables: RunTables | None = None,
) -> CutPlan:
    """Return the cut plan of a document for one state of the database. A plan is immutable; a change is a new plan.

    Its rows are those of `tables`; bound to no database, those of one of the console's own.
    """
    counts = amendment.counts if amendment is not None else None
    deltas = (tables or RunTables()).cut(len(document.units), counts)
    return CutPlan(document=document, expected_deltas=deltas, world=world, amendment=amendment)
