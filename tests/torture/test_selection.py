"""Each long test that `make test` selects by the end of its name exists: an end that matches nothing would select nothing, unseen."""

import subprocess
import sys
from pathlib import Path

from tests.torture.conftest import IN_EVERY_RUN, LONG

HERE = Path(__file__).parent


def test_each_end_is_that_of_one_test() -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-o", "addopts=", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *(str(HERE / name) for name in LONG)],
        capture_output=True,
        text=True,
        check=True,
        cwd=HERE.parents[1],
    )
    names = [line for line in done.stdout.splitlines() if "::" in line]
    assert {end: sum(name.endswith(end) for name in names) for end in IN_EVERY_RUN} == dict.fromkeys(IN_EVERY_RUN, 1)
