"""A checkbox that says in words whether it is on; Textual's own shows its X in both states and differs in colour alone."""

from textual.widgets import Checkbox


class YesNo(Checkbox):
    """`[X] yes, ...` or `[ ] no, ...`; `yes` and `no` say what each means."""

    def __init__(self, yes: str, no: str, *, id: str) -> None:  # noqa: A002 - Textual's own name
        super().__init__(f"no, {no}", id=id, compact=True)
        self._words = {True: f"yes, {yes}", False: f"no, {no}"}
        self.BUTTON_INNER = " "

    def watch_value(self) -> None:
        """Mark and words follow the value."""
        self.BUTTON_INNER = "X" if self.value else " "
        self.label = self._words[self.value]
        super().watch_value()
