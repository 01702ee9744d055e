"""Units that are searched for: what is asked, a page of the answer, one unit in full, and two of its versions compared."""

from datetime import datetime
from enum import StrEnum

from console.backend.model.diff_text import DiffedPart
from console.backend.model.safe_text import SafeText
from console.backend.model.site_mapping import NotMeasured
from console.backend.model.unit_list import ListedUnit
from console.backend.model.value import Value

LIFECYCLES = ("draft", "enacted", "superseded", "retired")
FOR_READERS = LIFECYCLES[:2]
"""The lifecycles that readers see; this is searched if no lifecycle is named."""
MOST_HITS = 500


class SearchedBy(StrEnum):
    """The meaning that the text of a search was given."""

    NOTHING = "nothing"
    EITHER = "either"
    """Not known yet: no unit with this address was seen as far as was looked; words are searched for if there is none."""
    ADDRESS = "address"
    WORDS = "words"


class UnitQuery(Value):
    """A page of units that is asked for: behind the address `after`, or the last ones before `before`, where empty is the end."""

    text: str = ""
    by: SearchedBy = SearchedBy.EITHER
    """Meaning of the text: a page that goes on has that of the page before it. EITHER: an address, and words if no unit has it."""
    document: str = ""
    lifecycles: tuple[str, ...] = ()
    as_of: datetime | None = None
    after: str = ""
    before: str | None = None
    limit: int = 50


class SnippetPart(Value):
    """A piece of a unit's text beside a hit, or the hit itself."""

    text: SafeText
    hit: bool


class UnitHit(ListedUnit):
    """A unit that was searched for."""

    document: SafeText | None
    snippet: tuple[SnippetPart, ...]
    """The surroundings of the first hit in its text; empty if no words were searched for."""


class UnitHits(Value):
    """A page of units, in the order of their addresses as a tree: each before those below it."""

    units: tuple[UnitHit, ...]
    more: bool
    """True if there are further units, or if that is not known, with `looked_to`: behind the last one, or before the first one if
    the page ends before an address. A page that goes on can be empty then."""
    searched_by: SearchedBy
    as_of: datetime | None
    has_index: bool
    """False if units had to be looked at one by one: the search index is not installed in this database."""
    looked_to: SafeText = ""
    """Address as far as which units were looked at, if that took too long for the whole page: the next one goes on there.

    It can be that of a unit that is not shown."""
    not_measured: tuple[NotMeasured, ...] = ()


class UnitPeriod(Value):
    """A time in which a version counts, and what made it law."""

    in_force_from: datetime
    in_force_until: datetime | None
    run_id: SafeText
    statement_sha256: SafeText


class UnitVersion(Value):
    """One version of a unit in its history."""

    version_seq: int
    standing: SafeText
    operation: SafeText
    run_id: SafeText
    """Run that wrote it; empty if none is recorded."""
    statement_sha256: SafeText
    created_at: datetime
    periods: tuple[UnitPeriod, ...]
    is_readable: bool
    """False for a text that was never law and is no draft for readers."""


class UnitView(Value):
    """One unit with its text and its history; None for what is not known, not mapped or not readable here."""

    address: SafeText
    followed: tuple[SafeText, ...] = ()
    """Former addresses that led to it, the one that was asked for first."""
    former: tuple[SafeText, ...] = ()
    as_of: datetime | None
    document: SafeText | None
    lifecycle: SafeText | None
    unit_kind: SafeText | None
    section_type: SafeText | None
    number: SafeText | None
    parent: SafeText | None
    title: SafeText | None
    body: str | None
    """Exact; a terminal must not get it as it is."""
    body_sha256: str
    version_seq: SafeText | None
    standing: SafeText
    """Standing of the shown text: in force since when, a draft, or why there is none."""
    run_id: SafeText = ""
    """Run that made the shown text law, or wrote the draft."""
    statement_sha256: SafeText = ""
    edited_by: SafeText = ""
    reports: tuple[SafeText, ...] = ()
    """Directories of this host with reports of that run."""
    versions: tuple[UnitVersion, ...] = ()
    problems: tuple[SafeText, ...] = ()
    not_measured: tuple[NotMeasured, ...] = ()


class VersionDiff(Value):
    """Two versions of a unit, compared by words."""

    address: SafeText
    old: int
    new: int
    old_title: SafeText
    new_title: SafeText
    body: tuple[DiffedPart, ...]
    """Kept and removed parts are the old body, kept and added ones the new; empty if the bodies are equal."""
    lines: tuple[SafeText, ...]
    """The places that differ, as `[-removed-]{+added+}` with what stands around them."""
    is_coarse: bool
    """True if the bodies are too long to compare each word."""
