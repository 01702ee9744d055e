"""Leg A and leg B for 100,000 units beside a bare COPY of the same rows, and beside one statement for each row."""

import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from console.backend.approvals.statement import RunFacts, Statement, StatementDocument, draft_statement, write_statement
from console.backend.documents.planning import plan_document
from console.backend.host.context import Context
from console.backend.model.plan import CutPlan, bind
from console.backend.model.plan_binding import Target
from console.backend.model.purposes import Purpose
from console.backend.model.states import Stage
from console.backend.postgres import ledger
from console.backend.postgres.connections import connect
from console.backend.postgres.ledger import NewRun
from console.backend.postgres.measure import measure_identity
from console.backend.postgres.migrations import migrate
from console.backend.scratch.cluster import TransientCluster
from console.demo.keys import DemoKeys, create_demo_keys, stop_agent
from tests.support.plans import accepted
from tests.support.sovereign import Sovereign

UNITS = 100_000
SINGLE_UNITS = 5_000
ROUNDS = 3
OVER_BARE_COPY = 1.5
"""Leg A and leg B take at most so many times as long as the bare COPY; both with all indexes, that of the words too."""
FASTER_THAN_SINGLE = 5.0
"""A unit of the set-based cut is at least so many times faster than a unit that is inserted by statements of its own."""

_DIGEST = "0" * 64
_PROOF = """
    SELECT cutter_console.fn_backup_record(%s, jsonb_build_object('file_name', 'bench.dump.gpg', 'sha256', repeat('0', 64), 'bytes', 1,
        'recipient', repeat('A', 40), 'tables', (SELECT jsonb_agg(jsonb_build_object('table', n, 'rows', d.rows, 'digest', d.digest))
                                                   FROM cutter_console.fn_backup_tables() n, cutter_console.fn_table_digest(n) d)))
"""
_SENTENCE = (
    "A member who holds office under this rule gives account of it once a year to those who elected the member. "
)
_TABLES = ("information_unit", "unit_version")
_ROWS = {
    "information_unit": "SELECT u.* FROM public.information_unit u WHERE u.doc_code = %s",
    "unit_version": "SELECT v.* FROM public.unit_version v JOIN public.information_unit u ON u.id = v.unit_id WHERE u.doc_code = %s",
}


@dataclass(frozen=True)
class Cut:
    """A signed and armed run that has cut nothing yet; `text` is its pinned canonical text."""

    run_id: str
    plan: CutPlan
    text: bytes


@dataclass(frozen=True)
class Installation:
    """One database with the product's schema, and the keys of its sovereign."""

    cluster: TransientCluster
    database: str
    keys: DemoKeys
    home: Path

    def conninfo(self, user: str = "postgres") -> str:
        """As this role."""
        return self.cluster.conninfo(self.database, user)

    @property
    def sovereign(self) -> Sovereign:
        """One signer, one signature."""
        return Sovereign(self.keys)


def document(units: int) -> bytes:
    """A Markdown text that becomes so many units with bodies of 300 to 500 bytes."""
    paragraphs = (f"## Article {n}\n\n{_SENTENCE * (3 + n % 2)}\n\n" for n in range(1, units + 1))
    return f"# Rules\n\n{''.join(paragraphs)}".encode()


def made_site(cluster: TransientCluster, database: str, keys: DemoKeys, home: Path) -> Installation:
    """A fresh database with the product's schema and roles, and a pinned policy."""
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    installation = Installation(cluster, database, keys, home)
    migrate(installation.conninfo())
    with psycopg.connect(installation.conninfo(), autocommit=True) as connection:
        installation.sovereign.pin(connection)
    return installation


def _event(run_id: str, phase: str) -> Jsonb:
    return Jsonb({"phase": phase, "outcome": "PASS", "record": {}, "seq": int(run_id[-8:], 16), "head": _DIGEST})


def armed(installation: Installation, number: int, units: int) -> Cut:
    """A run with its document, plan, imported ruling and open lease: everything up to the cut, untimed."""
    docprefix, run_id = f"BENCH-{number}", f"ictr-20260101T000000Z-{number:08x}"
    text = document(units - 1)
    result = plan_document(text, origin="file:bench.md", docprefix=docprefix, profile="atx")
    cut = Cut(run_id, bind(accepted(result), None), text)
    if cut.plan.n_units != units:
        raise AssertionError(f"{cut.plan.n_units} units, {units} wanted")
    facts = NewRun(
        run_id=run_id,
        operation="cut",
        docprefix=docprefix,
        origin="file:bench.md",
        profile="atx",
        operator="bench",
        host="bench",
    )
    with connect(installation.conninfo("cutter_exec")) as connection:
        ledger.create_run(connection, facts, _event(run_id, "start"))
        ledger.pin_source(connection, run_id, cut.plan.document.source, _event(run_id, "source_pin"))
        ledger.advance(connection, run_id, Stage.MARKED, _event(run_id, "mark"))
        ledger.record_plan(connection, run_id, cut.plan, _DIGEST, _event(run_id, "cutplan"))
    with connect(installation.conninfo()) as connection:
        connection.execute(_PROOF.encode(), (run_id,))
    with connect(installation.conninfo("cutter_exec")) as connection:
        for stage in (Stage.PRE_WRITE_BACKUP_TAKEN, Stage.AWAITING_CUT_AUTHORIZATION):
            ledger.advance(connection, run_id, stage, _event(run_id, "to the pause"))
        target = measure_identity(connection, "bench").target
    statement = installation.home / f"{run_id}.json"
    write_statement(statement, _ruling(installation, cut, target))
    signature = installation.keys.sign_as_demo_sovereign(statement)
    with connect(installation.conninfo("cutter_verify")) as connection:
        ledger.import_approval(connection, statement.read_bytes(), (signature.read_bytes(),))
    with connect(installation.conninfo("cutter_exec")) as connection:
        ledger.arm(connection, run_id, "cut", "bench", "bench", 60)
    return cut


def _ruling(installation: Installation, cut: Cut, target: Target) -> Statement:
    source = cut.plan.document.source
    facts = RunFacts(
        run_id=cut.run_id,
        document=StatementDocument(docprefix=cut.plan.document.docprefix, origin=source.origin),
        plan_digest=cut.plan.plan_digest,
        source_sha256=source.sha256,
        canonical_sha256=source.canonical_sha256,
        manifest_digest=ledger.manifest_digest(cut.plan.document.units),
        deploy_manifest_sha256="none",
        baseline_digest=_DIGEST,
        target=target,
        n_units=cut.plan.n_units,
        n_suspects=len(cut.plan.document.suspects),
        n_acceptances=len(cut.plan.document.acceptances),
        expected_deltas=cut.plan.expected_deltas,
    )
    return draft_statement(Purpose.CUT, facts, installation.sovereign.policy.sha256, Context(root=installation.home))


def cut_seconds(installation: Installation, cut: Cut) -> float:
    """Leg A and leg B as a run has them: two transactions, each with its COMMIT; the verification between is not timed."""
    spent = -time.perf_counter()
    with connect(installation.conninfo("cutter_exec"), timeout_s=0) as connection:
        ledger.apply_cut(connection, cut.run_id, cut.plan, cut.text, _event(cut.run_id, "cut_leg_a"))
    spent += time.perf_counter()
    with connect(installation.conninfo("cutter_verify"), timeout_s=0) as connection:
        ledger.record_structure(connection, cut.run_id, _event(cut.run_id, "structural_verify"))
    spent -= time.perf_counter()
    with connect(installation.conninfo("cutter_exec"), timeout_s=0) as connection:
        ledger.record_cut(connection, cut.run_id, cut.plan.n_units, _event(cut.run_id, "leg_b_record"))
    spent += time.perf_counter()
    with connect(installation.conninfo("cutter_exec")) as connection:
        ledger.disarm(connection, "measured")
    return spent


def bare_seconds(installation: Installation, cut: Cut) -> float:
    """The rows of this cut, read back before, sent by COPY into twins of the two tables with the same indexes."""
    with psycopg.connect(installation.conninfo()) as connection:
        docprefix = cut.plan.document.docprefix
        rows = {table: connection.execute(_ROWS[table].encode(), (docprefix,)).fetchall() for table in _TABLES}
    _checkpoint(installation)
    start = time.perf_counter()
    with psycopg.connect(installation.conninfo()) as connection:
        for table in _TABLES:
            into = sql.SQL("COPY bare.{} FROM STDIN").format(sql.Identifier(table))
            with connection.cursor() as cursor, cursor.copy(into) as copy:
                for row in rows[table]:
                    copy.write_row(row)
    return time.perf_counter() - start


def _twins(installation: Installation) -> None:
    with psycopg.connect(installation.conninfo()) as connection:
        connection.execute("CREATE SCHEMA bare")
        for table in map(sql.Identifier, _TABLES):
            connection.execute(sql.SQL("CREATE TABLE bare.{0} (LIKE public.{0} INCLUDING ALL)").format(table))


def _checkpoint(installation: Installation) -> None:
    with psycopg.connect(installation.conninfo(), autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def single_seconds(installation: Installation, cut: Cut) -> float:
    """Seconds for one unit that is inserted by two statements of its own into the twins, all in one transaction."""
    with psycopg.connect(installation.conninfo()) as connection:
        docprefix = cut.plan.document.docprefix
        rows = {
            table: connection.execute(_ROWS[table].encode(), (docprefix,)).fetchmany(SINGLE_UNITS) for table in _TABLES
        }
        connection.execute("TRUNCATE bare.information_unit, bare.unit_version")
    start = time.perf_counter()
    with psycopg.connect(installation.conninfo()) as connection:
        for unit, version in zip(*(rows[table] for table in _TABLES), strict=True):
            for table, row in zip(_TABLES, (unit, version), strict=True):
                values = sql.SQL(", ").join(sql.Placeholder() * len(row))
                into = sql.SQL("INSERT INTO bare.{} VALUES ({})").format(sql.Identifier(table), values)
                connection.execute(into, row)
    return (time.perf_counter() - start) / SINGLE_UNITS


def one_round(installation: Installation, numbers: "count[int]") -> tuple[float, float]:
    """The three measurements, one after the other: cut over bare COPY, and one statement a row over a unit of the cut."""
    cut = armed(installation, next(numbers), UNITS)
    _checkpoint(installation)
    spent, bare = cut_seconds(installation, cut), bare_seconds(installation, cut)
    single = single_seconds(installation, cut)
    a_unit = spent / UNITS
    sys.stdout.write(
        f"  {UNITS} units: cut {spent:5.2f} s, bare COPY {bare:5.2f} s; a unit: {a_unit * 1e6:.0f} µs, by statements of"
        f" its own {single * 1e6:.0f} µs\n"
    )
    return spent / bare, single / a_unit


def main() -> int:
    """Print both ratios beside their bars; 1 if one is missed. The cluster is on disk, with fsync."""
    disk = Path(tempfile.gettempdir())
    numbers = count(1)
    home = Path(tempfile.mkdtemp(prefix="bench-", dir=disk))
    keys = create_demo_keys(home / "gpg")
    try:
        with TransientCluster.start(parents=(disk,), durable=True, need_bytes=4 << 30) as cluster:
            installation = made_site(cluster, "cutting", keys, home)
            _twins(installation)
            rounds = [one_round(installation, numbers) for _ in range(ROUNDS)]
    finally:
        stop_agent(keys.home)
        stop_agent(keys.elsewhere)
        shutil.rmtree(home, ignore_errors=True)
    ratio, faster = (median(values) for values in zip(*rounds, strict=True))
    bars = (
        ("leg A + leg B over a bare COPY", ratio, f"≤ {OVER_BARE_COPY}", ratio <= OVER_BARE_COPY),
        ("faster than one statement a row", faster, f"≥ {FASTER_THAN_SINGLE}", faster >= FASTER_THAN_SINGLE),
    )
    for name, value, bar, holds in bars:
        sys.stdout.write(f"{name:<32} {value:6.2f}  {bar}  {'holds' if holds else 'MISSED'}\n")
    return int(not all(holds for *_, holds in bars))


if __name__ == "__main__":
    raise SystemExit(main())
