"""The product's functions as the catalogue has them, beside the pinned digests and the program's own text."""

import psycopg

from console.backend.gates.measurement import Verdict, fails, passes
from console.backend.model.readiness import first_three
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.postgres.definitions import definition_of
from console.backend.postgres.routines import Routine, pinned_bodies


class Source(Value):
    """One function: its body's sha256 now, as pinned, and in this program; empty if it is unknown there."""

    name: SafeText
    sha256: str
    pinned: str
    packaged: str
    closed: bool
    """Its search_path is the pinned one."""

    @property
    def as_installed(self) -> bool:
        """Return whether all three are one, under the pinned search_path."""
        return bool(self.pinned) and self.sha256 == self.pinned == self.packaged and self.closed


def measure_sources(connection: psycopg.Connection, routines: tuple[Routine, ...]) -> tuple[Source, ...]:
    """The product's functions beside their pins; one that is gone has no sha256.

    A function of the same name with other arguments, which was there before the product, is none of it.
    """
    pinned = pinned_bodies(connection)
    ours = {one.name for one in routines if one.sha256 == _packaged(one.name)}
    found = {}
    for one in routines:
        signature, packaged = f"{one.name}({one.arguments})", _packaged(one.name)
        if one.name in ours and one.sha256 != packaged and signature in pinned:
            del pinned[signature]
            continue
        found[signature] = Source(
            name=one.name,
            sha256=one.sha256,
            pinned=pinned.get(signature, ""),
            packaged=packaged,
            closed=one.closed,
        )
    for signature in pinned.keys() - found.keys():
        name = signature.partition("(")[0]
        found[signature] = Source(
            name=name, sha256="", pinned=pinned[signature], packaged=_packaged(name), closed=False
        )
    return tuple(found[signature] for signature in sorted(found))


def _packaged(name: str) -> str:
    known = definition_of(f"FUNCTION {name}")
    return known.body_sha256 if known else ""


def sources_verdict(sources: tuple[Source, ...], wanted: frozenset[str] = frozenset()) -> Verdict:
    """Pure: whether these functions (all of them where none is named) are the installed ones."""
    looked_at = [one for one in sources if not wanted or one.name in wanted]
    missing = sorted(wanted - {one.name for one in looked_at})
    wrong = [f"{name} is missing" for name in missing]
    wrong += [f"{one.name} {_told(one)}" for one in looked_at if not one.as_installed]
    if wrong or not looked_at:
        return fails(
            first_three(tuple(wrong)) or "no function was found",
            "See the definition that repairs it: cutter-console drift",
        )
    return passes(f"{len(looked_at)} functions are those of the last migration and of this program")


def _told(one: Source) -> str:
    if not one.sha256:
        return "is missing"
    if not one.pinned:
        return "was not installed by a migration"
    if one.sha256 != one.pinned:
        return f"has another body: sha256 {one.sha256}, pinned {one.pinned}"
    if one.sha256 != one.packaged:
        return "is not the one of this program"
    return "has another search_path"
