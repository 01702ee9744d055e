"""What a terminal sends: understood, shown or dropped, however it is cut into reads; never an end, never a stray key."""

import random

import pytest
from textual import events

from console.app.keyboard import MOST_PASTED, PASTE_SECONDS, SEQUENCE_SECONDS, Keyboard
from console.widgets.pasted import Pasted


def _told(*chunks: bytes | float) -> list[str]:
    """What comes of these reads; a number is a silence of so many seconds. At the end there is a long one."""
    keyboard, now, found = Keyboard(), 100.0, list[object]()
    for chunk in (*chunks, 2 * PASTE_SECONDS):
        if isinstance(chunk, bytes):
            now += 0.001
            found += keyboard.feed(chunk, now)
        else:
            now += chunk
            found += keyboard.tick(now)
    return [_words(event) for event in found]


def _words(event: object) -> str:
    match event:
        case events.Key():
            return event.key
        case events.Paste():
            return f"paste {event.text}"
        case _:
            return type(event).__name__


@pytest.mark.parametrize(
    ("sent", "understood"),
    [
        (b"\xe9", ["é"]),
        (b"a\xe9b", ["a", "é", "b"]),
        ("é日".encode(), ["é", "日"]),
        (b"\xed\xa0\x80x", ["í", "x"]),  # half a surrogate pair, of which one byte is a Latin-1 letter
        (b"\x01\t\r\x7f", ["ctrl+a", "tab", "enter", "backspace"]),
        ("x\u202ey\u009bz".encode(), ["x", "y", "z"]),
        (b"\x1b[A\x1bOB\x1b[1;5C\x1b[24~", ["up", "down", "ctrl+right", "f12"]),
        (b"\x1b[[A\x1b[7$", ["f1", "shift+home"]),
        (b"\x1b\x1b", ["escape", "escape"]),
    ],
)
def test_letters_of_another_encoding_and_keys_are_understood(sent: bytes, understood: list[str]) -> None:
    assert _told(sent) == understood


@pytest.mark.parametrize(
    "sent",
    [
        b"\x1b[?62;22c",
        b"\x1b[>41;354;0c",
        b"\x1b[24;80R",
        b"\x1b[?2048;2$y",
        b"\x1b[48;24;80;0;0t",
        b"\x1b[48;99999;99999;1;1t",
        b"\x1b]11;rgb:1414/1717/1c1c\x1b\\",
        b"\x1b]11;rgb:1414/1717/1c1c\x07",
        b"\x1bP>|xterm(380)\x1b\\",
        b"\x1b_Gi=1;OK\x1b\\",
        b"\x1b[M\xe9\xff\xf0",
        b"\x1b[M !!",
        b"\x1b[99999999999u",
        b"\x1b[55296u",
        b"\x1b[97:65;2:1u",
        b"\x1b[1;1:3A",
        b"\x1b[<0;99999;1M",
        b"\x1b[" + b"1;" * 40 + b"u",
        b"\x1ba",
    ],
)
def test_what_is_no_key_of_this_console_is_dropped_whole_and_the_next_key_counts(sent: bytes) -> None:
    """Textual types the answer of a terminal out, or ends at it."""
    assert _told(sent + b"r") == ["r"]
    for cut in range(1, len(sent)):
        assert _told(sent[:cut], sent[cut:] + b"r") == ["r"], cut


@pytest.mark.parametrize(
    "half", [b"\x1b[", b"\x1b[1;", b"\x1bO", b"\x1b[?", b"\x1b]11;x", b"\x1bP", b"\x1b[M", b"\x1b[<0;1", b"\xc3"]
)
def test_after_half_a_sequence_the_stop_key_is_heard_at_once_and_others_after_a_moment(half: bytes) -> None:
    assert _told(half + b"\x18")[-1] == "ctrl+x"
    assert _told(half, b"\x18")[-1] == "ctrl+x"
    assert _told(half, SEQUENCE_SECONDS, b"r")[-1] == "r"


def test_the_escape_key_alone_is_one_after_a_moment_and_stops_count_behind_it() -> None:
    assert _told(b"\x1b", 0.1, b"A") == ["escape", "A"]
    assert _told(b"\x1b\x18") == ["escape", "ctrl+x"]


def test_a_paste_is_text_and_nothing_in_it_is_a_key_or_a_sequence() -> None:
    assert _told(b"\x1b[200~gA\x1b[31m\r\n\x9b\xe9\x00\x1b[201~r") == ["paste gA\né", "r"]
    assert _told(b"\x1b[20", b"0~one", b" two\x1b", b"[201~r") == ["paste one two", "r"]


def test_a_paste_keeps_the_spaces_of_a_legal_text_and_counts_what_it_leaves_out() -> None:
    text = "\u00a7\u00a05 Abs.\u202f1"
    (pasted,) = Keyboard().feed(f"\x1b[200~{text}\r\nx\u00ad\u202ey\x07\x1b[31mz\x1b[201~".encode(), 0.0)
    assert isinstance(pasted, Pasted)
    assert (pasted.text, pasted.left_out, pasted.is_cut) == (f"{text}\nxyz", 4, False)


def test_a_paste_that_is_not_whole_says_so() -> None:
    (long,) = Keyboard().feed(b"\x1b[200~" + b"\x07" + b"x" * MOST_PASTED + b"\x1b[201~", 0.0)
    assert isinstance(long, Pasted)
    assert (len(long.text), long.left_out, long.is_cut) == (MOST_PASTED - 1, 1, True)
    keyboard = Keyboard()
    assert keyboard.feed(b"\x1b[200~text", 0.0) == []
    (broken,) = keyboard.tick(PASTE_SECONDS)
    assert isinstance(broken, Pasted)
    assert broken.is_cut


@pytest.mark.parametrize("stop", [b"\x18", b"\x1b[24~", b"\x1b[120;5u", b"\x1b[27;5;120~"])
def test_in_a_paste_without_an_end_the_stop_key_works_and_types_nothing(stop: bytes) -> None:
    """Whatever encoding the terminal gives it."""
    heard = "f12" if stop == b"\x1b[24~" else "ctrl+x"
    assert _told(b"\x1b[200~never ended", stop, b"s") == [heard, "s"]
    assert _told(b"\x1b[200~never ended" + stop) == [heard]


def test_a_paste_without_an_end_is_over_with_the_escape_key_or_after_a_silence() -> None:
    assert _told(b"\x1b[200~text", b"\x1b", 0.1, b"r") == ["paste text", "escape", "r"]
    assert _told(b"\x1b[200~text", PASTE_SECONDS, b"r") == ["paste text", "r"]


def test_the_rest_of_a_paste_that_was_given_up_is_not_typed() -> None:
    """A line that was dead for a while: what comes after it in bulk is still the paste."""
    assert _told(b"\x1b[200~text", PASTE_SECONDS, b"gAEg and more", b"and more\x1b[201~r") == ["paste text", "r"]
    assert _told(b"\x1b[200~a\x18" + b"sqg" * 9) == ["ctrl+x"]


def test_a_paste_of_any_size_is_bounded() -> None:
    told = _told(b"\x1b[200~", *[b"x" * 4096] * 40, b"\x1b[201~")
    assert [len(one) for one in told] == [len("paste ") + MOST_PASTED]


def test_no_bytes_in_any_reads_raise_and_the_stop_key_is_heard_after_them() -> None:
    dice = random.Random(7)
    for number in range(150):
        keyboard, now = Keyboard(), 100.0
        for _ in range(20):
            now += 0.001
            keyboard.feed(
                bytes(dice.choices((0x1B, 0x5B, 0x3B, 0x4D, 0x31, 0x7E, 0x9B, 0xC3, dice.randrange(256)), k=9)), now
            )
            if dice.random() < 0.2:
                now += 0.1
                keyboard.tick(now)
        heard = [_words(event) for event in keyboard.feed(b"\x18", now + 0.001)]
        assert heard[-1:] == ["ctrl+x"], number
