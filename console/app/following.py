"""The console follows its installation: what another console or a command has moved is measured at once, not at the next interval."""

import asyncio
from contextlib import suppress
from threading import Event

from console.app.stop_key import StopKeyApp
from console.backend.host.daemon import start
from console.backend.model.errors import CutterError

_AGAIN_S = 10.0


class FollowingApp(StopKeyApp, inherit_bindings=False):
    """An application that measures as soon as its backend says that something has moved."""

    _left: Event | None = None
    """Set when the application ends; None until it follows."""
    _has_moved = False

    def begin_following(self) -> None:
        """Follow, in a thread of its own, until the application ends. It measures regularly, too, whatever comes of this."""
        loop, left = asyncio.get_running_loop(), Event()

        def moved() -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody looks any more
                loop.call_soon_threadsafe(self._moved_elsewhere)

        def follow() -> None:
            while not left.is_set():
                with suppress(CutterError, OSError):
                    self._built().follow(moved, left)
                    break
                left.wait(_AGAIN_S)

        self._left = left
        start(follow, "follow")

    def on_unmount(self) -> None:
        """End the thread that follows."""
        if self._left is not None:
            self._left.set()

    def _moved_elsewhere(self) -> None:
        if self._left is not None and not self._left.is_set():
            self._has_moved = True
            self.measure()

    def reload_what_moved(self) -> None:
        """Ask again for what the screens show beside the status, once a measurement, however often something has moved."""
        if self._has_moved:
            self._has_moved = False
            for screen in self.console_screens():
                screen.reload()
