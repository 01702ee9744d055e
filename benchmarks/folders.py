"""Planning of a folder: how much faster all cores are than one, with the start of the workers."""

import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.planning import law
from console.backend.documents.folder_plan import list_documents, plan_entries
from console.backend.documents.folder_report import FolderRequest
from console.backend.documents.own_profiles import ChosenProfile
from console.backend.model.outcome import Outcome

DOCUMENTS = 200
SIZE = 400_000
ROUNDS = 3
SHARE_OF_CORES = 0.75
"""All cores are at least this share of their number faster than one: 1.5 on two."""


def seconds(request: FolderRequest, workers: int) -> float:
    """Best time of a whole report; a document that is refused would make the figures worthless."""
    times: list[float] = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        outcomes = {document.outcome for document in plan_entries(request, list_documents(request.folder), workers)}
        times.append(time.perf_counter() - start)
        if outcomes != {Outcome.PASS}:
            raise RuntimeError(f"the documents of the benchmark ended as {outcomes}")
    return min(times)


def main() -> int:
    """Print the ratio beside its bar; 1 if it is missed."""
    cores = len(os.sched_getaffinity(0))
    if cores == 1:
        sys.stdout.write("  one core alone: nothing to compare\n")
        return 0
    with tempfile.TemporaryDirectory() as name:
        raw = law(SIZE)
        for number in range(DOCUMENTS):
            (Path(name) / f"{number:03}.md").write_bytes(raw)
        request = FolderRequest(Path(name), ChosenProfile("de-law"))
        one, every = seconds(request, 1), seconds(request, cores)
    ratio, bar = one / every, SHARE_OF_CORES * cores
    rate = DOCUMENTS * len(raw) / every / 1_000_000
    sys.stdout.write(f"  {one:.1f} s with one process, {every:.1f} s with {cores}, {rate:.1f} MB/s\n")
    sys.stdout.write(
        f"{'faster with all cores':<32} {ratio:6.2f}  ≥ {bar:.2f}  {'holds' if ratio >= bar else 'MISSED'}\n"
    )
    return int(ratio < bar)


if __name__ == "__main__":
    raise SystemExit(main())
