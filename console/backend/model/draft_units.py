"""The drafts that a ruling names: one line each, kept as the bytes of the file that a signer reads."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from typing import Self, cast, overload

from pydantic import GetCoreSchemaHandler, ValidatorFunctionWrapHandler
from pydantic_core import CoreSchema, core_schema

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


class KeptLines(Sequence[str]):
    """Many lines that never change, kept as their bytes joined by LF: each as a text of its own takes twice the memory."""

    __slots__ = ("_ends", "data")

    def __init__(self, lines: Iterable[str]) -> None:
        written, ends, at = BytesIO(), array("Q"), 0
        for line in lines:
            if ends:
                at += written.write(b"\n")
            at += written.write(line.encode())
            ends.append(at)
        self.data = written.getvalue()
        """The lines, joined by LF."""
        self._ends = ends

    @classmethod
    def of_file(cls, data: bytes) -> Self:
        """Return the lines of a file, which may end within the last. Raises ValueError if it is not UTF-8."""
        lines, at = cls(()), 0
        lines.data = data
        while (end := data.find(b"\n", at)) >= 0:
            lines._ends.append(end)
            at = end + 1
        lines._ends.append(len(data))
        for _ in lines:
            pass
        return lines

    def __len__(self) -> int:
        return len(self._ends)

    def __iter__(self) -> Iterator[str]:
        at = 0
        for end in self._ends:
            yield self.data[at:end].decode()
            at = end + 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        if isinstance(index, slice):
            return tuple(map(self.__getitem__, range(*index.indices(len(self)))))
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        return self.data[self._ends[index - 1] + 1 if index else 0 : self._ends[index]].decode()


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
