"""Plans in this process: a worker imports the program again, which takes longer than all that most tests ask of the plan.

The workers themselves are tested in tests/backend/documents, by tests/cli/test_plan_folder.py and by every command that is a
process of its own.
"""

import io
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from importlib import import_module

import pytest

from console.backend.documents import folder_plan, own_planning, profile_library
from console.backend.documents.folder_report import FolderDocument


class _Here:
    """Stands for a pool of workers: a document is planned as soon as it is handed in."""

    def __init__(self, *_workers: object, **_settings: object) -> None:
        pass

    def submit(self, plan: Callable[..., FolderDocument], *given: object) -> Future[FolderDocument]:
        """Plan at once. What planning raises ends the test."""
        future = Future[FolderDocument]()
        future.set_result(plan(*given))
        return future

    def shutdown(self, **_how: bool) -> None:
        """End nothing."""


def _answered(_profile: str, module: str, data: bytes, _timeout_s: float) -> bytes:
    """Give `main` of a module its order, and return its answer."""
    answer = io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        patch.setattr(sys, "stdout", io.TextIOWrapper(answer))
        import_module(module).main()
        return answer.getvalue()


@contextmanager
def planned_here() -> Iterator[None]:
    """Have folders and own profiles planned in the main thread of this process, for as long as the block runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folder_plan, "ProcessPoolExecutor", _Here)
        patch.setattr(folder_plan, "_start_tracker", lambda: None)
        for module in (own_planning, profile_library):
            patch.setattr(module, "run_worker", _answered)
        yield
