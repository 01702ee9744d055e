"""Units are found by address and by word in any spelling of their signs, page by page, and at no page is more read than it shows."""

import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from console.backend.host.context import Context
from console.backend.host.installation import Installation
from console.backend.host.settings import DatabaseSettings, Settings
from console.backend.model.errors import Refused, Unmeasured, UsageError
from console.backend.model.folding import folded, parts_of, snippet
from console.backend.model.unit_search import LIFECYCLES, MOST_HITS, SearchedBy, UnitHits, UnitQuery
from console.backend.postgres import unit_search as statements
from console.backend.postgres.connections import connect, scalar
from console.backend.runs import unit_list, unit_search
from console.backend.runs.unit_search import search_units
from console.backend.runs.unit_view import compare_versions, view_unit
from console.backend.scratch.cluster import TransientCluster
from console.cli import unit_requests
from tests.backend.postgres.signed_cut import SignedCut, start_amendment, start_cut
from tests.conftest import Database, fresh_database

VIETNAMESE = "# Chương\n\nNgười điều khiển.\n\n## Giấy phép\n\nQuyền của người đi đường: ưu tiên ổn định.\n"
GERMAN = "# Gesetz\n\nÜber Straßen.\n\n## Grundstück\n\nDie Grundstücksverkehrsgenehmigung, § 12/3 und/oder Abs.4.\n"
LAW = "# One\n\nText one.\n\n## Alpha\n\nThe first word.\n\n## Beta\n\nThe second word.\n"
AMENDED = LAW.replace("## Beta\n\nThe second word.\n", "").replace("first word", "first zebra")
TEXTS = (
    "Điều 12 đ Đ ß ẞ æ Æ œ ø Ø ł ﬁ ½ m² İ ı",
    unicodedata.normalize("NFD", "Quyền ưu tiên ổn định Straße Ångström"),
    "a/b-c_d.e@f:g <b>&amp;„x“–—… «y» a\u00a0b\u200bc",
    "中文 العربية Ελληνικά Привет",
    "plain ascii, 1.5e3 and 'quotes' \\ back",
    "e\u0301\u0323x",
)
MANY = """
    INSERT INTO public.information_unit (id, canonical_address, unit_kind, section_type, doc_code, lifecycle_status, version_anchor_ref)
    SELECT md5('u' || g)::uuid, 'BIG-' || (g / 500) || '/P' || g, 'article', 'article', 'BIG-' || (g / 500), 'enacted', md5('v' || g)::uuid
      FROM generate_series(%(first)s, %(last)s) g;
    INSERT INTO public.unit_version (id, unit_id, version_seq, title, body, content_hash, lifecycle_status, enacted_at)
    SELECT md5('v' || g)::uuid, md5('u' || g)::uuid, 1, 'Title ' || g, 'common word' || CASE WHEN g %% 100 = 0 AND g <= 2000 THEN ' rare' ELSE '' END,
           'x', 'enacted', now() FROM generate_series(%(first)s, %(last)s) g
"""
_READ = "SELECT relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_all_tables WHERE schemaname = 'public' ORDER BY 1"


def _law(database: Database) -> SignedCut:
    """A law with an amendment in force, one in Vietnamese, and a draft in German."""
    law = start_cut(database, "ACME-LAW", LAW)
    law.enacted()
    start_cut(database, "VN-LAW", VIETNAMESE, 2).enacted()
    start_amendment(law, AMENDED).enacted()
    start_cut(database, "DE-LAW", GERMAN, 3).to_second_pause()
    return law


@pytest.fixture(scope="module")
def laws(cluster: TransientCluster, template_of: Callable[[int], str]) -> Iterator[SignedCut]:
    """What the tests of this file only read."""
    for database in fresh_database(cluster, template_of(cluster.major)):
        yield _law(database)


@pytest.fixture
def site(laws: SignedCut, tmp_path: Path) -> Installation:
    """An installation whose monitoring role reads them."""
    database = DatabaseSettings(monitor=laws.database.conninfo("cutter_ro"))
    return Installation(Context(root=tmp_path, host="db01"), Settings(database=database), "olga")


def addresses(hits: UnitHits) -> list[str]:
    """The addresses of a page."""
    return [unit.address for unit in hits.units]


def ask(site: Installation, text: str, **more: object) -> list[str]:
    """The addresses that a search finds."""
    return addresses(search_units(site, UnitQuery.model_validate({"text": text, **more})))


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("điều khiển", "VN-LAW/CHUONG"),
        ("dieu khien", "VN-LAW/CHUONG"),
        ("DIEU", "VN-LAW/CHUONG"),
        (unicodedata.normalize("NFD", "điều khiển"), "VN-LAW/CHUONG"),
        ("uu tien on dinh", "VN-LAW/CHUONG/GIAY-PHEP"),
        ('"nguoi di duong"', "VN-LAW/CHUONG/GIAY-PHEP"),
        ("giay phep", "VN-LAW/CHUONG/GIAY-PHEP"),
        ("Straßen", "DE-LAW/GESETZ"),
        ("strassen", "DE-LAW/GESETZ"),
        ("uber", "DE-LAW/GESETZ"),
        ("Grundstücksverkehr*", "DE-LAW/GESETZ/GRUNDSTUCK"),
        ("grundstucks*", "DE-LAW/GESETZ/GRUNDSTUCK"),
        ("oder", "DE-LAW/GESETZ/GRUNDSTUCK"),
        ("4 abs", "DE-LAW/GESETZ/GRUNDSTUCK"),
        ("zebra", "ACME-LAW/ONE/ALPHA"),
    ],
)
def test_a_word_is_found_however_its_signs_are_typed(site: Installation, typed: str, address: str) -> None:
    hits = search_units(site, UnitQuery(text=typed))
    assert (addresses(hits), hits.searched_by, hits.has_index) == ([address], SearchedBy.WORDS, True)
    assert any(part.hit for part in hits.units[0].snippet) or hits.units[0].title is not None
    # Behind the texts of one page that are read, by the index.
    assert ask(site, typed, limit=1) == [address]


@pytest.mark.parametrize("typed", ["dieu grundstuck", '"duong di nguoi"', "grundstucksverkehr", "dieux"])
def test_every_word_must_occur_whole_and_a_phrase_in_its_order(site: Installation, typed: str) -> None:
    assert ask(site, typed) == []


def test_an_address_is_found_by_its_beginning_and_a_word_in_capitals_as_a_word(site: Installation) -> None:
    assert ask(site, "VN-LAW/CHUONG") == ["VN-LAW/CHUONG", "VN-LAW/CHUONG/GIAY-PHEP"]
    assert ask(site, "vn-law/") == ["VN-LAW/CHUONG", "VN-LAW/CHUONG/GIAY-PHEP"]
    assert search_units(site, UnitQuery(text="VN-")).searched_by is SearchedBy.ADDRESS
    assert search_units(site, UnitQuery(text="ZEBRA")).searched_by is SearchedBy.WORDS
    assert ask(site, "100%_'; --") == []


def test_pages_meet_in_both_directions_and_no_unit_is_lost_or_twice(site: Installation) -> None:
    whole = ask(site, "")
    assert whole == sorted(whole, key=lambda address: address.replace("/", "\x01"))
    forward: list[str] = []
    backward: list[str] = []
    page = search_units(site, UnitQuery(limit=2))
    while page.units:
        forward += addresses(page)
        page = search_units(site, UnitQuery(limit=2, after=forward[-1]))
    page = search_units(site, UnitQuery(limit=2, before=""))
    while page.units:
        backward = addresses(page) + backward
        page = search_units(site, UnitQuery(limit=2, before=backward[0]))
    assert forward == backward == whole
    assert search_units(site, UnitQuery(limit=2)).more
    assert not search_units(site, UnitQuery(limit=50)).more


def test_document_lifecycle_and_moment_narrow_a_search(site: Installation, laws: SignedCut) -> None:
    assert ask(site, "word", document="VN-LAW") == []
    assert ask(site, "", lifecycles=("draft",)) == ["DE-LAW/GESETZ", "DE-LAW/GESETZ/GRUNDSTUCK"]
    assert ask(site, "", lifecycles=("superseded",)) == ["ACME-LAW/ONE/BETA"]
    assert ask(site, "second", lifecycles=("superseded",)) == ["ACME-LAW/ONE/BETA"]
    assert ask(site, "second") == ask(site, "word") == ask(site, "word", before="", limit=1) == []
    with laws.database.connect("cutter_ro") as connection:
        (begun,) = connection.execute(
            "SELECT in_force_from FROM cutter_governance.v_document_state WHERE docprefix = 'ACME-LAW' AND state = 1"
        ).fetchone() or (None,)
    assert ask(site, "second", as_of=begun) == ask(site, "second", as_of=begun, limit=1) == ["ACME-LAW/ONE/BETA"]
    assert ask(site, "zebra", as_of=begun) == []
    assert ask(site, "", as_of=begun) == ["ACME-LAW/ONE", "ACME-LAW/ONE/ALPHA", "ACME-LAW/ONE/BETA"]
    assert ask(site, "zebra", as_of=datetime.now(UTC)) == ["ACME-LAW/ONE/ALPHA"]
    assert ask(site, "dieu", as_of=begun) == []


@pytest.mark.parametrize("refused", [{"text": "§ !"}, {"limit": 0}, {"limit": MOST_HITS + 1}])
def test_what_cannot_be_searched_for_is_refused(site: Installation, refused: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        search_units(site, UnitQuery.model_validate(refused))


def test_what_was_never_law_is_found_by_nobody(database: Database, tmp_path: Path) -> None:
    run = start_cut(database, "ACME-LAW", LAW)
    run.to_second_pause()
    installation = Installation(
        Context(root=tmp_path, host="db01"),
        Settings(database=DatabaseSettings(monitor=database.conninfo("cutter_ro"))),
        "olga",
    )
    assert ask(installation, "first") == ["ACME-LAW/ONE/ALPHA"]
    run.reverted()
    for lifecycle in LIFECYCLES:
        assert ask(installation, "first", lifecycles=(lifecycle,)) == ask(installation, "", lifecycles=(lifecycle,))
    assert ask(installation, "first", as_of=datetime.now(UTC)) == []


def test_the_database_the_program_and_the_statement_without_an_index_fold_alike(laws: SignedCut) -> None:
    query = f"SELECT {statements._FOLDED.replace('$TEXT', '%(text)s::text')}"
    words = f"SELECT ({statements._WORDS})::text = cutter_console.fn_search_query(%(parts)s)::text"
    with laws.database.connect() as connection:
        for text in TEXTS:
            of_database = scalar(connection, "SELECT cutter_console.fn_folded(%s)", text)
            assert of_database == folded(text)
            assert connection.execute(query.encode(), {"text": text}).fetchone() == (of_database,)
            assert connection.execute(words.encode(), {"parts": [*parts_of(text), "x*"]}).fetchone() == (True,)


def test_without_the_index_the_same_is_found_and_said_to_have_none(
    site: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_index = {text: ask(site, text) for text in ("", "dieu khien", "grundstucks*", '"nguoi di duong"', "VN-LAW/")}
    monkeypatch.setattr(unit_search, "installed", lambda _: statements.Installed(function=False, view=True))
    for text, expected in with_index.items():
        hits = search_units(site, UnitQuery(text=text))
        assert (addresses(hits), hits.has_index) == (expected, False)
        assert [missing.subject for missing in hits.not_measured] == ["index"]
    assert ask(site, "", before="") == with_index[""]
    with pytest.raises(Unmeasured, match="search index"):
        search_units(site, UnitQuery(text="dieu", as_of=datetime.now(UTC)))


def test_a_search_that_takes_too_long_is_ended_and_says_what_to_name(
    site: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(connection: psycopg.Connection, *_: object) -> tuple[statements.HitRow, ...]:
        connection.execute("SELECT pg_sleep(60)")
        return ()

    monkeypatch.setattr(unit_search, "LIMIT_S", 0.05)
    monkeypatch.setattr(unit_search, "indexed_page", slow)
    with pytest.raises(Unmeasured, match="longer than") as refused:
        search_units(site, UnitQuery(text="word"))
    assert "--document" in refused.value.next_action


def test_no_more_is_read_for_a_page_of_many_units_than_of_few(database: Database) -> None:
    """Rows that were read, not time: of a page at the beginning, in the middle and at the end, and of a rare word."""
    pages: list[dict[str, object]] = [
        {},
        {"after": "BIG-2/P1200"},
        {"before": ""},
        {"document": "BIG-1", "after": "BIG-1/P700"},
        {"prefix": "BIG-1/P9"},
        {"parts": ["rare"]},
        {"parts": ["com*"]},
    ]
    few = _rows_read(database, pages, 1, 2500)
    many = _rows_read(database, pages, 2501, 25_000)
    assert many[:-1] == few[:-1]
    assert all(sum(read.values()) <= 130 for read in few[:-1])
    # Of a word that most units have: those that are counted, and the first ones in the order of the page.
    assert (many[-1]["information_unit"], many[-1]["unit_version"]) <= (200, 20_200)


LONG = """
    INSERT INTO public.information_unit (id, canonical_address, unit_kind, section_type, doc_code, lifecycle_status, version_anchor_ref)
    SELECT md5('u' || g)::uuid, 'LONG-LAW/P' || lpad(g::text, 3, '0'), 'article', 'article', 'LONG-LAW', 'enacted', md5('v' || g)::uuid
      FROM generate_series(1, 250) g;
    INSERT INTO public.unit_version (id, unit_id, version_seq, title, body, content_hash, lifecycle_status, enacted_at)
    SELECT md5('v' || g)::uuid, md5('u' || g)::uuid, 1, 'Title ' || g, CASE g WHEN 240 THEN 'alpha gamma ' ELSE 'gamma beta alpha ' END || repeat('beta delta. ', 1000),
           'x', 'enacted', now() FROM generate_series(1, 250) g
"""
ENDED = """
    INSERT INTO public.information_unit (id, canonical_address, unit_kind, section_type, doc_code, lifecycle_status)
    SELECT md5('e' || g)::uuid, 'A-LAW/P' || lpad(g::text, 6, '0'), 'article', 'article', 'A-LAW', 'superseded' FROM generate_series(1, %s) g
"""


def _past_the_guards(database: Database, statement: str) -> None:
    with database.connect() as connection, connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        for table in ("information_unit", "unit_version"):
            connection.execute(f"ALTER TABLE public.{table} DISABLE TRIGGER ALL".encode())
        connection.execute(statement.encode())


def _calls(database: Database, **asked: object) -> list[tuple[list[str], str | None]]:
    """The addresses of each call until the end, and how far it has looked."""
    calls: list[tuple[list[str], str | None]] = []
    values: dict[str, object] = {
        "parts": None,
        "lifecycles": "{draft,enacted}",
        "at": None,
        "after": "",
        "before": None,
    } | asked
    while True:
        with connect(database.conninfo("cutter_ro"), read_only=True) as connection:
            rows = connection.execute(
                "SELECT address, looked_to FROM cutter_console.fn_unit_page(%(parts)s::text[], '', '', %(lifecycles)s, %(at)s, %(after)s,"
                " %(before)s::text, 20)",
                values,
            ).fetchall()
        looked_to = next((to for _, to in rows if to is not None), None)
        calls.append(([address for address, _ in rows if address is not None], looked_to))
        if looked_to is None:
            return calls
        values["after" if values["before"] is None else "before"] = looked_to


@pytest.mark.parametrize("before", [None, ""])
def test_a_phrase_of_words_that_all_units_have_is_looked_for_piece_by_piece(
    database: Database, before: str | None
) -> None:
    """Each call splits two megabytes of text into words at most, however many units have the words of the phrase."""
    _past_the_guards(database, LONG)
    calls = _calls(database, parts=["alpha gamma"], before=before)
    assert [addresses for addresses, _ in calls if addresses] == [["LONG-LAW/P240"]]
    assert len(calls) == 2
    places = [int(str(looked_to)[-3:]) for _, looked_to in calls[:-1]]
    sizes = [abs(b - a) for a, b in zip([0 if before is None else 251, *places], places, strict=False)]
    assert all(size * 12_000 <= 2_100_000 for size in sizes)
    assert [addresses for addresses, _ in _calls(database, parts=["gamma alpha"], before=before) if addresses] == []
    # Of words alone the index knows, and no text is read beside those of the first piece.
    assert len(_calls(database, parts=["gamma", "240"], before=before)) == 1


def test_units_that_are_passed_over_are_bounded_and_a_lifecycle_of_few_units_passes_over_none(
    database: Database,
) -> None:
    _past_the_guards(database, ENDED % 120_000)
    _past_the_guards(database, MANY.replace("%(first)s", "1").replace("%(last)s", "30").replace("%%", "%"))
    first, second = _calls(database)
    assert first == ([], "A-LAW/P100000")
    assert len(second[0]) == 20
    assert [len(addresses) for addresses, _ in _calls(database, parts=["common"])] == [20]
    with connect(database.conninfo(), read_only=True) as connection:
        before: dict[str, int] = dict(connection.execute(_READ).fetchall())
        query = "SELECT * FROM cutter_console.fn_unit_page(NULL, '', '', '{retired}', NULL, '', NULL, 20)"
        assert connection.execute(query).fetchall() == []
        after: dict[str, int] = dict(connection.execute(_READ).fetchall())
        assert after["information_unit"] == before["information_unit"]


@pytest.mark.parametrize("analyzed", [False, True])
def test_of_a_piece_only_the_units_with_the_words_are_read(database: Database, analyzed: bool) -> None:
    """Whatever the planner knows of the table, which of words is nothing: most units have the word, of the document one."""
    late = "'common word' || CASE WHEN g <= 21000 OR g = 24990 THEN ' late' ELSE '' END"
    many = MANY.replace("'common word'", late).replace("%(first)s", "1").replace("%(last)s", "25000").replace("%%", "%")
    _past_the_guards(database, many)
    if analyzed:
        with database.connect() as connection:
            connection.execute("ANALYZE public.information_unit, public.unit_version")
    query = "SELECT address FROM cutter_console.fn_unit_page('{late}', '', 'BIG-49', '{enacted}', NULL, '', NULL, 20)"
    with connect(database.conninfo(), read_only=True) as connection:
        before: dict[str, int] = dict(connection.execute(_READ).fetchall())
        assert connection.execute(query).fetchall() == [("BIG-49/P24990",)]
        after: dict[str, int] = dict(connection.execute(_READ).fetchall())
    # Of the first piece, those that are counted, and the one that has the word.
    assert after["unit_version"] - before["unit_version"] <= 20 + 20_001 + 2


def test_a_search_goes_on_by_itself_and_says_how_far_it_came_when_its_time_is_over(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _past_the_guards(database, LONG)
    settings = Settings(database=DatabaseSettings(monitor=database.conninfo("cutter_ro")))
    site = Installation(Context(root=tmp_path, host="db01"), settings, "olga")
    monkeypatch.setattr(unit_search, "LOOKING_S", 600.0)
    assert ask(site, '"alpha gamma"') == ["LONG-LAW/P240"]
    monkeypatch.setattr(unit_search, "LOOKING_S", 0.0)
    begun = search_units(site, UnitQuery(text='"alpha gamma"'))
    assert (begun.units, begun.more) == ((), True)
    assert begun.looked_to.startswith("LONG-LAW/P1")
    pages = [begun]
    while pages[-1].looked_to:
        by, after = pages[-1].searched_by, pages[-1].looked_to
        pages.append(search_units(site, UnitQuery(text='"alpha gamma"', by=by, after=after)))
    assert [addresses(page) for page in pages if page.units] == [["LONG-LAW/P240"]]
    assert not pages[-1].more


ALIKE = """
    INSERT INTO public.information_unit (id, canonical_address, unit_kind, section_type, doc_code, lifecycle_status, version_anchor_ref)
    SELECT md5('u' || g)::uuid, 'ALIKE-LAW/P' || lpad(g::text, 3, '0'), 'article', 'article', 'ALIKE-LAW', 'enacted', md5('v' || g)::uuid
      FROM generate_series(1, 50) g;
    INSERT INTO public.unit_version (id, unit_id, version_seq, title, body, content_hash, lifecycle_status, enacted_at)
    SELECT md5('v' || g)::uuid, md5('u' || g)::uuid, 1, 'Title ' || g, CASE WHEN g <= 30 THEN 'common word'
           ELSE 'one ' || (SELECT string_agg('xy' || (g * 300 + i), ' ') FROM generate_series(1, 300) i) END || CASE g WHEN 45 THEN ' rare' ELSE '' END,
           'x', 'enacted', now() FROM generate_series(1, 50) g
"""
# As it is, but that a thousand words are a great many.
_OF_A_THOUSAND = """
    ALTER FUNCTION cutter_console.fn_parts_of_few RENAME TO fn_parts_of_few_as_it_is;
    CREATE FUNCTION cutter_console.fn_parts_of_few(p_parts text[], p_most_words integer) RETURNS text[]
        LANGUAGE sql AS 'SELECT cutter_console.fn_parts_of_few_as_it_is(p_parts, p_most_words / 500)'
"""
_OF_FEW = "SELECT cutter_console.fn_parts_of_few(%s::text[], 500000)"
_ASKED_OF_INDEX = "SELECT coalesce(sum(calls), 0)::integer FROM pg_stat_xact_user_functions WHERE funcname IN ('fn_units_with', 'fn_units_among')"


def test_the_index_is_not_asked_for_the_beginning_of_a_great_many_words(database: Database) -> None:
    """It goes through all of them in one pass that nothing interrupts. What many begin with is read for, in order."""
    _past_the_guards(database, ALIKE)
    with database.connect() as connection, connection.transaction():
        connection.execute("SET LOCAL track_functions = 'all'")
        assert scalar(connection, _OF_FEW, ["xy*"]) == ["xy*"]
        connection.execute(_OF_A_THOUSAND)

        def parts_of_few(*parts: str) -> object:
            return scalar(connection, _OF_FEW, list(parts))

        def asked_of_index() -> int:
            return int(str(scalar(connection, _ASKED_OF_INDEX)))

        assert parts_of_few("xy*", "rare", "XY*", "one xy*", "common") == ["", "rare", "", "one ", "common"]
        assert parts_of_few("xy149*", "rar*", "no*", "xy") == ["xy149*", "rar*", "no*", "xy"]
        query = "SELECT address FROM cutter_console.fn_unit_page(%s, '', '', '{enacted}', NULL, '', NULL, 20)"

        def page(*parts: str) -> tuple[list[str], int]:
            before = asked_of_index()
            rows = connection.execute(query, (list(parts),)).fetchall()
            return [str(address) for (address,) in rows], asked_of_index() - before

        assert page("xy*") == ([f"ALIKE-LAW/P{n:03}" for n in range(31, 51)], 0)
        assert page("xy*", "rare") == (["ALIKE-LAW/P045"], 1)
        assert page("one xy*", "title") == ([f"ALIKE-LAW/P{n:03}" for n in range(31, 51)], 1)
        assert page("xy*", "title") == ([f"ALIKE-LAW/P{n:03}" for n in range(31, 51)], 1)
        assert page("xy1475*") == (["ALIKE-LAW/P049"], 1)
        assert page("xy*", "rar*", "none") == ([], 1)


def test_behind_the_last_unit_nothing_is_looked_for(database: Database) -> None:
    """The 166th text is the one that fills two megabytes: another call is made only if a unit is left."""
    _past_the_guards(database, LONG.replace("1, 250", "1, 167"))
    for before in (None, ""):
        assert [looked_to is None for _, looked_to in _calls(database, parts=["alpha gamma"], before=before)] == [
            False,
            True,
        ]
    _past_the_guards(database, "DELETE FROM public.information_unit WHERE canonical_address = 'LONG-LAW/P167'")
    for before in (None, ""):
        assert _calls(database, parts=["alpha gamma"], before=before) == [([], None)]


class _Units:
    """Units that are looked at a few at a time, as the function of the database does; of a thousand, or of ten."""

    def __init__(self, *units: tuple[str, bool, bool]) -> None:
        self.units = units
        """Address, whether it is shown, and whether it has the word."""
        self.looks_at = 1

    def page(self, _: object, searched: statements.Searched, query: UnitQuery, most: int) -> statements.LookedRows:
        """What `indexed_page` answers."""
        before = query.before is not None
        asked = [
            unit
            for unit in sorted(self.units, reverse=before)
            if unit[0].startswith(searched.prefix)
            and unit[0] > query.after
            and (not query.before or unit[0] < query.before)
        ]
        looked = asked[: self.looks_at]
        rows = tuple(
            statements.HitRow(address, None, None, None, None, None, None, None, None)
            for address, is_shown, has_word in looked
            if is_shown and (has_word or not searched.parts)
        )
        return statements.LookedRows(rows[:most], looked[-1][0] if len(asked) > self.looks_at else "")


@pytest.mark.parametrize("looks_at", [1, 3, 100])
@pytest.mark.parametrize("before", [None, ""])
@pytest.mark.parametrize("is_shown", [False, True])
def test_an_address_is_looked_for_to_its_end_before_it_is_a_word_and_a_page_goes_on_as_it_began(
    site: Installation, monkeypatch: pytest.MonkeyPatch, before: str | None, looks_at: int, *, is_shown: bool
) -> None:
    """However few units one answer looks at: units of the address that nobody is shown are neither an end nor a hit."""
    retired = tuple((f"VAT/P{number}", is_shown and number == 4, False) for number in range(8))
    units = _Units(("A-LAW/P1", True, True), *retired, ("Z-LAW/P1", True, True))
    units.looks_at = looks_at
    monkeypatch.setattr(unit_search, "indexed_page", units.page)
    monkeypatch.setattr(unit_search, "LOOKING_S", 0.0)
    query = UnitQuery(text="VAT", before=before)
    pages = [search_units(site, query)]
    while pages[-1].more:
        beyond = pages[-1].looked_to or addresses(pages[-1])[-1 if before is None else 0]
        side = {"after": beyond} if before is None else {"before": beyond}
        query = query.model_copy(update={"by": pages[-1].searched_by, **side})
        pages.append(search_units(site, query))

    meanings = [page.searched_by for page in pages if page.units]
    shown = sorted(address for page in pages for address in addresses(page))
    if is_shown:
        assert (shown, set(meanings)) == (["VAT/P4"], {SearchedBy.ADDRESS})
        assert pages[-1].searched_by is SearchedBy.ADDRESS
    else:
        assert (shown, set(meanings)) == (["A-LAW/P1", "Z-LAW/P1"], {SearchedBy.WORDS})
        assert {page.searched_by for page in pages} <= {SearchedBy.EITHER, SearchedBy.WORDS}


def test_a_text_is_searched_for_as_what_it_is_asked_to_be(site: Installation) -> None:
    assert ask(site, "VN-", by="words") == ask(site, "ZEBRA", by="address") == []
    assert (
        ask(site, "ZEBRA", by="words") == ask(site, "ZEBRA", by="words", after="ACME-LAW/ONE") == ["ACME-LAW/ONE/ALPHA"]
    )
    with pytest.raises(UsageError, match="begins no address"):
        ask(site, "two words", by="address")


def test_units_are_listed_each_before_those_below_it_also_without_the_function(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_cut(database, "X-LAW", "# One\n\nText.\n\n## Alpha\n\nText.\n\n# One 2\n\nText.\n").to_second_pause()
    settings = Settings(database=DatabaseSettings(monitor=database.conninfo("cutter_ro")))
    site = Installation(Context(root=tmp_path, host="db01"), settings, "olga")
    in_order = ["X-LAW/ONE", "X-LAW/ONE/ALPHA", "X-LAW/ONE-2"]
    assert [unit.address for unit in unit_list.page_of_units(site, "", "").units] == in_order
    monkeypatch.setattr(unit_list, "installed", lambda _: statements.Installed(function=False, view=True))
    for document in ("", "X-LAW"):
        assert [unit.address for unit in unit_list.page_of_units(site, document, "").units] == in_order
        assert [unit.address for unit in unit_list.page_of_units(site, document, "X-LAW/ONE").units] == in_order[1:]


def test_the_command_line_knows_the_same_lifecycles_and_meanings() -> None:
    assert unit_requests.LIFECYCLES == LIFECYCLES
    assert unit_requests.MOST_HITS == MOST_HITS
    assert set(unit_requests.MEANINGS) == set(SearchedBy) - {SearchedBy.NOTHING, SearchedBy.EITHER}


def _rows_read(database: Database, pages: list[dict[str, object]], first: int, last: int) -> list[dict[str, int]]:
    with database.connect() as connection, connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        for table in ("information_unit", "unit_version"):
            connection.execute(f"ALTER TABLE public.{table} DISABLE TRIGGER ALL".encode())
        connection.execute(MANY.replace("%(first)s", str(first)).replace("%(last)s", str(last)).replace("%%", "%"))
    with database.connect() as connection:
        connection.execute("ANALYZE public.information_unit")
    read = []
    for page in pages:
        with connect(database.conninfo(), read_only=True) as connection:
            before: dict[str, int] = dict(connection.execute(_READ).fetchall())
            values = {"prefix": "", "document": "", "after": "", "before": None, "parts": None} | page
            rows = connection.execute(
                "SELECT * FROM cutter_console.fn_unit_page(%(parts)s::text[], %(prefix)s, %(document)s, '{enacted}', NULL,"
                " %(after)s, %(before)s::text, 20)",
                values,
            ).fetchall()
            assert len(rows) == 20
            after: dict[str, int] = dict(connection.execute(_READ).fetchall())
            read.append({name: after[name] - before[name] for name in ("information_unit", "unit_version")})
    return read


def test_a_unit_is_shown_with_text_versions_and_where_they_came_from(site: Installation, laws: SignedCut) -> None:
    unit = view_unit(site, "ACME-LAW/ONE/ALPHA", None)
    assert unit.body is not None
    assert "zebra" in unit.body
    assert unit.standing.startswith("in force since")
    assert [version.standing for version in unit.versions] == ["ended", "in force"]
    assert unit.versions[0].run_id == laws.run_id
    assert unit.run_id
    assert unit.statement_sha256
    begun = unit.versions[0].periods[0].in_force_from
    before = view_unit(site, "ACME-LAW/ONE/ALPHA", begun)
    assert (before.run_id, before.version_seq) == (laws.run_id, "1")
    draft = view_unit(site, "DE-LAW/GESETZ", None)
    assert (draft.lifecycle, draft.standing) == ("draft", "a draft, not law")
    assert draft.body is not None
    gone = view_unit(site, "ACME-LAW/ONE/BETA", None)
    assert (gone.body, gone.lifecycle) == (None, "superseded")
    with pytest.raises(Refused):
        view_unit(site, "ACME-LAW/NONE", None)


def test_two_versions_are_compared_by_words(site: Installation) -> None:
    compared = compare_versions(site, "ACME-LAW/ONE/ALPHA", None, None)
    assert (compared.old, compared.new) == (1, 2)
    assert any("[-word-]{+zebra+}" in line for line in compared.lines)
    assert compare_versions(site, "ACME-LAW/ONE/ALPHA", 2, 1).lines != compared.lines
    with pytest.raises(Refused, match="version 9"):
        compare_versions(site, "ACME-LAW/ONE/ALPHA", 9, None)
    alone = compare_versions(site, "DE-LAW/GESETZ", None, None)
    assert (alone.old, alone.new, alone.lines) == (1, 1, ())
    with pytest.raises(Refused, match="no two versions"):
        compare_versions(site, "DE-LAW/GESETZ", None, 1)


def test_a_snippet_has_the_hit_with_all_its_marks() -> None:
    text = unicodedata.normalize("NFD", "Trước đó. " * 400 + "người điều khiển xe, và tiếp theo " + "sau đó " * 99)
    pieces = snippet(text, ("dieu khien",))
    (hit,) = [piece.text for piece in pieces if piece.is_hit]
    assert unicodedata.normalize("NFC", hit) == "điều khiển"
    assert sum(len(piece.text) for piece in pieces) < 200
    assert snippet("nothing", ("word",)) == (("nothing", False),)
    assert snippet("", ("word",)) == ()


def test_a_text_that_is_too_long_to_be_searched_whole_is_still_cut(database: Database) -> None:
    words = "\n".join(f"w{number}ớ{number:x}" for number in range(200_000))
    start_cut(database, "ACME-LAW", f"# One\n\n{words}\n").cut()
    with database.connect("cutter_ro") as connection:
        query = "SELECT count(*) FROM cutter_console.fn_unit_page('{w1o1}', NULL, NULL, '{draft}', NULL, NULL, NULL, 9)"
        assert scalar(connection, query) == 1
