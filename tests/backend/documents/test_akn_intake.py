"""Akoma Ntoso as a source: structure and text are the markup's; what it leaves open or contradicts is refused."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.backend.documents.akn.intake import AKN_RULE, akn_text
from console.backend.documents.akn.numbers import contradicts, number_in
from console.backend.documents.akn.writing import not_xml
from console.backend.documents.canonical import RefusedText
from console.backend.documents.coverage import check_algebra, spans
from console.backend.documents.limits import DEFAULT_LIMITS, Limits
from console.backend.documents.planning import PlanResult, plan_document
from console.backend.model.plan import Acceptance
from console.backend.model.written_plan import as_written, kept_bytes
from tests.backend.documents.exporting import akn_of, exported_document
from tests.backend.documents.planned import planned
from tests.backend.documents.test_akn_export import CONTAINERS, CORPUS, FOLDERS, GAZETTE, REAL, check_whole, sample
from tests.backend.documents.test_suspects import SAMPLES
from tests.support.akn_reader import squeezed
from tests.support.plans import accepted

NAMESPACE = "http://docs.oasis-open.org/legaldocml/ns/akn/3.0"
HEAD = "<meta><identification source='#x'><FRBRWork/></identification></meta>"


def xml(body: str, *, kind: str = "act", before: str = "", behind: str = "") -> bytes:
    """A document with this body."""
    inner = "mainBody" if kind == "doc" else "body"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<akomaNtoso xmlns="{NAMESPACE}">\n<{kind} name="x">{HEAD}{before}\n'
        f"<{inner}>\n{body}\n</{inner}>{behind}</{kind}></akomaNtoso>\n"
    ).encode()


def art(number: str, text: str = "<p>Text.</p>", heading: str = "") -> str:
    """An article; a text is its content, anything else its parts."""
    head = f"<heading>{heading}</heading>" if heading else ""
    inner = f"<content>{text}</content>" if text.startswith(("<p>", "<p ")) else text
    label = f"<num>{number}</num>" if number else ""
    return f"<article>{label}{head}{inner}</article>\n"


def para(number: str, text: str = "Text.") -> str:
    """A paragraph."""
    return f"<paragraph><num>{number}</num><content><p>{text}</p></content></paragraph>\n"


def taken(raw: bytes, *, ordinals: bool = False, limits: Limits = DEFAULT_LIMITS) -> PlanResult:
    """Plan Akoma Ntoso under the docprefix DOC."""
    return plan_document(raw, origin="file:doc.xml", docprefix="DOC", profile="akn", ordinals=ordinals, limits=limits)


def addresses(result: PlanResult) -> list[str]:
    """The addresses of an accepted plan, without the docprefix."""
    return [unit.address.removeprefix("DOC/") for unit in accepted(result).units]


def refusals(result: PlanResult) -> list[tuple[int, str]]:
    """(line of the XML, code) of each problem."""
    assert result.plan is None
    return [(problem.line, problem.code) for problem in result.problems]


def bodies(result: PlanResult) -> dict[str, str]:
    """The bodies of an accepted plan by address."""
    return {
        unit.address.removeprefix("DOC/"): result.canonical[unit.byte_start : unit.byte_end].decode()
        for unit in accepted(result).units
    }


def test_the_text_is_written_by_the_rule_and_every_byte_is_in_one_span() -> None:
    raw = xml(
        "<chapter><num>Chapter I</num><heading>Rules</heading><intro><p>Before.</p></intro>"
        + art("Article 1", para("(1)", "One,\n   <b>two</b>.") + para("(2)"), "Scope")
        + art("Article 2", "<p>First.</p><p>Second.<br/>Third.</p>")
        + "</chapter>",
        before="<preface><p>ACT</p></preface>",
        behind="<conclusions><p>Done.</p></conclusions>",
    )
    result = taken(raw)
    assert result.canonical.decode() == (
        "ACT\n\nChapter I Rules\nBefore.\n\nArticle 1 Scope\n\n(1) One, two.\n\n(2) Text.\n\n"
        "Article 2 First.\nSecond.\nThird.\n\nDone.\n\n"
    )
    plan = accepted(result)
    assert b"".join(result.canonical[s.byte_start : s.byte_end] for s in spans(plan)) == result.canonical
    assert check_algebra(plan, result.canonical) == ()
    assert addresses(result) == ["CHP-I", "ART-1", "ART-1/PARA-1", "ART-1/PARA-2", "ART-2"]
    assert [(unit.section_type, unit.number, unit.title) for unit in plan.units][:3] == [
        ("chapter", "I", "Rules"),
        ("article", "1", "Scope"),
        ("paragraph", "1", ""),
    ]
    assert [other.name for other in plan.others] == ["preface", "conclusions"]
    assert (plan.source.canon_rule, plan.source.bytes) == (AKN_RULE, len(raw))


def test_a_second_pass_over_the_same_bytes_gives_the_same_plan() -> None:
    raw = xml(art("§ 1") + art("§ 2"))
    assert accepted(taken(raw)).content_digest == accepted(taken(raw)).content_digest
    assert taken(raw).canonical == akn_text(raw).data


def test_articles_whose_numbers_begin_again_hang_under_their_chapter() -> None:
    chapter = "<chapter><num>{}</num>" + art("Art. 1") + art("Art. 2") + "</chapter>"
    assert addresses(taken(xml(chapter.format("I") + chapter.format("II")))) == [
        *("CHP-I", "CHP-I/ART-1", "CHP-I/ART-2"),
        *("CHP-II", "CHP-II/ART-1", "CHP-II/ART-2"),
    ]


def test_sections_are_the_basic_unit_of_a_law_without_articles() -> None:
    section = "<section><num>{}.</num><heading>H</heading><subsection><num>(1)</num><content><p>T</p></content></subsection></section>"
    part = "<part><num>Part {}</num>{}</part>"
    result = taken(xml(part.format("A", section.format(1)) + part.format("B", section.format(2))))
    assert addresses(result) == ["PART-A", "SEC-1", "SEC-1/SUBSEC-1", "PART-B", "SEC-2", "SEC-2/SUBSEC-1"]


def test_an_attachment_is_an_annex_with_a_numbering_of_its_own() -> None:
    attachment = (
        "<attachments><attachment><heading>Fees</heading><doc name='annex'>" + HEAD
        + f"<mainBody>{art('1')}{art('2')}</mainBody></doc></attachment></attachments>"
    )  # fmt: skip
    result = taken(xml(art("1") + art("2"), behind=attachment))
    assert addresses(result) == ["ART-1", "ART-2", "ANNEX-FEES", "ANNEX-FEES/ART-1", "ANNEX-FEES/ART-2"]
    assert accepted(result).units[3].parent == "DOC/ANNEX-FEES"


def test_wrappers_without_number_and_heading_are_text_of_the_unit_around_them() -> None:
    listed = "<paragraph><list><intro><p>Both:</p></intro><point><num>a)</num><content><p>A</p></content></point></list></paragraph>"
    result = taken(xml(art("§ 1", listed)))
    assert bodies(result) == {"ART-1": "§ 1 Both:\n\n", "ART-1/POINT-A": "a) A\n\n"}


def test_text_behind_the_parts_of_a_unit_keeps_them_in_its_text_and_tells_them() -> None:
    inner = (
        "<paragraph><num>(1)</num><intro><p>Who</p></intro>"
        "<point><num>a)</num><content><p>lies</p></content></point>"
        "<point><num>b)</num><content><p>steals</p></content></point>"
        "<wrapUp><p>is fined.</p></wrapUp></paragraph>"
    )
    result = taken(xml(art("§ 1", inner)))
    assert bodies(result)["ART-1/PARA-1"] == "(1) Who\na) lies\nb) steals\nis fined.\n\n"
    assert [(s.line, s.reason.value, s.text, s.swallowed_by) for s in accepted(result).suspects] == [
        (4, "text-follows", "a) lies", "DOC/ART-1/PARA-1"),
        (5, "text-follows", "b) steals", "DOC/ART-1/PARA-1"),
    ]


def test_what_the_text_does_not_hold_is_counted() -> None:
    raw = xml(
        "<!-- a note --><?go now?>"
        + art("§ 1", "<p class='x'>Text<authorialNote><p>foot</p></authorialNote> <ref href='/akn/x'>§ 2</ref> <img src='a.png'/>.</p>")
    )  # fmt: skip
    plan = accepted(taken(raw))
    assert {omission.name: (omission.count, omission.characters) for omission in plan.omissions} == {
        "attribute": (3, 0),
        "comment": (1, 6),
        "image": (1, 0),
        "metadata": (2, 0),
        "note": (1, 4),
        "processing instruction": (1, 3),
        "reference that is not loaded": (2, 0),
    }


def test_quoted_articles_of_an_amending_law_are_text() -> None:
    quoted = f"<p><mod>Replace: <quotedStructure>{art('Article 9', '<p>New.</p>', 'Fees')}</quotedStructure></mod></p>"
    result = taken(xml(art("Article 1", quoted)))
    assert bodies(result) == {"ART-1": "Article 1 Replace:\nArticle 9 Fees\nNew.\n\n"}


def test_quoted_articles_make_no_container_of_what_quotes_them() -> None:
    quoted = f"<content><p>Insert: <quotedStructure>{art('9')}</quotedStructure></p></content>"
    body = f"<section><num>1</num><subsection><num>(1)</num>{quoted}</subsection></section>"
    assert [unit.section_type for unit in accepted(taken(xml(body))).units] == ["section", "paragraph"]
    after = f"<paragraph><num>(1)</num>{quoted.replace('content', 'intro')}<point><num>a)</num></point><wrapUp><p>W</p></wrapUp></paragraph>"
    assert addresses(taken(xml(art("1", after)))) == ["ART-1", "ART-1/PARA-1"]


def test_a_group_without_a_head_at_the_top_only_groups() -> None:
    group = f"<hcontainer name='schedules'><hcontainer name='schedule'><num>Schedule 1</num>{para('1.')}</hcontainer></hcontainer>"
    result = taken(xml(art("1") + group))
    assert addresses(result) == ["ART-1", "ANNEX-1", "ANNEX-1/PARA-1"]


def test_clauses_are_articles_at_the_top_and_points_below_one() -> None:
    clause = "<clause><num>(i)</num><content><p>T</p></content></clause>"
    result = taken(xml(clause.replace("(i)", "1") + art("2", f"<paragraph><num>(1)</num>{clause}</paragraph>")))
    assert [unit.section_type for unit in accepted(result).units] == ["article", "article", "paragraph", "point"]


def test_tables_and_lists_are_lines() -> None:
    table = "<table><tr><th><p>A</p></th><th><p>B</p></th></tr><tr><td><p>1</p></td><td><p>2</p></td></tr></table>"
    items = "<blockList><listIntroduction>Both</listIntroduction><item><num>-</num><p>x</p></item></blockList>"
    result = taken(xml(art("1", f"<p>T</p>{table}{items}")))
    assert bodies(result) == {"ART-1": "1 T\nA | B\n1 | 2\nBoth\n- x\n\n"}


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ('<article eId="art_4"><num>3.</num><content><p>T</p></content></article>', (5, "AKN_CONTRADICTION")),
        ('<article eId="art-z4"><num>§ 3</num><content><p>T</p></content></article>', (5, "AKN_CONTRADICTION")),
        ('<chapter eId="chp_1"><num>II</num>' + art("1") + "</chapter>", (5, "AKN_CONTRADICTION")),
        ("<article><num>1</num><num>2</num><content><p>T</p></content></article>", (5, "AKN_CONTRADICTION")),
        (art("1") + art("1"), (6, "ADDRESS_REPEATED")),
        (art("2") + art("1"), (6, "NUMBER_BACKWARDS")),
        (art("1") + art("", heading="Fees"), (6, "AKN_NUMBER_MISSING")),
        (art("1", para("(1)") + "<paragraph><content><p>T</p></content></paragraph>"), (6, "AKN_NUMBER_MISSING")),
        (art("1") + "<section><content><p>T</p></content></section>", (6, "AKN_NO_HEAD")),
        (art("1", para("(1)") + "stray"), (5, "AKN_STRAY_TEXT")),
        ("stray" + art("1"), (4, "AKN_STRAY_TEXT")),
        ("<chapter><num>I</num>" + art("1") + "<wrapUp><p>T</p></wrapUp></chapter>", (5, "AKN_TEXT_AFTER")),
        ("<level><num>1</num><content><p>T</p></content></level>", (5, "AKN_ELEMENT")),
        ("<hcontainer name='odd'><num>1</num><content><p>T</p></content></hcontainer>", (5, "AKN_ELEMENT")),
        (art("1") + "<componentRef src='#annex'/>", (6, "AKN_ELSEWHERE")),
        (art("1", "<p>Old <del>text</del></p>"), (5, "AKN_CHANGE")),
        (art("1", "<ul><li><del>gone</del><p>new</p></li></ul>"), (5, "AKN_CHANGE")),
        (art("1", "<ul><li><ins>new</ins><p>old</p></li></ul>"), (5, "AKN_CHANGE")),
        (art("1", "<p>T</p>") + '<article status="editorial"><num>2</num><content><p>T</p></content></article>', (6, "AKN_VERSION")),
        ("<article><num>1</num><componentRef src='#x'/></article>", (5, "AKN_ELSEWHERE")),
        ("<article><num>1</num><content><documentRef href='#x'/></content></article>", (5, "AKN_ELSEWHERE")),
        (art("1", "<p>T</p><foreign><x xmlns='urn:x'>5</x></foreign>"), (5, "AKN_FOREIGN")),
        (art("1", "<p>T <x xmlns='urn:x'>5</x></p>"), (5, "AKN_FOREIGN")),
        (art("1", "<paragraph><num>(1)</num>" + art("2") + "</paragraph>"), (5, "LEVEL_ILLEGAL")),
        (art("1", "<p>T</p>" + art("2")), (5, "AKN_MISPLACED")),
        (art("1", "<p>T " + art("2") + "</p>"), (5, "AKN_MISPLACED")),
        (art("1") + '<article status="removed"><num>2</num><content><p>T</p></content></article>', (6, "AKN_VERSION")),
        (art("1") + '<article alternativeTo="art_1"><num>1</num><content><p>T</p></content></article>', (6, "AKN_VERSION")),
        ("<article><heading>…</heading><content><p>T</p></content></article>", (5, "ADDRESS_EMPTY")),
    ],
)  # fmt: skip
def test_what_the_markup_contradicts_or_leaves_open_is_refused_with_its_line(
    body: str, refused: tuple[int, str]
) -> None:
    assert refused in refusals(taken(xml(body)))


def test_an_attachment_whose_text_is_elsewhere_is_refused() -> None:
    behind = "<attachments><attachment><documentRef href='/x' showAs='x'/></attachment></attachments>"
    assert [code for _, code in refusals(taken(xml(art("1"), behind=behind)))] == ["AKN_ELEMENT"]


def annexed(body: str, head: str = "<heading>Boats</heading>") -> bytes:
    """A document with one article and an annex with this body."""
    inner = f"<doc name='a'>{HEAD}<mainBody>{body}</mainBody></doc>"
    return xml(art("1"), behind=f"<attachments><attachment>{head}{inner}</attachment></attachments>")


def test_the_text_before_the_units_of_an_annex_is_its_own() -> None:
    assert bodies(taken(annexed("<p>Before.</p>" + art("1")))) == {
        "ART-1": "1 Text.\n\n",
        "ANNEX-BOATS": "Boats\nBefore.\n\n",
        "ANNEX-BOATS/ART-1": "1 Text.\n\n",
    }


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (annexed(art("1"), head=""), "AKN_NO_HEAD"),
        (annexed(art("1") + "<p>Behind.</p>"), "AKN_OUTSIDE"),
        (annexed("<crossHeading>Cross</crossHeading><p>Behind.</p>"), "AKN_OUTSIDE"),
        (xml(art("1"), behind="<attachments><note><p>Text.</p></note></attachments>"), "AKN_ELEMENT"),
        (xml("<p>Text.</p>" + art("1")), "AKN_OUTSIDE"),
    ],
    ids=["no head", "text behind units", "text behind a cross-heading", "no attachment", "text in the body"],
)
def test_text_of_an_annex_or_a_body_that_belongs_to_no_unit_is_refused(raw: bytes, code: str) -> None:
    assert [found for _, found in refusals(taken(raw))] == [code]


@pytest.mark.parametrize(
    "body",
    [
        "<article><num>1</num><crossHeading>X</crossHeading><content><p>Text.</p></content></article>",
        f"<chapter><num>I</num><crossHeading>X</crossHeading><intro><p>Text.</p></intro>{art('1')}</chapter>",
    ],
    ids=["article", "chapter"],
)
def test_text_of_a_unit_behind_a_cross_heading_within_it_is_refused(body: str) -> None:
    assert [code for _, code in refusals(taken(xml(body)))] == ["AKN_TEXT_AFTER"]


def test_a_cross_heading_between_units_is_a_span_of_its_own() -> None:
    plan = accepted(taken(xml(art("1") + "<crossHeading>Cross</crossHeading>" + art("2"))))
    assert [span.name for span in plan.others] == ["cross-heading"]


def test_a_file_with_several_versions_is_refused() -> None:
    raw = xml(art("1")).replace(b'<act name="x"', b'<act name="x" contains="multipleVersions"')
    assert refusals(taken(raw)) == [(3, "AKN_VERSION")]


def test_a_preamble_that_holds_units_is_refused() -> None:
    assert "AKN_MISPLACED" in {
        code for _, code in refusals(taken(xml(art("1"), before=f"<preamble>{art('9')}</preamble>")))
    }


def test_repeated_numbers_are_numbered_when_asked_for() -> None:
    result = taken(xml(art("1") + art("1")), ordinals=True)
    assert addresses(result) == ["ART-1", "ART-1-2"]


def test_acceptances_belong_to_text_and_are_refused() -> None:
    acceptance = Acceptance(line=6, code="ADDRESS_REPEATED", reason="enacted twice", suffix="OLD")
    raw = xml(art("1") + art("1"))
    result = plan_document(raw, origin="file:x", docprefix="DOC", profile="akn", acceptances=(acceptance,))
    assert result.plan is None


@pytest.mark.parametrize("kind", ["debate", "documentCollection", "judgment"])
def test_documents_of_another_kind_are_refused_by_name(kind: str) -> None:
    raw = f'<akomaNtoso xmlns="{NAMESPACE}"><{kind}/></akomaNtoso>'.encode()
    result = taken(raw)
    assert kind in result.problems[0].message


def test_a_missing_number_and_a_number_inside_a_text_are_told() -> None:
    result = taken(xml(art("§ 1", "<p>One.</p><p>§ 2 Swallowed.</p>") + art("§ 3")))
    assert [(s.line, s.reason.value, s.swallowed_by) for s in accepted(result).suspects] == [
        (2, "next-number", "DOC/ART-1"),
        (4, "missing-number", "DOC/ART-1"),
    ]


@pytest.mark.parametrize(
    ("label", "number"),
    [("§ 3", "3"), ("Article 5 bis", "5 bis"), ("CHAPTER II", "II"), ("(a)", "a"), ("1.2.", "1.2"), ("Điều 4.", "4"), ("§§ 3 bis 5", "3 bis 5"), ("Zweiter Teil", "Zweiter Teil"), ("(XXXX) §§ 3 bis 5", "3 bis 5"), ("§ 5 a", "5 a")],
)  # fmt: skip
def test_a_number_is_read_out_of_its_label(label: str, number: str) -> None:
    assert number_in(label) == number


@pytest.mark.parametrize(
    ("label", "tag", "eid"),
    [("Article 3", "article", "chp_1__art_3"), ("II", "chapter", "chp_2"), ("(a)", "point", "art_1__point_a"), ("§ 3", "article", "art-z3"), ("Erster Teil", "part", "part_1"), ("3", "article", "art_3-2"), ("3", "article", "art_nn_1"), ("3", "article", "sec_4"), ("3", "article", "a4"), ("5 bis", "article", "art_5bis"), ("2", "article", "")],
)  # fmt: skip
def test_an_eid_that_says_the_same_or_nothing_contradicts_nothing(label: str, tag: str, eid: str) -> None:
    assert not contradicts(label, tag, eid)


def round_trip(result: PlanResult) -> PlanResult:
    """Export a plan and take the export in."""
    data = akn_of(result)
    return plan_document(data, origin="file:doc.xml", docprefix="DOC", profile="akn")


def check_round_trip(result: PlanResult) -> None:
    """Addresses and parents come back, and each body but for empty lines; a title may have lost its number."""
    again = round_trip(result)
    first, second = as_written(accepted(result)), accepted(again)
    kept = kept_bytes(result.canonical, accepted(result).dropped)
    assert [(u.address, u.parent) for u in second.units] == [(u.address, u.parent) for u in first.units]
    for before, after in zip(first.units, second.units, strict=True):
        old = kept[before.byte_start : before.byte_end].decode()
        new = again.canonical[after.byte_start : after.byte_end].decode()
        assert _lines(new) == _lines(old)
        assert not before.title or squeezed(before.title).endswith(squeezed(after.title)[-30:])
    assert squeezed(again.canonical.decode()) == squeezed(kept.decode())
    assert accepted(round_trip(again)).units == second.units


def _lines(text: str) -> Sequence[str]:
    return [line.rstrip() for line in text.split("\n") if line.strip()]


@pytest.mark.parametrize("name", SAMPLES)
def test_an_exported_sample_of_each_profile_comes_back(name: str) -> None:
    check_round_trip(sample(name))


@pytest.mark.parametrize(("text", "profile"), [(CONTAINERS, "de-law"), (GAZETTE, "vi-law")])
def test_containers_annexes_and_named_parts_come_back(text: str, profile: str) -> None:
    result = planned(text, profile)
    check_round_trip(result)
    assert [o.name for o in accepted(round_trip(result)).others] == [o.name for o in accepted(result).others]


@pytest.mark.skipif(not REAL, reason=f"no corpus in {CORPUS}; set CUTTER_CORPUS")
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_a_real_law_comes_back(path: Path) -> None:
    profile = FOLDERS[path.parent.name]
    result = plan_document(path.read_bytes(), origin="file:x", docprefix="DOC", profile=profile, ordinals=True)
    if result.plan is None or not_xml(exported_document(result)):
        pytest.skip("the text has no plan, or XML cannot hold it")
    check_round_trip(result)


_LINES = st.sampled_from(
    [
        *("# One", "# Two  #", "## **3.1** Fees", "## Article 5 — Zoo", "### Deep", "Setext", "=====", "- list"),
        *(
            "",
            "",
            "text <b>&amp;</b> ]]>",
            "   indented  twice",
            "\ttab",
            "|a|b|",
            "(1) One",
            "1. One",
            "2. Two",
            "(a) x",
        ),
    ]
)


@given(lines=st.lists(_LINES, min_size=1, max_size=20), profile=st.sampled_from(["atx", "numbered", "us-bylaws"]))
def test_whatever_is_exported_comes_back(lines: list[str], profile: str) -> None:
    result = planned(("\n".join(lines) + "\n").encode(), profile, ordinals=True)
    if result.plan is not None:
        check_round_trip(result)


def test_a_stated_line_that_the_markup_does_not_show_is_refused() -> None:
    """Text that stands in an attribute alone would become law that no reader of the file sees."""
    data = akn_of(planned(CONTAINERS, "de-law"))
    for old, new in ((b'source="### \xc2\xa7 1 Zweck"', b'source="### \xc2\xa7 1 Zweck und mehr"'),):
        assert old in data
        assert "AKN_CONTRADICTION" in {code for _, code in refusals(taken(data.replace(old, new)))}


def test_stated_addresses_must_be_of_every_unit_and_in_form() -> None:
    data = akn_of(planned(CONTAINERS, "de-law"))
    one = data.replace(b' cc:address="DOC/PAR-2"', b"")
    odd = data.replace(b"DOC/PAR-2", b"DOC/../PAR-2")
    twice = data.replace(b"DOC/PAR-2", b"DOC/PAR-1")
    assert "AKN_CONTRADICTION" in {code for _, code in refusals(taken(one))}
    assert "AKN_ADDRESS" in {code for _, code in refusals(taken(odd))}
    assert "ADDRESS_REPEATED" in {code for _, code in refusals(taken(twice))}


@pytest.mark.parametrize(
    ("stated", "instead"), [("DOC/PAR-1/ABS-2", "DOC/PAR-2/ABS-2"), ("DOC/PAR-1/ABS-2", "DOC/PAR-1/ABS-3")]
)
def test_an_address_of_another_place_or_number_is_refused(stated: str, instead: str) -> None:
    """A signer reads addresses; one that misleads is worse than none."""
    data = akn_of(planned(CONTAINERS, "de-law")).replace(stated.encode(), instead.encode())
    assert [code for _, code in refusals(taken(data))] == ["AKN_ADDRESS"]


def test_cross_headings_are_named_parts_where_they_stand() -> None:
    raw = xml(
        "<chapter><num>I</num><heading>Rules</heading>"
        + art("1", para("(1)") + "<crossHeading>Middle</crossHeading>" + para("(2)"))
        + "<crossHeading>Fees</crossHeading>" + art("2") + "</chapter>"
    )  # fmt: skip
    result = taken(raw)
    assert addresses(result) == ["CHP-I", "ART-1", "ART-1/PARA-1", "ART-1/PARA-2", "ART-2"]
    assert [other.name for other in accepted(result).others] == ["cross-heading", "cross-heading"]
    check_whole(result)
    check_round_trip(result)


def test_comments_around_the_document_are_counted() -> None:
    raw = xml(art("1")).replace(b"<akomaNtoso", b"<!-- a --><?go now?><akomaNtoso", 1) + b"<!-- b -->"
    omissions = {omission.name: omission.count for omission in accepted(taken(raw)).omissions}
    assert (omissions["comment"], omissions["processing instruction"]) == (2, 1)


def test_xml_is_not_cut_as_text() -> None:
    result = plan_document(xml(art("1")), origin="file:x.xml", docprefix="DOC", profile="atx")
    assert "plan it with the profile akn" in result.problems[0].message


def test_the_canonical_text_of_a_refused_file_is_not_made_up() -> None:
    with pytest.raises(RefusedText, match="AKN_NO_HEAD"):
        akn_text(xml("<section><content><p>T</p></content></section>"))


@pytest.mark.parametrize(
    ("left_out", "name"),
    [
        ("<authorialNote><p>See 2.</p></authorialNote>", "note"),
        ("<remark status='editorial'>repealed</remark>", "remark"),
        ("<img src='x.png'/>", "image"),
    ],
)
@pytest.mark.parametrize(
    "block", ["<ul><li>{}<p>Rule.</p></li></ul>", "<p>Rule.{}</p>", "<blockContainer>{}<p>Rule.</p></blockContainer>"]
)
def test_what_is_no_text_of_the_law_is_left_out_and_counted_wherever_it_stands(
    block: str, left_out: str, name: str
) -> None:
    result = taken(
        xml(
            art(
                "1",
                block.format(left_out) if block.startswith("<p>") else f"<content>{block.format(left_out)}</content>",
            )
        )
    )
    assert "Rule." in bodies(result)["ART-1"]
    assert not {"See", "repealed"} & set(bodies(result)["ART-1"].replace(".", " ").split())
    assert name in {omission.name for omission in accepted(result).omissions}
