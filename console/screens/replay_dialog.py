"""The dialog of a recording: a place in it."""

from typing import ClassVar

from console.screens.typed import TypedDialog


class RecordedPlaceDialog(TypedDialog):
    """Asks for a place in a recording."""

    WORDS: ClassVar[str] = "Go to a measurement or a time"
    LINES: ClassVar[tuple[str, ...]] = (
        "123: the measurement of this number",
        "02:40: the last such time up to the end of the recording, in UTC",
        "2026-11-28: the beginning of the day",
        "2026-11-28T02:40Z, or with +07:00 in place of Z: what was known then",
    )
    HINT: ClassVar[str] = "number or time"
