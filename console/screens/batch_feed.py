"""The progress of a batch and of its runs, told as one, and what leaving the console means meanwhile."""

from typing import TYPE_CHECKING

from console.actions.keys_in_force import key_of
from console.backend.model.batches import BatchProgress
from console.backend.model.view_models import Progress
from console.screens import batch_text as words
from console.screens.operation import progress_words

if TYPE_CHECKING:
    from console.backend.model.view_models import OnProgress


def batch_if_left() -> tuple[str, ...]:
    """Return what happens if one leaves while a batch is worked on."""
    return (
        "If you leave now, the document that is worked on ends its phase by COMMIT or ROLLBACK, never in between.",
        f"Nothing continues by itself: the batch shows what each document has come to, and {key_of('batch_go_on')} goes on.",
    )


class BatchFeed:
    """Takes the progress of a batch and of its runs from the worker's thread, and tells both as one."""

    def __init__(self, on_progress: "OnProgress") -> None:
        self._on_progress = on_progress
        self._batch: BatchProgress | None = None

    def on_batch(self, progress: BatchProgress) -> None:
        """Take the progress of the batch."""
        self._batch = progress
        self._on_progress(Progress(run_id=progress.batch_id, step=self._words()))

    def on_progress(self, progress: Progress) -> None:
        """Take the progress of one run."""
        self._on_progress(Progress(run_id=progress.run_id, step=f"{self._words()}: {progress_words(progress)}"))

    def _words(self) -> str:
        progress = self._batch
        if progress is None:
            return "planning"
        return f"{progress.step} {words.progress_words(progress, progress.at)}"
