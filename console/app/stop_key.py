"""The stop key of a console that only reads: it stops through the role that may set a HOLD, or names the command that does."""

from typing import TYPE_CHECKING

from console.actions.actions import with_stop

if TYPE_CHECKING:
    from console.app.application import ConsoleApp


def offer_stop(app: "ConsoleApp") -> None:
    """Put the stop into the registry, and so into footer, palette and help, as soon as the backend says that it can."""
    if app.can_stop and app.registry.named("panic") is None:
        app.registry = with_stop(app.registry)


def press_stop(app: "ConsoleApp") -> None:
    """Ask for the second key that stops, or name the command that stops everything."""
    from console.screens.how_to_stop import HowToStopDialog

    offer_stop(app)
    if app.registry.named("panic") is not None:
        app.action_panic()
    elif not isinstance(app.screen, HowToStopDialog):
        app.key_order.drop()
        app.push_screen(HowToStopDialog())
