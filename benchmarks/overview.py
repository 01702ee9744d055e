"""What one refresh of the Overview costs, in CPU of ours and of the server's: at 1 Hz, that is a share of a core."""

import sys
import time
from collections.abc import Callable

from benchmarks.demo import RUNS, crowded_demo
from benchmarks.processes import parent, process_seconds
from console.backend.postgres.connections import connect, scalar
from console.backend.service import BackendService

REFRESHES = 200
SHARE_OF_A_CORE = 0.02
"""One refresh a second costs less than this, client and server together."""


def server_pid(backend: BackendService) -> int:
    """The server's main process: what every backend of it is a child of."""
    with connect(backend.installation.settings.database.monitor, read_only=True) as connection:
        return parent(int(str(scalar(connection, "SELECT pg_backend_pid()"))))


def _settled(read: Callable[[], float]) -> float:
    """Once the last backend has ended, so that its CPU is counted."""
    time.sleep(0.5)
    return read()


def cost(backend: BackendService) -> tuple[float, float, float]:
    """Seconds a refresh: CPU of ours, CPU of the server, by the clock."""
    server = server_pid(backend)
    backend.status()
    theirs = _settled(lambda: process_seconds(server))
    ours, start = time.process_time(), time.perf_counter()
    for _ in range(REFRESHES):
        backend.status()
    clock, ours = time.perf_counter() - start, time.process_time() - ours
    theirs = _settled(lambda: process_seconds(server)) - theirs
    return ours / REFRESHES, theirs / REFRESHES, clock / REFRESHES


def main() -> int:
    """Print the share of a core beside its bar; 1 if it is missed."""
    with crowded_demo() as backend:
        ours, theirs, clock = cost(backend)
    sys.stdout.write(
        f"  {RUNS} runs; a refresh: {ours * 1000:.1f} ms of ours, {theirs * 1000:.1f} ms of the server's, {clock * 1000:.1f} ms by the clock\n"
    )
    share = ours + theirs
    holds = share < SHARE_OF_A_CORE
    said = "holds" if holds else "MISSED"
    sys.stdout.write(f"{'share of a core at 1 Hz':<32} {share * 100:5.2f}%  < {SHARE_OF_A_CORE:.0%}  {said}\n")
    return int(not holds)


if __name__ == "__main__":
    raise SystemExit(main())
