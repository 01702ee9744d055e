"""Searches units by address, word, document and lifecycle as the monitoring role, in this product's layout or in another one."""

import re
import time
from collections.abc import Callable, Sequence
from functools import partial

from console.backend.host.installation import Installation
from console.backend.model.errors import CutterError, StopCode, Unmeasured, UsageError
from console.backend.model.folding import parts_of, snippet
from console.backend.model.site_mapping import NotMeasured
from console.backend.model.unit_list import ListedUnit
from console.backend.model.unit_search import (
    FOR_READERS,
    MOST_HITS,
    SearchedBy,
    SnippetPart,
    UnitHit,
    UnitHits,
    UnitQuery,
)
from console.backend.postgres.connections import connect
from console.backend.postgres.unit_search import (
    HitRow,
    LookedRows,
    Searched,
    indexed_page,
    installed,
    reader_page_by_words,
    site_page,
)
from console.backend.runs.other_layout import NOT_INSTALLED
from console.backend.runs.site import parts_not_shown, reading_site, require_units

LIMIT_S = 10.0
"""Longest time of a statement that searches, in seconds."""
LOOKING_S = 4.0
"""Seconds after which a search is not gone on with that has not filled its page."""
_ADDRESS = re.compile(r"[A-Z0-9-]{3,32}|\S+/\S*")
_NO_INDEX = "the search index is not installed: units are looked at one by one"
_Page = Callable[[UnitQuery, Searched], LookedRows]


def search_units(installation: Installation, query: UnitQuery) -> UnitHits:
    """Return a page of units. Raises UsageError for a text without a word, Unmeasured if it takes too long or cannot be read."""
    if not 1 <= query.limit <= MOST_HITS:
        raise UsageError(
            StopCode.REFUSED_INPUT, f"a page has 1 to {MOST_HITS} units", f"Give --limit 1 to {MOST_HITS}."
        )
    if query.text.strip() and not _candidates(query):
        is_address = query.by is SearchedBy.ADDRESS
        message = f"{query.text!r} begins no address" if is_address else f"there is no word in {query.text!r}"
        raise UsageError(StopCode.REFUSED_INPUT, message, "Give a word, or the beginning of an address.")
    try:
        return _searched(installation, query)
    except CutterError as error:
        if error.code is StopCode.PANIC and "timeout" in error.message:
            message = f"the search took longer than {LIMIT_S:.0f} s and was ended"
            narrower = "Name a document (--document P), a longer word, or the beginning of an address"
            raise Unmeasured(StopCode.CAP_EXCEEDED, message, narrower) from error
        raise


def _searched(installation: Installation, query: UnitQuery) -> UnitHits:
    monitor = installation.settings.database.monitor
    with connect(monitor, read_only=True, timeout_s=LIMIT_S, purpose="search") as connection:
        own = installed(connection)
        query = query.model_copy(update={"lifecycles": query.lifecycles or (FOR_READERS if own.view else ())})
        if own.function:
            return _hits(
                query, lambda page_query, searched: looked_page(page_query, partial(indexed_page, connection, searched))
            )
        if own.view:
            _refuse_moment(query, _NO_INDEX, "Bring the database up to date: cutter-console migrate")
            missing = NotMeasured(subject="index", reason=_NO_INDEX, next_action="cutter-console migrate")
            return _hits(
                query,
                lambda page_query, searched: LookedRows(
                    reader_page_by_words(connection, page_query, searched, page_query.limit + 1)
                ),
                has_index=False,
                missing=(missing,),
            )
    return _searched_in_site(installation, query)


def looked_page(query: UnitQuery, page: Callable[[UnitQuery, int], LookedRows]) -> LookedRows:
    """Return the units of a page and one more, or what of them could be found in LOOKING_S.

    The database does a bounded amount of work for each answer, so that none takes too long; most fill the page at once.
    """
    most = query.limit + 1
    rows: tuple[HitRow, ...] = ()
    ends_at = time.monotonic() + LOOKING_S
    while True:
        answer = page(query, most - len(rows))
        rows += answer.rows
        if not answer.looked_to or time.monotonic() >= ends_at:
            return LookedRows(rows, answer.looked_to)
        side = "after" if query.before is None else "before"
        query = query.model_copy(update={side: answer.looked_to})


def _searched_in_site(installation: Installation, query: UnitQuery) -> UnitHits:
    again = "Search what is there as it stands: cutter-console unit search TEXT"
    _refuse_moment(query, f"{NOT_INSTALLED}: when a text was in force is not recorded there", again)
    with reading_site(installation, "search") as (connection, layout):
        require_units(layout)
        missing = NotMeasured(
            subject="index", reason=f"{NOT_INSTALLED}: units are looked at one by one", next_action="Name a document"
        )
        return _hits(
            query,
            lambda page_query, searched: looked_page(
                page_query, partial(site_page, connection, layout.readable, searched)
            ),
            has_index=False,
            missing=(missing, *parts_not_shown(layout)),
        )


def _refuse_moment(query: UnitQuery, message: str, next_action: str) -> None:
    if query.as_of is not None:
        raise Unmeasured(StopCode.DRIFT, message, next_action)


def _candidates(query: UnitQuery) -> tuple[tuple[SearchedBy, Searched], ...]:
    """Return the meanings that the text of a query can have, the likelier one first."""
    text = query.text.strip()
    meanings = []
    if query.by is not SearchedBy.WORDS and _ADDRESS.fullmatch(text) and text.count('"') == 0:
        document, slash, below = text.partition("/")
        meanings.append((SearchedBy.ADDRESS, Searched(prefix=f"{document.upper()}{slash}{below}")))
    if query.by is not SearchedBy.ADDRESS and (parts := parts_of(text)):
        meanings.append((SearchedBy.WORDS, Searched(parts=parts)))
    return tuple(meanings)


def _hits(query: UnitQuery, page: _Page, *, has_index: bool = True, missing: tuple[NotMeasured, ...] = ()) -> UnitHits:
    """Return the page by the first meaning that finds anything: an address that no unit has can be a word in capitals.

    Until all units of the address were looked at, words are not searched for: which of the two it is does not depend on how
    many there are, nor on the time that one answer has.
    """
    candidates = _candidates(query) or ((SearchedBy.NOTHING, Searched()),)
    by, searched = candidates[0]
    rows, looked_to = page(query, searched)
    if len(candidates) > 1 and not rows:
        if looked_to:
            by = SearchedBy.EITHER
        else:
            by, searched = candidates[1]
            rows, looked_to = page(_of_words(query, candidates[0][1].prefix), searched)
    parts = searched.parts
    units = rows[: query.limit] if query.before is None else rows[: query.limit][::-1]
    return UnitHits(
        units=tuple(_hit(row, parts) for row in units),
        more=len(rows) > query.limit or bool(looked_to),
        searched_by=by,
        as_of=query.as_of,
        has_index=has_index,
        looked_to=looked_to,
        not_measured=missing,
    )


def _of_words(query: UnitQuery, prefix: str) -> UnitQuery:
    """Return the query from its beginning, if it went on at an address that was looked for: no word was searched for before it."""
    if (query.after or query.before or "").startswith(prefix):
        return query.model_copy(update={"after": "", "before": None if query.before is None else ""})
    return query


def listed(row: HitRow) -> ListedUnit:
    """Return a unit of a page as a line of a list."""
    return ListedUnit(
        address=row.address,
        lifecycle=row.lifecycle,
        unit_kind=row.unit_kind,
        section_type=row.section_type,
        number=row.number,
        title=row.title,
        parent=row.parent,
        deleted=row.deleted,
    )


def _hit(row: HitRow, parts: Sequence[str]) -> UnitHit:
    pieces = snippet(row.excerpt, parts) if row.excerpt is not None and parts else ()
    parts_shown = tuple(SnippetPart(text=piece.text, hit=piece.is_hit) for piece in pieces)
    return UnitHit(**dict(listed(row)), document=row.document, snippet=parts_shown)
