"""German laws: marked and unmarked, with the hierarchies that real laws have."""

import pytest

from tests.backend.documents.planned import addresses, bodies, parents, planned, refusals
from tests.support.plans import accepted

MARKED = """
# Seegesetz (SeeG)

## Eingangsformel

Der Rat hat beschlossen:

## Teil 1 - Allgemeines

### Kapitel 1 - Grundsätze

#### § 1 Zweck

(1) Der See dient allen.

(2) Er wird geschützt:

1.  vor Schmutz,

2.  vor Lärm.

(2a) Näheres regelt der Rat.

#### (XXXX) §§ 2 bis 4 (weggefallen)

#### § 5 Ufer

Das Ufer ist frei.

## Zweiter Teil - Schluss

### § 6 Inkrafttreten

(1) u. (2) (weggefallen)

(3) Dieses Gesetz tritt in Kraft.

## Anlage 1 (zu § 1)

### Tabelle

(1) kein Absatz

## Anlage 2 (zu § 5)

Text.
"""


def test_a_marked_law_becomes_the_tree_a_lawyer_sees() -> None:
    assert parents(planned(MARKED, "de-law")) == {
        "EINGANGSFORMEL": None,
        "TEIL-1": None,
        "TEIL-1/KAPITEL-1": "TEIL-1",
        "PAR-1": "TEIL-1/KAPITEL-1",
        "PAR-1/ABS-1": "PAR-1",
        "PAR-1/ABS-2": "PAR-1",
        "PAR-1/ABS-2A": "PAR-1",
        "PAR-2-4": "TEIL-1/KAPITEL-1",
        "PAR-5": "TEIL-1/KAPITEL-1",
        "TEIL-2": None,
        "PAR-6": "TEIL-2",
        "PAR-6/ABS-1-2": "PAR-6",
        "PAR-6/ABS-3": "PAR-6",
        "ANLAGE-1": None,
        "ANLAGE-2": None,
    }


def test_numbered_lists_stay_in_the_paragraph_and_tables_in_the_annex() -> None:
    text = dict(zip(addresses(planned(MARKED, "de-law")), bodies(planned(MARKED, "de-law")), strict=True))
    assert "2.  vor Lärm." in text["PAR-1/ABS-2"]
    assert "(1) kein Absatz" in text["ANLAGE-1"]


def test_an_unmarked_law_nests_as_it_nests_its_own_levels() -> None:
    text = """
    Seegesetz

    Buch 1
    Allgemeiner Teil

    Abschnitt 1
    Personen

    Titel 1 Natürliche Personen

    § 1
    Zweck

    (1) Der See dient allen.
    (2) Er wird geschützt.

    Abschnitt 2
    Sachen

    § 2 Begriff

    Sachen sind Gegenstände.
    """
    assert parents(planned(text, "de-law")) == {
        "BUCH-1": None,
        "BUCH-1/ABSCHNITT-1": "BUCH-1",
        "BUCH-1/ABSCHNITT-1/TITEL-1": "BUCH-1/ABSCHNITT-1",
        "PAR-1": "BUCH-1/ABSCHNITT-1/TITEL-1",
        "PAR-1/ABS-1": "PAR-1",
        "PAR-1/ABS-2": "PAR-1",
        "BUCH-1/ABSCHNITT-2": "BUCH-1",
        "PAR-2": "BUCH-1/ABSCHNITT-2",
    }


def test_a_table_of_contents_is_a_named_span() -> None:
    text = "Gesetz\n\nInhaltsübersicht\n§ 1 Zweck\n§ 2 Ende\n\n§ 1 Zweck\n\nText.\n\n§ 2 Ende\n\nText.\n"
    result = planned(text, "de-law")
    assert addresses(result) == ["PAR-1", "PAR-2"]
    assert [o.name for o in accepted(result).others] == ["title", "contents"]


def test_articles_that_begin_again_in_every_part_hang_under_their_part() -> None:
    text = "## Teil 1\n\n### § 1 A\n\nx\n\n### § 2 B\n\nx\n\n## Teil 2\n\n### § 1 C\n\nx\n"
    assert addresses(planned(text, "de-law")) == ["TEIL-1", "TEIL-1/PAR-1", "TEIL-1/PAR-2", "TEIL-2", "TEIL-2/PAR-1"]


def test_sections_of_an_article_hang_under_the_article() -> None:
    text = "## Art 1 Seegesetz\n\n### § 1 A\n\nx\n\n## Art 2 Ufergesetz\n\n### § 1 B\n\nx\n"
    assert addresses(planned(text, "de-law")) == ["ART-1", "ART-1/PAR-1", "ART-2", "ART-2/PAR-1"]


def test_headings_of_the_deepest_depth_nest_by_their_words() -> None:
    text = "##### Untertitel 1 - A\n\n###### Kapitel 1 - B\n\n###### Unterkapitel 1 - C\n\n###### § 1 D\n\nx\n\n"
    text += "###### Kapitel 2 - E\n\n###### § 2 F\n\nx\n"
    found = parents(planned(text, "de-law"))
    assert found["PAR-1"] == "UNTERTITEL-1/KAPITEL-1/UNTERKAPITEL-1"
    assert found["PAR-2"] == "UNTERTITEL-1/KAPITEL-2"


@pytest.mark.parametrize(
    "line",
    [
        "Artikel 5 gilt entsprechend.",
        "§ 5 gilt entsprechend.",
        "§ 5 Absatz 2 Satz 1 gilt entsprechend.",
        "§ 5 Absatz 2 gilt",
        "§ 2 des Ufergesetzes bleibt unberührt.",
        "§§ 2 und 3 gelten entsprechend.",
        "(2) bis (4) gelten entsprechend.",
        "(2), (3) gelten entsprechend.",
        "Abschnitt 2 gilt entsprechend.",
        "Teil 2 Satz 1 bleibt.",
        "Anlage 1 gilt.",
    ],
)
def test_a_reference_at_the_start_of_a_line_opens_no_unit(line: str) -> None:
    """A cross-reference at the start of a line was taken for a heading."""
    assert addresses(planned(f"§ 1 Zweck\n\n(1) Text.\n\n{line}\n", "de-law")) == ["PAR-1", "PAR-1/ABS-1"]


def test_a_quoted_amendment_opens_no_unit() -> None:
    """The quoted new section belongs to the article that inserts it."""
    text = """
    ## Artikel 1 Änderung des Seegesetzes

    § 5 wird wie folgt gefasst:

    „§ 5 Ufer

    (1) Das Ufer ist frei.

    ### § 6 Steg

    (2) Der Steg auch.“

    ## Artikel 2 Inkrafttreten

    Dieses Gesetz tritt in Kraft.
    """
    assert addresses(planned(text, "de-law")) == ["ART-1", "ART-2"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("## § 1 A\n\nx.\n\n## § 1 B\n\nx.\n", [(5, "ADDRESS_REPEATED")]),
        ("## § 1 A\n\nx.\n\n## § 5 B\n\nx.\n\n## § 3 C\n\nx.\n", [(9, "NUMBER_BACKWARDS")]),
        ("## § 1 A\n\n(1) X.\n\n(2) Y.\n\n(1) Z.\n", [(7, "ADDRESS_REPEATED")]),
        ("## § 1 A\n\n(2) Y.\n", [(3, "NUMBER_GAP")]),
        ("## § 1 A\n\n(1) Es gilt nach\nMaßgabe von\n(2) Y.\n", [(5, "AMBIGUOUS_PARAGRAPH")]),
        ("## § 1 A\n\n(1) X.\n\n(2) gilt dies nicht.\n", [(5, "AMBIGUOUS_PARAGRAPH")]),
        ("## § 1 A\n\nx.\n\n§ 2 B\n\nx.\n\n## § 3 C\n\nx.\n", [(5, "MIXED_MARKING")]),
        ("## § 1 A\n\nx.\n\n### § 2 B\n\nx.\n\n## § 3 C\n\nx.\n", [(5, "ARTICLE_IN_ARTICLE")]),
        ("# § 1 A\n\nx.\n\n## § 2 B\n\nx.\n\n## § 3 C\n\nx.\n", [(5, "ARTICLE_IN_ARTICLE"), (9, "ARTICLE_IN_ARTICLE")]),
        ("## § 1 A\n\nx.\n\n## Anlage\n\nx.\n\n## § 2 B\n\nx.\n", [(9, "ANNEX_INTERRUPTED")]),
        ("§ 1 A\n\nx.\n\nAnlage 1\n\nx.\n\n§ 2 B\n\nx.\n", [(9, "ANNEX_INTERRUPTED")]),
        ("## § 1 A\n\nHier: „§ 2\n\n## § 2 B\n\nx.\n", [(3, "UNCLOSED_QUOTATION")]),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(text: str, expected: list[tuple[int, str]]) -> None:
    assert refusals(planned(text, "de-law")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("## Art I Zweck\n\n(1) Eins.\n\n## Art II Ende\n\nText.\n", ["ART-I", "ART-I/ABS-1", "ART-II"]),
        ("## 1. Abschnitt Anfang\n\n### § 1 A\n\nText.\n\n## 2. Abschnitt Ende\n\n### § 2 B\n\nText.\n",
         ["ABSCHNITT-1", "PAR-1", "ABSCHNITT-2", "PAR-2"]),
        ("## Einziger Paragraph\n\n(1) Eins.\n\n(2) Zwei.\n",
         ["EINZIGER-PARAGRAPH", "EINZIGER-PARAGRAPH/ABS-1", "EINZIGER-PARAGRAPH/ABS-2"]),
        ("## § 1 A\n\n(1) Eins.\n\n(2) bis (4)\n\n(5) Fünf.\n", ["PAR-1", "PAR-1/ABS-1", "PAR-1/ABS-2-4", "PAR-1/ABS-5"]),
        ("## Nr 14 A\n\n(1) Eins.\n\n## Nr 15 B\n\nText.\n", ["NR-14", "NR-14/ABS-1", "NR-15"]),
        ("## § 1 A\n\n(1) Es heißt „Wort “, nicht mehr.\n\n(2) Zwei.\n", ["PAR-1", "PAR-1/ABS-1", "PAR-1/ABS-2"]),
    ],
)  # fmt: skip
def test_rarer_forms_of_units_are_read(text: str, expected: list[str]) -> None:
    assert addresses(planned(text, "de-law")) == expected


TWO_NUMBERINGS = """
    # Gesetz über zwei Häfen

    ## Art I - Der Nordhafen

    ## § 1

    Der Nordhafen ist offen.

    ## § 2

    (1) Er hat drei Molen.

    ## Art II

    ## § 1

    Der Südhafen ist geschlossen.

    ## Art III - Schluss

    Dieses Gesetz tritt morgen in Kraft.
    """


def test_sections_that_begin_again_below_articles_of_equal_depth_belong_to_them() -> None:
    assert parents(planned(TWO_NUMBERINGS, "de-law")) == {
        "ART-I": None,
        "ART-I/PAR-1": "ART-I",
        "ART-I/PAR-2": "ART-I",
        "ART-I/PAR-2/ABS-1": "ART-I/PAR-2",
        "ART-II": None,
        "ART-II/PAR-1": "ART-II",
        "ART-III": None,
    }


def test_sections_that_go_on_stand_beside_the_articles() -> None:
    goes_on = TWO_NUMBERINGS.replace("## Art II\n\n    ## § 1", "## Art II\n\n    ## § 3")
    assert addresses(planned(goes_on, "de-law")) == [
        *("ART-I", "PAR-1", "PAR-2", "PAR-2/ABS-1", "ART-II", "PAR-3", "ART-III"),
    ]


@pytest.mark.parametrize(
    "between", ["", "## § 3\n\n    Text.\n\n    ", "Art II\n\n    "], ids=["nothing", "a section", "an unmarked line"]
)
def test_a_section_that_begins_again_without_an_article_above_it_is_refused(between: str) -> None:
    text = TWO_NUMBERINGS.replace("## Art II\n\n    ", between)
    assert "ADDRESS_REPEATED" in {code for _, code in refusals(planned(text, "de-law"))}


def test_a_section_that_is_marked_deeper_than_its_article_says_the_same() -> None:
    deeper = TWO_NUMBERINGS.replace("## Art II\n\n    ## § 1", "## Art II\n\n    ### § 1")
    assert parents(planned(deeper, "de-law")) == parents(planned(TWO_NUMBERINGS, "de-law"))


def test_paragraphs_of_an_article_may_stand_before_its_sections() -> None:
    text = TWO_NUMBERINGS.replace("## Art II\n", "## Art II\n\n    (1) Ein Satz.\n")
    assert parents(planned(text, "de-law"))["ART-II/PAR-1"] == "ART-II"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("## Art II\n\n    ## § 1", "## Art II\n\n    ## § 2"),
        ("## Art II\n", "### Art II\n"),
        ("## Art II\n", "## Abschnitt 2\n"),
    ],
    ids=["it does not begin with 1", "its article is marked deeper", "it stands below a group"],
)
def test_where_the_numbers_do_not_tell_it_sections_are_siblings_and_repeated(old: str, new: str) -> None:
    text = TWO_NUMBERINGS.replace(old, new)
    assert text != TWO_NUMBERINGS
    assert "ADDRESS_REPEATED" in {code for _, code in refusals(planned(text, "de-law"))}


def test_a_section_that_begins_again_below_another_heading_says_that_the_articles_do_not_contain_them() -> None:
    text = TWO_NUMBERINGS + "\n    ## Zum Schluss\n\n    ## § 1\n\n    Noch einmal.\n"
    assert refusals(planned(text, "de-law")) == [(15, "ADDRESS_REPEATED"), (25, "ADDRESS_REPEATED")]


def test_the_numbering_of_an_annex_says_nothing_of_the_law() -> None:
    text = """
        # Gesetz

        ## Art 1

        Text.

        ## § 1

        Text.

        ## Anlage 1

        ### Art 1

        ### § 1

        Text.
        """
    assert addresses(planned(text, "de-law")) == ["ART-1", "PAR-1", "ANLAGE-1", "ANLAGE-1/ART-1", "ANLAGE-1/PAR-1"]
