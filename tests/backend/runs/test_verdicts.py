"""Verdicts on a lost COMMIT, one for each answer of the server; none is guessed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.journal.journal_record import Anchor
from console.backend.model.errors import Unmeasured
from console.backend.model.view_models import SwitchState
from console.backend.postgres import transactions
from console.backend.postgres.connections import connect
from console.backend.postgres.transactions import ServerPosition
from console.backend.runs import settling
from console.backend.runs.phase_context import Role
from console.backend.runs.settling import Attempt, Fate, NotKnownYet, look, settle
from tests.support.lost_commit import Lie, lying
from tests.support.passage import Passage
from tests.support.standby import follower_of, wait_for_standbys

At = Callable[[str], Passage]
NOWHERE = Anchor(sequence=999, hash="0" * 64)


def _attempt(xid: str, **more: object) -> Attempt:
    """A transaction as journals of older releases name it: by its id alone."""
    return Attempt.model_validate({"xid": xid, "role": Role.EXECUTOR, "anchor": NOWHERE, "what": "a test"} | more)


@pytest.mark.parametrize("ask", [settle, look])
def test_a_transaction_without_a_session_is_judged_by_its_id_alone(
    at: At, ask: Callable[..., settling.Verdict], monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = at("fresh")
    monkeypatch.setattr(settling, "LIMIT_S", 0.0)
    executor = passage.installation.settings.database.executor
    with connect(executor) as open_one:
        row = open_one.execute("SELECT pg_current_xact_id()::text").fetchone()
        assert row is not None
        (xid,) = row
        under_way = ask(passage.installation, "", _attempt(xid))
        assert (under_way.fate, under_way.said) == (Fate.UNKNOWN, f"transaction {xid} is in progress")
    done = ask(passage.installation, "", _attempt(xid))
    assert (done.fate, done.said) == (Fate.COMMITTED, f"transaction {xid} is committed")


@pytest.mark.parametrize(("has_event", "fate"), [(True, Fate.ROLLED_BACK), (False, Fate.UNKNOWABLE)])
def test_an_id_that_the_server_does_not_know_is_judged_by_the_event(at: At, has_event: bool, fate: Fate) -> None:
    passage = at("waits for SG_2")
    verdict = settle(passage.installation, passage.run_id, _attempt(str(1 << 40), has_event=has_event))
    assert verdict.fate is fate
    assert "is too old for the server to know" in verdict.said


def test_a_server_that_cannot_be_asked_decides_nothing(at: At, tmp_path: Path) -> None:
    passage = at("waits for SG_2")
    dead = dict.fromkeys(("executor", "monitor"), f"host={tmp_path} user=x dbname=x")
    gone = passage.settings(database=passage.installation.settings.database.model_copy(update=dead)).installation
    assert look(gone, passage.run_id, _attempt("5")).fate is Fate.UNKNOWN
    assert settle(gone, passage.run_id, _attempt("5"), once=True).fate is Fate.UNKNOWN


@pytest.mark.parametrize("has_event", [True, False])
def test_a_server_in_recovery_decides_nothing_by_what_it_has_not_received(
    at: At, has_event: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event is not there, which at a server that takes writes would mean that nothing was written."""
    passage = at("waits for SG_2")
    named = _attempt("5", system_identifier="1", timeline="1", has_event=has_event)
    monkeypatch.setattr(settling, "server_position", lambda _: ServerPosition("1", ""))
    for verdict in (
        look(passage.installation, passage.run_id, named),
        settle(passage.installation, passage.run_id, named, once=True),
    ):
        assert (verdict.fate, verdict.said) == (Fate.UNKNOWN, "the server at hand is a standby")


def test_a_standby_decides_nothing(at: At) -> None:
    passage = at("waits for SG_2")
    with follower_of(passage.cluster) as standby:
        there = {
            name: standby.conninfo(passage.database, role)
            for name, role in (("executor", "cutter_exec"), ("monitor", "cutter_ro"))
        }
        installation = passage.settings(
            database=passage.installation.settings.database.model_copy(update=there)
        ).installation
        named = _attempt("5", system_identifier="1", timeline="1")
        for verdict in (
            look(installation, passage.run_id, named),
            settle(installation, passage.run_id, named, once=True),
        ):
            assert verdict.fate is Fate.UNKNOWN
            assert "a standby" in verdict.said


def test_a_standby_that_cannot_be_asked_confirms_nothing(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    """The transaction is committed here; whether it would survive a failover is not known."""
    passage = at("fresh")
    with connect(passage.installation.settings.database.executor) as one:
        row = one.execute("SELECT pg_current_xact_id()::text").fetchone()
        assert row is not None
    monkeypatch.setattr(transactions, "_BEHIND_IT", "SELECT 1/0")
    assert settle(passage.installation, "", _attempt(row[0]), once=True).fate is Fate.UNKNOWN
    assert settle(passage.installation, "", _attempt(row[0]), once=True, replicated=False).fate is Fate.COMMITTED


def test_the_question_for_a_standby_is_put_once(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays at the server until a standby answers; whoever asks meanwhile waits for it, and adds none."""
    passage = at("fresh")
    asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    with connect(passage.installation.settings.database.executor) as one:
        row = one.execute("SELECT pg_current_xact_id()::text").fetchone()
        assert row is not None
    monkeypatch.setattr(settling, "_ASK_S", 0.5)
    monkeypatch.setattr(settling, "LIMIT_S", 0.5)
    wait_for_standbys(passage, "nobody")
    try:
        for _ in range(2):
            verdict = settle(passage.installation, "", _attempt(row[0]))
            assert (verdict.fate, "no synchronous standby confirms it" in verdict.said) == (Fate.UNKNOWN, True)
            assert passage.rows(asked) == [(1,)]
    finally:
        wait_for_standbys(passage, "")
    monkeypatch.setattr(settling, "LIMIT_S", 60.0)
    assert settle(passage.installation, "", _attempt(row[0])).fate is Fate.COMMITTED


def test_a_stop_that_cannot_be_decided_is_said_to_be_unknown_and_done_again(
    at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disarm is in no run's journal: the one who gave it is told, and gives it again."""
    passage = at("armed")
    with monkeypatch.context() as patch:
        patch.setattr(settling, "LIMIT_S", 0.0)
        patch.setattr(settling, "end_session", lambda *_: "could not be ended")
        with (
            lying(passage, "disarm", "cutter_exec", tmp_path, Lie.REQUEST_LOST),
            pytest.raises(NotKnownYet, match="disarm: not known yet") as caught,
        ):
            passage.backend.disarm()
    assert caught.value.next_action == "Do it again: it is a no-op where it was done."
    passage.backend.disarm()
    assert passage.backend.status().switch.state is SwitchState.OFF


@pytest.mark.parametrize("lie", [Lie.ANSWER_LOST, Lie.REQUEST_LOST])
def test_a_stop_on_another_server_is_judged_by_the_end_of_the_lease(
    at: At, lie: Lie, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = at("armed")
    with monkeypatch.context() as patch:
        patch.setattr(settling, "server_position", lambda _: ServerPosition("1", "99"))
        with lying(passage, "disarm", "cutter_exec", tmp_path, lie):
            if lie is Lie.ANSWER_LOST:
                passage.backend.disarm()
            else:
                with pytest.raises(Unmeasured, match="its end of lease is not there: nothing was written"):
                    passage.backend.disarm()
    left = SwitchState.OFF if lie is Lie.ANSWER_LOST else SwitchState.ARMED
    assert passage.backend.status().switch.state is left


def test_a_stop_that_had_nothing_to_end_is_done_whatever_became_of_its_commit(at: At, tmp_path: Path) -> None:
    """Nothing was to be written, so nothing is settled, and nobody is told that it failed."""
    passage = at("SG_1 imported")
    with lying(passage, "disarm", "cutter_exec", tmp_path, Lie.REQUEST_LOST) as proxy:
        assert passage.backend.disarm().state is SwitchState.OFF
    assert proxy.commit_seen.is_set()
