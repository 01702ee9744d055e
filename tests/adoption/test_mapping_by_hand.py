"""A database whose tables have names that nobody recognises, read by a site mapping that a person has written."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import sql

from console.backend.scratch.cluster import TransientCluster
from tests.adoption.conftest import Adopted, pointed_at
from tests.conftest import Database, create_database
from tests.support.administrator import administer

_SUPPORT = Path(__file__).parents[1] / "support"
_numbers = itertools.count(1)


@pytest.fixture
def strange(
    existing_cluster: TransientCluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Adopted]:
    """An installation that is pointed at such a database, without a mapping."""
    database: Database = create_database(existing_cluster, "template0", f"strange_{next(_numbers)}")
    with database.connect() as connection:
        connection.execute((_SUPPORT / "strange_database.sql").read_bytes())
    yield pointed_at(database, tmp_path, monkeypatch, capsys)
    administer(existing_cluster, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database.name)))


def _with_mapping(adopted: Adopted, text: bytes | None = None) -> None:
    path = adopted.installation.site_mapping
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text or (_SUPPORT / "strange_mapping.toml").read_bytes())
    path.chmod(0o640)


def test_what_is_not_recognised_is_mapped_by_hand_and_the_help_says_how(strange: Adopted) -> None:
    status, _, error = strange.command("adopt", "inspect")

    assert status == 4
    assert "help 'A site mapping by hand'" in error
    status, text, _ = strange.command("help", "A site mapping by hand")
    assert status == 0
    assert "[units]" in text


def test_each_command_that_only_reads_reads_by_it(strange: Adopted) -> None:
    _with_mapping(strange)

    status, text, _ = strange.command("status")
    assert (status, "not installed in this database, or gone" in text) == (0, False), text
    status, text, _ = strange.command("counts")
    assert status == 0
    assert '"A" (1).Bản %s' in text
    assert strange.command("unit", "list")[0] == 0
    status, text, _ = strange.command("unit", "show", "LIB/S3")
    assert status == 0
    assert "Text of 3" in text
    assert strange.command("init", "--pin")[0] == 0
    assert strange.command("drift")[0] == 0
    strange.execute('ALTER TABLE "Thư viện ""A"" (1)"."Nhật ký" ADD COLUMN more text')
    assert strange.command("drift")[0] == 5
    _, text, _ = strange.command("gates")
    assert "nothing of this console is installed in this database, which has units of its own" in text


def test_a_mapping_that_cannot_be_read_is_told_and_hides_nothing_else(strange: Adopted) -> None:
    _with_mapping(strange, b"version = ")

    status, text, error = strange.command("status")

    assert status == 7
    assert "migrate" in text + error
    status, _, error = strange.command("adopt", "check")
    assert (status, "site-mapping.toml" in error) == (2, True), error


_LIBRARY = """
    CREATE SCHEMA library;
    CREATE DOMAIN library.long_text AS text;
    CREATE TABLE library.units (id bigint PRIMARY KEY, address varchar(300) NOT NULL UNIQUE, parent bigint REFERENCES library.units, current bigint);
    CREATE TABLE library.versions (id bigint PRIMARY KEY, unit bigint NOT NULL REFERENCES library.units, title varchar(80), body library.long_text NOT NULL);
    CREATE FUNCTION library.make(p_address text, p_title text, p_body text, p_actor text) RETURNS jsonb LANGUAGE sql SECURITY DEFINER AS 'SELECT NULL::jsonb';
    CREATE FUNCTION library.enact(p_address text, p_actor text, p_target text) RETURNS jsonb LANGUAGE sql SECURITY DEFINER AS 'SELECT NULL::jsonb';
    CREATE FUNCTION library.ask(p_address text, p_body text) RETURNS text LANGUAGE sql AS 'SELECT NULL::text';
    CREATE PROCEDURE library.do_it(p_address text, p_body text) LANGUAGE sql AS 'SELECT 1';
    CREATE TABLE library.numbered (id bigint PRIMARY KEY, above bigint REFERENCES library.numbered);
    CREATE TABLE library.notes (id bigint PRIMARY KEY, of bigint REFERENCES library.numbered, words text);
    CREATE SCHEMA cms;
    CREATE TABLE cms.pages (slug text PRIMARY KEY, above text REFERENCES cms.pages);
    CREATE TABLE cms.revisions (id bigint PRIMARY KEY, page text REFERENCES cms.pages, html text);
"""


_HINTS = [
    "cms.pages (units, by slug) with cms.revisions (versions, by page)",
    "library.units (units, by address) with library.versions (versions, by unit)",
    "library.make(p_address text, p_title text, p_body text, p_actor text) (creates)",
    "library.enact(p_address text, p_actor text, p_target text) (enacts)",
]


def _hints(error: str) -> list[str]:
    return error.partition("these could be meant: ")[2].partition("\n")[0].split("; ")


def test_what_could_be_meant_by_its_shape_is_named_and_never_read(strange: Adopted) -> None:
    """A tree of pages has the shape of units too: it is a hint for a person, and no mapping."""
    strange.execute('DROP SCHEMA "Thư viện ""A"" (1)" CASCADE')
    strange.execute(_LIBRARY)

    status, _, error = strange.command("adopt", "inspect", "--out", str(strange.installation.site_mapping))

    assert (status, strange.installation.site_mapping.exists()) == (4, False)
    assert _hints(error) == _HINTS
    assert "help 'A site mapping by hand'" in error
    assert "cms.pages" not in strange.command("status")[1]


_OTHER_FUNCTIONS = """
    DO $do$ BEGIN
        FOR number IN 1..50 LOOP
            EXECUTE format('CREATE FUNCTION cms.a_%s(p_email_address text, p_body text, p_target text) RETURNS text
                            LANGUAGE sql SECURITY DEFINER AS $$ SELECT NULL::text $$', number);
        END LOOP;
    END $do$;
    CREATE FUNCTION cms.answers(p_body text, p_target text, OUT address text) LANGUAGE sql SECURITY DEFINER AS 'SELECT NULL::text';
    CREATE FUNCTION cms.asks(p_address text, p_title text) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT NULL::text';
"""
_OF_THE_CONSOLE = """
    CREATE SCHEMA cutter_console;
    CREATE FUNCTION cutter_console.fn_site_create(p_address text, p_body text) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT NULL::text';
    CREATE FUNCTION cutter_console.fn_site_enact(p_address text, p_target text) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT NULL::text';
"""


@pytest.mark.parametrize("others", [_OTHER_FUNCTIONS, _OF_THE_CONSOLE], ids=["other arguments", "the console's own"])
def test_what_has_another_meaning_hides_no_function_that_could_be_meant(strange: Adopted, others: str) -> None:
    """The console's own functions of a tied organisation do not belong to the owner of its schema."""
    strange.execute('DROP SCHEMA "Thư viện ""A"" (1)" CASCADE')
    strange.execute(_LIBRARY + others)

    assert _hints(strange.command("adopt", "inspect")[2]) == _HINTS


def test_an_argument_is_known_by_each_of_its_names_and_prefixes(strange: Adopted) -> None:
    strange.execute('DROP SCHEMA "Thư viện ""A"" (1)" CASCADE')
    strange.execute(
        "CREATE FUNCTION public.make(in_canonical_address text, _content text) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT NULL::text';"
        "CREATE FUNCTION public.move(canonical_address text, p_to_status text) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT NULL::text'"
    )

    assert _hints(strange.command("adopt", "inspect")[2]) == [
        "public.make(in_canonical_address text, _content text) (creates)",
        "public.move(canonical_address text, p_to_status text) (enacts)",
    ]


@pytest.mark.parametrize("number", [5, 6])
def test_where_more_could_be_meant_than_are_named_the_hint_says_so(strange: Adopted, number: int) -> None:
    strange.execute('DROP SCHEMA "Thư viện ""A"" (1)" CASCADE')
    strange.execute(
        f"""
        DO $do$ BEGIN
            FOR number IN 1..{number} LOOP
                EXECUTE format('CREATE TABLE public.p_%1$s (slug text PRIMARY KEY, above text REFERENCES public.p_%1$s);
                                CREATE TABLE public.r_%1$s (id bigint PRIMARY KEY, page text REFERENCES public.p_%1$s, html text);
                                CREATE FUNCTION public.m_%1$s(p_address text, p_body text) RETURNS text
                                    LANGUAGE sql SECURITY DEFINER AS ''SELECT NULL::text'';
                                CREATE FUNCTION public.n_%1$s(p_address text, p_target text) RETURNS text
                                    LANGUAGE sql SECURITY DEFINER AS ''SELECT NULL::text''', number);
            END LOOP;
        END $do$
        """
    )

    hints = _hints(strange.command("adopt", "inspect")[2])

    assert [hint for hint in hints if "more" in hint] == (
        ["and more tables", "and more that create", "and more that enact"] if number == 6 else []
    )
    assert len([hint for hint in hints if "more" not in hint]) == 15
