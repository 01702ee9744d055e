"""A database of 1,000,000 enacted units beside one of 10,000: what an operator, a reader and a small run wait for."""

import sys
import time
from collections.abc import Callable

from benchmarks.large_database import UNITS_A_DOCUMENT, document, multiply
from benchmarks.site import whole_site
from console.backend.model.outcome import Outcome
from console.backend.model.states import Mode
from console.backend.model.view_models import RunRequest
from console.backend.runs.document_states import list_documents
from console.backend.runs.unit_states import unit_as_of
from tests.support.passage import REQUEST, Passage, Stages, silent

SMALL, LARGE = 10_000, 1_000_000
OVER_SMALL = 1.5
GATES_S, START_S = 3.0, 10.0
_ROUNDS = 5


def enacted(prepared: Stages, units: int) -> Passage:
    """Cut and enact one document through the console, and copy it until the database has so many units."""
    passage = prepared.at("fresh")
    passage.write("law.md", document())
    passage.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
    run_id = passage.backend.start(REQUEST, silent).run_id
    passage = Passage(passage.backend, passage.cluster, passage.database, run_id)
    passage.sign()
    passage.arm()
    passage.resume()
    passage.sign()
    passage.enact()
    multiply(passage, units // UNITS_A_DOCUMENT)
    return passage


def _timed(work: Callable[[], object], rounds: int = _ROUNDS) -> float:
    """Seconds of the fastest of some rounds: other work on the machine makes one slower, never faster."""
    times: list[float] = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def measure(passage: Passage) -> dict[str, float]:
    """Seconds of each question, and the number of checks of gates that there was no time for."""
    backend, installation = passage.backend, passage.installation
    address = str(passage.rows("SELECT max(canonical_address) FROM public.information_unit")[0][0])
    times = {
        "status": _timed(backend.status),
        "counts": _timed(passage.counts),
        "drift": _timed(backend.drift),
        "document list": _timed(lambda: list_documents(installation), 3),
        "unit show": _timed(lambda: unit_as_of(installation, address, None)),
        "v_in_force by address": _timed(
            lambda: passage.rows("SELECT * FROM cutter_governance.v_in_force WHERE canonical_address = %s", address)
        ),
        "fn_in_force(now), all": _timed(
            lambda: passage.rows("SELECT count(*) FROM cutter_console.fn_in_force(now())"), 1
        ),
    }
    board = min((backend.gates() for _ in range(2)), key=lambda board: board.took_ms)
    times["all gates"] = board.took_ms / 1000
    for gate in sorted(board.gates, key=lambda gate: -gate.took_ms)[:6]:
        sys.stdout.write(f"    {gate.gate} {gate.outcome} {gate.took_ms} ms\n")
    unclear = [check for gate in board.gates for check in gate.checks if check.outcome is Outcome.INCONCLUSIVE]
    times["checks INCONCLUSIVE"] = float(len(unclear))
    origin = passage.write("small.md", "# One\n\nText one.\n\n## Alpha\n\nFirst.\n")
    request = RunRequest(origin=origin, docprefix="SMALL-LAW", mode=REQUEST.mode)
    times["LIVE start of two units"] = _timed(lambda: backend.start(request, silent), 1)
    return times


def main(large: int = LARGE) -> int:
    """Print the seconds at both sizes and the bars; 1 if one is missed."""
    by_size: dict[int, dict[str, float]] = {}
    for units in (SMALL, large):
        with whole_site(12 << 30) as prepared:
            passage = enacted(prepared, units)
            sys.stdout.write(f"  {units} units of {units // UNITS_A_DOCUMENT} documents\n")
            by_size[units] = measure(passage)
            for name, seconds in by_size[units].items():
                sys.stdout.write(f"    {name:<26} {seconds:8.3f}\n")
                sys.stdout.flush()
    small, many = by_size[SMALL], by_size[large]
    bars = (
        *(
            (f"{name} over that of {SMALL} units", many[name] / small[name], OVER_SMALL)
            for name in ("status", "counts")
        ),
        ("all gates, seconds", many["all gates"], GATES_S),
        ("checks that there was no time for", many["checks INCONCLUSIVE"], 0.0),
        ("LIVE start of two units, seconds", many["LIVE start of two units"], START_S),
    )
    for name, value, bar in bars:
        sys.stdout.write(f"{name:<40} {value:6.2f}  ≤ {bar:.2f}  {'holds' if value <= bar else 'MISSED'}\n")
    return int(any(value > bar for _, value, bar in bars))


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else LARGE))
