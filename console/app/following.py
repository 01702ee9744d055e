"""The console follows its installation: what another console or a command has moved is measured at once, not at the next interval.

If that ends by a defect, the console says so, shows the time of what it shows, and tries again.
"""

import asyncio
from contextlib import suppress
from threading import Event

from console.actions.keys_in_force import told
from console.app.stop_key import StopKeyApp
from console.backend.host.daemon import start
from console.backend.model.errors import CutterError, StopCode
from console.widgets.notice import Notice

_AGAIN_S, _QUIET_S = 10.0, 30.0
"""Pause before the next try; and the time without a further defect after which it counts as following."""


class FollowingApp(StopKeyApp, inherit_bindings=False):
    """An application that measures as soon as its backend says that something has moved."""

    follows = True
    """False from a defect that ended following until it has gone on for a while."""
    _left: Event | None = None
    """Set when the application ends; None until it follows."""
    _unfollowed = Notice()
    """The notice that it does not follow."""
    _again: asyncio.TimerHandle | None = None
    """Ends that state; each further defect begins it again."""

    def begin_following(self) -> None:
        """Follow, in a thread of its own, until the application ends. It measures regularly, too, whatever comes of this."""
        loop, left = asyncio.get_running_loop(), Event()

        def moved() -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody looks any more
                loop.call_soon_threadsafe(self._moved_elsewhere)

        def follow() -> None:
            while not left.is_set():
                error = start(lambda: self._built().follow(moved, left), "following").exception()
                if error is None:
                    return
                # What the outside does, the measurements meet too, and say.
                if not isinstance(error, (CutterError, OSError)):
                    with suppress(RuntimeError):
                        loop.call_soon_threadsafe(self._ended, type(error).__name__)
                left.wait(_AGAIN_S)

        self._left = left
        start(follow, "follow")

    def on_unmount(self) -> None:
        """End the thread that follows."""
        if self._left is not None:
            self._left.set()
        if self._again is not None:
            self._again.cancel()

    def _moved_elsewhere(self) -> None:
        # One measurement, however often something moves during one; the screens read again what a status makes old.
        if self._left is not None and not self._left.is_set():
            self.measure()

    def _ended(self, defect: str) -> None:
        """Say once that nothing is seen at once any more; the name of the defect alone, whose message can hold secrets."""
        if self._left is None or self._left.is_set():
            return
        self.measure()
        if self._again is not None:
            self._again.cancel()
        self._again = asyncio.get_running_loop().call_later(_QUIET_S, self._follows_again)
        if not self.follows:
            return
        self.follows = False
        sentence = (
            f"What other consoles and commands do is not seen at once: following them ended by a defect ({defect})."
        )
        next_action = (
            f"Nothing is lost: each screen names the time of what it shows, and following is tried again every {_AGAIN_S:.0f} s."
            " Look at what stands before you act: press <refresh>."
        )
        self._unfollowed = Notice("refused", sentence, str(StopCode.INVARIANT_FAILED), told(next_action))
        self.give_notice(self._unfollowed)

    def _follows_again(self) -> None:
        """Take the notice back: following has gone on since the last defect."""
        self.follows = True
        self.notices.take_back(self._unfollowed)
        self.measure()
        self.show_notice()
