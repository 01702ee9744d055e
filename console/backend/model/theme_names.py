"""The names of the console's themes, as a file of settings has them. Loads no library."""

from enum import StrEnum


class ThemeName(StrEnum):
    """Themes of the console, in the order in which its key goes through them."""

    DARK = "dark"
    LIGHT = "light"
    HIGH_CONTRAST = "high-contrast"

    @property
    def in_textual(self) -> str:
        """Return its name among Textual's own themes."""
        return f"cutter-{self.value}"


_NAMES = [f'"{name}"' for name in ThemeName]
CHOICES = f"{', '.join(_NAMES[:-1])} or {_NAMES[-1]}"
"""The themes as a message names them."""
