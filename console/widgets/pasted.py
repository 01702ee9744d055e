"""A paste that says what of it was not taken."""

from typing import ClassVar

from textual import events


class Pasted(events.Paste):
    """A paste as the console takes it; handled by whoever handles a paste."""

    handler_name: ClassVar[str]

    def __init__(self, text: str, *, left_out: int = 0, is_cut: bool = False) -> None:
        super().__init__(text)
        self.left_out = left_out
        """Number of characters and sequences that no screen shows, and that were left out."""
        self.is_cut = is_cut
        """True if the paste was longer than one can be, or its end never came."""


# Textual derives it from the name of each class: a field has a method for a paste alone.
Pasted.handler_name = events.Paste.handler_name
