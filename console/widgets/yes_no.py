"""A checkbox that says in words whether it is on; Textual's own shows an X in both states and differs only in colour."""

from textual.widgets import Checkbox


class YesNo(Checkbox):
    """A checkbox such as `[X] yes, ...` or `[ ] no, ...`; `yes` and `no` give the meanings."""

    def __init__(self, yes: str, no: str, *, id: str) -> None:  # noqa: A002 - Textual's own name
        super().__init__(f"no, {no}", id=id, compact=True)
        self._words = {True: f"yes, {yes}", False: f"no, {no}"}
        self.BUTTON_INNER = " "

    def watch_value(self) -> None:
        """Set mark and words to the value."""
        self.BUTTON_INNER = "X" if self.value else " "
        self.label = self._words[self.value]
        super().watch_value()
