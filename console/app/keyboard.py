"""Turns the bytes of a terminal into events. Any input is understood, shown or dropped; none ends the console.

Textual's own reader wants UTF-8 and whole sequences: it ends at a byte of another encoding and at a key code that is no
character, it types out what it does not know (the answer `ESC [ ? 6 2 c` as the keys 6, 2 and c), and takes everything
for pasted text until a paste ends. Here the stream is cut into characters and whole sequences first; only a whole
sequence is handed to Textual's parser, a new one each time, so that nothing it makes of it lasts.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterator

from textual import events
from textual._xterm_parser import XTermParser
from textual.message import Message
from textual.messages import InBandWindowResize

from console.actions.stopping import STOP_KEYS
from console.widgets.pasted import Pasted

SEQUENCE_SECONDS = 1.0
"""Longest wait for the rest of a sequence; the escape key alone needs no such wait."""
PASTE_SECONDS = 2.0
"""Silence after which a paste is over, even if the terminal sends no end mark."""
LATE_SECONDS = 10.0
"""Silence after which the rest of an abandoned paste is no longer expected."""
MOST_PASTED = 64 * 1024
"""Number of characters of one paste that are kept."""
TYPED_AT_ONCE = 2
"""Number of bytes of one read, after a paste without an end, that can be keys; more are the rest of the paste."""
MOST_CELLS = 10_000
"""Largest column or row of a pointer; no terminal is larger."""

# A whole sequence, in this order: a function key of the Linux console (ESC [ [ A), a shifted key of rxvt (ESC [ 3 $), a legacy
# pointer (ESC [ M and three bytes), and the general form of ECMA-48, in which M alone would be a pointer that is not complete.
_CSI = re.compile(
    rb"\x1b\[(?:\[[A-Z]|\d+\$(?![\x20-\x7e])|M[\x20-\xff]{3}|[\x30-\x3f]*[\x20-\x2f]*[\x40-\x4c\x4e-\x5a\x5c-\x7e]|[\x30-\x3f]+[\x20-\x2f]*M)",
    re.DOTALL,
)
_CSI_BEGUN = re.compile(rb"\x1b\[(?:\[|M[\x20-\xff]{0,2}|[\x30-\x3f]*[\x20-\x2f]*)\Z", re.DOTALL)
_STRING_END = re.compile(rb"\x07|\x1b\\|[\x18\x1a]|\x1b(?=[^\\])|\x9c")
_LEGACY_POINTER = b"\x1b[M"
_PASTE_BEGINS, _PASTE_ENDS = b"\x1b[200~", b"\x1b[201~"
_MOST_SEQUENCE = 64
_ENDLESS = b"\x1b[?0"
"""Placeholder for a sequence longer than any valid one: its end is awaited, its content is dropped."""
_MOST_UNDERSTOOD = 32
"""Longest sequence that Textual's parser understands; it would type out a longer one."""


def _as_latin_1(error: UnicodeError) -> tuple[str, int]:
    """Decode a byte that is not UTF-8 as the Latin-1 letter that it probably is."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.start + 1].decode("latin-1"), error.start + 1


codecs.register_error("cutter-latin-1", _as_latin_1)


class Keyboard:
    """A reader that makes events of bytes. `now` is a monotonic time in seconds; call `tick` when nothing has come for a moment."""

    def __init__(self) -> None:
        self._rest = b""
        """Start of a sequence or character whose end has not arrived yet."""
        self._in_string = False
        """True inside an answer of the terminal that lasts until its end mark."""
        self._paste: list[str] | None = None
        self._pasted = 0
        self._left_out = 0
        """Number of sequences in the paste, of which nothing is taken."""
        self._unended = False
        """True after a paste was given up before its end: the rest may still arrive."""
        self._last = 0.0
        self._pointer = (0.0, 0.0)

    def feed(self, data: bytes, now: float) -> list[Message]:
        """Return the events of these bytes, as far as they are complete."""
        late, self._last = now - self._last, now
        if self._unended and late > LATE_SECONDS:
            self._unended = False
        if self._unended and len(data) > TYPED_AT_ONCE and data[:1] != b"\x1b":
            return [] if _PASTE_ENDS not in data else self._after_the_paste(data, now)
        data, self._rest = self._rest + data, b""
        return list(self._events(data))

    def _after_the_paste(self, data: bytes, now: float) -> list[Message]:
        self._unended = False
        return self.feed(data.partition(_PASTE_ENDS)[2], now)

    @property
    def is_waiting(self) -> bool:
        """True if something is unfinished, which a moment's silence decides."""
        return bool(self._rest) or self._in_string or self._paste is not None

    def tick(self, now: float) -> list[Message]:
        """Return the events that a moment's silence decides: the escape key, or the end of something unfinished."""
        silent = now - self._last
        messages: list[Message] = []
        if self._rest == b"\x1b":
            self._rest = b""
            messages = self._escape_key()
        elif self._rest and (self._rest[:1] != b"\x1b" or silent >= SEQUENCE_SECONDS):
            data, self._rest = self._rest, b""
            messages = list(self._characters(data)) if data[:1] != b"\x1b" else []
        if self._in_string and silent >= SEQUENCE_SECONDS:
            self._in_string = False
        if self._paste is not None and silent >= PASTE_SECONDS:
            messages += self._end_paste(ended=False)
        return messages

    def _escape_key(self) -> list[Message]:
        """Return the escape key; inside a paste it also ends the paste."""
        ended = self._end_paste(ended=False) if self._paste is not None else []
        return [*ended, events.Key("escape", "\x1b")]

    def _events(self, data: bytes) -> Iterator[Message]:
        # One loop, though it branches often: each branch takes another number of bytes, and what is left decides the next.
        while data:
            if self._in_string:
                data = self._skip_string(data)
                continue
            text, escape, after = data.partition(b"\x1b")
            if text:
                # 0x18 is the stop key ^X. It acts inside a paste too, which may have no end.
                stop = text.find(b"\x18") if self._paste is not None else -1
                if stop >= 0:
                    yield from self._stopped_paste("ctrl+x", "\x18")
                    data = data[stop + 1 :]
                    data = data if len(data) <= TYPED_AT_ONCE else b""
                    continue
                yield from self._characters(text, more=bool(escape))
            if not escape:
                return
            sequence = self._sequence(escape + after)
            if not sequence:
                whole = escape + after
                self._rest = whole if len(whole) <= _MOST_SEQUENCE else _ENDLESS
                return
            data = (escape + after)[len(sequence) :]
            messages = list(self._of_sequence(sequence))
            yield from messages
            if self._unended and len(data) > TYPED_AT_ONCE:
                return

    def _skip_string(self, data: bytes) -> bytes:
        end = _STRING_END.search(data)
        if end is None:
            self._rest = b"\x1b" if data.endswith(b"\x1b") else b""
            return b""
        self._in_string = False
        if end.group() in {b"\x18", b"\x1a", b"\x1b"}:
            return data[end.start() :]
        return data[end.end() :]

    def _sequence(self, data: bytes) -> bytes:
        """Return the whole sequence that these bytes begin with, or nothing if its end has not arrived yet."""
        if len(data) < 2:
            return b""
        match data[1:2]:
            case b"[":
                if whole := _CSI.match(data):
                    return whole.group()
                return b"" if _CSI_BEGUN.match(data) else data[: self._broken_at(data)]
            case b"O":
                return data[:3] if len(data) >= 3 and data[2:3] > b" " else data[:2] if len(data) >= 3 else b""
            case b"\x1b" | b"\x18":
                return data[:1]
            case second:
                return data[:2] if second < b"\x80" else data[:1]

    def _broken_at(self, data: bytes) -> int:
        """Return where a broken sequence ends: at a byte that no sequence can contain."""
        index = 2
        while index < len(data) and 0x20 <= data[index] <= 0x3F:
            index += 1
        return index

    def _of_sequence(self, sequence: bytes) -> Iterator[Message]:
        if sequence == _PASTE_BEGINS:
            self._unended = False
            if self._paste is None:
                self._paste, self._pasted, self._left_out = [], 0, 0
        elif sequence == _PASTE_ENDS:
            self._unended = False
            yield from self._end_paste(ended=True)
        elif sequence == b"\x1b":
            yield from self._escape_key()
        elif sequence[1:] in {b"]", b"P", b"X", b"^", b"_"}:  # OSC, DCS, SOS, PM and APC: answers, never keys
            self._in_string = True
        elif not sequence.startswith(_LEGACY_POINTER) or len(sequence) == 3:
            yield from self._understood(sequence)

    def _understood(self, sequence: bytes) -> Iterator[Message]:
        self._left_out += 1
        for event in self._parsed(sequence.decode("latin-1")):
            if self._paste is None:
                yield event
            elif isinstance(event, events.Key) and event.key in STOP_KEYS:
                yield from self._stopped_paste(event.key, event.character)

    def _parsed(self, sequence: str) -> list[Message]:
        """Return the events that Textual's parser makes of one whole sequence, if the console can use them."""
        if len(sequence) > _MOST_UNDERSTOOD:
            return []
        # A new parser each time: a sequence that confuses it cannot spoil the next one.
        parser = XTermParser()
        parser.last_x, parser.last_y = self._pointer
        try:
            messages = list(parser.feed(sequence))
        except (ValueError, OverflowError, ArithmeticError):  # a code that is no character, a number that is none
            return []
        self._pointer = (parser.last_x, parser.last_y)
        return [event for event in messages if _is_useful(event)]

    def _characters(self, data: bytes, *, more: bool = True) -> Iterator[Message]:
        text = self._decoded(data, final=more)
        if self._paste is not None:
            if self._pasted < MOST_PASTED:
                self._paste.append(text[: MOST_PASTED - self._pasted])
            self._pasted += len(text)
            return
        for character in text:
            if character < "\x20" or character == "\x7f" or character.isprintable():
                yield from self._parsed(character)

    def _decoded(self, data: bytes, *, final: bool) -> str:
        """Decode as UTF-8; a character whose last bytes have not arrived yet waits for them."""
        decoder = codecs.getincrementaldecoder("utf-8")("cutter-latin-1")
        text = decoder.decode(data, final=final)
        if not final:
            self._rest = decoder.getstate()[0]
        return text

    def _end_paste(self, *, ended: bool) -> list[Message]:
        if self._paste is None:
            return []
        text, self._paste = "".join(self._paste), None
        self._unended = not ended
        lines = text.replace("\r\n", "\n").replace("\r", "\n")
        taken = "".join(character for character in lines if _is_text(character))
        left_out = self._left_out + len(lines) - len(taken)
        return [Pasted(taken, left_out=left_out, is_cut=not ended or self._pasted > MOST_PASTED)]

    def _stopped_paste(self, key: str, character: str | None) -> Iterator[Message]:
        """Return the stop key, and drop what was pasted."""
        self._end_paste(ended=False)
        yield events.Key(key, character)


def _is_text(character: str) -> bool:
    """Return whether a character of a paste is taken: also spaces of other widths, which a legal text has between a sign and its number."""
    return character.isprintable() or character in "\n\t" or unicodedata.category(character) == "Zs"


def _is_useful(event: Message) -> bool:
    """Return whether the event is possible. Sizes are dropped: they come from the system, not from the terminal."""
    if isinstance(event, events.Resize | events.CursorPosition | InBandWindowResize):
        return False
    if isinstance(event, events.MouseEvent):
        return max(event.screen_x, event.screen_y) < MOST_CELLS
    if isinstance(event, events.Key):
        character = event.character or ""
        plain = len(character) <= 1 and (character.isprintable() or character < "\x20" or character == "\x7f")
        return plain and event.key.isprintable()
    return True
