"""Tells hooks what a backend measures: from each status and board the events that are new."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, cast

from console.backend.host.hooks import HookCaller, HookState
from console.backend.host.installation import Installation
from console.backend.model.full_command import command_for, full_command
from console.backend.model.hooks import (
    HookEvent,
    News,
    Place,
    Thresholds,
    Told,
    after_board,
    after_failure,
    after_status,
    trial_event,
)
from console.backend.outside import describe_outside_error

if TYPE_CHECKING:
    from console.backend.api import Backend
    from console.backend.model.readiness import Board
    from console.backend.model.view_models import Status


class HookTeller:
    """Knows what was told, and tells what is new. What it knows ends with it: the next one tells what stands, as not new."""

    def __init__(self, installation: Installation, config: Path, name: str = "") -> None:
        """Make it for an installation with its configuration, which may have been named by -P."""
        root, hooks = str(installation.root), installation.settings.hooks
        full = (lambda text: command_for(text, name)) if name else (lambda text: full_command(text, root))
        self._now = installation.context.now
        self._told = Told(Place(root, name, full))
        self._thresholds = Thresholds(
            expires_soon=timedelta(minutes=hooks.expires_soon_minutes),
            armed_too_long=timedelta(minutes=hooks.armed_too_long_minutes),
        )
        self._caller = HookCaller(hooks.programs, config)
        self._deciding = Lock()
        self.listener: Callable[[tuple[HookEvent, ...]], object] = len
        """Called with the events of each measurement."""

    def measured(self, status: "Status") -> None:
        """Tell what is new in a status."""
        with self._deciding:
            self._tell(after_status(self._told, status, self._thresholds))

    def not_measured(self, reason: str) -> None:
        """Tell that a status could not be measured, once until it can be again."""
        with self._deciding:
            self._tell(after_failure(self._told, reason, self._now()))

    def board(self, board: "Board") -> None:
        """Tell the gates that have turned red."""
        with self._deciding:
            self._tell(after_board(self._told, board))

    def _tell(self, news: News) -> None:
        self._told, events = news
        for event in events:
            self._caller.tell(event)
        self.listener(events)

    def try_out(self) -> None:
        """Tell every hook a test."""
        self._caller.tell(trial_event(self._told.place, self._now()))

    def wait(self) -> None:
        """Wait until the hooks have been called."""
        self._caller.wait()

    def states(self) -> tuple[HookState, ...]:
        """Return each hook, with what became of its calls."""
        return self._caller.states()

    def trouble(self) -> str:
        """Return what is wrong with the last calls; empty if nothing is."""
        return self._caller.trouble()


class _Hooked:
    """A backend whose answers about status and gates are told as they are given; all others pass by."""

    def __init__(self, backend: "Backend", teller: HookTeller) -> None:
        self._backend = backend
        self._teller = teller

    def status(self) -> "Status":
        try:
            answer = self._backend.status()
        except Exception as error:
            known = describe_outside_error(error)
            if known is not None:
                self._teller.not_measured(known.message)
            raise
        self._teller.measured(answer)
        return answer

    def gates(self, names: tuple[str, ...] = ()) -> "Board":
        answer = self._backend.gates(names)
        self._teller.board(answer)
        return answer

    def hook_trouble(self) -> str:
        return self._teller.trouble()

    def __getattr__(self, name: str) -> object:
        return getattr(self._backend, name)


def hooked(backend: "Backend", teller: HookTeller) -> "Backend":
    """Return the backend, with what it says about status and gates told to hooks."""
    return cast("Backend", _Hooked(backend, teller))
