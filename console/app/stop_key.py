"""The stop key of a console that only reads: it stops through the role that may set a HOLD, or names the command that does."""

from console.actions.actions import Registry, with_stop
from console.app.backend_app import BackendApp
from console.app.key_order import KeyOrder


class StopKeyApp(BackendApp, inherit_bindings=False):
    """An application whose stop key does what its backend can."""

    registry: Registry
    key_order: KeyOrder

    def offer_stop(self) -> None:
        """Put the stop into the registry, and so into footer, palette and help, as soon as the backend says that it can."""
        if self.can_stop and self.registry.named("panic") is None:
            self.registry = with_stop(self.registry)

    def action_panic(self) -> None:
        """Ask for the second key, on every screen and dialog."""
        raise NotImplementedError

    def action_how_to_stop(self) -> None:
        """Stop as far as a console that only reads can, or name the command that does, on every screen and dialog."""
        from console.screens.how_to_stop import HowToStopDialog

        self.offer_stop()
        if self.registry.named("panic") is not None:
            self.action_panic()
        elif not isinstance(self.screen, HowToStopDialog):
            self.key_order.drop()
            self.push_screen(HowToStopDialog())
