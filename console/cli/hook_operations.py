"""The part of the table of commands about hooks."""

from console.cli.config_requests import NoArguments
from console.cli.hook_requests import RunHooks
from console.cli.operation import Operation

_STATES = ("console.cli.hooks:HookStates",)

HOOK_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        ("hooks", "list"),
        "list the hooks, and if each may be started",
        NoArguments,
        "console.cli.hooks:list_all",
        _STATES,
    ),
    Operation(
        ("hooks", "test"),
        "tell every hook a test, and show what became of it",
        NoArguments,
        "console.cli.hooks:test",
        _STATES,
    ),
    Operation(
        ("hooks", "run"),
        "measure, and tell hooks what is new: without a console, with --watch",
        RunHooks,
        "console.cli.hooks:run",
        ("console.cli.hooks:HooksRun",),
    ),
)
