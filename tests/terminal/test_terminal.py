"""In a real pseudo-terminal: the end by signals, a vanished line, NO_COLOR, hostile data, the crash screen."""

import re
import signal
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.app.steady_driver import MOMENT_SECONDS
from console.app.terminal import refusal
from tests.terminal.pty_session import PtySession
from tests.terminal.runner import HOSTILE, MAY_STOP, NOTHING_READ

Open = Callable[..., PtySession]


@pytest.fixture
def open_console(tmp_path: Path) -> Iterator[Open]:
    """Opens consoles, and ends what a test leaves running."""
    sessions: list[PtySession] = []

    def start(scenario: str, **options: object) -> PtySession:
        session = PtySession(scenario, tmp_path, **options)  # type: ignore[arg-type]
        sessions.append(session)
        session.see(b"Overview")
        return session

    yield start
    for session in sessions:
        session.close()


def _measured(session: PtySession) -> PtySession:
    session.see(b"Counts, measured")
    return session


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGQUIT, 131), (signal.SIGINT, 130)]
)
def test_a_signal_restores_the_terminal_and_ends_the_console_by_itself(
    open_console: Open, number: int, status: int
) -> None:
    """Textual #6690: SIGTERM and SIGHUP leave the terminal broken. The backend's threads do not keep it alive."""
    session = _measured(open_console("rest"))
    session.kill(number)
    assert session.end() == status
    for restored in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1003l", b"\x1b[?2004l"):
        assert restored in session.output
    assert termios.tcgetattr(session.master)[3] == session.before[3]


@pytest.mark.parametrize("ignore_hangup", [False, True])
def test_a_closed_terminal_ends_the_console_without_its_having_spun(
    open_console: Open, tmp_path: Path, *, ignore_hangup: bool
) -> None:
    """A dropped line; with SIGHUP ignored, Textual alone reads nothing from it for ever, as fast as it can.

    Reads are counted, not time: with a pause behind each there are at most as many as the limit for its end allows.
    """
    session = _measured(open_console("rest", ignore_hangup=ignore_hangup))
    limit_s = 60.0
    session.hang_up()
    assert session.end(limit_s) == 129
    assert len((tmp_path / NOTHING_READ).read_bytes()) <= limit_s / MOMENT_SECONDS


def test_no_color_means_none(open_console: Open) -> None:
    """Not one colour parameter in any SGR sequence, on any screen."""
    session = _measured(open_console("armed", env={"NO_COLOR": "1"}))
    for key, words in (
        ("2", b"How to read it"),
        ("3", b"Phases"),
        ("4", b"What is signed"),
        ("5", b"Gates: 11"),
        ("6", b"Differences: 4"),
        ("\x18", b"STOP everything?"),
    ):
        session.press(key)
        session.see(words)
    parameters = {p for found in re.findall(rb"\x1b\[([0-9;:]*)m", session.output) for p in found.split(b";")}
    assert parameters <= {b"", b"0", b"1", b"2", b"3", b"4", b"7"}


def test_the_crash_screen_shows_neither_locals_nor_secrets(open_console: Open, tmp_path: Path) -> None:
    """A short message, the log's path, a status that is not zero; the log has the stack and no secret."""
    session = open_console("crash")
    assert session.end() == 1
    log = next(tmp_path.glob("console-crash-*.log"))
    shown = session.output.split(b"\x1b[?1049l")[-1]
    assert b"The console failed: RuntimeError" in shown
    assert str(log.name).encode() in re.sub(rb"\s", b"", shown)
    for place in (session.output, log.read_bytes()):
        assert b"hunter2" not in place
    assert b"Traceback" in log.read_bytes()
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_thread_that_ends_by_an_error_ends_the_console_with_its_cause_and_no_traceback(
    open_console: Open, tmp_path: Path
) -> None:
    """Python prints one into the screen, and the console went on without that thread: it drew or heard nothing more."""
    session = _measured(open_console("thread-ends"))
    session.press("r")
    assert session.end() == 1
    shown = session.output.split(b"\x1b[?1049l")[-1]
    assert b"The console failed: MemoryError" in shown
    assert b"STOP_CAP_EXCEEDED: there is not enough memory" in shown
    assert b"Traceback" not in session.output
    assert "MemoryError" in next(tmp_path.glob("console-crash-*.log")).read_text()
    assert termios.tcgetattr(session.master)[3] == session.before[3]


_SEQUENCE = re.compile(rb"\x1b\[[0-9;:?<>=$ ]*[A-Za-z~p]|\x1b[()][A-Z0-9]|\x1b[=>78]|\x1b\]22;\w+\x07", re.DOTALL)


@pytest.mark.parametrize("scenario", ["hostile", "hostile-problems"])
def test_hostile_text_reaches_no_screen_alive(open_console: Open, scenario: str) -> None:
    """A title full of escape sequences, bidi controls and markup redraws the operator's screen."""
    session = open_console(scenario, size=(200, 60))
    session.see(b"Counts, measured")
    steps: tuple[tuple[str, bytes], ...] = (
        ("2", b"How to read it"),
        ("p", b"Text"),
        ("3", b"Phases"),
        ("4", b"Statements"),
        ("5", b"Gates: 11"),
        ("\r", b"question"),
        ("p", b"Arming checks for" if scenario == "hostile" else b"Arming checks without"),
        ("\r", b"question"),
        ("b", b"Bundle: outcome"),
        ("6", b"Differences: 4"),
    )
    for key, words in steps:
        session.press(key)
        session.see(words)
        session.read(0.1)
    session.press("3A" if scenario == "hostile" else "1H")
    session.read(1.0)
    # What was read last can end in the middle of a sequence.
    output = session.output[: session.output.rindex(b"\x1b")]
    rest = _SEQUENCE.sub(b"", output)
    assert b"OWNED" in rest
    assert b"[/x]" in rest
    for alive in (
        b"\x1b",
        b"\x07",
        b"\x08",
        b"\x00",
        b"\x7f",
        "\x9b".encode(),
        "\u202e".encode(),
        "\u2066".encode(),
        "\u200b".encode(),
    ):
        assert alive not in rest, (alive, rest[max(0, rest.find(alive) - 200) : rest.find(alive) + 200])
    assert b"\x1b[31m" not in output
    assert HOSTILE.encode() not in output


def test_no_terminal_means_no_and_names_status() -> None:
    """TERM=dumb, or a pipe."""
    assert "status" in refusal({"TERM": "xterm"}, stdin_is_tty=False, stderr_is_tty=True)
    assert "status" in refusal({"TERM": "dumb"}, stdin_is_tty=True, stderr_is_tty=True)
    assert refusal({"TERM": "xterm-256color"}, stdin_is_tty=True, stderr_is_tty=True) == ""


@pytest.mark.parametrize("scenario", ["rest", "no-mouse"])
def test_without_the_mouse_the_terminal_is_never_asked_to_report_it(open_console: Open, scenario: str) -> None:
    """Then it marks text by itself. Asked once, also when the console comes back, it would report from then on."""
    session = _measured(open_console(scenario))
    assert (b"\x1b[?1000h" in session.output) is (scenario == "rest")
    session.kill(signal.SIGTSTP)
    session.wait_until_stopped()
    session.forget()
    session.kill(signal.SIGCONT)
    session.see(b"Counts, measured")
    assert (b"\x1b[?1000h" in session.output) is (scenario == "rest")
    session.press("q")
    assert session.end() == 0


def test_quit_is_status_zero_and_leaves_the_terminal_as_it_was(open_console: Open) -> None:
    """And nothing is printed after it. In an interpreter of its own, with its end."""
    session = _measured(open_console("rest", own_interpreter=True))
    session.press("q")
    assert session.end() == 0
    assert session.output.split(b"\x1b[?1004l")[-1].replace(b"\x1b[?1000l", b"").count(b"\n") == 0


def test_what_another_program_has_written_over_the_screen_is_drawn_again_by_a_key(open_console: Open) -> None:
    """Otherwise only what changes is sent, and the rest would stay as that program has left it."""
    session = _measured(open_console("rest"))
    session.read(0.3)
    session.forget()
    session.press("\x0c")
    session.see(b"Counts, measured")


def test_after_a_change_of_its_size_the_terminal_is_sent_the_whole_screen(open_console: Open) -> None:
    """Nobody knows what it still shows: the first two lines, which stay as they are, are sent too."""
    session = _measured(open_console("rest", size=(80, 24)))
    session.read(0.3)
    session.forget()
    session.resize(80, 30)
    for words in (b"[Over]", b"switch OFF", b"directus at db01.example.org"):
        session.see(words)


def test_where_the_answer_of_a_stop_stood_first_what_belongs_there_is_drawn_again(
    open_console: Open, tmp_path: Path
) -> None:
    """The first line has not changed meanwhile: it would not be sent, and the answer would stay over it."""
    session = _measured(open_console("stops-when-told", size=(160, 40)))
    session.press("\x18s")
    session.see(b"Stopping: HOLD")
    session.see(b"[Overview]")
    session.read(0.3)
    session.forget()
    (tmp_path / MAY_STOP).touch()
    session.wait_for(lambda output: b"[Overview]" in output.partition(b"Stopped. ")[2])


def test_from_the_background_it_comes_back_with_the_whole_screen(open_console: Open) -> None:
    """SIGTSTP gives the terminal back; SIGCONT takes it, and draws what stood there."""
    session = _measured(open_console("rest"))
    session.forget()
    session.kill(signal.SIGTSTP)
    session.see(b"\x1b[?1049l")
    session.wait_until_stopped()
    session.forget()
    session.kill(signal.SIGCONT)
    session.see(b"\x1b[?1049h")
    session.see(b"Counts, measured")
    session.press("3")
    session.see(b"Phases")


def test_a_console_that_was_stopped_without_being_asked_gives_the_terminal_back_at_its_end(open_console: Open) -> None:
    """SIGSTOP gives no chance to do so; at SIGCONT the modes that the console had set were kept for those to give back."""
    session = _measured(open_console("rest"))
    for _ in range(2):
        session.kill(signal.SIGSTOP)
        session.wait_until_stopped()
        session.forget()
        session.kill(signal.SIGCONT)
        session.see(b"\x1b[?1049h")
        session.see(b"Counts, measured")
    session.press("3")
    session.see(b"Phases")
    session.press("q")
    assert session.end() == 0
    assert termios.tcgetattr(session.master)[:4] == session.before[:4]


def test_a_console_that_loses_its_event_loop_gives_the_terminal_back(open_console: Open) -> None:
    """As without memory: Textual's own end is passed by, and the shell was left without an echo, on the other screen."""
    session = _measured(open_console("loop-ends"))
    session.forget()
    session.press("r")
    assert session.end() != 0
    assert termios.tcgetattr(session.master)[:4] == session.before[:4]
    for restored in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1003l", b"\x1b[?2004l"):
        assert restored in session.output
