"""What is sent in place of a frame makes the terminal show what the frame would have shown, in fewer bytes."""

import random
import re

import pytest
from rich.cells import cell_len

from console.app.frames import Frames

_STYLES = (
    "38;2;1;2;3;48;2;9;9;9",
    "1;38;2;1;2;3;48;2;9;9;9",
    "38;5;200;48;2;9;9;9",
    "31;44",
    "97;104",
    "7;31",
    "4",
    "2;39;49",
    "",
)
_WORDS = ("switch OFF", "HOLD", "      ", " ", "─" * 5, "điều", "\u0111i\u00ea\u0300u", "適用", "a適b", "│ x", "…")
_OF_A_TERMINAL = re.compile(
    r"\x1b\[(?P<codes>[\d;]*)m|\x1b\[(?P<row>\d+);(?P<column>\d+)H|\x1b\[\?2026[hl]|(?P<down>\n)|(?P<letter>[^\x1b\n])"
)
_ROWS, _COLUMNS = 6, 30


class _Terminal:
    """Shows what it is sent, cell by cell: letters, and the style as the codes that are in force."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, int], tuple[str, tuple[str, str, frozenset[str]]]] = {}
        self._row = self._column = 0
        self._style = ("", "", frozenset[str]())

    def take(self, data: str) -> None:
        """Draw."""
        for part in _OF_A_TERMINAL.finditer(data):
            if part["letter"]:
                self._put(part["letter"])
            elif part["row"]:
                self._row, self._column = int(part["row"]) - 1, int(part["column"]) - 1
            elif part["down"]:
                self._row += 1
            elif part["codes"] is not None:
                self._set([int(code or 0) for code in part["codes"].split(";")])

    def _put(self, letter: str) -> None:
        width = cell_len(letter)
        if width == 0:
            place = self._row, self._column - 1
            self.cells[place] = (self.cells[place][0] + letter, self.cells[place][1])
            return
        _, background, attributes = self._style
        is_blank = letter == " " and not attributes & {"4", "7"}
        style = ("", background, frozenset[str]()) if is_blank else self._style
        self.cells[self._row, self._column] = (letter, style)
        if width == 2:
            self.cells[self._row, self._column + 1] = ("", style)
        self._column += width

    def _set(self, codes: list[int]) -> None:
        colour, background, attributes = self._style
        while codes:
            code = codes.pop(0)
            rest = [codes.pop(0) for _ in range({2: 4, 5: 2}[codes[0]])] if code in {38, 48} else []
            if code == 0:
                colour, background, attributes = "", "", frozenset()
            elif code in {38, 39, *range(30, 38), *range(90, 98)}:
                colour = "" if code == 39 else str([code, *rest])
            elif code in {48, 49, *range(40, 48), *range(100, 108)}:
                background = "" if code == 49 else str([code, *rest])
            else:
                attributes |= {str(code)}
        self._style = colour, background, attributes


def painted(dice: random.Random) -> str:
    """A region as Textual paints it: a move to each of its rows, and pieces of text, each in its style."""
    frame, first = [], dice.randrange(_ROWS)
    for row in range(first, dice.randint(first, _ROWS - 1) + 1):
        column = dice.choice((0, 0, 10))
        frame.append(f"\x1b[{row + 1};{column + 1}H")
        while column < _COLUMNS:
            text, style = dice.choice(_WORDS), dice.choice(_STYLES)
            frame.append(f"\x1b[{style}m{text}\x1b[0m" if style else text)
            column += cell_len(text)
        frame.append("\n")
    return "".join([*frame[:-1], f"\x1b[{dice.randint(1, _ROWS)};1H"])


@pytest.mark.parametrize("seed", range(20))
def test_a_terminal_shows_the_same_whatever_is_left_out(seed: int) -> None:
    dice, frames = random.Random(seed), Frames()
    whole, short = _Terminal(), _Terminal()
    regions = [painted(dice) for _ in range(6)]
    for _ in range(60):
        frame = dice.choice(regions) if dice.random() < 0.5 else painted(dice)
        if dice.random() < 0.05:
            frames.forget()
        whole.take(frame)
        short.take(frames.shortened(frame))
        assert short.cells == whole.cells


def test_a_frame_that_changes_nothing_is_not_sent_and_neither_are_its_marks() -> None:
    frames, frame = Frames(), "\x1b[2;1H\x1b[1;38;2;1;2;3mswitch OFF\x1b[0m\x1b[1;1H"
    sent = [frames.shortened(part) for part in ("\x1b[?2026h", frame, "\x1b[?2026l")]
    assert "".join(sent) == "\x1b[?2026h\x1b[2;1H\x1b[1;38;2;1;2;3mswitch OFF\x1b[m\x1b[1;1H\x1b[?2026l"
    assert [frames.shortened(part) for part in ("\x1b[?2026h", frame, "\x1b[?2026l")] == ["", "", ""]
    frames.forget()
    assert frames.shortened(frame) == sent[1].removeprefix("\x1b[?2026h")


def test_of_a_row_the_piece_that_changed_is_sent_whole_and_nothing_else() -> None:
    frames, style = Frames(), "\x1b[38;2;1;2;3m"
    frames.shortened(f"\x1b[1;1H{style} Gates \x1b[0m{style}switch OFF   \x1b[0m")
    sent = frames.shortened(f"\x1b[1;1H{style} Gates \x1b[0m{style}switch HOLD  \x1b[0m")
    assert sent == f"\x1b[1;8H{style}switch HOLD\x1b[m\x1b[1;21H"


@pytest.mark.parametrize(
    "data", ["\x1b[2J", "\x1b[?1049h", "\x1b]52;c;eA==\x07", "\x1b[1;1Hx\x1b[3K", "x\x7f", "\x1b(0"]
)
def test_what_is_not_understood_is_sent_as_it_is_and_nothing_is_known_behind_it(data: str) -> None:
    frames, frame = Frames(), "\x1b[1;1Hswitch OFF"
    first = frames.shortened(frame)
    assert frames.shortened(data) == data
    assert frames.shortened(frame) == first


@pytest.mark.parametrize("data", ["\x1b[?1000h", "\x1b[?2026$p\x1b[?25l", "\x07", "\x1b[>1u"])
def test_modes_and_questions_pass_and_what_is_shown_stays_known(data: str) -> None:
    frames, frame = Frames(), "\x1b[1;1Hswitch OFF"
    frames.shortened(frame)
    assert frames.shortened(data) == data
    assert frames.shortened(frame) == ""


def test_the_shape_of_the_pointer_is_not_sent_and_what_is_shown_stays_known() -> None:
    """A dialog asks for one when it opens and when it closes."""
    frames, frame = Frames(), "\x1b[1;1Hswitch OFF"
    frames.shortened(frame)
    assert [frames.shortened(part) for part in ("\x1b]22;text\x07", frame)] == ["", ""]


@pytest.mark.parametrize("piece", ["\u0302\u0300", "\u0302\u0300u"])
def test_a_sign_that_stands_over_the_letter_before_it_is_never_left_out(piece: str) -> None:
    """As where a search marks the letter and not what belongs to it: another text than that of the law would be shown."""
    frames, frame = Frames(), f"\x1b[1;1H\u0111i\x1b[1me\x1b[0m{piece}"
    assert [frames.shortened(frame) for _ in range(2)] == [frame, frame]


@pytest.mark.parametrize("text", ["適用", "\u0111i\u00ea\u0300u", "適e\u0300"])
def test_behind_a_wide_or_a_combining_letter_the_place_is_sent_again(text: str) -> None:
    """A terminal may take it for one cell more or less."""
    sent = Frames().shortened(f"\x1b[1;1H{text}\x1b[1mHOLD\x1b[0m")
    assert sent == f"\x1b[1;1H{text}\x1b[1;{cell_len(text) + 1}H\x1b[1mHOLD\x1b[m"
