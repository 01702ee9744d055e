"""Databases as the `migrate` of an older program left them: made from the first migrations of this one."""

from console.backend.postgres import migrations
from console.backend.postgres.connections import connect

VERSION_0_2_0 = 10
"""Number of the last migration of version 0.2.0."""
BEFORE_THE_MOVE = 21
"""Number of the last migration before the functions moved into a schema of their own."""
_BASELINE = {VERSION_0_2_0: "fn_baseline_pin", BEFORE_THE_MOVE: "fn_baseline_write"}


def install(conninfo: str, last: int) -> None:
    """Apply the migrations up to this one, pin the inventory and the first baseline."""
    with connect(conninfo, timeout_s=0) as connection:
        migrations._prepare(connection)
        connection.execute("SET LOCAL ROLE cutter_owner")
        for step in migrations.migrations():
            if step.number <= last:
                migrations._apply(connection, step)
        migrations._seed_vocabulary(connection)
        connection.execute(migrations._PIN)
        connection.execute(f"SELECT cutter_governance.{_BASELINE[last]}(NULL)".encode())
