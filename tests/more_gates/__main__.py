"""The program, or the words of its screens, with two more gates."""

import sys

from tests.more_gates import register

if __name__ == "__main__":
    register()
    if sys.argv[1:] == ["screens"]:
        from tests.more_gates.screens import tell

        sys.exit(tell())
    from console.cli.main import main

    sys.exit(main())
