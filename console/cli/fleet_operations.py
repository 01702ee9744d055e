"""The part of the table of commands about the installations that the user has named, and about their settings."""

from console.cli.fleet_requests import FleetStatus
from console.cli.operation import Operation

FLEET_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        ("fleet", "status"),
        "read many databases at once: a row for each installation that is named",
        FleetStatus,
        "console.cli.fleet:status",
        ("console.backend.model.fleet:Fleet",),
        names_many=True,
    ),
)
