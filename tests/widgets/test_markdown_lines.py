"""Markdown as lines: whatever is in a text, its lines fit and are inert, and no word of it is lost."""

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from console.backend.model.safe_text import NOT_INERT
from console.widgets.line import Line, plain
from console.widgets.markdown_lines import NOT_RENDERED, column_widths, markdown_lines, wrapped_spans

PIECES = st.sampled_from(
    ["# ", "- ", "1. ", "> ", "|", "\n", "\n\n", "|---|---|\n", "`", "```\n", "**", "[a](b)", "![x](y)", "<b>", "\\", "    ",
     "word", "điều", "日本語", "\x1b[31m", "\u202e", "\x00", "\r", "\t", "&#27;", "&lt;", "a" * 90, "---\n", "\ud800", "http://x.y/z"]
)  # fmt: skip


def _words(lines: list[Line]) -> list[str]:
    return " ".join(plain(spans) for spans in lines).split()


@given(st.lists(PIECES, max_size=60).map("".join), st.integers(1, 120))
def test_whatever_is_in_a_text_its_lines_are_inert_and_fit(text: str, width: int) -> None:
    for spans in markdown_lines(text, width):
        assert not NOT_INERT.search(plain(spans))
        # Nested quotations and lists leave at least eight cells for their words.
        is_nested = plain(spans).startswith(("│", "•", " ", "1"))
        # A text that would lose letters is returned as it was written: whoever shows it wraps it.
        assert cell_len(plain(spans)) <= max(width, 12) or is_nested or _is_as_written(text, width)


def _is_as_written(text: str, width: int) -> bool:
    return plain(markdown_lines(text, width)[0]).startswith(NOT_RENDERED[:8])


@pytest.mark.parametrize(
    "text",
    [
        "shown\n\n[hidden]: https://x.y/secret\n",
        'shown [a](b "hidden")\n',
        "| a |\n|---|\n| shown | hidden |\n",
        "".join(f"{' ' * level}- hidden\n" for level in range(60)),
        "> " * 60 + "hidden\n",
        "&lt;hidden entity&gt;",
    ],
)
def test_what_markdown_would_hide_is_shown_as_it_was_written(text: str) -> None:
    lines = [plain(spans) for spans in markdown_lines(text, 100)]
    assert lines[0] == NOT_RENDERED
    assert "\n".join(lines[2:]) == text.removesuffix("\n")


@given(st.lists(PIECES, max_size=60).map("".join))
def test_no_letter_of_a_text_is_lost(text: str) -> None:
    shown = Counter("".join(plain(spans) for spans in markdown_lines(text, 80)))
    assert [letter for letter, number in Counter(filter(str.isalpha, text)).items() if number > shown[letter]] == []


@given(
    st.lists(st.lists(st.text("abc |`*_é", max_size=30), min_size=3, max_size=3), min_size=1, max_size=6),
    st.integers(12, 100),
)
def test_no_word_of_a_table_is_lost_at_any_width(rows: list[list[str]], width: int) -> None:
    cells = [[re.sub(r"[^abcé ]", "", cell).strip() or "x" for cell in row] for row in rows]
    text = "\n".join(["| h1 | h2 | h3 |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in cells)])
    told = "".join(_words(markdown_lines(text, width)))
    for row in cells:
        for cell in row:
            for letter in set(cell.replace(" ", "")):
                assert told.count(letter) >= sum(c.count(letter) for r in cells for c in r)
    assert all(cell_len(plain(spans)) <= width for spans in markdown_lines(text, width))


@pytest.mark.parametrize(
    ("lengths", "width", "widths"),
    [
        ([[3, 4], [5, 2]], 20, [5, 4]),
        ([[3, 60], [5, 60]], 40, [5, 33]),
        ([[60, 60], [60, 60]], 42, [20, 20]),
        ([[60, 60, 60, 60], [60, 60, 60, 60]], 30, []),
        ([[1, 2, 3, 4, 5, 6, 7, 8, 200]], 76, [1, 2, 3, 4, 5, 6, 7, 8, 24]),
    ],
)
def test_the_widest_column_gives_way(lengths: list[list[int]], width: int, widths: list[int]) -> None:
    assert column_widths(lengths, width) == widths


def test_a_table_that_is_too_wide_is_told_row_by_row() -> None:
    head = "| " + " | ".join(f"column {n}" for n in range(9)) + " |"
    text = f"{head}\n{'|---' * 9}|\n| {' | '.join(f'a value {n}' for n in range(9))} |\n"
    lines = [plain(spans) for spans in markdown_lines(text, 40)]
    assert lines[:3] == ["column 0: a value 0", "column 1: a value 1", "column 2: a value 2"]


def test_headings_lists_quotations_code_and_links_keep_their_words() -> None:
    text = (
        "# One\n\ntwo **three** `four`\nfive  \nsix\n\n- seven\n  - eight\n\n3. nine\n4. ten\n\n> eleven\n\n    twelve\n\n"
        "[thirteen](https://x.y/) ![fourteen](z.png) <script>fifteen</script>\n\n---\n"
    )
    lines = [plain(spans) for spans in markdown_lines(text, 60)]
    assert lines == [
        "# One",
        "",
        "two three four five",
        "six",
        "",
        "• seven",
        "  • eight",
        "",
        "3. nine",
        "4. ten",
        "",
        "│ eleven",
        "",
        "  twelve",
        "",
        "thirteen <https://x.y/> [image fourteen] <z.png>",
        "<script>fifteen</script>",
        "",
        "─" * 20,
        "",
    ]


def test_wrapped_words_keep_their_order() -> None:
    from console.widgets.line import Span

    lines = wrapped_spans([Span("one two "), Span("three", "strong"), Span(" four five")], 9)
    assert [plain(spans) for spans in lines] == ["one two", "three", "four five"]
