"""Drift: grants, ownership, functions, triggers and roles as they are, against those that were installed."""

from console.backend.database.connections import connect, scalar
from console.backend.outcome import Outcome
from console.backend.value import Value

_PINNED = "SELECT line FROM cutter_governance.v_schema_pin"
_NOW = "SELECT line FROM cutter_governance.v_schema_line"


class DriftReport(Value):
    """Lines that the last migration left and that are gone, and lines that came since."""

    outcome: Outcome
    schema_digest: str
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]


def measure_drift(conninfo: str) -> DriftReport:
    """Compare the database with what the last migration pinned. Raises Unmeasured where it cannot be read."""
    with connect(conninfo, read_only=True, purpose="drift") as connection:
        pinned = {line for (line,) in connection.execute(_PINNED)}
        now = {line for (line,) in connection.execute(_NOW)}
        digest = str(scalar(connection, "SELECT cutter_governance.fn_schema_digest()"))
    same = bool(pinned) and pinned == now
    return DriftReport(
        outcome=Outcome.PASS if same else Outcome.FAIL,
        schema_digest=digest,
        missing=tuple(sorted(pinned - now)),
        unexpected=tuple(sorted(now - pinned)),
    )
