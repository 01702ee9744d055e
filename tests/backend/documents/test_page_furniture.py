"""Rules of page furniture, each by itself: heads, page numbers, stamps, footnotes, and what they leave in the text."""

from itertools import count

import pytest

from console.backend.documents.furniture import find_furniture
from console.backend.documents.furniture_rules import Furniture
from console.backend.documents.profiles import load_profile
from console.backend.model.plan import DropRule

HEAD = "CÔNG BÁO/Số 21/Ngày 07-4-2024"
STAMP = ("Ký bởi: NHÀ IN", "Email: in@vi.example", "Cơ quan: NHÀ IN", "Ngày ký: 2024-04-08 07:08:09 +07:00")
NOTE = "Khoản này được sửa đổi theo luật khác."
FULL = "Người giữ bến ghi tên từng chiếc thuyền vào một quyển sổ lớn"
"""A full line of a page: its sentence goes on."""


def rules() -> Furniture:
    """The rules of the Vietnamese gazette."""
    furniture = load_profile("vi-law").furniture
    assert furniture is not None
    return furniture


def pages(*texts: str, head: str = "{head}\n{number}\n \n") -> str:
    """Texts of pages, each below a head with the next number."""
    return "".join(f"{head.format(head=HEAD, number=number)}{text}\n" for number, text in zip(count(41), texts))


def kept(text: str) -> str:
    """What stays of a text."""
    parts, at = [], 0
    for piece in find_furniture(text, rules())[0]:
        assert piece.start >= at
        parts.append(text[at : piece.start])
        at = piece.end
    return "".join(parts) + text[at:]


def dropped(text: str, rule: DropRule) -> list[str]:
    """What a rule drops of a text, without the spaces around it."""
    return [text[piece.start : piece.end].strip() for piece in find_furniture(text, rules())[0] if piece.rule is rule]


def refused(text: str) -> list[tuple[int, str]]:
    """Line and first words of each refusal."""
    problems = find_furniture(text, rules())[1]
    assert {problem.code for problem in problems} <= {"FOOTNOTE_UNCLEAR"}
    return [(problem.line, problem.message) for problem in problems]


ROTATED = "{number}\n \n{head}   {number}\n \n"


def test_a_page_that_has_its_number_twice_loses_both_where_three_pages_do() -> None:
    assert kept(pages("Một.", "Hai.", "Ba.", head=ROTATED)) == "Một.\nHai.\nBa.\n"
    below = "{head}   {number}\n \n{number}\n"
    assert kept(pages("Một.", "Hai.", "Ba.", head=below)) == "Một.\nHai.\nBa.\n"


def test_the_cell_of_a_table_above_one_or_two_heads_is_no_second_number() -> None:
    twice = pages("Một.", "Hai.", head=ROTATED) + f"{HEAD}   43\n \nBa.\n{HEAD}   44\n \nBốn.\n"
    assert kept(twice) == "41\nMột.\n42\nHai.\nBa.\nBốn.\n"


@pytest.mark.parametrize(
    ("above", "left"),
    [
        pytest.param("{number}\n", "41\nMột.\n42\nHai.\n43\nBa.\n", id="without a blank line"),
        pytest.param("9\n \n", "9\nMột.\n9\nHai.\n9\nBa.\n", id="another number"),
    ],
)
def test_a_number_above_a_head_that_is_not_its_page_s_stays(above: str, left: str) -> None:
    assert kept(pages("Một.", "Hai.", "Ba.", head=f"{above}{{head}}   {{number}}\n")) == left


@pytest.mark.parametrize("blank", ["", " \n", " \n\u00a0\n\n"])
def test_the_head_of_a_page_behind_an_empty_one_is_dropped_too(blank: str) -> None:
    text = f"{HEAD}\n41\n \nMột.\n \n{HEAD}\n42\n{blank}{HEAD}\n43\n{blank}{HEAD}\n44\n \nBốn.\n"
    assert kept(text) == "Một.\nBốn.\n"
    assert len(dropped(text, DropRule.PAGE_BREAK)) == 4


def test_a_number_between_the_heads_of_two_issues_is_dropped_with_one_of_them() -> None:
    other = HEAD.replace("21", "22")
    text = f"{HEAD}\n41\n \nMột.\n{HEAD}\n42\n{other}\nHai.\n{other}\n43\n \nBa.\n"
    assert kept(text) == f"Một.\n{other}\nHai.\nBa.\n"


def test_a_number_two_lines_from_its_head_is_the_page_s_only_behind_a_blank_line() -> None:
    assert kept(pages("Một.", "Hai.", head="{head}\n \n{number}\n \n")) == "Một.\nHai.\n"
    assert kept(pages("Một.", "Hai.", head="{number}\n \n{head}\n \n")) == "Một.\nHai.\n"
    for head in ("{head}\nBảng số\n{number}\n \n", "{number}\nBảng số\n{head}\n \n"):
        text = pages("Một.", "Hai.", head=head)
        assert kept(text) == text


def test_two_lines_of_a_stamp_are_the_text_of_a_form() -> None:
    two, three = "\n".join(STAMP[:2]), "\n".join(STAMP[:3])
    assert kept(pages(f"Một.\n{two}", "Hai.")) == f"Một.\n{two}\nHai.\n"
    assert kept(pages(f"Một.\n{three}", "Hai.")) == "Một.\nHai.\n"


def test_a_stamp_stands_in_its_order_and_begins_with_its_first_line() -> None:
    for lines in (STAMP[1:], (STAMP[0], *STAMP[:0:-1]), (*STAMP, "Hết.")):
        text = pages("\n".join(("Một.", *lines)), "Hai.")
        assert dropped(text, DropRule.STAMP) == []


@pytest.mark.parametrize("head", ["\n{head}\n{number}\n\n", "\n{head}\n{number}\n", "{head}\n{number}\n\n"])
@pytest.mark.parametrize("last", ["Bảng tên các bến", "CHỦ TỊCH"])
def test_a_blank_line_is_left_where_a_paragraph_ended_at_the_foot_of_a_page(last: str, head: str) -> None:
    text = pages(f"{FULL}\n{FULL}\n{FULL}\n{last}", "Điều 2. Cầu", head=head)
    assert kept(text).endswith(f"{FULL}\n{last}\n\nĐiều 2. Cầu\n")


@pytest.mark.parametrize(
    "last",
    [
        FULL,
        # These end with a sign: the line that follows is known to begin anew.
        *(f"Bảng tên các bến{sign}" for sign in '.;:!?”"»'),
    ],
)
def test_no_blank_line_is_left_where_a_sentence_goes_on_or_a_sign_ends_it(last: str) -> None:
    text = pages(f"{FULL}\n{FULL}\n{FULL}\n{last}", "Điều 2. Cầu", head="\n{head}\n{number}\n\n")
    assert kept(text).endswith(f"{FULL}\n{last}\nĐiều 2. Cầu\n")


def test_a_paragraph_ends_above_the_footnotes_and_an_empty_page_too() -> None:
    text = pages(f"{FULL}1\n{FULL}\n{FULL}\nBảng tên các bến\n\n1 {NOTE}", "Điều 2. Cầu", head="\n{head}\n{number}\n\n")
    assert kept(text).endswith(f"{FULL}\nBảng tên các bến\n\nĐiều 2. Cầu\n")
    text = pages(f"{FULL}\n{FULL}\n{FULL}\nBảng tên các bến", "", "Điều 3. Cây", head="\n{head}\n{number}\n\n")
    assert kept(text).endswith(f"{FULL}\nBảng tên các bến\n\nĐiều 3. Cây\n")


def test_no_blank_line_is_left_at_the_end_of_the_text() -> None:
    last = f"{FULL}1\n{FULL}\n{FULL}\nBảng tên các bến"
    for foot in (f"1 {NOTE}", "\n".join(STAMP)):
        assert kept(pages("Một.", f"{last}\n\n{foot}")).endswith(f"{FULL}\nBảng tên các bến\n")
    assert kept(pages("Một.", f"{last}\n\nHết.")).endswith("Bảng tên các bến\n\nHết.\n")


def noted(mark: int, note: str = NOTE) -> str:
    """A page with a footnote and its mark."""
    return f"Bến{mark} ở bờ bắc.\n \n{mark} {note}"


def test_a_footnote_and_its_mark_are_dropped() -> None:
    text = pages(noted(1), noted(2), "Hết.")
    assert kept(text) == "Bến ở bờ bắc.\nBến ở bờ bắc.\nHết.\n"
    assert dropped(text, DropRule.FOOTNOTE) == [f"1 {NOTE}", f"2 {NOTE}"]
    assert dropped(text, DropRule.FOOTNOTE_MARK) == ["1", "2"]


@pytest.mark.parametrize(
    ("note", "refusals"),
    [
        ("Cụm từ “và cầu gỗ” được bãi bỏ theo luật khác.", 0),
        ("Từ “cầu” được bãi bỏ theo luật khác.", 0),
        ("Chữ “và cầu gỗ” được bãi bỏ theo luật khác.", 1),
        ("Cụm từ “và cầu gỗ” được thay thế theo luật khác.", 1),
    ],
)
def test_only_a_footnote_on_words_that_were_struck_out_may_have_no_mark(note: str, refusals: int) -> None:
    text = pages(noted(1), f"Bến ở bờ bắc.\n \n2 {note}", "Hết.")
    assert len(refused(text)) == refusals
    assert (f"2 {note}" in kept(text)) == bool(refusals)


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(f"Bến2 ở bờ bắc.\n \nCầu ở bờ nam.\n2 {NOTE}", id="its mark in a paragraph above"),
        pytest.param(f"Cầu gỗ.\n \nBến2 ở bờ bắc.\n2 {NOTE}", id="its mark in the paragraph above it"),
        pytest.param(f"Cầu gỗ.\nBến2 ở bờ bắc.\n2 {NOTE}", id="on a page without a blank line"),
        pytest.param("Bến ở bờ bắc.\n2 Cụm từ “và cầu” được bãi bỏ theo luật khác.", id="on struck out words"),
    ],
)
def test_a_footnote_that_stands_directly_below_text_is_refused_with_its_line(page: str) -> None:
    text = pages(noted(1), page, "Hết.")
    line = next(number for number, row in enumerate(text.split("\n"), 1) if row.startswith("2 "))
    ((at, message),) = refused(text)
    assert (at, message.partition(",")[0]) == (line, "stands directly below text")


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(f"Bến ở bờ bắc, theo khoản\n2 {NOTE}", id="no mark"),
        pytest.param(f"Bến ở bờ bắc rộng 30 m2, theo khoản\n2 {NOTE}", id="a measure"),
        pytest.param(f"Bến lập năm 2022, theo khoản\n2 {NOTE}", id="the end of a year"),
        pytest.param(f"Bến2 ở bờ bắc, theo khoản\n7 {NOTE}", id="another number"),
        pytest.param("Bến2 ở bờ bắc, theo khoản\n2 Điều 7 của luật khác.", id="what no footnote says"),
    ],
)
def test_a_line_of_the_law_that_begins_with_the_next_number_is_no_footnote(page: str) -> None:
    text = pages(noted(1), page, "Hết.")
    assert refused(text) == []
    assert page in kept(text)


def test_footnotes_behind_one_that_is_refused_are_no_fault_of_their_own() -> None:
    text = pages(noted(1), f"Bến2 ở bờ bắc.\n \n3 {NOTE}", noted(4), noted(5), "Hết.")
    ((line, message),) = refused(text)
    assert (line, text.split("\n")[line - 1]) == (12, f"3 {NOTE}")
    assert message.startswith("reads like footnote 3, but footnote 2 comes next")
    assert dropped(text, DropRule.FOOTNOTE) == [f"{mark} {NOTE}" for mark in (1, 4, 5)]


def test_footnotes_behind_one_directly_below_text_are_no_fault_of_their_own() -> None:
    above = f"Bến2 ở bờ bắc, cầu3 ở bờ nam.\n \nCây.\n2 {NOTE}\n3 {NOTE}"
    for page, following in ((f"Bến2 ở bờ bắc.\n2 {NOTE}", 3), (above, 4)):
        text = pages(noted(1), page, noted(following), "Hết.")
        assert len(refused(text)) == 1
        assert dropped(text, DropRule.FOOTNOTE) == [f"1 {NOTE}", f"{following} {NOTE}"]


def test_a_footnote_says_at_its_beginning_that_it_is_one() -> None:
    """The words of a change, far within a paragraph, make no footnote of it."""
    for words, is_one in ((70, True), (100, False)):
        long = f"Khoản này {'dài ' * words}được sửa đổi."
        assert (dropped(pages(noted(1, long), "Hết."), DropRule.FOOTNOTE) == [f"1 {long}"]) is is_one


def rules_with(**changes: object) -> Furniture:
    """Rules of furniture that are sound but for these keys."""
    sound = {"holds": "GAZETTE", "running_head": "GAZETTE", "footnote": "(?P<mark>[0-9]+) .*", "footnote_says": "by"}
    return Furniture.model_validate({**sound, **changes})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"running_head": "("}, "key running_head: '(' is no regular expression"),
        ({"stamp": ("Signed", "[")}, "key stamp: '[' is no regular expression"),
        ({"footnote": "("}, "key footnote: '(' is no regular expression"),
        ({"footnote_says": "*"}, "key footnote_says: '*' is no regular expression"),
        ({"struck_out": "(?P<x>"}, "key struck_out: '(?P<x>' is no regular expression"),
        ({"glued_marks": ("1.#", ")#")}, "key glued_marks: ')#' is no regular expression"),
        ({"footnote": "[0-9]+ .*"}, "key footnote: '[0-9]+ .*' has no group `mark`"),
        ({"glued_marks": ("[0-9]+",)}, "key glued_marks: '[0-9]+' has no #"),
    ],
)
def test_a_fault_of_the_rules_is_told_by_its_key(changes: dict[str, object], said: str) -> None:
    assert rules_with(**changes).fault().startswith(f"furniture: {said}")


def test_sound_rules_have_no_fault() -> None:
    assert rules_with().fault() == ""
    assert rules_with(footnote="", footnote_says="").fault() == ""
    assert rules().fault() == ""
