"""The names of the console's themes, as a file of settings has them. Loads no library."""

from collections.abc import Mapping
from enum import StrEnum

NO_COLOR = "NO_COLOR"
"""The variable that wins over every theme."""


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
_CHOICES = f"{', '.join(_NAMES[:-1])} or {_NAMES[-1]}"
"""The themes as a message names them."""


def fault_of_theme(value: object) -> str:
    """Return why this is no name of a theme, as a message goes on behind the entry; empty if it is one."""
    return "" if value in list(ThemeName) else f"must be {_CHOICES}"


def wants_no_colour(environ: Mapping[str, str]) -> bool:
    """Return whether NO_COLOR is set to anything but the empty string (no-color.org)."""
    return bool(environ.get(NO_COLOR))
