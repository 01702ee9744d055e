"""A long backend call with its progress. One runs at a time, and none is cancelled silently."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from console.backend.api import Backend
    from console.backend.model.view_models import OnProgress, Progress
    from console.widgets.notice import Notice

T = TypeVar("T")

DRAW_EVERY_SECONDS = 0.25
"""Progress is drawn at most this often, whatever the backend reports: the line may be slow."""


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    """A long call: what it does, the call, and `done`, which returns the notice or its sentence."""

    doing: str
    call: "Callable[[Backend, OnProgress], T]"
    done: "Callable[[T], str | Notice]"
    if_left: tuple[str, ...] = ()
    """Consequence of leaving the console during the call; empty for the phases of a run."""


class ProgressFeed:
    """A callback for progress from the worker's thread; it passes the latest to the event loop now and then."""

    def __init__(self, loop: asyncio.AbstractEventLoop, draw: "Callable[[Progress], None]") -> None:
        self._loop = loop
        self._draw = draw
        self._latest: Progress | None = None
        self._scheduled = False
        self._not_before = 0.0

    def __call__(self, progress: "Progress") -> None:
        """Take progress; called in the worker's thread."""
        # One delivery is scheduled at a time, whatever the worker reports; it takes the latest.
        self._latest = progress
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon_threadsafe(self._schedule)

    def _schedule(self) -> None:
        self._loop.call_later(max(0.0, self._not_before - self._loop.time()), self._deliver)

    def _deliver(self) -> None:
        self._scheduled = False
        self._not_before = self._loop.time() + DRAW_EVERY_SECONDS
        if self._latest is not None:
            self._draw(self._latest)


def progress_words(progress: "Progress") -> str:
    """Return text such as `phase 6 of 11, cut_leg_a: units written, 300 of 1,000`."""
    phase = progress.phase
    head = progress.step if phase is None else f"phase {phase.number} of 11, {phase.value}: {progress.step}"
    if progress.total is not None:
        return f"{head}, {progress.done:,} of {progress.total:,}"
    return f"{head}, {progress.done:,}" if progress.done else head
