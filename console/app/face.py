"""Presentation of an installation that was opened by a name: its banner, and what its entry asks for."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from console.backend.model.theme_names import ThemeName
from console.widgets.line import Span, line

if TYPE_CHECKING:
    from console.actions.keymap_file import OwnConsole
    from console.widgets.line import Line


@dataclass(frozen=True, slots=True)
class Face:
    """The name behind -P with its banner, the pause between measurements in seconds, and the screen to open with."""

    name: str = ""
    banner: str = ""
    refresh_seconds: float = 10.0
    start_screen: str = "overview"
    fleet_behind: int | None = None
    """The pipe from the console whose Fleet has opened this one; None if it was opened by its command."""
    theme: ThemeName | None = None
    """The theme to open with; None if nothing names one, and the first is taken."""
    mouse: bool | None = None
    """False if the mouse is left to the terminal."""

    def opened_by_fleet(self, lifeline: int) -> "Face":
        """Return the same face, opened by the Fleet of the console at the other end of this pipe."""
        # That one has the Fleet screen, whatever the entry begins with.
        start_screen = "overview" if self.start_screen == "fleet" else self.start_screen
        return replace(self, fleet_behind=lifeline, start_screen=start_screen)

    def completed_by(self, own: "OwnConsole") -> "Face":
        """Return the same face, with the user's own choice for what the entry of the installation leaves open."""
        return replace(
            self,
            theme=self.theme if self.theme is not None else own.theme,
            mouse=self.mouse if self.mouse is not None else own.mouse,
        )

    def line(self) -> "Line":
        """Return the banner, or the name without one; nothing if the installation was not named."""
        words = self.banner or self.name
        if not words:
            return ()
        # Here, because it is not needed for the first paint.
        from console.backend.model.safe_text import safe_text

        return line(Span(f" {safe_text(words)} ", "accent"))


NO_FACE = Face()
"""The console on the installation of --root, or of the host."""
