"""The governance section of a site mapping: which of the organisation's tables receive the rows of leg B, column by column."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from console.backend.model.value import Value


class Source(StrEnum):
    """Value that a column is filled with; nothing else can be."""

    LITERAL = "literal"
    """The text that the mapping gives."""
    RUN = "run id"
    DOCUMENT = "document prefix"
    ORIGIN = "origin"
    SOURCE_SHA256 = "source sha256"
    PLAN_DIGEST = "plan digest"
    MANIFEST_DIGEST = "manifest digest"
    SIGNED_DIGEST = "signed digest"
    STATEMENT_SHA256 = "statement sha256"
    SIGNERS = "signers"
    UNITS = "number of units"
    ACTOR = "actor"
    """The role that wrote the console's row."""
    TIME = "time"
    """Moment at which the console's row was written."""
    DOCUMENT_ID = "document id"
    DOCUMENT_VERSION_ID = "document version id"
    ENVELOPE_ID = "envelope id"
    DECISION_ID = "decision id"
    CHANGE_SET_ID = "change set id"
    VERIFICATION_ID = "verification id"
    SIGNATURE_ID = "signature id"
    ENTRY_ID = "entry id"
    ADDRESS = "address"
    UNIT_ID = "unit id"
    """Of the unit in the organisation's table."""
    VERSION_ID = "version id"
    """Of the version in the organisation's table."""
    ORDINAL = "ordinal"
    KIND = "unit kind"
    SECTION_TYPE = "section type"
    TITLE = "title"
    CONTENT_HASH = "content hash"
    VERDICT = "verdict"
    """cut, enact or revert."""
    OUTCOME = "outcome"
    """PASS or FAIL."""
    SUBJECT = "subject"
    STATUS = "status"
    """open, done or withdrawn."""
    NOTE = "note"


class Part(StrEnum):
    """A kind of row; in the order in which they are written."""

    DOCUMENT = "document"
    DOCUMENT_VERSION = "document_version"
    ENVELOPE = "envelope"
    UNIT = "unit"
    DECISION = "decision"
    CHANGE_SET = "change_set"
    AFFECTED_ROW = "affected_row"
    SIGNATURE = "signature"
    ENTRY = "entry"
    ENTRY_STEP = "entry_step"
    VERIFICATION = "verification"
    VERIFICATION_SIGNATURE = "verification_signature"


_OF_RUN = frozenset(
    {
        Source.LITERAL,
        Source.RUN,
        Source.DOCUMENT,
        Source.ORIGIN,
        Source.SOURCE_SHA256,
        Source.PLAN_DIGEST,
        Source.MANIFEST_DIGEST,
        Source.UNITS,
        Source.ACTOR,
        Source.TIME,
        Source.DOCUMENT_ID,
        Source.DOCUMENT_VERSION_ID,
        Source.ENVELOPE_ID,
    }
)
_OF_UNIT = frozenset(
    {
        Source.ADDRESS,
        Source.UNIT_ID,
        Source.VERSION_ID,
        Source.ORDINAL,
        Source.KIND,
        Source.SECTION_TYPE,
        Source.TITLE,
        Source.CONTENT_HASH,
    }
)
_OF_RULING = frozenset({Source.DECISION_ID, Source.STATEMENT_SHA256, Source.SIGNERS, Source.VERDICT})
_OF_SIGNATURE = frozenset({Source.SIGNATURE_ID, Source.SIGNED_DIGEST})
SOURCES: dict[Part, frozenset[Source]] = {
    Part.DOCUMENT: frozenset(
        {Source.LITERAL, Source.DOCUMENT, Source.ORIGIN, Source.ACTOR, Source.TIME, Source.DOCUMENT_ID}
    ),
    Part.DOCUMENT_VERSION: _OF_RUN - {Source.ENVELOPE_ID, Source.MANIFEST_DIGEST, Source.PLAN_DIGEST, Source.UNITS},
    Part.ENVELOPE: _OF_RUN,
    Part.UNIT: _OF_RUN | _OF_UNIT,
    Part.DECISION: _OF_RUN | _OF_RULING,
    Part.CHANGE_SET: _OF_RUN | _OF_RULING | {Source.CHANGE_SET_ID},
    Part.AFFECTED_ROW: _OF_RUN | _OF_UNIT | {Source.CHANGE_SET_ID},
    Part.SIGNATURE: _OF_RUN | _OF_RULING | _OF_SIGNATURE | {Source.CHANGE_SET_ID},
    Part.ENTRY: _OF_RUN | {Source.ENTRY_ID, Source.SUBJECT},
    Part.ENTRY_STEP: _OF_RUN | {Source.ENTRY_ID, Source.ORDINAL, Source.STATUS, Source.NOTE},
    Part.VERIFICATION: _OF_RUN | {Source.CHANGE_SET_ID, Source.VERIFICATION_ID, Source.OUTCOME},
    Part.VERIFICATION_SIGNATURE: _OF_RUN | _OF_SIGNATURE | {Source.VERIFICATION_ID, Source.OUTCOME},
}
"""Sources that each part has a value for."""
MADE_BY: dict[Source, Part] = {
    Source.DOCUMENT_ID: Part.DOCUMENT,
    Source.DOCUMENT_VERSION_ID: Part.DOCUMENT_VERSION,
    Source.ENVELOPE_ID: Part.ENVELOPE,
    Source.DECISION_ID: Part.DECISION,
    Source.CHANGE_SET_ID: Part.CHANGE_SET,
    Source.VERIFICATION_ID: Part.VERIFICATION,
    Source.ENTRY_ID: Part.ENTRY,
}
"""The part that has the row which an id is the key of."""
NEEDED = (Part.ENVELOPE, Part.UNIT, Part.CHANGE_SET, Part.SIGNATURE, Part.VERIFICATION)
"""Parts without which nothing is written."""
PER_UNIT = (Part.UNIT, Part.AFFECTED_ROW)
"""Parts that have a row for each unit."""
STEPS: dict[Part, tuple[str, ...]] = {
    **dict.fromkeys(Part, ("record",)),
    Part.DECISION: ("record", "enact", "revert"),
    Part.ENTRY_STEP: ("record", "enact", "revert"),
    Part.VERIFICATION: ("verify",),
    Part.VERIFICATION_SIGNATURE: ("verify",),
}
"""Steps of a run that add a row of each part; of units and affected rows one for each unit."""
_KEYS: dict[Part, frozenset[Source]] = {
    Part.DOCUMENT: frozenset({Source.DOCUMENT}),
    Part.DOCUMENT_VERSION: frozenset({Source.SOURCE_SHA256}),
}
"""Sources of those parts by which a row that is there already is known."""


WORDS: dict[Source, frozenset[str]] = {
    Source.VERDICT: frozenset({"cut", "enact", "revert"}),
    Source.OUTCOME: frozenset({"PASS", "FAIL"}),
    Source.STATUS: frozenset({"open", "done", "withdrawn"}),
}
"""Sources whose values are words of this program, for which an organisation may have its own."""


class Filled(Value):
    """A column, with the type that it had when it was mapped, and what it is filled with."""

    column: str = Field(min_length=1, max_length=63)
    type: str = Field(min_length=1)
    source: Source
    literal: str = ""
    values: dict[str, str] = Field(default_factory=dict)
    """Words of the organisation for values of the source, such as approved for cut; a value that is not named stays as it is."""

    @model_validator(mode="after")
    def _literal_with_its_source(self) -> Self:
        if self.literal and self.source is not Source.LITERAL:
            raise ValueError("a literal needs source = 'literal'")
        if unknown := sorted(self.values.keys() - WORDS.get(self.source, frozenset())):
            raise ValueError(f"values: {self.source} is never {', '.join(unknown)}")
        return self


class GovernedTable(Value):
    """One table that receives rows of a part."""

    table: Annotated[str, Field(pattern=r"^[^.\x00]{1,63}\.[^.\x00]{1,63}$")]
    columns: tuple[Filled, ...] = Field(min_length=1)
    by_trigger: tuple[str, ...] = ()
    """Columns that must be filled, and that a trigger of the table fills."""

    @field_validator("columns", "by_trigger", mode="before")
    @classmethod
    def _is_a_list(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _each_column_once(self) -> Self:
        names = [*(column.column for column in self.columns), *self.by_trigger]
        if len(set(names)) < len(names):
            raise ValueError("a column is named twice")
        return self

    def by_source(self, source: Source) -> Filled | None:
        """Return the column that is filled with this, or None."""
        return next((column for column in self.columns if column.source is source), None)


class Governance(Value):
    """The tables by part. A part that is left out has no rows in the organisation's tables."""

    document: GovernedTable | None = None
    document_version: GovernedTable | None = None
    envelope: GovernedTable
    unit: GovernedTable
    decision: GovernedTable | None = None
    change_set: GovernedTable
    affected_row: GovernedTable | None = None
    signature: GovernedTable
    entry: GovernedTable | None = None
    entry_step: GovernedTable | None = None
    verification: GovernedTable
    verification_signature: GovernedTable | None = None

    @model_validator(mode="after")
    def _each_source_has_a_value(self) -> Self:
        mapped = dict(self.parts)
        for part, table in self.parts:
            for column in table.columns:
                if column.source not in SOURCES[part]:
                    raise ValueError(f"{part}: {column.column} cannot be filled with {column.source}")
                maker = MADE_BY.get(column.source)
                if maker is not None and maker not in mapped:
                    raise ValueError(f"{part}: {column.column} refers to the part {maker}, which is not mapped")
            sources = {column.source for column in table.columns}
            needed = {source for source, maker in MADE_BY.items() if maker is part} | _KEYS.get(part, frozenset())
            if part in PER_UNIT and not sources & {Source.ADDRESS, Source.ORDINAL, Source.UNIT_ID}:
                raise ValueError(f"{part}: no column tells the units apart")
            if missing := needed - sources:
                raise ValueError(f"{part}: no column is filled with {', '.join(sorted(missing))}")
        return self

    @property
    def parts(self) -> tuple[tuple[Part, GovernedTable], ...]:
        """Return the mapped parts with their tables, in the order in which they are written."""
        pairs = ((part, getattr(self, part.value)) for part in Part)
        return tuple((part, table) for part, table in pairs if isinstance(table, GovernedTable))

    @property
    def tables(self) -> tuple[str, ...]:
        """Return the tables, each once."""
        return tuple(dict.fromkeys(table.table for _, table in self.parts))

    def rows(self, step: str, n_units: int, there: frozenset[Part] = frozenset()) -> dict[str, int]:
        """Return the rows that a step of a run of N units adds to each table; of the parts that are there already, none."""
        added: dict[str, int] = {}
        for part, table in self.parts:
            if step in STEPS[part]:
                n = 0 if part in there else n_units if part in PER_UNIT else 1
                added[table.table] = added.get(table.table, 0) + n
        return added
