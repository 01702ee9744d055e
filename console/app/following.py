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
        # One measurement, however often something moves during one; the screens read again what a status makes old.
        if self._left is not None and not self._left.is_set():
            self.measure()
