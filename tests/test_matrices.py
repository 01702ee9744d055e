"""What `make test` takes of the long matrices is there, is not all of them, and has every test that guards a protection."""

import subprocess
import sys
from pathlib import Path

from mutants.catalogue import MUTANTS
from tests.matrices import MATRICES, is_kept

ROOT = Path(__file__).parents[1]
FILES = sorted({f"tests/{name.partition('::')[0]}" for name in MATRICES})


def test_each_pattern_takes_something_and_leaves_something() -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-o", "addopts=", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, *FILES], capture_output=True, text=True, check=True, cwd=ROOT)
    combinations: dict[str, list[str]] = {name: [] for name in MATRICES}
    for line in done.stdout.splitlines():
        function, _, combination = line.removeprefix("tests/").partition("[")
        if function in combinations:
            combinations[function].append(combination.removesuffix("]"))
    idle = [
        (name, pattern)
        for name, kept in MATRICES.items()
        for pattern in kept
        if not any(is_kept((pattern,), one) for one in combinations[name])
    ]
    whole = [name for name, kept in MATRICES.items() if all(is_kept(kept, one) for one in combinations[name])]

    assert idle == []
    assert whole == []


def test_no_test_that_guards_a_protection_is_left_out() -> None:
    left_out = []
    for test in sorted({test for one in MUTANTS for test in one.tests}):
        function, bracket, combination = test.removeprefix("tests/").partition("[")
        kept = MATRICES.get(function)
        if kept is not None and not (bracket and is_kept(kept, combination.removesuffix("]"))):
            left_out.append(test)

    assert left_out == []
