"""The site mapping: in which tables and columns a database that was there before keeps its units; TOML on the host.

It is the one place with the facts of such a layout. Readers compose their statements from it; nobody else names its tables.
"""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field, ValidationError, field_validator

from console.backend.model.errors import StopCode, UsageError
from console.backend.model.safe_text import SafeText
from console.backend.model.schema_names import OWN, SchemaNames
from console.backend.model.site_governance import Governance, GovernedTable, Part
from console.backend.model.unreadable import why_unreadable
from console.backend.model.value import Value

VERSION = 1
_MOST_BYTES = 1024 * 1024
INSPECT = "cutter-console adopt inspect"

TableName = Annotated[str, Field(pattern=r"^[^.\x00]{1,63}\.[^.\x00]{1,63}$")]
"""Schema and table with a dot between them, as the catalogue has them, without quotes."""


class Refers(StrEnum):
    """Content of a column that refers to a unit or a version."""

    UNIT_ID = "unit id"
    ADDRESS = "address"
    VERSION_ID = "version id"
    CONTENT_HASH = "content hash"
    NOT_KNOWN = "not known"
    """Its type does not tell, and there is no row that does."""


class Column(Value):
    """A column, with the type that it had when it was mapped."""

    column: str = Field(min_length=1, max_length=63)
    type: str = Field(min_length=1)
    """As PostgreSQL prints it: uuid, text, timestamp with time zone."""


class Reference(Column):
    """A column that refers to a unit or a version."""

    refers_to: Refers


class UnitTable(Value):
    """The table of the units. Of its columns only key and address are needed; each other one may be absent."""

    table: TableName
    id: Column
    address: Column
    kind: Column | None = None
    section_type: Column | None = None
    number: Column | None = None
    document: Column | None = None
    owner: Column | None = None
    publication: Column | None = None
    parent: Reference | None = None
    version: Reference | None = None
    content: Reference | None = None
    lifecycle: Column | None = None
    deleted_at: Column | None = None


class VersionTable(Value):
    """The table of the versions; a unit's text is read from the version that it anchors."""

    table: TableName
    id: Column
    unit: Column
    seq: Column | None = None
    title: Column | None = None
    body: Column | None = None
    content_hash: Column | None = None
    lifecycle: Column | None = None
    enacted_at: Column | None = None


class VocabularyTable(Value):
    """The table of the states of the lifecycle."""

    table: TableName
    code: Column


class ConfigTable(Value):
    """The table of keys and values that holds the vocabulary of kinds."""

    table: TableName
    key: Column
    value: Column


class Functions(Value):
    """The organisation's own functions that write, each with its arguments' types as `regprocedure` prints them."""

    create: str = ""
    enact: str = ""
    owner: str = ""
    """Value given to the function that creates as the owner of a unit; empty to leave it to the function's default."""
    publication: str = ""
    """Value given as the type of publication; empty to leave it to the function's default."""
    search_path: tuple[Annotated[str, Field(pattern=r"^[^\x00]{1,63}$")], ...] = ()
    """Schemas in which functions and triggers that do not pin their `search_path` look for names, in order, behind pg_catalog."""

    @field_validator("search_path", mode="before")
    @classmethod
    def _is_a_list(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value


class SiteMapping(Value):
    """The layout of one database."""

    version: int = Field(default=VERSION, ge=1, le=VERSION)
    units: UnitTable
    versions: VersionTable | None = None
    vocabulary: VocabularyTable | None = None
    config: ConfigTable | None = None
    log: TableName | None = None
    ledger: tuple[TableName, ...] = ()
    """The governance tables, in the order of their names; they are counted."""
    functions: Functions = Functions()
    governance: Governance | None = None
    """Tables of the organisation that the rows of leg B are added to; None if they stand in the console's ledger alone."""
    console: SchemaNames = OWN
    """Schemas in which the console's own tables stand, or are to be made; others where the organisation's tables have the same names."""

    @field_validator("ledger", mode="before")
    @classmethod
    def _is_a_list(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @property
    def tables(self) -> tuple[str, ...]:
        """Return every table, those with units first, each once."""
        parts = (self.units, self.versions, self.vocabulary, self.config)
        names = [part.table for part in parts if part is not None]
        governed = self.governance.tables if self.governance is not None else ()
        return tuple(
            dict.fromkeys([*names[:2], *([self.log] if self.log else []), *names[2:], *self.ledger, *governed])
        )

    @property
    def moved(self) -> tuple[str, ...]:
        """Return the tables that the organisation's functions write: units, versions and log."""
        return (self.units.table, *([self.versions.table] if self.versions else []), *([self.log] if self.log else []))

    @property
    def written(self) -> tuple[str, ...]:
        """Return the tables of the organisation that a run writes: units, versions, log, and those of the governance section."""
        governed = self.governance.tables if self.governance is not None else ()
        return tuple(dict.fromkeys((*self.moved, *governed)))

    @property
    def counted(self) -> tuple[str, ...]:
        """Return the tables whose rows are counted before and after each step: those that a run writes, and the ledger."""
        return tuple(dict.fromkeys((*self.written, *self.ledger)))

    @property
    def schemas(self) -> tuple[str, ...]:
        """Return the schemas of the tables, in order, each once."""
        return tuple(dict.fromkeys(table.partition(".")[0] for table in self.tables))


class NotMeasured(Value):
    """One thing that cannot be measured or mapped here, with the reason and the next action."""

    subject: SafeText
    reason: SafeText
    next_action: SafeText


class Proposal(Value):
    """A mapping, and what of the database has no place in it; without a mapping the first reason says why."""

    mapping: SiteMapping | None
    unmapped: tuple[NotMeasured, ...] = ()


def parse_mapping(path: str, raw: bytes) -> SiteMapping:
    """Return the mapping of a file. Raises UsageError naming line or key of what is wrong with it."""
    if len(raw) > _MOST_BYTES:
        raise _wrong(path, f"longer than {_MOST_BYTES} bytes")
    try:
        return SiteMapping.model_validate(tomllib.loads(raw.decode()), strict=False)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise _wrong(path, why_unreadable(error) if isinstance(error, ValueError) else "nested too deeply") from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise _wrong(path, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _wrong(path: str, reason: str) -> UsageError:
    return UsageError(
        StopCode.REFUSED_INPUT, f"{path}: {reason}", f"Correct the site mapping, or have a new one proposed: {INSPECT}"
    )


def mapping_toml(mapping: SiteMapping) -> str:
    """Return the mapping as TOML; `parse_mapping` reads the same value back."""
    head = [f"version = {mapping.version}"]
    if mapping.log:
        head.append(f"log = {_text(mapping.log)}")
    if mapping.ledger:
        head += ["ledger = [", *(f"    {_text(table)}," for table in mapping.ledger), "]"]
    parts = [head]
    for name in ("units", "versions", "vocabulary", "config"):
        part = getattr(mapping, name)
        if isinstance(part, Value):
            parts.append([f"[{name}]", *_entries(part)])
    parts.append(["[functions]", *_entries(mapping.functions)])
    if mapping.governance is not None:
        parts += [_governed(part, table) for part, table in mapping.governance.parts]
    if not mapping.console.are_as_written:
        parts.append(["[console]", *_entries(mapping.console)])
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _governed(part: Part, table: GovernedTable) -> list[str]:
    lines = [f"[governance.{part}]", f"table = {_text(table.table)}"]
    if table.by_trigger:
        lines.append(f"by_trigger = [{', '.join(map(_text, table.by_trigger))}]")
    lines.append("columns = [")
    return [*lines, *(f"    {_inline(column)}," for column in table.columns), "]"]


def _inline(value: Value) -> str:
    return _table({key: inner for key, inner in value if inner})


def _table(entries: Mapping[str, object]) -> str:
    inner = ", ".join(
        f"{key} = {_table(value) if isinstance(value, Mapping) else _text(str(value))}"
        for key, value in entries.items()
    )
    return f"{{ {inner} }}"


def _entries(part: Value) -> list[str]:
    lines = []
    for name in type(part).model_fields:
        value = getattr(part, name)
        if isinstance(value, Column):
            lines.append(f"{name} = {_inline(value)}")
        elif isinstance(value, str) and value:
            lines.append(f"{name} = {_text(value)}")
        elif isinstance(value, tuple) and value:
            lines.append(f"{name} = [{', '.join(map(_text, value))}]")
    return lines


def _text(value: str) -> str:
    """Return a basic string of TOML: quotes, backslashes and control characters escaped."""
    escaped = "".join(
        {'"': '\\"', "\\": "\\\\"}.get(char, char if char.isprintable() else f"\\U{ord(char):08X}") for char in value
    )
    return f'"{escaped}"'
