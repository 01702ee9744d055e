"""Frames as short as they can be: what the terminal shows already is not sent again, and no style that it has already.

Textual paints a region whole, with the whole style before each piece of text and a reset behind it: a change of the screen, or
of one word, is tens of thousands of bytes. Here each piece is compared with what was sent for its cells before. What is not
understood is sent as it is, and nothing is taken for known from then on.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from rich.cells import cell_len

_BEGINS, _ENDS = "\x1b[?2026h", "\x1b[?2026l"
"""Marks of a frame that a terminal shows at once."""
_PART = re.compile(
    r"\x1b\[(?P<style>[\d;]*)m|\x1b\[(?P<row>\d+);(?P<column>\d+)H|(?P<text>[^\x00-\x1f\x7f]+)|(?P<down>\n)"
)
_MODE = re.compile(r"(?:\x1b\[[?>=<][\d;]*\$?[A-Za-z]|\x07)+\Z")
"""Modes and questions, and the bell: they draw nothing."""
_POINTER = re.compile(r"\x1b\]22;[^\x00-\x1f\x7f]*\x07\Z")
"""Shape of the mouse's pointer: a terminal that does not know it writes it onto the screen, and nobody needs it."""
_OTHER_SCREEN = "1049"
_DRAWN = frozenset({"4", "7", "9", "21", "53"})
"""Attributes that are seen on a blank: underlined, reverse, struck through."""


@dataclass(frozen=True, slots=True)
class _Style:
    attributes: tuple[str, ...] = ()
    colour: str = ""
    background: str = ""

    @property
    def shows_on_blanks(self) -> bool:
        return not _DRAWN.isdisjoint(self.attributes)


_PLAIN = _Style()
_Cell = tuple[object, ...]


class Frames:
    """Cells that the terminal shows, by row, as far as they are known; and the frames that change them."""

    def __init__(self) -> None:
        self._rows: dict[int, list[_Cell | None]] = {}
        self._must_forget = False
        self._begins = False
        """True if a frame has begun, and nothing of it was sent yet."""

    def forget(self) -> None:
        """Take nothing for known: the terminal was resized or used by another, or frames did not arrive. May be called in any thread."""
        self._must_forget = True

    def shortened(self, data: str) -> str:
        """Return what has to be sent in place of this data."""
        if self._must_forget:
            self._must_forget = False
            self._rows.clear()
        if data == _BEGINS:
            self._begins = True
            return ""
        if data == _ENDS and self._begins:
            self._begins = False
            return ""
        if data == _ENDS:
            return data
        sent = self._shortened(data)
        if sent and self._begins:
            self._begins = False
            return _BEGINS + sent
        return sent

    def _shortened(self, data: str) -> str:
        if _POINTER.match(data):
            return ""
        if _MODE.match(data) and _OTHER_SCREEN not in data:
            return data
        frame = _Frame(self._rows)
        place = 0
        for part in _PART.finditer(data):
            # A sign that is drawn over the letter before it is sent together with that letter or not at all.
            if part.start() != place or (part["text"] and not cell_len(part["text"][0])):
                break
            place = part.end()
            frame.add(part)
        if place != len(data):
            self._rows.clear()
            return data
        return frame.ended()


class _Frame:
    """One frame on its way to the terminal."""

    def __init__(self, rows: dict[int, list[_Cell | None]]) -> None:
        self._rows = rows
        self._sent: list[str] = []
        self._place: tuple[int, int] | None = None
        """Row and column that the frame is at; None before its first move."""
        self._cursor: tuple[int, int] | None = None
        """Row and column of the terminal's cursor, if it is known."""
        self._style = _PLAIN
        self._styled = _PLAIN
        """The style that the terminal has."""

    def add(self, part: re.Match[str]) -> None:
        """Add a move, a style or a text."""
        if (text := part["text"]) is not None:
            self._text(text)
        elif part["row"] is not None:
            self._place = int(part["row"]) - 1, int(part["column"]) - 1
        elif part["style"] is not None:
            self._style = _styled(self._style, part["style"])

    def _text(self, text: str) -> None:
        cells = _cells(text, self._style)
        if self._place is None:
            self._rows.clear()
            self._send(text, self._style)
            self._cursor = None
            return
        row, column = self._place
        end = column + len(cells)
        shown = self._rows.setdefault(row, [])
        if len(shown) < end:
            shown.extend([None] * (end - len(shown)))
        self._place = row, end
        if shown[column:end] == cells:
            return
        first, last = 0, len(cells)
        is_simple = _is_simple(text)
        # Words stay whole; blanks around them that are there already are left out.
        while is_simple and first < last and text[first] == " " and shown[column + first] == cells[first]:
            first += 1
        while is_simple and last > first and text[last - 1] == " " and shown[column + last - 1] == cells[last - 1]:
            last -= 1
        shown[column:end] = cells
        if self._cursor != (row, column + first):
            self._sent.append(f"\x1b[{row + 1};{column + first + 1}H")
        self._send(text[first:last] if is_simple else text, self._style)
        # Where a terminal takes a wide letter for a narrow one, the next text must still stand in its place.
        self._cursor = (row, column + last) if is_simple else None

    def _send(self, text: str, style: _Style) -> None:
        if not text.strip(" ") and not style.shows_on_blanks:
            # The colour of the letters is not seen on blanks: it stays as it is.
            kept = self._styled if not self._styled.shows_on_blanks else _PLAIN
            style = _Style(kept.attributes, kept.colour, style.background)
        self._sent.append(_change(self._styled, style) + text)
        self._styled = style

    def ended(self) -> str:
        """Return what has to be sent; nothing if all of it is there already."""
        if not self._sent:
            return ""
        self._sent.append(_change(self._styled, self._style))
        if self._place is not None and self._place != self._cursor:
            self._sent.append(f"\x1b[{self._place[0] + 1};{self._place[1] + 1}H")
        return "".join(self._sent)


def _is_simple(text: str) -> bool:
    """Return whether each letter takes one cell."""
    return text.isascii() or all(cell_len(letter) == 1 for letter in set(text))


def _cells(text: str, style: _Style) -> list[_Cell | None]:
    """Return what is in each cell that the text takes; a text with wide or combining letters is compared as a whole."""
    if not _is_simple(text):
        return [(text, number, style) for number in range(cell_len(text))]
    blank: _Cell = (" ", style if style.shows_on_blanks else style.background)
    return [(letter, style) if letter != " " else blank for letter in text]


@lru_cache(maxsize=2048)
def _styled(style: _Style, codes: str) -> _Style:
    """Return the style after these codes."""
    words = codes.split(";")
    while words:
        word = words.pop(0)
        count = {"2": 4, "5": 2}.get(words[0], 0) if word in {"38", "48"} and words else 0
        colour, words = ";".join([word, *words[:count]]), words[count:]
        if word in {"", "0"}:
            style = _PLAIN
        elif word[:-1] in {"3", "9"}:
            style = _Style(style.attributes, "" if word == "39" else colour, style.background)
        elif word[:-1] in {"4", "10"}:
            style = _Style(style.attributes, style.colour, "" if word == "49" else colour)
        else:
            style = _Style((*style.attributes, word), style.colour, style.background)
    return style


@lru_cache(maxsize=4096)
def _change(old: _Style, new: _Style) -> str:
    """Return the shortest sequence from one style to the other; empty if they are the same."""
    if old == new:
        return ""
    if new == _PLAIN:
        return "\x1b[m"
    codes = []
    if old.attributes == new.attributes:
        if old.colour != new.colour:
            codes.append(new.colour or "39")
        if old.background != new.background:
            codes.append(new.background or "49")
    else:
        codes = [*([] if old == _PLAIN else ["0"]), *new.attributes, new.colour, new.background]
    return f"\x1b[{';'.join(filter(None, codes))}m"
