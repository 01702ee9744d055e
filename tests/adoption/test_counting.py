"""Counting an organisation's tables where one is locked: in a bounded time, and each other one is counted."""

import itertools
from types import SimpleNamespace

import pytest

from console.backend.postgres import site_units
from console.backend.postgres.connections import connect
from console.backend.postgres.site_catalogue import read_catalogue
from console.backend.postgres.site_proposal import propose
from console.backend.postgres.site_units import CountedTable, count_tables
from tests.adoption.conftest import Adopted

_LIMIT_S = 0.4


def _counted(adopted: Adopted, locked: str) -> dict[str, CountedTable]:
    monitor = adopted.installation.settings.database.monitor
    with connect(monitor, read_only=True) as session:
        catalogue = read_catalogue(session)
        mapping = propose(session, catalogue).mapping
    assert mapping is not None
    with (
        adopted.database.connect(autocommit=False) as other,
        connect(monitor, read_only=True, timeout_s=_LIMIT_S) as session,
    ):
        other.execute(f"LOCK TABLE {locked} IN ACCESS EXCLUSIVE MODE".encode())
        counted = {row.table: row for row in count_tables(session, mapping, catalogue)}
        row = session.execute("SELECT current_setting('statement_timeout')").fetchone()
    assert row == ("400ms",), "what is asked afterwards has its whole time again"
    return counted


def test_a_table_that_is_locked_is_named_and_each_other_one_is_counted(adopted: Adopted) -> None:
    counted = _counted(adopted, "public.information_unit")

    fault = counted["public.information_unit"].fault
    assert fault is not None
    assert "somebody has locked it" in fault.reason
    assert "cutter-console counts" in fault.next_action
    assert {table for table, row in counted.items() if row.rows is None} == {"public.information_unit"}


def test_tables_that_are_all_locked_take_one_statement_s_time_together(
    adopted: Adopted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of 17 had the whole time once more: minutes for a status that asks again every ten seconds."""
    names = "public.information_unit, public.unit_version, public.iu_lifecycle_log, public.dot_config"
    ticks = itertools.count()
    # A clock by which each question takes what it was allowed: half of what is left, and then the least.
    monkeypatch.setattr(site_units, "time", SimpleNamespace(monotonic=lambda: _LIMIT_S * (1 - 0.5 ** next(ticks))))

    counted = _counted(adopted, names)

    allowed = [float(row.fault.reason.split()[3]) for row in counted.values() if row.fault is not None]
    assert len(allowed) == 4
    assert sum(allowed) <= _LIMIT_S + 4 * 0.1
