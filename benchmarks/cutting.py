"""Leg A and leg B for 100,000 units beside a bare COPY of the same rows, and beside one function call a unit."""

import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import median

import psycopg
from psycopg import sql

from console.backend.cluster import TransientCluster
from console.backend.database import ledger
from console.backend.database.connections import connect
from console.backend.database.ledger import ImportedApproval, NewRun
from console.backend.database.migrations import migrate
from console.backend.documents.planning import plan_document
from console.backend.plan import CutPlan, bind
from console.backend.runs.states import Stage

UNITS = 100_000
SINGLE_UNITS = 5_000
ROUNDS = 3
OVER_BARE_COPY = 2.0
"""Leg A and leg B take at most so many times as long as the bare COPY."""
FASTER_THAN_SINGLE = 5.0
"""A unit of the set-based cut is at least so many times faster than a unit of `fn_iu_create`."""

_BEFORE_PLAN = (Stage.SOURCE_PINNED, Stage.MARKED)
_BEFORE_CUT = (
    Stage.CUTPLAN_OK,
    Stage.PRE_WRITE_BACKUP_TAKEN,
    Stage.GRANTS_PROBED,
    Stage.AWAITING_CUT_AUTHORIZATION,
)
_DIGEST = "0" * 64
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
class Site:
    """One database with the product's schema."""

    cluster: TransientCluster
    database: str

    def conninfo(self, user: str = "postgres") -> str:
        """As this role."""
        return self.cluster.conninfo(self.database, user)


def document(units: int) -> bytes:
    """A Markdown text that becomes so many units with bodies of 300 to 500 bytes."""
    paragraphs = (f"## Article {n}\n\n{_SENTENCE * (3 + n % 2)}\n\n" for n in range(1, units + 1))
    return f"# Rules\n\n{''.join(paragraphs)}".encode()


def made_site(cluster: TransientCluster, database: str) -> Site:
    """A fresh database with the product's schema and roles."""
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    site = Site(cluster, database)
    migrate(site.conninfo())
    return site


def armed(site: Site, number: int, units: int) -> Cut:
    """A run with its document, plan, imported ruling and open lease: everything up to the cut, untimed."""
    docprefix, run_id = f"BENCH-{number}", f"ictr-20260101T000000Z-{number:08x}"
    text = document(units - 1)
    result = plan_document(text, origin="file:bench.md", docprefix=docprefix, profile="atx")
    cut = Cut(run_id, bind(result.accepted(), None), text)
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
    with connect(site.conninfo("cutter_exec")) as connection:
        ledger.create_run(connection, facts)
        ledger.pin_source(connection, run_id, cut.plan.document.source)
        for stage in _BEFORE_PLAN:
            ledger.advance(connection, run_id, stage)
        ledger.record_plan(connection, run_id, cut.plan, _DIGEST)
        for stage in _BEFORE_CUT:
            ledger.advance(connection, run_id, stage)
    with connect(site.conninfo("cutter_verify")) as connection:
        ledger.import_approval(connection, _ruling(connection, cut))
    with connect(site.conninfo("cutter_exec")) as connection:
        ledger.arm(connection, run_id, "cut", "bench", "bench", 60)
    return cut


def _ruling(connection: psycopg.Connection, cut: Cut) -> ImportedApproval:
    row = connection.execute("SELECT current_database(), system_identifier FROM pg_control_system()").fetchone()
    if row is None:
        raise AssertionError("pg_control_system() gave no row")
    now = datetime.now(UTC)
    return ImportedApproval(
        kind="SG_1",
        run_id=cut.run_id,
        plan_digest=cut.plan.plan_digest,
        manifest_digest=ledger.manifest_digest(cut.plan.document.units),
        policy_sha256=_DIGEST,
        baseline_digest=_DIGEST,
        draft_digest=None,
        review_decision_id=None,
        n_units=cut.plan.n_units,
        database=str(row[0]),
        system_identifier=str(row[1]),
        timeline=1,
        not_before=now - timedelta(minutes=1),
        expires=now + timedelta(hours=1),
        signers=("0" * 40,),
        statement=cut.run_id.encode(),
        signatures=(b"bench",),
    )


def cut_seconds(site: Site, cut: Cut) -> float:
    """Leg A and leg B as a run has them: two transactions, each with its COMMIT."""
    start = time.perf_counter()
    with connect(site.conninfo("cutter_exec"), timeout_s=0) as connection:
        ledger.copy_manifest(connection, cut.run_id, cut.plan, cut.text)
        ledger.apply_cut(connection, cut.run_id)
    with connect(site.conninfo("cutter_exec"), timeout_s=0) as connection:
        ledger.advance(connection, cut.run_id, Stage.STRUCTURAL_VERIFIED)
        ledger.record_cut(connection, cut.run_id)
    spent = time.perf_counter() - start
    with connect(site.conninfo("cutter_exec")) as connection:
        ledger.disarm(connection, "measured")
    return spent


def bare_seconds(site: Site, cut: Cut) -> float:
    """The rows of this cut, read back before, sent by COPY into twins of the two tables with the same indexes."""
    with psycopg.connect(site.conninfo()) as connection:
        docprefix = cut.plan.document.docprefix
        rows = {table: connection.execute(_ROWS[table].encode(), (docprefix,)).fetchall() for table in _TABLES}
    _checkpoint(site)
    start = time.perf_counter()
    with psycopg.connect(site.conninfo()) as connection:
        for table in _TABLES:
            into = sql.SQL("COPY bare.{} FROM STDIN").format(sql.Identifier(table))
            with connection.cursor() as cursor, cursor.copy(into) as copy:
                for row in rows[table]:
                    copy.write_row(row)
    return time.perf_counter() - start


def _twins(site: Site) -> None:
    with psycopg.connect(site.conninfo()) as connection:
        connection.execute("CREATE SCHEMA bare")
        for table in map(sql.Identifier, _TABLES):
            connection.execute(sql.SQL("CREATE TABLE bare.{0} (LIKE public.{0} INCLUDING ALL)").format(table))


def _checkpoint(site: Site) -> None:
    with psycopg.connect(site.conninfo(), autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def single_seconds(site: Site, cut: Cut) -> float:
    """Seconds a unit of one `fn_iu_create` a unit, all in one transaction, as its guard demands."""
    units = [
        (u.address, u.title, cut.text[u.byte_start : u.byte_end].decode(), u.unit_kind, u.section_type, u.parent)
        for u in cut.plan.document.units
    ]
    with connect(site.conninfo("cutter_exec"), timeout_s=0) as connection:
        ledger.copy_manifest(connection, cut.run_id, cut.plan, cut.text)
        start = time.perf_counter()
        for address, title, body, kind, section_type, parent in units:
            values = (address, title, body, "bench", kind, section_type, "sovereign", "cut", parent)
            connection.execute("SELECT public.fn_iu_create(%s, %s, %s, %s, %s, %s, %s, %s, %s)", values)
    spent = time.perf_counter() - start
    with connect(site.conninfo("cutter_exec")) as connection:
        ledger.disarm(connection, "measured")
    return spent / len(units)


def one_round(sets: Site, singles: Site, numbers: "count[int]") -> tuple[float, float]:
    """The three measurements, one after the other: cut over bare COPY, and one call a unit over a unit of the cut."""
    cut = armed(sets, next(numbers), UNITS)
    _checkpoint(sets)
    spent, bare = cut_seconds(sets, cut), bare_seconds(sets, cut)
    single = single_seconds(singles, armed(singles, next(numbers), SINGLE_UNITS))
    a_unit = spent / UNITS
    sys.stdout.write(
        f"  {UNITS} units: cut {spent:5.2f} s, bare COPY {bare:5.2f} s; a unit: {a_unit * 1e6:.0f} µs, by a call of its own"
        f" {single * 1e6:.0f} µs\n"
    )
    return spent / bare, single / a_unit


def main() -> int:
    """Print both ratios beside their bars; 1 if one is missed. The cluster is on disk, with fsync."""
    disk = (Path(tempfile.gettempdir()),)
    numbers = count(1)
    with TransientCluster.start(parents=disk, durable=True, need_bytes=4 << 30) as cluster:
        sets, singles = made_site(cluster, "set_based"), made_site(cluster, "one_by_one")
        _twins(sets)
        with psycopg.connect(singles.conninfo()) as connection:
            connection.execute("CREATE INDEX ON cutter_governance.manifest_unit_block (run_id, address)")
        rounds = [one_round(sets, singles, numbers) for _ in range(ROUNDS)]
    sys.stdout.write(
        f"  one call a unit is measured on {SINGLE_UNITS} units, with an index on the address that the product does not have\n"
    )
    ratio, faster = (median(values) for values in zip(*rounds, strict=True))
    bars = (
        ("leg A + leg B over a bare COPY", ratio, f"≤ {OVER_BARE_COPY}", ratio <= OVER_BARE_COPY),
        ("faster than one call a unit", faster, f"≥ {FASTER_THAN_SINGLE}", faster >= FASTER_THAN_SINGLE),
    )
    for name, value, bar, holds in bars:
        sys.stdout.write(f"{name:<32} {value:6.2f}  {bar}  {'holds' if holds else 'MISSED'}\n")
    return int(not all(holds for *_, holds in bars))


if __name__ == "__main__":
    raise SystemExit(main())
