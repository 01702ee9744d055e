"""What `make test` takes of the long matrices and products is there, is not all of them, and has every test that guards a protection.

Each long test that it leaves out has a shorter one that is there, and is in `make test`.
"""

import itertools
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from mutants.catalogue import MUTANTS
from tests.attacks.matrices import ATTACKS
from tests.backend.matrices import BACKEND
from tests.backend.postgres.breaks import BREAKS
from tests.backend.postgres.matrices import DATABASE
from tests.covers import COVERED, is_on_the_diagonal
from tests.long_tests import LONG
from tests.matrices import MATRICES, is_kept, is_left_out
from tests.screens.matrices import CONSOLE
from tests.support.marks_told import COLLECTED, IN_MAKE_TEST, IN_TEST_REST, PARTS, TOLD, part_of
from tests.torture.conftest import IN_EVERY_RUN
from tests.torture.conftest import LONG as OF_THE_ARENA

ROOT = Path(__file__).parents[1]
GUARDS = sorted({test.removeprefix("tests/") for one in MUTANTS for test in one.tests})
"""Functions, and single combinations of some, whose failure shows that a protection was taken out."""
ASKED_OF_ALL = {"backend/postgres/test_drift.py::test_a_break_is_told_and_what_is_printed_mends_it": set(BREAKS)}
"""What `make test` asks of every member, because the tables take a few elsewhere on the strength of it."""
Collected = Mapping[str, list[str]]
"""The combinations by function; a test without any has the empty one."""


def collected(files: Iterable[str]) -> dict[str, Collected]:
    """What pytest collects of these files: all of it, and what is in `make test`, in `make test-rest`, and in neither."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-o", "addopts=", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-s", "-p", "tests.support.marks_told", *files], capture_output=True, text=True, check=True, cwd=ROOT
    )
    # pytest prints the names too, and a name may have the word in it.
    told = (line.partition(TOLD) for line in done.stdout.splitlines())
    return by_part((part, name) for part, _, name in told if part in PARTS)


def by_part(tests: Iterable[tuple[str, str]]) -> dict[str, Collected]:
    """The tests, each behind the part of which it is, by that part, and all of them."""
    combinations: dict[str, dict[str, list[str]]] = {part: {} for part in ("all", *PARTS)}
    for part, name in tests:
        function, _, combination = name.removeprefix("tests/").partition("[")
        for each in ("all", part):
            combinations[each].setdefault(function, []).append(combination.removesuffix("]"))
    return dict(combinations)


@pytest.fixture(scope="module")
def parts(request: pytest.FixtureRequest) -> dict[str, Collected]:
    """Of every file that one of the tables or the catalogue of mutants names, and of those of torture of which a few are taken.

    A run of all tests has collected them all.
    """
    if request.config.args == ["tests"]:
        return by_part((part_of(item), item.nodeid) for item in request.config.stash[COLLECTED])
    names = (
        *MATRICES,
        *ASKED_OF_ALL,
        *LONG,
        *LONG.values(),
        *COVERED,
        *GUARDS,
        *(f"torture/{file}" for file in OF_THE_ARENA),
    )
    return collected(sorted({f"tests/{name.partition('::')[0]}" for name in names}))


@pytest.fixture
def whole(parts: dict[str, Collected]) -> Collected:
    """Of all parts."""
    return parts["all"]


def test_no_two_tables_name_the_same() -> None:
    """Of two entries of one name the table that is joined last would have its own."""
    assert len(MATRICES) == sum(map(len, (ATTACKS, DATABASE, BACKEND, CONSOLE)))


def test_each_pattern_takes_something_and_leaves_something(whole: Collected) -> None:
    """A matrix over the corpus has a single combination where that is not there."""
    matrices = {name: kept for name, kept in MATRICES.items() if len(whole.get(name, ())) != 1}
    idle = [
        (name, pattern)
        for name, kept in matrices.items()
        for pattern in kept
        if not any(is_kept((pattern,), one) for one in whole.get(name, ()))
    ]
    all_taken = [name for name, kept in matrices.items() if all(is_kept(kept, one) for one in whole.get(name, ()))]

    assert idle == []
    assert all_taken == []


def test_what_the_tables_lean_on_is_asked_of_every_member(parts: dict[str, Collected]) -> None:
    """A comment said that each break is asked in test_drift.py, when a third of them was."""
    taken = parts[IN_MAKE_TEST]

    assert {name: set(taken.get(name, ())) for name in ASKED_OF_ALL} == ASKED_OF_ALL


def test_each_long_test_is_there_and_has_a_shorter_one_in_make_test(parts: dict[str, Collected]) -> None:
    shorter = sorted(set(LONG.values()))
    whole, taken, left = parts["all"], parts[IN_MAKE_TEST], parts[IN_TEST_REST]

    assert [name for name in LONG if name not in whole] == []
    assert [name for name in shorter if not _is_taken(name, taken)] == []
    assert [name for name in shorter if name.partition("[")[0] in LONG] == []
    # Of a matrix a combination: without one, it could be any that is left, and that one be cut as well.
    assert [name for name in shorter if name in left] == []


def _is_taken(name: str, taken: Collected) -> bool:
    """Whether this test, or this one combination of it, is there; what a combination begins with can be a server's version."""
    function, bracket, last = name.partition("[")
    pattern = last.removesuffix("]")
    return function in taken and (
        not bracket or any(pattern == one or is_kept((pattern,), one) for one in taken[function])
    )


@pytest.mark.parametrize("lengths", [(1, 1), (4, 129), (2, 4), (9, 42), (18, 3), (2, 3, 5), (4, 4, 2)])
def test_a_cover_has_each_value_of_each_list_and_no_more_members_than_the_longest(lengths: tuple[int, ...]) -> None:
    product = itertools.product(*(range(length) for length in lengths))
    cover = [
        indices
        for indices in product
        if is_on_the_diagonal({str(n): (index, lengths[n]) for n, index in enumerate(indices)})
    ]

    assert [set(values) for values in zip(*cover, strict=True)] == [set(range(length)) for length in lengths]
    assert len(cover) == max(lengths)


def test_of_each_product_a_cover_is_taken_with_what_is_named_and_the_rest_is_left(parts: dict[str, Collected]) -> None:
    whole, taken, left = parts["all"], parts[IN_MAKE_TEST], parts[IN_TEST_REST]

    assert [name for name in COVERED if not taken.get(name) or not left.get(name)] == []
    assert [name for name in COVERED if set(taken[name]) | set(left[name]) != set(whole[name])] == []
    assert [
        (name, pattern)
        for name, kept in COVERED.items()
        for pattern in kept
        if not any(is_kept((pattern,), combination) for combination in taken[name])
    ] == []
    assert COVERED.keys() & (MATRICES.keys() | LONG.keys()) == set()


def test_each_end_of_a_name_of_torture_that_is_taken_in_every_run_is_that_of_one_test(whole: Collected) -> None:
    names = [f"{function}[{one}]" if one else function for function, ones in whole.items() for one in ones]
    of_arena = [name for name in names if name.startswith(tuple(f"torture/{file}::" for file in OF_THE_ARENA))]
    ends = {end: sum(name.endswith(end) for name in of_arena) for end in IN_EVERY_RUN}

    assert ends == dict.fromkeys(IN_EVERY_RUN, 1)


def test_every_test_that_guards_a_protection_exists_and_is_not_left_to_torture(parts: dict[str, Collected]) -> None:
    """A function with all its combinations; the table of the marks knows nothing of marks in the tests themselves."""
    assert [name for name in GUARDS if not _is_taken(name, parts["all"])] == []
    assert [name for name in GUARDS if _is_taken(name, parts[IN_TEST_REST])] == []


def test_no_test_that_guards_a_protection_is_left_out() -> None:
    assert sorted({test for one in MUTANTS for test in one.tests if is_left_out(test)}) == []
