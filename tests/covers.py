"""Products of parameters of which `make test` takes a cover: each value of each parameter at least once.

A test with several `parametrize` marks asks one thing of every combination of their values. The cover goes along the
diagonal: its first member has the first value of each mark, the next one the second values, and a mark with fewer values
begins again. Two lists of one kind and length would meet at equal values alone, and are no product for this. `make test-rest`
runs the other combinations. Beside the cover stands here what is taken in any case, because
a fault was found by it or because it guards a protection against a mutant.
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import cast

import pytest
from _pytest.mark import ParameterSet

from tests.support.combinations import Kept

COVERED: dict[str, Kept] = {
    # Stages and steps. That each honest step is taken, every other test shows.
    "attacks/test_order.py::test_only_the_next_step_is_taken": (),
    "attacks/test_roles.py::test_what_everybody_may_do_changes_nothing_of_the_product": (),
    "attacks/test_roles.py::test_no_role_takes_a_lock_that_stops_a_writer": (),
    "attacks/test_nulls.py::test_null_is_no_way_past_a_check": (),
    "attacks/test_one_signed_effect.py::test_nothing_rides_along_in_the_transaction_of_a_signed_armed_cut": (),
    "attacks/test_probes_as_a_ladder.py::test_nothing_of_a_probe_is_left": (),
    "attacks/test_transactions.py::test_what_was_prepared_under_a_lease_has_no_effect_behind_it": (),
    "attacks/test_manifest_bytes.py::test_bytes_of_any_size_that_were_not_signed_are_refused": (),
    "backend/runs/test_status.py::test_a_batch_waits_as_interrupted_whichever_of_its_members_was": (
        "waits for SG_1-1",
    ),
    "backend/postgres/test_stages.py::test_the_stage_of_an_effect_is_not_reached_without_the_effect": (
        "lifecycle_enacted-cutter_exec",
    ),
    "backend/postgres/test_guards.py::test_no_role_changes_the_record_directly": (),
    "backend/postgres/test_guards.py::test_the_record_is_never_deleted_or_truncated": (
        "superuser-cutter_governance.baseline_pin",
        "superuser-cutter_governance.execution_lock",
        "superuser-cutter_governance.hold_event",
        "superuser-cutter_governance.run_event",
    ),
    "backend/postgres/test_kept_numbers.py::test_nobody_writes_what_is_kept": (
        "SELECT cutter_console.fn_keep_documents()-cutter_ro",
    ),
    "backend/postgres/test_probes.py::test_the_parts_of_a_probe_are_nobodys": (),
    "backend/postgres/test_write_lock.py::test_no_write_looks_at_an_old_snapshot": ("cut-REPEATABLE READ",),
    "backend/postgres/test_cut.py::test_a_spent_ruling_without_the_whole_of_its_effect_cannot_be_committed": (),
}


def is_beside_the_cover(item: pytest.Item) -> bool:
    """Whether one of these products has this combination, and the cover of the product has not.

    It is decided by the combination alone, so that a test that is run by its name is what it is in the whole.
    """
    function, _, combination = item.nodeid.removeprefix("tests/").partition("[")
    kept = COVERED.get(function)
    if kept is None or not isinstance(item, pytest.Function):
        return False
    if any(fnmatchcase(combination.removesuffix("]"), pattern) for pattern in kept):
        return False
    return not is_on_the_diagonal(_places(item))


def is_on_the_diagonal(places: Mapping[str, tuple[int, int]]) -> bool:
    """Whether the values are those that a walk along the longest of the lists comes by; a place is an index and a length."""
    longest = max((length for _, length in places.values()), default=0)
    return any(all(step % length == index for index, length in places.values()) for step in range(longest))


def _places(item: pytest.Function) -> dict[str, tuple[int, int]]:
    """The index of the value, and the number of values, of each `parametrize` mark."""
    places = {}
    for mark in item.iter_markers("parametrize"):
        names = mark.args[0].split(",") if isinstance(mark.args[0], str) else mark.args[0]
        here = tuple(item.callspec.params[name.strip()] for name in names)
        values = [_values(value, len(here)) for value in mark.args[1]]
        places[",".join(names)] = values.index(here), len(values)
    return places


def _values(value: object, number: int) -> tuple[object, ...]:
    if isinstance(value, ParameterSet):
        return tuple(value.values)
    return (value,) if number == 1 else tuple(cast(Iterable[object], value))
