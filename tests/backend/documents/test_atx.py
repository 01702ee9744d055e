"""Any Markdown: what opens a unit, what doesn't, and what is refused."""

import pytest

from tests.backend.documents.planned import addresses, bodies, parents, planned, refusals
from tests.support.plans import accepted


def test_depth_gives_section_article_principle_and_the_tree() -> None:
    result = planned("# One\n\n## Two\n\n### Three\n\n#### Four\n\n## Five\n\n# Six\n")
    assert result.histogram == {"article": 2, "principle": 2, "section": 2}
    assert parents(result) == {
        "ONE": None,
        "ONE/TWO": "ONE",
        "ONE/TWO/THREE": "ONE/TWO",
        "ONE/TWO/THREE/FOUR": "ONE/TWO/THREE",
        "ONE/FIVE": "ONE",
        "SIX": None,
    }


def test_a_number_in_the_title_makes_the_address_and_a_title_without_one_its_slug() -> None:
    result = planned("# Article 5 — Fees\n\n# 6. Größe & Đồng\n\n# Principle IV\n\n# What is lent\n")
    assert addresses(result) == ["ARTICLE-5", "SECTION-6", "PRINCIPLE-IV", "WHAT-IS-LENT"]
    assert [u.number for u in accepted(result).units] == ["5", "6", "IV", ""]


def test_front_matter_and_text_before_the_first_heading_are_named_spans() -> None:
    result = planned("---\ntitle: x\n# no heading\n---\n\nBefore.\n\n# One\n\nText.\n")
    others = [(o.name, o.line_start, o.line_end) for o in accepted(result).others]
    assert others == [("front matter", 1, 4), ("title", 5, 7)]
    assert bodies(result) == ["# One\n\nText.\n"]


@pytest.mark.parametrize(
    "hidden",
    [
        "```\n# No\n```\n",
        "~~~~ sh\n# No\n~~~\n# No\n~~~~\n",
        "> # No\n",
        "    # No\n",
        "- item\n\n  # No\n",
        "1. item\n\n   # No\n",
        "<!--\n# No\n-->\n",
        "| # No | x |\n| --- | --- |\n",
        "[^1]: note\n",
        "„Zitat\n# No\nEnde“ danach.\n",
        "“Quoted\n# No\nend” after.\n",
        "«Цитата\n# No\nend» after.\n",
        'She said "first\n# No\nlast" and left.\n',
        '**"first\n# No\nlast"** and left.\n',
        '"**first**\n# No\n_last_" and left.\n',
        "#No space\n",
        "####### Seven\n",
    ],
)
def test_covered_text_opens_no_unit(hidden: str) -> None:
    result = planned(f"# One\n\n{hidden}\n# Two\n\nText.\n")
    assert addresses(result) == ["ONE", "TWO"]


@pytest.mark.parametrize("term", ['"**Term**"', '("**Term**");', "„*Wort*“", '**"Term"**', '"_Term_",', "“__Term__”"])
def test_a_stressed_term_in_quotation_marks_is_closed(term: str) -> None:
    assert addresses(planned(f"# One\n\nA {term} is a word.\n\n# Two\n\nText.\n")) == ["ONE", "TWO"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# A\n\n```\n# B\n", (3, "UNCLOSED_FENCE")),
        ("# A\n\nHe said “no\n\n# B\n", (3, "UNCLOSED_QUOTATION")),
        ("# A\n\n<!-- no\n\n# B\n", (3, "UNCLOSED_COMMENT")),
        ("# A\n\n### B\n", (3, "DEPTH_JUMP")),
        ("# A\n\nTwo\nlines\n---\n", (5, "SETEXT_HEADING")),
        ("# A\n\nTitle\n--\n", (4, "SETEXT_HEADING")),
        ("# A\n\nTitle\n=\n", (4, "SETEXT_HEADING")),
        ("# A\n\n- item\n---\n", (4, "SETEXT_HEADING")),
        ("# A\n\n| cell |\n---\n", (4, "SETEXT_HEADING")),
        ("# A\n\nName   Role\n------\n", (4, "SETEXT_HEADING")),
        ("# A\n\n    code\n---\n", (4, "SETEXT_HEADING")),
        ("# A\n\n## —\n", (3, "ADDRESS_EMPTY")),
        ("Only text.\n", (0, "NO_UNITS")),
    ],
)
def test_ambiguity_is_refused_with_its_line(text: str, expected: tuple[int, str]) -> None:
    assert refusals(planned(text)) == [expected]


def test_an_underlined_line_that_stands_alone_is_a_heading() -> None:
    text = "---\nx: y\n---\nRules {#top}\n=====\nText.\n\n[Boats](x.md)\n---\n\nText.\n\n### Oars\n\n---\n\nText.\n"
    result = planned(text)
    assert parents(result) == {"RULES": None, "RULES/BOATS": "RULES", "RULES/BOATS/OARS": "RULES/BOATS"}
    assert bodies(result)[1] == "[Boats](x.md)\n---\n\nText.\n\n"
    assert [u.line_start for u in accepted(result).units] == [4, 8, 13]


def test_a_quoted_or_fenced_underline_makes_no_heading() -> None:
    assert addresses(planned("# A\n\n```\n\nB\n---\n```\n")) == ["A"]


def test_a_decimal_number_is_the_number_of_its_heading() -> None:
    result = planned("# 3 Boats\n\n## 3.1 Classes\n\n### 3.1.2 Oars\n\nText.\n")
    assert addresses(result) == ["3-BOATS", "3-BOATS/ARTICLE-3.1", "3-BOATS/ARTICLE-3.1/PRINCIPLE-3.1.2"]
    assert [(u.number, u.title) for u in accepted(result).units][1:] == [
        ("3.1", "3.1 Classes"),
        ("3.1.2", "3.1.2 Oars"),
    ]


def test_something_left_open_that_hides_nothing_is_no_problem() -> None:
    assert addresses(planned('# A\n\nA 5" board, „und so weiter.\n')) == ["A"]


def test_duplicate_addresses_are_refused_with_lines() -> None:
    """Ten duplicate addresses without a word, or renamed silently. Both lines are named instead."""
    result = planned("# A\n\n## B\n\ntext\n\n## B\n")
    assert refusals(result) == [(7, "ADDRESS_REPEATED")]
    assert "line 3" in result.problems[0].message


def test_ordinals_are_given_only_when_asked_for_and_the_plan_says_so() -> None:
    """With ordinals each repeated heading shows its ordinal, and children hang below the right one."""
    result = planned("# A\n## B\n### x\n## B\n### x\n## B-2\n", ordinals=True)
    assert addresses(result) == ["A", "A/B", "A/B/X", "A/B-2", "A/B-2/X", "A/B-2-2"]
    assert accepted(result).ordinals


def test_quoted_amendments_open_no_unit() -> None:
    """ "Article 5 now reads: “Article 5 …”" broke the structure."""
    result = planned("# Article 1\n\nArticle 5 now reads:\n\n“\n# Article 5\n\nNew text.”\n\n# Article 2\n\nEnd.\n")
    assert addresses(result) == ["ARTICLE-1", "ARTICLE-2"]


def test_titles_are_inert_and_bounded_while_the_body_keeps_every_byte() -> None:
    """Escape sequences in a title redraw the operator's screen."""
    result = planned(f"# Red \x1b[31m \u202etxt [/x] {'long ' * 100}\n\nBody \x1b[0m.\n")
    unit = accepted(result).units[0]
    assert "\x1b" not in unit.title
    assert "\u202e" not in unit.title
    assert "[/x]" in unit.title
    assert len(unit.title) <= 220
    assert bodies(result)[0].encode() == result.canonical


def test_line_ends_byte_order_mark_and_normal_form_give_the_same_units() -> None:
    plain = accepted(planned("# Điều lệ\n\nGrüße.\n".encode()))
    other = accepted(planned("\ufeff# Đie\u0302\u0300u le\u0323\u0302\r\n\r\nGru\u0308ße.\r\n".encode()))
    assert plain.units == other.units


PAGE = "---\ntitle: 'House Rules'\n---\n\nEverybody wipes their feet.\n\n* shoes\n* boots\n"


def test_a_page_without_a_heading_is_one_unit_with_the_title_of_its_front_matter() -> None:
    result = planned(PAGE)
    assert addresses(result) == ["HOUSE-RULES"]
    assert bodies(result) == ["\nEverybody wipes their feet.\n\n* shoes\n* boots\n"]
    assert [unit.title for unit in accepted(result).units] == ["House Rules"]
    assert [other.name for other in accepted(result).others] == ["front matter"]


@pytest.mark.parametrize(
    "text",
    [
        PAGE.partition("---\n\n")[2],
        PAGE.replace("title: 'House Rules'", "name: House Rules"),
        PAGE.replace("title: 'House Rules'", "title: |\n  House Rules"),
        PAGE.replace("* shoes", "1. shoes"),
        PAGE.replace("* shoes", "(a) shoes"),
        PAGE.replace("* shoes", "Article II"),
        PAGE.replace("* shoes", "§ 1 Shoes"),
        PAGE.replace("* shoes", "> **Điều 1.** Giày"),
        PAGE.replace("* shoes", "##Shoes"),
        PAGE.replace("* shoes", "```\n# Shoes\n```"),
        PAGE.replace("* shoes", "<h2>Shoes</h2>"),
    ],
)
def test_a_text_that_may_have_parts_is_no_page(text: str) -> None:
    assert [code for _, code in refusals(planned(text))] == ["NO_UNITS"]


def test_a_text_without_units_names_the_line_that_reads_like_one() -> None:
    problem = planned("Rules\n\n##Boats\n\nText.\n\n##Oars\n").problems[0]
    assert (problem.line, problem.code) == (3, "NO_UNITS")
    assert "'##Boats' and 1 more lines read like a beginning" in problem.message
