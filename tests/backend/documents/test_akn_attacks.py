"""An XML file reaches nothing outside of itself, takes no more than its size, and is refused where it tries."""

import socket
from pathlib import Path

import pytest
from lxml import etree

from console.backend.documents.akn.parsing import MAX_DEPTH, inert_parser
from console.backend.documents.limits import Limits
from console.backend.model.errors import StopCode
from tests.backend.documents.test_akn_intake import NAMESPACE, art, bodies, refusals, taken, xml
from tests.support.plans import accepted

SECRET = "the bytes of another file"
LAUGHS = "".join(f'<!ENTITY l{n} "{"&l" + str(n - 1) + ";" if n else "ha"}{("&l" + str(n - 1) + ";") * 9 if n else ""}">' for n in range(12))  # fmt: skip


def doctype(declarations: str, text: str = "Text.", before: str = "") -> bytes:
    """A document with a document type declaration, and a text that can use it."""
    return xml(art("1", f"<p>{text}</p>")).replace(
        b"<akomaNtoso", f"{before}<!DOCTYPE akomaNtoso {declarations}><akomaNtoso".encode(), 1
    )


@pytest.mark.parametrize(
    "raw",
    [
        doctype('[<!ENTITY x SYSTEM "file://{path}">]', "&x;"),
        doctype('SYSTEM "file://{path}"'),
        doctype('PUBLIC "x" "http://127.0.0.1:{port}/x.dtd"'),
        doctype('[<!ENTITY % x SYSTEM "http://127.0.0.1:{port}/x"> %x;]'),
        doctype(f"[{LAUGHS}]", "&l11;"),
        doctype('[<!ENTITY x "y">]', "&x;", before="<!-- first -->\n<?go now?>\n"),
        doctype('[<!ATTLIST article eId CDATA "art_9">]'),
        doctype("[]"),
    ],
)
def test_a_document_type_declaration_is_refused_and_nothing_is_read(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "secret.txt"
    path.write_text(SECRET)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = str(server.getsockname()[1]).encode()
        result = taken(raw.replace(b"{path}", str(path).encode()).replace(b"{port}", port))
        with pytest.raises(TimeoutError):
            server.accept()
    assert [problem.code for problem in result.problems] == [StopCode.REFUSED_INPUT]
    assert "document type declaration" in result.problems[0].message
    assert SECRET not in result.problems[0].message


def test_what_a_file_includes_or_names_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "secret.txt"
    path.write_text(SECRET)
    include = f'<p>T<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{path}" parse="text"/></p>'
    assert [code for _, code in refusals(taken(xml(art("1", include))))] == ["AKN_FOREIGN"]
    named = f'<?xml-stylesheet href="{path}" type="text/xsl"?>' + art(
        "1", f'<p>T<img src="{path}"/><ref href="{path}">x</ref></p>'
    )
    raw = xml(named).replace(b"<akomaNtoso", f'<akomaNtoso xml:base="file://{tmp_path}/"'.encode(), 1)
    assert bodies(taken(raw)) == {"ART-1": "1 Tx\n\n"}


@pytest.mark.parametrize("entity", ["&nbsp;", "&x;", "&#0;", "&#xFFFE;"])
def test_an_entity_that_is_not_one_of_xml_is_refused(entity: str) -> None:
    assert [code for _, code in refusals(taken(xml(art("1", f"<p>A{entity}B</p>"))))] == [StopCode.REFUSED_INPUT]


def test_the_entities_of_xml_and_cdata_are_text() -> None:
    raw = xml(art("1", "<p>&lt;b&gt; &amp;amp; <![CDATA[<!DOCTYPE x> &y;]]> &#228;</p>"))
    assert bodies(taken(raw)) == {"ART-1": "1 <b> &amp; <!DOCTYPE x> &y; ä\n\n"}


@pytest.mark.parametrize("depth", [MAX_DEPTH, 300, 5_000, 200_000])
def test_elements_within_each_other_are_bounded(depth: int) -> None:
    deep = "<p>" + "<b>" * depth + "x" + "</b>" * depth + "</p>"
    problems = taken(xml(art("1", deep))).problems
    assert problems[0].code in {StopCode.CAP_EXCEEDED, StopCode.REFUSED_INPUT}


def test_a_depth_that_a_law_can_have_is_taken() -> None:
    deep = "<p>" + "<b>" * 80 + "x" + "</b>" * 80 + "</p>"
    assert bodies(taken(xml(art("1", deep)))) == {"ART-1": "1 x\n\n"}


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (xml(art("1")).replace(b"Text.", b"Te\xffxt."), 5),
        (xml(art("1")).replace(b"Text.", b"Te\xc3xt."), 5),
        (xml(art("1")).replace(b"Text.", b"Te\xed\xa0\x80xt."), 5),
        (xml(art("1")).replace(b"Text.", b"Te\x00xt."), 5),
        (xml(art("1")).replace(b"Text.", b"Te\x07xt."), 5),
        (xml(art("1")).replace(b"UTF-8", b"ISO-8859-1"), 1),
        (xml(art("1")).replace(b"UTF-8", b"UTF-16"), 1),
        (xml(art("1")).replace(b"UTF-8", b"utf-7"), 1),
        (xml(art("1")).decode().encode("utf-16"), 1),
        (xml(art("1"))[:-20], 7),
        (xml(art("1")) + b"<more/>", 8),
        (xml(art("1") + "<article>"), 7),
        (b"", 0),
        (b"{}", 1),
    ],
)
def test_bytes_that_are_no_utf_8_or_no_xml_are_refused_with_their_line(raw: bytes, line: int) -> None:
    problems = taken(raw).problems
    assert [(problem.code, problem.line) for problem in problems] == [(StopCode.REFUSED_INPUT, line)]


def test_a_byte_order_mark_is_no_fault() -> None:
    assert taken(b"\xef\xbb\xbf" + xml(art("1"))).canonical == taken(xml(art("1"))).canonical


@pytest.mark.parametrize("limits", [Limits(max_bytes=100), Limits(max_units=1), Limits(max_line_bytes=3)])
def test_the_limits_of_text_are_those_of_markup(limits: Limits) -> None:
    raw = xml(art("1", "<p>Long text.</p>") + art("2"))
    assert [problem.code for problem in taken(raw, limits=limits).problems] == [StopCode.CAP_EXCEEDED]


def test_a_prologue_of_comments_is_read_in_one_pass() -> None:
    raw = xml(art("1")).replace(b"<akomaNtoso", b"<!-- -- x -->" * 20_000 + b"<!DOCTYPE a><akomaNtoso", 1)
    assert "document type declaration" in taken(raw).problems[0].message


@pytest.mark.parametrize(
    "namespace",
    ["", "urn:x", "http://www.akomantoso.org/2.0", "http://docs.oasis-open.org/legaldocml/ns/akn/3.0evil"],
)
def test_another_namespace_is_refused(namespace: str) -> None:
    result = taken(xml(art("1")).replace(NAMESPACE.encode(), namespace.encode()))
    assert "no Akoma Ntoso 3" in result.problems[0].message


@pytest.mark.parametrize("namespace", [f"{NAMESPACE}/CSD13", "http://Inhaltsdaten.LegalDocML.de/1.8.2/"])
def test_drafts_of_the_standard_and_the_german_profile_are_taken(namespace: str) -> None:
    assert len(accepted(taken(xml(art("1")).replace(NAMESPACE.encode(), namespace.encode()))).units) == 1


def test_markup_and_escape_sequences_in_texts_are_inert() -> None:
    raw = xml(art("1", "<p>[bold]T[/bold] \u202e&lt;script></p>", heading="\u202e[red]\u200bX"))
    (unit,) = accepted(taken(raw)).units
    assert not {"\u202e", "\u200b"} & set(unit.title)
    assert "\u202e" in bodies(taken(raw))["ART-1"]


def test_thousands_of_equal_parts_are_no_work_for_hours() -> None:
    wrappers = "<paragraph><content><p>T</p></content></paragraph>" * 1_000
    assert len(accepted(taken(xml(art("1", wrappers)))).units) == 1
    many = "".join(art(str(n), para) for n, para in enumerate(["<paragraph><num>(1)</num></paragraph>"] * 1_000, 1))
    assert len(accepted(taken(xml(many))).units) == 2_000


def test_the_parser_itself_would_not_read_a_file_either(tmp_path: Path) -> None:
    """A second wall: with the first one gone, no entity becomes text."""
    path = tmp_path / "secret.txt"
    path.write_text(SECRET)
    raw = doctype('[<!ENTITY x SYSTEM "file://{path}">]'.replace("{path}", str(path)), "&x;")
    assert SECRET in "".join(etree.fromstring(raw, etree.XMLParser(resolve_entities=True)).itertext())
    tree = etree.fromstring(raw, inert_parser())
    assert SECRET not in etree.tostring(tree).decode() + "".join(map(str, tree.itertext()))


def test_more_tags_than_a_document_can_have_are_not_parsed() -> None:
    few = Limits(max_units=1)
    result = taken(xml(art("1", "<p>" + "<b/>" * 60 + "T</p>")), limits=few)
    assert [problem.code for problem in result.problems] == ["STOP_CAP_EXCEEDED"]
    assert "tags" in result.problems[0].message
