"""Page furniture and footnotes: what is certain is in no body and listed, what is not stays text or refuses."""

import re
from collections.abc import Callable
from dataclasses import replace
from random import Random
from textwrap import wrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.backend.documents.coverage import check_algebra, spans
from console.backend.documents.planning import PlanResult, pinned_source, plan_document
from console.backend.documents.title_parts import title_in_words
from console.backend.model.canonical_json import canonical_json, sha256_hex
from console.backend.model.plan import Acceptance, DocumentPlan, DropRule
from console.backend.model.written_plan import as_written, kept_bytes
from tests.backend.documents.gazette import HEAD, LAW, NOTES, STAMP, Layout, bare, printed
from tests.support.plans import accepted

LAYOUTS = {
    "plain": Layout(),
    "number-above": Layout(number="above", width=60, lines=11, blank=""),
    "number-before": Layout(number="before", width=88, lines=25, around=1),
    "number-behind": Layout(number="behind", first_page=999, lines=9),
    "alternating": Layout(number="alternating", width=66, lines=14, stamp=False),
    "another-head": Layout(head="CÔNG BÁO/Số 146/Ngày 11-03-2026", blank="  \u00a0", around=3, lines=13),
    "form-feeds": Layout(blank="\f", around=1, lines=16),
}


def cut(text: str) -> PlanResult:
    """Plan a text by the profile of Vietnamese laws."""
    return plan_document(text.encode(), origin="file:law.txt", docprefix="LAW", profile="vi-law")


def plan_of(text: str) -> DocumentPlan:
    """The accepted plan of a text."""
    return accepted(cut(text))


def bodies(plan: DocumentPlan, text: str) -> dict[str, str]:
    """The text that each unit gets, by address."""
    kept = kept_bytes(text.encode(), plan.dropped)
    return {u.address: kept[u.byte_start : u.byte_end].decode() for u in as_written(plan).units}


def words(text: str) -> str:
    """A text with one space between its words."""
    return " ".join(text.split())


def rules(plan: DocumentPlan) -> list[DropRule]:
    """The rule of each dropped span."""
    return [span.rule for span in plan.dropped]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_printed_law_has_the_units_and_the_words_of_the_law(layout: Layout) -> None:
    text = printed(layout)
    plan, whole = plan_of(text), plan_of(bare())
    assert [unit.address for unit in plan.units] == [unit.address for unit in whole.units]
    assert [words(body) for body in bodies(plan, text).values()] == list(map(words, bodies(whole, bare()).values()))
    titles = [(unit.title, other.title) for unit, other in zip(plan.units, whole.units, strict=True)]
    # A title that goes on behind the end of its page may be cut there; the body has all of it.
    assert all(title == full or len(title) > 40 for title, full in titles)
    assert all(full.startswith(title) for title, full in titles)
    footnotes = {int(span.mark): words(span.text) for span in plan.dropped if span.rule is DropRule.FOOTNOTE}
    assert footnotes == {mark: f"{mark} {note}" for mark, note in NOTES.items()}
    assert rules(plan).count(DropRule.FOOTNOTE_MARK) == len(NOTES)
    assert rules(plan).count(DropRule.PAGE_BREAK) == text.count(layout.head)
    assert rules(plan).count(DropRule.STAMP) == layout.stamp


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_the_parts_of_a_printed_laws_title_are_told_without_what_is_dropped(layout: Layout) -> None:
    """The head of a page, a mark and a footnote stand in the title span, and in none of its words."""
    told = []
    for text in (printed(layout), bare()):
        result = plan_document(text.encode(), origin="file:law.txt", docprefix="LAW", profile="vi-law")
        told.append(title_in_words(result.title_parts, result.canonical, accepted(result).dropped))
    assert told[0] == told[1]
    assert [(part.name, part.text) for part in told[0]][:3] == [
        ("motto", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM Độc lập - Tự do - Hạnh phúc"),
        ("number", "Số: 7/2024/NĐ-HN"),
        ("title", "NGHỊ ĐỊNH Về việc giữ gìn hồ nước"),
    ]


@pytest.mark.parametrize("seed", range(60))
def test_any_width_and_any_length_of_pages_gives_the_same_units(seed: int) -> None:
    random = Random(seed)
    layout = Layout(
        width=random.randint(48, 100),
        lines=random.randint(6, 40),
        first_page=random.randint(1, 1200),
        number=random.choice(["above", "below", "before", "behind", "alternating"]),
        around=random.randint(1, 3),
        stamp=random.random() < 0.5,
    )
    text = printed(layout)
    plan = plan_of(text)
    assert [unit.address for unit in plan.units] == [unit.address for unit in plan_of(bare()).units]
    assert all(HEAD not in body for body in bodies(plan, text).values())


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_every_byte_is_in_a_body_in_a_named_span_or_dropped_and_listed(layout: Layout) -> None:
    text = printed(layout)
    data, plan = text.encode(), plan_of(text)
    # The spans are the source, without a gap.
    assert b"".join(data[span.byte_start : span.byte_end] for span in spans(plan)) == data
    # What is dropped stands where it says, and is what it says.
    for span in plan.dropped:
        piece = data[span.byte_start : span.byte_end]
        assert sha256_hex(piece) == span.sha256
        assert data[: span.byte_start].count(b"\n") + 1 == span.line
        assert words(piece.decode()) == span.text
    # Bodies, named spans and dropped spans together have each byte once.
    written, kept = as_written(plan), kept_bytes(data, plan.dropped)
    inside = sum(u.byte_end - u.byte_start for u in written.units)
    outside = sum(o.byte_end - o.byte_start for o in written.others)
    dropped = sum(span.byte_end - span.byte_start for span in plan.dropped)
    assert inside + outside + dropped == len(data)
    assert inside + outside == len(kept)
    for unit, place in zip(plan.units, written.units, strict=True):
        assert sha256_hex(kept[place.byte_start : place.byte_end]) == unit.body_sha256
    # Put back, the dropped spans give the source.
    whole, at = b"", 0
    for span in plan.dropped:
        length = span.byte_start - len(whole)
        whole += kept[at : at + length] + data[span.byte_start : span.byte_end]
        at += length
    assert whole + kept[at:] == data


def test_a_paragraph_that_a_page_break_interrupts_is_joined() -> None:
    text = "Điều 1. A\nCâu này đi qua \n \nCÔNG BÁO/Số 1/Ngày 1-1-2024\n8 \n \nhai trang. \nĐiều 2. B\nHết. \n"
    text = f"CÔNG BÁO/Số 1/Ngày 1-1-2024\n7\n \n{text}"
    assert bodies(plan_of(text), text)["LAW/DIEU-1"] == "Điều 1. A\nCâu này đi qua \nhai trang. \n"


def test_lines_are_those_of_the_text_as_it_stands() -> None:
    text = printed(Layout()).replace("c) Bờ cỏ.", "c)Bờ cỏ.\n4- Sai.")
    plan = plan_of(text)
    lines = text.split("\n")
    for unit in plan.units:
        sign = unit.number if unit.section_type in {"paragraph", "point"} else unit.title.split(" ")[0]
        assert sign in lines[unit.line_start - 1] or sign in lines[unit.line_start]
    assert [lines[suspect.line - 1].strip() for suspect in plan.suspects] == [suspect.text for suspect in plan.suspects]
    assert [suspect.text for suspect in plan.suspects] == ["4- Sai."]


def test_a_refusal_names_the_line_of_the_text_as_it_stands() -> None:
    text = printed(Layout()).replace("Điều 5.", "Điều 7.")
    line = next(number for number, row in enumerate(text.split("\n"), 1) if row.startswith("Điều 7."))
    problems = cut(text).problems
    assert (problems[0].line, problems[0].code) == (line, "NUMBER_GAP")
    before = next(number for number, row in enumerate(text.split("\n"), 1) if row.startswith("Điều 4."))
    assert f"after 4 in line {before}" in problems[0].message


def test_a_plan_without_furniture_has_no_word_of_it() -> None:
    plan = plan_of(bare())
    assert b"dropped" not in canonical_json(plan)
    assert plan.source.canon_rule == "canon-md-v0.1.0"
    assert as_written(plan) is plan


def test_the_pinned_source_is_that_of_the_plan() -> None:
    text = printed(Layout())
    plan = plan_of(text)
    pinned = pinned_source(text.encode(), origin="file:law.txt", profile="vi-law")
    assert pinned == plan.source
    assert (pinned.sha256, pinned.canon_rule) == (sha256_hex(text.encode()), "canon-md-v0.1.0+furniture-v1")
    assert pinned.canonical_sha256 == sha256_hex(kept_bytes(text.encode(), plan.dropped))


# What a page could lose that is law.
ATTACKS = {
    "a running head named in a sentence": ("Người giữ hồ được nhận", f"{HEAD} là số đầu. Người giữ hồ được nhận"),
    "a head in a line of the text": ("c) Các lối đi khác.", f"c) Các lối đi khác, đăng trên:\n{HEAD}\nvà trên báo."),
    "another number of the gazette": ("c) Bờ cỏ.", "c) Bờ cỏ, xem\nCÔNG BÁO/Số 5/Ngày 05-3-2024\n12\ntrang này."),
    "a line like a date": ("c) Bờ cỏ.", "c) Bờ cỏ, xem\nSố 5 ngày 01 tháng 2 năm 2024.\n"),
    "a number alone in a table": ("c) Bờ cỏ.", "c) Bờ cỏ:\n12\n\n13\n\n14\nlà số mét."),
    "an address of two lines of a stamp": ("c) Bờ cỏ.", "c) Bờ cỏ:\nEmail: ho@vi.example\nCơ quan: HỒ."),
    "a line that begins with the number of the next footnote": (
        "c) Bờ cỏ.",
        "c) Bờ cỏ.\n\n4 Người sửa đổi sổ ghi tên.",
    ),
    "square metres": ("c) Bờ cỏ.", "c) Bờ cỏ rộng 36 m2, dài 2 km2."),
}


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_law_that_looks_like_furniture_is_not_dropped(name: str, layout: Layout) -> None:
    old, new = ATTACKS[name]
    assert LAW.count(old) == 1
    law = LAW.replace(old, new)
    text = printed(replace(layout, width=200), law)
    plan = plan_of(text)
    whole = words(re.sub(r"\{\d\}", "", law))
    assert words(kept_bytes(text.encode(), plan.dropped).decode()) == whole


def without_a_number(text: str) -> str:
    return text.replace(f"{HEAD}\n43", HEAD)


def with_a_wrong_number(text: str) -> str:
    return text.replace(f"{HEAD}\n43", f"{HEAD}\n53")


@pytest.mark.parametrize("change", [without_a_number, with_a_wrong_number])
def test_a_head_whose_number_does_not_go_on_stays_in_the_text(change: Callable[[str], str]) -> None:
    text = change(printed(Layout(notes={})))
    plan = plan_of(text)
    assert kept_bytes(text.encode(), plan.dropped).decode().count(HEAD) == 1


def test_the_only_page_keeps_its_head() -> None:
    text = printed(Layout(lines=400, notes={}, stamp=False))
    assert plan_of(text).dropped == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"3 {NOTES[3][:20]}", f"7 {NOTES[3][:20]}"),  # not the next number
        ("b)3 Bờ", "b) Bờ"),  # no mark on the page
    ],
)
def test_a_footnote_that_is_not_certain_refuses_the_text(old: str, new: str) -> None:
    text = printed(Layout(width=90, lines=12))
    plan_of(text)
    assert text.count(old) == 1
    assert "FOOTNOTE_UNCLEAR" in {problem.code for problem in cut(text.replace(old, new)).problems}


def test_a_footnote_whose_quotation_only_ends_is_finished_and_ends_with_its_page() -> None:
    text = printed(Layout(width=90, lines=12))
    old = "căn cứ ban hành như sau: “"
    assert text.count(old) == 1
    changed = text.replace(old, old.rstrip("“"))
    marks = [span.mark for span in plan_of(changed).dropped if span.rule is DropRule.FOOTNOTE]
    assert marks == [str(mark) for mark in NOTES]


LONG = {1: f"Nghị định này có căn cứ ban hành như sau: “{'Căn cứ Luật về hồ nước năm 2020 và các luật khác; ' * 9}”"}


def over_two_pages(at: int, rule: str = " " * 42, width: int = 90) -> str:
    """A law whose only footnote goes on at the foot of the second page, behind its first lines there."""
    text = printed(Layout(lines=14, notes=LONG, stamp=False))
    lines = text.split("\n")
    first = next(number for number, line in enumerate(lines) if line.startswith("1 Nghị"))
    end = next(number for number in range(first, len(lines)) if not lines[number].strip())
    rest = wrap(" ".join(lines[first + at : end]), width)
    del lines[first + at : end]
    second = [number for number, line in enumerate(lines) if line == HEAD][2]
    foot = max(number for number in range(second) if lines[number].strip()) + 1
    lines[foot:foot] = [rule, *rest]
    return "\n".join(lines)


@pytest.mark.parametrize("at", [1, 2, 4])
def test_a_footnote_goes_on_on_the_next_page(at: int) -> None:
    text = over_two_pages(at)
    plan = plan_of(text)
    assert [unit.address for unit in plan.units] == [unit.address for unit in plan_of(bare()).units]
    parts = [span for span in plan.dropped if span.rule is DropRule.FOOTNOTE]
    assert [span.mark for span in parts] == ["1", "1"]
    assert words(" ".join(span.text for span in parts)) == words(f"1 {LONG[1]}")


def test_a_footnote_whose_rest_nothing_tells_refuses_the_text() -> None:
    # The rest is set as wide as the law, and only a blank line parts the two: it could be law that is quoted.
    result = cut(over_two_pages(2, rule="", width=70))
    assert {problem.code for problem in result.problems} == {"FOOTNOTE_UNCLEAR"}
    assert cut(over_two_pages(2, rule="", width=90)).plan is not None


def with_the_last_footnote_cut_short(length: int) -> str:
    """A law whose last footnote has lost its second line; no blank line parts the heads from the law."""
    rows = printed(Layout(width=56, lines=length, number="before", around=0)).split("\n")
    at = next(number for number, row in enumerate(rows) if row.startswith("5 Điều này"))
    del rows[at + 1]
    return "\n".join(rows)


@pytest.mark.parametrize("length", [8, 10, 12, 16, 17, 23, 24, 25])
def test_law_behind_the_head_of_a_page_is_no_rest_of_the_footnote_above(length: int) -> None:
    result = cut(with_the_last_footnote_cut_short(length))
    assert result.plan is None
    assert [problem.code for problem in result.problems] == ["FOOTNOTE_UNCLEAR"]
    assert result.problems[0].message.startswith("footnote 5 seems to go on on the next page")


@pytest.mark.parametrize("length", [9, 11, 14, 18, 29])
def test_the_rest_of_a_footnote_on_the_last_page_is_not_looked_for(length: int) -> None:
    dropped = plan_of(with_the_last_footnote_cut_short(length)).dropped
    assert [span.text[:10] for span in dropped if span.mark == "5"] == ["5", "5 Điều này"]


@pytest.mark.parametrize("length", range(8, 30, 3))
def test_a_year_that_ends_with_1_is_not_the_mark_of_a_first_footnote(length: int) -> None:
    law = LAW.replace("c) Bờ cỏ.", "c) Bờ cỏ theo danh mục năm 2021.")
    rows = printed(Layout(lines=length, notes={}, stamp=False), law).split("\n")
    year = next(number for number, line in enumerate(rows) if "2021" in line)
    foot = next(number for number in range(year, len(rows)) if not rows[number].strip())
    rows[foot:foot] = [" ", "1 Nghị định số 9 được sửa đổi, bổ sung."]
    problems = cut("\n".join(rows)).problems
    assert ("FOOTNOTE_UNCLEAR", foot + 2) in {(problem.code, problem.line) for problem in problems}


def test_a_changed_list_of_what_is_dropped_is_no_lossless_plan() -> None:
    text = printed(Layout())
    plan, data = plan_of(text), text.encode()
    assert check_algebra(plan, data) == ()
    first, second = plan.dropped[:2]
    moved = first.model_copy(update={"byte_end": first.byte_end + 1})
    other = first.model_copy(update={"sha256": "0" * 64})
    changed = [plan.dropped[1:], (second, first, *plan.dropped[2:]), (moved, *plan.dropped[1:])]
    for dropped in (*changed, (other, *plan.dropped[1:])):
        assert check_algebra(plan.model_copy(update={"dropped": dropped}), data)


def test_a_stamp_is_dropped_only_whole_and_at_the_foot_of_a_page() -> None:
    text = printed(Layout())
    assert DropRule.STAMP in rules(plan_of(text))
    assert DropRule.STAMP not in rules(plan_of(text.replace(STAMP[0], "Ký tên: TRUNG TÂM IN")))
    at_the_top = text.replace("\n".join(STAMP) + "\n", "").replace("Độc lập", "\n".join(STAMP) + "\nĐộc lập")
    assert DropRule.STAMP not in rules(plan_of(at_the_top))


POOL = [
    *(
        HEAD,
        f"12   {HEAD}",
        f"{HEAD}  13",
        "CÔNG BÁO/Số 5/Ngày 1-1-2024",
        "",
        " ",
        " " * 42,
        "\f",
        "\f12",
        "1",
        "2",
        "12",
        "13",
        "14",
    ),
    *(
        "Điều 1. A",
        "Điều 2.1 B",
        "1. Một",
        "2.1 Hai",
        "a)2 Điểm",
        "Phụ lục I",
        "Chương I1",
        "câu này đi tiếp",
        "Hết.",
        "từ1 và m2",
    ),
    *("1 Khoản này được sửa đổi theo luật.", "2 Điều này được bãi bỏ: “dở", "3 Điểm này được bổ sung.”", *STAMP),
]


def gives_a_lossless_plan_or_problems(lines: list[str]) -> None:
    """Whatever is mixed."""
    data = "\n".join(lines).encode()
    result = cut("\n".join(lines))
    assert (result.plan is None) == bool(result.problems)
    assert all(0 <= problem.line <= len(lines) for problem in result.problems)
    if result.plan is None:
        return
    plan, kept = result.plan, kept_bytes(data, result.plan.dropped)
    assert check_algebra(plan, data) == ()
    assert len(kept) + sum(span.byte_end - span.byte_start for span in plan.dropped) == len(data)
    written = as_written(plan)
    assert b"".join(kept[span.byte_start : span.byte_end] for span in spans(written)) == kept


MIXTURES = st.lists(st.sampled_from(POOL), min_size=1, max_size=60)


@given(MIXTURES)
@settings(max_examples=100)
def test_any_mixture_of_law_and_furniture_gives_a_lossless_plan_or_problems(lines: list[str]) -> None:
    gives_a_lossless_plan_or_problems(lines)


@pytest.mark.torture
@given(MIXTURES)
@settings(max_examples=2000)
def test_many_mixtures_of_law_and_furniture_give_a_lossless_plan_or_problems(lines: list[str]) -> None:
    gives_a_lossless_plan_or_problems(lines)


def test_an_acceptance_names_the_line_of_the_text_as_it_stands() -> None:
    text = printed(Layout()).replace("Điều 5.", "Điều 7.").replace("Điều 6.", "Điều 8.")
    line = next(number for number, row in enumerate(text.split("\n"), 1) if row.startswith("Điều 7."))
    gap = Acceptance(line=line, code="NUMBER_GAP", reason="so enacted")
    result = plan_document(text.encode(), origin="file:law.txt", docprefix="LAW", profile="vi-law", acceptances=(gap,))
    assert "LAW/DIEU-7" in [unit.address for unit in accepted(result).units]
