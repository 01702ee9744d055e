"""The entry point: `--version` is answered before anything is imported; all else goes to the command line."""

import sys
from collections.abc import Sequence

from console import __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command or open the console. Returns the exit status (design section 11)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:
        sys.stdout.write(f"cutter-console {__version__}\n")
        return 0
    from console import command_line

    return command_line.main(arguments)
