"""The units of a plan: read and written as models, kept as the bytes of their manifest."""

import hashlib
import re
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
_ESCAPED = re.compile(r'["\\\x00-\x1e]')
"""Signs that JSON writes otherwise, but for the one between fields."""


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


UnitTexts = tuple[str, str, str, str, str, str, str, str, str, str, str]
"""The same fields as a manifest has them, the first of its line left out."""


def _texts_of(unit: UnitFields) -> UnitTexts:
    return (
        unit.address,
        unit.parent or "",
        unit.unit_kind,
        unit.section_type,
        unit.number,
        unit.title,
        str(unit.byte_start),
        str(unit.byte_end),
        str(unit.line_start),
        str(unit.line_end),
        unit.body_sha256,
    )


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


def _json_of(line: str) -> str:
    """Return a line of a manifest as canonical JSON."""
    # Fields without a sign that JSON writes otherwise, as nearly all have, are not looked at one by one.
    if _ESCAPED.search(line):
        line = _FIELD.join(encode_basestring(field)[1:-1] for field in line.split(_FIELD))
    _, address, parent, kind, section, number, title, begin, end, first, last, sha256 = line.split(_FIELD)
    quoted = f'"{parent}"' if parent else "null"
    return (
        f'{{"address":"{address}","body_sha256":"{sha256}","byte_end":{end},"byte_start":{begin},"line_end":{last},'
        f'"line_start":{first},"number":"{number}","parent":{quoted},"section_type":"{section}","title":"{title}",'
        f'"unit_kind":"{kind}"}}'
    )


class PlannedUnits(Sequence[PlannedUnit]):
    """The units of a plan in order. They never change.

    A hundred thousand models take 300 MB, the manifest of the same units 17 MB: so the manifest is what is kept, one line per
    unit, fields separated by US (0x1F), and a unit is made when it is asked for.
    """

    __slots__ = ("_count", "_digest", "_in_order", "_kept", "_read", "_reader")

    def __init__(self, fields: Iterable[UnitFields]) -> None:
        """Take the units. Raises ValueError if a field holds a separator of the manifest."""
        self._keep(map(_texts_of, fields))

    @classmethod
    def of_texts(cls, texts: Iterable[UnitTexts]) -> Self:
        """Return the units with these fields. Raises ValueError as for fields."""
        units = cls.__new__(cls)
        units._keep(texts)
        return units

    def _keep(self, texts: Iterable[UnitTexts]) -> None:
        self._in_order = True
        self._digest = ""
        self._read: Callable[[], PlannedUnits] | None = None
        self._reader: Callable[[], PlannedUnits] | None = None
        self._kept = KeptLines(self._written(texts))
        self._count = len(self._kept)

    @classmethod
    def deferred(cls, count: int, read: "Callable[[], PlannedUnits]") -> Self:
        """Return as many units as there are in a file, which are read when one is asked for."""
        units = cls(())
        units._count, units._digest, units._read, units._reader = count, "", read, read
        return units

    def let_go(self) -> None:
        """Take units that were read out of a file out of memory; they are read again, and compared, if one is asked for.

        A comparison does not read them: their digest is kept.
        """
        if self._reader is not None and self._read is None:
            self._digest = self.digest
            self._kept, self._read = KeptLines(()), self._reader

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

    def _written(self, units: Iterable[UnitTexts]) -> Iterator[str]:
        before = 0
        for seq, unit in enumerate(units, 1):
            address, parent, kind, section, number, title, begin, end, first, last, sha256 = unit
            line = _FIELD.join(
                (
                    str(seq),
                    address,
                    parent,
                    kind,
                    section,
                    safe_text(number),
                    safe_text(title),
                    begin,
                    end,
                    first,
                    last,
                    sha256,
                )
            )
            if line.count(_FIELD) != _FIELDS - 1 or _LINE in line:
                raise ValueError(f"unit {seq}: a control character in a field")
            place = int(begin)
            self._in_order = self._in_order and before <= place
            before = place
            yield line

    @property
    def manifest(self) -> bytes:
        """Return the bytes whose sha256 is signed, and which the database reads the rows out of."""
        return self._lines.data

    @property
    def digest(self) -> str:
        """Return the sha256 of the manifest; computed once, because they never change."""
        self._digest = self._digest or sha256_hex(self.manifest)
        return self._digest

    @classmethod
    def of(cls, units: "Iterable[PlannedUnit]") -> Self:
        """Return these units as they are kept."""
        if isinstance(units, cls):
            return units
        return cls(map(_fields_of, units))

    def fields(self) -> Iterator[UnitFields]:
        """Return the fields of each unit, as they are asked for."""
        return map(_parsed, self._lines)

    def compared_lines(self) -> Iterator[tuple[str, str]]:
        """Return the address of each unit and the line by which it is compared with the law, as `line_of` writes it."""
        for fields in (line.split(_FIELD) for line in self._lines):
            yield fields[1], "\t".join((*fields[1:7], fields[11]))

    def addresses(self) -> Iterator[str]:
        """Return the address of each unit."""
        return (line.split(_FIELD, 2)[1] for line in self._lines)

    def kinds(self) -> set[tuple[str, str]]:
        """Return every pair of a unit's kind and section type."""
        return {(kind, section) for _, _, _, kind, section, _ in (line.split(_FIELD, 5) for line in self._lines)}

    def at(self, index: int) -> UnitFields:
        """Return the fields of the unit at this place, from 0 on."""
        return _parsed(self._lines[index])

    def json_parts(self) -> Iterator[bytes]:
        """Yield the units as canonical JSON, without the brackets around them."""
        lines = iter(self._lines)
        separator = ""
        while block := list(islice(lines, _BLOCK)):
            yield (separator + ",".join(map(_json_of, block))).encode()
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
            return self.digest == other.digest
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

    def units(self) -> Iterator[UnitTexts]:
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


def _read_units(data: bytes) -> Iterable[UnitTexts]:
    """Return the units in these bytes. Raises ValidationError for what is none."""
    as_written = _read_as_written(data)
    if as_written is not None:
        return as_written
    return (_texts_of(_fields_of(unit)) for unit in _TUPLE.validate_json(b"[%b]" % data))


_TEXT, _NUMBER = r'"([^"\\\x00-\x1f]*)"', "(0|[1-9][0-9]{0,14})"
_AS_WRITTEN = re.compile(
    rf'\{{"address":{_TEXT},"body_sha256":{_TEXT},"byte_end":{_NUMBER},"byte_start":{_NUMBER},"line_end":{_NUMBER},'
    rf'"line_start":{_NUMBER},"number":{_TEXT},"parent":(?:null|{_TEXT}),"section_type":{_TEXT},"title":{_TEXT},'
    rf'"unit_kind":{_TEXT}\}}(?:,(?!\Z)|\Z)'
)


def _read_as_written(data: bytes) -> list[UnitTexts] | None:
    """Return the units in bytes that are canonical JSON and hold no escaped sign; None for all others.

    Those are read as models, which takes twice as long.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    units: list[UnitTexts] = []
    end = 0
    for match in _AS_WRITTEN.finditer(text):
        if match.start() != end:
            return None
        address, sha256, until, begin, last, first, number, parent, section, title, kind = match.groups("")
        units.append((address, parent, kind, section, number, title, begin, until, first, last, sha256))
        end = match.end()
    return units if end == len(text) else None


def split_units(parts: Callable[[], Iterable[bytes]]) -> tuple[bytes, PlannedUnits | None, str]:
    """Return the canonical JSON of a plan without its units, the units, and the sha256 of all its bytes.

    Bytes in another form are returned whole, without units. Raises ValidationError for units that are none.
    """
    reading = _PlanParts(parts())
    if not reading.find_units():
        return reading.rest, None, reading.sha256
    try:
        units = PlannedUnits.of_texts(reading.units())
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
