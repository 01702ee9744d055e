"""Changes of hands by somebody who has the executor's password and neither the run's files nor its key."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg.types.json import Jsonb

from console.backend.journal.journal_key import JournalKey
from console.backend.postgres.connections import scalar
from console.backend.scratch.cluster import TransientCluster
from tests.attacks.world import EXECUTOR, Prey, call, changed, look, session
from tests.backend.postgres.signed_batch import SignedBatch, fresh_batch
from tests.backend.postgres.signed_cut import SignedCut, event
from tests.conftest import Database

STRANGER = JournalKey(b"s" * 32)
HEX = "a" * 64
OF_ALL = {
    "hand over": ("fn_run_hand_over", ("bob", "host-b", HEX, HEX)),
    "accept": ("fn_run_accept", ("bob", "host-b", HEX, HEX)),
    "take over": ("fn_run_take_over", ("bob", "host-b", HEX, True)),
}


@pytest.fixture
def batch(cluster: TransientCluster, template_of: Callable[[int], str]) -> Iterator[SignedBatch]:
    """A batch of three documents at its first pause."""
    yield from fresh_batch(cluster, template_of(cluster.major))


def _number(database: Database, run_id: str) -> int:
    with database.connect() as connection:
        query = "SELECT count(*) FROM cutter_governance.run_event WHERE run_id = %s AND vouched"
        return int(str(scalar(connection, query, run_id)))


def _said(phase: str, number: int, **changes: object) -> Jsonb:
    return event(phase=phase, outcome="NOT_RUN", number=number, lock=STRANGER.lock(number), **changes)


def _refused(database: Database, reason: str, function: str, *arguments: object) -> None:
    before = look(database)
    with session(database, EXECUTOR) as connection, pytest.raises(psycopg.Error, match=reason):
        call(connection, function, *arguments)
    assert changed(before, look(database)) == set()


def test_a_run_is_handed_over_by_its_holder_alone(prey: Prey) -> None:
    run_id = prey.armed.run_id
    said = _said("hand over", _number(prey.database, run_id), key=STRANGER.key(0))
    _refused(
        prey.database,
        "by the console that holds its journal",
        "fn_run_hand_over",
        run_id,
        *OF_ALL["hand over"][1],
        said,
    )


def test_what_was_not_handed_over_is_not_accepted(prey: Prey) -> None:
    run_id = prey.armed.run_id
    said = _said("accept", _number(prey.database, run_id))
    _refused(prey.database, "is not waiting for the bundle", "fn_run_accept", run_id, *OF_ALL["accept"][1], said)


def test_only_the_bundle_of_the_hand_over_is_accepted(cut: SignedCut) -> None:
    """And only with its journal, and once."""
    run_id = cut.run_id
    number = _number(cut.database, run_id)
    _done(cut, "fn_run_take_over", run_id, *OF_ALL["take over"][1], _said("take over", number))
    said = _said("hand over", number, key=STRANGER.key(number), seq=10_000)
    _done(cut, "fn_run_hand_over", run_id, *OF_ALL["hand over"][1], said)
    said = _said("accept", number + 1, seq=10_001)
    other = "b" * 64
    for bundle, journal in ((other, HEX), (HEX, other), (None, HEX)):
        _refused(cut.database, "is not waiting", "fn_run_accept", run_id, "bob", "host-b", bundle, journal, said)
    _done(cut, "fn_run_accept", run_id, *OF_ALL["accept"][1], said)
    said = _said("accept", number + 1, seq=10_002)
    _refused(cut.database, "is not waiting", "fn_run_accept", run_id, *OF_ALL["accept"][1], said)


def _done(cut: SignedCut, function: str, *arguments: object) -> None:
    """In a database of the test's own: this is committed."""
    with session(cut.database, EXECUTOR) as connection:
        call(connection, function, *arguments)


@pytest.mark.parametrize("has_moved", [False, True])
def test_a_bundle_that_turns_up_is_accepted_only_while_its_run_has_not_moved(cut: SignedCut, has_moved: bool) -> None:
    """Who took the run over without its files can have ended, or failed, what the bundle would go on with."""
    number = _taken_over(cut)
    said = _said("hand over", number, key=STRANGER.key(number), seq=10_000)
    _done(cut, "fn_run_hand_over", cut.run_id, *OF_ALL["hand over"][1], said)
    number += 1
    _done(cut, "fn_run_take_over", cut.run_id, *OF_ALL["take over"][1], _said("take over", number, seq=10_001))
    if has_moved:
        failed = event("leave", key=STRANGER.key(number), lock=STRANGER.lock(number + 1), seq=10_002)
        _done(cut, "fn_run_leave", cut.run_id, "failed", "by_hand", failed)
        number += 1
        said = _said("accept", number, seq=10_003)
        _refused(cut.database, "is not waiting", "fn_run_accept", cut.run_id, *OF_ALL["accept"][1], said)
    else:
        _done(cut, "fn_run_accept", cut.run_id, *OF_ALL["accept"][1], _said("accept", number, seq=10_003))


def test_a_key_is_locked_for_the_event_that_is_due(prey: Prey) -> None:
    run_id = prey.armed.run_id
    said = _said("take over", _number(prey.database, run_id) + 1)
    _refused(prey.database, "went on while it changed hands", "fn_run_take_over", run_id, *OF_ALL["take over"][1], said)


@pytest.mark.parametrize(
    "arguments",
    [
        ("", "h", HEX, True),
        ("x" * 201, "h", HEX, True),
        ("o", "", HEX, True),
        ("o", "h", "A" * 64, True),
        ("o", "h", "", True),
    ],
)
def test_a_change_of_hands_names_who_and_where(prey: Prey, arguments: tuple[object, ...]) -> None:
    run_id = prey.armed.run_id
    said = _said("take over", _number(prey.database, run_id))
    _refused(
        prey.database, "names no operator, host, journal, bundle or key", "fn_run_take_over", run_id, *arguments, said
    )


@pytest.mark.parametrize("what", OF_ALL)
def test_the_event_of_a_change_is_of_that_change(prey: Prey, what: str) -> None:
    """Also under another name no step of a run is recorded by these functions."""
    run_id = prey.armed.run_id
    function, arguments = OF_ALL[what]
    said = _said("cut_leg_a", _number(prey.database, run_id))
    _refused(prey.database, "is handed over by|is not waiting|names no operator", function, run_id, *arguments, said)


def test_the_lease_ends_with_the_change(cut: SignedCut) -> None:
    """Whoever takes a run over has no switch that is armed, and neither has who lost it."""
    cut.rule()
    cut.arm()
    leases = "SELECT count(*) FROM cutter_governance.v_lease"
    with cut.database.connect() as connection:
        assert scalar(connection, leases) == 1
        _taken_over(cut)
        assert scalar(connection, leases) == 0


def test_a_run_under_whose_lease_a_session_works_is_not_handed_over(cut: SignedCut) -> None:
    """Its holder may write in this moment: the bundle would be from before."""
    number = _taken_over(cut)
    cut.rule()
    cut.arm()
    said = _said("hand over", number, key=STRANGER.key(number), seq=10_000)
    with session(cut.database, EXECUTOR) as works:
        call(works, "fn_lease_take", cut.run_id, "cut")
        _refused(
            cut.database,
            "a session works under the lease",
            "fn_run_hand_over",
            cut.run_id,
            *OF_ALL["hand over"][1],
            said,
        )


@pytest.mark.parametrize("family", ["voided", "reverted"])
def test_a_run_that_is_over_changes_no_hands(cut: SignedCut, family: str) -> None:
    """Its journal has ended, and who ended it is who held it."""
    if family == "voided":
        _done(cut, "fn_run_leave", cut.run_id, "voided", "by_hand", event("void"))
    else:
        cut.cut()
        cut.reverted()
    said = _said("take over", _number(cut.database, cut.run_id), seq=10_000)
    _refused(cut.database, f"is over: {family}", "fn_run_take_over", cut.run_id, *OF_ALL["take over"][1], said)


def test_a_member_of_a_batch_is_not_handed_over(batch: SignedBatch) -> None:
    """Its files are those of all members, and its ruling is theirs."""
    cut = batch.runs[0]
    number = _taken_over(cut)
    said = _said("hand over", number, key=STRANGER.key(number), seq=10_000)
    _refused(
        cut.database,
        "is a member of a batch",
        "fn_run_hand_over",
        cut.run_id,
        *OF_ALL["hand over"][1],
        said,
    )


def test_who_takes_a_run_over_by_a_password_writes_nothing_that_was_not_signed_and_armed(cut: SignedCut) -> None:
    """The record names them, and the switch is off."""
    cut.rule()
    cut.arm()
    number = _taken_over(cut)
    said = event(key=STRANGER.key(number), lock=STRANGER.lock(number + 1), seq=10_000)
    with session(cut.database, EXECUTOR) as connection, pytest.raises(psycopg.Error, match="the switch is not armed"):
        call(connection, "fn_cut_apply", cut.run_id, b"x", cut.canonical, said)


def _taken_over(cut: SignedCut) -> int:
    """Take the run over; the number of the key that its next event needs."""
    number = _number(cut.database, cut.run_id)
    _done(cut, "fn_run_take_over", cut.run_id, *OF_ALL["take over"][1], _said("take over", number))
    return number
