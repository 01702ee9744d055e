"""Vietnamese laws: Phần, Chương, Mục, Điều, Khoản, Điểm, in the forms in which they circulate."""

import pytest

from console.backend.model.canonical_json import canonical_json
from tests.backend.documents.planned import addresses, bodies, parents, planned, refusals
from tests.support.plans import accepted

LAW = """
QUỐC HỘI

LUẬT
VỀ HỒ NƯỚC

Căn cứ Hiến pháp;

Chương I
NHỮNG QUY ĐỊNH CHUNG

Điều 1. Phạm vi điều chỉnh
Luật này quy định về hồ nước.

Điều 2. Giải thích từ ngữ
Trong Luật này, các từ ngữ dưới đây được hiểu như sau:
1. Hồ là vùng nước.
2. Bờ gồm:
a) Bờ cát;
b) Bờ đá;
c) Bờ đất;
d) Bờ cỏ;
đ) Bờ khác;
e) Bến.
3. Nước.

Chương II
QUẢN LÝ
Mục 1
QUY HOẠCH

Điều 3. Quy hoạch
Điều 5 của Luật này không áp dụng.
Mục 2. KIỂM TRA
Điều 4. Kiểm tra
a) Hằng năm;
b) Đột xuất.
"""


def test_a_plain_law_becomes_the_tree_a_lawyer_sees() -> None:
    assert parents(planned(LAW, "vi-law")) == {
        "CHUONG-I": None,
        "DIEU-1": "CHUONG-I",
        "DIEU-2": "CHUONG-I",
        "DIEU-2/KHOAN-1": "DIEU-2",
        "DIEU-2/KHOAN-2": "DIEU-2",
        "DIEU-2/KHOAN-2/DIEM-A": "DIEU-2/KHOAN-2",
        "DIEU-2/KHOAN-2/DIEM-B": "DIEU-2/KHOAN-2",
        "DIEU-2/KHOAN-2/DIEM-C": "DIEU-2/KHOAN-2",
        "DIEU-2/KHOAN-2/DIEM-D": "DIEU-2/KHOAN-2",
        "DIEU-2/KHOAN-2/DIEM-DD": "DIEU-2/KHOAN-2",
        "DIEU-2/KHOAN-2/DIEM-E": "DIEU-2/KHOAN-2",
        "DIEU-2/KHOAN-3": "DIEU-2",
        "CHUONG-II": None,
        "CHUONG-II/MUC-1": "CHUONG-II",
        "DIEU-3": "CHUONG-II/MUC-1",
        "CHUONG-II/MUC-2": "CHUONG-II",
        "DIEU-4": "CHUONG-II/MUC-2",
        "DIEU-4/DIEM-A": "DIEU-4",
        "DIEU-4/DIEM-B": "DIEU-4",
    }


def test_titles_on_the_same_and_on_the_next_line_are_found() -> None:
    titles = {u.address: u.title for u in accepted(planned(LAW, "vi-law")).units}
    assert titles["DOC/CHUONG-I"] == "NHỮNG QUY ĐỊNH CHUNG"
    assert titles["DOC/CHUONG-II/MUC-1"] == "QUY HOẠCH"
    assert titles["DOC/CHUONG-II/MUC-2"] == "KIỂM TRA"
    assert titles["DOC/DIEU-1"] == "Phạm vi điều chỉnh"


@pytest.mark.parametrize(
    "text",
    [
        "# Chương I. Chung\n\n## Điều 1. Một\n\n1. Nội dung.\n\n## Điều 2. Hai\n\nNội dung.\n",
        "**CHƯƠNG I**\n**CHUNG**\n\n**Điều 1. Một**\n\n1. Nội dung.\n\n**Điều 2.** Hai\n\nNội dung.\n",
        "CHƯƠNG I\n\nCHUNG\n\nĐIỀU 1: MỘT\n1. Nội dung.\nĐIỀU 2: HAI\nNội dung.\n",
        "Chương I\r\nCHUNG\r\nĐiều 1 – Một\r\n1. Nội dung.\r\nĐiều 2 – Hai\r\nNội dung.\r\n",
        "Chương I\n\nCHUNG\n\nĐiều 1\n\n1. Nội dung.\n\nĐiều 2\n\nNội dung.\n",
    ],
)
def test_marked_and_unmarked_forms_give_the_same_addresses(text: str) -> None:
    assert addresses(planned(text, "vi-law")) == ["CHUONG-I", "DIEU-1", "DIEU-1/KHOAN-1", "DIEU-2"]


def test_decomposed_input_is_the_same_law() -> None:
    import unicodedata

    assert addresses(planned(unicodedata.normalize("NFD", LAW), "vi-law")) == addresses(planned(LAW, "vi-law"))


def test_chapters_may_run_on_through_parts_or_begin_again() -> None:
    running = "Phần thứ nhất\nA\nChương I\nB\nĐiều 1. C\nx.\nPhần thứ hai\nD\nChương II\nE\nĐiều 2. F\nx.\n"
    again = running.replace("Chương II", "Chương I")
    assert "PHAN-2/CHUONG-II" in addresses(planned(running, "vi-law"))
    assert "PHAN-2/CHUONG-I" in addresses(planned(again, "vi-law"))


def test_an_annex_has_articles_of_its_own() -> None:
    text = "## Điều 1. A\n\nx\n\n# PHỤ LỤC D: B\n\n### ĐIỀU 1: C\n\nx\n\n### ĐIỀU 2: D\n\nx\n"
    assert addresses(planned(text, "vi-law")) == ["DIEU-1", "PHULUC-D", "PHULUC-D/DIEU-1", "PHULUC-D/DIEU-2"]


def test_a_quoted_amendment_opens_no_unit() -> None:
    """The quoted new article belongs to the paragraph that inserts it."""
    text = """
    Điều 1. Sửa đổi
    1. Sửa đổi Điều 9 như sau:
    “Điều 9. Tên mới
    1. Một.
    2. Hai:
    a) Ba.”.
    2. Bãi bỏ khoản 3.
    Điều 2. Hiệu lực
    Luật này có hiệu lực.
    """
    result = planned(text, "vi-law")
    assert addresses(result) == ["DIEU-1", "DIEU-1/KHOAN-1", "DIEU-1/KHOAN-2", "DIEU-2"]
    assert "Tên mới" in bodies(result)[1]


@pytest.mark.parametrize(
    "reference",
    [
        "Điều 2 của Luật này không áp dụng.",
        "Điều 2, Điều 3 không áp dụng.",
        "Chương II của Luật này không áp dụng.",
        "khoản 2 Điều 3 không áp dụng.",
        "a và b là như nhau.",
    ],
)
def test_a_reference_at_the_start_of_a_line_opens_no_unit(reference: str) -> None:
    """A cross-reference at the start of a line was taken for a heading."""
    assert addresses(planned(f"Điều 1. A\nNội dung.\n{reference}\n", "vi-law")) == ["DIEU-1"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Điều 1. A\nx.\nĐiều 3. B\nx.\n", [(3, "NUMBER_GAP")]),
        ("Điều 2. A\nx.\n", [(1, "NUMBER_GAP")]),
        ("Điều 1. A\nx.\nĐiều 2. B\nx.\nĐiều 1. C\nx.\n", [(5, "ADDRESS_REPEATED")]),
        ("Điều 1. A\n1. Một.\n3. Ba.\n", [(3, "NUMBER_GAP")]),
        ("Điều 1. A\n1. Một:\na) A;\nc) C.\n", [(4, "NUMBER_GAP")]),
        ("Điều 1. A\n1. Một:\na) A;\nb) B;\nc) C;\nd) D;\nđ) Đ;\ne) E;\nf) F.\n", [(9, "FOREIGN_LETTER")]),
        ("Điều 1. A\n1. Một\ntheo khoản\n2. Hai.\n", [(4, "AMBIGUOUS_PARAGRAPH")]),
        ("## Điều 1. A\n\nx.\n\n# Ghi chú\n\nx.\n", [(5, "UNKNOWN_HEADING")]),
        ("Điều 1. A\nx như sau: “Điều 2. B\n\nĐiều 2. C\nx.\n", [(2, "UNCLOSED_QUOTATION")]),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(text: str, expected: list[tuple[int, str]]) -> None:
    assert refusals(planned(text, "vi-law")) == expected


def test_an_article_lost_within_a_line_is_named_with_that_line() -> None:
    result = planned("## Điều 1. A\n\n- một.  Điều 2. B\n\n## Điều 3. C\n\nx\n", "vi-law")
    assert refusals(result) == [(5, "NUMBER_GAP")]
    assert "within line 3" in result.problems[0].message


def test_an_attached_regulation_has_articles_of_its_own() -> None:
    text = """
        Điều 1. Ban hành
        Ban hành kèm theo Quyết định này Quy chế họp.

        Điều 2. Hiệu lực
        Quyết định này có hiệu lực ngay.

        QUY CHẾ HỌP
        (Ban hành kèm theo Quyết định số 1)

        Điều 1. Phạm vi
        Quy chế này quy định việc họp.
        """
    assert addresses(planned(text, "vi-law")) == ["DIEU-1", "DIEU-2", "QUY-CHE-HOP", "QUY-CHE-HOP/DIEU-1"]


def test_a_regulation_that_nothing_attaches_is_text() -> None:
    text = "Điều 1. Phạm vi\n\nQUY CHẾ HỌP\n\nĐiều 2. Hiệu lực\n\nCó hiệu lực ngay.\n"
    assert addresses(planned(text, "vi-law")) == ["DIEU-1", "DIEU-2"]


def test_signature_and_recipients_are_named_parts() -> None:
    text = "Điều 1. Hiệu lực\n\nCó hiệu lực ngay.\n\nNơi nhận:\n- Như trên;\n- Lưu: VT.\n\nTM. CHÍNH PHỦ\nTHỦ TƯỚNG\n"
    result = planned(text, "vi-law")
    assert addresses(result) == ["DIEU-1"]
    assert [(part.name, part.line_start) for part in accepted(result).others] == [("recipients", 5), ("signature", 9)]


def test_a_wrapped_title_is_read_whole_and_its_first_clause_opens() -> None:
    text = "Điều 1. Trách nhiệm của cơ quan\nvà của người đứng đầu\n1. Một.\n2. Hai.\n"
    result = planned(text, "vi-law")
    assert addresses(result) == ["DIEU-1", "DIEU-1/KHOAN-1", "DIEU-1/KHOAN-2"]
    assert accepted(result).units[0].title == "Trách nhiệm của cơ quan và của người đứng đầu"


def test_where_each_line_is_a_paragraph_each_line_can_be_a_beginning() -> None:
    long = "Cơ quan này có trách nhiệm " + "thực hiện quy định " * 12
    text = f"Điều 1. Phạm vi\n1. {long}\nBảng 35\nĐiều 2. Hiệu lực\n{long}\n"
    assert addresses(planned(text, "vi-law")) == ["DIEU-1", "DIEU-1/KHOAN-1", "DIEU-2"]


def test_titles_are_free_of_markup() -> None:
    result = planned('<span id="d1">**Điều 1. [Phạm vi](https://example.org)**</span>\n\nText.\n', "vi-law")
    assert accepted(result).units[0].title == "Phạm vi"


def test_a_form_keeps_its_articles_as_text() -> None:
    text = "Điều 1. Biểu mẫu\n\nText.\n\nĐiều 2. Hiệu lực\n\nText.\n\nMẫu số 01\n\nQUYẾT ĐỊNH:\n\nĐiều 1. Cấp phép\n\nText.\n"
    assert addresses(planned(text, "vi-law")) == ["DIEU-1", "DIEU-2", "MAU-01"]


WRAPPED = """\
Chính phủ ban hành nghị định
Chương I
QUY ĐỊNH VỀ HỒ NƯỚC, VỀ BỜ HỒ VÀ VỀ NHỮNG NGƯỜI
GIỮ HỒ
Điều 1. Phạm vi
1. Nghị định này quy định về hồ nước và về bờ của nó.
2. Mức thu được tính theo bảng dưới đây, tính bằng đồng:
Trên 80
35
Điều 2. Người giữ hồ
1. Người giữ hồ đo mực nước mỗi ngày một lần vào sáng.
"""
"""Lines of about fifty characters; before Chương I and the articles stands no sign that ends a sentence."""


def test_a_short_line_or_one_in_capitals_ends_its_paragraph_before_the_next_heading() -> None:
    result = planned(WRAPPED, "vi-law")
    assert addresses(result) == [
        *("CHUONG-I", "DIEU-1", "DIEU-1/KHOAN-1", "DIEU-1/KHOAN-2", "DIEU-2", "DIEU-2/KHOAN-1"),
    ]
    title = "QUY ĐỊNH VỀ HỒ NƯỚC, VỀ BỜ HỒ VÀ VỀ NHỮNG NGƯỜI GIỮ HỒ"
    assert accepted(result).units[0].title == title
    suspects = [(s.reason.value, s.text) for s in accepted(result).suspects]
    assert suspects == [("continues", "Chương I"), ("continues", "Điều 2. Người giữ hồ")]


def test_behind_a_full_line_the_next_heading_may_be_the_rest_of_its_sentence() -> None:
    text = WRAPPED.replace("35\n", "Thuế suất này được áp dụng như đã quy định tại\n")
    assert ("AMBIGUOUS_HEADING") in {code for _, code in refusals(planned(text, "vi-law"))}


def test_a_short_line_makes_no_paragraph_of_a_number() -> None:
    text = WRAPPED.replace("35\nĐiều 2. Người giữ hồ\n1. Người", "35\n3. Người")
    assert {code for _, code in refusals(planned(text, "vi-law"))} == {"AMBIGUOUS_PARAGRAPH"}


SIGNED = "TM. CHÍNH PHỦ\nNguyễn Văn A\n\n"
FORM = "Phụ lục I\nMẪU HỢP ĐỒNG\n\nĐiều 1. Bên A\n1. Tên.\n3. Tuổi.\n\nĐiều 2. Bên B\n1. Tên.\n\nĐiều 3. Ký\nHết.\n"
ACT = "Điều 1. A\nMột.\n\nĐiều 2. B\nHai.\n\n"


def test_an_annex_whose_numbers_do_not_hold_is_one_unit_and_each_beginning_in_it_is_told() -> None:
    plan = accepted(planned(ACT + SIGNED + FORM, "vi-law"))
    assert [unit.address for unit in plan.units] == ["DOC/DIEU-1", "DOC/DIEU-2", "DOC/PHULUC-I"]
    assert [(suspect.reason.value, suspect.text[:6]) for suspect in plan.suspects] == [
        *(("in-annex", begins) for begins in ("Điều 1", "1. Tên", "3. Tuổ", "Điều 2", "1. Tên", "Điều 3")),
    ]


def test_an_annex_whose_numbers_hold_is_cut() -> None:
    text = ACT + SIGNED + FORM.replace("3. Tuổi", "2. Tuổi")
    assert "PHULUC-I/DIEU-1/KHOAN-2" in addresses(planned(text, "vi-law"))


def test_an_annex_that_may_have_swallowed_the_act_refuses_it() -> None:
    unsigned = ACT + FORM
    assert "ANNEX_INTERRUPTED" in {code for _, code in refusals(planned(unsigned, "vi-law"))}


def test_a_fault_outside_of_annexes_is_refused_though_one_of_them_is_unclear_too() -> None:
    text = ACT.replace("Điều 2", "Điều 3") + SIGNED + FORM
    assert "NUMBER_GAP" in {code for _, code in refusals(planned(text, "vi-law"))}


PROGRAMME = """\
Điều 1. Phê duyệt Đề án với các nội dung sau:

I. QUAN ĐIỂM

1. Một.

2. Hai.

II. MỤC TIÊU

1. Ba.

2. Bốn.

Điều 2. Hiệu lực

Hết.
"""


def test_the_sections_of_a_programme_are_units_where_its_clauses_begin_again() -> None:
    result = planned(PROGRAMME, "vi-law")
    assert addresses(result) == [
        *("DIEU-1", "DIEU-1/MUC-I", "DIEU-1/MUC-I/KHOAN-1", "DIEU-1/MUC-I/KHOAN-2"),
        *("DIEU-1/MUC-II", "DIEU-1/MUC-II/KHOAN-1", "DIEU-1/MUC-II/KHOAN-2", "DIEU-2"),
    ]


def test_where_a_text_holds_without_them_they_are_text() -> None:
    text = PROGRAMME.replace("1. Ba.", "3. Ba.").replace("2. Bốn.", "4. Bốn.")
    assert addresses(planned(text, "vi-law"))[:3] == ["DIEU-1", "DIEU-1/KHOAN-1", "DIEU-1/KHOAN-2"]


def test_a_section_that_is_missing_refuses_the_text() -> None:
    text = PROGRAMME.replace("II. MỤC", "III. MỤC")
    assert {code for _, code in refusals(planned(text, "vi-law"))} == {"ADDRESS_REPEATED"}


def test_a_programme_that_an_act_attaches_is_an_annex() -> None:
    text = ACT + SIGNED + "CHƯƠNG TRÌNH GIỮ HỒ\n(Ban hành kèm theo Quyết định số 1)\n\nPhần I: Một\n\nPhần I: Hai\n"
    plan = accepted(planned(text, "vi-law"))
    assert [unit.address for unit in plan.units][-1] == "DOC/CHUONG-TRINH-GIU-HO"
    assert [suspect.reason.value for suspect in plan.suspects] == ["in-annex", "in-annex"]


def test_an_attached_regulation_is_signed_like_the_act_and_its_annex_stands_beside_it() -> None:
    text = (
        ACT
        + SIGNED
        + (
            "QUY CHẾ GIỮ HỒ\n(Ban hành kèm theo Quyết định số 1)\n\nĐiều 1. A\nMột.\n\nKT. BỘ TRƯỞNG\nB\n\nPHỤ LỤC\nMẪU\n\n1. Tên\n"
        )
    )
    plan = accepted(planned(text, "vi-law"))
    assert [unit.address for unit in plan.units][2:] == [
        *("DOC/QUY-CHE-GIU-HO", "DOC/QUY-CHE-GIU-HO/DIEU-1", "DOC/PHULUC-MAU"),
    ]
    assert [span.name for span in plan.others] == ["signature", "signature"]


OPENING = """\
CHÍNH PHỦ
CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
Độc lập - Tự do - Hạnh phúc
Số: 7/2024/NĐ-HN
Hà Nội, ngày 05 tháng 3 năm 2024
NGHỊ ĐỊNH
Về việc giữ gìn hồ nước
Căn cứ Luật về hồ nước;
Theo đề nghị của người giữ hồ;
Chính phủ ban hành Nghị định này.
Điều 1. A
Hết.
"""


def test_what_stands_above_the_first_unit_has_named_parts_and_they_are_no_part_of_the_plan() -> None:
    result = planned(OPENING, "vi-law")
    plan = accepted(result)
    assert [(part.name, part.line_start, part.line_end) for part in result.title_parts] == [
        *(("issuer", 1, 1), ("motto", 2, 3), ("number", 4, 4), ("place and date", 5, 5), ("title", 6, 7)),
        *(("legal bases", 8, 9), ("enacting formula", 10, 10)),
    ]
    title = plan.others[0]
    assert (title.name, title.byte_start, title.byte_end) == ("title", 0, result.title_parts[-1].byte_end)
    pieces = [result.canonical[part.byte_start : part.byte_end] for part in result.title_parts]
    assert b"".join(pieces) == result.canonical[: title.byte_end]
    assert b"legal bases" not in canonical_json(plan)


def test_the_preamble_of_a_constitution_is_a_unit() -> None:
    text = "HIẾN PHÁP\n\nLỜI NÓI ĐẦU\n\nNhân dân lập nên hiến pháp này.\n\nChương I\nCHẾ ĐỘ\n\nĐiều 1. A\nHết.\n"
    assert addresses(planned(text, "vi-law")) == ["LOINOIDAU", "CHUONG-I", "DIEU-1"]
    in_a_sentence = text.replace("LỜI NÓI ĐẦU", "LỜI NÓI ĐẦU CỦA SÁCH")
    assert addresses(planned(in_a_sentence, "vi-law")) == ["CHUONG-I", "DIEU-1"]


@pytest.mark.parametrize("line", ["Мẫu số 02", "* Mẫu số 02", "Mẫu3 số 02", "    Mẫu số 02", "Mẫu\u00a0số\u00a002"])
def test_the_heading_of_a_form_is_kept_or_named_however_it_is_written(line: str) -> None:
    plan = accepted(planned(f"Điều 1. A\nMột.\n\nMẫu số 01\n\nTên:\n\n{line}\n\nTuổi:\n", "vi-law"))
    named = [suspect.line for suspect in plan.suspects]
    assert "DOC/MAU-02" in [unit.address for unit in plan.units] or named == [8]


def test_a_number_with_the_mark_of_a_footnote_is_named_where_no_page_proves_it() -> None:
    result = planned("Điều 1. A\n\n1.2 Một.\n\n2. Hai.\n\n3. Ba.\n\n4.11 Bốn.\n\n5. Năm.\n", "vi-law")
    assert refusals(result) == [(5, "NUMBER_GAP"), (11, "NUMBER_GAP")]
    messages = [problem.message for problem in result.problems]
    assert "'1.2' in line 3 may be 1 with the mark of a footnote" in messages[0]
    assert "'4.11' in line 9 may be 4 with the mark of a footnote" in messages[1]
