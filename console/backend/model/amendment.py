"""Differences between a revised text and the document as it is law: what an amendment does to each unit."""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

from console.backend.model.errors import Refused, StopCode, UsageError
from console.backend.model.value import Value


class Effect(StrEnum):
    """Effect of an amendment on a unit, by its address."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    """Another title, body, parent, kind, section type or number under the same address."""
    NEW = "new"
    GONE = "gone"


class Moved(Value):
    """A renumbering that the operator states: the unit under the old address goes on under the new one."""

    old: str
    new: str


class AmendmentCounts(Value):
    """Effects of an amendment in numbers of units."""

    unchanged: int
    changed: int
    new: int
    gone: int
    returning: int = 0
    """Of the new ones, those that have a unit already."""
    moved: int = 0
    """Renumberings that the operator stated."""

    @property
    def of_text(self) -> int:
        """Return the number of units of the new text."""
        return self.unchanged + self.changed + self.new

    @property
    def is_repeal(self) -> bool:
        """Return whether nothing of the document stays in force; no text that can be planned does that."""
        return self.of_text == 0

    @property
    def drafts(self) -> int:
        """Return the number of versions that leg A writes."""
        return self.changed + self.new

    @property
    def made(self) -> int:
        """Return the number of units that leg A makes."""
        return self.new - self.returning

    @property
    def touched(self) -> int:
        """Return the number of units that the enactment touches."""
        return self.changed + self.new + self.gone


class Amendment(Value):
    """Effects of an amendment on the law that it was planned against, its base."""

    base_run_id: str
    """The run whose enactment made the base law."""
    base_digest: str
    """Merkle root over the units of the base, one line each, by address; `fn_base_digest` computes the same."""
    unchanged: int
    changed: tuple[str, ...]
    """Addresses, in the order of the new text."""
    new: tuple[str, ...]
    """Addresses, in the order of the new text; one that was law before, and was gone, is among them."""
    gone: tuple[str, ...]
    """Addresses."""
    returning: tuple[str, ...] = ()
    """Addresses among the new that have a unit already: it was gone, or taken back, and gets a version more."""
    moved: tuple[Moved, ...] = ()

    @property
    def made(self) -> tuple[str, ...]:
        """Return the addresses of the units that leg A makes."""
        returning = frozenset(self.returning)
        return tuple(address for address in self.new if address not in returning)

    @property
    def counts(self) -> AmendmentCounts:
        """Return the effects in numbers."""
        return AmendmentCounts(
            unchanged=self.unchanged,
            changed=len(self.changed),
            new=len(self.new),
            gone=len(self.gone),
            returning=len(self.returning),
            moved=len(self.moved),
        )


def amendment_in_words(counts: AmendmentCounts) -> str:
    """Return how many units an amendment leaves, changes, adds and takes out of the law; of a repeal, that it takes all."""
    if counts.is_repeal:
        return f"repealed as a whole: {counts.gone:,} gone, none left"
    beside = f", {counts.moved:,} renumbered" if counts.moved else ""
    if counts.touched == 0:
        beside = "; the order of the units differs, or the text between them"
    return (
        f"{counts.unchanged:,} unchanged, {counts.changed:,} changed, {counts.new:,} new, {counts.gone:,} gone{beside}"
    )


def line_of(
    address: str, parent: str | None, unit_kind: str, section_type: str, number: str, title: str, body_sha256: str
) -> str:
    """Return a unit as one line, by which it is compared and signed; `fn_base_lines` and `fn_draft_lines` write the same."""
    return "\t".join((address, parent or "", unit_kind, section_type, number, title, body_sha256))


def effects(base: Mapping[str, str], planned: Mapping[str, str]) -> dict[str, Effect]:
    """Return what becomes of each unit, from the lines of the law and of the new text by address.

    In the order of the new text; what is gone comes last.
    """
    of_the_new = {
        address: Effect.NEW if address not in base else Effect.UNCHANGED if base[address] == line else Effect.CHANGED
        for address, line in planned.items()
    }
    return of_the_new | {address: Effect.GONE for address in base if address not in planned}


def parse_moved(texts: Iterable[str]) -> tuple[Moved, ...]:
    """Return renumberings written as OLD=NEW. Raises UsageError for a text that is none."""
    pairs = [(text, text.partition("=")) for text in texts]
    for text, (old, _, new) in pairs:
        if not old or not new or "=" in new:
            raise UsageError(
                StopCode.REFUSED_INPUT, f"--moved {text}: two addresses, OLD=NEW", "State each as OLD=NEW."
            )
    return tuple(Moved(old=old, new=new) for _, (old, _, new) in pairs)


def require_moved(moved: Iterable[Moved], outcome: Mapping[str, Effect]) -> tuple[Moved, ...]:
    """Return the renumberings that an operator states. Raises Refused if one is not from a gone unit to a new one."""
    stated = tuple(moved)
    old, new = Counter(move.old for move in stated), Counter(move.new for move in stated)
    for move in stated:
        fault = (
            f"{move.old} is not gone from the new text"
            if outcome.get(move.old) is not Effect.GONE
            else f"{move.new} is not new in it"
            if outcome.get(move.new) is not Effect.NEW
            else "an address is named twice"
            if old[move.old] > 1 or new[move.new] > 1
            else ""
        )
        if fault:
            raise Refused(
                StopCode.REFUSED_INPUT,
                f"--moved {move.old}={move.new}: {fault}",
                "State a renumbering from a unit that is gone to one that is new, each once.",
            )
    return stated
