"""A batch of many laws beside one document of as many units: processor time per unit of the whole way, dry run to report.

The laws are those of ../shared/corpus/de, as far as they can be planned together; without them the group says so and
measures nothing. Both ways use the same site, keys and server, one after the other. Compared is the processor time of the
console, its programs and the server, which other work on the machine changes less than the clock. A batch writes the report
of each document when it is law, so the one document's is written too.

What a document costs beside its units, by documents of six units: statements, milliseconds of the console's processor, and what
the server says that its statements took (on a machine with twice as much work as processors, before the rulings were compared
at once):

    step             statements  console  server
    dry run                  68       58      42
    to SG_1                 152       66      80
    SG_1                  34, 6       14      14   (statements before, and since)
    arming               30, 21       15      19
    cut, verify             105       59     111
    SG_2                 59, 17       25      53
    enact, report        98, 84       95     123

Nothing stands out in it: of the console 16 % is the report, 10 % the journal; of the server 11 % asks if a row of the
catalogues has moved, 11 % makes the settings of each transaction again, and the rest is the planning of short statements.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import psycopg

from benchmarks.amendments import server_seconds
from benchmarks.planning import law
from console.backend.documents.batch_plan import documents_of
from console.backend.model.batches import OnFailure
from console.backend.model.states import Mode
from console.backend.model.view_models import RunRequest
from console.backend.postgres.migrations import migrate
from console.backend.scratch.cluster import TransientCluster
from tests.support.passage import Passage, stages

CORPUS = Path(__file__).parents[2] / "shared/corpus/de"
MAX_RATIO = 1.5
_TEMPLATE = "batches"


def _quiet(_: object) -> None:
    """Progress that nobody watches."""


def _seconds(cluster: TransientCluster, work: Callable[[], object]) -> tuple[float, float]:
    """Return the processor seconds of this process with its programs, and of the server."""
    console, server = sum(os.times()[:4]), server_seconds(cluster)
    work()
    return sum(os.times()[:4]) - console, server_seconds(cluster) - server


def _sign(passage: Passage, subject: str) -> None:
    drafted = passage.backend.draft_statement(subject)
    signature = passage.backend.sign_as_demo_sovereign(drafted.statement_path)
    passage.backend.import_statement(drafted.statement_path, (signature,))


def _batch(passage: Passage, requests: tuple[tuple[str, RunRequest], ...]) -> int:
    """Take the documents from dry runs to law. Return the number of units."""
    backend = passage.backend
    for mode in (Mode.DRYRUN, Mode.LIVE):
        asked = tuple((name, request.model_copy(update={"mode": mode})) for name, request in requests)
        view = backend.start_batch(asked, mode, OnFailure.STOP, _quiet, _quiet)
    _sign(passage, view.batch_id)
    backend.arm(view.batch_id, view.batch_id)
    backend.resume_batch(view.batch_id, None, _quiet, _quiet)
    _sign(passage, view.batch_id)
    return backend.enact_batch(view.batch_id, view.batch_id, _quiet, _quiet).n_units


def _single(passage: Passage, request: RunRequest) -> int:
    """Take one document from its dry run to law and to its report. Return the number of units."""
    backend = passage.backend
    for mode in (Mode.DRYRUN, Mode.LIVE):
        run = backend.start(request.model_copy(update={"mode": mode}), _quiet)
    _sign(passage, run.run_id)
    backend.arm(run.run_id, run.run_id)
    backend.resume(run.run_id, _quiet)
    _sign(passage, run.run_id)
    units = backend.enact(run.run_id, run.run_id, _quiet).n_units or 0
    backend.report(run.run_id)
    return units


def _requests(passage: Passage) -> tuple[tuple[str, RunRequest], ...]:
    requests: list[tuple[str, RunRequest]] = []
    for document in documents_of(CORPUS, "de-law", ordinals=False):
        origin = passage.write(document.path.name, document.path.read_text(encoding="utf-8"))
        requests.append((document.name, RunRequest(origin=origin, docprefix=document.docprefix, profile="de-law")))
    return tuple(requests)


def _as_large(passage: Passage, units: int) -> RunRequest:
    """Return a document of about so many units, found by its size."""
    raw = law(400_000)
    origin = passage.write("sample.md", raw.decode())
    planned = passage.backend.plan(origin, "BENCH-SAMPLE", "de-law", ordinals=False).document
    assert planned is not None, "the sample of the benchmark must be a document"
    size = round(len(raw) * units / len(planned.units))
    return RunRequest(origin=passage.write("one.md", law(size).decode()), docprefix="BENCH-ONE", profile="de-law")


def main() -> int:
    """Print the ratio beside its bar; 1 if it is missed."""
    if not CORPUS.is_dir():
        sys.stdout.write(f"  {CORPUS} is not there: nothing is measured\n")
        return 0
    units = {"batch": 0, "one": 0}
    with TransientCluster.start(18, need_bytes=2 << 30) as cluster, tempfile.TemporaryDirectory():
        with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {_TEMPLATE}".encode())
        migrate(cluster.conninfo(_TEMPLATE))
        with stages(cluster, _TEMPLATE) as prepared:
            passage = prepared.at("fresh")
            requests = _requests(passage)

            def batch() -> None:
                units["batch"] = _batch(passage, requests)

            many = _seconds(cluster, batch)
            alone = prepared.at("fresh")
            request = _as_large(alone, units["batch"])

            def one() -> None:
                units["one"] = _single(alone, request)

            single = _seconds(cluster, one)
    ratio = (sum(many) / units["batch"]) / (sum(single) / units["one"])
    for what, way, (console, server) in ((f"{len(requests)} laws", "batch", many), ("one document", "one", single)):
        sys.stdout.write(f"  {what}, {units[way]} units: console {console:.1f} s, server {server:.1f} s of processor\n")
    verdict = "holds" if ratio <= MAX_RATIO else "MISSED"
    sys.stdout.write(f"{'a unit of a batch over one alone':<32} {ratio:6.2f}  ≤ {MAX_RATIO:.2f}  {verdict}\n")
    return int(ratio > MAX_RATIO)


if __name__ == "__main__":
    raise SystemExit(main())
