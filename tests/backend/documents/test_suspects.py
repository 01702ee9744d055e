"""No silent loss: a line that reads like a beginning opens a unit, refuses the document, or is named as a suspect."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from console.backend.documents import suspects as suspects_module
from console.backend.documents.beginnings import LONG_WORD, beginning_of
from console.backend.documents.limits import Limits
from console.backend.documents.planning import PlanResult
from console.backend.documents.profiles import load_profile
from console.backend.model.plan import SuspectReason, suspects_in_words
from tests.backend.documents import beginnings
from tests.backend.documents.planned import addresses, planned, refusals
from tests.backend.documents.test_de_law import MARKED
from tests.backend.documents.test_eu_act import ACT
from tests.backend.documents.test_numbered import HEADINGS, POLICY
from tests.backend.documents.test_profile_options import LAW as LISTS
from tests.backend.documents.test_profile_options import SWISS
from tests.backend.documents.test_us_bylaws import BYLAWS
from tests.backend.documents.test_vi_law import LAW
from tests.support.plans import accepted

SAMPLES = {
    "atx": "# Rules\n\nText.\n\n## Members\n\nText.\n\n### Rights\n\nText.\n\n## Board\n\nText.\n",
    "de-law": MARKED,
    "vi-law": LAW,
    "numbered": POLICY,
    "numbered, headings": HEADINGS,
    "us-bylaws": BYLAWS,
    "eu-act": ACT,
    "de-law+numbers": LISTS,
    "de-law+bis": SWISS,
}


def suspects(result: PlanResult) -> list[tuple[int, str, str]]:
    """Line, reason and swallowing unit of each suspect, without the docprefix."""
    return [
        (suspect.line, suspect.reason.value, suspect.swallowed_by.removeprefix("DOC/"))
        for suspect in accepted(result).suspects
    ]


def fates(text: str, change: Callable[[str, Random], str], profile: str, seeds: int) -> list[str]:
    """What becomes of each unit when its beginning is changed, by each of so many seeds. A change that several seeds make is tried once."""
    lines = text.split("\n")
    units = [(unit.line_start, unit.section_type) for unit in accepted(planned(text.encode(), profile)).units]
    outcomes = []
    for line, _ in units:
        for changed in dict.fromkeys(change(lines[line - 1], Random(seed)) for seed in range(seeds)):
            after = planned("\n".join([*lines[: line - 1], changed, *lines[line:]]).encode(), profile)
            if after.plan is None:
                outcomes.append("refused")
            elif any(suspect.line == line for suspect in after.plan.suspects):
                outcomes.append("named")
            else:
                kept = [(unit.line_start, unit.section_type) for unit in after.plan.units]
                outcomes.append("kept" if kept == units else f"lost: {changed!r}")
    return outcomes


@pytest.mark.parametrize("change", beginnings.CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("sample", SAMPLES)
def test_a_changed_beginning_is_kept_refused_or_named(sample: str, change: Callable[[str, Random], str]) -> None:
    text, profile = SAMPLES[sample].lstrip("\n"), sample.partition(",")[0]
    outcomes = fates(text, change, profile, 12)
    assert outcomes
    assert set(outcomes) <= {"kept", "refused", "named"}


@pytest.mark.parametrize("sample", SAMPLES)
def test_only_lines_that_are_no_suspects_are_left_out_of_the_closer_look(
    sample: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, profile = SAMPLES[sample].lstrip("\n").split("\n"), sample.partition(",")[0]
    changes = (*beginnings.CHANGES, beginnings.mistyped)
    texts = [
        "\n".join(
            change(line, Random(seed)) if line and (at + seed) % 3 == 0 else line for at, line in enumerate(lines)
        )
        for seed in range(15)
        for change in changes
    ]
    searched = [planned(text.encode(), profile) for text in texts]
    monkeypatch.setattr(
        suspects_module,
        "_worth_a_look",
        lambda candidates, matcher: [(candidate, beginning_of(candidate.text)) for candidate in candidates],
    )
    assert [planned(text.encode(), profile) for text in texts] == searched
    assert any(result.plan is not None and result.plan.suspects for result in searched)


def slips(word: str) -> list[str]:
    """Each word that one letter more, less or other, or two letters swapped, make of it; the first letter stays."""
    places = range(1, len(word))
    return [
        *(word[:at] + word[at + 1 :] for at in places),
        *(word[:at] + "q" + word[at:] for at in places),
        *(word[:at] + "q" + word[at + 1 :] for at in places),
        *(word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in places[:-1] if word[at] != word[at + 1]),
    ]


@pytest.mark.parametrize("word", [word for word in load_profile("de-law").words if len(word) > LONG_WORD])
def test_a_word_of_a_level_with_one_slip_anywhere_is_named_where_it_stands_alone(word: str) -> None:
    silent = [
        slip
        for slip in slips(word)
        if "spelling"
        not in {reason for _, reason, _ in suspects(planned(f"§ 1 A\n\nText.\n\n{slip.title()}\n".encode(), "de-law"))}
    ]
    assert silent == []


@pytest.mark.parametrize(
    "profile", ["de-law", "vi-law", "numbered", "us-bylaws", "eu-act", "de-law+numbers", "de-law+bis"]
)
def test_a_mistyped_beginning_that_follows_another_is_not_silent(profile: str) -> None:
    text = SAMPLES[profile].lstrip("\n")
    outcomes = fates(text, beginnings.mistyped, profile, 20)
    assert outcomes
    assert [fate for fate in outcomes if fate.startswith("lost")] == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("# R\n\nT.\n\n##Title\n\nT.\n", (5, "spelling", "R")),
        ("# R\n\nT.\n\n\\## Title\n\nT.\n", (5, "spelling", "R")),
        ("# R\n\nT.\n\n- ## Title\n\nT.\n", (5, "spelling", "R")),
        ("# R\n\nT.\n\n<## Title\n\nT.\n", (5, "spelling", "R")),
        ('# R\n\n"No.\n\nTitle\n---\n\nEnd" here.\n', (5, "quoted", "R")),
        ("# R\n\nT.\n\n<h2>Title</h2>\n\nT.\n", (5, "spelling", "R")),
        ("# R\n\nText.\u2028## Title\n\nT.\n", (3, "spelling", "R")),
        ("# R\n\nT.\n\n```\n## Title\n```\n", (6, "quoted", "R")),
        ("# R\n\nT.\n\n<!--\n## Title\n-->\n", (6, "quoted", "R")),
    ],
)
def test_what_looks_like_a_heading_is_named(text: str, named: tuple[int, str, str]) -> None:
    assert suspects(planned(text)) == [named]


def test_a_heading_after_a_no_break_space_opens_its_unit() -> None:
    assert addresses(planned("# R\n\nT.\n\n##\u00a0Title\n\nT.\n")) == ["R", "R/TITLE"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("(2 Zwei.", "spelling"),
        ("2) Zwei.", "spelling"),
        ("[2] Zwei.", "spelling"),
        ("(2bis) Zwei.", "spelling"),
        ("2 Zwei.", "next-number"),
        ("„(2) Zwei.“", "quoted"),
        ("> (2) Zwei.", "spelling"),
    ],
)
def test_what_looks_like_a_paragraph_of_a_german_law_is_named(line: str, reason: str) -> None:
    result = planned(f"## § 1 Zweck\n\n(1) Eins.\n\n{line}\n\n## § 2 Ende\n\nText.\n", "de-law")
    assert suspects(result) == [(5, reason, "PAR-1/ABS-1")]


def test_a_list_below_a_paragraph_is_no_suspect() -> None:
    text = "## § 1 Zweck\n\n(1) Eins:\n\n1.  a\n\n2.  b\n\n    a)  c\n\n    aa) d\n\n*   e\n\n(2) Zwei.\n"
    assert suspects(planned(text, "de-law")) == []


def test_a_missing_number_is_told_where_the_profile_allows_it() -> None:
    result = planned("## § 1 Zweck\n\n(1) Eins.\n\n(3) Drei.\n\n## § 3 Ende\n\nText.\n", "de-law")
    assert suspects(result) == [(5, "missing-number", "PAR-1/ABS-1"), (7, "missing-number", "PAR-1/ABS-3")]


def test_a_number_within_a_line_is_named() -> None:
    result = planned("## § 1 Zweck\n\n(1) Eins. (2) Zwei.\n\n## § 2 Ende\n\nText mit (1) im Satz.\n", "de-law")
    assert suspects(result) == [(3, "inside-line", "PAR-1/ABS-1")]


def test_a_reference_at_the_start_of_a_wrapped_line_is_told_as_one() -> None:
    result = planned("## § 1 Zweck\n\nEs gilt der Grundsatz des\n§ 5 Absatz 2 für alle.\n", "de-law")
    assert suspects(result) == [(4, "continues", "PAR-1")]


def test_an_unmarked_group_among_marked_articles_is_text_and_told() -> None:
    text = "## § 1 Bilanz\n\n(1) Gliederung:\n\nI. Anlagen\n\nII. Umlauf\n\n(2) Zwei.\n\n## § 2 Ende\n\nText.\n"
    result = planned(text, "de-law")
    assert addresses(result) == ["PAR-1", "PAR-1/ABS-1", "PAR-1/ABS-2", "PAR-2"]
    assert suspects(result) == [(5, "unmarked", "PAR-1/ABS-1"), (7, "unmarked", "PAR-1/ABS-1")]


def test_an_entry_of_a_table_of_contents_is_told() -> None:
    text = "Inhaltsverzeichnis\n\n§ 1 Zweck\n\n§ 2 Ende\n\n§ 1 Zweck\n\nText.\n\n§ 2 Ende\n\nText.\n"
    assert [found[1:] for found in suspects(planned(text, "de-law"))] == [("in-contents", "(contents)")] * 2


def test_a_paragraph_without_a_place_is_told() -> None:
    result = planned("## Teil 1 Anfang\n\n(1) Eins.\n\n### § 1 Zweck\n\nText.\n", "de-law")
    assert suspects(result) == [(3, "no-place", "TEIL-1")]


def test_a_section_at_the_depth_of_the_articles_is_told() -> None:
    result = planned("## § 1 Zweck\n\nText.\n\n## Neues\n\nText.\n", "de-law")
    assert suspects(result) == [(5, "unknown-heading", "NEUES")]


def test_what_an_annex_holds_is_its_text_and_told() -> None:
    result = planned("## § 1 Zweck\n\nText.\n\n## Anlage 1 Muster\n\n(1) Eins.\n", "de-law")
    assert suspects(result) == [(7, "in-annex", "ANLAGE-1")]


def test_what_is_indented_below_a_list_item_is_told() -> None:
    result = planned("## § 1 Zweck\n\n1. Liste:\n\n   (1) Eins.\n", "de-law")
    assert suspects(result) == [(5, "in-list", "PAR-1")]


def test_the_number_of_a_placeholder_is_generated_and_told() -> None:
    result = planned("## (XXXX)\n\n(1) Eins.\n\n## (XXXX)\n\nText.\n", "de-law")
    assert addresses(result) == ["XXXX-1", "XXXX-1/ABS-1", "XXXX-2"]
    assert suspects(result) == [(1, "generated-number", "XXXX-1"), (5, "generated-number", "XXXX-2")]


@pytest.mark.parametrize("line", ["2- Hai.", "2/ Hai.", "2) Hai.", "- 2. Hai.", "2bis. Hai.", "ĐIÊU 2 HAI"])
def test_what_looks_like_a_clause_of_a_vietnamese_law_is_named(line: str) -> None:
    result = planned(f"Điều 1. Phạm vi\n\n1. Một.\n\n{line}\n", "vi-law")
    assert suspects(result) == [(5, "spelling", "DIEU-1/KHOAN-1")]


@pytest.mark.parametrize("line", ["2\\. Hai.", "2.Hai.", "2.\tHai.", "2.\u00a0Hai.", "２. Hai.", "2\u200b. Hai."])
def test_a_clause_in_another_spelling_opens_its_unit(line: str) -> None:
    result = planned(f"Điều 1. Phạm vi\n\n1. Một.\n\n{line}\n", "vi-law")
    assert addresses(result) == ["DIEU-1", "DIEU-1/KHOAN-1", "DIEU-1/KHOAN-2"]


@pytest.mark.parametrize("word", ["Khoản", "Đến", "Và", "Hoặc"])
def test_a_point_begins_with_any_word(word: str) -> None:
    result = planned(f"Điều 1. Phạm vi\n\n1. Gồm:\n\na) Một;\n\nb) {word} khác.\n", "vi-law")
    assert addresses(result)[-1] == "DIEU-1/KHOAN-1/DIEM-B"


def test_suspects_are_part_of_what_is_signed() -> None:
    clean = accepted(planned("# R\n\nT.\n"))
    doubtful = accepted(planned("# R\n\n##T.\n"))
    assert "suspects" not in clean.model_dump()
    assert doubtful.model_dump()["suspects"]
    told = doubtful.model_copy(update={"suspects": ()})
    assert told.content_digest != doubtful.content_digest


def test_suspects_in_words_name_the_first_lines_and_count_the_rest() -> None:
    result = accepted(planned("# R\n\n" + "##T\n\n" * 25))
    assert suspects_in_words(result.suspects).startswith("25: line 3 spelling, line 5 spelling")
    assert suspects_in_words(result.suspects).endswith("and 5 more")
    assert suspects_in_words(()) == "none"


def test_text_behind_a_list_is_named() -> None:
    text = "# § 1\n\n(1) Verboten ist:\n\n1.  eins;\n\n    auch so;\n\n2.  zwei\n\nund alles andere.\n"
    assert suspects(planned(text.encode(), "de-law+numbers")) == [(11, "behind-list", "PAR-1/ABS-1/NR-2")]


def test_a_part_of_markup_that_text_of_its_unit_follows_is_named() -> None:
    part = "<point><num>a)</num><content><p>lies</p></content></point>"
    raw = (
        '<akomaNtoso xmlns="http://docs.oasis-open.org/legaldocml/ns/akn/3.0"><act name="a"><body><article><num>1</num>'
        f"<intro><p>Who</p></intro>{part}<wrapUp><p>is fined.</p></wrapUp></article></body></act></akomaNtoso>"
    )
    assert suspects(planned(raw.encode(), "akn")) == [(2, "text-follows", "ART-1")]


def test_every_reason_is_met_in_these_tests() -> None:
    source = Path(__file__).read_text()
    assert [reason for reason in SuspectReason if f'"{reason.value}"' not in source] == []


@pytest.mark.parametrize("line", ["2) x\n\n", "\f2) x"])
def test_a_text_of_nothing_but_suspects_is_refused_before_it_fills_the_memory(line: str) -> None:
    text = "## § 1 A\n\n" + line * 60
    assert accepted(planned(text.encode(), "de-law", limits=Limits(max_units=20))).suspects
    assert [code for _, code in refusals(planned(text.encode(), "de-law", limits=Limits(max_units=10)))] == [
        "STOP_CAP_EXCEEDED"
    ]


@pytest.mark.parametrize("tail", [" " * 200_000 + "}", "[" * 200_000, "<a" * 100_000, "[a](" * 50_000])
def test_a_title_of_any_length_and_content_is_read(tail: str) -> None:
    assert accepted(planned(f"# Title{tail}\n")).units[0].address.startswith("DOC/TITLE")


def test_a_refused_document_says_so_instead() -> None:
    assert refusals(planned("Điều 1. A\n\nT.\n\nĐiều 3. B\n\nT.\n", "vi-law")) == [(5, "NUMBER_GAP")]


@pytest.mark.parametrize(
    ("profile", "text"),
    [
        ("de-law", "§ 1 A\n\n(1) Es gilt Absatz\n(2) Satz 1 nicht, wie er steht.\n\n§ 2 B\n\nTor.\n"),
        ("de-law", "§ 1 A\n\n(1) Es gilt entsprechend\n§ 2 Grundsatz des Rechts\n\n§ 3 B\n\nTor.\n"),
        ("de-law", "§ 1 A\n\nNach\nTeil 2 Verfahren und\n§ 2 Rest der Welt\n\nTor.\n"),
        ("vi-law", "Điều 1. A\n\n1. Theo quy định tại khoản\n2. Điều này và khác.\n\nĐiều 2. B\n\nTô.\n"),
        ("vi-law", "Điều 1. A\n\n1. Theo quy định tại\nĐiều 2. Việc khác theo quy định.\n\nĐiều 3. B\n\nTô.\n"),
    ],
)
def test_the_next_number_within_a_sentence_is_refused(profile: str, text: str) -> None:
    assert {code for _, code in refusals(planned(text, profile))} & {"AMBIGUOUS_PARAGRAPH", "AMBIGUOUS_HEADING"}


INDENTED = " " * 21


@pytest.mark.parametrize(
    ("profile", "text", "line"),
    [
        ("vi-law", f"Điều 1. A\n\nTô.\n\n{INDENTED}Điều 2. B\n\nTô.\n", 5),
        ("de-law", f"§ 1 A\n\n(1) Tor.\n\n{INDENTED}(2) Tor.\n", 5),
        ("atx", f"# R\n\nT.\n\n{INDENTED}## B\n\nT.\n", 5),
        ("de-law", "## § 1 A\n\n(1) Tor:\n\n<table>\n<td>(2) Spalte</td>\n</table>\n", 6),
        ("vi-law", "Điều 1. A\n\nTô.\n\n<li>Điều 2. B</li>\n", 5),
        ("vi-law", "Điều 1. A\n\nTô.\n\nĐiều ②. B\n", 5),
        ("vi-law", "Điều 1. A\n\nd) Một.\n".replace("d)", "a)") + "\n_b) Hai._\n", 5),
        ("vi-law", "Điều 1. A\n\nTô.\n\n**Điều** **2**. B\n", 5),
        ("de-law", "§ 1 A\n\nTor.\n\na) § 2 B\n", 5),
        ("de-law", "§ 1 A\n\nTor.\n\nZWEITER TEIL\n", 5),
        ("de-law", "Tail 1 Anfang\n\n§ 1 A\n\nTor.\n", 1),
        ("de-law", "# Anlage 1\n\n## § 1 A\n\nText.\n", 1),
        ("vi-law", "Điều 1. A\n\n1. Một.\n\n2. Hai.3. Ba.\n", 5),
        ("de-law", "## § 1 A\n\n(1) Nach Absatz (2) gilt es. (2) Zwei.\n", 3),
        ("de-law", "## § 1 A\n\n(1) Eins. (2a) Neu.\n", 3),
        ("vi-law", "Điều 1. A\n\nTô. Điều 2. B\n", 3),
        ("de-law", "---\nStand: 2024\n---\n\n## § 1 A\n\nText. § 2 Ende\n", 7),
    ],
)
def test_what_only_a_reader_sees_is_named(profile: str, text: str, line: int) -> None:
    assert line in {found[0] for found in suspects(planned(text.encode(), profile))}


@pytest.mark.parametrize(
    ("profile", "text", "first"),
    [
        ("de-law", "---\nStand: 2024\n\n## § 1 A\n\nTor.\n\n---\n\n## § 2 B\n\nTor.\n", "PAR-1"),
        ("vi-law", "---\nSố: 12\n\nĐiều 1. A\n\nTô.\n\n---\n\nĐiều 2. C\n\nTô.\n", "DIEU-1"),
    ],
)
def test_front_matter_holds_no_units(profile: str, text: str, first: str) -> None:
    assert addresses(planned(text.encode(), profile))[0] == first


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "## Kapitel 1\n\n### § 1 A\n\nx.\n\n## § 2 B\n\nx.\n\n## Kapitel 2\n\n### § 3 C\n\nx.\n",
            (7, "other-depth", "PAR-2"),
        ),
        (
            "## Kapitel 1\n\n### Abschnitt 1\n\n#### § 1 A\n\nx.\n\n## Abschnitt 2\n\n### § 2 B\n\nx.\n",
            (9, "other-depth", "ABSCHNITT-2"),
        ),
    ],
)
def test_what_a_depth_has_moved_out_of_its_group_is_told(text: str, told: tuple[int, str, str]) -> None:
    assert told in suspects(planned(text.encode(), "de-law"))


@pytest.mark.parametrize("heading", ["Abs chnitt 2", "Abschnit 2", "bschnitt 2", "A bschnitt 2"])
def test_a_heading_whose_word_is_broken_is_named(heading: str) -> None:
    text = f"# G\n\n## Abschnitt 1\n\n### § 1 A\n\nText.\n\n## {heading}\n\n### § 2 B\n\nText.\n"
    assert 9 in {line for line, _, _ in suspects(planned(text.encode(), "de-law"))}


@pytest.mark.parametrize("title", ["u.§ 5", "bis \\7 - Gesetz", "\\7 Gesetz", "einschlägige Personen"])
def test_an_article_whose_title_may_be_the_rest_of_its_number_is_told(title: str) -> None:
    assert (1, "spelling", "ART-1") in suspects(planned(f"## Art 1 {title}\n\nText.\n".encode(), "de-law"))


@pytest.mark.parametrize("title", ["(weggefallen)", "„Freie“ Berufe", "5. Januar", "Ämter"])
def test_a_title_of_another_kind_is_no_suspect(title: str) -> None:
    assert suspects(planned(f"## Art 1 {title}\n\nText.\n".encode(), "de-law")) == []


def test_units_behind_a_signature_are_told() -> None:
    text = "Điều 1. A\n\nTô.\n\nTM. CHÍNH PHỦ\nTHỦ TƯỚNG\n\nĐiều 2. B\n\nTô.\n"
    assert (5, "between-units", "(signature)") in suspects(planned(text, "vi-law"))


def test_the_title_of_a_chapter_is_no_signature() -> None:
    text = "Chương I\n\nCHỦ TỊCH NƯỚC\n\nĐiều 1. A\n\nTô.\n"
    result = planned(text, "vi-law")
    assert [unit.title for unit in accepted(result).units] == ["CHỦ TỊCH NƯỚC", "A"]


@pytest.mark.parametrize(
    "sentence",
    [
        "Quy chế này (kèm theo quyết định) được áp dụng.",
        "Quy định về mẫu đơn theo phụ lục (kèm theo Thông tư này) và hướng dẫn.",
        "Nơi nhận hàng là kho.",
    ],
)
def test_a_sentence_is_no_attached_regulation_and_no_recipients(sentence: str) -> None:
    result = planned(f"Điều 1. A\n\nTô.\n\n{sentence}\n\nTô là.\n", "vi-law")
    assert addresses(result) == ["DIEU-1"]
    assert accepted(result).others == ()


def test_what_opens_only_because_lines_are_paragraphs_is_told() -> None:
    long = "Luật này quy định về việc " * 10
    result = planned(f"Điều 1. Phạm vi\n\n1. {long}theo\nĐiều 2. Khoản này\n\nĐiều 3. Ba\n\nTô.\n", "vi-law")
    assert (4, "continues", "DIEU-2") in suspects(result)


@pytest.mark.parametrize(
    ("sign", "profile", "line"),
    [("§ ", "de-law", 1), ("Điều ", "de-law", 0), ("§ ", "vi-law", 0), ("Điều ", "vi-law", 1)],
)
def test_a_number_of_thousands_of_digits_is_none(sign: str, profile: str, line: int) -> None:
    assert refusals(planned(f"{sign}{'1' * 5000}. B\n\nText.\n", profile)) == [(line, "NO_UNITS")]


@pytest.mark.parametrize(
    ("profile", "text"),
    [
        ("de-law", "§ 1 A\n\nT.\n\n§ 2" + " " * 300_000 + "x\n"),
        ("vi-law", "Điều 1. A\n\nT.\n\nMẫu số" + " " * 300_000 + "x\n"),
        ("atx", "# R\n\nT.\n\n## a" + " " * 300_000 + "b#\n"),
        ("de-law", "§ 1 A\n\n" + ("- x\n" + "   (1)\n" * 195) * 50),
    ],
)
def test_long_runs_are_read_in_one_pass(profile: str, text: str) -> None:
    """Each of these took minutes or hours while a pattern or a loop began again at every character or line."""
    assert accepted(planned(text, profile)).units


def test_ten_thousand_equal_headings_are_numbered_in_one_pass() -> None:
    result = planned("# R\n\n" + "## A\n\nT.\n\n" * 10_000, ordinals=True)
    assert accepted(result).units[-1].address == "DOC/R/A-10000"
