"""Hand over and accept: the file is asked for, then the dialog shows each check and demands the run id."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from console.backend.model.view_models import Danger, RunView
from console.screens.danger import Confirmed, DangerDialog
from console.screens.operation import Operation
from console.screens.run_text import came_to
from console.screens.typed import TypedDialog
from console.widgets.notice import Notice

if TYPE_CHECKING:
    from console.backend.api import Backend
    from console.backend.model.view_models import OnProgress
    from console.screens.application import Application


def _whole(typed: str) -> Path:
    """Return the path with `~` as the home; that of a user who is not there stays as it was typed."""
    return Path(os.path.expanduser(typed))  # noqa: PTH111 - Path.expanduser raises for such a user


class _FileDialog(TypedDialog):
    """Asks for the file of a bundle; one that is no whole path is asked for again."""

    def take(self, typed: str) -> None:
        """Answer with a whole path, and with nothing else: a console does not show which folder it was started in."""
        if not typed or _whole(typed).is_absolute():
            super().take(typed)
        else:
            self.say(f"{typed} is no whole path: type it from / or ~ on")


class NewBundleDialog(_FileDialog):
    """Asks for the file that a run is handed over in."""

    WORDS: ClassVar[str] = "Hand the run over in which file?"
    HINT: ClassVar[str] = "a new file, from / or ~ on"
    LINES: ClassVar[tuple[str, ...]] = (
        "The run's files, statements and signatures are written into it, for another host.",
        "Nothing is done before each check is shown and the run id is typed.",
    )


class BundleDialog(_FileDialog):
    """Asks for the bundle to accept."""

    WORDS: ClassVar[str] = "Accept a run from which bundle?"
    HINT: ClassVar[str] = "the file that was carried here, from / or ~ on"
    LINES: ClassVar[tuple[str, ...]] = (
        "It is read and verified whole; what it holds and the verdict of each check are shown.",
        "Nothing is accepted before the run id is typed.",
    )


def ask_hand_over(console: "Application", run_id: str, before: str, remember: Callable[[str], None]) -> None:
    """Ask for the file, then confirm and hand the run over. `before` was typed last, and is not lost by a refusal."""
    _ask(console, NewBundleDialog(before), Danger.HAND_OVER, run_id, remember)


def ask_accept(console: "Application", before: str, remember: Callable[[str], None]) -> None:
    """Ask for the bundle, then show what it holds, confirm, and accept its run."""
    _ask(console, BundleDialog(before), Danger.ACCEPT, "", remember)


_Custody = Literal[Danger.HAND_OVER, Danger.ACCEPT]


def _ask(
    console: "Application", dialog: _FileDialog, danger: _Custody, run_id: str, remember: Callable[[str], None]
) -> None:
    def named(typed: str | None) -> None:
        if not typed:
            return
        remember(typed)
        file = _whole(typed)

        def answered(answer: Confirmed | None) -> None:
            if answer is not None:
                console.operate(_operation(danger, file, answer))

        console.open_dialog(DangerDialog(danger, run_id, file), answered)

    console.open_dialog(dialog, named)


def _operation(danger: _Custody, file: Path, answer: Confirmed) -> Operation[RunView]:
    # What was typed is the run id: the dialog takes no other text.
    run_id = answer.confirm
    if danger is Danger.HAND_OVER:
        return Operation(
            f"Handing {run_id} over", _hand_over(run_id, file), lambda _run: _handed(run_id, file), _IF_LEFT
        )
    return Operation(f"Accepting {run_id}", _accept(file, answer.seen), _accepted, _IF_LEFT)


_IF_LEFT = (
    "If you leave now, the run changes hands whole or not at all; a COMMIT without an answer is settled as everywhere.",
    "The same step can be made again: where it was done, it says so.",
)


def _hand_over(run_id: str, to: Path) -> "Callable[[Backend, OnProgress], RunView]":
    return lambda backend, _progress: backend.hand_over(run_id, to)[0]


def _accept(bundle: Path, seen: str) -> "Callable[[Backend, OnProgress], RunView]":
    return lambda backend, _progress: backend.accept_run(bundle, seen)[0]


def _accepted(run: RunView) -> str:
    return f"This console holds run {run.run_id} now. {came_to(run)}"


def _handed(run_id: str, file: Path) -> Notice:
    there = "Carry it to the next host, and accept it there: on its Run screen, or by the command run accept FILE"

    def renewed(run: RunView) -> Notice | None:
        if run.is_unaccepted:
            return notice
        if run.is_lost:
            return Notice("done", f"Run {run_id} was handed over in {file}, and then {run.elsewhere}.")
        return None  # It is held here again.

    notice = Notice("done", f"Run {run_id} is handed over, in {file}.", "", there, of_run=run_id, renewed=renewed)
    return notice
