"""The part of the table of commands about the installations that the user has named, and about their settings."""

from console.cli.config_requests import ConfigSchema, NoArguments, ValidateConfig
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
    Operation(
        ("config", "show"),
        "show the settings in force, and where each comes from",
        NoArguments,
        "console.cli.configuration:show",
        ("console.cli.configuration:SettingsInForce",),
    ),
    Operation(
        ("config", "validate"),
        "check a file of settings, with all of its errors",
        ValidateConfig,
        "console.cli.configuration:validate",
        ("console.cli.configuration:ValidFiles",),
    ),
    Operation(
        ("config", "schema"),
        "print the JSON Schema of a file of settings, or of what a hook reads",
        ConfigSchema,
        "console.cli.configuration:schema",
        ("console.cli.configuration:SchemaAnswer",),
    ),
    Operation(
        ("config", "path"),
        "list the files that are looked for, and if they are there",
        NoArguments,
        "console.cli.configuration:path",
        ("console.cli.configuration:ConfigPaths",),
    ),
    Operation(
        ("config", "keys"),
        "list the actions of the console with the keys in force, and how a keymap names them",
        NoArguments,
        "console.cli.keymaps:keys",
        ("console.cli.keymaps:KeysInForce",),
    ),
    Operation(
        ("info",),
        "show versions, programs, terminal and files, for a report of a fault",
        NoArguments,
        "console.cli.configuration:info",
        ("console.cli.configuration:Info",),
    ),
)
