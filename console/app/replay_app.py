"""ReplayApp: the console on a recording. It shows what was known at one moment, and steps from one to the next."""

from typing import TYPE_CHECKING, cast

from console.actions.actions import replay_registry
from console.actions.keys_in_force import told
from console.app.application import ConsoleApp
from console.app.face import NO_FACE, Face
from console.backend.model.as_of import place_in_time
from console.backend.model.errors import CutterError
from console.screens.history import History, history_of
from console.screens.readiness_watch import ReadinessWatch
from console.widgets.formatting import count, plural
from console.widgets.line import Span, line
from console.widgets.notice import Notice, refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from console.backend.api import Backend
    from console.backend.recording import Replay
    from console.screens.application import Application
    from console.widgets.line import Line

_NEVER = 365 * 86400.0
_SHOWN_UNREAD = 3
_GO = "Go elsewhere: <replay_back> <replay_on> <replay_change_back> <replay_change_on> <replay_go>"


class ReplayApp(ConsoleApp, inherit_bindings=False):
    """The console on a recording: no database, no host, and no action that could change anything."""

    is_replay = True

    def __init__(
        self, replay: "Replay", keymap: "Mapping[str, tuple[str, ...]] | None" = None, face: Face = NO_FACE
    ) -> None:
        super().__init__(
            cast("Backend", replay),
            read_only=True,
            demo=False,
            clock=replay.clock,
            refresh_seconds=_NEVER,
            actions=replay_registry().with_keys(keymap or {}),
            face=face,
        )
        self._replay = replay

    @property
    def history(self) -> History:
        """Return what had been measured by the moment that is shown."""
        return history_of(self._replay.moments[: self._replay.place + 1])

    @property
    def banner(self) -> "Line":
        """Return that this is a recording, and which moment of it."""
        replay = self._replay
        words = f" REPLAY {count(replay.place + 1)} of {count(len(replay.moments))} "
        return line(Span(words, "accent"), Span(f"{replay.clock():%Y-%m-%d %H:%M:%S} UTC ", "strong"))

    def _begin(self) -> None:
        super()._begin()
        if unread := self._replay.unread:
            first = "; ".join(f"line {missing.number}: {missing.reason}" for missing in unread[:_SHOWN_UNREAD])
            more = f"; and {len(unread) - _SHOWN_UNREAD} more" if len(unread) > _SHOWN_UNREAD else ""
            words = f"{plural(len(unread), 'line')} of the recording could not be read: {first}{more}."
            self.give_notice(Notice("refused", words, "", "What they held is missing here; the others are shown."))

    def _moved(self, *, has_moved: bool, otherwise: str) -> None:
        if not has_moved:
            self.give_notice(Notice("refused", otherwise, "", told(_GO)))
            return
        # What was known later must not stay on screen because nothing was known by now.
        self.status = None
        self.readiness = ReadinessWatch(cast("Application", self))
        self.measure()

    def action_replay_back(self) -> None:
        """Go to the measurement before."""
        self._moved(has_moved=self._replay.step(-1), otherwise="This is the first measurement of the recording.")

    def action_replay_on(self) -> None:
        """Go to the measurement after."""
        self._moved(has_moved=self._replay.step(1), otherwise="This is the last measurement of the recording.")

    def action_replay_change_back(self) -> None:
        """Go back to the last change."""
        self._moved(has_moved=self._replay.step_to_change(-1), otherwise="Nothing was different before.")

    def action_replay_change_on(self) -> None:
        """Go on to the next change."""
        self._moved(has_moved=self._replay.step_to_change(1), otherwise="Nothing was different afterwards.")

    def action_replay_go(self) -> None:
        """Ask for a place, and go there."""
        from console.screens.replay_dialog import RecordedPlaceDialog

        def answered(typed: str | None) -> None:
            if not typed:
                return
            try:
                if typed.isascii() and typed.isdigit() and len(typed) < 10:
                    self._replay.step(int(typed) - 1 - self._replay.place)
                else:
                    last = self._replay.moments[-1].at
                    self._replay.go_to(place_in_time("The place", typed, last))
            except CutterError as error:
                self.give_notice(refused("Going there", error))
                return
            self._moved(has_moved=True, otherwise="")

        self.open_dialog(RecordedPlaceDialog(), answered)
