"""A bar: another run of the document keeps a run that has written nothing from its next step."""

from console.backend.model.errors import StopCode
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value


class Bar(Value):
    """Another run bars the next step of this one."""

    said: SafeText
    """The other run, and what it has done to the document, in words."""
    run_id: str
    """The other run."""
    is_for_good: bool
    """True if nothing ends the bar, and this run can but be voided; otherwise it ends with the other run."""
    code: StopCode
    next_action: SafeText

    @property
    def waits_for(self) -> str:
        """Return what a run waits for that goes on when the bar has ended; empty if it never goes on."""
        if self.is_for_good:
            return ""
        return f"run {self.run_id}, which has to be enacted or reverted first: cutter-console run show {self.run_id}"
