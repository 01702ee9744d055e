"""The whole way of one large document, from the dry run to law, beside a COPY and a proven dump of the same rows.

Each step runs in a process of its own, forked from one that has imported everything, so that its peak of resident memory is its
own. The sovereign's signing is not timed: it happens elsewhere. The floor is what nobody can do without: a bare COPY of the units and
versions, and their dump, encryption and restore with equal digests, into a scratch cluster that was started before.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.cutting import document
from benchmarks.site import whole_site
from console.backend.backup.pipeline import Member, Tee
from console.backend.backup.recipient import ENCRYPT
from console.backend.backup.record import COMPRESSION, unequal
from console.backend.backup.scratch import scratch_database
from console.backend.backup.source import LOCK_TIMEOUT_S, dump_command, exported_snapshot
from console.backend.backup.table_digest import table_proofs
from console.backend.host.gpg import gpg_command
from console.backend.model.states import Mode
from console.backend.model.view_models import RunRequest
from tests.support.passage import DOCPREFIX, REQUEST, Passage, silent

UNITS = 20_000
OVER_FLOOR, MEMORY_OVER_TEXT, RULINGS_S_FOR_99000 = 7.0, 5.0, 1.5
_ROWS = {
    "information_unit": "SELECT u.* FROM public.information_unit u WHERE u.doc_code = %s",
    "unit_version": "SELECT v.* FROM public.unit_version v JOIN public.information_unit u ON u.id = v.unit_id WHERE u.doc_code = %s",
}
_TWINS = tuple(f"bare.{table}" for table in _ROWS)


class Step:
    """One step in a forked process: seconds, processor seconds of it and its children, and the peak in MiB."""

    def __init__(self, name: str, work: Callable[[], object]) -> None:
        read, write = os.pipe()
        started = time.perf_counter()
        if (child := os.fork()) == 0:
            try:
                answer = work()
                os.write(write, json.dumps(str(answer or "")).encode())
                os._exit(0)
            except (Exception, SystemExit) as error:  # noqa: BLE001 -- Whatever it is, it is told, and the child ends here.
                os.write(2, f"{name}: {type(error).__name__}: {error}\n".encode())
                os._exit(1)
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            answer = pipe.read()
        _, status, usage = os.wait4(child, 0)
        if status:
            raise SystemExit(f"{name} failed")
        self.name, self.seconds = name, time.perf_counter() - started
        self.cpu, self.peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
        self.answer = str(json.loads(answer))

    def told(self) -> str:
        """One line of the table."""
        return f"    {self.name:<12} {self.seconds:6.2f} s, {self.cpu:6.2f} s of processor, peak {self.peak:5.0f} MiB\n"


def walked(passage: Passage, request: RunRequest = REQUEST) -> tuple[Step, ...]:
    """Every step of the way, in order; signatures are made between them."""
    backend, steps = passage.backend, []

    def step(name: str, work: Callable[[], object]) -> str:
        steps.append(Step(name, work))
        sys.stdout.write(steps[-1].told())
        sys.stdout.flush()
        return steps[-1].answer

    step("idle", lambda: None)
    step("dry run", lambda: backend.start(request.model_copy(update={"mode": Mode.DRYRUN}), silent).run_id)
    run_id = step("to SG_1", lambda: backend.start(request, silent).run_id)

    def ruling(kind: str) -> None:
        statement = Path(step(f"{kind} draft", lambda: backend.draft_statement(run_id).statement_path))
        signature = backend.sign_as_demo_sovereign(statement)
        step(f"{kind} import", lambda: backend.import_statement(statement, (signature,)).statement_path)

    ruling("SG_1")
    step("arm", lambda: backend.arm(run_id, run_id).state)
    step("cut, verify", lambda: backend.resume(run_id, silent).run_id)
    ruling("SG_2")
    step("enact", lambda: backend.enact(run_id, run_id, silent).run_id)
    return tuple(steps)


def copy_seconds(passage: Passage) -> float:
    """The rows of this document, read back before, sent by COPY into twins of the two tables with the same indexes."""
    with passage.connect() as connection:
        connection.execute("CREATE SCHEMA bare")
        for name in map(sql.Identifier, _ROWS):
            connection.execute(sql.SQL("CREATE TABLE bare.{0} (LIKE public.{0} INCLUDING ALL)").format(name))
        rows = {table: connection.execute(query.encode(), (DOCPREFIX,)).fetchall() for table, query in _ROWS.items()}
        connection.execute("CHECKPOINT")
    started = time.perf_counter()
    with psycopg.connect(passage.cluster.conninfo(passage.database)) as connection:
        for table in _ROWS:
            into = sql.SQL("COPY bare.{} FROM STDIN").format(sql.Identifier(table))
            with connection.cursor() as cursor, cursor.copy(into) as copy:
                for row in rows[table]:
                    copy.write_row(row)
    return time.perf_counter() - started


def proof_seconds(passage: Passage) -> float:
    """The twins dumped, encrypted, restored and compared; the scratch cluster is started before the clock."""
    programs, conninfo = passage.cluster.programs, passage.cluster.conninfo(passage.database)
    settings = passage.installation.settings
    with ExitStack() as stack:
        scratch = stack.enter_context(scratch_database(18, _TWINS, (), None, 1 << 30))
        pool = stack.enter_context(ThreadPoolExecutor(1))
        sealed = stack.enter_context((passage.installation.root / "floor").open("wb"))
        started = time.perf_counter()
        snapshot = stack.enter_context(exported_snapshot(conninfo, _TWINS, LOCK_TIMEOUT_S))
        expected = pool.submit(table_proofs, snapshot.connection, _TWINS)
        dump = dump_command(str(programs.program("pg_dump")), conninfo, snapshot.name, _TWINS, COMPRESSION)
        encrypt = gpg_command(
            passage.installation.gnupg_home, *ENCRYPT, "--recipient", settings.backup_gpg_fpr, "--encrypt"
        )
        restore = scratch.restore_command(str(programs.program("pg_restore")))
        with (
            Member("pg_dump", dump, stdout=subprocess.PIPE) as source,
            Member("gpg", encrypt, stdin=subprocess.PIPE, stdout=sealed.fileno(), with_status=True) as gpg,
            Member("pg_restore", restore, stdin=subprocess.PIPE) as restored,
        ):
            Tee(source, (gpg, restored)).run()
            for member in (source, gpg, restored):
                assert member.process.wait() == 0, member.verdict()
        assert not unequal(expected.result(), scratch.proofs(_TWINS))
        return time.perf_counter() - started


def main(units: int = UNITS) -> int:
    """Print each step and the ratios beside their bars; 1 if one is missed."""
    with whole_site(6 << 30) as prepared:
        passage = prepared.at("fresh")
        # Every step is forked from this process, so it must not hold the text itself.
        size = (passage.installation.intake / "law.md").write_bytes(document(units - 1))
        sys.stdout.write(f"  {units} units, {size / 2**20:.1f} MiB\n")
        steps = walked(passage)
        copied, proven = copy_seconds(passage), proof_seconds(passage)
    way = sum(step.seconds for step in steps)
    peak = max(step.peak for step in steps) * 2**20 / size
    rulings = sum(step.seconds for step in steps if step.name.startswith("SG_"))
    sys.stdout.write(f"  whole way {way:.2f} s; COPY {copied:.2f} s, dump, encryption and proof {proven:.2f} s\n")
    limit = max(RULINGS_S_FOR_99000 * units / 99_000, 0.5)
    bars = (
        ("whole way over COPY and a proven dump", way / (copied + proven), OVER_FLOOR),
        ("peak memory over the text", peak, MEMORY_OVER_TEXT),
        ("seconds of both statements and imports", rulings, limit),
    )
    for name, value, bar in bars:
        sys.stdout.write(f"{name:<40} {value:6.2f}  ≤ {bar:.2f}  {'holds' if value <= bar else 'MISSED'}\n")
    return int(any(value > bar for _, value, bar in bars))


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else UNITS))
