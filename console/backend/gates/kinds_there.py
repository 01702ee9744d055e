"""Kinds of units that an organisation's vocabulary lacks: a synthetic document has all kinds, and is refused there for them."""

from contextlib import suppress

import psycopg

from console.backend.gates.measurement import Verdict, unclear
from console.backend.gates.probe import Probe
from console.backend.host.site_files import kept_mapping
from console.backend.model.errors import CutterError
from console.backend.model.vocabulary import VOCABULARY
from console.backend.postgres.probes import asked_histogram
from console.backend.postgres.site_functions import ANSWERED
from console.backend.postgres.site_units import kinds_in_vocabulary

_NOT_FOR_A_KIND = ("CU", "42", "23505")
"""Beginnings of what refuses no kind of unit: this product's own codes, rights or names that are not there, and keys that are."""
_OF_NO_KIND = (f"{ANSWERED} exists_", f"{ANSWERED} nothing")
"""Answers of a function that are no matter of a kind either: the unit is there, in whole or in part, or it has told no status."""
_THEIRS = (
    "Documents of the other kinds can be cut, and each run is asked for its own kinds before it is approved."
    " Those that are named: once their owner has added them to the vocabulary"
)


def _may_be_theirs(failed: str) -> bool:
    """Pure: whether the organisation's side may have refused a synthetic document for a kind that it has."""
    if ANSWERED in failed:
        return not any(answer in failed for answer in _OF_NO_KIND)
    return bool(failed) and not failed.startswith(_NOT_FOR_A_KIND)


def kinds_lacking(probe: Probe, *failed: str) -> tuple[str, ...]:
    """Return the kinds that a synthetic document has and the vocabulary there lacks; none if nothing failed, or none is known."""
    if not any(map(_may_be_theirs, failed)):
        return ()
    # A mapping that cannot be read is said by G1; what failed stays failed.
    with suppress(CutterError, psycopg.Error, OSError):
        mapping = kept_mapping(probe.installation).mapping
        if mapping is not None:
            with probe.monitor() as connection:
                known = kinds_in_vocabulary(connection, mapping)
            return tuple(sorted({kind for kind, _ in VOCABULARY} - set(known))) if known else ()
    return ()


def not_measured_for(lacking: tuple[str, ...], failed: str, n: int) -> Verdict | None:
    """Pure: INCONCLUSIVE if the organisation's side refused a synthetic document of `n` units while its vocabulary lacks kinds that it has."""
    kinds = {pair.partition("/")[0] for pair in asked_histogram(n, VOCABULARY)}
    theirs = [kind for kind in lacking if kind in kinds]
    if not theirs or not _may_be_theirs(failed):
        return None
    detail = f"a synthetic document has units of kinds of which the organisation's vocabulary lacks {', '.join(theirs)}: {failed}"
    return unclear(detail, _THEIRS)
