"""The text that is law without one unit, or with another text for it: what `unit retire` and `unit supersede` amend it by."""

import re
from dataclasses import dataclass
from itertools import pairwise

import psycopg

from console.backend.documents.own_profiles import ChosenProfile, choose_profile
from console.backend.host.installation import Installation
from console.backend.model.amendment import Effect
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import Refused, StopCode
from console.backend.model.plan import DocumentPlan
from console.backend.model.profile_names import AKN_PROFILE
from console.backend.model.written_plan import text_between
from console.backend.postgres.document_states import StateRow, UnitSpan, unit_spans
from console.backend.postgres.server import server_clock
from console.backend.runs.amendments import after_repeal
from console.backend.runs.document_states import read_text, reading, require_states
from console.backend.runs.revision import Revision

_MOST_NAMED = 5
_FOLDER = ".derived"
"""Folder of the intake folder for these texts. Its name keeps them out of a batch and of the list of documents: each is
the text of a document that is there under another name."""


@dataclass(frozen=True, slots=True)
class DerivedText:
    """A text that differs from the law in one unit."""

    address: str
    effect: Effect
    """Changed or gone."""
    state: StateRow
    """The newest state of the document, of which the text was made."""
    text: bytes
    around: bytes
    """The bytes of the law that stand in no unit."""
    body: bytes
    """The unit's new text; empty for one that is gone."""

    @property
    def docprefix(self) -> str:
        """Return the document's prefix."""
        return self.state.docprefix

    @property
    def file_name(self) -> str:
        """Return the path below the intake folder of the file that holds the text; another text has another one."""
        word = "without" if self.effect is Effect.GONE else "with-another"
        tail = re.sub(r"[^a-z0-9]+", "-", self.address.partition("/")[2].lower()).strip("-")[:60]
        return f"{_FOLDER}/{self.docprefix.lower()}-{word}-{tail}-{sha256_hex(self.text)[:12]}.md"

    @property
    def origin(self) -> str:
        """Return the origin of a run that reads the text."""
        return f"file:{self.file_name}"


def derive(installation: Installation, address: str, replacement: bytes | None) -> DerivedText:
    """Return the newest text of a unit's document with other bytes in the unit's place; without the unit for None.

    All other bytes are those that are law. Raises Refused if the unit is not in the newest state, or has units below it
    and would be gone; Unmeasured or NotAsPinned if the text cannot be relied on.
    """
    docprefix = address.partition("/")[0]
    with reading(installation) as connection:
        state = require_states(connection, docprefix)[-1]
        if state.is_repeal:
            raise after_repeal(docprefix, state.run_id)
        if state.profile == AKN_PROFILE:
            message = f"{docprefix} is cut from Akoma Ntoso: its text is made from the markup, which no unit gives back"
            raise Refused(StopCode.REFUSED_INPUT, message, _as_a_whole(docprefix))
        now = server_clock(connection)
        text = read_text(connection, state, now, now).text
        spans = _placed(connection, state, text)
    start, end = _span_of(spans, address, state)
    if replacement is None:
        _require_no_children(spans, address, docprefix)
    starts, ends = [0, *(end for _, _, end in spans)], [*(start for _, start, _ in spans), len(text)]
    return DerivedText(
        address=address,
        effect=Effect.GONE if replacement is None else Effect.CHANGED,
        state=state,
        text=text[:start] + (replacement or b"") + text[end:],
        around=b"".join(text[first:last] for first, last in zip(starts, ends, strict=True)),
        body=replacement or b"",
    )


def _placed(connection: psycopg.Connection, state: StateRow, text: bytes) -> list[tuple[UnitSpan, int, int]]:
    """Return each unit with its bytes in the text as it is: an edited body has another length than was cut."""
    placed: list[tuple[UnitSpan, int, int]] = []
    cut_end = end = 0
    for span in unit_spans(connection, state.run_id):
        start = end + span.byte_start - cut_end
        cut_end, end = span.byte_end, start + span.length
        placed.append((span, start, end))
    if end > len(text) or any(before > after for (_, _, before), (_, after, _) in pairwise(placed)):
        message = f"the units of {state.docprefix} have {end} bytes, its text {len(text)}"
        raise Refused(StopCode.INVARIANT_FAILED, message, "Find out who changed it: cutter-console drift")
    return placed


def _span_of(spans: list[tuple[UnitSpan, int, int]], address: str, state: StateRow) -> tuple[int, int]:
    place = next(((start, end) for span, start, end in spans if span.address == address), None)
    if place is None:
        message = f"{address} is no unit of state {state.state} of {state.docprefix}, which is its newest"
        raise Refused(
            StopCode.DOCUMENT_UNKNOWN, message, f"See its units: cutter-console document show {state.docprefix}"
        )
    return place


def _require_no_children(spans: list[tuple[UnitSpan, int, int]], address: str, docprefix: str) -> None:
    below = [span.address for span, _, _ in spans if span.parent == address]
    if below:
        message = f"{address} has units below it that are law: {_named(below)}"
        raise Refused(StopCode.REFUSED_INPUT, message, f"Retire them first. {_as_a_whole(docprefix)}")


def profile_of(installation: Installation, derived: DerivedText, name: str) -> ChosenProfile:
    """Return the profile that reads the text: the named one, or that of the state that it was made of."""
    return choose_profile(name or derived.state.profile, installation.profiles)


def require_alone(derived: DerivedText, revision: Revision, document: DocumentPlan, canonical: bytes) -> None:
    """Raise Refused, naming what else would change, unless the text read again differs in exactly the one unit."""
    comparison = revision.comparison
    effects = {address: effect for address, effect in comparison.effects.items() if effect is not Effect.UNCHANGED}
    if not effects:
        message = f"{derived.address} has exactly this text: nothing would change"
        raise Refused(StopCode.REFUSED_INPUT, message, "There is nothing to supersede.")
    others = [f"{address} {effect}" for address, effect in effects.items() if address != derived.address]
    if effects.get(derived.address) is not derived.effect:
        others.insert(0, f"{derived.address} is {effects.get(derived.address, Effect.UNCHANGED)}, not {derived.effect}")
    if comparison.reordered:
        others.append("the order of the units")
    if text_between(document, canonical) != derived.around:
        others.append("the text between the units")
    bodies = [unit.new.body.encode() for unit in comparison.changed if unit.new.address == derived.address]
    if derived.effect is Effect.CHANGED and bodies != [derived.body]:
        others.append(f"the text of {derived.address} is not all of the file")
    if revision.state.run_id != derived.state.run_id:
        others.append(f"run {revision.state.run_id} has made another text law meanwhile")
    if others:
        word = "retire" if derived.effect is Effect.GONE else "supersede"
        message = f"to {word} {derived.address} alone is not possible, this would change too: {_named(others)}"
        raise Refused(StopCode.REFUSED_INPUT, message, _as_a_whole(derived.docprefix))


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _as_a_whole(docprefix: str) -> str:
    return f"Amend the text as a whole: cutter-console run start FILE --docprefix {docprefix} --amend"
