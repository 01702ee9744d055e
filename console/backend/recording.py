"""Records what a backend answers about status and gates, and answers from such a recording in place of a database."""

import shlex
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, NoReturn, cast

from console.backend.host.recording_file import RecordingFile, read_lines
from console.backend.model.errors import CutterError, Refused, StopCode, UsageError
from console.backend.model.readiness import Board
from console.backend.model.recording import Moment, Recording, is_line, line_of, parse_recording
from console.backend.model.safe_text import safe_text
from console.backend.model.unreadable import why_unreadable
from console.backend.model.view_models import Status

if TYPE_CHECKING:
    from console.backend.api import Backend

UNCHANGED_FOR = timedelta(minutes=1)
"""Pause after which a status is recorded though nothing has changed: so a gap in a recording is one in the measurements."""


class Recorder:
    """Appends to a recording what was measured. A failure to write ends the recording, never what is recorded."""

    def __init__(self, path: Path) -> None:
        """Open the recording. Raises UsageError where nothing can be recorded, or where something else would be overwritten."""
        try:
            earlier = read_lines(path) if path.exists() else []
            if any(line.strip() for line in earlier) and not any(is_line(line) for line in earlier[:2]):
                raise UsageError(
                    StopCode.REFUSED_INPUT, f"{path} holds something else than a recording", "Name a new file."
                )
            self._file = RecordingFile(path)
        except BlockingIOError as error:
            raise UsageError(
                StopCode.LOCKED, f"another console records to {path}", "Name another file for this one."
            ) from error
        except OSError as error:
            raise UsageError(
                StopCode.REFUSED_INPUT,
                f"{path} cannot be recorded to: {error.strerror or error}",
                "Name a file in a folder that this user may write to.",
            ) from error
        self.path = path
        self.stopped = ""
        """The reason why nothing is recorded any more, or an empty text."""
        self._is_closed = False
        self._last: Status | None = None
        self._writing = Lock()

    def keep(self, answer: Status | Board) -> None:
        """Append this answer, unless it is a status like the last one, measured shortly before."""
        with self._writing:
            if self._is_closed or self.stopped or (isinstance(answer, Status) and not self._is_news(answer)):
                return
            try:
                self._file.append(line_of(answer))
            except OSError as error:
                self.stopped = why_unreadable(error)
            if isinstance(answer, Status):
                self._last = answer

    def _is_news(self, status: Status) -> bool:
        last = self._last
        if last is None or status.measured_at - last.measured_at >= UNCHANGED_FOR:
            return True
        return status.model_copy(update={"measured_at": last.measured_at}) != last

    @property
    def ending(self) -> str:
        """Return one line about the recording, for when it has ended."""
        if self.stopped:
            return f"the recording {self.path} stopped, and the console went on: {self.stopped}"
        return f"recorded to {self.path}; look at it: cutter-console --replay {shlex.quote(str(self.path))}"

    def close(self) -> None:
        """End the recording. What is still being measured, in another thread, is not written any more."""
        with self._writing:
            self._is_closed = True
            self._file.close()


class _Recorded:
    """A backend whose answers about status and gates are recorded as they are given; all others pass by."""

    def __init__(self, backend: "Backend", recorder: Recorder) -> None:
        self._backend = backend
        self._recorder = recorder

    def status(self) -> Status:
        answer = self._backend.status()
        self._recorder.keep(answer)
        return answer

    def gates(self, names: tuple[str, ...] = ()) -> Board:
        answer = self._backend.gates(names)
        self._recorder.keep(answer)
        return answer

    def __getattr__(self, name: str) -> object:
        return getattr(self._backend, name)


def recorded(backend: "Backend", recorder: Recorder) -> "Backend":
    """Return the backend, with what it says about status and gates recorded."""
    return cast("Backend", _Recorded(backend, recorder))


def open_recording(path: Path) -> Recording:
    """Read a recording. Raises UsageError that names the file and, of one that is none, its first line."""
    try:
        lines = read_lines(path)
    except OSError as error:
        raise UsageError(
            StopCode.REFUSED_INPUT,
            f"{path} cannot be read: {error.strerror or error}",
            "Name a recording, made with: cutter-console --record FILE",
        ) from error
    return parse_recording(str(path), lines)


class Replay:
    """A recording, and the place in it that is looked at. It answers as a backend, and knows no database."""

    def __init__(self, recording: Recording) -> None:
        self.moments = recording.moments
        self.unread = recording.unread
        self.place = len(recording.moments) - 1
        """Index of the moment that is shown; the last one first."""

    @property
    def moment(self) -> Moment:
        """Return the moment that is shown."""
        return self.moments[self.place]

    def clock(self) -> datetime:
        """Return the time of the moment that is shown: ages and remaining times are those that were seen then."""
        return self.moment.at

    def step(self, by: int) -> bool:
        """Go so many moments on, or back; return False at the end or beginning, where nothing moves."""
        before, self.place = self.place, min(max(self.place + by, 0), len(self.moments) - 1)
        return self.place != before

    def step_to_change(self, direction: int) -> bool:
        """Go to the next moment, or back to the last one before, at which anything but time and ages was different."""
        place = self.place
        while 0 <= place + direction < len(self.moments):
            place += direction
            if differs(self.moments[place], self.moments[self.place]):
                self.place = place
                return True
        return False

    def go_to(self, moment: datetime) -> None:
        """Go to the last moment that had been measured by then; to the first one if that is later."""
        places = [place for place, known in enumerate(self.moments) if known.at <= moment]
        self.place = places[-1] if places else 0

    def status(self) -> Status:
        """Return the status of the moment that is shown."""
        return self.moment.status

    def gates(self, names: tuple[str, ...] = ()) -> Board:  # noqa: ARG002 - it was recorded as a whole
        """Return the board of the moment that is shown. Raises Refused if none was recorded by then."""
        if self.moment.board is None:
            self._refuse("no gates had been recorded by this moment")
        return self.moment.board

    def follow(self, on_change: Callable[[], None], ended: Event) -> None:
        """Return at once: what is recorded does not move."""

    def can_stop(self) -> bool:
        """Return False: a recording stops nothing."""
        return False

    def hook_trouble(self) -> str:
        """Return an empty text: a recording tells nobody."""
        return ""

    def explained(self, error: CutterError) -> CutterError:
        """Return the error: there is no database that could explain it."""
        return error

    def __getattr__(self, name: str) -> "Callable[..., NoReturn]":
        if name.startswith("_"):
            raise AttributeError(name)

        def refuse(*_: object, **__: object) -> NoReturn:
            self._refuse("a recording holds the Overview and the gates alone")

        return refuse

    def _refuse(self, reason: str) -> NoReturn:
        raise Refused(
            StopCode.REFUSED_INPUT, safe_text(reason), "Leave the recording: q. Open the console: cutter-console"
        )


def differs(one_moment: Moment, other: Moment) -> bool:
    """Return whether what was known differs in anything but the time of the measurement."""
    return _content(one_moment) != _content(other)


def _content(moment: Moment) -> tuple[object, ...]:
    gates = () if moment.board is None else tuple((gate.gate, gate.outcome) for gate in moment.board.gates)
    return (moment.status.model_copy(update={"measured_at": None}), gates)
