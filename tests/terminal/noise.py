"""Bytes at random on the terminal of a console: letters of another encoding, half sequences, answers nobody asked for."""

import ast
import fcntl
import random
import struct
import tempfile
import termios
from pathlib import Path

from tests.screens.chaos import TYPED, WRITING
from tests.terminal.pty_session import PtySession
from tests.terminal.scenarios import NOISE

EPISODE = 170
"""Pieces that one console is handed."""
_BURST = 85
"""Pieces after which the console is asked whether it is still there."""

_LETTERS = (
    b"\xe9",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    "é".encode(),
    "日本".encode(),
    b"\x9b31m",
    b"\x00",
)
_POINTERS = (b"\x1b[M !!", b"\x1b[M#\xe9\xff", b"\x1b[M\xe0\xf0\xf8", b"\x1b[M", b"\x1b[M ", b"\x1b[<0;300;90M", b"\x1b[<0;0;0M",
             b"\x1b[<64;5;5M", b"\x1b[<35;99999;1M", b"\x1b[<0;-5;3M", b"\x1b[32;40;10M", b"\x1b[<999;1;1m")  # fmt: skip
_HALVES = (
    b"\x1b",
    b"\x1b[",
    b"\x1b[1",
    b"\x1b[1;",
    b"\x1bO",
    b"\x1b[?",
    b"\x1b]",
    b"\x1bP",
    b"\x1b_",
    b"\x1b[[",
    b"\x1b[<0;1",
)
_PASTES = (b"\x1b[200~", b"\x1b[200~never ended", b"\x1b[200~ended\x1b[201~", b"\x1b[201~", b"\x1b[200~\xe9\x1b[31m\r\n\x1b[201~",
           b"\x1b[200~" + b"long " * 3000)  # fmt: skip
_REPORTS = (b"\x1b[I", b"\x1b[O", b"\x1b[97;5u", b"\x1b[97:65;2:1u", b"\x1b[1;1:3A", b"\x1b[55296u", b"\x1b[99999999999u", b"\x1b[;;u",
            b"\x1b[57441;2u", b"\x1b[0;;233u", b"\x1b[13;1:2u", b"\x1b[27;5;9~", b"\x1b[24;99~")  # fmt: skip
_ANSWERS = (b"\x1b[?62;22c", b"\x1b[>41;354;0c", b"\x1b[24;80R", b"\x1b[0n", b"\x1b[?2026;2$y", b"\x1b[?2048;2$y", b"\x1b[?2048;1$y",
            b"\x1b[48;0;0;0;0t", b"\x1b[48;24;80;0;0t", b"\x1b[48;99999;99999;1;1t", b"\x1b]11;rgb:1414/1717/1c1c\x1b\\", b"\x1b]11;rgb:1",
            b"\x1bP>|xterm(380)\x1b\\", b"\x1bP1$r0m\x1b\\", b"\x1b[?0u", b"\x1b_Gi=1;OK\x1b\\", b"\x1b[8;24;80t", b"\x1b[4;480;640t")  # fmt: skip
_KEYS = (b"1", b"2", b"3", b"4", b"5", b"6", b"\r", b"\r", b"\t", b"\x1b[Z", b"\x10", b"\x18", b"\x19", b"?", b"p", b"A", b"E", b"U", b"V", b"H",
         b"g", b"s", b"q", b"\x11", b"\x03", b"\x1a", b"\x1c", b"\x13", b"\x14", b"\x1b[A", b"\x1b[B", b"\x1b[5~", b"\x1b[6~", b"\x1b[24~", b"\x7f")  # fmt: skip
_SIZES = ((80, 24), (120, 40), (20, 5), (1, 1), (250, 70))


def _piece(dice: random.Random) -> bytes:
    kinds: tuple[tuple[bytes, ...], ...] = (_LETTERS, _POINTERS, _HALVES, _PASTES, _REPORTS, _ANSWERS, _KEYS)
    kind = dice.choices((*kinds, ()), (10, 8, 10, 4, 10, 10, 30, 12))[0]
    return dice.choice(kind) if kind else dice.randbytes(dice.randrange(1, 30))


def _resize(session: PtySession, size: tuple[int, int]) -> None:
    fcntl.ioctl(session.master, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))


def _answers(session: PtySession, state: str) -> str:
    """Esc until no dialog stands, then the stop key: its question must come; a read-only console gets its help instead."""
    _resize(session, (120, 40))
    key, words = (b"?", b"up Down PageUp") if state == "read-only" else (b"\x18", b"Stopping needs no authority")
    for _attempt in range(3):
        for _ in range(3):
            session.send(b"\x1b")
            session.read(0.15)
        session.forget()
        session.send(key)
        try:
            session.wait_for(lambda output: words.lower() in output.lower(), 15)
        except TimeoutError:
            continue
        session.send(b"\x1b")
        session.read(0.15)
        return ""
    return f"the console does not answer to {key!r} any more"


def episode(state: str, seed: str, count: int = EPISODE) -> tuple[int, str]:
    """Hand one console this many pieces. Return how many it got, and what failed; "" where everything held."""
    dice, handed, failure = random.Random(seed), 0, ""
    with tempfile.TemporaryDirectory() as folder:
        session = PtySession(f"{NOISE}{state}", Path(folder), size=(120, 40))
        try:
            session.see(b"measured")
            while handed < count and not failure:
                last = []
                for _ in range(min(_BURST, count - handed)):
                    piece = _piece(dice)
                    last.append(piece)
                    session.send(piece)
                    if dice.random() < 0.05:
                        _resize(session, dice.choice(_SIZES))
                    session.read(dice.choice((0, 0, 0.002, 0.02)))
                    handed += 1
                failure = _answers(session, state)
            if failure:
                return (
                    handed,
                    f"{failure}; the last pieces: {last}; the last output: {session.output[-600:]!r}{_log(Path(folder))}",
                )
            session.kill(15)
            status = session.end()
            failure = (
                ""
                if status == 143
                else f"SIGTERM ended it with {status}; {_log(Path(folder))}{session.output[-800:]!r}"
            )
            return handed, failure or _written(Path(folder), state)
        except (OSError, TimeoutError) as error:
            return handed, f"the console has gone: {error!r}"[:1500] + _log(Path(folder))
        finally:
            session.close()


def _log(folder: Path) -> str:
    return "\n".join(log.read_text()[-3000:] for log in folder.glob("console-crash-*.log"))


def _written(folder: Path, state: str) -> str:
    calls = [ast.literal_eval(call) for call in (folder / "calls").read_text().splitlines()]
    forbidden = WRITING if state == "read-only" else TYPED
    found = [call for call in calls if call.split()[0] in forbidden]
    return f"written without the typed text: {found}" if found else ""
