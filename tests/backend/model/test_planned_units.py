"""Units are kept as the bytes of their manifest, and a plan is written and read part by part: the bytes are those of its JSON."""

import json

import pytest
from pydantic import TypeAdapter, ValidationError

from console.backend.model.canonical_json import canonical_json, sha256_hex
from console.backend.model.errors import Refused
from console.backend.model.plan import Coverage, CutPlan, DocumentPlan, OtherSpan, SourceVersion, bind
from console.backend.model.planned_units import PlannedUnit, PlannedUnits, UnitFields

_SHA256 = "0" * 64
_TITLES = (
    "Zweck",
    'with "units":[{"address": in it',
    "Điều\u2028kiện",
    "back\\slash",
    "",
    '},{"address":"',
    "\U0001f600",
)


_PLAIN = ("Zweck", "Điều\u2028kiện", "", "'a' {b}, [c]", "\x7f", "\U0001f600")
"""Titles that JSON writes as they are."""


def _units(count: int, titles: tuple[str, ...] = _TITLES) -> tuple[PlannedUnit, ...]:
    return tuple(
        PlannedUnit(
            address=f"ACME-LAW/{n}",
            parent=f"ACME-LAW/{n - 1}" if n % 3 else None,
            unit_kind="law_unit",
            section_type="article",
            number=str(n),
            title=titles[n % len(titles)],
            line_start=n + 1,
            line_end=n + 1,
            byte_start=n * 10,
            byte_end=n * 10 + 10,
            body_sha256=sha256_hex(str(n).encode()),
        )
        for n in range(count)
    )


def _document(units: tuple[PlannedUnit, ...]) -> DocumentPlan:
    return DocumentPlan(
        docprefix="ACME-LAW",
        profile="atx",
        ordinals=False,
        source=SourceVersion(origin="file:a.md", bytes=10, sha256=_SHA256, canonical_sha256=_SHA256),
        units=units,
        others=(OtherSpan(name='"units":[', line_start=1, line_end=1, byte_start=0, byte_end=1),),
        coverage=Coverage(unit_bytes=9, other_bytes=1, lossless=True),
    )


@pytest.mark.parametrize("count", [0, 1, 7, 512, 513, 2000])
def test_a_plan_is_written_in_the_bytes_of_its_canonical_json_and_read_back(count: int) -> None:
    document = _document(_units(count))
    plan = bind(document, None)
    for value, kind in ((document, DocumentPlan), (plan, CutPlan)):
        written = b"".join(value.json_parts())
        assert written == canonical_json(value)
        assert kind.read(written) == value
    assert document.content_digest == sha256_hex(canonical_json(document))
    assert CutPlan.read(b"".join(plan.json_parts())).plan_digest == plan.plan_digest == sha256_hex(canonical_json(plan))


@pytest.mark.parametrize("count", [1, 511, 2000])
@pytest.mark.parametrize("titles", [_PLAIN, _TITLES, (*_PLAIN * 400, '"')], ids=["plain", "escaped", "one escaped"])
def test_units_are_read_as_the_models_have_them_with_escaped_signs_and_without(
    count: int, titles: tuple[str, ...]
) -> None:
    units = _units(count, titles)
    written = canonical_json(_document(units))
    read, models = DocumentPlan.read(written).units, DocumentPlan.model_validate_json(written).units
    assert read.manifest == models.manifest == PlannedUnits.of(units).manifest
    assert (tuple(read), read.in_order) == (units, True)
    assert not DocumentPlan.read(canonical_json(_document(units[::-1]))).units.in_order or count == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"number":"1"', rb'"number":"\u0031"'),
        (b'"byte_end":20', b'"byte_end": 20'),
        (b'"byte_end":20', b'"byte_end":20.0'),
        (b'"line_end":2,"line_start":2', b'"line_start":2,"line_end":2'),
        (b'"parent":null', b'"parent":""'),
        (b'"number":"1"', '"number":"1\u202e"'.encode()),
        (b'"byte_start":10', b'"byte_start":-10'),
    ],
)
def test_units_in_another_form_are_read_as_the_models_read_them(old: bytes, new: bytes) -> None:
    written = canonical_json(_document(_units(3, _PLAIN)))
    assert old in written
    changed = written.replace(old, new, 1)
    assert DocumentPlan.read(changed).units.manifest == DocumentPlan.model_validate_json(changed).units.manifest


@pytest.mark.parametrize("size", [1, 7, 64, 1 << 20])
def test_a_plan_is_read_in_parts_wherever_they_end(size: int) -> None:
    plan = bind(_document(_units(40)), None)
    written = canonical_json(plan)
    parts = [written[at : at + size] for at in range(0, len(written), size)]
    assert CutPlan.read_parts(lambda: parts) == plan
    assert CutPlan.read_parts(lambda: parts).plan_digest == plan.plan_digest


def test_a_plan_in_another_form_is_read_too_and_has_the_digest_of_its_bytes() -> None:
    plan = bind(_document(_units(3)), None)
    spaced = json.dumps(json.loads(canonical_json(plan)), indent=1).encode()
    assert CutPlan.read(spaced) == plan
    assert CutPlan.read(spaced).plan_digest == sha256_hex(spaced)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"byte_end":20', b'"byte_end":"x"'),
        (b'"line_end":2,', b""),
        (b'"number":"1"', b'"number":"1","more":1'),
        (b'"parent":null', b'"parent":1'),
        (b'},{"address"', b',{"address"'),
        (b'},{"address"', b'},,{"address"'),
        (b'"byte_end":20', b'"byte_end":020'),
        (b'"number":"1"', b'"number":"1\n"'),
        (b'"number":"1"', b'"number":"1\x1f"'),
        (b'"number":"1"', b'"number":"1\xff"'),
        (b'}],"', b'},],"'),
        (b'}],"', b'}\n,"'),
    ],
)
@pytest.mark.parametrize("titles", [_PLAIN, _TITLES], ids=["plain", "escaped"])
def test_a_damaged_unit_is_no_plan(old: bytes, new: bytes, titles: tuple[str, ...]) -> None:
    written = canonical_json(_document(_units(3, titles)))
    assert old in written
    with pytest.raises(ValidationError):
        DocumentPlan.read(written.replace(old, new, 1))


def test_the_units_are_the_models_that_they_were_made_of() -> None:
    units = _units(600)
    kept = PlannedUnits.of(units)
    assert tuple(kept) == units == kept
    assert (len(kept), kept[0], kept[-1], kept[511], kept[512]) == (600, units[0], units[-1], units[511], units[512])
    assert kept[2:5] == units[2:5]
    assert [kept.at(place).address for place in (0, 511, 599)] == [units[place].address for place in (0, 511, 599)]
    with pytest.raises(IndexError):
        kept[600]


def test_the_manifest_has_a_line_for_each_unit_and_its_fields_in_order() -> None:
    (unit,) = _units(1)
    fields = ("1", unit.address, "", "law_unit", "article", "0", "Zweck", "0", "10", "1", "1", unit.body_sha256)
    assert PlannedUnits.of((unit,)).manifest == "\x1f".join(fields).encode()
    assert PlannedUnits(()).manifest == b""


@pytest.mark.parametrize("field", ["address", "parent", "unit_kind", "section_type", "body_sha256"])
@pytest.mark.parametrize("sign", ["\x1f", "\n"])
def test_a_separator_within_a_field_is_refused(field: str, sign: str) -> None:
    unit = _units(2)[1].model_copy(update={field: f"a{sign}b"})
    with pytest.raises(ValueError, match="control character"):
        PlannedUnits.of((unit,))


def test_numbers_and_titles_are_inert_in_the_manifest_as_in_the_models() -> None:
    unsafe = UnitFields("A/1", None, "law_unit", "article", "\x1f1", "a\nb\u202e", 0, 1, 1, 1, _SHA256)
    (unit,) = PlannedUnits((unsafe,))
    assert (unit.number, unit.title) == ("␟1", "a␊b<U+202E>")


def test_units_that_are_out_of_order_are_known_to_be() -> None:
    units = _units(3)
    assert PlannedUnits.of(units).in_order
    assert not PlannedUnits.of(units[::-1]).in_order


def test_units_are_written_as_a_list_of_objects_wherever_they_are_a_field() -> None:
    adapter, units = TypeAdapter(PlannedUnits), _units(2)
    assert json.loads(adapter.dump_json(PlannedUnits.of(units))) == [unit.model_dump(mode="json") for unit in units]
    assert adapter.validate_python([unit.model_dump() for unit in units]) == units


@pytest.mark.parametrize("count", [1, 7, 513])
def test_the_units_of_a_plan_whose_digest_is_known_are_counted_and_read_when_one_is_asked_for(count: int) -> None:
    plan = bind(_document(_units(count)), None)
    written, asked = canonical_json(plan), []

    def parts() -> tuple[bytes, ...]:
        asked.append(1)
        return (written,)

    known = CutPlan.read_known(parts, plan.plan_digest)
    assert (known.n_units, len(known.document.units), known.plan_digest) == (count, count, plan.plan_digest)
    assert known.document.source == plan.document.source
    assert len(asked) == 1
    assert known == plan
    assert len(asked) == 2
    assert known.document.units[count - 1] == plan.document.units[count - 1]
    assert known.document.units.in_order
    assert len(asked) == 2


def test_units_that_were_let_go_are_read_again_and_refused_if_they_are_others_by_then() -> None:
    plan = bind(_document(_units(3)), None)
    files = [canonical_json(plan)]
    known = CutPlan.read_known(lambda: tuple(files), plan.plan_digest)
    for _ in range(2):
        assert known == plan
        known.document.units.let_go()
        assert len(known.document.units) == 3
        assert known.document.units != PlannedUnits.of(_units(2))
    files[0] = files[0].replace(b'"title":"Zweck"', b'"title":"Zwecx"')
    with pytest.raises(Refused, match="has changed while it was used"):
        list(known.document.units)
    plan.document.units.let_go()
    assert tuple(plan.document.units) == _units(3)


@pytest.mark.parametrize("count", [0, 3])
def test_a_plan_of_another_digest_or_form_is_read_whole(count: int) -> None:
    plan = bind(_document(_units(count)), None)
    written = canonical_json(plan)
    assert CutPlan.read_known(lambda: (written,), _SHA256) == plan
    spaced = json.dumps(json.loads(written), indent=1).encode()
    assert CutPlan.read_known(lambda: (spaced,), sha256_hex(spaced)) == plan
    with pytest.raises(ValidationError):
        CutPlan.read_known(lambda: (written.replace(b'"docprefix":"', b'"docprefix":7,"x":"'),), _SHA256)


@pytest.mark.parametrize("old", [b'"title":"Zweck"', b'"title":"', b'"units":['])
def test_units_of_a_plan_that_has_changed_since_it_was_read_are_refused(old: bytes) -> None:
    plan = bind(_document(_units(3)), None)
    files = [canonical_json(plan)]
    known = CutPlan.read_known(lambda: tuple(files), plan.plan_digest)
    files[0] = files[0].replace(old, old[:-1] + b"x" + old[-1:])
    with pytest.raises(Refused, match="has changed while it was used"):
        list(known.document.units)
