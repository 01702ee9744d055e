"""Reads of the standbys that are connected, and of what a COMMIT waits for."""

from functools import partial
from typing import NamedTuple

import psycopg

from console.backend.model.replication import Replication, Standby, replication
from console.backend.postgres.asking import Asking
from console.backend.postgres.connections import read_row, read_rows


class _Settings(NamedTuple):
    synchronous_commit: str
    standby_names: str
    in_recovery: bool
    takes_standbys: bool


_SETTINGS = """
    SELECT current_setting('synchronous_commit'), current_setting('synchronous_standby_names'), pg_is_in_recovery(),
           current_setting('max_wal_senders')::integer > 0
"""
# The functions behind the views: those are taken from PUBLIC here and there. A backup that is taken is no standby.
_STANDBYS = """
    SELECT s.application_name, w.state, w.sync_state,
           EXISTS (SELECT FROM pg_get_replication_slots() slot WHERE slot.active_pid = w.pid AND slot.slot_type = 'logical')
      FROM pg_stat_get_wal_senders() w JOIN pg_stat_get_activity(NULL) s ON s.pid = w.pid
     WHERE w.state IS DISTINCT FROM 'backup' ORDER BY s.application_name, w.pid
"""


def measure_replication(connection: psycopg.Connection) -> Replication:
    """Return what a COMMIT waits for, and which standbys are connected; of a role without pg_read_all_stats only their names."""
    with Asking(connection) as asking:
        settings_row = asking.ask(partial(read_row, row=_Settings, query=_SETTINGS))
        standbys = asking.ask(partial(read_rows, row=_standby, query=_STANDBYS))
    settings = settings_row.value
    return replication(
        settings.synchronous_commit,
        settings.standby_names,
        standbys.value,
        in_recovery=settings.in_recovery,
        takes_standbys=settings.takes_standbys,
    )


def _standby(name: str | None, state: str | None, sync_state: str | None, is_subscriber: bool) -> Standby:
    return Standby(name=name or "", state=state, sync_state=sync_state, is_subscriber=is_subscriber)
