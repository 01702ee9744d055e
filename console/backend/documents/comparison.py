"""Two texts of a document, compared unit by unit: what an amendment changes. Pure; nothing is merged or supposed."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from console.backend.documents.word_diff import TextDiff, least_moved, text_diff
from console.backend.model.amendment import Amendment, Effect, Moved, require_moved
from console.backend.model.compared_unit import ComparedUnit, UnitField, base_digest
from console.backend.model.plan import DocumentPlan
from console.backend.model.written_plan import as_written, kept_bytes

_LEAST_LETTERS = 24
"""Letters and digits of a text that says where it came from; `(weggefallen)` or a bare heading does not."""


@dataclass(frozen=True, slots=True)
class ChangedUnit:
    """A unit of the same address in both texts, and the fields in which it differs."""

    old: ComparedUnit
    new: ComparedUnit
    fields: tuple[UnitField, ...]
    """In the order of their table; never empty."""

    @property
    def address(self) -> str:
        """Return the address, which both have."""
        return self.new.address

    def body_diff(self) -> TextDiff:
        """Return the difference of the bodies."""
        return text_diff(self.old.body, self.new.body)


@dataclass(frozen=True, slots=True)
class Renumbering:
    """A unit that is gone and a new one whose words are the same, but for the number that they begin with."""

    old: ComparedUnit
    new: ComparedUnit


@dataclass(frozen=True)
class Comparison:
    """The units of two texts by what happens to them. `old` and `new` are in the order of their texts."""

    old: tuple[ComparedUnit, ...]
    new: tuple[ComparedUnit, ...]
    unchanged: tuple[ComparedUnit, ...]
    """As the new text has them, and in its order."""
    changed: tuple[ChangedUnit, ...]
    """In the order of the new text."""
    added: tuple[ComparedUnit, ...]
    """New units, in the order of the new text."""
    gone: tuple[ComparedUnit, ...]
    """In the order of the old text."""
    moved: tuple[Moved, ...] = ()
    """Renumberings that the operator stated."""

    @cached_property
    def effects(self) -> dict[str, Effect]:
        """Return the effect by address: first those of the new text in its order, then what is gone."""
        effects = dict.fromkeys((unit.address for unit in self.new), Effect.UNCHANGED)
        effects |= dict.fromkeys((unit.address for unit in self.changed), Effect.CHANGED)
        effects |= dict.fromkeys((unit.address for unit in self.added), Effect.NEW)
        return effects | dict.fromkeys((unit.address for unit in self.gone), Effect.GONE)

    @cached_property
    def reordered(self) -> int:
        """Return how many units that both texts have must move, at least, to come from the old order to the new.

        It is no effect: the manifest of the new text has the order.
        """
        places = {unit.address: place for place, unit in enumerate(self.old)}
        return least_moved([places[unit.address] for unit in self.new if unit.address in places])

    @cached_property
    def renumberings(self) -> tuple[Renumbering, ...]:
        """Return probable renumberings that are not stated, in the order of the new text. They are shown, never assumed.

        A pair is proposed if its text is long enough to say something, and no other unit that is gone or new has it.
        """
        old, new = _by_text(self.gone), _by_text(self.added)
        stated = {moved.new for moved in self.moved} | {moved.old for moved in self.moved}
        return tuple(
            Renumbering(old[text], unit)
            for text, unit in new.items()
            if text in old and not {unit.address, old[text].address} & stated
        )

    @cached_property
    def shifted(self) -> tuple[Renumbering, ...]:
        """Return changed or new units with the words that another address has in force, in the order of the new text.

        It happens where a paragraph is put in before others. An address that stays cannot be stated as moved: each keeps
        its own history, and readers of the difference are told.
        """
        old, effects = _by_text(self.old), self.effects
        proposed = {(pair.old.address, pair.new.address) for pair in self.renumberings}
        proposed |= {(pair.old, pair.new) for pair in self.moved}
        return tuple(
            Renumbering(old[text], unit)
            for text, unit in _by_text(self.new).items()
            if text in old
            and old[text].address != unit.address
            and effects[unit.address] is not Effect.UNCHANGED
            and (old[text].address, unit.address) not in proposed
        )

    @property
    def is_empty(self) -> bool:
        """Return whether nothing has an effect; the order may differ."""
        return not (self.changed or self.added or self.gone)

    @property
    def base_digest(self) -> str:
        """Return the digest of the old text's units, which an amendment is bound to."""
        return base_digest(self.old)

    def amendment(self, base_run_id: str, returning: tuple[str, ...] = ()) -> Amendment:
        """Return the effects as a plan carries them, for the state that this run enacted.

        `returning` are the new addresses that have a unit already, which only the database knows. What is gone is listed
        by address, as the database does, which has no text to order it by.
        """
        return Amendment(
            base_run_id=base_run_id,
            base_digest=self.base_digest,
            unchanged=len(self.unchanged),
            changed=tuple(unit.address for unit in self.changed),
            new=tuple(unit.address for unit in self.added),
            gone=tuple(sorted(unit.address for unit in self.gone)),
            returning=returning,
            moved=self.moved,
        )


def units_of_plan(plan: DocumentPlan, canonical: bytes) -> tuple[ComparedUnit, ...]:
    """Return the units of a plan with the bodies that are written: slices of the text without what was dropped.

    `canonical` is the text that the plan's spans refer to.
    """
    kept = kept_bytes(canonical, plan.dropped)
    return tuple(
        ComparedUnit(
            address=unit.address,
            parent=unit.parent,
            unit_kind=unit.unit_kind,
            section_type=unit.section_type,
            number=unit.number,
            title=unit.title,
            body=kept[unit.byte_start : unit.byte_end].decode(),
            line=unit.line_start,
        )
        for unit in as_written(plan).units.fields()
    )


def compare(old: Iterable[ComparedUnit], new: Iterable[ComparedUnit], moved: Iterable[Moved] = ()) -> Comparison:
    """Compare the units in force with those of a revised text, by address.

    Raises Refused if a stated renumbering is none: its old address must be gone, its new one new, each named once.
    """
    old, new = tuple(old), tuple(new)
    in_force, planned = {unit.address: unit for unit in old}, {unit.address: unit for unit in new}
    gone = tuple(unit for unit in old if unit.address not in planned)
    added = tuple(unit for unit in new if unit.address not in in_force)
    both = [(in_force[unit.address], unit) for unit in new if unit.address in in_force]
    differences = [ChangedUnit(before, after, differing_fields(before, after)) for before, after in both]
    comparison = Comparison(
        old=old,
        new=new,
        unchanged=tuple(unit.new for unit in differences if not unit.fields),
        changed=tuple(unit for unit in differences if unit.fields),
        added=added,
        gone=gone,
    )
    return replace(comparison, moved=require_moved(moved, comparison.effects))


def differing_fields(old: ComparedUnit, new: ComparedUnit) -> tuple[UnitField, ...]:
    """Return the fields in which two units of one address differ; their line is none of them."""
    return tuple(field for field in UnitField if getattr(old, field.value) != getattr(new, field.value))


def _by_text(units: Iterable[ComparedUnit]) -> dict[str, ComparedUnit]:
    """Return the units by their text without their number, as far as it is not trivial and no two have the same."""
    listed = [(text, unit) for unit in units if (text := _text_without_number(unit))]
    counts = Counter(text for text, _ in listed)
    return {text: unit for text, unit in listed if counts[text] == 1}


def _text_without_number(unit: ComparedUnit) -> str:
    """Return the words of the body without the number in its first line; an empty text if they say too little.

    Space is no part of it: a unit that becomes the last of its parent has another number of blank lines behind it.
    """
    first, _, rest = unit.body.partition("\n")
    if unit.number:
        first = re.sub(rf"(?<!\w){re.escape(unit.number)}(?!\w)", "", first, count=1)
    text = " ".join(f"{first} {rest}".split())
    return text if sum(map(str.isalnum, text)) >= _LEAST_LETTERS else ""
