"""Markdown as toned lines of a width: inert, no link opens, and a table that does not fit is told row by row."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len, chop_cells

from console.backend.model.safe_text import safe_lines, safe_text
from console.widgets.line import Line, Span, Tone, plain

if TYPE_CHECKING:
    from markdown_it.token import Token

_LEAST_COLUMN = 9
"""Cells below which a column of a table is not worth reading."""
_GAP = "  "
NOT_RENDERED = "NOT RENDERED: as Markdown a part of this text would not show. As it was written:"


class Rendered(NamedTuple):
    """Lines of a text, and of each the number of the line of the text that it comes from; 0 is the first."""

    lines: list[Line]
    origins: list[int]


def markdown_lines(text: str, width: int) -> list[Line]:
    """Return the text as lines that fit the width; see `rendered`."""
    return rendered(text, width).lines


def rendered(text: str, width: int) -> Rendered:
    """Return the text as lines that fit the width, and where each comes from; markup of HTML stays text.

    Markdown can hide words: a definition of a link, a title, what is nested too deep, a cell too many. A text with a letter
    that would not show is returned as it was written, with a first line that says so.
    """
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    writer = _Writer(max(width, 12))
    writer.write(parser.parse(text))
    shown = Counter(filter(str.isalpha, "".join(plain(spans) for spans in writer.lines)))
    if any(number > shown[letter] for letter, number in Counter(filter(str.isalpha, text)).items()):
        first_lines = wrapped_spans([Span(NOT_RENDERED, "warn")], writer.width)
        rows = safe_lines(text.removesuffix("\n"))
        origins = [*[0] * (len(first_lines) + 1), *range(len(rows))]
        return Rendered([*first_lines, (), *((Span(row),) for row in rows)], origins)
    return Rendered(writer.lines, writer.origins)


@dataclass
class _Block:
    """An open list item or quotation: what stands before its first line, and before the others."""

    first: str
    rest: str


@dataclass
class _Writer:
    width: int
    lines: list[Line] = field(default_factory=list)
    blocks: list[_Block] = field(default_factory=list)
    numbers: list[int | None] = field(default_factory=list)
    """Of each open list the next number, None for bullets."""
    origins: list[int] = field(default_factory=list)
    origin: int = 0
    """Line of the text that is being written."""

    def write(self, tokens: "Sequence[Token]") -> None:
        """Write the blocks in order."""
        index = 0
        while index < len(tokens):
            token = tokens[index]
            self.origin = token.map[0] if token.map else self.origin
            if token.type == "table_open":
                end = next(i for i in range(index, len(tokens)) if tokens[i].type == "table_close")
                self._table(tokens[index:end])
                index = end
            else:
                self._block(token, tokens[index - 1] if index else None)
            index += 1

    def _block(self, token: "Token", before: "Token | None") -> None:
        match token.type:
            case "inline" if before is not None and before.type == "heading_open":
                level = int(before.tag[1:])
                self._blank()
                self._put([Span(f"{'#' * level} ", "muted"), *_spans(token, "strong")])
                self._blank()
            case "inline":
                self._put(_spans(token))
                if before is None or not before.hidden:
                    self._blank()
            case "fence" | "code_block":
                if token.info:
                    self._put([Span(f"  {safe_text(token.info)}:", "muted")], is_code=True)
                begin = self.origin + (1 if token.type == "fence" else 0)
                for number, row in enumerate(token.content.removesuffix("\n").split("\n")):
                    self.origin = begin + number
                    self._put([Span(f"  {safe_text(row.replace(chr(9), '    '))}", "accent")], is_code=True)
                self._blank()
            case "hr":
                self._put([Span("─" * 20, "muted")])
                self._blank()
            case _:
                self._nest(token)

    def _nest(self, token: "Token") -> None:
        """Begin or end a list, an item of it, or a quotation."""
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                start = token.attrGet("start")
                self.numbers.append(None if token.type[0] == "b" else int(start) if start is not None else 1)
            case "bullet_list_close" | "ordered_list_close":
                self.numbers.pop()
                self._blank()
            case "list_item_open":
                self._open_item()
            case "blockquote_open":
                self.blocks.append(_Block("│ ", "│ "))
            case "list_item_close" | "blockquote_close":
                self.blocks.pop()
            case _:
                return

    def _open_item(self) -> None:
        number = self.numbers[-1]
        marker = "• " if number is None else f"{number}. "
        if number is not None:
            self.numbers[-1] = number + 1
        self.blocks.append(_Block(marker, " " * len(marker)))

    def _prefix(self) -> str:
        """Return what stands before the next line; a list item's marker stands there once."""
        words = "".join(block.first for block in self.blocks)
        for block in self.blocks:
            block.first = block.rest
        return words

    def _put(self, spans: Iterable[Span], *, is_code: bool = False) -> None:
        room = max(self.width - sum(len(block.rest) for block in self.blocks), 8)
        rows = _chopped(tuple(spans), room) if is_code else wrapped_spans(spans, room)
        for row in rows:
            prefix = self._prefix()
            self._add([(Span(prefix, "muted"), *row) if prefix else row], self.origin)

    def _add(self, lines: Iterable[Line], origin: int) -> None:
        added = list(lines)
        self.lines += added
        self.origins += [origin] * len(added)

    def _blank(self) -> None:
        if self.lines and plain(self.lines[-1]).strip():
            self._add([()], self.origin)

    def _table(self, tokens: "Sequence[Token]") -> None:
        rows: list[list[Line]] = []
        places: list[int] = []
        for token in tokens:
            if token.type == "tr_open":
                rows.append([])
                places.append(token.map[0] if token.map else self.origin)
            elif token.type == "inline":
                rows[-1].append(tuple(_spans(token)))
        if rows:
            head, *body = rows
            self._blank()
            widths = column_widths([[cell_len(plain(cell)) for cell in row] for row in rows], self.width)
            if widths:
                self._add(_head(head, widths), places[0])
            for cells, place in zip(body, places[1:], strict=True):
                self._add(_row(cells, widths) if widths else _told(head, cells, self.width), place)
            self.origin = places[-1]
            self._blank()


def column_widths(lengths: Sequence[Sequence[int]], width: int) -> list[int]:
    """Return the widths of a table's columns in this width, or nothing if one of them would be too narrow to read; pure."""
    wanted = [max(column) for column in zip(*lengths, strict=False)]
    room = width - len(_GAP) * (len(wanted) - 1)
    widths = list(wanted)
    # The widest column gives way until all fit.
    while sum(widths) > room:
        widest = max(range(len(widths)), key=widths.__getitem__)
        others = max((w for i, w in enumerate(widths) if i != widest), default=0)
        too_much = sum(widths) - room
        step = min(too_much, max(widths[widest] - others, 1))
        widths[widest] -= step
        if widths[widest] < min(_LEAST_COLUMN, wanted[widest]):
            return []
    return [max(w, 1) for w in widths]


def _head(head: Sequence[Line], widths: Sequence[int]) -> Iterator[Line]:
    yield from _row([tuple(Span(span.text, "strong") for span in cell) for cell in head], widths)
    yield (Span(_GAP.join("─" * w for w in widths), "muted"),)


def _row(cells: Sequence[Line], widths: Sequence[int]) -> Iterator[Line]:
    columns = [wrapped_spans(cell, w) for cell, w in zip(cells, widths, strict=False)]
    for number in range(max(map(len, columns), default=0)):
        spans: list[Span] = []
        for column, w in zip(columns, widths, strict=False):
            part = column[number] if number < len(column) else ()
            spans += [*part, Span(" " * (w - cell_len(plain(part))) + _GAP)]
        yield _joined(spans)


def _told(head: Sequence[Line], cells: Sequence[Line], width: int) -> Iterator[Line]:
    """Tell a row of a table that is too wide, each value behind the name of its column."""
    for title, cell in zip(head, cells, strict=False):
        label = f"{plain(title)}: "
        first, *more = wrapped_spans((Span(label, "muted"), *cell), width) or [()]
        yield first
        yield from more
    yield ()


def _spans(token: "Token", tone: Tone = "plain") -> list[Span]:
    """Return the words of a paragraph: where a link leads stands behind it, and nothing opens."""
    spans: list[Span] = []
    tones, target = [tone], ""
    for child in token.children or ():
        match child.type:
            case "code_inline":
                spans.append(Span(safe_text(child.content), "accent"))
            case "strong_open":
                tones.append("strong")
            case "strong_close":
                tones.pop()
            case "link_open":
                target = str(child.attrGet("href") or "")
            case "link_close":
                spans.append(Span(f" <{safe_text(target)}>", "muted"))
            case "image":
                words = f"[image {safe_text(child.content)}] <{safe_text(str(child.attrGet('src') or ''))}>"
                spans.append(Span(words, "muted"))
            case "softbreak":
                spans.append(Span(" ", tones[-1]))
            case "hardbreak":
                spans.append(Span("\n"))
            case _ if child.content:
                spans.append(Span(safe_text(child.content), tones[-1]))
    return spans


def wrapped_spans(spans: Iterable[Span], width: int) -> list[Line]:
    """Wrap toned words at spaces, and inside a word only if it is wider than the row; pure."""
    rows: list[list[Span]] = [[]]
    used = 0
    for word in _words(spans):
        text = "".join(span.text for span in word)
        if text == "\n":
            rows.append([])
            used = 0
            continue
        length = cell_len(text.rstrip(" "))
        if used + length > width and used:
            rows.append([])
            used = 0
            if not text.strip(" "):
                continue
        for piece in _pieces(word, width) if length > width else word:
            if used + cell_len(piece.text.rstrip(" ")) > width:
                rows.append([])
                used = 0
            rows[-1].append(piece)
            used += cell_len(piece.text)
    return [_joined(row) for row in rows]


def _pieces(word: Iterable[Span], width: int) -> Iterator[Span]:
    for span in word:
        yield from (Span(piece, span.tone) for piece in chop_cells(span.text, width))


def _words(spans: Iterable[Span]) -> Iterator[list[Span]]:
    """Yield words with the space behind them; one can have several tones, such as code with a comma behind it."""
    word: list[Span] = []
    for span in spans:
        if span.text == "\n":
            yield from ([word] if word else [])
            yield [span]
            word = []
            continue
        parts = span.text.split(" ")
        for number, part in enumerate(parts):
            is_last = number == len(parts) - 1
            if part or not is_last:
                word.append(Span(part if is_last else f"{part} ", span.tone))
            if not is_last:
                yield word
                word = []
    if word:
        yield word


def _joined(row: Sequence[Span]) -> Line:
    joined: list[Span] = []
    for span in row:
        if joined and joined[-1].tone == span.tone:
            joined[-1] = Span(joined[-1].text + span.text, span.tone)
        else:
            joined.append(span)
    # The last space of a row is no part of the text.
    if joined:
        joined[-1] = Span(joined[-1].text.rstrip(" "), joined[-1].tone)
    return tuple(span for span in joined if span.text)


def _chopped(spans: Line, width: int) -> list[Line]:
    text, tone = plain(spans), spans[0].tone
    return [(Span(part, tone),) for part in chop_cells(text, width)] or [()]
