"""What is listed and searched for is what is in force now, and not what is enacted for a later moment."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest

from console.backend.host.context import Context
from console.backend.host.installation import Installation
from console.backend.host.settings import DatabaseSettings, Settings
from console.backend.model.folding import folded
from console.backend.model.unit_search import LIFECYCLES, UnitHit, UnitQuery
from console.backend.runs.unit_list import page_of_units
from console.backend.runs.unit_search import search_units
from console.backend.runs.unit_view import view_unit
from console.backend.scratch.cluster import TransientCluster
from tests.backend.postgres.signed_cut import (
    SignedCut,
    enact_later,
    start_amendment,
    start_cut,
    start_edit,
    start_repeal,
)
from tests.conftest import Database, fresh_database

LAW = "# One\n\nText one.\n\n## Alpha\n\nThe first word.\n\n## Beta\n\nThe second word.\n"
OTHER = LAW.replace("## Beta\n\nThe second word.\n", "## Delta\n\nThe fourth word.\n").replace("first", "other")
"""Beta is gone, Delta new, and Alpha another one."""
THIRD = OTHER.replace("The fourth word.\n", "The fourth word.\n\n## Epsilon\n\nThe fifth word.\n")
WORDS = ("", "word", "first", "other word", "second", "fifth", "edited")
DOCUMENTS = ("", "AMENDED-LATER")

_IN_FORCE = "SELECT canonical_address, docprefix, title, body FROM cutter_console.fn_in_force(now())"
_ROWS = """
    SELECT u.canonical_address, u.doc_code, u.lifecycle_status, coalesce(v.title, ''), v.body, v.enacted_at IS NOT NULL
      FROM public.information_unit u JOIN public.unit_version v ON v.id = u.version_anchor_ref WHERE u.deleted_at IS NULL
"""
_LATER = "SELECT DISTINCT docprefix FROM cutter_governance.v_document_state WHERE in_force_from > now()"


class Standing(NamedTuple):
    """A unit as it stands now, worked out of the states alone."""

    address: str
    document: str
    lifecycle: str
    title: str
    body: str

    def has(self, words: str) -> bool:
        """Whether it has every one of the words."""
        return set(words.split()) <= set(folded(f"{self.title} {self.body}").lower().split())


def _laws(database: Database) -> SignedCut:
    """A law in each of the ways in which what is in force can differ from what is enacted."""
    enact_later(start_cut(database, "ALL-LATER", LAW, 1))
    amended = start_cut(database, "AMENDED-LATER", LAW, 2)
    amended.enacted()
    enact_later(start_amendment(amended, OTHER, 210))
    start_amendment(amended, THIRD, 211).to_second_pause()
    ends = start_cut(database, "ENDS-LATER", LAW, 3)
    ends.enacted()
    enact_later(start_repeal(ends))
    plain = start_cut(database, "AMENDED", LAW, 4)
    plain.enacted()
    start_amendment(plain, OTHER, 212).enacted()
    edited = start_cut(database, "EDITED", LAW, 5)
    edited.to_second_pause()
    start_edit(edited).edited()
    edited.verify()
    edited.lawful()
    enact_later(start_amendment(edited, OTHER, 213))
    start_cut(database, "DRAFT", LAW, 6).to_second_pause()
    twice = start_cut(database, "AMENDED-TWICE", LAW, 7)
    twice.enacted()
    enact_later(start_amendment(twice, OTHER, 214), hours=5)
    enact_later(start_amendment(twice, LAW, 215), hours=9)
    return plain


@pytest.fixture(scope="module")
def laws(cluster: TransientCluster, template_of: Callable[[int], str]) -> Iterator[SignedCut]:
    """What the tests of this file only read."""
    for database in fresh_database(cluster, template_of(cluster.major)):
        yield _laws(database)


@pytest.fixture
def site(laws: SignedCut, tmp_path: Path) -> Installation:
    """An installation whose monitoring role reads them."""
    database = DatabaseSettings(monitor=laws.database.conninfo("cutter_ro"))
    return Installation(Context(root=tmp_path, host="db01"), Settings(database=database), "olga")


@pytest.fixture(scope="module")
def standing(laws: SignedCut) -> tuple[Standing, ...]:
    """Every unit as it stands now, in the order of the lists."""
    with laws.database.connect() as connection:
        law = {row[0]: Standing(row[0], row[1], "enacted", *row[2:]) for row in connection.execute(_IN_FORCE)}
        later = {document for (document,) in connection.execute(_LATER)}
        rows = list(connection.execute(_ROWS))
    units = dict(law)
    for address, document, lifecycle, title, body, was_law in rows:
        if address in law or (lifecycle in {"superseded", "retired"} and not was_law):
            continue
        assert lifecycle != "enacted" or document in later
        word = "begins later" if lifecycle == "enacted" else lifecycle
        units[address] = Standing(address, document, word, title, body)
    return tuple(sorted(units.values(), key=lambda unit: unit.address.replace("/", "\x01")))


def _pages(site: Installation, query: UnitQuery) -> list[UnitHit]:
    """All units of a search, page after page, in the order of the list."""
    units: list[UnitHit] = []
    while True:
        page = search_units(site, query)
        if query.before is None:
            units += page.units
        else:
            units = [*page.units, *units]
        if not page.more:
            return units
        beyond = page.looked_to or page.units[-1 if query.before is None else 0].address
        side = {"after": beyond} if query.before is None else {"before": beyond}
        query = query.model_copy(update={"by": page.searched_by, **side})


def _is_asked(unit: Standing, query: UnitQuery) -> bool:
    lifecycles = query.lifecycles or ("draft", "enacted")
    lifecycle = "enacted" if unit.lifecycle == "begins later" else unit.lifecycle
    return lifecycle in lifecycles and query.document in {"", unit.document} and unit.has(query.text)


def test_each_way_of_asking_finds_what_is_in_force_now(site: Installation, standing: tuple[Standing, ...]) -> None:
    """With the words, filters, sizes of a page and directions that there are; an address shows the text of now."""
    kinds = {unit.lifecycle for unit in standing}
    assert kinds == {"enacted", "draft", "superseded", "begins later"}
    asked = 0
    for words, document, lifecycle, before, limit in product(
        WORDS, DOCUMENTS, ("", *LIFECYCLES[:3]), (None, ""), (3, 50)
    ):
        lifecycles = (lifecycle,) if lifecycle else ()
        query = UnitQuery(text=words, by="words", document=document, lifecycles=lifecycles, before=before, limit=limit)
        wanted = [unit for unit in standing if _is_asked(unit, query)]
        units = _pages(site, query)
        assert [(unit.address, unit.document, unit.lifecycle, unit.title) for unit in units] == [
            unit[:4] for unit in wanted
        ], query
        asked += bool(wanted)
    assert asked > len(WORDS) * len(DOCUMENTS)


def test_the_list_of_units_and_each_unit_say_the_same(site: Installation, standing: tuple[Standing, ...]) -> None:
    shown = [unit for unit in standing if unit.lifecycle != "superseded"]
    listed = page_of_units(site, "", "").units
    assert [(unit.address, unit.lifecycle, unit.title) for unit in listed] == [
        (unit.address, unit.lifecycle, unit.title) for unit in shown
    ]
    for unit in standing:
        view = view_unit(site, unit.address, None)
        assert view.lifecycle == unit.lifecycle
        assert view.body == (unit.body if unit.lifecycle in {"enacted", "draft"} else None)


def test_at_the_moment_when_it_begins_what_was_to_come_is_found(site: Installation) -> None:
    """The same answer as the one that will be given then."""
    then = datetime.now(UTC) + timedelta(hours=6)
    hits = search_units(site, UnitQuery(text="fourth", as_of=then)).units
    documents = ("AMENDED", "AMENDED-LATER", "AMENDED-TWICE", "EDITED")
    assert [unit.address for unit in hits] == [f"{document}/ONE/DELTA" for document in documents]
    assert {unit.lifecycle for unit in hits} == {"enacted"}
