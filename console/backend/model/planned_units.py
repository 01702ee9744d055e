"""The units of a plan: read and written as models, kept as the bytes of their manifest."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from json.encoder import encode_basestring
from sys import intern
from typing import NamedTuple, Self, cast, overload

from pydantic import GetCoreSchemaHandler, TypeAdapter, ValidatorFunctionWrapHandler
from pydantic_core import CoreSchema, core_schema

from console.backend.model.canonical_json import sha256_hex
from console.backend.model.kept_lines import KeptLines
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.value import Value

_FIELD, _LINE = "\x1f", "\n"
_FIELDS = 12
_BLOCK = 512
"""Units that are written together."""


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


class UnitFields(NamedTuple):
    """The fields of a planned unit without the model around them, in the manifest's order."""

    address: str
    parent: str | None
    unit_kind: str
    section_type: str
    number: str
    title: str
    byte_start: int
    byte_end: int
    line_start: int
    line_end: int
    body_sha256: str


def _fields_of(unit: PlannedUnit) -> UnitFields:
    return UnitFields(
        unit.address,
        unit.parent,
        unit.unit_kind,
        unit.section_type,
        unit.number,
        unit.title,
        unit.byte_start,
        unit.byte_end,
        unit.line_start,
        unit.line_end,
        unit.body_sha256,
    )


def _parsed(line: str) -> UnitFields:
    """Return the fields of a line of a manifest."""
    _, address, parent, kind, section, number, title, begin, end, first, last, sha256 = line.split(_FIELD)
    return UnitFields(
        address,
        parent or None,
        intern(kind),
        intern(section),
        number,
        title,
        int(begin),
        int(end),
        int(first),
        int(last),
        sha256,
    )


class PlannedUnits(Sequence[PlannedUnit]):
    """The units of a plan in order. They never change.

    A hundred thousand models take 300 MB, the manifest of the same units 17 MB: so the manifest is what is kept, one line per
    unit, fields separated by US (0x1F), and a unit is made when it is asked for.
    """

    __slots__ = ("_count", "_in_order", "_kept", "_read")

    def __init__(self, fields: Iterable[UnitFields]) -> None:
        """Take the units. Raises ValueError if a field holds a separator of the manifest."""
        self._in_order = True
        self._read: Callable[[], PlannedUnits] | None = None
        self._kept = KeptLines(self._written(fields))
        self._count = len(self._kept)

    @classmethod
    def deferred(cls, count: int, read: "Callable[[], PlannedUnits]") -> Self:
        """Return as many units as there are in a file, which are read when one is asked for."""
        units = cls(())
        units._count, units._read = count, read
        return units

    @property
    def _lines(self) -> KeptLines:
        if self._read is not None:
            units = self._read()
            self._kept, self._in_order, self._count, self._read = units._lines, units.in_order, len(units), None
        return self._kept

    @property
    def in_order(self) -> bool:
        """Return whether no unit begins before the one above it."""
        return self._in_order if self._lines else True

    def _written(self, fields: Iterable[UnitFields]) -> Iterator[str]:
        before = 0
        for seq, unit in enumerate(fields, 1):
            line = _FIELD.join(
                (
                    str(seq),
                    unit.address,
                    unit.parent or "",
                    unit.unit_kind,
                    unit.section_type,
                    safe_text(unit.number),
                    safe_text(unit.title),
                    str(unit.byte_start),
                    str(unit.byte_end),
                    str(unit.line_start),
                    str(unit.line_end),
                    unit.body_sha256,
                )
            )
            if line.count(_FIELD) != _FIELDS - 1 or _LINE in line:
                raise ValueError(f"unit {seq}: a control character in a field")
            self._in_order = self._in_order and before <= unit.byte_start
            before = unit.byte_start
            yield line

    @property
    def manifest(self) -> bytes:
        """Return the bytes whose sha256 is signed, and which the database reads the rows out of."""
        return self._lines.data

    @classmethod
    def of(cls, units: "Iterable[PlannedUnit]") -> Self:
        """Return these units as they are kept."""
        if isinstance(units, cls):
            return units
        return cls(map(_fields_of, units))

    def fields(self) -> Iterator[UnitFields]:
        """Return the fields of each unit, as they are asked for."""
        return map(_parsed, self._lines)

    def at(self, index: int) -> UnitFields:
        """Return the fields of the unit at this place, from 0 on."""
        return _parsed(self._lines[index])

    def json_parts(self) -> Iterator[bytes]:
        """Yield the units as canonical JSON, without the brackets around them."""
        units, text = self.fields(), encode_basestring
        separator = ""
        while block := list(islice(units, _BLOCK)):
            yield (
                separator
                + ",".join(
                    f'{{"address":{text(unit.address)},"body_sha256":{text(unit.body_sha256)},"byte_end":{unit.byte_end},'
                    f'"byte_start":{unit.byte_start},"line_end":{unit.line_end},"line_start":{unit.line_start},'
                    f'"number":{text(unit.number)},"parent":{"null" if unit.parent is None else text(unit.parent)},'
                    f'"section_type":{text(unit.section_type)},"title":{text(unit.title)},"unit_kind":{text(unit.unit_kind)}}}'
                    for unit in block
                )
            ).encode()
            separator = ","

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[PlannedUnit]:
        return (PlannedUnit(**unit._asdict()) for unit in self.fields())

    @overload
    def __getitem__(self, index: int) -> PlannedUnit: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[PlannedUnit, ...]: ...
    def __getitem__(self, index: int | slice) -> PlannedUnit | tuple[PlannedUnit, ...]:
        if isinstance(index, slice):
            return tuple(map(self.__getitem__, range(*index.indices(len(self)))))
        return PlannedUnit(**self.at(index)._asdict())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PlannedUnits):
            return self.manifest == other.manifest
        return tuple(self) == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.manifest)

    def __repr__(self) -> str:
        return f"<{len(self)} units>"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        units = handler.generate_schema(tuple[PlannedUnit, ...])
        written = core_schema.plain_serializer_function_ser_schema(tuple, return_schema=units)
        return core_schema.no_info_wrap_validator_function(cls._validated, units, serialization=written)

    @classmethod
    def _validated(cls, units: object, handler: ValidatorFunctionWrapHandler) -> Self:
        return units if isinstance(units, cls) else cls.of(cast("tuple[PlannedUnit, ...]", handler(units)))


_TUPLE = TypeAdapter(tuple[PlannedUnit, ...])
_FIRST, _NEXT, _LAST = b'"units":[{"address":', b'},{"address":', b"}]}"
_BEHIND = b'}]},"expected_deltas":['
"""Bytes behind the units in the canonical JSON of a plan that is bound."""
_BLOCK_BYTES = 1 << 17


class _OtherFormError(Exception):
    """The bytes are not the canonical JSON of a plan."""


class _PlanParts:
    """The canonical JSON of a plan, of which no more is in memory than what is read at the moment."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = iter(parts)
        self._sha256 = hashlib.sha256()
        self.head = self.rest = self.tail = b""

    @property
    def sha256(self) -> str:
        """Return the sha256 of what was read."""
        return self._sha256.hexdigest()

    def find_units(self) -> bool:
        """Read up to the units. Return False if there are none in this form; then all is read."""
        # Within a text a quotation mark is escaped, so this can only be the field.
        while (begin := self.rest.find(_FIRST)) < 0:
            if not self._more():
                return False
        begin += len(b'"units":[')
        self.head, self.rest = self.rest[:begin], self.rest[begin:]
        return True

    def units(self) -> Iterator[UnitFields]:
        """Yield the units, then keep what stands behind them. Raises ValidationError for what is none."""
        while True:
            until = self.rest.find(_NEXT, _BLOCK_BYTES) + 1
            if until:
                yield from _read_units(self.rest[:until])
                self.rest = self.rest[until + 1 :]
            elif not self._more():
                break
        end = self.rest.rfind(_BEHIND)
        if end < 0 and self.rest.endswith(_LAST):
            end = len(self.rest) - len(_LAST)
        if end < 0:
            raise _OtherFormError
        yield from _read_units(self.rest[: end + 1])
        self.tail = self.rest[end + 1 :]

    def _more(self) -> bool:
        part = next(self._parts, b"")
        self._sha256.update(part)
        self.rest += part
        return bool(part)


def _read_units(data: bytes) -> Iterator[UnitFields]:
    return map(_fields_of, _TUPLE.validate_json(b"[%b]" % data))


def split_units(parts: Callable[[], Iterable[bytes]]) -> tuple[bytes, PlannedUnits | None, str]:
    """Return the canonical JSON of a plan without its units, the units, and the sha256 of all its bytes.

    Bytes in another form are returned whole, without units. Raises ValidationError for units that are none.
    """
    reading = _PlanParts(parts())
    if not reading.find_units():
        return reading.rest, None, reading.sha256
    try:
        units = PlannedUnits(reading.units())
    except _OtherFormError:
        data = b"".join(parts())
        return data, None, sha256_hex(data)
    return reading.head + reading.tail, units, reading.sha256


def frame_of(parts: Callable[[], Iterable[bytes]]) -> tuple[bytes, int, str] | None:
    """Return the canonical JSON of a plan without its units, their number, and the sha256 of all its bytes.

    The units are not looked at: whoever takes it knows the digest. None for bytes in another form.
    """
    data = b"".join(parts())
    begin, end = data.find(_FIRST) + len(b'"units":['), data.rfind(_BEHIND)
    if begin < len(b'"units":[') or end < begin:
        return None
    # A quotation mark within a text is escaped, so each of these ends a unit.
    count = data.count(_NEXT, begin, end) + 1
    return data[:begin] + data[end + 1 :], count, sha256_hex(data)
