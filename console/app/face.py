"""How the console presents an installation that was opened by a name: its banner, and what its entry asks for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Face:
    """The name behind -P with its banner, the pause between measurements in seconds, and the screen to open with."""

    name: str = ""
    banner: str = ""
    refresh_seconds: float = 10.0
    start_screen: str = "overview"


NO_FACE = Face()
"""The console on the installation of --root, or of the host."""
