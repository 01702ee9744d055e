"""Kinds of units that an organisation's vocabulary lacks: a synthetic document has all kinds, and is refused there for them."""

from contextlib import suppress

import psycopg

from console.backend.gates.measurement import Verdict, unclear
from console.backend.gates.probe import Probe
from console.backend.host.site_files import kept_mapping
from console.backend.model.errors import CutterError
from console.backend.model.vocabulary import VOCABULARY
from console.backend.postgres.site_units import kinds_in_vocabulary

_OF_THE_CONSOLE = ("", "CU")
"""Beginnings of what stopped a synthetic document that did not come from the organisation: nothing, and this product's own codes."""
_THEIRS = (
    "Documents of the other kinds can be cut, and each run is asked for its own kinds before it is approved."
    " Those that are named: once their owner has added them to the vocabulary"
)


def kinds_lacking(probe: Probe, *failed: str) -> tuple[str, ...]:
    """Return the kinds that a synthetic document has and the vocabulary there lacks; none if nothing failed, or none is known."""
    mapping = kept_mapping(probe.installation).mapping
    if mapping is None or all(stopped[:2] in _OF_THE_CONSOLE for stopped in failed):
        return ()
    with suppress(CutterError, psycopg.Error, OSError), probe.monitor() as connection:
        known = kinds_in_vocabulary(connection, mapping)
        return tuple(sorted({kind for kind, _ in VOCABULARY} - set(known))) if known else ()
    return ()


def not_measured_for(lacking: tuple[str, ...], failed: str) -> Verdict | None:
    """Pure: INCONCLUSIVE if the organisation's side refused a synthetic document while its vocabulary lacks kinds that it has."""
    if not lacking or failed[:2] in _OF_THE_CONSOLE:
        return None
    detail = f"a synthetic document has units of every kind, of which the organisation's vocabulary lacks {', '.join(lacking)}: {failed}"
    return unclear(detail, _THEIRS)
