"""The database writes and hashes what is signed as the console does: canonical JSON, Merkle root, one form of a statement."""

import json
from collections.abc import Callable, Iterator
from hashlib import sha256

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.backend.model.canonical_json import canonical_json
from console.backend.postgres.connections import scalar
from console.backend.scratch.cluster import TransientCluster
from tests.backend.postgres.signed_cut import canonical, stopped
from tests.conftest import Database, fresh_database
from tests.support.sovereign import sovereign

_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_TEXT, inner, max_size=5),
    max_leaves=30,
)
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
RFC_LEAVES = tuple(
    bytes.fromhex(leaf).decode("latin-1")
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
)
RFC_ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
"""The vectors of the Certificate Transparency log's own tests (RFC 6962), for its first 1 to 8 leaves."""


@pytest.fixture(scope="module")
def asking(cluster: TransientCluster, template_of: Callable[[int], str]) -> Iterator[psycopg.Connection]:
    """A superuser's connection to a database that is only asked."""
    for database in fresh_database(cluster, template_of(cluster.major)):
        with database.connect() as connection:
            yield connection


def has_the_form_of_the_program(asking: psycopg.Connection, value: object) -> None:
    """The database writes the value as the program does."""
    text = canonical(value).decode()
    assert scalar(asking, "SELECT cutter_console.fn_canonical_json(%s::jsonb)", text) == text


@settings(max_examples=60)
@given(value=_VALUES)
def test_the_canonical_form_is_the_program_s_for_every_value(asking: psycopg.Connection, value: object) -> None:
    has_the_form_of_the_program(asking, value)


@pytest.mark.torture
@settings(max_examples=1000)
@given(value=_VALUES)
def test_the_canonical_form_of_many_values_is_the_program_s(asking: psycopg.Connection, value: object) -> None:
    has_the_form_of_the_program(asking, value)


def test_a_policy_has_one_canonical_form_in_program_and_database(asking: psycopg.Connection) -> None:
    data = canonical_json(sovereign().policy)
    assert scalar(asking, "SELECT cutter_console.fn_canonical_json(%s::jsonb)", data.decode()) == data.decode()


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ('{"b":1,"a":2}', '{"a":2,"b":1}'),
        ('{"a":1,"a":2}', '{"a":2}'),
        ('{ "a" : [ ] , "": {} }', '{"":{},"a":[]}'),
        (
            '{"ab":1,"Z":2,"a":3,"é":4,"\U0001f600":5,"\uffff":6}',
            '{"Z":2,"a":3,"ab":1,"é":4,"\uffff":6,"\U0001f600":5}',
        ),
        ('"\\u0001\\u001f\\b\\f\\n\\r\\t\\"\\\\\\/\\u007f\\u00e9"', '"\\u0001\\u001f\\b\\f\\n\\r\\t\\"\\\\/\x7fé"'),
        ("1.0", "1"),
        ("1e2", "100"),
        ("1.9", "1"),
        ("-0", "0"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
    ],
)
def test_there_is_one_form_of_a_value(asking: psycopg.Connection, text: str, form: str) -> None:
    """Keys by code point, never by length or locale; integers alone, so that no number has two spellings."""
    assert scalar(asking, "SELECT cutter_console.fn_canonical_json(%s::jsonb)", text) == form


def _root(leaves: list[str]) -> bytes:
    """RFC 6962, section 2.1, as it is defined there: the left part is the largest power of two below the whole."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0].encode()).digest()
    left = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + _root(leaves[:left]) + _root(leaves[left:])).digest()


@pytest.mark.parametrize("count", [*range(34), 63, 64, 65, 1000])
def test_the_merkle_root_is_that_of_rfc_6962(asking: psycopg.Connection, count: int) -> None:
    leaves = [f"leaf {number} — Điều" for number in range(count)]
    assert scalar(asking, "SELECT cutter_console.fn_merkle_root(%s::text[])", leaves) == _root(leaves).hex()


def test_the_merkle_root_of_nothing_is_the_sha256_of_nothing(asking: psycopg.Connection) -> None:
    assert scalar(asking, "SELECT cutter_console.fn_merkle_root(NULL)") == EMPTY
    assert scalar(asking, "SELECT cutter_console.fn_merkle_root('{}')") == EMPTY


def test_the_reference_of_these_tests_gives_the_published_roots() -> None:
    """The vectors have leaves that are no text; so the reference is held against them, and the database against it."""

    def root(leaves: tuple[str, ...]) -> bytes:
        if len(leaves) == 1:
            return sha256(b"\0" + leaves[0].encode("latin-1")).digest()
        left = 1 << (len(leaves) - 1).bit_length() - 1
        return sha256(b"\1" + root(leaves[:left]) + root(leaves[left:])).digest()

    assert [root(RFC_LEAVES[:count]).hex() for count in range(1, 9)] == list(RFC_ROOTS)


def test_the_merkle_root_of_the_published_leaves_that_are_text_is_the_published_one(asking: psycopg.Connection) -> None:
    assert scalar(asking, "SELECT cutter_console.fn_merkle_root(ARRAY[''])") == RFC_ROOTS[0]


@settings(max_examples=100)
@given(leaves=st.lists(_TEXT, max_size=40))
def test_the_merkle_root_is_the_reference_s_for_any_leaves(asking: psycopg.Connection, leaves: list[str]) -> None:
    assert scalar(asking, "SELECT cutter_console.fn_merkle_root(%s::text[])", leaves) == _root(leaves).hex()


@pytest.mark.parametrize("leaves", [["a", "b"], ["b", "a"], ["ab"], ["a", "b", "b"], ["a", "b", ""]])
def test_no_other_leaves_have_the_same_root(asking: psycopg.Connection, leaves: list[str]) -> None:
    """Order counts, and an odd leaf is not doubled."""
    others = [["a", "b"], ["b", "a"], ["ab"], ["a", "b", "b"], ["a", "b", ""], ["a", "b", "b", "b"]]
    roots = [scalar(asking, "SELECT cutter_console.fn_merkle_root(%s::text[])", other) for other in others]
    assert roots.count(scalar(asking, "SELECT cutter_console.fn_merkle_root(%s::text[])", leaves)) == 1


def test_a_statement_in_its_one_form_is_read(asking: psycopg.Connection) -> None:
    data = b'{"a":{"b":["\xc4\x90i\xe1\xbb\x81u",1,null,true]},"c":""}'
    assert scalar(asking, "SELECT cutter_console.fn_statement(%s)", data) == json.loads(data)


NO_STATEMENT: dict[str, bytes | None] = {
    "NULL": None,
    "nothing": b"",
    "one byte": b"1",
    "no JSON": b"a statement",
    "a string": b'"a"',
    "an array": b"[1]",
    "null": b"null",
    "a key twice": b'{"a":1,"a":1}',
    "a key twice, the second another": b'{"a":1,"a":2}',
    "a key twice, spelt in two ways": b'{"a":1,"\\u0061":1}',
    "a space": b'{"a": 1}',
    "a space behind": b'{"a":1} ',
    "a line break behind": b'{"a":1}\n',
    "another order": b'{"b":1,"a":1}',
    "an escape too many": b'{"a":"\\u0062"}',
    "an escaped slash": b'{"a":"\\/"}',
    "capital hex": b'{"a":"\\u001F"}',
    "a letter that need not be escaped": b'{"a":"\\u00e9"}',
    "a number with a fraction": b'{"a":1.5}',
    "an integer with a point": b'{"a":1.0}',
    "an integer with an exponent": b'{"a":1e2}',
    "a number with a zero before it": b'{"a":01}',
    "minus zero": b'{"a":-0}',
    "no number": b'{"a":NaN}',
    "a byte order mark": b'\xef\xbb\xbf{"a":1}',
    "a NUL": b'{"a":"\\u0000"}',
    "half a surrogate": b'{"a":"\\ud800"}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "Latin-1": '{"a":"é"}'.encode("latin-1"),
    "a cut-off character": b'{"a":"\xc4"}',
    "an overlong character": b'{"a":"\xc0\xaf"}',
    "two values": b'{"a":1}{"a":1}',
    "too long": b'{"a":"' + b"x" * 65530 + b'"}',
}


@pytest.mark.parametrize("how", NO_STATEMENT)
def test_bytes_that_are_no_statement_in_canonical_form_are_refused(asking: psycopg.Connection, how: str) -> None:
    """A second spelling of the same content would be a second thing to sign."""
    with stopped("STOP_APPROVAL_INVALID"):
        asking.execute("SELECT cutter_console.fn_statement(%s)", (NO_STATEMENT[how],))


def test_a_statement_of_the_greatest_length_is_read_and_one_of_a_byte_more_is_not(asking: psycopg.Connection) -> None:
    data = b'{"a":"' + b"x" * (65536 - 8) + b'"}'
    assert len(data) == 65536
    assert scalar(asking, "SELECT cutter_console.fn_statement(%s) ->> 'a'", data) == "x" * (65536 - 8)
    with stopped("STOP_APPROVAL_INVALID"):
        asking.execute("SELECT cutter_console.fn_statement(%s)", (data.replace(b"xx", b"xxx", 1),))


@pytest.mark.parametrize("depth", [2_000, 4_000, 8_000, 20_000, 32_000])
def test_a_statement_that_is_nested_without_end_is_refused(asking: psycopg.Connection, depth: int) -> None:
    """Where the server's stack is large enough to read it, it is read; nothing else is ever said than that it is none."""
    data = b'{"a":' + b"[" * depth + b"]" * depth + b"}"
    asking.execute("SET max_stack_depth = '100kB'")
    with stopped("STOP_APPROVAL_INVALID"):
        asking.execute("SELECT cutter_console.fn_statement(%s)", (data,))
    asking.execute("RESET max_stack_depth")


def test_reading_a_statement_does_not_depend_on_the_session(database: Database) -> None:
    data = b'{"a":"\xc4\x90i\xe1\xbb\x81u","b":"2026-01-31T08:00:00Z"}'
    with database.connect() as connection:
        for setting in (
            "client_encoding = latin1",
            "bytea_output = escape",
            "datestyle = 'SQL, DMY'",
            "standard_conforming_strings = off",
        ):
            connection.execute(f"SET {setting}".encode())
            row = connection.execute(
                "SELECT encode(convert_to((cutter_console.fn_statement(%b) ->> 'a'), 'UTF8'), 'hex')", (data,)
            ).fetchone()
            assert row == ("Điều".encode().hex(),)
            connection.execute("RESET ALL")
