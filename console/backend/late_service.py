"""The backend of a console: what measures is there from the start, what plans, writes and reports is loaded when it is asked for.

An operator who looks on all day asks for nothing else, and the rest takes 7 MB.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

from console.backend.host.memory import give_back
from console.backend.measuring import MeasuringService
from console.backend.model.errors import Refused, StopCode

if TYPE_CHECKING:
    from console.backend.api import Backend
    from console.backend.model.readiness import Board
    from console.backend.service import BackendService

_REST = "console.backend.service"


class _Late:
    """A backend that loads what it does not have yet when it is called for the first time."""

    def __init__(self, first: MeasuringService) -> None:
        self._first = first
        self._program = _stamp()
        self._whole: BackendService | None = None

    def gates(self, names: tuple[str, ...] = ()) -> "Board":
        try:
            return self._first.gates(names)
        finally:
            # The C library keeps 2 MB of what loading and measuring have let go of.
            give_back()

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._first if hasattr(self._first, name) else self._rest(), name)

    def _rest(self) -> "BackendService":
        if self._whole is None:
            # Half of the one and half of the other release would decide together.
            if _stamp() != self._program:
                message = "another release of this program was installed while the console was open"
                raise Refused(
                    StopCode.EXECUTION_DISABLED, message, "Leave the console: q. Open it again: cutter-console"
                )
            from console.backend.service import BackendService

            self._whole = BackendService(self._first.installation, read_only=self._first.read_only)
        return self._whole


def _stamp() -> tuple[int, int] | None:
    """Return what tells the file of the rest from another one in its place; None if it is not there."""
    spec = find_spec(_REST)
    if spec is None or spec.origin is None:
        return None
    try:
        state = Path(spec.origin).stat()
    except OSError:
        return None
    return state.st_ino, state.st_mtime_ns


def loaded_late(first: MeasuringService) -> "Backend":
    """Return the whole backend of this installation, of which only `first` is loaded yet."""
    return cast("Backend", _Late(first))
