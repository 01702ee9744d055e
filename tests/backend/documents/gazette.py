"""Prints a law as the pages of a gazette, as a PDF's text comes out: wrapped lines, heads, page numbers, footnotes, stamp."""

import re
from dataclasses import dataclass, field
from textwrap import wrap

HEAD = "CÔNG BÁO/Số 12 + 13/Ngày 05-3-2024"
STAMP = ["Ký bởi: TRUNG TÂM IN", "Email: in@vi.example", "Cơ quan: NHÀ IN", "Ngày ký: 2024-03-06 08:09:10 +07:00"]

LAW = """\
CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
Độc lập - Tự do - Hạnh phúc
Số: 7/2024/NĐ-HN
NGHỊ ĐỊNH
Về việc giữ gìn hồ nước
Căn cứ Luật về hồ nước năm 2020;
Theo đề nghị của người giữ hồ, nghị định này được ban hành.{1}
Chương I
QUY ĐỊNH CHUNG
Điều 1. Phạm vi điều chỉnh
Nghị định này quy định về việc giữ gìn các hồ nước, về quyền và nghĩa vụ của người giữ hồ và của những người đến hồ vào mùa hè.
Điều 2. Giải thích từ ngữ
Trong nghị định này, các từ ngữ dưới đây được hiểu như sau:
1. Hồ là vùng nước đứng có diện tích từ một nghìn mét vuông trở lên, không kể ao nuôi cá của các hộ gia đình.
2.{2} Bờ là dải đất rộng năm mét tính từ mép nước vào mùa khô, gồm:
a) Bờ cát ở phía đông của hồ;
b){3} Bờ đá ở phía tây của hồ;
c) Bờ cỏ.
3. Người giữ hồ là người được giao trông coi hồ.
Chương II
NGƯỜI GIỮ HỒ
Điều 3. Nhiệm vụ của người giữ hồ trong mùa mưa và trong mùa khô khi mực nước xuống thấp hơn mức quy định
1. Người giữ hồ đo mực nước mỗi ngày một lần vào buổi sáng và ghi kết quả vào sổ theo mẫu của cơ quan quản lý hồ.
2. Người giữ hồ báo ngay cho cơ quan quản lý khi thấy nước đổi màu, có mùi lạ, hoặc khi cá chết nổi lên mặt nước.{4}
3. Trường hợp nước dâng cao, người giữ hồ đóng cửa các lối đi xuống bờ và đặt biển báo ở nơi dễ thấy, theo thứ tự sau đây:
a) Lối đi phía đông;
b) Lối đi phía tây, kể cả lối đi qua cầu gỗ bắc trên con suối chảy vào hồ ở phía tây bắc của làng;
c) Các lối đi khác.
Điều 4. Quyền của người giữ hồ
Người giữ hồ được nhận tiền công theo hợp đồng, được nghỉ mỗi tuần một ngày, và được cấp thuyền.
Điều 5.{5} Người đến hồ
1. Người đến hồ không được xả rác xuống nước, không đốt lửa trên bờ và không làm ồn sau mười giờ đêm.
2. Trẻ em dưới mười tuổi chỉ được xuống nước khi có người lớn đi cùng và trông coi.
Điều 6. Hiệu lực
Nghị định này có hiệu lực từ ngày 01 tháng 5 năm 2024.
"""
NOTES = {
    1: "Nghị định số 9/2024/NĐ-HN sửa đổi, bổ sung một số điều của Nghị định này có căn cứ ban hành như sau: “Căn cứ Luật về hồ nước năm 2020.”",
    2: "Khoản này được sửa đổi, bổ sung theo quy định tại khoản 1 Điều 1 của Nghị định số 9/2024/NĐ-HN.",
    3: "Điểm này được bổ sung theo quy định tại khoản 2 Điều 1 của Nghị định số 9/2024/NĐ-HN, có hiệu lực từ tháng 6.",
    4: "Đoạn này được thay thế theo quy định tại khoản 3 Điều 1 của Nghị định số 9/2024/NĐ-HN.",
    5: "Điều này được sửa đổi theo quy định tại khoản 4 Điều 1 của Nghị định số 9/2024/NĐ-HN.",
}
_MARK = re.compile(r"\{(\d+)\}")


@dataclass(frozen=True, slots=True)
class Layout:
    """How the pages look."""

    width: int = 72
    lines: int = 18
    """Lines of text on a page."""
    head: str = HEAD
    first_page: int = 41
    number: str = "below"
    """Place of the page's number: above, below, before or behind the head; with `alternating` it changes sides."""
    blank: str = " "
    """A blank line around the head."""
    around: int = 2
    stamp: bool = True
    notes: dict[int, str] = field(default_factory=lambda: NOTES)


def bare(law: str = LAW) -> str:
    """The law without pages: a paragraph a line, and no mark of a footnote."""
    return _MARK.sub("", law)


def printed(layout: Layout, law: str = LAW) -> str:
    """The law on pages."""
    pages = _pages(layout, law)
    return "\n".join(_page(layout, number, lines) for number, lines in enumerate(pages)) + "\n"


def _pages(layout: Layout, law: str) -> list[list[str]]:
    lines = [
        piece
        for paragraph in law.splitlines()
        for piece in wrap(paragraph, layout.width, break_long_words=False, break_on_hyphens=False)
    ]
    pages = [lines[at : at + layout.lines] for at in range(0, len(lines), layout.lines)]
    return [_with_notes(layout, page) for page in pages]


def _with_notes(layout: Layout, page: list[str]) -> list[str]:
    marks = [int(mark) for line in page for mark in _MARK.findall(line) if int(mark) in layout.notes]
    text = [_MARK.sub(lambda match: match[1] if int(match[1]) in layout.notes else "", line) for line in page]
    notes = [line for mark in marks for line in wrap(f"{mark} {layout.notes[mark]}", layout.width * 5 // 4)]
    return [*text, *([" " * 42, *notes] if notes else [])]


def _page(layout: Layout, at: int, lines: list[str]) -> str:
    number = str(layout.first_page + at)
    place = layout.number if layout.number != "alternating" else ("above", "below")[at % 2]
    head = {
        "above": [number, layout.head],
        "below": [layout.head, number],
        "before": [f"{number}            {layout.head}"],
        "behind": [f"{layout.head}            {number}"],
    }[place]
    blanks = [layout.blank] * layout.around
    foot = STAMP if layout.stamp and at == 0 else []
    # Each line of the text ends with a space, as the converters leave it.
    return "\n".join([*blanks, *head, *blanks, *(f"{line} " for line in lines), *foot, ""])
