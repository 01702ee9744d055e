"""The drafts that a ruling names: one line each, kept as the bytes of the file that a signer reads."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Self, cast, overload

from pydantic import GetCoreSchemaHandler, ValidatorFunctionWrapHandler
from pydantic_core import CoreSchema, core_schema

from console.backend.model.kept_lines import KeptLines
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value

_FIELDS = 7


class DraftUnit(Value):
    """One draft that a ruling names, as a signer reads it."""

    address: SafeText
    title: SafeText
    body_sha256: str


def draft_unit(line: str) -> DraftUnit:
    """Return address, title and body digest of one line. Raises ValueError if it has another number of fields."""
    fields = line.split("\t")
    if len(fields) != _FIELDS:
        raise ValueError(f"a line of {len(fields)} fields, {_FIELDS} are expected")
    return DraftUnit(address=fields[0], title=fields[5], body_sha256=fields[6])


class DraftUnits(Sequence[DraftUnit]):
    """The drafts of a ruling in order; each is read from its line when it is asked for."""

    __slots__ = ("_lines",)

    def __init__(self, lines: KeptLines) -> None:
        """Take the lines. Raises ValueError if one has another number of fields than a draft."""
        for line in lines:
            if line.count("\t") != _FIELDS - 1:
                draft_unit(line)
        self._lines = lines

    @classmethod
    def of(cls, units: Iterable[DraftUnit]) -> Self:
        """Return the drafts that a statement lists."""
        return cls(KeptLines(f"{unit.address}\t\t\t\t\t{unit.title}\t{unit.body_sha256}" for unit in units))

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[DraftUnit]:
        return map(draft_unit, self._lines)

    @overload
    def __getitem__(self, index: int) -> DraftUnit: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[DraftUnit, ...]: ...
    def __getitem__(self, index: int | slice) -> DraftUnit | tuple[DraftUnit, ...]:
        if isinstance(index, slice):
            return tuple(map(draft_unit, self._lines[index]))
        return draft_unit(self._lines[index])

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DraftUnits | tuple):
            return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))
        return NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"<{len(self)} drafts>"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        units = handler.generate_schema(tuple[DraftUnit, ...])
        written = core_schema.plain_serializer_function_ser_schema(tuple, return_schema=units)
        return core_schema.no_info_wrap_validator_function(cls._validated, units, serialization=written)

    @classmethod
    def _validated(cls, units: object, handler: ValidatorFunctionWrapHandler) -> Self:
        return units if isinstance(units, cls) else cls.of(cast("tuple[DraftUnit, ...]", handler(units)))


NO_DRAFTS = DraftUnits(KeptLines(()))
