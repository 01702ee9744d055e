"""A server that takes no standbys waits for none, whatever its settings demand: a real server, and a real COMMIT on it."""

import psycopg

from console.backend.model.outcome import Outcome
from console.backend.postgres.connections import connect
from console.backend.postgres.replication import measure_replication
from console.backend.scratch.cluster import TransientCluster


def test_a_server_that_takes_no_standbys_is_not_said_to_wait_for_one() -> None:
    with TransientCluster.start(settings={"synchronous_standby_names": "nobody", "max_wal_senders": "0"}) as server:
        with connect(server.conninfo(), commit_limit_s=10) as connection:
            connection.execute("CREATE TABLE public.written (n integer)")
        with psycopg.connect(server.conninfo()) as connection:
            assert connection.execute("SELECT count(*) FROM written").fetchone() == (0,)
        with connect(server.conninfo(), read_only=True) as connection:
            measured = measure_replication(connection)
    assert (measured.outcome, measured.synchronous_standby_names) == (Outcome.PASS, "nobody")
