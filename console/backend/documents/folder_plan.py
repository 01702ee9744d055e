"""Planning of every document below a folder, in as many processes as there are cores. Writes nothing."""

import multiprocessing
import os
import shlex
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import redirect_stderr
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import wait as wait_for_handles
from pathlib import Path

from console.backend.documents.folder_report import FolderDocument, FolderRequest
from console.backend.documents.intake import TEXT_SUFFIXES, read_source
from console.backend.documents.own_worker import plan_here
from console.backend.documents.planning import plan_document
from console.backend.model.errors import Refused, StopCode
from console.backend.model.plan import Problem

_AHEAD = 4
"""Documents handed out per process: enough that none waits, few enough to try each again alone after a death."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_TERMINAL_SIGNALS = (signal.SIGINT, signal.SIGQUIT)
"""A terminal sends these to the workers too; the command ends them itself."""


@dataclass(frozen=True, slots=True)
class FolderEntry:
    """One name below the folder: a document, or what cannot be looked into."""

    name: str
    """Path relative to the folder."""
    bytes: int
    refusal: FolderDocument | None = None


PlanOne = Callable[[FolderRequest, str, int], FolderDocument]
"""Plans the document of this name and number in a worker; must be importable there by its name."""


def list_documents(
    folder: Path, suffixes: frozenset[str] = TEXT_SUFFIXES, remedy: str = "Name a folder that can be read"
) -> tuple[FolderEntry, ...]:
    """Return the documents with these suffixes below the folder, sorted by the bytes of their paths; names that begin with '.' are left out.

    Links to folders are not followed: what lies inside the folder is listed where it is, what lies outside is refused.
    Raises Refused if the folder itself cannot be listed; `remedy` says how its caller names another one.
    """
    try:
        inside = folder.resolve(strict=True)
        with os.scandir(folder) as listing:
            top = list(listing)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be resolved"
        action = f"{remedy}; see: ls -ld {shlex.quote(str(folder))}"
        raise Refused(StopCode.REFUSED_INPUT, f"{folder} cannot be listed: {reason}", action) from error
    entries = _below(top, "", inside, suffixes)
    return tuple(sorted(entries, key=lambda entry: os.fsencode(entry.name)))


def _below(
    listing: list[os.DirEntry[str]], prefix: str, inside: Path, suffixes: frozenset[str]
) -> Iterator[FolderEntry]:
    folders = deque([(listing, prefix)])
    # A queue, not a recursion: the depth of folders on a disk has no limit that Python shares.
    while folders:
        listing, prefix = folders.popleft()
        for item in listing:
            if item.name.startswith("."):
                continue
            name = prefix + item.name
            if item.is_dir(follow_symlinks=False):
                try:
                    with os.scandir(item.path) as opened:
                        folders.append((list(opened), f"{name}/"))
                except OSError as error:
                    yield _refused(name, f"cannot be listed: {error.strerror}", "change its mode or owner")
            elif _leads_to_a_folder(item):
                if not _is_inside(item, inside):
                    yield _refused(name, "leads out of the folder", "copy the documents into the folder")
            elif Path(item.name).suffix.lower() in suffixes:
                yield FolderEntry(name, _size(item))


def _leads_to_a_folder(item: os.DirEntry[str]) -> bool:
    try:
        return item.is_symlink() and item.is_dir()
    except OSError:
        return False


def _is_inside(item: os.DirEntry[str], inside: Path) -> bool:
    try:
        return Path(item.path).resolve(strict=True).is_relative_to(inside)
    except (OSError, RuntimeError):
        return False


def _size(item: os.DirEntry[str]) -> int:
    try:
        return item.stat().st_size
    except OSError:
        return 0


def _refused(name: str, reason: str, action: str) -> FolderEntry:
    refusal = Refused(StopCode.REFUSED_INPUT, f"{name} {reason}", action)
    return FolderEntry(name, 0, FolderDocument.unread(name, refusal))


def plan_one(request: FolderRequest, name: str, number: int) -> FolderDocument:
    """Plan one document of the folder. Its docprefix is made up from its number: addresses are not kept."""
    try:
        source = read_source(request.folder / name, folder=request.folder, limits=request.limits)
    except Refused as refusal:
        return FolderDocument.unread(name, refusal)
    docprefix = f"DOC-{number}"
    if request.profile.is_own:
        # A worker is a process of its own, whose main thread an alarm reaches: a further process would be too slow.
        answer = plan_here(
            request.profile,
            source.raw,
            origin=source.origin,
            docprefix=docprefix,
            ordinals=request.ordinals,
            acceptances=(),
            limits=request.limits,
        )
        if isinstance(answer, Problem):
            return FolderDocument.unfit(name, len(source.raw), answer)
        return FolderDocument.of(name, len(source.raw), answer)
    result = plan_document(
        source.raw,
        origin=source.origin,
        docprefix=docprefix,
        profile=request.profile.name,
        ordinals=request.ordinals,
        limits=request.limits,
    )
    return FolderDocument.of(name, len(source.raw), result)


def worker_count(entries: tuple[FolderEntry, ...]) -> int:
    """Return the number of processes: one per core that this process can use, not more than there are documents."""
    documents = sum(entry.refusal is None for entry in entries)
    return max(1, min(len(os.sched_getaffinity(0)), documents))


def plan_entries(
    request: FolderRequest,
    entries: tuple[FolderEntry, ...],
    workers: int,
    *,
    plan: PlanOne = plan_one,
    finished: Callable[[FolderEntry], None] = lambda _: None,
) -> Generator[FolderDocument, None, None]:
    """Yield the result of each entry in the order of the entries, each as soon as it and those before it are known.

    `finished` is called in the order in which they end. Close the iterator to end the workers.
    """
    results = {number: entry.refusal for number, entry in enumerate(entries) if entry.refusal is not None}
    work = _Work(request, entries, workers, plan)
    try:
        following = 0
        while following < len(entries):
            while following not in results:
                for number, document in work.next_results():
                    results[number] = document
                    finished(entries[number])
            yield results.pop(following)
            following += 1
    finally:
        work.end()


class _Work:
    """Documents that wait, those that workers have, and the workers."""

    def __init__(self, request: FolderRequest, entries: tuple[FolderEntry, ...], workers: int, plan: PlanOne) -> None:
        self._request = request
        self._entries = entries
        self._workers = workers
        self._plan = plan
        self._waiting = deque(number for number, entry in enumerate(entries) if entry.refusal is None)
        self._running: dict[Future[FolderDocument], int] = {}
        self._pool: ProcessPoolExecutor | None = None
        self._processes: set[int] = set()

    def next_results(self) -> Iterator[tuple[int, FolderDocument]]:
        """Wait until some document is finished and yield what is. A document whose worker died is tried again alone."""
        while self._waiting and len(self._running) < self._workers * _AHEAD:
            future = self._submitted(self._waiting[0], self._workers)
            if future is None:
                break
            self._running[future] = self._waiting.popleft()
        if not self._running:
            # A worker has died over nothing: the next call starts others.
            self.end()
            return
        done, _ = wait(self._running, return_when=FIRST_COMPLETED)
        if any(isinstance(future.exception(), BrokenProcessPool) for future in done):
            yield from self._after_a_death()
            return
        for future in done:
            number = self._running.pop(future)
            yield number, self._result(future, number)

    def end(self) -> None:
        """End the workers, also in the middle of a document."""
        for process in multiprocessing.active_children():
            if process.pid in self._processes:
                process.kill()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
        self._processes.clear()

    def _submitted(self, number: int, workers: int) -> Future[FolderDocument] | None:
        """Give the document to the workers, which are started if there are none. None if one of them has just died."""
        if self._pool is None:
            _start_tracker()
            self._pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_begin_worker)
        before = {process.pid for process in multiprocessing.active_children()}
        # A worker inherits the mask: it must not be interrupted before it has set what it ignores.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            return self._pool.submit(self._plan, self._request, self._entries[number].name, number + 1)
        except BrokenProcessPool:
            return None
        finally:
            started = {process.pid for process in multiprocessing.active_children()} - before
            self._processes |= {pid for pid in started if pid is not None}
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def _after_a_death(self) -> Iterator[tuple[int, FolderDocument]]:
        # The executor does not tell which worker died over which document: all of its futures fail together.
        wait(self._running)
        alone: list[int] = []
        for future, number in self._running.items():
            if isinstance(future.exception(), BrokenProcessPool):
                alone.append(number)
            else:
                yield number, self._result(future, number)
        self._running.clear()
        self.end()
        for number in sorted(alone):
            yield number, self._alone(number)
        self.end()

    def _alone(self, number: int) -> FolderDocument:
        """Plan one document with one worker, which only this document can end."""
        while (future := self._submitted(number, workers=1)) is None:
            self.end()
        wait((future,))
        if isinstance(future.exception(), BrokenProcessPool):
            self.end()
        return self._result(future, number)

    def _result(self, future: Future[FolderDocument], number: int) -> FolderDocument:
        error = future.exception()
        if error is None:
            return future.result()
        name = self._entries[number].name
        if isinstance(error, BrokenProcessPool):
            message = "its process died, also when it planned this document alone (killed, or out of memory)"
            return FolderDocument.unmeasured(name, "WORKER_DIED", message)
        return FolderDocument.unmeasured(name, "WORKER_FAILED", f"planning raised {type(error).__name__}: {error}")


def _start_tracker() -> None:
    """Start the process of `multiprocessing` that looks after the semaphores of the workers.

    It inherits the standard error by its descriptor. In the full-screen console `sys.stderr` has none that is one.
    """
    with redirect_stderr(sys.__stderr__):
        resource_tracker.ensure_running()


def _begin_worker() -> None:
    """Leave the terminal's signals to the command, and end with it, however it ends."""
    for number in _TERMINAL_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        # A killed command closes no queue: its workers would wait for the next document for ever.
        wait_for_handles([parent.sentinel])
        os._exit(1)
