"""A revised text is compared with what is law, unit by unit; nothing is supposed, and nothing is lost."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given

from console.backend.documents.comparison import Comparison, compare, differing_fields, units_of_plan
from console.backend.documents.planning import plan_document
from console.backend.model.amendment import Effect, Moved, effects
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.compared_unit import ComparedUnit, UnitField, base_digest
from console.backend.model.errors import Refused
from tests.backend.documents.comparing import documents, unit
from tests.backend.documents.gazette import Layout, printed

CHAINS = Path(__file__).parents[4] / "shared" / "corpus" / "amendments"
LONG = "(%s) The register is kept by the office in the form in which it was entered.\n"


def planned(text: str, docprefix: str = "ACME-LAW", profile: str = "de-law") -> tuple[ComparedUnit, ...]:
    """The units of a text, which must be accepted."""
    result = plan_document(text.encode(), origin="file:law.md", docprefix=docprefix, profile=profile)
    assert result.plan is not None, result.problems
    return units_of_plan(result.plan, result.canonical)


def without_lines(units: tuple[ComparedUnit, ...]) -> tuple[ComparedUnit, ...]:
    """Units without what is not compared."""
    return tuple(unit._replace(line=0) for unit in units)


def applied(comparison: Comparison) -> tuple[ComparedUnit, ...]:
    """The old units with the effects of the comparison, in the order of the new text."""
    units = {unit.address: unit for unit in comparison.old}
    for lost in comparison.gone:
        del units[lost.address]
    units |= {changed.address: changed.new for changed in comparison.changed}
    units |= {added.address: added for added in comparison.added}
    return tuple(units.pop(unit.address) for unit in comparison.new) + tuple(units.values())


@given(documents())
def test_a_text_compared_with_itself_is_unchanged(units: tuple[ComparedUnit, ...]) -> None:
    comparison = compare(units, units)
    assert comparison.unchanged == units
    assert comparison.is_empty
    assert comparison.reordered == 0
    assert set(comparison.effects.values()) <= {Effect.UNCHANGED}


def each_unit_has_exactly_one_effect(comparison: Comparison) -> None:
    """Each unit of either text is counted once."""
    old, new = comparison.old, comparison.new
    assert len(comparison.unchanged) + len(comparison.changed) + len(comparison.added) == len(new)
    assert len(comparison.unchanged) + len(comparison.changed) + len(comparison.gone) == len(old)
    assert comparison.effects.keys() == {unit.address for unit in old + new}
    assert 0 <= comparison.reordered <= max(0, len(comparison.unchanged) + len(comparison.changed) - 1)


def the_effects_are_those_that_a_run_is_planned_with(comparison: Comparison) -> None:
    """By the digests that are signed."""
    base, planned = ({unit.address: unit.signed_line for unit in units} for units in (comparison.old, comparison.new))
    assert list(comparison.effects.items()) == list(effects(base, planned).items())


def the_way_back_swaps_new_and_gone(there: Comparison) -> None:
    """The same texts, compared the other way round."""
    back = compare(there.new, there.old)
    assert (there.added, there.gone) == (back.gone, back.added)
    assert {unit.address: unit.fields for unit in there.changed} == {unit.address: unit.fields for unit in back.changed}
    assert there.reordered == back.reordered
    assert {(pair.old, pair.new) for pair in there.renumberings} == {(pair.new, pair.old) for pair in back.renumberings}


def only_a_unit_that_is_gone_and_one_that_is_new_are_proposed_as_a_renumbering(comparison: Comparison) -> None:
    """And none of them is told as shifted too."""
    for pair in comparison.renumberings:
        assert pair.old in comparison.gone
        assert pair.new in comparison.added
    told = [(pair.old.address, pair.new.address) for pair in comparison.shifted + comparison.renumberings]
    assert len(told) == len(set(told))
    assert all(comparison.effects[after] in {Effect.CHANGED, Effect.NEW} for _, after in told)


@given(documents(), documents())
def test_the_effects_make_the_new_text_out_of_the_old_one(
    old: tuple[ComparedUnit, ...], new: tuple[ComparedUnit, ...]
) -> None:
    """What is promised of any two texts: it takes longer to make them up than to look at what comes of them."""
    comparison = compare(old, new)
    assert without_lines(applied(comparison)) == without_lines(new)
    each_unit_has_exactly_one_effect(comparison)
    the_effects_are_those_that_a_run_is_planned_with(comparison)
    the_way_back_swaps_new_and_gone(comparison)
    only_a_unit_that_is_gone_and_one_that_is_new_are_proposed_as_a_renumbering(comparison)


@pytest.mark.parametrize("field", UnitField)
def test_a_difference_in_any_field_is_a_change_and_is_named(field: UnitField) -> None:
    old = unit("PAR-1")
    comparison = compare([old], [ComparedUnit(**(old._asdict() | {field.value: "other"}))])
    assert [changed.fields for changed in comparison.changed] == [(field,)]
    assert comparison.effects == {"ACME-LAW/PAR-1": Effect.CHANGED}


def test_another_line_of_the_file_is_no_change() -> None:
    assert differing_fields(unit("PAR-1", line=1), unit("PAR-1", line=9)) == ()


def test_another_order_alone_has_no_effect_and_is_counted() -> None:
    units = [unit(f"PAR-{number}") for number in range(5)]
    comparison = compare(units, [units[4], *units[:4]])
    assert comparison.is_empty
    assert comparison.reordered == 1


def test_effects_are_in_the_order_of_their_texts() -> None:
    old = [unit("PAR-3"), unit("PAR-1"), unit("PAR-2"), unit("PAR-9")]
    new = [unit("PAR-8"), unit("PAR-2", "Other.\n"), unit("PAR-1", "Other.\n"), unit("PAR-5")]
    comparison = compare(old, new)
    assert [unit.address for unit in comparison.gone] == ["ACME-LAW/PAR-3", "ACME-LAW/PAR-9"]
    amendment = comparison.amendment("ictr-20260101T000000Z-00000001")
    assert amendment.changed == ("ACME-LAW/PAR-2", "ACME-LAW/PAR-1")
    assert amendment.new == ("ACME-LAW/PAR-8", "ACME-LAW/PAR-5")
    assert amendment.gone == ("ACME-LAW/PAR-3", "ACME-LAW/PAR-9")
    assert amendment.unchanged == 0
    assert amendment.moved == ()
    assert amendment.base_digest == base_digest(tuple(old))


def test_a_renumbered_paragraph_is_proposed_and_stays_gone_and_new() -> None:
    comparison = compare(
        [unit("PAR-1", number="1"), unit("PAR-2", LONG % 2, number="2")],
        [unit("PAR-1", number="1"), unit("PAR-2A", LONG % "2a" + "\n", number="2a")],
    )
    assert [(pair.old.address, pair.new.address) for pair in comparison.renumberings] == [
        ("ACME-LAW/PAR-2", "ACME-LAW/PAR-2A")
    ]
    assert comparison.effects["ACME-LAW/PAR-2"] is Effect.GONE
    assert comparison.effects["ACME-LAW/PAR-2A"] is Effect.NEW
    assert comparison.amendment("ictr-20260101T000000Z-00000001").moved == ()


def test_no_renumbering_is_proposed_where_two_units_have_the_text() -> None:
    both = [unit("PAR-2", LONG % 2, number="2"), unit("PAR-3", LONG % 3, number="3")]
    other = [unit("PAR-4", LONG % 4, number="4")]
    assert compare(both, other).renumberings == ()
    assert compare(other, both).renumberings == ()


def test_no_renumbering_is_proposed_for_a_text_that_says_too_little() -> None:
    assert compare([unit("PAR-2", "(weggefallen)\n")], [unit("PAR-3", "(weggefallen)\n")]).renumberings == ()


def test_words_that_move_on_to_the_next_address_are_told_and_change_nothing_else() -> None:
    second, third = LONG % 2, (LONG % 3).replace("register", "list")
    old = [unit("PAR-2", second, number="2"), unit("PAR-3", third, number="3")]
    put_in = unit("PAR-2", "(2) A new paragraph, put in before the others of this law.\n", number="2")
    new = [put_in, unit("PAR-3", LONG % 3, number="3"), unit("PAR-4", third.replace("3", "4"), number="4")]
    comparison = compare(old, new)
    assert [(pair.old.address, pair.new.address) for pair in comparison.shifted] == [
        ("ACME-LAW/PAR-2", "ACME-LAW/PAR-3"),
        ("ACME-LAW/PAR-3", "ACME-LAW/PAR-4"),
    ]
    assert comparison.renumberings == ()
    assert list(comparison.effects.values()) == [Effect.CHANGED, Effect.CHANGED, Effect.NEW]


def test_a_stated_renumbering_is_part_of_the_amendment_and_is_proposed_no_more() -> None:
    moved = Moved(old="ACME-LAW/PAR-2", new="ACME-LAW/PAR-3")
    comparison = compare([unit("PAR-2", LONG % 2)], [unit("PAR-3", LONG % 2)], [moved])
    assert comparison.amendment("ictr-20260101T000000Z-00000001").moved == (moved,)
    assert comparison.renumberings == ()


def test_a_stated_renumbering_needs_no_equal_text() -> None:
    moved = Moved(old="ACME-LAW/PAR-2", new="ACME-LAW/PAR-3")
    assert compare([unit("PAR-2", "Old.\n")], [unit("PAR-3", "New.\n")], [moved]).moved == (moved,)


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        ([("PAR-7", "PAR-3")], "ACME-LAW/PAR-7 is not gone"),
        ([("PAR-1", "PAR-3")], "ACME-LAW/PAR-1 is not gone"),
        ([("PAR-2", "PAR-7")], "ACME-LAW/PAR-7 is not new"),
        ([("PAR-2", "PAR-1")], "ACME-LAW/PAR-1 is not new"),
        ([("PAR-2", "PAR-3"), ("PAR-2", "PAR-4")], "named twice"),
        ([("PAR-2", "PAR-3"), ("PAR-5", "PAR-3")], "named twice"),
        ([("PAR-2", "PAR-2")], "ACME-LAW/PAR-2 is not new"),
    ],
)
def test_a_stated_renumbering_that_is_none_is_refused_by_name(stated: list[tuple[str, str]], reason: str) -> None:
    old = [unit("PAR-1"), unit("PAR-2"), unit("PAR-5")]
    new = [unit("PAR-1"), unit("PAR-3"), unit("PAR-4")]
    moved = [Moved(old=f"ACME-LAW/{before}", new=f"ACME-LAW/{after}") for before, after in stated]
    with pytest.raises(Refused, match=reason):
        compare(old, new, moved)


def test_bodies_of_a_plan_are_what_is_written() -> None:
    units = planned("# Act\n\n## § 1 Scope\n\n(1) First.\n\n(2) Second.\n")
    assert [(unit.address, unit.body) for unit in units[-2:]] == [
        ("ACME-LAW/PAR-1/ABS-1", "(1) First.\n\n"),
        ("ACME-LAW/PAR-1/ABS-2", "(2) Second.\n"),
    ]


def test_bodies_of_a_printed_law_are_without_what_was_dropped() -> None:
    result = plan_document(printed(Layout()).encode(), origin="file:a.txt", docprefix="LAW", profile="vi-law")
    assert result.plan is not None
    assert result.plan.dropped
    units = units_of_plan(result.plan, result.canonical)
    assert [sha256_hex(unit.body.encode()) for unit in units] == [unit.body_sha256 for unit in result.plan.units]


@pytest.mark.skipif(not CHAINS.is_dir(), reason="the successive texts of laws are not on this machine")
def test_successive_texts_of_laws_are_compared_without_loss() -> None:
    chains = sorted(folder for folder in CHAINS.iterdir() if folder.is_dir())
    assert chains
    for folder in chains:
        texts = [planned(file.read_text(), "LAW") for file in sorted(folder.glob("*.md"))]
        for old, new in pairwise(texts):
            comparison = compare(old, new)
            assert without_lines(applied(comparison)) == without_lines(new), folder.name
            assert comparison.base_digest == base_digest(old)
            for changed in comparison.changed:
                parts = changed.body_diff().parts
                assert "".join(part.text for part in parts if part.kind != "added") == changed.old.body
                assert "".join(part.text for part in parts if part.kind != "removed") == changed.new.body
