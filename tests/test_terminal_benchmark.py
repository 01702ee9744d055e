"""The benchmark of the terminal: no bar holds because nothing was seen."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks import terminal
from benchmarks.terminal import NotMeasured, Terminal, blink, missed_in, updated

_BEGINS = "import os, sys, tty\ntty.setraw(0)\nos.write(1, b'drawn')\n"
_SILENT = f"{_BEGINS}while os.read(0, 99): pass"
_ECHOES = f"{_BEGINS}while keys := os.read(0, 99): os.write(1, keys)"
_HEARS_ONE_KEY = f"{_BEGINS}os.write(1, os.read(0, 99))\nwhile os.read(0, 99): pass"
_DRAWS_FRAMES = f"{_BEGINS}while os.read(0, 99): os.write(1, b'\\x1b[?2026hx\\x1b[?2026l')"
_LOOKS = "with open(sys.argv[4], 'a') as told:\n    for n in range(LOOKS): print(n, n * 1000000, 7, file=told)\n"


@contextmanager
def opened(program: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """This program, which has drawn something, in a terminal; from then on nothing is waited for as long as for a console."""
    with Terminal([sys.executable, "-S", "-c", program], (80, 24)) as shown:
        assert shown.next(60.0, "the start") == b"drawn"
        _wait_less(monkeypatch)
        yield shown


def _wait_less(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_LATE_S", "_SILENCE_S", "_LONGEST_S", "_STILL_S"):
        monkeypatch.setattr(terminal, name, 0.5)


@pytest.mark.parametrize("program", [_SILENT, _ECHOES], ids=["silent", "no frame"])
def test_a_key_behind_which_no_frame_ends_is_not_measured_and_not_waited_for_without_end(
    program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(program, monkeypatch) as shown, pytest.raises(NotMeasured, match="the key 'x'"):
        shown.key_to_frame("x")
    with opened(_DRAWS_FRAMES, monkeypatch) as shown:
        assert shown.key_to_frame("x") > 0


def test_a_key_that_draws_nothing_is_no_key_of_few_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(_SILENT, monkeypatch) as shown, pytest.raises(NotMeasured, match="the key 'x': nothing was drawn"):
        shown.press("x")
    with opened(_ECHOES, monkeypatch) as shown:
        assert shown.press("xyz") == len("xyz")


def test_a_program_that_has_ended_is_not_one_at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(_BEGINS, monkeypatch) as shown, pytest.raises(NotMeasured, match="has ended"):
        shown.during(60.0)


@pytest.mark.parametrize(("program", "hears"), [(_HEARS_ONE_KEY, False), (_ECHOES, True)], ids=["deaf", "hears"])
def test_a_field_that_hears_no_key_has_no_cursor_that_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, *, hears: bool
) -> None:
    command = tmp_path / "console"
    command.write_text(f"#!{sys.executable}\n{program}\n", encoding="utf-8")
    command.chmod(0o755)
    monkeypatch.setattr(terminal, "_COMMAND", str(command))
    for name, seconds in (("_LATE_S", 2.0), ("_SILENCE_S", 0.1), ("_STILL_S", 0.1)):
        monkeypatch.setattr(terminal, name, seconds)
    if hears:
        assert blink(tmp_path) == 0
    else:
        with pytest.raises(NotMeasured, match="the key 'z'"):
            blink(tmp_path)


@pytest.mark.parametrize("number", [0, 3, terminal.LOOKS])
def test_of_memory_that_was_not_looked_at_to_the_end_no_growth_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(terminal, "_UPDATED", "import sys\n" + _LOOKS.replace("LOOKS", str(number)))
    if number == terminal.LOOKS:
        assert updated(tmp_path, 100)[-1] == (number - 1, number - 1, 7)
    else:
        with pytest.raises(NotMeasured, match=f"{number} of {terminal.LOOKS} looks at the memory, then it ended"):
            updated(tmp_path, 100)


def test_what_was_not_measured_is_as_bad_as_a_bar_that_is_missed(capsys: pytest.CaptureFixture[str]) -> None:
    def part() -> int:
        raise NotMeasured("the key '8': nothing was drawn within 6 s")

    assert missed_in(part) == 1
    assert capsys.readouterr().out == "  NOT MEASURED: the key '8': nothing was drawn within 6 s\n"
    assert missed_in(lambda: 0) == 0
