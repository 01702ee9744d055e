"""The board of all gates on the demo: how long it takes, and beside the slowest single probe of it measured alone."""

import sys
from statistics import median

from benchmarks.demo import crowded_demo
from console.backend.gates.board import measure_board
from console.backend.gates.registry import GATES
from console.backend.host.installation import Installation
from console.backend.model.readiness import Board

ROUNDS = 9
SECONDS = 1.0
"""The median of the board is under so many seconds."""
OVER_SLOWEST_PROBE = 3.0
"""And under so many times the slowest of its probes."""


def slowest_alone(installation: Installation) -> tuple[tuple[float, str], tuple[float, str]]:
    """The probe, and the gate, that takes longest when its gate is measured with no other beside it; medians, in ms."""
    probes: dict[str, list[float]] = {}
    gates: dict[str, list[float]] = {}
    for gate in GATES:
        for _ in range(3):
            for report in measure_board(installation, (gate,)).gates:
                gates.setdefault(report.gate, []).append(report.took_ms)
                for piece in {piece.id: piece for check in report.checks for piece in check.evidence}.values():
                    probes.setdefault(piece.id, []).append(piece.took_ms)
    return _slowest(probes), _slowest(gates)


def _slowest(took: dict[str, list[float]]) -> tuple[float, str]:
    return max((median(times), name) for name, times in took.items())


def _told(board: Board) -> str:
    by_time = sorted(board.gates, key=lambda gate: gate.took_ms, reverse=True)
    return ", ".join(f"{gate.gate} {gate.took_ms}" for gate in by_time)


def main() -> int:
    """Print both figures beside their bars; 1 if one is missed."""
    with crowded_demo() as backend:
        measure_board(backend.installation)
        boards = sorted((measure_board(backend.installation) for _ in range(ROUNDS)), key=lambda board: board.took_ms)
        (alone, name), (gate_alone, gate) = slowest_alone(backend.installation)
    board = boards[len(boards) // 2]
    sys.stdout.write(f"  {len(board.gates)} gates, {board.outcome}; milliseconds together: {_told(board)}\n")
    sys.stdout.write(
        f"  board {board.took_ms:.0f} ms ({boards[0].took_ms:.0f} to {boards[-1].took_ms:.0f}); slowest probe alone {name} {alone:.0f} ms, slowest gate alone {gate} {gate_alone:.0f} ms\n"
    )
    bars = (
        ("board, seconds", board.took_ms / 1000, SECONDS),
        ("board over its slowest probe", board.took_ms / alone, OVER_SLOWEST_PROBE),
    )
    for what, value, bar in bars:
        sys.stdout.write(f"{what:<32} {value:6.2f}  ≤ {bar}  {'holds' if value <= bar else 'MISSED'}\n")
    return int(any(value > bar for _, value, bar in bars))


if __name__ == "__main__":
    raise SystemExit(main())
