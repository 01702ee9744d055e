"""The backend of a console: what measures is there from the start, what plans, writes and reports is loaded when it is asked for.

An operator who looks on all day asks for nothing else, and the rest takes 9 MB.
"""

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, cast

from console.backend.host.memory import give_back
from console.backend.measuring import MeasuringService
from console.backend.model.errors import Refused, StopCode

if TYPE_CHECKING:
    from console.backend.api import Backend
    from console.backend.model.readiness import Board
    from console.backend.service import BackendService

_PACKAGE = Path(__file__).parents[1]
_FILES = ("__init__.py", "backend/service.py")
"""The version, which every release changes, and the rest itself."""


class _Late:
    """A backend that loads what it does not have yet when the first method of that is named."""

    def __init__(self, first: MeasuringService) -> None:
        self._first = first
        self._whole: BackendService | None = None
        self._loading = Lock()

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
        with self._loading:
            if self._whole is None:
                _require_same_program()
                try:
                    kind = _load()
                finally:
                    # Installing takes a while, and so does loading: a file may have been missing in between.
                    _require_same_program()
                self._whole = self._first.made_as(kind)
            return self._whole


def _load() -> "type[BackendService]":
    """Load the rest, with what its methods would load when they are called, so that one check is enough for all of it."""
    import console.backend.documents.akn.intake
    import console.backend.reports.bundle.bundle
    import console.backend.reports.run.report  # noqa: F401 - loaded for those that call it
    from console.backend.service import BackendService

    return BackendService


def _require_same_program() -> None:
    """Raise Refused if the version or the rest was installed since this module was loaded: halves of two releases would decide together."""
    if _stamp() != _AT_START:
        message = "this program, or another release of it, was installed since the console was opened"
        raise Refused(StopCode.EXECUTION_DISABLED, message, "Leave the console, then open it again: cutter-console")


def _stamp() -> tuple[tuple[int, int] | None, ...]:
    """Return what tells each of the files from another one in its place; None for one that is not there."""
    return tuple(_stamp_of(_PACKAGE / name) for name in _FILES)


def _stamp_of(file: Path) -> tuple[int, int] | None:
    try:
        state = file.stat()
    except OSError:
        return None
    return state.st_ino, state.st_mtime_ns


_AT_START = _stamp()


def loaded_late(first: MeasuringService) -> "Backend":
    """Return the whole backend of this installation, of which only `first` is loaded yet."""
    return cast("Backend", _Late(first))
