"""-P: the options of an installation that the user has named; one for reading only refuses the commands that write."""

from dataclasses import replace

from console.backend.host.named_installations import NamedInstallation, file_path, named, require_settings
from console.backend.model.errors import Refused, StopCode, UsageError
from console.cli.arguments import Options
from console.cli.operations import OPERATIONS

_WRITES_IN_VAIN = frozenset({"adopt check"})
"""Commands that take all back that they write, while the organisation's triggers fire and its sequences go on."""
_WITHOUT_A_ROOT = frozenset({"init", "config show", "config schema", "config path", "info", "completion"})
"""Commands that make the root, or that ask no database."""


def entry_of(options: Options) -> NamedInstallation | None:
    """Return the entry that -P names, or None without it. Raises UsageError if there is none of that name."""
    return named(options.installation[0]) if options.installation else None


def chosen(options: Options, command: str) -> Options:
    """Return the options with root and configuration of the named installation.

    Raises Refused for a command that writes where the name is for reading only. Stopping needs no authority: `panic` and
    `disarm` are never refused.
    """
    name = options.installation[0]
    entry = named(name)
    operation = next(operation for operation in OPERATIONS if operation.name == command)
    if command == "demo":
        message = "the demo makes an installation of its own, and takes no name of another"
        raise UsageError(StopCode.REFUSED_INPUT, message, "Leave out -P: cutter-console demo")
    writes = operation.writes or command in _WRITES_IN_VAIN
    if entry.read_only and writes and not operation.at_once:
        raise Refused(
            StopCode.EXECUTION_DISABLED,
            f"{name} is for reading only, and {command} writes; nothing was done",
            f"If it should write: read_only = false below [installation.{name}] in {file_path()}",
        )
    if command not in _WITHOUT_A_ROOT:
        require_settings(name, entry)
    return replace(options, root=entry.root, config=entry.config)
