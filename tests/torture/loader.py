"""Runs a command as an installed program does, and dies by SIGKILL while it imports the module of a given number.

    python loader.py NUMBER RECORD WORD…

NUMBER 0: it lives, and leaves in RECORD how many it has imported. A program of its own, of the tests alone.
"""

import os
import signal
import sys
from pathlib import Path


def _watch(number: int, record: Path) -> None:
    begun = 0

    def count(event: str, _: tuple[object, ...]) -> None:
        nonlocal begun
        if event == "import":
            begun += 1
            if begun == number:
                record.write_text("killed")
                os.kill(os.getpid(), signal.SIGKILL)
            elif number == 0:
                record.write_text(str(begun))

    sys.addaudithook(count)


if __name__ == "__main__":
    _watch(int(sys.argv[1]), Path(sys.argv[2]))
    sys.argv = ["cutter-console", *sys.argv[3:]]
    from console.cli.main import main

    sys.exit(main())
