"""Pages and searches of units beside psql with the same statement, and at many units beside few; and what reads much.

What would read all units for one page has to stop in the time that a search is gone on with, and that of its last statement.
The units are written by the superuser, past the guards, as one document a thousand; both sides log in for each question.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psycopg

from console.backend.host.context import Context
from console.backend.host.installation import Installation
from console.backend.host.settings import DatabaseSettings, Settings
from console.backend.model.unit_search import UnitQuery
from console.backend.postgres.migrations import migrate
from console.backend.runs.unit_search import LIMIT_S, LOOKING_S, search_units
from console.backend.scratch.cluster import TransientCluster

SMALL, LARGE = 10_000, 1_000_000
OVER_PSQL, OVER_SMALL = 1.5, 1.2
STOPS_S = LOOKING_S + LIMIT_S / 2
"""Seconds within which a search stops: the database ends a page after half of the time that its statement may take."""
_ROUNDS = 15
_ROWS = """
    INSERT INTO public.information_unit (id, canonical_address, unit_kind, section_type, doc_code, lifecycle_status, version_anchor_ref)
    SELECT md5('u' || g)::uuid, 'LAW-' || lpad((g / 1000)::text, 4, '0') || '/P' || lpad(g::text, 7, '0'), 'article', 'article',
           'LAW-' || lpad((g / 1000)::text, 4, '0'), 'enacted', md5('v' || g)::uuid FROM generate_series({first}, {last}) g;
    INSERT INTO public.unit_version (id, unit_id, version_seq, title, body, content_hash, lifecycle_status, enacted_at)
    SELECT md5('v' || g)::uuid, md5('u' || g)::uuid, 1, 'Điều ' || g,
           'Người điều khiển phương tiện tham gia giao thông, x' || g || CASE WHEN g % 100 = 7 AND g < 10000 THEN ' hiếm' ELSE '' END
           || CASE WHEN g >= 500000 THEN ' muộn' ELSE '' END,
           'x', 'enacted', now() FROM generate_series({first}, {last}) g
"""
_FILL = """
    SET session_replication_role = replica;
    ALTER TABLE public.information_unit DISABLE TRIGGER ALL;
    ALTER TABLE public.unit_version DISABLE TRIGGER ALL;
    SET search_path = cutter_governance;
    DROP INDEX public.unit_version_words;
    {rows};
    {index};
    ANALYZE public.information_unit; ANALYZE public.unit_version
"""
_INDEX = "SELECT pg_get_indexdef('public.unit_version_words'::regclass)"
_STATEMENT = (
    "SELECT * FROM cutter_console.fn_unit_page({parts}, '', '', '{{draft,enacted}}', NULL, '{after}', {before}, 51)"
)
_QUESTIONS: dict[str, tuple[UnitQuery, str]] = {
    "first page": (UnitQuery(), _STATEMENT.format(parts="NULL", after="", before="NULL")),
    "jump into the middle": (
        UnitQuery(after="LAW-0005/P0005000"),
        _STATEMENT.format(parts="NULL", after="LAW-0005/P0005000", before="NULL"),
    ),
    "last page": (UnitQuery(before=""), _STATEMENT.format(parts="NULL", after="", before="''")),
    "search, a rare word": (UnitQuery(text="hiem"), _STATEMENT.format(parts="'{hiem}'", after="", before="NULL")),
    "search, a word of every unit": (
        UnitQuery(text="dieu khien"),
        _STATEMENT.format(parts="'{dieu,khien}'", after="", before="NULL"),
    ),
}


_BOUNDED: dict[str, UnitQuery] = {
    "a phrase that no unit has": UnitQuery(text='"khien dieu"'),
    "a phrase and a word of few": UnitQuery(text='"khien dieu" hiem'),
    "a word of the second half": UnitQuery(text="muon"),
    "the beginning of a word of each": UnitQuery(text="x*", after="LAW-0005"),
    "that and a word of few": UnitQuery(text="x* hiem"),
    "that and a word that none has": UnitQuery(text="x* nichts"),
    "a lifecycle that no unit has": UnitQuery(lifecycles=("retired",)),
    "drafts with a word of every unit": UnitQuery(text="dieu", lifecycles=("draft",)),
}
"""Requests that would read all units, or the texts of all, for one page."""


def rows(first: int, last: int) -> bytes:
    """Return the statements that write the units of these numbers."""
    return _ROWS.format(first=first, last=last).encode()


def fill(conninfo: str, units: int) -> None:
    """Write so many units as the superuser, past the guards."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        (index,) = connection.execute(_INDEX).fetchone() or ("",)
        written = rows(0, units - 1).decode()
        connection.execute(_FILL.format(rows=written, index=index).encode())


def _fastest(work: Callable[[], object]) -> float:
    times: list[float] = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def _psql(cluster: TransientCluster) -> str:
    """Return psql of the server's own version, or else of the machine; empty if there is none."""
    beside = Path(cluster.programs.program("pg_dump")).with_name("psql")
    return str(beside) if beside.exists() else shutil.which("psql") or ""


class Measured(NamedTuple):
    """Seconds in a database of a number of units."""

    beside_psql: dict[str, tuple[float, float]]
    """Of the console and of psql, by question."""
    bounded: dict[str, tuple[float, str]]
    """Of what reads much, and how far it has looked."""


def measure(cluster: TransientCluster, units: int, folder: Path) -> Measured:
    """Return the seconds of each question in a database of so many units."""
    name = f"units_{units}"
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    migrate(cluster.conninfo(name))
    fill(cluster.conninfo(name), units)
    database = DatabaseSettings(monitor=cluster.conninfo(name, "cutter_ro"))
    installation = Installation(Context(root=folder, host="bench"), Settings(database=database), "bench")
    psql = _psql(cluster)
    times: dict[str, tuple[float, float]] = {}
    for title, (query, statement) in _QUESTIONS.items():
        assert len(search_units(installation, query).units) == query.limit
        by_psql = [psql, "-XAtq", "-c", statement, cluster.conninfo(name, "cutter_ro")]
        other = _fastest(partial(subprocess.run, by_psql, check=True, capture_output=True)) if psql else 0.0
        times[title] = _fastest(partial(search_units, installation, query)), other
    bounded: dict[str, tuple[float, str]] = {}
    for title, query in _BOUNDED.items():
        started = time.perf_counter()
        hits = search_units(installation, query)
        bounded[title] = time.perf_counter() - started, f"{len(hits.units)} units, {hits.looked_to or 'to the end'}"
    return Measured(times, bounded)


def main(large: int = LARGE) -> int:
    """Print the milliseconds at both sizes and the ratios; 1 if one is missed."""
    missed = False
    with TransientCluster.start(18) as cluster, tempfile.TemporaryDirectory() as folder:
        few, many = (measure(cluster, units, Path(folder)) for units in (SMALL, large))
        sys.stdout.write(f"  {'ms':<30}{SMALL:>12,}{large:>12,}{'growth':>9}{'psql':>9}{'ratio':>8}\n")
        for title, (small, _) in few.beside_psql.items():
            seconds, psql = many.beside_psql[title]
            ratio = seconds / psql if psql else 0.0
            is_missed = ratio > OVER_PSQL or seconds > small * OVER_SMALL
            missed |= is_missed
            sys.stdout.write(
                f"  {title:<30}{small * 1000:>12.1f}{seconds * 1000:>12.1f}{seconds / small:>9.2f}{psql * 1000:>9.1f}{ratio:>8.2f}"
                f"{'  MISSED' if is_missed else ''}\n"
            )
        for title, (seconds, looked_to) in many.bounded.items():
            is_missed = seconds > STOPS_S
            missed |= is_missed
            sys.stdout.write(
                f"  {title:<34}{few.bounded[title][0]:>8.2f}{seconds:>12.2f} s  {looked_to}{'  MISSED' if is_missed else ''}\n"
            )
    sys.stdout.write(f"  bars: {OVER_PSQL} times psql, {OVER_SMALL} times as at {SMALL:,} units; {STOPS_S:.0f} s\n")
    return int(missed)
