"""The product's functions as the catalogue has them, beside the pinned digests and the program's own text."""

from functools import partial

import psycopg

from console.backend.gates.measurement import Verdict, fails, passes
from console.backend.host.installation import Installation
from console.backend.host.site_files import kept_mapping
from console.backend.model.readiness import first_three
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.postgres.asking import Asking
from console.backend.postgres.definitions import definition_of
from console.backend.postgres.rendering import schema_names
from console.backend.postgres.routines import Routine, measure_routines, pinned_bodies
from console.backend.postgres.site_gateway import tied_bodies, tied_mapping
from console.backend.postgres.site_kept import require_kept_mapping


class Source(Value):
    """One function: its body's sha256 now, as pinned, and in this program; empty if it is unknown there."""

    name: SafeText
    sha256: str
    pinned: str
    packaged: str
    closed: bool
    """True if its search_path is the pinned one."""

    @property
    def as_installed(self) -> bool:
        """Return whether body, pin and packaged text have one sha256, under the pinned search_path."""
        return bool(self.pinned) and self.sha256 == self.pinned == self.packaged and self.closed


def installed_functions(
    connection: psycopg.Connection, installation: Installation
) -> tuple[tuple[Routine, ...], tuple[Source, ...]]:
    """Return every function of the product's names, and the product's own beside their pins; one that is gone has an empty sha256.

    A function of the same name with other arguments that was there before the product does not belong to it. Raises Unmeasured
    where functions differ and this host does not keep the site mapping that they may be made by.
    """
    with Asking(connection) as asking:
        measured, bodies = asking.ask(measure_routines), asking.ask(pinned_bodies)
        known_functions = asking.ask(partial(_Known, installation=installation))
    routines, pinned, known = measured.value, dict(bodies.value), known_functions.value
    ours = {routine.name for routine in routines if routine.sha256 == known.packaged(routine.name)}
    sources = {}
    for routine in routines:
        signature, packaged = f"{routine.name}({routine.arguments})", known.packaged(routine.name)
        # The product's function of this name is there too, so this one is an overload of the organisation's own.
        if routine.name in ours and routine.sha256 != packaged and signature in pinned:
            del pinned[signature]
            continue
        sources[signature] = Source(
            name=routine.name,
            sha256=routine.sha256,
            pinned=pinned.get(signature, ""),
            packaged=packaged,
            closed=routine.closed,
        )
    for signature in pinned.keys() - sources.keys():
        name = signature.partition("(")[0]
        sources[signature] = Source(
            name=name, sha256="", pinned=pinned[signature], packaged=known.packaged(name), closed=False
        )
    if not all(source.as_installed for source in sources.values()):
        require_kept_mapping(connection, is_kept=known.keeps_mapping)
    return routines, tuple(sources[signature] for signature in sorted(sources))


class _Known:
    """The functions that this program installs: those of its migrations, and those of the printed script of a kept site mapping."""

    def __init__(self, connection: psycopg.Connection, installation: Installation) -> None:
        self._names, kept = schema_names(connection), kept_mapping(installation)
        self.keeps_mapping = kept.mapping is not None
        self._tied: dict[str, str] = {}
        if kept.mapping is not None and tied_mapping(connection) is not None:
            self._tied = tied_bodies(connection, kept.mapping, kept.sha256)

    def packaged(self, name: str) -> str:
        """Return the sha256 of the body of the function of this name; empty if this program has none."""
        definition = definition_of(f"FUNCTION {name}", self._names)
        return self._tied.get(name) or (definition.body_sha256 if definition else "")


def sources_verdict(sources: tuple[Source, ...], names: frozenset[str] = frozenset()) -> Verdict:
    """Pure: PASS if the functions of these names (all functions if `names` is empty) are the installed ones."""
    looked_at = [source for source in sources if not names or source.name in names]
    missing = sorted(names - {source.name for source in looked_at})
    problems = [f"{name} is missing" for name in missing]
    problems += [f"{source.name} {_difference(source)}" for source in looked_at if not source.as_installed]
    if problems or not looked_at:
        return fails(
            first_three(tuple(problems)) or "no function was found",
            "See the definition that repairs it: cutter-console drift",
        )
    return passes(f"{len(looked_at)} functions are those of the last migration and of this program")


def _difference(source: Source) -> str:
    if not source.sha256:
        return "is missing"
    if not source.pinned:
        return "was not installed by a migration"
    if source.sha256 != source.pinned:
        return f"has another body: sha256 {source.sha256}, pinned {source.pinned}"
    if source.sha256 != source.packaged:
        return "is not the one of this program"
    return "has another search_path"
