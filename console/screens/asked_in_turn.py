"""A question of a screen that is asked again and again, one at a time."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from console.screens.drawable import can_draw
from console.widgets.jobs import work

if TYPE_CHECKING:
    from textual.screen import Screen


class AskedInTurn:
    """One question of a screen, asked by one worker at a time.

    However often it is asked meanwhile, it is asked once more behind the answer: moves can come faster than answers, and
    what is shown last must be of what is so then.
    """

    def __init__(self, screen: "Screen[Any]", question: "Callable[[], Coroutine[Any, Any, None]]") -> None:
        self._screen = screen
        self._question = question
        self._is_asking = False
        self._asks_again = False
        """True if it was asked again since that began."""

    @property
    def is_due(self) -> bool:
        """Return whether an answer has still to come."""
        return self._is_asking

    def ask(self) -> None:
        """Ask now, or once more behind the answer that is awaited."""
        if self._is_asking:
            self._asks_again = True
        else:
            self._is_asking = True
            self._screen.run_worker(work(self._ask))

    async def _ask(self) -> None:
        try:
            await self._question()
        finally:
            # However it ended: it can be asked again.
            asks_again, self._is_asking, self._asks_again = self._asks_again, False, False
        if asks_again and can_draw(self._screen):
            self.ask()
