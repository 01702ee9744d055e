"""What `make test` takes of the long matrices: the same promise, asked of many functions, roles, screens and kinds.

A matrix asks one thing of many combinations. `make test` takes those that the tables name, chosen so that the sides of
the matrix occur; the rest has the marker `torture` and is run by `make test-rest`. A test that guards a protection
against a mutant is never among the rest: tests/test_matrices.py holds the tables to this.
Each table stands beside most of the tests that it is about: tests/attacks/matrices.py (and an organisation's tables: same_names,
gateway, adoption), tests/backend/postgres/matrices.py (what the database refuses), tests/backend/matrices.py (what the program
does) and tests/screens/matrices.py (the console, its terminal and its commands). A comment stands for the entries that follow it. What is left of the kills, the network and
the races is chosen in tests/torture/conftest.py.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase

import pytest

from tests.attacks.matrices import ATTACKS
from tests.backend.matrices import BACKEND
from tests.backend.postgres.matrices import DATABASE
from tests.covers import is_beside_the_cover
from tests.long_tests import LONG
from tests.screens.matrices import CONSOLE
from tests.support.combinations import Kept

MATRICES = ATTACKS | DATABASE | BACKEND | CONSOLE


def leave_the_rest(items: Iterable[pytest.Item]) -> None:
    """Mark what `make test` does not take: of matrices and products the rest, and the long tests that a shorter one stands for."""
    for item in items:
        if is_left_out(item.nodeid) or is_beside_the_cover(item):
            item.add_marker(pytest.mark.torture)


def is_left_out(test: str) -> bool:
    """Whether one of the tables leaves this test out; a function with many combinations counts as one."""
    function, bracket, combination = test.removeprefix("tests/").partition("[")
    if function in LONG:
        return True
    kept = MATRICES.get(function)
    return kept is not None and not (bracket and is_kept(kept, combination.removesuffix("]")))


def is_kept(kept: Kept, combination: str) -> bool:
    """Whether one of the patterns is that of this combination."""
    return any(fnmatchcase(combination, pattern) for pattern in kept)
