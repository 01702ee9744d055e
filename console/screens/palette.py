"""The command palette, made from the registry: what has no entry there cannot be found here."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Provider

from console.actions import Action, Scope, key_name

if TYPE_CHECKING:
    from console.app import ConsoleApp
    from console.screens.base import ConsoleScreen


class ActionProvider(Provider):
    """The actions of the screen below the palette, then the global ones."""

    def entries(self) -> list[tuple[Action, Callable[[], object]]]:
        """Actions that can be taken from here, each with what takes it."""
        console = cast("ConsoleApp", self.app)
        screen = cast("ConsoleScreen", self.screen)
        here = getattr(screen, "SCOPE", None)
        local = console.registry.in_scope(here) if isinstance(here, Scope) else ()
        return [
            *((action, partial(screen.run_action, action.name)) for action in local),
            *((a, partial(console.run_action, a.name)) for a in console.registry.in_scope(Scope.EVERYWHERE)),
        ]

    async def discover(self) -> AsyncIterator[DiscoveryHit]:
        """Everything, before a letter is typed."""
        for action, call in self.entries():
            yield DiscoveryHit(_title(action), call, help=action.help)

    async def search(self, query: str) -> AsyncIterator[Hit]:
        """What matches the typed letters."""
        matcher = self.matcher(query)
        for action, call in self.entries():
            if (score := matcher.match(action.title)) > 0:
                yield Hit(score, matcher.highlight(action.title), call, help=action.help)


def _title(action: Action) -> str:
    return f"{action.title} ({key_name(action.keys[0])})"
