"""Command of another console as a process of this program. Imports no library: a server of pages needs the command alone."""

import sys

_ENTRY = "from console.cli.main import main; raise SystemExit(main())"


def console_command(*arguments: str) -> list[str]:
    """Return the command of a console with these arguments."""
    # -P: the folder that this one was started in, which others may write, is not searched for modules.
    return [sys.executable, "-P", "-c", _ENTRY, *arguments]
