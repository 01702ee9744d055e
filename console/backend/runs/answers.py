"""The base of a backend's answers, each of which measures again; the subjects have classes of their own."""

from console.backend.host.installation import Installation
from console.backend.model.errors import Refused, StopCode


class Answers:
    """Answers about one installation, which may be opened to read only."""

    installation: Installation
    read_only: bool

    def _require_writable(self) -> None:
        if self.read_only:
            raise Refused(StopCode.EXECUTION_DISABLED, "this console was opened with --read-only", "Open it without.")
