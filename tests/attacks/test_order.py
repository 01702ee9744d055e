"""Every step at every stage: only the next one is taken, and a refused one leaves no trace."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from console.backend.postgres import ledger
from console.backend.scratch.cluster import TransientCluster
from tests.attacks.world import (
    EXECUTOR,
    PURPOSES,
    STAGES,
    VERIFIER,
    attack,
    bring,
    call,
    denied,
    make_stranger,
    refused,
    session,
)
from tests.backend.postgres.signed_cut import SignedCut, event, start_cut
from tests.conftest import Database, fresh_database

HEX = "a" * 64
Arguments = Callable[[SignedCut], tuple[object, ...]]


def _sent(run: SignedCut) -> tuple[object, ...]:
    return run.run_id, ledger.manifest_bytes(run.units), run.canonical, event()


def _only(*more: object) -> Arguments:
    return lambda run: (run.run_id, *more, event())


STEPS: dict[str, tuple[str, str, Arguments]] = {
    "pin the source": (EXECUTOR, "fn_source_pin", _only(1, HEX, HEX, "rule")),
    "plan": (EXECUTOR, "fn_run_plan", _only(HEX, HEX, 3, HEX)),
    "return": (EXECUTOR, "fn_run_return", _only()),
    "plan again": (EXECUTOR, "fn_run_replan", _only()),
    "rest without the key": (EXECUTOR, "fn_run_rest", _only()),
    "close": (EXECUTOR, "fn_run_close", _only()),
    "cut": (EXECUTOR, "fn_cut_apply", _sent),
    "edit": (EXECUTOR, "fn_edit_apply", _sent),
    "record": (EXECUTOR, "fn_cut_record", _only()),
    "enact": (EXECUTOR, "fn_cut_enact", _only()),
    "revert": (EXECUTOR, "fn_cut_revert", _only()),
    "find the structure": (VERIFIER, "fn_structure_record", _only()),
    "verify as good": (VERIFIER, "fn_verify_record", lambda run: (run.run_id, "PASS", "{}", event())),
    "verify as bad": (VERIFIER, "fn_verify_record", lambda run: (run.run_id, "FAIL", "{}", event())),
    "verify as unknown": (VERIFIER, "fn_verify_record", lambda run: (run.run_id, "INCONCLUSIVE", "{}", event())),
    "verify an edit": (VERIFIER, "fn_edit_verify_record", _only()),
    "create it again": (
        EXECUTOR,
        "fn_run_create",
        lambda run: (run.run_id, "cut", run.docprefix, "o", "p", "o", "h", event()),
    ),
    "leave to nowhere": (EXECUTOR, "fn_run_leave", _only("active", "x")),
    "leave as reverted": (EXECUTOR, "fn_run_leave", _only("reverted", "x")),
    "leave without a reason": (EXECUTOR, "fn_run_leave", _only("failed", "")),
    **{
        f"advance to {stage}": (EXECUTOR, "fn_run_advance", _only(stage))
        for stage in (
            "created",
            "source_pinned",
            "marked",
            "cutplan_ok",
            "pre_write_backup_taken",
            "grants_probed",
            "awaiting_cut_authorization",
            "cut_leg_a_committed",
            "structural_verified",
            "leg_b_recorded",
            "write_verified",
            "awaiting_lifecycle_authorization",
            "lifecycle_enacted",
            "closeout_reported",
            "nowhere",
        )
    },
    **{
        f"arm to {purpose}": (EXECUTOR, "fn_lease_arm", _arm)
        for purpose in (*PURPOSES, "supersede", "retire", "anything")
        for _arm in [lambda run, purpose=purpose: (run.run_id, purpose, "o", "h", 5)]
    },
}
NEXT: dict[str, set[str]] = {
    "waits for SG_1": {"plan again"},
    "SG_1 imported": {"arm to cut", "plan again"},
    "armed": {"cut", "plan again"},
    "cut": {"find the structure"},
    "recorded": {"verify as good"},
    "waits for SG_2": {"verify as good", "verify as bad", "arm to revert"},
    "armed to enact": {"verify as good", "verify as bad", "enact"},
    "enacted": {"close"},
    "closed": set(),
}
"""What is taken at each stage beside a HOLD, leaving and the end of a lease."""


@pytest.fixture(scope="module")
def staged(cluster: TransientCluster, template_of: Callable[[int], str]) -> Iterator[Callable[[str], SignedCut]]:
    """A run at a stage, made when it is first asked for; no refused step changes it."""
    made: dict[str, SignedCut] = {}
    with ExitStack() as stack:

        def give(stage: str) -> SignedCut:
            if stage not in made:
                database = stack.enter_context(_fresh(cluster, template_of(cluster.major)))
                make_stranger(database)
                made[stage] = bring(start_cut(database), stage)
            return made[stage]

        yield give


@contextmanager
def _fresh(cluster: TransientCluster, template: str) -> Iterator[Database]:
    yield from fresh_database(cluster, template)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("stage", STAGES)
def test_only_the_next_step_is_taken(staged: Callable[[str], SignedCut], stage: str, step: str) -> None:
    run, (role, function, arguments) = staged(stage), STEPS[step]
    if step in NEXT[stage]:
        with session(run.database, role, autocommit=False) as connection:
            call(connection, function, *arguments(run))
            connection.rollback()
        return
    with refused(run.database), session(run.database, role) as connection:
        call(connection, function, *arguments(run))


@pytest.mark.parametrize("stage", ["cut", "recorded", "waits for SG_2", "armed to enact", "enacted", "closed"])
def test_what_was_cut_is_not_voided(staged: Callable[[str], SignedCut], stage: str) -> None:
    run = staged(stage)
    with refused(run.database, "STOP_INVARIANT_FAILED"), session(run.database, EXECUTOR) as connection:
        call(connection, "fn_run_leave", run.run_id, "voided", "x", event())


@pytest.mark.parametrize("stage", STAGES)
def test_the_verifier_moves_no_run_out_of_its_way(staged: Callable[[str], SignedCut], stage: str) -> None:
    """The verifier could end a run at its second pause."""
    run = staged(stage)
    for family in ("voided", "failed", "stopped"):
        with refused(run.database, "42501"), session(run.database, VERIFIER) as connection:
            call(connection, "fn_run_leave", run.run_id, family, "x", event())


@pytest.mark.parametrize("family", ["failed", "stopped", "voided"])
def test_a_run_that_left_the_way_has_no_effect_although_it_is_armed(cut: SignedCut, family: str) -> None:
    cut.rule()
    cut.arm()
    with session(cut.database, EXECUTOR) as connection:
        call(connection, "fn_run_leave", cut.run_id, family, "x", event())
    with refused(cut.database, "STOP_EXECUTION_DISABLED"), cut.executor() as connection:
        cut.apply(connection)


def test_a_voided_run_comes_to_life_by_no_step(cut: SignedCut) -> None:
    cut.rule()
    with session(cut.database, EXECUTOR) as connection:
        call(connection, "fn_run_leave", cut.run_id, "voided", "x", event())
    _no_step_is_taken(cut)


def test_a_reverted_run_comes_to_life_by_no_step(cut: SignedCut) -> None:
    cut.to_second_pause()
    cut.arm("revert")
    with cut.executor() as connection:
        cut.revert(connection)
    cut.disarm()
    _no_step_is_taken(cut)


def _no_step_is_taken(run: SignedCut) -> None:
    with attack(run.database):
        for role, function, arguments in STEPS.values():
            with session(run.database, role) as connection, denied():
                call(connection, function, *arguments(run))
